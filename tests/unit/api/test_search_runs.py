"""Running searches: who shares one, who gets a new one, and how they end."""

import asyncio
from datetime import UTC, datetime

import pytest

from aggregator.api import search_runs
from aggregator.api.search_runs import SearchRuns
from aggregator.base.errors import Overloaded
from aggregator.engine.planner import Selection
from aggregator.engine.service import QueryOptions
from aggregator.model.outcome import Ending
from registry.snapshot import SnapshotHolder
from tests.builders import SNV, Clock, member, network_answer, outcome, query

ASKED = query()
OTHER = query({**SNV, "alternate": "T"})
OPTIONS = QueryOptions(deadline_s=10)


class Members:
    """A service whose members answer when they are told to."""

    def __init__(self):
        self.asked = 0
        self.cancelled = 0
        self.fails = None
        self._queues = []

    async def ask(self, query, options, on_outcome=None):
        self.asked += 1
        queue = asyncio.Queue()
        self._queues.append(queue)
        ended = {}
        try:
            while len(ended) < 3:
                one = await queue.get()
                if isinstance(one, Exception):
                    raise one
                ended[one.member.id] = one
                on_outcome(one)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        return network_answer([ended[each] for each in "abc"], query)

    async def end(self, *outcomes, of=-1):
        while not self._queues:
            await asyncio.sleep(0)
        for one in outcomes:
            self._queues[of].put_nowait(one)
        await settle()


async def settle():
    for _ in range(10):
        await asyncio.sleep(0)


ALL = [outcome("a"), outcome("b", "not_found"), outcome("c", "timeout")]


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def members():
    return Members()


@pytest.fixture
async def runs(members, clock):
    holder = SnapshotHolder()
    holder.publish([member(each) for each in "abc"])
    made = SearchRuns(
        members, holder, clock=clock, now=lambda: datetime(2026, 11, 20, tzinfo=UTC), max_runs=2
    )
    yield made
    await made.aclose()


def states(run):
    return [
        place.heard.outcome.ending.value if place.heard else Ending.ASKING.value
        for place in run.places
    ]


async def test_everybody_has_a_place_from_the_start(runs, members):
    run = runs.join(ASKED, OPTIONS)

    assert states(run) == ["asking"] * 3
    assert not await run.ended(0)
    await members.end(outcome("b", "not_found"))
    assert states(run) == ["asking", "not_found", "asking"]
    assert not run.is_done


async def test_the_last_member_is_told_together_with_the_end(runs, members):
    run = runs.join(ASKED, OPTIONS)
    seen = []

    async def watch():
        version = -1
        while not run.is_done:
            await run.newer_than(version, 5)
            version = run.version
            seen.append((states(run).count("asking"), run.is_done))

    watching = asyncio.create_task(watch())
    for one in ALL:
        await members.end(one)
    await watching

    assert (0, False) not in seen
    assert seen[-1] == (0, True)
    assert run.answer.ended(Ending.FOUND)


async def test_the_same_question_is_one_run(runs, members):
    run = runs.join(ASKED, OPTIONS)

    assert runs.join(query(), QueryOptions(deadline_s=10)) is run
    await settle()
    assert members.asked == 1


@pytest.mark.parametrize(
    ("asked", "options"),
    [
        (OTHER, OPTIONS),
        (ASKED, QueryOptions(deadline_s=2)),
        (ASKED, QueryOptions(deadline_s=10, selection=Selection(frozenset({"a"})))),
        (ASKED, QueryOptions(deadline_s=10, user_token="Bearer mine")),
    ],
    ids=["question", "deadline", "selection", "token"],
)
async def test_another_question_selection_or_asker_is_another(runs, asked, options):
    assert runs.join(asked, options) is not runs.join(ASKED, OPTIONS)


async def test_an_end_nobody_has_seen_waits_for_somebody(runs, members):
    run = runs.join(ASKED, OPTIONS)
    await members.end(*ALL)
    assert await run.ended(1)

    assert runs.join(ASKED, OPTIONS) is run
    run.is_seen = True
    assert runs.join(ASKED, OPTIONS, only_look=True) is run
    assert runs.join(ASKED, OPTIONS) is not run


async def test_an_old_end_is_forgotten(runs, members, clock):
    run = runs.join(ASKED, OPTIONS)
    await members.end(*ALL)
    clock.pass_s(search_runs.KEEP_S + 1)

    assert runs.join(ASKED, OPTIONS, only_look=True) is not run


async def test_runs_are_bounded_and_ended_ones_make_room(runs, members):
    first = runs.join(ASKED, OPTIONS)
    await members.end(*ALL)
    runs.join(OTHER, OPTIONS)
    runs.join(ASKED, QueryOptions(deadline_s=3))
    assert first.is_done
    assert len(runs) == 2

    with pytest.raises(Overloaded):
        runs.join(ASKED, QueryOptions(deadline_s=4))


async def test_a_refused_run_is_not_handed_on(runs, members):
    run = runs.join(ASKED, OPTIONS)
    await members.end(Overloaded("Too many.", retry_after_s=2))

    assert isinstance(run.failure, Overloaded)
    assert runs.join(ASKED, OPTIONS) is not run


async def test_an_unexpected_error_ends_the_run(runs, members):
    run = runs.join(ASKED, OPTIONS)
    await members.end(ValueError("oops"))

    assert run.is_done
    assert "oops" not in run.failure.message
    assert not run.is_stopped


async def test_who_stops_waiting_does_not_stop_the_run(runs, members):
    run = runs.join(ASKED, OPTIONS)
    waiting = asyncio.create_task(run.ended(10))
    await settle()
    waiting.cancel()
    await asyncio.wait({waiting})
    await members.end(*ALL)

    assert run.is_done
    assert members.cancelled == 0


async def test_closing_ends_and_awaits_every_run(runs, members):
    run, other = runs.join(ASKED, OPTIONS), runs.join(OTHER, OPTIONS)
    await settle()
    await runs.aclose()

    assert members.cancelled == 2
    assert run.is_stopped
    assert other.is_stopped
    assert len(runs) == 0


async def test_news_time_out(runs):
    run = runs.join(ASKED, OPTIONS)

    assert not await run.newer_than(run.version, 0)
