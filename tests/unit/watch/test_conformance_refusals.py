"""What comes beside a refusal: which refusals are judged, and what is said of them."""

from typing import Any, ClassVar

import pytest

from aggregator.protocol.wire import Request
from aggregator.watch.conformance import run_v1
from aggregator.watch.conformance.asking import Exchange
from aggregator.watch.conformance.report import Verdict
from aggregator.watch.conformance.run_v2 import judge_error_documents

REQUEST = Request("GET", "http://member.example/g_variants")
DOCUMENT = {
    "meta": {
        "beaconId": "org.example",
        "apiVersion": "v2.1.1",
        "returnedSchemas": [],
        "returnedGranularity": "boolean",
        "receivedRequestSummary": {
            "apiVersion": "v2.1.1",
            "requestedSchemas": [],
            "pagination": {"skip": 0, "limit": 10},
            "requestedGranularity": "boolean",
        },
    },
    "error": {"errorCode": 400, "errorMessage": "start alone is no question"},
}


def refusal(status: int, document: Any = None, **more: str) -> Exchange:
    """What a member says beside a status."""
    trouble = "" if document is not None else f"HTTP status {status}"
    return Exchange(REQUEST, status, document, trouble, came=f"{status}: it", **more)


OTHERS = [
    refusal(401),
    refusal(403),
    refusal(405),
    refusal(401, {"detail": "log in"}),
    refusal(429, silence="HTTP status 429"),
    refusal(200, {"response": {}}),
    refusal(500),
]


@pytest.mark.parametrize("other", OTHERS)
def test_what_refuses_no_question_is_not_judged(other: Exchange) -> None:
    judgement, shown = judge_error_documents([other])
    assert (judgement.verdict, shown) == (Verdict.SKIPPED, None)
    judgement, shown = judge_error_documents([other, refusal(400, DOCUMENT)])
    assert judgement.verdict is Verdict.PASS
    assert shown is not None
    assert shown.status == 400


def test_a_refusal_without_a_document_breaks_it_and_says_what_was_wanted() -> None:
    bare = refusal(400)
    judgement, shown = judge_error_documents([refusal(401), refusal(422, DOCUMENT), bare])
    assert judgement.verdict is Verdict.FAIL
    assert shown is bare
    assert judgement.message == "It refuses without an error document: HTTP status 400"
    assert "meta, and error with code and message" in judgement.expected
    assert "200" not in judgement.expected


def test_a_document_of_another_shape_breaks_it() -> None:
    judgement, _ = judge_error_documents([refusal(400, {"detail": "no"})])
    assert judgement.verdict is Verdict.FAIL
    assert judgement.deviations


class TestVersion1:
    document: ClassVar = {
        "beaconId": "org.example",
        "exists": None,
        "error": {"errorCode": 400, "errorMessage": "start is no number"},
    }

    @pytest.mark.parametrize("other", OTHERS)
    def test_what_refuses_no_question_is_not_judged(self, other: Exchange) -> None:
        judgement, shown = run_v1.judge_error_documents([other], "1.1.0")
        assert (judgement.verdict, shown) == (Verdict.SKIPPED, None)
        answers = [other, refusal(400, self.document)]
        judgement, shown = run_v1.judge_error_documents(answers, "1.1.0")
        assert judgement.verdict is Verdict.PASS
        assert shown is answers[1]

    def test_a_refusal_without_a_document_breaks_it_and_says_what_was_wanted(self) -> None:
        answers = [refusal(403), refusal(400, self.document), refusal(400)]
        judgement, shown = run_v1.judge_error_documents(answers, "1.1.0")
        assert judgement.verdict is Verdict.FAIL
        assert shown is answers[2]
        assert judgement.message == "It refuses without an error document: HTTP status 400"
        assert "exists null, and error with its code" in judgement.expected
        assert "200" not in judgement.expected

    @pytest.mark.parametrize("document", [{"detail": "no"}, []])
    def test_a_document_of_another_shape_breaks_it(self, document: Any) -> None:
        judgement, _ = run_v1.judge_error_documents([refusal(400, document)], "1.1.0")
        assert judgement.verdict is Verdict.FAIL
        assert judgement.deviations

    def test_an_answer_without_an_error_breaks_it(self) -> None:
        document = {"beaconId": "org.example", "exists": False}
        judgement, _ = run_v1.judge_error_documents([refusal(400, document)], "1.1.0")
        assert judgement.verdict is Verdict.FAIL
        assert judgement.message == "It refuses without an error in its document"
