"""How members stand, in the memory of the process that checks them; what is to be written of it.

A book is told every check and every question, makes standings, counts, incidents and events of
them, and gives them away in batches. It waits for nothing: whoever writes the batches does.
"""

import secrets
from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

from registry import health_words as words
from registry.health import (
    SILENT_LEAST,
    Change,
    Check,
    Phase,
    QuestionFacts,
    Result,
    Rules,
    Standing,
    State,
    Trait,
    after,
    is_silent,
    with_traits,
)
from registry.health_batch import Batch, IncidentChange
from registry.health_changes import (
    OF_CHECKS,
    count_check,
    end_what_is_over,
    failed_again,
    tell_change,
)
from registry.health_pending import PendingBuckets
from registry.health_questions import Questions
from registry.health_tables import KEPT_CHECKS
from registry.health_telling import NO_DETAILS, Details, Telling
from registry.history import Bucket, Kind
from registry.incidents import Event, Incident, Topic
from registry.objectives import is_cut_off

HOUR: Final = timedelta(hours=1)


class HealthBook:
    """How members stand as of the last check, and what is not written yet.

    `now` is UTC; `writer` names this process among those that write.
    """

    def __init__(
        self,
        rules: Rules,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        writer: str | None = None,
    ) -> None:
        self.rules = rules
        self._now = now
        self._writer = secrets.token_hex(8) if writer is None else writer
        self._number = 0
        self._standings: dict[str, Standing] = {}
        self._places: dict[str, str] = {}
        self._changed: set[str] = set()
        self._checks: dict[str, deque[Check]] = {}
        self._buckets = PendingBuckets()
        self._questions = Questions()
        self._telling = Telling()
        self._unwritten: deque[Batch] = deque()
        self._connected_at: datetime | None = None

    def take_up(
        self,
        standings: Mapping[str, Standing],
        places: Mapping[str, str],
        incidents: Iterable[Incident],
    ) -> None:
        """Go on from what is written: what another process, or this one earlier, found out.

        `incidents` are all that are open, and the outages that ended of members that are down
        nevertheless: they are down again since.
        """
        incidents = tuple(incidents)
        self._standings = dict(standings)
        self._changed.clear()
        self._telling.take_up(incidents)
        known = {*standings, *self._telling.member_ids} & places.keys()
        self._places = {member_id: places[member_id] for member_id in known}
        for one in incidents:
            self._down_since(one)
        for member_id in self._telling.member_ids:
            end_what_is_over(self._telling, member_id, self.standing(member_id), self._now())

    @property
    def has_news(self) -> bool:
        """Whether a standing or incident has changed that was not given away yet."""
        return bool(self._changed) or self._telling.has_news

    def standing(self, member_id: str) -> Standing:
        """Say how a member stands."""
        return self._standings.get(member_id, Standing())

    def keep(self, member_ids: Collection[str]) -> None:
        """Forget the members that are not among these; their incidents end, and nobody is told."""
        kept, at = {*member_ids, ""}, self._now()
        for gone in {*self._standings, *self._telling.member_ids} - kept:
            self._telling.end_all(gone, at)
            if self._standings.get(gone, Standing()) != Standing():
                self._put(gone, self._places.get(gone, ""), Standing())
        # the standing of one that is gone is written once more, and then forgotten
        for gone in self._standings.keys() - kept - self._changed:
            del self._standings[gone]
            self._places.pop(gone, None)

    def checked(self, member_id: str, place: str, check: Check) -> tuple[Change, ...]:
        """Take in a check: gives what it changed."""
        if self._places.get(member_id, place) != place:
            self._telling.end_all(member_id, check.at)
            self._standings.pop(member_id, None)
        before = self.standing(member_id)
        standing, changes = after(before, check, self.rules)
        self._put(member_id, place, standing)
        count_check(self._buckets, member_id, check, self.rules.slow_ms)
        is_paused = check.result is Result.PAUSED
        if not is_paused or before.state is not State.PAUSED:
            kept = self._checks.setdefault(member_id, deque(maxlen=KEPT_CHECKS))
            kept.append(check)
        if is_paused:
            self._telling.end_all(member_id, check.at, OF_CHECKS)
            return changes
        for change in changes:
            tell_change(self._telling, member_id, change, before, standing)
        if check.result is Result.DOWN and before.state is State.DOWN:
            failed_again(self._telling, member_id, standing, check.at)
        if standing.state is State.DOWN:  # it does not answer checks either
            changes += self.call(member_id, place, Trait.SILENT, is_on=False, at=check.at)
            self._telling.end(member_id, Topic.SILENT, at=check.at)
        return changes

    def asked(
        self,
        member_id: str,
        *,
        at: datetime,
        is_answered: bool,
        timed_out: bool,
        elapsed_ms: float,
    ) -> None:
        """Take in how a real question ended."""
        self._questions.count(member_id, at, is_answered=is_answered, timed_out=timed_out)
        counts = self._buckets.counts(member_id, Kind.QUESTION, at)
        if is_answered:
            counts.up += 1
            counts.slow += elapsed_ms >= self.rules.slow_ms
            counts.times.add(elapsed_ms)
        else:
            counts.down += 1
            counts.timed_out += timed_out
            counts.unknown += timed_out and is_cut_off(elapsed_ms / 1000)

    def take_questions(self, buckets: Mapping[str, Iterable[Bucket]]) -> None:
        """Know what every process asked: the minutes of `Kind.QUESTION` since an hour ago."""
        self._questions.take_in(buckets)

    def question_facts(self, member_id: str, now: datetime) -> QuestionFacts:
        """Say how the questions of the last hour ended, as far as is known here."""
        return self._questions.facts(member_id, now)

    def judge_questions(self, now: datetime) -> tuple[Change, ...]:
        """Call members silent that answer checks but not questions, and no more those that do.

        Only what was asked between checks that all found the member up tells it silent: around an
        outage, or while our own connection is away, questions end as checks do. It ends as well
        where an hour of questions was answered in time, whatever checks found.
        """
        self._questions.forget_before(now)
        if self._telling.open("", Topic.NETWORK) is not None:
            return ()
        found: list[Change] = []
        silent = {one for one, held in self._standings.items() if Trait.SILENT in held.traits}
        for member_id in sorted(self._questions.member_ids | silent):
            standing = self.standing(member_id)
            judged = self._is_silent(member_id, standing, now)
            if judged is None:
                continue
            is_on, facts = judged
            place = self._places.get(member_id, "")
            for change in self.call(member_id, place, Trait.SILENT, is_on=is_on, at=now):
                tell_change(self._telling, member_id, change, standing, standing, facts=facts)
                found.append(change)
        return tuple(found)

    def _is_silent(
        self, member_id: str, standing: Standing, now: datetime
    ) -> tuple[bool, QuestionFacts] | None:
        """Say whether a member is silent, and by which questions; None where nothing says so."""
        was = Trait.SILENT in standing.traits
        hour = self._questions.facts(member_id, now)
        if was and hour.answered and not hour.timed_out:
            return False, hour
        if standing.steady is None:
            return None
        since = max(standing.steady, self._connected_at or standing.steady)
        facts = self._questions.facts(member_id, now, since=since, until=standing.counted_at)
        if was and now - since < HOUR and facts.answered + facts.failed < SILENT_LEAST:
            return None  # nothing says yet that it answers again
        return is_silent(facts, was=was), facts

    def call(
        self, member_id: str, place: str, trait: Trait, *, is_on: bool, at: datetime
    ) -> tuple[Change, ...]:
        """Call a member something, or not any more; gives the change, if it is one.

        Of a member that was last checked at another place it says nothing, and changes nothing.
        """
        if self._places.get(member_id, place) != place:
            return ()
        wanted = frozenset({trait} if is_on else ())
        standing, changes = with_traits(self.standing(member_id), wanted, at, of={trait})
        if changes:
            self._put(member_id, place, standing)
        return changes

    def begin_incident(
        self,
        member_id: str,
        topic: Topic,
        *,
        at: datetime,
        message: str,
        text: str,
        phase: Phase | None = None,
        request: str = "",
        details: Details = NO_DETAILS,
    ) -> bool:
        """Open an incident and tell of it by `text`; False if one is open, which is kept current.

        Without a text nothing is told.
        """
        told = None if phase is None else phase.value
        opened = self._now()
        change = IncidentChange(member_id, topic, at, None, message, told, request, opened=opened)
        return self._telling.begin(change, at=at, text=text, details=details)

    def end_incident(
        self,
        member_id: str,
        topic: Topic,
        *,
        at: datetime,
        text: str = "",
        details: Details = NO_DETAILS,
    ) -> bool:
        """End an incident and tell so by `text`, if it is not empty; False if none is open."""
        return self._telling.end(member_id, topic, at=at, text=text, details=details) is not None

    def held_against(self, trait: Trait, topic: Topic) -> set[str]:
        """Give the members that are called so, or have an open incident of the topic."""
        called = {one for one, held in self._standings.items() if trait in held.traits}
        return called | self._telling.having(topic)

    def open_incident(self, member_id: str, topic: Topic) -> IncidentChange | None:
        """Give the incident of a topic that is open; None if none is."""
        return self._telling.open(member_id, topic)

    def tell(self, event: Event) -> None:
        """Have an event written; of the same key it is written once."""
        self._telling.tell(event)

    def cut(self, at: datetime) -> bool:
        """Note that this network's own connection is away; False if that is known."""
        text = words.cut_off(at)
        return self.begin_incident("", Topic.NETWORK, at=at, message=text, text=text)

    def back(self, at: datetime) -> bool:
        """Note that it is there again; False if it was."""
        known = self._telling.open("", Topic.NETWORK)
        self._connected_at = at
        text = "" if known is None else words.connected(known.began, at)
        return self.end_incident("", Topic.NETWORK, at=at, text=text)

    def drain(self) -> Batch:
        """Give what is to be written; what was given back comes first, and alone."""
        if self._unwritten:
            return self._unwritten.popleft()
        incidents, events = self._telling.take()
        batch = Batch(
            standings={one: (self._places[one], self._standings[one]) for one in self._changed},
            checks=[(one, check) for one, kept in self._checks.items() for check in kept],
            buckets=self._buckets.take(),
            incidents=incidents,
            events=events,
        )
        self._changed, self._checks = set(), {}
        if batch:
            self._number += 1
            batch.writer, batch.number = self._writer, self._number
        return batch

    def give_back(self, batch: Batch) -> None:
        """Keep a batch that may not have been written, for the next `drain`.

        It is given again as it is: was it written after all, it is not written twice.
        """
        if batch:
            self._unwritten.appendleft(batch)

    def _down_since(self, outage: Incident) -> None:
        """Have who is down be so since the end of an outage that somebody told to be over."""
        standing = self._standings.get(outage.member_id, Standing())
        if outage.topic is not Topic.OUTAGE or outage.ended is None or standing.since is None:
            return
        is_open = self._telling.open(outage.member_id, Topic.OUTAGE) is not None
        if standing.state is State.DOWN and not is_open and standing.since < outage.ended:
            place = self._places.get(outage.member_id, "")
            self._put(outage.member_id, place, replace(standing, since=outage.ended))

    def _put(self, member_id: str, place: str, standing: Standing) -> None:
        self._standings[member_id] = standing
        self._places[member_id] = place
        self._changed.add(member_id)
