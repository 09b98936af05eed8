"""Identical calls at the same time are one call, and nobody's leaving harms the others."""

import asyncio

import pytest

from aggregator.engine.coalesce import Coalescer
from tests.unit.engine.kit import settle


class Call:
    """A call that ends when told, and counts how it went."""

    def __init__(self):
        self.started = self.cancelled = 0
        self.gate = asyncio.Event()
        self.dying = asyncio.Event()
        self.dying.set()

    async def __call__(self):
        self.started += 1
        try:
            await self.gate.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            await self.dying.wait()
            raise
        return f"result {self.started}"


@pytest.fixture
async def calls():
    return Coalescer()


async def test_two_waiters_of_one_key_share_one_call(calls):
    call = Call()
    one, two = calls.join("k", call), calls.join("k", call)
    call.gate.set()
    assert await asyncio.gather(one.task, two.task) == ["result 1", "result 1"]
    assert (call.started, calls.shared_calls) == (1, 1)


async def test_other_keys_are_other_calls(calls):
    call = Call()
    calls.join("k", call)
    last = calls.join("l", call)
    call.gate.set()
    await last.task
    assert (call.started, calls.shared_calls) == (2, 0)


async def test_a_call_that_ended_is_not_shared_any_more(calls):
    call = Call()
    call.gate.set()
    await calls.join("k", call).task
    assert len(calls) == 0
    assert await calls.join("k", call).task == "result 2"


async def test_a_waiter_that_leaves_does_not_disturb_the_others(calls):
    call = Call()
    one, two = calls.join("k", call), calls.join("k", call)
    assert one.leave() is None
    call.gate.set()
    assert await two.task == "result 1"
    assert call.cancelled == 0


async def test_the_last_waiter_to_leave_cancels_the_call(calls):
    call = Call()
    one, two = calls.join("k", call), calls.join("k", call)
    await settle()
    one.leave()
    dying = two.leave()
    assert dying is not None
    await asyncio.wait({dying})
    assert call.cancelled == 1


async def test_leaving_twice_is_leaving_once(calls):
    call = Call()
    one, two = calls.join("k", call), calls.join("k", call)
    one.leave()
    assert one.leave() is None
    call.gate.set()
    assert await two.task == "result 1"


async def test_leaving_after_the_end_cancels_nothing(calls):
    call = Call()
    call.gate.set()
    one = calls.join("k", call)
    await one.task
    assert one.leave() is None


async def test_a_dying_call_is_not_joined(calls):
    call = Call()
    call.dying.clear()
    one = calls.join("k", call)
    await settle()
    dying = one.leave()
    two = calls.join("k", call)
    assert two.task is not dying
    call.dying.set()
    call.gate.set()
    assert await two.task == "result 2"


async def test_the_end_of_a_dying_call_does_not_forget_its_successor(calls):
    call = Call()
    one = calls.join("k", call)
    await settle()
    dying = one.leave()
    two = calls.join("k", call)
    await asyncio.wait({dying})
    assert calls.join("k", call).task is two.task
    call.gate.set()
    await two.task


async def test_trouble_of_a_call_reaches_every_waiter(calls):
    async def explode():
        raise RuntimeError("boom")

    one, two = calls.join("k", explode), calls.join("k", explode)
    for place in (one, two):
        with pytest.raises(RuntimeError, match="boom"):
            await place.task
    assert len(calls) == 0


async def test_running_calls_are_counted(calls):
    call = Call()
    one = calls.join("k", call)
    calls.join("k", call)
    calls.join("l", call)
    assert len(calls) == 2
    call.gate.set()
    await one.task
    await settle()
    assert len(calls) == 0
