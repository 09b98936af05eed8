"""Who receives slowly, or very much, holds up nobody else, and messages do not tell of others."""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Callable
from datetime import timedelta

import pytest

from aggregator.watch.alerts.dispatching import TURN_S
from registry.alert_deliveries import Reminder, document_of
from registry.alert_waiting import MOST_ITEMS
from registry.alerts import OPERATOR, Target
from registry.incidents import Topic
from tests.alert_kit import NOON, HeldReceiver, Office, Receiver, office, receiving
from tests.networks import PATIENT_S, nothing_left

__all__ = ["nothing_left"]


@pytest.fixture
async def slow(nothing_left: None) -> AsyncIterator[HeldReceiver]:
    slow = HeldReceiver()
    async with receiving(slow):
        yield slow
        slow.lets.set()


@pytest.fixture
async def desk(receiver: Receiver, slow: HeldReceiver) -> AsyncIterator[Office]:
    async with office() as running:
        yield running
        slow.lets.set()
        await running.dispatcher.aclose()


async def held_up(desk: Office, is_so: Callable[[], bool]) -> None:
    """Do rounds that wait for nobody who is slow until that is so, and one more."""
    desk.dispatcher._round_s = 0.2
    async with asyncio.timeout(PATIENT_S):
        while not is_so():
            await desk.round()
    await desk.round()


async def last_in_turn(desk: Office, receiver: Receiver, slow: HeldReceiver) -> Target:
    """A receiver that waits until slow ones of its owner have what happened to that."""
    for number in range(2):
        await desk.webhook(f"{slow.url}/{number}")
    desk.happened.add("one")
    await held_up(desk, lambda: slow.waiting > 1)
    return await desk.webhook(receiver.url)


async def let_go(desk: Office, slow: HeldReceiver) -> None:
    """Let the slow one answer, and do rounds that wait for it."""
    slow.lets.set()
    desk.dispatcher._round_s = PATIENT_S
    await desk.round()
    await desk.round()


async def test_a_slow_receiver_holds_up_nobody_else(
    desk: Office, receiver: Receiver, slow: HeldReceiver
) -> None:
    late = await desk.webhook(slow.url)
    await desk.webhook(receiver.url, owner="two")
    desk.happened.add("one", text="first")
    desk.happened.add("two", text="first")
    await held_up(desk, lambda: bool(receiver.requests and slow.waiting))
    assert (len(receiver.requests), slow.waiting) == (1, 1)
    desk.happened.add("one", "ended", text="second")
    desk.happened.add("two", "ended", text="second")
    desk.now.pass_(minutes=1)
    await held_up(desk, lambda: len(receiver.requests) > 1)
    assert (len(receiver.requests), slow.waiting) == (2, 1)  # one message at a time
    await let_go(desk, slow)
    assert [one["text"] for one in slow.documents] == ["One: first", "One: Over: second"]
    assert await desk.states(late) == [("began", "sent"), ("ended", "sent")]


async def test_one_owner_does_not_take_every_turn(
    desk: Office, receiver: Receiver, slow: HeldReceiver
) -> None:
    for number in range(9):
        await desk.webhook(f"{slow.url}/{number}")
    await desk.webhook(receiver.url, owner="two")
    desk.happened.add("one")
    desk.happened.add("two")
    await held_up(desk, lambda: bool(receiver.requests) and slow.waiting > 1)
    assert (len(receiver.requests), slow.waiting) == (1, 2)
    await let_go(desk, slow)
    assert len(slow.requests) == 9


async def test_who_is_sent_to_for_long_waits_for_another_turn(receiver: Receiver) -> None:
    passes = itertools.count(0.0, TURN_S / 2)
    async with office(clock=lambda: next(passes)) as desk:
        await desk.webhook(receiver.url)
        for number in range(5):
            desk.happened.add("one", text=str(number), topic=Topic.CONTROL)
        for sent in (2, 4, 5):
            await desk.round()
            assert receiver.texts == [f"One: {number}" for number in range(sent)]


async def test_what_was_removed_while_it_waited_is_not_sent(
    desk: Office, receiver: Receiver, slow: HeldReceiver
) -> None:
    last = await last_in_turn(desk, receiver, slow)
    await desk.dispatcher.round()
    await desk.deliveries.remind(
        last, [Reminder("again", "one", document_of(desk.happened.all[0]))]
    )
    await desk.round()
    assert [state for _, state in await desk.states(last)] == ["due"]
    assert (slow.waiting, receiver.requests) == (2, [])
    await desk.book.remove(last.id, "one", by="test")
    await let_go(desk, slow)
    assert (len(slow.requests), receiver.requests) == (2, [])


async def test_what_was_switched_off_while_it_waited_is_sent_nothing(
    desk: Office, receiver: Receiver, slow: HeldReceiver
) -> None:
    last = await last_in_turn(desk, receiver, slow)
    await desk.round()
    assert [state for _, state in await desk.states(last)] == ["due"]
    await desk.desk.switch(last.id, "one", is_on=False, by="test")
    await let_go(desk, slow)
    assert [state for _, state in await desk.states(last)] == ["dropped"]
    assert receiver.requests == []


async def test_a_message_of_very_much_is_bounded(desk: Office, receiver: Receiver) -> None:
    await desk.webhook(receiver.url, owner=OPERATOR, topics=["outage"])
    for number in range(MOST_ITEMS + 30):
        desk.happened.add(f"member-{number}", text=f"it does not answer ({number})")
    await desk.round()
    await desk.round(minutes=2)
    (told,) = receiver.documents
    assert (len(told["items"]), told["more"]) == (MOST_ITEMS, 30)
    assert told["text"] == "230 changes of 230 beacons."


async def test_messages_of_members_do_not_count_what_others_get(
    desk: Office, receiver: Receiver
) -> None:
    mine = await desk.webhook(receiver.url, remind_hours=1)
    await desk.webhook(f"{receiver.url}/all", owner=OPERATOR, remind_hours=1)
    for number in range(30):
        began = NOON + timedelta(seconds=number)
        desk.happened.lasts("one" if number in {9, 19} else "two", began=began)
        event = desk.happened.add("one" if number in {9, 19} else "two", at=began)
        event.details["began"] = began.isoformat()  # type: ignore[index]
    await desk.round()
    await desk.round(hours=1, minutes=2)
    told = [one for one in receiver.documents if one["id"].startswith(mine.id) and one["incident"]]
    assert told
    for one in told:
        assert one["incident"] in {incident.id for incident in desk.happened.lasting}
        assert not one["id"].removeprefix(f"{mine.id}-").isdecimal()
        assert "incident_id" not in json.dumps(one)
    assert Topic.OUTAGE in {one["topic"] for one in told}


async def test_only_operators_learn_why_there_was_no_answer(desk: Office) -> None:
    closed = "http://127.0.0.1:1/hook"
    sent = {}
    for owner in ("one", OPERATOR):
        target = await desk.webhook(closed, owner=owner)
        sent[owner] = await desk.desk.test(target.id, owner)
    assert "no answer within 10 s" in sent["one"].text
    assert "no answer within 10 s" not in sent[OPERATOR].text
