"""Filters in every spelling of GET and POST, and what is wrong with those that are none."""

import json
from typing import Any

import pytest

from aggregator.model.query import Filter
from aggregator.protocol.filters import MAX_FILTERS, MAX_LENGTH, filter_document, read_filters
from aggregator.protocol.parameters import ParameterReader
from tests.official import official

TERM = Filter("HP:0001250")


def read(filters: Any, **beside: Any) -> tuple[Filter, ...]:
    reader = ParameterReader({"filters": filters, **beside})
    found = read_filters(reader)
    assert reader.problems == []
    return found


def problems(filters: Any, **beside: Any) -> list[str]:
    reader = ParameterReader({"filters": filters, **beside})
    read_filters(reader)
    assert reader.problems
    return reader.problems


@pytest.mark.parametrize(
    ("text", "filter_"),
    [
        ("HP:0001250", TERM),
        (" HP:0001250 ", TERM),
        ("custom text", Filter("custom text")),
        ("age:>P70Y", Filter("age", ">", "P70Y")),
        ("age>P70Y", Filter("age", ">", "P70Y")),
        ("age:>=70", Filter("age", ">=", "70")),
        ("age:<=70", Filter("age", "<=", "70")),
        ("age:<70", Filter("age", "<", "70")),
        ("age:=70", Filter("age", "=", "70")),
        ("sex:!NCIT:C16576", Filter("sex", "!", "NCIT:C16576")),
        ("sex:!=NCIT:C16576", Filter("sex", "!", "NCIT:C16576")),
        ("NCIT:C25150:>=5", Filter("NCIT:C25150", ">=", "5")),
        ("karyotype:=46;XX", Filter("karyotype", "=", "46;XX")),
    ],
)
def test_texts_of_an_address(text: str, filter_: Filter) -> None:
    assert read(text) == (filter_,)
    assert read([text, text]) == (filter_,)


@pytest.mark.parametrize(
    ("item", "filter_"),
    [
        ({"id": "HP:0001250"}, TERM),
        ({"id": "age", "operator": ">", "value": "P70Y"}, Filter("age", ">", "P70Y")),
        ({"id": "age", "operator": ">", "value": 70}, Filter("age", ">", "70")),
        ({"id": "age", "value": "70"}, Filter("age", "=", "70")),
        ({"id": "sex", "operator": "!=", "value": "x"}, Filter("sex", "!", "x")),
        ({"id": "HP:0001250", "scope": "individuals"}, Filter("HP:0001250", scope="individual")),
        ({"id": "HP:0001250", "scope": "mine"}, Filter("HP:0001250", scope="mine")),
        ({"id": "HP:0001250", "scope": ""}, TERM),
        ({"id": "HP:0001250", "operator": "", "value": ""}, TERM),
        ({"id": "HP:0001250", "includeDescendantTerms": True}, TERM),
        (
            {"id": "HP:0001250", "includeDescendantTerms": "false", "similarity": "HIGH"},
            Filter("HP:0001250", include_descendants=False, similarity="high"),
        ),
    ],
)
def test_objects_of_a_body(item: dict[str, Any], filter_: Filter) -> None:
    assert read([item]) == (filter_,)
    assert read(item) == (filter_,)
    assert read(json.dumps([item])) == read(json.dumps(item)) == (filter_,)


@pytest.mark.parametrize("nothing", [None, "", [], [""], ",", ["", None]])
def test_no_filter_is_none(nothing: Any) -> None:
    assert read(nothing) == ()


def test_several_are_sorted_and_named_once() -> None:
    expected = (Filter("HP:0001250"), Filter("NCIT:C16576"), Filter("age", ">", "5"))
    assert read("NCIT:C16576,HP:0001250,age:>5,HP:0001250") == expected
    assert read(["age:>5", {"id": "HP:0001250"}, "NCIT:C16576,HP:0001250"]) == expected


@pytest.mark.parametrize(
    ("beside", "changes"),
    [
        ({"scope": "biosamples"}, {"scope": "biosample"}),
        ({"similarity": "medium"}, {"similarity": "medium"}),
        ({"includeDescendantTerms": "false"}, {"include_descendants": False}),
        ({"includeDescendantTerms": "true"}, {}),
        ({"includeDescendantTerms": "", "scope": "", "similarity": ""}, {}),
    ],
)
def test_what_stands_beside_the_filters_holds_for_all(
    beside: dict[str, str], changes: dict[str, Any]
) -> None:
    assert read("HP:0001250,age:>5", **beside) == (
        Filter("HP:0001250", **changes),
        Filter("age", ">", "5", **changes),
    )


def test_a_filter_that_tells_its_own_is_not_changed() -> None:
    own = {"id": "x", "scope": "run", "similarity": "low", "includeDescendantTerms": True}
    beside = {"scope": "biosample", "similarity": "high", "includeDescendantTerms": False}
    assert read([own, {"id": "y"}], **beside) == (
        Filter("x", scope="run", similarity="low"),
        Filter("y", scope="biosample", similarity="high", include_descendants=False),
    )


def test_what_would_hold_for_no_filter_is_said() -> None:
    reader = ParameterReader({"scope": "run"})
    assert read_filters(reader) == ()
    assert reader.warnings == [
        "scope, similarity, includeDescendantTerms: there is no filter they could hold for"
    ]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ("age:>", "with no value"),
        (">5", "without a field"),
        (":>5", "without a field"),
        ("!HP:0001250", "without a field"),
        ("=", "without a field"),
        ("x" * (MAX_LENGTH + 1), "printable characters"),
        ("a\x00b", "printable characters"),
        ([{"operator": ">", "value": "5"}], "without an id"),
        ([{"id": "age", "operator": ">"}], "with no value"),
        ([{"id": "age", "operator": "~", "value": "5"}], "operator"),
        ([{"id": {"a": 1}}], "expected text"),
        ([{"id": "x", "includeDescendantTerms": "perhaps"}], "neither true nor false"),
        ([{"id": "x", "similarity": "vague"}], "similarity"),
        ([["a", "b"]], "OR"),
        ('[["a","b"]]', "OR"),
        ([5], "texts or objects"),
        ("[{", "JSON"),
        ("[" * 100_000, "JSON"),
        ([f"f{n}" for n in range(MAX_FILTERS + 1)], f"at most {MAX_FILTERS}"),
        (",".join(["x"] * (MAX_FILTERS + 1)), f"at most {MAX_FILTERS}"),
        ("[null]", "an element is empty"),
        ('["HP:0001250",""]', "an element is empty"),
    ],
)
def test_what_is_no_filter_is_named(wrong: Any, words: str) -> None:
    assert any(words in said for said in problems(wrong))


def test_too_many_wrong_ones_are_one_problem():
    for told in ([{}] * 50_000, ",".join([">5"] * 50_000)):
        assert problems(told) == [f"filters: at most {MAX_FILTERS}, these are 50000"]


def test_every_problem_is_named_at_once() -> None:
    said = problems(["age:>", {"id": "x", "similarity": "vague"}, ">5"], scope="y" * 999)
    assert len(said) == 4


def test_unknown_parts_of_an_object_are_named() -> None:
    reader = ParameterReader({"filters": [{"id": "x", "colour": "red"}]})
    assert read_filters(reader) == (Filter("x"),)
    assert reader.warnings == ["unknown parts of a filter were ignored: colour"]


@pytest.mark.parametrize(
    "one",
    [
        TERM,
        Filter("age", ">", "P70Y"),
        Filter("HP:0001250", scope="biosample", include_descendants=False, similarity="low"),
    ],
)
def test_a_filter_written_back_is_read_as_the_same_and_is_valid(one: Filter) -> None:
    written = filter_document(one)
    assert read([written]) == (one,)
    official.validate_request_body({"meta": {"apiVersion": "2.0"}, "query": {"filters": [written]}})
