"""Our Beacon v2 documents: valid, complete, and saying no more than members said."""

import json
from dataclasses import replace

import msgspec
import pytest

from aggregator.model.answer import Collection, Exists, Handover, ResultSet
from aggregator.model.query import Filter, Granularity, Include, RequestedSchema
from aggregator.protocol import documents
from aggregator.protocol.network_info import member_info, network_info
from aggregator.protocol.surface import ENTRY_TYPES
from tests.builders import F508DEL, SNV, US, answer, network_answer, outcome, query
from tests.official import official

BOOLEAN = query(SNV)
COUNT = query(SNV, granularity="count")
RECORD = query(SNV, granularity="record", include="ALL")


def written(document):
    return json.loads(documents.encode(document))


def answered(given, asked=BOOLEAN, **options):
    document = written(documents.answer_document(US, network_answer(given, asked), **options))
    official.validate_v2_answer(document)
    return document


def sets_of(given, asked=RECORD, **options):
    return answered(given, asked, **options)["response"]["resultSets"]


def yes(member_id="a", **told):
    return outcome(member_id, told=answer(**told))


def no(member_id="b", **told):
    return outcome(member_id, "not_found", answer(False, **told))


# --- boolean and count ---


def test_a_yes_is_written():
    assert answered(["found", "timeout"])["responseSummary"] == {"exists": True}


def test_a_no_is_written():
    assert answered(["not_found"])["responseSummary"] == {"exists": False}


def test_no_count_is_invented():
    document = answered(["found"], COUNT)
    assert document["responseSummary"] == {"exists": True}
    assert document["meta"]["returnedGranularity"] == "boolean"


def test_told_counts_are_summed():
    document = answered([yes(count=3), yes("b", count=4)], COUNT)
    assert document["responseSummary"] == {"exists": True, "numTotalResults": 7}
    assert document["meta"]["returnedGranularity"] == "count"


def test_a_zero_of_others_is_no_count_of_what_was_found():
    given = [yes(), no(count=0)]
    document = answered(given, COUNT)
    assert document["responseSummary"] == {"exists": True}
    assert document["meta"]["returnedGranularity"] == "boolean"
    assert document["info"]["network"]["count"] is None
    assert answered(given, COUNT, count_at_least_one=True)["responseSummary"] == {
        "exists": True,
        "numTotalResults": 1,
    }


def test_a_zero_is_the_count_of_a_no():
    document = answered([no(count=0)], COUNT)
    assert document["responseSummary"] == {"exists": False, "numTotalResults": 0}
    assert document["info"]["network"]["count"]["value"] == 0


def test_pages_that_need_a_count_may_have_one():
    assert answered(["found"], COUNT, count_at_least_one=True)["responseSummary"] == {
        "exists": True,
        "numTotalResults": 1,
    }


def test_a_no_gets_no_count_even_for_those_pages():
    document = answered(["not_found"], COUNT, count_at_least_one=True)
    assert "numTotalResults" not in document["responseSummary"]


def test_the_question_is_echoed():
    echo = answered([yes()], replace(BOOLEAN, test_mode=True))["meta"]["receivedRequestSummary"]
    assert echo["requestParameters"]["g_variant"]["start"] == [43045703]
    assert echo["requestedGranularity"] == "boolean"
    assert echo["includeResultsetResponses"] == "HIT"
    assert echo["pagination"] == {"skip": 0, "limit": 10}
    assert echo["testMode"] is True


def test_filters_are_echoed():
    echo = answered([yes()], replace(BOOLEAN, filters=(Filter("HP:1"),)))["meta"]
    assert echo["receivedRequestSummary"]["filters"] == ["HP:1"]


def test_a_deletion_is_echoed_with_its_empty_alternate():
    echo = answered([yes()], query(F508DEL))["meta"]["receivedRequestSummary"]
    assert echo["requestParameters"]["g_variant"]["alternateBases"] == ""


def test_handovers_of_members_are_passed_on():
    handover = Handover("EDAM:2572", "BAM", "https://x.org/a.bam", "read me")
    assert answered([yes(handovers=(handover,))])["beaconHandovers"] == [
        {
            "handoverType": {"id": "EDAM:2572", "label": "BAM"},
            "url": "https://x.org/a.bam",
            "note": "read me",
        }
    ]


@pytest.mark.parametrize(
    ("kind", "written_as"),
    [
        ("CUSTOM", "CUSTOM:CUSTOM"),
        ("", "CUSTOM:handover"),
        (":x", "CUSTOM::x"),
        ("a:b", "CUSTOM:a:b"),
    ],
)
def test_an_id_that_is_no_curie_becomes_one(kind, written_as):
    made = documents.handover_document(Handover(kind, "More", "https://x.org"))
    assert made["handoverType"]["id"] == written_as


# --- records ---


def test_members_with_hits_come_first():
    found = sets_of([no("a"), yes("b"), "timeout", yes("d")])
    assert [one["info"]["memberId"] for one in found] == ["b", "d", "a"]


def test_a_members_hits_come_before_its_misses():
    sets = (ResultSet(id="x", exists=Exists.NO), ResultSet(id="y", exists=Exists.YES))
    assert [one["id"] for one in sets_of([yes(result_sets=sets)])] == ["y", "x"]


def test_only_members_that_answered_have_result_sets():
    assert [one["id"] for one in sets_of(["found", "timeout", "paused", "not_found"])] == ["a", "d"]


@pytest.mark.parametrize(
    ("include", "ids"), [("ALL", ["a", "b"]), ("HIT", ["a"]), ("MISS", ["b"]), ("NONE", [])]
)
def test_result_sets_are_filtered_as_asked(include, ids):
    found = sets_of(["found", "not_found"], query(SNV, granularity="record", include=include))
    assert [one["id"] for one in found] == ids


@pytest.mark.parametrize("include", ["ALL", "HIT", "MISS"])
def test_a_data_set_that_said_neither_yes_nor_no_is_not_written_as_a_no(include):
    sets = (ResultSet(id="x", exists=Exists.UNKNOWN),)
    asked = query(SNV, granularity="record", include=include)
    assert sets_of([yes(result_sets=sets)], asked) == []


def test_records_are_the_members_own_bytes():
    record = b'{"variation":  {"x":1.50}}'
    sets = (ResultSet(id="x", exists=Exists.YES, count=1, results=(msgspec.Raw(record),)),)
    given = [yes(count=1, granularity="record", result_sets=sets)]
    document = documents.answer_document(US, network_answer(given, RECORD))
    assert record in documents.encode(document)


def test_results_are_there_even_when_empty():
    assert all(one["results"] == [] for one in sets_of(["found", "not_found"]))


def test_a_count_nobody_told_is_marked():
    (hit, miss) = sets_of(["found", "not_found"])
    assert (hit["resultsCount"], hit["info"]["countKnown"]) == (1, False)
    assert (miss["resultsCount"], miss["info"]["countKnown"]) == (0, False)


def test_a_told_count_is_given_with_its_unit():
    (one,) = sets_of([yes(count=5, unit="alleles")])
    assert one["resultsCount"] == 5
    assert one["info"]["countUnit"] == "alleles"
    assert "countKnown" not in one["info"]


def test_a_frequency_and_handovers_of_a_data_set_are_passed_on():
    more = Handover("EDAM:1", "More", "https://x.org")
    sets = (ResultSet(id="x", exists=Exists.YES, frequency=0.25, handovers=(more,)),)
    (one,) = sets_of([yes(result_sets=sets)])
    assert one["info"]["frequency"] == 0.25
    assert [handover["url"] for handover in one["resultsHandovers"]] == ["https://x.org"]


def test_a_result_set_names_its_beacon():
    given = outcome("a")
    given = replace(given, member=replace(given.member, beacon_id="org.a"))
    (one,) = sets_of([given])
    assert one["beaconId"] == "org.a"
    assert "beaconNetworkId" not in one


def test_a_result_set_of_a_nested_network_keeps_its_leaf():
    sets = (ResultSet(id="x", exists=Exists.YES, beacon_id="org.leaf"),)
    (one,) = sets_of([yes(result_sets=sets)])
    assert (one["beaconId"], one["beaconNetworkId"]) == ("org.leaf", "a")


def test_failed_members_may_be_listed_as_other_networks_do():
    found = sets_of(["found", "timeout", "tls", "assembly"], failed_as_result_sets=True)
    errors = [one["info"]["error"] for one in found if "error" in one["info"]]
    assert [(one["errorCode"], one["reason"]) for one in errors] == [
        (504, "timeout"),
        (502, "tls"),
    ]


# --- errors ---


@pytest.mark.parametrize("status", [400, 404, 500, 501, 502, 503, 504, 508])
def test_an_error_without_a_question_is_a_complete_document(status):
    document = written(documents.error_document(US, status, "No."))
    official.validate_v2(document, "error")
    assert document["error"] == {"errorCode": status, "errorMessage": "No."}
    assert document["meta"]["returnedGranularity"] == "boolean"


def test_an_error_about_an_answer_says_who_is_missing():
    merged = network_answer(["not_found", "timeout"], RECORD)
    document = written(documents.error_document(US, 504, "Not complete.", answer=merged))
    official.validate_v2(document, "error")
    assert document["info"]["network"]["summary"]["noAnswer"] == 1
    assert document["meta"]["receivedRequestSummary"]["requestedGranularity"] == "record"


# --- info.network ---


def test_every_member_is_in_the_networks_object():
    info = network_info(network_answer(["found", "not_found", "timeout", "assembly"]))
    assert info["verdict"] == "found"
    assert info["complete"] is False
    assert info["elapsedMs"] == 500
    assert info["summary"] == {
        "members": 4,
        "found": 1,
        "notFound": 1,
        "noAnswer": 1,
        "notAsked": 1,
    }
    assert [one["answer"] for one in info["members"]] == [
        *("found", "not_found", "no_answer", "not_asked"),
    ]


def test_the_merged_count_is_told_with_its_unit():
    info = network_info(network_answer([yes(count=44)], COUNT))
    assert info["count"] == {
        "value": 44,
        "unit": "variants",
        "membersCounted": 1,
        "exact": True,
        "note": "the same person may be counted by several beacons",
    }


def test_without_counts_there_is_none():
    assert network_info(network_answer(["found"]))["count"] is None


def test_a_member_that_did_not_answer_says_why():
    made = member_info(outcome("a", "timeout", elapsed_s=8.0031, attempts=2))
    assert made["reason"] == {"code": "timeout", "message": "had timeout"}
    assert (made["elapsedMs"], made["attempts"]) == (8003, 2)
    assert (made["count"], made["granularity"], made["match"], made["datasets"]) == (
        *(None, None, None, []),
    )


def test_a_member_that_answered_lists_its_data_sets():
    sets = (
        ResultSet(id="x", exists=Exists.YES, count=2, frequency=0.5, name="Set X"),
        ResultSet(id="y", exists=Exists.NO),
        ResultSet(id="z"),
    )
    made = member_info(outcome(told=answer(count=2, result_sets=sets)))
    assert made["datasets"] == [
        {"id": "x", "name": "Set X", "exists": True, "count": 2, "frequency": 0.5},
        {"id": "y", "name": "y", "exists": False, "count": None, "frequency": None},
        {"id": "z", "name": "z", "exists": None, "count": None, "frequency": None},
    ]
    assert (made["count"], made["countUnit"], made["match"]) == (2, "variants", "exact")


# --- other entry types ---


@pytest.mark.parametrize("entry_type", ENTRY_TYPES)
@pytest.mark.parametrize("record_id", [None, "X1"])
def test_an_answer_names_the_schema_of_what_was_asked_for(entry_type, record_id):
    asked = replace(RECORD, variant=None, entry_type=entry_type, record_id=record_id)
    document = answered(["found", "not_found"], asked)
    assert document["meta"]["returnedSchemas"] == [
        {"entityType": entry_type, "schema": ENTRY_TYPES[entry_type].schema}
    ]
    is_list = record_id is None and entry_type in {"dataset", "cohort"}
    assert list(document["response"]) == ["collections" if is_list else "resultSets"]


def test_requested_schemas_are_echoed():
    asked = replace(BOOLEAN, requested_schemas=(RequestedSchema("individual", "mine"),))
    echo = answered(["found"], asked)["meta"]["receivedRequestSummary"]
    assert echo["requestedSchemas"] == [{"entityType": "individual", "schema": "mine"}]


# --- collections ---


DATASETS = replace(RECORD, variant=None, entry_type="dataset")


def listing(member_id, *collections, how="found", **more):
    told = answer(how == "found", collections=collections, **more)
    return outcome(member_id, how, told)


def collection(raw, beacon_id=None):
    return Collection(raw=msgspec.Raw(raw), beacon_id=beacon_id)


def collections_of(given, asked=DATASETS):
    return answered(given, asked)["response"]["collections"]


def test_every_collection_names_where_it_is_from():
    one = listing("a", collection(b'{"id":"x","name":"X"}'))
    named = replace(one, member=replace(one.member, beacon_id="org.example.a"))
    network = replace(
        listing("b", collection(b'{"id":"x","beaconId":"forged"}', "org.example.leaf")),
        member=replace(one.member, id="b", beacon_id="org.example.b"),
    )
    assert collections_of([named, network]) == [
        {"id": "x", "name": "X", "beaconId": "org.example.a", "memberId": "a"},
        {
            **{"id": "x", "beaconId": "org.example.leaf", "memberId": "b"},
            "beaconNetworkId": "org.example.b",
        },
    ]


def test_the_values_of_a_collection_are_the_members_own_bytes():
    raw = b'{"id":"x","size":1.50000000000000000001,"big":123456789012345678901}'
    document = documents.answer_document(
        US, network_answer([listing("a", collection(raw))], DATASETS)
    )
    assert raw.removesuffix(b"}") in documents.encode(document)


def test_members_that_told_only_that_they_have_some_list_no_collections():
    assert collections_of(["found", yes("b", count=3), "timeout"]) == []


@pytest.mark.parametrize(
    ("include", "ids"), [("ALL", ["x", "y"]), ("HIT", ["x"]), ("MISS", ["y"]), ("NONE", [])]
)
def test_collections_are_filtered_as_asked(include, ids):
    given = [
        listing("a", collection(b'{"id":"y"}'), how="not_found"),
        listing("b", collection(b'{"id":"x"}')),
    ]
    asked = replace(DATASETS, include=Include(include))
    assert [one["id"] for one in collections_of(given, asked)] == ids


@pytest.mark.parametrize("granularity", ["boolean", "count"])
def test_collections_are_records(granularity):
    asked = replace(DATASETS, granularity=Granularity(granularity))
    assert "response" not in answered([listing("a", collection(b'{"id":"x"}'))], asked)
