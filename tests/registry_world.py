"""A registry and everybody who works on it, without a network around it."""

from datetime import UTC, datetime

from sqlalchemy import insert, update

from registry.followed import Followed
from registry.models import MemberEntry
from registry.offices import GroupBook, Journal, Keyring
from registry.seeding import Seeder
from registry.sources import SourceBook
from registry.steward import Steward
from registry.store import RegistryStore
from registry.tables import FOLLOWED

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
BY = "operator:anna"


def entry(member_id="one", **fields):
    url = f"https://{member_id}.example.org"
    return MemberEntry.model_validate({"id": member_id, "url": url, **fields})


def source(**how):
    told = {"id": "csc", "url": "https://registry.example.org", "form": "auto", "groups": ()}
    told |= {"is_trusted": True, "created_at": "2026-03-01T12:00:00.000Z"}
    return Followed(**{**told, "looked_at": None, "result": "", **how})


class World:
    """A registry in a database and everybody who works on it."""

    def __init__(self, database):
        self.store = RegistryStore(database)
        self.steward = Steward(self.store, changed=self.store.refresh, now=lambda: NOW)
        self.keyring = Keyring(self.store, now=lambda: NOW)
        self.groups = GroupBook(self.store, changed=self.store.refresh, now=lambda: NOW)
        self.journal = Journal(self.store)
        self.seeder = Seeder(database, now=lambda: NOW)
        self.book = SourceBook(self.store, changed=self.store.refresh, now=lambda: NOW)

    async def listed(self, *entries, trusted=True, whole=True):
        """The registry that is followed lists these now."""
        kept = {"form": "auto", "groups": "[]", "is_trusted": trusted}
        told = source()
        made = {"id": told.id, "url": told.url, "created_at": told.created_at, "result": ""}

        async def follow(change):
            chosen = update(FOLLOWED).where(FOLLOWED.c.id == "csc").values(**kept)
            if not (await change.connection.execute(chosen)).rowcount:
                await change.connection.execute(insert(FOLLOWED).values(**made, **kept))

        await self.store.database.change(follow)
        return await self.book.declare(source(is_trusted=trusted), entries, is_whole=whole)

    async def listed_twice(self, *entries, **how):
        """It lists them, and at the next look again."""
        await self.listed(*entries, **how)
        return await self.listed(*entries, **how)

    async def take_in(self, *entries, waits=False, keeps_ids=False):
        return await self.book.take_in(entries, by=BY, waits=waits, keeps_ids=keeps_ids)

    def record(self, member_id="one"):
        return self.store.records[member_id]

    @property
    def states(self):
        return {record.id: record.state.value for record in self.store.records.values()}

    async def told(self):
        """The log of changes, the oldest first."""
        return [(one.actor, one.action, one.subject) for one in await self.journal.read()][::-1]
