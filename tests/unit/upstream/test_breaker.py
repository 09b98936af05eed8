import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from aggregator.model.outcome import NoAnswerCode, NotAskedCode
from aggregator.protocol.wire import Failure
from aggregator.upstream.breaker import (
    LONGEST_RETRY_AFTER_S,
    Breaker,
    Breakers,
    Health,
    Permit,
    Refusal,
    State,
    Verdict,
    judge,
)

WORKS = Verdict(Health.WORKS)
FAILS = Verdict(Health.FAILS, message="no answer within 8 s")
NOTHING = Verdict(Health.NOTHING)


def breaker(rand: float = 0.5) -> Breaker:
    """0.5 is the middle of the jitter: none."""
    return Breaker(rand=lambda: rand)


def permit(tested: Breaker, now: float) -> Permit:
    given = tested.allow(now)
    assert isinstance(given, Permit)
    return given


def call(tested: Breaker, verdict: Verdict, now: float) -> None:
    permit(tested, now).record(verdict, now)


def opened(rand: float = 0.5) -> Breaker:
    tested = breaker(rand)
    for _ in range(5):
        call(tested, FAILS, 0)
    return tested


def test_five_failures_in_a_row_open_for_five_seconds():
    tested = breaker()
    for now in range(4):
        call(tested, FAILS, now)
        assert tested.state(now) is State.CLOSED
    call(tested, FAILS, 4)
    assert tested.allow(8.9) == Refusal(9.0, "no answer within 8 s")
    assert tested.state(9.0) is State.HALF_OPEN


def test_a_success_in_between_starts_the_row_again():
    tested = breaker()
    for now in range(3):
        for _ in range(5):
            call(tested, WORKS, now)
        for _ in range(4):
            call(tested, FAILS, now)
    assert tested.state(3) is State.CLOSED


def test_half_of_ten_calls_in_a_minute_open():
    tested = breaker()
    for now in range(4):
        call(tested, FAILS, now * 10)
        call(tested, WORKS, now * 10)
    call(tested, WORKS, 40)
    assert tested.state(40) is State.CLOSED
    call(tested, FAILS, 50)
    assert tested.state(50) is State.OPEN


def test_failures_older_than_a_minute_do_not_count():
    tested = breaker()
    for _ in range(4):
        call(tested, FAILS, 0)
        call(tested, WORKS, 0)
    call(tested, WORKS, 61)
    call(tested, FAILS, 61)
    assert tested.state(61) is State.CLOSED


def test_the_pause_doubles_to_five_minutes():
    tested = opened()
    now, pauses = 0.0, []
    for _ in range(9):
        until = tested.open_until_s
        assert until is not None
        pauses.append(until - now)
        now = until
        call(tested, FAILS, now)
    assert pauses == [5, 10, 20, 40, 80, 160, 300, 300, 300]


@pytest.mark.parametrize(("rand", "pause_s"), [(0.0, 4.0), (0.5, 5.0), (1.0, 6.0)])
def test_the_pause_varies_by_a_fifth(rand, pause_s):
    assert opened(rand).open_until_s == pytest.approx(pause_s)


def test_after_the_pause_one_call_is_the_trial():
    tested = opened()
    trial = permit(tested, 5)
    assert trial.is_trial
    assert isinstance(tested.allow(5), Refusal)
    trial.record(WORKS, 6)
    assert tested.state(6) is State.CLOSED
    assert not permit(tested, 6).is_trial


def test_a_successful_trial_forgets_the_past():
    tested = opened()
    call(tested, FAILS, 5)
    call(tested, WORKS, 15)
    for _ in range(4):
        call(tested, FAILS, 16)
    assert tested.state(16) is State.CLOSED
    call(tested, FAILS, 16)
    assert tested.open_until_s == 21


def test_a_cancelled_trial_frees_its_place():
    tested = opened()
    with permit(tested, 5):
        assert isinstance(tested.allow(5), Refusal)
    assert permit(tested, 5).is_trial


def test_a_trial_that_ended_for_our_own_reasons_frees_its_place():
    tested = opened()
    call(tested, NOTHING, 5)
    assert tested.state(5) is State.HALF_OPEN
    assert permit(tested, 5).is_trial


def test_leaving_the_permit_after_a_record_changes_nothing():
    tested = opened()
    with permit(tested, 5) as trial:
        trial.record(FAILS, 5)
    assert tested.open_until_s == 15


def test_calls_from_before_the_opening_neither_close_nor_lengthen():
    tested = breaker()
    early = [permit(tested, 0) for _ in range(7)]
    for each in early[:5]:
        each.record(FAILS, 1)
    early[5].record(WORKS, 2)
    early[6].record(FAILS, 2)
    assert tested.open_until_s == 6


def test_retry_after_opens_for_exactly_that_long():
    tested = breaker(rand=1.0)
    call(tested, Verdict(Health.FAILS, 42.0, "busy"), 100)
    assert tested.allow(141) == Refusal(142.0, "busy")
    assert permit(tested, 142).is_trial


def test_a_late_retry_after_makes_the_pause_longer():
    tested = breaker()
    late = permit(tested, 0)
    for _ in range(5):
        call(tested, FAILS, 0)
    late.record(Verdict(Health.FAILS, 60.0), 1)
    assert tested.open_until_s == 61


def test_retry_after_is_bounded():
    tested = breaker()
    call(tested, Verdict(Health.FAILS, 1e9), 0)
    assert tested.open_until_s == LONGEST_RETRY_AFTER_S


@pytest.mark.parametrize(
    ("failure", "health", "pause_s"),
    [
        (None, Health.WORKS, None),
        (Failure(NoAnswerCode.TIMEOUT, ""), Health.FAILS, None),
        (Failure(NoAnswerCode.CONNECT, ""), Health.FAILS, None),
        (Failure(NoAnswerCode.DNS, ""), Health.FAILS, None),
        (Failure(NoAnswerCode.TLS, ""), Health.FAILS, None),
        (Failure(NoAnswerCode.INVALID_BODY, "", status=200), Health.FAILS, None),
        (Failure(NoAnswerCode.SERVER_ERROR, "", status=500), Health.FAILS, None),
        (Failure(NoAnswerCode.SERVER_ERROR, "", status=503), Health.FAILS, None),
        (
            Failure(NoAnswerCode.SERVER_ERROR, "", status=503, retry_after_s=7.0),
            Health.FAILS,
            7.0,
        ),
        (Failure(NoAnswerCode.SERVER_ERROR, "", status=501), Health.WORKS, None),
        (Failure(NoAnswerCode.SERVER_ERROR, "", status=508), Health.WORKS, None),
        (
            Failure(
                NoAnswerCode.SERVER_ERROR, "", status=503, retry_after_s=7.0, is_networks_own=True
            ),
            Health.WORKS,
            None,
        ),
        (Failure(NotAskedCode.LOOP, "", status=508), Health.WORKS, None),
        (Failure(NoAnswerCode.REJECTED, "", status=400), Health.WORKS, None),
        (Failure(NoAnswerCode.FORBIDDEN, "", status=403), Health.WORKS, None),
        (Failure(NoAnswerCode.RATE_LIMITED, "", status=429), Health.WORKS, None),
        (
            Failure(NoAnswerCode.RATE_LIMITED, "", status=429, retry_after_s=3.0),
            Health.WORKS,
            3.0,
        ),
        (Failure(NoAnswerCode.REDIRECTED, "", status=302), Health.WORKS, None),
        (Failure(NoAnswerCode.TOO_LARGE, "", status=200), Health.WORKS, None),
        (Failure(NoAnswerCode.NO_VERDICT, ""), Health.WORKS, None),
        (Failure(NoAnswerCode.OVERLOADED, ""), Health.NOTHING, None),
        (Failure(NoAnswerCode.ADDRESS, ""), Health.NOTHING, None),
        (Failure(NoAnswerCode.CANCELLED, ""), Health.NOTHING, None),
        (Failure(NoAnswerCode.INTERNAL, ""), Health.NOTHING, None),
    ],
    ids=lambda value: f"{value.code}-{value.status}" if isinstance(value, Failure) else None,
)
def test_what_a_call_says_of_the_member(failure, health, pause_s):
    verdict = judge(failure)
    assert (verdict.health, verdict.retry_after_s) == (health, pause_s)


def test_breakers_are_one_per_member_and_forget_the_removed():
    breakers = Breakers(rand=lambda: 0.5)
    for _ in range(5):
        call(breakers.of("a"), FAILS, 0)
    breakers.of("b")
    assert breakers.of("a") is breakers.of("a")
    assert breakers.states(1) == {"a": State.OPEN, "b": State.CLOSED}
    breakers.keep(["b"])
    assert breakers.states(1) == {"b": State.CLOSED}
    assert isinstance(breakers.of("a").allow(1), Permit)


def test_reset_lets_the_next_call_through():
    breakers = Breakers()
    for _ in range(5):
        call(breakers.of("a"), FAILS, 0)
    breakers.reset("a")
    breakers.reset("never-seen")
    assert isinstance(breakers.of("a").allow(0), Permit)


class BreakerMachine(RuleBasedStateMachine):
    """Any interleaving of calls: at most one trial, no call while open, every pause ends."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.breaker = Breaker(rand=lambda: 0.5)
        self.running: list[Permit] = []

    @rule(seconds=st.floats(0, 100))
    def time_passes(self, seconds):
        self.now += seconds

    @rule()
    def start(self):
        before = self.breaker.state(self.now)
        trials = [each for each in self.running if each.is_trial]
        given = self.breaker.allow(self.now)
        if before is State.OPEN:
            assert isinstance(given, Refusal)
            assert given.until_s > self.now
        if isinstance(given, Permit):
            assert given.is_trial is (before is State.HALF_OPEN)
            if given.is_trial:
                assert all(each.generation != given.generation for each in trials)
            self.running.append(given)
        else:
            assert before is not State.CLOSED

    @precondition(lambda self: self.running)
    @rule(
        data=st.data(),
        verdict=st.sampled_from([WORKS, FAILS, NOTHING, Verdict(Health.FAILS, 30.0), None]),
    )
    def finish(self, data, verdict):
        ended = self.running.pop(data.draw(st.integers(0, len(self.running) - 1)))
        if verdict is None:
            ended.release()
        else:
            ended.record(verdict, self.now)

    @invariant()
    def no_pause_is_longer_than_it_may_be(self):
        until = self.breaker.open_until_s
        assert until is None or until - self.now <= LONGEST_RETRY_AFTER_S

    def teardown(self):
        for each in self.running:
            each.release()
        later = self.now + LONGEST_RETRY_AFTER_S
        given = self.breaker.allow(later)
        assert isinstance(given, Permit)


TestBreakerMachine = BreakerMachine.TestCase
TestBreakerMachine.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
