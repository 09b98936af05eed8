"""What is told to whom, as it is kept: planned once, held, joined, sent, and the log of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from registry.alert_rows import delivery_of, delivery_values, moment_of
from registry.alerts import (
    HOUR,
    LOG_KEPT,
    MOST_AN_HOUR,
    Delivery,
    Held,
    Moment,
    Placed,
    Release,
    State,
    Target,
    place,
    release,
    subject_of,
)
from registry.database import Change, Database
from registry.health_tables import ALERT_DELIVERIES, ALERT_TARGETS
from registry.incidents import Event
from registry.rows import storable

_D: Final = ALERT_DELIVERIES.c
KEPT: Final = timedelta(days=9)
"""How long what was told is kept beyond the log: longer than any reminder comes again."""


@dataclass(frozen=True, slots=True)
class Reminder:
    """Something that lasts and is told again; `key` is of this time alone."""

    key: str
    subject: str
    document: dict[str, Any]


class AlertDeliveries:
    """Keeps what is told; one process writes, all can read."""

    def __init__(
        self, database: Database, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._database = database
        self._now = now

    async def plan(
        self,
        target: Target,
        events: Sequence[Event],
        upto: int,
        *,
        is_cut: bool,
        was_cut: Callable[[datetime], bool],
    ) -> None:
        """Turn events into messages, once: the target's place among them moves on in the same
        transaction. `upto` is the number of the last event that was looked at.
        """

        async def put(change: Change) -> None:
            connection = change.connection
            mine = ALERT_TARGETS.c.id == target.id
            query = select(ALERT_TARGETS.c.after_event).where(mine)
            after = (await connection.execute(query)).scalar_one_or_none()
            if after is None or after >= upto:
                return
            for event in events:
                if event.number > after and target.wants(event):
                    moment = Moment(self._now(), is_cut, was_cut(event.at))
                    await self._plan_one(connection, target, event, moment)
            await connection.execute(update(ALERT_TARGETS).where(mine).values(after_event=upto))

        await self._database.change(put, is_news=False)

    async def skip(self, targets: Sequence[Target], upto: int) -> None:
        """Move on the place among events of targets that want none of them."""
        mine = ALERT_TARGETS.c.id.in_([one.id for one in targets])
        chosen = mine & (ALERT_TARGETS.c.after_event < upto)

        async def put(change: Change) -> None:
            moved = update(ALERT_TARGETS).where(chosen).values(after_event=upto)
            await change.connection.execute(moved)

        await self._database.change(put, is_news=False)

    async def _plan_one(
        self, connection: AsyncConnection, target: Target, event: Event, moment: Moment
    ) -> None:
        mine = _D.target_id == target.id
        known = select(_D.number).where(mine & (_D.key == event.key))
        if (await connection.execute(known)).first() is not None:
            return
        subject = subject_of(event.member_id, event.topic)
        began = await _last_beginning(connection, target, subject)
        told = replace(
            moment,
            gathers_until=await _held_until(connection, target, Held.GATHER, moment.now),
            share_until=await _share_until(connection, target, moment.now),
        )
        placed: Placed = place(target, event, began, told)
        if placed.drops is not None:
            await _end(connection, [placed.drops], State.DROPPED, placed.result, moment.now)
        await connection.execute(
            insert(ALERT_DELIVERIES).values(
                **delivery_values(
                    target.id,
                    event.key,
                    document_of(event),
                    now=moment.now,
                    subject=subject,
                    state=placed.state,
                    held_for=placed.held_for,
                    next_at=placed.next_at,
                    result=placed.result,
                )
            )
        )

    async def release(self, target: Target, *, is_cut: bool) -> Release:
        """Let go what has waited long enough: one by one, or joined into one message."""
        now = self._now()

        async def put(change: Change) -> Release:
            connection = change.connection
            mine = _D.target_id == target.id
            rows = await connection.execute(
                select(ALERT_DELIVERIES)
                .where(mine & (_D.state == State.HELD.value) & (_D.next_at <= now.timestamp()))
                .order_by(_D.number)
            )
            held = [delivery_of(row) for row in rows]
            lately = await _lately(connection, target, now)
            let_go = release(target, held, Moment(now, is_cut), lately=lately)
            await _let_go(connection, target, let_go, now)
            return let_go

        if not await self._has_ripe(target, now):
            return Release()
        return await self._database.change(put, is_news=False)

    async def remind(self, target: Target, reminders: Sequence[Reminder]) -> None:
        """Plan what is told again, once each; nothing while anything waits for the target."""
        now = self._now()

        async def put(change: Change) -> None:
            connection = change.connection
            for one in reminders:
                values = delivery_values(
                    target.id,
                    one.key,
                    one.document,
                    now=now,
                    subject=one.subject,
                    state=State.HELD,
                    held_for=Held.GATHER,
                )
                chosen = (_D.target_id == target.id) & (_D.key == one.key)
                if (await connection.execute(select(_D.number).where(chosen))).first() is None:
                    await connection.execute(insert(ALERT_DELIVERIES).values(**values))

        keys = [one.key for one in reminders]
        if keys and await self._are_new(target, keys):
            await self._database.change(put, is_news=False)

    async def due(self, target_id: str | None = None) -> tuple[Delivery, ...]:
        """Give the first unsent message of every target, or of one, if its attempt is due."""
        first = select(func.min(_D.number)).where(_D.state == State.DUE.value)
        if target_id is not None:
            first = first.where(_D.target_id == target_id)
        heads = first.group_by(_D.target_id)
        query = select(ALERT_DELIVERIES).where(_D.number.in_(heads))
        query = query.where(_D.next_at <= self._now().timestamp()).order_by(_D.next_at)

        async def read(connection: AsyncConnection) -> tuple[Delivery, ...]:
            return tuple(delivery_of(row) for row in await connection.execute(query))

        return await self._database.read(read)

    async def tried(
        self, delivery: Delivery, state: State, result: str, next_at: datetime | None = None
    ) -> None:
        """Note how an attempt ended; one that was dropped meanwhile stays so unless it was sent."""
        now = self._now()
        values: dict[str, Any] = {
            "attempts": delivery.attempts + 1,
            "state": state.value,
            "result": storable(result[:500]),
            "next_at": (next_at or now).timestamp(),
            "ended_at": None if state is State.DUE else now.timestamp(),
        }
        chosen: ColumnElement[bool] = _D.number == delivery.number
        if state is not State.SENT:
            chosen &= _D.state == State.DUE.value

        async def put(change: Change) -> None:
            await change.connection.execute(update(ALERT_DELIVERIES).where(chosen).values(**values))

        await self._database.change(put, is_news=False)

    async def tested(self, delivery: Delivery, state: State, result: str) -> None:
        """Note how a message ended that was begun by `note`."""
        now = self._now().timestamp()
        values = {"attempts": 1, "state": state.value, "result": storable(result[:500])}
        chosen = _D.number == delivery.number

        async def put(change: Change) -> None:
            await change.connection.execute(
                update(ALERT_DELIVERIES).where(chosen).values(**values, ended_at=now)
            )

        await self._database.change(put, is_news=False)

    async def note(self, target: Target, key: str, document: dict[str, Any]) -> Delivery:
        """Begin a message that is sent at once, by whoever calls."""
        now = self._now()
        values = delivery_values(target.id, key, document, now=now, state=State.FAILED)

        async def put(change: Change) -> Delivery:
            made = insert(ALERT_DELIVERIES).values(**values).returning(ALERT_DELIVERIES)
            return delivery_of((await change.connection.execute(made)).one())

        return await self._database.change(put, is_news=False)

    async def log(self, target_id: str, *, limit: int = LOG_KEPT) -> tuple[Delivery, ...]:
        """Give the last messages of a target, the newest first."""
        query = select(ALERT_DELIVERIES).where(_D.target_id == storable(target_id))
        query = query.order_by(_D.number.desc()).limit(limit)

        async def read(connection: AsyncConnection) -> tuple[Delivery, ...]:
            return tuple(delivery_of(row) for row in await connection.execute(query))

        return await self._database.read(read)

    async def prune(self, target: Target) -> None:
        """Forget what was told long ago, beyond the log."""
        mine = _D.target_id == target.id
        bound = select(_D.number).where(mine).order_by(_D.number.desc()).offset(LOG_KEPT).limit(1)
        old = (self._now() - KEPT).timestamp()

        async def put(change: Change) -> None:
            number = (await change.connection.execute(bound)).scalar_one_or_none()
            if number is not None:
                gone = mine & (_D.number <= number) & (_D.ended_at < old)
                await change.connection.execute(delete(ALERT_DELIVERIES).where(gone))

        await self._database.change(put, is_news=False)

    async def _has_ripe(self, target: Target, now: datetime) -> bool:
        ripe = (_D.target_id == target.id) & (_D.state == State.HELD.value)
        return await self._any(ripe & (_D.next_at <= now.timestamp()))

    async def _are_new(self, target: Target, keys: Sequence[str]) -> bool:
        """Whether one of these is not planned, and nothing waits."""
        mine = _D.target_id == target.id
        if await self._any(mine & _D.state.in_([State.HELD.value, State.DUE.value])):
            return False
        query = select(func.count()).where(mine & _D.key.in_(keys))

        async def read(connection: AsyncConnection) -> int:
            return int((await connection.execute(query)).scalar_one())

        return await self._database.read(read) < len(set(keys))

    async def _any(self, chosen: ColumnElement[bool]) -> bool:
        async def read(connection: AsyncConnection) -> bool:
            found = await connection.execute(select(_D.number).where(chosen).limit(1))
            return found.first() is not None

        return await self._database.read(read)


def document_of(event: Event) -> dict[str, Any]:
    """Write what happened, as it is kept until it is told."""
    return {
        "type": "event",
        "topic": event.topic.value,
        "what": event.what,
        "at": event.at.isoformat(),
        "text": event.text,
        "member": event.member_id,
        "incident": event.details.get("incident"),
        "details": {name: one for name, one in event.details.items() if name != "incident"},
    }


async def _last_beginning(
    connection: AsyncConnection, target: Target, subject: str
) -> Delivery | None:
    chosen = (_D.target_id == target.id) & (_D.subject == subject)
    query = select(ALERT_DELIVERIES).where(chosen).order_by(_D.number.desc()).limit(20)
    for row in await connection.execute(query):
        delivery = delivery_of(row)
        if delivery.document.get("type") == "event":
            # an end before it means that nothing told has begun since
            return None if delivery.document.get("what") == "ended" else delivery
    return None


async def _held_until(
    connection: AsyncConnection, target: Target, why: Held, now: datetime
) -> datetime | None:
    """Say when the first of what waits for something is let go; None if nothing does."""
    waiting = (_D.target_id == target.id) & (_D.state == State.HELD.value)
    query = select(func.min(_D.next_at)).where(waiting & (_D.held_for == why.value))
    until = (await connection.execute(query)).scalar_one_or_none()
    return None if until is None else max(moment_of(until), now)


async def _share_until(
    connection: AsyncConnection, target: Target, now: datetime
) -> datetime | None:
    """Say when more may be sent; what waits for that already is not overtaken."""
    waiting = await _held_until(connection, target, Held.SHARE, now)
    if waiting is not None:
        return waiting
    lately = await _lately(connection, target, now)
    return min(lately) + HOUR if len(lately) >= MOST_AN_HOUR else None


async def _lately(connection: AsyncConnection, target: Target, now: datetime) -> list[datetime]:
    """Give the moments of the last hour at which messages became due."""
    since = (now - HOUR).timestamp()
    chosen = (_D.target_id == target.id) & (_D.ready_at > since)
    stamps = await connection.execute(select(_D.ready_at).where(chosen))
    return [moment_of(one) for one in stamps.scalars()]


async def _end(
    connection: AsyncConnection,
    numbers: Sequence[int],
    state: State,
    result: str,
    now: datetime,
) -> None:
    values = {"state": state.value, "result": storable(result), "ended_at": now.timestamp()}
    chosen = _D.number.in_(list(numbers))
    await connection.execute(update(ALERT_DELIVERIES).where(chosen).values(**values))


async def _let_go(
    connection: AsyncConnection, target: Target, let_go: Release, now: datetime
) -> None:
    if let_go.singles:
        values = {"state": State.DUE.value, "ready_at": now.timestamp(), "held_for": ""}
        chosen = _D.number.in_([one.number for one in let_go.singles])
        await connection.execute(update(ALERT_DELIVERIES).where(chosen).values(**values))
    for one, why, until in let_go.waits:
        moved = {"held_for": why.value, "next_at": until.timestamp()}
        chosen = _D.number.in_([one.number])
        await connection.execute(update(ALERT_DELIVERIES).where(chosen).values(**moved))
    if let_go.dropped:
        numbers = [one.number for one in let_go.dropped]
        await _end(
            connection, numbers, State.DROPPED, "this network's own connection was away", now
        )
    if let_go.together:
        await _join(connection, target, let_go.together, now)


async def _join(
    connection: AsyncConnection, target: Target, parts: Sequence[Delivery], now: datetime
) -> None:
    numbers = [one.number for one in parts]
    document = {
        "type": "digest",
        "topic": None,
        "what": "digest",
        "at": max(str(one.document["at"]) for one in parts),
        "items": [dict(one.document) for one in parts],
    }
    key = f"digest:{numbers[0]}-{numbers[-1]}"
    made = insert(ALERT_DELIVERIES).values(
        **delivery_values(target.id, key, document, now=now, subject="digest")
    )
    number = (await connection.execute(made.returning(_D.number))).scalar_one()
    await _end(connection, numbers, State.JOINED, f"told together in {target.id}-{number}", now)
