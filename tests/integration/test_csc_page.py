"""The page of CSC's beacon-network as a client: `/query` as a list and as a WebSocket."""

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest
from aiohttp import WSCloseCode, WSMsgType, web
from structlog.testing import capture_logs

from demo import BEACON_IDS
from tests.faulty import FaultyMember, Wire, answer, hang, json_answer
from tests.networks import (
    BRAF,
    GENEROUS_S,
    PATIENT_S,
    DemoRunning,
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

PAGE = {"includeDatasetResponses": "HIT"} | BRAF | {"filters": "filter"}
"""A question in the page's own order, its last parameter included."""
V2_PAGE = PAGE | {"searchInInput": "g_variants"}


@asynccontextmanager
async def opened(
    net: Running, parameters: Mapping[str, str], **rest: Any
) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    async with net.client.ws_connect(f"{net.url}/query", params=parameters, **rest) as page:
        yield page


async def frames_of(net: Running, parameters: Mapping[str, str], **rest: Any) -> list[Any]:
    """Every frame up to the close, which has to be an ordinary one."""
    async with asyncio.timeout(PATIENT_S), opened(net, parameters, **rest) as page:
        frames = [json.loads(message.data) async for message in page]
        assert page.close_code == WSCloseCode.OK
        return frames


def by_member(frames: list[Any]) -> dict[str, Any]:
    told = {frame["info"]["member"]: frame for frame in frames}
    assert len(told) == len(frames)
    return told


def timeless(frames: list[Any]) -> list[str]:
    return sorted(json.dumps(frame, sort_keys=True) for frame in frames)


@pytest.mark.parametrize("parameters", [PAGE, V2_PAGE], ids=["v1", "v2"])
async def test_the_page_hears_every_member_once_and_then_the_close(
    net: DemoRunning, parameters: dict[str, str]
) -> None:
    told = by_member(await frames_of(net, parameters))

    assert set(told) == set(BEACON_IDS)
    assert {name: frame["exists"] for name, frame in told.items()} == {
        "demo-legacy": None,
        "demo-v1": None,
        "demo-v11": True,
        "demo-records": True,
        "demo-counts": False,
    }


async def test_frames_are_answers_of_version_1(net: DemoRunning) -> None:
    for frame in await frames_of(net, PAGE | {"includeDatasetResponses": "ALL"}):
        if frame["exists"] is not None:
            official.validate_v1(frame, "response")
            assert frame["datasetAlleleResponses"]


async def test_rows_name_the_allele_the_page_shows(net: DemoRunning) -> None:
    told = by_member(await frames_of(net, PAGE))

    (row,) = told["demo-v11"]["datasetAlleleResponses"]
    assert row["datasetId"] == "urn:demo:tumours"
    assert (row["referenceName"], row["start"]) == ("7", 140753335)
    assert (row["referenceBases"], row["alternateBases"]) == ("A", "T")
    assert row["variantCount"] == 214
    assert row["frequency"] == pytest.approx(0.041122214)


async def test_a_silent_member_says_nothing_and_why(net: DemoRunning) -> None:
    frame = by_member(await frames_of(net, PAGE))["demo-v1"]

    assert frame["exists"] is None
    assert frame["service"] == net.member("demo-v1").entry.url
    assert frame["responseStatus"] == frame["error"]["errorCode"] == 501
    assert frame["error"]["errorMessage"].startswith("assembly: ")


async def test_http_gives_the_same_as_a_list_in_the_order_of_the_members(net: DemoRunning) -> None:
    reply = await net.ask(PAGE, path="/query")

    assert reply.status == 200
    assert [one["info"]["member"] for one in reply.json] == list(BEACON_IDS)
    assert timeless(reply.json) == timeless(await frames_of(net, PAGE))
    assert reply.headers["Access-Control-Allow-Origin"] == "*"


async def test_hits_only_leaves_out_the_rows_without_one(net: DemoRunning) -> None:
    hits = by_member((await net.ask(PAGE, path="/query")).json)
    everything = by_member(
        (await net.ask(PAGE | {"includeDatasetResponses": "ALL"}, path="/query")).json
    )
    assert len(hits["demo-v11"]["datasetAlleleResponses"]) == 1
    assert len(everything["demo-v11"]["datasetAlleleResponses"]) == 2


async def test_the_assembly_of_its_second_mode_is_understood(net: DemoRunning) -> None:
    asked = PAGE | {"assemblyId": "GRCh37.p1", "start": "140453135"}
    told = by_member((await net.ask(asked, path="/query")).json)

    assert told["demo-v11"]["responseStatus"] == 501
    assert told["demo-v1"]["exists"] is not None


async def test_a_chosen_filter_is_asked_and_never_dropped(net: DemoRunning) -> None:
    told = by_member((await net.ask(V2_PAGE | {"filters": "HP:0001250"}, path="/query")).json)

    assert told["demo-v11"]["error"]["errorMessage"].startswith("filter: ")
    assert not net.asked("demo-v11")


async def test_what_was_ignored_of_a_question_is_said_with_every_answer(net: DemoRunning) -> None:
    frames = await frames_of(net, PAGE | {"colour": "red"})

    assert len(frames) == len(BEACON_IDS)
    for frame in frames:
        assert "unknown parameters were ignored: colour" in frame["info"]["warnings"]
    quiet = {name: value for name, value in PAGE.items() if name != "filters"}
    assert not any("warnings" in frame["info"] for frame in await frames_of(net, quiet))


async def test_listings_are_asked_where_the_page_says() -> None:
    async with (
        FaultyMember(json_answer(says())) as member,
        network_of([entry(member)]) as net,
    ):
        asked = {"searchInInput": "biosamples", "id": "X 1", "searchByInput": "individuals"}
        reply = await net.ask(asked | {"filters": "filter"}, path="/query")

        assert reply.json[0]["exists"] is True
        targets = [request.target.partition("?")[0] for request in member.requests]
        assert any(target.endswith("/individuals/X%201/biosamples") for target in targets), targets


@pytest.mark.parametrize(
    "asked",
    [
        {"searchInInput": "people"},
        {"searchInInput": "biosamples", "id": "X"},
        {"id": "X"},
        {"filters": "filter"},
        BRAF | {"start": "x"},
        BRAF | {"geneId": "TTN"},
        V2_PAGE | {"aminoacidChange": "V600E"},
        {"searchInInput": "individual", "filters": "age:>"},
        BRAF | {"ask": "nobody"},
        BRAF | {"wait": "-1"},
        {"searchInInput": "biosamples", "chromosom": "7"},
    ],
)
async def test_what_cannot_be_understood_is_refused_in_both_forms(
    net: DemoRunning, asked: dict[str, str]
) -> None:
    reply = await net.ask(asked, path="/query")
    assert reply.status == 400
    official.validate_v1(reply.json, "response")

    (frame,) = await frames_of(net, asked)
    assert frame["exists"] is None
    assert frame["responseStatus"] == 400
    assert frame["service"] == f"{net.url}/query"
    assert frame["error"]["errorMessage"] == reply.problem
    assert net.is_untouched


async def test_a_post_is_not_possible_and_says_so_in_version_1(net: DemoRunning) -> None:
    reply = await net.ask(path="/query", body=BRAF)

    assert reply.status == 405
    assert "GET" in reply.headers["Allow"]
    official.validate_v1(reply.json, "response")


async def test_frames_come_as_members_end() -> None:
    release = asyncio.Event()

    async def late(wire: Wire) -> None:
        await release.wait()
        await json_answer(says())(wire)

    async with (
        FaultyMember(scripted(late)) as slow,
        FaultyMember(scripted(json_answer(says(False)))) as quick,
        network_of([entry(slow, "slow"), entry(quick, "quick")]) as net,
        asyncio.timeout(GENEROUS_S),
        opened(net, PAGE) as page,
    ):
        first = await page.receive_json()
        assert (first["info"]["member"], first["exists"]) == ("quick", False)
        release.set()
        second = await page.receive_json()
        assert (second["info"]["member"], second["exists"]) == ("slow", True)
        assert (await page.receive()).type is WSMsgType.CLOSE


async def test_failures_are_told_and_kept_from_caches() -> None:
    async with (
        FaultyMember(scripted(answer(b"broken", 500))) as member,
        network_of([entry(member)], query={"retries": 0}) as net,
    ):
        reply = await net.ask(PAGE, path="/query")

        (told,) = reply.json
        assert (told["exists"], told["responseStatus"]) == (None, 502)
        assert told["error"]["errorMessage"].startswith("server_error: ")
        assert reply.headers["Cache-Control"] == "no-store"


async def test_a_page_that_closes_ends_its_question() -> None:
    async with (
        FaultyMember(scripted(hang())) as member,
        network_of([entry(member)], query={"deadline_s": 30, "member_timeout_s": 30}) as net,
    ):
        async with opened(net, PAGE) as page:
            await until(member, lambda m: len(questions(m)) == 1)
            await page.send_str("nobody reads this")
            await page.close()
            assert page.close_code == WSCloseCode.OK
        await come_true(lambda: net.is_at_rest, GENEROUS_S)
        await come_true(lambda: net.network.streams.open == 0, GENEROUS_S)


async def test_a_page_that_vanishes_ends_its_question() -> None:
    async with (
        FaultyMember(scripted(hang())) as member,
        network_of([entry(member)], query={"deadline_s": 30, "member_timeout_s": 30}) as net,
    ):
        async with opened(net, PAGE) as page:
            await until(member, lambda m: len(questions(m)) == 1)
            transport = page.get_extra_info("socket")
            transport.shutdown(socket.SHUT_RDWR)
            await come_true(lambda: net.is_at_rest, GENEROUS_S)


@pytest.mark.parametrize("leaves_at", ["prepare", "close"])
async def test_a_page_that_leaves_at_a_handshake_is_no_error_of_ours(
    monkeypatch: pytest.MonkeyPatch, leaves_at: str
) -> None:
    done = asyncio.Event()
    usual = getattr(web.WebSocketResponse, leaves_at)

    async def leave(response: web.WebSocketResponse, *told: Any, **more: Any) -> None:
        if leaves_at == "close":
            await usual(response, *told, **more)
        done.set()
        raise ConnectionResetError("Cannot write to closing transport")

    async with FaultyMember(scripted(json_answer({"exists": True}))) as member:
        async with network_of([entry(member)]) as net:
            with monkeypatch.context() as patched, capture_logs() as logs:
                patched.setattr(web.WebSocketResponse, leaves_at, leave)
                async with aiohttp.ClientSession() as client:
                    with contextlib.suppress(aiohttp.ClientError):
                        async with client.ws_connect(f"{net.url}/query", params=PAGE) as page:
                            async for _ in page:
                                pass
                await asyncio.wait_for(done.wait(), GENEROUS_S)
                await come_true(lambda: any(one["event"] == "request" for one in logs), GENEROUS_S)
            assert [one for one in logs if one["log_level"] == "error"] == []


async def test_a_page_that_reads_nothing_is_dropped() -> None:
    big = "x" * 500_000
    rows = [{"datasetId": f"d{n}", "exists": True, "note": big} for n in range(20)]
    document = {"beaconId": "b", "apiVersion": "1.1.0", "exists": True}
    behaviour = scripted(json_answer(document | {"datasetAlleleResponses": rows}))
    async with (
        FaultyMember(behaviour) as member,
        network_of(
            [{"id": "v1", "url": member.url, "protocol": "v1"}],
            query={"max_small_body_bytes": 2**24},
        ) as net,
    ):
        net.network.streams.write_s = 0.1
        parts = urlsplit(net.url)
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port, limit=1)
        query = "&".join(f"{name}={value}" for name, value in PAGE.items())
        writer.write(
            f"GET /query?{query} HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, Upgrade\r\n"
            "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
        )
        await until(member, lambda m: len(questions(m)) == 1)
        await come_true(lambda: net.network.streams.open == 1)
        await come_true(lambda: net.network.streams.open == 0, GENEROUS_S + 3)
        await come_true(lambda: net.is_at_rest)
        writer.transport.abort()
        del reader


async def test_pages_are_told_when_the_network_stops() -> None:
    async with aiohttp.ClientSession() as client, FaultyMember(scripted(hang())) as member:
        async with network_of(
            [entry(member)],
            server={"drain_s": 0.1},
            query={"deadline_s": 30, "member_timeout_s": 30},
        ) as net:
            page = await client.ws_connect(f"{net.url}/query", params=PAGE)
            await until(member, lambda m: len(questions(m)) == 1)
            reading = asyncio.create_task(page.receive())
        closed = await asyncio.wait_for(reading, GENEROUS_S)
        assert closed.type is WSMsgType.CLOSE
        assert closed.data == WSCloseCode.GOING_AWAY
        await until(member, lambda m: not m.open_connections)


async def test_too_many_pages_at_once_are_told_to_come_back() -> None:
    async with (
        FaultyMember(scripted(hang())) as member,
        network_of(
            [entry(member)],
            server={"max_streams": 1},
            query={"deadline_s": 30, "member_timeout_s": 30},
        ) as net,
        opened(net, PAGE),
    ):
        await until(member, lambda m: len(questions(m)) == 1)
        (frame,) = await frames_of(net, PAGE)
        assert frame["responseStatus"] == 503


async def test_limits_for_clients_apply_to_pages() -> None:
    async with (
        FaultyMember(scripted(json_answer(says()))) as member,
        network_of([entry(member)], security={"rate_limit": 2}) as net,
    ):
        assert (await net.ask(PAGE, path="/query")).status == 200
        assert (await frames_of(net, PAGE))[0]["exists"] is True
        (refused,) = await frames_of(net, PAGE)
        assert refused["responseStatus"] == 429
        over = await net.ask(PAGE, path="/query")
        assert over.status == 429
        official.validate_v1(over.json, "response")


async def test_the_cookie_of_the_page_goes_nowhere() -> None:
    async with (
        FaultyMember(scripted(json_answer(says()))) as member,
        network_of([entry(member, token="passthrough")]) as net,
    ):
        cookie = {"Cookie": "access_token=secret"}
        frames = await frames_of(net, PAGE, headers=cookie, origin="https://page.example.org")
        assert frames[0]["exists"] is True
        (asked,) = questions(member)
        assert "secret" not in str(asked.headers)
