"""When members are due for a look, and who runs the looks."""

import asyncio

import pytest

from aggregator.base.errors import RegistryUnavailable
from aggregator.watch.rounds import Rounds, Timetable
from tests.builders import Clock, member
from tests.networks import come_true


def timetable(every_s=60.0, *, jitter=0.0, rand=lambda: 0.5):
    return Timetable(every_s, jitter=jitter, rand=rand)


def due(times, now, *members, age_s=lambda member_id: None):
    return [one.id for one in times.due(members, now, age_s)]


def test_a_member_never_seen_is_due_within_a_tenth_of_the_interval():
    times = timetable()
    assert due(times, 0.0, member("one")) == []
    assert due(times, 2.9, member("one")) == []
    assert due(times, 3.0, member("one")) == ["one"]


def test_new_members_do_not_come_all_at_once():
    shares = iter([0.0, 0.5, 1.0])
    times = timetable(rand=lambda: next(shares))
    members = [member(name) for name in ("one", "two", "three")]
    assert due(times, 0.0, *members) == ["one"]
    assert due(times, 3.0, *members) == ["one", "two"]
    assert due(times, 6.0, *members) == ["one", "two", "three"]


def test_a_member_is_due_again_one_interval_after_a_look_began():
    times = timetable()
    due(times, 0.0, member("one"))
    times.begin("one", 3.0)
    assert due(times, 62.9, member("one")) == []
    assert due(times, 63.0, member("one")) == ["one"]


@pytest.mark.parametrize(("share", "wait_s"), [(0.0, 54.0), (0.5, 60.0), (1.0, 66.0)])
def test_looks_come_a_little_earlier_or_later(share, wait_s):
    times = timetable(jitter=0.1, rand=lambda: share)
    due(times, 0.0, member("one"))
    times.begin("one", 0.0)
    assert due(times, wait_s - 0.01, member("one")) == []
    assert due(times, wait_s, member("one")) == ["one"]


def test_what_was_looked_at_before_we_began_waits_for_its_time():
    times = timetable()
    ages = {"one": 20.0}
    assert due(times, 0.0, member("one"), age_s=ages.get) == []
    assert due(times, 39.9, member("one"), age_s=ages.get) == []
    assert due(times, 40.0, member("one"), age_s=ages.get) == ["one"]


@pytest.mark.parametrize("age_s", [60.0, 10_000.0, -5.0])
def test_a_look_of_long_ago_or_of_a_clock_that_is_wrong_is_none(age_s):
    times = timetable()
    assert due(times, 0.0, member("one"), age_s=lambda member_id: age_s) == []
    assert due(times, 3.0, member("one"), age_s=lambda member_id: age_s) == ["one"]


def test_a_member_at_a_new_place_is_due_at_once():
    times = timetable()
    due(times, 0.0, member("one"))
    times.begin("one", 3.0)
    moved = member("one", url="https://new.example.org")
    assert due(times, 4.0, moved) == ["one"]


def test_a_member_that_left_and_came_back_is_new():
    times = timetable()
    due(times, 0.0, member("one"))
    times.begin("one", 3.0)
    assert due(times, 4.0) == []
    assert due(times, 5.0, member("one")) == []
    assert due(times, 8.0, member("one")) == ["one"]


def test_a_hurried_member_is_due_now_and_a_stranger_is_none():
    times = timetable()
    due(times, 0.0, member("one"))
    times.begin("one", 3.0)
    times.hurry("one")
    times.hurry("stranger")
    assert due(times, 4.0, member("one")) == ["one"]
    assert due(times, 4.0, member("one"), member("stranger")) == ["one"]


def test_a_member_that_asks_for_a_pause_gets_it_and_never_less_than_the_interval():
    times = timetable()
    due(times, 0.0, member("one"))
    times.begin("one", 0.0)
    times.wait("one", 10.0)
    times.wait("stranger", 10.0)
    assert due(times, 59.0, member("one")) == []
    times.wait("one", 500.0)
    assert due(times, 499.0, member("one")) == []
    assert due(times, 500.0, member("one")) == ["one"]


class World:
    """Rounds of two members whose looks end when they are told to."""

    def __init__(self, *, at_once=8, every_s=60.0):
        self.clock = Clock(0.0)
        self.is_ours = True
        self.members = [member("one"), member("two")]
        self.looked: list[str] = []
        self.running = 0
        self.most = 0
        self.gate = asyncio.Event()
        self.gate.set()
        self.error: Exception | None = None
        self.rounds = Rounds(
            "look",
            Timetable(every_s, jitter=0.0, rand=lambda: 0.0),
            members=lambda: self.members,
            look=self.look,
            is_ours=self.ours,
            at_once=at_once,
            clock=self.clock,
            tick_s=0.001,
        )

    async def ours(self):
        if isinstance(self.is_ours, Exception):
            raise self.is_ours
        return self.is_ours

    async def look(self, one):
        self.looked.append(one.id)
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            await self.gate.wait()
            if self.error is not None and one.id == "one":
                raise self.error
        finally:
            self.running -= 1

    async def step(self):
        looks = await self.rounds.step()
        if looks:
            await asyncio.wait(looks)


async def test_a_step_looks_at_all_that_are_due_and_not_again_before_their_time():
    world = World()
    await world.step()
    await world.step()
    assert world.looked == ["one", "two"]
    world.clock.pass_s(60)
    await world.step()
    assert world.looked == ["one", "two"] * 2


async def test_nobody_looks_without_the_lease():
    world = World()
    world.is_ours = False
    await world.step()
    assert world.looked == []
    world.is_ours = True
    await world.step()
    assert world.looked == ["one", "two"]


async def test_so_many_are_looked_at_at_once_and_no_more():
    world = World(at_once=1)
    world.members.append(member("three"))
    await world.step()
    assert (world.most, len(world.looked)) == (1, 3)


async def test_a_member_that_is_still_being_looked_at_is_not_looked_at_twice():
    world = World()
    world.gate.clear()
    await world.rounds.step()
    world.clock.pass_s(600)
    looks = await world.rounds.step()
    assert len(looks) == 2
    world.gate.set()
    await asyncio.wait(looks)
    assert sorted(world.looked) == ["one", "two"]
    await world.step()
    assert sorted(world.looked) == ["one", "one", "two", "two"]


@pytest.mark.parametrize(
    "error", [RuntimeError("a mistake of ours"), RegistryUnavailable("away", retry_after_s=1)]
)
async def test_a_look_that_fails_stops_no_other_and_is_tried_again(error, logged):
    world = World()
    world.error = error
    await world.step()
    world.clock.pass_s(60)
    await world.step()
    assert world.looked == ["one", "two"] * 2
    loud = [entry for entry in logged if entry["log_level"] == "error"]
    assert len(loud) == (2 if isinstance(error, RuntimeError) else 0)
    assert all(entry["member"] == "one" for entry in loud)


@pytest.mark.parametrize(
    "error", [RuntimeError("a mistake of ours"), RegistryUnavailable("away", retry_after_s=1)]
)
async def test_the_rounds_go_on_whatever_a_step_raises(error):
    world = World()
    world.is_ours = error
    await world.rounds.start()
    await asyncio.sleep(0)
    world.is_ours = True
    await come_true(lambda: sorted(world.looked) == ["one", "two"])
    await world.rounds.aclose()


async def test_no_interval_means_never():
    world = World(every_s=0)
    await world.rounds.start()
    assert asyncio.all_tasks() == {asyncio.current_task()}
    await world.rounds.aclose()


async def test_closing_ends_looks_that_run():
    world = World()
    world.gate.clear()
    await world.rounds.start()
    await come_true(lambda: world.running == 2)
    await world.rounds.aclose()
    assert world.running == 0
    assert asyncio.all_tasks() == {asyncio.current_task()}
