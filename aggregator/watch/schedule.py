"""Decides when members are looked at: a glance at their description often, everything seldom."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

from aggregator.watch.looking import Discovery
from registry.capabilities import Capabilities, Document
from registry.models import Protocol
from registry.places import place_of
from registry.snapshot import RegisteredMember

UPDATED_S: Final = 3600.0
"""How often a new date of change alone is a reason to look at everything: of some members it is
the clock."""
_SIGNS: Final = ("protocol", "beacon_id", "name", "api_version")
"""What changes in a description when the rest has to be looked at again at once."""
_DESCRIBED: Final = (
    *_SIGNS,
    "updated_at",
    "service_version",
    "description",
    "organization",
    "is_network",
    "leaves",
    "fetched_at",
)
"""What a description alone tells of a version 2 member."""


class Extent(Enum):
    """How much of a member is to be looked at, beside its description."""

    GLANCE = "nothing"
    MISSING = "documents that did not come"
    UPDATED = "everything, since it names another date of change"
    ALL = "everything, and test questions may follow"


@dataclass(slots=True)
class _Seen:
    """When a member was last looked at, in seconds of the loop's clock."""

    place: str
    glance: float
    refreshed: float | None = None
    """When everything was looked at for another reason than a date of change."""
    followed: float | None = None
    """When everything was looked at for a date of change alone."""
    probed: float | None = None
    updated_at: str | None = None
    """The date of change named when everything was looked at."""
    unfinished: frozenset[Document] = frozenset()
    retry: float = 0.0
    retry_wait_s: float = 0.0


class LookSchedule:
    """Remembers when each member was looked at, and decides what is due."""

    def __init__(self, *, info_s: float, refresh_s: float, retry_s: float) -> None:
        self._info_s = min(info_s, refresh_s)
        self._refresh_s = refresh_s
        self._retry_s = retry_s
        self._seen: dict[str, _Seen] = {}

    def is_due(self, member: RegisteredMember, now: float) -> bool:
        """Whether a member is to be looked at now."""
        if member.entry.disabled:
            return False
        seen = self._at_place(member)
        if seen is None:
            return True
        wait_s = self._retry_s if member.capabilities.fetched_at is None else self._info_s
        return now - seen.glance >= wait_s

    def begin(self, member: RegisteredMember, now: float) -> None:
        """Remember that a look begins."""
        seen = self._at_place(member)
        if seen is None:
            self._seen[member.id] = _Seen(place_of(member.entry), now)
        else:
            seen.glance = now

    def extent(self, member: RegisteredMember, found: Capabilities, now: float) -> Extent:
        """Say what is to be looked at, after a glance that showed this."""
        seen = self._at_place(member)
        if seen is None or seen.refreshed is None:
            return Extent.ALL
        known = member.capabilities
        if now - seen.refreshed >= self._refresh_s or any(
            getattr(known, sign) != getattr(found, sign) for sign in _SIGNS
        ):
            return Extent.ALL
        may_follow = seen.followed is None or now - seen.followed >= UPDATED_S
        if found.updated_at != seen.updated_at and may_follow:
            return Extent.UPDATED
        return Extent.MISSING if seen.unfinished and now >= seen.retry else Extent.GLANCE

    def unfinished(self, member: RegisteredMember) -> frozenset[Document]:
        """Name the documents that did not come at the last look at them."""
        seen = self._at_place(member)
        return frozenset() if seen is None else seen.unfinished

    def saw(self, member: RegisteredMember, extent: Extent, found: Discovery, now: float) -> None:
        """Remember a look; documents that did not come are asked for again, ever less often."""
        seen = self._at_place(member)
        if seen is None or extent is Extent.GLANCE:
            return
        if extent is Extent.MISSING:
            seen.retry_wait_s = min(seen.retry_wait_s * 2, self._refresh_s)
        else:
            seen.updated_at = found.capabilities.updated_at if found.capabilities else None
            if extent is Extent.ALL:
                seen.refreshed = now
            else:
                seen.followed = now
            if not seen.unfinished or extent is Extent.ALL:
                seen.retry_wait_s = self._info_s
        seen.unfinished = found.unfinished
        seen.retry = now + seen.retry_wait_s

    def may_probe(self, member: RegisteredMember, now: float) -> bool:
        """Whether test questions may be asked, after everything was looked at."""
        seen = self._at_place(member)
        return seen is not None and (seen.probed is None or now - seen.probed >= self._refresh_s)

    def probed(self, member: RegisteredMember, now: float) -> None:
        """Remember test questions, by when the look began that they follow."""
        seen = self._at_place(member)
        if seen is not None:
            seen.probed = now

    def keep(self, members: Mapping[str, object]) -> None:
        """Forget members that have left."""
        self._seen = {key: seen for key, seen in self._seen.items() if key in members}

    def _at_place(self, member: RegisteredMember) -> _Seen | None:
        seen = self._seen.get(member.id)
        return seen if seen is not None and seen.place == place_of(member.entry) else None


def after_glance(known: Capabilities, found: Capabilities) -> Capabilities:
    """Join what a glance shows with what was known of the other documents."""
    if found.protocol is not Protocol.V2 or known.fetched_at is None:
        return found
    return known.model_copy(update={name: getattr(found, name) for name in _DESCRIBED})
