"""What the holder of a key is offered while its entry waits, and once it was let in."""

import pytest

from demo import DemoNetwork
from tests.integration.joinable import HERE, demo, net, opened
from tests.join_visits import Owner, address, joined
from tests.networks import Running, come_true
from tests.pages import HTML, Page, read

__all__ = ["demo", "net"]

PARTS = tuple(f"{HERE}/{part}" for part in ("conformance", "health", "alerts"))
LATER = "There once an operator of this network has let it in: conformance, health and alerts."
WAITS = "“archive” waits for an operator of this network to let it in"
HOOK = {"kind": "webhook", "address": "https://hooks.example.org/x"}


@pytest.fixture
async def waiting(net: Running, demo: DemoNetwork) -> Owner:
    """The owner of the entry `archive`, which waits."""
    told = await joined(net, address(demo), id="archive")
    return Owner(net, demo, "archive", told["serviceKey"])


def offered(page: Page) -> set[str]:
    return {*PARTS} & {*page.root.links.values()}


async def let_in(owner: Owner) -> None:
    network = owner.net.network
    await network.registry.steward.approve("archive", by="operator")
    await come_true(lambda: "archive" in network.holder.current.everyone_by_id)


async def test_who_waits_is_led_to_no_page_that_is_not_there(waiting: Owner) -> None:
    visitor, page = await opened(waiting.net, waiting.key)
    assert offered(page) == set()
    assert LATER in page.text

    await let_in(waiting)
    page = await visitor.get(HERE)
    assert offered(page) == {*PARTS}
    assert LATER not in page.text
    for path in PARTS:
        await visitor.get(path)


async def test_who_has_left_is_offered_none_either(waiting: Owner) -> None:
    visitor, page = await opened(waiting.net, waiting.key)
    await waiting.ask("DELETE", "")
    page = await visitor.get(HERE)
    assert offered(page) == set()
    assert LATER not in page.text
    reply = await waiting.ask(below="/health")
    assert (reply.status, "There is no member “archive” now." in reply.text) == (404, True)


async def test_the_pages_say_that_it_waits(waiting: Owner) -> None:
    for method, below in (
        ("GET", "/health"),
        ("GET", "/conformance"),
        ("POST", "/conformance"),
    ):
        reply = await waiting.ask(method, below)
        assert (reply.status, WAITS in reply.text) == (404, True), (method, below, reply.text)
    for path in PARTS[:2]:
        headers = {**HTML, "Beacon-Service-Key": waiting.key}
        reply = await waiting.net.ask(path=path, headers=headers)
        assert reply.status == 404
        assert WAITS in read(reply.text).text


async def test_an_alert_cannot_be_set_up_before_and_the_answer_says_why(waiting: Owner) -> None:
    reply = await waiting.ask("POST", "/alerts", body=HOOK)
    assert (reply.status, WAITS in reply.text) == (409, True)
    visitor, _ = await opened(waiting.net, waiting.key)
    page = await visitor.get(PARTS[2])
    assert WAITS in page.text
    assert not page.root.all("input", name="address")

    await let_in(waiting)
    page = await visitor.get(PARTS[2])
    assert WAITS not in page.text
    assert page.root.all("input", name="address")


async def test_nobody_else_learns_that_it_waits(waiting: Owner) -> None:
    for path in (*PARTS, "/health/archive", "/health/archive/conformance"):
        reply = await waiting.net.ask(path=path, headers={"Beacon-Service-Key": "bak_wrong"})
        assert WAITS not in reply.text
        assert "waits" not in reply.text
