"""Whatever is put to us is read without raising, and what is read is echoed validly."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from aggregator.model.query import Filter
from aggregator.protocol.documents import encode, error_document
from aggregator.protocol.filters import filter_document, read_filters
from aggregator.protocol.identity import Identity, OrganizationIdentity
from aggregator.protocol.parameters import ParameterReader
from aggregator.protocol.requests import read_v2
from aggregator.protocol.requests_body import BodyError, join_parameters, spread_body
from aggregator.protocol.requests_terms import read_terms_request
from aggregator.protocol.surface import (
    BY_PATH,
    ENTRY_TYPES,
    EVERY_NESTED,
    FILTERING_TERMS,
    MAX_ID,
    Target,
    target_of,
)
from tests.official import official

US = Identity("org.example.us", "Us", "", OrganizationIdentity("us", "Us"), "test", "0")
KEYS = st.sampled_from(
    [
        *("meta", "query", "requestParameters", "g_variant", "pagination", "skip", "limit"),
        *("requestedGranularity", "includeResultsetResponses", "testMode", "filters", "id"),
        *("operator", "value", "scope", "similarity", "includeDescendantTerms", "datasets"),
        *("datasetIds", "requestedSchemas", "requestedSchema", "entityType", "schema", "start"),
        *("geneId", "members", "assemblyId", "apiVersion", "individual"),
    ]
)
VALUES = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(max_size=12),
        st.sampled_from(
            ["count", "record", "ALL", "", "HP:1", "age:>5", ">5", "[{", "true", "GRCh38"]
        ),
    ),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(KEYS | st.text(max_size=4), inner, max_size=6)
    ),
    max_leaves=25,
)
BODIES = st.dictionaries(KEYS | st.text(max_size=4), VALUES, max_size=8)
SEGMENTS = st.lists(
    st.sampled_from([*BY_PATH, FILTERING_TERMS, "..", ""]) | st.text(max_size=9), max_size=5
)


def spread(body: dict[str, Any]) -> dict[str, Any]:
    try:
        return spread_body(body)
    except BodyError as error:
        return dict(error.parameters)


@given(BODIES, BODIES, st.sampled_from([*ENTRY_TYPES]))
def test_any_body_is_read_and_echoed_validly(
    address: dict[str, Any], body: dict[str, Any], entry_type: str
) -> None:
    read = read_v2(join_parameters(address, spread(body)), target=Target(entry_type))
    assert all(isinstance(said, str) and said for said in (*read.problems, *read.warnings))
    document = json.loads(encode(error_document(US, 400, "x", query=read.query)))
    assert official.validate_v2_answer(document) == "error"


@given(VALUES, BODIES)
def test_any_filters_are_read_and_can_be_written_back(filters: Any, beside: dict[str, Any]) -> None:
    reader = ParameterReader({**beside, "filters": filters})
    found = read_filters(reader)
    again = ParameterReader({"filters": [filter_document(one) for one in found]})
    assert read_filters(again) == found
    assert again.problems == []


@given(st.builds(Filter, id=st.text(max_size=9)))
def test_a_term_in_an_address_is_that_term_or_a_problem(one: Filter) -> None:
    reader = ParameterReader({"filters": [str(one)]})
    found = read_filters(reader)
    plain = not set(one.id) & set("=<>!,[{") and one.id.strip() and one.id != "filter"
    if plain and one.id.isprintable() and one.id.strip(":"):
        assert found == (Filter(one.id.strip()),)


@given(BODIES)
def test_any_request_for_filtering_terms_is_read(body: dict[str, Any]) -> None:
    asked = read_terms_request(spread(body))
    assert asked.pagination.skip >= 0
    assert asked.pagination.limit >= 0


@given(SEGMENTS)
def test_any_path_is_an_endpoint_or_says_what_there_is(segments: list[str]) -> None:
    target = target_of(segments, EVERY_NESTED)
    if isinstance(target, str):
        assert target
        return
    assert target.entry_type in ENTRY_TYPES
    if target.record_id is not None:
        assert target.record_id == segments[1]
        assert 0 < len(target.record_id) <= MAX_ID
        assert target.record_id not in {".", ".."}
    assert (target.within is not None) is (len(segments) == 3 and not target.is_filtering_terms)
