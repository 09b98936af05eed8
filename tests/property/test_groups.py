"""Laws of opaque groups: the order is nobody's, a missing member is never a no, no name is told."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from aggregator.engine.merge import merge
from aggregator.engine.opaque import FEWEST, fold
from aggregator.model.answer import Match
from aggregator.model.merged import Verdict
from aggregator.model.outcome import Ending, NotAskedCode, Source
from registry.models import Group
from registry.snapshot import Snapshot
from tests.builders import member, query
from tests.property.test_merging import members as outcomes_made
from tests.property.test_merging import numbered

GROUP = (
    Snapshot()
    .with_members([member("x", groups=["north"])], [Group(id="north", opaque=True)])
    .members[0]
)
QUESTION = query(granularity="count")


@st.composite
def ended(draw):
    """Give how one inside ended, with all that tells it from the others."""
    made = draw(outcomes_made())
    changes = {
        "elapsed_s": draw(st.floats(0, 9)),
        "attempts": draw(st.integers(0, 3)),
        "warnings": (f"it says: {draw(st.sampled_from(['planted-one', 'planted-two']))}",),
    }
    if made.answer is not None:
        changes["source"] = draw(st.sampled_from(list(Source)))
        changes["age_s"] = float(draw(st.integers(0, 99)))
    if made.ending is Ending.FOUND:
        changes["match"] = draw(st.sampled_from(list(Match)))
        changes["matched_as"] = draw(st.sampled_from([None, "spelled", "otherwise"]))
    return replace(made, **changes)


GROUPS = st.lists(ended(), min_size=1, max_size=7).map(numbered)


def folded(inside):
    return fold(GROUP, QUESTION, inside)


@given(GROUPS, st.randoms(use_true_random=False))
def test_the_order_of_arrival_changes_nothing(inside, random):
    shuffled = list(inside)
    random.shuffle(shuffled)
    one, other = folded(inside), folded(shuffled)
    assert one == other
    assert one.answer == other.answer


@given(GROUPS)
def test_a_group_says_yes_exactly_if_one_inside_does(inside):
    has_yes = any(one.ending is Ending.FOUND for one in inside)
    assert (folded(inside).ending is Ending.FOUND) == has_yes


@given(GROUPS)
def test_a_missing_member_is_never_a_no(inside):
    made = folded(inside)
    if any(one.is_missing for one in inside):
        assert made.ending is not Ending.NOT_FOUND
        assert made.is_missing
    if made.ending is Ending.NOT_FOUND:
        assert any(one.ending is Ending.NOT_FOUND for one in inside)


@given(GROUPS)
def test_the_verdict_is_the_one_the_beacons_would_give_by_themselves(inside):
    outside = merge(QUESTION, [folded(inside)], elapsed_s=0)
    alone = merge(QUESTION, inside, elapsed_s=0)
    assert (outside.verdict, outside.is_complete) == (alone.verdict, alone.is_complete)


@given(GROUPS)
def test_nothing_is_told_that_one_beacon_said(inside):
    made = folded(inside)
    told = repr(made) + repr(made.answer)
    assert "planted" not in told
    assert not any(f"'{one.member.id}'" in told for one in inside)
    assert made.elapsed_s in {one.elapsed_s for one in inside}
    assert made.attempts in {0, 1}


@given(GROUPS)
def test_a_count_is_of_several_and_never_more_than_they_told(inside):
    told = folded(inside).answer
    if told is None or told.count is None:
        return
    counts = [
        one.answer.count
        for one in inside
        if one.answer is not None and one.answer.unit == told.unit and one.answer.count is not None
    ]
    assert len(counts) >= FEWEST
    assert told.count == sum(counts)


@given(GROUPS)
def test_not_asked_means_that_nobody_was(inside):
    made = folded(inside)
    nobody = all(one.ending is Ending.NOT_ASKED for one in inside)
    assert (made.ending is Ending.NOT_ASKED) == nobody
    if nobody:
        assert made.reason.code in {one.reason.code for one in inside}
        assert isinstance(made.reason.code, NotAskedCode)


@given(GROUPS)
def test_a_whole_yes_has_everybody_who_could_know(inside):
    made = folded(inside)
    if made.ending is Ending.FOUND:
        assert made.is_partial == any(one.is_missing for one in inside)
        assert merge(QUESTION, [made], elapsed_s=0).verdict is Verdict.FOUND
