"""Filters: who is asked by them, and how they are written."""

from dataclasses import replace

import pytest

from aggregator.model.query import Filter, Query
from aggregator.protocol import v2
from aggregator.protocol.v2_filters import SAME_FIELD
from tests.unit.protocol.building import (
    asked,
    body,
    member,
    one_request,
    refused,
    url_parameters,
)

TERM = Filter("HP:0001250")
AGE = Filter("age", ">=", "P70Y")
TERMS = [{"id": "HP:0001250"}, {"id": "NCIT:C16576"}, {"id": "age"}, {"id": "local_code"}]
LISTING = member("v2", capabilities={"filtering_terms": TERMS})


def asking(*filters, **more):
    return Query(entry_type="individual", filters=filters, **more)


def test_filters_go_by_post_as_objects_that_say_no_more_than_was_asked():
    told = (
        TERM,
        AGE,
        Filter("MONDO:1", scope="biosample", include_descendants=False, similarity="high"),
    )
    sent = one_request(v2.plan(asking(*told), member("v2")))
    assert body(sent)["query"]["filters"] == [
        {"id": "HP:0001250"},
        {"id": "age", "operator": ">=", "value": "P70Y"},
        {
            "id": "MONDO:1",
            "scope": "biosample",
            "includeDescendantTerms": False,
            "similarity": "high",
        },
    ]


def test_a_member_of_get_only_is_sent_a_comma_list():
    of = member("v2", method="GET")
    sent = one_request(v2.plan(asking(TERM, AGE, replace(TERM, id="x", scope="individual")), of))
    assert url_parameters(sent)["filters"] == "HP:0001250,age:>=P70Y,x"


def test_filters_are_called_as_the_dialect_says():
    renamed = {"filters": "terms"}
    sent = one_request(v2.plan(asking(TERM), member("v2", method="GET", rename=renamed)))
    assert url_parameters(sent)["terms"] == "HP:0001250"
    sent = one_request(v2.plan(asking(TERM), member("v2", rename=renamed)))
    assert body(sent)["query"]["terms"] == [{"id": "HP:0001250"}]


@pytest.mark.parametrize(
    "one",
    [
        replace(TERM, scope="biosample"),
        replace(TERM, include_descendants=False),
        replace(TERM, similarity="low"),
        Filter("a,b"),
        Filter("name", "=", "a,b"),
        Filter("odd>id"),
    ],
)
def test_what_an_address_cannot_say_is_not_asked_there(one):
    assert refused(v2.plan(asking(one), member("v2", method="GET"))) == "filter"
    assert asked(v2.plan(asking(one), member("v2")))


@pytest.mark.parametrize(
    ("one", "is_asked"),
    [
        (TERM, True),
        (Filter("HP_0001250"), True),
        (Filter("HP:0009999"), True),
        (Filter("hp:0009999"), True),
        (Filter("HP_0009999"), True),
        (Filter("HP:0009999", include_descendants=False), False),
        (replace(TERM, include_descendants=False), True),
        (Filter("hp:0001250", include_descendants=False), False),
        (Filter("MONDO:0001"), False),
        (AGE, True),
        (Filter("Age", ">", "P1Y"), False),
        (Filter("HP:0009999", "=", "x"), False),
        (Filter("local_code"), True),
        (Filter("local"), False),
        (Filter("other_code"), False),
    ],
)
def test_a_member_is_asked_by_filters_it_may_know(one, is_asked):
    decision = v2.plan(asking(one), LISTING)
    if is_asked:
        assert asked(decision)
    else:
        assert refused(decision) == "filter"
        assert str(one) in decision.message


def test_every_filter_the_member_cannot_know_is_named():
    decision = v2.plan(asking(Filter("MONDO:1"), TERM, Filter("weight", ">", "3")), LISTING)
    assert refused(decision) == "filter"
    assert "MONDO:1, weight:>3" in decision.message
    assert "HP:0001250" not in decision.message


def test_a_listed_term_is_sent_in_the_members_own_spelling():
    sent = one_request(v2.plan(asking(Filter("HP_0001250")), LISTING))
    assert body(sent)["query"]["filters"] == [{"id": "HP:0001250"}]


def test_a_member_that_lists_no_filters_takes_none_and_one_that_tells_nothing_may():
    none = member("v2", capabilities={"filtering_terms": ()})
    assert refused(v2.plan(asking(TERM), none)) == "filter"
    assert asked(v2.plan(asking(TERM), member("v2")))
    assert refused(v2.plan(asking(TERM), member("v2", drop=("filters",)))) == "filter"


@pytest.mark.parametrize(
    ("filters", "is_warned"),
    [
        ((TERM, AGE), False),
        ((TERM, Filter("HP:0000118")), True),
        ((AGE, Filter("age", "<", "P80Y")), True),
        ((AGE, Filter("age", "<", "P80Y", scope="biosample")), False),
        ((TERM,), False),
    ],
)
def test_filters_on_one_field_come_with_a_warning(filters, is_warned):
    assert (SAME_FIELD in asked(v2.plan(asking(*filters), member("v2"))).warnings) is is_warned


def test_without_filters_the_method_stays_what_it_was():
    assert one_request(v2.plan(asking(), member("v2"))).method == "GET"
