"""Members that misbehave: each ends as its own failure and touches no other."""

import asyncio
from dataclasses import dataclass

import pytest

from aggregator.model.outcome import NoAnswerCode
from aggregator.protocol.wire import Request
from aggregator.upstream.call_results import CallProgress
from aggregator.upstream.limits import MIB
from tests import faulty
from tests.clocks import skip
from tests.faults.upstream.kit import (
    PATIENT_S,
    QUERY,
    SECRET,
    failed,
    nobody_listening,
    registered,
    replied,
)
from tests.faulty import Behaviour, FaultyMember


@dataclass(frozen=True)
class Fault:
    behaviour: Behaviour
    code: NoAnswerCode
    message: str
    attempts: int = 1


BROKEN = faulty.head(200, [("Content-Length", "100")]) + b'{"meta"'
CHUNKED = faulty.head(200, [("Transfer-Encoding", "chunked")])

FAULTS = {
    "hang": Fault(faulty.hang(), NoAnswerCode.TIMEOUT, "no answer within 20 s"),
    "drip": Fault(faulty.drip(), NoAnswerCode.TIMEOUT, "no answer within 20 s"),
    "slow_headers": Fault(faulty.slow_headers(), NoAnswerCode.TIMEOUT, "no answer within 20 s"),
    "only_interim_answers": Fault(
        faulty.raw(b"HTTP/1.1 102 Processing\r\n\r\n" * 50, end="hang"),
        NoAnswerCode.TIMEOUT,
        "no answer within 20 s",
    ),
    "reset": Fault(faulty.reset(), NoAnswerCode.CONNECT, "connection reset by peer", 2),
    "reset_on_accept": Fault(
        faulty.on_accept(faulty.reset()), NoAnswerCode.CONNECT, "connection reset by peer", 2
    ),
    "closed": Fault(
        faulty.raw(), NoAnswerCode.CONNECT, "closed the connection without an answer", 2
    ),
    "reset_in_body": Fault(faulty.reset(BROKEN), NoAnswerCode.INVALID_BODY, "broke off"),
    "closed_in_body": Fault(faulty.raw(BROKEN), NoAnswerCode.INVALID_BODY, "broke off"),
    "half_close": Fault(faulty.half_close(), NoAnswerCode.INVALID_BODY, "broke off"),
    "chunks_end_early": Fault(
        faulty.raw(CHUNKED + b"5\r\nhel"), NoAnswerCode.INVALID_BODY, "broke off"
    ),
    "bad_chunk_size": Fault(
        faulty.raw(CHUNKED + b"zz\r\nhello\r\n"), NoAnswerCode.INVALID_BODY, "other than HTTP"
    ),
    "bad_gzip": Fault(
        faulty.answer(b"not gzip", headers=[("Content-Encoding", "gzip")]),
        NoAnswerCode.INVALID_BODY,
        "cannot be decompressed",
    ),
    "garbage": Fault(faulty.garbage(), NoAnswerCode.INVALID_BODY, "other than HTTP"),
    "status_line": Fault(
        faulty.garbage(b"HTTP/1.1 fine\r\n\r\n"), NoAnswerCode.INVALID_BODY, "other than HTTP"
    ),
    "two_lengths": Fault(
        faulty.raw(faulty.head(200, [("Content-Length", "2"), ("Content-Length", "3")]) + b"{}"),
        NoAnswerCode.INVALID_BODY,
        "other than HTTP",
    ),
    "long_header": Fault(
        faulty.answer(headers=[("X-Long", "a" * 20_000)]), NoAnswerCode.INVALID_BODY, "too large"
    ),
    "many_headers": Fault(
        faulty.answer(headers=[(f"X-{number}", "a") for number in range(500)]),
        NoAnswerCode.INVALID_BODY,
        "too large",
    ),
    "endless": Fault(faulty.endless(), NoAnswerCode.TOO_LARGE, "larger than 1 MiB"),
    "endless_chunks": Fault(
        faulty.endless(chunked=True), NoAnswerCode.TOO_LARGE, "larger than 1 MiB"
    ),
    "announced_too_large": Fault(
        faulty.raw(faulty.head(200, [("Content-Length", str(2**30))]), end="hang"),
        NoAnswerCode.TOO_LARGE,
        "larger than 1 MiB",
    ),
    "gzip_bomb": Fault(faulty.gzip_bomb(), NoAnswerCode.TOO_LARGE, "larger than 1 MiB"),
    "error_page_too_large": Fault(
        faulty.answer(b" " * (2 * MIB), 500), NoAnswerCode.TOO_LARGE, "larger than 1 MiB"
    ),
    "redirect": Fault(
        faulty.redirect("https://user:pw@new.example/api?token=s3cr3t"),
        NoAnswerCode.REDIRECTED,
        "redirects (HTTP 302) to new.example",
    ),
    "redirect_nowhere": Fault(
        faulty.answer(b"", 308), NoAnswerCode.REDIRECTED, "without saying where to"
    ),
    "redirect_to_script": Fault(
        faulty.redirect("javascript:alert(1)"), NoAnswerCode.REDIRECTED, "without saying where to"
    ),
    "not_modified": Fault(
        faulty.raw(faulty.head(304)), NoAnswerCode.REDIRECTED, "redirects (HTTP 304)"
    ),
}


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
async def test_a_fault_ends_as_its_own_failure(upstream, fault, method):
    async with FaultyMember(fault.behaviour) as member:
        asking = asyncio.create_task(
            upstream.ask(member.url, method=method, authorization=SECRET, timeout_s=PATIENT_S)
        )
        if fault.code is NoAnswerCode.TIMEOUT:
            await member.until(lambda seen: bool(seen.requests))
            await asyncio.sleep(0.05)  # what it sends meanwhile does not help it
            skip(PATIENT_S)
        result = await asking
        failure = failed(result, fault.code)
        assert fault.message in failure.message
        assert result.attempts == member.connections == fault.attempts
        assert upstream.is_at_rest
        await member.until(lambda seen: not seen.open_connections or upstream.pooled)
        if fault.code is not NoAnswerCode.REDIRECTED:
            assert upstream.pooled == 0
        assert member.bytes_written < 32 * MIB  # the rest of an endless body is not drained


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
async def test_a_fault_does_not_touch_another_member(upstream, fault):
    async with FaultyMember(fault.behaviour) as broken, FaultyMember() as healthy:
        trouble = asyncio.create_task(upstream.ask(broken.url, id="broken", timeout_s=30))
        calls = (upstream.ask(healthy.url, id="healthy") for _ in range(8))
        assert all(replied(result).status == 200 for result in await asyncio.gather(*calls))
        if fault.code is NoAnswerCode.TIMEOUT:
            assert not trouble.done()
            trouble.cancel()
            await asyncio.wait([trouble])
        else:
            failed(await trouble, fault.code)


async def test_nobody_listens(upstream):
    with nobody_listening() as url:
        result = await upstream.ask(url)
    assert failed(result, NoAnswerCode.CONNECT).message == "cannot be reached: connection refused"
    assert result.attempts == 2


async def test_a_name_that_does_not_exist(upstream):
    result = await upstream.ask("http://beacon.invalid")
    assert "beacon.invalid cannot be resolved" in failed(result, NoAnswerCode.DNS).message
    assert result.attempts == 1


@pytest.mark.parametrize("host", ["a" * 70 + ".example", "127.1", "2130706433", "0x7f.1"])
async def test_hosts_that_are_no_hosts(upstream, host):
    result = await upstream.ask(f"http://{host}")
    assert result.failure is not None
    assert result.failure.code in {NoAnswerCode.DNS, NoAnswerCode.ADDRESS}


async def test_no_time_left_means_no_request(upstream):
    async with FaultyMember() as member:
        result = await upstream.ask(member.url, timeout_s=0)
        assert failed(result, NoAnswerCode.TIMEOUT).message == "no time was left to ask it"
        assert (result.attempts, member.connections) == (0, 0)


async def test_the_members_own_time_is_the_smaller_bound(upstream):
    async with FaultyMember(faulty.hang()) as member:
        request = Request("GET", member.url)
        result = await upstream.client.call(
            registered(member.url, timeout_s=0.1), request, timeout_s=30, max_body_bytes=MIB
        )
        assert failed(result, NoAnswerCode.TIMEOUT).message == "no answer within 0.1 s"


async def test_a_cancelled_call_leaves_nothing(upstream):
    async with FaultyMember(faulty.hang()) as member:
        progress = CallProgress()
        call = asyncio.create_task(upstream.ask(member.url, timeout_s=30, progress=progress))
        await member.until(lambda seen: len(seen.requests) == 1)
        assert progress.has_slot
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        await member.until(lambda seen: seen.open_connections == 0)
        assert upstream.is_at_rest
        assert upstream.pooled == 0


async def test_an_error_of_ours_is_a_failure_too(upstream, caplog):
    await upstream.session.aclose()
    result = await upstream.ask("http://127.0.0.1:9", authorization=SECRET)
    failed(result, NoAnswerCode.INTERNAL)
    assert "member failed inside: RuntimeError" in caplog.text
    assert QUERY not in caplog.text


async def test_a_header_that_cannot_be_sent_is_a_failure(upstream):
    async with FaultyMember() as member:
        result = await upstream.ask(member.url, authorization="Bearer a\r\nX-Evil: 1")
        failed(result, NoAnswerCode.INTERNAL)
        assert member.requests == []
