"""Says of a failed look at a member how far it came, and whether the failure is the member's. Pure.

A look asks for the member's description and puts a light test question. A member that answers and
refuses works: so it is seen by the breakers too. What an answer has to be is what the protocol's
reader says, the same that reads answers to real questions.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from aggregator.model.outcome import NoAnswerCode, NotAskedCode
from aggregator.protocol.failures import failure_of
from aggregator.protocol.info import read_info
from aggregator.protocol.member_document import decoded
from aggregator.protocol.wire import Failure, Reply
from aggregator.upstream.failures import ITS_CERTIFICATE, NO_CONNECTION
from registry.health import Phase

_PHASES: Final[Mapping[str, Phase]] = {
    NoAnswerCode.DNS: Phase.DNS,
    # an address of the inside is what its name resolves to
    NoAnswerCode.ADDRESS: Phase.DNS,
    NoAnswerCode.CONNECT: Phase.CONNECT,
    NoAnswerCode.TLS: Phase.TLS,
    NoAnswerCode.TIMEOUT: Phase.SLOW,
    NoAnswerCode.REDIRECTED: Phase.STATUS,
    NoAnswerCode.REJECTED: Phase.STATUS,
    NoAnswerCode.FORBIDDEN: Phase.STATUS,
    NoAnswerCode.RATE_LIMITED: Phase.STATUS,
    NoAnswerCode.SERVER_ERROR: Phase.STATUS,
    NoAnswerCode.INVALID_BODY: Phase.BODY,
    NoAnswerCode.TOO_LARGE: Phase.BODY,
    NoAnswerCode.NO_VERDICT: Phase.SCHEMA,
    NoAnswerCode.INCONSISTENT: Phase.SCHEMA,
    NoAnswerCode.OVERLOADED: Phase.OURS,
    NoAnswerCode.CANCELLED: Phase.OURS,
    NoAnswerCode.INTERNAL: Phase.OURS,
}
FAR: Final = frozenset({Phase.DNS, Phase.CONNECT, Phase.TLS, Phase.SLOW})
"""Where a check fails also when it is our own connection that is away."""
_NOT_THERE: Final = frozenset({404, 410})
_NOT_DONE: Final = frozenset({501, 508})
"""A member says that it does not do this, or that it met itself."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How one request of a look ended; without a failure the member answered it."""

    failure: Failure | None = None
    status: int | None = None
    has_come: bool = True
    """Whether anything of use came, a refusal included; False for a failure of the member's."""
    phase: Phase | None = None

    @property
    def has_reached(self) -> bool:
        """Whether the connection worked, whatever came of it.

        A certificate that cannot be verified was received, so somebody is there. A connection that
        is refused proves nothing: a firewall or a proxy beside us refuses in the same words.
        """
        if self.phase not in FAR or self.failure is None:
            return True
        return self.phase is Phase.TLS and self.failure.message.startswith(ITS_CERTIFICATE)


def described(reply: Reply | None, failure: Failure | None, *, needs_user: bool = False) -> Ended:
    """Judge what came of asking for a description.

    `needs_user`: the member is known to answer only users who sign in.
    """
    if failure is None and reply is not None:
        failure = failure_of(reply)
        if failure is not None:
            failure = _of_description(failure)
        else:
            problem = read_info(reply)
            if not isinstance(problem, str):
                return Ended(status=reply.status)
            code = NoAnswerCode.INVALID_BODY
            failure = Failure(code, f"its description cannot be used: {problem}")
    failure = failure or Failure(NoAnswerCode.INTERNAL, "nothing came back")
    is_kept = needs_user and failure.code is NoAnswerCode.FORBIDDEN
    has_come = is_kept or failure.code is NoAnswerCode.RATE_LIMITED
    return _ended(failure, reply, has_come=has_come)


def _of_description(failure: Failure) -> Failure:
    """Say of a refusal that it was its description that was asked for, and no question."""
    if failure.code is not NoAnswerCode.REJECTED or failure.status is None:
        return failure
    status, said = f"(HTTP {failure.status})", failure.message.partition(":")[2]
    if failure.status in _NOT_THERE:
        return replace(failure, message=f"its description is not there {status}")
    words = f":{said}" if said else ""
    return replace(failure, message=f"does not give its description {status}{words}")


def answered(
    reply: Reply | None, failure: Failure | None, *, has_token: bool, has_answered: bool
) -> Ended:
    """Judge what came of a test question that has been read.

    `has_token`: a credential of ours was sent, so that a refusal of it is a failure;
    `has_answered`: the member has answered this very question before, so that any refusal is.
    """
    if failure is None:
        return Ended(status=reply.status if reply is not None else None)
    return _ended(failure, reply, has_come=_works(failure, has_token, has_answered))


def _works(failure: Failure, has_token: bool, has_answered: bool) -> bool:
    """Whether a failure to answer is one of a member that works.

    One that teaches how the member wants to be asked is ours, until it was asked so.
    """
    if failure.is_networks_own or failure.status in _NOT_DONE:
        return True
    if failure.learned is not None and not has_answered:
        return True
    match failure.code:
        case NoAnswerCode.RATE_LIMITED | NotAskedCode.LOOP:
            return True
        case NoAnswerCode.FORBIDDEN:
            return not has_token
        case NoAnswerCode.REJECTED:
            return not has_answered
    return False


def _ended(failure: Failure, reply: Reply | None, *, has_come: bool) -> Ended:
    status = failure.status or (reply.status if reply is not None else None)
    phase = _PHASES.get(failure.code, Phase.STATUS)
    if failure.message.startswith(NO_CONNECTION):
        phase = Phase.CONNECT
    elif phase is Phase.BODY and reply is not None and not isinstance(decoded(reply), str):
        phase = Phase.SCHEMA  # JSON that can be read
    elif phase is Phase.STATUS and status is not None and status < 300:
        phase = Phase.SCHEMA  # an error in the clothes of an answer
    return Ended(failure, status, has_come, phase)
