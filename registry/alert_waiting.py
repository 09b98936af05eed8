"""What waits to be told to somebody, as it is kept: read, let go, and joined into one message."""

import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from registry.alert_rows import delivery_of, delivery_values, is_ripe
from registry.alerts import (
    HOUR,
    LONGEST_HELD,
    MOST_AN_HOUR,
    Delivery,
    Held,
    Release,
    State,
    Target,
    delivery_id,
)
from registry.health_rows import moment
from registry.health_tables import ALERT_DELIVERIES
from registry.rows import storable

_D: Final = ALERT_DELIVERIES.c
MOST_ITEMS: Final = 200
"""Told in one message; of what is beyond only how many there are."""


async def last_beginning(
    connection: AsyncConnection, target: Target, subject: str
) -> Delivery | None:
    """Give the last beginning told of a subject; None if its end was told since."""
    chosen = (_D.target_id == target.id) & (_D.subject == subject)
    query = select(ALERT_DELIVERIES).where(chosen).order_by(_D.number.desc()).limit(20)
    for row in await connection.execute(query):
        delivery = delivery_of(row)
        if delivery.document.get("type") == "event":
            # an end before it means that nothing told has begun since
            return None if delivery.document.get("what") == "ended" else delivery
    return None


async def held_until(
    connection: AsyncConnection, target: Target, why: Held, now: datetime
) -> datetime | None:
    """Say when the first of what waits for something is let go; None if nothing does."""
    waiting = (_D.target_id == target.id) & (_D.state == State.HELD.value)
    query = select(func.min(_D.next_at)).where(waiting & (_D.held_for == why.value))
    until = (await connection.execute(query)).scalar_one_or_none()
    if until is None:
        return None
    return min(max(moment(until), now), now + LONGEST_HELD[why])


def is_awake(target: Target, now: datetime) -> bool:
    """Whether these are none of its quiet hours."""
    quiet = target.wishes.quiet
    return quiet is None or quiet.end_after(now) is None


def is_ripe_of(target: Target, now: datetime) -> ColumnElement[bool]:
    """Whether a message of a target has waited long enough; its quiet hours may be others now."""
    if not is_awake(target, now):
        return is_ripe(now)
    return or_(is_ripe(now), _D.held_for == Held.QUIET.value)


async def waiting_before(
    connection: AsyncConnection, target: Target, subject: str, now: datetime
) -> Delivery | None:
    """Give what waits and must not be overtaken: of the same subject, or what is let go now."""
    waits = (_D.target_id == target.id) & (_D.state == State.HELD.value)
    joins = (_D.held_for == Held.QUIET.value) & is_ripe_of(target, now)
    query = select(ALERT_DELIVERIES).where(waits & or_(_D.subject == subject, joins))
    query = query.order_by((_D.subject == subject).desc(), _D.number.desc()).limit(1)
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else delivery_of(row)


async def share_until(
    connection: AsyncConnection, target: Target, now: datetime
) -> datetime | None:
    """Say when more may be sent; what waits for that already is not overtaken."""
    waiting = await held_until(connection, target, Held.SHARE, now)
    if waiting is not None:
        return waiting
    lately = await ready_lately(connection, target, now)
    return min(lately) + HOUR if len(lately) >= MOST_AN_HOUR else None


async def ready_lately(
    connection: AsyncConnection, target: Target, now: datetime
) -> list[datetime]:
    """Give the moments of the last hour at which messages became due."""
    since = (now - HOUR).timestamp()
    chosen = (_D.target_id == target.id) & (_D.ready_at > since)
    chosen &= _D.ready_at <= now.timestamp()  # not by a clock that was ahead
    stamps = await connection.execute(select(_D.ready_at).where(chosen))
    return [moment(one) for one in stamps.scalars()]


async def end_all(
    connection: AsyncConnection,
    numbers: Sequence[int],
    state: State,
    result: str,
    now: datetime,
) -> None:
    """Note that messages are told no more, and why."""
    values = {"state": state.value, "result": storable(result), "ended_at": now.timestamp()}
    chosen = _D.number.in_(list(numbers))
    await connection.execute(update(ALERT_DELIVERIES).where(chosen).values(**values))


async def let_go(
    connection: AsyncConnection, target: Target, release: Release, now: datetime
) -> None:
    """Do with what has waited as was decided."""
    if release.singles:
        values = {"state": State.DUE.value, "ready_at": now.timestamp(), "held_for": ""}
        chosen = _D.number.in_([one.number for one in release.singles])
        await connection.execute(update(ALERT_DELIVERIES).where(chosen).values(**values))
    for one, why, until in release.waits:
        moved = {"held_for": why.value, "next_at": until.timestamp()}
        chosen = _D.number.in_([one.number])
        await connection.execute(update(ALERT_DELIVERIES).where(chosen).values(**moved))
    if release.together:
        await _join(connection, target, release.together, now)


async def _join(
    connection: AsyncConnection, target: Target, parts: Sequence[Delivery], now: datetime
) -> None:
    numbers = [one.number for one in parts]
    document = {
        "type": "digest",
        "topic": None,
        "what": "digest",
        "at": max(str(one.document["at"]) for one in parts),
        "items": [dict(one.document) for one in parts[:MOST_ITEMS]],
        "more": max(len(parts) - MOST_ITEMS, 0),
        "members": len({one.document["member"] for one in parts if one.document.get("member")}),
    }
    key = f"digest:{secrets.token_hex(8)}"
    made = insert(ALERT_DELIVERIES).values(
        **delivery_values(target.id, key, document, now=now, subject="digest")
    )
    await connection.execute(made)
    together = f"told together in {delivery_id(target.id, key)}"
    await end_all(connection, numbers, State.JOINED, together, now)
