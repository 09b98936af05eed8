"""What is told to whom, as it is kept: planned once, let go, sent, and the log of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final

from sqlalchemy import ColumnElement, Delete, delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from registry.alert_asking import take_test
from registry.alert_rows import delivery_of, delivery_values, is_ripe
from registry.alert_standing import Failing, read_failing
from registry.alert_waiting import (
    end_all,
    held_until,
    is_awake,
    is_ripe_of,
    last_beginning,
    let_go,
    ready_lately,
    share_until,
    waiting_before,
)
from registry.alerts import (
    LOG_KEPT,
    LONGEST_WAIT,
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
from registry.health_rows import chunks
from registry.health_tables import ALERT_DELIVERIES, ALERT_TARGETS
from registry.incidents import Event
from registry.rows import storable

_D: Final = ALERT_DELIVERIES.c
KEPT: Final = timedelta(days=9)
"""How long what was told is kept beyond the log: longer than any reminder comes again."""
PRUNED_AT_ONCE: Final = 100
"""Targets."""

_NAMES: Final = ("incident", "incident_id")


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
        began = await last_beginning(connection, target, subject)
        told = replace(
            moment,
            gathers_until=await held_until(connection, target, Held.GATHER, moment.now),
            share_until=await share_until(connection, target, moment.now),
            before=await waiting_before(connection, target, subject, moment.now),
        )
        placed: Placed = place(target, event, began, told)
        if placed.drops is not None:
            await end_all(connection, [placed.drops], State.DROPPED, placed.result, moment.now)
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

    async def release(self, target: Target, *, is_cut: bool, is_settling: bool = False) -> Release:
        """Let go what has waited long enough: one by one, or joined into one message."""
        now = self._now()
        ripe = is_ripe_of(target, now)

        async def put(change: Change) -> Release:
            connection = change.connection
            mine = _D.target_id == target.id
            rows = await connection.execute(
                select(ALERT_DELIVERIES)
                .where(mine & (_D.state == State.HELD.value) & ripe)
                .order_by(_D.number)
            )
            held = [delivery_of(row) for row in rows]
            lately = await ready_lately(connection, target, now)
            moment = Moment(now, is_cut, is_settling=is_settling)
            decided = release(target, held, moment, lately=lately)
            await let_go(connection, target, decided, now)
            return decided

        if not await self._has_ripe(target, now):
            return Release()
        return await self._database.change(put, is_news=False)

    async def remind(self, target: Target, reminders: Sequence[Reminder]) -> bool:
        """Plan what is told again, once each; nothing while anything waits for the target.

        False if nothing was planned.
        """
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
        if not keys or not await self._are_new(target, keys):
            return False
        await self._database.change(put, is_news=False)
        return True

    async def due(self, target_id: str | None = None) -> tuple[Delivery, ...]:
        """Give the first unsent message of every target, or of one, if its attempt is due."""
        first = select(func.min(_D.number)).where(_D.state == State.DUE.value)
        if target_id is not None:
            first = first.where(_D.target_id == target_id)
        heads = first.group_by(_D.target_id)
        query = select(ALERT_DELIVERIES).where(_D.number.in_(heads))
        now = self._now()
        # what is later than any wait was planned by a clock that was ahead
        is_time = or_(_D.next_at <= now.timestamp(), _D.next_at > (now + LONGEST_WAIT).timestamp())
        query = query.where(is_time).order_by(_D.next_at)

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
        """Begin a test that is sent at once, by whoever calls.

        Raises `RateLimited` for the second within ten seconds, `Conflict` for who is no member.
        """
        now = self._now()
        values = delivery_values(target.id, key, document, now=now, state=State.FAILED)

        async def put(change: Change) -> Delivery:
            await take_test(change, target, now)
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

    async def failing(self, targets: Sequence[Target]) -> Mapping[str, Failing]:
        """Give at which of these nothing arrives, by id; nothing of who is switched off."""
        told = [one.id for one in targets if one.is_on]
        return await read_failing(self._database, told) if told else {}

    async def prune(self, targets: Sequence[Target]) -> None:
        """Forget what was told long ago, beyond the log."""
        place = func.row_number().over(partition_by=_D.target_id, order_by=_D.number.desc())
        old = (self._now() - KEPT).timestamp()
        for part in chunks([one.id for one in targets], PRUNED_AT_ONCE):
            told = select(_D.number, _D.ended_at, place.label("place"))
            told_so_far = told.where(_D.target_id.in_(part)).subquery()
            beyond = (told_so_far.c.place > LOG_KEPT) & (told_so_far.c.ended_at < old)
            gone = delete(ALERT_DELIVERIES).where(
                _D.number.in_(select(told_so_far.c.number).where(beyond))
            )
            await self._database.change(partial(_executed, gone), is_news=False)

    async def ripe(self, targets: Sequence[Target]) -> tuple[Target, ...]:
        """Give those of which something has waited long enough."""
        now = self._now()
        held = _D.state == State.HELD.value
        waited = select(_D.target_id).where(held & is_ripe(now)).distinct()
        of_quiet = select(_D.target_id).where(held & (_D.held_for == Held.QUIET.value)).distinct()

        async def read(connection: AsyncConnection) -> tuple[set[str], set[str]]:
            one, other = await connection.execute(waited), await connection.execute(of_quiet)
            return set(one.scalars()), set(other.scalars())

        long_enough, by_night = await self._database.read(read)
        # quiet hours may be others than they were when it was held
        return tuple(
            one
            for one in targets
            if one.id in long_enough or (one.id in by_night and is_awake(one, now))
        )

    async def _has_ripe(self, target: Target, now: datetime) -> bool:
        held = (_D.target_id == target.id) & (_D.state == State.HELD.value)
        return await self._any(held & is_ripe_of(target, now))

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


async def _executed(statement: Delete, change: Change) -> None:
    await change.connection.execute(statement)


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
        "incident_id": event.details.get("incident_id"),
        "details": {name: one for name, one in event.details.items() if name not in _NAMES},
    }
