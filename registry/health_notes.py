"""What operators say of members and of incidents, for everybody to read; in the log of changes."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from aggregator.base.errors import NotFound
from registry.database import Database
from registry.health_store import HealthStore
from registry.models import MemberEntry
from registry.places import place_of
from registry.rows import tell

NOTES: Final = "notes"
"""The fact that holds what is said of a member."""
MOST: Final = 5
"""How many notes of one member are kept, the newest first."""


class HealthNotes:
    """Keeps notes; each stands in the log of changes with who wrote it."""

    def __init__(
        self,
        database: Database,
        health: HealthStore,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._database = database
        self._health = health
        self._now = now

    async def on_incident(self, number: int, *, by: str, text: str) -> None:
        """Say something of an incident; raises `NotFound`."""
        if not await self._health.note(number, by=by, text=text):
            raise NotFound(f"There is no incident {number:,}.")
        await self._tell(by=by, action="note", subject=f"incident:{number}", text=text)

    async def on_member(self, entry: MemberEntry, *, by: str, text: str) -> None:
        """Say something of a member; it stays until it is taken back or the member moves."""
        await self._health.refresh()
        known = self._health.facts(NOTES).get(entry.id)
        told = known.document.get("notes", []) if known else []
        note = {"at": self._now().isoformat(timespec="seconds"), "by": by, "text": text}
        await self._put(entry, {"notes": [note, *told][:MOST]})
        await self._tell(by=by, action="note", subject=entry.id, text=text)

    async def take_back(self, entry: MemberEntry, *, by: str) -> None:
        """Drop everything that is said of a member."""
        await self._put(entry, {"notes": []})
        await self._tell(by=by, action="take notes back", subject=entry.id)

    async def _put(self, entry: MemberEntry, document: Mapping[str, Any]) -> None:
        await self._health.put_fact(entry.id, NOTES, document, place=place_of(entry))

    async def _tell(self, *, by: str, action: str, subject: str, text: str = "") -> None:
        now = self._now()
        await self._database.change(
            lambda change: tell(change, now=now, by=by, action=action, subject=subject, note=text),
            is_news=False,
        )
