"""Looks at conformance that somebody asks for: how often, how long, and how many at once."""

from collections.abc import AsyncIterator

import pytest

from aggregator.base.errors import Conflict, Overloaded, RateLimited
from aggregator.watch.conformance import keeper as keeping
from aggregator.watch.conformance.keeper import ConformanceKeeper
from aggregator.watch.conformance.report import ConformanceReport, Unfinished
from registry.snapshot import RegisteredMember
from tests.conforming import ConformingV2
from tests.faulty import FaultyMember, hang
from tests.networks import PATIENT_S, Running, come_true, network_of

IDS = ("one", "two", "three", "four", "five")


@pytest.fixture
async def server() -> AsyncIterator[FaultyMember]:
    async with FaultyMember(ConformingV2().behave) as server:
        yield server


@pytest.fixture
async def net(server: FaultyMember) -> AsyncIterator[Running]:
    urls = {one: server.url if one == "one" else f"{server.url}/{one}" for one in IDS}
    entries = [{"id": one, "url": url, "protocol": "v2"} for one, url in urls.items()]
    async with network_of(entries) as net:
        await net.known("one")
        yield net


def keeper_of(net: Running) -> ConformanceKeeper:
    return net.network.watch.conformance


async def begin(net: Running, member_id: str, *, is_operators: bool = False) -> None:
    """Have a member looked at that does not answer."""
    member = net.member(member_id)
    told = await keeper_of(net).look_now(member, within_s=0.01, is_operators=is_operators)
    assert told is None


async def test_a_holder_asks_for_one_member_now_and_then_and_operators_always(
    net: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeper, member, at = keeper_of(net), net.member("one"), 1_000.0
    monkeypatch.setattr(keeper, "_clock", lambda: at)
    first = await keeper.look_now(member, within_s=PATIENT_S)
    with pytest.raises(RateLimited) as refused:
        await keeper.look_now(member, within_s=PATIENT_S)
    by_operator = await keeper.look_now(member, within_s=PATIENT_S, is_operators=True)
    at += keeping.REST_S
    later = await keeper.look_now(member, within_s=PATIENT_S)

    assert refused.value.retry_after_s == keeping.REST_S
    assert "Ask again in 300 s" in str(refused.value)
    assert all(isinstance(one, ConformanceReport) for one in (first, by_operator, later))


async def test_holders_leave_room_for_operators(net: Running, server: FaultyMember) -> None:
    server.behaviours = (hang(),)
    for member_id in IDS[:3]:
        await begin(net, member_id)
    with pytest.raises(Overloaded) as refused:
        await begin(net, "four")
    await begin(net, "four", is_operators=True)
    with pytest.raises(Overloaded):
        await begin(net, "five", is_operators=True)

    assert "3 beacons are being looked at already" in str(refused.value)


async def test_one_that_does_not_answer_is_given_up(
    net: Running, server: FaultyMember, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "ASKED_FOR_S", 0.3)
    server.behaviours = (hang(),)
    told = await keeper_of(net).look_now(net.member("one"), within_s=PATIENT_S)

    assert isinstance(told, Unfinished)
    assert told.why == "it took longer than 0.3 s altogether"
    await come_true(lambda: not keeper_of(net).is_looking("one"))


@pytest.mark.parametrize("off", [{"disabled": True}, {"paused": {"until": "2999-01-01"}}])
async def test_one_that_is_left_alone_is_asked_nothing_for_its_holder(
    server: FaultyMember, off: dict[str, object]
) -> None:
    entry = {"id": "one", "url": server.url, "protocol": "v2", **off}
    async with network_of([entry]) as net:
        await net.network.keeper.look_at_all()
        asked = len(server.requests)
        member: RegisteredMember = net.member("one")
        with pytest.raises(Conflict) as refused:
            await keeper_of(net).look_now(member, within_s=PATIENT_S)
        is_left_alone = len(server.requests) == asked
        by_operator = await keeper_of(net).look_now(member, within_s=PATIENT_S, is_operators=True)

    assert "paused or switched off" in str(refused.value)
    assert is_left_alone
    assert isinstance(by_operator, ConformanceReport)
