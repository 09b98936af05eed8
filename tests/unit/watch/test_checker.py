"""Checks one after the other: whose failure it was, what the book and the breakers are told."""

import pytest

from registry.health import Phase, Result
from tests.builders import member
from tests.unit.watch.checks_world import DOWN, PAUSED, UP, World

FAR = [Phase.DNS, Phase.CONNECT, Phase.TLS, Phase.SLOW]


@pytest.mark.parametrize("phase", [*FAR, Phase.STATUS])
async def test_three_failures_are_an_outage_and_two_successes_end_it(phase):
    world = World("one", "two")
    await world.rounds(3)
    world.fails["one"] = phase
    await world.rounds(2)
    await world.check("two")
    assert world.state("one") is UP
    await world.rounds(1)
    await world.check("two")
    assert world.states == {"one": DOWN, "two": UP}
    world.fails["one"] = None
    await world.rounds(1)
    assert world.state("one") is DOWN
    await world.rounds(1)
    assert world.state("one") is UP
    assert world.events == [("one", "outage", "began"), ("one", "outage", "ended")]


async def test_lost_checks_are_no_outage():
    world = World("one", "two")
    for _ in range(5):
        world.fails["one"] = Phase.SLOW
        await world.rounds(2)
        world.fails["one"] = None
        await world.rounds(20)
    assert world.states == {"one": UP, "two": UP}
    assert world.events == []


async def test_when_all_are_gone_at_once_nobody_is_down_and_it_is_told_once():
    world = World("one", "two", "three")
    await world.rounds(3)
    world.fails = dict.fromkeys(world.fails, Phase.CONNECT)
    await world.rounds(30)
    assert set(world.states.values()) == {UP}
    world.fails = dict.fromkeys(world.fails)
    await world.rounds(3)
    assert set(world.states.values()) == {UP}
    assert world.events == [("", "network", "began"), ("", "network", "ended")]
    assert Result.DOWN not in {result for _, result in world.counted}


@pytest.mark.parametrize("rounds", [1, 2])
async def test_a_short_cut_is_nobodys_failure(rounds):
    world = World("one", "two", "three")
    await world.rounds(3)
    world.fails = dict.fromkeys(world.fails, Phase.SLOW)
    await world.rounds(rounds)
    world.fails = dict.fromkeys(world.fails)
    await world.rounds(3)
    assert Result.DOWN not in {result for _, result in world.counted}
    assert world.events == []


async def test_an_outage_goes_on_through_a_cut_of_ours():
    world = World("one", "two", "three")
    await world.rounds(2)
    world.fails["one"] = Phase.CONNECT
    await world.rounds(5)
    assert world.state("one") is DOWN
    world.fails = dict.fromkeys(world.fails, Phase.CONNECT)
    await world.rounds(5)
    world.fails = {"one": Phase.CONNECT, "two": None, "three": None}
    await world.rounds(5)
    assert world.states == {"one": DOWN, "two": UP, "three": UP}
    assert world.events == [
        ("one", "outage", "began"),
        ("", "network", "began"),
        ("", "network", "ended"),
    ]


async def test_after_a_cut_everybody_is_looked_at_at_once():
    world = World("one", "two", "three")
    await world.rounds(1)
    world.fails = dict.fromkeys(world.fails, Phase.CONNECT)
    await world.rounds(6)
    for name in world.members:
        world.timetable.begin(name, world.clock.now)
    world.fails = dict.fromkeys(world.fails)
    await world.check("two")
    assert world.due() == ["one", "two", "three"]


async def test_an_error_page_comes_through_the_connection_and_counts():
    world = World("one", "two")
    await world.rounds(2)
    world.fails = {"one": Phase.CONNECT, "two": Phase.STATUS}
    await world.rounds(4)
    assert world.states == {"one": DOWN, "two": DOWN}


async def test_certificates_that_end_on_one_day_are_their_members_and_no_cut_of_ours():
    world = World("one", "two")
    await world.rounds(3)
    world.fails = dict.fromkeys(world.fails, Phase.TLS)
    world.certified = {"one", "two"}
    await world.rounds(3)
    assert world.states == {"one": DOWN, "two": DOWN}
    assert world.events == [("one", "outage", "began"), ("two", "outage", "began")]


async def test_a_certificate_that_cannot_be_trusted_shows_that_we_are_connected():
    world = World("one", "two", "three")
    await world.rounds(3)
    world.fails = dict.fromkeys(world.fails, Phase.CONNECT)
    await world.rounds(4)
    assert world.events == [("", "network", "began")]
    world.fails["two"] = Phase.TLS
    world.certified = {"two"}
    await world.rounds(1)
    assert world.events == [("", "network", "ended")]


async def test_while_the_reference_is_away_nobody_is_down():
    world = World("one", places=("ref:1",))
    await world.rounds(3)
    world.online.clear()
    world.fails["one"] = Phase.CONNECT
    await world.rounds(10)
    assert world.state("one") is UP
    world.online.add("ref:1")
    world.fails["one"] = None
    await world.rounds(2)
    assert world.events == [("", "network", "began"), ("", "network", "ended")]


async def test_members_that_answer_do_not_bring_the_reference_back():
    """One cut lasts as long as the places to compare with are away, and is told once."""
    world = World("one", "two", places=("ref:1",))
    await world.rounds(3)
    world.online.clear()
    world.fails["one"] = Phase.CONNECT
    await world.rounds(10)
    assert world.states == {"one": UP, "two": UP}
    assert world.counted[-2:] == [("one", Result.UNKNOWN), ("two", Result.UP)]
    assert world.events == [("", "network", "began")]
    world.online.add("ref:1")
    await world.check("two")
    assert world.events == [("", "network", "ended")]
    await world.rounds(3)
    assert world.events == [("one", "outage", "began")]


async def test_while_the_reference_answers_all_members_may_be_down():
    world = World("one", "two", places=("ref:1",))
    await world.rounds(2)
    world.fails = dict.fromkeys(world.fails, Phase.CONNECT)
    await world.rounds(3)
    assert world.states == {"one": DOWN, "two": DOWN}
    assert world.events == [("one", "outage", "began"), ("two", "outage", "began")]


@pytest.mark.parametrize("phase", [Phase.TLS, Phase.STATUS])
async def test_what_stands_between_answers_for_nobody_while_the_reference_is_away(phase):
    world = World("one", "two", places=("ref:1",))
    await world.rounds(2)
    world.online.clear()
    world.fails, world.certified = dict.fromkeys(world.fails, phase), {"one", "two"}
    await world.rounds(10)
    assert world.states == {"one": UP, "two": UP}
    assert Result.DOWN not in {result for _, result in world.counted}
    world.online.add("ref:1")
    await world.rounds(3)
    assert world.states == {"one": DOWN, "two": DOWN}
    assert [one for one in world.events if one[1] == "network"] == [
        ("", "network", "began"),
        ("", "network", "ended"),
    ]


async def test_an_outage_that_outlasts_a_cut_is_found_when_the_reference_is_back():
    world = World("one", places=("ref:1",))
    await world.rounds(3)
    world.online.clear()
    world.fails["one"] = Phase.CONNECT
    await world.rounds(3)
    world.online.add("ref:1")
    await world.rounds(3)
    assert world.state("one") is DOWN
    assert [what for *_, what in world.events] == ["began", "ended", "began"]


async def test_a_cut_found_by_a_process_before_ends_with_the_first_answer():
    world = World("one", "two")
    world.book.cut(world.now())
    world.checker.begin(is_cut=True)
    world.fails["one"] = Phase.CONNECT
    await world.check("one")
    assert world.counted == [("one", Result.UNKNOWN)]
    await world.check("two")
    assert world.events == [("", "network", "began"), ("", "network", "ended")]


async def test_a_paused_member_is_not_asked_anything():
    world = World("one", "two")
    world.members["one"] = member("one", paused={"note": "moving"})
    world.members["two"] = member("two", disabled=True)
    await world.rounds(2)
    assert world.looks == []
    assert world.states == {"one": PAUSED, "two": PAUSED}
    world.members["one"] = member("one", paused={"until": "2026-05-03T12:00:00Z"})
    await world.rounds(1)
    assert world.looks == ["one"]
    assert world.state("one") is UP
    assert world.events == []


async def test_paused_members_are_no_witnesses():
    world = World("one", "two")
    await world.rounds(2)
    world.members["two"] = member("two", paused={"note": "moving"})
    world.fails["one"] = Phase.CONNECT
    await world.rounds(3)
    assert world.state("one") is DOWN


@pytest.mark.parametrize("there", [None, "https://new.example.org"])
async def test_what_is_found_out_about_a_place_left_meanwhile_is_dropped(there):
    world = World("one", "two")
    old = world.members["one"]

    def leave():
        if there is None:
            world.members.pop("one", None)
        else:
            world.members["one"] = member("one", url=there)

    world.during = leave
    world.fails["one"] = Phase.STATUS
    await world.checker.check(old)
    assert world.counted == []
    assert world.book.standing("one").checked_at is None


async def test_what_waits_for_a_verdict_is_dropped_when_its_member_moves():
    world = World("one", "two")
    await world.rounds(1)
    world.fails["one"] = Phase.CONNECT
    await world.check("one")
    world.members["one"] = member("one", url="https://new.example.org")
    before = len(world.counted)
    await world.check("two")
    assert world.counted[before:] == [("two", Result.UP)]


async def test_leaving_off_decides_nothing_against_a_member():
    world = World("one", "two")
    await world.rounds(1)
    world.fails["one"] = Phase.CONNECT
    await world.check("one")
    world.checker.end()
    assert world.counted[-1] == ("one", Result.UNKNOWN)


async def test_a_member_that_asks_for_a_pause_is_looked_at_after_it():
    world = World("one")
    world.retry_after_s = 600.0
    world.timetable.begin("one", world.clock.now)
    await world.check()
    world.clock.pass_s(599.8)
    assert world.due() == []
    world.clock.pass_s(0.2)
    assert world.due() == ["one"]
    assert world.state("one") is UP


async def test_one_that_is_not_available_for_long_is_looked_at_sooner():
    world = World("one")
    world.retry_after_s, world.fails["one"] = 86400.0, Phase.STATUS
    world.timetable.begin("one", world.clock.now)
    await world.check()
    world.clock.pass_s(300)
    assert world.due() == ["one"]
