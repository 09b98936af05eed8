"""The health of members as the registry keeps it: standings, buckets, incidents, events, facts.

One process writes (whoever holds the lease of checks; all add their questions), every process
reads. Standings and facts are kept in memory and refreshed by their sequence, so that pages and
breakers never wait for the database; history is read when somebody looks.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection

from registry.database import Change, Database
from registry.health import Check, Standing
from registry.health_batch import Batch as Batch  # noqa: PLC0414 - a word of the store's
from registry.health_batch import Fact as Fact  # noqa: PLC0414
from registry.health_batch import IncidentChange as IncidentChange  # noqa: PLC0414
from registry.health_facts import add_run, put_fact, read_runs
from registry.health_known import AtPlaces, Known
from registry.health_pruning import prune
from registry.health_reads import (
    read_begun,
    read_buckets,
    read_checks,
    read_events,
    read_figures,
    read_incidents,
    read_number,
)
from registry.health_writes import add_note, write_batch
from registry.history import Bucket, Figures, Kind, Span, Tier, Window
from registry.incidents import Event, Incident, IncidentKey

T = TypeVar("T")

FRESH: Final = timedelta(seconds=30)
"""How long what was read of everybody's history is given again."""


class HealthStore:
    """Reads and writes the health of members.

    `placed` says where a member is now (`registry.places.place_of`; None: nobody knows): what was
    found out at another place is not given.
    """

    def __init__(
        self,
        database: Database,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        placed: Callable[[str], str | None] = lambda member_id: None,
    ) -> None:
        self.database = database
        self.now = now
        self._placed = placed
        self._known = Known()
        self._news: set[str] = set()
        self._writers: set[str] = set()
        self._refreshing = asyncio.Lock()
        self._history: dict[tuple[object, ...], tuple[datetime, Any]] = {}
        self._reading: dict[tuple[object, ...], asyncio.Lock] = {}

    @property
    def standings(self) -> Mapping[str, Standing]:
        """How members stand, by id, as of the last `refresh`."""
        return AtPlaces(self._known.standings, self._placed)

    @property
    def places(self) -> Mapping[str, str]:
        """Where each member of `standings` was checked."""
        return {member_id: place for member_id, (place, _) in self._known.standings.items()}

    def facts(self, name: str) -> Mapping[str, Fact]:
        """Give the facts of one name (`certificate`, `conformance`, `controls`) by member id."""
        return AtPlaces(self._known.facts.get(name, {}), self._placed)

    async def refresh(self) -> None:
        """Read what changed since the last time; `take_news` gives whose standing did.

        Raises `RegistryUnavailable`, as every method that reads or writes.
        """
        async with self._refreshing:
            changed = await self.database.read(self._known.read)
            self._news |= self._known.take_in(changed)

    def take_news(self) -> tuple[str, ...]:
        """Give the ids of members whose standing changed since this was asked last, sorted.

        However often `refresh` was called in between, and by whom.
        """
        news, self._news = self._news, set()
        return tuple(sorted(news))

    async def write(self, batch: Batch) -> None:
        """Write a batch in one transaction; what is of members that are not there is left out."""
        if batch:
            self._writers.add(batch.writer)
            await self._change(lambda change: write_batch(change.connection, batch, self.now()))

    async def put_fact(
        self, member_id: str, name: str, document: Mapping[str, Any], *, place: str
    ) -> bool:
        """Keep a fact in place of the last one; False: its member is not there or moved."""
        fact = Fact(self.now(), document)
        async with self._refreshing:  # what was read before it was written must not undo it
            is_kept = await self._change(
                lambda change: put_fact(change, member_id, name, fact, place)
            )
            if is_kept:
                self._known.put(member_id, name, place, fact)
            return is_kept

    async def add_run(self, member_id: str, document: Mapping[str, Any]) -> None:
        """Keep a run of conformance: at most `KEPT_RUNS`, one for each day or change."""
        run = Fact(self.now(), document)
        await self._change(lambda change: add_run(change.connection, member_id, run))

    async def runs(self, member_id: str, *, limit: int = 100) -> tuple[Fact, ...]:
        """Read the runs of conformance of a member, newest first."""
        return await self.database.read(lambda reading: read_runs(reading, member_id, limit))

    async def figures(
        self, window: Window, *, kind: Kind = Kind.CHECK, member_ids: Collection[str] | None = None
    ) -> Mapping[str, Figures]:
        """Add up a window that ends now, by member id; None: everybody's, as of `FRESH` ago."""
        return await self._shared(
            ("figures", window, kind),
            member_ids,
            lambda reading: read_figures(reading, window, kind, member_ids, self.now()),
        )

    async def buckets(
        self,
        tier: Tier,
        since: datetime,
        *,
        kind: Kind = Kind.CHECK,
        member_ids: Collection[str] | None = None,
    ) -> Mapping[str, tuple[Bucket, ...]]:
        """Read buckets that begin at `since` or later, oldest first, by member id.

        Everybody's are as of `FRESH` ago. None is of later than now.
        """
        length = int(tier.length.total_seconds())
        start = int(-(-since.timestamp() // length)) * length
        span = Span(tier, start, tier.end_of(self.now()))
        return await self._shared(
            ("buckets", tier, start, kind),
            member_ids,
            lambda reading: read_buckets(reading, span, kind, member_ids),
        )

    async def checks(self, member_id: str) -> tuple[Check, ...]:
        """Read the last checks of a member, newest first."""
        return await self.database.read(lambda reading: read_checks(reading, member_id))

    async def incidents(
        self,
        member_ids: Collection[str] | None = None,
        *,
        since: datetime | None = None,
        below: int | None = None,
        is_open: bool | None = None,
        limit: int = 50,
    ) -> tuple[Incident, ...]:
        """Read incidents, newest first; of these members (`""` is the network), or everybody's.

        `since` leaves out what ended before; `below` gives those of a smaller number.
        """
        return await self.database.read(
            lambda reading: read_incidents(
                reading, member_ids, since=since, below=below, is_open=is_open, limit=limit
            )
        )

    async def incidents_begun(self, keys: Collection[IncidentKey]) -> tuple[Incident, ...]:
        """Read the incidents that are these, however many there were since."""
        return await self.database.read(lambda reading: read_begun(reading, keys))

    async def incident_number(self, key: IncidentKey) -> int | None:
        """Read the number of an incident; None where there is none."""
        return await self.database.read(lambda reading: read_number(reading, key))

    async def note(self, number: int, *, by: str, text: str) -> bool:
        """Add an operator's note to an incident; False if there is none of that number.

        Raises `Conflict` where an incident has as many notes as it can.
        """
        return await self._change(
            lambda change: add_note(change.connection, number, by=by, text=text, at=self.now())
        )

    async def events(
        self, member_ids: Collection[str] | None = None, *, above: int = 0, limit: int = 100
    ) -> tuple[Event, ...]:
        """Read events above a number, oldest first; of these members, or everybody's."""
        return await self.database.read(
            lambda reading: read_events(
                reading, member_ids, above=above, limit=limit, is_newest_first=False
            )
        )

    async def latest_events(
        self, member_ids: Collection[str] | None = None, *, limit: int = 50
    ) -> Sequence[Event]:
        """Read the last events, newest first; of these members, or everybody's."""
        return await self.database.read(
            lambda reading: read_events(
                reading, member_ids, above=0, limit=limit, is_newest_first=True
            )
        )

    async def prune(self) -> None:
        """Drop what is older than it is kept."""
        await prune(self.database, self.now(), writers=self._writers)

    async def _change(self, work: Callable[[Change], Awaitable[T]]) -> T:
        return await self.database.change(work, is_news=False)

    async def _shared(
        self,
        key: tuple[object, ...],
        member_ids: Collection[str] | None,
        work: Callable[[AsyncConnection], Awaitable[Mapping[str, T]]],
    ) -> Mapping[str, T]:
        """Read history; of everybody once for all who ask while it is fresh."""
        if member_ids is not None:
            return await self.database.read(work)
        async with self._reading.setdefault(key, asyncio.Lock()):
            at, found = self._history.get(key, (None, {}))
            if at is None or not timedelta() <= self.now() - at < FRESH:
                self._forget_old()
                began = self.now()
                found = await self.database.read(work)
                self._history[key] = began, found
            return found

    def _forget_old(self) -> None:
        for key, (at, _) in list(self._history.items()):
            lock = self._reading.get(key)
            if not timedelta() <= self.now() - at < FRESH and not (lock and lock.locked()):
                del self._history[key]
                self._reading.pop(key, None)
