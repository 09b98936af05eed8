import asyncio
from collections.abc import Callable

import pytest

from aggregator.model.outcome import NoAnswerCode
from aggregator.protocol.wire import Failure, Reply
from aggregator.upstream.retry import (
    BACKOFF_S,
    Again,
    Attempt,
    RetryBudget,
    RetryPolicy,
    attempt_of,
    is_networks_own,
    retry_after_s,
)

OK = Attempt(Reply(200, b"{}"))
REFUSED = Attempt(failure=Failure(NoAnswerCode.CONNECT, "refused"), again=Again.AFTER_A_PAUSE)
STALE = Attempt(failure=Failure(NoAnswerCode.CONNECT, "closed"), again=Again.AT_ONCE)
TIMEOUT = Attempt(failure=Failure(NoAnswerCode.TIMEOUT, "no connection within 3 s"))


def busy(pause_s: float) -> Attempt:
    return Attempt(Reply(503, b""), again=Again.AFTER_A_PAUSE, pause_s=pause_s)


class Script:
    """Gives one attempt after the other and keeps what the policy slept."""

    def __init__(self, *attempts: Attempt) -> None:
        self.attempts = list(attempts)
        self.made = 0
        self.slept: list[float] = []

    async def attempt(self) -> Attempt:
        self.made += 1
        return self.attempts[self.made - 1]

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    def policy(
        self, retries: int = 1, budget: RetryBudget | None = None, rand: float = 0.5
    ) -> RetryPolicy:
        return RetryPolicy(retries=retries, budget=budget, sleep=self.sleep, rand=lambda: rand)


def left(seconds: float) -> Callable[[], float]:
    return lambda: seconds


async def test_success_is_not_repeated():
    script = Script(OK)
    assert await script.policy().run(script.attempt, left(5)) is OK
    assert (script.made, script.slept) == (1, [])


async def test_a_refused_connection_is_tried_once_more_after_jitter():
    script = Script(REFUSED, OK)
    assert await script.policy(rand=0.5).run(script.attempt, left(5)) is OK
    assert (script.made, script.slept) == (2, [0.5 * BACKOFF_S])


async def test_there_is_no_third_attempt():
    script = Script(REFUSED, REFUSED, OK)
    assert await script.policy().run(script.attempt, left(5)) is REFUSED
    assert script.made == 2


async def test_no_attempt_is_repeated_where_retries_are_off():
    script = Script(STALE, OK)
    assert await script.policy(retries=0).run(script.attempt, left(5)) is STALE
    assert script.made == 1


async def test_a_timeout_is_final():
    script = Script(TIMEOUT, OK)
    assert await script.policy().run(script.attempt, left(5)) is TIMEOUT
    assert script.made == 1


async def test_a_stale_connection_is_replaced_at_once_and_for_free():
    script = Script(STALE, OK)
    budget = RetryBudget(share=0, burst=0)
    assert await script.policy(budget=budget).run(script.attempt, left(5)) is OK
    assert script.slept == [0.0]


async def test_after_a_stale_connection_there_is_no_further_attempt():
    script = Script(STALE, REFUSED, OK)
    assert await script.policy().run(script.attempt, left(5)) is REFUSED


async def test_the_members_own_pause_is_kept():
    script = Script(busy(2.5), OK)
    assert await script.policy().run(script.attempt, left(5)) is OK
    assert script.slept == [2.5]


@pytest.mark.parametrize("left_s", [2.5, 2.0, 0.0, -1.0])
async def test_a_pause_that_does_not_fit_is_not_begun(left_s):
    script = Script(first := busy(2.5), OK)
    budget = RetryBudget()
    assert await script.policy(budget=budget).run(script.attempt, left(left_s)) is first
    assert (script.made, script.slept, budget.tokens) == (1, [], 10)


async def test_an_empty_budget_stops_second_attempts():
    script = Script(*[REFUSED] * 100)
    policy = script.policy(budget=RetryBudget(share=0.1, burst=10))
    for _ in range(40):
        await policy.run(script.attempt, left(5))
    assert script.made == 40 + 10 + 3  # the burst, and a tenth of the calls since


def test_the_budget_fills_to_its_burst():
    budget = RetryBudget(share=0.5, burst=2)
    for _ in range(100):
        budget.earn()
    assert budget.tokens == 2
    assert [budget.spend() for _ in range(3)] == [True, True, False]
    budget.earn()
    assert not budget.spend()
    budget.earn()
    assert budget.spend()


async def test_one_policy_serves_calls_that_overlap():
    gate = asyncio.Event()

    async def sleep(seconds: float) -> None:
        await gate.wait()

    policy = RetryPolicy(retries=1, sleep=sleep, rand=lambda: 0.5)
    scripts = [Script(REFUSED, Attempt(Reply(200 + number, b""))) for number in range(5)]
    running = [asyncio.create_task(policy.run(each.attempt, left(5))) for each in scripts]
    await asyncio.sleep(0)
    gate.set()
    ended = await asyncio.gather(*running)
    assert [each.reply.status for each in ended if each.reply] == [200, 201, 202, 203, 204]


async def test_cancellation_goes_through():
    script = Script(REFUSED, OK)

    async def sleep(seconds: float) -> None:
        await asyncio.Event().wait()

    policy = RetryPolicy(sleep=sleep)
    running = asyncio.create_task(policy.run(script.attempt, left(5)))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert script.made == 1


OWN = b'{"meta": {}, "error": {"errorCode": 503}, "info": {"network": {"verdict": "unknown"}}}'


@pytest.mark.parametrize(
    ("reply", "again", "pause_s"),
    [
        (Reply(200, b"{}"), Again.NO, None),
        (Reply(400, b"{}"), Again.NO, None),
        (Reply(404, b"", {"retry-after": "1"}), Again.NO, None),
        (Reply(429, b""), Again.NO, None),
        (Reply(429, b"", {"retry-after": "2"}), Again.AFTER_A_PAUSE, 2.0),
        (Reply(500, b""), Again.NO, None),
        (Reply(501, b""), Again.NO, None),
        (Reply(502, b""), Again.AFTER_A_PAUSE, None),
        (Reply(503, b""), Again.AFTER_A_PAUSE, None),
        (Reply(503, b"", {"retry-after": "2"}), Again.AFTER_A_PAUSE, 2.0),
        (Reply(504, b""), Again.AFTER_A_PAUSE, None),
        (Reply(508, b""), Again.NO, None),
        (Reply(503, OWN), Again.NO, None),
        (Reply(504, OWN), Again.NO, None),
    ],
    ids=lambda value: f"{value.status}" if isinstance(value, Reply) else None,
)
def test_which_answers_are_worth_a_second_question(reply, again, pause_s):
    attempt = attempt_of(reply)
    assert attempt.again is again
    if again is not Again.NO:
        assert attempt.pause_s == pause_s


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b'{"info": []}',
        b'{"info": {"network": null}}',
        b'{"info": {}}',
        b"[" * 100_000,
        b'{"info": ' * 100_000,
        b"\xff\xfe",
    ],
)
def test_other_bodies_are_no_networks_own(body):
    assert not is_networks_own(Reply(503, body))


DATE = "Wed, 21 Oct 2026 07:28:00 GMT"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "0"}, 0.0),
        ({"retry-after": " 120 "}, 120.0),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "1.5"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "٣"}, None),
        ({"retry-after": "9" * 400}, None),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:30 GMT", "date": DATE}, 30.0),
        ({"retry-after": "Wed, 21 Oct 2026 07:27:30 GMT", "date": DATE}, 0.0),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:30 GMT"}, None),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:30 -0000", "date": DATE}, None),
    ],
)
def test_retry_after(headers, seconds):
    assert retry_after_s(headers) == seconds
