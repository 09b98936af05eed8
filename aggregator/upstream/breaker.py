"""Stops asking a member that keeps failing, and tries again with one call at a time.

Pure: the time is an argument and randomness is injected. One breaker per member and process, fed by
questions and probes alike. Use it as

    permit = breaker.allow(now)
    if isinstance(permit, Refusal): ...
    with permit:  # left without a record (cancelled), it frees the trial
        ...
        permit.record(judge(failure), now)
"""

import random
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Self

from aggregator.model.outcome import NoAnswerCode
from aggregator.protocol.wire import Failure

FAILURES_IN_A_ROW: Final = 5
WINDOW_S: Final = 60
WINDOW_MIN_CALLS: Final = 10
WINDOW_FAILURE_SHARE: Final = 0.5
FIRST_PAUSE_S: Final = 5.0
LONGEST_PAUSE_S: Final = 300.0
JITTER: Final = 0.2
LONGEST_RETRY_AFTER_S: Final = 3600.0
"""A member that asks for a longer silence gets this much; it may have meant milliseconds."""

_FAILURES: Final = frozenset(
    {
        NoAnswerCode.TIMEOUT,
        NoAnswerCode.DNS,
        NoAnswerCode.CONNECT,
        NoAnswerCode.TLS,
        NoAnswerCode.INVALID_BODY,
        NoAnswerCode.SERVER_ERROR,
    }
)
_OURS: Final = frozenset(
    {
        NoAnswerCode.OVERLOADED,
        NoAnswerCode.ADDRESS,
        NoAnswerCode.CANCELLED,
        NoAnswerCode.INTERNAL,
    }
)


class State(StrEnum):
    """Whether calls go through."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"
    """The pause is over: the next call is the trial, or one is running."""


class Health(StrEnum):
    """What one call says of the member."""

    WORKS = "works"
    FAILS = "fails"
    NOTHING = "nothing"
    """It ended for a reason of ours."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one call says of the member, and how long it wants to be left alone."""

    health: Health
    retry_after_s: float | None = None
    message: str = ""


@dataclass(frozen=True, slots=True)
class Refusal:
    """No call now."""

    until_s: float
    """On the clock given to `allow`; while a trial runs this is already past."""
    message: str
    """What went wrong last."""


def judge(failure: Failure | None) -> Verdict:
    """Say what the end of a call means for the member; None is a usable answer.

    A refusal (4xx), 501, 508, an answer too large and a network's own 5xx come from a member that
    works. 429 and 503 count by their Retry-After where they have one.
    """
    if failure is None or failure.is_networks_own:
        return Verdict(Health.WORKS)
    if failure.code in _OURS:
        return Verdict(Health.NOTHING)
    fails = failure.code in _FAILURES and failure.status not in {501, 508}
    return Verdict(
        Health.FAILS if fails else Health.WORKS,
        failure.retry_after_s if _asks_for_a_pause(failure) else None,
        failure.message,
    )


def _asks_for_a_pause(failure: Failure) -> bool:
    return failure.status in {429, 503} or failure.code is NoAnswerCode.RATE_LIMITED


class Permit:
    """Leave for one call. Record once what came of it, or release it; later calls do nothing."""

    __slots__ = ("_breaker", "generation", "is_trial")

    def __init__(self, breaker: "Breaker", generation: int, *, is_trial: bool) -> None:
        self._breaker: Breaker | None = breaker
        self.generation = generation
        self.is_trial = is_trial

    def record(self, verdict: Verdict, now: float) -> None:
        """Tell the breaker how the call ended, at `now` of its clock, in seconds."""
        breaker, self._breaker = self._breaker, None
        if breaker is not None:
            breaker.record(self, verdict, now)

    def release(self) -> None:
        """Say that nothing was learned; a trial becomes free for the next call."""
        breaker, self._breaker = self._breaker, None
        if breaker is not None:
            breaker.release(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


class Breaker:
    """The state of one member: closed, open for a while, or open but for one trial."""

    def __init__(self, *, rand: Callable[[], float] = random.random) -> None:
        self._rand = rand
        self._generation = 0
        self._opened_until_s: float | None = None
        self._opened_s = 0.0
        self._is_asked_for = False
        self._has_trial = False
        self._openings = 0
        self._in_a_row = 0
        self._window: deque[list[float]] = deque()
        self._last_message = ""

    def state(self, now: float) -> State:
        """Look without taking anything."""
        if self._opened_until_s is None:
            return State.CLOSED
        return State.OPEN if now < self._opened_until_s else State.HALF_OPEN

    @property
    def open_until_s(self) -> float | None:
        """When the pause ends or ended; None while closed."""
        return self._opened_until_s

    def allow(self, now: float) -> Permit | Refusal:
        """Give leave for one call at `now`, in seconds of a monotonic clock."""
        state = self.state(now)
        if state is State.CLOSED:
            return Permit(self, self._generation, is_trial=False)
        if state is State.OPEN or self._has_trial:
            return Refusal(self._opened_until_s or now, self._last_message)
        self._has_trial = True
        return Permit(self, self._generation, is_trial=True)

    @property
    def is_trying(self) -> bool:
        """Whether a trial runs now."""
        return self._has_trial

    def seen_working(self, begun_s: float) -> None:
        """Take in that a look begun at `begun_s` found the member working.

        One that is newer than the opening closes, unless the member asked to be left alone.
        """
        if self._opened_until_s is None or self._is_asked_for or begun_s <= self._opened_s:
            return
        self._close()

    def record(self, permit: Permit, verdict: Verdict, now: float) -> None:
        """Take in how a call ended (through `Permit.record`).

        A call from before the last change of state changes nothing, but for a Retry-After that
        makes a pause longer.
        """
        pause_s = min(verdict.retry_after_s or 0.0, LONGEST_RETRY_AFTER_S)
        if permit.generation != self._generation:
            if pause_s and self._opened_until_s is not None:
                self._opened_until_s = max(self._opened_until_s, now + pause_s)
                self._is_asked_for = True
        elif verdict.health is Health.NOTHING:
            self.release(permit)
        elif pause_s:
            self._open(now + pause_s, now, verdict.message, is_asked_for=True)
        elif verdict.health is Health.WORKS:
            self._succeeded(permit, now)
        else:
            self._failed(permit, verdict.message, now)

    def release(self, permit: Permit) -> None:
        """Free the trial that this permit holds (through `Permit.release`)."""
        if permit.is_trial and permit.generation == self._generation:
            self._has_trial = False

    def _succeeded(self, permit: Permit, now: float) -> None:
        if permit.is_trial:
            self._close()
        self._in_a_row = 0
        self._count(now, failed=False)

    def _failed(self, permit: Permit, message: str, now: float) -> None:
        self._in_a_row += 1
        self._count(now, failed=True)
        if permit.is_trial or self._in_a_row >= FAILURES_IN_A_ROW or self._fails_too_often():
            doubled_s = FIRST_PAUSE_S * 2.0 ** min(self._openings, 16)
            self._openings += 1
            jitter = 1 + JITTER * (2 * self._rand() - 1)
            self._open(now + min(doubled_s, LONGEST_PAUSE_S) * jitter, now, message)

    def _close(self) -> None:
        self._generation += 1
        self._opened_until_s = None
        self._has_trial = False
        self._openings = 0
        self._in_a_row = 0
        self._window.clear()

    def _open(
        self, until_s: float, now: float, message: str, *, is_asked_for: bool = False
    ) -> None:
        self._generation += 1
        self._opened_until_s = until_s
        self._opened_s = now
        self._is_asked_for = is_asked_for
        self._has_trial = False
        self._in_a_row = 0
        self._window.clear()
        self._last_message = message

    def _count(self, now: float, *, failed: bool) -> None:
        """Add to a window of seconds; it holds at most one row per second."""
        second = float(int(now))
        if not self._window or self._window[-1][0] != second:
            self._window.append([second, 0, 0])
        while self._window[0][0] <= second - WINDOW_S:
            self._window.popleft()
        self._window[-1][1] += 1
        self._window[-1][2] += failed

    def _fails_too_often(self) -> bool:
        calls = sum(row[1] for row in self._window)
        failures = sum(row[2] for row in self._window)
        return calls >= WINDOW_MIN_CALLS and failures >= calls * WINDOW_FAILURE_SHARE


class Breakers:
    """The breakers of all members by id."""

    def __init__(self, *, rand: Callable[[], float] = random.random) -> None:
        self._rand = rand
        self._by_id: dict[str, Breaker] = {}

    def of(self, member_id: str) -> Breaker:
        """The member's breaker, made when first asked for."""
        breaker = self._by_id.get(member_id)
        if breaker is None:
            breaker = self._by_id[member_id] = Breaker(rand=self._rand)
        return breaker

    def keep(self, member_ids: Iterable[str]) -> None:
        """Forget every member but these."""
        kept = set(member_ids)
        self._by_id = {key: each for key, each in self._by_id.items() if key in kept}

    def reset(self, member_id: str) -> None:
        """Forget what is known of one member: the next call goes through."""
        self._by_id.pop(member_id, None)

    def due(self, now: float) -> frozenset[str]:
        """Name the members whose pause is over and that nobody tries yet."""
        return frozenset(
            key
            for key, breaker in self._by_id.items()
            if breaker.state(now) is State.HALF_OPEN and not breaker.is_trying
        )

    def states(self, now: float) -> Mapping[str, State]:
        """The state of every member that was ever asked, for metrics."""
        return {key: breaker.state(now) for key, breaker in self._by_id.items()}
