"""How real questions ended is told where breakers hear of it, and nowhere else."""

import asyncio

import pytest

from aggregator.model.outcome import NoAnswerCode
from aggregator.protocol.wire import Failure, Reply
from tests.builders import member, v2_reply
from tests.unit.engine.kit import Engine, settle


class Hearing(Engine):
    def __init__(self, *members):
        super().__init__(*members)
        self.told = []
        self.asker.heard = lambda member_id, failure, elapsed_s: self.told.append(
            (member_id, failure.code if failure else None, elapsed_s)
        )


async def test_each_live_call_is_told_with_how_long_it_took():
    engine = Hearing(member("one"))

    def late(_, request):
        engine.clock.pass_s(0.75)
        return v2_reply()

    engine.client.ends = late
    await engine.live(engine.asking(member("one")))
    assert engine.told == [("one", None, 0.75)]


async def test_the_time_in_our_own_line_is_not_the_members():
    engine = Hearing(member("one"))
    call = engine.client.call

    async def waits(asked, request, *, progress, **options):
        engine.clock.pass_s(0.75)
        progress.waited_s = 0.5
        return await call(asked, request, progress=progress, **options)

    engine.client.call = waits
    await engine.live(engine.asking(member("one")))
    assert engine.told == [("one", None, 0.25)]


@pytest.mark.parametrize("code", ["timeout", "connect", "server_error", "rejected", "no_verdict"])
async def test_failures_are_told(code):
    engine = Hearing(member("one"))
    engine.client.always(Failure(NoAnswerCode(code), "why"))
    await engine.live(engine.asking(member("one")))
    assert engine.told == [("one", NoAnswerCode(code), 0.0)]


async def test_an_answer_that_cannot_be_read_is_told_as_a_failure():
    engine = Hearing(member("one"))
    engine.client.always(Reply(200, b"{"))
    await engine.live(engine.asking(member("one")))
    assert engine.told == [("one", NoAnswerCode.INVALID_BODY, 0.0)]


@pytest.mark.parametrize("code", ["overloaded", "address", "internal", "cancelled"])
async def test_what_ended_for_a_reason_of_ours_is_not(code):
    engine = Hearing(member("one"))
    engine.client.always(Failure(NoAnswerCode(code), "ours"))
    await engine.live(engine.asking(member("one")))
    assert engine.told == []


async def test_a_mistake_of_ours_is_not_the_members():
    engine = Hearing(member("one"))
    engine.client.always(RuntimeError("a mistake of ours"))
    await engine.live(engine.asking(member("one")))
    assert engine.told == []


async def test_answers_from_the_cache_are_not_told():
    engine = Hearing(member("one"))
    await engine.live(engine.asking(member("one")))
    asking = await engine.looked_up(member("one"))
    assert asking.stored is not None
    engine.asker.from_cache(asking)
    assert len(engine.told) == 1


async def test_a_suspended_member_is_not_told_of():
    engine = Hearing(member("one"))
    engine.client.always(Failure(NoAnswerCode.CONNECT, "why"))
    for _ in range(7):
        await engine.live(engine.asking(member("one")))
    assert len(engine.told) == 5


async def test_a_client_that_goes_is_not_told_as_the_members_failure():
    engine = Hearing(member("one"))
    engine.client.gate = asyncio.Event()
    place = engine.asker.begin(engine.asking(member("one")), "1.1 us")
    await settle()
    place.leave()
    await asyncio.wait({place.task})
    assert engine.told == []


async def test_those_who_share_a_call_are_told_of_once():
    engine = Hearing(member("one"))
    engine.client.gate = asyncio.Event()
    places = [engine.asker.begin(engine.asking(member("one")), "1.1 us") for _ in range(3)]
    await settle()
    engine.client.gate.set()
    await asyncio.wait({place.task for place in places})
    for place in places:
        place.leave()
    assert len(engine.told) == 1
