"""The health of members as the registry keeps it: standings, buckets, incidents, events, facts.

One process writes (whoever holds the lease of checks; all add their questions), every process
reads. Standings and facts are kept in memory and refreshed by their sequence, so that pages and
breakers never wait for the database; history is read when somebody looks.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from registry.database import Database
from registry.health import Check, Standing
from registry.history import Bucket, Figures, Kind, Tier, Window
from registry.incidents import Event, Incident, Topic


@dataclass(frozen=True, slots=True)
class Fact:
    """The last of something that is looked at more rarely."""

    at: datetime
    document: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class IncidentChange:
    """An incident as it is now; member, topic and beginning say which one."""

    member_id: str
    topic: Topic
    began: datetime
    ended: datetime | None = None
    message: str = ""
    phase: str | None = None
    request: str = ""
    checks: int = 0


@dataclass(slots=True)
class Batch:
    """What is written at once: all of it, or nothing."""

    standings: dict[str, tuple[str, Standing]] = field(default_factory=dict)
    """Place and standing by member id."""
    checks: list[tuple[str, Check]] = field(default_factory=list)
    buckets: list[Bucket] = field(default_factory=list)
    """Added to what is there."""
    incidents: list[IncidentChange] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    """One whose key is there already is not written again."""

    def __bool__(self) -> bool:
        return any((self.standings, self.checks, self.buckets, self.incidents, self.events))


class HealthStore:
    """Reads and writes the health of members."""

    def __init__(
        self, database: Database, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self.database = database
        self.now = now

    @property
    def standings(self) -> Mapping[str, Standing]:
        """How members stand, by id, as of the last `refresh`."""
        raise NotImplementedError

    @property
    def places(self) -> Mapping[str, str]:
        """Where each member of `standings` was checked."""
        raise NotImplementedError

    def facts(self, name: str) -> Mapping[str, Fact]:
        """Give the facts of one name (`certificate`, `conformance`, `controls`) by member id."""
        raise NotImplementedError

    async def refresh(self) -> tuple[str, ...]:
        """Read what changed since the last time; gives the ids of members whose standing did.

        Raises `RegistryUnavailable`, as every method that reads or writes.
        """
        raise NotImplementedError

    async def write(self, batch: Batch) -> None:
        """Write a batch in one transaction; what is of members that are not there is left out."""
        raise NotImplementedError

    async def put_fact(
        self, member_id: str, name: str, document: Mapping[str, Any], *, place: str
    ) -> None:
        """Keep a fact in place of the last one; of a member that is not there or moved, nothing."""
        raise NotImplementedError

    async def add_run(self, member_id: str, document: Mapping[str, Any]) -> None:
        """Keep a run of conformance: at most `KEPT_RUNS`, one for each day or change."""
        raise NotImplementedError

    async def runs(self, member_id: str, *, limit: int = 100) -> tuple[Fact, ...]:
        """Read the runs of conformance of a member, newest first."""
        raise NotImplementedError

    async def figures(
        self, window: Window, *, kind: Kind = Kind.CHECK, member_ids: Collection[str] | None = None
    ) -> Mapping[str, Figures]:
        """Add up a window that ends now, by member id; None: everybody's."""
        raise NotImplementedError

    async def buckets(
        self,
        tier: Tier,
        since: datetime,
        *,
        kind: Kind = Kind.CHECK,
        member_ids: Collection[str] | None = None,
    ) -> Mapping[str, tuple[Bucket, ...]]:
        """Read buckets that begin at `since` or later, oldest first, by member id."""
        raise NotImplementedError

    async def checks(self, member_id: str) -> tuple[Check, ...]:
        """Read the last checks of a member, newest first."""
        raise NotImplementedError

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
        raise NotImplementedError

    async def note(self, number: int, *, by: str, text: str) -> bool:
        """Add an operator's note to an incident; False if there is none of that number."""
        raise NotImplementedError

    async def events(
        self, member_ids: Collection[str] | None = None, *, above: int = 0, limit: int = 100
    ) -> tuple[Event, ...]:
        """Read events above a number, oldest first; of these members, or everybody's."""
        raise NotImplementedError

    async def latest_events(
        self, member_ids: Collection[str] | None = None, *, limit: int = 50
    ) -> Sequence[Event]:
        """Read the last events, newest first; of these members, or everybody's."""
        raise NotImplementedError

    async def prune(self) -> None:
        """Drop what is older than it is kept."""
        raise NotImplementedError
