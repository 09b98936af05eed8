"""What beacons say of themselves, valid or not: taken where it can be made out."""

import json

import pytest

from aggregator.protocol.info import MAX_DATA_SETS, read_info
from aggregator.protocol.member_document import MAX_TEXT
from aggregator.protocol.wire import Reply
from registry.capabilities import Capabilities, DataSet
from registry.models import Organization, Protocol

V2 = {
    "meta": {"beaconId": "org.meta", "apiVersion": "v2.0.0", "returnedSchemas": []},
    "response": {
        "id": "org.example.beacon",
        "name": "Example",
        "apiVersion": "v2.1.1",
        "environment": "prod",
        "description": "A beacon.",
        "organization": {
            "id": "example",
            "name": "Example Org",
            "welcomeUrl": "https://example.org",
            "contactUrl": "mailto:beacon@example.org",
            "logoUrl": "https://example.org/logo.png",
            "description": "Who we are.",
        },
    },
}
V1 = {
    "id": "org.example.v1",
    "name": "Old Example",
    "apiVersion": "v1.0.1",
    "organization": {"id": "example", "name": "Example Org"},
    "description": "An older beacon.",
    "datasets": [
        {"id": "a", "name": "Set A", "assemblyId": "GRCh37"},
        {"id": "b", "name": "Set B", "assemblyId": "hg38"},
    ],
}
SERVICE_INFO = {
    "id": "org.example.service",
    "name": "Service",
    "type": {"group": "org.ga4gh", "artifact": "beacon", "version": "2.0.0"},
    "organization": {"name": "Example Org", "url": "https://example.org"},
}


def reply(document, status=200, **headers):
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return Reply(status, body, {name.replace("_", "-"): value for name, value in headers.items()})


def read(document, **headers):
    found = read_info(reply(document, **headers))
    assert isinstance(found, Capabilities), found
    return found


def refused(document, status=200):
    found = read_info(reply(document, status))
    assert isinstance(found, str)
    return found


def without(document, *names):
    return {key: value for key, value in document.items() if key not in names}


# --- version 2 ---


def test_a_version_2_document_is_read():
    assert read(V2) == Capabilities(
        protocol=Protocol.V2,
        beacon_id="org.example.beacon",
        name="Example",
        api_version="v2.1.1",
        description="A beacon.",
        organization=Organization(
            id="example",
            name="Example Org",
            url="https://example.org",
            contact_url="mailto:beacon@example.org",
            logo_url="https://example.org/logo.png",
            description="Who we are.",
        ),
        environment="prod",
    )


def test_what_the_response_leaves_out_is_taken_from_meta():
    found = read({**V2, "response": without(V2["response"], "id", "apiVersion")})
    assert (found.beacon_id, found.api_version) == ("org.meta", "v2.0.0")


def test_a_version_2_document_declares_no_assembly():
    assert read(V2).data_sets == ()


@pytest.mark.parametrize("meta", [None, [], "x", {}])
def test_a_meta_that_is_none_costs_nothing_else(meta):
    found = read({**V2, "meta": meta})
    assert (found.protocol, found.name) == (Protocol.V2, "Example")


# --- version 1 ---


def test_a_version_1_document_is_read():
    assert read(V1) == Capabilities(
        protocol=Protocol.V1,
        beacon_id="org.example.v1",
        name="Old Example",
        api_version="v1.0.1",
        description="An older beacon.",
        organization=Organization(id="example", name="Example Org"),
        data_sets=(
            DataSet(id="a", name="Set A", assembly="GRCh37"),
            DataSet(id="b", name="Set B", assembly="hg38"),
        ),
    )


def test_a_document_in_a_list_is_read():
    # openapi.yaml of version 0.4 reads like a list
    assert read([V1]) == read(V1)


def test_the_key_of_the_specifications_own_example_is_known():
    sets = V1["datasets"]
    assert read({**without(V1, "datasets"), "dataset": sets}).data_sets == read(V1).data_sets


def test_a_version_1_document_without_data_sets_is_recognised():
    assert read(without(V1, "datasets")).protocol is Protocol.V1


def test_a_single_data_set_may_stand_alone():
    found = read({**V1, "datasets": [], "dataset": {"id": "a", "assemblyId": "GRCh37"}})
    assert found.data_sets == (DataSet(id="a", assembly="GRCh37"),)


@pytest.mark.parametrize("name", ["assemblyId", "assembly_id"])
def test_the_assembly_of_a_data_set_keeps_its_spelling(name):
    (found,) = read({**V1, "datasets": [{"id": "a", name: "grch37"}]}).data_sets
    assert found.assembly == "grch37"


def test_a_data_set_without_an_assembly_declares_none():
    (found,) = read({**V1, "datasets": [{"id": "a"}]}).data_sets
    assert found.assembly is None


def test_a_data_set_given_twice_is_one():
    sets = [{"id": "a", "assemblyId": "GRCh37"}, {"id": "a", "assemblyId": "GRCh37"}]
    assert len(read({**V1, "datasets": sets}).data_sets) == 1


def test_data_sets_that_are_none_are_left_out():
    sets = ["a", None, {}, {"id": None}, {"id": ""}, {"id": {"x": 1}}, {"id": 5}]
    assert [one.id for one in read({**V1, "datasets": sets}).data_sets] == ["5"]


def test_data_sets_are_bounded():
    sets = [{"id": str(number)} for number in range(MAX_DATA_SETS + 1)]
    assert len(read({**V1, "datasets": sets}).data_sets) == MAX_DATA_SETS


# --- service-info ---


@pytest.mark.parametrize(
    ("version", "protocol"),
    [
        *(("2.0.0", Protocol.V2), ("v2.1.1", Protocol.V2), ("1.0.1", Protocol.V1)),
        *(("V1.1", Protocol.V1), ("3.0", None), ("", None)),
    ],
)
def test_service_info_tells_the_protocol(version, protocol):
    kind = {**SERVICE_INFO["type"], "version": version}
    assert read({**SERVICE_INFO, "type": kind}).protocol is protocol


def test_the_version_of_service_info_may_be_a_number():
    kind = {**SERVICE_INFO["type"], "version": 2.0}
    found = read({**SERVICE_INFO, "type": kind})
    assert (found.protocol, found.api_version) == (Protocol.V2, "2.0")


def test_service_info_tells_who_it_is():
    found = read(SERVICE_INFO)
    assert (found.beacon_id, found.name) == ("org.example.service", "Service")
    assert found.organization == Organization(name="Example Org", url="https://example.org")


def test_service_info_of_another_service_is_no_beacon():
    told = refused({**SERVICE_INFO, "type": {"artifact": "drs", "version": "1.0"}})
    assert told == "JSON, but not a description of a beacon"


# --- values ---


@pytest.mark.parametrize(
    ("value", "organization"),
    [
        ("Example Org", Organization(name="Example Org")),
        ({"id": "example"}, Organization(id="example", name="example")),
        ({}, None),
        (None, None),
        ("", None),
        (["Example Org"], None),
        (5, None),
    ],
)
def test_an_organization_in_every_form(value, organization):
    response = {**V2["response"], "organization": value}
    assert read({**V2, "response": response}).organization == organization


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", "example.org", 5])
def test_an_address_that_is_no_link_is_left_out(url):
    response = {**V2["response"], "organization": {"name": "x", "welcomeUrl": url}}
    found = read({**V2, "response": response}).organization
    assert found is not None
    assert found.url is None


@pytest.mark.parametrize(
    ("value", "text"),
    [(1.0, "1.0"), (2, "2"), (True, None), (None, None), ("", None), (" v1 ", "v1"), ([], None)],
)
def test_a_version_in_every_form(value, text):
    assert read({**V1, "apiVersion": value}).api_version == text


def test_texts_are_bounded_and_without_controls():
    found = read({**V1, "description": "\x1b[31mred\x00\n" + "x" * MAX_TEXT})
    assert found.description is not None
    assert found.description.startswith("[31mred\nx")
    assert len(found.description) == MAX_TEXT


def test_a_byte_order_mark_is_read_over():
    assert read(b"\xef\xbb\xbf" + json.dumps(V2).encode()).name == "Example"


def test_a_single_byte_encoding_that_is_named_is_read():
    body = json.dumps({**V1, "name": "Genève"}, ensure_ascii=False).encode("latin-1")
    assert read(body, content_type="application/json; charset=ISO-8859-1").name == "Genève"


# --- what is no description ---


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"<!DOCTYPE html><html></html>", "an HTML page"),
        (b"  <html></html>", "an HTML page"),
        (b"Beacon", "not JSON"),
        (b"{", "not JSON"),
        (b"\xff\xfe", "not valid UTF-8"),
        (b"", "empty"),
        (b"[" * 100_000, "not JSON"),
        (b"[]", "JSON, but not an object"),
        (b"[{}, {}]", "JSON, but not an object"),
        (b"5", "JSON, but not an object"),
        (b"null", "JSON, but not an object"),
        (b"{}", "JSON, but not a description of a beacon"),
        (b'{"response": {"name": "x"}}', "JSON, but not a description of a beacon"),
        (b'{"meta": {}, "response": []}', "JSON, but not a description of a beacon"),
        (b'{"meta": {}, "error": {"errorCode": 500}}', "JSON, but not a description of a beacon"),
        (b'{"apiVersion": "1.0"}', "JSON, but not a description of a beacon"),
        (b'{"type": "beacon"}', "JSON, but not a description of a beacon"),
    ],
)
def test_what_is_no_description_is_said(body, words):
    assert words in refused(body)


@pytest.mark.parametrize("status", [404, 500, 302, 401, 204])
def test_only_a_success_is_a_description(status):
    assert refused(V2, status) == f"HTTP status {status}"


# --- networks ---


def test_cscs_network_is_told_by_its_artifact():
    found = read({**SERVICE_INFO, "type": {"artifact": "beacon-aggregator", "version": "1.0.0"}})
    assert (found.protocol, found.is_network) == (Protocol.CSC, True)


def test_a_list_of_beacons_with_references_is_that_of_beacon_network_org():
    found = read([{"id": "amplab", "supportedReferences": ["HG19"]}, {"id": "bob"}, {"name": "x"}])
    assert found.protocol is Protocol.BEACON_NETWORK
    assert found.leaves == ("amplab", "bob")


def test_any_other_list_is_no_network():
    assert refused([{"id": "a"}, {"id": "b"}]) == "JSON, but not an object"


@pytest.mark.parametrize(
    "document",
    [
        {**V2, "meta": {"isAggregated": True}},
        {**V2, "response": {**V2["response"], "info": {"isAggregated": True}}},
        {**V2, "responses": [{"id": "a"}]},
    ],
)
def test_a_network_says_so_in_several_ways(document):
    assert read(document).is_network
    assert not read(V2).is_network


def test_the_beacons_a_network_describes_are_named():
    inner = [{"response": {"id": "a"}}, {"meta": {"beaconId": "b"}}, {"id": "c"}, {"id": "a"}, 7]
    assert read({**V2, "responses": inner}).leaves == ("a", "b", "c")


def test_the_date_of_change_is_kept_as_told():
    response = {**V2["response"], "updateDateTime": "2026-01-01"}
    assert read({**V2, "response": response}).updated_at == "2026-01-01"
    assert read({**V1, "updateDateTime": "2026-01-02"}).updated_at == "2026-01-02"
