"""What a batch written late still says of checks, where another process checked later. Pure.

A process that cannot reach the registry keeps what it found out. By the time it writes, another may
have taken over and seen the end: what the late one took to be going on is over then. Or the other
saw nothing of an end that the late one saw: then it goes on.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime

from registry.health import Standing
from registry.health_batch import Batch, IncidentChange
from registry.health_changes import OF_CHECKS, end_what_is_over, is_said
from registry.health_telling import Telling, event_key
from registry.incidents import Event, Topic


def settled(
    batch: Batch,
    newer: Mapping[str, Standing],
    now: datetime,
    *,
    open_there: Collection[tuple[str, str, float]] = (),
) -> Batch:
    """Give a batch that says of what goes on the same as the `newer` standings of other processes.

    An incident that is over by these ends, and an outage whose beginning is told is told to be
    over, under the key by which whoever saw its end has told it. One that goes on by these does not
    end, where it is `open_there` (member, topic, beginning): whoever sees its end will tell it.
    """
    incidents: list[IncidentChange] = []
    events = list(batch.events)
    for change in batch.incidents:
        standing = newer.get(change.member_id)
        if standing is not None and _lasts(change, standing):
            is_open = (change.member_id, change.topic.value, change.began.timestamp()) in open_there
            if is_open or change.topic is Topic.OUTAGE:
                untold = event_key(change.member_id, change.topic, "ended", change.began)
                events = [one for one in events if one.key != untold]
                incidents.append(_lasting(change, standing, is_open=is_open))
                continue
        if standing is None or not _is_over(change, standing):
            incidents.append(change)
            continue
        given = batch.standings.get(change.member_id)
        seen_at = None if given is None else given[1].counted_at
        ended, told = _ended(change, standing, now, seen_at)
        incidents.append(ended)
        events += told
    return replace(batch, incidents=incidents, events=events)


def _lasts(change: IncidentChange, standing: Standing) -> bool:
    """Whether an incident ends in the batch and not in the standing."""
    if change.ended is None or change.topic not in OF_CHECKS or not is_said(standing, change.topic):
        return False
    # it is down since later: the end was one, and that is another outage
    since = standing.since
    return change.topic is not Topic.OUTAGE or (since is not None and since <= change.ended)


def _lasting(change: IncidentChange, standing: Standing, *, is_open: bool) -> IncidentChange:
    since = standing.since
    if change.topic is Topic.OUTAGE and since is not None and since > change.began:
        return replace(change, ended=since)  # what it is down since then goes on as another
    return replace(change, ended=None) if is_open else change


def _is_over(change: IncidentChange, standing: Standing) -> bool:
    if change.ended is not None or change.topic not in OF_CHECKS:
        return False
    if not is_said(standing, change.topic):
        return True
    # it is down again, since later: that is another outage
    since = standing.since
    return change.topic is Topic.OUTAGE and since is not None and since > change.began


def _ended(
    change: IncidentChange, standing: Standing, now: datetime, seen_at: datetime | None
) -> tuple[IncidentChange, list[Event]]:
    if is_said(standing, change.topic):
        return replace(change, ended=standing.since), []
    telling = Telling()
    telling.know(change)
    end_what_is_over(telling, change.member_id, standing, now, seen_at=seen_at)
    (ended,), told = telling.take()
    return ended, told
