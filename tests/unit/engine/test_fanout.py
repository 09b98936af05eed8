"""All members at once under one deadline: each is heard once, and nothing runs on."""

import asyncio

import pytest

from aggregator.engine import fanout
from aggregator.engine.coalesce import Coalescer
from aggregator.engine.fanout import fan_out
from tests.unit.engine.kit import ahead, over, settle


@pytest.fixture(autouse=True)
def _without_grace(monkeypatch):
    monkeypatch.setattr(fanout, "GRACE_S", 0)


class Members:
    """Calls that end when told, and what was heard of them."""

    def __init__(self):
        self.calls = Coalescer()
        self.gates = {}
        self.cancelled = []
        self.heard = []

    def join(self, *keys):
        return {key: self.calls.join(key, lambda key=key: self._call(key)) for key in keys}

    async def _call(self, key):
        gate = self.gates.setdefault(key, asyncio.Event())
        try:
            await gate.wait()
        except asyncio.CancelledError:
            await asyncio.sleep(0)  # giving a connection back takes a moment
            self.cancelled.append(key)
            raise
        return f"answer of {key}"

    def open(self, *keys):
        for key in keys:
            self.gates.setdefault(key, asyncio.Event()).set()

    def fan_out(self, joined, deadline):
        return fan_out(
            joined,
            deadline,
            ended=lambda key, value: self.heard.append((key, value)),
            late=lambda key: self.heard.append((key, "late")),
        )


@pytest.fixture
async def members():
    return Members()


async def test_every_member_is_heard_once_as_it_ends(members):
    running = asyncio.create_task(members.fan_out(members.join("a", "b", "c"), ahead()))
    for key in ("b", "c", "a"):
        members.open(key)
        await settle()
        assert members.heard[-1] == (key, f"answer of {key}")
    await running
    assert len(members.heard) == 3


async def test_it_ends_with_the_last_member(members):
    members.open("a", "b")
    await asyncio.wait_for(members.fan_out(members.join("a", "b"), ahead()), 20)


async def test_without_members_there_is_nothing_to_wait_for(members):
    await asyncio.wait_for(members.fan_out({}, ahead()), 20)
    assert members.heard == []


async def test_members_still_running_at_the_deadline_are_late(members):
    members.open("a")
    joined = members.join("a", "b")
    await settle()
    await members.fan_out(joined, over())
    assert members.heard == [("a", "answer of a"), ("b", "late")]


async def test_late_calls_have_ended_before_it_returns(members):
    joined = members.join("a", "b")
    await settle()
    await members.fan_out(joined, over())
    assert sorted(members.cancelled) == ["a", "b"]


async def test_a_late_member_is_heard_of_while_its_call_still_runs(members):
    joined = members.join("a")
    await settle()
    seen = []
    await fan_out(
        joined,
        over(),
        ended=lambda key, value: None,
        late=lambda key: seen.append(joined[key].task.done()),
    )
    assert seen == [False]


async def test_a_call_others_wait_for_goes_on_after_the_deadline(members):
    hurried = members.join("a")
    patient = members.join("a")
    await settle()
    await members.fan_out(hurried, over())
    assert members.cancelled == []
    members.open("a")
    assert await patient["a"].task == "answer of a"


async def test_two_questions_share_a_call_and_both_hear_its_end(members):
    other = Members()
    joined = members.join("a")
    also = members.join("a")
    members.open("a")
    await asyncio.gather(members.fan_out(joined, ahead()), other.fan_out(also, ahead()))
    assert members.heard == other.heard == [("a", "answer of a")]


async def test_a_cancelled_caller_cancels_the_calls_and_waits_for_their_end(members):
    running = asyncio.create_task(members.fan_out(members.join("a", "b"), ahead()))
    await settle()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert sorted(members.cancelled) == ["a", "b"]


async def test_a_cancelled_caller_hears_of_nobody_any_more(members):
    running = asyncio.create_task(members.fan_out(members.join("a"), ahead()))
    await settle()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert members.heard == []


async def test_a_call_that_was_cancelled_elsewhere_is_late(members):
    joined = members.join("a")
    running = asyncio.create_task(members.fan_out(joined, ahead()))
    await settle()
    joined["a"].task.cancel()
    await asyncio.wait_for(running, 20)
    assert members.heard == [("a", "late")]


async def test_nothing_is_left_running(members):
    members.open("a")
    joined = members.join("a", "b")
    await settle()
    await members.fan_out(joined, over())
    assert len(members.calls) == 0
    assert asyncio.all_tasks() == {asyncio.current_task()}
