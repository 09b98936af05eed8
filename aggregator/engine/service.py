"""The use case: one question to every member, one honest answer."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Protocol

import structlog

from aggregator.base.deadline import Deadline
from aggregator.base.errors import BadQuery, Overloaded
from aggregator.cache.freshness import Freshness
from aggregator.engine.asking import MemberAsker
from aggregator.engine.fanout import fan_out
from aggregator.engine.merge import merge
from aggregator.engine.opaque import Gathering, GroupAsking, refusal_of_few
from aggregator.engine.outcomes import Asking, Called, identify
from aggregator.engine.planner import Plan, Selection, Together, plan_all
from aggregator.model.merged import NetworkAnswer
from aggregator.model.outcome import Ending, MemberOutcome, NoAnswerCode, NotAskedCode, Reason
from aggregator.model.query import Query
from aggregator.protocol.wire import Ask, Failure, NotAsked
from aggregator.upstream.limits import Gate
from aggregator.upstream.tokens import Credential, NeedsToken, credential_for
from registry.snapshot import RegisteredMember, Snapshot, SnapshotHolder

log = structlog.get_logger(__name__)

MAX_REFRESHES = 64
"""How many stale answers are renewed in the background at once; more wait for the next question."""

OnOutcome = Callable[[MemberOutcome], None]
Admit = Callable[[int], Awaitable[None]]
"""Hears how many members are about to be asked, before anything is sent; raises to refuse it."""


@dataclass(frozen=True, slots=True)
class QueryOptions:
    """How a question is asked, beside what it asks."""

    deadline_s: float
    selection: Selection = field(default_factory=Selection)
    user_token: str | None = field(default=None, repr=False)
    via: tuple[str, ...] = ()
    """The Via entries the question came with."""
    warnings: tuple[str, ...] = ()
    admit: Admit | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Explained:
    """What would happen with one member."""

    plan: Plan
    credential: Credential | NeedsToken


class Ended(Protocol):
    """Hears how a member ended, and whether the question's time was over before."""

    def __call__(self, outcome: MemberOutcome, *, is_late: bool = False) -> None:
        """Take it in."""
        ...


class NetworkService:
    """Asks the whole network."""

    def __init__(
        self,
        *,
        holder: SnapshotHolder,
        asker: MemberAsker,
        network_id: str,
        max_queries: int,
        clock: Callable[[], float],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        environ: Mapping[str, str] = os.environ,
        on_answer: Callable[[NetworkAnswer], None] = lambda answer: None,
        patience_s: float = 0.0,
    ) -> None:
        """`patience_s` is how long questions wait unless somebody says otherwise (`Gathering`)."""
        self._patience_s = patience_s
        self._holder = holder
        self._asker = asker
        self._network_id = network_id
        self._gate = Gate(max_queries)
        self._clock = clock
        self._now = now
        self._environ = environ
        self._on_answer = on_answer
        self._refreshes: set[asyncio.Task[None]] = set()

    @property
    def queries_in_flight(self) -> int:
        """The questions that are being answered now; those waiting in line are not."""
        return self._gate.in_use

    async def aclose(self) -> None:
        """End background work; running questions belong to their callers."""
        for task in self._refreshes:
            task.cancel()
        if self._refreshes:
            await asyncio.wait(self._refreshes)

    async def ask(
        self,
        query: Query,
        options: QueryOptions,
        on_outcome: OnOutcome | None = None,
        *,
        on_admitted: Callable[[], None] | None = None,
    ) -> NetworkAnswer:
        """Ask every member the client selected and merge what came until the deadline.

        `on_admitted` hears when the question waits in line no more and is not refused any more,
        `on_outcome` of every member once, as it ends. Raises `BadQuery` for a selection the
        registry does not have, `Overloaded` when too many questions wait, and what
        `options.admit` raises. If the caller is cancelled, every call that nobody else waits for
        is cancelled too.
        """
        snapshot = self._holder.current
        if problems := options.selection.problems(snapshot):
            raise BadQuery(problems)
        started = self._clock()
        deadline = Deadline.after(options.deadline_s, self._clock)
        await self._enter(deadline)
        try:
            plans = plan_all(query, snapshot, selection=options.selection, now=self._now)
            prepared = [self._prepared(plan, options, snapshot) for plan in plans]
            if options.admit is not None:
                await options.admit(sum(map(_asked, prepared)))
            if on_admitted is not None:
                on_admitted()
            outcomes = await self._run(prepared, options, deadline, on_outcome or _ignore)
        finally:
            self._gate.release()
        answer = merge(
            query,
            [outcomes[member.id] for member in snapshot.members],
            elapsed_s=self._clock() - started,
            warnings=options.warnings,
        )
        self._on_answer(answer)
        return answer

    def explain(self, query: Query, options: QueryOptions) -> tuple[Explained, ...]:
        """Say what each member would be sent, or why it would not be asked; sends nothing."""
        snapshot = self._holder.current
        if problems := options.selection.problems(snapshot):
            raise BadQuery(problems)
        plans = plan_all(query, snapshot, selection=options.selection, now=self._now)
        return tuple(self._explained(plan, options, snapshot) for plan in plans)

    async def _enter(self, deadline: Deadline) -> None:
        try:
            async with asyncio.timeout(deadline.remaining_s / 2):
                await self._gate.acquire()
        except TimeoutError:
            raise Overloaded(
                "This network is answering too many questions at once. Ask again in a moment.",
                retry_after_s=2,
            ) from None

    async def _run(
        self,
        prepared: Sequence[Asking | GroupAsking | MemberOutcome],
        options: QueryOptions,
        deadline: Deadline,
        tell: OnOutcome,
    ) -> dict[str, MemberOutcome]:
        outcomes: dict[str, MemberOutcome] = {}

        def told(outcome: MemberOutcome) -> None:
            outcomes[outcome.member.id] = outcome
            try:
                tell(outcome)
            except Exception:
                # who listens must not change what is answered
                log.exception("a listener failed", member=outcome.member.id)

        gathering = Gathering(told, is_hurried=options.deadline_s < self._patience_s)

        def ended(outcome: MemberOutcome, *, is_late: bool = False) -> None:
            if not gathering.takes(outcome, is_late=is_late):
                told(outcome)

        askings = _to_ask(prepared, gathering, told)
        via = self._via(options)
        live: dict[str, Asking] = {}
        for asking in await self._asker.look_up(askings):
            freshness = self._asker.freshness(asking)
            if freshness in {Freshness.FRESH, Freshness.REVALIDATE}:
                ended(self._asker.from_cache(asking))
                if freshness is Freshness.REVALIDATE:
                    self._refresh(asking, via, options.deadline_s)
            else:
                live[asking.plan.member.id] = asking
        await self._ask_live(live, via, deadline, ended)
        return outcomes

    async def _ask_live(
        self,
        live: Mapping[str, Asking],
        via: str,
        deadline: Deadline,
        ended: Ended,
    ) -> None:
        started = self._clock()
        asker = self._asker

        def is_in(member_id: str, called: Called) -> None:
            ended(asker.outcome(live[member_id], called, self._clock() - started))

        def is_late(member_id: str) -> None:
            ended(asker.late(live[member_id], self._clock() - started, via), is_late=True)

        joined = {key: asker.begin(asking, via) for key, asking in live.items()}
        await fan_out(joined, deadline, ended=is_in, late=is_late)

    def _explained(self, plan: Plan, options: QueryOptions, snapshot: Snapshot) -> Explained:
        """Say what would happen; of a group only whether it would be asked."""
        if not isinstance(plan.decision, Together):
            return Explained(plan, credential_for(plan.member, options.user_token, self._environ))
        prepared = self._prepared(plan, options, snapshot)
        if isinstance(prepared, MemberOutcome) and prepared.reason is not None:
            code, message = prepared.reason.code, prepared.reason.message
            refused = (
                NotAsked(code, message)
                if isinstance(code, NotAskedCode)
                else Failure(code, message)
            )
            plan = replace(plan, decision=refused)
        return Explained(plan, Credential())

    def _prepared(
        self, plan: Plan, options: QueryOptions, snapshot: Snapshot
    ) -> Asking | GroupAsking | MemberOutcome:
        """Prepare one member, or each of an opaque group if that hides who answers."""
        if not isinstance(plan.decision, Together):
            return self._prepared_one(plan, options)
        inside = tuple(self._prepared_one(one, options) for one in plan.decision.plans)
        overlaps = plan.member.id in snapshot.overlapping
        asking = GroupAsking(plan.member, plan.query, inside, overlaps=overlaps)
        return refusal_of_few(asking) or asking

    def _prepared_one(self, plan: Plan, options: QueryOptions) -> Asking | MemberOutcome:
        """Prepare one member; an error of ours is that member's outcome, and no other's."""
        try:
            return self._prepare(plan, options)
        except Exception as error:
            # what the error says may repeat the question
            name = type(error).__name__
            log.error("preparing failed", member=plan.member.id, error=name)  # noqa: TRY400
            message = f"an error of this network, not of the beacon ({name})"
            reason = Reason(NoAnswerCode.INTERNAL, message)
            return MemberOutcome(identify(plan.member), Ending.NO_ANSWER, reason=reason)

    def _prepare(self, plan: Plan, options: QueryOptions) -> Asking | MemberOutcome:
        decision = plan.decision
        if isinstance(decision, NotAsked):
            return _not_asked(plan.member, decision)
        if isinstance(decision, Failure):
            log.error("planning failed", member=plan.member.id, error=decision.message)
            reason = Reason(decision.code, decision.message)
            return MemberOutcome(identify(plan.member), Ending.NO_ANSWER, reason=reason)
        if isinstance(decision, Together):
            raise TypeError("a group is prepared member by member")
        credential = credential_for(plan.member, options.user_token, self._environ)
        if isinstance(credential, NeedsToken):
            return _not_asked(
                plan.member, NotAsked(NotAskedCode.NEEDS_TOKEN, credential.message), decision
            )
        return self._asker.prepare(plan, decision, credential)

    def _via(self, options: QueryOptions) -> str:
        return ", ".join((*options.via, f"1.1 {self._network_id}"))

    def _refresh(self, asking: Asking, via: str, deadline_s: float) -> None:
        if len(self._refreshes) >= MAX_REFRESHES:
            return
        deadline = Deadline.after(deadline_s, self._clock)
        task = asyncio.create_task(
            self._renew(asking, via, deadline), name=f"refresh {asking.plan.member.id}"
        )
        self._refreshes.add(task)
        task.add_done_callback(self._refreshes.discard)

    async def _renew(self, asking: Asking, via: str, deadline: Deadline) -> None:
        joined = {asking.plan.member.id: self._asker.begin(asking, via)}
        await fan_out(joined, deadline, ended=_ignore_call, late=_ignore)


def _not_asked(
    member: RegisteredMember, decision: NotAsked, ask: Ask | None = None
) -> MemberOutcome:
    return MemberOutcome(
        identify(member),
        Ending.NOT_ASKED,
        reason=Reason(decision.code, decision.message),
        warnings=ask.warnings if ask else (),
    )


def _to_ask(
    prepared: Sequence[Asking | GroupAsking | MemberOutcome],
    gathering: Gathering,
    tell: Callable[[MemberOutcome], None],
) -> list[Asking]:
    """Tell of those that are not asked; gives all the others, those inside groups as well."""
    askings: list[Asking] = []
    for one in prepared:
        if isinstance(one, MemberOutcome):
            tell(one)
        elif isinstance(one, GroupAsking):
            askings += gathering.expect(one)
        else:
            askings.append(one)
    return askings


def _asked(prepared: Asking | GroupAsking | MemberOutcome) -> int:
    """Count the beacons that are about to be asked."""
    if isinstance(prepared, GroupAsking):
        return len(prepared.askings)
    return int(isinstance(prepared, Asking))


def _ignore(_: object) -> None:
    return None


def _ignore_call(_: object, __: object) -> None:
    return None
