"""Forgets what belongs to who had an id before, inside a transaction of the caller.

An id can go to somebody else. Whom alerts were sent to, and how another beacon did, do not.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import msgspec
from sqlalchemy import delete, select, update

from registry.alerts import State
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
from registry.rows import storable

_HISTORY: Final = (CHECKS, BUCKETS, INCIDENTS, EVENTS, CONFORMANCE_RUNS)
"""Standings and facts are not here: they say where they were found, and are read by number."""
GONE: Final = "its id went to somebody else"


async def forget_alerts(change: Change, member_id: str) -> None:
    """Tell nobody of a member any more but operators, nor keep what was told."""
    mine = ALERT_TARGETS.c.owner == member_id
    targets = select(ALERT_TARGETS.c.id).where(mine)
    told = ALERT_DELIVERIES.c.target_id.in_(targets)
    await change.connection.execute(delete(ALERT_DELIVERIES).where(told))
    await change.connection.execute(delete(ALERT_TARGETS).where(mine))


async def forget_earlier(
    change: Change, before: MemberEntry, after: MemberEntry, *, now: datetime
) -> None:
    """Let who has an id now begin anew: without alerts, and elsewhere without history."""
    await forget_alerts(change, before.id)
    if place_of_url(before.url) == place_of_url(after.url):
        return
    for table in _HISTORY:
        await change.connection.execute(delete(table).where(table.c.member_id == before.id))
    await _drop_waiting(change, before.id, now)


async def _drop_waiting(change: Change, member_id: str, now: datetime) -> None:
    """Tell operators nothing more of who had an id: it would be told of who has it now."""
    told = ALERT_DELIVERIES.c
    waits = told.state.in_([State.HELD.value, State.DUE.value])
    of_member = told.subject.startswith(f"{member_id}:", autoescape=True)
    values = {"state": State.DROPPED.value, "result": GONE, "ended_at": now.timestamp()}
    chosen = update(ALERT_DELIVERIES).where(waits & of_member)
    await change.connection.execute(chosen.values(**values))
    together = select(told.number, told.document).where(waits & (told.subject == "digest"))
    for row in (await change.connection.execute(together)).all():
        before = msgspec.json.decode(row.document)
        after = _without(before, member_id)
        if after != before:
            text = storable(msgspec.json.encode(after).decode())
            changed = {"document": text} if after["items"] else values
            chosen = update(ALERT_DELIVERIES).where(told.number == row.number)
            await change.connection.execute(chosen.values(**changed))


def _without(digest: Mapping[str, Any], member_id: str) -> dict[str, Any]:
    """Give what is told together, but of one member."""
    items = [one for one in digest["items"] if one.get("member") != member_id]
    is_of_it = len(items) < len(digest["items"])
    return {**digest, "items": items, "members": digest["members"] - is_of_it}
