"""Turns the end of a call, or what the cache holds, into the outcome of one member."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from aggregator.cache.store import StoredAnswer
from aggregator.engine.believing import believed
from aggregator.engine.planner import Plan
from aggregator.model.answer import Answer, Exists, Match
from aggregator.model.outcome import (
    Ending,
    Member,
    MemberOutcome,
    NoAnswerCode,
    NotAskedCode,
    Reason,
    Source,
)
from aggregator.protocol.wire import Ask, Failure, Part
from aggregator.upstream.tokens import Credential
from registry.snapshot import RegisteredMember

STALE_STANDS_IN_FOR = frozenset(
    {
        NoAnswerCode.TIMEOUT,
        NoAnswerCode.OVERLOADED,
        NoAnswerCode.DNS,
        NoAnswerCode.CONNECT,
        NoAnswerCode.TLS,
        NoAnswerCode.RATE_LIMITED,
        NoAnswerCode.SERVER_ERROR,
        NoAnswerCode.INVALID_BODY,
        NoAnswerCode.CANCELLED,
        NoAnswerCode.INTERNAL,
        NotAskedCode.SUSPENDED,
    }
)
"""Failures an older answer may stand in for (RFC 5861, 4): the member is silent.

A member that refuses, contradicts itself or has withdrawn access has spoken, and an older answer
would hide it.
"""


@dataclass(frozen=True, slots=True)
class Asking:
    """One member about to be asked: its plan, credential, cache key and what the cache holds."""

    plan: Plan
    ask: Ask
    credential: Credential
    key: str
    stored: StoredAnswer | None = None


@dataclass(frozen=True, slots=True)
class Suspended:
    """The breaker let no call through."""

    message: str
    until_s: float
    """On the breakers' clock."""


@dataclass(frozen=True, slots=True)
class Called:
    """The end of one shared call: the same for all who waited for it."""

    result: Answer | Failure | Suspended
    hits: tuple[int, ...] = ()
    """Which parts of what was asked said yes."""
    attempts: int = 0
    warnings: tuple[str, ...] = ()
    ask: Ask | None = None
    """What was asked in the end, where a learned dialect changed it."""


class Outcomes:
    """Writes outcomes; the clocks say until when a member is suspended and how old an answer is."""

    def __init__(self, clock: Callable[[], float], wall_clock: Callable[[], float]) -> None:
        self._clock = clock
        self._wall_clock = wall_clock

    def live(self, asking: Asking, called: Called, elapsed_s: float) -> MemberOutcome:
        """Say what came of a call."""
        if called.ask is not None:
            asking = replace(asking, ask=called.ask)
        who = identify(asking.plan.member)
        result = called.result
        if isinstance(result, Answer):
            return self._answered(
                asking,
                result,
                called.hits,
                elapsed_s=elapsed_s,
                attempts=called.attempts,
                warnings=called.warnings,
            )
        if isinstance(result, Suspended):
            return self._suspended(who, result)
        ending = Ending.NOT_ASKED if isinstance(result.code, NotAskedCode) else Ending.NO_ANSWER
        return MemberOutcome(
            who,
            ending,
            reason=Reason(result.code, result.message),
            elapsed_s=elapsed_s,
            attempts=called.attempts,
            warnings=tuple(dict.fromkeys((*asking.ask.warnings, *called.warnings))),
            retry_after_s=result.retry_after_s,
            silent_leaves=result.leaves,
        )

    def _suspended(self, who: Member, result: Suspended) -> MemberOutcome:
        wait_s = max(1.0, result.until_s - self._clock())
        until = datetime.fromtimestamp(self._wall_clock() + wait_s, UTC)
        because = f" ({result.message})" if result.message else ""
        return MemberOutcome(
            who,
            Ending.NOT_ASKED,
            reason=Reason(
                NotAskedCode.SUSPENDED,
                f"kept failing{because}; it is tried again after {until:%H:%M:%S} UTC",
            ),
            retry_after_s=wait_s,
        )

    def stored(self, asking: Asking, source: Source) -> MemberOutcome:
        """Say what the cache holds, marked with its age; `asking.stored` is there."""
        stored = asking.stored
        if stored is None:
            raise LookupError("no stored answer")
        age_s = self.age_s(stored)
        warnings: tuple[str, ...] = ()
        if source is Source.STALE:
            at = datetime.fromtimestamp(stored.fetched_at, UTC)
            warnings = (f"answer of {at:%Y-%m-%d %H:%M:%S} UTC",)
        return self._answered(
            asking, stored.answer, stored.hits, source=source, age_s=age_s, warnings=warnings
        )

    def _answered(
        self,
        asking: Asking,
        answer: Answer,
        hits: tuple[int, ...],
        *,
        elapsed_s: float = 0.0,
        attempts: int = 0,
        source: Source = Source.LIVE,
        age_s: float = 0.0,
        warnings: tuple[str, ...] = (),
    ) -> MemberOutcome:
        found = answer.exists is Exists.YES
        part = _best_part(asking.ask.parts, hits) if found else None
        match = answer.match or (part.match if part else Match.EXACT)
        outcome = MemberOutcome(
            identify(asking.plan.member, answer),
            Ending.FOUND if found else Ending.NOT_FOUND,
            match=match if found else None,
            matched_as=part.spelled if part else None,
            elapsed_s=elapsed_s,
            attempts=attempts,
            source=source,
            age_s=age_s,
            warnings=tuple(dict.fromkeys((*asking.ask.warnings, *answer.warnings, *warnings))),
            answer=answer,
        )
        return believed(outcome, asking.plan.query, asking.plan.member.controls)

    def age_s(self, stored: StoredAnswer) -> float:
        """Give the age of a cached answer in seconds; a clock set back makes it new."""
        return max(0.0, self._wall_clock() - stored.fetched_at)


def identify(member: RegisteredMember, answer: Answer | None = None) -> Member:
    """Say who a member is, as far as is known before or after its answer."""
    told = member.capabilities
    protocol = member.protocol
    return Member(
        id=member.id,
        name=member.name,
        protocol=protocol.value if protocol else "auto",
        beacon_id=told.beacon_id or (answer.beacon_id if answer else None),
        api_version=told.api_version or (answer.api_version if answer else None),
        assemblies=tuple(assembly.value for assembly in member.assemblies),
        same_as=member.entry.same_as,
    )


def _best_part(parts: Sequence[Part], hits: Sequence[int]) -> Part | None:
    """Give the part whose hit proves most."""
    found = [parts[index] for index in hits if index < len(parts)]
    return min(found, key=lambda part: part.match.rank, default=None)
