"""Members that are networks themselves: one of ours, CSC's, beacon-network.org's, ELIXIR's."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest

from demo import DemoBeacon, DemoNetwork, Fault
from demo.beacon import Server
from demo.beacon_network_org import ROWS, Row, beacon_network_org
from demo.csc_network import csc_network
from demo.elixir_network import elixir_network
from tests.faulty import FaultyMember, answer, json_answer
from tests.networks import (
    BRAF,
    DEADLINE_S,
    GENEROUS_S,
    Json,
    Reply,
    Running,
    entry,
    network_of,
    says,
    scripted,
)
from tests.official import official
from tests.pages import search

NOBODY = BRAF | {"alternateBases": "G"}
BRAF_37 = BRAF | {"assemblyId": "GRCh37", "start": "140453135"}
NOBODY_37 = BRAF_37 | {"alternateBases": "G"}
RECORDS = {"requestedGranularity": "record", "includeResultsetResponses": "ALL"}
COUNTS = {"requestedGranularity": "count"}


@asynccontextmanager
async def beacon(name: str, server: Server, **more: Any) -> AsyncIterator[DemoBeacon]:
    one = DemoBeacon(name, server, **more)
    await one.start()
    try:
        yield one
    finally:
        await one.aclose()


def declared(one: DemoBeacon, protocol: str, **more: Any) -> Json:
    return {"id": one.id, "url": one.url, "protocol": protocol, **more}


def only(demo: DemoNetwork, *names: str) -> list[Json]:
    return [one for one in demo.members() if one["id"] in names]


def inside(reply: Reply, member: str) -> dict[str, str]:
    """The beacons inside a member, with their endings and codes."""
    listed = reply.members[member].get("beacons", [])
    return dict(zip([one["id"] for one in listed], map(ending, listed), strict=True))


def endings_inside(reply: Reply, member: str) -> list[str]:
    """The same where beacons share an id."""
    return sorted(map(ending, reply.members[member].get("beacons", [])))


def ending(one: Json) -> str:
    return "/".join(filter(None, (one["answer"], (one["reason"] or {}).get("code"))))


def valid(reply: Reply) -> Reply:
    """Check a document, answer or error, with the official schemas."""
    official.validate_v2_answer(reply.json)
    return reply


def record_answer(beacon_id: str, name: str, count: int) -> Json:
    """A version 2 beacon with one data set that counts."""
    document = says(True, count=count)
    document["meta"]["beaconId"] = beacon_id
    one = {"id": name, "setType": "dataset", "exists": True, "resultsCount": count, "results": []}
    document["response"] = {"resultSets": [one]}
    return document


def v2_info(beacon_id: str) -> Json:
    return {
        "meta": {"beaconId": beacon_id, "apiVersion": "v2.0.0", "returnedSchemas": []},
        "response": {
            "id": beacon_id,
            "name": beacon_id,
            "apiVersion": "v2.0.0",
            "environment": "test",
            "organization": {"id": "x", "name": "X"},
        },
    }


def v2_beacon(beacon_id: str, name: str, count: int) -> FaultyMember:
    told = json_answer(record_answer(beacon_id, name, count))
    return FaultyMember(scripted(told, info=json_answer(v2_info(beacon_id))))


def named(name: str) -> Mapping[str, str]:
    return {"id": f"org.example.{name}", "name": name, "environment": "test"}


# --- one of ours ---


@asynccontextmanager
async def inner_and_outer(
    inner: list[Json], outer: list[Json]
) -> AsyncIterator[tuple[Running, Running]]:
    """An outer network with an inner one as its first member."""
    async with network_of(inner, network=named("inner")) as within:
        await within.known(*(one["id"] for one in inner))
        members = [entry(f"{within.url}/api", "inner"), *outer]
        async with network_of(members, network=named("outer")) as around:
            await around.known("inner")
            yield within, around


async def test_a_network_in_a_network_names_the_beacons_inside() -> None:
    async with (
        DemoNetwork() as demo,
        inner_and_outer(only(demo, "demo-v11", "demo-v1"), only(demo, "demo-legacy")) as (_, net),
    ):
        reply = valid(await net.ask(BRAF | RECORDS))

        assert reply.endings["inner"] == "found"
        assert reply.members["inner"]["reason"] is None
        endings = set(inside(reply, "inner").values())
        assert "found" in endings
        assert endings <= {"found", "not_asked/assembly"}
        sets = [one for one in reply.sets if one["info"]["memberId"] == "inner"]
        assert {one["beaconNetworkId"] for one in sets} == {"org.example.inner"}
        assert "org.example.inner" not in {one["beaconId"] for one in sets}


async def test_a_beacon_that_failed_inside_leaves_the_outer_yes_incomplete() -> None:
    async with (
        v2_beacon("org.example.a", "set-a", 3) as good,
        FaultyMember(scripted(answer(b"oops", 500))) as bad,
        inner_and_outer([entry(good, "good"), entry(bad, "bad")], []) as (_, net),
    ):
        reply = valid(await net.ask(BRAF | COUNTS))

        assert reply.status == 200
        assert reply.endings == {"inner": "found"}
        assert reply.info["complete"] is False
        assert reply.headers["Cache-Control"] == "no-store"
        told = inside(reply, "inner")
        assert sorted(told.values()) == ["found", "no_answer/server_error"]
        assert any("beacons inside" in warning for warning in reply.info["warnings"])

        refused = valid(await net.ask(BRAF | {"partial": "deny"}))
        assert refused.status == 502
        assert "inner (some of its beacons)" in refused.problem


async def test_a_page_names_the_beacons_inside_those_without_an_answer_first() -> None:
    async with (
        v2_beacon("org.example.a", "set-a", 3) as good,
        FaultyMember(scripted(answer(b"oops", 500))) as bad,
        inner_and_outer([entry(good, "good"), entry(bad, "bad")], []) as (_, net),
    ):
        page = await search(net, "7-140753336-A-T")

    row = page.rows["inner"]
    opened = next(
        one
        for one in row.all("details")
        if one.one("summary").text == "2 beacons inside, 1 without an answer"
    )
    first, second = [one.text for one in opened.all("li")]
    assert first.startswith("! Did not answer")
    assert "HTTP 500" in first
    assert second.startswith("✓ Found")
    assert "1 is a network that did not hear from all of its beacons" in page.verdict


async def test_a_no_inside_that_is_incomplete_is_no_answer_and_says_whose_is_missing() -> None:
    async with (
        FaultyMember(scripted(json_answer(says(False)))) as no,
        FaultyMember(scripted(answer(b"oops", 500))) as bad,
        inner_and_outer([entry(no, "no"), entry(bad, "bad")], []) as (_, net),
    ):
        reply = valid(await net.ask(BRAF))

        assert reply.status == 502
        assert reply.endings == {"inner": "no_answer/server_error"}
        message = reply.members["inner"]["reason"]["message"]
        assert "1 said no" in message
        assert "bad (server_error)" in message
        assert endings_inside(reply, "inner") == ["no_answer/server_error", "not_found"]


async def test_a_complete_no_inside_is_a_no() -> None:
    async with (
        FaultyMember(scripted(json_answer(says(False)))) as no,
        inner_and_outer([entry(no, "no")], []) as (_, net),
    ):
        reply = valid(await net.ask(BRAF))
        assert reply.status == 200
        assert reply.endings == {"inner": "not_found"}
        assert reply.summary["exists"] is False


async def test_a_beacon_reached_directly_and_through_a_network_is_counted_once() -> None:
    async with (
        v2_beacon("org.example.a", "set-a", 3) as shared,
        v2_beacon("org.example.b", "set-b", 4) as other,
        inner_and_outer(
            [entry(shared, "theirs"), entry(other, "other")], [entry(shared, "ours")]
        ) as (_, net),
    ):
        await net.known("ours")
        reply = valid(await net.ask(BRAF | RECORDS))

        assert reply.endings == {"inner": "found", "ours": "found"}
        count = reply.info["count"]
        assert (count["value"], count["exact"]) == (7, True)
        assert "counted once" in count["note"]
        assert reply.summary["numTotalResults"] == 7
        marked = {
            (one["info"]["memberId"], one["beaconId"], one["id"]): one["info"].get("duplicateOf")
            for one in reply.sets
        }
        assert marked == {
            ("inner", "org.example.a", "set-a"): "ours:set-a",
            ("inner", "org.example.b", "set-b"): None,
            ("ours", "org.example.a", "set-a"): None,
        }
        listed = {one["id"]: one.get("duplicateOf") for one in reply.members["inner"]["datasets"]}
        assert listed == {"set-a": "ours:set-a", "set-b": None}


async def test_members_declared_the_same_are_counted_once() -> None:
    async with (
        v2_beacon("org.example.old", "set", 3) as one,
        v2_beacon("org.example.new", "set", 3) as other,
        network_of([entry(one, "one"), entry(other, "other", same_as=["one"])]) as net,
    ):
        await net.known("one", "other")
        reply = valid(await net.ask(BRAF | COUNTS))
        assert reply.endings == {"one": "found", "other": "found"}
        assert reply.info["count"]["value"] == 3
        assert reply.members["other"]["datasets"][0]["duplicateOf"] == "one:set"


async def test_three_levels_are_told_to_the_innermost_beacon() -> None:
    async with (
        v2_beacon("org.example.a", "set-a", 3) as good,
        FaultyMember(scripted(answer(b"oops", 500))) as bad,
        inner_and_outer([entry(good, "good"), entry(bad, "bad")], []) as (_, middle),
        network_of([entry(f"{middle.url}/api", "outer")], network=named("outermost")) as net,
    ):
        reply = valid(await net.ask(BRAF | COUNTS))
        assert reply.endings == {"outer": "found"}
        assert reply.info["complete"] is False
        assert "org.example.a" in inside(reply, "outer")
        assert endings_inside(reply, "outer") == ["found", "no_answer/server_error"]


# --- CSC's ---


@asynccontextmanager
async def csc_of(
    demo: DemoNetwork, *names: str, also: tuple[str, ...] = (), **more: Any
) -> AsyncIterator[Running]:
    urls = [demo.beacons[name].url for name in names]
    async with (
        beacon("csc", csc_network([*urls, *also], **more)) as csc,
        network_of([declared(csc, "csc")]) as net,
    ):
        yield net


async def test_csc_s_list_of_answers_becomes_one_with_every_beacon_named() -> None:
    async with DemoNetwork() as demo, csc_of(demo, "demo-v1", "demo-v11") as net:
        reply = valid(await net.ask(BRAF_37 | RECORDS))

        assert reply.endings == {"csc": "found"}
        assert reply.info["complete"] is True
        told = inside(reply, "csc")
        assert told["demo-hospital-beacon"] == "found"
        assert sorted(told.values()) == ["found", "not_found"]
        hits = {(one["beaconId"], one["id"]) for one in reply.sets if one["exists"]}
        assert hits == {("demo-hospital-beacon", "clinical")}


async def test_csc_s_no_needs_every_beacon() -> None:
    async with DemoNetwork() as demo, csc_of(demo, "demo-v1", "demo-v11") as net:
        complete = valid(await net.ask(NOBODY_37))
        assert complete.endings == {"csc": "not_found"}

        demo.beacons["demo-v11"].fault.status = 500
        broken = valid(await net.ask(NOBODY_37 | {"referenceBases": "T"}))
        assert broken.status == 502
        assert broken.endings == {"csc": "no_answer/no_verdict"}
        assert endings_inside(broken, "csc") == ["no_answer/server_error", "not_found"]

        demo.beacons["demo-v11"].fault.down = True
        found = valid(await net.ask(BRAF_37))
        assert found.endings == {"csc": "found"}
        assert found.info["complete"] is False
        assert endings_inside(found, "csc") == ["found", "no_answer/timeout"]


async def test_csc_s_lists_inside_lists_are_flattened() -> None:
    async with (
        DemoNetwork() as demo,
        beacon("inner", csc_network([demo.beacons["demo-v1"].url])) as inner,
        csc_of(demo, "demo-v11", also=(inner.url,)) as net,
    ):
        reply = valid(await net.ask(BRAF_37))
        assert reply.endings == {"csc": "found"}
        assert len(inside(reply, "csc")) == 2


async def test_data_sets_asked_of_csc_reach_its_beacons() -> None:
    async with DemoNetwork() as demo, csc_of(demo, "demo-v1") as net:
        reply = valid(await net.ask(BRAF_37 | {"datasetIds": "csc:clinical,csc:population"}))

        assert reply.endings == {"csc": "found"}
        (received,) = demo.beacons["demo-v1"].requests
        assert isinstance(received.json, dict)
        assert received.json["datasetIds"] == ["clinical", "population"]


async def test_a_csc_network_whose_beacons_hang_ends_at_the_deadline() -> None:
    async with DemoNetwork(faults={"demo-v1": Fault(delay_s=60)}) as demo:
        urls = [demo.beacons["demo-v1"].url]
        async with (
            beacon("csc", csc_network(urls)) as csc,
            network_of([declared(csc, "csc")], query={"deadline_s": DEADLINE_S}) as net,
        ):
            reply = valid(await net.ask(BRAF_37, within_s=GENEROUS_S))
            assert reply.endings == {"csc": "no_answer/timeout"}


# --- beacon-network.org's ---

HOSPITAL = Row("hospital", "demo-v1")
OTHER = Row("other", "demo-legacy")
HIDDEN = Row("hidden", "demo-v1", is_hidden=True)


@asynccontextmanager
async def rows_of(*rows: Row) -> AsyncIterator[Running]:
    async with (
        beacon("rows", beacon_network_org(rows or ROWS)) as one,
        network_of([declared(one, "beacon-network")]) as net,
    ):
        yield net


async def test_rows_of_beacon_network_org_become_the_beacons_inside() -> None:
    async with rows_of() as net:
        reply = valid(await net.ask(BRAF_37 | RECORDS))

        assert reply.endings == {"rows": "found"}
        assert inside(reply, "rows") == {
            "hospital": "found",
            "university": "not_asked/assembly",
            "broken": "no_answer/no_verdict",
        }
        assert reply.info["complete"] is False
        (hit,) = reply.sets
        assert (hit["beaconId"], hit["id"]) == ("hospital", "hospital")
        assert hit["resultsHandovers"][0]["url"] == "https://hospital.example.org/"


async def test_the_same_rows_in_the_other_assembly() -> None:
    async with rows_of(HOSPITAL, Row("university", "demo-v11", "HG38")) as net:
        reply = valid(await net.ask(BRAF))
        assert inside(reply, "rows") == {
            "hospital": "not_asked/assembly",
            "university": "found",
        }
        assert reply.info["complete"] is True


async def test_rows_that_all_say_no_are_a_no_and_one_null_makes_it_none() -> None:
    async with rows_of(HOSPITAL, OTHER) as net:
        assert (await net.ask(NOBODY_37)).endings == {"rows": "not_found"}
    async with rows_of(HOSPITAL, Row("broken", "demo-v1", fails=True)) as net:
        assert (await net.ask(NOBODY_37)).endings == {"rows": "no_answer/no_verdict"}


@pytest.mark.parametrize(
    ("group", "expected"),
    [
        (Row("group", "", behind=("hidden",)), "no_answer/no_verdict"),
        (Row("group", "", behind=("hospital",)), "not_found"),
    ],
)
async def test_the_no_of_a_group_counts_only_where_its_beacons_give_it(
    group: Row, expected: str
) -> None:
    async with rows_of(HOSPITAL, HIDDEN, group) as net:
        assert (await net.ask(NOBODY_37)).endings == {"rows": expected}


async def test_a_yes_hidden_in_a_group_is_a_yes() -> None:
    async with rows_of(OTHER, HIDDEN, Row("group", "", behind=("hidden",))) as net:
        reply = await net.ask(BRAF_37 | {"alternateBases": "T"})
        assert reply.endings == {"rows": "found"}
        assert inside(reply, "rows")["group"] == "found"


async def test_indels_are_asked_with_their_anchor() -> None:
    async with rows_of(HOSPITAL) as net:
        f508del = {
            "assemblyId": "GRCh37",
            "referenceName": "7",
            "start": "117199643",
            "referenceBases": "ATCT",
            "alternateBases": "A",
        }
        reply = valid(await net.ask(f508del))
        assert reply.endings == {"rows": "found"}
        assert any("alternate bases" in text for text in reply.members["rows"]["warnings"])


async def test_an_error_of_beacon_network_org_is_told_in_its_words() -> None:
    error = {"status": 400, "reason": "Bad Request", "message": "Invalid position"}
    async with FaultyMember(json_answer(error, 400)) as member:
        members = [entry(member, "rows") | {"protocol": "beacon-network"}]
        async with network_of(members) as net:
            reply = valid(await net.ask(BRAF))
            assert reply.endings == {"rows": "no_answer/rejected"}
            assert "Invalid position" in reply.members["rows"]["reason"]["message"]


# --- ELIXIR's ---


@asynccontextmanager
async def elixir_of(**beacons: FaultyMember) -> AsyncIterator[Running]:
    urls = {f"org.example.{name}": one.url for name, one in beacons.items()}
    async with (
        beacon("elixir", elixir_network(urls)) as elixir,
        network_of([declared(elixir, "v2")]) as net,
    ):
        await net.known("elixir")
        yield net


async def test_elixir_s_result_sets_keep_their_beacons_and_failures_are_named() -> None:
    async with (
        v2_beacon("org.example.a", "set-a", 3) as good,
        FaultyMember(scripted(answer(b"oops", 500))) as bad,
        elixir_of(a=good, bad=bad) as net,
    ):
        reply = valid(await net.ask(BRAF | RECORDS))

        assert reply.endings == {"elixir": "found"}
        assert reply.info["complete"] is False
        assert inside(reply, "elixir") == {"org.example.a": "found", "org.example.bad": "no_answer"}
        assert [(one["beaconId"], one["id"]) for one in reply.sets] == [("org.example.a", "set-a")]


async def test_elixir_s_no_with_a_failure_inside_is_none() -> None:
    async with (
        FaultyMember(scripted(json_answer(says(False)))) as no,
        FaultyMember(scripted(answer(b"oops", 500))) as bad,
    ):
        async with elixir_of(no=no) as net:
            assert (await net.ask(BRAF)).endings == {"elixir": "not_found"}
        async with elixir_of(no=no, bad=bad) as net:
            reply = valid(await net.ask(BRAF))
            assert reply.endings == {"elixir": "no_answer/no_verdict"}
            assert "1 beacon of this network" in reply.members["elixir"]["reason"]["message"]


async def test_a_hit_without_a_count_is_not_lost_by_elixir_s_sum() -> None:
    async with (
        FaultyMember(scripted(json_answer(says(True)))) as yes,
        FaultyMember(scripted(json_answer(says(False)))) as no,
        elixir_of(yes=yes, no=no) as net,
    ):
        reply = valid(await net.ask(BRAF))
        assert reply.endings == {"elixir": "found"}
        assert inside(reply, "elixir") == {
            "org.example.yes": "found",
            "org.example.no": "not_found",
        }


# --- all of them at once ---


async def test_networks_of_every_kind_beside_beacons_answer_as_one() -> None:
    async with AsyncExitStack() as stack:
        demo = await stack.enter_async_context(DemoNetwork())
        csc = await stack.enter_async_context(
            beacon("csc", csc_network([demo.beacons["demo-v1"].url]))
        )
        rows = await stack.enter_async_context(beacon("rows", beacon_network_org((HOSPITAL,))))
        members = [declared(csc, "csc"), declared(rows, "beacon-network"), *only(demo, "demo-v1")]
        net = await stack.enter_async_context(network_of(members))
        await net.known("demo-v1")
        reply = valid(await net.ask(BRAF_37 | RECORDS))

        assert reply.endings == dict.fromkeys(("csc", "rows", "demo-v1"), "found")
        assert reply.info["complete"] is True
        # what the hospital counts came by two ways
        marked = [one["info"].get("duplicateOf") for one in reply.sets]
        assert marked.count("demo-v1:clinical") == 1
        direct = reply.members["demo-v1"]["count"]
        assert reply.info["count"]["value"] == direct
