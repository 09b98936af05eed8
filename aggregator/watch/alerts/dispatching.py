"""Turns what happened into messages, once each, and sends them until they were taken.

The messages are planned in the transaction that moves a target's place among the events, so that
neither a crash nor a second process loses or doubles one. A message that was sent and could not
be noted is sent again with the same id.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

import structlog

from aggregator.base.errors import NotFound, RegistryUnavailable
from aggregator.watch.alerts.post import Post
from registry.alert_book import CONFIRM, AlertBook
from registry.alert_deliveries import AlertDeliveries, Reminder
from registry.alert_endings import drop_ended
from registry.alerts import GIVEN_UP, REMINDED, Delivery, State, Target, subject_of, wait_s
from registry.health_telling import moment
from registry.incidents import Event, Incident

log = structlog.get_logger(__name__)

ROUND_S: Final = 5.0
AT_ONCE: Final = 8
"""Targets that are sent to at the same time."""
IN_A_ROW: Final = 25
"""Messages to one target before others get their turn."""
EVENTS_AT_ONCE: Final = 200
INCIDENTS_AT_ONCE: Final = 500
PRUNE_S: Final = 3600.0
NO_MEMBER: Final = "this beacon is no member of the network that is shown by itself"


class Happenings(Protocol):
    """What happened, as `registry.health_store.HealthStore` tells it."""

    async def events(
        self, member_ids: None = None, *, above: int = 0, limit: int = 100
    ) -> Sequence[Event]:
        """Read events above a number, oldest first."""
        ...

    async def incidents(
        self,
        member_ids: Sequence[str] | None = None,
        *,
        since: datetime | None = None,
        is_open: bool | None = None,
        limit: int = 50,
    ) -> Sequence[Incident]:
        """Read incidents, newest first."""
        ...


class Dispatcher:
    """Tells targets what happened; one process of a network does."""

    def __init__(
        self,
        book: AlertBook,
        deliveries: AlertDeliveries,
        happenings: Happenings,
        post: Post,
        *,
        owners: Callable[[], frozenset[str]],
        is_ours: Callable[[], Awaitable[bool]],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        rand: Callable[[], float] = random.random,
        round_s: float = ROUND_S,
    ) -> None:
        self._book = book
        self._deliveries = deliveries
        self._happenings = happenings
        self._post = post
        self._owners = owners
        self._is_ours = is_ours
        self._now = now
        self._rand = rand
        self._round_s = round_s
        self._pruned_at: datetime | None = None
        self._loop: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin."""
        self._loop = asyncio.create_task(self._again_and_again(), name="deliver alerts")

    async def aclose(self) -> None:
        """End it; what was not sent is sent after the next start."""
        loop, self._loop = self._loop, None
        if loop is not None:
            loop.cancel()
            await asyncio.wait({loop})

    async def round(self) -> None:
        """Plan what happened since, let go what waited, remind, and send what is due.

        Raises `RegistryUnavailable`.
        """
        targets = await self._book.targets()
        if not targets or not await self._is_ours():
            return
        told = [one for one in targets if self._is_told(one)]
        cuts = await self._cuts()
        is_cut = any(one.ended is None for one in cuts)
        await self._plan(targets, cuts, is_cut=is_cut)
        await drop_ended(self._book.database, self._incidents, now=self._now())
        for target in told:
            await self._deliveries.release(target, is_cut=is_cut)
        if not is_cut:
            await self._remind(told)
        for target in told:
            # reminders that were planned just now
            await self._deliveries.release(target, is_cut=is_cut)
        await self._send({one.id: one for one in targets})
        await self._prune(targets)

    def _is_told(self, target: Target) -> bool:
        return target.is_on and target.is_confirmed and self._has_owner(target)

    def _has_owner(self, target: Target) -> bool:
        return target.is_operators or target.owner in self._owners()

    async def _cuts(self) -> Sequence[Incident]:
        """Read when this network's own connection was away, lately or still."""
        return await self._happenings.incidents(("",), limit=200)

    async def _incidents(self, member_ids: Sequence[str]) -> Sequence[Incident]:
        """Read the last incidents of some members."""
        return await self._happenings.incidents(member_ids, limit=200)

    async def _plan(
        self, targets: Sequence[Target], cuts: Sequence[Incident], *, is_cut: bool
    ) -> None:
        def was_cut(at: datetime) -> bool:
            return any(one.began <= at < (one.ended or self._now()) for one in cuts)

        above = min(one.after_event for one in targets)
        while events := await self._happenings.events(above=above, limit=EVENTS_AT_ONCE):
            above = events[-1].number
            behind = [one for one in targets if one.after_event < above]
            wanting = [one for one in behind if self._is_told(one) and any(map(one.wants, events))]
            numbered = await self._numbered(events) if wanting else events
            for target in wanting:
                await self._deliveries.plan(target, numbered, above, is_cut=is_cut, was_cut=was_cut)
            if others := [one for one in behind if one not in wanting]:
                await self._deliveries.skip(others, above)

    async def _numbered(self, events: Sequence[Event]) -> list[Event]:
        """Give events with the numbers of their incidents, as far as they have one."""
        members = {one.member_id for one in events if "began" in one.details}
        found = await self._happenings.incidents(tuple(members), limit=INCIDENTS_AT_ONCE)
        numbers = {(one.member_id, one.topic, moment(one.began)): one.number for one in found}
        return [
            replace(
                one,
                details={
                    **one.details,
                    "incident": numbers.get(
                        (one.member_id, one.topic, str(one.details.get("began")))
                    ),
                },
            )
            for one in events
        ]

    async def _remind(self, targets: Sequence[Target]) -> None:
        wanting = [one for one in targets if one.wishes.remind_hours]
        if not wanting:
            return
        lasting = await self._happenings.incidents(is_open=True, limit=500)
        for target in wanting:
            quiet = target.wishes.quiet
            if quiet is None or quiet.end_after(self._now()) is None:
                found = [self._reminder(target, one) for one in lasting]
                await self._deliveries.remind(target, [one for one in found if one])

    def _reminder(self, target: Target, incident: Incident) -> Reminder | None:
        is_wanted = incident.topic in REMINDED and incident.topic in target.wishes.topics
        if not is_wanted or not (target.is_operators or target.owner == incident.member_id):
            return None
        since = incident.began + timedelta(minutes=target.wishes.after_minutes)
        times = int((self._now() - since) / timedelta(hours=target.wishes.remind_hours))
        if times < 1:
            return None
        document = {
            "type": "reminder",
            "topic": incident.topic.value,
            "what": "reminder",
            "at": self._now().isoformat(),
            "text": f"{incident.message} (since {incident.began:%Y-%m-%d %H:%M} UTC)",
            "member": incident.member_id,
            "incident": incident.number,
            "details": {"began": incident.began.isoformat()},
        }
        subject = subject_of(incident.member_id, incident.topic)
        return Reminder(f"reminder:{incident.number}:{times}", subject, document)

    async def _send(self, targets: Mapping[str, Target]) -> None:
        slots = asyncio.Semaphore(AT_ONCE)

        async def drain(first: Delivery) -> None:
            async with slots:
                await self._drain(targets[first.target_id], first)

        due = [one for one in await self._deliveries.due() if one.target_id in targets]
        async with asyncio.TaskGroup() as group:
            for one in due:
                group.create_task(drain(one))

    async def _drain(self, target: Target, first: Delivery) -> None:
        """Send to one target in order, until something is not taken."""
        current: Delivery | None = first
        for _ in range(IN_A_ROW):
            if current is None or not await self._tried(target, current):
                return
            due = await self._deliveries.due(target.id)
            current = due[0] if due else None

    async def _tried(self, target: Target, delivery: Delivery) -> bool:
        """Send one message and note how that ended; False if the next one has to wait."""
        if not self._has_owner(target):
            await self._deliveries.tried(delivery, State.DROPPED, NO_MEMBER)
            return True
        is_question = delivery.document["type"] == CONFIRM
        if not target.is_on or not (target.is_confirmed or is_question):
            await self._deliveries.tried(delivery, State.DROPPED, "switched off")
            return True
        sent = await self._post.send(delivery, target)
        if sent.is_taken:
            await self._deliveries.tried(delivery, State.SENT, sent.text)
            return True
        if sent.is_unwanted:
            await self._deliveries.tried(delivery, State.FAILED, sent.text)
            await self._switched_off(target, sent.text)
            return False
        pause_s = max(wait_s(delivery.attempts + 1, self._rand()), sent.wait_s or 0.0)
        next_at = self._now() + timedelta(seconds=pause_s)
        tried_since = delivery.ready_at or delivery.created_at
        if sent.is_hopeless or next_at > tried_since + GIVEN_UP:
            log.warning("an alert was given up", target=target.id, kind=target.kind.value)
            await self._deliveries.tried(delivery, State.FAILED, f"given up: {sent.text}")
            return True
        await self._deliveries.tried(delivery, State.DUE, sent.text, next_at)
        return False

    async def _switched_off(self, target: Target, why: str) -> None:
        try:
            await self._book.stop(target.id, why)
        except NotFound:
            return  # it was removed meanwhile
        log.warning("an alert target was switched off", target=target.id)

    async def _prune(self, targets: Sequence[Target]) -> None:
        now = self._now()
        if self._pruned_at is not None and (now - self._pruned_at).total_seconds() < PRUNE_S:
            return
        self._pruned_at = now
        for target in targets:
            await self._deliveries.prune(target)

    async def _again_and_again(self) -> None:
        while True:
            try:
                await self.round()
            except RegistryUnavailable:
                log.debug("the registry is not available", service="alerts")
            except Exception:
                # A background service goes on whatever happens; what happened is in the log.
                log.exception("a background service failed", service="alerts")
            await asyncio.sleep(self._round_s)
