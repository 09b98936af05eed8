"""Asks one member one question: breaker, shared calls, spellings, the cache, and the outcome.

A member's trouble ends here: whatever happens, the result is a `MemberOutcome`, so that one
member never changes another's answer.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import structlog

from aggregator.cache.freshness import Freshness, FreshnessRules
from aggregator.cache.keys import answer_key
from aggregator.cache.store import AnswerStore, StoredAnswer, decode, encode
from aggregator.engine.coalesce import Coalescer, Joined
from aggregator.engine.outcomes import (
    STALE_STANDS_IN_FOR,
    Asking,
    Called,
    Outcomes,
    Suspended,
)
from aggregator.engine.planner import Plan
from aggregator.engine.withholding import without_credential
from aggregator.model.answer import Answer, Exists, lacking, union
from aggregator.model.outcome import (
    Ending,
    MemberOutcome,
    NoAnswerCode,
    Source,
)
from aggregator.model.query import Granularity
from aggregator.protocol.translators import translator_for
from aggregator.protocol.wire import Ask, Failure, Part, Request
from aggregator.upstream.breaker import Breakers, Health, Refusal, judge
from aggregator.upstream.call_results import CallProgress, CallResult
from aggregator.upstream.tokens import Credential
from registry.models import Dialect
from registry.places import place_of
from registry.snapshot import RegisteredMember

log = structlog.get_logger(__name__)

LARGE_BYTES = 2**20
"""Bodies above this are read in a turn of the event loop of their own."""


class Client(Protocol):
    """What this module needs of `upstream.client.MemberClient`."""

    async def call(
        self,
        member: RegisteredMember,
        request: Request,
        *,
        timeout_s: float,
        max_body_bytes: int,
        authorization: str | None,
        via: str,
        progress: CallProgress | None = None,
    ) -> CallResult:
        """Send one request; every failure is a value."""
        ...


@dataclass(frozen=True, slots=True)
class DialectLearned:
    """A member's answer taught how it wants to be asked."""

    member_id: str
    dialect: Dialect
    because: str
    place: str
    """Where it was asked (`registry.places.place_of`)."""


class MemberAsker:
    """Turns a planned member into its outcome."""

    def __init__(
        self,
        *,
        client: Client,
        store: AnswerStore,
        rules: FreshnessRules,
        breakers: Breakers,
        member_timeout_s: float,
        max_body_bytes: int,
        max_small_body_bytes: int,
        clock: Callable[[], float],
        wall_clock: Callable[[], float],
        emit: Callable[[DialectLearned], None] = lambda event: None,
        heard: Callable[[str, Failure | None, float], None] = lambda member_id, failure, s: None,
    ) -> None:
        self._client = client
        self._store = store
        self._rules = rules
        self._keeps = rules.keep_s > 0
        self._breakers = breakers
        self._member_timeout_s = member_timeout_s
        self._max_body_bytes = max_body_bytes
        self._max_small_body_bytes = max_small_body_bytes
        self._clock = clock
        self._wall_clock = wall_clock
        self._outcomes = Outcomes(clock, wall_clock)
        self.emit = emit
        self.heard = heard
        """Told how each live call ended, and after how many seconds without those in line."""
        self._calls: Coalescer[Called] = Coalescer()
        self._progress: dict[str, CallProgress] = {}

    @property
    def calls_in_flight(self) -> int:
        """Shared calls running now."""
        return len(self._calls)

    @property
    def shared_calls(self) -> int:
        """How often a question joined a call that was already running."""
        return self._calls.shared_calls

    def prepare(self, plan: Plan, ask: Ask, credential: Credential) -> Asking:
        """Name the cache key of a planned member."""
        return Asking(
            plan,
            ask,
            credential,
            answer_key(plan.member, ask, credential.scope, plan.query),
        )

    async def look_up(self, askings: Sequence[Asking]) -> list[Asking]:
        """Add what the cache holds, in one go."""
        if not askings or not self._keeps:
            return list(askings)
        kept = await self._store.get_many([asking.key for asking in askings])
        return [
            replace(asking, stored=decode(raw)) if raw is not None else asking
            for asking, raw in zip(askings, kept, strict=True)
        ]

    def freshness(self, asking: Asking) -> Freshness:
        """Say what the cached answer is good for now."""
        if asking.stored is None:
            return Freshness.EXPIRED
        return self._rules.of(self._outcomes.age_s(asking.stored))

    def from_cache(self, asking: Asking) -> MemberOutcome:
        """Answer from the cache, marked as such; `asking.stored` is there."""
        fresh = self.freshness(asking) is Freshness.FRESH
        return self._outcomes.stored(asking, Source.CACHE if fresh else Source.STALE)

    def begin(self, asking: Asking, via: str) -> Joined[Called]:
        """Begin to ask the member itself, or join an equal call that is running.

        The call is bounded by the member's own time, not by one question's deadline, so that a
        hurried question takes nothing from a patient one. Questions that came through other
        networks share with none but their like: a loop is a fact of the way they came.
        """
        key = _call_key(asking, via)
        return self._calls.join(key, lambda: self._call(asking, via))

    def outcome(self, asking: Asking, called: Called, elapsed_s: float) -> MemberOutcome:
        """Say what came of a call; an older answer may stand in for a failure."""
        outcome = self._outcomes.live(asking, called, elapsed_s)
        if outcome.ending in {Ending.FOUND, Ending.NOT_FOUND}:
            return outcome
        if outcome.reason is None or outcome.reason.code not in STALE_STANDS_IN_FOR:
            return outcome
        if self.freshness(asking) in {Freshness.EXPIRED, Freshness.FRESH}:
            return outcome
        stale = self._outcomes.stored(asking, Source.STALE)
        because = outcome.reason.message
        return replace(
            stale,
            elapsed_s=elapsed_s,
            attempts=outcome.attempts,
            warnings=(*stale.warnings, f"the beacon is silent now ({because})"),
        )

    def late(self, asking: Asking, elapsed_s: float, via: str = "") -> MemberOutcome:
        """Say that a member was still running when the question's time was over."""
        called = Called(
            Failure(NoAnswerCode.TIMEOUT, f"no answer within {_seconds(elapsed_s)}"), attempts=1
        )
        progress = self._progress.get(_call_key(asking, via))
        if progress is not None and not progress.has_slot:
            message = "no free slot for this beacon before the deadline"
            called = Called(Failure(NoAnswerCode.OVERLOADED, message))
        return self.outcome(asking, called, elapsed_s)

    async def _call(self, asking: Asking, via: str) -> Called:
        """Ask once for all who wait; never raises but when cancelled."""
        try:
            return await self._guarded(asking, via)
        except Exception:
            # The boundary that keeps one member's trouble from every other member's answer.
            log.exception("asking failed", member=asking.plan.member.id)
            return Called(
                Failure(NoAnswerCode.INTERNAL, "an error of this network, not of the beacon")
            )

    async def _guarded(self, asking: Asking, via: str) -> Called:
        member = asking.plan.member
        permit = self._breakers.of(member.id).allow(self._clock())
        if isinstance(permit, Refusal):
            return Called(Suspended(permit.message, permit.until_s))
        key = _call_key(asking, via)
        progress = self._progress[key] = CallProgress()
        began = self._clock()
        try:
            with permit:
                called = await self._call_parts(asking, via, progress)
                failure = called.result if isinstance(called.result, Failure) else None
                verdict = judge(failure)
                permit.record(verdict, self._clock())
            if verdict.health is not Health.NOTHING:
                elapsed_s = self._clock() - began - progress.waited_s
                self.heard(member.id, failure, max(0.0, elapsed_s))
            return called
        finally:
            # a call that is being cancelled may have a successor under its key already
            if self._progress.get(key) is progress:
                del self._progress[key]

    async def _call_parts(self, asking: Asking, via: str, progress: CallProgress) -> Called:
        ends = await self._send(asking, via, progress)
        asked, called = asking, self._combined(ends, asking.ask)
        learned = next((e.learned for e, _ in ends if isinstance(e, Failure) and e.learned), None)
        if learned is not None and (again := self._replanned(asking, learned)) is not None:
            second = await self._send(again, via, progress)
            retried = self._combined(second, again.ask)
            attempts = called.attempts + retried.attempts
            if _is_answered(second):
                member = asking.plan.member
                place = place_of(member.entry)
                self.emit(DialectLearned(member.id, learned, _first_message(ends), place))
            if not _is_refused(retried):
                asked, ends, called = again, second, replace(retried, ask=again.ask)
            warnings = (*called.warnings, f"asked again in another form: {_in_words(learned)}")
            called = replace(called, attempts=attempts, warnings=warnings)
        if self._keeps and isinstance(called.result, Answer) and not _forbids_keeping(ends):
            stored = StoredAnswer(self._wall_clock(), called.result, called.hits)
            await self._store.put(asked.key, encode(stored), self._rules.keep_s)
        return called

    def _replanned(self, asking: Asking, learned: Dialect) -> Asking | None:
        plan = asking.plan
        member = replace(plan.member, learned=plan.member.learned.merged(learned))
        decision = translator_for(member.protocol).plan(plan.query, member)
        if not isinstance(decision, Ask) or decision.parts == asking.ask.parts:
            return None
        return self.prepare(replace(plan, member=member), decision, asking.credential)

    async def _send(
        self, asking: Asking, via: str, progress: CallProgress
    ) -> list[tuple[Answer | Failure, CallResult]]:
        """Send every part at once and read what comes back."""
        parts = asking.ask.parts
        if len(parts) == 1:
            return [await self._send_part(asking, parts[0], via, progress)]
        return list(
            await asyncio.gather(*(self._send_part(asking, part, via, progress) for part in parts))
        )

    async def _send_part(
        self, asking: Asking, part: Part, via: str, progress: CallProgress
    ) -> tuple[Answer | Failure, CallResult]:
        member, query = asking.plan.member, asking.plan.query
        records = query.granularity is Granularity.RECORD
        result = await self._client.call(
            member,
            part.request,
            timeout_s=member.entry.timeout_s or self._member_timeout_s,
            max_body_bytes=self._max_body_bytes if records else self._max_small_body_bytes,
            authorization=asking.credential.authorization,
            via=via,
            progress=progress,
        )
        authorization = asking.credential.authorization
        if result.failure is not None:
            return without_credential(result.failure, authorization), result
        if result.reply is None:
            return Failure(NoAnswerCode.INTERNAL, "nothing came back"), result
        if len(result.reply.body) > LARGE_BYTES:
            await asyncio.sleep(0)  # everybody else's turn between receiving and reading
        read = translator_for(member.protocol).read(result.reply, query, member, part)
        return without_credential(read, authorization), result

    def _combined(self, ends: Sequence[tuple[Answer | Failure, CallResult]], ask: Ask) -> Called:
        """Join the parts: any yes is a yes, a partial one where a part failed; a no needs all."""
        attempts = sum(result.attempts for _, result in ends)
        answers = [end for end, _ in ends if isinstance(end, Answer)]
        failures = [end for end, _ in ends if isinstance(end, Failure)]
        hits = tuple(
            index
            for index, (end, _) in enumerate(ends)
            if isinstance(end, Answer) and end.exists is Exists.YES
        )
        if hits and failures:
            warning = f"part of the question was not answered: {failures[0].message}"
            joined = union(answers, are_disjoint=ask.are_disjoint)
            partial = lacking(joined, [failure.leaves for failure in failures])
            return Called(partial, hits, attempts, (warning,))
        if failures:
            return Called(failures[0], (), attempts)
        joined = union(answers, are_disjoint=ask.are_disjoint)
        if joined.exists is Exists.UNKNOWN:
            failure = Failure(NoAnswerCode.NO_VERDICT, "the beacon said neither yes nor no")
            return Called(failure, (), attempts)
        return Called(joined, hits, attempts)


def _call_key(asking: Asking, via: str) -> str:
    return f"{asking.key} {via}" if "," in via else asking.key


def _forbids_keeping(ends: Sequence[tuple[Answer | Failure, CallResult]]) -> bool:
    """Whether the member asked us not to keep its answer, or part of it failed."""
    for end, result in ends:
        headers: Mapping[str, str] = result.reply.headers if result.reply else {}
        control = headers.get("cache-control", "").lower()
        if isinstance(end, Failure) or "no-store" in control or "private" in control:
            return True
    return False


def _is_answered(ends: Sequence[tuple[Answer | Failure, CallResult]]) -> bool:
    """Whether a form of asking has proved itself: some part was answered, and none refused."""
    failures = [end for end, _ in ends if isinstance(end, Failure)]
    return len(failures) < len(ends) and not any(
        end.code is NoAnswerCode.REJECTED for end in failures
    )


def _is_refused(called: Called) -> bool:
    return isinstance(called.result, Failure) and called.result.code is NoAnswerCode.REJECTED


def _in_words(dialect: Dialect) -> str:
    """Say what a lesson changes: `method POST, start list`."""
    told = dialect.model_dump(mode="json", exclude_defaults=True)
    return ", ".join(
        f"{name} {' '.join(value) if isinstance(value, list) else value}"
        for name, value in told.items()
    )


def _first_message(ends: Sequence[tuple[Answer | Failure, CallResult]]) -> str:
    return next(end.message for end, _ in ends if isinstance(end, Failure) and end.learned)


def _seconds(seconds: float) -> str:
    return f"{round(seconds, 1):g} s"
