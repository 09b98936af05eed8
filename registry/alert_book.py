"""Whom the network tells of what changed: set up, changed, confirmed, removed; each in the log."""

import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from aggregator.base.errors import Conflict, NotFound
from registry.alert_asking import (
    KEPT,
    NEVER,
    digest_of,
    note_refusal,
    refuse_strangers,
    switch_off_unconfirmed,
    take_question,
)
from registry.alert_rows import delivery_values, keep_newest, logged, target_of, target_values
from registry.alert_wishes import read_wishes
from registry.alerts import MOST_TARGETS, OPERATOR, Kind, State, Target, Wishes
from registry.database import Change, Database
from registry.health_tables import ALERT_DELIVERIES, ALERT_TARGETS, EVENTS
from registry.rows import storable, tell

_SECRET_BYTES: Final = 32
CONFIRM: Final = "confirm"
"""What the key of a message that asks for a confirmation begins with."""


class AlertBook:
    """Keeps whom to tell."""

    def __init__(
        self, database: Database, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self.database = database
        self._now = now

    async def targets(self, owner: str | None = None) -> tuple[Target, ...]:
        """Give who is told, the oldest first; of one owner, or everybody."""
        query = select(ALERT_TARGETS)
        query = query.order_by(ALERT_TARGETS.c.created_at, ALERT_TARGETS.c.id)
        if owner is not None:
            query = query.where(ALERT_TARGETS.c.owner == storable(owner))

        async def read(connection: AsyncConnection) -> tuple[Target, ...]:
            return tuple(target_of(row) for row in await connection.execute(query))

        return await self.database.read(read)

    async def target(self, target_id: str, owner: str | None = None) -> Target:
        """Give one that is told; raises `NotFound` also for one of another owner."""
        found: Target = await self.database.read(lambda one: _found(one, target_id, owner))
        return found

    async def add(self, owner: str, kind: Kind, address: str, wishes: Wishes, *, by: str) -> Target:
        """Set up who is told from now on; with a webhook goes a secret that signs.

        A mail address is asked to confirm itself. Raises `Conflict` for too many, one that is
        there, an address that is not to be asked now, or who is no member.
        """
        now = self._now()

        async def put(change: Change) -> Target:
            await refuse_strangers(change, owner)
            mine = ALERT_TARGETS.c.owner == owner
            held = await change.connection.execute(select(ALERT_TARGETS).where(mine))
            known = [target_of(row) for row in held]
            if any((one.kind, one.address) == (kind, address) for one in known):
                raise Conflict("address: it is told already; change what it is told instead")
            if len(known) >= MOST_TARGETS:
                raise Conflict(
                    f"At most {MOST_TARGETS} addresses can be told here. Remove one first."
                )
            last = await change.connection.execute(select(func.max(EVENTS.c.number)))
            made = Target(
                id=secrets.token_hex(8),
                owner=owner,
                kind=kind,
                address=address,
                secret=f"bas_{secrets.token_urlsafe(_SECRET_BYTES)}"
                if kind is Kind.WEBHOOK
                else "",
                wishes=wishes,
                created_at=now,
                after_event=last.scalar_one_or_none() or 0,
                asked_at=now if kind is Kind.EMAIL else None,
            )
            await change.connection.execute(insert(ALERT_TARGETS).values(**target_values(made)))
            await _ask(change, made, now)
            await _log(change, by, "new alert target", None, made, now=now)
            return made

        return await self.database.change(put, is_news=False)

    async def amend(
        self, target_id: str, owner: str | None, alter: Callable[[Target], Target], *, by: str
    ) -> Target:
        """Change what somebody is told; raises `NotFound`, and `Conflict` as `add`.

        A mail address that unsubscribed itself and is switched on again is asked once more. One
        whose wishes cannot be read here cannot be switched on without new ones.
        """
        now = self._now()

        async def put(change: Change) -> Target:
            before = await _found(change.connection, target_id, owner)
            after = alter(before)
            if after.is_on and after != before:
                await refuse_strangers(change, after.owner)
            if after.is_on and not before.is_on:
                if after.unread:
                    raise Conflict(f"{read_wishes(after.unread)[1]}. Choose it anew.")
                after = replace(after, off_reason="")
                if not after.is_confirmed:
                    after = replace(after, asked_at=now)
                    await _ask(change, after, now)
            if after != before:
                await _write(change, after)
                await _log(change, by, "change alert target", before, after, now=now)
            return after

        return await self.database.change(put, is_news=False)

    async def ask_again(self, target_id: str, owner: str | None, *, by: str) -> Target:
        """Ask a mail address once more to confirm itself; raises `NotFound`, `Conflict`."""
        now = self._now()

        async def put(change: Change) -> Target:
            before = await _found(change.connection, target_id, owner)
            await refuse_strangers(change, before.owner)
            if before.is_confirmed:
                raise Conflict("It is confirmed already.")
            after = replace(before, asked_at=now)
            await _write(change, after)
            await _ask(change, after, now)
            await _log(change, by, "ask alert target", before, after, now=now)
            return after

        return await self.database.change(put, is_news=False)

    async def confirm(self, target_id: str) -> Target:
        """Take a mail address' word that it wants to be told; raises `NotFound`.

        That takes back that it is never to be asked; what somebody else switched off stays off.
        """
        now = self._now()

        def alter(one: Target) -> Target:
            if one.is_confirmed:
                return one
            is_back = one.off_reason == NEVER and not one.unread
            return replace(one, confirmed_at=now, is_on=one.is_on or is_back)

        confirmed = await self.amend(target_id, None, alter, by=f"alert:{target_id}")
        await self._refused(digest_of(confirmed.address), is_refused=False)
        return confirmed

    async def never_ask(self, address_digest: str) -> None:
        """Ask an address nothing any more, whoever wants that; what it has agreed to stays."""
        await self._refused(address_digest, is_refused=True)

    async def _refused(self, address_digest: str, *, is_refused: bool) -> None:
        async def put(change: Change) -> None:
            await note_refusal(change, address_digest, is_refused=is_refused)
            if is_refused:
                await switch_off_unconfirmed(change, address_digest)

        await self.database.change(put, is_news=False)

    async def stop(self, target_id: str, reason: str, *, unconfirmed: bool = False) -> Target:
        """Switch one off that wants nothing more; its messages are not sent. Raises `NotFound`."""

        def alter(one: Target) -> Target:
            asked = None if unconfirmed else one.confirmed_at
            return replace(one, is_on=False, off_reason=reason, confirmed_at=asked)

        stopped = await self.amend(target_id, None, alter, by=f"alert:{target_id}")
        await self.drop_waiting(target_id, reason)
        return stopped

    async def remove(self, target_id: str, owner: str | None, *, by: str) -> None:
        """Tell somebody nothing more, and forget what it was told; raises `NotFound`."""
        now = self._now()

        async def put(change: Change) -> None:
            target = await _found(change.connection, target_id, owner)
            mine = ALERT_DELIVERIES.c.target_id == target_id
            await change.connection.execute(delete(ALERT_DELIVERIES).where(mine))
            chosen = ALERT_TARGETS.c.id == target_id
            await change.connection.execute(delete(ALERT_TARGETS).where(chosen))
            await _log(change, by, "remove alert target", target, None, now=now)

        await self.database.change(put, is_news=False)

    async def drop_waiting(self, target_id: str, result: str) -> None:
        """Send nothing of what waits for a target."""
        now = self._now().timestamp()
        waiting = ALERT_DELIVERIES.c.state.in_([State.HELD.value, State.DUE.value])
        chosen = waiting & (ALERT_DELIVERIES.c.target_id == target_id)
        values = {"state": State.DROPPED.value, "ended_at": now, "result": storable(result)}

        async def put(change: Change) -> None:
            await change.connection.execute(update(ALERT_DELIVERIES).where(chosen).values(**values))

        await self.database.change(put, is_news=False)


async def _found(connection: AsyncConnection, target_id: str, owner: str | None) -> Target:
    chosen = ALERT_TARGETS.c.id == storable(target_id)
    if owner is not None:
        chosen &= ALERT_TARGETS.c.owner == owner
    row = (await connection.execute(select(ALERT_TARGETS).where(chosen))).one_or_none()
    if row is None:
        raise NotFound(f"There is no alert target “{target_id[:80]}” here.")
    return target_of(row)


async def _write(change: Change, target: Target) -> None:
    values: dict[str, Any] = target_values(target)
    del values["after_event"]  # of whoever delivers alone
    if target.is_off_unread:
        del values["is_on"], values["off_reason"]
    chosen = ALERT_TARGETS.c.id == target.id
    await change.connection.execute(update(ALERT_TARGETS).where(chosen).values(**values))


async def _ask(change: Change, target: Target, now: datetime) -> None:
    """Let a mail address be asked to confirm itself; an earlier question is not sent any more.

    Raises `Conflict` if it may not be asked now.
    """
    if target.is_confirmed:
        return
    await take_question(change, target, now)
    mine = ALERT_DELIVERIES.c.target_id == target.id
    earlier = mine & (ALERT_DELIVERIES.c.state == State.DUE.value)
    dropped = {"state": State.DROPPED.value, "ended_at": now.timestamp(), "result": "asked again"}
    await change.connection.execute(update(ALERT_DELIVERIES).where(earlier).values(**dropped))
    key = f"{CONFIRM}:{secrets.token_hex(8)}"
    document = {"type": CONFIRM, "at": now.isoformat(), "text": "Please confirm this address."}
    values = delivery_values(target.id, key, document, now=now)
    await change.connection.execute(insert(ALERT_DELIVERIES).values(**values))
    await keep_newest(change, target.id, CONFIRM, KEPT)


async def _log(
    change: Change,
    by: str,
    action: str,
    before: Target | None,
    after: Target | None,
    *,
    now: datetime,
) -> None:
    target = after or before
    assert target is not None  # noqa: S101 - one of them is always given
    subject = "alerts" if target.owner == OPERATOR else target.owner
    await tell(
        change,
        now=now,
        by=by,
        action=action,
        subject=subject,
        before=None if before is None else logged(before),
        after=None if after is None else logged(after),
        note=f"target {target.id}",
    )
