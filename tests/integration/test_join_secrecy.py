"""What a check tells of who is registered: only those the network lists for everybody are named."""

import pytest

from demo import DemoNetwork
from registry.models import Group
from tests.integration.joinable import demo, net
from tests.join_visits import AGREED, Visitor, address, agreeing, joined
from tests.networks import Running
from tests.pages import Page

__all__ = ["demo", "net"]

KNOWN = (
    "A beacon at this address is registered here already. If it is yours, its service key opens "
    "its entry, at the address that was shown with the key."
)


async def bring_about(net: Running, state: str) -> None:
    """Bring the member that waits into a state in which nobody is to be told of it."""
    registry = net.network.registry
    if state in {"hidden", "removed"}:
        await registry.steward.approve("secret-name", by="operator")
    if state == "hidden":
        await registry.groups.describe(Group(id="federation", opaque=True), by="operator")
        await registry.steward.edit("secret-name", {"groups": ["federation"]}, by="operator")
    elif state == "removed":
        await registry.steward.remove("secret-name", by="operator")
    elif state == "rejected":
        await registry.steward.reject("secret-name", by="operator")


def notes(page: Page) -> list[str]:
    return [one.text for one in page.root.all("p", class_="note")]


@pytest.mark.parametrize("state", ["hidden", "pending", "rejected", "removed"])
async def test_who_is_not_listed_is_not_named(net: Running, demo: DemoNetwork, state: str) -> None:
    form = await agreeing(net, demo)
    await joined(net, address(demo), id="secret-name")
    await bring_about(net, state)
    page = await agreeing(net, demo)
    twin = await net.ask({"url": address(demo)}, path="/join/check.json")
    refused = await Visitor(net).send(form, "/join", {**AGREED, "id": "other"}, status=409)

    assert notes(page) == [KNOWN]
    assert page.root.all("form") == []
    assert "/manage/" not in page.reply.text
    for text in (page.reply.text, twin.text, refused.reply.text):
        assert "secret-name" not in text
        assert "federation" not in text


async def test_another_spelling_of_the_address_is_the_same_beacon(
    net: Running, demo: DemoNetwork
) -> None:
    await joined(net, address(demo), id="archive")
    there = address(demo).removesuffix("/api") + "/x/../api/"
    page = await Visitor(net).get("/join/check", url=there)

    assert notes(page) == [KNOWN]


async def test_who_left_finds_the_form_again(net: Running, demo: DemoNetwork) -> None:
    await joined(net, address(demo), id="archive")
    await net.network.registry.steward.remove("archive", by="member:archive")
    page = await agreeing(net, demo)

    assert notes(page) == []
    await Visitor(net).send(page, "/join", {**AGREED, "id": "archive"}, status=201)
