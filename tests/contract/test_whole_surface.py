"""Every endpoint our map names, in every granularity and by both methods, over the demo network.

Whatever is asked, the answer is valid against the official schema of what it says it returns, and
says who answered how.
"""

from collections.abc import AsyncIterator, Iterator
from typing import Any
from urllib.parse import quote

import pytest

from aggregator.protocol.surface import ENTRY_TYPES
from tests.networks import DemoRunning, Reply, demo_running, nothing_left
from tests.official import official

__all__ = ["nothing_left"]

Json = Any

RANK = {"boolean": 0, "count": 1, "record": 2}
NOBODYS_ID = "nobody-has-this-id"


@pytest.fixture
async def net(nothing_left: None) -> AsyncIterator[DemoRunning]:
    async with demo_running() as running:
        yield running


def endpoints(beacon_map: Json) -> Iterator[tuple[str, str, str]]:
    """The entry type that is listed, the one an id is of, and the template of the address."""
    for one in beacon_map["response"]["endpointSets"].values():
        parent = one["entryType"]
        yield parent, parent, one["rootUrl"]
        yield parent, parent, one["singleEntryUrl"]
        for below in one.get("endpoints", {}).values():
            yield below["returnedEntryType"], parent, below["url"]


async def ids(net: DemoRunning) -> dict[str, str]:
    """An id of a record of each entry type, out of the network's own answers."""
    found = {}
    for entry_type, told in ENTRY_TYPES.items():
        wanted = {"requestedGranularity": "record", "limit": "1"}
        reply = await net.ask(wanted, path=f"/api/{told.path}")
        assert reply.status == 200, reply.text
        (first, *_) = records(reply)
        found[entry_type] = first.get("id") or first["variantInternalId"]
    return found


def records(reply: Reply) -> list[Json]:
    response = reply.json["response"]
    if "collections" in response:
        return list(response["collections"])
    return [record for one in response["resultSets"] for record in one["results"]]


def check(reply: Reply, granularity: str, entry_type: str) -> None:
    assert reply.headers["Content-Type"] == "application/json; charset=utf-8"
    assert reply.status in {200, 501}, reply.text
    kind = official.validate_v2_answer(reply.json)
    assert len(reply.members) == 5
    meta = reply.json["meta"]
    assert [one["entityType"] for one in meta["returnedSchemas"]] == [entry_type]
    if reply.status == 501:
        assert kind == "error"
        assert set(reply.endings.values()) <= {
            *("not_asked/entry_type", "not_asked/query_kind", "not_asked/granularity")
        }
        return
    assert RANK[meta["returnedGranularity"]] <= RANK[granularity]
    assert meta["receivedRequestSummary"]["requestedGranularity"] == granularity
    assert reply.summary["exists"] is (reply.info["verdict"] == "found")


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("granularity", RANK)
async def test_every_endpoint_of_the_map(net: DemoRunning, granularity: str, method: str) -> None:
    beacon_map = (await net.ask(path="/api/map")).json
    official.validate_v2(beacon_map, "map")
    known = await ids(net)
    asked = found = 0
    for entry_type, parent, template in endpoints(beacon_map):
        assert template.startswith(net.url)
        for identifier in (known[parent], NOBODYS_ID) if "{id}" in template else ("",):
            path = template.removeprefix(net.url).replace("{id}", quote(identifier, safe=""))
            for include in ("ALL", "HIT", "MISS", "NONE"):
                options = {
                    "requestedGranularity": granularity,
                    "includeResultsetResponses": include,
                }
                if method == "GET":
                    reply = await net.ask({**options, "limit": "2"}, path=path)
                else:
                    query = {**options, "pagination": {"skip": 0, "limit": 2}}
                    body = {"meta": {"apiVersion": "2.0"}, "query": query}
                    official.validate_request_body(body)
                    reply = await net.ask(path=path, body=body)
                check(reply, granularity, entry_type)
                asked += 1
                found += reply.info["verdict"] == "found"
                if identifier == NOBODYS_ID and reply.status == 200:
                    assert reply.info["verdict"] == "not_found", path
    assert asked > 150
    assert found > 50


async def test_every_entry_type_has_filtering_terms(net: DemoRunning) -> None:
    beacon_map = (await net.ask(path="/api/map")).json
    for one in beacon_map["response"]["endpointSets"].values():
        path = one["filteringTermsUrl"].removeprefix(net.url)
        for wanted in ({}, {"limit": "0"}, {"limit": "1", "skip": "1"}):
            reply = await net.ask(wanted, path=path)
            assert reply.status == 200, path
            official.validate_v2(reply.json, "filtering_terms")


async def test_records_that_are_passed_on_are_valid_where_the_member_sends_valid_ones(
    net: DemoRunning,
) -> None:
    for entry_type in ("individual", "biosample", "run", "analysis", "dataset", "cohort"):
        path = f"/api/{ENTRY_TYPES[entry_type].path}"
        reply = await net.ask({"requestedGranularity": "record", "limit": "3"}, path=path)
        found = records(reply)
        assert found, path
        for record in found:
            official.validate_record(record, entry_type)


@pytest.mark.parametrize(
    ("path", "status", "names"),
    [
        ("/api/frogs", 404, "/individuals"),
        ("/api/individuals/1/frogs", 404, "/individuals/{id}/biosamples"),
        ("/api/individuals/1/biosamples/2", 404, "nothing below"),
        ("/api/individuals?requestedGranularity=some&limit=x", 400, "limit"),
        ("/api/individuals?filters=age:>", 400, "value"),
        ("/api/individuals?includeResultsetResponses=MAYBE", 400, "ALL"),
        ("/api/datasets?skip=-1", 400, "skip"),
    ],
)
async def test_bad_input_is_a_beacon_error_that_names_it(
    net: DemoRunning, path: str, status: int, names: str
) -> None:
    reply = await net.ask(path=path)
    assert reply.status == status
    assert official.validate_v2_answer(reply.json) == "error"
    assert reply.json["error"]["errorCode"] == status
    assert names in reply.problem
    assert net.is_untouched


async def test_a_body_that_cannot_be_read_asks_nobody(net: DemoRunning) -> None:
    for raw in (b"{", b"[]", b'{"query": 1}', b'{"query": {"pagination": 2}}'):
        reply = await net.ask(path="/api/individuals", raw=raw)
        assert reply.status == 400, raw
        assert official.validate_v2_answer(reply.json) == "error"
    assert net.is_untouched
