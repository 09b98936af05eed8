"""A simulated year of 5 members and a week of 200: what is read is what happened.

Nothing sleeps: the clock is set by hand, and every check is made up and remembered. Every ten
minutes is enough: a half-hour then holds several checks and a minute one or none, as it does with
checks every minute; the year of those is among the long tests.
"""

import random
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from registry.health import Rules
from registry.health_book import HealthBook
from registry.health_store import HealthStore
from registry.health_tables import BUCKETS, CHECKS, KEPT_CHECKS
from registry.history import Tier, Window
from tests.integration.health_worlds import EPOCH, World, begins, exact, is_near, registry_of

ROWS_EACH = sum(tier.kept / tier.length + 2 for tier in Tier)
"""The most buckets of checks a member can have."""


async def simulate(
    path: Path,
    world: World,
    *,
    batches: int,
    length: timedelta,
    looks: int,
) -> None:
    """Live through batches of checks; compare at random moments and at the end."""
    clock = [EPOCH]
    async with registry_of(f"sqlite:///{path / 'registry.sqlite3'}", world.ids) as database:
        store = HealthStore(database, now=lambda: clock[0])
        book = HealthBook(Rules(), now=lambda: clock[0])
        shown = {*random.Random(world.seed).sample(range(batches), looks - 1), batches - 1}
        for number in range(batches):
            begin = clock[0]
            for member_id, check in world.checks(begin, length):
                book.checked(member_id, "https://here.example.org/ beacon-v2", check)
            clock[0] = begin + length
            await store.write(book.drain())
            if number % 7 == 0:
                await store.prune()
            if number in shown:
                await compare(store, world, clock[0])
        await check_bounds(store, world)


async def compare(store: HealthStore, world: World, now: datetime) -> None:
    """Hold what is read of every window against what happened."""
    for window in Window:
        figures = await store.figures(window)
        since = begins(window, now)
        for member_id, member in world.members.items():
            told, about = figures[member_id], f"{member_id} over {window}, seed {world.seed}"
            assert told.uptime == member.raw.uptime(since), about
            times = member.raw.times(since)
            found = (told.p50_ms, told.p95_ms, told.p99_ms)
            for share, quantile in zip((0.5, 0.95, 0.99), found, strict=True):
                assert is_near(quantile, exact(times, share)), f"p{share} of {about}"


async def check_bounds(store: HealthStore, world: World) -> None:
    """No member has more rows than is said, however long it was checked."""
    await store.prune()

    async def rows(connection):  # type: ignore[no-untyped-def]
        for table, most in ((BUCKETS, ROWS_EACH), (CHECKS, KEPT_CHECKS)):
            member_id = table.c.member_id
            query = select(member_id, func.count()).group_by(member_id)
            counted = {row[0]: row[1] for row in await connection.execute(query)}
            assert counted.keys() == world.members.keys()
            assert max(counted.values()) <= most, (table.name, counted)

    await store.database.read(rows)


async def year(path: Path, every_s: float) -> None:
    world = World(members=5, every_s=every_s, seed=random.SystemRandom().randrange(10**6))
    await simulate(path, world, batches=372, length=timedelta(days=1), looks=4)


@pytest.mark.timeout(300)
async def test_a_year_of_five_members_is_read_as_it_happened(tmp_path: Path) -> None:
    await year(tmp_path, 600)


@pytest.mark.long
@pytest.mark.timeout(1200)
async def test_a_year_of_checks_every_minute_is_read_as_it_happened(tmp_path: Path) -> None:
    await year(tmp_path, 60)


@pytest.mark.timeout(300)
async def test_a_week_of_two_hundred_members_is_read_as_it_happened(tmp_path: Path) -> None:
    world = World(members=200, every_s=600, seed=random.SystemRandom().randrange(10**6))
    await simulate(tmp_path, world, batches=29, length=timedelta(hours=6), looks=2)
