"""The incidents that are open, and what is to be written and told of them. Pure."""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import Final

from registry.health_batch import IncidentChange
from registry.incidents import Event, Incident, Topic

MOST_EVENTS: Final = 10_000
"""How many events wait to be written at most."""

Details = Mapping[str, str | int | float | None]
NO_DETAILS: Final[Details] = MappingProxyType({})


class Telling:
    """Opens and ends incidents, one at a time for each member and topic."""

    def __init__(self) -> None:
        self._open: dict[tuple[str, Topic], IncidentChange] = {}
        self._changed: dict[tuple[str, Topic, datetime], IncidentChange] = {}
        self._events: deque[Event] = deque(maxlen=MOST_EVENTS)

    def take_up(self, incidents: Iterable[Incident]) -> None:
        """Know the incidents that are open, in place of those that were.

        Where two processes opened one of a topic, the earlier ends where the later began.
        """
        self._open = {}
        for one in sorted(incidents, key=lambda one: one.began):
            if one.ended is None:
                self.end(one.member_id, one.topic, at=one.began)
                self._open[one.member_id, one.topic] = IncidentChange(
                    member_id=one.member_id,
                    topic=one.topic,
                    began=one.began,
                    message=one.message,
                    phase=None if one.phase is None else one.phase.value,
                    request=one.request,
                    checks=one.checks,
                    is_there=True,
                )

    def know(self, change: IncidentChange) -> None:
        """Know one more incident that is open; nothing is to be written of it."""
        self._open[change.member_id, change.topic] = change

    @property
    def has_news(self) -> bool:
        """Whether an incident has changed since the last `take`."""
        return bool(self._changed)

    @property
    def member_ids(self) -> set[str]:
        """Whose incidents are open."""
        return {member_id for member_id, _ in self._open}

    def having(self, topic: Topic) -> set[str]:
        """Give whose incident of a topic is open."""
        return {member_id for member_id, one in self._open if one is topic}

    def open(self, member_id: str, topic: Topic) -> IncidentChange | None:
        """Give the open incident of a member and topic."""
        return self._open.get((member_id, topic))

    def begin(
        self, change: IncidentChange, *, at: datetime, text: str, details: Details = NO_DETAILS
    ) -> bool:
        """Open an incident and tell of it; False if one is open, which then says the same.

        Without a text nothing is told.
        """
        key = change.member_id, change.topic
        known = self._open.get(key)
        if known is not None:
            same = replace(
                change,
                began=known.began,
                opened=known.opened,
                checks=max(change.checks, known.checks),
                is_there=known.is_there,
            )
            self.update(same)
            return False
        self._open[key] = change
        self._put(change)
        if text:
            self._tell_of(change, "began", at, text, details)
        return True

    def update(self, change: IncidentChange) -> None:
        """Keep what is known of an open incident."""
        key = change.member_id, change.topic
        if key in self._open and self._open[key] != change:
            self._open[key] = change
            self._put(change)

    def end(
        self,
        member_id: str,
        topic: Topic,
        *,
        at: datetime,
        known_at: datetime | None = None,
        text: str = "",
        details: Details = NO_DETAILS,
    ) -> IncidentChange | None:
        """End an incident, and tell so if there is a text; None if none is open."""
        known = self._open.pop((member_id, topic), None)
        if known is None:
            return None
        ended = replace(known, ended=max(at, known.began))
        self._put(ended)
        if text:
            self._tell_of(ended, "ended", known_at or at, text, details)
        return ended

    def end_all(self, member_id: str, at: datetime, topics: Iterable[Topic] = Topic) -> None:
        """End what is open of a member without telling of it."""
        for topic in topics:
            known = self._open.get((member_id, topic))
            if known is not None:
                is_written = (member_id, topic, known.began) not in self._changed
                is_there = known.is_there or is_written
                self._open[member_id, topic] = replace(known, is_there=is_there)
                self.end(member_id, topic, at=at)

    def tell(self, event: Event) -> None:
        """Have an event written; one of the same key is written once."""
        self._events.append(event)

    def take(self) -> tuple[list[IncidentChange], list[Event]]:
        """Give what is to be written, and begin anew."""
        incidents, events = list(self._changed.values()), list(self._events)
        self._changed = {}
        self._events.clear()
        return incidents, events

    def _put(self, change: IncidentChange) -> None:
        self._changed[change.member_id, change.topic, change.began] = change

    def _tell_of(
        self, change: IncidentChange, what: str, at: datetime, text: str, details: Details
    ) -> None:
        told = {"began": moment(change.began)}
        if change.ended is not None:
            told["ended"] = moment(change.ended)
        key = event_key(change.member_id, change.topic, what, change.began)
        self.tell(
            Event(key, change.member_id, change.topic, what, at, text, details={**told, **details})
        )


def event_key(member_id: str, topic: Topic, what: str, began: datetime) -> str:
    """Make the key of an event: the same whenever it is told of the same incident again."""
    return f"{member_id}:{topic.value}:{what}:{moment(began)}"


def moment(at: datetime) -> str:
    """Write a moment (UTC) to the millisecond."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
