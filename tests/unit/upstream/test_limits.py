import asyncio
import contextlib
from collections.abc import Awaitable

import pytest

from aggregator.upstream.limits import BodyBudget, Gate, MemberSlots


async def settle() -> None:
    """Let every task run until it waits."""
    for _ in range(5):
        await asyncio.sleep(0)


def start(waiting: Awaitable[None]) -> asyncio.Task[None]:
    async def run() -> None:
        await waiting

    return asyncio.create_task(run())


async def test_a_gate_admits_its_size_and_then_in_order():
    gate = Gate(2)
    order: list[int] = []

    async def enter(number: int) -> None:
        await gate.acquire()
        order.append(number)

    tasks = [asyncio.create_task(enter(number)) for number in range(5)]
    await settle()
    assert (order, gate.in_use, gate.waiting) == ([0, 1], 2, 3)
    gate.release()
    await settle()
    assert order == [0, 1, 2]
    for _ in range(2):
        gate.release()
    await asyncio.gather(*tasks)
    assert order == [0, 1, 2, 3, 4]
    gate.release()
    gate.release()
    assert gate.is_idle


async def test_nobody_overtakes_those_in_line():
    gate = Gate(1)
    await gate.acquire()
    first = start(gate.acquire())
    await settle()
    gate.release()
    second = start(gate.acquire())
    await settle()
    assert first.done()
    assert not second.done()
    gate.release()
    await second


async def test_a_cancelled_waiter_leaves_the_line():
    gate = Gate(1)
    await gate.acquire()
    waiting = start(gate.acquire())
    await settle()
    waiting.cancel()
    await asyncio.wait([waiting])
    assert gate.waiting == 0
    gate.release()
    assert gate.is_idle


async def test_a_waiter_cancelled_after_its_turn_came_passes_it_on():
    gate = Gate(1)
    await gate.acquire()
    first, second = start(gate.acquire()), start(gate.acquire())
    await settle()
    gate.release()
    first.cancel()
    await asyncio.wait([first])
    async with asyncio.timeout(20):
        await second
    gate.release()
    assert gate.is_idle


async def test_a_waiter_cancelled_before_its_turn_is_passed_over():
    gate = Gate(1)
    await gate.acquire()
    first, second = start(gate.acquire()), start(gate.acquire())
    await settle()
    first.cancel()
    gate.release()
    with pytest.raises(asyncio.CancelledError):
        await first
    async with asyncio.timeout(20):
        await second
    gate.release()
    assert gate.is_idle


async def test_a_smaller_gate_admits_nobody_until_enough_have_left():
    gate = Gate(3)
    for _ in range(3):
        await gate.acquire()
    gate.resize(1)
    waiting = start(gate.acquire())
    for _ in range(2):
        gate.release()
        await settle()
        assert not waiting.done()
    gate.release()
    await waiting
    assert gate.in_use == 1


async def test_a_larger_gate_admits_those_who_now_fit():
    gate = Gate(1)
    await gate.acquire()
    waiting = [start(gate.acquire()) for _ in range(3)]
    gate.resize(3)
    await settle()
    assert [task.done() for task in waiting] == [True, True, False]
    gate.release()
    await asyncio.gather(*waiting)


async def test_a_gate_is_left_when_its_block_fails():
    gate = Gate(1)
    with pytest.raises(LookupError):
        async with gate:
            raise LookupError
    assert gate.is_idle


async def test_members_have_lines_of_their_own():
    slots = MemberSlots(1)
    async with slots.hold("slow"):
        async with asyncio.timeout(20):
            async with slots.hold("healthy"):
                assert (slots.in_use("slow"), slots.in_use("healthy")) == (1, 1)


async def test_a_members_own_number_wins_and_may_change():
    slots = MemberSlots(4)
    held = [slots.hold("m", 2) for _ in range(2)]
    for each in held:
        await each.__aenter__()
    third = slots.hold("m", 2)
    waiting = asyncio.create_task(third.__aenter__())
    await settle()
    assert not waiting.done()
    async with slots.hold("m", 4):
        await settle()
        assert waiting.done()
    for each in (*held, third):
        await each.__aexit__(None, None, None)
    assert slots.in_use("m") == 0


async def test_idle_members_are_forgotten():
    slots = MemberSlots(1)
    for number in range(100):
        async with slots.hold(f"m{number}"):
            assert len(slots) == 1
    assert len(slots) == 0


async def test_a_cancelled_wait_for_a_member_leaves_nothing():
    slots = MemberSlots(1)
    async with slots.hold("m"):
        waiting = asyncio.create_task(slots.hold("m").__aenter__())
        await settle()
        waiting.cancel()
        await asyncio.wait([waiting])
    assert len(slots) == 0


def test_the_byte_budget_is_shared_and_given_back():
    budget = BodyBudget(100)
    first, second = budget.open(), budget.open()
    assert first.take(60)
    assert not second.take(60)
    assert second.take(40)
    assert budget.reserved == 100
    first.close()
    first.close()
    assert budget.reserved == 40
    assert second.take(60)
    second.close()
    assert budget.reserved == 0


def test_a_lease_is_closed_when_its_block_fails():
    budget = BodyBudget(100)
    with contextlib.suppress(LookupError), budget.open() as lease:
        lease.take(100)
        raise LookupError
    assert budget.reserved == 0
