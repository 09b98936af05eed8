"""The stream of the page: rows as they change, and sums that are true for exactly them."""

import asyncio
import re
from collections import Counter
from contextlib import aclosing
from dataclasses import replace

import aiohttp
import pytest

from aggregator.api import pages
from demo import BEACON_IDS, Fault
from tests.faulty import FaultyMember, hang, json_answer
from tests.networks import (
    DEADLINE_S,
    PATIENT_S,
    DemoRunning,
    Running,
    come_true,
    demo_running,
    entry,
    network_of,
    says,
    scripted,
)
from tests.pages import Event, events, read, search, when

FOUND = "7-140753336-A-T"


class Watcher:
    """What a page looks like that applies rows at each sum, as the script does."""

    def __init__(self) -> None:
        self.states: dict[str, str] = {}
        self.sums: list[dict[str, object]] = []
        self.history: list[dict[str, str]] = []
        self.ended = False
        self._waiting: dict[str, str] = {}

    def take(self, event: Event) -> None:
        assert not self.ended
        if event.name == "row":
            row = read(event.data).one("tr")
            assert row.attributes["id"] == f"m-{row.attributes['data-member']}"
            self._waiting[row.attributes["data-member"]] = row.attributes["data-state"]
        elif event.name == "sum":
            self.states |= self._waiting
            self._waiting.clear()
            self.sums.append(event.json)
            self.history.append(dict(self.states))
            self._check(event.json)
        else:
            assert event.name == "done"
            assert self.sums[-1]["done"]
            self.ended = True

    def _check(self, told: dict[str, object]) -> None:
        counts = Counter(self.states.values())
        assert told["counts"] == dict(counts)
        asked = len(self.states) - counts["not_asked"]
        assert told["answered"] == asked - counts["asking"]
        words = str(told["status"])
        assert told["done"] is (counts["asking"] == 0)
        shown = read(str(told["html"])).one(id="sum")
        assert words in shown.text
        if told["done"]:
            assert "Still asking" not in words
        else:
            assert words == (
                f"Still asking {counts['asking']} of {asked}. {counts['found']} found so far; "
                "do not conclude before the end."
            )
            bar = shown.one("progress").attributes
            assert (bar["value"], bar["max"]) == (str(told["answered"]), str(asked))


async def watch(net: DemoRunning, text: str = FOUND, query: str = "") -> Watcher:
    watcher = Watcher()
    async for event in events(net, text, query=query):
        watcher.take(event)
    return watcher


async def test_rows_come_as_members_answer_and_sums_are_true_for_them(nothing_left: None) -> None:
    gates = {name: asyncio.Event() for name in ("b", "c")}
    async with (
        FaultyMember(scripted(json_answer(says(True)))) as a,
        FaultyMember(scripted(when(gates["b"], json_answer(says(False))))) as b,
        FaultyMember(scripted(when(gates["c"], json_answer({}, 500)))) as c,
    ):
        members = [entry(a, "a"), entry(b, "b"), entry(c, "c"), entry(c, "d", disabled=True)]
        async with network_of(members, query={"retries": 0}) as net:
            watcher = Watcher()
            async with aclosing(events(net, FOUND)) as heard:
                async for event in heard:
                    watcher.take(event)
                    if watcher.states.get("a") == "found":
                        gates["b"].set()
                    if watcher.states.get("b") == "not_found":
                        gates["c"].set()

    assert watcher.ended
    asking = [list(states.values()).count("asking") for states in watcher.history]
    assert asking == sorted(asking, reverse=True)
    assert asking[-3:] == [2, 1, 0]
    assert watcher.states == {
        "a": "found",
        "b": "not_found",
        "c": "no_answer",
        "d": "not_asked",
    }
    assert list(watcher.history[0]) == ["a", "b", "c", "d"]
    assert watcher.sums[-1]["title"] == f"{FOUND} · 1 of 2 found"


async def test_the_stream_joins_the_question_of_the_page(
    nothing_left: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "GRACE_S", 0.05)
    opened = asyncio.Event()
    async with FaultyMember(scripted(when(opened, json_answer(says(True))))) as member:
        async with network_of([entry(member)]) as net:
            page = await search(net, FOUND, wait="")
            assert page.states == {"scripted": "asking"}
            address = page.root.one(id="answers").attributes["data-events"]
            assert address.startswith("/search/events?")
            watching = [asyncio.create_task(watch(net)) for _ in range(3)]
            await come_true(lambda: net.network.streams.open == 3)
            opened.set()
            watchers = await asyncio.gather(*watching)

    assert all(watcher.states == {"scripted": "found"} for watcher in watchers)
    assert len([one for one in member.requests if "g_variants" in one.target]) == 1


async def test_what_is_done_is_said_at_once(net: DemoRunning) -> None:
    await search(net, FOUND)
    watcher = await watch(net)

    assert watcher.ended
    assert list(watcher.states) == list(BEACON_IDS)
    assert max(net.times_asked.values()) == 1


async def test_a_sorted_page_is_told_the_order_at_the_end(net: DemoRunning) -> None:
    watcher = await watch(net, query="&sort=name")

    assert watcher.sums[-1]["order"] == [
        "demo-v1",
        "demo-counts",
        "demo-records",
        "demo-legacy",
        "demo-v11",
    ]
    assert all(told["order"] == [] for told in watcher.sums[:-1])


async def test_headers_keep_proxies_from_holding_it_back(net: DemoRunning) -> None:
    async with net.client.get(f"{net.url}/search/events?q={FOUND}") as response:
        assert response.headers["Cache-Control"] == "no-store"
        assert response.headers["X-Accel-Buffering"] == "no"
        assert "Content-Encoding" not in response.headers
        raw = await response.text()

    for frame in raw.strip().split("\n\n"):
        lines = frame.split("\n")
        assert re.fullmatch(r"event: (row|sum|done)|:.*", lines[0])
        assert all(line.startswith("data: ") for line in lines[1:])


async def test_a_network_that_is_too_busy_ends_with_every_row_saying_so(
    nothing_left: None,
) -> None:
    over = asyncio.Event()
    async with FaultyMember(scripted(when(over, json_answer(says(True))))) as member:
        busy = {"max_queries": 1, "deadline_s": 60, "member_timeout_s": 60}
        async with network_of([entry(member)], query=busy) as net:
            first = asyncio.create_task(net.ask({"geneId": "BRCA1"}, path="/api/g_variants"))
            await member.until(lambda one: any("BRCA1" in each.line for each in one.requests))
            watcher = await watch(net, query="&wait=0.3")
            over.set()
            await first

    assert watcher.states == {"scripted": "no_answer"}
    assert len([one for one in member.requests if "g_variants" in one.target]) == 1
    assert "We do not know" in str(watcher.sums[-1]["status"])


async def test_streams_are_bounded(nothing_left: None) -> None:
    async with FaultyMember(scripted(hang())) as member:
        patient = {"deadline_s": 60, "member_timeout_s": 60}
        async with network_of([entry(member)], server={"max_streams": 1}, query=patient) as net:
            address = f"{net.url}/search/events?q={FOUND}"
            async with net.client.get(address) as response:
                assert response.status == 200
                reply = await net.ask({"q": FOUND}, path="/search/events")
            assert reply.status == 503
            assert int(reply.headers["Retry-After"]) > 0
            await come_true(lambda: net.network.streams.open == 0)


async def test_a_reader_who_leaves_frees_its_place_and_the_question_goes_on(
    nothing_left: None,
) -> None:
    opened = asyncio.Event()
    async with FaultyMember(scripted(when(opened, json_answer(says(True))))) as member:
        async with network_of([entry(member)]) as net:
            async with aiohttp.ClientSession() as leaving:
                async with leaving.get(f"{net.url}/search/events?q={FOUND}") as response:
                    await response.content.readline()
            await come_true(lambda: net.network.streams.open == 0)
            opened.set()
            watcher = await watch(net)

    assert watcher.states == {"scripted": "found"}
    assert len([one for one in member.requests if "g_variants" in one.target]) == 1


async def test_stopping_the_network_ends_streams_and_questions(nothing_left: None) -> None:
    heard: list[str] = []

    async def listen(net: Running) -> None:
        async for event in events(net, FOUND):
            heard.append(event.name)  # noqa: PERF401 - looked at while it grows

    async with FaultyMember(scripted(hang())) as member, aiohttp.ClientSession() as client:
        async with network_of([entry(member)], server={"drain_s": 5}) as net:
            listening = asyncio.create_task(listen(replace(net, client=client)))
            await come_true(lambda: "sum" in heard)
        await asyncio.wait({listening}, timeout=PATIENT_S)
        assert listening.done()
        assert listening.exception() is None

    # the page's EventSource comes back by itself, to whoever answers then
    assert "done" not in heard


async def test_everything_of_a_faulty_network_arrives(nothing_left: None) -> None:
    async with demo_running(query={"retries": 0, "deadline_s": DEADLINE_S}) as net:
        # from now on this answer is in the cache, so that it is there in time
        page = await search(net, FOUND, ask="demo-records", wait="10")
        assert page.states["demo-records"] == "found"
        net.beacons["demo-counts"].fault = Fault(delay_s=30)
        net.beacons["demo-v11"].fault = Fault(down=True)
        watcher = await watch(net)

    assert watcher.states["demo-counts"] == "no_answer"
    assert watcher.states["demo-v11"] == "no_answer"
    assert watcher.states["demo-records"] == "found"
    assert "so there may be more" in str(watcher.sums[-1]["status"])
