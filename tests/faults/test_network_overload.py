"""Too much at once: for one member, for the network, for what it can hold in memory."""

import asyncio

from tests import faulty
from tests.clocks import skip
from tests.faulty import FaultyMember, Wire
from tests.networks import (
    BRAF,
    DEADLINE_S,
    GENEROUS_S,
    come_true,
    entry,
    network_of,
    questions,
    says,
    scripted,
    until,
)
from tests.official import official

QUESTIONS = [BRAF | {"start": str(140753335 + step)} for step in range(4)]
SHORT = {"deadline_s": DEADLINE_S}


async def test_a_busy_member_with_one_slot_delays_only_itself() -> None:
    async with FaultyMember(scripted(faulty.hang())) as slow, FaultyMember(scripted()) as good:
        entries = [entry(slow, "slow", max_concurrency=1, timeout_s=60), entry(good, "good")]
        async with network_of(entries, query=SHORT) as net:
            await net.known("slow", "good")
            for question in QUESTIONS[1:]:  # what the other says is there before any deadline
                known = await net.ask(question | {"ask": "good", "wait": "30"})
                assert known.found == ["good"]
            holding = asyncio.create_task(net.ask(QUESTIONS[0] | {"wait": "30"}))
            await until(slow, lambda m: len(questions(m)) == 1)
            asked = (net.ask(question, within_s=GENEROUS_S) for question in QUESTIONS[1:])
            replies = await asyncio.gather(*asked)

            for reply in replies:
                assert reply.status == 200
                assert reply.endings == {"slow": "no_answer/overloaded", "good": "found"}
                assert "no free slot" in reply.members["slow"]["reason"]["message"]
            holding.cancel()
            await asyncio.wait({holding})
            await come_true(lambda: net.is_at_rest)
        assert slow.most_at_once == 1
        assert len(questions(slow)) == 1


async def test_who_never_got_a_slot_has_nothing_held_against_it() -> None:
    """Being overloaded is ours: it must not suspend the member."""
    async with FaultyMember(scripted(faulty.hang())) as slow:
        entries = [entry(slow, "slow", max_concurrency=1, timeout_s=60)]
        async with network_of(entries, query=SHORT | {"deadline_s": 0.1}) as net:
            await net.known("slow")
            holding = asyncio.create_task(net.ask(QUESTIONS[0] | {"wait": "30"}))
            await until(slow, lambda m: len(questions(m)) == 1)
            for _ in range(6):
                reply = await net.ask(QUESTIONS[1], within_s=GENEROUS_S)
                assert reply.endings == {"slow": "no_answer/overloaded"}
            holding.cancel()
            await asyncio.wait({holding})
            await come_true(lambda: net.is_at_rest)


async def test_no_member_is_called_more_often_at_once_than_it_may_be() -> None:
    late = faulty.answer(b'{"responseSummary": {"exists": true}}', after_s=0.02)
    at_once, most = 0, 0

    async def counted(wire: Wire) -> None:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await late(wire)
        at_once -= 1

    async with FaultyMember(scripted(counted)) as member:
        async with network_of([entry(member, max_concurrency=2)]) as net:
            await net.known("scripted")
            asked = [BRAF | {"start": str(1000 + step)} for step in range(12)]
            replies = await asyncio.gather(*(net.ask(question) for question in asked))

            assert all(reply.found == ["scripted"] for reply in replies)
        assert most == 2  # what is asked about the beacon itself has slots of its own


async def test_too_many_questions_at_once_are_told_to_come_back() -> None:
    async with FaultyMember(scripted(faulty.hang())) as member:
        settings = {"deadline_s": DEADLINE_S, "max_queries": 1}
        async with network_of([entry(member, timeout_s=60)], query=settings) as net:
            first = asyncio.create_task(net.ask(QUESTIONS[0] | {"wait": "30"}))
            await until(member, lambda m: len(questions(m)) == 1)
            second = await net.ask(QUESTIONS[1], within_s=GENEROUS_S)

            assert second.status == 503
            assert int(second.headers["Retry-After"]) >= 1
            official.validate_v2_answer(second.json)
            skip(30)
            assert (await first).endings == {"scripted": "no_answer/timeout"}
        assert len(questions(member)) == 1


async def test_the_memory_for_answers_is_shared_and_given_back() -> None:
    """A body that hangs halfway holds its part of the memory until it is given up."""
    big = says(results=[{"note": "x" * 40_000}])
    pause = faulty.json_answer(big)
    half = faulty.head(200, [("Content-Length", "50000")]) + b" " * 40_000
    async with (
        FaultyMember(scripted(faulty.raw(half, end="hang"))) as holder,
        FaultyMember(scripted(pause)) as other,
    ):
        settings = {"max_bytes_in_flight": 65536}
        async with network_of([entry(holder, "holder", timeout_s=60)], query=settings) as net:
            first = asyncio.create_task(net.ask(QUESTIONS[0] | {"wait": "30"}))
            await come_true(lambda: net.network.client.budget.reserved >= 40_000)
            skip(30)
            await first
            await come_true(lambda: net.is_at_rest)
        async with network_of([entry(other, "other")], query=settings) as net:
            reply = await net.ask(QUESTIONS[0] | {"requestedGranularity": "record"})
            assert reply.found == ["other"]
            assert net.network.client.budget.reserved == 0
