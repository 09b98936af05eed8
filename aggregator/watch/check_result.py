"""Makes one check of the two requests of a look: the description's and the question's. Pure."""

from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Final, TypeGuard

from aggregator.model.outcome import NoAnswerCode
from aggregator.protocol.curl import curl
from aggregator.protocol.wire import Request
from aggregator.upstream.breaker import Verdict, judge
from aggregator.upstream.masking import masker
from aggregator.watch.phases import FAR, Ended
from registry.health import Check, Phase, Result

MAX_MESSAGE: Final = 500
MAX_REQUEST: Final = 4_000
_LIMITED: Final = NoAnswerCode.RATE_LIMITED


@dataclass(frozen=True, slots=True)
class Looked:
    """What one look at a member gave."""

    check: Check
    verdict: Verdict | None = None
    """What it says to the breaker: how the question ended, or that the member was not reached."""
    retry_after_s: float = 0.0
    """How long the member asked to be left alone."""
    has_reached: bool = True
    """Whether our connection brought us to the member; False where nobody can say."""


@dataclass(frozen=True, slots=True)
class Step:
    """One request of a look and its end."""

    request: Request
    ended: Ended
    elapsed_s: float


def paused(at: datetime) -> Looked:
    """Give the look at a member that is not to be looked at."""
    return Looked(Check(at, Result.PAUSED))


def joined(
    at: datetime,
    description: Step | None,
    question: Step | None,
    request_id: str,
    authorization: str | None,
) -> Looked:
    """Join the two: the first that failed tells why, the question how long it took."""
    steps = [one for one in (description, question) if one is not None]
    if not steps:
        message = "it has no description, and no question that we know how to put to it"
        return Looked(Check(at, Result.UNKNOWN, Phase.OURS, message=message))
    verdict = _verdict(steps[-1], authorization, is_question=question is not None)
    failures = [one.ended.failure for one in steps if one.ended.failure is not None]
    retry_after_s = max((one.retry_after_s or 0.0 for one in failures), default=0.0)
    asked = digest(question.request) if _is_answered(question) else ""
    failed = next((one for one in steps if not one.ended.has_come), None)
    if failed is not None:
        check = replace(_failed(at, failed, request_id, authorization), question=asked)
        return Looked(check, verdict, retry_after_s, failed.ended.has_reached)
    last = steps[-1]
    is_timed = last.ended.failure is None or last.ended.failure.code is not _LIMITED
    check = Check(
        at,
        Result.UP,
        status=last.ended.status,
        elapsed_ms=last.elapsed_s * 1000 if is_timed else None,
        request_id=request_id,
        question=asked,
    )
    return Looked(check, verdict, retry_after_s)


def digest(request: Request) -> str:
    """Name a request shortly, by nothing that it holds."""
    told = "\n".join((request.method, request.url)).encode()
    return sha256(told + b"\n" + (request.body or b"")).hexdigest()[:16]


def _is_answered(question: Step | None) -> TypeGuard[Step]:
    return question is not None and question.ended.failure is None


def _verdict(last: Step, authorization: str | None, *, is_question: bool) -> Verdict | None:
    """Give what the breaker of questions is to know; of a bad description alone, nothing."""
    failure = last.ended.failure
    if is_question or failure is None or last.ended.phase in FAR or failure.code is _LIMITED:
        verdict = judge(failure)  # everybody is told why a member is left alone
        return replace(verdict, message=masker(authorization)(verdict.message))
    return None


def _failed(at: datetime, step: Step, request_id: str, authorization: str | None) -> Check:
    ended = step.ended
    message = ended.failure.message if ended.failure is not None else ""
    masked = masker(authorization)
    return Check(
        at,
        Result.UNKNOWN if ended.phase is Phase.OURS else Result.DOWN,
        ended.phase,
        ended.status,
        step.elapsed_s * 1000,
        masked(message)[:MAX_MESSAGE],
        masked(curl(step.request, has_token=authorization is not None))[:MAX_REQUEST],
        request_id,
    )
