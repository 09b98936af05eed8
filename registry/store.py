"""Where the registry is kept: an interface, and the store in memory.

Facts are kept apart by who states them: entries are declared by people, capabilities and learned
dialects are found out. A new address or protocol makes what was found out worthless.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from registry.models import Capabilities, Dialect, MemberEntry
from registry.snapshot import RegisteredMember

_OF_A_LOOK: Final = ("fetched_at", "updated_at")
"""What may differ between two looks that show the same."""


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
        """Keep what a member said of itself; False if only its times are new."""
        ...

    async def learn_dialect(
        self, member_id: str, dialect: Dialect, probes: tuple[str, ...] | None = None
    ) -> bool:
        """Join a learned dialect to what is known; False if that changed nothing.

        `probes` are the sentences of a probing, which replace those of the last.
        """
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
        """Keep what a member said of itself; False if only its times are new."""
        member = self._members.get(member_id)
        if member is None:
            return False
        known = member.capabilities
        again = known.model_copy(update={name: getattr(capabilities, name) for name in _OF_A_LOOK})
        is_new = again != capabilities
        # where nothing is new the values known stay: others compare and keep them by identity
        self._members[member_id] = member.with_facts(capabilities=capabilities if is_new else again)
        return is_new

    async def learn_dialect(
        self, member_id: str, dialect: Dialect, probes: tuple[str, ...] | None = None
    ) -> bool:
        """Join a learned dialect to what is known; False if that changed nothing."""
        member = self._members.get(member_id)
        if member is None:
            return False
        learned = member.learned.merged(dialect)
        told = member.probes if probes is None else probes
        self._members[member_id] = member.with_facts(learned=learned, probes=told)
        return learned != member.learned or told != member.probes


def _joined(entry: MemberEntry, known: RegisteredMember | None) -> RegisteredMember:
    if known is None or (known.entry.url, known.entry.protocol) != (entry.url, entry.protocol):
        return RegisteredMember(entry)
    return known if known.entry == entry else known.with_facts(entry=entry)
