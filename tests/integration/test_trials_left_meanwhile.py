"""What is found out about a place that is left while it is looked at: nothing is told of it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from aggregator.upstream.call_results import CallResult
from aggregator.upstream.peer import Served
from aggregator.watch.certificates import CertificateChecker
from aggregator.watch.controls import ControlChecker, ControlsInForce
from aggregator.watch.trial_telling import TrialTelling
from registry.database import Database
from registry.health import Rules, Trait
from registry.health_book import HealthBook
from registry.health_store import HealthStore
from registry.places import place_of
from registry.snapshot import RegisteredMember
from registry.steward import Steward
from registry.store import RegistryStore
from tests.chains import issued
from tests.unit.watch.test_control_checker import Answers

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
MEMBER = "one"
RIGHT = "https://right.example.org/api"
ENDED = issued("wrong.example.org", since=NOW - timedelta(days=90), until=NOW - timedelta(days=1))


async def stays() -> None:
    """Leave the member where it is."""


class Network:
    """One member of a registry, and what looks at it; `during` happens in the next look."""

    def __init__(self, database: Database) -> None:
        self.now = NOW
        self.during: Callable[[], Awaitable[None]] = stays
        self.store = RegistryStore(database)
        self.steward = Steward(self.store, changed=self.store.refresh)
        self.health = HealthStore(database, now=lambda: self.now, placed=self.place)
        self.book = HealthBook(Rules(), now=lambda: self.now)
        self.in_force = ControlsInForce(self.health)
        telling = TrialTelling(self.book, lambda: self.now)
        self.controls = ControlChecker(
            self,
            self.health,
            self.in_force,
            via="1.1 here",
            timeout_s=3,
            environ=dict,
            now=lambda: self.now,
            heard=telling.controls,
        )
        self.certificate = CertificateChecker(
            self, self.health, now=lambda: self.now, heard=telling.certificate
        )

    @property
    def member(self) -> RegisteredMember:
        return self.store.members[0]

    def place(self, member_id: str) -> str:
        return place_of(self.member.entry)

    async def call(self, asked: RegisteredMember, request: Any, **options: Any) -> CallResult:
        during, self.during = self.during, stays
        await during()
        return await Answers(False).call(asked, request, **options)

    has_proxy = False

    async def certificates(self, member: RegisteredMember, *, timeout_s: float) -> Served | None:
        during, self.during = self.during, stays
        await during()
        return Served((ENDED.der,), (ENDED.der,))

    async def moves(self) -> None:
        await self.steward.edit(MEMBER, {"url": RIGHT}, by="operator:ann")

    async def events(self) -> list[tuple[str, str]]:
        while batch := self.book.drain():
            await self.health.write(batch)
        return [(one.topic.value, one.what) for one in await self.health.events()]


@pytest.fixture
async def network(tmp_path: Path) -> AsyncIterator[Network]:
    database = Database(f"sqlite:///{tmp_path / 'registry.sqlite3'}")
    await database.start()
    try:
        net = Network(database)
        entry = {"id": MEMBER, "url": "https://wrong.example.org/api", "protocol": "v2"}
        entry["controls"] = ["7-140753336-A-T GRCh38"]
        await net.steward.add(entry, by="operator:ann")
        yield net
    finally:
        await database.aclose()


@pytest.mark.parametrize("is_left", [False, True])
async def test_a_control_failed_at_a_place_that_was_left_is_held_against_nobody(
    network: Network, is_left: bool
) -> None:
    await network.controls.look(network.member)
    network.now += timedelta(minutes=5)
    if is_left:
        network.during = network.moves
    await network.controls.look_again(network.member)
    assert bool(network.in_force()) is not is_left
    assert await network.events() == ([] if is_left else [("control", "began")])
    is_untrusted = Trait.UNTRUSTED in network.book.standing(MEMBER).traits
    assert is_untrusted is not is_left


async def test_a_failed_control_that_is_taken_away_ends_its_incident_without_praise(
    network: Network,
) -> None:
    await network.controls.look(network.member)
    network.now += timedelta(minutes=5)
    await network.controls.look_again(network.member)
    await network.steward.edit(MEMBER, {"controls": None}, by="operator:ann")
    network.now += timedelta(minutes=1)
    await network.controls.look_again(network.member)
    assert not network.in_force()
    assert await network.events() == [("control", "began"), ("control", "ended")]
    ended = (await network.health.events())[-1]
    assert "not asked any more what it answered wrongly" in ended.text
    assert "rightly" not in ended.text


@pytest.mark.parametrize("is_left", [False, True])
async def test_a_certificate_of_a_place_that_was_left_is_no_incident(
    network: Network, is_left: bool
) -> None:
    if is_left:
        network.during = network.moves
    await network.certificate.look(network.member)
    assert await network.events() == ([] if is_left else [("certificate", "expired")])
    # the first look at the new place tells what is wrong there
    network.now += timedelta(minutes=5)
    await network.certificate.look(network.member)
    assert await network.events() == [("certificate", "expired")]
