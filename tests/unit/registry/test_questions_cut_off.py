"""A question that was given up early is kept apart from one that was given the whole time."""

from datetime import UTC, datetime

import pytest

from registry.health import Rules
from registry.health_book import HealthBook
from registry.history import Kind, Tier
from registry.objectives import quick

AT = datetime(2026, 5, 3, 13, 5, tzinfo=UTC)


@pytest.mark.parametrize(("given_s", "missed", "cut_off"), [(4, 0, 2), (8, 0, 2), (30, 2, 0)])
def test_only_who_was_given_thirty_seconds_can_miss_them(
    given_s: float, missed: int, cut_off: int
) -> None:
    book = HealthBook(Rules(), now=lambda: AT)
    for _ in range(2):
        book.asked("m", at=AT, is_answered=False, timed_out=True, elapsed_ms=given_s * 1000)
    # what failed otherwise says nothing of speed, however long it took
    book.asked("m", at=AT, is_answered=False, timed_out=False, elapsed_ms=40_000)
    book.asked("m", at=AT, is_answered=True, timed_out=False, elapsed_ms=50)
    batch = book.drain()
    assert batch is not None
    (found,) = [one for one in batch.buckets if one.tier is Tier.DAY and one.kind is Kind.QUESTION]
    assert (found.uptime.up, found.uptime.down, found.timed_out) == (1, 3, 2)
    judged = quick(found.times, found.timed_out, found.uptime.unknown)
    assert (judged.good, judged.counted, judged.cut_off) == (1, 1 + missed, cut_off)
