"""What the registry keeps of a member beside what questions need: its state, origin and history."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from registry.models import MemberEntry
from registry.snapshot import RegisteredMember


class MemberState(StrEnum):
    """Where a member stands in the network."""

    PENDING = "pending"
    """It asked to join; nobody has said yes yet. It is no member and is not asked."""
    ACTIVE = "active"
    REJECTED = "rejected"
    REMOVED = "removed"
    """It was a member; it can be restored."""


SEED = "seed"
OPERATOR = "operator"
COMMAND_LINE = "command line"
REGISTRATION = "registration"
IMPORT = "import:"
"""Origins of members; the last is followed by the id of the registry they came from."""


@dataclass(frozen=True)
class MemberRecord:
    """A member as the registry keeps it."""

    member: RegisteredMember
    state: MemberState
    origin: str
    position: int
    created_at: str
    updated_at: str
    declared: MemberEntry | None = None
    """What the seed (or the registry it is imported from) says, as far as it was taken in."""
    proposed: MemberEntry | None = None
    """A change of its own that waits for the operator."""
    contact: str = ""
    """An e-mail address for outages; shown to operators alone."""
    note: str = ""
    """Why it was rejected or removed."""
    left_by: str = ""
    """Who removed it; empty while it is there."""
    left_as: MemberState | None = None
    """What it was when it was removed."""

    @property
    def id(self) -> str:
        """Our key for the member."""
        return self.member.id

    @property
    def entry(self) -> MemberEntry:
        """What was declared."""
        return self.member.entry

    @property
    def differences(self) -> tuple[str, ...]:
        """Fields in which the registry differs from what the seed declares."""
        if self.declared is None:
            return ()
        here, there = as_document(self.entry), as_document(self.declared)
        return tuple(sorted(key for key in {*here, *there} if here.get(key) != there.get(key)))

    def document(self) -> dict[str, Any]:
        """Give the record as JSON for operators and the log of changes; no keys are in it."""
        return {
            "entry": as_document(self.entry),
            "state": self.state.value,
            "origin": self.origin,
            "position": self.position,
            "contact": self.contact,
            "note": self.note,
            "removedBy": self.left_by,
            "proposed": None if self.proposed is None else as_document(self.proposed),
            "createdAt": self.created_at,
            "updatedAt": self.updated_at,
            "differsFromSeed": list(self.differences),
        }


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One line of the log of changes."""

    number: int
    at: str
    actor: str
    """`operator`, `operator:NAME`, `member:ID`, `seed`, `import:ID`, `command line:USER`…"""
    action: str
    subject: str
    """The id of the member, `group:ID`, `key:ID` or `order`."""
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    note: str = ""

    def document(self) -> dict[str, Any]:
        """Give the line as JSON."""
        return {
            "number": self.number,
            "at": self.at,
            "actor": self.actor,
            "action": self.action,
            "subject": self.subject,
            "before": self.before,
            "after": self.after,
            "note": self.note,
        }


@dataclass(frozen=True, slots=True)
class Changes:
    """What a declaration changed, by member id."""

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    kept: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Where the registry stays as an operator left it although the seed says otherwise: fields by
    member id; `(removed)` and `(not in the seed)` stand for members that are there or not."""
    doubtful: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """What the seed names that is not there, in sentences by member id."""

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.removed)


def is_operator(actor: str) -> bool:
    """Whether an actor of the log of changes is an operator, also at the command line."""
    return actor.startswith((OPERATOR, COMMAND_LINE))


def as_document(entry: MemberEntry) -> dict[str, Any]:
    """Give an entry as JSON without what is left at its default."""
    return entry.model_dump(mode="json", exclude_defaults=True)


def moment(now: datetime) -> str:
    """Write a moment as the registry does: ISO 8601, UTC, milliseconds."""
    return now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
