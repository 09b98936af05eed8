"""The filtering terms of the members as one list, and who takes which."""

from dataclasses import replace
from typing import Any

import pytest

from aggregator.model.query import Pagination
from aggregator.protocol import network_terms
from aggregator.protocol.network_terms import (
    JoinedTerms,
    TermIndex,
    holders_of,
    join_terms,
    kind_of,
)
from aggregator.protocol.requests_terms import read_terms_request
from registry.capabilities import FilteringResource, FilteringTerm
from registry.models import Dialect
from registry.snapshot import RegisteredMember
from tests.builders import member


def takes(member_id: str, *terms: FilteringTerm | str, **more: Any) -> RegisteredMember:
    told = tuple(FilteringTerm(id=t, type="ontology") if isinstance(t, str) else t for t in terms)
    capabilities = {"filtering_terms": told, **more.pop("capabilities", {})}
    return member(member_id, capabilities=capabilities, **more)


def ids(joined: JoinedTerms) -> list[str]:
    return [term["id"] for term in written(joined)]


def written(joined: JoinedTerms) -> tuple[dict[str, Any], ...]:
    return joined.page(Pagination(limit=0))


def term(term_id: str, **told: Any) -> FilteringTerm:
    return FilteringTerm(id=term_id, **told)


# --- the union ---


def test_terms_are_named_once_with_everybody_who_takes_them() -> None:
    joined = join_terms([takes("a", "HP:2", "HP:1"), takes("b", "HP:2", "HP:2"), takes("c")])
    assert [(one["id"], one["members"]) for one in written(joined)] == [
        ("HP:1", ["a"]),
        ("HP:2", ["a", "b"]),
    ]
    assert joined.members == ("a", "b", "c")


def test_what_members_say_of_a_term_is_joined() -> None:
    joined = join_terms(
        [
            takes("a", term("age", type="Age of a person", scopes=("run",))),
            takes("a2", term("age", values=("1", "2"))),
            takes("b", term("age", type="alphanumeric", label="Age", values=("2", "3"))),
            takes("c", term("age", label="Alter", scopes=("individual", "run"))),
        ]
    )
    assert written(joined) == (
        {
            "id": "age",
            "type": "alphanumeric",
            "label": "Age",
            "scopes": ["individual", "run"],
            "values": ["1", "2", "3"],
            "members": ["a", "a2", "b", "c"],
        },
    )


def test_what_nobody_says_is_left_out() -> None:
    (only,) = written(join_terms([takes("a", "HP:1")]))
    assert only == {"id": "HP:1", "type": "ontology", "members": ["a"]}


@pytest.mark.parametrize(
    ("told", "kind"),
    [
        (term("HP:1", type="ontology"), "ontology"),
        (term("HP:1", type="ontologyTerm"), "ontology"),
        (term("HP:1", type="Ontology_Term"), "ontology"),
        (term("HP:0001250", type="Human Phenotype Ontology"), "ontology"),
        (term("HP:0001250"), "ontology"),
        (term("age", type="Alphanumeric"), "alphanumeric"),
        (term("HP:1", type="alphanumeric"), "alphanumeric"),
        (term("sex", values=("f", "m")), "alphanumeric"),
        (term("mine", type="custom"), "custom"),
        (term("mine", type="something"), "custom"),
        (term("mine"), "custom"),
    ],
)
def test_the_kind_of_a_term_is_one_of_three(told: FilteringTerm, kind: str) -> None:
    assert kind_of(told) == kind


def test_who_does_not_tell_its_terms_is_named_and_who_takes_none_is_not() -> None:
    joined = join_terms(
        [
            takes("told", "HP:1"),
            member("silent"),
            member("unknown", protocol="auto"),
            member("old", protocol="v1"),
            takes("off", "HP:9", disabled=True),
        ]
    )
    assert ids(joined) == ["HP:1"]
    assert (joined.members, joined.not_known) == (("told",), ("silent", "unknown"))


def test_resources_are_joined_by_id() -> None:
    first = FilteringResource(id="HP", name="HPO", version="1")
    second = FilteringResource(id="hp", name="other", url="https://hp.org", iri_prefix="https://p")
    joined = join_terms(
        [
            takes("a", capabilities={"filtering_resources": (first,)}),
            takes("b", capabilities={"filtering_resources": (second, FilteringResource(id="efo"))}),
        ]
    )
    assert joined.resources == (
        {"id": "efo"},
        {
            **{"id": "HP", "name": "HPO", "version": "1"},
            **{"url": "https://hp.org", "iriPrefix": "https://p"},
        },
    )


# --- of one entry type ---


def test_terms_of_an_entry_type_are_those_in_its_scope_and_those_without() -> None:
    members = [
        takes("a", term("x", scopes=("run",)), term("y", scopes=("individual", "run")), "z"),
        takes("b", term("x", scopes=("individual",))),
    ]
    joined = join_terms(members, entry_type="individual")
    assert [(one["id"], one["members"]) for one in written(joined)] == [
        ("x", ["b"]),
        ("y", ["a"]),
        ("z", ["a"]),
    ]


def test_who_does_not_offer_the_entry_type_has_no_terms_for_it() -> None:
    members = [
        takes("a", "x", capabilities={"entry_types": ("run",)}),
        member("silent", capabilities={"entry_types": ("run",)}),
        takes("b", "y"),
    ]
    joined = join_terms(members, entry_type="individual")
    assert (ids(joined), joined.members, joined.not_known) == (["y"], ("b",), ())


# --- shared by all ---


def test_terms_shared_by_all_are_those_of_every_member_that_tells_its_terms() -> None:
    members = [takes("a", "x", "y"), takes("b", "y", "z"), member("silent"), member("off2")]
    joined = join_terms(members, shared_by_all=True)
    assert ids(joined) == ["y"]
    assert joined.not_known == ("silent", "off2")


def test_nothing_is_shared_with_a_member_that_takes_no_filters() -> None:
    assert ids(join_terms([takes("a", "x"), takes("b")], shared_by_all=True)) == []


def test_a_term_out_of_scope_at_one_member_is_not_shared() -> None:
    members = [takes("a", term("x", scopes=("run",))), takes("b", "x")]
    assert ids(join_terms(members, shared_by_all=True)) == ["x"]
    assert ids(join_terms(members, entry_type="individual", shared_by_all=True)) == []


# --- of one data set ---


def listing(member_id: str, *data_sets: str) -> RegisteredMember:
    return member(member_id, data_sets=dict.fromkeys(data_sets))


@pytest.mark.parametrize(
    ("record_id", "holders"),
    [
        ("x", ["a"]),
        ("y", ["a", "b"]),
        ("nobodys", ["silent"]),
        ("a~x", ["a"]),
        ("a~nobodys", ["a"]),
        ("silent~anything", ["silent"]),
        ("c~x", ["silent"]),
        ("old~x", []),
    ],
)
def test_a_data_set_belongs_to_those_that_list_it(record_id: str, holders: list[str]) -> None:
    members = [
        *(listing("a", "x", "y"), listing("b", "y"), listing("silent")),
        member("old", protocol="v1", data_sets={"x": None}),
    ]
    assert [one.id for one in holders_of(members, "dataset", record_id)] == holders


def test_a_cohort_may_belong_to_everybody_who_may_have_cohorts() -> None:
    members = [
        listing("a", "x"),
        member("b", capabilities={"entry_types": ("dataset",)}),
        member("c", capabilities={"entry_types": ("cohort",)}),
    ]
    assert [one.id for one in holders_of(members, "cohort", "x")] == ["a", "c"]
    assert [one.id for one in holders_of(members, "cohort", "c~x")] == ["c"]


# --- pages ---


@pytest.mark.parametrize(
    ("skip", "limit", "page"),
    [(0, 10, "abcde"), (0, 2, "ab"), (2, 2, "e"), (3, 2, ""), (0, 0, "abcde"), (1, 0, "")],
)
def test_pages_walk_through_all_terms_once(skip: int, limit: int, page: str) -> None:
    joined = join_terms([takes("one", *"abcde")])
    assert "".join(one["id"] for one in joined.page(Pagination(skip, limit))) == page


@pytest.mark.parametrize(
    ("skip", "limit", "page"),
    [(0, 0, "abc"), (1, 0, "de"), (2, 0, ""), (0, 4, "abc"), (1, 99, "de"), (1, 2, "cd")],
)
def test_no_page_has_more_terms_than_can_be_sent_at_once(
    monkeypatch: pytest.MonkeyPatch, skip: int, limit: int, page: str
) -> None:
    monkeypatch.setattr(network_terms, "MAX_LISTED", 3)
    joined = join_terms([takes("one", *"abcde")])
    assert "".join(one["id"] for one in joined.page(Pagination(skip, limit))) == page
    assert joined.total == 5


def test_many_terms_are_sorted_in_small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network_terms, "SORTED_AT_ONCE", 3)
    joined = join_terms([takes("a", *"gcaeb"), takes("b", *"bdafc"), takes("c", *"hgb")])
    assert ids(joined) == [*"abcdefgh"]
    by_id = {one["id"]: one["members"] for one in written(joined)}
    assert (by_id["a"], by_id["b"], by_id["f"]) == (["a", "b"], ["a", "b", "c"], ["b"])


def test_lists_of_some_members_are_picked_from_the_terms_of_all() -> None:
    a, b, c = takes("a", "x", "y"), takes("b", "x", "z"), takes("c")
    index = TermIndex([a, b, c])
    assert ids(join_terms([b], index=index)) == ["x", "z"]
    assert [one["members"] for one in written(join_terms([b], index=index))] == [["b"], ["b"]]
    assert ids(join_terms([a, b], shared_by_all=True, index=index)) == ["x"]


def test_an_index_is_of_members_that_list_the_same() -> None:
    a, b = takes("a", "x"), takes("b", "y")
    index = TermIndex([a, b])
    assert index.is_of([a, replace(b, learned=Dialect(assembly="ucsc"))])
    assert not index.is_of([a])
    assert not index.is_of([b, a])
    assert not index.is_of([a, takes("b", "z")])


def test_without_a_page_asked_for_it_is_the_first_ten() -> None:
    asked = read_terms_request({})
    assert asked.pagination == Pagination(0, 10)
    assert (asked.shared_by_all, asked.problems, asked.warnings) == (False, (), ())


def test_pages_and_members_are_read() -> None:
    asked = read_terms_request({"skip": "2", "limit": 0, "members": "ALL"})
    assert (asked.pagination, asked.shared_by_all) == (Pagination(2, 0), True)
    assert not read_terms_request({"members": "any"}).shared_by_all


def test_every_problem_is_named_at_once() -> None:
    asked = read_terms_request({"skip": "-1", "limit": "ten", "members": "some"})
    assert [one.partition(":")[0] for one in asked.problems] == ["limit", "skip", "members"]


def test_what_has_no_effect_is_said() -> None:
    asked = read_terms_request({"ask": "one", "wait": "3", "colour": "red", "meta": {}})
    assert asked.warnings == (
        "unknown parameters were ignored: colour",
        "nobody is asked, so these have no effect: ask, wait",
    )
