"""Forgets what belongs to who had an id before, inside a transaction of the caller.

An id can go to somebody else. Whom alerts were sent to, and how another beacon did, do not.
"""

from typing import Final

from sqlalchemy import delete, select

from registry.database import Change
from registry.health_tables import (
    ALERT_DELIVERIES,
    ALERT_TARGETS,
    BUCKETS,
    CHECKS,
    CONFORMANCE_RUNS,
    EVENTS,
    INCIDENTS,
)
from registry.models import MemberEntry
from registry.places import place_of_url

_HISTORY: Final = (CHECKS, BUCKETS, INCIDENTS, EVENTS, CONFORMANCE_RUNS)
"""Standings and facts are not here: they say where they were found, and are read by number."""


async def forget_alerts(change: Change, member_id: str) -> None:
    """Tell nobody of a member any more but operators, nor keep what was told."""
    mine = ALERT_TARGETS.c.owner == member_id
    targets = select(ALERT_TARGETS.c.id).where(mine)
    told = ALERT_DELIVERIES.c.target_id.in_(targets)
    await change.connection.execute(delete(ALERT_DELIVERIES).where(told))
    await change.connection.execute(delete(ALERT_TARGETS).where(mine))


async def forget_earlier(change: Change, before: MemberEntry, after: MemberEntry) -> None:
    """Let who has an id now begin anew: without alerts, and elsewhere without history."""
    await forget_alerts(change, before.id)
    if place_of_url(before.url) == place_of_url(after.url):
        return
    for table in _HISTORY:
        await change.connection.execute(delete(table).where(table.c.member_id == before.id))
