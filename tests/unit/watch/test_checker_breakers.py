"""Checks and the breakers of questions: when a check is the trial, and when it ends a pause."""

import pytest

from aggregator.upstream.breaker import Health, State, Verdict
from registry.health import Phase, Trait
from registry.places import place_of
from tests.unit.watch.checks_world import World


def opened(world, name="one"):
    breaker = world.breakers.of(name)
    for _ in range(5):
        breaker.allow(world.clock.now).record(Verdict(Health.FAILS), world.clock.now)
    assert breaker.state(world.clock.now) is State.OPEN
    return breaker


async def test_failed_checks_open_it_as_failed_questions_do():
    world = World("one", "two")
    world.fails["one"] = Phase.CONNECT
    await world.rounds(4)
    assert world.breakers.of("one").state(world.clock.now) is State.CLOSED
    await world.check("one")
    assert world.breakers.of("one").state(world.clock.now) is State.OPEN


async def test_one_whose_pause_is_over_is_due_once_for_each_pause():
    world = World("one", "two")
    await world.rounds(1)
    breaker = opened(world)
    for name in world.members:
        world.timetable.begin(name, world.clock.now)
    world.checker.hurry()
    assert world.due() == []
    world.clock.pass_s(5.0)
    world.checker.hurry()
    assert world.due() == ["one"]
    world.timetable.begin("one", world.clock.now)
    world.checker.hurry()
    assert world.due() == []
    world.fails["one"] = Phase.CONNECT
    await world.check("one")
    assert breaker.state(world.clock.now) is State.OPEN
    world.clock.pass_s(10.0)
    world.checker.hurry()
    assert world.due() == ["one"]


async def test_the_check_is_the_trial_and_closes():
    world = World("one")
    breaker = opened(world)
    world.clock.pass_s(5.0)
    seen = []
    world.during = lambda: seen.append(breaker.is_trying)
    await world.check()
    assert seen == [True]
    assert breaker.state(world.clock.now) is State.CLOSED


async def test_a_success_within_the_pause_closes_too():
    world = World("one")
    breaker = opened(world)
    world.clock.pass_s(1.0)
    await world.check()
    assert breaker.state(world.clock.now) is State.CLOSED


async def test_a_failure_within_the_pause_changes_nothing():
    world = World("one")
    breaker = opened(world)
    until_s = breaker.open_until_s
    world.fails["one"] = Phase.CONNECT
    world.clock.pass_s(1.0)
    await world.check()
    assert breaker.open_until_s == until_s


async def test_of_a_member_silent_on_questions_only_questions_tell():
    world = World("one")
    await world.check()
    place = place_of(world.members["one"].entry)
    world.book.call("one", place, Trait.SILENT, is_on=True, at=world.now())
    breaker = opened(world)
    world.clock.pass_s(5.0)
    world.checker.hurry()
    seen = []
    world.during = lambda: seen.append(breaker.is_trying)
    await world.check()
    assert seen == [False]
    assert breaker.state(world.clock.now) is State.HALF_OPEN


async def test_a_pause_that_was_asked_for_is_kept():
    world = World("one")
    world.retry_after_s = 60.0
    await world.check()
    world.retry_after_s = 0.0
    await world.check()
    assert world.breakers.of("one").state(world.clock.now) is State.OPEN


async def test_a_look_that_ends_early_frees_the_trial():
    world = World("one")
    breaker = opened(world)
    world.clock.pass_s(5.0)

    def mistake():
        raise RuntimeError("a mistake of ours")

    world.during = mistake
    with pytest.raises(RuntimeError):
        await world.check()
    assert not breaker.is_trying
