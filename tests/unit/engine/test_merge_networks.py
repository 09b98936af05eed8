"""Members that are networks: what is missing inside them, and what is reached twice."""

from dataclasses import replace
from itertools import permutations
from typing import Any

import pytest

from aggregator.engine.merge import COUNT_NOTE, ONCE_NOTE, TWICE_NOTE
from aggregator.model.answer import Exists, Leaf, LeafEnding, ResultSet
from aggregator.model.merged import NetworkAnswer, Verdict
from aggregator.model.outcome import MemberOutcome
from aggregator.protocol.documents import result_sets
from aggregator.protocol.network_info import member_info
from tests.builders import SNV, answer, network_answer, outcome, query

COUNT = query(SNV, granularity="count")
RECORD = query(SNV, granularity="record")


def data_set(
    name: str, count: int | None = 1, *, leaf: str | None = None, exists: bool = True, **more: Any
) -> ResultSet:
    return ResultSet(id=name, exists=Exists.of(exists), count=count, beacon_id=leaf, **more)


def found(
    member_id: str,
    *sets: ResultSet,
    count: int | None = None,
    beacon_id: str | None = None,
    same_as: tuple[str, ...] = (),
    **more: Any,
) -> MemberOutcome:
    """Make a member that found it; its count is that of its sets unless told otherwise."""
    if count is None and sets and all(one.count is not None for one in sets):
        count = sum(one.count or 0 for one in sets)
    made = outcome(member_id, told=answer(True, count, result_sets=sets, **more))
    who = replace(made.member, beacon_id=beacon_id or f"org.{member_id}", same_as=same_as)
    return replace(made, member=who)


def merged(*given: MemberOutcome, asked: Any = COUNT) -> NetworkAnswer:
    return network_answer(given, asked)


def counted(*given: MemberOutcome) -> tuple[int, bool, str]:
    """Give the merged count, the same whatever the order of the members."""
    told = {
        (count.value, count.is_exact, count.note.removeprefix(COUNT_NOTE).removeprefix("; "))
        for order in permutations(given)
        if (count := merged(*order).count) is not None
    }
    (one,) = told
    return one


def marks(given: NetworkAnswer) -> dict[str, str]:
    """What is marked, as the document and the list of members have it."""
    written = {
        f"{outcome.member.id}:{one['id']}": one["duplicateOf"]
        for outcome in given.outcomes
        for one in member_info(outcome)["datasets"]
        if "duplicateOf" in one
    }
    in_sets = {
        f"{one['info']['memberId']}:{one['id']}": one["info"]["duplicateOf"]
        for one in result_sets(given)
        if "duplicateOf" in one["info"]
    }
    assert written == in_sets
    return written


# --- beacons missing inside ---


def test_a_yes_that_lacks_inner_beacons_leaves_the_answer_incomplete():
    answered = merged(found("net", is_partial=True))
    assert answered.verdict is Verdict.FOUND
    assert answered.is_complete is False
    assert [one.member.id for one in answered.missing] == ["net"]
    assert answered.warnings == (
        "the answers of 1 member lack beacons inside it: there may be more",
    )


def test_partial_silent_and_unasked_members_are_counted_apart():
    given = [found("net", is_partial=True), outcome("b", "timeout"), outcome("c", "paused")]
    assert merged(*given).warnings == (
        "1 member did not answer: a 'no' from it is missing",
        "1 member could not be asked though it may know: a 'no' from it is missing",
        "the answers of 1 member lack beacons inside it: there may be more",
    )


def test_members_that_answered_a_part_of_the_question_are_counted_apart():
    half = found("half", is_partial=True, lacks_part=True)
    given = [half, found("net", is_partial=True), outcome("c", "paused")]
    answered = merged(*given)
    assert answered.is_complete is False
    assert answered.warnings == (
        "1 member could not be asked though it may know: a 'no' from it is missing",
        "the answers of 1 member lack beacons inside it: there may be more",
        "1 member did not answer a part of the question: there may be more",
    )


@pytest.mark.parametrize("half", [False, True])
def test_a_partial_count_is_not_exact(half):
    assert counted(found("a", count=2), found("b", count=3))[:2] == (5, True)
    partial = found("b", count=3, is_partial=True, lacks_part=half)
    assert counted(found("a", count=2), partial)[:2] == (5, False)


def test_the_beacons_inside_are_shown_with_their_endings():
    leaves = (
        Leaf(beacon_id="org.x", ending=LeafEnding.FOUND, name="X"),
        Leaf(beacon_id="y", ending=LeafEnding.NO_ANSWER, reason="took too long", code="timeout"),
    )
    assert member_info(found("net", leaves=leaves))["beacons"] == [
        {"id": "org.x", "name": "X", "answer": "found", "reason": None},
        {
            "id": "y",
            "name": "y",
            "answer": "no_answer",
            "reason": {"code": "timeout", "message": "took too long"},
        },
    ]


def test_the_beacons_inside_a_network_without_a_usable_answer_are_shown_too():
    leaf = Leaf(beacon_id="y", ending=LeafEnding.NO_ANSWER, reason="HTTP 500")
    shown = member_info(outcome("net", "no_verdict", silent_leaves=(leaf,)))
    assert [one["id"] for one in shown["beacons"]] == ["y"]


def test_a_member_that_is_no_network_lists_no_beacons():
    assert "beacons" not in member_info(found("a"))


# --- reached twice: equal names ---


def test_a_data_set_reached_directly_and_through_a_network_is_counted_once():
    direct = found("a", data_set("d", 3), beacon_id="org.a")
    net = found("net", data_set("d", 3, leaf="org.a"), data_set("e", 4, leaf="org.b"))
    assert counted(direct, net) == (7, True, ONCE_NOTE)
    assert marks(merged(direct, net, asked=RECORD)) == {"net:d": "a:d"}
    assert marks(merged(net, direct, asked=RECORD)) == {"net:d": "a:d"}


def test_a_data_set_reached_through_two_networks_is_counted_once():
    one = found("net-1", data_set("d", 3, leaf="org.x"))
    other = found("net-2", data_set("d", 3, leaf="org.x"))
    assert counted(one, other) == (3, True, ONCE_NOTE)
    assert marks(merged(one, other, asked=RECORD)) == {"net-2:d": "net-1:d"}


def test_a_data_set_reached_twice_inside_one_network_is_counted_once():
    twice = found("net", data_set("d", 3, leaf="org.x"), data_set("d", 3, leaf="org.x"))
    assert counted(twice) == (3, True, ONCE_NOTE)


def test_two_members_that_share_names_are_two_beacons():
    one = found("a", data_set("d", 3), beacon_id="org.default")
    other = found("b", data_set("d", 4), beacon_id="org.default")
    assert counted(one, other) == (7, True, "")
    assert marks(merged(one, other, asked=RECORD)) == {}


@pytest.mark.parametrize("leaf", ["org.a", "org.other"])
def test_one_name_alone_makes_no_duplicate(leaf):
    name = "d" if leaf == "org.other" else "other"
    net = found("net", data_set(name, 4, leaf=leaf))
    assert counted(found("a", data_set("d", 3), beacon_id="org.a"), net) == (7, True, "")


def test_data_sets_without_a_name_are_no_duplicates():
    # readers give them the id of the member
    net = found("net", data_set("net", 3, leaf="org.x"), data_set("net", 4, leaf="org.x"))
    assert counted(net) == (7, True, "")


def test_what_the_inner_network_has_marked_is_not_counted_out_again():
    marked = data_set("d", 3, leaf="org.x", info={"duplicateOf": "inner:d"})
    net = found("net", data_set("d", 3, leaf="org.x"), marked, count=3)
    assert counted(net) == (3, True, "")
    assert marks(merged(net, asked=RECORD)) == {"net:d": "inner:d"}


def test_where_only_a_total_is_told_the_count_is_inexact():
    direct = found("a", data_set("d", 3), beacon_id="org.a")
    net = found("net", data_set("d", None, leaf="org.a"), count=9)
    assert counted(direct, net) == (12, False, TWICE_NOTE)
    assert marks(merged(direct, net, asked=RECORD)) == {"net:d": "a:d"}


def test_a_count_that_only_the_network_tells_is_not_lost():
    direct = found("a", data_set("d", None), beacon_id="org.a")
    net = found("net", data_set("d", 3, leaf="org.a"))
    assert counted(direct, net)[0] == 3


def test_a_count_in_another_unit_takes_nothing_away():
    direct = found("a", data_set("d", 100), beacon_id="org.a", unit="alleles")
    net = found("net", data_set("d", 3, leaf="org.a"), unit="genomicVariant records")
    assert counted(direct, net)[0] == 3


def test_a_set_in_another_unit_than_its_network_s_total_takes_nothing_away():
    direct = found("a", data_set("d", 100), beacon_id="org.a")
    inside = data_set("d", 100, leaf="org.a", info={"countUnit": "alleles"})
    assert counted(direct, found("net", inside, count=7))[0] == 107


def test_a_duplicate_changes_no_verdict():
    direct = outcome(
        "a", "not_found", answer(False, 0, result_sets=(data_set("d", 0, exists=False),))
    )
    direct = replace(direct, member=replace(direct.member, beacon_id="org.a"))
    net = found("net", data_set("d", 3, leaf="org.a"))
    answered = merged(direct, net)
    assert answered.verdict is Verdict.FOUND
    assert [one.ending.value for one in answered.outcomes] == ["not_found", "found"]
    # the direct way counted nothing, so nothing is counted twice
    assert counted(direct, net)[0] == 3


def test_without_duplicates_the_outcomes_stay_as_they_are():
    given = (found("a", data_set("d")), found("net", data_set("d", leaf="org.x")))
    assert merged(*given).outcomes == given


# --- reached twice: declared ---


def test_members_declared_the_same_are_counted_once():
    one = found("a", data_set("d", 3))
    other = found("b", data_set("d", 3), same_as=("a",))
    assert counted(one, other) == (3, True, ONCE_NOTE)
    assert marks(merged(one, other, asked=RECORD)) == {"b:d": "a:d"}


def test_a_beacon_inside_a_network_may_be_declared():
    one = found("a", data_set("d", 3), same_as=("net~inner",))
    net = found("net", data_set("d", 3, leaf="inner"), data_set("e", 4, leaf="other"))
    assert counted(one, net) == (7, True, ONCE_NOTE)


def test_where_their_data_sets_differ_the_larger_counts_and_the_sum_is_inexact():
    one = found("a", data_set("d", 3))
    other = found("b", data_set("another", 5), same_as=("a",))
    assert counted(one, other) == (5, False, TWICE_NOTE)
    assert marks(merged(one, other, asked=RECORD)) == {"a:d": "b"}


def test_members_that_list_no_data_sets_can_be_declared():
    given = (found("a", count=3), found("b", count=3, same_as=("a",)), found("c", count=2))
    assert counted(*given)[:2] == (5, False)


def test_three_ways_to_one_beacon_are_one():
    given = (
        found("a", data_set("d", 3)),
        found("b", data_set("d", 3), same_as=("a",)),
        found("c", data_set("d", 3), same_as=("b",)),
    )
    assert counted(*given) == (3, True, ONCE_NOTE)


@pytest.mark.parametrize("name", ["a", "nobody", "net~nobody"])
def test_a_declaration_about_itself_or_nobody_changes_nothing(name):
    assert counted(found("a", data_set("d", 3), same_as=(name,))) == (3, True, "")
