"""Many outcomes, one answer: verdict, counts, granularity and warnings."""

import pytest

from aggregator.engine.merge import COUNT_NOTE
from aggregator.model.answer import Exists
from aggregator.model.merged import Verdict
from aggregator.model.outcome import Ending, NoAnswerCode, NotAskedCode, Source
from aggregator.model.query import Granularity
from aggregator.protocol.network_info import told_count
from tests.builders import SNV, answer, network_answer, outcome, query

COUNT = query(SNV, granularity="count")
RECORD = query(SNV, granularity="record")
RECORDS = "genomicVariant records"
MISSING = {"paused", "suspended", "needs_token", "loop", "pagination", "holder", "opaque"}


def yes(member_id="a", count=None, unit="variants", granularity=None):
    return outcome(member_id, told=answer(True, count, unit, granularity))


def doubtful(member_id="x", count=None, unit="variants"):
    return outcome(member_id, told=answer(True, count, unit), is_untrusted=True)


def no(member_id="b", count=None, unit="variants"):
    return outcome(member_id, "not_found", answer(False, count, unit))


def count(*given, asked=COUNT):
    return network_answer(given, asked).count


def granularity(*given, asked=RECORD):
    return network_answer(given, asked).granularity


def warnings(*given):
    return network_answer(given).warnings


# --- the verdict ---


@pytest.mark.parametrize(
    ("given", "verdict"),
    [
        (["found"], Verdict.FOUND),
        (["found", "not_found"], Verdict.FOUND),
        (["found", "timeout", "paused"], Verdict.FOUND),
        (["not_found"], Verdict.NOT_FOUND),
        (["not_found", "assembly", "disabled", "not_selected"], Verdict.NOT_FOUND),
        (["not_found", "timeout"], Verdict.UNKNOWN),
        (["not_found", "paused"], Verdict.UNKNOWN),
        (["timeout"], Verdict.UNKNOWN),
        (["assembly"], Verdict.UNKNOWN),
        (["not_selected"], Verdict.UNKNOWN),
        ([], Verdict.UNKNOWN),
    ],
)
def test_the_verdict(given, verdict):
    assert network_answer(given).verdict is verdict


@pytest.mark.parametrize("code", list(NoAnswerCode))
def test_any_member_without_an_answer_leaves_it_incomplete(code):
    assert network_answer(["found", code.value]).is_complete is False


@pytest.mark.parametrize("code", list(NotAskedCode))
def test_a_member_not_asked_leaves_it_incomplete_only_if_it_could_have_known(code):
    assert network_answer(["found", code.value]).is_complete is (code.value not in MISSING)


def test_every_member_is_there_in_registry_order():
    merged = network_answer(["timeout", "found", "assembly", "not_found"])
    assert [one.member.id for one in merged.outcomes] == ["a", "b", "c", "d"]
    assert [one.member.id for one in merged.missing] == ["a"]
    assert [one.member.id for one in merged.ended(Ending.FOUND)] == ["b"]


# --- counts ---


def test_counts_of_one_unit_are_added():
    told = count(yes("a", 3), yes("b", 4), no("c", 0))
    assert told is not None
    assert (told.value, told.unit, told.members_counted, told.is_exact, told.note) == (
        *(7, "variants", 3, True, COUNT_NOTE),
    )


def test_where_nobody_told_a_count_there_is_none():
    assert count(yes(), no()) is None


def test_a_yes_or_no_question_has_no_count():
    assert count(yes(count=3), asked=query()) is None


def test_what_cannot_be_relied_on_is_not_added():
    told = count(doubtful("x", 1518), yes("a", 3), no("b", 0))

    assert (told.value, told.members_counted, told.is_exact) == (3, 2, False)
    assert told.note == (
        f"{COUNT_NOTE}; what 1 member counts that also reports an allele that cannot exist is not "
        "added"
    )
    told = count(doubtful("x", 2), doubtful("y", 5), yes("a", 3))
    assert told.note.endswith(
        "what 2 members count that also report an allele that cannot exist is not added"
    )
    assert told_count(network_answer([doubtful("x", 1518), no("b", 0)], COUNT)) is None
    alone = network_answer([doubtful("x", 1518)], COUNT)
    assert (alone.count, alone.granularity) == (None, Granularity.BOOLEAN)
    other = count(doubtful("x", 7, "alleles"), yes("a", 3))
    assert (other.value, other.unit) == (3, "variants")
    assert "alleles" not in other.note


def test_a_doubtful_yes_without_a_count_is_no_matter_of_the_sum():
    assert count(doubtful("x"), yes("a", 3)).note == COUNT_NOTE


def test_members_that_told_no_count_make_it_inexact():
    told = count(yes("a", 3), yes("b"))
    assert told is not None
    assert (told.value, told.members_counted, told.is_exact) == (3, 1, False)


def test_a_member_that_rounds_makes_the_sum_inexact():
    rounding = answer(True, 3, "variants", is_count_exact=False)
    told = count(outcome("a", told=rounding))
    assert (told.value, told.is_exact) == (3, False)


def test_a_member_without_an_answer_does_not_make_the_told_counts_inexact():
    told = count(yes("a", 3), outcome("b", "timeout"))
    assert told is not None
    assert told.is_exact is True


def test_counts_of_other_units_are_left_out_and_named():
    told = count(yes("a", 3), yes("b", 100, "alleles"), yes("c", 4))
    assert told is not None
    assert (told.value, told.unit, told.members_counted) == (7, "variants", 2)
    assert told.note == f"{COUNT_NOTE}; counts in other units (alleles) are not added"
    assert told.is_exact is False


def test_records_of_the_asked_entry_type_are_counted_first():
    told = count(yes("a", 3), yes("b", 4), yes("c", 5, RECORDS))
    assert told is not None
    assert (told.value, told.unit) == (5, RECORDS)


def test_a_unit_with_hits_is_counted_before_one_with_none():
    told = count(yes("a", 3, "alleles"), no("b", 0, RECORDS), no("c", 0, RECORDS))
    assert told is not None
    assert (told.value, told.unit) == (3, "alleles")


def test_a_unit_in_which_nothing_was_found_is_not_named_as_left_out():
    told = count(yes("a", 3), no("b", 0, "alleles"))
    assert told is not None
    assert told.note == COUNT_NOTE


def test_a_count_of_nothing_is_a_count():
    told = count(no("a", 0), no("b", 0))
    assert told is not None
    assert told.value == 0


def test_the_same_units_are_chosen_whatever_the_order():
    given = [yes("a", 3), yes("b", 100, "alleles")]
    assert count(*given) == count(*reversed(given))


def test_a_count_without_a_unit_is_not_added():
    assert count(yes("a", 3, None)) is None


# --- granularity ---


def test_the_highest_granularity_present_is_returned():
    assert granularity(yes("a", 1), yes("b", 1, granularity="record")) is Granularity.RECORD


@pytest.mark.parametrize(
    ("asked", "returned"), [(query(), Granularity.BOOLEAN), (COUNT, Granularity.COUNT)]
)
def test_never_more_than_was_asked_for_is_returned(asked, returned):
    assert granularity(yes("a", 1, granularity="record"), asked=asked) is returned


def test_a_count_that_nobody_told_is_not_returned():
    assert granularity(yes(granularity="count"), asked=COUNT) is Granularity.BOOLEAN


def test_a_question_for_records_answered_with_yes_or_no_returns_that():
    assert granularity(yes(), no()) is Granularity.BOOLEAN


def test_without_answers_the_granularity_is_boolean():
    assert granularity(outcome("a", "timeout")) is Granularity.BOOLEAN


# --- warnings ---


def test_a_complete_answer_warns_of_nothing():
    assert warnings(yes(), no(), outcome("c", "assembly")) == ()


def test_members_that_did_not_answer_are_counted():
    assert warnings(yes(), outcome("b", "timeout"), outcome("c", "tls")) == (
        "2 members did not answer: a 'no' from them is missing",
    )


def test_a_member_that_could_not_be_asked_now_is_counted():
    assert warnings(yes(), outcome("b", "paused")) == (
        "1 member could not be asked though it may know: a 'no' from it is missing",
    )


def test_old_answers_are_counted():
    assert warnings(outcome("a", source=Source.STALE)) == (
        "the answers of 1 member are older than this network keeps fresh",
    )


def test_an_answer_that_is_neither_yes_nor_no_would_be_told():
    unclear = outcome("a", "not_found", answer(None))
    assert unclear.answer is not None
    assert unclear.answer.exists is Exists.UNKNOWN
    assert warnings(unclear) == ("the answers of 1 member are not clear",)
