"""Incidents and what is told of them: the words of outages, certificates, conformance, controls."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from registry.health import Phase


class Topic(StrEnum):
    """What an incident is about."""

    OUTAGE = "outage"
    SLOW = "slow"
    FLAPPING = "flapping"
    SILENT = "silent"
    CERTIFICATE = "certificate"
    CONFORMANCE = "conformance"
    CONTROL = "control"
    NETWORK = "network"
    """This network's own connection was away; of no member."""


@dataclass(frozen=True, slots=True)
class Note:
    """What an operator says of an incident."""

    at: datetime
    by: str
    text: str


@dataclass(frozen=True, slots=True)
class Incident:
    """Something that went wrong for a while."""

    number: int
    member_id: str
    """Empty: the network itself."""
    topic: Topic
    began: datetime
    ended: datetime | None
    phase: Phase | None
    message: str
    """The cause in words."""
    checks: int = 0
    """The failed checks so far."""
    request: str = ""
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True)
class Event:
    """Something to be told: by feeds and alerts, once each."""

    key: str
    """Unique: `member:topic:what:moment`."""
    member_id: str
    topic: Topic
    what: str
    """`began`, `ended`, or of certificates `21`, `14`, `7`, `expired`."""
    at: datetime
    text: str
    """One sentence, without the name of the member."""
    number: int = 0
    """In the order they were written; 0 before that."""
    details: dict[str, str | int | float | None] = field(default_factory=dict)
