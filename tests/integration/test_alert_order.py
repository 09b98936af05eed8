"""Alerts that come late, by a wrong clock, or at the turn of quiet hours and cuts."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, update

from registry.alerts import MOST_AN_HOUR, OPERATOR
from registry.database import Change
from registry.health_tables import INCIDENTS
from registry.health_telling import moment
from registry.incidents import Topic
from tests.alert_kit import NOON, Office, Receiver, office
from tests.networks import nothing_left

__all__ = ["nothing_left"]


@pytest.fixture
async def desk(receiver: Receiver) -> AsyncIterator[Office]:
    async with office() as running:
        yield running


def told(receiver: Receiver) -> list[Any]:
    """What was told, digests as lists."""
    return [
        [item["text"].removeprefix("One: ") for item in one["items"]]
        if one["type"] == "digest"
        else one["text"].removeprefix("One: ")
        for one in receiver.documents
    ]


def happens(desk: Office, what: str, text: str, *, began: datetime, at: datetime) -> None:
    """An event as the health of members tells it: it names what it belongs to."""
    desk.happened.add("one", what, at=at, text=text)
    event = desk.happened.all[-1]
    desk.happened.all[-1] = replace(event, details={"began": moment(began)})


async def broke(desk: Office, began: datetime, member_id: str = "one") -> None:
    values = {"member_id": member_id, "topic": "outage", "began": began.timestamp()}

    async def write(change: Change) -> None:
        await change.connection.execute(
            insert(INCIDENTS).values(values | {"document": "{}", "notes": "[]"})
        )

    await desk.book.database.change(write)


async def mended(desk: Office, began: datetime, at: datetime) -> None:
    async def write(change: Change) -> None:
        chosen = update(INCIDENTS).where(INCIDENTS.c.began == began.timestamp())
        await change.connection.execute(chosen.values(ended=at.timestamp()))

    await desk.book.database.change(write)


@pytest.mark.parametrize(("lasted", "expected"), [(5, []), (40, ["down", "Over: up"])])
async def test_the_threshold_holds_where_events_come_late(
    desk: Office, receiver: Receiver, lasted: int, expected: list[str]
) -> None:
    await desk.webhook(receiver.url, after_minutes=30)
    ended = NOON + timedelta(minutes=lasted)
    await broke(desk, NOON)
    await mended(desk, NOON, ended)
    happens(desk, "began", "down", began=NOON, at=NOON)
    for number in range(250):  # more than are read at once
        desk.happened.add("two", text=f"change {number}")
    happens(desk, "ended", "up", began=NOON, at=ended)
    await desk.round(hours=1)
    await desk.round(hours=1)
    assert told(receiver) == expected


async def test_an_outage_that_ends_without_a_word_is_not_told_however_many_there_are(
    desk: Office, receiver: Receiver
) -> None:
    """As by a pause; more incidents followed than are read for anything else."""
    await desk.webhook(receiver.url, after_minutes=30)
    began = NOON + timedelta(microseconds=123456)
    await broke(desk, began)
    await mended(desk, began, NOON + timedelta(minutes=5))
    for number in range(300):
        await broke(desk, NOON + timedelta(seconds=number + 1))
    happens(desk, "began", "down", began=began, at=began)
    await desk.round(hours=1)
    assert told(receiver) == []


@pytest.mark.parametrize("is_taken", [True, False])
async def test_a_clock_that_was_ahead_blocks_nothing(
    desk: Office, receiver: Receiver, is_taken: bool
) -> None:
    await desk.webhook(receiver.url)
    receiver.status = 200 if is_taken else 500
    desk.now.pass_(days=365)
    for number in range(22):
        desk.happened.add("one", at=desk.now(), text=f"change {number}")
    await desk.round()
    desk.now.now, receiver.status = NOON, 200
    receiver.requests.clear()
    desk.happened.add("one", at=NOON, text="now")
    for _ in range(3):
        await desk.round(minutes=1)
    flat = [one for each in told(receiver) for one in (each if isinstance(each, list) else [each])]
    expected = [f"change {number}" for number in range(20 if is_taken else 0, 22)]
    assert flat == [*expected, "now"]


async def test_what_was_sent_by_a_clock_that_was_ahead_takes_nobodys_share(
    desk: Office, receiver: Receiver
) -> None:
    await desk.webhook(receiver.url)
    desk.now.pass_(days=365)
    for number in range(MOST_AN_HOUR):
        desk.happened.add("one", at=desk.now(), text=f"change {number}")
    await desk.round()
    desk.now.now = NOON
    desk.happened.add("one", at=NOON, text="now")
    await desk.round()
    assert (len(receiver.requests), told(receiver)[-1]) == (MOST_AN_HOUR + 1, "now")


async def test_what_waits_for_quiet_hours_by_a_clock_that_was_ahead_is_told(
    desk: Office, receiver: Receiver
) -> None:
    await desk.webhook(receiver.url, quiet={"from": "13:00", "to": "14:00"}, after_minutes=10)
    desk.now.pass_(days=365)
    desk.happened.add("one", at=desk.now(), text="down")
    await desk.round()
    desk.now.pass_(hours=1, minutes=5)
    desk.happened.add("one", "14", topic=Topic.CERTIFICATE, at=desk.now(), text="14 days")
    await desk.round()
    assert told(receiver) == []
    desk.now.now = NOON
    await desk.round()
    assert told(receiver) == [["down", "14 days"]]


async def test_quiet_hours_that_are_given_up_hold_nothing_any_more(
    desk: Office, receiver: Receiver
) -> None:
    target = await desk.webhook(receiver.url, quiet={"from": "11:00", "to": "23:00"})
    desk.happened.add("one", text="down")
    await desk.round()
    await desk.desk.change(target.id, "one", {"quiet": None}, by="test")
    await desk.round(seconds=5)
    assert told(receiver) == ["down"]


async def test_nothing_overtakes_what_waited_for_the_end_of_quiet_hours(
    desk: Office, receiver: Receiver
) -> None:
    await desk.webhook(
        receiver.url, topics=["outage", "slow", "flapping"], quiet={"from": "13:00", "to": "14:00"}
    )
    desk.happened.add("one", text="down")
    await desk.round()
    desk.now.pass_(hours=1, minutes=30)
    desk.happened.add("one", "ended", at=desk.now(), text="up")
    desk.happened.add("one", topic=Topic.SLOW, at=desk.now(), text="slow")
    await desk.round()
    desk.now.pass_(minutes=30, seconds=3)
    desk.happened.add("one", at=desk.now(), text="down again")
    desk.happened.add("one", topic=Topic.FLAPPING, at=desk.now(), text="flaps")
    await desk.round()
    assert told(receiver) == ["down", ["Over: up", "slow", "down again", "flaps"]]


async def test_nothing_overtakes_what_waited_for_the_own_connection(
    desk: Office, receiver: Receiver
) -> None:
    await desk.webhook(receiver.url)
    desk.happened.add("one", text="down")
    await desk.round()
    desk.happened.lasts("", topic=Topic.NETWORK)
    desk.happened.add("one", "ended", text="up")
    await desk.round()
    (cut,) = desk.happened.lasting
    desk.happened.lasting = [replace(cut, ended=desk.now())]
    desk.now.pass_(minutes=5)
    desk.happened.add("one", at=desk.now(), text="down again")
    await desk.round()
    assert told(receiver) == ["down", "Over: up", "down again"]


@pytest.mark.parametrize(("is_back", "expected"), [(True, []), (False, ["down"])])
async def test_an_outage_that_outlasts_the_own_cut_is_told(
    desk: Office, receiver: Receiver, is_back: bool, expected: list[str]
) -> None:
    """The cut is dated back before what it made look like an outage."""
    await desk.webhook(receiver.url, owner="one")
    began = NOON + timedelta(minutes=1)
    desk.happened.lasts("", topic=Topic.NETWORK)
    await broke(desk, began)
    happens(desk, "began", "down", began=began, at=began)
    await desk.round(minutes=2)
    (cut,) = desk.happened.lasting
    desk.happened.lasting = [replace(cut, ended=desk.now())]
    await desk.round(minutes=1, seconds=1)
    assert told(receiver) == []  # nobody has looked at it often enough
    if is_back:
        await mended(desk, began, desk.now())
    for _ in range(4):
        await desk.round(minutes=1)
    assert told(receiver) == expected


async def test_what_operators_are_told_of_others_is_not_held_by_one_member(
    desk: Office, receiver: Receiver
) -> None:
    await desk.webhook(receiver.url, owner=OPERATOR, after_minutes=30)
    desk.happened.add("one", text="down")
    desk.happened.add("two", "14", topic=Topic.CERTIFICATE, text="14 days")
    await desk.round()
    assert told(receiver) == ["Two: 14 days"]
