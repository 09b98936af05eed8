"""Reminders are of what was found lately, not of what nobody looks at any more."""

from datetime import UTC, datetime, timedelta

import pytest

from aggregator.watch.alerts.lasting import CHECKS, Lasting
from registry.health import Standing, State, Trait
from registry.incidents import Incident, Topic

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
EVERY_S = 60.0
FRESH = NOON - timedelta(seconds=CHECKS * EVERY_S)
STALE = FRESH - timedelta(seconds=1)


def lasts(
    standing: Standing | None,
    *,
    topic: Topic = Topic.OUTAGE,
    every_s: float = EVERY_S,
) -> bool:
    known = {} if standing is None else {"one": standing}
    lasting = Lasting(lambda: known, every_s=every_s, now=lambda: NOON)
    return lasting(Incident(1, "one", topic, NOON - timedelta(days=3), None, None, "away"))


def test_an_outage_lasts_that_was_found_by_the_last_checks() -> None:
    assert lasts(Standing(State.DOWN, checked_at=FRESH))


@pytest.mark.parametrize(
    "standing",
    [
        None,
        Standing(State.DOWN),
        Standing(State.DOWN, checked_at=STALE),
        Standing(State.DOWN, checked_at=NOON, counted_at=STALE),
        Standing(State.DOWN, checked_at=NOON + timedelta(days=1)),
        Standing(State.UP, checked_at=NOON),
        Standing(State.UNKNOWN, checked_at=NOON),
    ],
)
def test_what_was_not_found_lately_is_not_told_again(standing: Standing | None) -> None:
    assert not lasts(standing)


def test_nothing_is_told_again_where_nobody_is_checked() -> None:
    down = Standing(State.DOWN, checked_at=NOON)
    assert not lasts(down, every_s=0)


def test_a_beacon_that_is_silent_is_up() -> None:
    silent = Standing(State.UP, checked_at=NOON, traits=frozenset({Trait.SILENT}))
    assert lasts(silent, topic=Topic.SILENT)
    assert not lasts(Standing(State.UP, checked_at=NOON), topic=Topic.SILENT)


def test_nobody_is_reminded_of_a_cut_of_the_own_connection() -> None:
    lasting = Lasting(dict, every_s=EVERY_S, now=lambda: NOON)
    assert not lasting(Incident(1, "", Topic.NETWORK, NOON - timedelta(days=3), None, None, "away"))
