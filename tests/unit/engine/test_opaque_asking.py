"""A group is asked and told of as one, when all inside have ended."""

import asyncio
from datetime import UTC, datetime

import pytest

from aggregator.engine import fanout, opaque
from aggregator.engine.planner import Together
from aggregator.engine.service import QueryOptions
from aggregator.model.merged import Verdict
from aggregator.model.outcome import Ending, NoAnswerCode, NotAskedCode, Source
from aggregator.protocol.wire import Failure
from registry.models import Group
from tests.builders import member, query, v2_reply
from tests.unit.engine.kit import Engine, settle

NORTH = Group(id="north", name="The North", opaque=True)
NOW = datetime(2026, 1, 1, tzinfo=UTC)
HANGS = Failure(NoAnswerCode.TIMEOUT, "secret: no answer within 8 s")


@pytest.fixture(autouse=True)
def _without_grace(monkeypatch):
    monkeypatch.setattr(fanout, "GRACE_S", 0)


def hidden(member_id, **more):
    return member(member_id, **{"groups": ["north"], **more})


def network(*inside, **options):
    members = inside or (hidden("x"), hidden("y"), hidden("z"))
    return Engine(member("a"), *members, groups=[NORTH], **options)


@pytest.fixture
async def engine():
    return network()


def of(answer):
    (made,) = [one for one in answer.outcomes if one.member.id == "north"]
    return made


def asked(engine):
    return [each for each, _ in engine.client.asked]


async def test_every_beacon_inside_is_asked_once(engine):
    await engine.ask()
    assert asked(engine) == ["a", "x", "y", "z"]


async def test_the_group_has_one_outcome_and_its_members_none(engine):
    heard = []
    answer = await engine.ask(on_outcome=heard.append)
    assert [one.member.id for one in answer.outcomes] == ["a", "north"]
    assert sorted(one.member.id for one in heard) == ["a", "north"]


async def test_one_yes_makes_the_group_say_yes(engine):
    engine.client.ends = lambda who, request: v2_reply(who.id == "y")
    answer = await engine.ask()
    assert of(answer).ending is Ending.FOUND
    assert answer.verdict is Verdict.FOUND
    assert answer.is_complete


async def test_silence_inside_keeps_the_network_from_saying_no(engine):
    engine.client.ends = lambda who, request: HANGS if who.id == "y" else v2_reply(False)
    answer = await engine.ask()
    assert of(answer).ending is Ending.NO_ANSWER
    assert of(answer).reason.message == "1 of 3 of its beacons did not answer"
    assert (answer.verdict, answer.is_complete) == (Verdict.UNKNOWN, False)


async def test_all_no_is_no(engine):
    engine.client.always(v2_reply(False))
    answer = await engine.ask()
    assert (answer.verdict, answer.is_complete) == (Verdict.NOT_FOUND, True)


async def test_counts_inside_are_added_and_added_to_the_networks(engine):
    engine.client.ends = lambda who, request: v2_reply(True, 2)
    answer = await engine.ask(query(granularity="record"))
    assert of(answer).answer.count == 6
    assert answer.count.value == 8


async def test_a_group_counted_outside_as_well_makes_the_sum_inexact():
    twin = member("twin", same_as=["x"])
    engine = Engine(twin, hidden("x"), hidden("y"), groups=[NORTH])
    engine.client.ends = lambda who, request: v2_reply(True, 2)
    answer = await engine.ask(query(granularity="count"))
    assert (answer.count.value, answer.count.is_exact) == (6, False)


async def test_a_fast_yes_is_not_seen_before_the_slowest_has_ended(engine):
    slow, heard = asyncio.Event(), []
    call = engine.client.call

    async def called(who, request, **options):
        if who.id == "z":
            await slow.wait()
        return await call(who, request, **options)

    engine.client.call = called
    asking = asyncio.create_task(engine.ask(on_outcome=heard.append))
    await settle()
    assert [one.member.id for one in heard] == ["a"]
    assert engine.client.calls == 3
    slow.set()
    await asking
    assert [one.member.id for one in heard] == ["a", "north"]


async def test_what_the_cache_holds_waits_for_the_others_too(engine):
    first = Engine(hidden("x"), hidden("y"), groups=[NORTH])
    await first.ask()
    members = (hidden("x"), hidden("y"), hidden("z"))
    first.holder.publish(members, [NORTH])
    first.client.gate, heard = asyncio.Event(), []
    asking = asyncio.create_task(first.ask(on_outcome=heard.append))
    await settle()
    assert heard == []
    assert asked(first) == ["x", "y", "z"]
    first.client.gate.set()
    await asking
    assert heard[0].source is Source.LIVE


async def test_a_group_that_is_all_in_the_cache_is_told_at_once(engine):
    await engine.ask()
    engine.wall_clock.pass_s(10)
    made = of(await engine.ask())
    assert (made.source, made.age_s, made.attempts) == (Source.CACHE, 10, 0)
    assert engine.client.calls == 4


async def test_old_answers_inside_are_renewed_in_the_background(engine):
    await engine.ask()
    engine.wall_clock.pass_s(1000)
    made = of(await engine.ask())
    assert made.source is Source.STALE
    await settle()
    assert engine.client.calls == 8
    await engine.service.aclose()


async def test_the_deadline_ends_a_group():
    engine = network()
    engine.client.gate = asyncio.Event()
    answer = await engine.ask(deadline_s=0.01)
    assert of(answer).reason.code is NoAnswerCode.TIMEOUT
    assert of(answer).reason.message == "3 of 3 of its beacons did not answer"


def holding_back(engine, *slow):
    """Let some inside hang for ever."""
    call, never = engine.client.call, asyncio.Event()

    async def called(who, request, **options):
        if who.id in slow:
            await never.wait()
        return await call(who, request, **options)

    engine.client.call = called


async def test_at_the_usual_deadline_a_yes_counts_without_the_slow():
    engine = network(patience_s=0.01)
    holding_back(engine, "z")
    made = of(await engine.ask(deadline_s=0.01))
    assert (made.ending, made.is_partial) == (Ending.FOUND, True)


async def test_a_client_in_a_hurry_does_not_see_how_soon_the_yes_came():
    engine = network(patience_s=10)
    holding_back(engine, "z")
    made = of(await engine.ask(deadline_s=0.01))
    assert (made.ending, made.reason.code) == (Ending.NO_ANSWER, NoAnswerCode.TIMEOUT)
    assert "not all of its beacons" in made.reason.message


async def test_a_hurry_is_no_matter_when_all_have_ended():
    assert of(await network(patience_s=10).ask(deadline_s=1)).ending is Ending.FOUND


@pytest.mark.parametrize(
    "inside",
    [
        (hidden("x"),),
        (hidden("x"), hidden("y", assemblies=["GRCh37"])),
        (hidden("x"), hidden("y", disabled=True)),
        (hidden("x"), hidden("y", paused={"note": "secret"})),
        (hidden("x"), hidden("y", token="env:BEACON_MEMBER_TOKEN_Y")),
    ],
)
async def test_one_alone_is_not_asked(inside):
    engine = network(*inside)
    answer = await engine.ask()
    made = of(answer)
    assert (made.ending, made.reason.code) == (Ending.NOT_ASKED, NotAskedCode.OPAQUE)
    assert made.is_missing
    assert asked(engine) == ["a"]


@pytest.mark.parametrize(
    ("inside", "expected"),
    [
        ({"assemblies": ["GRCh37"]}, "assembly"),
        ({"disabled": True}, "disabled"),
        ({"paused": {"note": "secret"}}, "paused"),
        ({"token": "env:BEACON_MEMBER_TOKEN_Y"}, "needs_token"),
    ],
)
async def test_a_group_of_which_nobody_can_be_asked_says_why(inside, expected):
    made = of(await network(hidden("x", **inside), hidden("y", **inside)).ask())
    assert (made.ending, made.reason.code.value) == (Ending.NOT_ASKED, expected)
    assert "secret" not in made.reason.message


async def test_a_failing_beacon_inside_is_left_alone_by_its_own_breaker(engine):
    engine.client.ends = lambda who, request: (
        Failure(NoAnswerCode.CONNECT, "secret") if who.id == "x" else v2_reply(False)
    )
    for _ in range(5):
        made = of(await engine.ask())
        engine.wall_clock.pass_s(10**6)
    assert made.reason.message == "1 of 3 of its beacons did not answer"
    made = of(await engine.ask())
    assert made.reason.message == "1 of 3 of its beacons could not be asked"
    assert engine.breakers.states(engine.clock())["x"].value == "open"


async def test_who_admits_hears_of_every_beacon(engine):
    heard = []

    async def admit(number):
        heard.append(number)

    await engine.ask(admit=admit)
    assert heard == [4]


async def test_operators_read_in_the_log_who_failed(engine, logged):
    engine.client.ends = lambda who, request: HANGS if who.id == "y" else v2_reply(False)
    await engine.ask()
    (line,) = [line for line in logged if line["event"] == "member failed"]
    assert (line["member"], line["group"], line["reason"]) == ("y", "north", "timeout")


async def test_an_error_in_joining_a_group_is_its_own(engine, monkeypatch):
    def broken(*_, **__):
        raise RuntimeError("secret")

    monkeypatch.setattr(opaque, "fold", broken)
    answer = await engine.ask()
    assert of(answer).reason.code is NoAnswerCode.INTERNAL
    assert "secret" not in of(answer).reason.message
    assert answer.outcomes[0].ending is Ending.FOUND


async def test_two_groups_end_each_for_itself():
    south = Group(id="south", opaque=True)
    members = (hidden("x"), hidden("y"), *(hidden(i, groups=["south"]) for i in "st"))
    engine = Engine(*members, groups=[NORTH, south])
    engine.client.ends = lambda who, request: v2_reply(who.id == "s")
    answer = await engine.ask()
    told = {one.member.id: one.ending for one in answer.outcomes}
    assert told == {"north": Ending.NOT_FOUND, "south": Ending.FOUND}


async def test_a_beacon_called_like_its_group_is_asked_and_stays_hidden():
    engine = Engine(hidden("north"), hidden("y"), groups=[NORTH])
    answer = await engine.ask()
    assert asked(engine) == ["north", "y"]
    assert [one.member.name for one in answer.outcomes] == ["The North"]


def test_explaining_says_only_whether_a_group_would_be_asked():
    engine = network()
    (_, group) = engine.service.explain(query(), QueryOptions(deadline_s=1))
    assert isinstance(group.plan.decision, Together)
    alone = network(hidden("x"))
    (_, group) = alone.service.explain(query(), QueryOptions(deadline_s=1))
    assert group.plan.decision.code is NotAskedCode.OPAQUE
