"""How every member is doing: the page, its order and filters, and its twins for programs."""

import csv
import io
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from xml.etree import ElementTree

import pytest

from registry.health import State, Trait
from registry.health_store import Batch, IncidentChange
from registry.history import Tier, Uptime
from registry.incidents import Topic
from tests.health_world import (
    CAUSE,
    bucket,
    certificate,
    cut,
    everywhere,
    fact,
    health_network,
    place_in,
    standing,
    store_of,
    success,
    told,
    write_health,
)
from tests.networks import Running
from tests.pages import Node, Page, look

EVIL = '<script>alert("x")</script>'


@pytest.fixture
async def net(nothing_left: None) -> AsyncIterator[Running]:
    """Five members; nobody's health is known."""
    members = [
        told("alpha", name="Zebra", groups=["north"]),
        told("beta", name="apple"),
        told("gamma", name="Gamma", groups=["north"]),
        told("paused", groups=["south"], paused={"until": "2999-01-01", "note": f"moving {EVIL}"}),
        told("off", disabled=True),
    ]
    async with health_network(members) as net:
        yield net


@pytest.fixture
async def known(net: Running) -> Running:
    """The first is well, the second is down, the third slow and silent."""
    await write_health(net, "alpha")
    await write_health(net, "beta", State.DOWN)
    await write_health(net, "gamma", traits=[Trait.SLOW, Trait.SILENT], elapsed_ms=6000)
    await certificate(net, "alpha", days=30)
    await certificate(net, "beta", days=-2, problem="expired")
    await certificate(net, "gamma", days=12)
    return net


def rows(page: Page) -> dict[str, Node]:
    (table,) = page.root.all("table", class_="health")
    found = {row.all("a")[0].attributes["href"]: row for row in table.all("tr") if row.all("a")}
    return {href.removeprefix("/health/"): row for href, row in found.items()}


async def ids(net: Running, **query: str) -> list[str]:
    reply = await net.ask(query, path="/health.json")
    assert reply.status == 200, reply.text
    return [member["id"] for member in reply.json["members"]]


async def test_a_row_says_how_a_member_is_doing(known: Running) -> None:
    page = await look(known, "/health")
    row = rows(page)

    assert "2 of 3 beacons answer." in page.text
    assert "is down since" in page.text
    assert "Uptime, times and bars can be 30 s behind." in page.text
    assert "Not counted: 1 paused, 1 switched off." in page.text
    assert "✕ down 52 min" in row["beta"].text
    assert CAUSE in row["beta"].text
    assert "98.71 % of 233 checks" in row["beta"].text
    assert "✕ expired" in row["beta"].text
    assert "◐ slow" in row["gamma"].text
    assert "answers checks but times out on questions" in row["gamma"].text
    assert "6.05 s / 6.05 s" in row["gamma"].text
    assert "! 12 days" in row["gamma"].text
    assert "● answering" in row["alpha"].text
    assert "100 % of 233 checks" in row["alpha"].text
    assert "✓ 30 days" in row["alpha"].text
    assert "‖ paused by its operator · until 2999-01-01 · “moving" in row["paused"].text
    assert "○ switched off" in row["off"].text
    assert row["alpha"].text.endswith("not checked")
    assert row["paused"].text.endswith("none seen not checked")
    assert "%" not in row["paused"].text + row["off"].text


async def test_the_bar_of_a_row_has_48_half_hours_and_says_its_sum(known: Running) -> None:
    page = await look(known, "/health")
    (drawn,) = rows(page)["beta"].all("svg")

    assert drawn.attributes["role"] == "img"
    assert drawn.attributes["aria-label"] == "24 h: 23 up, 1 down, 24 without checks"
    bars = drawn.all("rect")
    assert len(bars) == 48
    assert [one.attributes["class"] for one in bars[-1:]] == ["down"]
    assert bars[-1].one("title").text.endswith("0 of 3")


async def test_what_was_never_checked_is_neither_up_nor_down(net: Running) -> None:
    page = await look(net, "/health")
    assert "… not checked yet" in rows(page)["alpha"].text
    assert "Of no beacon is known whether it answers." in page.text
    document = (await net.ask(path="/health.json")).json
    assert document["states"] | {"unchecked": 3, "up": 0, "down": 0} == document["states"]
    assert document["members"][0]["uptime"]["24h"]["share"] is None
    assert document["checkedAt"] is None


async def test_what_was_known_long_ago_is_not_known(nothing_left: None) -> None:
    async with health_network([told("alpha")], health={"probe_s": 300_000}) as net:
        old = datetime.now(UTC) - timedelta(days=20)
        was = standing(State.DOWN, old, traits=[Trait.SILENT])
        await store_of(net).write(Batch(standings={"alpha": (place_in(net, "alpha"), was)}))
        await store_of(net).refresh()
        (member,) = (await net.ask(path="/health.json")).json["members"]
        assert (member["state"], member["since"], member["traits"]) == ("unknown", None, [])
        assert member["checkedAt"] is not None


async def test_a_network_that_checks_nobody_says_so(nothing_left: None) -> None:
    async with health_network([told("alpha")], health={"probe_s": 0}) as net:
        await write_health(net, "alpha")
        page = await look(net, "/health")
        assert "This network does not check its members" in page.text
        assert "? not known" in rows(page)["alpha"].text


async def test_while_our_connection_is_away_everybody_is_told(known: Running) -> None:
    assert (await known.ask(path="/health.json")).json["connection"]["isAway"] is False
    await cut(known)
    page = await look(known, "/health")
    (box,) = page.root.all("p", class_="cut")
    assert "The connection of this network has been away since" in box.text
    assert "nobody is called down" in box.text
    document = (await known.ask(path="/health.json")).json
    assert document["connection"]["isAway"] is True
    assert "the connection of this network was away" in page.text


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("state", ["beta", "gamma", "alpha", "paused", "off"]),
        ("name", ["beta", "gamma", "off", "paused", "alpha"]),
        ("uptime", ["beta", "alpha", "gamma", "paused", "off"]),
        ("p95", ["gamma", "alpha", "beta", "paused", "off"]),
        ("certificate", ["beta", "gamma", "alpha", "paused", "off"]),
    ],
)
async def test_the_worst_comes_first_and_what_is_not_known_last(
    known: Running, sort: str, order: list[str]
) -> None:
    assert await ids(known, sort=sort) == order
    assert list(rows(await look(known, "/health", sort=sort))) == order


async def test_only_those_not_well_and_only_of_a_group(known: Running) -> None:
    assert await ids(known, show="failing") == ["beta", "gamma"]
    assert await ids(known, group="north") == ["gamma", "alpha"]
    assert await ids(known, group="north", show="failing") == ["gamma"]
    assert await ids(known, group="south") == ["paused"]
    assert await ids(known, group="south", show="failing") == []
    page = await look(known, "/health", group="north", show="failing")
    assert "1 of 5 beacons fit." in page.text
    assert page.root.links["JSON"] == "/health.json?show=failing&group=north"
    assert page.root.links["name"] == "/health?sort=name&show=failing&group=north"
    assert "2 of 2 beacons answer." in page.text
    assert "apple" not in page.text


async def test_summary_and_incidents_are_of_the_group(known: Running) -> None:
    whole, north, south = [
        (await known.ask(asked, path="/health.json")).json
        for asked in ({}, {"group": "north"}, {"group": "south", "show": "failing"})
    ]
    assert whole["summary"].startswith("2 of 3 beacons answer. apple is down")
    assert [one["member"] for one in whole["incidents"]] == ["beta"]
    assert north["summary"].startswith("2 of 2 beacons answer.")
    assert "apple" not in north["summary"]
    assert north["incidents"] == south["incidents"] == []
    assert (whole["states"]["down"], north["states"]["down"]) == (1, 0)
    assert (whole["total"], north["total"], north["shown"]) == (5, 5, 2)
    assert (south["total"], south["shown"], south["states"]["paused"]) == (5, 0, 1)
    page = await look(known, "/health", group="south", show="failing")
    assert "0 of 5 beacons fit." in page.text
    assert "apple" not in page.text
    assert page.root.links["all"]


@pytest.mark.parametrize(
    ("query", "problems"),
    [
        ({"sort": "luck"}, ["sort: “luck” is none of state, name, uptime, p95, certificate."]),
        ({"show": "some"}, ["show: “some” is none of all, failing."]),
        (
            {"sort": EVIL, "page": "0", "below": "9" * 30},
            [
                f"sort: “{EVIL}” is none of state, name, uptime, p95, certificate.",
                "page: a whole number from 1 to 2,147,483,647.",
                "below: the id of an incident, as these pages give it.",
            ],
        ),
        ({"page": "२"}, ["page: a whole number from 1 to 2,147,483,647."]),
        ({"group": "zz"}, ["group: “zz” is none of north, south."]),
        (
            {"group": "g" * 201, "show": "some"},
            [
                "show: “some” is none of all, failing.",
                f"group: “{'g' * 40}” is none of north, south.",
            ],
        ),
    ],
)
async def test_wrong_parameters_are_told_all_at_once(
    net: Running, query: dict[str, str], problems: list[str]
) -> None:
    for path in ("/health.json", "/health.csv", "/health.txt"):
        reply = await net.ask(query, path=path)
        assert reply.status == 400
    document = (await net.ask(query, path="/health.json")).json
    assert document["problems"] == problems
    page = await look(net, "/health", status=400, **query)
    for problem in problems:
        assert problem in page.text
    assert not [one for one in page.root.all("script") if "src" not in one.attributes]


async def test_a_page_there_is_not_is_not_found(net: Running) -> None:
    page = await look(net, "/health", status=404, page="2")
    assert "The list has 1 page; there is no page 2." in page.text
    assert len((await net.ask({"page": "2"}, path="/health.json")).json["members"]) == 5


async def test_the_table_and_the_text_say_the_same(known: Running) -> None:
    reply = await known.ask(path="/health.csv")
    assert reply.headers["Content-Type"].startswith("text/csv")
    table = {row["id"]: row for row in csv.DictReader(io.StringIO(reply.text))}
    assert list(table) == ["beta", "gamma", "alpha", "paused", "off"]
    assert table["beta"]["state"] == "down"
    assert table["beta"]["cause"] == CAUSE
    assert table["beta"]["uptime_24h"] == "0.987124"
    assert table["beta"]["checks_30d"] == "233"
    assert table["beta"]["certificate_problem"] == "expired"
    assert table["gamma"]["traits"] == "silent slow"
    assert table["paused"]["uptime_24h"] == ""
    text = (await known.ask(path="/health.txt")).text
    assert text.startswith("2 of 3 beacons answer. apple is down since ")
    assert "✕ down 52 min" in text


async def test_json_may_be_kept_for_a_moment_and_is_told_apart_by_its_tag(known: Running) -> None:
    first = await known.ask(path="/health.json")
    assert first.headers["Cache-Control"] == "max-age=15"
    again = await known.ask(path="/health.json", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status, again.body) == (304, b"")


async def test_incidents_come_in_pages(net: Running) -> None:
    now = datetime.now(UTC)
    began = [now - timedelta(hours=50 - at) for at in range(25)]
    incidents = [
        IncidentChange("alpha", Topic.OUTAGE, at, at + timedelta(minutes=9), f"no {at:%H}", "dns")
        for at in began
    ]
    await store_of(net).write(Batch(incidents=incidents))
    first = (await net.ask(path="/health.json")).json
    told = [one["began"] for one in first["incidents"]]
    assert len({one["id"] for one in first["incidents"]}) == 20
    assert told == sorted(told, reverse=True)
    rest = (await net.ask(path=first["olderIncidents"].removeprefix(net.url))).json
    assert len(rest["incidents"]) == 5
    assert min(told) > max(one["began"] for one in rest["incidents"])
    assert rest["olderIncidents"] is None
    for path in ("/health.json?sort=name", "/health/alpha.json?window=7d"):
        first = (await net.ask(path=path)).json
        assert first["olderIncidents"].startswith(f"{net.url}{path}&below=")
    page = await look(net, "/health")
    assert len(page.root.all("li", class_="incident")) == 20
    older = await look(net, page.root.links["Older →"].partition("#")[0])
    assert len(older.root.all("li", class_="incident")) == 5
    assert "Newest" in older.root.links


async def test_names_messages_and_notes_are_text(nothing_left: None) -> None:
    async with health_network([told("alpha", name=f"A {EVIL}")]) as net:
        await write_health(net, "alpha", State.DOWN, message=f"says {EVIL} \u202e")
        await certificate(net, "alpha", issuer=EVIL, names=[EVIL], message=EVIL, problem=EVIL)
        notes = {"notes": [{"at": "2026-01-01T00:00:00+00:00", "by": EVIL, "text": EVIL}]}
        await fact(net, "alpha", "notes", notes)
        for path in ("/health", "/health/alpha", "/members/alpha", "/members"):
            page = await look(net, path)
            assert EVIL not in page.reply.text
            assert "\u202e" not in page.reply.text
            for drawn in page.root.all("svg", class_="bars"):
                assert EVIL not in drawn.attributes["aria-label"]
        assert f"The operator says: {EVIL}" in (await look(net, "/health/alpha")).text


@pytest.mark.parametrize("number", [200])
async def test_a_large_network_is_shown_in_pages_of_a_bounded_size(
    nothing_left: None, number: int
) -> None:
    names = [f"m{at:03}" for at in range(number)]
    async with health_network([told(one, disabled=False) for one in names]) as net:
        now = datetime.now(UTC)
        batch = Batch()
        for name in names:
            batch.standings[name] = place_in(net, name), standing(State.UP, now)
            batch.checks.append((name, success(now)))
            batch.buckets += everywhere(name, now, Uptime(up=30))
            batch.buckets += [
                bucket(name, Tier.HALF_HOUR, now - timedelta(minutes=30 * at), Uptime(up=30))
                for at in range(1, 48)
            ]
        await store_of(net).write(batch)
        await store_of(net).refresh()

        page = await look(net, "/health")
        assert len(rows(page)) == 100
        assert "Page 1 of 2." in page.text
        assert len(page.reply.body) < 600_000
        second = rows(await look(net, "/health", page="2"))
        assert len(second) == 100
        assert not set(second) & set(rows(page))
        assert len((await net.ask(path="/health.json")).json["members"]) == number
        for drawn in page.root.all("svg", class_="bars"):
            assert len(drawn.all("rect")) == 48


async def test_nothing_in_a_page_needs_a_style_or_script_of_its_own(known: Running) -> None:
    for path in ("/health", "/health/beta"):
        reply = await known.ask(path=path, headers={"Accept": "text/html"})
        assert " style=" not in reply.text
        assert "<style" not in reply.text
        start = reply.text.index('<svg class="bars"')
        end = reply.text.index("</svg>", start) + len("</svg>")
        assert ElementTree.fromstring(reply.text[start:end]).tag == "svg"


async def test_programs_get_json_at_the_address_of_the_page(known: Running) -> None:
    reply = await known.ask(path="/health", headers={"Accept": "application/json"})
    assert reply.json["networkId"] == known.network.identity.beacon_id
    assert reply.headers["Vary"] == "Accept"


class TestMembers:
    async def test_the_list_of_members_says_who_is_down(self, known: Running) -> None:
        document: dict[str, Any] = (await known.ask(path="/members.json")).json
        states = {one["id"]: one["state"] for one in document["members"]}
        assert states["beta"] == "down"
        assert states["paused"] == "paused"
        assert states["off"] == "disabled"
        page = await look(known, "/members", state="down")
        (card,) = page.root.all("article")
        assert card.one("h3").text == "apple"
        assert card.one("span", class_="state").text == "✕ down"

    async def test_the_page_of_a_member_has_its_health(self, known: Running) -> None:
        page = await look(known, "/members/gamma")
        assert "◐ slow · It answers, and takes long." in page.text
        assert "answers checks but times out on questions" in page.text
        assert page.root.links["Uptime, times, incidents and what failed"] == "/health/gamma"

    async def test_every_page_leads_to_health(self, known: Running) -> None:
        for path in ("/", "/members", "/help", "/join", "/health/beta"):
            assert (await look(known, path)).root.links["Network health"] == "/health"

    async def test_history_is_not_read_for_the_list_of_members(
        self, known: Running, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def refuse(*_: object, **__: object) -> object:
            raise AssertionError("read")

        for name in ("figures", "buckets", "incidents", "checks"):
            monkeypatch.setattr(store_of(known), name, refuse)
        for path in ("/members", "/members/beta", "/members.json"):
            assert (await known.ask(path=path)).status == 200
