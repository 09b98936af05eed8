"""Errands that are hurried: nobody waits for a turn, and what has one is let be.

Where there is no thread for one, its turn is not lost.
"""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from aggregator.watch.alerts.errands import AT_ONCE, BUSY, Errand, Errands, Tell
from aggregator.watch.alerts.sending import Sent
from tests.networks import PATIENT_S, come_true

BUSY_SENT = Sent(False, BUSY)
DONE = Sent(True, "done")


def at_once(errand: Errand, tell: Tell) -> None:
    tell(DONE)


@asynccontextmanager
async def all_busy(errands: Errands) -> AsyncIterator[threading.Event]:
    """Take every turn until the event is set."""
    let, begun = threading.Event(), threading.Semaphore(0)

    def work(errand: Errand, tell: Tell) -> None:
        begun.release()
        let.wait(PATIENT_S)
        tell(DONE)

    running = [asyncio.create_task(errands.run(work)) for _ in range(AT_ONCE)]
    for _ in running:
        await come_true(lambda: begun.acquire(blocking=False))
    try:
        yield let
    finally:
        let.set()
        assert await asyncio.gather(*running) == [DONE] * AT_ONCE


async def test_who_waits_already_and_who_comes_later_are_both_sent_away() -> None:
    errands = Errands()
    async with all_busy(errands), asyncio.timeout(PATIENT_S):
        waiting = asyncio.create_task(errands.run(at_once))
        await come_true(lambda: len(errands._waiting) == 1)
        with errands.hurried():
            assert await waiting == BUSY_SENT
            assert await errands.run(at_once) == BUSY_SENT


async def test_a_free_turn_is_taken_all_the_same() -> None:
    errands = Errands()
    with errands.hurried():
        assert await errands.run(at_once) == DONE


async def test_after_it_one_waits_for_a_turn_again() -> None:
    errands = Errands()
    async with all_busy(errands) as let, asyncio.timeout(PATIENT_S):
        with errands.hurried(), errands.hurried():
            pass
        waiting = asyncio.create_task(errands.run(at_once))
        await come_true(lambda: len(errands._waiting) == 1)
        let.set()
        assert await waiting == DONE


async def test_who_is_late_just_now_keeps_nobody_from_being_hurried() -> None:
    errands = Errands()
    loop = asyncio.get_running_loop()
    async with all_busy(errands), asyncio.timeout(PATIENT_S):
        waiting = [asyncio.create_task(errands.run(at_once)) for _ in range(3)]
        await come_true(lambda: len(errands._waiting) == 3)

        async def hurry() -> list[Sent]:
            assert len(errands._waiting) == 3
            with errands.hurried():
                return await asyncio.gather(*waiting)

        next(iter(errands._waiting)).reschedule(loop.time())
        # it begins in the same turn of the loop, behind the end of that one's patience
        assert await asyncio.create_task(hurry()) == [BUSY_SENT] * 3


async def test_where_no_thread_can_be_had_the_turn_is_free_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    errands, loop = Errands(), asyncio.get_running_loop()
    alarms: list[asyncio.TimerHandle] = []
    call_later = loop.call_later

    def noted(*how: Any) -> asyncio.TimerHandle:
        alarms.append(call_later(*how))
        return alarms[-1]

    def no_thread(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(loop, "call_later", noted)
        patch.setattr(threading.Thread, "start", no_thread)
        for _ in range(AT_ONCE):
            assert await errands.run(at_once) == Sent(False, "it failed here: RuntimeError")
    assert [one.cancelled() for one in alarms] == [True] * AT_ONCE
    with errands.hurried():
        assert await errands.run(at_once) == DONE
