"""What keeps members' health current in a process: who checks, what is written, what is heard."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from aggregator.base.errors import RegistryUnavailable
from aggregator.model.outcome import NoAnswerCode, NotAskedCode
from aggregator.protocol.wire import Failure
from aggregator.upstream.breaker import Breakers, Health, State, Verdict
from aggregator.watch.health_keeper import HealthKeeper
from registry.health import Check, Result, Rules, Standing, Trait
from registry.health import State as Standing_
from registry.health_book import HealthBook
from registry.history import Kind
from registry.incidents import Incident, Topic
from tests.builders import Clock, member
from tests.networks import come_true

START = datetime(2026, 5, 3, 12, tzinfo=UTC)
AWAY = RegistryUnavailable("away", retry_after_s=1)
FAILS = Verdict(Health.FAILS, message="why")


class Store:
    """The registry's health, which may be away."""

    def __init__(self):
        self.standings = {}
        self.places = {}
        self.changed = ()
        self.written = []
        self.error = None
        self.open = ()
        self.ended = ()
        self.minutes = {}
        self.pruned = 0
        self.kinds = []

    def fail(self):
        if self.error is not None:
            raise self.error

    async def refresh(self):
        self.fail()

    def take_news(self):
        changed, self.changed = self.changed, ()
        return changed

    async def write(self, batch):
        self.fail()
        self.written.append(batch)

    async def incidents(self, member_ids=None, *, since=None, is_open=None, limit):
        self.fail()
        return self.open if is_open else self.ended

    async def buckets(self, tier, since, *, kind):
        self.fail()
        self.kinds.append(kind)
        return self.minutes

    async def prune(self):
        self.fail()
        self.pruned += 1


class Kept(Store):
    """One that gives what was written; `meanwhile` happens once while it is read."""

    meanwhile = None

    @property
    def incidents_written(self):
        return [one for batch in self.written for one in batch.incidents]

    async def refresh(self):
        self.fail()
        for batch in self.written:
            self.standings |= {one: held for one, (_, held) in batch.standings.items()}
            self.places |= {one: place for one, (place, _) in batch.standings.items()}
        happens, self.meanwhile = self.meanwhile, None
        if happens is not None:
            happens()

    async def incidents(self, member_ids=None, *, since=None, is_open=None, limit):
        self.fail()
        known = {(one.member_id, one.topic, one.began): one for one in self.incidents_written}
        return tuple(
            Incident(0, one.member_id, one.topic, one.began, one.ended, None, one.message)
            for one in known.values()
            if one.ended is None or not is_open
        )


class FakeChecker:
    def __init__(self):
        self.begun = []
        self.ended = 0
        self.hurried = 0

    def begin(self, *, is_cut):
        self.begun.append(is_cut)

    def end(self):
        self.ended += 1

    def hurry(self):
        self.hurried += 1


class World:
    def __init__(self):
        self.clock = Clock(1000.0)
        self.store = Store()
        self.book = HealthBook(Rules(), now=self.now, writer="test")
        self.checker = FakeChecker()
        self.breakers = Breakers(rand=lambda: 0.5)
        self.lease = True
        self.members = {name: member(name) for name in ("one", "two")}
        self.keeper = HealthKeeper(
            store=self.store,
            book=self.book,
            checker=self.checker,
            lease=self,
            breakers=self.breakers,
            members=lambda: self.members,
            poll_s=0.001,
            clock=self.clock,
            now=self.now,
        )

    def now(self):
        return START + timedelta(seconds=self.clock.now - 1000)

    async def is_ours(self):
        if self.lease is None:
            raise AWAY
        return self.lease

    def up(self, at_s=0.0, **more):
        at = START + timedelta(seconds=at_s)
        return Standing(Standing_.UP, at, at, Check(at, Result.UP), **more)

    def opened(self, name="one"):
        breaker = self.breakers.of(name)
        for _ in range(5):
            breaker.allow(self.clock.now).record(FAILS, self.clock.now)
        return breaker

    @property
    def asked(self):
        return [
            (one.member_id, one.uptime.up, one.uptime.down, one.timed_out)
            for batch in self.store.written
            for one in batch.buckets
            if one.kind is Kind.QUESTION and one.tier.value == "minute"
        ]


async def test_what_is_known_is_taken_up_when_the_lease_is_and_only_then():
    world = World()
    world.store.standings = {"one": world.up()}
    world.store.places = {"one": "there"}
    world.lease = False
    assert not await world.keeper.is_ours()
    assert world.book.standing("one") == Standing()
    world.lease = True
    assert await world.keeper.is_ours()
    assert await world.keeper.is_ours()
    assert world.book.standing("one") == world.up()
    assert world.checker.begun == [False]
    assert world.checker.hurried == 2


async def test_a_cut_that_is_open_goes_on():
    world = World()
    world.store.open = (Incident(1, "", Topic.NETWORK, START, None, None, "cut"),)
    await world.keeper.is_ours()
    assert world.checker.begun == [True]


async def test_one_that_loses_the_lease_leaves_its_doubts_and_takes_up_again():
    world = World()
    await world.keeper.is_ours()
    world.lease = False
    assert not await world.keeper.is_ours()
    world.lease = True
    world.store.standings = {"one": world.up(5)}
    await world.keeper.is_ours()
    assert world.checker.begun == [False, False, False]
    assert world.book.standing("one") == world.up(5)


async def test_a_lease_that_ran_out_unseen_is_taken_up_anew():
    world = World()
    await world.keeper.is_ours()
    world.lease = None
    with pytest.raises(RegistryUnavailable):
        await world.keeper.is_ours()
    world.lease = True
    world.store.standings = {"one": world.up(5)}  # another process checked meanwhile
    assert await world.keeper.is_ours()
    assert world.book.standing("one") == world.up(5)
    assert world.checker.begun == [False, False, False]


async def test_without_the_registry_nothing_is_taken_up_and_it_is_tried_again():
    world = World()
    world.store.error = AWAY
    with pytest.raises(RegistryUnavailable):
        await world.keeper.is_ours()
    world.store.error = None
    world.store.standings = {"one": world.up()}
    assert await world.keeper.is_ours()
    assert world.book.standing("one") == world.up()


async def test_how_long_ago_a_member_was_checked():
    world = World()
    world.store.standings = {"one": world.up(-40), "two": Standing()}
    assert world.keeper.age_s("one") == 40
    assert world.keeper.age_s("two") is None
    assert world.keeper.age_s("stranger") is None


async def test_what_was_not_written_yet_is_written_before_anything_is_taken_up():
    world = World()
    store = world.store = world.keeper._store = Kept()
    await world.keeper.is_ours()
    store.error = AWAY
    for result in (Result.UP, *[Result.DOWN] * 3):
        world.clock.pass_s(60)
        world.book.checked("one", "there", Check(world.now(), result))
        with pytest.raises(RegistryUnavailable):
            await world.keeper.flush()
    world.lease = None
    with pytest.raises(RegistryUnavailable):
        await world.keeper.is_ours()
    store.error, world.lease = None, True
    store.meanwhile = lambda: world.book.checked("two", "there", Check(world.now(), Result.UP))
    assert await world.keeper.is_ours()
    assert world.book.standing("one").state is Standing_.DOWN
    assert world.book.standing("two").state is Standing_.UP
    assert world.book.open_incident("one", Topic.OUTAGE) is not None
    for _ in range(2):
        world.clock.pass_s(60)
        world.book.checked("one", "there", Check(world.now(), Result.UP))
    await world.keeper.flush()
    assert [one.ended is None for one in store.incidents_written] == [True, False]


async def test_what_could_not_be_written_is_written_later_and_once():
    world = World()
    world.keeper.heard("one", None, 0.5)
    world.store.error = AWAY
    with pytest.raises(RegistryUnavailable):
        await world.keeper.flush()
    world.keeper.heard("one", Failure(NoAnswerCode.TIMEOUT, "late"), 8.0)
    world.store.error = None
    await world.keeper.flush()
    await world.keeper.flush()
    assert world.asked == [("one", 1, 0, 0), ("one", 0, 1, 1)]


async def test_a_write_that_is_cut_short_is_given_again():
    world = World()
    world.keeper.heard("one", None, 0.5)
    world.store.error = asyncio.CancelledError()
    with pytest.raises(asyncio.CancelledError):
        await world.keeper.flush()
    world.store.error = None
    await world.keeper.flush()
    assert world.asked == [("one", 1, 0, 0)]


@pytest.mark.parametrize(
    ("failure", "counted"),
    [
        (None, (1, 0, 0)),
        (Failure(NotAskedCode.LOOP, "a loop"), (1, 0, 0)),
        (Failure(NoAnswerCode.TIMEOUT, "late"), (0, 1, 1)),
        (Failure(NoAnswerCode.REJECTED, "no"), (0, 1, 0)),
        (Failure(NoAnswerCode.SERVER_ERROR, "oh"), (0, 1, 0)),
    ],
)
async def test_how_questions_are_counted(failure, counted):
    world = World()
    world.keeper.heard("one", failure, 0.5)
    world.keeper.heard("gone", failure, 0.5)
    await world.keeper.flush()
    assert world.asked == [("one", *counted)]


async def test_a_success_that_is_news_closes_a_breaker():
    world = World()
    breaker = world.opened()
    world.clock.pass_s(2)
    world.store.standings, world.store.changed = {"one": world.up(1)}, ("one", "gone")
    await world.keeper.follow()
    assert breaker.state(world.clock.now) is State.CLOSED


@pytest.mark.parametrize(
    "standing",
    [
        Standing(),
        Standing(Standing_.UP, START, START, Check(START, Result.UP)),
        Standing(Standing_.DOWN, START, START, Check(START + timedelta(seconds=1), Result.DOWN)),
        Standing(
            Standing_.UP,
            START,
            START,
            Check(START + timedelta(seconds=1), Result.UP),
            traits=frozenset({Trait.SILENT}),
        ),
    ],
    ids=["nothing", "older than the opening", "a failure", "silent on questions"],
)
async def test_nothing_else_closes_it(standing):
    world = World()
    breaker = world.opened()
    world.clock.pass_s(2)
    world.store.standings, world.store.changed = {"one": standing}, ("one",)
    await world.keeper.follow()
    assert breaker.state(world.clock.now) is State.OPEN


async def test_a_state_of_down_opens_no_breaker():
    world = World()
    down = Standing(Standing_.DOWN, START, START, Check(START, Result.DOWN))
    world.store.standings, world.store.changed = {"one": down}, ("one",)
    await world.keeper.follow()
    assert world.breakers.of("one").state(world.clock.now) is State.CLOSED


async def test_only_the_one_that_checks_judges_questions_and_drops_old_history():
    world = World()
    world.lease = False
    await world.keeper.judge()
    await world.keeper.prune()
    assert (world.store.kinds, world.store.pruned) == ([], 0)
    world.lease = True
    await world.keeper.judge()
    await world.keeper.prune()
    assert (world.store.kinds, world.store.pruned) == ([Kind.QUESTION], 1)


async def test_questions_that_time_out_while_checks_pass_make_a_member_silent():
    world = World()
    world.store = world.keeper._store = Kept()
    await world.keeper.is_ours()
    world.book.checked("one", "", Check(world.now(), Result.UP, elapsed_ms=5))
    world.clock.pass_s(60)
    for _ in range(5):
        world.keeper.heard("one", Failure(NoAnswerCode.TIMEOUT, "late"), 8.0)
    world.clock.pass_s(60)
    world.book.checked("one", "", Check(world.now(), Result.UP, elapsed_ms=5))
    await world.keeper.judge()
    assert world.book.standing("one").traits == {Trait.SILENT}


async def test_members_that_left_are_forgotten():
    world = World()
    await world.keeper.is_ours()
    world.book.checked("one", "", Check(START, Result.UP))
    await world.keeper.flush()
    del world.members["one"]
    await world.keeper.follow()
    assert world.book.standing("one") == Standing()


async def test_it_runs_whatever_the_registry_does_and_writes_the_last_on_closing(logged):
    world = World()
    world.store.error = AWAY
    await world.keeper.start()
    world.store.error = RuntimeError("a mistake of ours")
    await come_true(lambda: any(one["log_level"] == "error" for one in logged))
    world.store.error = None
    await come_true(lambda: not world.store.changed)
    world.keeper.heard("one", None, 0.5)
    await world.keeper.aclose()
    assert world.asked == [("one", 1, 0, 0)]
    assert world.checker.ended == 1
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_closing_without_the_registry_says_what_is_lost(logged):
    world = World()
    await world.keeper.start()
    world.keeper.heard("one", None, 0.5)
    world.store.error = AWAY
    await world.keeper.aclose()
    assert [one["event"] for one in logged if one["log_level"] == "warning"] == [
        "the last of members' health could not be written"
    ]
