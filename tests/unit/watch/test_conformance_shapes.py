"""What the shapes of documents accept, and in which words they say what is wrong."""

import math
from typing import Any

import pytest

from aggregator.watch.conformance.documents import Deviation, Kind, deviations
from aggregator.watch.conformance.shape_faults import Fault, folded
from aggregator.watch.conformance.shape_formats import is_date_time, is_uri, is_uri_template
from aggregator.watch.conformance.shapes import (
    MOST_FAULTS,
    ListOf,
    Number,
    Object,
    OneOf,
    Shape,
    Text,
    Truth,
    Whole,
    matching,
    one_word_of,
)

TEXT = Text()
WORD = one_word_of("boolean", "count")
CURIE = matching(r"^\w[^:]+:.+$", "a CURIE, such as NCIT:C16576", "a CURIE (prefix:reference)")
PERSON = Object(
    "a person (name)", required={"name": TEXT}, optional={"age": Whole()}, source="person.json"
)
AGE = Object("an age (years)", required={"years": Whole()})
RANGE = Object("a range (start, end)", required={"start": AGE, "end": AGE})
SPAN = Object("a span (start, end)", required={"start": TEXT, "end": TEXT}, is_closed=True)
AGE_OR_RANGE = OneOf("an age, a range or a span", AGE, RANGE, SPAN)


def told(shape: Shape, value: object) -> list[str]:
    """Give the faults as lines of place and message."""
    return [f"{fault.pointer}: {fault.message}" for fault in shape.faults(value)]


@pytest.mark.parametrize(
    ("shape", "values"),
    [
        (TEXT, ["", "x", "\ud800"]),
        (WORD, ["boolean"]),
        (CURIE, ["NCIT:C16576", "ab:c", "ab:c\n"]),
        (Truth(), [True, False]),
        (Whole(), [0, 1, -5, 1.0, -0.0, 10**400, 1e300]),
        (Whole(minimum=0), [0, -0.0, 1]),
        (Whole(bits=32), [2**31 - 1, -(2**31), float(2**40)]),
        (Number(), [0, 1.5, math.nan, math.inf, 10**400]),
        (Number(minimum=0, maximum=1), [0, 1, 0.5, math.nan]),
        (ListOf(TEXT), [[], ["a"]]),
        (ListOf(TEXT, at_least=1), [["a"], ["a", "b"]]),
        (PERSON, [{"name": "x"}, {"name": "x", "age": 1, "more": None}]),
        (AGE_OR_RANGE, [{"years": 1}, {"start": "a", "end": "b"}]),
        (Object("any"), [{}, {"a": 1}]),
        (Object("an object of persons", others=PERSON), [{}, {"a": {"name": "x"}}]),
        (Object("loose", required={"a": TEXT}, is_loose=True), [[], None, {"a": ""}]),
    ],
)
def test_what_fits_has_no_fault(shape: Shape, values: list[object]) -> None:
    assert [value for value in values if shape.faults(value)] == []


@pytest.mark.parametrize(
    ("shape", "value", "message"),
    [
        (TEXT, None, "has to be text, is null"),
        (TEXT, 5, "has to be text, is the number 5"),
        (TEXT, True, "has to be text, is true"),
        (TEXT, ["a"], "has to be text, is a list"),
        (TEXT, {}, "has to be text, is an empty object"),
        (WORD, "record", 'is "record", which is not one of the words allowed here'),
        (WORD, "", "is empty, which is not one of the words allowed here"),
        (WORD, [], "has to be text, is an empty list"),
        (CURIE, "HP", 'is "HP", which is not a CURIE (prefix:reference)'),
        (Truth(), 1, "has to be true or false, is the number 1"),
        (Truth(), "true", 'has to be true or false, is the text "true"'),
        (Truth(), "", "has to be true or false, is an empty text"),
        (Whole(), True, "has to be a whole number, is true"),
        (Whole(), 1.5, "has to be a whole number, is the number 1.5"),
        (Whole(), "504", 'has to be a whole number, is the text "504"'),
        (Whole(), math.nan, "has to be a whole number, is the number nan"),
        (Whole(), math.inf, "has to be a whole number, is the number inf"),
        (Whole(minimum=0), -1, "is -1, has to be 0 or more"),
        (Whole(bits=32), 2**31, "is 2147483648, which does not fit in 32 bits"),
        (Number(), False, "has to be a number, is false"),
        (Number(maximum=1), 1.5, "is 1.5, has to be 1 or less"),
        (ListOf(TEXT), {"0": "a"}, "has to be a list, is an object"),
        (ListOf(TEXT, at_least=1), [], "is an empty list"),
        (ListOf(TEXT, at_least=2), ["a"], "has fewer than 2 items"),
        (PERSON, [{}], "has to be an object, is a list"),
        (Object("one or more", at_least=1), {}, "is an empty object"),
    ],
)
def test_what_does_not_fit_is_told_in_plain_words(shape: Shape, value: Any, message: str) -> None:
    assert told(shape, value) == [f": {message}"]


def test_a_number_too_long_to_write_is_only_described() -> None:
    huge = 10**5_000
    with pytest.raises(ValueError, match="digits"):
        str(huge)
    assert told(Whole(bits=64), huge) == [": is too large to write, which does not fit in 64 bits"]
    assert told(Whole(minimum=0), -huge) == [": is too large to write, has to be 0 or more"]
    assert told(TEXT, huge) == [": has to be text, is a number too large to write"]


def test_a_member_that_has_to_be_there_is_missing_at_its_own_place() -> None:
    shape = Object("a pair", required={"a": PERSON, "b": PERSON}, source="pair.json")
    first, second = shape.faults({"a": {"age": 1}})
    assert (first.pointer, first.message, first.source) == ("/a/name", "is missing", "person.json")
    assert (second.pointer, second.message, second.source) == ("/b", "is missing", "pair.json")
    assert second.expected == "a person (name)"


def test_a_member_that_is_null_is_not_missing() -> None:
    assert told(PERSON, {"name": None, "age": None}) == [
        "/name: has to be text, is null",
        "/age: has to be a whole number, is null",
    ]


def test_a_closed_object_allows_no_other_member() -> None:
    assert told(SPAN, {"start": "a", "end": "b", "a/b~c": 1}) == [
        "/a~1b~0c: is not allowed here, only: start, end"
    ]


def test_all_other_members_have_the_shape_of_others() -> None:
    shape = Object("persons", optional={"$schema": TEXT}, others=PERSON)
    assert told(shape, {"$schema": "x", "a": {"name": "x"}, "b": 3}) == [
        "/b: has to be an object, is the number 3"
    ]


@pytest.mark.parametrize(
    ("value", "lines"),
    [
        ("P1Y", [': has to be an object, is the text "P1Y"']),
        ({}, [": is an empty object"]),
        ({"other": 1}, [": has none of the members that forms allowed here demand"]),
        ({"years": "1"}, ['/years: has to be a whole number, is the text "1"']),
        ({"start": {"years": 1}}, ["/end: is missing"]),
        ({"start": "a", "end": "b", "c": 1}, ["/c: is not allowed here, only: start, end"]),
        (
            {"years": 1, "start": {"years": 1}, "end": {"years": 2}},
            [
                ": fits 2 of the forms allowed here, has to fit one: "
                "an age (years) and a range (start, end)"
            ],
        ),
    ],
)
def test_of_several_forms_the_one_that_is_meant_is_told(value: object, lines: list[str]) -> None:
    assert told(AGE_OR_RANGE, value) == lines


def test_forms_within_forms_count_as_one() -> None:
    whole = Object("a number", required={"number": Whole()})
    nested = OneOf("one of all", OneOf("one of two", AGE, PERSON), whole)
    assert not nested.faults({"years": 1, "name": "x", "number": 1})  # the two exclude each other
    assert nested.faults({"years": 1, "number": 1})
    assert told(nested, {"years": None}) == ["/years: has to be a whole number, is null"]


# --- lists


def test_the_same_fault_of_many_items_is_told_once_with_their_number() -> None:
    items = [{"name": "x"}, {"name": 1}, {"name": None}, {}, {"name": "x", "age": "1"}, {}]
    faults = ListOf(PERSON).faults(items)
    assert [(fault.pointer, fault.message, fault.count) for fault in faults] == [
        ("/1/name", "has to be text, is the number 1", 2),
        ("/3/name", "is missing", 2),
        ("/4/age", 'has to be a whole number, is the text "1"', 1),
    ]


def test_lists_in_lists_are_counted_together() -> None:
    (fault,) = ListOf(ListOf(TEXT)).faults([["a", 1], [2, 3], ["b"]])
    assert (fault.pointer, fault.count) == ("/0/1", 3)


def test_a_list_is_judged_until_it_has_enough_faults() -> None:
    (fault,) = ListOf(TEXT).faults([1] * (3 * MOST_FAULTS))
    assert fault.count == MOST_FAULTS


def test_an_object_is_judged_until_it_has_enough_faults() -> None:
    many = {str(number): 1 for number in range(3 * MOST_FAULTS)}
    assert len(Object("persons", others=PERSON).faults(many)) == MOST_FAULTS
    assert len(Object("none", is_closed=True).faults(many)) == MOST_FAULTS


def test_faults_of_members_with_other_names_stay_apart() -> None:
    one, other = Fault("is bad", "good", ("a", 0)), Fault("is bad", "good", ("b", 0))
    assert folded([one, other]) == [one, other]


# --- what is repeated of a document


def test_a_message_repeats_little_of_the_document_and_nothing_unprintable() -> None:
    secret = "A" * 200
    (fault,) = WORD.faults(secret)
    assert fault.message.count("A") == 59
    assert "…" in fault.message
    (fault,) = WORD.faults("a\x00b\u202ec\ud800d\n")
    assert fault.message.startswith('is "a\ufffdb\ufffdc\ufffdd\ufffd", which')


def test_a_path_repeats_little_of_a_name_and_nothing_unprintable() -> None:
    shape = Object("texts", others=TEXT)
    long, bad = shape.faults({"k" * 200: 1, "\ud800/\n": 2})
    assert long.pointer == f"/{'k' * 59}…"
    assert bad.pointer == "/\ufffd~1\ufffd"


def test_deviations_can_be_written_as_utf_8_whatever_the_document_holds() -> None:
    names = {"\ud800" * 3: {"entryType": "\udfff", "rootUrl": "\ud800"}}
    document = {"response": {"$schema": "", "endpointSets": names}}
    found = deviations(Kind.MAP, document)
    assert len(found) == 2
    assert all(str(one).encode() for one in found)


# --- formats


@pytest.mark.parametrize(
    ("test", "good", "bad"),
    [
        (
            is_date_time,
            ["2026-01-02T03:04:05Z", "2026-01-02t03:04:05.123456789+01:00"],
            [
                *("", "2026-01-02", "2026-01-02T03:04:05", "2026-02-30T03:04:05Z"),
                *("2026-01-02T03:04:05+99:99", "2026-01-02 03:04:05Z", "٢026-01-02T03:04:05Z"),
            ],
        ),
        (
            is_uri,
            ["https://example.org/a?b=c#d", "mailto:a@b.org", "http://u@[::1]:80/", "urn:a:b"],
            ["", "/a", "a.org", "https://a b", "https://a/{id}", "https://a/%zz", "a:ü", "é:a"],
        ),
        (
            is_uri_template,
            ["", "/a", "https://a/{id}/b{?c,d*}", "https://é/{x:3}"],
            ["/{id", "/{}", "/{a b}", "/a b", "/%zz", "/<a>"],
        ),
    ],
)
def test_formats(test: Any, good: list[str], bad: list[str]) -> None:
    assert [text for text in good if not test(text)] == []
    assert [text for text in bad if test(text)] == []


def test_a_long_wrong_address_is_refused() -> None:
    assert not is_uri(f"https://example.org?{'a' * 100_000}{{")
    assert not is_uri_template(f"/{{{'a,' * 50_000}}}")


# --- deviations


def test_a_deviation_has_all_a_maintainer_needs() -> None:
    document = {
        "meta": {"beaconId": "a", "apiVersion": "v2.1.1", "returnedSchemas": []},
        "response": {
            "$schema": "x",
            "endpointSets": {"genomicVariant": {"entryType": "genomicVariant"}},
        },
    }
    (one,) = deviations(Kind.MAP, document)
    assert one == Deviation(
        path="/response/endpointSets/genomicVariant/rootUrl",
        bare_path="/response/endpointSets/…/rootUrl",
        message="is missing",
        expected="a complete address, such as https://…",
        spec=(
            "https://github.com/ga4gh-beacon/beacon-v2/blob/v2.1.1/framework/json/"
            "configuration/beaconMapSchema.json"
        ),
        also=0,
    )


def test_a_deviation_of_version_1_names_the_file_of_the_release() -> None:
    folder = "https://github.com/ga4gh-beacon/specification/blob"
    (newer,) = deviations(Kind.V1_ALLELE_RESPONSE, {"exists": True})
    (older,) = deviations(Kind.V1_ALLELE_RESPONSE, {"exists": True}, version="1.0.1")
    assert (newer.path, newer.spec) == ("/beaconId", f"{folder}/develop/beacon.yaml")
    assert (older.path, older.spec) == ("/beaconId", f"{folder}/v1.0.1/beacon.yaml")
