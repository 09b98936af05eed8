"""Processes killed while they write health: what they were told is there, no batch is half."""

import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from registry.database import Change, Database
from registry.health_store import HealthStore
from registry.history import Kind, Tier
from tests.health_process import IDS, NOON, PLACE
from tests.processes import ENDS_WITHIN_S, environment

ROOT = Path(__file__).parents[2]
BATCHES = 60


def killed(url: str, chance: random.Random) -> int:
    """Let a process write and kill it; gives how many checks of each member it said it wrote."""
    command = [sys.executable, "-m", "tests.health_process", url, str(BATCHES)]
    told = chance.randrange(1, BATCHES)
    with subprocess.Popen(
        command, cwd=ROOT, env=environment(), stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            lines = [process.stdout.readline() for _ in range(told)]
            time.sleep(chance.random() * 0.03)
        finally:
            process.kill()
            process.wait(ENDS_WITHIN_S)
        lines += process.stdout.readlines()
    return max((int(line) for line in lines if line.endswith("\n")), default=0)


async def written(url: str) -> Counter[str]:
    """Give how many checks of each member there are, which all that is kept agrees on."""
    database = Database(url)
    await database.start()
    try:
        # waits for the end of what PostgreSQL may still be doing for the one that was killed
        await database.change(_nothing, is_news=False)
        health = HealthStore(database, now=lambda: NOON)
        events = Counter(one.member_id for one in await health.events(limit=10**6))
        await health.refresh()
        for member_id in IDS:
            standing = health.standings.get(member_id)
            assert (0 if standing is None else standing.successes) == events[member_id]
            assert len(await health.checks(member_id)) == min(50, events[member_id])
        for kind in Kind:
            for tier in Tier:
                buckets = await health.buckets(tier, NOON - tier.kept, kind=kind)
                counted = {one: sum(bucket.uptime.up for bucket in buckets[one]) for one in buckets}
                assert counted == dict(events), (kind, tier)
                timed = {one: sum(each.times.total for each in buckets[one]) for one in buckets}
                assert timed == dict(events), (kind, tier)
        assert set(health.places.values()) <= {PLACE}
        return events
    finally:
        await database.aclose()


async def _nothing(_: Change) -> None:
    """Change nothing."""


async def kill_again_and_again(url: str, seed: int, kills: int) -> None:
    chance, before = random.Random(seed), Counter[str]()
    for number in range(kills):
        acknowledged = killed(url, chance)
        try:
            after = await written(url)
            assert len(set(after.values())) <= 1, "batches check every member alike"
            for member_id in IDS:
                added = after[member_id] - before[member_id]
                assert acknowledged <= added <= acknowledged + 5, "one more batch at most"
        except AssertionError as error:
            error.add_note(f"seed {seed}, kill {number} of {kills}")
            raise
        before = after
    assert before, "nothing was ever written: this shows nothing"


async def test_no_batch_is_half_after_a_crash(
    database_url: str, record_property: Callable[[str, object], None]
) -> None:
    seed = random.SystemRandom().randrange(10**6)
    record_property("seed", seed)
    await kill_again_and_again(database_url, seed, 5)


@pytest.mark.long
@pytest.mark.timeout(1200)
async def test_no_batch_is_half_after_a_hundred_crashes(database_url: str) -> None:
    await kill_again_and_again(database_url, random.SystemRandom().randrange(10**6), 100)
