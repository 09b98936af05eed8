"""Alerts of an entry: what the session of its page opens, and what who left may still do."""

from collections.abc import AsyncIterator

import pytest

from registry.alerts import Kind, Target, Wishes
from tests.alert_kit import Receiver
from tests.faulty import FaultyMember
from tests.integration.operators import SECURED
from tests.join_visits import Visitor, fields_of
from tests.networks import Running, entry, network_of, nothing_left, scripted

__all__ = ["nothing_left"]

HERE = "/manage/one/alerts"


@pytest.fixture
async def net(nothing_left: None) -> AsyncIterator[Running]:
    async with FaultyMember(scripted()) as member:
        async with network_of([entry(member, "one")], security=SECURED) as running:
            yield running


@pytest.fixture
async def visitor(net: Running) -> Visitor:
    """One who has opened the entry with its key."""
    visitor = Visitor(net)
    await visitor.open()
    return visitor


@pytest.fixture
async def target(net: Running, receiver: Receiver) -> Target:
    book = net.network.watch.telling.desk.book
    return await book.add("one", Kind.WEBHOOK, receiver.url, Wishes(), by="test")


async def test_the_session_of_the_page_changes_nothing_on_the_paths_of_programs(
    net: Running, visitor: Visitor, target: Target, receiver: Receiver
) -> None:
    ((name, (_, session)),) = visitor.cookies.items()
    path, headers = f"{HERE}/{target.id}", {"Cookie": f"{name}={session}"}
    assert (await net.ask(path=path, headers=headers)).status == 200
    for method, below, body in (
        ("PATCH", "", {"on": False}),
        ("DELETE", "", None),
        ("POST", "/test", {}),
    ):
        refused = await net.ask(path=f"{path}{below}", method=method, headers=headers, body=body)
        assert (refused.status, "send it as Beacon-Service-Key" in refused.text) == (401, True)
    assert await net.network.watch.telling.desk.book.targets("one") == (target,)
    assert receiver.requests == []


async def test_who_left_switches_off_and_removes_by_form_and_adds_nothing(
    net: Running, visitor: Visitor, target: Target
) -> None:
    desk = net.network.watch.telling.desk
    await net.network.registry.seeder.declare([])

    async def press(does: str, *, status: int = 303, **typed: str) -> str:
        page = await visitor.get(HERE)
        form = page.root.all("form", method="post")[0]
        token = fields_of(form)["form_token"]
        fields = {"form_token": token, "do": does, "member": target.id, **typed}
        return (await visitor.post(HERE, fields, status=status)).text

    # nothing is looked up for one that is no member
    address = "https://nothing.invalid/hook"
    told = await press("add", status=409, kind="webhook", address=address)
    assert "no member of this network" in told
    for does in ("test", "change"):
        assert "no member of this network" in await press(does, status=409, topics="outage")
    await press("off")
    assert "no member of this network" in await press("on", status=409)
    assert [one.is_on for one in await desk.book.targets("one")] == [False]
    await press("remove", sure="yes")
    assert await desk.book.targets("one") == ()
