"""What is kept of members' health, the same in a SQLite file and in PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, func, select, text

from aggregator.base.errors import Conflict
from registry.database import Database
from registry.health import Check, Phase, Result, Rules, Standing, State
from registry.health_batch import Batch, IncidentChange
from registry.health_book import HealthBook
from registry.health_pruning import KEPT_EACH
from registry.health_store import FRESH, HealthStore
from registry.health_tables import BUCKETS, EVENTS, FACTS_OF_MEMBERS, KEPT_CHECKS, KEPT_RUNS
from registry.health_writes import MOST_NOTES
from registry.history import Bucket, Histogram, Kind, Tier, Uptime, Window
from registry.incidents import Event, Topic
from registry.places import place_of
from registry.steward import Steward
from registry.store import RegistryStore
from tests.integration.health_worlds import address_of, registry_of

NOON = datetime(2026, 3, 1, 12, 0, 20, tzinfo=UTC)
IDS = ("alpha", "beta")


class Process:
    """What one process has of the health; its clock is set by hand."""

    def __init__(self, database: Database) -> None:
        self.at = NOON
        self.database = database
        self.health = HealthStore(database, now=lambda: self.at)
        self.book = HealthBook(Rules(), now=lambda: self.at)

    async def live(self, row: str, member_id: str = "alpha") -> None:
        results = {"U": Result.UP, "D": Result.DOWN}
        for letter in row:
            self.at += timedelta(minutes=1)
            is_up = letter == "U"
            check = Check(
                self.at,
                results[letter],
                phase=None if is_up else Phase.CONNECT,
                elapsed_ms=100.0 if is_up else None,
                message="" if is_up else "connection refused",
            )
            self.book.checked(member_id, "here", check)
        await self.health.write(self.book.drain())

    async def news(self) -> tuple[str, ...]:
        """Read what is new: whose standing changed."""
        await self.health.refresh()
        return self.health.take_news()

    async def count(self, table: Any) -> int:
        async def read(connection: Any) -> int:
            return int((await connection.execute(select(func.count()).select_from(table))).scalar())

        return await self.database.read(read)


@pytest.fixture
async def process(database_url: str) -> AsyncIterator[Process]:
    async with registry_of(database_url, IDS) as database:
        yield Process(database)


@pytest.fixture
async def other(process: Process, database_url: str) -> AsyncIterator[Process]:
    """Another process on the same registry."""
    database = Database(database_url)
    await database.start()
    yield Process(database)
    await database.aclose()


async def test_another_process_reads_all_that_was_written(process: Process, other: Process) -> None:
    await process.live("UUDDDDUU")
    await process.live("U", "beta")
    assert await other.news() == IDS
    assert other.health.standings == process.book._standings
    assert other.health.places == {"alpha": "here", "beta": "here"}
    (incident,) = await other.health.incidents()
    assert (incident.checks, incident.phase) == (4, Phase.CONNECT)
    assert incident.ended == NOON + timedelta(minutes=7)
    told = await other.health.events()
    assert [one.what for one in told] == ["began", "ended"]
    assert [one.number for one in told] == sorted(one.number for one in told)
    assert await other.health.latest_events(limit=1) == told[1:]
    assert await other.health.events(above=told[0].number) == told[1:]
    assert await other.health.events(["beta"]) == ()
    checks = await other.health.checks("alpha")
    assert [one.result.value for one in checks[:3]] == ["up", "up", "down"]
    assert checks[2].message == "connection refused"
    figures = (await other.health.figures(Window.DAY))["alpha"]
    assert figures.uptime == Uptime(up=4, down=4)


async def test_only_what_changed_is_read_again(process: Process, other: Process) -> None:
    await process.live("U")
    await process.live("U", "beta")
    assert await other.news() == IDS
    assert await other.news() == ()
    await process.live("D", "beta")
    assert await other.news() == ("beta",)
    assert other.health.standings["beta"].failures == 1


async def test_a_copy_that_was_put_back_is_read_anew(process: Process, other: Process) -> None:
    await process.live("U")
    await process.live("UD", "beta")
    assert await other.news() == IDS

    async def put_back(change: Any) -> None:
        await change.connection.execute(
            text("DELETE FROM health_standings WHERE member_id = 'beta'")
        )

    await process.database.change(put_back)
    assert await other.news() == ("beta",)
    assert set(other.health.standings) == {"alpha"}


async def test_what_is_of_nobody_is_left_out_and_the_rest_is_written(process: Process) -> None:
    book = process.book
    for member_id in ("alpha", "nobody"):
        for minute in range(3):
            at = NOON + timedelta(minutes=minute)
            book.checked(member_id, "here", Check(at, Result.DOWN, message="no"))
    book.cut(NOON)
    await process.health.write(book.drain())
    assert await process.news() == ("alpha",)
    assert {one.member_id for one in await process.health.events()} == {"alpha", ""}
    assert {one.member_id for one in await process.health.incidents()} == {"alpha", ""}
    assert [one.topic for one in await process.health.incidents([""])] == [Topic.NETWORK]


async def test_a_batch_whose_end_was_not_seen_is_not_added_twice(process: Process) -> None:
    await process.live("U")
    for minute in range(3):
        at = NOON + timedelta(minutes=minute)
        process.book.asked("alpha", at=at, is_answered=True, timed_out=False, elapsed_ms=9.0)
    batch = process.book.drain()
    await process.health.write(batch)
    process.book.give_back(batch)
    await process.health.write(process.book.drain())
    asked = await process.health.figures(Window.DAY, kind=Kind.QUESTION)
    assert asked["alpha"].uptime.up == 3


async def test_two_processes_add_their_questions(process: Process, other: Process) -> None:
    async def ask(one: Process, times: int) -> None:
        for number in range(times):
            one.book.asked(
                "alpha", at=NOON, is_answered=number % 2 == 0, timed_out=True, elapsed_ms=50.0
            )
            await one.health.write(one.book.drain())

    await asyncio.gather(ask(process, 20), ask(other, 30))
    for one in (process, other):
        figures = await one.health.figures(Window.DAY, kind=Kind.QUESTION, member_ids=["alpha"])
        assert figures["alpha"].uptime == Uptime(up=25, down=25, unknown=25)
        assert figures["alpha"].timed_out == 25
    minutes = await other.health.buckets(Tier.MINUTE, NOON - timedelta(hours=1), kind=Kind.QUESTION)
    (minute,) = minutes["alpha"]
    assert (minute.uptime, minute.times.total) == (Uptime(25, 25, unknown=25), 25)
    other.book.take_questions(minutes)
    facts = other.book.question_facts("alpha", NOON)
    assert (facts.answered, facts.failed, facts.timed_out) == (25, 25, 25)


async def test_the_ring_keeps_the_last_checks(process: Process) -> None:
    for row in ("U" * 3, "D" * 120, "U" * 7):
        await process.live(row)
    checks = await process.health.checks("alpha")
    assert len(checks) == KEPT_CHECKS
    assert [one.result for one in checks] == [Result.UP] * 7 + [Result.DOWN] * 43
    moments = [one.at for one in checks]
    assert moments == sorted(moments, reverse=True)


async def test_the_newer_of_two_standings_stays(process: Process, other: Process) -> None:
    other.at += timedelta(minutes=4)
    await other.live("UUU")
    await process.live("D")
    await process.health.refresh()
    assert process.health.standings["alpha"].state is State.UP
    assert len(await process.health.checks("alpha")) == 4, "no check is lost"


async def test_a_clock_that_was_ahead_does_not_stop_the_others(
    process: Process, other: Process
) -> None:
    other.at += timedelta(days=3)
    await other.live("U")
    await process.live("D")
    await process.health.refresh()
    assert process.health.standings["alpha"].failures == 1


async def test_figures_of_everybody_are_read_once_while_they_are_fresh(process: Process) -> None:
    await process.live("U")
    statements: list[str] = []

    def note(*seen: Any) -> None:
        statements.append(seen[2])

    engine = process.database._engine.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    first = await asyncio.gather(*(process.health.figures(Window.WEEK) for _ in range(5)))
    read = len(statements)
    assert all(one == first[0] for one in first)
    await process.live("U")
    process.at -= timedelta(minutes=1)
    statements.clear()
    assert await process.health.figures(Window.WEEK) == first[0]
    assert not statements
    own = await process.health.figures(Window.WEEK, member_ids=["alpha"])
    assert own["alpha"].uptime.up == 2, "whoever asks for one gets what is there"
    statements.clear()
    process.at += FRESH
    assert (await process.health.figures(Window.WEEK))["alpha"].uptime.up == 2
    assert len(statements) == read
    event.remove(engine, "before_cursor_execute", note)


async def test_what_is_old_is_neither_written_nor_kept(process: Process) -> None:
    def bucket(tier: Tier, start: int) -> Bucket:
        return Bucket("alpha", Kind.CHECK, tier, start, Uptime(up=1), 0, 0, Histogram())

    for tier in Tier:
        length = int(tier.length.total_seconds())
        oldest = tier.oldest(process.at)
        written = [bucket(tier, oldest), bucket(tier, oldest - length)]
        await process.health.write(Batch(buckets=written))
    assert await process.count(BUCKETS) == len(Tier)
    await process.health.prune()
    assert await process.count(BUCKETS) == len(Tier)
    process.at += timedelta(days=1)
    await process.health.prune()
    assert await process.count(BUCKETS) == 0


async def test_incidents_are_found_by_whose_they_are_and_when(process: Process) -> None:
    def incident(day: int, **rest: Any) -> IncidentChange:
        return IncidentChange("alpha", Topic.OUTAGE, NOON + timedelta(days=day), **rest)

    ended = incident(0, ended=NOON + timedelta(hours=1))
    await process.health.write(Batch(incidents=[ended, incident(1), incident(2, message="x")]))
    third, second, first = await process.health.incidents()
    assert [one.began.day for one in (first, second, third)] == [1, 2, 3]
    assert await process.health.incidents(limit=1) == (third,)
    assert await process.health.incidents(below=third.number) == (second, first)
    assert await process.health.incidents(is_open=False) == (first,)
    assert await process.health.incidents(is_open=True) == (third, second)
    since = NOON + timedelta(hours=2)
    assert await process.health.incidents(["alpha"], since=since) == (third, second)
    assert await process.health.incidents([]) == ()
    assert await process.health.incidents(["beta"]) == ()


async def test_incidents_are_numbered_one_after_the_other(process: Process, other: Process) -> None:
    await process.live("DDD")
    for _ in range(5):
        await process.live("D")
    first = (await process.health.incidents())[0]
    assert (first.number, first.checks) == (1, 8)
    began = NOON + timedelta(minutes=1)
    repeated = IncidentChange("alpha", Topic.OUTAGE, began, message="again", checks=9)
    new = IncidentChange("beta", Topic.OUTAGE, began, message="of another")
    await process.health.write(Batch(incidents=[repeated, new, repeated]))
    told = [(one.number, one.member_id, one.message) for one in await other.health.incidents()]
    assert told == [(2, "beta", "of another"), (1, "alpha", "again")]


async def test_notes_stay_when_an_incident_goes_on(process: Process) -> None:
    await process.live("DDD")
    (incident,) = await process.health.incidents()
    assert await process.health.note(incident.number, by="ann", text="<b>We know.</b>")
    assert not await process.health.note(incident.number + 1, by="ann", text="What?")
    await process.live("DUU")
    (incident,) = await process.health.incidents()
    assert incident.ended is not None
    (note,) = incident.notes
    assert (note.by, note.text) == ("ann", "<b>We know.</b>")
    for _ in range(MOST_NOTES - 1):
        await process.health.note(incident.number, by="ann", text="Still.")
    with pytest.raises(Conflict, match="no more fit"):
        await process.health.note(incident.number, by="ann", text="One more.")


async def test_events_are_written_once_and_bounded(process: Process) -> None:
    def one(number: int, at: datetime = NOON) -> Event:
        return Event(f"k{number}", "alpha", Topic.SLOW, "began", at, "x", details={"n": number})

    await process.health.write(Batch(events=[one(1), one(2), one(1)]))
    await process.health.write(Batch(events=[one(2), one(3)]))
    assert [event.key for event in await process.health.events()] == ["k1", "k2", "k3"]
    assert (await process.health.events())[2].details == {"n": 3}
    await process.health.write(Batch(events=[one(10 + n) for n in range(KEPT_EACH)]))
    await process.health.prune()
    assert await process.count(EVENTS) == KEPT_EACH
    process.at += timedelta(days=401)
    await process.health.prune()
    assert await process.count(EVENTS) == 0


async def test_reading_that_began_before_a_fact_was_written_does_not_undo_it(
    process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    health, read = process.health, process.database.read
    store = RegistryStore(process.database)
    await store.refresh()
    where = place_of(store.records["alpha"].entry)
    await health.put_fact("alpha", "controls", {"failed": 0}, place=where)
    writing: list[asyncio.Task[None]] = []

    async def slowly(work: Any) -> Any:
        found = await read(work)
        later = health.put_fact("alpha", "controls", {"failed": 1}, place=where)
        writing.append(asyncio.create_task(later))
        await asyncio.wait(writing, timeout=0.2)  # it is written, or waits its turn
        return found

    with monkeypatch.context() as patched:
        patched.setattr(process.database, "read", slowly)
        await health.refresh()
    await asyncio.gather(*writing)
    assert health.facts("controls")["alpha"].document == {"failed": 1}
    await health.refresh()
    assert health.facts("controls")["alpha"].document == {"failed": 1}


async def test_a_fact_is_of_a_member_at_its_place(process: Process, other: Process) -> None:
    store = RegistryStore(process.database)
    await store.refresh()
    places = {one.id: place_of(one.entry) for one in store.members}
    health = HealthStore(other.database, now=lambda: NOON, placed=places.get)
    await process.health.put_fact("alpha", "certificate", {"daysLeft": 3}, place=places["alpha"])
    await process.health.put_fact("beta", "certificate", {"daysLeft": 4}, place="elsewhere")
    await process.health.put_fact("nobody", "certificate", {}, place="elsewhere")
    assert process.health.facts("certificate")["alpha"].document == {"daysLeft": 3}
    assert await process.count(FACTS_OF_MEMBERS) == 1
    await health.refresh()
    assert health.facts("certificate")["alpha"].at == NOON
    assert "beta" not in health.facts("certificate")
    assert health.facts("controls") == {}
    await Steward(store, changed=store.refresh).edit(
        "alpha", {"url": address_of("moved")}, by="operator:ann"
    )
    places["alpha"] = place_of(store.records["alpha"].entry)
    assert dict(health.facts("certificate")) == {}
    assert len(health.facts("certificate")) == 0


async def test_runs_are_kept_for_each_day_and_change(process: Process) -> None:
    async def run(failed: list[str], hours: float) -> None:
        process.at = NOON + timedelta(hours=hours)
        await process.health.add_run("alpha", {"at": f"{process.at}", "failed": failed})

    for hours, failed in ((0, []), (1, []), (2, ["x"]), (3, []), (4, []), (24, [])):
        await run(failed, hours)
    found = await process.health.runs("alpha")
    assert [(one.at - NOON) / timedelta(hours=1) for one in found] == [24, 3, 2, 0]
    assert await process.health.runs("alpha", limit=1) == found[:1]
    await process.health.add_run("nobody", {})
    for day in range(2, KEPT_RUNS + 5):
        await run([], 24 * day)
    assert len(await process.health.runs("alpha", limit=1_000)) == KEPT_RUNS


async def test_what_another_version_wrote_says_nothing(process: Process) -> None:
    await process.live("U")

    async def spoil(change: Any) -> None:
        for table in ("health_standings", "health_checks"):
            await change.connection.execute(text(f"UPDATE {table} SET document = '[7]'"))

    await process.database.change(spoil)
    await process.health.refresh()
    assert process.health.standings["alpha"] == Standing()
    assert await process.health.checks("alpha") == ()
    await process.live("U")
    await process.health.refresh()
    assert process.health.standings["alpha"].state is State.UP
