"""What answers are worth of members that fail questions whose answer is known."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from aggregator.api.sentences import verdict_sentence
from aggregator.engine.believing import MISSES_SOME, REPORTS_ANYTHING, believed
from aggregator.engine.merge import merge
from aggregator.engine.opaque import fold
from aggregator.model.answer import Exists, Leaf, LeafEnding, ResultSet
from aggregator.model.genome import Assembly
from aggregator.model.merged import Verdict
from aggregator.model.outcome import Ending, NoAnswerCode
from aggregator.model.query import Include, Query
from aggregator.protocol.documents import result_sets
from aggregator.protocol.documents_v1_rows import rows_of
from registry.controls import Control, ControlKind, Controls, ControlSource, Failed
from registry.models import Group
from registry.snapshot import Snapshot
from tests.builders import answer, member, outcome, query

NOW = datetime(2026, 11, 21, 12, 5, tzinfo=UTC)


def known(assembly=Assembly.GRCH38, dataset=None):
    control = Control(
        ControlKind.KNOWN_YES, ControlSource.MEMBER, "7-140753336-A-T", assembly, dataset
    )
    return Controls(known=(Failed(control, NOW),))


def rows_of_members(told):
    """The rows of version 1."""
    return [
        row for one in told.outcomes for row in rows_of(one, told.query.include, lambda s: s.id)
    ]


def impossible(assembly=Assembly.GRCH38):
    control = Control(ControlKind.IMPOSSIBLE, ControlSource.NO_SEQUENCE, "1-5000-A-C", assembly)
    return Controls(impossible=(Failed(control, NOW),))


def said_no(*sets):
    rows = tuple(ResultSet(id=name, exists=Exists.NO, count=0) for name in sets)
    return outcome("one", "not_found", answer(False, result_sets=rows))


def test_without_failures_nothing_changes():
    made = outcome("one", "found")
    assert believed(made, query(), Controls()) is made


def test_a_no_is_taken_back_and_says_why_since_when_and_until_when():
    made = believed(said_no(), query(), known())
    assert made.ending is Ending.NO_ANSWER
    assert made.reason.code is NoAnswerCode.CONTROL_FAILED
    message = made.reason.message
    assert "7-140753336-A-T (GRCh38)" in message
    assert "since 2026-11-21 12:05 UTC" in message
    assert "counts again when it does" in message
    assert made.is_missing
    assert made.answer is None


def test_data_sets_that_pass_keep_their_no():
    made = believed(said_no("a", "b"), query(), known(dataset="b"))
    assert [(one.id, one.exists, one.count) for one in made.data_sets] == [
        ("a", Exists.NO, 0),
        ("b", Exists.UNKNOWN, None),
    ]


def test_a_failure_of_the_whole_member_leaves_no_data_set_its_no():
    made = believed(said_no("a", "b"), query(), known())
    assert {one.exists for one in made.data_sets} == {Exists.UNKNOWN}


@pytest.mark.parametrize(
    ("asked", "controls"),
    [
        (query(), known(Assembly.GRCH37)),
        (query(dataset_ids=("a",)), known(dataset="b")),
        (Query(entry_type="individual"), known()),
        (query(), impossible()),
    ],
)
def test_a_no_to_another_question_stands(asked, controls):
    made = said_no("a")
    assert believed(made, asked, controls) is made


def test_a_question_without_an_assembly_concerns_every_control():
    asked = query({"gene": "BRAF"})
    assert believed(said_no(), asked, known(Assembly.GRCH37)).ending is Ending.NO_ANSWER


def test_a_yes_stays_one_with_a_warning():
    made = believed(outcome("one", "found"), query(), known())
    assert (made.ending, made.is_untrusted) == (Ending.FOUND, False)
    assert MISSES_SOME in made.warnings


@pytest.mark.parametrize(
    ("dataset", "told"),
    [
        ("b", [("a", "yes", 3), ("b", "unknown", None), ("c", "no", 0)]),
        (None, [("a", "yes", 3), ("b", "unknown", None), ("c", "unknown", None)]),
    ],
)
def test_a_no_beside_the_yes_of_another_data_set_is_taken_back(dataset, told):
    rows = (
        ResultSet(id="a", exists=Exists.YES, count=3),
        ResultSet(
            id="b", exists=Exists.NO, count=0, frequency=0.0, info={"callCount": 0, "note": "n"}
        ),
        ResultSet(id="c", exists=Exists.NO, count=0),
    )
    made = believed(
        outcome("one", "found", answer(True, result_sets=rows)), query(), known(dataset=dataset)
    )
    assert made.ending is Ending.FOUND
    assert [(one.id, one.exists.value, one.count) for one in made.data_sets] == told
    assert (made.data_sets[1].frequency, made.data_sets[1].info) == (None, {"note": "n"})
    doubted = {one.id for one in made.data_sets if one.is_doubted}
    assert doubted == {name for name, exists, _ in told if exists == "unknown"}
    assert MISSES_SOME in made.warnings


def test_a_no_beside_the_yes_of_another_beacon_of_a_network_is_taken_back():
    leaves = (
        Leaf(beacon_id="x", ending=LeafEnding.FOUND),
        Leaf(beacon_id="y", ending=LeafEnding.NOT_FOUND),
    )
    made = believed(outcome("n", "found", answer(True, leaves=leaves)), query(), known())
    assert [(one.beacon_id, one.ending) for one in made.leaves] == [
        ("x", LeafEnding.FOUND),
        ("y", LeafEnding.NO_ANSWER),
    ]


@pytest.mark.parametrize("write", [rows_of_members, result_sets])
def test_a_no_that_is_taken_back_is_not_written(write):
    rows = (
        ResultSet(id="a", exists=Exists.YES, count=3),
        ResultSet(id="b", exists=Exists.NO, count=0),
    )
    asked = replace(query(), include=Include.ALL)
    made = believed(
        outcome("one", "found", answer(True, result_sets=rows)), asked, known(dataset="b")
    )
    told = merge(asked, [made], elapsed_s=0.1)
    assert [one["exists"] for one in write(told)] == [True]


def test_a_yes_of_who_reports_the_impossible_is_marked():
    made = believed(outcome("one", "found"), query(), impossible())
    assert (made.ending, made.is_untrusted) == (Ending.FOUND, True)
    assert REPORTS_ANYTHING in made.warnings
    other = believed(outcome("one", "found"), query(), impossible(Assembly.GRCH37))
    assert not other.is_untrusted


def test_beacons_inside_a_network_are_not_believed_either():
    leaves = (
        Leaf(beacon_id="x", ending=LeafEnding.NOT_FOUND),
        Leaf(beacon_id="y", ending=LeafEnding.NO_ANSWER, reason="asleep"),
    )
    made = believed(outcome("n", "not_found", answer(False, leaves=leaves)), query(), known())
    assert [(one.beacon_id, one.ending) for one in made.leaves] == [
        ("x", LeafEnding.NO_ANSWER),
        ("y", LeafEnding.NO_ANSWER),
    ]
    assert [one.reason for one in made.leaves][1] == "asleep"


def test_failures_of_members_are_left_alone():
    silent = outcome("one", "timeout")
    assert believed(silent, query(), known()) is silent


# --- the network ---


def marked(member_id):
    return believed(outcome(member_id, "found"), query(), impossible())


def test_the_network_is_incomplete_where_a_no_is_not_believed():
    told = merge(query(), [believed(said_no(), query(), known())], elapsed_s=0.1)
    assert (told.verdict, told.is_complete) == (Verdict.UNKNOWN, False)


def test_the_verdict_says_when_every_yes_is_marked():
    told = merge(query(), [marked("a"), marked("b"), outcome("c", "not_found")], elapsed_s=0.1)
    assert told.verdict is Verdict.FOUND
    assert (
        "Every beacon that reports it also reports an allele that cannot exist: do not rely on "
        "this yes." in verdict_sentence(told)
    )


def test_the_verdict_counts_the_marked_among_others():
    told = merge(query(), [marked("a"), outcome("b", "found")], elapsed_s=0.1)
    sentence = verdict_sentence(told)
    assert "1 of them also reports an allele that cannot exist" in sentence
    assert "Every beacon" not in sentence
    assert "1 member that reports it also reports an allele that cannot exist" in "".join(
        told.warnings
    )


# --- inside an opaque group ---

GROUP = (
    Snapshot()
    .with_members(
        [member("x", groups=["north"]), member("y", groups=["north"])],
        [Group(id="north", name="The North", opaque=True)],
    )
    .members[0]
)


def test_a_group_has_no_answer_if_a_no_inside_is_not_believed():
    made = fold(GROUP, query(), [believed(said_no("set"), query(), known()), said_no()])
    assert made.ending is Ending.NO_ANSWER
    assert made.reason.message == "1 of 2 of its beacons did not answer"
    assert made.data_sets == ()
    assert "7-140753336" not in repr(made)


def test_a_group_is_marked_if_nobody_inside_who_says_yes_is_believed():
    assert fold(GROUP, query(), [marked("a"), said_no()]).is_untrusted
    made = fold(GROUP, query(), [marked("a"), outcome("b", "found")])
    assert not made.is_untrusted
    assert made.warnings == (
        "some of its beacons that report it also report an allele that cannot exist",
    )


def test_an_older_answer_that_stands_in_is_not_believed_either():
    stale = replace(said_no(), warnings=("answer of 2026-11-21 10:00:00 UTC",))
    made = believed(stale, query(), known())
    assert made.ending is Ending.NO_ANSWER
    assert made.warnings == stale.warnings
