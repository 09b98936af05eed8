"""The service registry being used: chosen services, what is known of each, and who reads it."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest

from demo.csc_network import csc_network
from tests.faulty import FaultyMember, answer, json_answer
from tests.integration.test_nested_networks import beacon
from tests.networks import (
    BRAF,
    NETWORK_ID,
    V2_INFO,
    DemoRunning,
    Running,
    come_true,
    demo_running,
    entry,
    network_of,
    nothing_left,
    says,
    scripted,
)
from tests.official import official

__all__ = ["nothing_left"]

BEACONS = {"demo-legacy", "demo-v1", "demo-v11", "demo-records", "demo-counts"}
NAMED = {"id": "org.example.inner", "name": "Inner", "environment": "test"}


@pytest.fixture
async def net(nothing_left: None) -> AsyncIterator[DemoRunning]:
    async with demo_running() as running:
        yield running


async def listed(net: Running, **parameters: Any) -> dict[str, Any]:
    """The services of the registry by id, in its order."""
    reply = await net.ask(parameters, path="/services")
    assert reply.status == 200, reply.text
    return {one["id"]: one for one in reply.json}


async def test_members_are_listed_in_order_with_what_is_known(net: DemoRunning) -> None:
    services = await listed(net)
    assert [*services] == [member.id for member in net.network.holder.current.members]
    records = net.network.registry.store.records
    for name, one in services.items():
        told = net.member(name).capabilities
        assert one["url"] == net.beacons[name].url
        assert one["info"]["network"]["beaconId"] == told.beacon_id
        assert one["createdAt"] == records[name].created_at
        assert one["updatedAt"] == records[name].updated_at
        assert datetime.fromisoformat(one["createdAt"]) <= datetime.now(UTC)
    told = net.member("demo-records").capabilities
    assert services["demo-records"]["type"]["version"] == told.api_version
    assert told.organization is not None
    assert services["demo-records"]["organization"]["name"] == told.organization.name
    assert services["demo-records"]["version"] == told.service_version


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("type=beacon", BEACONS),
        ("type=org.ga4gh:beacon", BEACONS),
        ("type=org.ga4gh:beacon:2", {"demo-records", "demo-counts"}),
        ("type=beacon&apiVersion=2", {"demo-records", "demo-counts"}),
        ("version=1.0.1", {"demo-v1"}),
        ("apiVersion=1", {"demo-v1", "demo-v11"}),
        ("apiVersion=1&version=1.1", {"demo-v11"}),
        ("type=beacon-aggregator", set()),
        ("type=beacon-aggregator&type=beacon", BEACONS),
        ("type=&apiVersion=", BEACONS),
        ("unheardOf=1", BEACONS),
    ],
)
async def test_services_are_chosen(net: DemoRunning, query: str, expected: set[str]) -> None:
    reply = await net.ask(path=f"/services?{query}")
    assert {one["id"] for one in reply.json} == expected


async def test_a_service_is_found_by_what_it_calls_itself(net: DemoRunning) -> None:
    """CSC's page looks up the `beaconId` of each answer."""
    told = net.member("demo-records").capabilities
    for name in ("demo-records", told.beacon_id, f"{NETWORK_ID}.demo-records"):
        reply = await net.ask(path=f"/services/{name}")
        assert reply.json["id"] == "demo-records", name
    host = net.beacons["demo-v1"].url.split("/")[2]
    reply = await net.ask(path=f"/services/{'.'.join(reversed(host.split('.')))}")
    assert reply.json["id"] == "demo-v1"
    assert net.is_untouched


async def test_who_waits_or_has_left_is_no_service() -> None:
    entries = [{"id": name, "url": f"http://127.0.0.1:9/{name}"} for name in ("a", "b", "c")]
    async with network_of(entries) as net:
        steward = net.network.registry.steward
        await steward.pause("a", by="operator", note="moving")
        await steward.edit("b", {"disabled": True}, by="operator")
        await steward.remove("c", by="operator")
        services = await listed(net)
        states = {name: one["info"]["network"]["state"] for name, one in services.items()}
        assert states == {"a": "paused", "b": "disabled"}
        assert (await net.ask(path="/services/c")).status == 404
        assert services["a"]["updatedAt"] > services["a"]["createdAt"]
        await steward.restore("c", by="operator")
        assert [*await listed(net)] == ["a", "b", "c"]


async def test_a_closed_registry_can_still_be_read() -> None:
    async with network_of([entry("http://127.0.0.1:9")], registry={"joining": "closed"}) as net:
        assert [*await listed(net)] == ["scripted"]


async def test_an_answer_is_read_again_only_if_it_changed() -> None:
    entries = [{"id": name, "url": f"http://127.0.0.1:9/{name}"} for name in ("a", "b")]
    async with network_of(entries) as net:
        for path in ("/services", "/services/a", "/services/types", "/service-info"):
            first = await net.ask(path=path)
            tag = first.headers["ETag"]
            assert first.headers["Cache-Control"] == "no-cache"
            again = await net.ask(path=path, headers={"If-None-Match": f'"other", {tag}'})
            assert (again.status, again.body) == (304, b"")
            assert again.headers["ETag"] == tag
            head = await net.ask(path=path, method="HEAD")
            assert (head.status, head.headers["ETag"], head.body) == (200, tag, b"")
        tag = (await net.ask(path="/services")).headers["ETag"]
        await net.network.registry.steward.edit("a", {"name": "Renamed"}, by="operator")
        changed = await net.ask(path="/services", headers={"If-None-Match": tag})
        assert changed.status == 200
        assert changed.json[0]["name"] == "Renamed"


async def test_what_a_member_says_cannot_break_the_list() -> None:
    info = {
        "meta": V2_INFO["meta"],
        "response": V2_INFO["response"]
        | {
            "name": "<script>\u202e",
            "version": {"not": "a text"},
            "apiVersion": "v" * 5_000,
            "environment": "",
            "organization": {"name": "  ", "welcomeUrl": "https://[", "contactUrl": "mailto:"},
        },
    }
    async with (
        FaultyMember(scripted(info=json_answer(info))) as member,
        network_of([entry(member)]) as net,
    ):
        await net.known("scripted")
        reply = await net.ask(path="/services")
        official.validate_registry(reply.json, "services")
        (one,) = reply.json
        assert one["version"] == "unknown"
        assert len(one["type"]["version"]) == 100
        assert one["organization"]["url"] == member.url
        assert "contactUrl" not in one


async def test_an_aggregator_of_csc_is_listed_as_one() -> None:
    async with (
        beacon("csc", csc_network([])) as csc,
        network_of([{"id": "csc", "url": csc.url, "protocol": "csc"}]) as net,
    ):
        await net.known("csc")
        services = await listed(net, type="beacon-aggregator")
        told = {"group": "org.ga4gh", "artifact": "beacon-aggregator", "version": "1.0.0"}
        assert services["csc"]["type"] == told
        assert services["csc"]["version"] == "1.6.6"
        assert services["csc"]["info"]["network"]["isNetwork"] is True


# --- what this network says it is ---


async def test_the_service_info_names_a_network_and_all_it_serves(net: DemoRunning) -> None:
    reply = await net.ask(path="/service-info")
    official.validate_registry(reply.json, "service-info")
    told = reply.json
    assert told["id"] == NETWORK_ID
    assert told["type"]["group"] == "org.ga4gh"
    assert told["type"]["artifact"] == "beacon-aggregator"
    assert told["type"]["version"].startswith("1.")
    assert told["documentationUrl"] == f"{net.url}/docs"
    serves = told["info"]["network"]["serves"]
    paths = {
        "service-registry 1": "/services",
        "beacon v2": "/service-info",
        "beacon 1": "/",
        "beacon-aggregator 1": "/service-info",
    }
    assert len(serves) == len(paths)
    for one, (kind, path) in zip(serves, paths.items(), strict=True):
        kept = f"{one['type']['artifact']} {one['type']['version'].split('.')[0]}"
        assert kept == kind
        assert (await net.ask(path=one["url"].removeprefix(net.url) + path)).status == 200
    beacon_told = (await net.ask(path="/api/service-info")).json
    assert beacon_told["type"]["artifact"] == "beacon"
    assert beacon_told["id"] == told["id"]


@pytest.mark.parametrize(
    ("path", "declared", "found", "version"),
    [
        ("", "auto", "v2", "v2.1.1"),
        ("/api", "auto", "v2", "v2.1.1"),
        ("/api", "v2", "v2", "v2.1.1"),
        ("/v1", "auto", "v1", "1.1.0"),
        ("/v1", "v1", "v1", "1.1.0"),
        ("", "csc", "csc", "1.1.0"),
    ],
)
async def test_a_network_of_ours_is_recognised_in_every_way(
    path: str, declared: str, found: str, version: str
) -> None:
    answers = json_answer({**says(True), "meta": V2_INFO["meta"]})
    async with (
        FaultyMember(scripted(answers)) as leaf,
        network_of([entry(leaf)], network=NAMED) as inner,
    ):
        member = {"id": "inner", "url": f"{inner.url}{path}", "protocol": declared}
        async with network_of([member]) as outer:
            await outer.known("inner")
            told = outer.member("inner").capabilities
            assert told.protocol == found
            assert told.beacon_id == "org.example.inner"
            assert told.api_version == version
            if path or declared == "csc":  # the questions of version 2 are below /api
                reply = await outer.ask(BRAF)
                assert reply.endings == {"inner": "found"}, reply.text
            services = await listed(outer)
            artifact = "beacon-aggregator" if found == "csc" else "beacon"
            assert services["inner"]["type"]["artifact"] == artifact


async def test_what_the_registry_tells_reads_as_csc_reads_it(net: DemoRunning) -> None:
    """Its aggregators ask `url` + `/query` of what they take for version 1."""
    for one in (await net.ask(path="/services?type=beacon&apiVersion=1")).json:
        asked = BRAF if one["id"] == "demo-v11" else {**BRAF, "assemblyId": "GRCh37"}
        async with net.client.get(f"{one['url']}/query", params=asked) as response:
            assert response.status == 200, await response.text()
            assert (await response.json(content_type=None))["beaconId"]


async def test_a_member_that_says_nothing_yet_is_listed_at_once() -> None:
    async with (
        FaultyMember(answer(b"", 503)) as member,
        network_of([entry(member, "silent")]) as net,
    ):
        await come_true(lambda: bool(member.requests))
        (one,) = (await listed(net)).values()
        official.validate_registry(one, "service")
        assert one["type"]["version"] == "2"
        assert one["organization"]["url"] == member.url
