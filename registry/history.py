"""The history of checks and questions: buckets of four lengths, and what is read from them. Pure.

Every check is counted in one bucket of each length, so that the lengths always agree, nothing has
to be rolled up later, and a window is added up from few; old buckets are dropped. Times are kept
as histograms, whose quantiles are right to within `Histogram.ERROR`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from math import floor, log2
from typing import Final


@dataclass(frozen=True, slots=True)
class Uptime:
    """How the checks of a span of time ended."""

    up: int = 0
    down: int = 0
    unknown: int = 0
    paused: int = 0

    @property
    def checks(self) -> int:
        """The checks that count: those that say something of the member."""
        return self.up + self.down

    @property
    def share(self) -> float | None:
        """Up of those that count, from 0 to 1; None where none does."""
        return self.up / self.checks if self.checks else None

    def __add__(self, other: "Uptime") -> "Uptime":
        return Uptime(
            self.up + other.up,
            self.down + other.down,
            self.unknown + other.unknown,
            self.paused + other.paused,
        )


class Kind(StrEnum):
    """Whose facts a bucket holds: checks of ours and real questions are different facts."""

    CHECK = "check"
    QUESTION = "question"


class Tier(StrEnum):
    """The lengths of buckets."""

    MINUTE = "minute"
    HALF_HOUR = "half_hour"
    HOUR = "hour"
    DAY = "day"

    @property
    def length(self) -> timedelta:
        """How much time one bucket holds."""
        return _LENGTHS[self]

    @property
    def kept(self) -> timedelta:
        """How long buckets are kept."""
        return _KEPT[self]

    def oldest(self, now: datetime) -> int:
        """Give the second since 1970 at which the oldest bucket that is kept begins."""
        return self.start_of(now - self.kept)

    def start_of(self, at: datetime) -> int:
        """Give the second since 1970 at which the bucket of a moment begins."""
        seconds = int(at.timestamp())
        return seconds - seconds % int(self.length.total_seconds())

    def end_of(self, now: datetime) -> int:
        """Give the second since 1970 at which the last bucket ends that can be of `now`.

        The clock of another process may be a little ahead.
        """
        return self.start_of(now + AHEAD) + int(self.length.total_seconds())


AHEAD: Final = timedelta(minutes=5)
"""So far ahead of each other the clocks of processes may be."""
_LENGTHS: Final = {
    Tier.MINUTE: timedelta(minutes=1),
    Tier.HALF_HOUR: timedelta(minutes=30),
    Tier.HOUR: timedelta(hours=1),
    Tier.DAY: timedelta(days=1),
}
_KEPT: Final = {
    Tier.MINUTE: timedelta(hours=25),
    Tier.HALF_HOUR: timedelta(days=8),
    Tier.HOUR: timedelta(days=32),
    Tier.DAY: timedelta(days=400),
}


class Window(StrEnum):
    """The spans of time that are told of; they end now."""

    DAY = "24h"
    WEEK = "7d"
    MONTH = "30d"
    YEAR = "1y"

    @property
    def length(self) -> timedelta:
        """How long it is."""
        return _WINDOWS[self][0]

    @property
    def tier(self) -> Tier:
        """The buckets it begins with; its first one counts whole."""
        return _WINDOWS[self][1]

    def spans(self, now: datetime) -> tuple["Span", ...]:
        """Give the buckets to add up, the longest that fit, so that few have to be read.

        All lengths count the same, so the sum is that of the window's own tier. What a clock that
        was ahead has written of later days is in none.
        """
        start = self.tier.start_of(now - self.length)
        found: list[Span] = []
        tiers = list(Tier)
        for tier, longer in pairwise(tiers[tiers.index(self.tier) :]):
            length = int(longer.length.total_seconds())
            end = -(-start // length) * length
            if end > start:
                found.append(Span(tier, start, end))
            start = end
        return (*found, Span(Tier.DAY, start, Tier.DAY.end_of(now)))


_WINDOWS: Final = {
    Window.DAY: (timedelta(hours=24), Tier.MINUTE),
    Window.WEEK: (timedelta(days=7), Tier.HALF_HOUR),
    Window.MONTH: (timedelta(days=30), Tier.HOUR),
    Window.YEAR: (timedelta(days=365), Tier.DAY),
}


@dataclass(frozen=True, slots=True)
class Span:
    """Buckets of one length that follow each other."""

    tier: Tier
    start: int
    """Where the first begins, in seconds since 1970."""
    end: int
    """Where the last ends."""


_STEPS: Final = 8
"""Buckets of a histogram for each doubling."""
_LAST: Final = 17 * _STEPS
"""The last bucket: 131 s and more."""


class Histogram:
    """How often which times came, in logarithmic buckets from 1 ms to 131 s."""

    ERROR: Final = 2 ** (1 / (2 * _STEPS)) - 1
    """How much a quantile can be off, relatively, between 1 ms and 131 s: 4.4 percent."""

    __slots__ = ("counts",)

    def __init__(self, counts: Mapping[int, int] | None = None) -> None:
        self.counts: dict[int, int] = dict(counts or {})

    def add(self, elapsed_ms: float, times: int = 1) -> None:
        """Count a time in milliseconds."""
        at = min(_LAST, max(0, floor(log2(elapsed_ms) * _STEPS))) if elapsed_ms > 1 else 0
        self.counts[at] = self.counts.get(at, 0) + times

    def take_in(self, other: "Histogram") -> None:
        """Add another histogram to this one."""
        for at, number in other.counts.items():
            self.counts[at] = self.counts.get(at, 0) + number

    @property
    def total(self) -> int:
        """How many times were counted."""
        return sum(self.counts.values())

    def quantile(self, share: float) -> float | None:
        """Give the time in milliseconds that this share of all does not exceed; None of nothing."""
        total = self.total
        if not total:
            return None
        wanted, seen = share * total, 0
        for at in sorted(self.counts):
            seen += self.counts[at]
            if seen >= wanted:
                return float(2 ** ((at + 0.5) / _STEPS))
        raise AssertionError("the last bucket reaches the total")

    def take_in_written(self, written: bytes) -> None:
        """Add what `encode` wrote to this one, without making another."""
        counts, rest = self.counts, iter(written)
        for at in rest:
            number = shift = 0
            for byte in rest:
                number |= (byte & 0x7F) << shift
                shift += 7
                if byte < 0x80:
                    break
            counts[at] = counts.get(at, 0) + number

    def encode(self) -> bytes:
        """Write it short: pairs of bucket and number, numbers of seven bits to a byte."""
        made = bytearray()
        for at, number in sorted(self.counts.items()):
            made.append(at)
            while number >= 0x80:
                made.append(number & 0x7F | 0x80)
                number >>= 7  # noqa: PLW2901 - what is left of it
            made.append(number)
        return bytes(made)

    @classmethod
    def decode(cls, written: bytes) -> "Histogram":
        """Read what `encode` wrote."""
        made = cls()
        made.take_in_written(written)
        return made

    @classmethod
    def joined(cls, parts: Iterable["Histogram"]) -> "Histogram":
        """Give the sum of several."""
        made = cls()
        for part in parts:
            made.take_in(part)
        return made


@dataclass(slots=True)
class Bucket:
    """What happened to one member in one span of time."""

    member_id: str
    kind: Kind
    tier: Tier
    start: int
    """Seconds since 1970."""
    uptime: Uptime
    """Of questions: answered is up, failed is down, and of these what was cut off is unknown too:
    it ran out of time before `objectives.WITHIN_S` was over."""
    timed_out: int
    """Of what failed, for questions."""
    slow: int
    """Of what was answered: what took longer than the operator calls slow."""
    times: Histogram
    """Of what was answered."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What is told of one member over one window."""

    uptime: Uptime = Uptime()
    slow: int = 0
    timed_out: int = 0
    p50_ms: float | None = None
    p95_ms: float | None = None
    p99_ms: float | None = None
