"""Errands that are hurried: nobody waits for a turn, and what has one is let be."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

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
