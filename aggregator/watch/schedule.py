"""Decides when members are looked at: a glance at their description often, everything seldom."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from registry.models import Capabilities, Protocol
from registry.snapshot import RegisteredMember

_SIGNS: Final = ("protocol", "beacon_id", "name", "api_version", "updated_at")
"""What changes in a description when the rest has to be looked at again."""
_DESCRIBED: Final = (*_SIGNS, "description", "organization", "is_network", "leaves", "fetched_at")
"""What a description alone tells of a version 2 member."""


@dataclass(slots=True)
class _Seen:
    """When a member was last looked at, in seconds of the loop's clock."""

    place: str
    glance: float
    whole: float | None = None


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
            self._seen[member.id] = _Seen(place_of(member), now)
        else:
            seen.glance = now

    def needs_all(self, member: RegisteredMember, found: Capabilities, now: float) -> bool:
        """Whether everything is to be looked at, after a glance that showed this."""
        seen = self._at_place(member)
        if seen is None or seen.whole is None or now - seen.whole >= self._refresh_s:
            return True
        known = member.capabilities
        return any(getattr(known, sign) != getattr(found, sign) for sign in _SIGNS)

    def saw_all(self, member: RegisteredMember, now: float) -> None:
        """Remember that everything was looked at."""
        seen = self._at_place(member)
        if seen is not None:
            seen.whole = now

    def keep(self, members: Mapping[str, object]) -> None:
        """Forget members that have left."""
        self._seen = {key: seen for key, seen in self._seen.items() if key in members}

    def _at_place(self, member: RegisteredMember) -> _Seen | None:
        seen = self._seen.get(member.id)
        return seen if seen is not None and seen.place == place_of(member) else None


def place_of(member: RegisteredMember) -> str:
    """Name what a look is about: the address and the protocol it is looked for in."""
    return f"{member.entry.url} {member.entry.protocol}"


def after_glance(known: Capabilities, found: Capabilities) -> Capabilities:
    """Join what a glance shows with what was known of the other documents."""
    if found.protocol is not Protocol.V2 or known.fetched_at is None:
        return found
    return known.model_copy(update={name: getattr(found, name) for name in _DESCRIBED})
