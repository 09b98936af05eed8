"""What is said of the ending of one member."""

from dataclasses import replace

import pytest

from aggregator.api import sentences
from aggregator.api.row_sentences import row_sentence, unit_word
from aggregator.model.answer import Exists, Match, ResultSet
from aggregator.model.outcome import Ending, Reason, Source
from aggregator.model.query import Query
from aggregator.protocol.surface import ENTRY_TYPES
from tests.builders import answer, outcome

MAY_OR_MAY_NOT = "It may or may not have the allele."


def hit(match, spelled=None, **changes):
    return outcome(match=match, matched_as=spelled, **changes)


def reasoned(how, message):
    made = outcome("a", how)
    assert made.reason is not None
    return replace(made, reason=Reason(made.reason.code, message))


def answer_of(how, *sets):
    return outcome("a", how, answer(how == "found", result_sets=sets))


def test_a_hit_is_said_with_what_it_does_not_say():
    assert row_sentence(outcome()) == (
        "Reports this allele at least once; does not say in whom, how often or how it was called."
    )


def test_a_told_count_is_added():
    told = row_sentence(outcome(told=answer(count=1234, unit="alleles")))
    assert told.endswith("It tells 1,234 alleles.")


def test_a_hit_by_a_broader_question():
    told = row_sentence(hit(Match.BROADER, "any deletion here"))
    assert told.endswith(
        "Found by a broader question (any deletion here): not proof of this exact event."
    )


def test_a_hit_in_an_equivalent_spelling():
    told = row_sentence(hit(Match.EQUIVALENT, "7-117559591-TCT-"))
    assert told.endswith("Found in an equivalent spelling, 7-117559591-TCT-.")


@pytest.mark.parametrize("match", [Match.BROADER, Match.TEXT])
def test_a_hit_by_another_question_is_not_called_this_allele(match):
    assert "this allele" not in row_sentence(hit(match, "any deletion here"))


def test_a_no_says_where_was_looked():
    sets = [ResultSet(id=name, exists=Exists.NO) for name in "xy"]
    assert row_sentence(answer_of("not_found", *sets)) == (
        "Not in the data sets searched (x, y); sites it could not read are not excluded."
    )


def test_a_no_without_data_sets_says_so_too():
    assert row_sentence(outcome(how="not_found")) == (
        "Not in the data sets searched; sites it could not read are not excluded."
    )


def test_a_data_set_that_said_nothing_is_not_called_searched():
    sets = (ResultSet(id="x", exists=Exists.NO), ResultSet(id="y"))
    assert "(x)" in row_sentence(answer_of("not_found", *sets))


def test_many_data_sets_are_counted():
    sets = [ResultSet(id=str(number), exists=Exists.NO) for number in range(7)]
    assert "(0, 1, 2, 3, 4 and 2 more)" in row_sentence(answer_of("not_found", *sets))


def test_no_answer():
    assert row_sentence(reasoned("timeout", "no answer within 8 s")) == (
        f"Did not answer (no answer within 8 s). {MAY_OR_MAY_NOT}"
    )


def test_not_asked():
    assert row_sentence(reasoned("assembly", "holds only GRCh37.")) == (
        f"Not asked: holds only GRCh37. {MAY_OR_MAY_NOT}"
    )


@pytest.mark.parametrize("how", ["forbidden", "needs_token"])
def test_access_is_for_known_people(how):
    assert row_sentence(outcome(how=how)).endswith("Answers only signed-in or approved users.")


def test_a_stale_answer_of_a_silent_member():
    warnings = ("answer of 2026-01-02 03:04:05 UTC", "the beacon is silent now (timeout)")
    told = row_sentence(outcome(source=Source.STALE, warnings=warnings))
    assert told.endswith("Answer of 2026-01-02 03:04:05 UTC; the beacon is silent now.")


def test_a_stale_answer_that_is_being_renewed():
    warnings = ("answer of 2026-01-02 03:04:05 UTC",)
    told = row_sentence(outcome(how="not_found", source=Source.STALE, warnings=warnings))
    assert told.endswith("Answer of 2026-01-02 03:04:05 UTC.")


def test_a_fresh_answer_is_not_called_an_old_one():
    assert "Answer of" not in row_sentence(outcome(source=Source.CACHE))


@pytest.mark.parametrize("entry_type", ENTRY_TYPES)
def test_every_entry_type_has_its_own_words(entry_type):
    named = {one: sentences.asked_for(Query(entry_type=one)) for one in ENTRY_TYPES}
    assert list(named.values()).count(named[entry_type]) == 1
    assert "records" not in unit_word(f"{entry_type} records", 2) or (
        entry_type == "genomicVariant"
    )


@pytest.mark.parametrize("how", ["found", "timeout", "assembly"])
def test_a_row_of_a_broad_question_speaks_of_no_allele(how):
    assert "allele" not in row_sentence(outcome(how=how), allele=False)


def test_a_hit_by_text():
    assert row_sentence(hit(Match.TEXT)).endswith("Found by comparing the name as text.")


def test_a_broader_hit_without_its_words():
    told = row_sentence(hit(Match.BROADER))
    assert told.endswith("Found by a broader question: not proof of this exact event.")


def test_a_member_that_is_still_asked():
    assert row_sentence(replace(outcome(), ending=Ending.ASKING)) == "Still being asked."


def test_a_no_below_a_threshold_may_be_a_few():
    few = "not found, or in fewer people than it may tell"
    told = row_sentence(outcome(how="not_found", warnings=(few,)))
    assert told.startswith("Not found, or in fewer people than it may tell. Not in the data sets")


@pytest.mark.parametrize(
    ("count", "unit", "words"),
    [
        (1, "variants", "1 variant."),
        (2, "alleles", "2 alleles."),
        (1, "observations", "1 observation."),
        (3, "genomicVariant records", "3 variant records."),
        (1, "patients", "1 patients."),
    ],
)
def test_counts_are_told_in_words_for_people(count, unit, words):
    assert row_sentence(outcome(told=answer(count=count, unit=unit))).endswith(f"tells {words}")
