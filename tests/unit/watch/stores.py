"""A registry without a database, for tests of who reads and writes it."""

import json
from datetime import datetime
from typing import Any

from registry.health_batch import Fact
from registry.places import place_of
from registry.records import Changes
from registry.snapshot import RegisteredMember


class FakeDatabase:
    is_shared = False


class FakeStore:
    """Keeps members as `registry.store.RegistryStore` does, in this process alone."""

    def __init__(self):
        self.database = FakeDatabase()
        self.held = {}
        self.groups = {}
        self.is_news = True
        self.revision = 0

    @property
    def members(self):
        return tuple(self.held.values())

    async def refresh(self):
        is_news, self.is_news = self.is_news, False
        self.revision += is_news
        return is_news

    async def learn_capabilities(self, member_id, capabilities, *, place=None):
        member = self._there(member_id, place)
        if member is None:
            return False
        before = member.capabilities
        again = before.model_copy(
            update={name: getattr(capabilities, name) for name in ("fetched_at", "updated_at")}
        )
        self.held[member_id] = member.with_facts(capabilities=capabilities)
        return again != capabilities

    async def learn_dialect(self, member_id, dialect, probes=None, *, place=None):
        member = self._there(member_id, place)
        if member is None:
            return False
        learned = member.learned.merged(dialect)
        told = member.probes if probes is None else probes
        self.held[member_id] = member.with_facts(learned=learned, probes=told)
        return (learned, told) != (member.learned, member.probes)

    async def declare(self, entries, groups=()):
        """Take in a declaration, as `registry.seeding.Seeder` does."""
        before = self.held
        self.held = {entry.id: self._joined(entry) for entry in entries}
        self.is_news = True
        return Changes(
            added=tuple(key for key in self.held if key not in before),
            changed=tuple(
                key for key in self.held if key in before and self.held[key] != before[key]
            ),
            removed=tuple(key for key in before if key not in self.held),
        )

    def _there(self, member_id, place):
        member = self.held.get(member_id)
        is_there = member is not None and place in {None, place_of(member.entry)}
        return member if is_there else None

    def _joined(self, entry):
        known = self.held.get(entry.id)
        if known is None or (known.entry.url, known.entry.protocol) != (entry.url, entry.protocol):
            return RegisteredMember(entry)
        return known.with_facts(entry=entry)


class Facts:
    """The facts of one name, in memory; `has_member` is False while it is gone or has moved."""

    def __init__(self, name: str, at: datetime) -> None:
        self.name = name
        self.at = at
        self.kept: dict[str, Fact] = {}
        self.has_member = True

    def facts(self, name: str) -> dict[str, Fact]:
        assert name == self.name
        return self.kept

    async def put_fact(self, member_id: str, name: str, document: Any, *, place: str) -> bool:
        assert name == self.name
        if self.has_member:
            self.kept[member_id] = Fact(self.at, json.loads(json.dumps(document)))
        return self.has_member
