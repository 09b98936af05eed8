"""Turns what happened into messages, once each, and sends them until they were taken.

The messages are planned in the transaction that moves a target's place among the events, so that
neither a crash nor a second process loses or doubles one. A message that was sent and could not
be noted is sent again with the same id.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Collection, Container, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

import structlog

from aggregator.base.errors import NotFound, RegistryUnavailable
from aggregator.watch.alerts.post import Post
from registry.alert_book import CONFIRM, AlertBook
from registry.alert_deliveries import AlertDeliveries, Reminder
from registry.alert_endings import drop_ended
from registry.alerts import REMINDED, Delivery, Kind, State, Target, is_given_up, subject_of, wait_s
from registry.health_telling import moment
from registry.incidents import Event, Incident, IncidentKey

log = structlog.get_logger(__name__)

ROUND_S: Final = 5.0
AT_ONCE: Final = 8
"""Targets that are sent to at the same time."""
AT_ONCE_EACH: Final = 2
"""Of one owner."""
IN_A_ROW: Final = 25
"""Messages to one target before others get their turn."""
TURN_S: Final = 10.0
"""How long one target is sent to before others get their turn."""
GRACE_S: Final = 10.0
"""How long the end waits for messages that are on their way."""
SETTLES: Final = timedelta(minutes=3)
"""How long after this network's connection is back it is known which members really are away."""
EVENTS_AT_ONCE: Final = 200
LASTING_AT_ONCE: Final = 10_000
PRUNE_S: Final = 3600.0
NO_MEMBER: Final = "this beacon is no member of the network"


def named_incident(incident: Incident) -> dict[str, str | int]:
    """Name an incident: by its number for operators, by an id that counts nothing for others."""
    return {"incident": incident.number, "incident_id": incident.id}


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

    async def incidents_begun(self, keys: Collection[IncidentKey]) -> Sequence[Incident]:
        """Read these incidents."""
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
        owners: Callable[[], Container[str]],
        is_ours: Callable[[], Awaitable[bool]],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        rand: Callable[[], float] = random.random,
        clock: Callable[[], float] = time.monotonic,
        round_s: float = ROUND_S,
        grace_s: float = GRACE_S,
        settles: timedelta = SETTLES,
        lasts: Callable[[Incident], bool] = lambda incident: True,
        is_looking: bool = True,
    ) -> None:
        self._book = book
        self._deliveries = deliveries
        self._happenings = happenings
        self._post = post
        self._owners = owners
        self._is_ours = is_ours
        self._now = now
        self._rand = rand
        self._clock = clock
        self._round_s = round_s
        self._settles = settles
        self._lasts = lasts
        self._is_looking = is_looking
        self._grace_s = grace_s
        # a mail server that hangs holds up no webhook
        self._slots = {kind: asyncio.Semaphore(AT_ONCE) for kind in Kind}
        self._slots_of: dict[str, asyncio.Semaphore] = {}
        self._turns: dict[str, asyncio.Task[None]] = {}
        """By target: who is being sent to, maybe since an earlier round."""
        self._sending: set[str] = set()
        """The targets that a message is on its way to."""
        self._is_ending = False
        self._pruned_at: datetime | None = None
        self._loop: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin."""
        self._loop = asyncio.create_task(self._again_and_again(), name="deliver alerts")

    async def aclose(self) -> None:
        """End it; what was not sent is sent after the next start."""
        loop, self._loop = self._loop, None
        self._is_ending = True
        if loop is not None:
            loop.cancel()
            await asyncio.wait({loop})
        with self._post.mails.hurried():
            await self._end_turns()
        try:
            _look_at(_errors(self._turns.values()))
        except RegistryUnavailable:
            log.warning("how the last alerts ended could not be noted: they may come twice")
        self._turns.clear()
        self._is_ending = False

    async def _end_turns(self) -> None:
        for target_id in self._turns.keys() - self._sending:
            self._turns[target_id].cancel()
        if not self._turns:
            return
        # what is on its way would be sent twice if nobody noted how it ended
        await asyncio.wait(self._turns.values(), timeout=self._grace_s)
        for turn in self._turns.values():
            turn.cancel()
        await asyncio.wait(self._turns.values())

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
        await drop_ended(self._book.database, now=self._now())
        is_settling = any(one.ended and self._now() - one.ended < self._settles for one in cuts)
        await self._release(told, is_cut=is_cut, is_settling=is_settling)
        if not is_cut and await self._remind(told):
            await self._release(told, is_cut=is_cut, is_settling=is_settling)
        await self._send({one.id: one for one in targets})
        await self._prune(targets)

    async def _release(self, targets: Sequence[Target], *, is_cut: bool, is_settling: bool) -> None:
        for target in await self._deliveries.ripe(targets):
            await self._deliveries.release(target, is_cut=is_cut, is_settling=is_settling)

    def _is_told(self, target: Target) -> bool:
        return target.is_on and target.is_confirmed and self._has_owner(target)

    def _has_owner(self, target: Target) -> bool:
        return target.is_operators or target.owner in self._owners()

    async def _cuts(self) -> Sequence[Incident]:
        """Read when this network's own connection was away, lately or still.

        Where nobody looks at it any more, one that was never seen to end holds up nothing.
        """
        found = await self._happenings.incidents(("",), limit=200)
        return [one for one in found if self._is_looking or one.ended is not None]

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
        keys = [
            IncidentKey(one.member_id, one.topic, datetime.fromisoformat(str(began)))
            for one in events
            if (began := one.details.get("began"))
        ]
        found = await self._happenings.incidents_begun(keys)
        known = {(one.member_id, one.topic, moment(one.began)): one for one in found}
        numbered = []
        for one in events:
            incident = known.get((one.member_id, one.topic, str(one.details.get("began"))))
            named = named_incident(incident) if incident is not None else {}
            numbered.append(replace(one, details={**one.details, **named}))
        return numbered

    async def _remind(self, targets: Sequence[Target]) -> bool:
        """Plan what is told again; False if that is nothing."""
        wanting = [one for one in targets if one.wishes.remind_hours]
        if not wanting:
            return False
        lasting = await self._happenings.incidents(is_open=True, limit=LASTING_AT_ONCE)
        is_any = False
        for target in wanting:
            quiet = target.wishes.quiet
            if quiet is None or quiet.end_after(self._now()) is None:
                found = [self._reminder(target, one) for one in lasting]
                reminders = [one for one in found if one]
                is_any |= await self._deliveries.remind(target, reminders)
        return is_any

    def _reminder(self, target: Target, incident: Incident) -> Reminder | None:
        is_wanted = incident.topic in REMINDED and incident.topic in target.wishes.topics
        if not is_wanted or not (target.is_operators or target.owner == incident.member_id):
            return None
        if not self._lasts(incident):
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
            **named_incident(incident),
            "details": {"began": incident.began.isoformat()},
        }
        subject = subject_of(incident.member_id, incident.topic)
        key = f"reminder:{subject}:{incident.began.isoformat()}:{times}"
        return Reminder(key, subject, document)

    async def _send(self, targets: Mapping[str, Target]) -> None:
        """Begin to send what is due, and wait a moment for it: who is slow holds up nobody else."""
        for one in await self._deliveries.due():
            target = targets.get(one.target_id)
            if target is None or target.id in self._turns:
                continue
            turn = asyncio.create_task(self._turn(target), name="send alerts")
            self._turns[target.id] = turn
        if self._turns:
            await asyncio.wait(self._turns.values(), timeout=self._round_s)
        over = {target_id: turn for target_id, turn in self._turns.items() if turn.done()}
        for target_id in over:
            del self._turns[target_id]
        _look_at(_errors(over.values()))

    async def _turn(self, target: Target) -> None:
        mine = self._slots_of.setdefault(target.owner, asyncio.Semaphore(AT_ONCE_EACH))
        async with mine, self._slots[target.kind]:
            await self._drain(target)

    async def _drain(self, target: Target) -> None:
        """Send to one target in order, until something is not taken or its turn is over."""
        ends = self._clock() + TURN_S
        for _ in range(IN_A_ROW):
            due = await self._deliveries.due(target.id)
            if not due or self._is_ending or not await self._is_ours():
                return
            self._sending.add(target.id)
            try:
                is_next = await self._tried(target, due[0])
            finally:
                self._sending.discard(target.id)
            if not is_next or self._clock() >= ends:
                return

    async def _tried(self, target: Target, delivery: Delivery) -> bool:
        """Send one message and note how that ended; False if the next one has to wait."""
        try:
            target = await self._book.target(target.id)  # it may have waited for its turn
        except NotFound:
            return False
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
        if sent.is_hopeless or is_given_up(delivery, self._now(), next_at):
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
        last = self._pruned_at
        if last is not None and timedelta() <= now - last < timedelta(seconds=PRUNE_S):
            return
        self._pruned_at = now
        await self._deliveries.prune(targets)

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


def _errors(turns: Iterable[asyncio.Task[None]]) -> list[BaseException]:
    found = [turn.exception() for turn in turns if not turn.cancelled()]
    return [one for one in found if one is not None]


def _look_at(errors: Sequence[BaseException]) -> None:
    """Log what ended turns; raises `RegistryUnavailable` once if that is among it."""
    unavailable = [one for one in errors if isinstance(one, RegistryUnavailable)]
    for error in errors:
        if error not in unavailable:
            log.error("alerts could not be sent", exc_info=error)
    if unavailable:
        raise unavailable[0]
