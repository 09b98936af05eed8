"""What comes beside a refusal: which refusals are judged, and what is said of them."""

from typing import Any

import pytest

from aggregator.protocol.wire import Request
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


@pytest.mark.parametrize(
    "other",
    [
        refusal(401),
        refusal(403),
        refusal(405),
        refusal(401, {"detail": "log in"}),
        refusal(429, silence="HTTP status 429"),
        refusal(200, {"response": {}}),
        refusal(500),
    ],
)
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
