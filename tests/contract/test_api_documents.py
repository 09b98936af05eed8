"""Every answer of the network is a valid Beacon document, errors and an empty registry included."""

import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest

from demo import Fault
from tests import faulty
from tests.faulty import FaultyMember
from tests.networks import (
    BRAF,
    DEADLINE_S,
    NETWORK_ID,
    DemoRunning,
    Reply,
    Running,
    demo_running,
    entry,
    network_of,
    nothing_left,
    scripted,
)
from tests.official import official

__all__ = ["nothing_left"]

NOBODY = BRAF | {"alternateBases": "G"}
INFORMATIONAL = {
    "/": "info",
    "/info": "info",
    "/api": "info",
    "/api/": "info",
    "/api/info": "info",
    "/api/service-info": "service-info",
    "/service-info": "service-info",
    "/api/configuration": "configuration",
    "/api/map": "map",
    "/api/entry_types": "entry_types",
    "/api/filtering_terms": "filtering_terms",
}
QUERIES = ("/api/g_variants", "/v1/query")


def valid(reply: Reply) -> str:
    """Check a response against the schema of its path's specification; say what it is."""
    assert reply.headers["Content-Type"] == "application/json; charset=utf-8"
    if "meta" not in reply.json:
        official.validate_v1(reply.json, "response")
        assert ("exists" in reply.json) is not ("error" in reply.json)
        return "error" if "error" in reply.json else "v1"
    kind = official.validate_v2_answer(reply.json)
    variant = reply.json["meta"]["receivedRequestSummary"].get("requestParameters", {})
    if "g_variant" in variant:
        official.validate_g_variant(variant["g_variant"])
    assert (kind == "error") is (reply.status >= 400)
    return kind


@asynccontextmanager
async def empty() -> AsyncIterator[Running]:
    async with network_of() as net:
        yield net


NETWORKS: dict[str, Callable[[], AbstractAsyncContextManager[Running]]] = {
    "demo": demo_running,
    "empty": empty,
}


class TestInformational:
    @pytest.mark.parametrize("network", NETWORKS)
    async def test_documents_about_the_network(self, network: str) -> None:
        async with NETWORKS[network]() as net:
            for path, kind in INFORMATIONAL.items():
                reply = await net.ask(path=path)
                assert reply.status == 200, path
                official.validate_v2(reply.json, kind)
                assert reply.headers["Access-Control-Allow-Origin"] == "*"
            for path in ("/v1", "/v1/"):
                official.validate_v1((await net.ask(path=path)).json, "beacon")

    async def test_they_say_who_we_are_and_where(self) -> None:
        async with demo_running() as net:
            info = (await net.ask(path="/api/info")).json
            assert info["meta"]["beaconId"] == info["response"]["id"] == NETWORK_ID
            assert info["response"]["alternativeUrl"] == f"{net.url}/api"
            assert len(info["responses"]) == 5
            beacon_map = (await net.ask(path="/api/map")).json["response"]["endpointSets"]
            root = beacon_map["genomicVariant"]["rootUrl"]
            assert (await net.ask(BRAF, path=root.removeprefix(net.url))).status == 200

    async def test_the_public_address_is_what_is_told(self) -> None:
        address = "https://beacons.example.org"
        async with network_of(network={"id": "", "public_url": address}) as net:
            info = (await net.ask(path="/api/info")).json
            assert info["meta"]["beaconId"] == "org.example.beacons"
            assert info["response"]["alternativeUrl"] == f"{address}/api"
            assert net.url not in str((await net.ask(path="/api/map")).json)


class TestAnswers:
    @pytest.mark.parametrize("granularity", ["boolean", "count", "record"])
    @pytest.mark.parametrize("include", ["ALL", "HIT", "MISS", "NONE"])
    async def test_of_every_granularity(self, granularity: str, include: str) -> None:
        wanted = {"requestedGranularity": granularity, "includeResultsetResponses": include}
        async with demo_running() as net:
            for question in (BRAF, NOBODY, {"geneId": "CFTR"}, {}, BRAF | {"testMode": "true"}):
                reply = await net.ask(question | wanted)
                assert reply.status == 200
                assert valid(reply) == reply.json["meta"]["returnedGranularity"]

    @pytest.mark.parametrize("include", ["ALL", "HIT", "MISS", "NONE"])
    async def test_of_version_1(self, include: str) -> None:
        async with demo_running() as net:
            for question in (BRAF, NOBODY, BRAF | {"assemblyId": "GRCh37"}):
                asked = question | {"includeDatasetResponses": include}
                assert valid(await net.ask(asked, path="/v1/query")) == "v1"

    @pytest.mark.parametrize(
        "habit", ["failed_members_as_result_sets", "count_at_least_one"], ids=str
    )
    async def test_with_the_habits_some_pages_expect(self, habit: str) -> None:
        async with demo_running(query={"retries": 0}, compat={habit: True}) as net:
            net.beacons["demo-counts"].fault = Fault(down=True)
            for granularity in ("boolean", "count", "record"):
                reply = await net.ask(BRAF | {"requestedGranularity": granularity})
                valid(reply)
            if habit == "failed_members_as_result_sets":
                (failed,) = [one for one in reply.sets if "error" in one["info"]]
                assert failed["exists"] is False
                assert failed["info"]["error"]["reason"] == "connect"

    async def test_incomplete_ones_are_not_to_be_kept(self) -> None:
        async with demo_running(query={"retries": 0}) as net:
            net.beacons["demo-counts"].fault = Fault(down=True)
            for path in QUERIES:
                for question in (BRAF, NOBODY, NOBODY | {"partial": "allow"}):
                    reply = await net.ask(question, path=path)
                    valid(reply)
                    assert reply.headers["Cache-Control"] == "no-store"

    async def test_complete_ones_say_what_they_depend_on(self) -> None:
        async with demo_running() as net:
            reply = await net.ask(BRAF)
            assert "no-store" not in reply.headers.get("Cache-Control", "")
            assert {"Accept", "Authorization"} <= set(reply.headers["Vary"].split(", "))


Case = tuple[Running, Mapping[str, Any]]


@asynccontextmanager
async def case_of(status: int) -> AsyncIterator[Case]:
    """A network and how to ask it so that it refuses with this status."""
    ask: dict[str, Any] = {"parameters": BRAF}
    match status:
        case 400:
            ask["parameters"] = BRAF | {"referenceName": "99", "start": "-1"}
        case 405:
            ask["method"] = "PUT"
        case 413:
            ask["raw"] = b" " * 4096
        case 501:
            ask["parameters"] = BRAF | {"ask": "demo-legacy"}
        case 508:
            ask["headers"] = {"Via": f"1.1 {NETWORK_ID}"}
    if status in {400, 404, 405, 413, 501, 508}:
        async with demo_running(server={"max_request_bytes": 2048}) as demo:
            yield demo, ask
        return
    behaviour = faulty.hang() if status == 504 else faulty.html(500)
    paused = {"paused": {"note": "moving"}} if status == 503 else {}
    limits = {"retries": 0} | ({"deadline_s": DEADLINE_S} if status == 504 else {})
    async with FaultyMember(scripted(behaviour)) as member:
        async with network_of([entry(member, **paused)], query=limits) as net:
            yield net, ask


class TestErrors:
    @pytest.mark.parametrize("path", QUERIES)
    @pytest.mark.parametrize("status", [400, 404, 405, 413, 501, 502, 503, 504, 508])
    async def test_of_every_status(self, status: int, path: str) -> None:
        async with case_of(status) as (net, ask):
            below = "/x/nothing" if status == 404 else ""
            reply = await net.ask(**ask, path=path + below)

        assert reply.status == status
        assert valid(reply) == "error"
        assert reply.json["error"]["errorCode"] == status
        assert len(reply.problem) > 10
        assert reply.headers["Cache-Control"] == "no-store"
        assert reply.headers["Access-Control-Allow-Origin"] == "*"
        assert reply.headers["X-Request-Id"]
        assert ("Retry-After" in reply.headers) is (status == 503)
        assert ("Allow" in reply.headers) is (status == 405)
        if status in {501, 502, 503, 504}:
            assert reply.info["verdict"] == "unknown"
            assert all(told["reason"] for told in reply.members.values())

    @pytest.mark.parametrize("path", QUERIES)
    async def test_of_an_empty_registry(self, path: str) -> None:
        async with network_of() as net:
            reply = await net.ask(BRAF, path=path)

        assert reply.status == 503
        assert valid(reply) == "error"
        assert int(reply.headers["Retry-After"]) > 0
        assert reply.info["summary"]["members"] == 0
        assert "No beacon is registered" in reply.problem

    @pytest.mark.parametrize("path", [*QUERIES, "/network/explain/g_variants"])
    async def test_every_problem_is_named(self, path: str) -> None:
        async with demo_running(knows=()) as net:
            bad = BRAF | {"referenceName": "99", "assemblyId": "x", "ask": "nobody", "wait": "-1"}
            reply = await net.ask(bad, path=path)

        assert reply.status == 400
        valid(reply)
        for word in ("referenceName", "assemblyId", "ask", "wait"):
            assert word in reply.problem

    @pytest.mark.parametrize("path", QUERIES)
    async def test_of_a_body_nested_without_end(self, path: str) -> None:
        async with network_of() as net:
            reply = await net.ask(path=path, raw=b"[" * 200_000)

        assert reply.status == 400
        valid(reply)

    async def test_an_unexpected_one_tells_nothing_but_its_id(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with network_of() as net:

            async def fail(*_: object) -> None:
                raise RuntimeError("secret of the inside")

            monkeypatch.setattr(type(net.network.service), "ask", fail)
            for path in QUERIES:
                reply = await net.ask(BRAF, path=path)
                assert reply.status == 500
                valid(reply)
                assert "secret" not in reply.text
                assert reply.headers["X-Request-Id"] in reply.problem

    @pytest.mark.parametrize(
        ("path", "status"),
        [("/search.json?q=99-1-A-T", 400), ("/search.json", 400), ("/livez/x", 404)],
    )
    async def test_of_pages_asked_by_programs(self, path: str, status: int) -> None:
        async with network_of() as net:
            reply = await net.ask(path=path)

        assert reply.status == status
        assert official.validate_v2_answer(reply.json) == "error"


class TestHeaders:
    @pytest.mark.parametrize("path", [*QUERIES, "/api/info", "/", "/nowhere", "/search"])
    async def test_browsers_may_ask_from_anywhere(self, path: str) -> None:
        async with network_of() as net:
            reply = await net.ask(
                path=path,
                method="OPTIONS",
                headers={
                    "Origin": "https://page.example.org",
                    "Access-Control-Request-Method": "POST",
                    "Access-Control-Request-Headers": "content-type, authorization",
                },
            )

        assert reply.status == 204
        assert reply.body == b""
        assert reply.headers["Access-Control-Allow-Origin"] == "*"
        assert "POST" in reply.headers["Access-Control-Allow-Methods"]
        allowed = reply.headers["Access-Control-Allow-Headers"].lower()
        assert {"content-type", "authorization", "prefer"} <= set(re.split(r",\s*", allowed))
        assert "Retry-After" not in reply.headers

    async def test_scripts_may_read_when_to_come_back(self) -> None:
        async with network_of() as net:
            reply = await net.ask(BRAF)

        exposed = re.split(r",\s*", reply.headers["Access-Control-Expose-Headers"])
        assert {"Retry-After", "X-Request-Id"} <= set(exposed)
        assert "Access-Control-Allow-Credentials" not in reply.headers

    @pytest.mark.parametrize(
        ("given", "is_taken"),
        [
            ("abc-123", True),
            ("a" * 64, True),
            ("a" * 65, False),
            ("with space", False),
            ("<b>", False),
            ("", False),
        ],
    )
    async def test_a_request_keeps_its_id_if_it_is_one(self, given: str, is_taken: bool) -> None:
        async with network_of() as net:
            reply = await net.ask(path="/api/info", headers={"X-Request-Id": given})

        assert (reply.headers["X-Request-Id"] == given) is is_taken
        assert re.fullmatch(r"[A-Za-z0-9._-]{1,64}", reply.headers["X-Request-Id"])

    async def test_answers_keep_to_themselves(self) -> None:
        async with demo_running() as net:
            for path in ("/api/g_variants", "/v1/query", "/api/info", "/nowhere"):
                headers = (await net.ask(BRAF, path=path)).headers
                assert headers["X-Content-Type-Options"] == "nosniff"
                assert headers["Referrer-Policy"] == "no-referrer"
                assert "default-src 'none'" in headers["Content-Security-Policy"]
                assert "aiohttp" not in headers["Server"].lower()

    @pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded"])
    @pytest.mark.parametrize("path", QUERIES)
    async def test_a_wrong_label_on_a_body_does_no_harm(self, path: str, content_type: str) -> None:
        async with demo_running() as net:
            body = BRAF if path == "/v1/query" else {"query": {"requestParameters": BRAF}}
            reply = await net.ask(path=path, body=body, headers={"Content-Type": content_type})

        assert reply.status == 200
        valid(reply)

    async def test_the_log_names_paths_and_never_a_question(
        self, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
    ) -> None:
        async with demo_running() as net:
            await net.ask(BRAF, headers={"Authorization": "Bearer my-secret"})
            await net.ask(BRAF | {"start": "x140753335"}, path="/v1/query")

        written = "".join(capsys.readouterr()) + caplog.text
        assert "/api/g_variants" in written
        assert "140753335" not in written
        assert "my-secret" not in written


class TestOperations:
    async def test_alive_and_ready(self) -> None:
        async with demo_running() as net:
            assert (await net.ask(path="/livez")).status == 200
            ready = await net.ask(path="/readyz")
            assert ready.status == 200
            assert ready.json["members"] == 5
            assert ready.headers["Cache-Control"] == "no-store"
            await _stopping(net)

    async def test_ready_does_not_wait_for_members(self) -> None:
        async with FaultyMember(faulty.hang()) as member, network_of([entry(member)]) as net:
            assert (await net.ask(path="/readyz")).status == 200


async def _stopping(net: DemoRunning | Running) -> None:
    net.network.is_ready = False
    reply = await net.ask(path="/readyz")
    assert reply.status == 503
    assert reply.headers["Retry-After"]
