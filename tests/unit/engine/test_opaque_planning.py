"""A group is planned as one, and each beacon inside in its own words; nobody is singled out."""

from datetime import UTC, datetime

import pytest

from aggregator.engine.planner import Selection, Together, plan_all
from aggregator.model.outcome import NotAskedCode
from aggregator.model.query import Granularity, Pagination
from registry.models import Group
from registry.snapshot import Snapshot
from tests.builders import member, query

NORTH = Group(id="north", name="The North", opaque=True)
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def hidden(member_id, **more):
    return member(member_id, **{"groups": ["north"], **more})


def planned(question, *members, selection=None):
    made = Snapshot().with_members(members or (member("a"), hidden("x"), hidden("y")), [NORTH])
    plans = plan_all(question, made, selection=selection or Selection(), now=lambda: NOW)
    return {plan.member.id: plan for plan in plans}


def code(plan):
    return None if isinstance(plan.decision, Together) else plan.decision.code


def test_a_group_is_one_plan_at_its_place():
    assert list(planned(query())) == ["a", "north"]


def test_each_inside_is_planned_in_its_own_words():
    plans = planned(query(), hidden("x"), hidden("y", protocol="v1"))["north"].decision.plans
    urls = [plan.decision.parts[0].request.url for plan in plans]
    assert urls[0].startswith("https://x.example.org/g_variants?")
    assert urls[1].startswith("https://y.example.org/query")


@pytest.mark.parametrize(
    ("granularity", "sent"), [("record", "count"), ("count", "count"), ("boolean", "boolean")]
)
def test_nobody_inside_is_asked_for_records(granularity, sent):
    plan = planned(query(granularity=granularity))["north"]
    assert plan.query.granularity is Granularity(sent)
    for one in plan.decision.plans:
        assert f"requestedGranularity={sent}" in one.decision.parts[0].request.url


def test_a_further_page_is_the_same_answer_again():
    plan = planned(query(granularity="record", pagination=Pagination(skip=3, limit=5)))["north"]
    assert plan.query.pagination == Pagination()
    assert isinstance(plan.decision, Together)


@pytest.mark.parametrize(
    ("record_id", "expected"),
    [
        ("p1", NotAskedCode.OPAQUE),
        ("north~p1", NotAskedCode.OPAQUE),
        ("x~p1", NotAskedCode.OPAQUE),
        ("a~p1", NotAskedCode.NOT_SELECTED),
    ],
)
def test_a_group_is_not_asked_about_one_record(record_id, expected):
    question = query(entry_type="individual", record_id=record_id)
    assert code(planned(question)["north"]) is expected


def test_who_asks_for_a_record_of_a_hidden_member_by_its_name_learns_nothing():
    question = query(entry_type="individual", record_id="x~p1")
    named = planned(question)["a"].decision.parts[0].request.url
    other = query(entry_type="individual", record_id="nobody~p1")
    assert named == planned(other)["a"].decision.parts[0].request.url.replace("nobody", "x")


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (("set",), NotAskedCode.OPAQUE),
        (("inner",), NotAskedCode.OPAQUE),
        (("x:inner",), NotAskedCode.OPAQUE),
        (("north:inner",), NotAskedCode.OPAQUE),
        (("a:set",), NotAskedCode.DATASET),
        (("known",), NotAskedCode.DATASET),
        (("known", "set"), NotAskedCode.OPAQUE),
        (("north:known",), NotAskedCode.OPAQUE),
        (("north",), None),
        (("north:GRCh38",), None),
        (("a:set", "north:GRCh37"), None),
    ],
)
def test_a_group_is_not_asked_about_single_data_sets(names, expected):
    members = (
        member("a", data_sets={"known": "GRCh38"}),
        hidden("x", data_sets={"inner": "GRCh38"}),
        hidden("y"),
    )
    plan = planned(query(dataset_ids=names), *members)["north"]
    assert code(plan) is expected
    if expected is None:
        assert plan.query.dataset_ids == ()


@pytest.mark.parametrize(("name", "expected"), [("known", "dataset"), ("inner", "opaque")])
def test_nor_about_a_data_set_in_the_path(name, expected):
    members = (
        member("a", data_sets={"known": "GRCh38"}),
        hidden("x", data_sets={"inner": "GRCh38"}),
        hidden("y"),
    )
    question = query(within="dataset", record_id=name)
    assert code(planned(question, *members)["north"]) == expected


def test_a_group_that_was_not_chosen_is_not_asked():
    chosen = Selection(members=frozenset({"a"}))
    assert code(planned(query(), selection=chosen)["north"]) is NotAskedCode.NOT_SELECTED


@pytest.mark.parametrize(
    "chosen", [Selection(group="north"), Selection(members=frozenset({"north"}))]
)
def test_a_group_is_chosen_by_its_name(chosen):
    plans = planned(query(), selection=chosen)
    assert code(plans["north"]) is None
    assert code(plans["a"]) is NotAskedCode.NOT_SELECTED


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ({}, NotAskedCode.OPAQUE),
        ({"entry_type": "individual", "record_id": "a~p1"}, NotAskedCode.NOT_SELECTED),
        ({"dataset_ids": ("known",)}, NotAskedCode.DATASET),
        ({"dataset_ids": ("other",)}, NotAskedCode.OPAQUE),
    ],
)
def test_a_group_partly_chosen_is_not_asked(question, expected):
    members = (
        member("a", groups=["eu"], data_sets={"known": "GRCh38"}),
        hidden("x", groups=["eu", "north"]),
        hidden("y"),
    )
    plans = planned(query(**question), *members, selection=Selection(group="eu"))
    assert code(plans["north"]) is expected


def test_a_hidden_member_cannot_be_chosen():
    made = Snapshot().with_members([member("a"), hidden("x", groups=["eu", "north"])], [NORTH])
    assert Selection(members=frozenset({"x"})).problems(made)
    assert Selection(group="eu").problems(made)
    assert Selection(group="north").problems(made) == []
