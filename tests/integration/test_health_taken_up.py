"""What the one that checks makes of what is written: where it is at odds, it is put right."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from aggregator.upstream.breaker import Breakers
from aggregator.watch.health_keeper import HealthKeeper
from registry.database import Database
from registry.health import Check, Phase, Result, Rules
from registry.health_batch import Batch, IncidentChange
from registry.health_book import HealthBook
from registry.health_store import HealthStore
from registry.incidents import Topic
from tests.integration.health_worlds import registry_of

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
LETTERS = {"U": Result.UP, "D": Result.DOWN}


class Checking:
    """A process that checks `alpha`, and holds the lease whenever it asks."""

    def __init__(self, database: Database) -> None:
        self.at = NOON
        now: Callable[[], datetime] = lambda: self.at  # noqa: E731
        self.place = "here"
        self.health = HealthStore(database, now=now, placed=lambda _: self.place)
        self.book = HealthBook(Rules(), now=now)
        self.cuts: list[bool] = []
        nothing = SimpleNamespace(
            begin=lambda **found: self.cuts.append(found["is_cut"]),
            hurry=lambda: None,
            end=lambda: None,
        )
        self.keeper = HealthKeeper(
            store=self.health,
            book=self.book,
            checker=nothing,  # type: ignore[arg-type]
            lease=self,  # type: ignore[arg-type]
            breakers=Breakers(rand=lambda: 0.5),
            members=lambda: dict.fromkeys(["alpha"]),  # type: ignore[arg-type]
            poll_s=1,
            clock=lambda: 0.0,
            now=now,
        )

    async def is_ours(self) -> bool:
        return True

    def check(self, row: str, minute: int) -> "Checking":
        for at, letter in enumerate(row, start=minute):
            self.at = NOON + timedelta(minutes=at)
            is_up = letter == "U"
            phase, message = (None, "") if is_up else (Phase.CONNECT, "connection refused")
            check = Check(self.at, LETTERS[letter], phase, elapsed_ms=9.0, message=message)
            self.book.checked("alpha", self.place, check)
        return self

    async def incidents(self) -> list[tuple[str, float, float | None]]:
        found = await self.health.incidents()
        return [
            (one.topic.value, minute(one.began), one.ended and minute(one.ended)) for one in found
        ][::-1]

    async def told(self) -> list[tuple[str, str]]:
        return [(one.what, one.text) for one in await self.health.events()]


def minute(at: datetime) -> float:
    return (at - NOON).total_seconds() / 60


@pytest.fixture
async def first(database_url: str) -> AsyncIterator[Checking]:
    async with registry_of(database_url, ("alpha",)) as database:
        yield Checking(database)


@pytest.fixture
async def second(first: Checking, database_url: str) -> AsyncIterator[Checking]:
    database = Database(database_url)
    await database.start()
    yield Checking(database)
    await database.aclose()


def ended(first: Checking, topic: Topic, began: int, end: int | None) -> Batch:
    """What somebody wrote of an incident, whatever how the member stands says."""
    at = None if end is None else NOON + timedelta(minutes=end)
    member_id = "" if topic is Topic.NETWORK else "alpha"
    return Batch(
        incidents=[IncidentChange(member_id, topic, NOON + timedelta(minutes=began), at, "why")]
    )


async def test_an_outage_that_somebody_ended_while_it_lasts_is_opened_again(
    first: Checking, second: Checking
) -> None:
    await first.check("UDDD", 0).keeper.flush()
    await first.health.write(ended(first, Topic.OUTAGE, 1, 4))
    second.at = first.at
    await second.keeper.is_ours()
    await second.check("D", 7).keeper.flush()
    assert await second.incidents() == [("outage", 1, 4), ("outage", 4, None)]
    assert (await second.told())[1:] == [
        ("began", "has not answered since 12:04 UTC: connection refused")
    ]
    await second.check("UU", 9).keeper.flush()
    assert await second.incidents() == [("outage", 1, 4), ("outage", 4, 9)]
    assert (await second.told())[2:] == [("ended", "answers again after 5 min")]


async def test_it_is_opened_by_the_one_that_knew_it_to_be_open(first: Checking) -> None:
    await first.keeper.is_ours()
    await first.check("UDDD", 0).keeper.flush()
    await first.health.write(ended(first, Topic.OUTAGE, 1, 4))
    for at in (5, 6, 7):
        await first.check("D", at).keeper.judge()
    await first.keeper.flush()
    assert await first.incidents() == [("outage", 1, 4), ("outage", 4, None)]
    assert [what for what, _ in await first.told()] == ["began", "began"]


async def test_an_outage_of_which_nothing_is_written_began_when_it_did(first: Checking) -> None:
    first.check("UDDD", 0)
    batch = first.book.drain()
    batch.incidents, batch.events = [], []
    await first.health.write(batch)
    await first.keeper.is_ours()
    await first.check("D", 4).keeper.flush()
    assert await first.incidents() == [("outage", 1, None)]
    assert [what for what, _ in await first.told()] == ["began"]


async def test_nothing_is_opened_of_who_is_not_checked_or_is_up_by_then(
    first: Checking, second: Checking
) -> None:
    await first.check("UDDD", 0).keeper.flush()
    await first.health.write(ended(first, Topic.OUTAGE, 1, 4))
    await second.keeper.is_ours()
    await second.keeper.flush()
    assert await second.incidents() == [("outage", 1, 4)]
    await second.check("UU", 7).keeper.flush()
    assert await second.incidents() == [("outage", 1, 4)]
    assert [what for what, _ in await second.told()] == ["began"]


async def test_what_another_opened_late_ends_with_the_next_look_that_shows_it_over(
    first: Checking,
) -> None:
    await first.keeper.is_ours()
    await first.check("U", 0).keeper.flush()
    for topic in (Topic.CONTROL, Topic.SLOW):
        await first.health.write(ended(first, topic, 1, None))
    await first.check("U", 5).keeper.judge()
    assert first.book.end_incident("alpha", Topic.CONTROL, at=first.at, text="passes")
    await first.keeper.flush()
    assert await first.incidents() == [("control", 1, 5), ("slow", 1, 1)]


async def test_where_a_member_has_moved_what_was_open_at_its_earlier_place_ends(
    first: Checking,
) -> None:
    await first.keeper.is_ours()
    await first.check("UDDD", 0).keeper.flush()
    await first.health.write(ended(first, Topic.CONTROL, 1, None))
    first.place = "there"
    first.at += timedelta(minutes=1)
    await first.keeper.judge()
    await first.check("U", 5).keeper.flush()
    assert await first.incidents() == [("outage", 1, 4), ("control", 1, 5)]
    assert [what for what, _ in await first.told()] == ["began"]
    assert first.book.standing("alpha").since == first.at


async def test_of_two_that_are_open_the_earlier_ends_where_the_later_began(
    first: Checking,
) -> None:
    await first.keeper.is_ours()
    await first.check("UDDD", 2).keeper.flush()
    await first.health.write(ended(first, Topic.OUTAGE, 1, None))
    await first.check("D", 6).keeper.judge()
    await first.keeper.flush()
    assert sorted(await first.incidents()) == [("outage", 1, 3), ("outage", 3, None)]
    assert [what for what, _ in await first.told()] == ["began"]


async def test_a_cut_that_another_wrote_late_is_over_where_we_are_connected(
    first: Checking,
) -> None:
    await first.keeper.is_ours()
    await first.check("U", 0).keeper.flush()
    await first.health.write(ended(first, Topic.NETWORK, 1, None))
    await first.check("U", 5).keeper.judge()
    await first.keeper.flush()
    assert await first.incidents() == [("network", 1, 5)]
    assert first.cuts == [False]


async def test_a_cut_that_another_ended_late_goes_on_where_we_are_cut_off(first: Checking) -> None:
    await first.keeper.is_ours()
    first.book.cut(NOON)
    await first.keeper.flush()
    await first.health.write(ended(first, Topic.NETWORK, 0, 1))
    first.at = NOON + timedelta(minutes=3)
    await first.keeper.judge()
    await first.keeper.flush()
    assert await first.incidents() == [("network", 0, 1), ("network", 3, None)]
