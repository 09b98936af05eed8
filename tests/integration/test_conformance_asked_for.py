"""Looks at conformance that are asked for by HTTP: what counts, and who may ask how often."""

from collections.abc import AsyncIterator
from urllib.parse import urlencode

import pytest

from tests.conforming import ConformingV2
from tests.faulty import FaultyMember
from tests.integration.operators import AS_OPERATOR, SECURED, form_with
from tests.integration.operators import Visitor as Operator
from tests.join_visits import FORM, Visitor
from tests.networks import Reply, Running, network_of
from tests.pages import HTML, Page


@pytest.fixture
async def net(nothing_left: None) -> AsyncIterator[Running]:
    async with (
        FaultyMember(ConformingV2().behave) as server,
        FaultyMember(ConformingV2().behave) as other,
    ):
        entries = [
            {"id": "one", "url": server.url, "protocol": "v2"},
            {
                "id": "paused",
                "url": other.url,
                "protocol": "v2",
                "paused": {"until": "2999-01-01"},
            },
        ]
        async with network_of(entries, security=SECURED | {"join_rate_limit": 3}) as net:
            await net.known("one")
            yield net


async def by_key(net: Running, member_id: str = "one") -> Reply:
    key = await net.network.registry.keyring.rotate(member_id, by="operator")
    headers = {"Beacon-Service-Key": str(key)}
    return await net.ask(path=f"/manage/{member_id}/conformance", method="POST", headers=headers)


async def by_token(net: Running, member_id: str = "one") -> Reply:
    path = f"/admin/api/members/{member_id}/conformance"
    return await net.ask(path=path, method="POST", headers=AS_OPERATOR)


async def desk_of(operator: Operator, member_id: str = "one") -> Page:
    return await operator.get(f"/admin/health/{member_id}/conformance")


async def press(operator: Operator, page: Page, member_id: str = "one") -> Reply:
    _, fields = form_with(page, "")
    return await operator.ask("POST", f"/admin/health/{member_id}/conformance", fields)


class Holder:
    """Who opened the entry with its key, with the page of conformance before them."""

    def __init__(self, net: Running) -> None:
        self.net = net
        self.visitor = Visitor(net)

    async def open(self, member_id: str = "one") -> "Holder":
        await self.visitor.open(member_id)
        self.path = f"/manage/{member_id}/conformance"
        page = await self.visitor.get(self.path)
        self.token = page.root.one("input", name="form").attributes["value"]
        return self

    async def press(self) -> Reply:
        """Press the button, also once more."""
        ((name, (_, session)),) = self.visitor.cookies.items()
        headers = {**HTML, **FORM, "Cookie": f"{name}={session}"}
        raw = urlencode({"form": self.token}).encode()
        return await self.net.ask(path=self.path, raw=raw, headers=headers)


async def test_a_form_that_came_too_often_is_not_spent(net: Running) -> None:
    holder, operator = await Holder(net).open(), await Operator(net).sign_in()
    page = await desk_of(operator)
    for _ in range(3):
        assert (await by_token(net)).status == 200
    for reply in (
        *(await holder.press(), await holder.press()),
        *(await press(operator, page), await press(operator, page)),
    ):
        assert (reply.status, "Nothing was sent." in reply.text) == (429, True), reply.text


async def test_a_form_that_was_refused_says_truly_that_nothing_was_done(net: Running) -> None:
    holder = await Holder(net).open("paused")
    refused, again = await holder.press(), await holder.press()

    assert (refused.status, again.status) == (409, 409)
    assert "paused or switched off" in refused.text
    assert "nothing was done this time" in again.text
    assert "what came of it" not in again.text
    assert "paused" not in net.network.watch.conformance.facts


async def test_a_form_of_operators_that_was_sent_before_says_that_nothing_was_done(
    net: Running,
) -> None:
    operator = await Operator(net).sign_in()
    page = await desk_of(operator)
    done, again = await press(operator, page), await press(operator, page)

    assert (done.status, again.status) == (303, 409)
    assert "nothing was done this time" in again.text


async def test_holders_wait_between_two_looks(net: Running) -> None:
    first, second = await by_key(net), await by_key(net)

    assert (first.status, second.status) == (200, 429)
    assert "looked at on request a moment ago" in second.text


async def test_operators_have_one_looked_at_twice_in_a_row(net: Running) -> None:
    assert [(await by_token(net)).status for _ in range(2)] == [200, 200]


async def test_operators_do_so_by_the_page(net: Running) -> None:
    operator = await Operator(net).sign_in()
    for _ in range(2):
        reply = await press(operator, await desk_of(operator))
        assert reply.status == 303, reply.text


async def test_who_is_paused_is_looked_at_for_operators_alone(net: Running) -> None:
    keeper = net.network.watch.conformance
    refused = await by_key(net, "paused")
    assert (refused.status, "paused or switched off" in refused.text) == (409, True)
    assert "paused" not in keeper.facts
    told = await by_token(net, "paused")
    assert (told.status, told.json["score"]) == (200, {"passed": 37, "total": 37})
    before = keeper.facts["paused"]
    operator = await Operator(net).sign_in()
    pressed = await press(operator, await desk_of(operator, "paused"), "paused")
    assert pressed.status == 303, pressed.text
    assert keeper.facts["paused"] != before
