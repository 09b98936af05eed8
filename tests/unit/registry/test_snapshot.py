"""The registry as questions see it: joined, immutable, and with revisions that tell changes."""

from datetime import UTC, datetime

import pytest

from aggregator.model.genome import Assembly
from registry.capabilities import Capabilities, DataSet
from registry.models import Dialect, Protocol
from registry.snapshot import RegisteredMember, Snapshot, SnapshotHolder
from tests.builders import member, snapshot

SET = {"data_sets": (DataSet(id="a", assembly="hg19"),)}


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param(member(url="https://two.example.org"), id="address"),
        pytest.param(member(protocol="v1"), id="protocol"),
        pytest.param(member(dialect={"method": "POST"}), id="declared dialect"),
        pytest.param(member(learned=Dialect(method="POST")), id="learned dialect"),
        pytest.param(member(assemblies=["GRCh37"]), id="declared assemblies"),
        pytest.param(member(token="passthrough"), id="token"),
        pytest.param(member(data_sets={"a": "GRCh37"}), id="data sets"),
        pytest.param(member(capabilities={"entry_types": ("cohort",)}), id="entry types"),
        pytest.param(member(capabilities={"query_url": "https://x.org/q"}), id="query address"),
        pytest.param(member(capabilities={"count_unit": "alleles"}), id="unit"),
        pytest.param(member(capabilities={"api_version": "v2.1"}), id="version"),
        pytest.param(member("two", url="https://one.example.org"), id="id"),
    ],
)
def test_what_changes_how_a_member_is_asked_changes_its_revision(changed):
    assert changed.revision != member().revision


@pytest.mark.parametrize(
    "unchanged",
    [
        pytest.param(member(), id="the same"),
        pytest.param(
            member(capabilities={"fetched_at": datetime(2026, 1, 1, tzinfo=UTC)}), id="looked at"
        ),
        pytest.param(member(capabilities={"problems": ("has moved",)}), id="problems"),
    ],
)
def test_looking_again_at_the_same_member_keeps_its_revision(unchanged):
    assert unchanged.revision == member().revision


def test_a_spelling_of_the_assembly_changes_the_revision():
    assert member(data_sets={"a": "hg19"}).revision != member(data_sets={"a": "GRCh37"}).revision


# --- a member, joined ---


def test_a_declared_protocol_wins_over_the_one_found():
    assert member(protocol="v1", capabilities={"protocol": "v2"}).protocol is Protocol.V1


def test_the_protocol_found_stands_in_for_auto():
    assert member(protocol="auto", capabilities={"protocol": "v1"}).protocol is Protocol.V1


def test_a_protocol_nobody_knows_is_none():
    assert member(protocol="auto").protocol is None


def test_a_declared_dialect_wins_over_what_was_learned():
    both = member(dialect={"method": "GET"}, learned=Dialect(method="POST", start="list"))
    assert both.dialect == Dialect(method="GET", start="list")


def test_declared_assemblies_win_over_those_of_data_sets():
    both = member(assemblies=["GRCh38"], data_sets={"a": "GRCh37"})
    assert both.assemblies == (Assembly.GRCH38,)


def test_assemblies_of_data_sets_are_known_once_each():
    sets = {"a": "hg19", "b": "GRCh38", "c": "GRCh37"}
    assert member(data_sets=sets).assemblies == (Assembly.GRCH37, Assembly.GRCH38)


@pytest.mark.parametrize("untold", [None, "mm10", "GRCh38 (mixed)"])
def test_one_data_set_of_unknown_assembly_leaves_the_members_unknown(untold):
    assert member(data_sets={"a": "GRCh37", "b": untold}).assemblies == ()


def test_without_declaration_or_data_sets_the_assemblies_are_not_known():
    assert member(data_sets={"a": None}).assemblies == ()


def test_an_assembly_is_spelled_as_the_first_data_set_spells_it():
    sets = {"a": "hg19", "b": "GRCh37"}
    assert member(data_sets=sets).assembly_spellings == {Assembly.GRCH37: "hg19"}


def test_a_member_is_shown_by_its_declared_name_first():
    named = {"capabilities": {"name": "Own Name"}}
    assert member(name="Declared", **named).name == "Declared"
    assert member(**named).name == "Own Name"
    assert member().name == "one"


# --- snapshots ---


def test_members_keep_their_order_and_are_found_by_id():
    made = snapshot("b", "a")
    assert [one.id for one in made.members] == ["b", "a"]
    assert made.by_id["a"] is made.members[1]


def test_the_groups_of_all_members_are_known():
    made = snapshot(member("a", groups=["x", "y"]), member("b", groups=["y"]), "c")
    assert made.groups == {"x", "y"}


def test_publishing_raises_the_revision():
    holder = SnapshotHolder()
    assert holder.current == Snapshot(0, ())
    assert holder.publish([member()]).revision == 1
    assert holder.publish([member()]).revision == 2


def test_a_running_question_keeps_its_snapshot():
    holder = SnapshotHolder(snapshot("a"))
    kept = holder.current
    holder.publish([member("b")])
    assert [one.id for one in kept.members] == ["a"]
    assert [one.id for one in holder.current.members] == ["b"]


def test_a_member_just_declared_knows_nothing():
    declared = RegisteredMember(member().entry)
    assert (declared.capabilities, declared.learned) == (Capabilities(), Dialect())


# --- the dialect and where it comes from ---


def test_the_operator_wins_over_what_was_learned_and_that_over_the_software():
    joined = member(
        capabilities={
            "software_dialect": Dialect(method="POST", parameters="nested", start="list")
        },
        learned=Dialect(parameters="flat", start="scalar"),
        dialect={"start": "list"},
    )
    assert joined.dialect == Dialect(method="POST", parameters="flat", start="list")
    assert joined.dialect_sources == {
        "method": "software",
        "parameters": "learned",
        "start": "operator",
    }


def test_members_with_addresses_of_their_own_are_planned_one_by_one():
    below = member(capabilities={"endpoints": {"run": "/runs"}})
    beside = member(capabilities={"endpoints": {"run": "https://one.example.org/v2/runs"}})
    assert below.planning_key is not None
    assert beside.planning_key is None


def test_what_does_not_decide_how_a_member_is_asked_changes_no_revision():
    one = member(capabilities={"problems": ("a",), "missing": ("map",), "updated_at": "1"})
    other = member(capabilities={"problems": ("b",), "updated_at": "2"})
    assert one.revision == other.revision
    assert one.revision != member(capabilities={"endpoints": {"run": "/runs"}}).revision
