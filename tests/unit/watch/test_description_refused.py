"""What is said of a member whose description cannot be had: that it was no question."""

import pytest

from aggregator.model.outcome import NoAnswerCode
from aggregator.protocol.wire import Reply
from aggregator.watch.phases import described
from registry.health import Phase


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (404, b"", "its description is not there (HTTP 404)"),
        (404, b'{"message": "no route"}', "its description is not there (HTTP 404)"),
        (410, b"gone", "its description is not there (HTTP 410)"),
        (400, b"", "does not give its description (HTTP 400)"),
        (405, b"not: so", "does not give its description (HTTP 405): not: so"),
        (503, b"", "failed with an error of its own (HTTP 503)"),
        (401, b"", "answers only signed-in or approved users (HTTP 401)"),
    ],
)
def test_a_refusal_is_of_the_description(status: int, body: bytes, words: str) -> None:
    ended = described(Reply(status, body), None)
    assert ended.failure is not None
    assert ended.failure.message == words
    assert ended.phase is Phase.STATUS
    assert ended.status == status


def test_its_code_stays() -> None:
    ended = described(Reply(404, b""), None)
    assert ended.failure is not None
    assert ended.failure.code is NoAnswerCode.REJECTED
