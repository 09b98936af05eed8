"""Answers as they come: the order, the form and the end of streams, and what ends them early."""

import asyncio
import contextlib
import json
import socket
from urllib.parse import urlsplit

import pytest

from aggregator.api.sse import EventStreams
from aggregator.engine import service as service_module
from tests.events import ACCEPT, events_of, opened
from tests.faulty import Behaviour, FaultyMember, Wire, answer, hang, json_answer
from tests.networks import (
    BRAF,
    GENEROUS_S,
    PATIENT_S,
    DemoRunning,
    come_true,
    entry,
    network_of,
    questions,
    says,
    scripted,
)
from tests.official import official

NESTED = {
    "query": {
        "requestParameters": {
            "g_variant": {
                "assemblyId": "GRCh38",
                "referenceName": "7",
                "start": [140753335],
                "referenceBases": "A",
                "alternateBases": "T",
            }
        }
    }
}


class Held:
    """A behaviour that answers when told to."""

    def __init__(self, then: Behaviour) -> None:
        self.go = asyncio.Event()
        self._then = then

    async def __call__(self, wire: Wire) -> None:
        await self.go.wait()
        await self._then(wire)


async def test_members_come_first_then_the_whole_answer_then_the_end(net: DemoRunning) -> None:
    events = await events_of(net, BRAF)
    assert [event.name for event in events] == ["member"] * 5 + ["answer", "done"]
    assert events[-1].data == "{}"
    document = events[-2].json
    official.validate_v2_answer(document)
    told = {event.json["id"]: event.json for event in events[:5]}
    assert told == {each["id"]: each for each in document["info"]["network"]["members"]}


async def test_the_answer_is_the_document_without_streaming(net: DemoRunning) -> None:
    whole = await net.ask(BRAF)
    events = await events_of(net, BRAF)
    streamed = events[-2].json

    def timeless(document: dict[str, object]) -> str:
        text = json.dumps(document)
        return text if '"elapsedMs"' not in text else json.dumps(_without_times(document))

    assert timeless(streamed) == timeless(whole.json)


def _without_times(value: object) -> object:
    if isinstance(value, dict):
        left_out = {"elapsedMs", "attempts", "source", "ageS"}
        return {key: _without_times(each) for key, each in value.items() if key not in left_out}
    return [_without_times(each) for each in value] if isinstance(value, list) else value


async def test_post_streams_too(net: DemoRunning) -> None:
    events = await events_of(net, {}, body=NESTED)
    assert events[-2].json["responseSummary"]["exists"] is True


async def test_headers_keep_proxies_from_buffering(net: DemoRunning) -> None:
    async with opened(net, BRAF) as stream:
        headers = stream.response.headers
        assert stream.response.content_type == "text/event-stream"
        assert headers["Cache-Control"] == "no-store"
        assert headers["X-Accel-Buffering"] == "no"
        assert "Content-Encoding" not in headers
        assert headers["Access-Control-Allow-Origin"] == "*"
        await stream.rest()


async def test_members_not_asked_come_first_and_the_others_as_they_end() -> None:
    late = Held(json_answer(says(True)))
    async with (
        FaultyMember(scripted(late)) as slow,
        FaultyMember(scripted(json_answer(says(False)))) as quick,
        network_of(
            [
                entry(slow, "slow"),
                entry(quick, "quick"),
                entry(quick, "off", disabled=True),
            ]
        ) as net,
        opened(net, BRAF) as stream,
    ):
        seen = []
        for _ in range(2):
            event = await stream.next()
            assert event is not None
            seen.append((event.json["id"], event.json["answer"]))
        assert seen == [("off", "not_asked"), ("quick", "not_found")]
        late.go.set()
        rest = await stream.rest()
        assert [event.name for event in rest] == ["member", "answer", "done"]
        assert rest[0].json["answer"] == "found"


async def test_the_stream_begins_before_any_member_has_answered() -> None:
    async with (
        FaultyMember(scripted(hang())) as member,
        network_of([entry(member)], query={"deadline_s": 30, "member_timeout_s": 30}) as net,
    ):
        net.network.streams.heartbeat_s = 0.02
        async with asyncio.timeout(GENEROUS_S), opened(net, BRAF) as stream:
            assert stream.response.status == 200
            async for line in stream.response.content:
                if line == b":\n":
                    break  # and comments keep it open


async def test_every_line_break_in_the_data_starts_a_data_line() -> None:
    record = b'{\r\n "variantInternalId": "x",\r "note": "a\\nb"\n}'
    document = says(True, count=1, results=[{"variantInternalId": "PLACEHOLDER"}])
    body = json.dumps(document).encode()
    body = body.replace(b'{"variantInternalId": "PLACEHOLDER"}', record)
    async with (
        FaultyMember(scripted(answer(body))) as member,
        network_of([entry(member)]) as net,
        opened(net, BRAF | {"requestedGranularity": "record"}) as stream,
    ):
        events = await stream.rest()
    (result,) = events[-2].json["response"]["resultSets"][0]["results"]
    assert result == {"variantInternalId": "x", "note": "a\nb"}
    assert not any("\r" in line for line in stream.lines)
    known = ("event: ", "data: ", ":")
    assert all(line == "" or line.startswith(known) for line in stream.lines)


async def test_a_refused_answer_comes_with_its_code_and_what_is_known() -> None:
    async with (
        FaultyMember(scripted(json_answer(says(False)))) as no,
        FaultyMember(scripted(answer(b"", 500))) as broken,
        network_of([entry(no, "no"), entry(broken, "broken")]) as net,
    ):
        *_, refused, done = await events_of(net, BRAF)
        official.validate_v2_answer(refused.json)
        assert refused.json["error"]["errorCode"] == 502
        assert refused.json["info"]["network"]["verdict"] == "unknown"
        assert done.name == "done"
        *_, accepted, _ = await events_of(net, BRAF | {"partial": "allow"})
        assert accepted.json["responseSummary"]["exists"] is False


@pytest.mark.parametrize(
    ("parameters", "status"),
    [({"start": "1"}, 400), (BRAF | {"ask": "nobody"}, 400), (BRAF | {"wait": "no"}, 400)],
)
async def test_a_bad_question_is_a_plain_error(
    net: DemoRunning, parameters: dict[str, str], status: int
) -> None:
    reply = await net.ask(parameters, headers=ACCEPT)
    assert reply.status == status
    assert reply.headers["Content-Type"].startswith("application/json")
    assert reply.json["error"]["errorCode"] == status
    assert net.is_untouched


async def test_a_loop_is_a_plain_error(net: DemoRunning) -> None:
    via = {"Via": f"1.1 {net.network.identity.beacon_id}"}
    assert (await net.ask(BRAF, headers={**ACCEPT, **via})).status == 508


async def test_too_many_streams_are_told_to_come_back() -> None:
    async with (
        FaultyMember(scripted(hang())) as member,
        network_of([entry(member)], server={"max_streams": 1}) as net,
        opened(net, BRAF) as first,
    ):
        assert first.response.status == 200
        assert net.network.streams.open == 1
        second = await net.ask(BRAF, headers=ACCEPT)
        assert second.status == 503
        assert int(second.headers["Retry-After"]) > 0
        assert second.json["error"]["errorCode"] == 503
        first.response.close()
        await come_true(lambda: net.network.streams.open == 0)


async def test_a_full_network_is_a_plain_503_before_the_stream() -> None:
    async with (
        FaultyMember(scripted(hang())) as member,
        network_of([entry(member)], query={"max_queries": 1}) as net,
        opened(net, BRAF) as first,
    ):
        assert first.response.status == 200
        reply = await net.ask(BRAF | {"wait": "0.1"}, headers=ACCEPT)
        assert reply.status == 503


async def test_a_client_that_leaves_ends_its_calls() -> None:
    async with (
        FaultyMember(scripted(hang())) as member,
        network_of([entry(member)]) as net,
    ):
        async with opened(net, BRAF) as stream:
            await come_true(lambda: bool(questions(member)))
            stream.response.close()
        await come_true(lambda: net.is_at_rest and net.network.streams.open == 0)
        await member.until(lambda m: m.is_left_alone)


async def test_a_reader_that_takes_nothing_is_dropped() -> None:
    big = [{"variantInternalId": "x" * 1_000_000} for _ in range(15)]
    async with (
        FaultyMember(scripted(json_answer(says(True, count=15, results=big)))) as member,
        network_of([entry(member)]) as net,
    ):
        net.network.streams.write_s = 0.1
        url = urlsplit(net.url)
        with socket.socket() as reader:
            reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            reader.setblocking(False)
            loop = asyncio.get_running_loop()
            await loop.sock_connect(reader, (url.hostname, url.port))
            target = "/api/g_variants?requestedGranularity=record&" + "&".join(
                f"{name}={value}" for name, value in BRAF.items()
            )
            head = f"GET {target} HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n\r\n"
            await loop.sock_sendall(reader, head.encode())
            await come_true(lambda: net.network.streams.open == 1)
            await come_true(lambda: net.network.streams.open == 0, GENEROUS_S + 3)
            await come_true(lambda: net.is_at_rest)
            received = 0
            with contextlib.suppress(ConnectionResetError):
                while chunk := await asyncio.wait_for(loop.sock_recv(reader, 1 << 20), PATIENT_S):
                    received += len(chunk)
            assert received < 15_000_000


@pytest.fixture
def broken_merge(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("forced")

    monkeypatch.setattr(service_module, "merge", fail)


async def test_an_error_of_ours_ends_the_stream_in_its_own_form(
    net: DemoRunning, broken_merge: None
) -> None:
    async with opened(net, BRAF) as stream:
        request_id = stream.response.headers["X-Request-Id"]
        *members, last, done = await stream.rest()
    assert len(members) == 5
    assert (last.name, done.name) == ("answer", "done")
    assert last.json["error"]["errorCode"] == 500
    assert request_id in last.json["error"]["errorMessage"]
    assert "forced" not in last.data


@pytest.mark.parametrize(
    ("accept", "streamed"),
    [
        ("text/event-stream", True),
        ("text/event-stream, application/json", True),
        ("application/json, text/event-stream", False),
        ("application/json;q=0.5, text/event-stream", True),
        ("text/event-stream;q=0, */*", False),
        ("text/event-stream;q=x", False),
        ("TEXT/EVENT-STREAM ; q=0.1", True),
        ("*/*", False),
    ],
)
async def test_the_stream_is_for_those_who_prefer_it(
    net: DemoRunning, accept: str, streamed: bool
) -> None:
    reply = await net.ask(BRAF, headers={"Accept": accept})
    kind = reply.headers["Content-Type"].partition(";")[0]
    assert kind == ("text/event-stream" if streamed else "application/json")
    assert "Accept" in reply.headers["Vary"]


async def test_places_are_given_back_whatever_happens() -> None:
    streams = EventStreams(limit=1)
    with contextlib.suppress(ZeroDivisionError), streams.place():
        assert streams.open == 1
        raise ZeroDivisionError
    assert streams.open == 0
