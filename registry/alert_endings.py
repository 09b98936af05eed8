"""Messages that wait while what they tell of has ended without a word.

A pause, a new address or a removal ends an outage, and nothing is told of that. Whoever wanted to
be told only of outages of some length, or not by night, is not to be told of such a one afterwards.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from registry.alert_rows import delivery_of
from registry.alerts import OVER, PASSING, Delivery, Held, State
from registry.database import Change, Database
from registry.health_tables import ALERT_DELIVERIES
from registry.health_telling import moment
from registry.incidents import Incident

_D = ALERT_DELIVERIES.c
_WAITS = (Held.THRESHOLD.value, Held.QUIET.value)

Begun = tuple[str, str, str]
"""Of which member something began, what, and when."""


async def drop_ended(
    database: Database,
    incidents: Callable[[Sequence[str]], Awaitable[Sequence[Incident]]],
    *,
    now: datetime,
) -> None:
    """Drop beginnings that have waited long enough, if what began is over by now.

    `incidents` gives the last ones of some members. Raises `RegistryUnavailable`.
    """
    ripe = (_D.state == State.HELD.value) & _D.held_for.in_(_WAITS)
    query = select(ALERT_DELIVERIES).where(ripe & (_D.next_at <= now.timestamp()))

    async def read(connection: AsyncConnection) -> list[Delivery]:
        return [delivery_of(row) for row in await connection.execute(query)]

    begun = {one.number: _begun(one) for one in await database.read(read) if _has_begun(one)}
    if not begun:
        return
    found = await incidents(sorted({member_id for member_id, _, _ in begun.values()}))
    ended = {
        (one.member_id, one.topic.value, moment(one.began))
        for one in found
        if one.ended is not None
    }
    over = [number for number, one in begun.items() if one in ended]
    if not over:
        return
    values = {"state": State.DROPPED.value, "result": OVER, "ended_at": now.timestamp()}

    async def put(change: Change) -> None:
        chosen = _D.number.in_(over) & ripe
        await change.connection.execute(update(ALERT_DELIVERIES).where(chosen).values(**values))

    await database.change(put, is_news=False)


def _has_begun(one: Delivery) -> bool:
    return one.document.get("what") == "began" and one.document.get("topic") in {*PASSING}


def _begun(one: Delivery) -> Begun:
    told = one.document
    details = told.get("details") or {}
    return str(told.get("member")), str(told.get("topic")), str(details.get("began"))
