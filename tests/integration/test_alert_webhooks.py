"""What webhooks are told: once, in order, signed, until they take it; nothing that need not be."""

import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import insert

from registry.alerts import OPERATOR, State, Target
from registry.database import Change
from registry.health_tables import EVENTS
from registry.health_telling import moment
from registry.incidents import Topic
from tests.alert_kit import NOON, Office, Receiver, office, receiving
from tests.networks import nothing_left

__all__ = ["nothing_left"]

OFFICE_OPERATORS = {"topics": [one.value for one in Topic]}


@pytest.fixture
async def desk(receiver: Receiver) -> AsyncIterator[Office]:
    async with office() as running:
        yield running


async def test_a_change_is_told_once_with_its_signature(desk: Office, receiver: Receiver) -> None:
    target = await desk.webhook(receiver.url)
    desk.happened.add("one", text="it does not answer: connection refused")
    await desk.round()
    await desk.round()
    ((headers, body),) = receiver.requests
    told = json.loads(body)
    assert told["text"] == "One: it does not answer: connection refused"
    assert told["member"]["url"] == "https://network.example.org/health/one"
    assert (told["type"], told["topic"], told["what"]) == ("event", "outage", "began")
    assert told["at"] == NOON.isoformat()
    assert told["late"] is False
    assert told["id"] == headers["X-Beacon-Delivery"]
    assert headers["Content-Type"] == "application/json; charset=utf-8"
    signed = headers["X-Beacon-Timestamp"].encode() + b"." + body
    right = hmac.new(target.secret.encode(), signed, hashlib.sha256).hexdigest()
    assert headers["X-Beacon-Signature"] == f"v1={right}"
    assert await desk.states(target) == [("began", "sent")]
    assert desk.counted == [("webhook", "delivered")]


async def test_a_change_names_its_incident(desk: Office, receiver: Receiver) -> None:
    await desk.webhook(receiver.url)
    desk.happened.lasts("two")
    desk.happened.lasts("one")
    event = desk.happened.add("one")
    desk.happened.all[0] = replace(event, details={"began": moment(NOON), "phase": "dns"})
    await desk.round()
    (told,) = receiver.documents
    assert told["incident"] == desk.happened.lasting[1].id
    assert told["details"] == {"began": moment(NOON), "phase": "dns"}


async def test_what_happened_before_it_was_set_up_is_not_told(
    desk: Office, receiver: Receiver
) -> None:
    event = desk.happened.add("one")

    async def write(change: Change) -> None:
        values = {"key": event.key, "member_id": "one", "at": 0.0, "document": "{}"}
        await change.connection.execute(insert(EVENTS).values(**values))

    await desk.book.database.change(write)
    await desk.webhook(receiver.url)
    desk.happened.add("one", "ended", text="it answers again")
    await desk.round()
    assert receiver.texts == ["One: Over: it answers again"]


async def test_only_the_own_beacon_and_chosen_topics_are_told(
    desk: Office, receiver: Receiver
) -> None:
    await desk.webhook(receiver.url, topics=["certificate"])
    desk.happened.add("one")
    desk.happened.add("two", "14", topic=Topic.CERTIFICATE)
    desk.happened.add("one", "14", topic=Topic.CERTIFICATE, text="its certificate ends in 14 days")
    await desk.round()
    assert receiver.texts == ["One: its certificate ends in 14 days"]


async def test_a_receiver_that_is_down_for_an_hour_gets_everything_once_and_in_order(
    desk: Office, receiver: Receiver
) -> None:
    target = await desk.webhook(receiver.url)
    receiver.status = 503
    desk.happened.add("one")
    await desk.round()
    desk.happened.add("one", "ended", text="it answers again", at=NOON + timedelta(minutes=3))
    for _ in range(60):
        await desk.round(minutes=1)
    tried = len(receiver.requests)
    assert 4 <= tried <= 7
    assert set(receiver.texts) == {"One: it does not answer"}
    receiver.status = 204
    for _ in range(60):
        await desk.round(minutes=1)
    assert receiver.texts[tried:] == ["One: it does not answer", "One: Over: it answers again"]
    assert len(set(receiver.ids)) == 2
    assert await desk.states(target) == [("began", "sent"), ("ended", "sent")]


async def test_a_message_is_given_up_after_a_day_and_the_next_one_is_sent(
    desk: Office, receiver: Receiver
) -> None:
    target = await desk.webhook(receiver.url)
    receiver.status = 500
    desk.happened.add("one")
    for _ in range(30):
        await desk.round(hours=1)
    (line,) = await desk.deliveries.log(target.id)
    assert (line.state, line.result) == (State.FAILED, "given up: refused (HTTP 500)")
    receiver.status = 200
    desk.happened.add("one", "ended", at=NOON + timedelta(hours=30))
    await desk.round()
    assert receiver.documents[-1]["what"] == "ended"


async def test_what_is_told_a_day_later_is_marked_late(desk: Office, receiver: Receiver) -> None:
    await desk.webhook(receiver.url)
    desk.happened.add("one", at=NOON - timedelta(hours=25))
    await desk.round()
    (told,) = receiver.documents
    assert told["late"] is True
    assert told["text"].endswith("(Late: this is of 2026-03-01 11:00 UTC.)")


async def test_a_receiver_that_is_gone_is_switched_off(desk: Office, receiver: Receiver) -> None:
    target = await desk.webhook(receiver.url)
    receiver.status = 410
    desk.happened.add("one")
    desk.happened.add("one", "ended")
    await desk.round()
    await desk.round(hours=1)
    known = await desk.book.target(target.id)
    assert not known.is_on
    assert "410" in known.off_reason
    assert len(receiver.requests) == 1
    assert await desk.states(target) == [("began", "failed"), ("ended", "dropped")]


async def test_a_redirect_is_not_followed(desk: Office, receiver: Receiver) -> None:
    async with receiving() as other:
        target = await desk.webhook(receiver.url)
        receiver.status, receiver.headers = 302, {"Location": other.url}
        desk.happened.add("one")
        await desk.round()
        assert other.requests == []
        (line,) = await desk.deliveries.log(target.id)
        assert line.result == "redirects (HTTP 302), which alerts do not follow"


async def test_the_wait_a_receiver_asks_for_is_kept(desk: Office, receiver: Receiver) -> None:
    await desk.webhook(receiver.url)
    receiver.status, receiver.headers = 429, {"Retry-After": "900"}
    desk.happened.add("one")
    await desk.round()
    await desk.round(minutes=14)
    assert len(receiver.requests) == 1
    await desk.round(minutes=2)
    assert len(receiver.requests) == 2


async def test_one_receiver_that_fails_does_not_stop_another(
    desk: Office, receiver: Receiver
) -> None:
    await desk.webhook("http://127.0.0.1:1/closed")
    await desk.webhook(receiver.url)
    desk.happened.add("one")
    await desk.round()
    assert len(receiver.requests) == 1
    assert sorted(desk.counted) == [("webhook", "delivered"), ("webhook", "failed")]


async def test_a_short_outage_is_not_told_below_the_threshold(
    desk: Office, receiver: Receiver
) -> None:
    target = await desk.webhook(receiver.url, after_minutes=15)
    desk.happened.add("one")
    await desk.round(minutes=5)
    desk.happened.add("one", "ended", at=NOON + timedelta(minutes=9))
    await desk.round(minutes=20)
    assert receiver.requests == []
    assert await desk.states(target) == [("began", "dropped"), ("ended", "dropped")]
    desk.happened.add("one", at=desk.now())
    await desk.round(minutes=14)
    assert receiver.requests == []
    await desk.round(minutes=2)
    desk.happened.add("one", "ended", at=desk.now())
    await desk.round()
    assert [one["what"] for one in receiver.documents] == ["began", "ended"]


async def test_quiet_hours_are_kept_and_told_together_at_their_end(
    desk: Office, receiver: Receiver
) -> None:
    quiet = {"zone": "Europe/Helsinki", "from": "14:00", "to": "16:00"}  # 12 to 14 UTC
    target = await desk.webhook(receiver.url, quiet=quiet)
    desk.happened.add("one", text="first outage")
    await desk.round(minutes=10)
    desk.happened.add("one", "ended", at=desk.now())
    await desk.round(minutes=10)
    desk.happened.add("one", at=desk.now(), text="second outage")
    desk.happened.add("one", "7", topic=Topic.CERTIFICATE, at=desk.now(), text="7 days left")
    await desk.round(minutes=90)
    assert receiver.requests == []
    await desk.round(minutes=10)
    (told,) = receiver.documents
    assert told["type"] == "digest"
    assert [one["text"] for one in told["items"]] == ["One: second outage", "One: 7 days left"]
    assert [state for _, state in await desk.states(target)] == [
        *("dropped", "dropped", "joined", "joined", "sent")
    ]


async def test_an_outage_that_lasts_is_told_again(desk: Office, receiver: Receiver) -> None:
    await desk.webhook(receiver.url, remind_hours=4)
    desk.happened.add("one")
    desk.happened.lasts("one")
    for _ in range(9 * 6):
        await desk.round(minutes=10)
    assert [one["type"] for one in receiver.documents] == ["event", "reminder", "reminder"]
    expected = "One: Still: no answer within 8 s (since 2026-03-02 12:00 UTC)"
    assert receiver.texts[1] == expected
    desk.happened.lasting.clear()
    await desk.round(hours=5)
    assert len(receiver.requests) == 3


async def test_nothing_is_told_of_members_while_the_own_connection_is_away(
    desk: Office, receiver: Receiver
) -> None:
    target = await desk.webhook(receiver.url, owner=OPERATOR, **OFFICE_OPERATORS)
    desk.happened.lasts("", topic=Topic.NETWORK, message="no reference answers")
    desk.happened.add("", topic=Topic.NETWORK, text="this network's own connection is away")
    for member in ("one", "two"):
        desk.happened.add(member)
    desk.happened.add("one", "7", topic=Topic.CERTIFICATE, text="7 days left")
    await desk.round()
    await desk.round(minutes=5)
    assert receiver.texts == ["this network's own connection is away"]
    (cut,) = desk.happened.lasting
    desk.happened.lasting = [replace(cut, ended=desk.now())]
    for member in ("one", "two"):
        desk.happened.add(member, "ended", at=desk.now())
    await desk.round()
    await desk.round(minutes=3)
    await desk.round(minutes=3)
    assert receiver.texts[1:] == ["One: 7 days left"]
    dropped = [one for one in await desk.states(target) if one[1] == "dropped"]
    assert len(dropped) == 4


async def test_many_members_at_once_are_one_message(desk: Office, receiver: Receiver) -> None:
    await desk.webhook(receiver.url, owner=OPERATOR)
    for number in range(4):
        desk.happened.add(f"m{number}")
    await desk.round(seconds=1)
    for number in range(4, 9):
        desk.happened.add(f"m{number}", at=desk.now())
    await desk.round(seconds=30)
    assert receiver.requests == []
    await desk.round(seconds=31)
    (told,) = receiver.documents
    assert told["text"] == "9 changes of 9 beacons."
    assert [one["member"]["id"] for one in told["items"]] == [f"m{n}" for n in range(9)]
    desk.happened.add("m0", "ended", at=desk.now())
    await desk.round()
    await desk.round(minutes=1)
    assert [one["what"] for one in receiver.documents[1:]] == ["ended"]


async def test_more_than_an_hours_share_is_told_together_afterwards(
    desk: Office, receiver: Receiver
) -> None:
    target = await desk.webhook(receiver.url, topics=["flapping"])
    for number in range(30):
        desk.happened.add("one", "began", topic=Topic.FLAPPING, text=f"change {number}")
        await desk.round(seconds=10)
    assert len(receiver.requests) == 20
    await desk.round(minutes=61)
    assert len(receiver.requests) == 21
    assert len(receiver.documents[-1]["items"]) == 10
    states = [state for _, state in await desk.states(target)]
    assert states.count("joined") == 10


async def test_of_a_member_that_left_nothing_is_told(desk: Office, receiver: Receiver) -> None:
    target = await desk.webhook(receiver.url)
    receiver.status = 500
    desk.happened.add("one")
    await desk.round()
    desk.owners.discard("one")
    receiver.status = 200
    desk.happened.add("one", "ended")
    await desk.round(hours=1)
    assert len(receiver.requests) == 1
    assert await desk.states(target) == [("began", "dropped")]
    desk.owners.add("one")
    await desk.round(hours=1)
    assert len(receiver.requests) == 1


async def test_two_processes_plan_an_event_once(desk: Office, receiver: Receiver) -> None:
    target = await desk.webhook(receiver.url)
    event = desk.happened.add("one")
    for _ in range(2):  # the second still has the target as it was read before
        await desk.deliveries.plan(target, [event], 1, is_cut=False, was_cut=lambda at: False)
    assert await desk.states(target) == [("began", "due")]
    await desk.round()
    assert len(receiver.requests) == 1


async def test_the_log_is_bounded(desk: Office, receiver: Receiver) -> None:
    target: Target = await desk.webhook(receiver.url, topics=["flapping"])
    for number in range(130):
        desk.happened.add("one", topic=Topic.FLAPPING, text=f"change {number}")
        await desk.round(minutes=4)
    assert len(receiver.requests) == 130
    await desk.round(days=10)
    lines = await desk.deliveries.log(target.id, limit=1000)
    assert len(lines) == 100
    assert lines[0].document["text"] == "change 129"
