"""What is written of members' health at once, and what was found out more rarely. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from registry.health import Check, Standing
from registry.history import Bucket
from registry.incidents import Event, Topic


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
    opened: datetime | None = None
    """When its writer opened it; None for one that was taken up. A control that had passed may fail
    again since the same moment, but not for who does not know that it had."""
    is_there: bool = False
    """It was written before. Is it gone since, with who had the id, it is not written again."""


@dataclass(slots=True)
class Batch:
    """What is written at once: all of it, or nothing.

    With a `writer`, a batch whose number was written already is not written again, so that one
    whose end was not seen can be given once more.
    """

    standings: dict[str, tuple[str, Standing]] = field(default_factory=dict)
    """Place and standing by member id."""
    checks: list[tuple[str, Check]] = field(default_factory=list)
    buckets: list[Bucket] = field(default_factory=list)
    """Added to what is there."""
    incidents: list[IncidentChange] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    """One whose key is there already is not written again."""
    writer: str = ""
    """The process that made it; empty: nobody asks whether it was written before."""
    number: int = 0
    """Goes up with each batch of a writer."""

    def __bool__(self) -> bool:
        return any((self.standings, self.checks, self.buckets, self.incidents, self.events))

    @property
    def member_ids(self) -> set[str]:
        """The members it tells of; the network itself is none."""
        ids = {*self.standings, *(member_id for member_id, _ in self.checks)}
        ids.update(bucket.member_id for bucket in self.buckets)
        ids.update(change.member_id for change in self.incidents)
        ids.update(event.member_id for event in self.events)
        return ids - {""}
