"""Alerts and history stay with whom they were set up for: an id that goes on takes none along."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert

from aggregator.base.errors import Conflict
from demo import DemoNetwork
from registry.alert_rows import delivery_values
from registry.alerts import OPERATOR, Kind, Wishes
from registry.database import Change
from registry.health import Check, Phase, Result, Rules
from registry.health_book import HealthBook
from registry.health_store import Batch, IncidentChange
from registry.health_tables import ALERT_DELIVERIES
from registry.history import Bucket, Histogram, Tier, Uptime
from registry.history import Kind as Asked
from registry.incidents import Event, Topic
from registry.models import MemberEntry
from tests.alert_kit import PUBLIC, MailServer, Receiver
from tests.faulty import FaultyMember
from tests.integration.operators import SECURED
from tests.join_visits import address, joined
from tests.networks import Reply, Running, entry, network_of, nothing_left, scripted

__all__ = ["nothing_left"]

Json = Any


@pytest.fixture
async def demo(nothing_left: None) -> AsyncIterator[DemoNetwork]:
    async with DemoNetwork() as running:
        yield running


@pytest.fixture
async def net(mail: MailServer) -> AsyncIterator[Running]:
    async with FaultyMember(scripted()) as member:
        async with network_of(
            [entry(member, "seedy")],
            security=SECURED | {"join_rate_limit": 0},
            registry={"joining": "open"},
            alerts=mail.settings,
            network={"public_url": PUBLIC},
        ) as running:
            yield running


async def ask(net: Running, key: str, method: str, path: str, body: Json = None) -> Reply:
    headers = {"Beacon-Service-Key": key}
    return await net.ask(path=f"/manage/archive{path}", method=method, headers=headers, body=body)


async def set_up(net: Running, key: str, url: str) -> str:
    made = await ask(net, key, "POST", "/alerts", {"kind": "webhook", "address": url})
    assert made.status == 201, made.text
    return str(made.json["id"])


async def rows_of_health(net: Running) -> tuple[int, int, int, int]:
    """How many incidents, events, runs and buckets are known of the member."""
    health, since = net.network.watch.health, datetime.now(UTC) - timedelta(days=3)
    return (
        len(await health.incidents(("archive",))),
        len(await health.events(("archive",))),
        len(await health.runs("archive")),
        len((await health.buckets(Tier.DAY, since, member_ids=["archive"])).get("archive", ())),
    )


async def something_happened(net: Running) -> None:
    health, now = net.network.watch.health, datetime.now(UTC)
    start = int(now.timestamp()) // 86_400 * 86_400
    bucket = Bucket("archive", Asked.CHECK, Tier.DAY, start, Uptime(1, 2), 0, 0, Histogram())
    event = Event("archive:outage:began:x", "archive", Topic.OUTAGE, "began", now, "it was away")
    incident = IncidentChange("archive", Topic.OUTAGE, now, now, "it was away")
    await health.write(Batch(events=[event], incidents=[incident], buckets=[bucket]))
    await health.add_run("archive", {"rules": [{"id": "one", "verdict": "fail"}]})


async def test_who_leaves_takes_alerts_along(
    net: Running, demo: DemoNetwork, receiver: Receiver
) -> None:
    key = (await joined(net, address(demo), id="archive"))["serviceKey"]
    target = await set_up(net, key, receiver.url)
    desk = net.network.watch.telling.desk
    await desk.book.add(OPERATOR, Kind.WEBHOOK, f"{receiver.url}/all", Wishes(), by="test")
    assert (await ask(net, key, "POST", f"/alerts/{target}/test")).status == 200
    assert (await ask(net, key, "DELETE", "", {})).status == 200
    assert [one.owner for one in await desk.book.targets()] == [OPERATOR]
    assert await desk.deliveries.log(target) == ()
    assert (await ask(net, key, "POST", f"/alerts/{target}/test")).status == 404
    assert len(receiver.requests) == 1


async def test_who_has_the_id_next_gets_and_sees_nothing_of_it(
    net: Running, demo: DemoNetwork, receiver: Receiver
) -> None:
    first = (await joined(net, address(demo), id="archive"))["serviceKey"]
    await set_up(net, first, receiver.url)
    await ask(net, first, "DELETE", "", {})
    second = (await joined(net, address(demo), id="archive"))["serviceKey"]
    assert (await ask(net, second, "GET", "/alerts.json")).json == {"alerts": []}
    assert (await ask(net, first, "GET", "/alerts.json")).status == 401
    await something_happened(net)
    await net.network.watch.telling.dispatcher.round()
    assert receiver.requests == []


async def test_an_operator_who_removes_or_turns_away_ends_alerts_too(
    net: Running, demo: DemoNetwork, receiver: Receiver
) -> None:
    key = (await joined(net, address(demo), id="archive"))["serviceKey"]
    await set_up(net, key, receiver.url)
    steward, desk = net.network.registry.steward, net.network.watch.telling.desk
    await steward.remove("archive", by="operator")
    assert await desk.book.targets("archive") == ()
    await steward.restore("archive", by="operator")
    assert (await ask(net, key, "GET", "/alerts.json")).json == {"alerts": []}


@pytest.mark.parametrize(
    ("beacon", "kept"), [("demo-records", (1, 1, 1, 1)), ("demo-counts", (0, 0, 0, 0))]
)
async def test_history_is_of_a_beacon_at_its_address(
    net: Running, demo: DemoNetwork, beacon: str, kept: tuple[int, int, int, int]
) -> None:
    key = (await joined(net, address(demo), id="archive"))["serviceKey"]
    await something_happened(net)
    assert await rows_of_health(net) == (1, 1, 1, 1)
    await ask(net, key, "DELETE", "", {})
    assert await rows_of_health(net) == (1, 1, 1, 1)  # it can be restored
    await net.network.registry.steward.add(
        {"id": "archive", "url": address(demo, beacon)}, by="operator"
    )
    assert await rows_of_health(net) == kept


@pytest.mark.parametrize(
    ("beacon", "expected"), [("demo-records", ["held", "due"]), ("demo-counts", ["dropped"] * 2)]
)
async def test_what_waits_to_be_told_of_a_beacon_is_not_told_of_who_has_its_id_now(
    net: Running, demo: DemoNetwork, receiver: Receiver, beacon: str, expected: list[str]
) -> None:
    key = (await joined(net, address(demo), id="archive"))["serviceKey"]
    receiver.status = 500
    desk, dispatcher = net.network.watch.telling.desk, net.network.watch.telling.dispatcher
    targets = [
        await desk.book.add(
            OPERATOR,
            Kind.WEBHOOK,
            f"{receiver.url}/{minutes}",
            Wishes(topics=(topic,), after_minutes=minutes),
            by="test",
        )
        for topic, minutes in ((Topic.OUTAGE, 30), (Topic.CERTIFICATE, 0))
    ]
    now = datetime.now(UTC)
    events = [
        Event(f"{one}:{topic}:began:x", one, topic, "began", now, "it was away")
        for topic in (Topic.OUTAGE, Topic.CERTIFICATE)
        for one in ("archive", "seedy")
    ]
    await net.network.watch.health.write(Batch(events=events))
    await dispatcher.round()

    async def states(member_id: str) -> list[str]:
        lines = [line for one in targets for line in await desk.deliveries.log(one.id)]
        return [one.state.value for one in lines if one.document["member"] == member_id]

    assert await states("archive") == await states("seedy") == ["held", "due"]
    await ask(net, key, "DELETE", "", {})
    await net.network.registry.steward.add(
        {"id": "archive", "url": address(demo, beacon)}, by="operator"
    )
    assert await states("archive") == expected
    assert await states("seedy") == ["held", "due"]
    (line, *_) = [
        one for one in await desk.deliveries.log(targets[0].id) if one.subject == "archive:outage"
    ]
    assert ("somebody else" in line.result, line.ended_at is not None) == (
        (beacon == "demo-counts",) * 2
    )


async def test_what_is_told_together_leaves_out_who_had_the_id_before(
    net: Running, demo: DemoNetwork
) -> None:
    key = (await joined(net, address(demo), id="archive"))["serviceKey"]
    desk, now = net.network.watch.telling.desk, datetime.now(UTC)
    hook = "http://127.0.0.1:9/hook"
    target = await desk.book.add(OPERATOR, Kind.WEBHOOK, hook, Wishes(), by="test")

    async def put(change: Change) -> None:
        for key, members in (("both", ["archive", "seedy"]), ("one", ["archive"])):
            items = [{"member": one, "text": "it was away"} for one in members]
            told = {"type": "digest", "items": items, "more": 0, "members": len(members)}
            values = delivery_values(target.id, key, told, now=now, subject="digest")
            await change.connection.execute(insert(ALERT_DELIVERIES).values(**values))

    await desk.book.database.change(put)
    await ask(net, key, "DELETE", "", {})
    await net.network.registry.steward.add(
        {"id": "archive", "url": address(demo, "demo-counts")}, by="operator"
    )
    one, both = await desk.deliveries.log(target.id)
    assert (both.state.value, one.state.value) == ("due", "dropped")
    assert [item["member"] for item in both.document["items"]] == ["seedy"]
    assert both.document["members"] == 1


async def test_what_a_process_ends_late_is_not_told_of_who_has_the_id_now(
    net: Running, demo: DemoNetwork
) -> None:
    health, start = net.network.watch.health, datetime.now(UTC) - timedelta(minutes=9)
    key = (await joined(net, address(demo), id="archive"))["serviceKey"]
    book = HealthBook(Rules(), writer="one that follows late")
    for minute in range(3):
        at = start + timedelta(minutes=minute)
        book.checked("archive", "there", Check(at, Result.DOWN, Phase.CONNECT, message="theirs"))
    await health.write(book.drain())
    assert [one.message for one in await health.incidents(("archive",))] == ["theirs"]
    await ask(net, key, "DELETE", "", {})
    await net.network.registry.steward.add(
        {"id": "archive", "url": address(demo, "demo-counts")}, by="operator"
    )
    at = start + timedelta(minutes=8)
    book.checked("archive", "elsewhere", Check(at, Result.UP, elapsed_ms=9.0))
    await health.write(book.drain())
    assert await health.incidents(("archive",)) == ()


async def test_a_declared_member_takes_over_an_id_without_alerts_and_history(
    net: Running, demo: DemoNetwork, receiver: Receiver
) -> None:
    key = (await joined(net, address(demo), id="archive"))["serviceKey"]
    await something_happened(net)
    await ask(net, key, "DELETE", "", {})
    seeder = net.network.registry.seeder
    seedy = net.network.registry.store.records["seedy"].entry
    other = MemberEntry(id="archive", url=address(demo, "demo-counts"))
    await seeder.declare([seedy, other])
    assert await rows_of_health(net) == (0, 0, 0, 0)
    key = await net.network.registry.keyring.rotate("archive", by="operator")
    await net.network.registry.store.refresh()
    await set_up(net, key, receiver.url)
    await seeder.declare([seedy])
    await seeder.declare([seedy, other])  # it was away from the list for a moment
    desk = net.network.watch.telling.desk
    assert len(await desk.book.targets("archive")) == 1
    await seeder.declare([seedy])
    await seeder.declare([seedy, MemberEntry(id="archive", url=address(demo))])
    assert await desk.book.targets("archive") == ()


async def test_of_who_is_declared_no_more_nothing_is_sent(net: Running, receiver: Receiver) -> None:
    registry, book = net.network.registry, net.network.watch.telling.desk.book
    key = await registry.keyring.rotate("seedy", by="operator")
    headers = {"Beacon-Service-Key": key}

    async def of_seedy(method: str, path: str, body: Json = None) -> Reply:
        path = f"/manage/seedy/alerts{path}"
        return await net.ask(path=path, method=method, headers=headers, body=body)

    made = await of_seedy("POST", "", {"kind": "webhook", "address": receiver.url})
    target = made.json["id"]
    asked = await book.add("seedy", Kind.EMAIL, "ann@example.org", Wishes(), by="test")
    await registry.seeder.declare([])
    for method, path, body in (
        ("POST", f"/{target}/test", {}),
        ("PATCH", f"/{target}", {"remind_hours": 6}),
    ):
        refused = await of_seedy(method, path, body)
        assert (refused.status, "no member of this network" in refused.text) == (409, True)
    with pytest.raises(Conflict, match="no member"):
        await book.ask_again(asked.id, "seedy", by="test")
    assert (await of_seedy("PATCH", f"/{target}", {"on": False})).status == 200
    refused = await of_seedy("PATCH", f"/{target}", {"on": True})
    assert refused.status == 409
    assert receiver.requests == []
    assert (await of_seedy("DELETE", f"/{target}")).status == 200


async def test_what_began_before_a_move_and_was_not_written_is_written_late(
    net: Running, demo: DemoNetwork
) -> None:
    await joined(net, address(demo), id="archive")
    start = datetime.now(UTC) - timedelta(minutes=9)
    book = HealthBook(Rules(), writer="one that could not write")
    for minute in range(3):
        at = start + timedelta(minutes=minute)
        book.checked("archive", "there", Check(at, Result.DOWN, Phase.CONNECT, message="ours"))
    book.checked("archive", "elsewhere", Check(datetime.now(UTC), Result.UP, elapsed_ms=9.0))
    health = net.network.watch.health
    await health.write(book.drain())
    (incident,) = await health.incidents(("archive",))
    assert (incident.message, incident.ended is not None) == ("ours", True)
