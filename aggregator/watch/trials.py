"""Runs the rarer looks at members: at their certificates, and at questions with a known answer."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from aggregator.watch.certificates import is_secured
from aggregator.watch.control_plan import plan_controls
from aggregator.watch.rounds import Rounds, Timetable
from registry.controls import AGAIN, Control, ControlReport
from registry.health_store import HealthStore
from registry.known_variants import KnownVariant, SampleAllele
from registry.snapshot import RegisteredMember, SnapshotHolder

AT_ONCE: Final = 4
"""So many members are looked at at once."""
OFF_S: Final = 10.0
"""So often it is looked for what controls have left behind that are asked no more."""

Look = Callable[[RegisteredMember], Awaitable[None]]
IsOurs = Callable[[], Awaitable[bool]]
Members = Callable[[], Sequence[RegisteredMember]]
Age = Callable[[str], float | None]
"""How many seconds ago a member was looked at; None: never."""
Report = Callable[[str], ControlReport | None]
"""What is known of a member's controls."""


def may_be_asked(member: RegisteredMember, now: datetime) -> bool:
    """Whether a member is neither switched off nor paused."""
    pause = member.entry.paused
    return not member.entry.disabled and (pause is None or pause.is_over(now))


@dataclass(frozen=True, slots=True)
class Around:
    """What rounds need of a running network."""

    holder: SnapshotHolder
    health: HealthStore
    is_ours: IsOurs
    clock: Callable[[], float]
    now: Callable[[], datetime]

    def rounds(
        self, name: str, look: Look, timetable: Timetable, members: Members, age_s: Age
    ) -> Rounds:
        """Build the rounds of one kind of look."""
        return Rounds(
            name,
            timetable,
            members=members,
            look=look,
            is_ours=self.is_ours,
            at_once=AT_ONCE,
            clock=self.clock,
            age_s=age_s,
        )

    def age(self, name: str) -> Age:
        """Give how old the facts of a name are, in seconds."""

        def age_s(member_id: str) -> float | None:
            fact = self.health.facts(name).get(member_id)
            return None if fact is None else (self.now() - fact.at).total_seconds()

        return age_s


def certificate_rounds(look: Look, around: Around, *, every_s: float) -> Rounds:
    """Look at the certificates of all members that have any, also of those that are paused."""

    def members() -> Sequence[RegisteredMember]:
        return [one for one in around.holder.current.everyone if is_secured(one)]

    return around.rounds(
        "certificate", look, Timetable(every_s), members, around.age("certificate")
    )


def control_rounds(look: Look, around: Around, report: Report, *, every_s: float) -> Rounds:
    """Ask all members their controls that may be asked; new ones, and new controls, at once."""
    timetable, news = Timetable(every_s), _NewControls()

    def age_s(member_id: str) -> float | None:
        known = report(member_id)
        return None if known is None else (around.now() - known.checked_at).total_seconds()

    def members() -> Sequence[RegisteredMember]:
        found = _askable(around)
        for member_id in news.of(found, report):
            timetable.hurry(member_id)
        return found

    return around.rounds("controls", look, timetable, members, age_s)


def again_rounds(look: Look, around: Around, report: Report, *, every_s: float) -> Rounds:
    """Ask the controls that were answered wrongly every few minutes, until they pass."""

    def wrong_at(member_id: str) -> datetime | None:
        known = report(member_id)
        return None if known is None else known.wrong_at

    def age_s(member_id: str) -> float | None:
        at = wrong_at(member_id)
        return None if at is None else (around.now() - at).total_seconds()

    def members() -> Sequence[RegisteredMember]:
        return [one for one in _askable(around) if wrong_at(one.id) is not None]

    timetable = Timetable(min(AGAIN.total_seconds(), every_s))
    return around.rounds("controls again", look, timetable, members, age_s)


def ending_rounds(
    end: Look, around: Around, failed: Callable[[], Collection[str]], *, every_s: float
) -> Rounds:
    """Where controls are asked no more, end what their failures began: nobody would mend it."""

    def members() -> Sequence[RegisteredMember]:
        by_id = around.holder.current.everyone_by_id
        return [by_id[one] for one in sorted(failed()) if one in by_id]

    timetable = Timetable(0 if every_s > 0 else OFF_S)
    return around.rounds("end of controls", end, timetable, members, lambda member_id: None)


def _askable(around: Around) -> list[RegisteredMember]:
    at = around.now()
    return [
        one
        for one in around.holder.current.everyone
        if may_be_asked(one, at) and one.protocol is not None
    ]


_Stated = tuple[tuple[KnownVariant, ...], tuple[SampleAllele, ...]]


class _NewControls:
    """Notices members whose controls are others than before, also before this process began."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[_Stated, tuple[Control, ...]]] = {}
        self._fresh: list[str] = []

    def of(self, members: Sequence[RegisteredMember], report: Report) -> list[str]:
        """Give the ids of those to look at at once; new to us: the second time they are seen."""
        found, known = self._fresh, {}
        self._fresh = []
        for member in members:
            stated = member.entry.controls, member.capabilities.samples
            before = self._known.get(member.id)
            if before is not None and before[0] == stated:
                known[member.id] = before
                continue
            planned = plan_controls(member)
            known[member.id] = stated, planned
            if before is None and not _is_about(report(member.id), planned):
                self._fresh.append(member.id)
            if before is not None and before[1] != planned:
                found.append(member.id)
        self._known = known
        return found


def _is_about(report: ControlReport | None, planned: Sequence[Control]) -> bool:
    """Whether a report tells of all controls there are, and of no other."""
    return report is not None and {one.control for one in report.results} == set(planned)
