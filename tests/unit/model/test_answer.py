"""The parts of one member's answer joined: any yes is a yes, a no needs every part."""

import msgspec
import pytest

from aggregator.model.answer import (
    Exists,
    Handover,
    Leaf,
    LeafEnding,
    Match,
    ResultSet,
    union,
)
from aggregator.model.query import Granularity
from tests.builders import answer

YES, NO, UNKNOWN = Exists.YES, Exists.NO, Exists.UNKNOWN
ONE, TWO = Handover("a", "A", "https://a.org"), Handover("b", "B", "https://b.org")


def joined(*sets):
    """Join the result sets of two answers, one each."""
    return union([answer(result_sets=(one,)) for one in sets]).result_sets


@pytest.mark.parametrize(("value", "exists"), [(True, YES), (False, NO), (None, UNKNOWN)])
def test_existence_has_three_values(value, exists):
    assert Exists.of(value) is exists


def test_an_exact_match_proves_most():
    assert sorted(Match, key=lambda match: match.rank)[:2] == [Match.EXACT, Match.EQUIVALENT]


def test_a_single_answer_stays_as_it_is():
    only = answer(count=3)
    assert union([only]) is only


@pytest.mark.parametrize(
    ("said", "exists"),
    [
        ((True, False), YES),
        ((True, None), YES),
        ((None, True), YES),
        ((False, False), NO),
        ((False, None), UNKNOWN),
        ((None, False), UNKNOWN),
        ((None, None), UNKNOWN),
    ],
)
def test_a_yes_needs_one_part_and_a_no_all(said, exists):
    assert union([answer(one) for one in said]).exists is exists


@pytest.mark.parametrize(
    ("said", "exists"),
    [
        ((YES, NO), YES),
        ((NO, YES), YES),
        ((YES, UNKNOWN), YES),
        ((UNKNOWN, YES), YES),
        ((NO, NO), NO),
        ((NO, UNKNOWN), UNKNOWN),
        ((UNKNOWN, NO), UNKNOWN),
    ],
)
def test_a_data_set_says_no_only_if_every_part_does(said, exists):
    (one,) = joined(*(ResultSet(id="x", exists=each) for each in said))
    assert one.exists is exists


def test_counts_of_hits_are_added():
    assert union([answer(count=3), answer(count=4), answer(False, 0)]).count == 7


def test_a_hit_without_a_count_leaves_the_sum_unknown():
    assert union([answer(count=3), answer()]).count is None


def test_a_no_without_a_count_does_not_make_the_hits_uncounted():
    assert union([answer(count=3), answer(False)]).count == 3


def test_the_most_detailed_hit_says_unit_and_granularity():
    parts = [answer(), answer(count=2, unit="alleles"), answer(False, granularity="record")]
    made = union(parts)
    assert (made.granularity, made.unit) == (Granularity.COUNT, "alleles")


def test_data_sets_are_listed_once_in_the_order_they_came():
    parts = [
        answer(result_sets=(ResultSet(id="x"), ResultSet(id="y"))),
        answer(result_sets=(ResultSet(id="z"), ResultSet(id="x"))),
    ]
    assert [one.id for one in union(parts).result_sets] == ["x", "y", "z"]


def test_data_sets_of_two_leaf_beacons_are_two():
    sets = joined(ResultSet(id="x", beacon_id="a"), ResultSet(id="x", beacon_id="b"))
    assert len(sets) == 2


def test_hits_of_one_data_set_are_added():
    one = ResultSet(id="x", exists=YES, count=1, results=(msgspec.Raw(b"1"),), info={"a": 1})
    two = ResultSet(id="x", exists=YES, count=2, results=(msgspec.Raw(b"2"),), info={"b": 2})
    (made,) = joined(one, two)
    assert (made.count, made.info) == (3, {"a": 1, "b": 2})
    assert [bytes(record) for record in made.results] == [b"1", b"2"]


def test_hits_of_one_data_set_without_counts_have_none():
    (made,) = joined(ResultSet(id="x", exists=YES, count=1), ResultSet(id="x", exists=YES))
    assert made.count is None


def test_a_hit_keeps_its_count_beside_a_miss():
    (made,) = joined(ResultSet(id="x", exists=NO, count=0), ResultSet(id="x", exists=YES, count=2))
    assert made.count == 2


def test_handovers_and_warnings_are_listed_once():
    parts = [
        answer(handovers=(ONE, TWO), warnings=("careful",)),
        answer(handovers=(TWO,), warnings=("careful", "slow")),
        answer(False, handovers=(ONE,), warnings=("old",)),
    ]
    made = union(parts)
    assert made.handovers == (ONE, TWO)
    assert made.warnings == ("careful", "slow", "old")


def test_a_sum_with_a_rounded_count_is_not_exact():
    parts = [answer(count=3), answer(count=2, is_count_exact=False)]
    assert union(parts).is_count_exact is False
    assert union([answer(count=3), answer(count=2)]).is_count_exact is True


def test_what_lacks_beacons_in_one_part_lacks_them_in_all():
    assert union([answer(), answer(is_partial=True)]).is_partial is True
    assert union([answer(), answer()]).is_partial is False


@pytest.mark.parametrize(
    ("one", "other", "joined_as"),
    [
        ("not_found", "found", "found"),
        ("no_answer", "found", "found"),
        ("not_found", "no_answer", "no_answer"),
        ("not_found", "not_asked", "not_asked"),
        ("not_found", "not_found", "not_found"),
    ],
)
def test_a_beacon_inside_ends_once_and_its_silence_outweighs_its_no(one, other, joined_as):
    parts = [
        answer(leaves=(Leaf(beacon_id="a", ending=LeafEnding(ending)),)) for ending in (one, other)
    ]
    for ordered in (parts, parts[::-1]):
        (leaf,) = union(ordered).leaves
        assert leaf.ending == joined_as
