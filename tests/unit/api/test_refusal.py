"""When the network refuses to answer, with which status, and what it says."""

from dataclasses import replace

import pytest

from aggregator.api.refusal import RETRY_AFTER_S, refusal_of
from tests.builders import answer, network_answer, outcome

CAPABILITY = [
    *("assembly", "reference_allele", "liftover", "entry_type", "query_kind", "parameter"),
    *("filter", "dataset", "granularity", "pagination"),
]


def refusal(given, partial=None, *, answers_incomplete_no=False):
    return refusal_of(network_answer(given), partial, answers_incomplete_no=answers_incomplete_no)


def status(given, partial=None, **options):
    refused = refusal(given, partial, **options)
    assert refused is not None
    return refused.status


def message(given, partial=None):
    refused = refusal(given, partial)
    assert refused is not None
    return refused.message


def test_a_yes_that_lacks_inner_beacons_is_refused_only_where_all_are_wanted():
    given = [outcome("net", told=answer(True, is_partial=True))]
    assert refusal(given) is None
    assert status(given, "deny") == 502
    assert "1 is missing: net (some of its beacons)" in message(given, "deny")


def test_a_yes_to_a_part_of_the_question_is_refused_only_where_all_is_wanted():
    given = [outcome("cnv", told=answer(True, is_partial=True, lacks_part=True))]
    assert refusal(given) is None
    assert status(given, "deny") == 502
    assert "1 is missing: cnv (a part of the question)" in message(given, "deny")


# --- what is given ---


@pytest.mark.parametrize("partial", [None, "allow", "deny"])
@pytest.mark.parametrize(
    "given",
    [
        ["found"],
        ["not_found"],
        ["found", "not_found"],
        ["found", "assembly", "not_selected", "disabled"],
        ["not_found", "query_kind", "not_selected", "disabled"],
    ],
)
def test_a_complete_answer_is_given_whatever_the_client_says(given, partial):
    assert refusal(given, partial) is None


@pytest.mark.parametrize("partial", [None, "allow"])
def test_an_incomplete_yes_is_an_answer(partial):
    assert refusal(["found", "timeout"], partial) is None


def test_an_incomplete_yes_is_refused_to_those_who_want_all_or_nothing():
    assert status(["found", "timeout"], "deny") == 504


def test_an_incomplete_no_is_refused():
    assert status(["not_found", "timeout"]) == 504


def test_a_client_may_take_an_incomplete_no():
    assert refusal(["not_found", "timeout"], "allow") is None


def test_the_operator_may_take_incomplete_noes():
    assert refusal(["not_found", "timeout"], answers_incomplete_no=True) is None


def test_a_client_may_refuse_what_the_operator_takes():
    assert status(["not_found", "timeout"], "deny", answers_incomplete_no=True) == 504


@pytest.mark.parametrize("options", [{"partial": "allow"}, {"answers_incomplete_no": True}])
def test_where_nobody_said_no_there_is_no_no_to_take(options):
    assert status(["timeout", "tls"], **options) == 502


# --- status ---


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        *(([code], 501) for code in CAPABILITY),
        (["not_selected", "disabled"], 501),
        (["assembly", "query_kind"], 501),
        ([], 503),
        (["paused"], 503),
        (["suspended"], 503),
        (["paused", "suspended", "not_found", "assembly"], 503),
        (["timeout"], 504),
        (["timeout", "timeout", "not_found"], 504),
        (["timeout", "assembly"], 504),
        (["timeout", "suspended"], 502),
        (["timeout", "tls"], 502),
        (["server_error"], 502),
        (["needs_token"], 502),
        (["loop"], 502),
        (["paused", "loop"], 502),
        (["overloaded"], 502),
        (["internal"], 502),
    ],
)
def test_the_status_says_why_there_is_no_answer(given, expected):
    assert status(given) == expected


# --- when to ask again ---


@pytest.mark.parametrize("given", [["timeout"], ["tls"], ["assembly"]])
def test_only_a_member_that_comes_back_is_a_reason_to_ask_again(given):
    refused = refusal(given)
    assert refused is not None
    assert refused.retry_after_s is None


def test_the_first_member_that_comes_back_says_when():
    waits = [
        replace(outcome("a", "suspended"), retry_after_s=42.4),
        replace(outcome("b", "suspended"), retry_after_s=12.6),
    ]
    refused = refusal(waits)
    assert refused is not None
    assert refused.retry_after_s == 13


def test_there_is_always_a_second_to_wait():
    refused = refusal([replace(outcome("a", "suspended"), retry_after_s=0.1)])
    assert refused is not None
    assert refused.retry_after_s == 1


@pytest.mark.parametrize("given", [["paused"], []])
def test_without_a_time_told_it_is_a_minute(given):
    refused = refusal(given)
    assert refused is not None
    assert refused.retry_after_s == RETRY_AFTER_S


# --- message ---


def test_an_incomplete_no_says_how_many_said_no_and_who_is_missing():
    assert message(["not_found", "not_found", "timeout", "paused", "assembly"]) == (
        "No complete answer: 2 said no, but 2 are missing: c (timeout), d (paused). Do not read "
        "this as a no. Add partial=allow to accept it as it is."
    )


def test_one_missing_member_is_one():
    assert "1 is missing: b (tls)." in message(["not_found", "tls"])


def test_an_incomplete_yes_says_how_to_get_it():
    assert message(["found", "timeout"], "deny") == (
        "Found by 1, but the answer is not complete: 1 is missing: b (timeout). Leave out "
        "partial=deny to get it as it is."
    )


def test_nobody_answered():
    assert message(["timeout", "assembly"]) == (
        "We do not know: no beacon answered; 1 is missing: a (timeout)."
    )


def test_nobody_could_be_asked():
    assert message(["assembly", "query_kind", "not_selected"]) == (
        "No beacon could be asked this (a: is assembly; b: is query_kind)."
    )


def test_nobody_was_selected():
    assert message(["not_selected"]) == "No beacon could be asked this (none was selected)."


def test_nobody_is_there():
    assert message([]) == "No beacon is registered in this network."


def test_long_lists_are_cut_and_counted():
    assert message(["not_found", *["tls"] * 12]).count("(tls)") == 10
    assert "and 2 more" in message(["not_found", *["tls"] * 12])
    assert message(["assembly"] * 7).endswith("; and 2 more).")
