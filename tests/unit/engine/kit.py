"""Members that answer as told, and the engine around them."""

import asyncio
from collections.abc import Callable, Sequence

from aggregator.base.deadline import Deadline
from aggregator.cache.freshness import FreshnessRules
from aggregator.cache.store import MemoryAnswers
from aggregator.engine.asking import DialectLearned, MemberAsker
from aggregator.engine.outcomes import Asking
from aggregator.engine.planner import Plan
from aggregator.engine.service import NetworkService, QueryOptions
from aggregator.model.query import Query
from aggregator.protocol.translators import translator_for
from aggregator.protocol.wire import Ask, Failure, Reply, Request
from aggregator.upstream.breaker import Breakers
from aggregator.upstream.call_results import CallProgress, CallResult
from aggregator.upstream.tokens import Credential
from registry.models import Group
from registry.snapshot import RegisteredMember, SnapshotHolder
from tests.builders import Clock, query, v2_reply

End = Reply | Failure | Exception

RULES = FreshnessRules(ttl_s=300, stale_while_revalidate_s=3600, stale_if_error_s=86400)


class FakeClient:
    """Ends every call as `ends` says, after `gate` has opened, if there is one."""

    def __init__(self) -> None:
        self.ends: Callable[[RegisteredMember, Request], End] = lambda member, request: v2_reply()
        self.gate: asyncio.Event | None = None
        self.has_slot = True
        self.asked: list[tuple[str, Request]] = []
        self.options: list[dict[str, object]] = []
        self.cancelled = 0
        self.farewell: asyncio.Event | None = None
        """What a cancelled call waits for before it has ended."""

    def always(self, end: End) -> None:
        self.ends = lambda member, request: end

    def in_turn(self, *ends: End) -> None:
        left = list(ends)
        self.ends = lambda member, request: left.pop(0)

    @property
    def calls(self) -> int:
        return len(self.asked)

    async def call(
        self,
        member: RegisteredMember,
        request: Request,
        *,
        progress: CallProgress | None = None,
        **options: object,
    ) -> CallResult:
        self.asked.append((member.id, request))
        self.options.append(options)
        if progress is not None:
            progress.has_slot = self.has_slot
        try:
            if self.gate is not None:
                await self.gate.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            if self.farewell is not None:
                await self.farewell.wait()
            raise
        end = self.ends(member, request)
        if isinstance(end, Exception):
            raise end
        if isinstance(end, Failure):
            return CallResult(None, end, 0.0, 1)
        return CallResult(end, None, 0.0, 1)


class Engine:
    """An engine whose clocks, cache and members are ours."""

    def __init__(
        self,
        *members: RegisteredMember,
        groups: Sequence[Group] = (),
        max_queries: int = 10,
        patience_s: float = 0.0,
    ) -> None:
        self.client = FakeClient()
        self.clock = Clock()
        self.wall_clock = Clock(1_700_000_000.0)
        self.breakers = Breakers(rand=lambda: 0.5)
        self.learned: list[DialectLearned] = []
        self.store = MemoryAnswers(max_entries=100, max_bytes=10**6, clock=self.wall_clock)
        self.asker = MemberAsker(
            client=self.client,
            store=self.store,
            rules=RULES,
            breakers=self.breakers,
            member_timeout_s=8,
            max_body_bytes=1000,
            max_small_body_bytes=100,
            clock=self.clock,
            wall_clock=self.wall_clock,
            emit=self.learned.append,
        )
        self.holder = SnapshotHolder()
        self.holder.publish(members, groups)
        self.service = NetworkService(
            holder=self.holder,
            asker=self.asker,
            network_id="us",
            max_queries=max_queries,
            clock=self.clock,
            environ={},
            patience_s=patience_s,
        )

    def asking(
        self,
        member: RegisteredMember,
        question: Query | None = None,
        credential: Credential | None = None,
    ) -> Asking:
        """Plan one member."""
        question = question or query()
        ask = translator_for(member.protocol).plan(question, member)
        assert isinstance(ask, Ask), ask
        return self.asker.prepare(Plan(member, question, ask), ask, credential or Credential())

    async def looked_up(self, member: RegisteredMember, question: Query | None = None) -> Asking:
        """Plan one member and look into the cache."""
        (found,) = await self.asker.look_up([self.asking(member, question)])
        return found

    async def live(self, asking: Asking, elapsed_s: float = 0.25):
        """Ask one member and give its outcome."""
        place = self.asker.begin(asking, "1.1 us")
        try:
            called = await place.task
        finally:
            place.leave()
        return self.asker.outcome(asking, called, elapsed_s)

    async def ask(self, question: Query | None = None, on_outcome=None, **options):
        """Ask the whole network."""
        given = QueryOptions(**{"deadline_s": 10, **options})
        return await self.service.ask(question or query(), given, on_outcome)


def over() -> Deadline:
    """A deadline that has passed."""
    return Deadline(0.0, lambda: 1.0)


def ahead() -> Deadline:
    """A deadline that a test never reaches."""
    return Deadline(60.0, lambda: 0.0)


async def settle() -> None:
    """Let everything that can run do so."""
    for _ in range(20):
        await asyncio.sleep(0)
