"""Every path below `/api`: lists, records, what belongs to a record, data sets, filters."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote, unquote

import pytest

from aggregator.protocol.surface import (
    BY_PATH,
    ENTRY_TYPES,
    QUESTION_KEYS,
    TERMS_PATHS,
    path_of,
)
from registry.capabilities import Capabilities, DataSet, FilteringTerm
from registry.models import MemberEntry
from registry.snapshot import RegisteredMember
from tests.events import ACCEPT, events_of
from tests.faulty import Behaviour, FaultyMember, Wire, json_answer
from tests.networks import BRAF, Reply, Running, network_of
from tests.official import official

Json = Any

RECORDS = {"requestedGranularity": "record", "includeResultsetResponses": "ALL"}


def says(entry_type: str, *records: Json, listed: bool = False) -> Json:
    """The answer of a version 2 beacon with these records of an entry type."""
    document: dict[str, Any] = {
        "meta": {
            "beaconId": "org.example.one",
            "apiVersion": "v2.1.1",
            "returnedGranularity": "record",
            "returnedSchemas": [
                {"entityType": entry_type, "schema": ENTRY_TYPES[entry_type].schema}
            ],
            "receivedRequestSummary": {
                "apiVersion": "v2.1.1",
                "requestedSchemas": [],
                "pagination": {},
                "requestedGranularity": "record",
            },
        },
        "responseSummary": {"exists": bool(records), "numTotalResults": len(records)},
    }
    if listed:
        document["response"] = {"collections": list(records)}
    else:
        result_set = {"id": "set", "setType": "dataset", "exists": bool(records)}
        result_set |= {"resultsCount": len(records), "results": list(records)}
        document["response"] = {"resultSets": [result_set]}
    return document


def beacon(answers: Mapping[str, Json] | None = None) -> Behaviour:
    """Answer by path; an entry type without an answer of its own has one record, `{"id": "1"}`.

    A question for one record by its id is answered with a record of this id.
    """

    async def behave(wire: Wire) -> None:
        assert wire.request is not None
        path = wire.request.target.partition("?")[0]
        last = path.rpartition("/")[2]
        parts = path.strip("/").split("/")
        known = BY_PATH.get(last) or BY_PATH[parts[0]]
        answer = (answers or {}).get(path)
        if answer is None:
            is_list = len(parts) == 1 and known.is_collection
            record_id = unquote(parts[1]) if len(parts) == 2 else "1"
            answer = says(known.id, {"id": record_id}, listed=is_list)
        await json_answer(answer)(wire)

    return behave


def registered(member: FaultyMember, member_id: str = "one", **told: Any) -> RegisteredMember:
    return RegisteredMember(
        MemberEntry.model_validate({"id": member_id, "url": member.url, "protocol": "v2"}),
        Capabilities(**told),
    )


@asynccontextmanager
async def asking(*members: RegisteredMember) -> AsyncIterator[Running]:
    """A network of members that is told what they are, and never looks at them by itself."""
    async with network_of(cache={"ttl_s": 0}, registry={"poll_s": 600}) as net:
        net.network.holder.publish(members)
        yield net


@asynccontextmanager
async def asking_one(
    answers: Mapping[str, Json] | None = None, **told: Any
) -> AsyncIterator[tuple[Running, FaultyMember]]:
    async with FaultyMember(beacon(answers)) as member:
        async with asking(registered(member, **told)) as net:
            yield net, member


def filled(key: str, record_id: str = "HG 1/2~%x") -> str:
    return path_of(key).replace("{id}", quote(record_id, safe=""))


def path_asked(member: FaultyMember) -> str:
    return member.requests[-1].target.partition("?")[0]


# --- questions ---


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_every_path_of_the_model_is_passed_on_with_its_id(method: str) -> None:
    async with asking_one() as (net, member):
        for key in QUESTION_KEYS:
            body = {"query": RECORDS} if method == "POST" else None
            reply = await net.ask(None if body else RECORDS, path=f"/api{filled(key)}", body=body)

            assert reply.status == 200, (key, reply.text)
            assert reply.endings == {"one": "found"}, key
            assert path_asked(member) == filled(key)
            listed = official.validate_v2_answer(reply.json)
            assert listed == ("collections" if key in {"dataset", "cohort"} else "record")
            (schema,) = reply.json["meta"]["returnedSchemas"]
            assert schema["entityType"] == key.rpartition("/")[2].replace("{id}", "") or key


async def test_an_id_of_a_member_is_asked_there_alone() -> None:
    async with FaultyMember(beacon()) as first, FaultyMember(beacon()) as second:
        async with asking(registered(first), registered(second, "two")) as net:
            reply = await net.ask(RECORDS, path="/api/individuals/two~X~1/biosamples")

            assert reply.endings == {"one": "not_asked/not_selected", "two": "found"}
            assert first.requests == []
            assert path_asked(second) == "/individuals/X~1/biosamples"


async def test_filters_reach_the_member() -> None:
    wanted = [{"id": "HP:0001250", "includeDescendantTerms": False}]
    async with asking_one() as (net, member):
        reply = await net.ask(
            {"filters": "HP:0001250", "includeDescendantTerms": "false"}, path="/api/individuals"
        )

        assert reply.found == ["one"]
        assert json.loads(member.requests[-1].body)["query"]["filters"] == wanted
        summary = reply.json["meta"]["receivedRequestSummary"]
        assert summary["filters"] == ["HP:0001250"]


async def test_what_a_member_offers_beyond_the_model_is_in_the_map_and_can_be_asked() -> None:
    offered = {"individual": "/people", "individual/{id}/run": "/people/{id}/runs"}
    async with asking_one({"/people/7/runs": says("run", {"id": "r"})}, endpoints=offered) as (
        net,
        member,
    ):
        sets = (await net.ask(path="/api/map")).json["response"]["endpointSets"]
        url = sets["individual"]["endpoints"]["run"]["url"]
        reply = await net.ask(RECORDS, path=url.removeprefix(net.url).replace("{id}", "7"))

        assert reply.status == 200, reply.text
        assert reply.sets[0]["results"] == [{"id": "r"}]
        assert path_asked(member) == "/people/7/runs"
        assert (await net.ask(path="/api/runs/7/individuals")).status == 404


async def test_another_entry_type_is_streamed_like_variants() -> None:
    async with asking_one() as (net, _):
        for path in ("/api/individuals", "/api/individuals/1/biosamples"):
            events = await events_of(net, RECORDS, path=path)
            assert [event.name for event in events] == ["member", "answer", "done"]
            answer = events[1].json
            assert official.validate_v2_answer(answer) == "record"
        reply = await net.ask(path="/api/frogs", headers=ACCEPT)
        assert reply.status == 404


# --- collections ---


async def test_collections_of_all_members_are_one_list_that_names_their_origin() -> None:
    first = {"/datasets": says("dataset", {"id": "x", "name": "X"}, listed=True)}
    second = {"/datasets": says("dataset", {"id": "x"}, {"id": "y"}, listed=True)}
    third = {"/datasets": {**says("dataset", {"id": "hidden"}), "response": None}}
    async with (
        FaultyMember(beacon(first)) as one,
        FaultyMember(beacon(second)) as two,
        FaultyMember(beacon(third)) as three,
        asking(registered(one), registered(two, "two"), registered(three, "three")) as net,
    ):
        reply = await net.ask({"requestedGranularity": "record"}, path="/api/datasets")

    assert official.validate_v2_answer(reply.json) == "collections"
    listed = reply.json["response"]["collections"]
    assert [(each["memberId"], each["id"]) for each in listed] == [
        *(("one", "x"), ("two", "x"), ("two", "y"))
    ]
    assert listed[0]["name"] == "X"
    assert all(each["beaconId"] for each in listed)
    assert reply.found == ["one", "two", "three"]


async def test_one_data_set_is_a_result_set() -> None:
    async with asking_one() as (net, _):
        reply = await net.ask(RECORDS, path="/api/datasets/x")

    assert official.validate_v2_answer(reply.json) == "record"
    assert reply.sets[0]["results"] == [{"id": "x"}]


async def test_another_record_than_the_one_asked_for_is_no_answer() -> None:
    others = says("individual", {"id": "P7"}, {"id": "P8"})
    async with asking_one({"/individuals/P1": others}) as (net, _):
        reply = await net.ask(RECORDS, path="/api/individuals/P1")

    assert reply.endings == {"one": "no_answer/inconsistent"}


# --- filtering terms ---

TERMS = (
    FilteringTerm(id="HP:1", type="ontology", scopes=("individual",)),
    FilteringTerm(id="NCIT:2", type="National Cancer Institute Thesaurus"),
)


def ids(reply: Reply) -> list[str]:
    official.validate_v2(reply.json, "filtering_terms")
    return [each["id"] for each in reply.json["response"]["filteringTerms"]]


@asynccontextmanager
async def with_terms() -> AsyncIterator[Running]:
    def told(member_id: str, **capabilities: Any) -> RegisteredMember:
        entry = {"id": member_id, "url": "http://127.0.0.1:9", "protocol": "v2"}
        return RegisteredMember(MemberEntry.model_validate(entry), Capabilities(**capabilities))

    async with asking(
        told("one", filtering_terms=TERMS, data_sets=(DataSet(id="x"),)),
        told("two", filtering_terms=TERMS[1:], data_sets=(DataSet(id="y"),)),
        told("silent", data_sets=(DataSet(id="z"),)),
    ) as net:
        yield net


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_filtering_terms_are_there_for_everything(method: str) -> None:
    async with with_terms() as net:
        for template in ("/filtering_terms", *TERMS_PATHS):
            path = f"/api{template}".replace("{id}", "one~x")
            reply = await net.ask(path=path, body={} if method == "POST" else None)

            assert reply.status == 200, path
            is_without_people = "/individuals" not in path and path.endswith("s/filtering_terms")
            expected = ["NCIT:2"] if is_without_people else ["HP:1", "NCIT:2"]
            assert ids(reply) == expected, path


async def test_filtering_terms_name_who_takes_them() -> None:
    async with with_terms() as net:
        whole = await net.ask(path="/api/filtering_terms")
        shared = await net.ask({"members": "all"}, path="/api/filtering_terms")
        page = await net.ask({"skip": "1", "limit": "1"}, path="/api/filtering_terms")
        posted = await net.ask(
            path="/api/filtering_terms", body={"query": {"pagination": {"skip": 1, "limit": 1}}}
        )

    assert [each["members"] for each in whole.json["response"]["filteringTerms"]] == [
        *(["one"], ["one", "two"])
    ]
    assert whole.info["filteringTerms"]["notKnown"] == ["silent"]
    assert whole.info["filteringTerms"]["total"] == 2
    assert ids(shared) == ids(page) == ids(posted) == ["NCIT:2"]


async def test_a_data_set_has_the_filtering_terms_of_its_member() -> None:
    async with with_terms() as net:
        assert ids(await net.ask(path="/api/datasets/x/filtering_terms")) == ["HP:1", "NCIT:2"]
        assert ids(await net.ask(path="/api/datasets/y/filtering_terms")) == ["NCIT:2"]
        assert ids(await net.ask(path="/api/datasets/two~y/filtering_terms")) == ["NCIT:2"]
        silent = await net.ask(path="/api/datasets/z/filtering_terms")
        assert ids(silent) == []
        assert silent.info["filteringTerms"]["notKnown"] == ["silent"]
        nobodys = await net.ask(path="/api/datasets/nobodys/filtering_terms")
        assert nobodys.status == 404
        assert "nobodys" in nobodys.problem
        official.validate_v2_answer(nobodys.json)


async def test_a_bad_question_about_filtering_terms_names_every_problem() -> None:
    async with with_terms() as net:
        bad = {"skip": "-1", "limit": "x", "members": "some"}
        reply = await net.ask(bad, path="/api/runs/filtering_terms", raw=b"{")

    assert reply.status == 400
    official.validate_v2_answer(reply.json)
    for word in ("skip", "limit", "members", "not JSON"):
        assert word in reply.problem


# --- who supports what ---


async def test_the_documents_say_who_supports_what() -> None:
    async with asking_one(entry_types=("individual",)) as (net, _):
        for path in ("map", "entry_types", "configuration"):
            reply = await net.ask(path=f"/api/{path}")
            official.validate_v2(reply.json, path)  # type: ignore[arg-type]
            assert reply.info["entryTypes"]["individual"]["members"] == ["one"]
            assert reply.info["entryTypes"]["run"] == {"members": [], "notKnown": []}
            assert (await net.ask(path=f"/api/{path}", body={})).json == reply.json


# --- what is wrong ---


@pytest.mark.parametrize(
    ("path", "word"),
    [
        ("/api/frogs", "/individuals"),
        ("/api/individuals/1/frogs", "/individuals/{id}/biosamples"),
        ("/api/individuals/", "id"),
        ("/api/individuals/%2E%2E", "id"),
        ("/api/individuals/a%0Ab", "id"),
        ("/api/individuals/%FF", "UTF-8"),
        ("/api/frogs", "/filtering_terms"),
    ],
)
async def test_a_path_that_leads_nowhere_says_what_there_is(path: str, word: str) -> None:
    async with asking_one() as (net, member):
        for url in (path, path.replace("/api/", "/network/explain/")):
            async with net.client.get(_raw(net.url + url)) as response:
                document = await response.json()
                assert response.status == 404, url
            assert official.validate_v2_answer(document) == "error"
            assert word in document["error"]["errorMessage"]
        assert member.requests == []


async def test_problems_of_address_and_body_are_named_together() -> None:
    async with asking_one() as (net, member):
        for path in ("/api/individuals", "/network/explain/individuals"):
            reply = await net.ask(
                {"requestedGranularity": "record", "wait": "-1", "ask": "nobody"},
                path=path,
                body={
                    "query": {
                        "requestedGranularity": "count",
                        "filters": ["age:>"],
                        "pagination": 5,
                        "includeResultsetResponses": "SOME",
                    }
                },
            )

            assert reply.status == 400
            official.validate_v2_answer(reply.json)
            for word in ("contradict", "wait", "nobody", "age", "pagination", "SOME"):
                assert word in reply.problem, word
            unread = await net.ask({"limit": "x"}, path=path, raw=b"{")
            assert "limit" in unread.problem
            assert "not JSON" in unread.problem
        assert member.requests == []


# --- explained ---


async def test_every_path_can_be_explained() -> None:
    async with asking_one() as (net, member):
        for key in QUESTION_KEYS:
            reply = await net.ask(RECORDS, path=f"/network/explain{filled(key)}")

            assert reply.status == 200, key
            (told,) = reply.json["members"]
            (request,) = told["requests"]
            assert request["url"].startswith(f"{member.url}{filled(key)}"), key
            assert reply.json["query"]["recordId"] == ("HG 1/2~%x" if "{id}" in key else None)
        assert member.requests == []


async def test_an_explanation_shows_filters_and_why_a_member_is_not_asked() -> None:
    async with asking_one(entry_types=("genomicVariant",)) as (net, _):
        asked = {"filters": "age:>P70Y", "scope": "individuals", **BRAF}
        reply = await net.ask(asked, path="/network/explain/api/individuals/one~7")

    assert reply.json["query"]["filters"] == [
        {"id": "age", "operator": ">", "value": "P70Y", "scope": "individual"}
    ]
    (told,) = reply.json["members"]
    assert told["answer"] == "not_asked"
    assert told["reason"]["code"] == "entry_type"


def _raw(url: str) -> Any:
    from yarl import URL  # noqa: PLC0415 - only here are addresses sent as they stand

    return URL(url, encoded=True)
