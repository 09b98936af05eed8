"""What a year of 200 members' health costs: the size of the store, and what pages read of it."""

import random
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from registry.database import Change, Database
from registry.health import Check, Result, Rules
from registry.health_book import HealthBook
from registry.health_rows import bucket_values, upsert
from registry.health_store import HealthStore
from registry.health_tables import BUCKETS
from registry.history import Bucket, Histogram, Kind, Tier, Uptime, Window
from registry.steward import Steward
from registry.store import RegistryStore

MEMBERS = 200
NOON = datetime(2026, 11, 21, 12, 0, 30, tzinfo=UTC)
READS = 5

Ticker = Callable[[], Any]


async def measure(ticker: Ticker) -> dict[str, float]:
    """Measure everything, printing as it goes; `ticker` makes a watch on the loop's stalls."""
    ids = [f"member-{number}" for number in range(MEMBERS)]
    with tempfile.TemporaryDirectory(prefix="health-") as folder:
        path = Path(folder) / "registry.sqlite3"
        database = await opened(f"sqlite:///{path}", ids)
        try:
            rows = await fill_year(database, ids, NOON)
            size = size_of(path)
            print(
                f"a year of {MEMBERS} members' checks and questions: {size / 2**20:.0f} MiB in "
                f"{rows:,} rows (aim < 80)"
            )
            results = {"health_year_mib": round(size / 2**20, 1)}
            return results | await _reads(database, ticker) | await _writes(database, ids)
        finally:
            await database.aclose()


async def opened(url: str, ids: Sequence[str]) -> Database:
    """Open a new registry that has these members."""
    database = Database(url)
    await database.start()
    store = RegistryStore(database)
    steward = Steward(store, changed=store.refresh)
    for member_id in ids:
        document = {"id": member_id, "url": f"https://{member_id}.example.org/beacon/api"}
        await steward.add(document, by="operator")
    return database


def size_of(path: Path) -> int:
    """Say how large a registry is, in bytes, with what is not in its file yet."""
    return sum(one.stat().st_size for one in path.parent.glob(f"{path.name}*"))


async def fill_year(database: Database, ids: Sequence[str], now: datetime) -> int:
    """Write every bucket a year of checks each minute and many questions leaves; gives how many.

    In the order in which time makes them, which is the largest a file can become.
    """
    chance, number = random.Random(7), 0
    put = upsert(BUCKETS)
    rows: list[dict[str, Any]] = []

    async def write(change: Change) -> None:
        await change.connection.execute(put, rows)

    for row in _rows(ids, now, chance):
        rows.append(row)
        if len(rows) == 20_000:
            await database.change(write, is_news=False)
            number, rows = number + len(rows), []
    await database.change(write, is_news=False)
    return number + len(rows)


def _rows(ids: Sequence[str], now: datetime, chance: random.Random) -> Iterator[dict[str, Any]]:
    for tier in Tier:
        length = int(tier.length.total_seconds())
        checks = [_sample(Kind.CHECK, tier, length // 60, chance) for _ in range(50)]
        asked = [_sample(Kind.QUESTION, tier, max(1, length // 600), chance) for _ in range(50)]
        for start in range(tier.oldest(now), int(now.timestamp()), length):
            for number, member_id in enumerate(ids):
                key = {"member_id": member_id, "start": start}
                yield checks[(start // length + number) % 50] | key
                if tier is not Tier.MINUTE or chance.random() < 0.1:
                    yield asked[(start // length + number) % 50] | key


def _sample(kind: Kind, tier: Tier, number: int, chance: random.Random) -> dict[str, Any]:
    times = Histogram()
    usual = chance.choice([40.0, 180.0, 900.0, 4_000.0])
    for _ in range(number):
        times.add(usual * chance.lognormvariate(0, 0.5))
    return bucket_values(Bucket("", kind, tier, 0, Uptime(up=number), 0, 0, times), None)


async def _reads(database: Database, ticker: Ticker) -> dict[str, float]:
    """What /health reads: three windows and 48 half-hours of everybody."""
    results: dict[str, float] = {}
    for name, windows in (("page", (Window.DAY, Window.WEEK, Window.MONTH)), ("year", [*Window])):
        took, stalls = [], []
        for _ in range(READS):
            store = HealthStore(database, now=lambda: NOON)
            watch = ticker()
            async with watch:
                began = time.perf_counter()
                for window in windows:
                    figures = await store.figures(window)
                    assert len(figures) == MEMBERS
                await store.buckets(Tier.HALF_HOUR, NOON - timedelta(hours=24))
                took.append(time.perf_counter() - began)
            stalls.append(watch.longest_s)
        seconds, stall = sorted(took)[READS // 2], sorted(stalls)[READS // 2]
        results |= {f"health_{name}_s": round(seconds, 3), f"health_{name}_stall_ms": 1000 * stall}
        print(
            f"what /health reads of {MEMBERS} members, {len(windows)} windows: {seconds:.2f} s, "
            f"longest stall {1000 * stall:.0f} ms (aim < 20)"
        )
    return results


async def _writes(database: Database, ids: Sequence[str]) -> dict[str, float]:
    """One second of checks, written to the disk; and an hour's pruning."""
    store = HealthStore(database, now=lambda: NOON)
    book = HealthBook(Rules(), now=lambda: NOON)
    took = []
    for round_ in range(60):
        for member_id in ids[round_ * 3 : round_ * 3 + 4]:
            book.checked(member_id, "here", Check(NOON, Result.UP, elapsed_ms=180.0))
        began = time.perf_counter()
        await store.write(book.drain())
        took.append(1000 * (time.perf_counter() - began))
    later = HealthStore(database, now=lambda: NOON + timedelta(hours=1))
    began = time.perf_counter()
    await later.prune()
    pruned = time.perf_counter() - began
    written = sorted(took)[len(took) // 2]
    print(f"writing 4 checks: {written:.1f} ms; pruning: {pruned:.2f} s")
    return {"health_write_ms": round(written, 2), "health_prune_s": round(pruned, 2)}
