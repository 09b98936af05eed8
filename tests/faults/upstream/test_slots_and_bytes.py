"""Slots per member and in all, and the budget of bytes."""

import asyncio

import pytest

from aggregator.model.outcome import NoAnswerCode
from aggregator.upstream.call_results import CallProgress
from aggregator.upstream.limits import MIB, BodyBudget, UpstreamLimits
from tests import faulty
from tests.clocks import skip
from tests.faults.upstream.kit import PATIENT_S, come_true, failed, replied
from tests.faulty import FaultyMember, Wire


async def test_a_slow_member_does_not_delay_a_healthy_one(upstream):
    async with FaultyMember(faulty.hang()) as slow, FaultyMember() as healthy:
        hanging = [
            asyncio.create_task(upstream.ask(slow.url, id="slow", timeout_s=30)) for _ in range(20)
        ]
        await slow.until(lambda seen: len(seen.requests) == 4)
        for _ in range(20):
            replied(await upstream.ask(healthy.url, id="healthy"))
        assert not any(task.done() for task in hanging)
        for task in hanging:
            task.cancel()
        await asyncio.wait(hanging)


async def test_a_hanging_member_keeps_no_more_than_its_slots_busy(upstream):
    async with FaultyMember(faulty.hang()) as slow:
        asked = [
            asyncio.create_task(upstream.ask(slow.url, timeout_s=PATIENT_S)) for _ in range(20)
        ]
        await slow.until(lambda seen: len(seen.requests) == 4)
        skip(PATIENT_S)
        results = await asyncio.gather(*asked)
    codes = [result.failure.code for result in results if result.failure]
    assert codes.count(NoAnswerCode.TIMEOUT) == 4
    assert codes.count(NoAnswerCode.OVERLOADED) == 16
    assert slow.most_at_once == 4


@pytest.mark.parametrize(("entry", "most"), [({}, 4), ({"max_concurrency": 1}, 1)])
async def test_a_member_gets_no_more_calls_at_once_than_it_may(upstream, entry, most):
    answers = asyncio.Event()

    async def in_time(wire: Wire) -> None:
        await answers.wait()
        await faulty.answer()(wire)

    async with FaultyMember(in_time) as member:
        calls = [asyncio.create_task(upstream.ask(member.url, **entry)) for _ in range(12)]
        await member.until(lambda seen: len(seen.requests) >= most)
        await asyncio.sleep(0.02)  # whoever came too would come now
        answers.set()
        results = await asyncio.gather(*calls)
        assert all(replied(result).status == 200 for result in results)
        assert member.most_at_once == member.connections == most


async def test_no_slot_before_the_deadline_is_told_as_such(make):
    upstream = await make(UpstreamLimits(max_calls_in_flight=1))
    async with FaultyMember(faulty.hang()) as member, FaultyMember() as other:
        hanging = asyncio.create_task(upstream.ask(member.url, id="a", timeout_s=PATIENT_S))
        await member.until(lambda seen: len(seen.requests) == 1)
        progress = CallProgress()
        result = await upstream.ask(other.url, id="b", timeout_s=0.1, progress=progress)
        assert "no free slot within 0.1 s" in failed(result, NoAnswerCode.OVERLOADED).message
        assert (result.attempts, other.connections, progress.has_slot) == (0, 0, False)
        hanging.cancel()
        await asyncio.wait([hanging])


async def test_all_bodies_together_have_a_budget(make):
    upstream = await make(budget=BodyBudget(3 * MIB))
    waiting = faulty.raw(
        faulty.head(200, [("Content-Length", str(4 * MIB))]) + b" " * (2 * MIB), end="hang"
    )
    async with (
        FaultyMember(waiting) as member,
        FaultyMember(faulty.answer(b" " * 2 * MIB)) as other,
    ):
        first = asyncio.create_task(upstream.ask(member.url, id="a", max_body_bytes=16 * MIB))
        await come_true(lambda: upstream.client.budget.reserved == 2 * MIB)
        result = await upstream.ask(other.url, id="b", max_body_bytes=16 * MIB)
        assert "3 MiB" in failed(result, NoAnswerCode.OVERLOADED).message
        first.cancel()
        await asyncio.wait([first])
        assert upstream.client.budget.reserved == 0
        replied(await upstream.ask(other.url, id="b", max_body_bytes=16 * MIB))
