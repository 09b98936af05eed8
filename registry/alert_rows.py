"""Alert targets and deliveries as rows, and back."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Row, delete, or_, select

from registry.alert_wishes import read_wishes
from registry.alerts import LONGEST_HELD, Delivery, Held, Kind, State, Target
from registry.database import Change
from registry.health_rows import moment
from registry.health_tables import ALERT_DELIVERIES
from registry.rows import storable


def target_of(row: Row[Any]) -> Target:
    """Read a row of targets; one whose wishes cannot be read is off."""
    wishes, problem = read_wishes(row.settings)
    is_on, off_reason = row.is_on, row.off_reason
    if problem and is_on:
        is_on, off_reason = False, problem
    return Target(
        id=row.id,
        owner=row.owner,
        kind=Kind(row.kind),
        address=row.address,
        secret=row.secret,
        wishes=wishes,
        created_at=moment(row.created_at),
        after_event=row.after_event,
        is_on=is_on,
        off_reason=off_reason,
        asked_at=_maybe(row.asked_at),
        confirmed_at=_maybe(row.confirmed_at),
        unread=(row.settings or "{}") if problem else "",
    )


def target_values(target: Target) -> dict[str, Any]:
    """Write a target as values of its row."""
    settings = target.unread or target.wishes.model_dump_json(by_alias=True)
    return {
        "id": target.id,
        "owner": target.owner,
        "kind": target.kind.value,
        "address": storable(target.address),
        "secret": target.secret,
        "settings": settings,
        "created_at": target.created_at.timestamp(),
        "asked_at": _stamp(target.asked_at),
        "confirmed_at": _stamp(target.confirmed_at),
        "after_event": target.after_event,
        "is_on": target.is_on,
        "off_reason": storable(target.off_reason),
    }


def logged(target: Target) -> dict[str, Any]:
    """Write a target for the log of changes: without its secret, and of its address the host."""
    _, _, host = target.address.partition("://" if target.kind is Kind.WEBHOOK else "@")
    return {
        "kind": target.kind.value,
        "host": host.partition("/")[0].rpartition("@")[2],
        "on": target.is_on,
        "offReason": target.off_reason,
        **target.wishes.model_dump(mode="json", by_alias=True),
    }


def delivery_of(row: Row[Any]) -> Delivery:
    """Read a row of deliveries."""
    return Delivery(
        number=row.number,
        target_id=row.target_id,
        key=row.key,
        subject=row.subject,
        state=State(row.state),
        held_for=Held(row.held_for),
        document=msgspec.json.decode(row.document),
        attempts=row.attempts,
        created_at=moment(row.created_at),
        next_at=moment(row.next_at),
        ready_at=_maybe(row.ready_at),
        ended_at=_maybe(row.ended_at),
        result=row.result,
    )


def delivery_values(
    target_id: str,
    key: str,
    document: Mapping[str, Any],
    *,
    now: datetime,
    subject: str = "",
    state: State = State.DUE,
    held_for: Held = Held.NOTHING,
    next_at: datetime | None = None,
    result: str = "",
) -> dict[str, Any]:
    """Write a new delivery as values of its row."""
    is_over = state in {State.DROPPED, State.SENT, State.FAILED}
    return {
        "target_id": target_id,
        "key": key,
        "subject": subject,
        "state": state.value,
        "held_for": held_for.value,
        "document": storable(msgspec.json.encode(document).decode()),
        "attempts": 0,
        "created_at": now.timestamp(),
        "next_at": (next_at or now).timestamp(),
        "ready_at": now.timestamp() if state is State.DUE else None,
        "ended_at": now.timestamp() if is_over else None,
        "result": storable(result),
    }


async def keep_newest(change: Change, target_id: str, kind: str, number: int) -> None:
    """Forget the older of what was asked or tested (`kind`) of a target, whatever their age."""
    table = ALERT_DELIVERIES.c
    of_kind = (table.target_id == target_id) & table.key.startswith(f"{kind}:", autoescape=True)
    over = of_kind & table.ended_at.is_not(None)
    newest = select(table.number).where(of_kind).order_by(table.number.desc()).limit(number)
    gone = over & table.number.not_in(newest)
    await change.connection.execute(delete(ALERT_DELIVERIES).where(gone))


def _maybe(stamp: float | None) -> datetime | None:
    return None if stamp is None else moment(stamp)


def _stamp(at: datetime | None) -> float | None:
    return None if at is None else at.timestamp()


def is_ripe(now: datetime) -> ColumnElement[bool]:
    """Whether a message that is held has waited long enough: also by a clock that was ahead."""
    until = ALERT_DELIVERIES.c.next_at
    ahead = [
        (ALERT_DELIVERIES.c.held_for == why.value) & (until > (now + longest).timestamp())
        for why, longest in LONGEST_HELD.items()
    ]
    return or_(until <= now.timestamp(), *ahead)
