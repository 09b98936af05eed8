"""Where the registry is kept: an interface, and the store in memory.

Facts are kept apart by who states them: entries are declared by people, capabilities and learned
dialects are found out. A new address or protocol makes what was found out worthless.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from registry.models import Capabilities, Dialect, MemberEntry
from registry.snapshot import RegisteredMember


@dataclass(frozen=True, slots=True)
class Changes:
    """What a declaration changed, by member id."""

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.removed)


class RegistryStore(Protocol):
    """A registry that survives what its implementation promises."""

    async def members(self) -> tuple[RegisteredMember, ...]:
        """Give every member in registry order."""
        ...

    async def declare(self, entries: Sequence[MemberEntry]) -> Changes:
        """Make the declared entries the registry's, in this order."""
        ...

    async def learn_capabilities(self, member_id: str, capabilities: Capabilities) -> bool:
        """Keep what a member said of itself; False if that changed nothing that matters."""
        ...

    async def learn_dialect(self, member_id: str, dialect: Dialect) -> bool:
        """Join a learned dialect to what is known; False if that changed nothing."""
        ...


class MemoryStore:
    """A registry that lives as long as its process."""

    def __init__(self) -> None:
        self._members: dict[str, RegisteredMember] = {}

    async def members(self) -> tuple[RegisteredMember, ...]:
        """Give every member in registry order."""
        return tuple(self._members.values())

    async def declare(self, entries: Sequence[MemberEntry]) -> Changes:
        """Make the declared entries the registry's, in this order."""
        before = self._members
        after = {entry.id: _joined(entry, before.get(entry.id)) for entry in entries}
        self._members = after
        return Changes(
            added=tuple(key for key in after if key not in before),
            changed=tuple(
                key for key in after if key in before and after[key].entry != before[key].entry
            ),
            removed=tuple(key for key in before if key not in after),
        )

    async def learn_capabilities(self, member_id: str, capabilities: Capabilities) -> bool:
        """Keep what a member said of itself; False if that changed nothing that matters."""
        member = self._members.get(member_id)
        if member is None:
            return False
        self._members[member_id] = RegisteredMember(member.entry, capabilities, member.learned)
        return self._members[member_id].revision != member.revision

    async def learn_dialect(self, member_id: str, dialect: Dialect) -> bool:
        """Join a learned dialect to what is known; False if that changed nothing."""
        member = self._members.get(member_id)
        if member is None:
            return False
        learned = member.learned.merged(dialect)
        self._members[member_id] = RegisteredMember(member.entry, member.capabilities, learned)
        return learned != member.learned


def _joined(entry: MemberEntry, known: RegisteredMember | None) -> RegisteredMember:
    if known is None or (known.entry.url, known.entry.protocol) != (entry.url, entry.protocol):
        return RegisteredMember(entry)
    return RegisteredMember(entry, known.capabilities, known.learned)
