"""Buckets, histograms and windows: what they promise, over everything that can come."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.history import Histogram, Span, Tier, Uptime, Window

MOMENTS = st.datetimes(
    min_value=datetime(2020, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    max_value=datetime(2100, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)
TIMES = st.floats(min_value=1.0, max_value=131_000.0)


def made(times):
    histogram = Histogram()
    for time in times:
        histogram.add(time)
    return histogram


@given(st.lists(TIMES, min_size=1), st.sampled_from([0.01, 0.5, 0.95, 0.99, 1.0]))
def test_a_quantile_is_right_to_within_the_stated_error(times, share):
    wanted = sorted(times)[ceil(share * len(times)) - 1]
    assert abs(made(times).quantile(share) / wanted - 1) <= Histogram.ERROR + 1e-9


def test_the_stated_error_is_that_of_eight_steps_for_each_doubling():
    assert 0.044 < Histogram.ERROR < 0.0443


@pytest.mark.parametrize(("time", "told"), [(0.0, 1.04), (-5.0, 1.04), (1e9, 136_875.05)])
def test_times_out_of_range_are_counted_at_its_ends(time, told):
    assert made([time]).quantile(0.5) == pytest.approx(told, rel=0.01)


def test_nothing_has_no_quantile():
    assert Histogram().quantile(0.5) is None


@given(st.dictionaries(st.integers(0, 136), st.integers(1, 2**40)))
def test_what_is_written_is_read_again(counts):
    written = Histogram(counts).encode()
    assert Histogram.decode(written).counts == counts


@given(st.lists(st.lists(TIMES, max_size=20), max_size=5))
def test_adding_written_histograms_counts_everything_once(parts):
    joined = Histogram()
    for part in parts:
        joined.take_in_written(made(part).encode())
    wanted = made([time for part in parts for time in part])
    assert joined.counts == wanted.counts
    assert Histogram.joined(map(made, parts)).counts == wanted.counts


def test_most_checks_of_a_minute_are_two_bytes():
    assert len(made([180.0]).encode()) == 2


@given(MOMENTS, st.sampled_from(Tier))
def test_a_bucket_holds_the_moments_it_is_said_to(at, tier):
    start, length = tier.start_of(at), tier.length.total_seconds()
    assert start <= at.timestamp() < start + length
    assert start % length == 0


@given(MOMENTS, st.sampled_from(Window))
def test_the_spans_of_a_window_hold_each_of_its_moments_once(now, window):
    spans = window.spans(now)
    assert spans[0].start == window.tier.start_of(now - window.length)
    for one, following in pairwise(spans):
        assert one.end == following.start
        assert one.end > one.start
    assert spans[-1].end - now.timestamp() <= 86_400 + 300
    assert spans[-1].end > (now + timedelta(minutes=4)).timestamp()
    for span in spans:
        length = span.tier.length.total_seconds()
        assert span.start % length == 0
        assert span.end % length == 0


@given(MOMENTS, st.sampled_from(Window))
def test_a_window_is_read_from_few_buckets_that_are_kept(now, window):
    spans = window.spans(now)
    wanted = {Window.DAY: 29 + 1 + 23 + 2, Window.WEEK: 1 + 23 + 8, Window.MONTH: 23 + 31}
    assert rows(spans, now) <= wanted.get(window, 366)
    for span in spans:
        assert span.start >= span.tier.oldest(now)


def rows(spans: tuple[Span, ...], now: datetime) -> float:
    return sum(
        ceil((min(span.end, now.timestamp()) - span.start) / span.tier.length.total_seconds())
        for span in spans
    )


def test_a_day_is_added_up_of_minutes_hours_and_today():
    now = datetime(2026, 3, 10, 14, 17, 12, tzinfo=UTC)

    def at(*moment):
        return int(datetime(2026, 3, *moment, tzinfo=UTC).timestamp())

    assert Window.DAY.spans(now) == (
        Span(Tier.MINUTE, at(9, 14, 17), at(9, 14, 30)),
        Span(Tier.HALF_HOUR, at(9, 14, 30), at(9, 15)),
        Span(Tier.HOUR, at(9, 15), at(10)),
        Span(Tier.DAY, at(10), at(11)),
    )


def test_uptime_counts_what_says_something_of_the_member():
    assert Uptime(up=3, down=1, unknown=5, paused=7).share == 0.75
    assert Uptime(unknown=5, paused=7).share is None
    assert Uptime(1, 2, 3, 4) + Uptime(10, 20, 30, 40) == Uptime(11, 22, 33, 44)


def test_more_is_kept_than_windows_need():
    for window in Window:
        assert window.tier.kept > window.length + timedelta(minutes=10)
