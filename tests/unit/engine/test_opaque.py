"""One outcome of those inside a group: unknown stays unknown, and nobody is named."""

import pytest

from aggregator.engine import opaque
from aggregator.engine.opaque import fold
from aggregator.model.answer import Leaf, LeafEnding, Match, ResultSet
from aggregator.model.outcome import Ending, NoAnswerCode, NotAskedCode, Source
from aggregator.protocol.planning import OTHER_SPELLINGS
from aggregator.protocol.v2_reading import CENSORED
from registry.models import Group
from registry.snapshot import Snapshot
from tests.builders import answer, member, outcome, query

GROUP = (
    Snapshot()
    .with_members(
        [member("x", groups=["north"]), member("y", groups=["north"])],
        [Group(id="north", name="The North", opaque=True)],
    )
    .members[0]
)
COUNTED = query(granularity="count")


def folded(*given, **options):
    """Fold outcomes; a text is the end of member a, b, c …"""
    made = [
        outcome(chr(ord("a") + number), one) if isinstance(one, str) else one
        for number, one in enumerate(given)
    ]
    return fold(GROUP, COUNTED, made, **options)


def found(member_id="hit", count=None, unit="alleles", **changes):
    return outcome(member_id, "found", answer(True, count, unit), **changes)


def nothing(member_id="miss", count=None, unit="alleles", **changes):
    return outcome(member_id, "not_found", answer(False, count, unit), **changes)


# --- the verdict ---


@pytest.mark.parametrize(
    ("given", "ending", "code"),
    [
        (["found", "not_found"], Ending.FOUND, None),
        (["found", "timeout"], Ending.FOUND, None),
        (["found", "paused"], Ending.FOUND, None),
        (["not_found", "not_found"], Ending.NOT_FOUND, None),
        (["not_found", "assembly"], Ending.NOT_FOUND, None),
        (["not_found", "disabled"], Ending.NOT_FOUND, None),
        (["not_found", "timeout"], Ending.NO_ANSWER, "timeout"),
        (["not_found", "timeout", "overloaded"], Ending.NO_ANSWER, "no_verdict"),
        (["not_found", "tls"], Ending.NO_ANSWER, "no_verdict"),
        (["not_found", "paused"], Ending.NO_ANSWER, "no_verdict"),
        (["not_found", "suspended"], Ending.NO_ANSWER, "no_verdict"),
        (["not_found", "needs_token"], Ending.NO_ANSWER, "no_verdict"),
        (["not_found", "loop"], Ending.NO_ANSWER, "no_verdict"),
        (["timeout", "timeout"], Ending.NO_ANSWER, "timeout"),
        (["timeout", "assembly"], Ending.NO_ANSWER, "timeout"),
        (["timeout", "paused"], Ending.NO_ANSWER, "no_verdict"),
        (["dns", "tls"], Ending.NO_ANSWER, "no_verdict"),
        (["assembly", "assembly"], Ending.NOT_ASKED, "assembly"),
        (["assembly", "filter"], Ending.NOT_ASKED, "assembly"),
        (["filter", "paused"], Ending.NOT_ASKED, "paused"),
        (["suspended", "suspended"], Ending.NOT_ASKED, "suspended"),
        (["disabled", "entry_type"], Ending.NOT_ASKED, "entry_type"),
        (["disabled", "disabled"], Ending.NOT_ASKED, "disabled"),
    ],
)
def test_a_group_says_no_only_if_nobody_who_could_know_is_missing(given, ending, code):
    made = folded(*given)
    assert made.ending is ending
    assert (made.reason.code.value if made.reason else None) == code


def test_a_yes_without_everybody_is_partial():
    made = folded("found", "timeout", "not_found")
    assert made.is_partial
    assert made.is_missing
    assert not made.lacks_part
    assert "1 of 3 of its beacons did not answer: there may be more" in made.warnings


def test_a_yes_with_everybody_is_whole():
    made = folded("found", "assembly", "not_found")
    assert not made.is_partial
    assert made.warnings == ("1 of 3 of its beacons could not be asked this",)


def test_a_yes_of_a_network_that_lacks_beacons_is_partial():
    inner = outcome("net", "found", answer(True, is_partial=True))
    made = folded(inner, "not_found")
    assert made.is_partial
    assert "1 of 2 of its beacons answered in part: there may be more" in made.warnings


def test_who_did_not_answer_is_a_number():
    made = folded("not_found", "timeout", "dns", "paused", "assembly")
    assert made.reason.message == (
        "2 of 5 of its beacons did not answer and 1 of 5 of its beacons could not be asked"
    )


def test_why_nobody_can_be_asked_is_told_if_it_is_one_reason():
    told = folded("assembly", "assembly").reason.message
    assert told == "none of its beacons can be asked this: they hold another assembly"
    assert folded("assembly", "filter").reason.message == "none of its beacons can be asked this"


def test_every_reason_of_not_asking_has_a_place():
    assert set(opaque._REASONS_IN_ORDER) == set(NotAskedCode)


# --- what is told, and of whom ---


def test_the_outcome_is_the_groups():
    made = folded("found", "not_found")
    assert (made.member.id, made.member.name) == ("north", "The North")
    assert made.member.beacon_id is None
    assert made.member.same_as == ()


def test_nothing_of_a_member_is_in_the_outcome():
    leaf = Leaf(beacon_id="secret-leaf", ending=LeafEnding.NO_ANSWER, reason="secret reason")
    told = answer(
        True,
        3,
        result_sets=(ResultSet(id="secret-set", beacon_id="secret-beacon", count=3),),
        warnings=("secret warning",),
        beacon_id="secret-id",
        leaves=(leaf,),
    )
    hit = outcome("secret-member", "found", told, warnings=("it says: secret", "secret"))
    silent = outcome("secret-silent", "timeout", silent_leaves=(leaf,), warnings=("secret",))
    paused = outcome("secret-paused", "paused")
    for given in ([hit, "not_found"], [silent, "not_found"], [paused], [hit, silent, paused]):
        made = folded(*given)
        assert "secret" not in repr(made).lower() + repr(made.answer).lower()
        assert made.leaves == ()
        assert made.retry_after_s is None


def test_the_slowest_says_how_long_it_took_and_attempts_are_hidden():
    made = folded(nothing("a", elapsed_s=0.2, attempts=1), nothing("b", elapsed_s=0.7, attempts=3))
    assert (made.elapsed_s, made.attempts) == (0.7, 1)


def test_a_group_that_nobody_asked_took_no_attempt():
    made = folded(nothing("a", source=Source.CACHE, age_s=3), nothing("b", source=Source.CACHE))
    assert (made.attempts, made.elapsed_s) == (0, 0.0)


@pytest.mark.parametrize(
    ("sources", "source", "age_s"),
    [
        ((Source.LIVE, Source.LIVE), Source.LIVE, 0),
        ((Source.CACHE, Source.LIVE), Source.LIVE, 0),
        ((Source.CACHE, Source.CACHE), Source.CACHE, 11),
        ((Source.LIVE, Source.STALE), Source.STALE, 11),
        ((Source.CACHE, Source.STALE), Source.STALE, 11),
    ],
)
def test_it_is_from_the_cache_if_all_are_and_stale_if_one_is(sources, source, age_s):
    first, second = sources
    made = folded(nothing("a", source=first, age_s=10), nothing("b", source=second, age_s=11))
    assert (made.source, made.age_s) == (source, age_s)


def test_an_older_answer_says_of_when():
    stale = {"source": Source.STALE, "age_s": 9.0}
    silent = "the beacon is silent now (secret)"
    made = folded(
        nothing("a", warnings=("answer of 2026-01-03 00:00:00 UTC",), **stale),
        nothing("b", warnings=("answer of 2026-01-02 00:00:00 UTC", silent), **stale),
    )
    assert made.warnings == (
        "answer of 2026-01-02 00:00:00 UTC",
        "some of its beacons are silent now",
    )


def test_the_match_that_proves_most_counts():
    made = folded(
        found("a", match=Match.BROADER, matched_as="any deletion"),
        found("b", match=Match.EQUIVALENT, matched_as="7-1-AT-A"),
        nothing("c"),
    )
    assert (made.match, made.matched_as) == (Match.EQUIVALENT, "7-1-AT-A")
    assert folded("not_found", "not_found").match is None


def test_what_a_no_is_worth_is_told():
    said = (CENSORED, "it says: fewer than ten", OTHER_SPELLINGS)
    one_assembly = ("asked in GRCh38 only; it holds GRCh37 as well",)
    made = folded(nothing("a", warnings=said), nothing("b", warnings=one_assembly))
    assert made.warnings == (
        OTHER_SPELLINGS,
        CENSORED,
        "some of its beacons were asked in one of their assemblies only",
    )


def test_what_a_no_is_worth_is_not_said_of_a_yes():
    assert folded(found("a"), nothing("b", warnings=(CENSORED,))).warnings == ()


# --- counts ---


def counted(*given, **options):
    told = folded(*given, **options).answer
    return told.count, told.unit, told.is_count_exact


def test_counts_are_added():
    assert counted(found("a", 3), found("b", 4), nothing("c", 0)) == (7, "alleles", True)


def test_a_sum_without_everybody_is_a_lower_bound():
    assert counted(found("a", 3), nothing("b", 0), found("c")) == (3, "alleles", False)
    assert counted(found("a", 3), nothing("b", 0), "timeout") == (3, "alleles", False)


def test_a_sum_with_a_censored_no_is_a_lower_bound():
    given = found("a", 3), nothing("b", 0), nothing("c", 0, warnings=(CENSORED,))
    assert counted(*given) == (3, "alleles", False)


def test_what_may_be_counted_outside_as_well_is_not_exact():
    assert counted(found("a", 3), nothing("b", 0), overlaps=True) == (3, "alleles", False)


def test_the_count_of_one_alone_is_not_told():
    assert counted(found("a", 3), nothing("b")) == (None, None, True)
    assert counted(found("a", 3), found("b", 4, "variants")) == (None, None, True)


def test_zeros_count_nothing_of_what_was_found():
    assert counted(found("a"), nothing("b", 0), nothing("c", 0))[0] is None


def test_the_granularity_is_what_is_told():
    assert folded(found("a", 3), nothing("b", 0)).answer.granularity.value == "count"
    assert folded("found", "not_found").answer.granularity.value == "boolean"


def test_records_stay_inside():
    sets = (ResultSet(id="s", results=(b'{"a": 1}',)),)
    told = answer(True, 1, granularity="record", result_sets=sets)
    made = folded(outcome("a", "found", told), nothing("b", 0, "variants"))
    assert made.answer.result_sets == ()
    assert made.answer.granularity.value == "count"


def test_a_question_that_ended_too_early_was_not_answered():
    made = folded("found", "timeout", cut_s=0.1)
    assert made.ending is Ending.NO_ANSWER
    assert made.reason.code is NoAnswerCode.TIMEOUT
    assert made.answer is None
