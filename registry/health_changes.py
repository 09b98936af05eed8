"""Turns what checks and questions changed into counts, incidents and events. Pure."""

from dataclasses import replace
from datetime import datetime
from typing import Final

from registry import health_words as words
from registry.health import (
    Change,
    Check,
    Happening,
    QuestionFacts,
    Result,
    Standing,
    State,
    Trait,
)
from registry.health_batch import IncidentChange
from registry.health_pending import PendingBuckets
from registry.health_telling import Details, Telling
from registry.history import Kind
from registry.incidents import Topic

OF_CHECKS: Final = (Topic.OUTAGE, Topic.SLOW, Topic.FLAPPING, Topic.SILENT)
"""The topics that checks and questions decide; a pause ends them."""


def count_check(buckets: PendingBuckets, member_id: str, check: Check, slow_ms: float) -> None:
    """Count a check; what says nothing of the member counts as neither up nor down."""
    counts = buckets.counts(member_id, Kind.CHECK, check.at)
    match check.result:
        case Result.UP:
            counts.up += 1
            if check.elapsed_ms is not None:
                counts.slow += check.elapsed_ms >= slow_ms
                counts.times.add(check.elapsed_ms)
        case Result.DOWN:
            counts.down += 1
        case Result.UNKNOWN:
            counts.unknown += 1
        case Result.PAUSED:
            counts.paused += 1


def tell_change(
    telling: Telling,
    member_id: str,
    change: Change,
    before: Standing,
    standing: Standing,
    *,
    facts: QuestionFacts | None = None,
) -> None:
    """Open or end the incident of a change, and tell of it."""
    match change.happening:
        case Happening.WENT_DOWN:
            _outage(telling, member_id, standing, change)
        case Happening.CAME_UP:
            known = telling.open(member_id, Topic.OUTAGE)
            began = before.since or change.at if known is None else known.began
            telling.end(
                member_id,
                Topic.OUTAGE,
                at=change.at,
                known_at=change.known_at,
                text=words.came_up(began, change.at),
                details={"durationS": round((change.at - began).total_seconds())},
            )
        case Happening.TRAIT_BEGAN if change.trait is not None:
            text = words.trait_began(change.trait, standing, facts)
            incident = IncidentChange(member_id, Topic(change.trait.value), change.at, message=text)
            telling.begin(incident, at=change.known_at, text=text, details=_shares(facts))
        case Happening.TRAIT_ENDED if change.trait is not None:
            text = words.trait_ended(change.trait)
            telling.end(member_id, Topic(change.trait.value), at=change.at, text=text)


def failed_again(telling: Telling, member_id: str, standing: Standing, at: datetime) -> None:
    """Count one more failed check of an outage that lasts; it is opened where it is not open.

    So it is where somebody who wrote late told it to be over.
    """
    known = telling.open(member_id, Topic.OUTAGE)
    if known is not None:
        telling.update(replace(known, checks=known.checks + 1))
        return
    change = Change(Happening.WENT_DOWN, standing.since or at, at, check=standing.cause)
    _outage(telling, member_id, standing, change)


def end_what_is_over(
    telling: Telling,
    member_id: str,
    standing: Standing,
    now: datetime,
    *,
    seen_at: datetime | None = None,
) -> None:
    """End the incidents of checks that are open though the standing says otherwise.

    So they are where a process wrote late, after another had seen the end. `seen_at` is when they
    were last seen to go on.
    """
    for topic in OF_CHECKS:
        known = telling.open(member_id, topic)
        if known is None or is_said(standing, topic):
            continue
        at = max(standing.since or now, seen_at or known.began, known.began)
        is_told = topic is Topic.OUTAGE and standing.state is State.UP
        text = words.came_up(known.began, at) if is_told else ""
        telling.end(member_id, topic, at=at, known_at=now, text=text)


def is_said(standing: Standing, topic: Topic) -> bool:
    """Whether a standing says what an incident of this topic of checks does."""
    if topic is Topic.OUTAGE:
        return standing.state is State.DOWN
    return Trait(topic.value) in standing.traits


def _outage(telling: Telling, member_id: str, standing: Standing, change: Change) -> None:
    cause = change.check
    message = "" if cause is None else words.short(cause.message)
    phase = None if cause is None or cause.phase is None else cause.phase.value
    details: Details = {
        "message": message,
        "phase": phase,
        "status": None if cause is None else cause.status,
        "requestId": None if cause is None else cause.request_id,
    }
    incident = IncidentChange(
        member_id=member_id,
        topic=Topic.OUTAGE,
        began=change.at,
        message=message,
        phase=phase,
        request="" if cause is None else cause.request,
        checks=standing.failures,
    )
    text = words.went_down(cause, change.at, change.known_at)
    telling.begin(incident, at=change.known_at, text=text, details=details)


def _shares(facts: QuestionFacts | None) -> Details:
    if facts is None:
        return {}
    asked = facts.answered + facts.failed
    return {"asked": asked, "answered": facts.answered, "timedOut": facts.timed_out}
