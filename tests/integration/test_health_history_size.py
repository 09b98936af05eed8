"""A year of 200 members in the store: how large it is, and how little of it a page reads."""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from benchmarks.health import NOON, fill_year, opened, size_of
from registry.database import Database
from registry.health_store import HealthStore
from registry.history import Tier, Window

IDS = [f"member-{number}" for number in range(200)]
LARGEST = 80 * 2**20
"""What docs/performance.md states of 200 members, in bytes."""
MOST_ROWS = {Window.DAY: 56, Window.WEEK: 33, Window.MONTH: 55, Window.YEAR: 367}
"""The most rows of one member that a window is added up from."""


@pytest.fixture
async def year(tmp_path: Path) -> AsyncIterator[tuple[Database, Path]]:
    path = tmp_path / "registry.sqlite3"
    database = await opened(f"sqlite:///{path}", IDS)
    try:
        await fill_year(database, IDS, NOON)
        yield database, path
    finally:
        await database.aclose()


@contextmanager
def counting(database: Database) -> Iterator[list[int]]:
    """Count the rows each query gives."""
    counted: list[int] = []

    def count(_: Any, cursor: Any, *rest: Any) -> None:
        counted.append(len(cursor._rows))

    engine = database._engine.sync_engine
    event.listen(engine, "after_cursor_execute", count)
    yield counted
    event.remove(engine, "after_cursor_execute", count)


async def rows_of(
    database: Database, read: Callable[[HealthStore, Collection[str]], Awaitable[Any]], ids: int
) -> tuple[int, int]:
    """Give how many rows are read of so many members, and the most of one query."""
    store = HealthStore(database, now=lambda: NOON + timedelta(minutes=1))
    with counting(database) as counted:
        found = await read(store, IDS[:ids])
    assert len(found) == ids
    return sum(counted), max(counted)


@pytest.mark.timeout(300)
async def test_a_year_of_two_hundred_members_is_small_and_little_of_it_is_read(
    year: tuple[Database, Path],
) -> None:
    database, path = year
    assert LARGEST / 3 < size_of(path) < LARGEST, "what is stated is near what it is"
    for window in Window:
        for moment in (NOON, NOON.replace(hour=23, minute=31, second=59), NOON.replace(hour=0)):
            store = HealthStore(database, now=lambda moment=moment: moment)
            with counting(database) as counted:
                await store.figures(window, member_ids=IDS)
            assert sum(counted) <= MOST_ROWS[window] * len(IDS)
            assert max(counted) < 12_000, "no query holds more than a part of the members"

    async def half_hours(store: HealthStore, ids: Collection[str]) -> Any:
        since = NOON - timedelta(hours=24)
        return await store.buckets(Tier.HALF_HOUR, since, member_ids=ids)

    few, most = await rows_of(database, half_hours, 50)
    many, same = await rows_of(database, half_hours, 200)
    assert (few, many) == (50 * 48, 200 * 48)
    assert most == same, "more members are more queries and no longer ones"
