"""Many questions at once: equal ones share a call, and whoever leaves takes nothing from others."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import aiohttp
import pytest

from tests import faulty
from tests.faulty import Behaviour, FaultyMember, Wire
from tests.networks import (
    BRAF,
    DEADLINE_S,
    Reply,
    Running,
    come_true,
    demo_running,
    entry,
    network_of,
    questions,
    says,
    scripted,
    until,
)

NO_CACHE = {"ttl_s": 0, "stale_while_revalidate_s": 0, "stale_if_error_s": 0}
PATIENT = {"deadline_s": 60, "member_timeout_s": 60}
MANY = 100


class Gate:
    """Holds answers back until it is opened."""

    def __init__(self) -> None:
        self.open = asyncio.Event()

    def before(self, behaviour: Behaviour) -> Behaviour:
        async def behave(wire: Wire) -> None:
            await self.open.wait()
            await behaviour(wire)

        return behave


@asynccontextmanager
async def held(
    gate: Gate, **overrides: dict[str, object]
) -> AsyncIterator[tuple[Running, FaultyMember]]:
    """A network of one member that answers yes when the gate opens."""
    answer = gate.before(faulty.json_answer(says()))
    async with FaultyMember(scripted(answer)) as member:
        async with network_of([entry(member)], **overrides) as net:
            await net.known("scripted")
            yield net, member


@contextmanager
def asking(*tasks: "asyncio.Task[Reply]") -> Iterator[None]:
    """End what is still asking, whatever the test comes to."""
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()


async def left(*tasks: "asyncio.Task[Reply]") -> None:
    """Let clients go away in the middle of their question."""
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)


class TestEqualQuestions:
    async def test_a_hundred_at_once_are_one_call_per_member(self) -> None:
        """Cached or shared: nobody is asked twice."""
        async with demo_running(query=PATIENT) as net:
            replies = await asyncio.gather(*(net.ask(BRAF) for _ in range(MANY)))

            assert {tuple(reply.found) for reply in replies} == {("demo-v11", "demo-records")}
            assert set(net.times_asked.values()) == {0, 1}
            await come_true(lambda: net.is_at_rest)

    async def test_they_share_a_call_while_it_runs(self) -> None:
        gate = Gate()
        settings = {"max_queries": MANY} | PATIENT
        async with held(gate, cache=NO_CACHE, query=settings) as (net, member):
            tasks = [asyncio.create_task(net.ask(BRAF)) for _ in range(MANY)]
            with asking(*tasks):
                await come_true(lambda: net.network.asker.shared_calls == MANY - 1)
                assert net.network.asker.calls_in_flight == 1
                gate.open.set()
                replies = await asyncio.gather(*tasks)

            assert all(reply.found == ["scripted"] for reply in replies)
            assert len(questions(member)) == 1

    async def test_spellings_of_one_question_share_a_call(self) -> None:
        gate = Gate()
        async with held(gate, cache=NO_CACHE) as (net, member):
            spelled = (BRAF, BRAF | {"referenceName": "chr7"}, BRAF | {"assemblyId": "hg38"})
            tasks = [asyncio.create_task(net.ask(question)) for question in spelled]
            with asking(*tasks):
                await come_true(lambda: net.network.asker.shared_calls == 2)
                gate.open.set()
                await asyncio.gather(*tasks)
            assert len(questions(member)) == 1

    async def test_other_questions_do_not(self) -> None:
        gate = Gate()
        async with held(gate, cache=NO_CACHE) as (net, member):
            other = BRAF | {"requestedGranularity": "count"}
            tasks = [asyncio.create_task(net.ask(question)) for question in (BRAF, other)]
            with asking(*tasks):
                await until(member, lambda m: len(questions(m)) == 2)
                gate.open.set()
                await asyncio.gather(*tasks)

    async def test_two_deadlines_share_a_call_and_each_keeps_its_own(self) -> None:
        gate = Gate()
        async with held(gate, cache=NO_CACHE, query=PATIENT) as (net, member):
            patient = asyncio.create_task(net.ask(BRAF | {"wait": "60"}, within_s=60))
            with asking(patient):
                await until(member, lambda m: len(questions(m)) == 1)
                hurried = await net.ask(BRAF | {"wait": str(DEADLINE_S)})
                assert hurried.endings == {"scripted": "no_answer/timeout"}
                assert not patient.done()
                gate.open.set()
                assert (await patient).endings == {"scripted": "found"}
            assert len(questions(member)) == 1

    async def test_a_hurried_question_first_takes_nothing_from_a_patient_one(self) -> None:
        gate = Gate()
        async with held(gate, cache=NO_CACHE, query=PATIENT) as (net, member):
            # long enough for the patient one to come while it waits
            hurried = asyncio.create_task(net.ask(BRAF | {"wait": str(10 * DEADLINE_S)}))
            with asking(hurried):
                await until(member, lambda m: len(questions(m)) == 1)
                patient = asyncio.create_task(net.ask(BRAF | {"wait": "60"}, within_s=60))
                with asking(patient):
                    await come_true(lambda: net.network.asker.shared_calls == 1)
                    assert not hurried.done()
                    assert (await hurried).endings == {"scripted": "no_answer/timeout"}
                    gate.open.set()
                    assert (await patient).endings == {"scripted": "found"}
            assert len(questions(member)) == 1


class TestClientsThatLeave:
    async def test_the_last_one_ends_the_calls(self) -> None:
        async with FaultyMember(scripted(faulty.hang())) as member:
            async with network_of([entry(member)]) as net:
                await net.known("scripted")
                task = asyncio.create_task(net.ask(BRAF))
                with asking(task):
                    await until(member, lambda m: len(questions(m)) == 1)
                    await left(task)
                await until(member, lambda m: m.is_left_alone)
                await come_true(lambda: net.is_at_rest)

    async def test_one_of_two_leaves_the_call_alone(self) -> None:
        gate = Gate()
        async with held(gate, cache=NO_CACHE) as (net, member):
            tasks = [asyncio.create_task(net.ask(BRAF)) for _ in range(2)]
            with asking(*tasks):
                await come_true(lambda: net.network.asker.shared_calls == 1)
                await left(tasks[0])
                gate.open.set()
                assert (await tasks[1]).found == ["scripted"]
            assert len(questions(member)) == 1

    async def test_all_of_many_at_once(self) -> None:
        async with FaultyMember(scripted(faulty.hang())) as member:
            async with network_of([entry(member, max_concurrency=3)]) as net:
                await net.known("scripted")
                asked = [BRAF | {"start": str(1000 + step)} for step in range(20)]
                tasks = [asyncio.create_task(net.ask(question)) for question in asked]
                with asking(*tasks):
                    await come_true(lambda: net.network.asker.calls_in_flight == len(asked))
                    await left(*tasks)
                await come_true(lambda: net.is_at_rest)
                await until(member, lambda m: m.is_left_alone)

    async def test_in_the_middle_of_a_body(self) -> None:
        """A member that has begun to answer is left as well."""
        async with FaultyMember(scripted(faulty.drip())) as member:
            async with network_of([entry(member)]) as net:
                await net.known("scripted")
                task = asyncio.create_task(net.ask(BRAF))
                with asking(task):
                    await come_true(lambda: net.network.client.budget.reserved > 0)
                    await left(task)
                await come_true(lambda: net.is_at_rest)
                await until(member, lambda m: m.is_left_alone)

    async def test_while_waiting_for_a_turn(self) -> None:
        """Questions wait when too many are being answered; who leaves the line frees it."""
        async with FaultyMember(scripted(faulty.hang())) as member:
            async with network_of([entry(member)], query={"max_queries": 1}) as net:
                await net.known("scripted")
                first = asyncio.create_task(net.ask(BRAF))
                with asking(first):
                    await until(member, lambda m: len(questions(m)) == 1)
                    gate = net.network.service._gate
                    second = asyncio.create_task(net.ask(BRAF))
                    with asking(second):
                        await come_true(lambda: gate.waiting == 1)
                        await left(second)
                        await come_true(lambda: gate.waiting == 0)
                    await left(first)
                await come_true(lambda: gate.is_idle and net.is_at_rest)

    @pytest.mark.parametrize("path", ["/v1/query", "/search.json?q=7-140753336-A-T"])
    async def test_on_every_surface(self, path: str) -> None:
        async with FaultyMember(scripted(faulty.hang())) as member:
            async with network_of([entry(member)]) as net:
                await net.known("scripted")
                asked = None if "?" in path else BRAF
                task = asyncio.create_task(net.ask(asked, path=path))
                with asking(task):
                    await until(member, lambda m: len(questions(m)) == 1)
                    await left(task)
                await until(member, lambda m: m.is_left_alone)
                await come_true(lambda: net.is_at_rest)


async def test_many_different_questions_at_once_get_their_own_answers() -> None:
    """Nobody gets another's answer: each is told the position it asked for."""
    async with demo_running(query={"max_queries": MANY} | PATIENT) as net:
        starts = [140753300 + step for step in range(MANY)]
        connector = aiohttp.TCPConnector(limit=MANY)
        async with aiohttp.ClientSession(connector=connector) as client:
            other = Running(net.url, net.network, client)
            asked = (other.ask(BRAF | {"start": str(start)}) for start in starts)
            replies = await asyncio.gather(*asked)

        assert [reply.echo["start"] for reply in replies] == [[start] for start in starts]
        found = [start for start, reply in zip(starts, replies, strict=True) if reply.found]
        assert found == [140753335]
