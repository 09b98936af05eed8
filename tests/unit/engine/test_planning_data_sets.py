"""Questions below a data set are put to whoever is known to hold it."""

from datetime import UTC, datetime

import pytest

from aggregator.engine.planner import Plan, Selection, plan_all
from aggregator.model.outcome import MISSING_IF_NOT_ASKED, NotAskedCode
from aggregator.model.query import Query
from aggregator.protocol.wire import Ask, NotAsked
from tests.builders import SNV, member, snapshot, variant

BELOW = Query(entry_type="individual", within="dataset", record_id="x")
ITSELF = Query(entry_type="dataset", record_id="x")
FLAT = {"endpoints": {"individual": "/individuals", "dataset": "/datasets"}}


def plans(asked: Query, *members) -> dict[str, Plan]:
    now = datetime(2026, 6, 1, tzinfo=UTC)
    made = plan_all(asked, snapshot(*members), selection=Selection(), now=lambda: now)
    return {one.member.id: one for one in made}


def holder(**more):
    return member("holder", data_sets={"x": None, "y": None}, **more)


def code(plan: Plan) -> NotAskedCode:
    assert isinstance(plan.decision, NotAsked), plan.decision
    return plan.decision.code


def path(plan: Plan) -> str:
    assert isinstance(plan.decision, Ask), plan.decision
    (part,) = plan.decision.parts
    return part.request.url.partition("example.org")[2]


def test_an_allele_that_is_the_reference_is_a_reason_of_its_own_also_below_a_data_set():
    leiden = {"assembly": "GRCh37", "chromosome": "1", "start": (169519048,)}
    f5 = variant({**leiden, "reference": "C", "alternate": "T"}, lambda *where: "T")
    asked = Query(variant=f5, within="dataset", record_id="x")
    made = plans(asked, holder())
    assert code(made["holder"]) is NotAskedCode.REFERENCE_ALLELE


@pytest.mark.parametrize("asked", [BELOW, ITSELF])
def test_members_known_not_to_hold_it_are_not_asked(asked):
    made = plans(asked, holder(), member("other", data_sets={"z": None}), "silent")
    assert path(made["holder"]).startswith("/datasets/x")
    assert code(made["other"]) is NotAskedCode.DATASET
    assert path(made["silent"]).startswith("/datasets/x")


@pytest.mark.parametrize("asked", [BELOW, ITSELF])
def test_where_nobody_is_known_to_hold_it_everybody_is_asked(asked):
    made = plans(asked, member("a", data_sets={"y": None}), "b")
    assert all(path(one).startswith("/datasets/x") for one in made.values())


def test_an_id_of_another_entry_type_is_no_data_set():
    made = plans(
        Query(entry_type="individual", record_id="x"), holder(), member("b", data_sets={"z": None})
    )
    assert all(path(one).startswith("/individuals/x") for one in made.values())


@pytest.mark.parametrize("record_id", ["x", "holder~x"])
def test_a_holder_without_the_nested_path_is_asked_the_equal_question(record_id):
    asked = Query(entry_type="individual", within="dataset", record_id=record_id)
    plan = plans(asked, holder(capabilities=FLAT), "b")["holder"]
    assert plan.query == Query(entry_type="individual", dataset_ids=("x",))
    assert path(plan).startswith("/individuals?")
    assert "datasets=x" in path(plan)


def test_a_holder_of_version_1_is_asked_about_variants_of_its_data_set():
    asked = Query(variant=variant(SNV), within="dataset", record_id="x")
    plan = plans(asked, holder(protocol="v1"))["holder"]
    assert plan.query.dataset_ids == ("x",)
    assert isinstance(plan.decision, Ask)
    assert b'"datasetIds":["x"]' in plan.decision.parts[0].request.body


@pytest.mark.parametrize(
    ("asked", "how"),
    [
        (BELOW, {"capabilities": {"endpoints": {"biosample": "/biosamples"}}}),
        (BELOW, {"capabilities": FLAT, "dialect": {"drop": ["datasets"]}}),
        (BELOW, {"protocol": "v1"}),
        (ITSELF, {"protocol": "v1"}),
    ],
)
def test_the_no_of_a_holder_that_cannot_be_asked_is_missing(asked, how):
    plan = plans(asked, holder(**how), "b")["holder"]
    assert code(plan) is NotAskedCode.HOLDER
    assert NotAskedCode.HOLDER in MISSING_IF_NOT_ASKED
    assert plan.decision.message.startswith("holds this data set, but cannot be asked about it: ")


def test_a_member_that_lists_no_data_sets_and_lacks_the_path_could_not_have_known():
    made = plans(BELOW, member("a", capabilities=FLAT))
    assert code(made["a"]) is NotAskedCode.ENTRY_TYPE


def test_a_member_named_with_the_data_set_is_asked_for_it_whatever_it_lists():
    asked = Query(entry_type="individual", within="dataset", record_id="a~x")
    made = plans(asked, member("a", capabilities=FLAT), holder())
    assert made["a"].query.dataset_ids == ("x",)
    assert path(made["a"]).startswith("/individuals?")
    assert code(made["holder"]) is NotAskedCode.NOT_SELECTED
