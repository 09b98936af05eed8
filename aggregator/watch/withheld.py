"""What is left out of texts about members that are asked with a credential of this network. Pure.

What a member says to a credential it says to this network, not to everybody.
"""

from typing import Final

from aggregator.model.outcome import NoAnswerCode, NotAskedCode
from aggregator.protocol.wire import Failure

_SAID: Final = {
    NoAnswerCode.REDIRECTED: "redirects elsewhere",
    NoAnswerCode.REJECTED: "refused the question",
    NoAnswerCode.FORBIDDEN: "answers only signed-in or approved users",
    NoAnswerCode.RATE_LIMITED: "asks to be asked less often",
    NoAnswerCode.SERVER_ERROR: "failed with an error of its own",
    NoAnswerCode.INVALID_BODY: "its answer cannot be read",
    NoAnswerCode.NO_VERDICT: "the answer says neither yes nor no",
    NoAnswerCode.INCONSISTENT: "the answer contradicts itself or the question",
    NotAskedCode.LOOP: "the question came back to where it started",
}
"""Our own words for failures whose messages hold the member's."""


def without_words(failure: Failure) -> str:
    """Say in our own words why there is no answer; the status alone is the member's."""
    said = _SAID.get(failure.code)
    if said is None:
        return failure.message
    return said if failure.status is None else f"{said} (HTTP {failure.status})"
