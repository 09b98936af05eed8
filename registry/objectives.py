"""The service targets of ELIXIR's Beacon network as objectives of every member. Pure.

A beacon is to answer within 30 s and to be there for 99.5 % of a calendar month (UTC). What may go
wrong without missing a target is its error budget: of checks also told in minutes, each check
standing for the time until the next. What is paused or could not be found out counts for nobody. A
question that was given up before 30 s says nothing: perhaps its answer was about to come.
https://github.com/ga4gh-beacon/beacon-network (expectedOperations.md)
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

from registry.history import Bucket, Histogram, Uptime

TARGET: Final = 0.995
"""The share of checks, and of questions, that has to be good."""
WITHIN_S: Final = 30.0
"""How long an answer may take."""
_LEAST_S: Final = WITHIN_S - 0.1
"""Who was given so long was given all of it: a deadline of 30 s counts from a little before."""


class ObjectiveName(StrEnum):
    """What is promised."""

    AVAILABLE = "available"
    """Checks are answered."""
    QUICK = "quick"
    """Real questions are answered within `WITHIN_S`."""


@dataclass(frozen=True, slots=True)
class Objective:
    """One target, and how a calendar month has gone so far."""

    name: ObjectiveName
    target: float
    """The share that has to be good, from 0 to 1."""
    good: int
    counted: int
    """The checks or questions that say something."""
    budget_left: float | None
    """The share of what may go wrong that is left, below 0 where more did; None: not known."""
    minutes_allowed: float | None = None
    """How long an outage may last in the whole month, in minutes; None: not told in minutes."""
    minutes_left: float | None = None
    """How much of it is left; below 0: the target is missed by so much."""
    cut_off: int = 0
    """The questions that were given up too early to say anything; not among those counted."""

    @property
    def reached(self) -> float | None:
        """The share that was good so far, from 0 to 1; None: nothing was counted."""
        return self.good / self.counted if self.counted else None

    @property
    def is_met(self) -> bool | None:
        """Whether the target is met so far; None: it depends on what is not known."""
        needed = self.target * (self.counted + self.cut_off)
        if not self.counted or self.good < needed <= self.good + self.cut_off:
            return None
        return self.good >= needed


def month_of(now: datetime) -> tuple[datetime, datetime]:
    """Give the beginning of the calendar month of a moment, and that of the next (UTC)."""
    began = now.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return began, (began + timedelta(days=32)).replace(day=1)


def available(uptime: Uptime, *, every_s: float, now: datetime) -> Objective:
    """Judge the checks of this month; one check stands for `every_s` seconds (0: none are made).

    The budget is that of the time that was checked and of the rest of the month: who was paused,
    or joined in the middle, has as much less.
    """
    counted = uptime.checks
    if not counted or not every_s:
        return Objective(ObjectiveName.AVAILABLE, TARGET, uptime.up, counted, None)
    rest_s = (month_of(now)[1] - now).total_seconds()
    allowed_s = (1 - TARGET) * (counted * every_s + rest_s)
    left_s = allowed_s - uptime.down * every_s
    return Objective(
        ObjectiveName.AVAILABLE,
        TARGET,
        uptime.up,
        counted,
        budget_left=left_s / allowed_s,
        minutes_allowed=allowed_s / 60,
        minutes_left=left_s / 60,
    )


def is_cut_off(elapsed_s: float) -> bool:
    """Whether a question without an answer was given up too early to say anything of speed."""
    return elapsed_s < _LEAST_S


def quick(times: Histogram, timed_out: int, cut_off: int = 0) -> Objective:
    """Judge the real questions of this month by the times of those answered.

    `cut_off` are those of `timed_out` that were given up before the limit. Questions that failed
    otherwise say nothing of speed. The limit is that of the histogram's nearest bucket, 30.05 s.
    How many will be asked is not known: the budget is that of those that were, and not known where
    some were cut off.
    """
    good, cut_off = _within(times), min(cut_off, timed_out)
    counted = times.total + timed_out - cut_off
    left = None
    if counted and not cut_off:
        allowed = (1 - TARGET) * counted
        left = (allowed - (counted - good)) / allowed
    return Objective(ObjectiveName.QUICK, TARGET, good, counted, left, cut_off=cut_off)


def objectives(
    checks: Iterable[Bucket], questions: Iterable[Bucket], *, every_s: float, now: datetime
) -> tuple[Objective, ...]:
    """Judge one member by its buckets of this month; `every_s` is the time between checks."""
    asked = list(questions)
    uptime = sum((one.uptime for one in checks), Uptime())
    times = Histogram.joined(one.times for one in asked)
    return (
        available(uptime, every_s=every_s, now=now),
        quick(
            times,
            sum(one.timed_out for one in asked),
            sum(one.uptime.unknown for one in asked),
        ),
    )


def _within(times: Histogram) -> int:
    """Count the times that are in the limit's bucket or below."""
    limit = Histogram()
    limit.add(WITHIN_S * 1000)
    (last,) = limit.counts
    return sum(number for at, number in times.counts.items() if at <= last)
