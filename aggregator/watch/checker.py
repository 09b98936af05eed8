"""Checks members: looks at one, finds out whose failure it was, tells the breaker and the book.

A check is the trial of a breaker whose pause is over, so that a question rarely has to be. A
success newer than the opening of a breaker closes it, here and in every process that hears of it,
but for members that asked to be left alone, and for those that answer checks and not questions:
of these only questions can tell.
"""

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from datetime import datetime
from typing import Final

from aggregator.upstream.breaker import Breakers, Health, Permit, Refusal, State, Verdict
from aggregator.watch.check_result import Looked
from aggregator.watch.prober import Prober
from aggregator.watch.reference import Reference
from aggregator.watch.rounds import Timetable
from aggregator.watch.witnesses import Ruling, Told, Witnesses
from registry.health import Check, Result, Trait
from registry.health import State as Standing
from registry.health_book import HealthBook
from registry.places import place_of
from registry.snapshot import RegisteredMember

LONGEST_WAIT_S: Final = 3600.0
"""A member that asks for a longer silence gets this much."""
LONGEST_ABSENCE_S: Final = 300.0
"""The same of one that says it is not available: its return is not to be missed."""


class Checker:
    """One check after the other; what it finds is in the book."""

    def __init__(
        self,
        *,
        prober: Prober,
        reference: Reference,
        witnesses: Witnesses,
        book: HealthBook,
        breakers: Breakers,
        timetable: Timetable,
        members: Callable[[], Mapping[str, RegisteredMember]],
        clock: Callable[[], float],
        now: Callable[[], datetime],
        on_check: Callable[[str, Check], None] = lambda member_id, check: None,
    ) -> None:
        """`on_check` hears of every check of a member once it is known what it says of it."""
        self._on_check = on_check
        self._prober = prober
        self._reference = reference
        self._witnesses = witnesses
        self._book = book
        self._breakers = breakers
        self._timetable = timetable
        self._members = members
        self._clock = clock
        self._now = now
        self._tried: dict[str, float | None] = {}

    async def check(self, member: RegisteredMember) -> None:
        """Check a member that is due; one that is paused is not asked anything."""
        if is_paused(member, self._now()):
            told = Told(member.id, place_of(member.entry), Check(self._now(), Result.PAUSED))
            self._rule(self._witnesses.passed(told))
            return
        began_s = self._clock()
        permit = self._permit(member.id)
        with permit or nullcontext():
            looked = await self._prober.look(member)
            self._tell_breaker(member.id, permit, looked, began_s)
        if looked.retry_after_s:
            self._timetable.wait(member.id, self._clock() + _wait_s(looked))
        self._rule(await self._ruling(member, looked, began_s))

    def hurry(self) -> None:
        """Make those due whose breaker's pause is over, once for each pause."""
        tried: dict[str, float | None] = {}
        for member_id in self._breakers.due(self._clock()):
            tried[member_id] = self._breakers.of(member_id).open_until_s
            if self._tried.get(member_id) != tried[member_id] and not self._is_silent(member_id):
                self._timetable.hurry(member_id)
        self._tried = tried

    def begin(self, *, is_cut: bool) -> None:
        """Begin to check for all processes; `is_cut`: as was found before, we are cut off."""
        self._witnesses.forget()
        self._witnesses.is_cut = is_cut

    def end(self) -> None:
        """Leave nothing undecided: what waits for a verdict says nothing."""
        self._rule(Ruling(self._witnesses.forget()))

    async def _ruling(self, member: RegisteredMember, looked: Looked, began_s: float) -> Ruling:
        check = looked.check
        told = Told(member.id, place_of(member.entry), check)
        if check.result is Result.UNKNOWN:
            return self._witnesses.passed(told)
        is_online = None
        is_in_doubt = check.result is not Result.UP or self._witnesses.is_cut
        if is_in_doubt and self._reference.is_there:
            is_online = await self._reference.is_online(began_s)
        # while the places to compare with are away, who stands between may have answered for it
        if check.result is Result.UP or (looked.has_reached and is_online is not False):
            living = self._living() if self._witnesses.is_waiting else frozenset()
            return self._witnesses.answered(told, living, is_online=is_online)
        is_open = is_online is None and not self._witnesses.is_cut
        living = self._living() if is_open else frozenset()
        return self._witnesses.missed(told, self._clock(), living, is_online=is_online)

    def _rule(self, ruling: Ruling) -> None:
        if ruling.back is not None:
            self._book.back(ruling.back)
            for member_id in self._members():
                self._timetable.hurry(member_id)
        if ruling.cut is not None:
            self._book.cut(ruling.cut)
        members = self._members()
        for told in ruling.told:
            member = members.get(told.member_id)
            if member is not None and place_of(member.entry) == told.place:
                self._book.checked(told.member_id, told.place, told.check)
                self._on_check(told.member_id, told.check)

    def _living(self) -> frozenset[str]:
        """Name the members that are checked and not down."""
        now = self._now()
        return frozenset(
            key
            for key, member in self._members().items()
            if not is_paused(member, now) and self._book.standing(key).state is not Standing.DOWN
        )

    def _permit(self, member_id: str) -> Permit | None:
        breaker, now = self._breakers.of(member_id), self._clock()
        if breaker.state(now) is not State.CLOSED and self._is_silent(member_id):
            return None
        leave = breaker.allow(now)
        return None if isinstance(leave, Refusal) else leave

    def _tell_breaker(
        self, member_id: str, permit: Permit | None, looked: Looked, began_s: float
    ) -> None:
        verdict = looked.verdict
        if verdict is None or (_works(verdict) and self._is_silent(member_id)):
            return
        if permit is not None:
            permit.record(verdict, self._clock())
        if _works(verdict) and looked.check.result is Result.UP:
            self._breakers.of(member_id).seen_working(began_s)

    def _is_silent(self, member_id: str) -> bool:
        return Trait.SILENT in self._book.standing(member_id).traits


def is_paused(member: RegisteredMember, now: datetime) -> bool:
    """Whether a member is not to be asked anything."""
    pause = member.entry.paused
    return member.entry.disabled or (pause is not None and not pause.is_over(now))


def _works(verdict: Verdict) -> bool:
    return verdict.health is Health.WORKS and verdict.retry_after_s is None


def _wait_s(looked: Looked) -> float:
    longest_s = LONGEST_WAIT_S if looked.check.result is Result.UP else LONGEST_ABSENCE_S
    return min(looked.retry_after_s, longest_s)
