"""When a member is asked a second time, on real connections."""

import asyncio

import pytest

from aggregator.model.outcome import NoAnswerCode
from aggregator.upstream.limits import UpstreamLimits
from tests import faulty
from tests.clocks import skip
from tests.faults.upstream.kit import PATIENT_S, come_true, failed, replied
from tests.faulty import FaultyMember, Wire


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("status", [502, 503, 504])
async def test_gateway_errors_are_asked_again_once(upstream, method, status):
    async with FaultyMember(faulty.answer(b"", status), faulty.answer()) as member:
        result = await upstream.ask(member.url, method=method)
        assert (replied(result).status, result.attempts) == (200, 2)
        assert upstream.slept == [0.125]
        assert {seen.body for seen in member.requests} == {member.requests[0].body}


async def test_a_second_gateway_error_is_the_answer(upstream):
    async with FaultyMember(faulty.answer(b"", 503)) as member:
        result = await upstream.ask(member.url)
        assert (replied(result).status, len(member.requests)) == (503, 2)
        assert result.retried_for == "server_error"


@pytest.mark.parametrize(
    ("behaviour", "sent", "slept"),
    [
        (faulty.answer(b"", 429, [("Retry-After", "0")]), 2, [0.0]),
        (faulty.answer(b"", 429, [("Retry-After", "50")]), 1, []),
        (faulty.answer(b"", 429), 1, []),
        (faulty.answer(b"", 503, [("Retry-After", "50")]), 1, []),
        (faulty.json_answer({"info": {"network": {}}}, 503), 1, []),
        (faulty.answer(b"", 500), 1, []),
        (faulty.answer(b"", 408), 1, []),
        (faulty.invalid_json(), 1, []),
    ],
    ids=["429_0", "429_50", "429", "503_50", "503_own", "500", "408", "invalid_json"],
)
async def test_which_answers_are_asked_again(upstream, behaviour, sent, slept):
    async with FaultyMember(behaviour, faulty.answer()) as member:
        result = await upstream.ask(member.url)
        assert (len(member.requests), result.attempts) == (sent, sent)
        assert result.retried_for == ("rate_limited" if sent == 2 else "")
        assert upstream.slept == slept


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_stale_connection_is_replaced_at_once(upstream, method):
    async with FaultyMember(faulty.stale_keep_alive()) as member:
        for attempts in (1, 2, 2):
            result = await upstream.ask(member.url, method=method)
            assert (replied(result).status, result.attempts) == (200, attempts)
            assert result.retried_for == ("connect" if attempts == 2 else "")
        assert member.connections == 3
        assert upstream.slept == [0.0, 0.0]
        assert upstream.client._retry.budget.tokens == 10


async def test_a_connection_closed_while_idle_is_not_used(upstream):
    async with FaultyMember(faulty.raw(faulty.head(200, [("Content-Length", "0")]))) as member:
        replied(await upstream.ask(member.url))
        await come_true(lambda: upstream.pooled == 0 or member.open_connections == 0)
        await asyncio.sleep(0.01)
        assert replied(await upstream.ask(member.url, method="POST")).status == 200


async def test_retries_can_be_switched_off(make):
    upstream = await make(UpstreamLimits(retries=0))
    async with FaultyMember(faulty.answer(b"", 503)) as member:
        assert (await upstream.ask(member.url)).attempts == 1


async def test_a_second_attempt_that_got_no_slot_leaves_the_first_answer(make):
    upstream = await make(UpstreamLimits(member_concurrency=1))
    answers = asyncio.Event()

    async def in_time(wire: Wire) -> None:
        await answers.wait()
        await faulty.answer(b"", 503)(wire)

    async with FaultyMember(in_time, faulty.hang()) as member:
        first = asyncio.create_task(upstream.ask(member.url, timeout_s=PATIENT_S))
        await member.until(lambda seen: len(seen.requests) == 1)
        second = asyncio.create_task(upstream.ask(member.url, timeout_s=3 * PATIENT_S))
        await asyncio.sleep(0)  # it waits for the slot
        answers.set()
        await member.until(lambda seen: len(seen.requests) == 2)
        skip(PATIENT_S)
        result = await first
        assert not second.done()
        skip(2 * PATIENT_S)
        failed(await second, NoAnswerCode.TIMEOUT)
    assert (replied(result).status, result.attempts) == (503, 1)
