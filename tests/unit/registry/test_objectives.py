"""ELIXIR's targets and what a member may still miss of them this month."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.api.objective_words import percent, sentence_of, title_of
from registry.history import Bucket, Histogram, Kind, Tier, Uptime
from registry.objectives import (
    TARGET,
    Objective,
    ObjectiveName,
    available,
    is_cut_off,
    month_of,
    objectives,
    quick,
)

MAY_11 = datetime(2026, 5, 11, tzinfo=UTC)
"""Ten of the 31 days are over."""
DAYS = 86_400


def after_ten_days(down: int, **rest: int) -> Objective:
    """A check every minute of the first ten days of May."""
    up = 10 * DAYS // 60 - down - sum(rest.values())
    return available(Uptime(up=up, down=down, **rest), every_s=60, now=MAY_11)


def times(*elapsed_ms: float) -> Histogram:
    made = Histogram()
    for one in elapsed_ms:
        made.add(one)
    return made


def test_a_month_is_that_of_the_calendar() -> None:
    assert month_of(MAY_11) == (datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC))
    december = datetime(2026, 12, 31, 23, 59, tzinfo=UTC)
    assert month_of(december)[1] == datetime(2027, 1, 1, tzinfo=UTC)
    # still April in UTC
    elsewhere = datetime(2026, 5, 1, 1, tzinfo=timezone(timedelta(hours=2)))
    assert month_of(elsewhere)[0] == datetime(2026, 4, 1, tzinfo=UTC)


def test_without_an_outage_the_whole_budget_is_left() -> None:
    found = after_ten_days(0)
    assert found.reached == 1
    assert found.budget_left == 1
    # half a percent of 31 days
    assert found.minutes_allowed == pytest.approx(223.2)
    assert found.minutes_left == found.minutes_allowed
    assert found.is_met


def test_an_outage_uses_its_minutes() -> None:
    found = after_ten_days(100)
    assert found.minutes_left == pytest.approx(123.2)
    assert found.budget_left == pytest.approx(123.2 / 223.2)
    assert found.reached == pytest.approx(1 - 100 / 14_400)
    # 99.3 % so far, and still to be reached until the end of the month
    assert found.is_met is False


def test_what_is_spent_and_more_is_below_nothing() -> None:
    found = after_ten_days(300)
    assert found.minutes_left == pytest.approx(-76.8)
    assert found.budget_left is not None
    assert found.budget_left < 0


def test_what_says_nothing_of_the_member_counts_for_nobody() -> None:
    found = after_ten_days(0, unknown=1_000, paused=3_400)
    assert found.counted == 10_000
    # half a percent of the 10,000 minutes that were checked and of the 21 days to come
    assert found.minutes_allowed == pytest.approx(0.005 * (10_000 + 21 * 1440))


def test_who_joined_late_has_a_smaller_budget() -> None:
    found = available(Uptime(up=60), every_s=60, now=MAY_11)
    assert found.minutes_allowed == pytest.approx(0.005 * (60 + 21 * 1440))


@pytest.mark.parametrize("uptime", [Uptime(), Uptime(unknown=5, paused=9)])
def test_where_nothing_is_known_nothing_is_said(uptime: Uptime) -> None:
    found = available(uptime, every_s=60, now=MAY_11)
    assert (found.reached, found.budget_left, found.minutes_left, found.is_met) == (None,) * 4
    assert sentence_of(found) == "Nothing was checked this month."


def test_where_checks_are_off_the_budget_is_not_known() -> None:
    found = available(Uptime(up=9, down=1), every_s=0, now=MAY_11)
    assert found.reached == 0.9
    assert found.budget_left is None
    assert sentence_of(found) == "90 % of 10 checks were answered this month."


@given(st.integers(1, 40_000), st.integers(0, 40_000), st.integers(0, 31 * DAYS - 1))
def test_at_the_end_of_the_month_a_budget_is_left_if_the_target_is_reached(
    up: int, down: int, second: int
) -> None:
    last = available(Uptime(up, down), every_s=60, now=datetime(2026, 6, 1, tzinfo=UTC)
                     - timedelta(microseconds=1))  # fmt: skip
    assert last.budget_left is not None
    if abs(last.reached - TARGET) > 1e-4:  # type: ignore[operator]
        assert (last.budget_left > 0) is last.is_met
    before = available(
        Uptime(up, down),
        every_s=60,
        now=datetime(2026, 5, 1, tzinfo=UTC) + timedelta(seconds=second),
    )
    assert before.budget_left is not None
    assert before.budget_left >= last.budget_left


def test_answers_within_the_limit_are_quick() -> None:
    found = quick(times(*[100.0] * 990, *[29_900.0] * 6, *[31_000.0] * 2), timed_out=2)
    assert (found.good, found.counted) == (996, 1000)
    assert found.budget_left == pytest.approx(0.2)
    assert found.is_met


@pytest.mark.parametrize(("elapsed_s", "said"), [(4.0, True), (29.8, True), (29.95, False)])
def test_what_was_given_up_early_says_nothing(elapsed_s: float, said: bool) -> None:
    assert is_cut_off(elapsed_s) is said


def test_of_questions_that_were_all_given_up_early_nothing_is_known() -> None:
    found = quick(Histogram(), timed_out=4, cut_off=4)
    assert (found.good, found.counted, found.cut_off) == (0, 0, 4)
    assert (found.reached, found.budget_left, found.is_met) == (None, None, None)
    assert sentence_of(found) == (
        "All 4 questions of this month were given up before 30 s: whether their answers would "
        "have come in time is not known."
    )
    assert sentence_of(quick(Histogram(), 1, 1)).startswith("The 1 question of this month was")


@pytest.mark.parametrize(
    ("good", "late", "cut_off", "is_met"),
    [
        (1_000, 0, 5, True),  # 99.5 % whatever became of the five
        (1_000, 0, 6, None),
        (996, 5, 1, None),  # 997 of 1,002 would be enough, and 996 are not
        (10, 4, 800, None),
        (10, 4, 600, False),  # even if all were in time
    ],
)
def test_a_target_is_judged_only_where_what_is_not_known_changes_nothing(
    good: int, late: int, cut_off: int, is_met: bool | None
) -> None:
    found = quick(times(*[100.0] * good), timed_out=late + cut_off, cut_off=cut_off)
    assert found.counted == good + late
    assert found.is_met is is_met
    assert found.budget_left is None
    assert "not known" in sentence_of(found)


def test_those_given_up_early_are_told_apart() -> None:
    assert sentence_of(quick(times(1.0), timed_out=4, cut_off=3)) == (
        "50 % of 2 questions were answered in time this month. 3 more were given up before 30 s: "
        "whether their answers would have come in time is not known."
    )
    assert "1 more was given up" in sentence_of(quick(times(1.0), 1, 1))


def test_of_who_was_asked_nothing_nothing_is_said() -> None:
    found = quick(Histogram(), 0)
    assert (found.reached, found.budget_left) == (None, None)
    assert sentence_of(found) == "It was asked nothing this month."


def test_days_are_added_up() -> None:
    def bucket(kind: Kind, day: int, uptime: Uptime, timed_out: int = 0) -> Bucket:
        return Bucket("m", kind, Tier.DAY, day * DAYS, uptime, timed_out, 0, times(50.0))

    checks = [bucket(Kind.CHECK, day, Uptime(up=10, down=1)) for day in range(3)]
    asked = [bucket(Kind.QUESTION, day, Uptime(up=1, down=1), timed_out=1) for day in range(2)]
    there, fast = objectives(checks, asked, every_s=60, now=MAY_11)
    assert (there.name, there.good, there.counted) == (ObjectiveName.AVAILABLE, 30, 33)
    assert (fast.name, fast.good, fast.counted) == (ObjectiveName.QUICK, 2, 4)


def test_sentences() -> None:
    assert title_of(after_ten_days(0)) == "Answers 99.5 % of checks in a calendar month"
    assert title_of(quick(times(1.0), 0)) == "Answers 99.5 % of questions within 30 s"
    assert sentence_of(after_ten_days(100)) == (
        "99.3 % of 14,400 checks were answered this month. "
        "55.19 % of the error budget is left: 123 minutes of outage of 223."
    )
    assert sentence_of(after_ten_days(300)) == (
        "97.91 % of 14,400 checks were answered this month. "
        "The error budget is spent: 77 minutes of outage too many."
    )
    assert sentence_of(quick(times(1.0), 1)) == (
        "50 % of 2 questions were answered in time this month. The error budget is spent."
    )


def test_a_share_is_never_rounded_up_to_all() -> None:
    assert [percent(each) for each in (1.0, 0.99999, 0.995, 0.29)] == [
        "100 %", "99.99 %", "99.5 %", "29 %",
    ]  # fmt: skip
