"""The network's own parameters: how long, whom, and partial answers."""

import pytest

from aggregator.api.controls import read_controls
from aggregator.base.sections import QuerySettings
from aggregator.base.settings import load
from aggregator.engine.planner import Selection


@pytest.fixture(scope="module")
def settings() -> QuerySettings:
    return load().query  # deadline 10 s, at most 60 s


def controls(settings, prefer="", **parameters):
    given = {
        name: [value] if isinstance(value, str) else value for name, value in parameters.items()
    }
    return read_controls(given, prefer, settings)


def test_without_controls_the_defaults_hold(settings):
    read = controls(settings)
    assert (read.deadline_s, read.partial, read.selection) == (10, None, Selection())
    assert (read.problems, read.warnings) == ((), ())


# --- how long ---


@pytest.mark.parametrize(("wait", "seconds"), [("5", 5), ("0.5", 0.5), (" 7 ", 7), ("60", 60)])
def test_a_client_may_say_how_long_it_waits(settings, wait, seconds):
    read = controls(settings, wait=wait)
    assert (read.deadline_s, read.warnings) == (seconds, ())


@pytest.mark.parametrize("wait", ["all", "ALL"])
def test_waiting_for_all_is_waiting_as_long_as_allowed(settings, wait):
    read = controls(settings, wait=wait)
    assert (read.deadline_s, read.warnings) == (60, ())


def test_a_longer_wait_is_cut_with_a_warning(settings):
    read = controls(settings, wait="61")
    assert (read.deadline_s, read.warnings) == (60, ("wait: at most 60 s",))


@pytest.mark.parametrize("wait", ["0", "-1", "soon", "nan", "inf", "-inf", "1e999"])
def test_a_wait_that_is_none_is_a_problem(settings, wait):
    read = controls(settings, wait=wait)
    assert read.problems == ("wait: a number of seconds above 0, or all",)


@pytest.mark.parametrize(
    "prefer", ["wait=5", "respond-async, wait=5", "WAIT=5", 'wait="5"', "respond-async;wait = 5"]
)
def test_the_prefer_header_says_the_same(settings, prefer):
    assert controls(settings, prefer).deadline_s == 5


def test_the_address_wins_over_the_header(settings):
    assert controls(settings, "wait=5", wait="7").deadline_s == 7


def test_a_longer_preference_is_cut_too(settings):
    read = controls(settings, "wait=600")
    assert (read.deadline_s, read.warnings) == (60, ("wait: at most 60 s",))


@pytest.mark.parametrize("prefer", ["respond-async", "await=5", "wait", "wait=soon", ""])
def test_another_preference_changes_nothing(settings, prefer):
    read = controls(settings, prefer)
    assert (read.deadline_s, read.problems) == (10, ())


# --- partial answers ---


@pytest.mark.parametrize(
    ("value", "read"), [("allow", "allow"), ("Deny", "deny"), ("", None), (" allow ", "allow")]
)
def test_partial_answers_may_be_allowed_or_denied(settings, value, read):
    assert controls(settings, partial=value).partial == read


def test_another_word_for_partial_is_a_problem(settings):
    read = controls(settings, partial="yes")
    assert (read.partial, read.problems) == (None, ("partial: allow or deny",))


# --- whom ---


@pytest.mark.parametrize("ask", ["a,b", ["a", "b"], " a , b ,", ["a,b", "a"]])
def test_members_are_named_in_a_list_or_comma_list(settings, ask):
    assert controls(settings, ask=ask).selection == Selection(members=frozenset({"a", "b"}))


@pytest.mark.parametrize("ask", ["", ",", []])
def test_nobody_named_is_everybody(settings, ask):
    assert controls(settings, ask=ask).selection == Selection()


def test_a_group_is_named(settings):
    assert controls(settings, group="europe").selection == Selection(group="europe")


def test_the_last_of_repeated_values_counts(settings):
    assert controls(settings, wait=["5", "6"]).deadline_s == 6


def test_every_problem_is_named_at_once(settings):
    assert len(controls(settings, wait="x", partial="x").problems) == 2
