"""What a batch written late still says of checks, where another process checked later. Pure.

A process that cannot reach the registry keeps what it found out. By the time it writes, another may
have taken over and seen the end: what the late one took to be going on is over then.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from registry.health import Standing
from registry.health_batch import Batch, IncidentChange
from registry.health_changes import OF_CHECKS, end_what_is_over, is_said
from registry.health_telling import Telling
from registry.incidents import Event, Topic


def settled(batch: Batch, newer: Mapping[str, Standing], now: datetime) -> Batch:
    """Give a batch without what goes on in it and not in the `newer` standings of other processes.

    An incident that is over by these ends, and an outage whose beginning is told is told to be
    over, under the key by which whoever saw its end has told it.
    """
    incidents: list[IncidentChange] = []
    events = list(batch.events)
    for change in batch.incidents:
        standing = newer.get(change.member_id)
        if standing is None or not _is_over(change, standing):
            incidents.append(change)
            continue
        given = batch.standings.get(change.member_id)
        seen_at = None if given is None else given[1].counted_at
        ended, told = _ended(change, standing, now, seen_at)
        incidents.append(ended)
        events += told
    return replace(batch, incidents=incidents, events=events)


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
