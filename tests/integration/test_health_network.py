"""Checks and the network around them: its own connection, pauses, moves, processes, breakers."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest

from aggregator.upstream.breaker import State
from demo import Fault
from registry.history import Kind, Window
from registry.seed import read_entries
from tests.checked import BY_HAND, Checked
from tests.faulty import FaultyMember, answer, hang, json_answer, reset
from tests.hiding import group_of
from tests.networks import (
    BRAF,
    PATIENT_S,
    come_true,
    demo_running,
    entry,
    network_of,
    questions,
    says,
    scripted,
)
from tests.ports import free_port

pytestmark = pytest.mark.usefixtures("long_pauses")

QUICK = {"health": {"probe_s": 0.2, "jitter": 0}, "query": {"retries": 0}}
BROKEN = json_answer({"error": {}}, 500)
CUT = [("", "network", "began"), ("", "network", "ended")]


def with_health(settings, **health):
    return settings | {"health": settings["health"] | health}


async def come_to(checked, events, within_s=PATIENT_S):
    """Wait until exactly these events are told."""
    async with asyncio.timeout(within_s):
        while True:
            await checked.known()
            if (found := await checked.events()) == events:
                return
            assert found == events[: len(found)], found
            await asyncio.sleep(0.02)


async def test_when_all_members_are_gone_at_once_it_is_our_own_connection():
    async with demo_running(**QUICK) as net:
        checked = Checked(net)
        await come_true(lambda: checked.states == dict.fromkeys(net.beacons, "up"))
        await come_true(lambda: net.is_at_rest)  # no check is half before and half after it
        for beacon in net.beacons.values():
            beacon.fault = Fault(down=True)
        await come_to(checked, CUT[:1])
        await come_true(
            lambda: {checked.ended(one) for one in net.beacons} == {("unknown", "ours")}
        )
        assert checked.states == dict.fromkeys(net.beacons, "up")
        await come_true(lambda: net.is_at_rest)
        for beacon in net.beacons.values():
            beacon.fault = Fault()
        await come_to(checked, CUT)
        await come_true(lambda: {checked.ended(one) for one in net.beacons} == {("up", None)})
        await checked.known()
        assert await checked.events() == CUT
        assert await checked.incidents() == [("", "network", True)]
        day = await checked.watch.health.figures(Window.DAY)
        assert [one.uptime.down for one in day.values()] == [0] * len(net.beacons)


async def test_with_a_reference_a_single_member_is_told_from_our_connection():
    async def welcome(_, writer):
        writer.close()

    port = free_port()
    server = await asyncio.start_server(welcome, "127.0.0.1", port)
    settings = with_health(BY_HAND, reference=[f"127.0.0.1:{port}"])
    async with FaultyMember(scripted()) as member, network_of([entry(member)], **settings) as net:
        checked = Checked(net)
        await checked.rounds(1)
        assert checked.states == {"scripted": "up"}
        server.close()
        await server.wait_closed()
        member.behaviours = (reset(),)
        await checked.rounds(4)
        assert checked.ended("scripted") == ("unknown", "ours")
        assert await checked.events() == CUT[:1]
        server = await asyncio.start_server(welcome, "127.0.0.1", port)
        async with server:
            await checked.rounds(3)
            assert checked.states == {"scripted": "down"}
            assert await checked.events() == [*CUT, ("scripted", "outage", "began")]


async def test_with_a_reference_all_members_may_be_down():
    async def welcome(_, writer):
        writer.close()

    server = await asyncio.start_server(welcome, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with (
        server,
        demo_running(**with_health(BY_HAND, reference=[f"127.0.0.1:{port}"])) as net,
    ):
        checked = Checked(net)
        for beacon in net.beacons.values():
            beacon.fault = Fault(down=True)
        await checked.rounds(3)
        assert checked.states == dict.fromkeys(net.beacons, "down")
        assert await checked.events() == [(one, "outage", "began") for one in net.beacons]


async def test_a_paused_member_is_not_asked_and_not_called_down():
    async with FaultyMember(scripted()) as paused, FaultyMember(scripted()) as off:
        entries = [
            entry(paused, "paused", paused={"note": "moving"}),
            entry(off, "off", disabled=True),
        ]
        async with network_of(entries, **BY_HAND) as net:
            checked = Checked(net)
            await checked.rounds(3)
            assert checked.states == {"paused": "paused", "off": "paused"}
            # what the network learns of who is paused goes on; a check has an id of its own
            asked = [*paused.requests, *off.requests]
            assert not [one for one in asked if "x-request-id" in one.headers]
            assert questions(paused) == questions(off) == []
            assert (await checked.events(), await checked.incidents()) == ([], [])


async def test_a_pause_ends_an_outage_without_a_word_of_return():
    async with FaultyMember(BROKEN) as one, FaultyMember(scripted()) as two:
        async with network_of([entry(one, "one"), entry(two, "two")], **BY_HAND) as net:
            checked = Checked(net)
            await checked.rounds(3)
            assert checked.states == {"one": "down", "two": "up"}
            await declare(net, entry(one, "one", paused={"note": "moving"}), entry(two, "two"))
            await checked.rounds(1)
            assert checked.states == {"one": "paused", "two": "up"}
            assert await checked.events() == [("one", "outage", "began")]
            assert await checked.incidents() == [("one", "outage", True)]


async def test_a_member_at_a_new_address_begins_anew():
    async with (
        FaultyMember(BROKEN) as old,
        FaultyMember(scripted()) as new,
        FaultyMember(scripted()) as steady,
        network_of([entry(old, "one"), entry(steady, "steady")], **BY_HAND) as net,
    ):
        checked = Checked(net)
        await checked.rounds(3)
        assert checked.states["one"] == "down"
        await declare(net, entry(new, "one"), entry(steady, "steady"))
        assert "one" not in checked.states
        for task in await checked.watch.rounds.step():  # at once, without being hurried
            await task
        await checked.known()
        assert checked.states == {"one": "up", "steady": "up"}
        assert await checked.events() == [("one", "outage", "began")]
        assert await checked.incidents() == [("one", "outage", True)]


async def declare(net, *entries):
    """Give the network another list of members."""
    await net.network.registry.seeder.declare(read_entries([dict(one) for one in entries], "test"))
    await net.network.keeper.refresh()


@asynccontextmanager
async def processes(database_url, members, number=2, **settings) -> AsyncIterator[list]:
    """So many networks on one registry, and what closes each."""
    async with AsyncExitStack() as stack:
        made = []
        for _ in range(number):
            own = await stack.enter_async_context(AsyncExitStack())
            net = await own.enter_async_context(
                network_of(members, **settings | {"registry": {"url": database_url}})
            )
            checked = Checked(net)
            assert made or await checked.watch.checks.is_ours()  # the first one checks for all
            made.append((checked, own))
        yield made


async def test_of_two_processes_one_checks_and_the_other_knows_and_takes_over(database_url):
    async with FaultyMember(BROKEN) as bad, FaultyMember(scripted()) as good:
        members = [entry(bad, "bad"), entry(good, "good")]
        async with processes(database_url, members, **BY_HAND) as ((first, leave), (second, _)):
            await first.rounds(3)
            await second.rounds(3)
            assert len(questions(good)) == 3
            assert first.states == second.states == {"bad": "down", "good": "up"}
            await leave.aclose()
            bad.behaviours = (scripted(),)
            await second.rounds(2)
            assert len(questions(good)) == 5
            assert second.states == {"bad": "up", "good": "up"}
            assert await second.events() == [("bad", "outage", "began"), ("bad", "outage", "ended")]
            assert await second.incidents() == [("bad", "outage", True)]


async def test_a_restart_goes_on_where_it_left_off(database_url):
    async with FaultyMember(BROKEN) as bad, FaultyMember(scripted()) as good:
        members = [entry(bad, "bad"), entry(good, "good")]
        for _ in range(2):
            async with processes(database_url, members, 1, **BY_HAND) as ((checked, _),):
                await checked.rounds(2)
                states, events = checked.states, await checked.events()
        assert states == {"bad": "down", "good": "up"}
        assert events == [("bad", "outage", "began")]


async def open_breaker(net, member_id):
    """Ask until the member is not asked any more."""
    for _ in range(5):
        reply = await net.ask(BRAF, headers={"Cache-Control": "no-cache"})
        assert reply.endings[member_id].startswith("no_answer"), reply.endings
    breaker = net.network.breakers.of(member_id)
    assert breaker.state(time.monotonic()) is State.OPEN
    return breaker


NO_CACHE = {"cache": {"ttl_s": 0, "stale_while_revalidate_s": 0, "stale_if_error_s": 0}}


async def test_after_a_check_found_it_back_the_next_question_is_answered():
    async with FaultyMember(scripted(BROKEN)) as member:
        async with network_of([entry(member)], **BY_HAND | NO_CACHE) as net:
            checked = Checked(net)
            await open_breaker(net, "scripted")
            reply = await net.ask(BRAF)
            assert reply.endings == {"scripted": "not_asked/suspended"}
            member.behaviours = (scripted(),)
            await checked.rounds(1)
            reply = await net.ask(BRAF)
            assert reply.endings == {"scripted": "found"}


@pytest.mark.parametrize("is_read_before", [False, True])
async def test_another_process_takes_over_that_it_is_back(database_url, is_read_before):
    async with FaultyMember(scripted(BROKEN)) as member:
        settings = BY_HAND | NO_CACHE
        async with processes(database_url, [entry(member)], **settings) as made:
            (first, _), (second, _) = made
            await open_breaker(second.net, "scripted")
            member.behaviours = (scripted(),)
            await first.rounds(2)
            if is_read_before:  # as whoever writes a note does
                await second.watch.health.refresh()
            await second.known()
            reply = await second.net.ask(BRAF)
            assert reply.endings == {"scripted": "found"}


async def test_a_member_that_fails_checks_is_suspended_before_a_user_pays():
    async with FaultyMember(BROKEN) as bad, FaultyMember(scripted()) as good:
        members = [entry(bad, "bad"), entry(good, "good")]
        async with network_of(members, **BY_HAND | NO_CACHE) as net:
            await Checked(net).rounds(5)
            reply = await net.ask(BRAF)
            assert reply.endings == {"bad": "not_asked/suspended", "good": "found"}


async def test_a_member_that_answers_checks_and_not_questions_is_called_silent(monkeypatch):
    ahead = [timedelta()]
    monkeypatch.setattr("aggregator.watching._now", lambda: datetime.now(UTC) + ahead[0])

    async def hangs_on_questions(wire):
        told = wire.request.headers
        behave = scripted() if "x-request-id" in told else scripted(hang())
        await behave(wire)

    async with FaultyMember(hangs_on_questions) as member:
        async with network_of([entry(member)], **BY_HAND | NO_CACHE) as net:
            # of questions alone, none of which is answered: checks have the time they need
            monkeypatch.setattr(net.network.asker, "_member_timeout_s", 0.3)
            checked = Checked(net)
            await net.known("scripted")
            await checked.rounds(3)
            ahead[0] += timedelta(minutes=2)
            await open_breaker(net, "scripted")
            ahead[0] += timedelta(minutes=2)
            await checked.check()
            await checked.watch.checks.judge()
            await checked.known()
            assert checked.states == {"scripted": "up"}
            assert await checked.events() == [("scripted", "silent", "began")]
            assert await checked.incidents() == [("scripted", "silent", False)]
            # a check that is answered does not send users to it any more
            await open_breaker(net, "scripted")
            await checked.rounds(2)
            assert (await net.ask(BRAF)).endings == {"scripted": "not_asked/suspended"}
            figures = await checked.watch.health.figures(Window.DAY, kind=Kind.QUESTION)
            assert figures["scripted"].uptime.down == 10
            assert figures["scripted"].timed_out == 10


async def test_answers_from_the_cache_are_no_questions_to_the_member():
    async with FaultyMember(scripted(json_answer(says()))) as member:
        async with network_of([entry(member)], **BY_HAND) as net:
            checked = Checked(net)
            for _ in range(3):
                assert (await net.ask(BRAF)).endings == {"scripted": "found"}
            await checked.known()
            figures = await checked.watch.health.figures(Window.DAY, kind=Kind.QUESTION)
            assert figures["scripted"].uptime.up == 1


async def test_checks_and_questions_are_counted_for_the_beacons_inside_an_opaque_group(tmp_path):
    async with group_of(tmp_path, scripted(), BROKEN, **BY_HAND) as net:
        checked = Checked(net)
        await checked.rounds(3)
        assert checked.states == {"quellwater-0": "up", "quellwater-1": "down"}
        await net.ask(BRAF)
        await checked.known()
        figures = await checked.watch.health.figures(Window.DAY, kind=Kind.QUESTION)
        uptimes = {name: (one.uptime.up, one.uptime.down) for name, one in figures.items()}
        assert uptimes == {"quellwater-0": (1, 0), "quellwater-1": (0, 1)}


async def test_without_an_interval_nothing_is_checked_and_nothing_known():
    async with FaultyMember(scripted()) as member:
        async with network_of([entry(member)]) as net:
            assert not [task for task in asyncio.all_tasks() if task.get_name() == "check members"]
            assert Checked(net).states == {}
            assert questions(member) == []


@pytest.mark.parametrize("fault", [hang(), answer(b"{")])
async def test_closing_in_the_middle_of_a_check_leaves_nothing(fault):
    async with FaultyMember(fault) as member:
        async with network_of([entry(member)], **with_health(QUICK, probe_timeout_s=5)) as net:
            before = len(member.requests)
            await come_true(lambda: len(member.requests) > before)
            assert net.network.is_ready
