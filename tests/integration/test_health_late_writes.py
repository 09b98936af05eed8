"""A process that could not write for a while, and one that took over: what is over stays over."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from registry.database import Database
from registry.health import Check, Phase, Result, Rules, State
from registry.health_batch import Batch, IncidentChange
from registry.health_book import HealthBook
from registry.health_store import HealthStore
from registry.history import Bucket, Histogram, Kind, Tier, Uptime, Window
from registry.incidents import Incident, Topic
from registry.steward import Steward
from registry.store import RegistryStore
from tests.integration.health_worlds import registry_of

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Process:
    """One that checks `alpha` by turns with another."""

    def __init__(self, database: Database) -> None:
        self.at = NOON
        self.health = HealthStore(database, now=lambda: self.at)
        self.book = HealthBook(Rules(), now=lambda: self.at)

    def check(self, row: str, minute: int) -> None:
        """Check once a minute from this one on; nothing is written yet."""
        for at, letter in enumerate(row, start=minute):
            self.at = NOON + timedelta(minutes=at)
            is_up = letter == "U"
            result, phase = (Result.UP, None) if is_up else (Result.DOWN, Phase.CONNECT)
            message = "" if is_up else "connection refused"
            check = Check(self.at, result, phase, elapsed_ms=9.0, message=message)
            self.book.checked("alpha", "here", check)

    async def write(self) -> None:
        while batch := self.book.drain():
            await self.health.write(batch)

    async def take_over(self) -> None:
        await self.health.refresh()
        opened = await self.health.incidents(is_open=True)
        self.book.take_up(self.health.standings, self.health.places, opened)

    async def incidents(self) -> list[tuple[float, float | None]]:
        """The minutes in which incidents began and ended, oldest first."""
        found = await self.health.incidents()
        return [(minute(one.began), one.ended and minute(one.ended)) for one in found][::-1]

    async def told(self) -> list[tuple[str, str]]:
        return [(one.what, one.text) for one in await self.health.events()]


def minute(at: datetime) -> float:
    return (at - NOON).total_seconds() / 60


@pytest.fixture
async def late(database_url: str) -> AsyncIterator[Process]:
    async with registry_of(database_url, ("alpha",)) as database:
        yield Process(database)


@pytest.fixture
async def successor(late: Process, database_url: str) -> AsyncIterator[Process]:
    database = Database(database_url)
    await database.start()
    yield Process(database)
    await database.aclose()


async def test_an_outage_that_ended_is_not_opened_again(late: Process, successor: Process) -> None:
    late.check("UDDD", 0)
    await late.write()
    late.check("D", 4)  # and cannot write it
    await successor.take_over()
    successor.check("UU", 7)
    await successor.write()
    ended = await successor.incidents()
    assert ended == [(1, 7)]
    await late.write()
    assert await successor.incidents() == ended
    assert [what for what, _ in await successor.told()] == ["began", "ended"]
    await late.take_over()
    late.check("DDD", 60)
    await late.write()
    assert await late.incidents() == [(1, 7), (60, None)]
    assert [what for what, _ in await late.told()] == ["began", "ended", "began"]


async def test_an_outage_of_which_its_end_is_known_first_is_told_with_both(
    late: Process, successor: Process
) -> None:
    late.check("U", 0)
    await late.write()
    late.check("DDD", 1)
    await successor.take_over()
    successor.check("UU", 8)
    await successor.write()
    await late.write()
    # the successor never knew that it was down: the last failure is the last that is known of it
    assert await successor.incidents() == [(1, 3)]
    assert await successor.told() == [
        ("began", "has not answered since 12:01 UTC: connection refused"),
        ("ended", "answers again after 2 min"),
    ]
    await successor.health.refresh()
    assert successor.health.standings["alpha"].state is State.UP


async def test_an_outage_that_two_saw_begin_goes_on_as_one(
    late: Process, successor: Process
) -> None:
    late.check("U", 0)
    await late.write()
    late.check("DDDD", 1)
    await successor.take_over()
    successor.check("DDD", 8)
    await successor.write()
    await late.write()
    assert await successor.incidents() == [(8, None), (1, 8)]
    await late.take_over()
    late.check("UU", 20)
    await late.write()
    assert await late.incidents() == [(8, 20), (1, 8)]


async def test_an_end_that_another_did_not_see_ends_no_outage(
    late: Process, successor: Process
) -> None:
    late.check("UDDD", 0)
    await late.write()
    late.check("UU", 4)  # and cannot write it
    await successor.take_over()
    successor.check("DDD", 6)
    await successor.write()
    await late.write()
    assert await successor.incidents() == [(1, None)]
    assert [what for what, _ in await successor.told()] == ["began"]
    successor.check("DUU", 59)
    await successor.write()
    assert await successor.incidents() == [(1, 60)]
    assert (await successor.told())[1:] == [("ended", "answers again after 59 min")]


async def test_an_end_before_another_outage_is_told(late: Process, successor: Process) -> None:
    late.check("UDDD", 0)
    await late.write()
    late.check("UU", 4)
    await successor.take_over()
    successor.check("UUDDD", 6)
    await late.write()
    await successor.write()
    assert await successor.incidents() == [(1, 4), (8, None)]
    assert [what for what, _ in await successor.told()] == ["began", "ended", "began"]


async def test_an_end_that_is_written_after_another_outage_began_is_told(
    late: Process, successor: Process
) -> None:
    late.check("U", 0)
    await late.write()
    late.check("DDDUU", 1)
    await successor.take_over()
    successor.check("DDD", 8)
    await successor.write()
    await late.write()
    assert await successor.incidents() == [(8, None), (1, 4)]
    assert [what for what, _ in await successor.told()] == ["began", "began", "ended"]


async def test_an_end_in_the_midst_of_what_another_saw_fail_tells_nobody(
    late: Process, successor: Process
) -> None:
    late.check("U", 0)
    await late.write()
    late.check("DDDDUU", 1)
    await successor.take_over()
    successor.check("DDDDDD", 3)  # both check for a while
    await successor.write()
    await late.write()
    assert await successor.incidents() == [(3, None), (1, 3)]
    assert [what for what, _ in await successor.told()] == ["began", "began"]


async def test_a_trait_that_another_still_sees_does_not_end(
    late: Process, successor: Process
) -> None:
    late.check("U" + "DU" * 4, 0)
    await late.write()
    late.check("U" * 20, 9)
    await successor.take_over()
    successor.check("U", 30)
    await successor.write()
    await late.write()
    (flapping,) = await successor.health.incidents()
    assert (flapping.topic, flapping.ended) == (Topic.FLAPPING, None)
    assert [what for what, _ in await successor.told()] == ["began"]
    successor.check("U" * 20, 31)
    await successor.write()
    (flapping,) = await successor.health.incidents()
    assert flapping.ended is not None
    assert [what for what, _ in await successor.told()] == ["began", "ended"]


async def test_what_a_clock_that_was_ahead_counted_is_in_no_window(late: Process) -> None:
    late.check("UU", 0)
    await late.write()
    late.check("DDD", 30 * 24 * 60)
    await late.write()

    async def share() -> tuple[int, int]:
        figures = await late.health.figures(Window.DAY, member_ids=["alpha"])
        return figures["alpha"].uptime.up, figures["alpha"].uptime.down

    late.at = NOON + timedelta(minutes=9)
    assert await share() == (2, 0)
    for tier in Tier:
        buckets = await late.health.buckets(tier, NOON - timedelta(days=1), member_ids=["alpha"])
        assert sum((one.uptime for one in buckets["alpha"]), Uptime()) == Uptime(up=2)
    await late.health.prune()
    late.at = NOON + timedelta(minutes=2)
    assert await share() == (2, 0), "what is of now stays"
    late.at = NOON + timedelta(days=30, minutes=5)
    assert await late.health.figures(Window.DAY, member_ids=["alpha"]) == {}


@pytest.mark.parametrize(("hours", "is_kept"), [(23, True), (26, False)])
async def test_what_is_less_than_a_day_ahead_is_kept(
    late: Process, hours: int, is_kept: bool
) -> None:
    """Nothing says whose clock is wrong: that of who prunes may be behind a little."""
    late.check("U", hours * 60)
    await late.write()
    late.at = NOON
    await late.health.prune()
    late.at = NOON + timedelta(hours=hours)
    left = await late.health.buckets(Tier.MINUTE, late.at, member_ids=["alpha"])
    assert ("alpha" in left) is is_kept


@pytest.mark.parametrize("days", [3, 30, 20_000])
async def test_a_clock_that_is_behind_does_not_take_what_others_counted(
    late: Process, successor: Process, days: int
) -> None:
    starts = [Tier.DAY.start_of(NOON - timedelta(days=day)) for day in range(300)]
    buckets = [
        Bucket("alpha", Kind.CHECK, Tier.DAY, start, Uptime(up=1440), 0, 0, Histogram())
        for start in starts
    ]
    await late.health.write(Batch(buckets=buckets, writer="healthy", number=1))
    successor.check("U", -days * 24 * 60)
    await successor.write()
    await successor.health.prune()
    since = NOON - timedelta(days=390)
    left = await late.health.buckets(Tier.DAY, since, member_ids=["alpha"])
    assert [one.start for one in left["alpha"] if one.uptime.up >= 1440] == starts[::-1]


@pytest.mark.parametrize("is_told", [True, False])
async def test_an_incident_of_who_was_removed_is_not_written_of_who_came_instead(
    late: Process, successor: Process, is_told: bool
) -> None:
    began = {"at": NOON, "message": "of the first", "text": "x"}
    late.check("U", 0)
    late.book.begin_incident("alpha", Topic.CERTIFICATE, **began)
    await late.write()
    await successor.take_over()
    steward = Steward(store := RegistryStore(late.health.database), changed=store.refresh)
    await steward.remove("alpha", by="operator:ann")
    await steward.add({"id": "alpha", "url": "https://b.example.org"}, by="operator:bob")
    assert await successor.health.incidents() == ()
    successor.at = NOON + timedelta(minutes=2)
    successor.book.begin_incident("alpha", Topic.CERTIFICATE, **began | {"message": "again"})
    if is_told:
        await successor.write()
        assert await successor.health.incidents() == ()
    successor.book.checked("alpha", "there", Check(successor.at, Result.UP, elapsed_ms=9.0))
    await successor.write()
    assert await successor.health.incidents() == ()


async def test_a_control_may_fail_again_since_the_same_moment(late: Process) -> None:
    ended = NOON + timedelta(hours=1)
    for topic in (Topic.CONTROL, Topic.CERTIFICATE):
        change = IncidentChange("alpha", topic, NOON, message="fails", opened=NOON)
        again = replace(change, opened=ended)
        for one in (change, replace(change, ended=ended), again):
            await late.health.write(Batch(incidents=[one]))
    found = {one.topic: one for one in await late.health.incidents()}
    assert found[Topic.CONTROL].ended is None
    assert found[Topic.CERTIFICATE] == Incident(
        found[Topic.CERTIFICATE].number, "alpha", Topic.CERTIFICATE, NOON, ended, None, "fails"
    )


async def test_a_control_that_another_saw_end_is_not_opened_again(
    late: Process, successor: Process
) -> None:
    begun = {"at": NOON + timedelta(minutes=2), "text": "fails"}
    late.check("U", 0)
    late.book.begin_incident("alpha", Topic.CONTROL, message="one", **begun)
    await late.write()
    late.at = NOON + timedelta(minutes=8)
    late.book.begin_incident("alpha", Topic.CONTROL, message="two", **begun)
    await successor.take_over()
    successor.check("U", 6)
    successor.book.end_incident("alpha", Topic.CONTROL, at=successor.at, text="passes")
    await successor.write()
    await late.write()
    (control,) = await successor.health.incidents()
    assert control.ended == successor.at
    successor.check("U", 9)
    successor.book.begin_incident("alpha", Topic.CONTROL, message="anew", **begun)
    await successor.write()
    (control,) = await successor.health.incidents()
    assert (control.ended, control.message) == (None, "anew")
