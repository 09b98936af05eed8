"""Wishes that this server cannot read stop the alerts of one address, and nothing else."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select, update

from aggregator.base.errors import BadQuery, Conflict, NotFound
from registry.alerts import Target
from registry.database import Change
from registry.health_tables import ALERT_TARGETS
from registry.incidents import Topic
from tests.alert_kit import Office, Receiver, office
from tests.networks import nothing_left

__all__ = ["nothing_left"]

QUIET = {"zone": "UTC", "from": "22:00", "to": "06:00"}
ELSEWHERE = {**QUIET, "zone": "US/Nowhere"}


@pytest.fixture
async def desk(receiver: Receiver) -> AsyncIterator[Office]:
    async with office() as running:
        yield running


async def kept(desk: Office, target: Target, **wishes: Any) -> None:
    """Let the registry hold wishes that another server wrote; None: no longer that key."""

    async def put(change: Change) -> None:
        mine = ALERT_TARGETS.c.id == target.id
        query = select(ALERT_TARGETS.c.settings).where(mine)
        told = json.loads((await change.connection.execute(query)).scalar_one()) | wishes
        values = {"settings": json.dumps(told)}
        await change.connection.execute(update(ALERT_TARGETS).where(mine).values(**values))

    await desk.book.database.change(put)


async def stored(desk: Office, target: Target) -> tuple[Any, bool]:
    """What the registry holds: the wishes, and whether anything is sent."""
    query = select(ALERT_TARGETS).where(ALERT_TARGETS.c.id == target.id)

    async def read(connection: Any) -> Any:
        return (await connection.execute(query)).one()

    row = await desk.book.database.read(read)
    return json.loads(row.settings), row.is_on


@pytest.mark.parametrize(
    ("wishes", "told"),
    [
        ({"quiet": ELSEWHERE}, "quiet: zone: no time zone of this name"),
        ({"topics": ["outage", "weather"]}, "topics: 1: expected 'outage'"),
        ({"mood": "calm"}, "mood: unknown key"),
        ({"topics": None, "quiet": 5}, "topics: expected a list; quiet: expected keys and values"),
    ],
)
async def test_one_that_cannot_be_read_is_off_and_the_others_are_told(
    desk: Office, receiver: Receiver, wishes: dict[str, Any], told: str
) -> None:
    await desk.webhook(receiver.url)
    odd = await desk.webhook(f"{receiver.url}/odd", owner="two", remind_hours=6, quiet=QUIET)
    await kept(desk, odd, **wishes)
    desk.happened.add("one")
    desk.happened.add("two")
    await desk.round()
    assert receiver.texts == ["One: it does not answer"]
    (known,) = await desk.book.targets("two")
    assert not known.is_on
    assert known.off_reason.startswith("what it is to be told cannot be read here: ")
    assert told in known.off_reason
    assert known.wishes.remind_hours == 6  # what can be read is
    with pytest.raises(Conflict, match="switched off"):
        await desk.desk.test(odd.id, "two")
    await desk.book.remove(odd.id, "two", by="test")
    with pytest.raises(NotFound):
        await desk.book.target(odd.id)


@pytest.mark.parametrize("raw", ["", "{", "[]", "null"])
async def test_what_is_no_document_is_read_as_that(
    desk: Office, receiver: Receiver, raw: str
) -> None:
    target = await desk.webhook(receiver.url)

    async def put(change: Change) -> None:
        await change.connection.execute(update(ALERT_TARGETS).values(settings=raw))

    await desk.book.database.change(put)
    known = await desk.book.target(target.id)
    assert (known.is_on, known.unread) == (False, raw or "{}")
    again = await desk.desk.change(target.id, "one", {"topics": ["slow"]}, by="test")
    assert (again.is_on, again.wishes.topics) == (True, (Topic.SLOW,))


async def test_it_is_on_again_where_it_can_be_read_again(desk: Office, receiver: Receiver) -> None:
    target = await desk.webhook(receiver.url, quiet=QUIET)
    await kept(desk, target, quiet=ELSEWHERE)
    await desk.book.amend(
        target.id, None, lambda one: replace(one, address=f"{one.address}/2"), by="test"
    )
    wishes, is_on = await stored(desk, target)
    assert (wishes["quiet"], is_on) == (ELSEWHERE, True)  # nothing of it is lost here
    await kept(desk, target, quiet=QUIET)
    desk.happened.add("one")
    await desk.round()
    assert len(receiver.texts) == 1


async def test_it_is_mended_by_saying_anew_what_could_not_be_read(
    desk: Office, receiver: Receiver
) -> None:
    target = await desk.webhook(receiver.url, quiet=QUIET, after_minutes=5)
    await kept(desk, target, quiet=ELSEWHERE)
    with pytest.raises(Conflict, match="no time zone of this name"):
        await desk.desk.switch(target.id, "one", is_on=True, by="test")
    for told in ({"remind_hours": 6}, {"on": True, "remind_hours": 6}):
        with pytest.raises(BadQuery) as refused:  # nobody loses quiet hours by that
            await desk.desk.change(target.id, "one", told, by="test")
        assert "no time zone of this name" in str(refused.value.problems)
    mended = await desk.desk.change(target.id, "one", {"quiet": QUIET}, by="test")
    assert (mended.is_on, mended.off_reason, mended.unread) == (True, "", "")
    assert mended.wishes.quiet is not None
    assert (await stored(desk, target))[0]["after_minutes"] == 5


@pytest.mark.parametrize("is_by_change", [True, False])
async def test_one_that_is_switched_off_stays_so_when_it_can_be_read_again(
    desk: Office, receiver: Receiver, is_by_change: bool
) -> None:
    target = await desk.webhook(receiver.url, quiet=QUIET)
    await kept(desk, target, quiet=ELSEWHERE)
    if is_by_change:
        await desk.desk.change(target.id, "one", {"on": False}, by="test")
    else:
        await desk.desk.switch(target.id, "one", is_on=False, by="test")
    wishes, is_on = await stored(desk, target)
    assert (wishes["quiet"], is_on) == (ELSEWHERE, False)
    mended = await desk.desk.change(target.id, "one", {"quiet": QUIET}, by="test")
    assert not mended.is_on
