"""What a round of alerts costs, what it forgets, and what it finds after a restart."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, insert
from sqlalchemy.engine import Engine

from aggregator.telling import owners_in
from demo import DemoNetwork
from registry.alert_deliveries import KEPT, PRUNED_AT_ONCE, Reminder
from registry.alert_rows import target_values
from registry.alerts import LOG_KEPT, OPERATOR, Kind, Target, Wishes
from registry.alerts import State as Came
from registry.database import Change
from registry.health import Check, Phase, Result, Standing, State
from registry.health_batch import IncidentChange
from registry.health_store import Batch, HealthStore
from registry.health_tables import ALERT_TARGETS, INCIDENTS
from registry.incidents import IncidentKey, Topic
from registry.models import MemberEntry
from registry.snapshot import RegisteredMember, SnapshotHolder
from tests.alert_kit import NOON, Now, Office, Receiver, office
from tests.known_health import place, written
from tests.networks import network_of, nothing_left

__all__ = ["nothing_left"]

ONE = "demo-records"


@contextmanager
def statements() -> Iterator[list[str]]:
    """Note what is asked of databases."""
    seen: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *more: Any) -> None:
        seen.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", note)


async def copied(desk: Office, target: Target, owner: str) -> None:
    async def put(change: Change) -> None:
        values = target_values(target) | {"id": f"of-{owner}", "owner": owner}
        await change.connection.execute(insert(ALERT_TARGETS).values(**values))

    await desk.book.database.change(put)


async def targets(desk: Office, url: str, number: int) -> list[Target]:
    found = [await desk.webhook(url, remind_hours=1)]
    owners = [f"member-{each}" for each in range(number - 1)]

    async def put(change: Change) -> None:
        for owner in owners:
            values = target_values(found[0]) | {"id": f"of-{owner}", "owner": owner}
            await change.connection.execute(insert(ALERT_TARGETS).values(**values))

    await desk.book.database.change(put)
    desk.owners |= set(owners)
    return list(await desk.book.targets())


async def test_a_round_in_which_nothing_happens_costs_the_same_for_one_and_for_many(
    receiver: Receiver,
) -> None:
    costs = []
    for number in (1, 40):
        async with office() as desk:
            await targets(desk, receiver.url, number)
            await desk.round()
            with statements() as seen:
                await desk.round(seconds=5)
            costs.append(seen)
    assert len(costs[0]) == len(costs[1]) < 15


async def test_a_quiet_night_costs_the_same_for_one_and_for_many(receiver: Receiver) -> None:
    costs = []
    for number in (1, 40):
        async with office(now=Now(NOON + timedelta(hours=11))) as desk:
            night = {"quiet": {"from": "22:00", "to": "07:00"}}
            first = await desk.webhook(receiver.url, **night)
            for each in range(number - 1):
                desk.owners.add(f"member-{each}")
                await copied(desk, first, f"member-{each}")
            for owner in desk.owners:
                desk.happened.add(owner)
            await desk.round()
            with statements() as seen:
                await desk.round(seconds=5)
            costs.append(seen)
            assert receiver.texts == []
            everybody = await desk.book.targets()
            assert [await desk.states(one) for one in everybody] == [[("began", "held")]] * number
            await desk.round(hours=9)
            await desk.round(seconds=5)
            assert len(receiver.texts) == number
            receiver.requests.clear()
    assert len(costs[0]) == len(costs[1]) < 15


async def test_what_waits_for_quiet_hours_that_are_others_now_is_told(receiver: Receiver) -> None:
    async with office(now=Now(NOON + timedelta(hours=11))) as desk:
        target = await desk.webhook(receiver.url, quiet={"from": "22:00", "to": "07:00"})
        desk.happened.add("one")
        await desk.round()
        assert receiver.texts == []
        await desk.desk.change(target.id, "one", {"quiet": None}, by="test")
        await desk.round(seconds=5)
        assert len(receiver.texts) == 1


def test_whether_a_member_is_there_is_looked_up_and_not_counted_out() -> None:
    members = tuple(
        RegisteredMember(MemberEntry(id=f"m{each}", url=f"https://m{each}.example.org"))
        for each in range(3)
    )
    holder = SnapshotHolder()
    holder.publish(members)
    owners = owners_in(holder)
    assert owners is owners_in(holder)  # for every target of every round
    assert [one in owners for one in ("m0", "m2", "m3")] == [True, True, False]


async def test_the_log_is_cut_for_many_at_once_and_for_each_alone(receiver: Receiver) -> None:
    async with office() as desk:
        many = await targets(desk, receiver.url, PRUNED_AT_ONCE + 1)
        first, second, last = many[0], many[1], many[-1]

        async def told(target: Target, number: int) -> None:
            for each in range(number):
                key = f"{target.id}-{each}"
                await desk.deliveries.remind(target, [reminder(key)])
                await desk.deliveries.release(target, is_cut=False)
                (due,) = await desk.deliveries.due(target.id)
                await desk.deliveries.tried(due, Came.SENT, "taken")
                desk.now.pass_(hours=1)

        await told(first, LOG_KEPT + 5)
        desk.now.pass_(days=KEPT.days)
        await told(second, LOG_KEPT + 3)
        await told(last, 1)
        everything = 10 * LOG_KEPT
        with statements() as seen:
            await desk.deliveries.prune(many)
        assert len([one for one in seen if one.startswith("DELETE")]) == 2
        kept = [len(await desk.deliveries.log(one.id, limit=everything)) for one in many]
        assert (kept[0], kept[1], kept[-1]) == (LOG_KEPT, LOG_KEPT + 3, 1)
        newest = await desk.deliveries.log(first.id, limit=1)
        assert newest[0].key == f"{first.id}-{LOG_KEPT + 4}"


def reminder(key: str) -> Reminder:
    document = {"type": "reminder", "topic": "outage", "what": "reminder", "at": NOON.isoformat()}
    return Reminder(key, "one:outage", document | {"text": "away", "member": "one"})


async def test_an_incident_is_found_however_many_there_were_since(
    nothing_left: None, database_url: str
) -> None:
    began = NOON + timedelta(microseconds=123456)
    told = IncidentKey("one", Topic.OUTAGE, NOON + timedelta(milliseconds=123))
    others = [IncidentKey("one", Topic.OUTAGE, NOON + timedelta(hours=each)) for each in range(250)]
    async with office(database_url) as desk:

        async def put(change: Change) -> None:
            for at in (began, *(NOON + timedelta(seconds=each + 1) for each in range(600))):
                values = {"member_id": "one", "topic": "outage", "began": at.timestamp()}
                made = insert(INCIDENTS).values(**values, document="{}", notes="[]")
                await change.connection.execute(made)

        await desk.book.database.change(put)
        health = HealthStore(desk.book.database)
        (found,) = await health.incidents_begun([told])
        assert found.began == began
        elsewhere = IncidentKey("two", Topic.OUTAGE, told.began)
        something_else = IncidentKey("one", Topic.SLOW, told.began)
        assert await health.incidents_begun([elsewhere, something_else]) == ()
        assert len(await health.incidents_begun([*others, told])) == 1
        assert await health.incidents_begun([]) == ()


@pytest.mark.parametrize("probe_s", [0, 60])
async def test_nobody_is_reminded_of_what_was_found_before_the_start(
    receiver: Receiver, tmp_path: Path, probe_s: int
) -> None:
    kept = {"registry": {"url": f"sqlite:///{tmp_path / 'registry.sqlite3'}", "probe": False}}
    before = datetime.now(UTC) - timedelta(days=3)
    away = Check(before, Result.DOWN, Phase.CONNECT, message="refused")
    async with DemoNetwork() as demo:
        async with network_of(demo.members(), **kept) as net:
            batch = Batch()
            standing = Standing(State.DOWN, since=before, checked_at=before, last=away, failures=3)
            batch.standings[ONE] = (place(net, ONE), standing)
            batch.incidents.append(IncidentChange(ONE, Topic.OUTAGE, before, message="refused"))
            await written(net, batch)
            book = net.network.watch.telling.desk.book
            wishes = Wishes(topics=(Topic.OUTAGE,), remind_hours=1)
            target = await book.add(ONE, Kind.WEBHOOK, receiver.url, wishes, by="test")
        async with network_of(demo.members(), **kept, health={"probe_s": probe_s}) as net:
            telling = net.network.watch.telling
            await telling.dispatcher.round()
            lines = await telling.desk.deliveries.log(target.id)
            assert [one for one in lines if one.document["type"] == "reminder"] == []
        assert not [one for one in receiver.documents if one["type"] == "reminder"]


@pytest.mark.parametrize("is_looking", [False, True])
async def test_a_cut_that_nobody_looks_for_any_more_holds_nothing_up(
    receiver: Receiver, is_looking: bool
) -> None:
    async with office() as desk:
        desk.dispatcher._is_looking = is_looking
        await desk.webhook(receiver.url)
        desk.happened.lasts("", topic=Topic.NETWORK)
        desk.happened.add("one", "14", topic=Topic.CERTIFICATE, text="14 days")
        await desk.round(days=1)
        await desk.round(minutes=5)
        assert receiver.texts == ([] if is_looking else ["One: 14 days"])


async def test_nobody_is_reminded_while_the_own_connection_is_away(receiver: Receiver) -> None:
    async with office() as desk:
        wishes = {"topics": [Topic.NETWORK, Topic.OUTAGE], "remind_hours": 1}
        await desk.webhook(receiver.url, owner=OPERATOR, **wishes)
        desk.happened.lasts("", topic=Topic.NETWORK)
        desk.happened.lasts("one")
        desk.happened.add("", topic=Topic.NETWORK, text="away")
        for _ in range(3):
            await desk.round(hours=1)
        assert receiver.texts == ["away"]
        desk.happened.lasting = [replace(desk.happened.lasting[0], ended=desk.now())]
        desk.happened.add("", "ended", topic=Topic.NETWORK, at=desk.now(), text="back")
        for _ in range(3):
            await desk.round(hours=1)
        assert receiver.texts == ["away", "Over: back"]
