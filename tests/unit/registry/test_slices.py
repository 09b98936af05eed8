"""Long work gives way when a slice of it is over, and not before."""

import asyncio

import pytest

from registry import slices
from registry.slices import SLICE_S, Slices


async def test_others_have_a_turn_whenever_a_slice_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(slices.time, "perf_counter", lambda: now)
    turns = 0

    async def take_turns() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    others = asyncio.create_task(take_turns())
    await asyncio.sleep(0)
    before, cut = turns, Slices()
    for _ in range(3):
        now += 0.9 * SLICE_S
        await cut.pause()
        now += 0.2 * SLICE_S
        assert turns == before, "there is time left in the slice"
        await cut.pause()
        assert turns == before + 1
        before = turns
    others.cancel()


def test_a_slice_is_shorter_than_anybody_notices() -> None:
    assert SLICE_S <= 0.01
