"""What is told of outages that came one after the other, or ended without a word by night."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from registry.alert_asking import NEVER, digest_of
from registry.alert_endings import drop_ended
from registry.alerts import OVER, Kind, State, Target, Wishes
from registry.health_batch import Batch, IncidentChange
from registry.health_store import HealthStore
from registry.health_telling import moment
from registry.incidents import Event, Topic
from tests.alert_kit import NOON, Now, Office, office

URL = "https://hooks.example.org/x"
NIGHT = NOON + timedelta(hours=13)


@pytest.fixture
async def desk() -> AsyncIterator[Office]:
    async with office(now=Now(NOON)) as running:
        yield running


async def plan(desk: Office, target: Target, *events: Event) -> None:
    await desk.deliveries.plan(
        target, events, events[-1].number, is_cut=False, was_cut=lambda at: False
    )


async def let_go(desk: Office, target: Target) -> None:
    for one in await desk.deliveries.ripe([target]):
        await desk.deliveries.release(one, is_cut=False)


@pytest.mark.parametrize("lasts", [5, 70])
async def test_a_second_outage_is_told_if_it_lasts_as_long_as_is_wished(
    desk: Office, lasts: int
) -> None:
    target = await desk.webhook(URL, after_minutes=60)

    def at(minutes: int) -> datetime:
        return NOON + timedelta(minutes=minutes)

    first = desk.happened.add("one", at=NOON, text="first")
    over = desk.happened.add("one", "ended", at=at(90), text="first over")
    second = desk.happened.add("one", at=at(170), text="second")
    desk.now.now = at(171)  # nobody planned before
    await plan(desk, target, first, over, second)
    await let_go(desk, target)
    desk.now.now = at(170 + lasts)
    await let_go(desk, target)
    await plan(desk, target, desk.happened.add("one", "ended", at=desk.now.now, text="over"))
    desk.now.pass_(hours=2)
    await let_go(desk, target)
    log = reversed(await desk.deliveries.log(target.id))
    told = [one.document["text"] for one in log if one.state is not State.DROPPED]
    assert told == ["first", "first over", *(["second", "over"] if lasts > 60 else [])]


async def test_who_was_switched_off_before_an_address_said_never_is_told_why(desk: Office) -> None:
    waits = await desk.book.add("one", Kind.EMAIL, "ann@example.org", Wishes(), by="test")
    off = await desk.book.add("two", Kind.EMAIL, "Ann@example.org", Wishes(), by="test")
    await desk.book.stop(off.id, "it was switched off by hand", unconfirmed=True)
    await desk.book.never_ask(digest_of("ann@example.org"))
    reasons = [(await desk.book.target(one.id)).off_reason for one in (waits, off)]
    assert reasons == [NEVER, "it was switched off by hand"]


@pytest.mark.parametrize("is_lifted", [True, False])
async def test_what_ended_by_night_without_a_word_is_not_told_when_quiet_hours_are_lifted(
    desk: Office, is_lifted: bool
) -> None:
    target = await desk.webhook(URL, quiet={"from": "22:00", "to": "07:00"})
    health = HealthStore(desk.book.database, now=desk.now)
    desk.now.now = NIGHT
    outage = IncidentChange("one", Topic.OUTAGE, NIGHT, message="away")
    event = replace(desk.happened.add("one", at=NIGHT), details={"began": moment(NIGHT)})
    await health.write(Batch(incidents=[outage]))
    await plan(desk, target, event)
    await drop_ended(desk.book.database, now=desk.now())
    assert await desk.states(target) == [("began", "held")]
    desk.now.pass_(minutes=5)
    await health.write(Batch(incidents=[replace(outage, ended=desk.now())]))
    desk.now.pass_(minutes=55)
    if is_lifted:
        target = await desk.book.amend(
            target.id, "one", lambda old: replace(old, wishes=Wishes()), by="test"
        )
    else:
        desk.now.now = NIGHT + timedelta(hours=6, minutes=1)
    await drop_ended(desk.book.database, now=desk.now())
    await let_go(desk, target)
    (only,) = await desk.deliveries.log(target.id)
    assert (only.state, only.result) == (State.DROPPED, OVER)
