"""What `/metrics` and `Server-Timing` say after questions of every kind."""

import asyncio
import json
import re
from collections.abc import Mapping

import pytest
from prometheus_client.parser import text_string_to_metric_families

from aggregator.api.timing import MAX_MEMBERS, server_timing
from aggregator.base.metrics import Metrics
from tests.builders import network_answer, outcome
from tests.events import opened
from tests.faulty import FaultyMember, Wire, answer, hang, json_answer
from tests.networks import (
    BRAF,
    PATIENT_S,
    DemoRunning,
    Running,
    come_true,
    entry,
    network_of,
    questions,
    says,
    scripted,
)

Labels = tuple[tuple[str, str], ...]


class Scraped:
    """The samples of one look at the metrics."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.samples: dict[tuple[str, Labels], float] = {}
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                key = (sample.name, tuple(sorted(sample.labels.items())))
                assert key not in self.samples
                self.samples[key] = sample.value

    def __call__(self, name: str, **labels: str) -> float | None:
        return self.samples.get((f"beacon_{name}", tuple(sorted(labels.items()))))

    @property
    def label_values(self) -> set[str]:
        return {value for _, labels in self.samples for _, value in labels}


async def scrape(net: Running) -> Scraped:
    reply = await net.ask(path="/metrics")
    assert reply.status == 200
    assert reply.headers["Content-Type"].startswith("text/plain; version=")
    assert reply.headers["Cache-Control"] == "no-store"
    return Scraped(reply.text)


async def test_questions_are_counted_with_their_members(net: DemoRunning) -> None:
    await net.ask(BRAF)
    await net.ask(BRAF | {"requestedGranularity": "record"})
    told = await scrape(net)
    asked = {"endpoint": "genomicVariant"}
    assert told("queries_total", granularity="boolean", verdict="found", **asked) == 1
    assert told("queries_total", granularity="record", verdict="found", **asked) == 1
    assert told("query_duration_seconds_count", cache="miss", **asked) == 2
    assert told("member_speed_total", member="demo-v11", speed="in_time") >= 1
    assert told("member_requests_total", member="demo-v11", answer="found", reason="") == 2
    assert told("member_request_duration_seconds_count", member="demo-v11") >= 1
    assert told("members", state="active") == 5
    assert told("member_breaker_state", member="demo-v11") == 0
    assert told("fanout_in_flight") == 0
    assert told("fanout_gate_wait_seconds_count") >= 5


async def test_failures_are_told_apart_and_answers_are_partial() -> None:
    async with (
        FaultyMember(scripted(json_answer(says(True)))) as yes,
        FaultyMember(scripted(answer(b"", 503), answer(b"", 500))) as broken,
        network_of(
            [entry(yes, "yes"), entry(broken, "broken"), entry(yes, "off", disabled=True)]
        ) as net,
    ):
        await net.ask(BRAF)
        told = await scrape(net)
        why = {"member": "broken", "answer": "no_answer", "reason": "server_error"}
        assert told("member_requests_total", **why) == 1
        assert told("member_retries_total", member="broken", reason="server_error") == 1
        assert told("member_speed_total", member="broken", speed="in_time") is None
        off = {"member": "off", "answer": "not_asked", "reason": "disabled"}
        assert told("member_requests_total", **off) == 1
        assert told("partial_responses_total", reason="server_error") == 1
        assert told("members", state="disabled") == 1
        assert told("members", state="active") == 2


@pytest.mark.usefixtures("long_pauses")
async def test_a_member_that_keeps_failing_shows_as_suspended() -> None:
    async with (
        FaultyMember(scripted(answer(b"", 500))) as broken,
        network_of([entry(broken, "broken")]) as net,
    ):
        for _ in range(6):
            await net.ask(BRAF)
        told = await scrape(net)
        assert told("member_breaker_state", member="broken") == 2
        assert told("members", state="suspended") == 1
        assert told("partial_responses_total", reason="suspended") == 1


async def test_the_cache_is_counted_by_what_it_gave(net: DemoRunning) -> None:
    await net.ask(BRAF)
    before = await scrape(net)
    assert before("cache_requests_total", layer="memory", result="hit") is None
    misses = before("cache_requests_total", layer="memory", result="miss")
    await net.ask(BRAF)
    told = await scrape(net)
    assert told("cache_requests_total", layer="memory", result="hit") == misses
    timed = {"endpoint": "genomicVariant"}
    assert told("query_duration_seconds_count", cache="miss", **timed) == 1
    assert told("query_duration_seconds_count", cache="hit", **timed) == 1
    assert told("cache_write_dropped_total") == 0


async def test_equal_calls_at_once_are_counted_as_shared() -> None:
    gate = asyncio.Event()

    async def late(wire: Wire) -> None:
        await gate.wait()
        await json_answer(says(True))(wire)

    async with (
        FaultyMember(scripted(late)) as member,
        network_of([entry(member)]) as net,
    ):
        asking = asyncio.gather(*(net.ask(BRAF) for _ in range(3)))
        await come_true(lambda: net.network.asker.shared_calls == 2)
        gate.set()
        await asking
        told = await scrape(net)
        assert told("coalesced_queries_total") == 2
        assert len(questions(member)) == 1


async def test_running_calls_and_streams_are_gauges() -> None:
    async with (
        FaultyMember(scripted(hang())) as member,
        network_of([entry(member)]) as net,
        opened(net, BRAF) as stream,
    ):
        await net.known("scripted")
        await come_true(lambda: bool(questions(member)))
        told = await scrape(net)
        assert told("fanout_in_flight") == 1
        assert told("event_streams") == 1
        stream.response.close()
        left = {"route": "/api/g_variants", "method": "GET", "status": "499"}
        async with asyncio.timeout(PATIENT_S):
            while (told := await scrape(net))("http_requests_total", **left) is None:
                pass
        assert told("http_requests_total", **left) == 1
        await come_true(lambda: net.is_at_rest)
        told = await scrape(net)
        assert told("fanout_in_flight") == told("event_streams") == 0


async def test_requests_are_counted_by_route_and_never_by_path(net: DemoRunning) -> None:
    await net.ask({}, path="/nothing/at/7-140753336-A-T")
    await net.ask({"start": "x"}, path="/api/g_variants")
    await net.ask(BRAF, path="/network/explain/g_variants")
    await net.ask(path="/livez", method="PROPFIND")
    told = await scrape(net)

    def requests(route: str, status: int, method: str = "GET") -> float | None:
        return told("http_requests_total", route=route, method=method, status=str(status))

    assert requests("none", 404) == 1
    assert requests("/api/g_variants", 400) == 1
    assert requests("/network/explain/{path}", 200) == 1
    assert requests("none", 405, "other") == 1
    assert "PROPFIND" not in told.text


async def test_labels_hold_nothing_of_a_question(net: DemoRunning) -> None:
    await net.ask(BRAF | {"datasetIds": "demo-v11:no-such-set", "requestedGranularity": "count"})
    await net.ask({"assemblyId": "GRCh38", "geneId": "BRCA1"})
    told = await scrape(net)
    assert not {"7", "A", "T", "140753335", "BRCA1", "no-such-set"} & told.label_values
    assert not re.search("140753335|BRCA1|no-such-set", told.text)


async def test_networks_share_no_counters(net: DemoRunning) -> None:
    await net.ask(BRAF)
    async with network_of() as other:
        told = await scrape(other)
    assert not any(name == "beacon_queries_total" for name, _ in told.samples)


async def test_members_that_left_are_forgotten() -> None:
    metrics = Metrics()
    for member in ("one", "two"):
        metrics.ended(member, "found", "")
        metrics.called(member, 0.1, 0.0)
        metrics.judged(member, "late")
        metrics.retried(member, "connect")
    metrics.keep(["two"])
    text, _ = await metrics.text()
    assert b'member="one"' not in text
    assert b'member="two"' in text
    metrics.ended("one", "found", "")
    assert b'answer="found",member="one",reason=""} 1.0' in (await metrics.text())[0]


async def test_a_worker_names_itself_in_every_sample() -> None:
    metrics = Metrics(worker="3")
    metrics.refused("questions")
    told = Scraped((await metrics.text())[0].decode())
    assert told("rate_limited_total", scope="questions", worker="3") == 1
    assert all(dict(labels)["worker"] == "3" for _, labels in told.samples)


async def test_openmetrics_is_given_to_those_who_ask(net: DemoRunning) -> None:
    accept = {"Accept": "application/openmetrics-text; version=1.0.0"}
    reply = await net.ask(path="/metrics", headers=accept)
    assert reply.headers["Content-Type"].startswith("application/openmetrics-text")
    assert reply.text.endswith("# EOF\n")


def timings(headers: Mapping[str, str]) -> dict[str, tuple[float, str | None]]:
    found = {}
    for part in headers["Server-Timing"].split(", "):
        match = re.fullmatch(r'([a-z0-9-]+);dur=(\d+\.\d)(?:;desc="([a-z_]+)")?', part)
        assert match, part
        found[match[1]] = (float(match[2]), match[3])
    return found


@pytest.mark.parametrize("path", ["/api/g_variants", "/v1/query"])
async def test_every_asked_member_has_its_time(net: DemoRunning, path: str) -> None:
    reply = await net.ask(BRAF, path=path)
    told = timings(reply.headers)
    document = json.loads(reply.body)
    members = document["info"]["network"]["members"]
    asked = {each["id"]: each["answer"] for each in members if each["answer"] != "not_asked"}
    assert {name: desc for name, (_, desc) in told.items()} == {"total": None, **asked}
    assert "Server-Timing" in reply.headers["Access-Control-Expose-Headers"]


def test_the_slowest_members_are_named_where_there_are_many() -> None:
    many = [outcome(f"m{number}", "timeout", elapsed_s=number) for number in range(60)]
    told = timings({"Server-Timing": server_timing(network_answer(many))})
    assert len(told) == MAX_MEMBERS + 1
    assert list(told) == ["total", *(f"m{number}" for number in range(10, 60))]
    assert told["m59"] == (59000.0, "no_answer")
