"""Tells a member's outage from one of this network's own connection. Pure.

Where the operator named places to compare with, they decide. Without any, members stand for each
other: one that cannot be reached waits for its verdict until another answers, for then the
connection works and the failure is the member's. Where nobody answers for two intervals, and
several who were not down have failed, it is our connection that is away: nothing is said of
anybody until somebody answers again. With a single member that is not down nothing can be told
apart, and its failures count.
"""

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from registry.health import Check, Phase, Result

FEWEST: Final = 2
"""So many members have to fall silent at once before it is called our connection."""
AWAY: Final = "this network's own connection was away"


@dataclass(frozen=True, slots=True)
class Told:
    """A check of a member at a place."""

    member_id: str
    place: str
    check: Check


@dataclass(frozen=True, slots=True)
class Ruling:
    """What is certain now."""

    told: tuple[Told, ...] = ()
    """Checks with their verdict, those of each member in their order."""
    cut: datetime | None = None
    """Our connection is away, since then."""
    back: datetime | None = None
    """It is there again, since then."""


@dataclass(slots=True)
class _Silence:
    """The time since anybody answered, from the first check that failed in it."""

    since_s: float
    since: datetime
    held: list[Told] = field(default_factory=list)
    missed: set[str] = field(default_factory=set)


class Witnesses:
    """Gives each check its verdict, now or when there is evidence."""

    def __init__(self, *, every_s: float) -> None:
        self._patience_s = 2 * every_s
        self._silence: _Silence | None = None
        self._answering: set[str] = set()
        self._known: set[str] = set()
        self.is_cut = False
        """Whether our connection is away, as far as is known."""

    @property
    def is_waiting(self) -> bool:
        """Whether a failure waits for its verdict."""
        return self._silence is not None

    def forget(self) -> tuple[Told, ...]:
        """Begin anew; gives what waits for a verdict, which says nothing of anybody."""
        held = self._released(counts=False)
        self._answering, self._known, self.is_cut = set(), set(), False
        return held

    def passed(self, told: Told) -> Ruling:
        """Take in a check that says nothing of the member, in its order."""
        if self._silence is not None:
            self._silence.held.append(told)
            return Ruling()
        return Ruling((told,))

    def answered(
        self, told: Told, living: Collection[str], *, is_online: bool | None = None
    ) -> Ruling:
        """Take in a check that reached its member; `living` are those checked and not down.

        `is_online` as for `missed`: what the places to compare with have called away, one member
        that answers does not call back.
        """
        back = told.check.at if self.is_cut and is_online is not False else None
        self.is_cut = self.is_cut and back is None
        held = self._released(counts=not self._all_missed(living))
        self._answering.add(told.member_id)
        self._known.add(told.member_id)
        return Ruling((*held, told), back=back)

    def missed(
        self, told: Told, now_s: float, living: Collection[str], *, is_online: bool | None
    ) -> Ruling:
        """Take in a check that did not reach its member, at `now_s` of a monotonic clock.

        `is_online` is what the places to compare with say; None where there are none. While they
        are away, any check that failed is one of these: a portal may answer in a member's name.
        """
        if is_online is not None:
            return self._compared(told, is_online=is_online)
        if self.is_cut:
            return Ruling((_unknown(told),))
        if len(living) < FEWEST:
            return Ruling((*self._released(counts=True), told))
        if self._silence is None:
            self._silence = _Silence(now_s, told.check.at)
        silence = self._silence
        silence.held.append(told)
        silence.missed.add(told.member_id)
        if now_s - silence.since_s < self._patience_s:
            return Ruling()
        if len(silence.missed.intersection(living)) < FEWEST:
            return Ruling(self._released(counts=True))
        self.is_cut = True
        return Ruling(self._released(counts=False), cut=silence.since)

    def _compared(self, told: Told, *, is_online: bool) -> Ruling:
        was_cut, self.is_cut = self.is_cut, not is_online
        if is_online:
            return Ruling((told,), back=told.check.at if was_cut else None)
        return Ruling((_unknown(told),), cut=None if was_cut else told.check.at)

    def _all_missed(self, living: Collection[str]) -> bool:
        """Whether several answered before this silence, and every one of them failed in it.

        So does a short outage of our connection look; whoever failed before is no witness of it.
        """
        silence = self._silence
        if silence is None or not self._answering.intersection(living) <= silence.missed:
            return False
        witnesses = {
            one
            for one in silence.missed.intersection(living)
            if one in self._answering or one not in self._known
        }
        return len(witnesses) >= FEWEST

    def _released(self, *, counts: bool) -> tuple[Told, ...]:
        """End the silence; what waited in it counts, or says nothing of anybody."""
        silence, self._silence = self._silence, None
        if silence is None:
            return ()
        self._answering -= silence.missed
        self._known |= silence.missed
        return tuple(silence.held if counts else map(_unknown, silence.held))


def _unknown(told: Told) -> Told:
    """Take from a failure what it says of the member."""
    if told.check.result is not Result.DOWN:
        return told
    check = replace(told.check, result=Result.UNKNOWN, phase=Phase.OURS, message=AWAY)
    return replace(told, check=check)
