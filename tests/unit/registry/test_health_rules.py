"""How checks become states: laws over every row of checks, and the traits with their width."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.health import (
    Check,
    Happening,
    QuestionFacts,
    Result,
    Rules,
    Standing,
    State,
    Trait,
    after,
    is_silent,
)

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
LETTERS = {"U": Result.UP, "D": Result.DOWN, "?": Result.UNKNOWN, "P": Result.PAUSED}
ROWS = st.text("UUUDDD?P", max_size=60)
RULES = Rules(gap=timedelta(days=1))
"""Rows of checks that say nothing may be long."""


def check(at, letter, ms=100.0):
    return Check(NOON + timedelta(minutes=at), LETTERS[letter], elapsed_ms=ms)


def live(row, standing=None, rules=RULES, ms=100.0):
    """Go through a row of checks; gives every standing with what led to it."""
    standing = standing or Standing()
    told = []
    for at, letter in enumerate(row):
        standing, changes = after(standing, check(at, letter, ms), rules)
        told.append((standing, changes))
    return told


def last(row, **rest):
    return live(row, **rest)[-1][0]


def that_count(row):
    """The checks since the last pause that say something of the member."""
    return row.rpartition("P")[2].replace("?", "")


@given(ROWS)
def test_down_begins_with_three_failures_in_a_row_and_with_nothing_less(row):
    for at, (standing, changes) in enumerate(live(row)):
        went = [one for one in changes if one.happening is Happening.WENT_DOWN]
        seen = that_count(row[: at + 1])
        if went:
            assert seen.endswith("DDD")
        if seen.endswith("DDD"):
            assert standing.state is State.DOWN
        if standing.state is State.DOWN:
            assert "DDD" in seen
            assert not seen.endswith("UU")


@given(ROWS)
def test_ups_and_downs_take_turns_and_nothing_ends_before_it_began(row):
    events = [
        one
        for _, changes in live(row)
        for one in changes
        if one.happening in {Happening.WENT_DOWN, Happening.CAME_UP}
    ]
    was = Happening.CAME_UP
    at = NOON
    for one in events:
        if one.happening is Happening.CAME_UP:
            assert was is Happening.WENT_DOWN
        assert at <= one.at <= one.known_at
        was, at = one.happening, one.at


@given(ROWS)
def test_what_says_nothing_changes_nothing_but_the_last_look(row):
    if "P" in row or not row:
        return
    with_unknown = last(row + "??")
    without = last(row)
    kept = ("state", "since", "failures", "successes", "run_began", "cause", "recent", "traits")
    for name in kept:
        assert getattr(with_unknown, name) == getattr(without, name)
    assert with_unknown.last.result is Result.UNKNOWN


@given(ROWS)
def test_a_pause_forgets_the_row_and_calls_nobody_down(row):
    standing = last(row + "P")
    assert standing.state is State.PAUSED
    assert (standing.failures, standing.successes, standing.cause) == (0, 0, None)
    assert not standing.traits
    assert last(row + "PDD").state is State.UNKNOWN


@pytest.mark.parametrize("row", ["UUUDUUU", "UUUDDUUU", "D", "DD", "?????", "UD?D?"])
def test_one_lost_check_is_no_outage(row):
    told = live(row)
    assert all(standing.state is not State.DOWN for standing, _ in told)
    assert not any(changes for _, changes in told)


GAP = timedelta(minutes=5)


@pytest.mark.parametrize("between", ["", "?" * 9])
def test_failures_with_a_long_time_between_them_are_no_row(between):
    rules = Rules(gap=GAP)
    standing = last("UDD", rules=rules)
    later = [(3 + at, letter) for at, letter in enumerate(between)]
    for at, letter in (*later, (60, "D"), (61, "D")):
        standing, changes = after(standing, check(at, letter), rules)
        assert not changes
    assert (standing.state, standing.failures) == (State.UP, 2)
    standing, (change,) = after(standing, check(62, "D"), rules)
    assert (change.at, change.check) == (NOON + timedelta(minutes=60), check(60, "D"))


def test_an_outage_that_is_told_goes_on_over_a_long_time():
    rules = Rules(gap=GAP)
    standing = last("UDDD", rules=rules)
    for at in (60, 120):
        standing, changes = after(standing, check(at, "D"), rules)
        assert not changes
    assert (standing.state, standing.since) == (State.DOWN, NOON + timedelta(minutes=1))
    assert (standing.failures, standing.cause) == (5, check(1, "D"))
    standing, _ = after(standing, check(180, "U"), rules)
    _, (change,) = after(standing, check(240, "U"), rules)
    assert change.happening is Happening.CAME_UP, "one that is let alone long comes back too"


def test_it_is_known_since_when_a_member_was_always_found_up():
    moments = [standing.steady for standing, _ in live("UU?UUDUDDDUUUPU")]
    began = [None if one is None else round((one - NOON).total_seconds() / 60) for one in moments]
    n = None
    assert began == [0, 0, n, 3, 3, n, 6, n, n, n, n, 11, 11, n, 14]


def test_an_outage_began_with_its_first_failure_and_is_told_by_it():
    told = live("UUD?DD")
    (change,) = told[-1][1]
    assert change.at == NOON + timedelta(minutes=2)
    assert change.known_at == NOON + timedelta(minutes=5)
    assert change.check == check(2, "D")
    assert told[-1][0].since == change.at


def test_an_outage_ends_with_the_first_of_two_successes():
    told = live("DDDUDU?U")
    (change,) = told[-1][1]
    assert (change.happening, change.at) == (Happening.CAME_UP, NOON + timedelta(minutes=5))
    assert change.known_at == NOON + timedelta(minutes=7)


def test_thresholds_are_the_operators():
    rules = Rules(failures_down=1, successes_up=1)
    states = [standing.state for standing, _ in live("UDU", rules=rules)]
    assert states == [State.UP, State.DOWN, State.UP]


def test_slow_needs_three_answers_and_ends_only_clearly_faster():
    slow = last("UU", ms=6_000.0)
    assert Trait.SLOW not in slow.traits
    slow = last("UUU", ms=6_000.0)
    assert slow.traits == {Trait.SLOW}
    nearly = last("U" * 20, standing=slow, ms=4_500.0)
    assert Trait.SLOW in nearly.traits, "between 80 percent and all of it, it stays"
    assert Trait.SLOW not in last("U" * 20, standing=slow, ms=3_900.0).traits
    assert Trait.SLOW not in last("U" * 20, ms=4_500.0).traits


def test_a_slow_member_that_is_down_did_not_become_faster():
    slow = last("UUU", ms=6_000.0)
    told = live("D" * 30, standing=slow)
    assert Trait.SLOW in told[-1][0].traits
    names = [one.happening for _, changes in told for one in changes]
    assert names == [Happening.WENT_DOWN]


def test_one_slow_answer_is_not_slow():
    standing = last("U" * 10)
    standing = last("U", standing=standing, ms=60_000.0)
    assert not standing.traits


def test_flapping_begins_with_many_changes_and_ends_with_few():
    standing = last("UUU" + "DU" * 3)
    assert standing.traits == {Trait.FLAPPING}
    assert standing.state is State.UP, "never three failures in a row"
    named = [Trait.FLAPPING in one.traits for one, _ in live("U" * 20, standing=standing)]
    assert named[0]
    assert not named[-1]
    assert named == sorted(named, reverse=True), "it ends once"


@given(st.integers(0, 50), st.integers(0, 50), st.integers(0, 50), st.booleans())
def test_silent_is_kept_wherever_it_would_begin(answered, failed, late, was):
    facts = QuestionFacts(answered, failed, min(late, failed))
    assert is_silent(facts, was=True) or not is_silent(facts, was=False)
    if is_silent(facts, was=was):
        assert facts.timed_out > 0


@pytest.mark.parametrize(
    ("facts", "begins", "stays"),
    [
        ((0, 4, 4), False, True),
        ((2, 3, 3), True, True),
        ((3, 2, 2), False, True),
        ((9, 1, 1), False, False),
        ((0, 9, 0), False, False),
        ((0, 0, 0), False, False),
    ],
)
def test_silent_has_a_width(facts, begins, stays):
    assert is_silent(QuestionFacts(*facts), was=False) is begins
    assert is_silent(QuestionFacts(*facts), was=True) is stays
