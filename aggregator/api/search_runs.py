"""Running searches: one per question, held by the application until its deadline.

The page, its stream and whoever else asks the same look at one run. There are no job ids: the
question is the key, and any process that does not know it simply asks, which the shared calls and
the cache make cheap. A finished run stays for a moment until somebody has seen its end.
"""

import asyncio
import contextlib
import hashlib
import secrets
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final, Protocol

import structlog
from aiohttp import web

from aggregator.api.heard import Heard, hear
from aggregator.base.errors import BeaconError, Overloaded
from aggregator.engine.service import OnOutcome, QueryOptions
from aggregator.model.merged import NetworkAnswer
from aggregator.model.outcome import MemberOutcome
from aggregator.model.query import Query
from registry.snapshot import RegisteredMember, SnapshotHolder

MAX_RUNS: Final = 256
KEEP_S: Final = 60.0
"""How long a finished run waits for somebody to see its end, or to look at it sorted."""

log = structlog.get_logger(__name__)


class Service(Protocol):
    """What this module needs of `engine.service.NetworkService`."""

    async def ask(
        self, query: Query, options: QueryOptions, on_outcome: OnOutcome | None = None
    ) -> NetworkAnswer:
        """Ask every member the client selected."""
        ...


@dataclass(frozen=True, slots=True)
class Place:
    """One member's place in the list of answers, filled or not."""

    member: RegisteredMember | None
    """None for a member that left the registry while the question ran."""
    heard: Heard | None
    member_id: str


class SearchRun:
    """One question being asked, or just answered."""

    def __init__(
        self,
        query: Query,
        options: QueryOptions,
        members: tuple[RegisteredMember, ...],
        asked_at: datetime,
    ) -> None:
        self.query = query
        self.options = options
        self.asked_at = asked_at
        self.answer: NetworkAnswer | None = None
        self.failure: BeaconError | None = None
        self.ended_at: float | None = None
        self.is_seen = False
        """Whether somebody has been shown the end."""
        self.version = 0
        self._members = {member.id: member for member in members}
        self._heard: dict[str, Heard] = {}
        self._news = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def is_done(self) -> bool:
        """Whether nothing more will come."""
        return self.ended_at is not None

    @property
    def is_stopped(self) -> bool:
        """Whether it was ended without an answer, because the process ends."""
        return self.is_done and self.answer is None and self.failure is None

    @property
    def places(self) -> list[Place]:
        """Give every member's place, in registry order."""
        if self.answer is not None:
            ids = [outcome.member.id for outcome in self.answer.outcomes]
        else:
            ids = list(dict.fromkeys((*self._members, *self._heard)))
        return [Place(self._members.get(each), self._heard.get(each), each) for each in ids]

    def may_be_joined(self, *, only_look: bool) -> bool:
        """Whether somebody who asks the same may be given this run."""
        if not self.is_done:
            return True
        return self.answer is not None and (only_look or not self.is_seen)

    def start(self, service: Service, clock: Callable[[], float]) -> None:
        """Begin to ask."""
        self._task = asyncio.create_task(self._run(service, clock), name="search")

    async def ended(self, within_s: float) -> bool:
        """Wait for the end, at most so long; the run goes on whatever happens to the waiter."""
        if self._task is not None and not self.is_done:
            await asyncio.wait({self._task}, timeout=within_s)
        return self.is_done

    async def newer_than(self, version: int, within_s: float) -> bool:
        """Wait until there is more than a version had; False if nothing came in time."""
        if self.version == version and not self.is_done:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(within_s):
                    await self._news.wait()
        return self.version != version

    async def aclose(self) -> None:
        """Stop asking."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})

    async def _run(self, service: Service, clock: Callable[[], float]) -> None:
        try:
            answer = await service.ask(self.query, self.options, self._hear)
            outcomes = tuple(self._kept(outcome) for outcome in answer.outcomes)
            self.answer = replace(answer, outcomes=outcomes)
        except BeaconError as error:
            self.failure = error
        except Exception:
            # Nobody may be awaiting this task: its trace is kept here, and the page says so.
            log.exception("a search failed")
            self.failure = BeaconError("An error of this network, not of the question.")
        finally:
            self.ended_at = clock()
            self._tell()

    def _kept(self, outcome: MemberOutcome) -> MemberOutcome:
        heard = self._heard.get(outcome.member.id) or hear(outcome)
        self._heard[outcome.member.id] = heard
        return heard.outcome

    def _hear(self, outcome: MemberOutcome) -> None:
        if len(self._heard) + 1 < len(self._members):  # the last one is told with the end
            self._heard[outcome.member.id] = hear(outcome)
            self._tell()

    def _tell(self) -> None:
        self.version += 1
        news, self._news = self._news, asyncio.Event()
        news.set()


class SearchRuns:
    """All runs of this process."""

    def __init__(
        self,
        service: Service,
        holder: SnapshotHolder,
        *,
        clock: Callable[[], float],
        now: Callable[[], datetime],
        max_runs: int = MAX_RUNS,
    ) -> None:
        self._service = service
        self._holder = holder
        self._clock = clock
        self._now = now
        self._max_runs = max_runs
        self._runs: dict[Hashable, SearchRun] = {}

    def __len__(self) -> int:
        return len(self._runs)

    def join(self, query: Query, options: QueryOptions, *, only_look: bool = False) -> SearchRun:
        """Give the run of a question, or start one; raises `Overloaded`.

        A finished run is given once more to whoever has not seen its end, and to those who only
        look at it in another order; whoever asks again gets a new one.
        """
        self._forget_old()
        key = _key(query, options)
        run = self._runs.get(key)
        if run is not None and run.may_be_joined(only_look=only_look):
            return run
        if run is None and len(self._runs) >= self._max_runs:
            self._make_room()
        run = SearchRun(query, options, self._holder.current.members, self._now())
        self._runs[key] = run
        run.start(self._service, self._clock)
        return run

    async def aclose(self) -> None:
        """Stop every run and wait for its end."""
        runs = list(self._runs.values())
        self._runs.clear()
        await asyncio.gather(*(run.aclose() for run in runs))

    def _forget_old(self) -> None:
        now = self._clock()
        for key, run in list(self._runs.items()):
            if run.ended_at is not None and now - run.ended_at > KEEP_S:
                del self._runs[key]

    def _make_room(self) -> None:
        finished = next((key for key, run in self._runs.items() if run.is_done), None)
        if finished is None:
            raise Overloaded(
                "This network is answering too many searches at once. Ask again in a moment.",
                retry_after_s=2,
            )
        del self._runs[finished]


_RUN_SECRET = secrets.token_bytes(32)

RUNS: web.AppKey[SearchRuns] = web.AppKey("search runs", SearchRuns)


def install(app: web.Application, service: Service, holder: SnapshotHolder) -> None:
    """Give an application its searches, which end with it."""
    runs = SearchRuns(service, holder, clock=time.monotonic, now=lambda: datetime.now(UTC))
    app[RUNS] = runs

    async def stop(_: web.Application) -> None:
        await runs.aclose()

    app.on_shutdown.append(stop)


def _key(query: Query, options: QueryOptions) -> Hashable:
    """Name a run by all that decides what members are sent.

    Two spellings of one allele are equal questions, but what a member can be asked of each may
    differ; and a token is no part of anything that is kept.
    """
    variant = query.variant
    allele = variant.allele if variant else None
    spelled = (allele.typed, allele.anchor, allele.is_aligned) if allele else None
    typed = variant.typed_assembly if variant else None
    token = options.user_token
    whose = hashlib.blake2b(token.encode(), key=_RUN_SECRET).digest() if token else None
    return (query, spelled, typed, options.selection, options.deadline_s, whose)
