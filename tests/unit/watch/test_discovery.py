"""A look at a member: where it describes itself, and what comes of what it sends."""

import json
from datetime import UTC, datetime

import pytest

from aggregator.model.outcome import NoAnswerCode
from aggregator.protocol.wire import Failure, Reply
from aggregator.upstream.call_results import CallResult, Followed
from aggregator.watch.discovery import recognise
from aggregator.watch.looking import getter_for
from registry.models import Protocol
from tests.builders import member

NOW = datetime(2026, 1, 2, tzinfo=UTC)
V2 = {"meta": {"apiVersion": "v2.0.0"}, "response": {"id": "org.v2", "name": "Two"}}
V1 = {"id": "org.v1", "apiVersion": "v1.0.1", "organization": {"id": "x", "name": "X"}}
V1_SETS = {**V1, "datasets": [{"id": "a", "assemblyId": "GRCh37"}]}
SERVICE = {"id": "org.s", "type": {"artifact": "beacon", "version": "2.0"}}
UNKNOWN_SERVICE = {"id": "org.s", "type": {"artifact": "beacon", "version": "9.0"}}
BASE = "https://one.example.org"


class Site:
    """A beacon's documents by path; a text is a failure code, what is missing is a 404."""

    def __init__(self, documents, moved=None):
        self.documents = documents
        self.moved = moved or {}
        self.asked = []
        self.options = {}

    async def get_following(self, asked_member, url, **options):
        path = url.removeprefix(BASE)
        self.asked.append(path)
        self.options = options
        found = self.documents.get(path)
        if isinstance(found, str):
            failure = Failure(NoAnswerCode(found), f"had {found}")
            return Followed(CallResult(None, failure, 0.1, 1), url)
        body = b"<html>" if found is None else json.dumps(found).encode()
        reply = Reply(404 if found is None else 200, body)
        return Followed(CallResult(reply, None, 0.1, 1), self.moved.get(path, url))


async def look(documents, *, moved=None, **entry):
    site = Site(documents, moved)
    entry = {"protocol": "auto", **entry}
    asked = member(**entry)
    get = getter_for(asked, site, via="1.1 us", authorization=None)
    return await recognise(asked, get, now=NOW), site


async def test_a_version_2_member_is_recognised_at_info():
    found, site = await look({"/info": V2})
    assert found.capabilities is not None
    assert found.capabilities.protocol is Protocol.V2
    assert site.asked == ["/info"]


async def test_a_version_1_member_is_recognised_at_its_root():
    found, site = await look({"/": V1_SETS})
    assert found.capabilities is not None
    assert found.capabilities.protocol is Protocol.V1
    assert [one.id for one in found.capabilities.data_sets] == ["a"]
    assert site.asked == ["/info", "/"]


async def test_a_version_1_description_without_data_sets_is_looked_for_further():
    found, site = await look({"/info": V1, "/": V1_SETS})
    assert found.capabilities is not None
    assert len(found.capabilities.data_sets) == 1
    assert site.asked == ["/info", "/"]


async def test_a_version_1_description_without_data_sets_is_better_than_none():
    found, _ = await look({"/info": V1})
    assert found.capabilities is not None
    assert found.capabilities.name is None
    assert found.capabilities.protocol is Protocol.V1


async def test_service_info_is_the_last_resort():
    found, site = await look({"/service-info": SERVICE})
    assert found.capabilities is not None
    assert found.capabilities.protocol is Protocol.V2
    assert site.asked == ["/info", "/", "", "/service-info"]


async def test_a_description_of_no_known_protocol_is_no_knowledge():
    found, _ = await look({"/service-info": UNKNOWN_SERVICE})
    assert found.capabilities is None
    assert "unknown protocol" in found.looks[-2].result


async def test_a_declared_version_1_member_is_looked_at_where_version_1_describes_itself():
    found, site = await look({"/": V1}, protocol="v1")
    assert found.capabilities is not None
    assert site.asked == ["/"]


async def test_a_declared_version_2_member_is_not_taken_for_its_version_1_side():
    found, site = await look({"": V1_SETS, "/": V2}, protocol="v2")
    assert found.capabilities is not None
    assert found.capabilities.protocol is Protocol.V2
    assert site.asked == ["/info", "", "/"]


async def test_an_old_member_has_nothing_to_look_at():
    found, site = await look({}, protocol="v0", dialect={"coordinates": 0})
    assert (found.capabilities, found.looks, site.asked) == (None, (), [])


async def test_when_it_was_looked_at_is_kept():
    found, _ = await look({"/info": V2})
    assert found.capabilities is not None
    assert found.capabilities.fetched_at == NOW


async def test_a_member_that_moved_is_told_of():
    found, _ = await look({"/info": V2}, moved={"/info": "https://new.example.org/info"})
    assert found.capabilities is not None
    (problem,) = found.capabilities.problems
    assert problem == (
        "https://one.example.org/info has moved: register the address that leads to "
        "https://new.example.org/info"
    )


async def test_secrets_of_the_address_a_member_moved_to_are_not_told():
    secret = "https://user:word@new.example.org:8443/info?token=SECRET#SECRET"
    found, _ = await look({"/info": V2}, moved={"/info": secret})
    assert found.capabilities is not None
    (problem,) = found.capabilities.problems
    assert problem.endswith(" leads to https://new.example.org:8443/info")


async def test_the_same_place_with_a_secret_is_no_move():
    found, _ = await look({"/info": V2}, moved={"/info": BASE + "/info?session=1"})
    assert found.capabilities is not None
    assert found.capabilities.problems == ()


async def test_a_slash_more_is_no_move():
    found, _ = await look({"/info": V2}, moved={"/info": BASE + "/info/"})
    assert found.capabilities is not None
    assert found.capabilities.problems == ()


@pytest.mark.parametrize("code", ["dns", "connect", "tls", "address", "timeout"])
async def test_a_member_that_cannot_be_reached_is_not_tried_elsewhere(code):
    found, site = await look({"/info": code, "/": V2})
    assert found.capabilities is None
    assert site.asked == ["/info"]
    assert [one.result for one in found.looks] == [f"had {code}"]


@pytest.mark.parametrize("code", ["too_large", "redirected", "internal"])
async def test_trouble_with_one_document_leaves_the_others(code):
    found, _ = await look({"/info": code, "/": V2})
    assert found.capabilities is not None


async def test_every_look_is_told_in_words():
    found, _ = await look({"/": {"hello": 1}, "": V1_SETS})
    assert [(one.url.removeprefix(BASE), one.result) for one in found.looks] == [
        ("/info", "HTTP status 404"),
        ("/", "JSON, but not a description of a beacon"),
        ("", "Beacon v1 (v1.0.1), 1 data sets"),
    ]


async def test_a_credential_and_the_way_so_far_go_along():
    site = Site({"/info": V2})
    asked = member(protocol="auto")
    get = getter_for(asked, site, via="1.1 us", authorization="Bearer secret")
    await recognise(asked, get, now=NOW)
    assert site.options["authorization"] == "Bearer secret"
    assert site.options["via"] == "1.1 us"
