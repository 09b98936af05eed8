"""When the network refuses to answer, because the honest answer would be "we do not know"."""

from dataclasses import dataclass

from aggregator.api.controls import Partial
from aggregator.model.merged import NetworkAnswer, Verdict
from aggregator.model.outcome import (
    CHOSEN_NOT_ASKED,
    MISSING_IF_NOT_ASKED,
    Ending,
    MemberOutcome,
    NoAnswerCode,
    NotAskedCode,
)

RETRY_AFTER_S = 60

_NEVER_TO_BE_ASKED = frozenset({NotAskedCode.PAGINATION, NotAskedCode.HOLDER, NotAskedCode.OPAQUE})
"""Reasons that leave an answer incomplete and do not pass."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer that is sent as an error document with everything known in `info.network`."""

    status: int
    message: str
    retry_after_s: int | None = None


def refusal_of(
    answer: NetworkAnswer, partial: Partial | None, *, answers_incomplete_no: bool
) -> Refusal | None:
    """Decide whether an answer may be given, and with which status it is refused if not.

    An incomplete yes is an answer unless `partial=deny`. An incomplete no is none unless the
    client (`partial=allow`) or the operator takes it; where nobody at all said no there is no
    "no" to take.
    """
    if answer.is_complete and answer.verdict is not Verdict.UNKNOWN:
        return None
    said_no = len(answer.ended(Ending.NOT_FOUND))
    if answer.verdict is Verdict.FOUND:
        if partial != "deny":
            return None
        message = (
            f"Found by {len(answer.ended(Ending.FOUND))}, but the answer is not complete: "
            f"{_missing(answer)}. Leave out partial=deny to get it as it is."
        )
        return Refusal(_status(answer), message, _retry_after(answer))
    if said_no:
        if partial == "allow" or (answers_incomplete_no and partial is None):
            return None
        message = (
            f"No complete answer: {said_no} said no, but {_missing(answer)}. Do not read this as "
            "a no. Add partial=allow to accept it as it is."
        )
        return Refusal(_status(answer), message, _retry_after(answer))
    return Refusal(_status(answer), _nobody(answer), _retry_after(answer))


def _nobody(answer: NetworkAnswer) -> str:
    if not answer.outcomes:
        return "No beacon is registered in this network."
    if answer.missing and not _is_beyond_all(answer):
        is_doubted = any(outcome.is_doubted for outcome in answer.missing)
        nobody = "no answer can be passed on" if is_doubted else "no beacon answered"
        return f"We do not know: {nobody}; {_missing(answer)}."
    able = [o for o in answer.outcomes if o.reason and o.reason.code not in CHOSEN_NOT_ASKED]
    reasons = "; ".join(f"{o.member.id}: {o.reason.message}" for o in able[:5] if o.reason)
    more = f"; and {len(able) - 5} more" if len(able) > 5 else ""
    return f"No beacon could be asked this ({reasons or 'none was selected'}{more})."


def _missing(answer: NetworkAnswer) -> str:
    named = [f"{one.member.id} ({_what_is_missing(one)})" for one in answer.missing]
    shown = ", ".join(named[:10]) + (f" and {len(named) - 10} more" if len(named) > 10 else "")
    return f"{len(named)} {'is' if len(named) == 1 else 'are'} missing: {shown}"


def _what_is_missing(outcome: MemberOutcome) -> str:
    if outcome.reason is not None:
        return outcome.reason.code.value
    return "a part of the question" if outcome.lacks_part else "some of its beacons"


def _status(answer: NetworkAnswer) -> int:
    missing = answer.missing
    if not answer.outcomes:
        return 503
    if not missing or _is_beyond_all(answer):
        return 501
    codes = {outcome.reason.code for outcome in missing if outcome.reason is not None}
    if codes and codes <= {NotAskedCode.PAUSED, NotAskedCode.SUSPENDED}:
        return 503
    if codes == {NoAnswerCode.TIMEOUT}:
        return 504
    return 502


def _is_beyond_all(answer: NetworkAnswer) -> bool:
    """Whether nobody can be asked the question, now or later."""
    codes = {outcome.reason.code if outcome.reason else None for outcome in answer.outcomes}
    is_unasked = len(answer.ended(Ending.NOT_ASKED)) == len(answer.outcomes)
    return is_unasked and not codes & (MISSING_IF_NOT_ASKED - _NEVER_TO_BE_ASKED)


def _retry_after(answer: NetworkAnswer) -> int | None:
    if _status(answer) != 503:
        return None
    waits = [_wait_s(outcome) for outcome in answer.missing]
    return max(1, round(min(waits, default=RETRY_AFTER_S)))


def _wait_s(outcome: MemberOutcome) -> float:
    return outcome.retry_after_s if outcome.retry_after_s is not None else RETRY_AFTER_S
