"""Whom to ask, and what; whoever is not asked has a reason."""

from datetime import UTC, datetime

import pytest

from aggregator.engine.planner import Plan, Selection, plan_all
from aggregator.model.outcome import NotAskedCode
from aggregator.model.query import Query
from aggregator.protocol.wire import Ask, NotAsked
from registry.snapshot import RegisteredMember
from tests.builders import F508DEL, SNV, member, query, snapshot, variant

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def plans(asked, *members, selection=None) -> tuple[Plan, ...]:
    return plan_all(asked, snapshot(*members), selection=selection or Selection(), now=lambda: NOW)


def plan(asked=None, *, selection=None, others=(), **entry) -> Plan:
    return plans(asked or query(), member(**entry), *others, selection=selection)[0]


def refused(made: Plan) -> NotAskedCode:
    assert isinstance(made.decision, NotAsked), made.decision
    assert made.decision.message
    return made.decision.code


def words(made: Plan) -> str:
    assert isinstance(made.decision, NotAsked)
    return made.decision.message


def test_every_member_is_planned_in_registry_order():
    made = plans(query(), "b", member("a", disabled=True), "c")
    assert [one.member.id for one in made] == ["b", "a", "c"]


class Unworkable(RegisteredMember):
    """A member of which something told cannot be worked with."""

    @property
    def planning_key(self) -> str:
        raise ValueError("too deep")


def test_a_member_that_cannot_be_compared_is_planned_alone_and_harms_no_other():
    odd = Unworkable(member("odd").entry)
    made = plan_all(query(), snapshot("a", odd), selection=Selection(), now=lambda: NOW)
    assert [isinstance(one.decision, Ask) for one in made] == [True, True]


def test_a_member_that_can_be_asked_is_asked():
    assert isinstance(plan().decision, Ask)


def test_a_member_of_unknown_protocol_is_asked():
    assert isinstance(plan(protocol="auto").decision, Ask)


def test_a_member_is_asked_in_its_protocol():
    made = plan(protocol="v1").decision
    assert isinstance(made, Ask)
    assert made.parts[0].request.url == "https://one.example.org/query"


def test_what_its_protocol_cannot_say_is_not_asked():
    assert refused(plan(query({"gene": "BRCA1"}), protocol="v1")) is NotAskedCode.QUERY_KIND


def test_a_member_of_another_assembly_is_not_asked():
    assert refused(plan(assemblies=["GRCh37"])) is NotAskedCode.ASSEMBLY


def test_a_member_is_not_asked_for_what_its_reference_has():
    leiden = {"assembly": "GRCh37", "chromosome": "1", "start": (169519048,)}
    fields = {**leiden, "reference": "C", "alternate": "T"}
    asked = Query(variant=variant(fields, lambda *where: "T"))
    assert refused(plan(asked)) is NotAskedCode.REFERENCE_ALLELE


# --- the client's choice ---


def test_members_that_were_not_named_are_not_asked():
    made = plans(query(), "a", "b", selection=Selection(members=frozenset({"b"})))
    assert refused(made[0]) is NotAskedCode.NOT_SELECTED
    assert isinstance(made[1].decision, Ask)


def test_members_of_other_groups_are_not_asked():
    made = plans(query(), member("a", groups=["x"]), "b", selection=Selection(group="x"))
    assert isinstance(made[0].decision, Ask)
    assert refused(made[1]) is NotAskedCode.NOT_SELECTED


def test_a_named_member_must_also_be_of_the_group():
    selection = Selection(members=frozenset({"a"}), group="x")
    assert not selection.takes(member("a"))
    assert selection.takes(member("a", groups=["x"]))


def test_an_unknown_member_is_named():
    selection = Selection(members=frozenset({"z", "a", "y"}))
    assert selection.problems(snapshot("a")) == ["ask: no member of this network is called y, z"]


def test_an_unknown_group_is_named():
    assert Selection(group="moon").problems(snapshot("a")) == [
        "group: no member of this network is in a group “moon”"
    ]


def test_a_known_choice_is_no_problem():
    selection = Selection(members=frozenset({"a"}), group="x")
    assert selection.problems(snapshot(member("a", groups=["x"]))) == []


# --- the operator's choice ---


def test_a_member_switched_off_is_not_asked():
    assert refused(plan(disabled=True)) is NotAskedCode.DISABLED


def test_a_paused_member_is_not_asked_and_says_why():
    made = plan(paused={"until": "2026-12-01", "note": "moving servers"})
    assert refused(made) is NotAskedCode.PAUSED
    assert words(made) == "paused until 2026-12-01: moving servers"


def test_a_pause_without_an_end_says_only_that():
    assert words(plan(paused={})) == "paused"


def test_a_pause_that_is_over_is_none():
    assert isinstance(plan(paused={"until": "2026-06-01"}).decision, Ask)


def test_not_selected_is_said_before_anything_else():
    made = plan(disabled=True, selection=Selection(members=frozenset()))
    assert refused(made) is NotAskedCode.NOT_SELECTED


# --- data sets ---

SETS = {"x": None, "y": None}


def of(*data_sets):
    return query(SNV, dataset_ids=data_sets)


def asked_for(made: Plan) -> tuple[str, ...]:
    assert isinstance(made.decision, Ask), made.decision
    return made.query.dataset_ids


def test_a_data_set_with_its_members_name_is_asked_there():
    assert asked_for(plan(of("one:x"), data_sets=SETS)) == ("x",)


def test_a_data_set_of_another_member_is_not_asked_here():
    made = plan(of("two:x"), data_sets=SETS, others=("two",))
    assert refused(made) is NotAskedCode.DATASET


def test_a_bare_data_set_is_asked_of_members_that_have_it():
    assert asked_for(plan(of("x"), data_sets=SETS)) == ("x",)


def test_a_bare_data_set_is_not_asked_of_members_known_not_to_have_it():
    assert refused(plan(of("z"), data_sets=SETS)) is NotAskedCode.DATASET


def test_a_bare_data_set_is_asked_of_members_that_told_none():
    assert asked_for(plan(of("z"))) == ("z",)


def test_only_a_members_own_data_sets_are_named_to_it():
    made = plan(of("one:x", "two:y", "z"), data_sets=SETS, others=("two",))
    assert asked_for(made) == ("x",)


def test_a_data_set_with_a_colon_in_its_name_is_a_bare_one():
    assert asked_for(plan(of("urn:x"), data_sets={"urn:x": None})) == ("urn:x",)


@pytest.mark.parametrize("name", ["one", "one:GRCh37"])
def test_a_member_named_as_a_data_set_is_asked_as_a_whole(name):
    assert asked_for(plan(of(name))) == ()


def test_without_data_sets_the_question_stays_as_it_is():
    asked = query(F508DEL)
    assert plan(asked).query is asked


# --- members planned together ---


@pytest.mark.parametrize(
    "other",
    [
        pytest.param({}, id="alike"),
        pytest.param({"protocol": "v1"}, id="protocol"),
        pytest.param({"dialect": {"method": "POST"}}, id="dialect"),
        pytest.param({"dialect": {"paths": {"query": "q"}}}, id="path"),
        pytest.param({"dialect": {"indels": "both"}}, id="indels"),
        pytest.param({"assemblies": ["GRCh37"]}, id="assembly"),
        pytest.param({"data_sets": {"x": "hg38"}}, id="spelling of the assembly"),
        pytest.param({"capabilities": {"query_url": "https://q.org/q"}}, id="query address"),
        pytest.param({"capabilities": {"entry_types": ("cohort",)}}, id="entry types"),
        pytest.param({"capabilities": {"api_version": "v1.1"}}, id="version"),
    ],
)
@pytest.mark.parametrize("first", [{}, {"protocol": "v1"}])
@pytest.mark.parametrize("asked", [query(SNV), query(F508DEL, dataset_ids=("x",))])
def test_planning_many_members_is_planning_each(first, other, asked):
    alone = plans(asked, member("b", **other))[0].decision
    assert plans(asked, member("a", **first), member("b", **other))[1].decision == alone


def test_members_that_are_asked_alike_are_asked_at_their_own_address():
    made = plans(query(F508DEL), member("a"), member("b", url="https://b.example.org/api"))
    urls = [one.decision.parts[0].request.url.partition("/g_variants")[0] for one in made]
    assert urls == ["https://a.example.org", "https://b.example.org/api"]


# --- records ---


def planned(record_id, *members, **more):
    asked = Query(entry_type="individual", record_id=record_id, **more)
    return {one.member.id: one for one in plans(asked, *members)}


def test_a_bare_id_is_asked_of_everybody():
    found = planned("I~1", member("a"), member("b"))
    assert [one.query.record_id for one in found.values()] == ["I~1", "I~1"]
    assert all(isinstance(one.decision, Ask) for one in found.values())


def test_an_id_with_its_members_name_is_asked_there_alone():
    found = planned("b~I~1", member("a"), member("b"), member("c", paused={}))
    assert found["b"].decision.parts[0].request.url.startswith("https://b.example.org/individuals/")
    assert found["b"].query.record_id == "I~1"
    for other in (found["a"], found["c"]):
        assert other.decision.code is NotAskedCode.NOT_SELECTED
        assert other.decision.message == "this id belongs to b"


def test_members_with_one_map_are_asked_below_their_own_address():
    told = {"endpoints": {"individual/{id}": "/people/{id}"}}
    found = planned("x", member("a", capabilities=told), member("b", capabilities=told))
    urls = [one.decision.parts[0].request.url.partition("?")[0] for one in found.values()]
    assert urls == ["https://a.example.org/people/x", "https://b.example.org/people/x"]


def test_an_absolute_address_in_a_map_is_nobody_elses():
    told = {"endpoints": {"individual/{id}": "https://h.example.org/a/people/{id}"}}
    first = member("a", url="https://h.example.org/a", capabilities=told)
    second = member("b", url="https://h.example.org/b", capabilities=told)
    for one in planned("x", first, second).values():
        url = one.decision.parts[0].request.url
        assert url.startswith("https://h.example.org/a/people/x?")
