"""Judges members again and again, keeps what was found, and tells of drift once.

One process looks, whichever holds the lease; a look that somebody asks for runs in the process that
was asked. A member is looked at soon after what it says of its version changes.
"""

import asyncio
import hashlib
import math
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import structlog

from aggregator.base.errors import Conflict, Overloaded, RateLimited
from aggregator.watch.conformance.history import (
    Step,
    after,
    after_trying,
    in_words,
)
from aggregator.watch.conformance.report import ConformanceReport, Unfinished, Version
from aggregator.watch.conformance.runner import ConformanceChecker, can_be_judged
from aggregator.watch.rounds import Rounds, Timetable
from registry.health import Check
from registry.health_store import Batch, Fact, HealthStore, IncidentChange
from registry.incidents import Event, Incident, Topic
from registry.places import place_of
from registry.snapshot import RegisteredMember, SnapshotHolder

log = structlog.get_logger(__name__)

FACT: Final = "conformance"
AT_ONCE: Final = 2
"""How many members are judged at one time."""
AGAIN_S: Final = 1_800.0
"""After how long a run that could not be completed is tried again, in seconds."""
ASKED_FOR_S: Final = 120.0
"""How long a run that somebody asked for takes at most, in seconds."""
REST_S: Final = 300.0
"""How long after one the holder of a member may ask for another, in seconds."""
_MOST_ASKED_FOR: Final = 4
"""How many runs go on at once because somebody asked."""
_FOR_HOLDERS: Final = 3
"""How many of them holders may ask for: the others are kept for operators."""
_BUSY_S: Final = 30
GOES_ON: Final = "This beacon is being looked at just now. Load the page again in a minute."
LEFT_ALONE: Final = (
    "This beacon is paused or switched off, and is asked nothing meanwhile. Resume it, and have it "
    "looked at then; of one that the operator switched off, ask the operator."
)


class ConformanceKeeper:
    """Keeps the conformance of every member up to date; `every_s` 0 means never by itself."""

    def __init__(
        self,
        checker: ConformanceChecker,
        store: HealthStore,
        *,
        holder: SnapshotHolder,
        is_ours: Callable[[], Awaitable[bool]],
        every_s: float,
        clock: Callable[[], float],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._checker = checker
        self._store = store
        self._holder = holder
        self._every_s = every_s
        self._now = now
        self._timetable = Timetable(every_s)
        self.rounds = Rounds(
            "conformance",
            self._timetable,
            members=self._members,
            look=self._look,
            is_ours=self._is_ready,
            at_once=AT_ONCE,
            clock=clock,
            age_s=self._age_s,
        )
        self._is_ours = is_ours
        self._clock = clock
        self._asked_at: dict[str, float] = {}
        """When holders last asked for a run, by member, on the clock."""
        self._has_read = False
        self._listed: frozenset[str] = frozenset()
        self._hurried: dict[str, object] = {}
        self._looking: set[str] = set()
        self._asked_for: set[asyncio.Task[ConformanceReport | Unfinished | None]] = set()

    async def start(self) -> None:
        """Begin."""
        await self.rounds.start()

    async def aclose(self) -> None:
        """End it, and every run."""
        await self.rounds.aclose()
        tasks = set(self._asked_for)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    @property
    def facts(self) -> Mapping[str, Fact]:
        """What is known of each member, by id."""
        return self._store.facts(FACT)

    def next_at(self, member: RegisteredMember) -> datetime | None:
        """Say when a member is looked at next by itself; None for never."""
        if self._every_s <= 0 or not _is_looked_at(member, self._now()):
            return None
        fact = self.facts.get(member.id)
        if fact is None:
            return self._now()
        return fact.at + timedelta(seconds=_pause_s(fact.document, self._every_s))

    async def look(
        self, member: RegisteredMember, *, within_s: float | None = None
    ) -> ConformanceReport | Unfinished | None:
        """Judge a member and keep what was found; None if that goes on already.

        `within_s` is how long that may take, if not as long as any run. Raises
        `RegistryUnavailable`.
        """
        if member.id in self._looking:
            return None
        self._looking.add(member.id)
        try:
            await self._store.refresh()  # another process may have looked since
            outcome = await self._checker.run(
                member, within_s=within_s, last_check=self._last_check(member)
            )
            await self._keep(member, outcome)
        finally:
            self._looking.discard(member.id)
        return outcome

    def _last_check(self, member: RegisteredMember) -> Check | None:
        """Give the last check of a member where it now is; None where there was none."""
        if self._store.places.get(member.id) != place_of(member.entry):
            return None
        standing = self._store.standings.get(member.id)
        return standing.last if standing is not None else None

    def is_looking(self, member_id: str) -> bool:
        """Whether a member is being judged now, in this process."""
        return member_id in self._looking

    async def look_now(
        self, member: RegisteredMember, *, within_s: float, is_operators: bool = False
    ) -> ConformanceReport | Unfinished | None:
        """Judge a member because somebody asks; None if that takes longer than `within_s`.

        It then goes on by itself. A holder may ask for it now and then, an operator always. Raises
        `Conflict` where it goes on already or is not to be, `RateLimited`, `Overloaded`, and
        `RegistryUnavailable`.
        """
        if self.is_looking(member.id):
            raise Conflict(GOES_ON)
        if not is_operators:
            self._admit(member)
        most = _MOST_ASKED_FOR if is_operators else _FOR_HOLDERS
        if len(self._asked_for) >= most:
            raise Overloaded(
                f"{most} beacons are being looked at already. Try again in a moment.",
                retry_after_s=_BUSY_S,
            )
        if not is_operators:
            self._asked_at[member.id] = self._clock()
        looking = self.look(member, within_s=ASKED_FOR_S)
        task = asyncio.create_task(looking, name=f"conformance {member.id}, asked for")
        self._asked_for.add(task)
        task.add_done_callback(self._ended)
        await asyncio.wait({task}, timeout=within_s)
        return task.result() if task.done() else None

    def _admit(self, member: RegisteredMember) -> None:
        """Raise `Conflict` or `RateLimited` where a holder may not have a member looked at now."""
        if can_be_judged(member) and not _is_looked_at(member, self._now()):
            raise Conflict(LEFT_ALONE)
        now = self._clock()
        self._asked_at = {one: at for one, at in self._asked_at.items() if now - at < REST_S}
        asked = self._asked_at.get(member.id)
        if asked is not None:
            left_s = math.ceil(REST_S - (now - asked))
            raise RateLimited(
                f"This beacon was looked at on request a moment ago. Ask again in {left_s} s.",
                retry_after_s=left_s,
            )

    def _ended(self, task: "asyncio.Task[ConformanceReport | Unfinished | None]") -> None:
        self._asked_for.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.info("conformance could not be kept", why=str(error))

    async def _keep(
        self, member: RegisteredMember, outcome: ConformanceReport | Unfinished
    ) -> None:
        fact = self.facts.get(member.id)
        known = fact.document if fact is not None else None
        place = place_of(member.entry)
        if isinstance(outcome, Unfinished):
            log.info("conformance could not be judged", member=member.id, why=outcome.why)
            document = after_trying(known, outcome)
            await self._store.put_fact(member.id, FACT, document, place=place)
            return
        step = after(known, outcome)
        await self._tell(member.id, known, step, outcome)
        await self._store.put_fact(member.id, FACT, step.document, place=place)
        await self._store.add_run(member.id, outcome.summary())
        log.info("conformance was judged", member=member.id, score=outcome.score)

    async def _tell(
        self,
        member_id: str,
        known: Mapping[str, Any] | None,
        step: Step,
        report: ConformanceReport,
    ) -> None:
        """Begin, widen or end the incident of drift, with an event for what is new."""
        if not step.began and not step.mended:
            return
        batch = Batch()
        if step.began or step.has_ended:
            batch.events.append(_event(member_id, known, step, report))
        for incident in await self._open(member_id):
            batch.incidents.append(_changed(incident, step, report))
        if not batch.incidents and step.drift is not None:
            batch.incidents.append(
                IncidentChange(
                    member_id,
                    Topic.CONFORMANCE,
                    step.drift.since,
                    message=in_words(step),
                    request=_request_of(step, report),
                )
            )
        await self._store.write(batch)

    async def _open(self, member_id: str) -> list[Incident]:
        found = await self._store.incidents([member_id], is_open=True)
        return [one for one in found if one.topic is Topic.CONFORMANCE]

    async def _look(self, member: RegisteredMember) -> None:
        await self.look(member)

    async def _is_ready(self) -> bool:
        """Whether this process looks; what is known is read first, so that nothing is forgotten."""
        if not await self._is_ours():
            return False
        if not self._has_read:
            await self._store.refresh()
            self._has_read = True
        return True

    def _members(self) -> Sequence[RegisteredMember]:
        """Give whom to look at, and hurry with those whose turn is before their time."""
        now, snapshot = self._now(), self._holder.current
        found = [one for one in snapshot.everyone if _is_looked_at(one, now)]
        facts = self.facts
        for member in found:
            why = self._why_now(member, facts.get(member.id), now)
            is_listed = member.id in self._listed  # the timetable knows no others
            if why is not None and is_listed and self._hurried.get(member.id) != why:
                self._timetable.hurry(member.id)
                self._hurried[member.id] = why
        for gone in self._hurried.keys() - snapshot.everyone_by_id.keys():
            del self._hurried[gone]
        self._listed = frozenset(one.id for one in found)
        return found

    def _why_now(self, member: RegisteredMember, fact: Fact | None, now: datetime) -> object:
        """Say why a member is looked at before its time; None for no reason."""
        if fact is None:
            return "never" if member.capabilities.fetched_at is not None else None
        if fact.document.get("tried"):
            is_late = now - fact.at >= timedelta(seconds=AGAIN_S)
            return fact.at if is_late else None
        version = Version.of(member)
        return version if version != Version.read(fact.document.get("seen") or {}) else None

    def _age_s(self, member_id: str) -> float | None:
        """Say how long ago a member was looked at; a run that was cut short counts for little."""
        fact = self.facts.get(member_id)
        if fact is None:
            return None
        age_s = (self._now() - fact.at).total_seconds()
        return age_s + self._every_s - _pause_s(fact.document, self._every_s)


def _is_looked_at(member: RegisteredMember, now: datetime) -> bool:
    paused = member.entry.paused
    is_paused = paused is not None and not paused.is_over(now)
    return can_be_judged(member) and not member.entry.disabled and not is_paused


def _pause_s(document: Mapping[str, Any], every_s: float) -> float:
    """Say how long after this the next look is due, in seconds."""
    return min(AGAIN_S, every_s) if document.get("tried") else every_s


def _event(
    member_id: str, known: Mapping[str, Any] | None, step: Step, report: ConformanceReport
) -> Event:
    what = "began" if step.began else "ended"
    rules = step.began or step.mended
    # a crash after this was written makes the same key of the next run: it starts from `known`
    seed = f"{(known or {}).get('at')} {' '.join(rules)}"
    mark = hashlib.sha256(seed.encode()).hexdigest()[:16]
    drift = step.drift or step.known
    return Event(
        f"{member_id}:{Topic.CONFORMANCE}:{what}:{mark}",
        member_id,
        Topic.CONFORMANCE,
        what,
        report.at,
        in_words(step),
        details={
            "score": report.score,
            "rules": ", ".join(rules)[:1_000],
            "serviceVersion": report.version.service,
            "since": drift.since.isoformat() if drift is not None else None,
        },
    )


def _changed(incident: Incident, step: Step, report: ConformanceReport) -> IncidentChange:
    """Give an open incident as it is after a step."""
    is_over = step.drift is None
    return IncidentChange(
        incident.member_id,
        Topic.CONFORMANCE,
        incident.began,
        ended=report.at if is_over else None,
        message=in_words(step) if step.began else incident.message,
        request=_request_of(step, report) or incident.request,
    )


def _request_of(step: Step, report: ConformanceReport) -> str:
    """Give the request that shows the first rule that newly fails."""
    first = step.began[:1]
    return next((one.request for one in report.findings if one.rule in first), "")
