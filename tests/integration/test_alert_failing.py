"""An address at which nothing arrives is never said to be told: on pages, in JSON, by command."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from registry.alert_deliveries import AlertDeliveries
from registry.alert_standing import Failing
from registry.alerts import GIVEN_UP, Target
from tests.alert_kit import PUBLIC, MailServer, Office, Receiver, office
from tests.faulty import FaultyMember
from tests.integration.operators import AS_OPERATOR, SECURED
from tests.integration.operators import Visitor as Operator
from tests.integration.test_alert_api import ask, event, happens
from tests.join_visits import Visitor
from tests.networks import PATIENT_S, Running, come_true, entry, network_of, nothing_left, scripted

__all__ = ["nothing_left"]

REFUSED = "refused (HTTP 500)"


async def failing(desk: Office, target: Target) -> Failing | None:
    return (await desk.deliveries.failing([target])).get(target.id)


class TestStanding:
    async def test_it_begins_with_the_first_try_and_ends_with_what_is_taken(
        self, nothing_left: None, receiver: Receiver, database_url: str
    ) -> None:
        async with office(database_url) as desk:
            target = await desk.webhook(receiver.url)
            assert await failing(desk, target) is None
            desk.happened.add("one")
            receiver.status = 500
            await desk.round()
            first = desk.now()
            assert await failing(desk, target) == Failing(
                first, REFUSED, first + timedelta(seconds=10)
            )
            await desk.round(seconds=11)
            assert await failing(desk, target) == Failing(
                first, REFUSED, desk.now() + timedelta(seconds=60)
            )
            receiver.status = 200
            await desk.round(minutes=2)
            assert await desk.states(target) == [("began", "sent")]
            assert await failing(desk, target) is None

    async def test_what_waits_behind_hides_nothing(
        self, nothing_left: None, receiver: Receiver
    ) -> None:
        async with office() as desk:
            target = await desk.webhook(receiver.url)
            other = await desk.webhook(f"{receiver.url}/other", "two")
            desk.happened.add("one")
            receiver.status = 500
            await desk.round()
            since = desk.now()
            for number in range(130):
                desk.happened.add("one", "changed", text=f"it changed {number}")
            await desk.round(seconds=1)
            assert len(await desk.deliveries.log(target.id)) == 100
            told = await failing(desk, target)
            assert told is not None
            assert (told.since, told.result) == (since, REFUSED)
            assert await failing(desk, other) is None
            # a test that arrives brings none of what waits
            receiver.status = 200
            desk.now.pass_(seconds=1)
            assert (await desk.desk.test(target.id, "one")).is_taken
            assert await failing(desk, target) == told

    async def test_what_was_given_up_or_a_test_that_failed_counts_until_something_arrives(
        self, nothing_left: None, receiver: Receiver
    ) -> None:
        async with office() as desk:
            target = await desk.webhook(receiver.url)
            desk.happened.add("one")
            receiver.status = 500
            await desk.round()
            since = desk.now()
            for _ in range(30):
                await desk.round(hours=GIVEN_UP.total_seconds() / 3600 / 12)
            assert await desk.states(target) == [("began", "failed")]
            assert await failing(desk, target) == Failing(since, f"given up: {REFUSED}", None)
            receiver.status = 200
            desk.now.pass_(minutes=1)
            await desk.desk.test(target.id, "one")
            assert await failing(desk, target) is None
            receiver.status = 500
            desk.now.pass_(minutes=1)
            await desk.desk.test(target.id, "one")
            assert await failing(desk, target) == Failing(desk.now(), REFUSED, None)

    async def test_who_is_switched_off_is_failing_no_more(
        self, nothing_left: None, receiver: Receiver
    ) -> None:
        async with office() as desk:
            target = await desk.webhook(receiver.url)
            desk.happened.add("one")
            receiver.status = 500
            await desk.round()
            off = await desk.desk.switch(target.id, "one", is_on=False, by="test")
            assert await failing(desk, off) is None


@pytest.fixture
async def net(nothing_left: None, mail: MailServer) -> AsyncIterator[Running]:
    async with FaultyMember(scripted()) as member:
        async with network_of(
            [entry(member, "one", name="One")],
            security=SECURED | {"join_rate_limit": 0},
            alerts=mail.settings,
            network={"public_url": PUBLIC},
        ) as running:
            yield running


@pytest.fixture
async def key(net: Running) -> str:
    return await net.network.registry.keyring.rotate("one", by="operator")


async def test_pages_and_documents_say_since_when_why_and_what_next(
    net: Running, key: str, receiver: Receiver
) -> None:
    body = {"kind": "webhook", "address": receiver.url, "topics": ["outage"]}
    made = (await ask(net, key, "POST", status=201, body=body)).json
    assert made["failing"] is None
    receiver.status = 500
    await happens(net, event())
    deliveries = AlertDeliveries(net.network.registry.database)
    await come_true(lambda: receiver.requests)

    async with asyncio.timeout(PATIENT_S):
        while not (await deliveries.log(made["id"]))[0].attempts:
            await asyncio.sleep(0.01)
    await net.network.watch.telling.dispatcher.aclose()  # no further try while it is read
    (line,) = (await ask(net, key, "GET", f"/{made['id']}", status=200)).json["deliveries"]
    told: Any = {"since": line["createdAt"], "result": REFUSED, "nextAt": line["nextAt"]}
    (listed,) = (await ask(net, key, "GET", ".json", status=200)).json["alerts"]
    assert listed["failing"] == told
    assert (await ask(net, key, "GET", f"/{made['id']}", status=200)).json["failing"] == told
    changed = await ask(net, key, "PATCH", f"/{made['id']}", status=200, body={"remind_hours": 6})
    assert changed.json["failing"] == told
    desk = await net.ask(path="/admin/api/alerts", headers=AS_OPERATOR)
    assert [one["failing"] for one in desk.json["alerts"]] == [told]

    visitor = Visitor(net)
    await visitor.open(key=key)
    operator = await Operator(net).sign_in()
    pages = [await visitor.get("/manage/one/alerts"), await operator.get("/admin/alerts")]
    for page in pages:
        (card,) = page.root.all("section", class_="target")
        assert "! not delivered since" in card.text
        assert REFUSED in card.text.partition("What was sent")[0]
        assert "next try" in card.text.partition("What was sent")[0]
        assert "✓ is told" not in card.text


async def test_a_mail_that_asks_to_confirm_and_never_arrives_is_told_as_well(
    net: Running, key: str, mail: MailServer
) -> None:
    mail.refuses["MAIL"] = "451 try later"
    body = {"kind": "email", "address": "ann@example.org"}
    made = (await ask(net, key, "POST", status=201, body=body)).json

    async def shown() -> Any:
        return (await ask(net, key, "GET", f"/{made['id']}", status=200)).json

    async with asyncio.timeout(PATIENT_S):
        while not (await shown())["failing"]:
            await asyncio.sleep(0.01)
    told = await shown()  # that one may have been read while it was noted
    assert told["failing"]["result"] == told["deliveries"][0]["result"]
    visitor = Visitor(net)
    await visitor.open(key=key)
    (card,) = (await visitor.get("/manage/one/alerts")).root.all("section", class_="target")
    assert "waits until the address is confirmed" in card.text
    assert "! not delivered since" in card.text.partition("What was sent")[0]
