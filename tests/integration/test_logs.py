"""Nothing of a question gets into the log: no position, no bases, no query string, no token."""

import asyncio
import contextlib
import io
import json
import logging
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any, Literal
from urllib.parse import urlencode

import pytest
import structlog
from yarl import URL

from aggregator.base import logs
from aggregator.base.sections import LogSettings
from aggregator.engine import service as service_module
from aggregator.protocol import v2 as v2_translator
from tests.events import ACCEPT, events_of
from tests.faulty import FaultyMember, answer, hang, json_answer
from tests.networks import Running, come_true, entry, network_of, says, scripted

POSITION = 117559589
BASES = "TGATTACAGATTACATGA"
TOKEN = "s3cret-t0ken-0f-somebody"
QUESTION = {
    "assemblyId": "GRCh38",
    "referenceName": "7",
    "start": str(POSITION),
    "referenceBases": "T",
    "alternateBases": BASES,
}
TEXT = f"7-{POSITION + 1}-T-{BASES}"
FORBIDDEN = re.compile(
    "|".join(
        (
            str(POSITION),
            str(POSITION + 1),
            "GATTACA",
            TOKEN,
            "referenceBases=",
            "referenceName=",
            "assemblyId=",
            r"[?&](q|start)=",
        )
    ),
    re.I,
)


class Log:
    """What was written since the log was set up."""

    def __init__(self, form: Literal["json", "console"]) -> None:
        self._written = io.StringIO()
        with contextlib.redirect_stderr(self._written):
            logs.configure(LogSettings(level="debug", format=form))

    @property
    def text(self) -> str:
        return self._written.getvalue()

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.splitlines()]

    def events(self, name: str) -> list[dict[str, Any]]:
        return [line for line in self.lines if line["event"] == name]

    def assert_clean(self) -> None:
        assert self.text
        found = FORBIDDEN.search(self.text)
        if found:
            around = self.text[max(0, found.start() - 300) : found.end() + 100]
            pytest.fail(f"{found[0]!r} is in the log: …{around}…")


@pytest.fixture
def restored() -> Iterator[None]:
    """The logging of the process as it was before."""
    root = logging.getLogger()
    before = root.handlers[:], root.level
    access = logging.getLogger("aiohttp.access").disabled
    yield
    root.handlers[:], root.level = before
    logging.getLogger("aiohttp.access").disabled = access
    structlog.reset_defaults()


@pytest.fixture(params=["json", "console"])
def log(request: pytest.FixtureRequest, restored: None) -> Log:
    return Log(request.param)


@pytest.fixture
def json_log(restored: None) -> Log:
    return Log("json")


def echoing(status: int) -> bytes:
    """An error in which a member repeats what it was asked."""
    return json.dumps(
        {"error": {"errorCode": status, "errorMessage": f"{TEXT}: start {POSITION} is no array"}}
    ).encode()


@asynccontextmanager
async def trouble() -> AsyncIterator[Running]:
    """A network with members that answer, fail in every way, and get a token."""
    async with (
        FaultyMember(scripted(json_answer(says(True)))) as good,
        FaultyMember(scripted(answer(echoing(400), 400))) as echo,
        FaultyMember(scripted(answer(echoing(500), 500))) as broken,
        FaultyMember(scripted(answer(f"<h1>{TEXT}</h1>".encode()))) as garbled,
        FaultyMember(scripted(hang())) as silent,
        network_of(
            [
                entry(good, "good", token="passthrough"),
                entry(echo, "echo"),
                entry(broken, "broken"),
                entry(garbled, "garbled"),
                entry(silent, "silent", timeout_s=0.1),
                entry("http://127.0.0.1:9", "closed"),
                entry("http://no-such-host.invalid", "lost"),
            ],
            query={"deadline_s": 5},
        ) as net,
    ):
        yield net


async def test_questions_leave_nothing_in_the_log(log: Log) -> None:
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    async with trouble() as net:
        reply = await net.ask(QUESTION, headers=bearer)
        assert reply.endings["good"] == "found"
        assert len(reply.endings) == 7
        assert sum(ending.startswith("no_answer") for ending in reply.endings.values()) >= 5
        body = {"query": {"requestParameters": {"g_variant": QUESTION}}}
        await net.ask(body=body, headers=bearer)
        await net.ask(QUESTION, path="/v1/query")
        await net.ask(QUESTION, path="/network/explain/g_variants")
        await events_of(net, QUESTION, headers={**ACCEPT, **bearer})
        for page in ("/search", "/search.json", "/search.csv", "/search/parse"):
            await net.ask({"q": TEXT, "wait": "0.5"}, path=page, headers={"Accept": "text/html"})
    log.assert_clean()


async def test_bad_input_leaves_nothing_in_the_log(log: Log) -> None:
    async with network_of() as net:
        for parameters in (
            QUESTION | {"start": f"{POSITION}x"},
            QUESTION | {"alternateBases": f"{BASES}!"},
            QUESTION | {"assemblyId": TEXT},
            QUESTION | {"ask": TEXT},
        ):
            assert (await net.ask(parameters)).status == 400
        assert (await net.ask(raw=f"{{{TEXT}".encode())).status == 400
        assert (await net.ask({"q": f"{TEXT}-what"}, path="/search.json")).status == 400
        assert (await net.ask(path=f"/{TEXT}")).status == 404
        assert (await net.ask(path=f"/api/g_variants/{TEXT}")).status == 503  # has no members
        assert (await net.ask(path=f"/api/g_variants/{TEXT}/{TEXT}")).status == 404
        assert (await net.ask({"filters": f"{TEXT}:>"}, path="/api/individuals")).status == 400
        assert (await net.ask({"filters": TEXT}, path="/api/individuals")).status == 503
        assert (await net.ask(QUESTION, method="PUT")).status == 405
    log.assert_clean()


async def test_what_is_not_http_leaves_nothing_in_the_log(log: Log) -> None:
    async with network_of() as net:
        url = URL(net.url)
        for head in (
            f"B@D /api/g_variants?{urlencode(QUESTION)} HTTP/1.1\r\n\r\n",
            f"GET /api/g_variants?{urlencode(QUESTION)} HTTP/9.x\r\n\r\n",
            f"GET /livez HTTP/1.1\r\nHost: x\r\nBad Header {TEXT}: 1\r\n\r\n",
            f"GET /livez HTTP/1.1\r\nHost: x\r\nX: {TEXT * 1000}\r\n\r\n",
        ):
            reader, writer = await asyncio.open_connection(url.host, url.port)
            writer.write(head.encode())
            assert b" 400 " in await reader.readline()
            writer.close()
            await writer.wait_closed()
        await net.ask(path="/livez")
    log.assert_clean()


@pytest.mark.parametrize(
    ("head", "said"),
    [
        (f"GET /search?q={'GATTACA' * 1_300} HTTP/1.1\r\n\r\n", b"longer than 8,190 bytes"),
        (f"GET /livez HTTP/1.1\r\nX: {'GATTACA' * 1_300}\r\n\r\n", b"longer than 8,190 bytes"),
        ("GET /livez HTTP/1.1\r\nGATTACA header: 1\r\n\r\n", b"cannot be read as an HTTP"),
    ],
)
async def test_what_cannot_be_read_is_answered_without_it(
    json_log: Log, head: str, said: bytes
) -> None:
    async with network_of() as net:
        url = URL(net.url)
        reader, writer = await asyncio.open_connection(url.host, url.port)
        writer.write(head.encode())
        reply = await reader.read()  # to its end: the connection is closed
        writer.close()
        await writer.wait_closed()
    assert reply.startswith(b"HTTP/1.0 400 ")
    assert said in reply
    assert b"Server: beacon-aggregator" in reply
    assert b"GATTACA" not in reply
    (line,) = json_log.events("unreadable request")
    assert line["level"] == "info"
    assert not [one for one in json_log.lines if "exception" in one or one["level"] == "error"]
    json_log.assert_clean()


@pytest.fixture
def failing_merge(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(query: object, *_: object, **__: object) -> None:
        try:
            int(TEXT)
        except ValueError as error:
            raise RuntimeError(f"cannot merge {query} of {TOKEN}") from error

    monkeypatch.setattr(service_module, "merge", fail)


async def test_errors_of_ours_are_logged_as_where_they_happened(
    json_log: Log, failing_merge: None
) -> None:
    async with trouble() as net:
        reply = await net.ask(QUESTION | {"ask": "good"})
        assert reply.status == 500
        request_id = reply.headers["X-Request-Id"]
        assert request_id in reply.problem
        assert TEXT not in reply.text
        await net.ask(QUESTION | {"ask": "good"}, headers=ACCEPT)
        await net.ask({"q": TEXT, "ask": "good"}, path="/search")
    first = json_log.events("unexpected error")[0]
    assert first["request_id"] == request_id
    assert re.search(r"test_logs\.py:\d+ in fail\n(.|\n)*RuntimeError$", first["exception"])
    assert "ValueError" in first["exception"]
    json_log.assert_clean()


async def test_errors_of_ours_in_a_member_leave_nothing_in_the_log(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: object) -> None:
        raise ValueError(f"cannot read {arguments} {TEXT} {TOKEN}")

    monkeypatch.setattr(v2_translator, "read", fail)
    async with trouble() as net:
        reply = await net.ask(QUESTION)
        assert reply.endings["good"] == "no_answer/internal"
        assert TOKEN not in reply.text
    assert "ValueError" in log.text
    log.assert_clean()


async def test_errors_nobody_awaits_leave_nothing_in_the_log(json_log: Log) -> None:
    async def fail() -> None:
        raise ValueError(TEXT)

    task = asyncio.create_task(fail())
    await asyncio.wait({task})
    del task
    await come_true(lambda: bool(json_log.events("Task exception was never retrieved")))
    json_log.assert_clean()


async def test_every_line_of_a_request_has_its_id(json_log: Log) -> None:
    async with trouble() as net:
        reply = await net.ask(QUESTION, headers={"X-Request-Id": "mine-1"})
        assert reply.headers["X-Request-Id"] == "mine-1"
        other = await net.ask(QUESTION, headers={"X-Request-Id": f"{TEXT} {TOKEN}"})
        assert re.fullmatch("[0-9a-f]{16}", other.headers["X-Request-Id"])
    mine = [line for line in json_log.lines if line.get("request_id") == "mine-1"]
    (request,) = [line for line in mine if line["event"] == "request"]
    assert request["route"] == "/api/g_variants"
    assert request["status"] == 200
    failed = {line["member"]: line for line in mine if line["event"] == "member failed"}
    assert failed["silent"]["reason"] == "timeout"
    assert failed["broken"]["reason"] == "server_error"
    told = {"member", "reason", "request_id", "event", "logger", "level", "timestamp"}
    assert all(set(line) <= told for line in failed.values())
    json_log.assert_clean()
