"""Rows of version 1: what stands where, and what is left out because nobody said it."""

import pytest

from aggregator.model.answer import Exists, Match, ResultSet
from aggregator.model.outcome import (
    Ending,
    Member,
    MemberOutcome,
    NoAnswerCode,
    NotAskedCode,
    Reason,
)
from aggregator.model.query import Include
from aggregator.protocol.documents_csc import member_document
from aggregator.protocol.documents_v1_rows import error_of, rows_of, with_allele
from tests.builders import answer, query, variant

MEMBER = Member("one", "One", "v1")


def found(*sets: ResultSet, match: Match = Match.EXACT) -> MemberOutcome:
    said = answer(True, result_sets=sets)
    return MemberOutcome(MEMBER, Ending.FOUND, match=match, answer=said)


def named(one: ResultSet) -> str:
    return one.id


@pytest.mark.parametrize(
    ("include", "expected"),
    [
        (Include.ALL, ["yes", "no"]),
        (Include.HIT, ["yes"]),
        (Include.MISS, ["no"]),
        (Include.NONE, []),
    ],
)
def test_a_data_set_that_did_not_say_has_no_row(include, expected):
    outcome = found(
        ResultSet(id="yes", exists=Exists.YES),
        ResultSet(id="no", exists=Exists.NO),
        ResultSet(id="unknown"),
    )
    assert [row["datasetId"] for row in rows_of(outcome, include, named)] == expected


@pytest.mark.parametrize("value", [-1, True, "7", 1.5, None])
def test_counts_of_the_wrong_kind_stay_in_info(value):
    outcome = found(ResultSet(id="d", exists=Exists.YES, info={"callCount": value}))
    (row,) = rows_of(outcome, Include.ALL, named)
    assert "callCount" not in row
    assert row["info"]["callCount"] is value


def test_links_that_are_none_of_the_web_are_no_links():
    facts = {"externalUrl": "javascript:alert(1)"}
    (row,) = rows_of(found(ResultSet(id="d", exists=Exists.YES, info=facts)), Include.ALL, named)
    assert "externalUrl" not in row


def test_the_inner_beacon_is_named():
    one = ResultSet(id="d", exists=Exists.YES, beacon_id="org.inner")
    (row,) = rows_of(found(one), Include.ALL, named)
    assert row["info"]["beaconId"] == "org.inner"


@pytest.mark.parametrize("match", [Match.BROADER, Match.TEXT, Match.EQUIVALENT])
def test_the_allele_asked_for_is_said_of_exact_answers_only(match):
    row = {"datasetId": "d", "exists": True, "info": {}}
    exact = with_allele(row, found(), variant())
    assert (exact["start"], exact["alternateBases"]) == (43045703, "A")
    assert "start" not in with_allele(row, found(match=match), variant())
    assert "start" not in with_allele(row | {"exists": False}, found(), variant())


def test_the_members_own_words_win():
    row = {"datasetId": "d", "exists": True, "info": {"start": 5, "accessType": "PUBLIC"}}
    written = with_allele(row, found(), variant())
    assert written["start"] == 5
    assert written["info"] == {"accessType": "PUBLIC"}


@pytest.mark.parametrize(
    ("ending", "code", "status"),
    [
        (Ending.NOT_ASKED, NotAskedCode.ASSEMBLY, 501),
        (Ending.NOT_ASKED, NotAskedCode.PAUSED, 501),
        (Ending.NO_ANSWER, NoAnswerCode.TIMEOUT, 504),
        (Ending.NO_ANSWER, NoAnswerCode.TLS, 502),
    ],
)
def test_silence_is_null_with_a_reason(ending, code, status):
    outcome = MemberOutcome(MEMBER, ending, reason=Reason(code, "because"))
    assert error_of(outcome) == {"errorCode": status, "errorMessage": f"{code.value}: because"}
    written = member_document(outcome, query(), "https://one.example.org")
    assert written["exists"] is None
    assert written["responseStatus"] == status
