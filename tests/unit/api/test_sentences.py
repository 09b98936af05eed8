"""The sentences that say what an answer means, word by word."""

from dataclasses import replace

import pytest

from aggregator.api import sentences
from aggregator.api.sentences import searched_sentence, verdict_sentence
from aggregator.model.answer import Exists, Match, ResultSet
from aggregator.model.outcome import NotAskedCode
from aggregator.model.query import Filter, Query
from tests.builders import SNV, answer, network_answer, outcome, query

MAY_OR_MAY_NOT = "It may or may not have the allele."


def verdict(*given):
    return verdict_sentence(network_answer(given))


def hit(match, spelled=None, **changes):
    return outcome(match=match, matched_as=spelled, **changes)


def answer_of(how, *sets):
    return outcome("a", how, answer(how == "found", result_sets=sets))


# --- the verdict ---


def test_found_and_complete():
    assert verdict("found", "found", "not_found") == (
        "2 of 3 beacons report this exact allele; 1 answered no."
    )


@pytest.mark.parametrize(
    ("networks", "sentence"),
    [
        (1, "1 is a network that did not hear from all of its beacons."),
        (2, "2 are networks that did not hear from all of their beacons."),
    ],
)
def test_found_by_networks_that_lack_beacons(networks, sentence):
    partial = outcome("net", told=answer(True, is_partial=True))
    assert verdict(*[partial] * networks, "not_found") == (
        f"{networks} of {networks + 1} beacons report this exact allele; 1 answered no. {sentence}"
    )
    assert verdict(partial, "timeout").endswith(
        "1 is a network that did not hear from all of its beacons. 1 did not answer and 0 could "
        "not be asked, so there may be more."
    )


@pytest.mark.parametrize(
    ("halves", "sentence"),
    [
        (1, "1 answered only a part of the question, so there may be more."),
        (2, "2 answered only parts of the question, so there may be more."),
    ],
)
def test_found_by_members_that_answered_a_part(halves, sentence):
    half = outcome("cnv", told=answer(True, is_partial=True, lacks_part=True))
    assert verdict(*[half] * halves, "not_found") == (
        f"{halves} of {halves + 1} beacons report this exact allele; 1 answered no. {sentence}"
    )
    network = outcome("net", told=answer(True, is_partial=True))
    assert verdict(half, network).endswith(
        "1 answered only a part of the question, so there may be more. 1 is a network that did "
        "not hear from all of its beacons."
    )


def test_found_and_incomplete():
    assert verdict("found", "not_found", "timeout", "tls", "paused") == (
        "1 of 2 beacons report this exact allele; 1 answered no. 2 did not answer and 1 could not "
        "be asked, so there may be more."
    )


def test_found_and_complete_with_members_that_could_not_be_asked():
    assert verdict("found", "assembly") == (
        "1 of 1 beacons report this exact allele; 0 answered no. 1 could not be asked (another "
        "assembly)."
    )


def test_found_in_an_equivalent_spelling_is_this_allele():
    assert verdict(hit(Match.EQUIVALENT, "7-1-A-T")).startswith(
        "1 of 1 beacons report this exact allele"
    )


@pytest.mark.parametrize("match", [Match.BROADER, Match.TEXT])
def test_found_by_another_question_only_is_not_called_this_allele(match):
    assert verdict(hit(match), outcome("b", "not_found")) == (
        "1 of 2 beacons found something by a broader or a text question, which is no proof of "
        "this exact allele; 1 answered no."
    )


def test_found_both_ways_counts_the_exact_ones():
    assert verdict(outcome("a"), replace(hit(Match.BROADER), member=outcome("b").member)) == (
        "1 of 2 beacons report this exact allele; 0 answered no. 1 found it by a broader or a "
        "text question."
    )


def test_none_and_complete():
    assert verdict("not_found", "not_found") == (
        "None of the 2 beacons reports this allele in the data they let you search. This does not "
        "show that it is absent from their populations, or that it is harmless."
    )


def test_none_and_complete_with_members_that_could_not_be_asked():
    assert verdict("not_found", "assembly", "assembly", "query_kind").endswith(
        "or that it is harmless. 3 could not be asked (another assembly ×2, does not take this "
        "kind of question)."
    )


@pytest.mark.parametrize("chosen", ["not_selected", "disabled"])
def test_members_left_out_by_choice_are_not_counted(chosen):
    assert "could not be asked" not in verdict("not_found", chosen)


def test_none_and_incomplete():
    assert verdict("not_found", "not_found", "timeout") == (
        "No complete answer: 2 beacons said no, but 1 did not answer. Do not read this as a no."
    )


def test_none_and_incomplete_for_lack_of_asking():
    assert verdict("not_found", "paused", "assembly") == (
        "No complete answer: 1 beacon said no, but 1 could not be asked (paused). Do not read "
        "this as a no."
    )


def test_none_and_incomplete_for_both_reasons():
    assert "but 1 did not answer and 1 could not be asked (needs a token)." in verdict(
        "not_found", "timeout", "needs_token"
    )


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (
            ["not_found", "control_failed"],
            "No complete answer: 1 beacon said no, but the “no” of 1 beacon is not passed on, as "
            "it fails a control. Do not read this as a no.",
        ),
        (
            ["not_found", "timeout", "paused", "control_failed", "control_failed"],
            "No complete answer: 1 beacon said no, but 1 did not answer and 1 could not be asked "
            "(paused) and the “no” of 2 beacons is not passed on, as they fail a control. Do not "
            "read this as a no.",
        ),
        (
            ["timeout", "control_failed"],
            "We do not know: 1 did not answer and the “no” of 1 beacon is not passed on, as it "
            "fails a control.",
        ),
        (
            ["paused", "control_failed"],
            "We do not know: 1 could not be asked (paused) and the “no” of 1 beacon is not passed "
            "on, as it fails a control.",
        ),
        (
            ["found", "control_failed"],
            "1 of 1 beacons report this exact allele; 0 answered no. The “no” of 1 beacon is not "
            "passed on, as it fails a control, so there may be more.",
        ),
        (
            ["found", "timeout", "control_failed"],
            "1 of 1 beacons report this exact allele; 0 answered no. The “no” of 1 beacon is not "
            "passed on, as it fails a control, so there may be more. 1 did not answer and 0 could "
            "not be asked, so there may be more.",
        ),
    ],
)
def test_a_no_that_is_not_passed_on_is_no_silence(given, sentence):
    assert verdict(*given) == sentence


def test_nobody_answered():
    assert verdict("timeout", "assembly") == "We do not know: no beacon answered."


def test_nobody_could_be_asked():
    assert (
        verdict("assembly", "paused") == "No beacon could be asked this (another assembly, paused)."
    )


def test_nobody_is_registered():
    assert verdict() == "We do not know: no beacon is registered in this network."


def test_still_running():
    assert sentences.running_sentence(3, 12, 2) == (
        "Still asking 3 of 12. 2 found so far; do not conclude before the end."
    )


@pytest.mark.parametrize(
    "given",
    [
        ["timeout"],
        ["not_found", "timeout"],
        ["not_found", "paused"],
        ["assembly"],
        ["needs_token", "loop"],
        [],
    ],
)
def test_nothing_unknown_is_worded_as_a_no(given):
    assert not verdict(*given).startswith("None of")


# --- what was searched ---


def test_what_was_searched_is_said_with_data_sets_and_assembly():
    sets = (ResultSet(id="x", exists=Exists.YES), ResultSet(id="y", exists=Exists.NO))
    merged = network_answer([answer_of("found", *sets), outcome("b", "not_found"), "timeout"])
    assert searched_sentence(merged, is_anonymous=True) == (
        "Searched: 3 data sets open to anonymous users, GRCh38."
    )


def test_signed_in_people_are_addressed():
    merged = network_answer(["not_found", "not_found"])
    assert "open to you, GRCh38." in searched_sentence(merged, is_anonymous=False)


def test_the_mitochondrion_is_searched_in_the_assembly_that_was_typed():
    asked = query({**SNV, "chromosome": "MT", "start": (3242,), "assembly": "GRCh37"})
    assert ", GRCh37." in searched_sentence(network_answer(["found"], asked), is_anonymous=True)


def test_without_a_place_no_assembly_is_named():
    merged = network_answer(["found", "found"], query({"gene": "BRCA1"}))
    assert searched_sentence(merged, is_anonymous=True).endswith("open to anonymous users.")


# --- one member ---


@pytest.mark.parametrize("code", list(NotAskedCode))
def test_every_reason_has_words(code):
    words = sentences.reasons_of([outcome("a", code.value)])
    assert words
    assert "_" not in words


def test_the_footer():
    assert sentences.FOOTER == (
        "For research and case finding. Confirm with the data holder before any clinical decision."
    )


# --- questions that are about more than one allele ---

BRCA1 = query({"gene": "BRCA1"})


def test_a_hit_of_a_broad_question_is_not_called_an_allele():
    assert verdict_sentence(network_answer(["found", "not_found"], BRCA1)) == (
        "1 of 2 beacons report a variant that fits this question; 1 answered no."
    )


def test_none_found_by_a_broad_question_is_not_called_an_allele():
    assert verdict_sentence(network_answer(["not_found", "not_found"], BRCA1)) == (
        "None of the 2 beacons reports a variant that fits this question in the data they let you "
        "search. This does not show that there is none in their populations."
    )


PEOPLE = Query(entry_type="individual", filters=(Filter("HP:0001250"),))


def test_a_question_for_people_is_answered_with_people():
    assert verdict_sentence(network_answer(["found", "not_found"], PEOPLE)) == (
        "1 of 2 beacons have individuals that fit this question; 1 answered no."
    )


def test_no_people_found_is_no_proof_that_there_are_none():
    assert verdict_sentence(network_answer(["not_found", "not_found"], PEOPLE)) == (
        "None of the 2 beacons has individuals that fit this question in the data they let you "
        "search. This does not show that there are none."
    )


def test_an_allele_among_filtered_people_is_no_verdict_on_the_allele_itself():
    filtered = replace(query(SNV), filters=(Filter("HP:0001250"),))
    said = verdict_sentence(network_answer(["found", "not_found"], filtered))
    assert said.startswith("1 of 2 beacons report a variant that fits this question")


def test_the_sentences_of_a_verdict_come_one_by_one():
    merged = network_answer(["not_found", "timeout"])
    assert sentences.verdict_parts(merged) == (
        "No complete answer: 1 beacon said no, but 1 did not answer.",
        "Do not read this as a no.",
    )


# --- rare endings ---


def test_data_sets_that_said_nothing_were_not_searched():

    sets = (
        ResultSet(id="a", exists=Exists.YES),
        ResultSet(id="b", exists=Exists.UNKNOWN),
        ResultSet(id="c", exists=Exists.NO),
    )
    found = outcome("one", "found", answer(True, result_sets=sets))
    said = searched_sentence(network_answer([found]), is_anonymous=True)
    assert said.startswith("Searched: 2 data sets ")
