"""Breakers and what checks of members say: when one closes without a question."""

from aggregator.upstream.breaker import Breaker, Breakers, Health, Permit, State, Verdict

WORKS = Verdict(Health.WORKS)
FAILS = Verdict(Health.FAILS, message="no answer within 8 s")


def call(tested, verdict, now):
    permit = tested.allow(now)
    assert isinstance(permit, Permit)
    permit.record(verdict, now)


def opened(at=10.0):
    tested = Breaker(rand=lambda: 0.5)
    for _ in range(5):
        call(tested, FAILS, at)
    assert tested.state(at) is State.OPEN
    return tested


def test_a_look_begun_after_the_opening_that_found_it_working_closes():
    tested = opened(at=10.0)
    tested.seen_working(10.5)
    assert tested.state(10.5) is State.CLOSED


def test_a_look_begun_before_the_opening_says_nothing():
    tested = opened(at=10.0)
    tested.seen_working(10.0)
    assert tested.state(10.5) is State.OPEN


def test_a_member_that_asked_to_be_left_alone_is_left_alone():
    tested = Breaker(rand=lambda: 0.5)
    call(tested, Verdict(Health.WORKS, 60.0), 10.0)
    tested.seen_working(20.0)
    assert tested.state(20.0) is State.OPEN
    tested = opened()
    permit = tested.allow(15.0)
    late = tested.allow(15.0)
    assert isinstance(permit, Permit)
    assert not isinstance(late, Permit)
    permit.record(Verdict(Health.FAILS, 60.0), 15.0)
    tested.seen_working(16.0)
    assert tested.state(16.0) is State.OPEN


def test_a_pause_made_longer_by_a_late_answer_is_obeyed_too():
    tested = Breaker(rand=lambda: 0.5)
    early = tested.allow(5.0)
    for _ in range(5):
        call(tested, FAILS, 10.0)
    early.record(Verdict(Health.FAILS, 60.0), 11.0)
    tested.seen_working(12.0)
    assert tested.state(12.0) is State.OPEN


def test_what_was_asked_once_is_not_asked_forever():
    tested = Breaker(rand=lambda: 0.5)
    call(tested, Verdict(Health.WORKS, 60.0), 10.0)
    call(tested, FAILS, 70.0)
    tested.seen_working(71.0)
    assert tested.state(71.0) is State.CLOSED


def test_a_closed_breaker_begins_anew():
    tested = opened(at=10.0)
    tested.seen_working(11.0)
    for now in range(4):
        call(tested, FAILS, 12.0 + now)
    assert tested.state(16.0) is State.CLOSED
    call(tested, FAILS, 16.0)
    assert tested.open_until_s == 21.0  # the first pause again, not twice as long


def test_a_trial_from_before_changes_nothing_after():
    tested = opened(at=10.0)
    trial = tested.allow(15.0)
    tested.seen_working(15.5)
    trial.record(FAILS, 16.0)
    assert tested.state(16.0) is State.CLOSED


def test_a_closed_breaker_has_nothing_to_learn_of_a_success():
    tested = Breaker(rand=lambda: 0.5)
    for now in range(4):
        call(tested, FAILS, now)
    tested.seen_working(5.0)
    call(tested, FAILS, 5.0)
    assert tested.state(5.0) is State.OPEN


def test_those_whose_pause_is_over_and_that_nobody_tries_are_due():
    breakers = Breakers(rand=lambda: 0.5)
    for name in ("one", "two"):
        for _ in range(5):
            call(breakers.of(name), FAILS, 10.0)
    breakers.of("three")
    assert breakers.due(14.9) == frozenset()
    assert breakers.due(15.0) == {"one", "two"}
    trial = breakers.of("one").allow(15.0)
    assert breakers.due(15.0) == {"two"}
    trial.release()
    assert breakers.due(15.0) == {"one", "two"}
