"""When a call is made a second time: seldom, soon, and only where it can help.

The first attempt runs outside tenacity, which is handed its result as attempt number one: a call
that needs no second attempt does not pay for it. One `AsyncRetrying` serves all calls at once; that
is safe because none of its rules suspends.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

import msgspec
from tenacity import AsyncRetrying, RetryCallState, retry_if_result

from aggregator.model.outcome import NoAnswerCode
from aggregator.protocol.failures import retry_after_s
from aggregator.protocol.wire import Failure, Reply

BACKOFF_S: Final = 0.25
"""The longest pause before the second attempt where the member named none."""
_GATEWAY_ERRORS: Final = frozenset({502, 503, 504})


class Again(Enum):
    """Whether and how another attempt makes sense."""

    NO = auto()
    AT_ONCE = auto()
    """A kept connection had been closed by the member: nothing of the question was heard."""
    AFTER_A_PAUSE = auto()


@dataclass(frozen=True, slots=True)
class Attempt:
    """How one request ended: a reply or a failure, and what to do about it."""

    reply: Reply | None = None
    failure: Failure | None = None
    again: Again = Again.NO
    pause_s: float | None = None
    """The pause the member asked for; None leaves it to the policy."""
    location: str | None = None
    """Where a redirect points, absolute."""


class _Info(msgspec.Struct):
    network: dict[str, msgspec.Raw]


class _Document(msgspec.Struct):
    info: _Info


_DOCUMENT: Final = msgspec.json.Decoder(_Document)


def is_networks_own(reply: Reply) -> bool:
    """Whether an error was sent by a nested network on purpose: it carries `info.network`."""
    try:
        _DOCUMENT.decode(reply.body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return False
    return True


def attempt_of(reply: Reply) -> Attempt:
    """Say of a complete answer whether asking again makes sense.

    502, 503 and 504 do, unless a nested network sent them on purpose, and 429 with a Retry-After.
    A Retry-After is obeyed with each of them.
    """
    if reply.status < 429:
        return Attempt(reply)
    pause_s = retry_after_s(reply.headers)
    if reply.status == 429:
        again = pause_s is not None
    else:
        again = reply.status in _GATEWAY_ERRORS and not is_networks_own(reply)
    return Attempt(reply, again=Again.AFTER_A_PAUSE if again else Again.NO, pause_s=pause_s)


def reason_of(attempt: Attempt) -> str:
    """Name what an attempt failed of that is made again; in metrics, so there are few."""
    if attempt.failure is not None:
        return attempt.failure.code.value
    is_limited = attempt.reply is not None and attempt.reply.status == 429
    return (NoAnswerCode.RATE_LIMITED if is_limited else NoAnswerCode.SERVER_ERROR).value


class RetryBudget:
    """A token bucket filled by calls: second attempts stay a small share of all calls.

    Starts full, so that a quiet network may retry `burst` times at once.
    """

    def __init__(self, *, share: float = 0.1, burst: float = 10) -> None:
        self._share = share
        self._burst = burst
        self._tokens = burst

    @property
    def tokens(self) -> float:
        """Second attempts that may be made now."""
        return self._tokens

    def earn(self) -> None:
        """Count one call."""
        self._tokens = min(self._burst, self._tokens + self._share)

    def spend(self) -> bool:
        """Take leave for one second attempt, or hear no."""
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


class _Course:
    """The attempts of one call; what tenacity calls."""

    def __init__(
        self, first: Attempt, again: Callable[[], Awaitable[Attempt]], left_s: Callable[[], float]
    ) -> None:
        self._first: Attempt | None = first
        self._again = again
        self.left_s = left_s

    async def __call__(self) -> Attempt:
        if self._first is not None:
            first, self._first = self._first, None
            return first
        return await self._again()


class RetryPolicy:
    """At most `retries` more attempts, after full jitter, within the time and the budget."""

    def __init__(
        self,
        *,
        retries: int = 1,
        budget: RetryBudget | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        rand: Callable[[], float] = random.random,
    ) -> None:
        self.budget = budget or RetryBudget()
        self._retries = retries
        self._rand = rand
        self._retrying = AsyncRetrying(
            sleep=sleep,
            wait=self._pause,
            stop=self._is_enough,
            retry=retry_if_result(lambda attempt: attempt.again is not Again.NO),
            retry_error_callback=_last,
        )

    async def run(
        self, attempt: Callable[[], Awaitable[Attempt]], left_s: Callable[[], float]
    ) -> Attempt:
        """Call `attempt` until its result is final or no more may be made; give the last result.

        `left_s` says how many seconds the call has left. Attempts must not raise, but for
        cancellation.
        """
        self.budget.earn()
        first = await attempt()
        if first.again is Again.NO or not self._retries:
            return first
        return await self._retrying(_Course(first, attempt, left_s))

    def _pause(self, state: RetryCallState) -> float:
        last = _last(state)
        if last.again is Again.AT_ONCE:
            return 0.0
        if last.pause_s is not None:
            return last.pause_s
        return self._rand() * BACKOFF_S * 2.0 ** (state.attempt_number - 1)

    def _is_enough(self, state: RetryCallState) -> bool:
        """Whether the last attempt was the final one; else the next is paid for."""
        course = state.fn
        if state.attempt_number > self._retries or not isinstance(course, _Course):
            return True
        if state.upcoming_sleep >= course.left_s():
            return True
        return _last(state).again is not Again.AT_ONCE and not self.budget.spend()


def _last(state: RetryCallState) -> Attempt:
    if state.outcome is None:
        raise RuntimeError("tenacity asked for a decision before the first attempt")
    result: Attempt = state.outcome.result()
    return result
