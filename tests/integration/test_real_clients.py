"""Pages of other networks as clients: the requests they really send, and what they read of answers.

TPL is EGA's network page, ELX ELIXIR's, GRD the GRID dashboard, CSC that of CSC's beacon-network
(see test_csc_page for its socket).
"""

import asyncio
import json
from itertools import groupby
from typing import Any

import pytest

from tests.faulty import FaultyMember, answer, hang, json_answer
from tests.networks import (
    BRAF,
    GENEROUS_S,
    V2_INFO,
    DemoRunning,
    Json,
    come_true,
    demo_running,
    entry,
    network_of,
    questions,
    says,
    scripted,
)
from tests.official import official

PAGE = {"Origin": "https://page.example.org"}
FORM = PAGE | {"Content-Type": "application/x-www-form-urlencoded"}
TPL_GET = PAGE | {"Content-Type": "application/json"}
ELX_BODY: Json = {
    "meta": {"apiVersion": "2.0"},
    "query": {
        "requestParameters": BRAF | {"geneId": "", "aminoacidChange": ""},
        "filters": [],
        "includeResultsetResponses": "HIT",
        "pagination": {"skip": 0, "limit": 0},
        "testMode": False,
        "requestedGranularity": "record",
    },
}
TPL_BODY: Json = {
    "meta": {"apiVersion": "2.0"},
    "query": {
        "requestParameters": {
            "assemblyId": "GRCh38",
            "referenceName": "7",
            "start": [140753335],
            "referenceBases": "A",
            "alternateBases": "T",
        },
        "filters": [],
        "includeResultsetResponses": "HIT",
        "pagination": {"skip": 0, "limit": 100},
        "testMode": False,
        "requestedGranularity": "record",
    },
}
MEMBERS = ["demo-legacy", "demo-v1", "demo-v11", "demo-records", "demo-counts"]


@pytest.mark.parametrize(
    "path", ["/", "/api", "/api/info", "/api/g_variants", "/v1/query", "/query", "/validate", "/no"]
)
@pytest.mark.parametrize(
    "wanted", ["content-type", "authorization,content-type,accept", "Accept, Content-Type"]
)
async def test_a_browser_may_ask_everywhere(net: DemoRunning, path: str, wanted: str) -> None:
    preflight = PAGE | {
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": wanted,
    }
    reply = await net.ask(path=path, method="OPTIONS", headers=preflight)

    assert reply.status == 204
    assert reply.headers["Access-Control-Allow-Origin"] in {"*", PAGE["Origin"]}
    assert "POST" in reply.headers["Access-Control-Allow-Methods"]
    allowed = {name.strip().lower() for name in _listed(reply, "Access-Control-Allow-Headers")}
    assert {name.strip().lower() for name in wanted.split(",")} <= allowed


def _listed(reply: Any, header: str) -> list[str]:
    return str(reply.headers[header]).split(",")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/g_variants?start=x&referenceName=7", 400),
        ("GET", "/v1/query", 400),
        ("GET", "/query", 400),
        ("GET", "/validate", 400),
        ("GET", "/nowhere", 404),
        ("GET", "/v1/nowhere", 404),
        ("DELETE", "/api/g_variants", 405),
        ("PUT", "/v1/query", 405),
    ],
)
async def test_errors_can_be_read_by_pages(
    net: DemoRunning, method: str, path: str, status: int
) -> None:
    reply = await net.ask(path=path, method=method, headers=PAGE)
    assert reply.status == status
    assert reply.headers["Access-Control-Allow-Origin"] in {"*", PAGE["Origin"]}
    assert reply.problem


async def test_errors_of_the_network_can_be_read_by_pages() -> None:
    async with (
        FaultyMember(scripted(answer(b"", 500))) as member,
        network_of([entry(member)], query={"retries": 0}) as net,
    ):
        for path in ("/api/g_variants", "/v1/query"):
            reply = await net.ask(BRAF, path=path, headers=PAGE)
            assert reply.status == 502
            assert reply.headers["Access-Control-Allow-Origin"] in {"*", PAGE["Origin"]}


async def test_a_body_labelled_as_a_form_is_the_question_it_holds(net: DemoRunning) -> None:
    """ELX posts JSON as a form, numbers as texts, empty texts, and a limit of 0."""
    reply = await net.ask(path="/api/g_variants", raw=json.dumps(ELX_BODY).encode(), headers=FORM)

    assert reply.status == 200, reply.text
    official.validate_v2_answer(reply.json)
    assert set(reply.found) == {"demo-v11", "demo-records"}
    assert reply.summary["numTotalResults"] >= 1
    for one in reply.sets:
        assert isinstance(one["id"], str)
        assert isinstance(one["setType"], str)
        assert isinstance(one["beaconId"], str)
        assert one["exists"] is True
        assert isinstance(one["resultsCount"], int)
        assert isinstance(one["results"], list)
    limit = reply.json["meta"]["receivedRequestSummary"]["pagination"]["limit"]
    assert limit == net.network.settings.query.max_limit


async def test_descendants_may_be_a_text_and_the_word_filter_is_none(net: DemoRunning) -> None:
    asked = {"includeDescendantTerms": "true", "filters": "filter", "unheardOf": "1"}
    reply = await net.ask(BRAF | asked)

    assert reply.status == 200
    assert reply.summary["exists"] is True
    assert "filter" not in {reply.endings[name].rpartition("/")[2] for name in MEMBERS}
    assert any("unheardOf" in warning for warning in reply.info["warnings"])


@pytest.mark.parametrize("start", ["140753335", 140753335, ["140753335"], [140753335]])
async def test_a_position_is_one_however_it_is_written(net: DemoRunning, start: Json) -> None:
    body = {"query": {"requestParameters": BRAF | {"start": start}}}
    reply = await net.ask(path="/api/g_variants", body=body)

    assert reply.echo["start"] == [140753335]
    assert reply.summary["exists"] is True


async def test_the_question_of_tpl_finds_its_sets_by_member_hits_first(net: DemoRunning) -> None:
    body = json.loads(json.dumps(TPL_BODY))
    body["query"]["includeResultsetResponses"] = "ALL"
    reply = await net.ask(path="/api/g_variants", body=body, headers=PAGE)

    official.validate_v2_answer(reply.json)
    first_of: dict[str, bool] = {}
    order = [one["beaconId"] for one in reply.sets]
    for one in reply.sets:
        first_of.setdefault(one["beaconId"], one["exists"])
    assert [beacon_id for beacon_id, _ in groupby(order)] == list(first_of)
    assert list(first_of.values()) == sorted(first_of.values(), reverse=True)


@pytest.mark.parametrize("path", ["/", "/info", "/api", "/api/", "/api/info"])
async def test_the_description_lists_the_members_for_pages(net: DemoRunning, path: str) -> None:
    reply = await net.ask(path=path, headers=TPL_GET | {"Accept": "application/json, */*"})

    assert reply.status == 200
    official.validate_v2(reply.json, "info")
    cards = reply.json["responses"]
    assert [card["response"]["info"]["memberId"] for card in cards] == MEMBERS
    for card in cards:
        response = card["response"]
        assert card["meta"]["beaconId"] == response["id"]
        assert isinstance(response["description"], str)
        assert isinstance(response["organization"], dict)
        assert response["organization"]["name"]
        member = net.member(response["info"]["memberId"])
        assert response["alternativeUrl"] == member.entry.url


async def test_no_page_is_sent_to_strangers_for_a_logo(net: DemoRunning) -> None:
    cards = (await net.ask(path="/info")).json["responses"]
    assert "logoUrl" not in json.dumps(cards)


async def test_what_is_wrong_with_a_member_stands_beside_its_name() -> None:
    """GRD shows `metadata_errors` by the address that `responses` gives the member."""

    async def only_info(wire: Any) -> None:
        target = wire.request.target
        await (json_answer(V2_INFO) if target.endswith("/info") else answer(b"", 500))(wire)

    async with FaultyMember(only_info) as member, network_of([entry(member)]) as net:
        await come_true(lambda: bool(net.member("scripted").capabilities.problems))
        reply = await net.ask(path="/info", headers={"Accept": "application/json"})

        official.validate_v2(reply.json, "info")
        (card,) = reply.json["responses"]
        (wrong,) = reply.json["response"]["info"]["metadata_errors"]
        assert wrong["endpoint"] == card["response"]["alternativeUrl"] == member.url
        assert any("/map" in error["message"] for error in wrong["errors"])


async def test_members_without_faults_have_none(net: DemoRunning) -> None:
    told = (await net.ask(path="/info")).json["response"]["info"]["metadata_errors"]
    named = {net.member(name).entry.url for name in MEMBERS}
    faulty = {m.entry.url for m in net.network.holder.current.members if m.capabilities.problems}
    assert {one["endpoint"] for one in told} == faulty < named


async def test_tpl_finds_every_entry_type_in_the_map(net: DemoRunning) -> None:
    """It builds its choices from `endpointSets`, and posts to the end of `rootUrl`."""
    reply = await net.ask(path="/api/map", headers=TPL_GET)

    sets = reply.json["response"]["endpointSets"]
    assert sets
    for one in sets.values():
        path = one["rootUrl"].removeprefix(net.url)
        assert (await net.ask(path=path, body={"query": {}}, headers=PAGE)).status != 404


@pytest.mark.parametrize(
    "path", ["/api/filtering_terms?limit=0", "/api/individuals/filtering_terms?limit=0"]
)
async def test_all_filtering_terms_come_at_once(net: DemoRunning, path: str) -> None:
    reply = await net.ask(path=path, headers=TPL_GET)
    assert reply.status == 200
    told = reply.json["info"]["network"]["filteringTerms"]
    assert len(reply.json["response"]["filteringTerms"]) == told["total"]


@pytest.mark.parametrize("path", ["/info", "/configuration", "/cohorts"])
async def test_the_dashboard_gets_its_three_documents(net: DemoRunning, path: str) -> None:
    reply = await net.ask(path=f"/api{path}", headers=PAGE | {"Accept": "application/json"})
    assert reply.status == 200
    assert reply.headers["Content-Type"].startswith("application/json")
    assert reply.headers["Access-Control-Allow-Origin"] in {"*", PAGE["Origin"]}


@pytest.mark.parametrize("accept", ["", "*/*", "application/json", "application/json, */*"])
async def test_programs_get_json_at_the_root_and_people_a_page(
    net: DemoRunning, accept: str
) -> None:
    program = await net.ask(path="/", headers={"Accept": accept})
    person = await net.ask(path="/", headers={"Accept": "text/html,*/*;q=0.8"})

    assert program.headers["Content-Type"].startswith("application/json")
    assert person.headers["Content-Type"].startswith("text/html")
    for reply in (program, person):
        assert "Accept" in reply.headers["Vary"]


async def test_yes_without_a_count_is_1_for_pages_that_need_a_number() -> None:
    """TPL and ELX show "No results" where `numTotalResults` is missing or 0."""
    async with FaultyMember(scripted(json_answer(says()))) as member:
        async with network_of([entry(member)]) as net:
            assert "numTotalResults" not in (await net.ask(BRAF)).summary
        async with network_of([entry(member)], compat={"count_at_least_one": True}) as net:
            assert (await net.ask(BRAF)).summary["numTotalResults"] == 1


async def test_failed_members_are_sets_for_pages_that_need_them() -> None:
    """TPL says "No Response" of a set with `info.error`; others would read its no as one."""
    asked = BRAF | {"requestedGranularity": "record", "includeResultsetResponses": "ALL"}
    async with (
        FaultyMember(scripted(answer(b"", 500))) as broken,
        FaultyMember(scripted(json_answer(says(count=1, results=[{"a": 1}])))) as fine,
    ):
        members = [entry(broken, "broken"), entry(fine, "fine")]
        async with network_of(members, query={"retries": 0}) as net:
            assert {one["info"]["memberId"] for one in (await net.ask(asked)).sets} == {"fine"}
        habit = {"failed_members_as_result_sets": True}
        async with network_of(members, query={"retries": 0}, compat=habit) as net:
            sets = {one["info"]["memberId"]: one for one in (await net.ask(asked)).sets}
            assert sets["broken"]["exists"] is False
            assert sets["broken"]["info"]["error"]["errorCode"] == 502


async def test_a_page_that_repeats_itself_is_one_question() -> None:
    """FAC sends the same question nine times."""
    release = asyncio.Event()

    async def late(wire: Any) -> None:
        await release.wait()
        await json_answer(says())(wire)

    async with FaultyMember(scripted(late)) as member, network_of([entry(member)]) as net:
        asked = [asyncio.create_task(net.ask(BRAF, headers=PAGE)) for _ in range(9)]
        await come_true(lambda: net.network.asker.shared_calls >= 8, GENEROUS_S)
        release.set()
        replies = await asyncio.gather(*asked)

        assert all(reply.summary["exists"] is True for reply in replies)
        assert len(questions(member)) == 1


async def test_a_sound_beacon_has_no_messages(net: DemoRunning) -> None:
    reply = await net.ask({"endpoint": net.member("demo-v11").entry.url}, path="/validate")

    assert (reply.status, reply.json) == (200, [])


async def test_messages_name_document_and_place() -> None:
    async def only_info(wire: Any) -> None:
        target = wire.request.target
        await (json_answer(V2_INFO) if target.endswith("/info") else answer(b"", 404))(wire)

    async with FaultyMember(only_info) as beacon, network_of() as net:
        reply = await net.ask({"endpoint": f"{beacon.url}/"}, path="/validate", headers=PAGE)

        assert reply.status == 200
        (of_map,) = [one for one in reply.json if one["path"] == "/map"]
        assert of_map["location"] == f"{beacon.url}/map"
        assert "/map cannot be used" in of_map["message"]
        assert all(one.keys() == {"code", "path", "location", "message"} for one in reply.json)


async def test_what_is_no_beacon_is_said_of_every_place_that_was_looked_at() -> None:
    async with FaultyMember(answer(b"<html>", 200)) as page, network_of() as net:
        reply = await net.ask({"endpoint": page.url}, path="/validate")

        assert {one["code"] for one in reply.json} == {"not-recognised"}
        assert {"/info", "/"} <= {one["path"] for one in reply.json}


async def test_private_addresses_are_not_looked_at_for_strangers() -> None:
    async with (
        FaultyMember(json_answer(V2_INFO)) as inside,
        network_of(security={"allow_private_members": False}) as net,
    ):
        reply = await net.ask({"endpoint": inside.url}, path="/validate")

        assert reply.status == 200
        assert "does not call" in reply.json[0]["message"]
        assert not inside.requests


@pytest.mark.parametrize(
    "endpoint",
    ["", "ftp://example.org", "file:///etc/passwd", "https://a:b@example.org", "nowhere", "//x"],
)
async def test_only_addresses_of_the_web_are_looked_at(net: DemoRunning, endpoint: str) -> None:
    reply = await net.ask({"endpoint": endpoint}, path="/validate")
    assert reply.status == 400
    assert "b@" not in reply.problem


async def test_looks_cost_clients_of_their_allowance() -> None:
    async with (
        FaultyMember(json_answer(V2_INFO)) as beacon,
        network_of(security={"rate_limit": 15}) as net,
    ):
        asked = {"endpoint": beacon.url}
        assert (await net.ask(asked, path="/validate")).status == 200
        seen = len(beacon.requests)
        assert (await net.ask(asked, path="/validate")).status == 429
        assert len(beacon.requests) == seen


async def test_only_so_many_looks_run_at_once() -> None:
    async with FaultyMember(hang()) as silent, network_of() as net:
        asked = {"endpoint": silent.url}
        running = [asyncio.create_task(net.ask(asked, path="/validate")) for _ in range(4)]
        await silent.until(lambda member: len(member.requests) >= 4, GENEROUS_S)
        refused = await net.ask(asked, path="/validate")
        assert refused.status == 503
        assert refused.headers["Retry-After"]
        for task in running:
            task.cancel()
        await asyncio.wait(running)
        await come_true(lambda: net.is_at_rest)


async def test_looking_at_strangers_can_be_switched_off() -> None:
    async with (
        FaultyMember(json_answer(V2_INFO)) as beacon,
        network_of(compat={"validate_beacons": False}) as net,
    ):
        assert (await net.ask({"endpoint": beacon.url}, path="/validate")).status == 404
        assert not beacon.requests


async def test_a_look_at_a_member_spends_nothing_of_what_is_known_of_it() -> None:
    async with demo_running() as net:
        before = net.network.holder.current.revision
        await net.ask({"endpoint": net.member("demo-records").entry.url}, path="/validate")
        assert net.network.holder.current.revision == before
