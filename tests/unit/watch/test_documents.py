"""What a version 2 member says of itself beside `/info`, and what stays when it does not."""

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from aggregator.model.outcome import NoAnswerCode
from aggregator.protocol.wire import Failure, Reply
from aggregator.upstream.call_results import CallResult, Followed
from aggregator.watch.discovery import discover
from aggregator.watch.documents import describe
from aggregator.watch.looking import Discovery, getter_for
from registry.capabilities import Capabilities, DataSet, Document, FilteringTerm
from tests.builders import member

NOW = datetime(2026, 1, 2, tzinfo=UTC)
BASE = "https://one.example.org"
INFO = {"meta": {"apiVersion": "v2.0.0"}, "response": {"id": "org.v2", "name": "Two"}}
WHOLE = {
    "/info": INFO,
    "/service-info": {"id": "org.v2", "type": {"artifact": "beacon"}, "environment": "prod"},
    "/map": {
        "response": {
            "endpointSets": {
                "a": {"entryType": "genomicVariant", "rootUrl": f"{BASE}/g_variants"},
                "b": {"entryType": "run", "rootUrl": f"{BASE}/runs"},
            }
        }
    },
    "/configuration": {
        "response": {
            "securityAttributes": {"defaultGranularity": "count", "securityLevels": ["PUBLIC"]},
            "entryTypes": {"genomicVariant": {"id": "genomicVariant"}},
        }
    },
    "/entry_types": {"response": {"entryTypes": {"individual": {"id": "individual"}}}},
    "/filtering_terms?limit=0": {"response": {"filteringTerms": [{"id": "HP:1"}]}},
}


class Site:
    """A beacon's documents by path; a text is a failure code, what is missing is a 404."""

    def __init__(self, documents):
        self.documents = documents
        self.asked = []
        self.at_once = 0
        self.most_at_once = 0

    async def get_following(self, asked_member, url, **options):
        path = url.removeprefix(BASE)
        self.asked.append(path)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await asyncio.sleep(0)
        self.at_once -= 1
        found = self.documents.get(path)
        if isinstance(found, str):
            failure = Failure(NoAnswerCode(found), f"had {found}")
            return Followed(CallResult(None, failure, 0.1, 1), url)
        body = b"<html>" if found is None else json.dumps(found).encode()
        return Followed(CallResult(Reply(404 if found is None else 200, body), None, 0.1, 1), url)


async def look(documents, known=None, **entry):
    site = Site(documents)
    asked = member(**entry)
    if known is not None:
        asked = replace(asked, capabilities=known)
    found = await discover(asked, site, via="1.1 us", now=NOW)
    return found, site


async def test_every_document_is_read():
    found, _ = await look(WHOLE)
    told = found.capabilities
    assert told is not None
    assert told.endpoints == {"genomicVariant": "/g_variants", "run": "/runs"}
    assert told.entry_types == ("genomicVariant", "individual", "run")
    assert (told.default_granularity, told.security_levels) == ("count", ("PUBLIC",))
    assert told.filtering_terms == (FilteringTerm(id="HP:1"),)
    assert told.environment == "prod"
    assert (told.missing, told.problems) == ((), ())
    assert found.is_whole


async def test_documents_are_fetched_side_by_side_after_the_description():
    _, site = await look(WHOLE)
    assert site.asked[0] == "/info"
    assert sorted(site.asked) == sorted(WHOLE)
    assert site.most_at_once == 5


async def test_a_member_that_is_asked_one_thing_at_a_time_is_looked_at_so():
    found, site = await look(WHOLE, max_concurrency=1)
    assert site.most_at_once == 1
    assert found.is_whole


async def test_a_document_that_hangs_there_leaves_the_rest_for_another_time():
    found, site = await look({**WHOLE, "/map": "timeout"}, max_concurrency=1)
    assert site.asked == ["/info", "/service-info", "/map"]
    assert found.capabilities is not None
    assert Document.FILTERING_TERMS in found.capabilities.missing
    assert not found.is_whole


async def test_one_document_that_fails_costs_no_other():
    found, _ = await look({**WHOLE, "/map": "timeout"})
    told = found.capabilities
    assert told is not None
    assert told.missing == (Document.MAP,)
    assert told.problems == ("its /map cannot be used: had timeout",)
    assert told.endpoints is None
    assert told.filtering_terms is not None
    assert not found.is_whole


@pytest.mark.parametrize("bad", [None, {"hello": 1}, [1, 2]])
@pytest.mark.parametrize("path", [path for path in WHOLE if path != "/info"])
async def test_the_last_good_document_stays_known(path, bad):
    first, _ = await look(WHOLE)
    assert first.capabilities is not None
    documents = {**WHOLE, path: bad}
    again, _ = await look(documents, known=first.capabilities)
    told = again.capabilities
    assert told is not None
    assert [one.value for one in told.missing] == [path.strip("/").partition("?")[0]]
    assert len(told.problems) == 1
    expected = first.capabilities.model_copy(
        update={"missing": told.missing, "problems": told.problems}
    )
    assert told == expected


async def test_what_is_no_longer_offered_is_forgotten():
    first, _ = await look(WHOLE)
    fewer = {"response": {"endpointSets": {"a": {"entryType": "run", "rootUrl": "/runs"}}}}
    again, _ = await look({**WHOLE, "/map": fewer}, known=first.capabilities)
    assert again.capabilities is not None
    assert again.capabilities.endpoints == {"run": "/runs"}


async def test_software_told_by_its_documents_brings_its_dialect():
    bento = {**WHOLE, "/service-info": {"id": "x", "bento": {"serviceKind": "beacon"}, "type": {}}}
    found, _ = await look(bento)
    assert found.capabilities is not None
    assert found.capabilities.software == "bento_beacon"
    assert found.capabilities.software_dialect.parameters == "nested"


async def test_data_sets_found_by_asking_stay_known():
    first, _ = await look(WHOLE)
    assert first.capabilities is not None
    known = first.capabilities.model_copy(update={"data_sets": (DataSet(id="a"),)})
    again, _ = await look(WHOLE, known=known)
    assert again.capabilities is not None
    assert [one.id for one in again.capabilities.data_sets] == ["a"]


async def test_some_documents_can_be_looked_at_again_without_the_others():
    documents = {**WHOLE, "/map": "timeout", "/entry_types": None}
    first, _ = await look(documents)
    told = first.capabilities
    assert told is not None
    assert first.unfinished == {Document.MAP}
    again, site = await again_for(first.unfinished, WHOLE, told)
    assert site.asked == ["/map"]
    assert again.capabilities == told.model_copy(
        update={
            "endpoints": {"genomicVariant": "/g_variants", "run": "/runs"},
            "entry_types": ("genomicVariant", "run"),
            "missing": (Document.ENTRY_TYPES,),
            "problems": ("its /entry_types cannot be used: HTTP status 404",),
        }
    )
    assert again.is_whole


async def test_only_some_problems_of_a_document_are_told():
    sets = {
        f"{number}": {"entryType": "run", "rootUrl": f"https://h{number}.example.org/runs/{{id}}"}
        for number in range(150)
    }
    sets["good"] = {"entryType": "individual", "rootUrl": "/individuals"}
    found, _ = await look({**WHOLE, "/map": {"response": {"endpointSets": sets}}})
    assert found.capabilities is not None
    of_map = [one for one in found.capabilities.problems if one.startswith("its /map ")]
    assert len(of_map) == 21
    assert of_map[-1] == "its /map has 130 more such problems"


async def test_terms_that_are_the_same_as_before_stay_the_same_object():
    first, _ = await look(WHOLE)
    again, _ = await look(WHOLE, known=first.capabilities)
    assert first.capabilities is not None
    assert again.capabilities is not None
    assert again.capabilities.filtering_terms is first.capabilities.filtering_terms


async def again_for(only, documents, known):
    site = Site(documents)
    asked = replace(member(), capabilities=known)
    get = getter_for(asked, site, via="1.1 us", authorization=None)
    told = ("protocol", "beacon_id", "name", "api_version", "fetched_at")
    described = Capabilities(**{name: getattr(known, name) for name in told})
    recognised = Discovery(described, (), INFO)
    return await describe(recognised, asked, get, only), site
