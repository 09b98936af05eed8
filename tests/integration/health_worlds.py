"""Members whose every check is made up and remembered, to compare what is read with what happened.

world = World(members=5, every_s=300, seed=1)
async with registry_of(url, world.ids) as database: ...
"""

from __future__ import annotations

import random
from array import array
from bisect import bisect_left
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from math import ceil

from registry.database import Database
from registry.health import Check, Phase, Result
from registry.history import Histogram, Uptime, Window
from registry.steward import Steward
from registry.store import RegistryStore

EPOCH = datetime(2025, 3, 1, 7, 23, 41, tzinfo=UTC)
"""No round moment: buckets begin and end inside."""
RESULTS = tuple(Result)
SLOWEST_MS = 120_000.0
"""Beyond what histograms tell apart."""


@asynccontextmanager
async def registry_of(url: str, ids: Sequence[str]) -> AsyncIterator[Database]:
    """A registry that has these members."""
    database = Database(url)
    await database.start()
    try:
        store = RegistryStore(database)
        steward = Steward(store, changed=store.refresh)
        for member_id in ids:
            await steward.add({"id": member_id, "url": address_of(member_id)}, by="operator:ann")
        yield database
    finally:
        await database.aclose()


def address_of(member_id: str) -> str:
    return f"https://{member_id}.example.org/beacon/api"


@dataclass
class Raw:
    """All that happened to one member, in the order it did."""

    at: array[float] = field(default_factory=lambda: array("d"))
    result: array[int] = field(default_factory=lambda: array("b"))
    ms: array[float] = field(default_factory=lambda: array("d"))

    def uptime(self, since: float) -> Uptime:
        results = self.result[bisect_left(self.at, since) :]
        return Uptime(*(results.count(RESULTS.index(one)) for one in _OF_UPTIME))

    def times(self, since: float) -> list[float]:
        first = bisect_left(self.at, since)
        up = RESULTS.index(Result.UP)
        return sorted(
            ms
            for result, ms in zip(self.result[first:], self.ms[first:], strict=True)
            if result == up
        )


_OF_UPTIME = (Result.UP, Result.DOWN, Result.UNKNOWN, Result.PAUSED)


class Member:
    """One that is up, down, slow or paused for a while at random."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._mood, self._left = Result.UP, 0
        self._usual_ms = chance.choice([40.0, 180.0, 900.0, 4_000.0])
        self._spread = chance.choice([0.1, 0.5, 1.2])
        self.raw = Raw()

    def check(self, at: datetime) -> Check:
        chance = self._chance
        if self._left == 0:
            self._mood = chance.choices(_OF_UPTIME, (90, 6, 2, 2))[0]
            self._left = chance.randrange(1, 40) * (20 if self._mood is Result.UP else 1)
        self._left -= 1
        is_lost = self._mood is Result.UP and chance.random() < 0.01
        result = Result.DOWN if is_lost else self._mood
        ms = min(SLOWEST_MS, self._usual_ms * chance.lognormvariate(0, self._spread))
        self.raw.at.append(at.timestamp())
        self.raw.result.append(RESULTS.index(result))
        self.raw.ms.append(ms)
        if result is Result.UP:
            return Check(at, result, elapsed_ms=ms, status=200)
        if result is Result.DOWN:
            return Check(at, result, Phase.CONNECT, message="connection refused", elapsed_ms=ms)
        return Check(at, result)


class World:
    """Members that are checked every `every_s` seconds, each at its own moment."""

    def __init__(self, *, members: int, every_s: float, seed: int) -> None:
        self.seed = seed
        self._chance = random.Random(seed)
        self._every_s = every_s
        self.members = {
            f"member-{number}": Member(random.Random(self._chance.random()))
            for number in range(members)
        }

    @property
    def ids(self) -> list[str]:
        return list(self.members)

    def checks(self, begin: datetime, length: timedelta) -> Iterator[tuple[str, Check]]:
        """Make every check of a span of time, in no particular order of members."""
        for member_id, member in self.members.items():
            seconds = self._chance.random() * self._every_s
            while seconds < length.total_seconds():
                yield member_id, member.check(begin + timedelta(seconds=seconds))
                seconds += self._every_s * (0.9 + 0.2 * self._chance.random())


def begins(window: Window, now: datetime) -> float:
    """Say where a window begins, worked out anew: its first bucket counts whole."""
    length_s = {Window.DAY: 60, Window.WEEK: 1800, Window.MONTH: 3600, Window.YEAR: 86400}[window]
    days = {Window.DAY: 1, Window.WEEK: 7, Window.MONTH: 30, Window.YEAR: 365}[window]
    return (now - timedelta(days=days)).timestamp() // length_s * length_s


def exact(times: Sequence[float], share: float) -> float | None:
    """Give the time that this share of all does not exceed."""
    return times[ceil(share * len(times)) - 1] if times else None


def is_near(found: float | None, wanted: float | None) -> bool:
    """Whether a quantile is as right as a histogram promises."""
    if found is None or wanted is None:
        return found is wanted
    return abs(found / wanted - 1) <= Histogram.ERROR + 1e-9
