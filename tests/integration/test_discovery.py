"""What members say of themselves and how they want to be asked, found out in the background."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests import faulty
from tests.faulty import FaultyMember, Wire, json_answer
from tests.networks import (
    BRAF,
    V2_INFO,
    Running,
    come_true,
    entry,
    network_of,
    questions,
    says,
    scripted,
)

PROBING = {"probe": True}
SOON = {"info_s": 0.02, "poll_s": 0.02}


def info(**more: Any) -> dict[str, Any]:
    return {**V2_INFO, "response": {**V2_INFO["response"], **more}}  # type: ignore[dict-item]


def at(url: str) -> dict[str, Any]:
    """The documents of a beacon, as it would write them at this address."""
    return {
        "/info": info(),
        "/service-info": {"id": "org.example.scripted", "type": {"artifact": "beacon"}},
        "/map": {
            "response": {
                "endpointSets": {"x": {"entryType": "individual", "rootUrl": f"{url}/individuals"}}
            }
        },
        "/configuration": {"response": {"securityAttributes": {"securityLevels": ["PUBLIC"]}}},
        "/entry_types": {"response": {"entryTypes": {"individual": {"id": "individual"}}}},
        "/filtering_terms": {"response": {"filteringTerms": [{"id": "HP:0001250"}]}},
    }


class Beacon:
    """A beacon whose documents can be changed while it runs; None is an error page."""

    def __init__(self) -> None:
        self.documents: dict[str, Any] = at("http://localhost:1")
        self.hanging: set[str] = set()

    async def behave(self, wire: Wire) -> None:
        assert wire.request is not None
        path = wire.request.target.partition("?")[0]
        if path in self.hanging:
            await faulty.hang()(wire)
        elif path in {"/g_variants", "/individuals"}:
            await json_answer(says())(wire)
        elif (document := self.documents.get(path)) is not None:
            await json_answer(document)(wire)
        else:
            await faulty.answer(b"<html>", 404)(wire)


@asynccontextmanager
async def beacon(**registry: Any) -> AsyncIterator[tuple[Beacon, FaultyMember, Running]]:
    one = Beacon()
    async with FaultyMember(one.behave) as member:
        one.documents = at(member.url)
        async with network_of([entry(member)], registry=registry) as net:
            yield one, member, net


async def test_a_member_is_known_by_all_its_documents() -> None:
    async with beacon() as (_, member, net):
        await net.known("scripted")
        told = net.member("scripted").capabilities
        assert told.endpoints == {"individual": "/individuals"}
        assert [term.id for term in told.filtering_terms or ()] == ["HP:0001250"]
        assert (told.security_levels, told.missing, told.problems) == (("PUBLIC",), (), ())
        assert member.requests[0].target == "/info"


async def test_a_document_that_hangs_holds_up_no_question() -> None:
    one = Beacon()
    one.hanging = {"/service-info", "/map", "/configuration", "/entry_types", "/filtering_terms"}
    async with FaultyMember(one.behave) as member:
        alone = {"query": {"member_concurrency": 1, "deadline_s": 4}}  # they hang for 5 s
        async with network_of([entry(member)], **alone) as net:
            await come_true(lambda: len(member.requests) >= 4)  # /info, and three that hang
            reply = await net.ask(BRAF)
            assert reply.endings == {"scripted": "found"}


async def test_a_new_date_in_the_description_is_a_reason_to_look_at_everything() -> None:
    async with beacon(**SOON) as (one, member, net):
        await net.known("scripted")

        def maps() -> int:
            return sum(request.target == "/map" for request in member.requests)

        glances = len(member.requests) + 3
        await come_true(lambda: len(member.requests) >= glances)
        assert maps() == 1
        one.documents["/entry_types"] = {"response": {"entryTypes": {"run": {"id": "run"}}}}
        one.documents["/info"] = info(updateDateTime="2026-02-01T00:00:00Z")
        await come_true(lambda: "run" in (net.member("scripted").capabilities.entry_types or ()))
        assert maps() == 2


async def test_a_document_that_breaks_leaves_the_last_good_one_in_force() -> None:
    async with beacon(**SOON) as (one, _, net):
        await net.known("scripted")
        one.documents["/map"] = None
        one.documents["/info"] = info(updateDateTime="2026-02-01T00:00:00Z")
        await come_true(lambda: bool(net.member("scripted").capabilities.problems))
        told = net.member("scripted").capabilities
        assert told.endpoints == {"individual": "/individuals"}
        assert told.problems == ("its /map cannot be used: HTTP status 404",)


async def test_a_member_that_takes_another_form_is_probed_and_asked_in_it() -> None:
    """Nested POST only: found out before anybody asks, so that the first question is answered."""

    def body_of(request: faulty.SeenRequest) -> Mapping[str, Any]:
        told: Mapping[str, Any] = json.loads(request.body)["query"].get("requestParameters", {})
        return told

    async def nested_only(wire: Wire) -> None:
        assert wire.request is not None
        is_fit = wire.request.method == "POST" and "g_variant" in body_of(wire.request)
        refused = {"error": {"errorCode": 400, "errorMessage": "not like this"}}
        await (json_answer(says()) if is_fit else json_answer(refused, 400))(wire)

    async with (
        FaultyMember(scripted(nested_only)) as member,
        network_of([entry(member)], registry=PROBING) as net,
    ):
        await come_true(lambda: net.member("scripted").learned.parameters == "nested")
        sources = net.member("scripted").dialect_sources
        assert sources == {"method": "learned", "parameters": "learned", "start": "learned"}
        assert len(net.member("scripted").probes) >= 4

        before = len(questions(member))
        reply = await net.ask(BRAF)
        assert reply.endings == {"scripted": "found"}
        assert len(questions(member)) == before + 1


async def test_a_member_that_knows_chromosomes_by_another_name_is_found_out() -> None:
    async def chr_only(wire: Wire) -> None:
        assert wire.request is not None
        told = parse_qs(urlsplit(wire.request.target).query)
        await json_answer(says(told.get("referenceName") == ["chr7"]))(wire)

    async with (
        FaultyMember(scripted(chr_only)) as member,
        network_of([entry(member)], registry=PROBING) as net,
    ):
        await come_true(lambda: net.member("scripted").learned.chromosome == "chr")
        assert (await net.ask(BRAF)).endings == {"scripted": "found"}


async def test_what_the_operator_declares_is_not_overridden_by_probing() -> None:
    only_post = scripted(json_answer({"error": {"errorCode": 400}}, 400))
    async with (
        FaultyMember(only_post) as member,
        network_of([entry(member, dialect={"method": "GET"})], registry=PROBING) as net,
    ):
        await come_true(lambda: bool(net.member("scripted").probes))
        assert {request.method for request in questions(member)} == {"GET"}
        assert net.member("scripted").dialect.method == "GET"


async def test_test_questions_that_fail_suspend_nobody() -> None:
    async with (
        FaultyMember(scripted(faulty.answer(b"no", 500))) as member,
        network_of([entry(member)], registry=PROBING, query={"retries": 0}) as net,
    ):
        await come_true(lambda: bool(net.member("scripted").probes))
        assert len(questions(member)) >= 5
        assert (await net.ask(BRAF)).endings == {"scripted": "no_answer/server_error"}


async def test_a_paused_member_gets_no_test_questions() -> None:
    async with (
        FaultyMember(scripted()) as member,
        network_of([entry(member, paused={})], registry=PROBING) as net,
    ):
        await net.known("scripted")
        await net.network.keeper.look_at_all()
        assert questions(member) == []


async def test_a_server_that_mixes_up_requests_is_asked_one_thing_at_a_time() -> None:
    """It answers every request with the entry type of the one that came last."""
    one = Beacon()
    last = "genomicVariant"

    def naming(entry_type: str) -> dict[str, Any]:
        told = says()
        schemas = [{"entityType": entry_type, "schema": "x"}]
        return {**told, "meta": {**told["meta"], "returnedSchemas": schemas}}

    async def behave(wire: Wire) -> None:
        nonlocal last
        assert wire.request is not None
        path = wire.request.target.partition("?")[0]
        if path not in {"/g_variants", "/individuals"}:
            await one.behave(wire)
            return
        last = "individual" if path == "/individuals" else "genomicVariant"
        for _ in range(50):  # turns of the loop: however slow, one that comes with it is read
            await asyncio.sleep(0.001)
        await json_answer(naming(last))(wire)

    async with FaultyMember(behave) as member:
        one.documents = at(member.url)
        one.documents["/entry_types"] = {
            "response": {"entryTypes": [{"id": "individual"}, {"id": "genomicVariant"}]}
        }
        one.documents["/map"] = None
        async with network_of([entry(member)], registry=PROBING) as net:
            await come_true(lambda: net.member("scripted").dialect.concurrent is False)
            assert net.member("scripted").max_concurrency == 1
