"""Incidents and what is told of them: the words of outages, certificates, conformance, controls."""

import base64
import binascii
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from registry.health import Phase

MAX_ID: Final = 400
"""How many characters the id of an incident has at most."""
_BETWEEN: Final = "\n"


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
    """For operators alone: it counts everybody's incidents, also of members nobody sees."""
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

    @property
    def id(self) -> str:
        """Its name for everybody, made of what is told of it anyway."""
        return IncidentKey(self.member_id, self.topic, self.began).id


@dataclass(frozen=True, slots=True)
class IncidentKey:
    """What makes an incident the one it is."""

    member_id: str
    topic: Topic
    began: datetime

    @property
    def id(self) -> str:
        """Write it in letters that need no escape in addresses."""
        told = (self.member_id, self.topic.value, repr(self.began.timestamp()))
        return base64.urlsafe_b64encode(_BETWEEN.join(told).encode()).decode().rstrip("=")

    @classmethod
    def read(cls, written: str) -> "IncidentKey | None":
        """Read what `id` wrote; None for anything else."""
        if len(written) > MAX_ID or not written.isascii():
            return None
        try:
            padded = written + "=" * (-len(written) % 4)
            told = base64.b64decode(padded, altchars=b"-_", validate=True).decode()
            member_id, topic, began = told.split(_BETWEEN)
            key = cls(member_id, Topic(topic), datetime.fromtimestamp(float(began), UTC))
        except (binascii.Error, ValueError, OverflowError, OSError):
            return None
        return key if key.id == written else None


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
