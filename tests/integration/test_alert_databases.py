"""Alerts on both kinds of database: planned once, held, joined, sent, pruned, removed."""

import asyncio

from registry.incidents import Topic
from tests.alert_kit import Office, office, receiving
from tests.networks import nothing_left

__all__ = ["nothing_left"]


async def _whole_life(desk: Office, url: str) -> None:
    target = await desk.webhook(
        url,
        topics=["outage", "certificate"],
        remind_hours=1,
        quiet={"from": "13:00", "to": "14:00"},
    )
    desk.happened.add("one")
    desk.happened.lasts("one")
    await desk.round()
    await desk.round(minutes=65)
    desk.happened.add("one", "14", topic=Topic.CERTIFICATE, text="14 days", at=desk.now())
    desk.happened.add("one", "7", topic=Topic.CERTIFICATE, text="7 days", at=desk.now())
    await desk.round()
    desk.happened.lasting.clear()
    await desk.round(minutes=60)
    assert [state for _, state in await desk.states(target)] == [
        *("sent", "joined", "joined", "sent")
    ]
    await desk.round(days=20)
    await desk.book.amend(target.id, "one", lambda one: one, by="test")
    await desk.desk.change(target.id, "one", {"on": False}, by="test")
    await desk.book.remove(target.id, "one", by="test")
    assert await desk.book.targets() == ()
    assert await desk.deliveries.log(target.id) == ()


async def test_a_target_lives_on_every_database(nothing_left: None, database_url: str) -> None:
    async with receiving() as receiver, office(database_url) as desk:
        await _whole_life(desk, receiver.url)
        assert [one["type"] for one in receiver.documents] == ["event", "digest"]


async def test_two_that_deliver_at_once_plan_and_note_each_event_once(
    nothing_left: None, database_url: str
) -> None:
    async with receiving() as receiver, office(database_url) as one, office(database_url) as other:
        other.happened.all = one.happened.all
        target = await one.webhook(receiver.url, topics=["certificate"])
        for number in range(5):
            one.happened.add("one", "14", topic=Topic.CERTIFICATE, text=f"change {number}")
        await asyncio.gather(one.round(), other.round())
        await asyncio.gather(one.round(), other.round())
        assert await one.states(target) == [("14", "sent")] * 5
        assert len(set(receiver.ids)) == 5
