"""Filtering terms as real members list them."""

import pytest

from aggregator.protocol.member_terms import read_filtering_terms
from registry.capabilities import FilteringResource, FilteringTerm


def listed(*terms, **more):
    document = {"meta": {}, "response": {"filteringTerms": list(terms)}, **more}
    found = read_filtering_terms(document)
    assert found is not None
    return found


def test_a_whole_term_is_read():
    told = {
        "id": "HP:0001250",
        "type": "ontology",
        "label": "Seizure",
        "scopes": ["individual", "genomicVariation"],
        "values": ["a", "b"],
    }
    assert listed(told).terms == (
        FilteringTerm(
            id="HP:0001250",
            type="ontology",
            label="Seizure",
            scopes=("individual", "genomicVariant"),
            values=("a", "b"),
        ),
    )


@pytest.mark.parametrize(
    ("told", "scopes"),
    [({"scope": "runs"}, ("run",)), ({}, ()), ({"scopes": None}, ()), ({"scopes": ["x"]}, ())],
)
def test_a_scope_that_is_not_told_or_known_is_any(told, scopes):
    (term,) = listed({"id": "a", **told}).terms or ()
    assert term.scopes == scopes


def test_values_may_be_objects():
    (term,) = (
        listed({"id": "a", "values": [{"id": "X:1", "label": "one"}, {"label": "two"}]}).terms or ()
    )
    assert term.values == ("X:1", "two")


def test_terms_may_stand_under_their_ids():
    found = read_filtering_terms({"response": {"filteringTerms": {"HP:1": {"label": "x"}}}})
    assert found is not None
    assert found.terms == (FilteringTerm(id="HP:1", label="x"),)


def test_an_empty_list_says_that_no_filter_is_taken():
    assert listed().terms == ()


@pytest.mark.parametrize("document", [{}, {"response": {}}, {"response": {"filteringTerms": "x"}}])
def test_a_document_without_a_list_says_nothing(document):
    assert read_filtering_terms(document) is None


@pytest.mark.parametrize(
    "more",
    [
        {"responseSummary": {"numTotalResults": 3}},
        {"meta": {"receivedRequestSummary": {"pagination": {"limit": 2}}}},
    ],
)
def test_a_page_of_terms_says_nothing_of_the_others(more):
    found = listed({"id": "a"}, {"id": "b"}, **more)
    assert found.terms is None
    assert found.problems


@pytest.mark.parametrize(
    "more",
    [
        {"responseSummary": {"numTotalResults": 2}},
        {"meta": {"receivedRequestSummary": {"pagination": {"limit": 0}}}},
        {"meta": {"receivedRequestSummary": {"pagination": {"limit": 10}}}},
    ],
)
def test_all_terms_are_known_where_nothing_says_there_are_more(more):
    assert len(listed({"id": "a"}, {"id": "b"}, **more).terms or ()) == 2


@pytest.mark.parametrize("key", ["nameSpacePrefix", "namespacePrefix"])
def test_resources_are_read(key):
    told = {"id": "hp", "name": "HPO", key: "HP", "iriPrefix": "http://x/HP_", "version": 3}
    document = {"response": {"filteringTerms": [], "resources": [told, {"name": "no id"}]}}
    found = read_filtering_terms(document)
    assert found is not None
    assert found.resources == (
        FilteringResource(
            id="hp", name="HPO", namespace_prefix="HP", iri_prefix="http://x/HP_", version="3"
        ),
    )


@pytest.mark.parametrize(("silent", "whole"), [([], True), (["somebody"], False)])
def test_a_network_that_does_not_know_all_its_members_terms_lists_only_some(silent, whole):
    network = {"filteringTerms": {"total": 1, "notKnown": silent}}
    found = listed({"id": "HP:0001250"}, info={"network": network})
    assert (found.terms is not None) is whole
