"""One faulty member beside two healthy ones: its fault is its own, and is named for what it is."""

import asyncio
import re
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import msgspec
import pytest
import trustme

from demo import DemoNetwork
from tests import faulty
from tests.clocks import skip
from tests.faulty import Behaviour, FaultyMember
from tests.networks import (
    BRAF,
    DEADLINE_S,
    GENEROUS_S,
    Reply,
    Running,
    come_true,
    entry,
    network_of,
    questions,
    says,
    scripted,
    until,
)
from tests.official import official

HEALTHY = ("demo-v11", "demo-records")
QUESTION = BRAF | {"requestedGranularity": "record", "includeResultsetResponses": "ALL"}
LIMITS = {"max_body_bytes": 2**20}


@dataclass(frozen=True)
class Fault:
    behaviour: Behaviour
    reason: str
    says: str = ""
    """Part of the sentence for people."""


FAULTS = {
    "hang": Fault(faulty.hang(), "timeout", "no answer within 20 s"),
    "drip": Fault(faulty.drip(), "timeout", "no answer within 20 s"),
    "slow headers": Fault(faulty.slow_headers(), "timeout", "no answer within 20 s"),
    "reset": Fault(faulty.reset(), "connect", "connection reset"),
    "reset in the body": Fault(
        faulty.reset(faulty.head(200, [("Content-Length", "100")]) + b'{"meta"'),
        "invalid_body",
        "broke off",
    ),
    "half-close": Fault(faulty.half_close(), "invalid_body", "broke off before the end"),
    "closed without a word": Fault(faulty.raw(), "connect", "without an answer"),
    "garbage": Fault(faulty.garbage(), "invalid_body", "other than HTTP"),
    "500": Fault(faulty.html(500), "server_error", "HTTP 500"),
    "503": Fault(faulty.html(503), "server_error", "HTTP 503"),
    "504": Fault(faulty.answer(b"", 504), "server_error", "HTTP 504"),
    "501": Fault(faulty.answer(b"", 501), "server_error", "HTTP 501"),
    "400": Fault(
        faulty.json_answer({"error": {"errorCode": 400, "errorMessage": "what?"}}, 400),
        "rejected",
        "what?",
    ),
    "401": Fault(faulty.answer(b"", 401), "forbidden", "signed-in"),
    "403": Fault(faulty.html(403), "forbidden"),
    "404": Fault(faulty.html(404), "rejected", "HTTP 404"),
    "429": Fault(faulty.answer(b"", 429), "rate_limited", "HTTP 429"),
    "429 with a long Retry-After": Fault(
        faulty.answer(b"", 429, [("Retry-After", "30")]), "rate_limited"
    ),
    "an error beside 200": Fault(
        faulty.json_answer(says() | {"error": {"errorCode": 400, "errorMessage": "no"}}),
        "rejected",
    ),
    "HTML": Fault(faulty.html(), "invalid_body", "a web page, not JSON"),
    "no body": Fault(faulty.answer(b""), "invalid_body", "empty"),
    "invalid JSON": Fault(faulty.invalid_json(), "invalid_body", "not valid JSON"),
    "NaN": Fault(
        faulty.answer(b'{"responseSummary": {"exists": NaN}}'), "invalid_body", "not valid JSON"
    ),
    "a list": Fault(faulty.answer(b"[true]"), "invalid_body", "no Beacon answer"),
    "wrong schema": Fault(faulty.json_answer({"hello": "world"}), "no_verdict"),
    "exists null": Fault(faulty.json_answer({"responseSummary": {"exists": None}}), "no_verdict"),
    "records that are no objects": Fault(
        faulty.json_answer(says(results=["a", 1])), "invalid_body", "not a list of objects"
    ),
    "another question": Fault(
        faulty.json_answer(
            says()
            | {
                "meta": {
                    "beaconId": "x",
                    "receivedRequestSummary": {
                        "requestParameters": {"g_variant": BRAF | {"start": [1]}}
                    },
                }
            }
        ),
        "inconsistent",
        "another question",
    ),
    "a no that counts": Fault(faulty.json_answer(says(exists=False, count=3)), "inconsistent"),
    "1 GB": Fault(faulty.endless(), "too_large", "larger than 1 MiB"),
    "1 GB in chunks": Fault(faulty.endless(chunked=True), "too_large"),
    "1 GB announced": Fault(
        faulty.raw(faulty.head(200, [("Content-Length", str(2**30))]), end="hang"), "too_large"
    ),
    "gzip bomb": Fault(faulty.gzip_bomb(), "too_large"),
    "broken gzip": Fault(
        faulty.answer(b"not gzip", headers=[("Content-Encoding", "gzip")]),
        "invalid_body",
        "decompressed",
    ),
    "invalid UTF-8 in records": Fault(faulty.invalid_utf8(), "invalid_body", "not valid UTF-8"),
    "a lone surrogate in records": Fault(
        faulty.answer(
            b'{"responseSummary": {"exists": true}, "response": {"resultSets": [{"id": "d", '
            b'"exists": true, "results": [{"note": "\\ud800"}]}]}}'
        ),
        "invalid_body",
    ),
    "nested 100,000 deep": Fault(faulty.nested(), "invalid_body", "nested"),
    "records nested deep": Fault(
        faulty.answer(
            b'{"responseSummary": {"exists": true}, "response": {"resultSets": [{"id": "d", '
            b'"exists": true, "results": [{"a": ' + b"[" * 500 + b"]" * 500 + b"}]}]}}"
        ),
        "invalid_body",
        "nested more than",
    ),
    "redirect to a private address": Fault(
        faulty.redirect("http://10.0.0.1/g_variants"), "redirected", "10.0.0.1"
    ),
    "redirect to a file": Fault(faulty.redirect("file:///etc/passwd"), "redirected"),
}


@asynccontextmanager
async def beside(demo: DemoNetwork, *entries: Any, **overrides: Any) -> AsyncIterator[Running]:
    """A network of these members between two healthy ones."""
    first, second = (one for one in demo.members() if one["id"] in HEALTHY)
    overrides["query"] = LIMITS | overrides.get("query", {})
    async with network_of([first, *entries, second], **overrides) as net:
        await net.known(*HEALTHY)
        yield net


class _Document(msgspec.Struct):
    class Info(msgspec.Struct):
        class Network(msgspec.Struct):
            members: list[msgspec.Raw]

        network: Network

    class Response(msgspec.Struct, rename="camel"):
        result_sets: list[msgspec.Raw]

    info: Info
    response: Response


def bytes_of(reply: Reply, members: Sequence[str] = HEALTHY) -> dict[str, list[bytes]]:
    """Everything an answer says of some members, byte for byte but for the time it took."""
    document = msgspec.json.decode(reply.body, type=_Document)
    found: dict[str, list[bytes]] = {name: [] for name in members}
    for element in document.info.network.members:
        name = msgspec.json.decode(element)["id"]
        if name in found:
            found[name].append(re.sub(rb'"elapsedMs":\d+', b"", bytes(element)))
    for one in document.response.result_sets:
        name = msgspec.json.decode(one)["info"]["memberId"]
        if name in found:
            found[name].append(bytes(one))
    assert all(len(parts) > 1 for parts in found.values())
    return found


async def healthy_alone(demo: DemoNetwork) -> dict[str, list[bytes]]:
    async with beside(demo) as net:
        return bytes_of(await net.ask(QUESTION))


async def nothing() -> None:
    """Do nothing."""


async def check(
    net: Running,
    demo: DemoNetwork,
    reason: str,
    sentence: str = "",
    *,
    meanwhile: Callable[[], Awaitable[None]] = nothing,
) -> None:
    """The answer is there, complete but for one member, and the others' parts are untouched."""
    alone = await healthy_alone(demo)
    asking = asyncio.create_task(net.ask(QUESTION | {"wait": "35"}))
    await meanwhile()
    reply = await asking

    assert reply.status == 200
    assert official.validate_v2_answer(reply.json) == "record"
    assert reply.endings == {
        "demo-v11": "found",
        "scripted": f"no_answer/{reason}",
        "demo-records": "found",
    }
    assert bytes_of(reply) == alone
    assert reply.info["complete"] is False
    assert reply.headers["Cache-Control"] == "no-store"
    told = reply.members["scripted"]
    assert sentence in told["reason"]["message"]
    assert told["match"] is told["count"] is None
    assert told["datasets"] == []
    await come_true(lambda: net.is_at_rest)


@pytest.mark.parametrize("name", FAULTS)
async def test_a_fault_is_named_and_touches_nobody_else(name: str) -> None:
    fault = FAULTS[name]
    async with DemoNetwork() as demo, FaultyMember(scripted(fault.behaviour)) as member:
        # only who never answers is waited for; nobody's answer depends on how busy the machine is
        async with beside(demo, entry(member, timeout_s=20)) as net:

            async def time_runs_out() -> None:
                if fault.reason == "timeout":
                    await until(member, lambda m: bool(questions(m)))
                    await come_true(lambda: net.network.asker.calls_in_flight == 1)
                    skip(20)

            await check(net, demo, fault.reason, fault.says, meanwhile=time_runs_out)
        assert questions(member)
        await until(member, lambda m: not m.open_connections)
        # of a body without end only so much is taken as fits into the limit and the pipes
        assert member.bytes_written < 32 * 2**20


@pytest.mark.parametrize("name", ["hang", "drip", "slow headers"])
async def test_the_answer_is_there_at_the_deadline(name: str) -> None:
    """The others' answers are known before, so that only the silent one is waited for."""
    async with DemoNetwork() as demo, FaultyMember(scripted(FAULTS[name].behaviour)) as member:
        async with beside(demo, entry(member)) as net:
            await net.ask(QUESTION | {"ask": ",".join(HEALTHY)})
            reply = await net.ask(QUESTION | {"wait": str(DEADLINE_S)}, within_s=GENEROUS_S)

            assert reply.found == list(HEALTHY)
            assert reply.endings["scripted"] == "no_answer/timeout"
            assert reply.info["elapsedMs"] >= DEADLINE_S * 1000
            await come_true(lambda: net.is_at_rest)
        await until(member, lambda m: not m.open_connections)


@pytest.mark.parametrize("behaviour", [faulty.reset(), faulty.raw()], ids=["reset", "close"])
async def test_a_server_that_drops_every_connection(behaviour: Behaviour) -> None:
    async with DemoNetwork() as demo, FaultyMember(faulty.on_accept(behaviour)) as member:
        async with beside(demo, entry(member)) as net:
            await check(net, demo, "connect")


async def test_a_port_where_nobody_listens() -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{held.getsockname()[1]}"
        async with DemoNetwork() as demo, beside(demo, entry(url)) as net:
            await check(net, demo, "connect", "connection refused")


async def test_a_name_that_does_not_exist() -> None:
    async with DemoNetwork() as demo, beside(demo, entry("http://beacon.invalid")) as net:
        await check(net, demo, "dns", "beacon.invalid cannot be resolved")


async def test_a_certificate_nobody_vouches_for() -> None:
    context = faulty.server_tls(trustme.CA())
    async with DemoNetwork() as demo, FaultyMember(tls=context) as member:
        async with beside(demo, entry(member)) as net:
            await check(net, demo, "tls", "certificate")


@pytest.mark.parametrize(
    "url",
    [
        "http://10.0.0.1",
        "http://169.254.169.254/latest",
        "http://[::1]:8080",
        "http://[::ffff:127.0.0.1]",
        "http://localhost",
        "http://0.0.0.0",
    ],
)
async def test_private_addresses_are_not_called(url: str) -> None:
    async with network_of(
        [entry(url)], query=LIMITS, security={"allow_private_members": False}
    ) as net:
        reply = await net.ask(QUESTION)

        assert reply.status == 502
        assert official.validate_v2_answer(reply.json) == "error"
        assert reply.endings == {"scripted": "no_answer/address"}
        assert "does not call" in reply.members["scripted"]["reason"]["message"]
        await come_true(lambda: net.is_at_rest)


async def test_a_guarded_member_never_sees_a_connection() -> None:
    async with FaultyMember() as member:
        async with network_of(
            [entry(member)], query=LIMITS, security={"allow_private_members": False}
        ) as net:
            reply = await net.ask(QUESTION)

            assert reply.endings == {"scripted": "no_answer/address"}
        assert member.connections == 0


async def test_a_redirect_is_not_followed() -> None:
    async with FaultyMember() as inside:
        moved = faulty.redirect(f"{inside.url}/g_variants")
        async with FaultyMember(scripted(moved, info=faulty.answer(b"", 404))) as member:
            async with network_of([entry(member)], query=LIMITS) as net:
                reply = await net.ask(QUESTION)

                assert reply.endings == {"scripted": "no_answer/redirected"}
        assert inside.connections == 0


async def test_a_short_retry_after_is_obeyed() -> None:
    busy = faulty.answer(b"", 429, [("Retry-After", "0")])
    async with FaultyMember(scripted(busy, faulty.json_answer(says()))) as member:
        async with network_of([entry(member)], query=LIMITS) as net:
            reply = await net.ask(BRAF)

            assert reply.found == ["scripted"]
            assert reply.members["scripted"]["attempts"] == 2
        assert len(questions(member)) == 2


async def test_all_members_faulty_at_once_is_an_answer_in_time() -> None:
    """Every fault of the table beside each other, in one network."""
    async with AsyncExitStack() as stack:
        entries, expected = [], {}
        for number, fault in enumerate(FAULTS.values()):
            member = await stack.enter_async_context(FaultyMember(scripted(fault.behaviour)))
            name = f"member-{number}"
            patience = {"timeout_s": DEADLINE_S} if fault.reason == "timeout" else {}
            entries.append(entry(member, name, **patience))
            expected[name] = f"no_answer/{fault.reason}"
        net = await stack.enter_async_context(network_of(entries, query=LIMITS | {"retries": 0}))
        reply = await net.ask(QUESTION)

        assert reply.status == 502
        assert official.validate_v2_answer(reply.json) == "error"
        assert reply.endings == expected
        await come_true(lambda: net.is_at_rest)
