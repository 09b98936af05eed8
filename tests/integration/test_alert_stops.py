"""The orderly end of a process that sends alerts, and what goes wrong while it sends."""

import asyncio
import gc
from collections.abc import AsyncIterator
from typing import Any

import pytest
from structlog.testing import capture_logs

from aggregator.base.errors import RegistryUnavailable
from aggregator.watch.alerts.dispatching import Dispatcher
from aggregator.watch.alerts.errands import AT_ONCE, BUSY
from registry.alerts import Delivery, Kind, State, Target, Wishes
from tests.alert_kit import HeldReceiver, MailServer, Office, mailing, office, receiving
from tests.networks import PATIENT_S, come_true, nothing_left

__all__ = ["nothing_left"]


@pytest.fixture
async def mail(nothing_left: None) -> AsyncIterator[MailServer]:
    async with mailing() as running:
        running.lets = asyncio.Event()
        yield running
        running.lets.set()


@pytest.fixture
async def held(nothing_left: None) -> AsyncIterator[HeldReceiver]:
    held = HeldReceiver()
    async with receiving(held):
        yield held
        held.lets.set()


def dispatcher(desk: Office, **how: Any) -> Dispatcher:
    async def is_ours() -> bool:
        return True

    told = {"owners": lambda: frozenset(desk.owners), "is_ours": is_ours, "round_s": 0.05} | how
    return Dispatcher(desk.book, desk.deliveries, desk.happened, desk.post, now=desk.now, **told)


async def mailed(desk: Office, number: int = 0) -> Target:
    address = f"ann{number}@example.org"
    return await desk.book.add("one", Kind.EMAIL, address, Wishes(), by="test")


async def logged(desk: Office, target: Target) -> list[Delivery]:
    return list(reversed(await desk.deliveries.log(target.id)))


async def ended(stopping: asyncio.Task[None]) -> None:
    async with asyncio.timeout(PATIENT_S):
        await stopping


async def test_a_mail_that_is_on_its_way_when_all_ends_comes_once(mail: MailServer) -> None:
    assert mail.lets is not None
    async with office(alerts=mail.settings) as desk:
        target = await mailed(desk)
        first = dispatcher(desk)
        await first.start()
        await come_true(lambda: len(mail.mails) == 1)
        stopping = asyncio.create_task(first.aclose())
        await asyncio.wait({stopping}, timeout=0.05)
        mail.lets.set()
        await ended(stopping)
        assert [one.state for one in await logged(desk, target)] == [State.SENT]
        await desk.round(hours=1)
        assert len(mail.mails) == 1


async def test_nothing_new_is_sent_once_the_end_has_begun(held: HeldReceiver) -> None:
    async with office() as desk:
        target = await desk.webhook(held.url)
        first = dispatcher(desk)
        await first.start()
        desk.happened.add("one")
        desk.happened.add("one", "ended")
        await come_true(lambda: held.waiting == 1)
        stopping = asyncio.create_task(first.aclose())
        await asyncio.wait({stopping}, timeout=0.05)
        held.lets.set()
        await ended(stopping)
        assert await desk.states(target) == [("began", "sent"), ("ended", "due")]
        await desk.round()
        assert await desk.states(target) == [("began", "sent"), ("ended", "sent")]
        assert len(held.requests) == 2


async def test_the_end_does_not_wait_for_long(held: HeldReceiver) -> None:
    async with office() as desk:
        target = await desk.webhook(held.url)
        first = dispatcher(desk, grace_s=0.05)
        await first.start()
        desk.happened.add("one")
        await come_true(lambda: held.waiting == 1)
        await ended(asyncio.create_task(first.aclose()))
        assert await desk.states(target) == [("began", "due")]


async def test_a_mail_that_waits_for_its_turn_at_the_end_is_sent_another_time(
    mail: MailServer,
) -> None:
    assert mail.lets is not None
    async with office(alerts=mail.settings) as desk:
        for number in range(AT_ONCE):
            await mailed(desk, number)
        last = await desk.book.add("two", Kind.EMAIL, "eve@example.org", Wishes(), by="test")
        first = dispatcher(desk)
        await first.start()
        await come_true(lambda: len(mail.mails) == AT_ONCE and len(first._sending) == AT_ONCE + 1)
        stopping = asyncio.create_task(first.aclose())
        await come_true(lambda: last.id not in first._sending)
        assert len(first._sending) == AT_ONCE
        mail.lets.set()
        await ended(stopping)
        (line,) = await logged(desk, last)
        assert (line.state, line.result) == (State.DUE, BUSY)
        await desk.round(minutes=1)
        assert len(mail.mails) == AT_ONCE + 1


async def test_who_lost_the_lease_sends_nothing_more(held: HeldReceiver) -> None:
    ours = [True]

    async def is_ours() -> bool:
        return ours[0]

    async with office() as desk:
        target = await desk.webhook(held.url)
        one = dispatcher(desk, is_ours=is_ours)
        desk.happened.add("one")
        desk.happened.add("one", "ended")
        await one.round()
        await come_true(lambda: held.waiting == 1)
        ours[0] = False
        held.lets.set()
        await come_true(lambda: all(turn.done() for turn in one._turns.values()))
        assert await desk.states(target) == [("began", "sent"), ("ended", "due")]
        await one.aclose()


class Failing:
    """Deliveries that cannot be noted."""

    def __init__(self, desk: Office, *errors: Exception) -> None:
        self._deliveries = desk.deliveries
        self._errors = list(errors)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._deliveries, name)

    async def tried(self, *told: Any) -> None:
        if self._errors:
            raise self._errors.pop(0)
        await self._deliveries.tried(*told)


async def test_a_registry_that_goes_away_while_several_are_sent_to_is_told_as_that(
    held: HeldReceiver,
) -> None:
    held.lets.set()
    gone = [RegistryUnavailable("gone", retry_after_s=1) for _ in range(2)]
    async with office() as desk:
        for number in range(2):
            await desk.webhook(f"{held.url}/{number}")
        desk.happened.add("one")
        desk.dispatcher._deliveries = Failing(desk, *gone)  # type: ignore[assignment]
        with pytest.raises(RegistryUnavailable, match="gone"):
            await desk.dispatcher.round()
        await desk.dispatcher.round()
        assert len(held.requests) == 4  # once more each, with the same ids
        assert len(set(held.ids)) == 2


async def test_what_breaks_for_one_receiver_breaks_nothing_else(held: HeldReceiver) -> None:
    held.lets.set()
    async with office() as desk:
        for number in range(2):
            await desk.webhook(f"{held.url}/{number}")
        desk.happened.add("one")
        desk.dispatcher._deliveries = Failing(desk, KeyError("x"))  # type: ignore[assignment]
        with capture_logs() as logs:
            await desk.dispatcher.round()
            await desk.dispatcher.round()
        assert [one["event"] for one in logs] == ["alerts could not be sent"]
        states = [await desk.states(one) for one in await desk.book.targets()]
        assert states == [[("began", "sent")]] * 2


async def test_a_registry_that_is_away_at_the_end_is_no_failure(held: HeldReceiver) -> None:
    async with office() as desk:
        await desk.webhook(held.url)
        first = dispatcher(desk)
        first._deliveries = Failing(  # type: ignore[assignment]
            desk, RegistryUnavailable("gone", retry_after_s=1)
        )
        await first.start()
        desk.happened.add("one")
        await come_true(lambda: held.waiting == 1)
        stopping = asyncio.create_task(first.aclose())
        await asyncio.wait({stopping}, timeout=0.05)
        with capture_logs() as logs:
            held.lets.set()
            await ended(stopping)
            gc.collect()  # an error that nobody looked at is told when its task goes
        assert [one["log_level"] for one in logs] == ["warning"]
