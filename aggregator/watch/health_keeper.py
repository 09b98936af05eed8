"""Keeps what is known of members' health current in this process, and writes what it found out.

Every process reads how members stand and adds what its own questions showed. One of them checks
members for all: it takes up from the registry where the last left off.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Final

import structlog

from aggregator.base.errors import RegistryUnavailable
from aggregator.model.outcome import NoAnswerCode, NotAskedCode
from aggregator.protocol.wire import Failure
from aggregator.upstream.breaker import Breakers
from aggregator.watch.checker import Checker
from aggregator.watch.lease import Lease
from registry.health import Result, State, Trait
from registry.health_book import HealthBook
from registry.health_store import HealthStore
from registry.history import Kind, Tier
from registry.incidents import Incident, Topic
from registry.snapshot import RegisteredMember

log = structlog.get_logger(__name__)

FLUSH_S: Final = 1.0
"""How often what was found out is written, at most."""
JUDGE_S: Final = 60.0
"""How often it is looked at how members answer questions."""
PRUNE_S: Final = 3600.0
MANY: Final = 100_000
"""More open incidents than there can be."""
TRIES: Final = 5
"""How often what is written is read again because a look has ended meanwhile."""


class HealthKeeper:
    """Owns the background tasks of members' health but for the checks themselves."""

    def __init__(
        self,
        *,
        store: HealthStore,
        book: HealthBook,
        checker: Checker,
        lease: Lease,
        breakers: Breakers,
        members: Callable[[], Mapping[str, RegisteredMember]],
        poll_s: float,
        clock: Callable[[], float],
        now: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._book = book
        self._checker = checker
        self._lease = lease
        self._breakers = breakers
        self._members = members
        self._poll_s = poll_s
        self._clock = clock
        self._now = now
        self._is_ours = False
        self._taking = asyncio.Lock()
        self._writing = asyncio.Lock()
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Read how members stand, and begin."""
        try:
            await self._store.refresh()
        except RegistryUnavailable:
            log.debug("the registry is not available")
        for step, every_s, name in (
            (self.follow, self._poll_s, "follow members' health"),
            (self.flush, FLUSH_S, "write members' health"),
            (self.judge, JUDGE_S, "judge how members answer questions"),
            (self.prune, PRUNE_S, "drop old history"),
        ):
            self._tasks.append(asyncio.create_task(_again(step, every_s), name=name))

    async def aclose(self) -> None:
        """End the tasks and write what is left, if the registry is there."""
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        self._checker.end()
        try:
            await self.flush()
        except RegistryUnavailable:
            log.warning("the last of members' health could not be written")

    async def is_ours(self) -> bool:
        """Whether this process checks for all; the first time, it takes up what is known."""
        async with self._taking:
            try:
                is_ours = await self._lease.is_ours()
            except RegistryUnavailable:
                self._let_go()  # another process may check meanwhile
                raise
            if is_ours and not self._is_ours:
                await self._take_up()
            elif not is_ours:
                self._let_go()
            self._is_ours = is_ours
        if is_ours:
            self._checker.hurry()
        return is_ours

    def _let_go(self) -> None:
        """Leave what waits for a verdict to whoever checks now."""
        if self._is_ours:
            self._checker.begin(is_cut=False)
        self._is_ours = False

    def age_s(self, member_id: str) -> float | None:
        """Say how long ago a member was checked, in seconds, by whatever process."""
        standing = self._store.standings.get(member_id)
        if standing is None or standing.checked_at is None:
            return None
        return (self._now() - standing.checked_at).total_seconds()

    def heard(self, member_id: str, failure: Failure | None, elapsed_s: float) -> None:
        """Take in how a real question to a member ended."""
        if member_id not in self._members():
            return
        self._book.asked(
            member_id,
            at=self._now(),
            is_answered=failure is None or failure.code is NotAskedCode.LOOP,
            timed_out=failure is not None and failure.code is NoAnswerCode.TIMEOUT,
            elapsed_ms=elapsed_s * 1000,
        )

    async def follow(self) -> None:
        """Read what other processes found out; a success that is news closes breakers."""
        self._book.keep(self._members())
        await self._store.refresh()
        for member_id in self._store.take_news():
            standing = self._store.standings.get(member_id)
            if standing is None or standing.last is None or Trait.SILENT in standing.traits:
                continue
            if standing.last.result is Result.UP:
                age_s = (self._now() - standing.last.at).total_seconds()
                self._breakers.of(member_id).seen_working(self._clock() - age_s)

    async def flush(self) -> None:
        """Write what was found out since the last time, all at once."""
        async with self._writing:
            await self._write()

    async def _write(self) -> None:
        while batch := self._book.drain():
            try:
                await self._store.write(batch)
            except (RegistryUnavailable, asyncio.CancelledError):
                self._book.give_back(batch)
                raise

    async def judge(self) -> None:
        """Look at how members answered questions in the last hour, in all processes."""
        if not await self.is_ours():
            return
        await self._look_again()
        since = self._now() - timedelta(hours=1)
        buckets = await self._store.buckets(Tier.MINUTE, since, kind=Kind.QUESTION)
        self._book.take_questions(buckets)
        self._book.judge_questions(self._now())

    async def prune(self) -> None:
        """Drop what is older than it is kept."""
        if await self.is_ours():
            await self._store.prune()

    async def _take_up(self) -> None:
        """Go on from what is written, which is all that is known here too."""
        async with self._writing:
            incidents = None
            while incidents is None:
                incidents = await self._written()
            self._book.take_up(self._store.standings, self._store.places, incidents)
        self._checker.begin(is_cut=self._is_cut)

    async def _look_again(self) -> None:
        """Take up what another process wrote late, which nobody here would end otherwise."""
        async with self._writing:
            incidents = None
            for _ in range(TRIES):
                incidents = await self._written()
                if incidents is not None:
                    break
            else:
                return  # so much is going on that it has to wait for the next time
            was_cut = self._is_cut
            self._book.take_up(self._store.standings, self._store.places, incidents)
        if was_cut and not self._is_cut:
            self._book.cut(self._now())
        elif self._is_cut and not was_cut:
            self._book.back(self._now())

    async def _written(self) -> tuple[Incident, ...] | None:
        """Write, and read what the book takes up; None if there is news meanwhile."""
        await self._write()
        await self._store.refresh()
        found = await self._store.incidents(is_open=True, limit=MANY)
        told = {one.member_id for one in found if one.topic is Topic.OUTAGE}
        down = {
            member_id: standing.since
            for member_id, standing in self._store.standings.items()
            if standing.state is State.DOWN and standing.since and member_id not in told
        }
        if down:
            since = min(down.values())
            found += await self._store.incidents(down, since=since, is_open=False, limit=MANY)
        return None if self._book.has_news else found

    @property
    def _is_cut(self) -> bool:
        return self._book.open_incident("", Topic.NETWORK) is not None


async def _again(step: Callable[[], Awaitable[None]], every_s: float) -> None:
    while True:
        try:
            await step()
        except RegistryUnavailable:
            log.debug("the registry is not available; what is known of members' health stays")
        except Exception:
            # A background service goes on whatever happens; what happened is in the log.
            log.exception("watching members' health failed")
        await asyncio.sleep(every_s)
