"""Members of the same name are told apart wherever their health is listed."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from aggregator.commands.querying import Asked, ask_running
from registry.health import State
from tests.health_world import health_network, told, write_health
from tests.integration.operators import SECURED, Visitor
from tests.known_health import event, happened
from tests.networks import Running, settings_of
from tests.pages import look

SAME = "Cohort Platform Beacon"
ONE, TWO = f"{SAME} (one)", f"{SAME} (two)"


@pytest.fixture
async def net(nothing_left: None) -> AsyncIterator[Running]:
    members = [told("one", name=SAME), told("two", name=SAME), told("other", name="Registry")]
    async with health_network(members, security=SECURED) as net:
        await write_health(net, "one")
        await write_health(net, "two", State.DOWN)
        await write_health(net, "other")
        yield net


async def test_in_the_list_and_its_incidents(net: Running) -> None:
    page = await look(net, "/health")
    assert [one.text for one in page.root.all("a", class_="name")] == [TWO, ONE, "Registry"]
    incidents = page.root.one("ol", class_="incidents")
    assert incidents.one("a").text == TWO
    assert f"{TWO} is down since" in page.text.translate({0x2068: "", 0x2069: ""})


async def test_in_plain_text_and_for_programs_by_the_id_alone(net: Running) -> None:
    text = (await net.ask(path="/health.txt")).text
    assert f"{TWO} is down since" in text
    assert [f"\n{name} " in text for name in (ONE, TWO, "Registry")] == [True] * 3
    members = (await net.ask(path="/health.json")).json["members"]
    assert {one["id"]: one["name"] for one in members} == {
        "one": SAME,
        "two": SAME,
        "other": "Registry",
    }


async def test_in_the_feed_of_the_network(net: Running) -> None:
    now = datetime.now(UTC)
    await happened(net, event("two", now, "is down"), event("other", now, "is down"))
    feed = (await net.ask(path="/health/feed.atom")).text
    assert "<title>Registry: " in feed
    assert f"<title>{TWO}: " in feed
    assert f"<title>{SAME}: " not in feed


async def test_for_operators(net: Running) -> None:
    visitor = await Visitor(net).sign_in()
    page = await visitor.get("/admin/health")
    drags = page.root.one("div", aria_label="Who drags the network down").one("tbody")
    assert {row.one("a").text for row in drags.all("tr")} == {ONE, TWO, "Registry"}
    bad = page.root.one("div", aria_label="Beacons to look at").one("tbody")
    assert [row.one("a").text for row in bad.all("tr")] == [TWO]
    assert page.root.one("ol", class_="incidents").one("a").text == TWO
    options = [one.text for one in page.root.one("select", id="member-id").all("option")]
    assert options == [ONE, TWO, "Registry (other)"]


async def test_on_the_command_line(net: Running, capsys: pytest.CaptureFixture[str]) -> None:
    asked = Asked("7-140753336-A-T", "GRCh38", "boolean", None, ask="one")
    await ask_running(asked, net.url, settings_of())
    lines = [line for line in capsys.readouterr().out.splitlines() if "\t" in line]
    assert [line.split("\t")[0] for line in lines] == [ONE, TWO, "Registry"]
