"""The whole network asked once: everyone named, nobody waited for too long, nothing left over."""

import asyncio
from datetime import UTC, datetime

import pytest
from structlog.testing import capture_logs

from aggregator.base.errors import BadQuery, Overloaded
from aggregator.engine import asking as asking_module
from aggregator.engine import fanout
from aggregator.engine.planner import Selection
from aggregator.engine.service import MAX_REFRESHES, QueryOptions
from aggregator.model.merged import Verdict
from aggregator.model.outcome import Ending, NoAnswerCode, Source
from aggregator.protocol.translators import translator_for
from aggregator.protocol.wire import NotAsked
from aggregator.upstream.tokens import NeedsToken
from registry.models import Protocol
from tests.builders import SNV, member, query, v2_reply
from tests.unit.engine.kit import Engine, settle


@pytest.fixture(autouse=True)
def _without_grace(monkeypatch):
    monkeypatch.setattr(fanout, "GRACE_S", 0)


@pytest.fixture
async def engine():
    return Engine(member("a"), member("b"), member("c"))


def selected(*ids):
    return Selection(members=frozenset(ids))


def endings(answer):
    return {one.member.id: one.ending for one in answer.outcomes}


def reasons(answer):
    return {one.member.id: one.reason.code.value for one in answer.outcomes if one.reason}


def answering(**exists):
    """Let members answer; those without one hang until the gate opens."""
    return lambda asked, request: v2_reply(exists[asked.id])


# --- the answer ---


async def test_every_member_is_in_the_answer_in_registry_order(engine):
    answer = await engine.ask()
    assert [one.member.id for one in answer.outcomes] == ["a", "b", "c"]
    assert answer.verdict is Verdict.FOUND


async def test_one_question_asks_every_member_once(engine):
    await engine.ask()
    assert [asked for asked, _ in engine.client.asked] == ["a", "b", "c"]


async def test_how_long_it_took_is_told(engine):
    engine.client.ends = lambda asked, request: engine.clock.pass_s(0.25) or v2_reply()
    assert (await engine.ask()).elapsed_s == 0.75


async def test_warnings_about_the_question_come_first(engine):
    engine.client.always(RuntimeError("boom"))
    answer = await engine.ask(warnings=("unknown parameters were ignored: x",))
    assert answer.warnings == (
        "unknown parameters were ignored: x",
        "3 members did not answer: a 'no' from them is missing",
    )


async def test_the_way_so_far_is_sent_along(engine):
    await engine.ask(via=("1.1 other", "1.1 proxy"))
    assert engine.client.options[0]["via"] == "1.1 other, 1.1 proxy, 1.1 us"


async def test_an_empty_network_answers_nothing():
    answer = await Engine().ask()
    assert (answer.outcomes, answer.verdict) == ((), Verdict.UNKNOWN)


async def test_a_running_question_keeps_the_members_it_started_with(engine):
    engine.client.gate = asyncio.Event()
    running = asyncio.create_task(engine.ask())
    await settle()
    engine.holder.publish([member("z")])
    engine.client.gate.set()
    assert list(endings(await running)) == ["a", "b", "c"]


# --- one member's trouble is its own ---


async def test_an_exploding_member_leaves_the_others(engine):
    engine.client.ends = lambda asked, request: (
        RuntimeError("boom") if asked.id == "b" else v2_reply()
    )
    answer = await engine.ask()
    assert endings(answer) == {
        "a": Ending.FOUND,
        "b": Ending.NO_ANSWER,
        "c": Ending.FOUND,
    }
    assert reasons(answer) == {"b": "internal"}


async def test_an_exploding_translator_leaves_the_others(monkeypatch):
    engine = Engine(member("a"), member("b", protocol="v1"), member("c"))

    def exploding(protocol):
        if protocol is Protocol.V1:
            raise RuntimeError("boom")
        return translator_for(protocol)

    monkeypatch.setattr(asking_module, "translator_for", exploding)
    answer = await engine.ask()
    assert reasons(answer) == {"b": "internal"}


async def test_a_hanging_member_is_late_and_the_others_are_in(engine):
    hang = asyncio.Event()
    call = engine.client.call

    async def slow(asked, request, **options):
        if asked.id == "b":
            await hang.wait()
        return await call(asked, request, **options)

    engine.client.call = slow
    # what answers at once is in before a deadline of no time at all
    answer = await engine.ask(deadline_s=0.05)
    assert reasons(answer) in ({"b": "overloaded"}, {"b": "timeout"})
    assert [one for one, how in endings(answer).items() if how is Ending.FOUND] == ["a", "c"]


async def test_at_the_deadline_all_calls_have_ended(engine):
    engine.client.gate = asyncio.Event()
    answer = await engine.ask(deadline_s=0.001)
    assert set(endings(answer).values()) == {Ending.NO_ANSWER}
    assert engine.asker.calls_in_flight == 0
    assert asyncio.all_tasks() == {asyncio.current_task()}


# --- who is not asked ---


async def test_a_member_that_needs_a_token_nobody_set_is_not_asked():
    engine = Engine(member("a", token="env:BEACON_MEMBER_TOKEN_X"))
    answer = await engine.ask()
    assert reasons(answer) == {"a": "needs_token"}
    assert engine.client.calls == 0


async def test_a_users_token_goes_only_where_the_operator_says_so():
    engine = Engine(member("a"), member("b", token="passthrough"))
    await engine.ask(user_token="Bearer mine")
    assert [one["authorization"] for one in engine.client.options] == [None, "Bearer mine"]


async def test_a_users_token_is_not_shown():
    assert "mine" not in repr(QueryOptions(deadline_s=1, user_token="Bearer mine"))


async def test_members_not_selected_are_named(engine):
    answer = await engine.ask(selection=selected("b"))
    assert reasons(answer) == {"a": "not_selected", "c": "not_selected"}
    assert engine.client.calls == 1


@pytest.mark.parametrize("selection", [selected("z"), Selection(group="moon")])
async def test_a_selection_the_registry_does_not_have_is_refused(engine, selection):
    with pytest.raises(BadQuery):
        await engine.ask(selection=selection)
    assert engine.client.calls == 0


async def test_every_problem_of_a_selection_is_named(engine):
    with pytest.raises(BadQuery) as caught:
        await engine.ask(selection=Selection(members=frozenset({"z"}), group="moon"))
    assert len(caught.value.problems) == 2


async def test_pauses_are_judged_by_the_given_time():
    engine = Engine(member("a", paused={"until": "2026-06-01"}))
    engine.service._now = lambda: datetime(2026, 5, 31, tzinfo=UTC)
    assert reasons(await engine.ask()) == {"a": "paused"}
    engine.service._now = lambda: datetime(2026, 6, 1, tzinfo=UTC)
    assert endings(await engine.ask()) == {"a": Ending.FOUND}


# --- hearing of members as they end ---


async def test_every_member_is_heard_of_once_those_not_asked_first():
    engine = Engine(member("a"), member("b", disabled=True), member("c"))
    heard = []
    await engine.ask(on_outcome=lambda outcome: heard.append(outcome.member.id))
    assert heard[0] == "b"
    assert sorted(heard) == ["a", "b", "c"]


async def test_late_members_are_heard_of_too(engine):
    engine.client.gate = asyncio.Event()
    heard = []
    await engine.ask(on_outcome=lambda outcome: heard.append(outcome.member.id), deadline_s=0.001)
    assert sorted(heard) == ["a", "b", "c"]


async def test_kept_answers_are_heard_of_too(engine):
    await engine.ask()
    heard = []
    await engine.ask(on_outcome=heard.append)
    assert [one.source for one in heard] == [Source.CACHE] * 3


# --- the cache ---


async def test_the_same_question_again_asks_nobody(engine):
    await engine.ask()
    answer = await engine.ask()
    assert engine.client.calls == 3
    assert {one.source for one in answer.outcomes} == {Source.CACHE}


async def test_another_spelling_of_the_question_asks_nobody(engine):
    await engine.ask(query(SNV))
    await engine.ask(query({**SNV, "chromosome": "chr17", "assembly": "hg38", "alternate": "a"}))
    assert engine.client.calls == 3


async def test_an_older_answer_is_given_at_once_and_renewed_in_the_background(engine):
    await engine.ask()
    engine.wall_clock.pass_s(301)
    engine.client.always(v2_reply(False))
    stale = await engine.ask()
    assert {one.source for one in stale.outcomes} == {Source.STALE}
    assert stale.verdict is Verdict.FOUND
    await settle()
    fresh = await engine.ask()
    assert {one.source for one in fresh.outcomes} == {Source.CACHE}
    assert fresh.verdict is Verdict.NOT_FOUND
    assert engine.client.calls == 6


async def test_renewing_that_fails_keeps_the_older_answer(engine):
    await engine.ask()
    engine.wall_clock.pass_s(301)
    engine.client.always(RuntimeError("boom"))
    await engine.ask()
    await settle()
    assert {one.source for one in (await engine.ask()).outcomes} == {Source.STALE}
    await settle()


async def test_background_renewals_are_bounded():
    engine = Engine(*(member(f"m{number}") for number in range(MAX_REFRESHES + 1)))
    await engine.ask()
    engine.wall_clock.pass_s(301)
    engine.client.gate = asyncio.Event()
    await engine.ask()
    await settle()
    assert engine.client.calls == 2 * MAX_REFRESHES + 1
    await engine.service.aclose()


@pytest.mark.parametrize("has_begun", [True, False])
async def test_nothing_is_renewed_after_the_end(engine, has_begun):
    await engine.ask()
    engine.wall_clock.pass_s(301)
    engine.client.gate = asyncio.Event()
    await engine.ask()
    if has_begun:
        await settle()
    await asyncio.wait_for(engine.service.aclose(), 20)
    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert engine.asker.calls_in_flight == 0


async def test_ending_without_anything_to_renew_is_nothing(engine):
    await engine.service.aclose()


# --- too many questions, and clients that leave ---


async def test_more_questions_than_allowed_are_told_to_come_back():
    engine = Engine(member("a"), max_queries=1)
    engine.client.gate = asyncio.Event()
    running = asyncio.create_task(engine.ask())
    await settle()
    with pytest.raises(Overloaded) as caught:
        await engine.ask(deadline_s=0.001)
    assert caught.value.retry_after_s == 2
    engine.client.gate.set()
    await running


async def test_a_question_that_ended_makes_room():
    engine = Engine(member("a"), max_queries=1)
    engine.client.gate = asyncio.Event()
    running = asyncio.create_task(engine.ask())
    await settle()
    waiting = asyncio.create_task(engine.ask())
    await settle()
    assert engine.client.calls == 1
    engine.client.gate.set()
    assert endings(await running) == endings(await waiting) == {"a": Ending.FOUND}


async def test_a_refused_question_takes_no_room():
    engine = Engine(member("a"), max_queries=1)

    async def refuse(asked):
        raise PermissionError

    for _ in range(2):
        with pytest.raises(PermissionError):
            await engine.ask(admit=refuse)
    assert engine.client.calls == 0
    await engine.ask()


async def test_who_admits_hears_how_many_will_be_asked():
    engine = Engine(member("a"), member("b"), member("c", disabled=True))
    heard = []

    async def admit(asked):
        heard.append(asked)

    await engine.ask(admit=admit)
    assert heard == [2]


async def test_a_client_that_leaves_cancels_its_calls(engine):
    engine.client.gate = asyncio.Event()
    running = asyncio.create_task(engine.ask())
    await settle()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert engine.client.cancelled == 3
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_a_client_that_leaves_takes_nothing_from_another_with_the_same_question(engine):
    engine.client.gate = asyncio.Event()
    leaving, staying = asyncio.create_task(engine.ask()), asyncio.create_task(engine.ask())
    await settle()
    leaving.cancel()
    await settle()
    engine.client.gate.set()
    assert set(endings(await staying).values()) == {Ending.FOUND}
    assert engine.client.calls == 3


async def test_a_client_that_leaves_makes_room():
    engine = Engine(member("a"), max_queries=1)
    engine.client.gate = asyncio.Event()
    leaving = asyncio.create_task(engine.ask())
    await settle()
    leaving.cancel()
    await settle()
    engine.client.gate = None
    assert endings(await engine.ask()) == {"a": Ending.FOUND}


# --- explaining ---


async def test_explaining_sends_nothing():
    engine = Engine(
        member("a"),
        member("b", disabled=True),
        member("c", token="env:BEACON_MEMBER_TOKEN_X"),
    )
    told = engine.service.explain(query(), QueryOptions(deadline_s=1))
    assert engine.client.calls == 0
    assert [one.plan.member.id for one in told] == ["a", "b", "c"]
    assert isinstance(told[1].plan.decision, NotAsked)
    assert isinstance(told[2].credential, NeedsToken)


async def test_explaining_an_unknown_selection_is_refused(engine):
    with pytest.raises(BadQuery):
        engine.service.explain(query(), QueryOptions(deadline_s=1, selection=selected("z")))


# --- an error of ours in preparing one member ---


async def test_a_member_that_cannot_be_prepared_is_its_own_outcome_alone(monkeypatch):
    engine = Engine(member("a"), member("b"))
    prepare = engine.asker.prepare

    def prepare_but_a(plan, ask, credential):
        if plan.member.id == "a":
            raise ValueError("chr17 43045703")
        return prepare(plan, ask, credential)

    monkeypatch.setattr(engine.asker, "prepare", prepare_but_a)
    with capture_logs() as entries:
        answer = await engine.ask()
    a, b = answer.outcomes
    assert a.reason is not None
    assert (a.ending, a.reason.code) == (Ending.NO_ANSWER, NoAnswerCode.INTERNAL)
    assert b.ending is Ending.FOUND
    assert not answer.is_complete
    assert [entry["event"] for entry in entries] == ["preparing failed"]
    assert "43045703" not in str(entries) + a.reason.message
