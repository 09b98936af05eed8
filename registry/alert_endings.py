"""Messages that wait while what they tell of has ended without a word.

A pause, a new address or a removal ends an outage, and nothing is told of that. Whoever wanted to
be told only of outages of some length, or not by night, is not to be told of such a one afterwards.
"""

from datetime import datetime
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from registry.alert_rows import delivery_of, is_ripe
from registry.alerts import OVER, OWN_CUT, PASSING, Delivery, Held, State
from registry.database import Change, Database
from registry.health_reads import read_begun
from registry.health_rows import chunks
from registry.health_tables import ALERT_DELIVERIES
from registry.health_telling import moment
from registry.incidents import IncidentKey, Topic

_D: Final = ALERT_DELIVERIES.c
_WAITS: Final = (Held.THRESHOLD.value, Held.QUIET.value, Held.CUT.value)

Begun = tuple[str, str, str]
"""Of which member something began, what, and when."""


async def drop_ended(database: Database, *, now: datetime) -> None:
    """Drop beginnings that have waited long enough, if what began is over by now.

    One that waits for the morning is dropped as soon as what began is over.
    An outage that was over only after it had lasted as long as is wished is told all the same.
    Raises `RegistryUnavailable`.
    """
    waits = (_D.state == State.HELD.value) & _D.held_for.in_(_WAITS)
    # quiet hours may be others than they were when it was held
    is_time = is_ripe(now) | (_D.held_for == Held.QUIET.value)
    query = select(ALERT_DELIVERIES).where(waits & is_time)

    async def read(connection: AsyncConnection) -> list[Delivery]:
        rows = [delivery_of(row) for row in await connection.execute(query)]
        begun = {one.number: _begun(one) for one in rows if _has_begun(one)}
        ended = await _ended(connection, set(begun.values()))
        return [
            one
            for one in rows
            if (at := ended.get(begun.get(one.number, ("", "", "")))) is not None
            and (one.held_for is not Held.THRESHOLD or at < one.next_at)
        ]

    over = await database.read(read)
    if not over:
        return

    async def put(change: Change) -> None:
        for result, is_cut in ((OVER, False), (OWN_CUT, True)):
            numbers = [one.number for one in over if (one.held_for is Held.CUT) is is_cut]
            values = {"state": State.DROPPED.value, "result": result, "ended_at": now.timestamp()}
            for part in chunks(numbers):
                chosen = update(ALERT_DELIVERIES).where(waits & _D.number.in_(part))
                await change.connection.execute(chosen.values(**values))

    await database.change(put, is_news=False)


async def _ended(connection: AsyncConnection, begun: set[Begun]) -> dict[Begun, datetime]:
    """Say when what began ended, as far as it did."""
    keys = [IncidentKey(id_, Topic(topic), datetime.fromisoformat(at)) for id_, topic, at in begun]
    return {
        (one.member_id, one.topic.value, moment(one.began)): one.ended
        for one in await read_begun(connection, keys)
        if one.ended is not None
    }


def _has_begun(one: Delivery) -> bool:
    told = one.document
    is_passing = told.get("what") == "began" and told.get("topic") in {*PASSING}
    return is_passing and bool((told.get("details") or {}).get("began"))


def _begun(one: Delivery) -> Begun:
    told = one.document
    details = told.get("details") or {}
    return str(told.get("member")), str(told.get("topic")), str(details.get("began"))
