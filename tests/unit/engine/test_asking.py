"""One member, one question: the cache, spellings, learning, the breaker, and the outcome."""

import asyncio
import json
from dataclasses import replace

import pytest

from aggregator.cache.freshness import Freshness
from aggregator.engine import asking as asking_module
from aggregator.engine.outcomes import identify
from aggregator.model.answer import Leaf, LeafEnding, Match
from aggregator.model.merged import Verdict
from aggregator.model.outcome import Ending, NoAnswerCode, NotAskedCode, Source
from aggregator.protocol.translators import translator_for
from aggregator.protocol.wire import Failure, Reply
from aggregator.upstream.breaker import FAILURES_IN_A_ROW
from aggregator.upstream.tokens import Credential
from registry.models import Dialect
from tests.builders import F508DEL, SNV, member, query, v2_reply
from tests.unit.engine.kit import Engine, settle

ONE = member()
BOTH = member(dialect={"indels": "both"})
"""Asked every indel in two spellings: anchored first, then trimmed."""
TRIMMED = "referenceBases=TCT"
DOWN = Failure(NoAnswerCode.SERVER_ERROR, "failed with an error of its own", status=500)
PADDED_F508DEL = {**F508DEL, "start": (117559588,), "reference": "CATCT", "alternate": "CA"}


@pytest.fixture
async def engine():
    return Engine(ONE)


def code(outcome):
    assert outcome.reason is not None
    return outcome.reason.code


# --- live answers ---


async def test_a_yes_is_found(engine):
    found = await engine.live(engine.asking(ONE), elapsed_s=0.25)
    assert (found.ending, found.source, found.match) == (Ending.FOUND, Source.LIVE, Match.EXACT)
    assert (found.elapsed_s, found.attempts, found.age_s) == (0.25, 1, 0)


async def test_a_no_is_not_found_and_matches_nothing(engine):
    engine.client.always(v2_reply(False))
    found = await engine.live(engine.asking(ONE))
    assert (found.ending, found.match) == (Ending.NOT_FOUND, None)


async def test_neither_yes_nor_no_is_no_answer(engine):
    engine.client.always(v2_reply(None))
    assert code(await engine.live(engine.asking(ONE))) is NoAnswerCode.NO_VERDICT


async def test_a_failure_is_no_answer_with_its_reason(engine):
    engine.client.always(replace(DOWN, retry_after_s=7))
    outcome = await engine.live(engine.asking(ONE))
    assert outcome.ending is Ending.NO_ANSWER
    assert (code(outcome), outcome.retry_after_s) == (NoAnswerCode.SERVER_ERROR, 7)


async def test_a_loop_is_not_an_answer_but_a_member_not_asked(engine):
    engine.client.always(Reply(508, b"{}"))
    outcome = await engine.live(engine.asking(ONE))
    assert (outcome.ending, code(outcome)) == (Ending.NOT_ASKED, NotAskedCode.LOOP)


async def test_the_member_is_sent_its_credential_and_the_way_so_far(engine):
    asking = engine.asking(ONE, credential=Credential("Bearer x", "scope"))
    await engine.live(asking)
    assert engine.client.options[0]["authorization"] == "Bearer x"
    assert engine.client.options[0]["via"] == "1.1 us"


@pytest.mark.parametrize(
    ("granularity", "size"), [("boolean", 100), ("count", 100), ("record", 1000)]
)
async def test_only_records_may_be_large(engine, granularity, size):
    await engine.live(engine.asking(ONE, query(SNV, granularity=granularity)))
    assert engine.client.options[0]["max_body_bytes"] == size


async def test_a_member_may_have_a_time_of_its_own(engine):
    await engine.live(engine.asking(ONE))
    await engine.live(engine.asking(member(timeout_s=20)))
    assert [options["timeout_s"] for options in engine.client.options] == [8, 20]


# --- trouble stays where it is ---


async def test_an_exploding_client_is_our_error(engine):
    engine.client.always(RuntimeError("boom"))
    outcome = await engine.live(engine.asking(ONE))
    assert code(outcome) is NoAnswerCode.INTERNAL
    assert "boom" not in outcome.reason.message


async def test_an_exploding_translator_is_our_error(engine, monkeypatch):
    asking = engine.asking(ONE)
    monkeypatch.setattr(asking_module, "translator_for", lambda protocol: None)
    assert code(await engine.live(asking)) is NoAnswerCode.INTERNAL


async def test_what_went_wrong_on_our_side_is_logged(engine, logged):
    engine.client.always(RuntimeError("boom"))
    await engine.live(engine.asking(ONE))
    (entry,) = logged
    assert (entry["event"], entry["member"]) == ("asking failed", "one")


async def test_our_own_errors_do_not_count_against_the_member(engine):
    engine.client.always(RuntimeError("boom"))
    for _ in range(FAILURES_IN_A_ROW + 1):
        outcome = await engine.live(engine.asking(ONE))
    assert code(outcome) is NoAnswerCode.INTERNAL


# --- the cache ---


async def test_an_answer_is_kept_and_given_again(engine):
    await engine.live(engine.asking(ONE))
    engine.wall_clock.pass_s(299)
    kept = await engine.looked_up(ONE)
    assert engine.asker.freshness(kept) is Freshness.FRESH
    found = engine.asker.from_cache(kept)
    assert (found.ending, found.source, found.age_s) == (Ending.FOUND, Source.CACHE, 299)
    assert found.warnings == ()


async def test_a_no_is_kept_too(engine):
    engine.client.always(v2_reply(False))
    await engine.live(engine.asking(ONE))
    assert engine.asker.from_cache(await engine.looked_up(ONE)).ending is Ending.NOT_FOUND


async def test_an_older_answer_is_given_with_its_time(engine):
    await engine.live(engine.asking(ONE))
    engine.wall_clock.pass_s(300)
    kept = await engine.looked_up(ONE)
    assert engine.asker.freshness(kept) is Freshness.REVALIDATE
    found = engine.asker.from_cache(kept)
    assert found.source is Source.STALE
    assert found.warnings == ("answer of 2023-11-14 22:13:20 UTC",)


async def test_an_old_answer_stands_in_for_a_member_that_fails(engine):
    await engine.live(engine.asking(ONE))
    engine.wall_clock.pass_s(4000)
    engine.client.always(DOWN)
    outcome = await engine.live(await engine.looked_up(ONE), elapsed_s=0.5)
    assert (outcome.ending, outcome.source) == (Ending.FOUND, Source.STALE)
    assert (outcome.age_s, outcome.elapsed_s, outcome.attempts) == (4000, 0.5, 1)
    assert outcome.warnings == (
        "answer of 2023-11-14 22:13:20 UTC",
        "the beacon is silent now (failed with an error of its own)",
    )


async def test_a_new_answer_wins_over_an_old_one(engine):
    await engine.live(engine.asking(ONE))
    engine.wall_clock.pass_s(4000)
    engine.client.always(v2_reply(False))
    outcome = await engine.live(await engine.looked_up(ONE))
    assert (outcome.ending, outcome.source) == (Ending.NOT_FOUND, Source.LIVE)


async def test_an_answer_too_old_does_not_stand_in(engine):
    await engine.live(engine.asking(ONE))
    kept = await engine.looked_up(ONE)
    engine.wall_clock.pass_s(90_000)
    engine.client.always(DOWN)
    assert (await engine.live(kept)).ending is Ending.NO_ANSWER


@pytest.mark.parametrize("end", [DOWN, v2_reply(None), Reply(200, b"<html>")])
async def test_what_is_no_answer_is_never_kept(engine, end):
    engine.client.always(end)
    await engine.live(engine.asking(ONE))
    assert (await engine.looked_up(ONE)).stored is None


@pytest.mark.parametrize("control", ["no-store", "max-age=5, No-Store", "private"])
async def test_an_answer_the_member_does_not_want_kept_is_not(engine, control):
    engine.client.always(v2_reply(True, cache_control=control))
    found = await engine.live(engine.asking(ONE))
    assert found.ending is Ending.FOUND
    assert (await engine.looked_up(ONE)).stored is None


async def test_another_permission_has_another_answer(engine):
    await engine.live(engine.asking(ONE, credential=Credential("Bearer x", "scope")))
    assert (await engine.looked_up(ONE)).stored is None


async def test_a_kept_answer_that_cannot_be_read_is_a_miss(engine):
    await engine.store.put(engine.asking(ONE).key, b"{", 60)
    assert (await engine.looked_up(ONE)).stored is None


async def test_nothing_is_looked_up_for_nobody(engine):
    assert await engine.asker.look_up([]) == []


# --- several spellings ---


def by_spelling(anchored, trimmed):
    return lambda asked, request: trimmed if TRIMMED in request.url else anchored


async def spelled(engine, anchored, trimmed, fields=F508DEL):
    engine.client.ends = by_spelling(anchored, trimmed)
    return await engine.live(engine.asking(BOTH, query(fields, granularity="count")))


async def test_every_spelling_is_asked(engine):
    await spelled(engine, v2_reply(), v2_reply())
    assert engine.client.calls == 2


async def test_one_yes_is_a_yes(engine):
    found = await spelled(engine, v2_reply(False), v2_reply(True, 2))
    assert found.ending is Ending.FOUND
    assert (found.match, found.matched_as) == (Match.EQUIVALENT, "7-117559591-TCT-")
    assert found.answer.count == 2


async def test_what_is_found_by_two_spellings_is_not_counted_twice(engine):
    found = await spelled(engine, v2_reply(True, 3), v2_reply(True, 2))
    assert found.answer.count == 3
    assert found.attempts == 2


async def test_the_hit_that_proves_most_is_named(engine):
    found = await spelled(engine, v2_reply(), v2_reply())
    assert (found.match, found.matched_as) == (Match.EXACT, None)


async def test_a_no_needs_every_spelling(engine):
    assert (await spelled(engine, v2_reply(False), v2_reply(False))).ending is Ending.NOT_FOUND


@pytest.mark.parametrize("other", [DOWN, v2_reply(None)])
async def test_a_spelling_without_an_answer_is_never_a_no(engine, other):
    assert (await spelled(engine, v2_reply(False), other)).ending is Ending.NO_ANSWER
    assert (await spelled(engine, other, v2_reply(False))).ending is Ending.NO_ANSWER


async def test_a_yes_with_a_failed_part_is_a_partial_yes_with_a_warning(engine):
    found = await spelled(engine, v2_reply(True, 3), DOWN)
    assert found.ending is Ending.FOUND
    assert (found.is_partial, found.lacks_part, found.is_missing) == (True, True, True)
    assert (found.answer.count, found.answer.is_count_exact) == (3, False)
    assert found.warnings == (
        "part of the question was not answered: failed with an error of its own",
    )


async def test_a_yes_by_every_spelling_lacks_nothing(engine):
    found = await spelled(engine, v2_reply(True, 3), v2_reply(False, 0))
    assert (found.is_partial, found.is_missing, found.answer.is_count_exact) == (False, False, True)


LOSS_OR_GAIN = {
    "assembly": "GRCh38",
    "chromosome": "9",
    "start": (21967752,),
    "end": (22000000,),
    "variant_type": "CNV",
}


@pytest.mark.parametrize("silent", ["DEL", "DUP"])
async def test_half_of_a_question_that_was_not_answered_leaves_the_answer_incomplete(silent):
    engine = Engine(ONE)
    engine.client.ends = lambda _, request: DOWN if silent in request.url else v2_reply(True, 3)
    answered = await engine.ask(query(LOSS_OR_GAIN, granularity="count"))
    assert (answered.verdict, answered.is_complete) == (Verdict.FOUND, False)
    assert (answered.count.value, answered.count.is_exact) == (3, False)
    assert "1 member did not answer a part of the question: there may be more" in answered.warnings


async def test_the_silent_beacons_of_a_failed_part_are_named(engine):
    leaves = (
        Leaf(beacon_id="x", ending=LeafEnding.NO_ANSWER, reason="HTTP 500"),
        Leaf(beacon_id="y", ending=LeafEnding.NOT_FOUND),
    )
    found = await spelled(engine, v2_reply(True), replace(DOWN, leaves=leaves))
    assert [(one.beacon_id, one.ending) for one in found.leaves] == [
        ("x", LeafEnding.NO_ANSWER),
        ("y", LeafEnding.NOT_FOUND),
    ]


async def test_half_an_answer_is_not_kept(engine):
    await spelled(engine, v2_reply(True), DOWN)
    asked = query(F508DEL, granularity="count")
    assert (await engine.looked_up(BOTH, asked)).stored is None


async def test_a_kept_answer_is_called_exact_or_equivalent_by_who_asks(engine):
    engine.client.ends = by_spelling(v2_reply(True), v2_reply(False))
    await engine.live(engine.asking(BOTH, query(F508DEL)))
    same = engine.asker.from_cache(await engine.looked_up(BOTH, query(F508DEL)))
    other = engine.asker.from_cache(await engine.looked_up(BOTH, query(PADDED_F508DEL)))
    assert (same.match, same.matched_as) == (Match.EXACT, None)
    assert (other.match, other.matched_as) == (Match.EQUIVALENT, "7-117559590-ATCT-A")


# --- learning ---

WRONG_METHOD = Reply(405, b"{}", {"allow": "POST"})


async def test_a_member_that_wants_another_method_is_asked_again_that_way(engine):
    engine.client.in_turn(WRONG_METHOD, v2_reply())
    found = await engine.live(engine.asking(ONE))
    assert found.ending is Ending.FOUND
    assert [request.method for _, request in engine.client.asked] == ["GET", "POST"]
    assert found.attempts == 2


async def test_what_was_learned_is_told_once(engine):
    engine.client.in_turn(WRONG_METHOD, v2_reply())
    await engine.live(engine.asking(ONE))
    (event,) = engine.learned
    assert (event.member_id, event.dialect) == ("one", Dialect(method="POST"))
    assert "405" in event.because


async def test_a_member_is_asked_again_only_once(engine):
    engine.client.always(WRONG_METHOD)
    outcome = await engine.live(engine.asking(ONE))
    assert engine.client.calls == 2
    assert code(outcome) is NoAnswerCode.REJECTED


async def test_the_answer_is_kept_under_what_was_asked_in_the_end(engine):
    engine.client.in_turn(WRONG_METHOD, v2_reply())
    await engine.live(engine.asking(ONE))
    wiser = member(learned=Dialect(method="POST"))
    assert (await engine.looked_up(wiser)).stored is not None
    assert (await engine.looked_up(ONE)).stored is None


NOT_A_LIST = Reply(400, b'{"error": {"errorMessage": "start: value is not a valid list"}}')


async def test_a_refusal_that_says_what_it_wants_is_heeded_once_and_told(engine):
    engine.client.in_turn(NOT_A_LIST, v2_reply())
    found = await engine.live(engine.asking(ONE))
    assert found.ending is Ending.FOUND
    assert [request.method for _, request in engine.client.asked] == ["GET", "POST"]
    assert "asked again in another form: method POST, start list" in found.warnings
    (event,) = engine.learned
    assert event.dialect == Dialect(method="POST", start="list")


@pytest.mark.parametrize("second", [NOT_A_LIST, Reply(400, b"{}"), DOWN, v2_reply(None)], ids=str)
async def test_a_form_that_brings_no_answer_is_not_learned(engine, second):
    engine.client.in_turn(NOT_A_LIST, second)
    outcome = await engine.live(engine.asking(ONE))
    assert engine.client.calls == 2
    assert outcome.ending is Ending.NO_ANSWER
    assert engine.learned == []
    assert "asked again in another form: method POST, start list" in outcome.warnings


async def test_a_second_refusal_leaves_the_first_reason(engine):
    engine.client.in_turn(NOT_A_LIST, Reply(400, b'{"error": {"errorMessage": "other"}}'))
    outcome = await engine.live(engine.asking(ONE))
    assert "valid list" in outcome.reason.message
    assert outcome.attempts == 2


async def test_a_refusal_of_what_was_declared_is_final(engine):
    stubborn = member(dialect={"method": "GET"})
    engine.client.always(NOT_A_LIST)
    assert code(await engine.live(engine.asking(stubborn))) is NoAnswerCode.REJECTED
    assert engine.client.calls == 1


async def test_one_half_answered_in_the_new_form_is_enough_to_learn_it(engine):
    engine.client.in_turn(NOT_A_LIST, NOT_A_LIST, v2_reply(True), DOWN)
    found = await engine.live(engine.asking(BOTH, query(F508DEL)))
    assert found.ending is Ending.FOUND
    assert len(engine.learned) == 1


async def test_records_that_prove_more_than_was_asked_say_so(engine):
    fields = {
        "assembly": "GRCh38",
        "chromosome": "9",
        "start": (5,),
        "end": (900,),
        "variant_type": "EFO:0030069",
    }
    asked = query(fields, granularity="record")
    record = {"variation": {"variantType": "EFO:0030069"}}
    document = {
        "responseSummary": {"exists": True},
        "response": {"resultSets": [{"id": "d", "exists": True, "results": [record]}]},
    }
    proving = Reply(200, json.dumps(document).encode())
    engine.client.ends = lambda member, request: (
        proving if "variantType=DEL" in request.url else v2_reply(False)
    )
    assert (await engine.live(engine.asking(ONE, asked))).match is Match.EXACT
    engine.client.ends = lambda member, request: v2_reply("variantType=DEL" in request.url)
    engine.wall_clock.pass_s(100_000)
    assert (await engine.live(engine.asking(ONE, asked))).match is Match.BROADER


async def test_a_lesson_that_changes_nothing_is_not_followed(engine):
    stubborn = member(dialect={"method": "GET"})
    failure = Failure(NoAnswerCode.REJECTED, "no", learned=Dialect(method="POST"), status=405)
    engine.client.always(failure)
    assert code(await engine.live(engine.asking(stubborn))) is NoAnswerCode.REJECTED
    assert engine.client.calls == 1
    assert engine.learned == []


# --- the breaker ---


async def failed(engine, times=FAILURES_IN_A_ROW):
    engine.client.always(DOWN)
    for _ in range(times):
        await engine.live(engine.asking(ONE))


async def test_a_member_that_keeps_failing_is_not_asked_for_a_while(engine):
    await failed(engine)
    outcome = await engine.live(engine.asking(ONE))
    assert engine.client.calls == FAILURES_IN_A_ROW
    assert (outcome.ending, code(outcome)) == (Ending.NOT_ASKED, NotAskedCode.SUSPENDED)
    assert (outcome.retry_after_s, outcome.attempts) == (5, 0)
    assert outcome.reason.message == (
        "kept failing (failed with an error of its own); it is tried again after 22:13:25 UTC"
    )


async def test_after_the_pause_it_is_asked_again(engine):
    await failed(engine)
    engine.clock.pass_s(5)
    engine.client.always(v2_reply())
    assert (await engine.live(engine.asking(ONE))).ending is Ending.FOUND


async def test_other_members_are_asked_meanwhile(engine):
    await failed(engine)
    engine.client.always(v2_reply())
    assert (await engine.live(engine.asking(member("two")))).ending is Ending.FOUND


async def test_an_old_answer_stands_in_for_a_suspended_member(engine):
    await engine.live(engine.asking(ONE))
    engine.wall_clock.pass_s(4000)
    await failed(engine)
    outcome = await engine.live(await engine.looked_up(ONE))
    assert (outcome.ending, outcome.source) == (Ending.FOUND, Source.STALE)


async def test_a_call_nobody_waits_for_any_more_frees_its_trial(engine):
    await failed(engine)
    engine.clock.pass_s(5)
    engine.client.gate = asyncio.Event()
    place = engine.asker.begin(engine.asking(ONE), "")
    await settle()
    place.leave()
    await settle()
    engine.client.gate = None
    engine.client.always(v2_reply())
    assert (await engine.live(engine.asking(ONE))).ending is Ending.FOUND


# --- out of time ---


@pytest.fixture
async def waiting(engine):
    """A call that is running and does not end."""
    engine.client.gate = asyncio.Event()
    asking = engine.asking(ONE)

    async def begin(*, has_slot):
        engine.client.has_slot = has_slot
        place = engine.asker.begin(asking, "")
        await settle()
        return asking, place

    return begin


async def test_a_member_that_had_its_slot_timed_out(engine, waiting):
    asking, _ = await waiting(has_slot=True)
    outcome = engine.asker.late(asking, 2.04)
    assert (code(outcome), outcome.reason.message) == (
        NoAnswerCode.TIMEOUT,
        "no answer within 2 s",
    )
    assert (outcome.attempts, outcome.elapsed_s) == (1, 2.04)


async def test_a_member_that_waited_in_line_was_not_slow(engine, waiting):
    asking, _ = await waiting(has_slot=False)
    outcome = engine.asker.late(asking, 2)
    assert (code(outcome), outcome.attempts) == (NoAnswerCode.OVERLOADED, 0)


async def test_an_old_answer_stands_in_for_a_late_member(engine):
    await engine.live(engine.asking(ONE))
    engine.wall_clock.pass_s(4000)
    outcome = engine.asker.late(await engine.looked_up(ONE), 2)
    assert (outcome.ending, outcome.source) == (Ending.FOUND, Source.STALE)


# --- shared calls ---


async def test_equal_questions_at_the_same_time_are_one_call(engine, waiting):
    asking, one = await waiting(has_slot=True)
    two = engine.asker.begin(asking, "")
    assert (engine.asker.calls_in_flight, engine.asker.shared_calls) == (1, 1)
    engine.client.gate.set()
    assert (await one.task) is (await two.task)
    assert engine.client.calls == 1


async def test_a_call_after_one_that_is_being_cancelled_is_not_disturbed_by_its_end(
    engine, waiting
):
    engine.client.farewell = asyncio.Event()
    asking, one = await waiting(has_slot=True)
    dying = one.leave()
    await settle()
    two = engine.asker.begin(asking, "")
    await settle()
    engine.client.farewell.set()
    await asyncio.wait({dying})
    engine.client.gate.set()
    outcome = engine.asker.outcome(asking, await two.task, 0.1)
    assert outcome.ending is Ending.FOUND


# --- who a member is ---


def test_a_member_is_named_by_what_it_says_of_itself():
    known = member(
        capabilities={"beacon_id": "org.one", "api_version": "v2.1", "name": "One"},
        assemblies=["GRCh37"],
    )
    who = identify(known)
    assert (who.id, who.name, who.protocol) == ("one", "One", "v2")
    assert (who.beacon_id, who.api_version, who.assemblies) == ("org.one", "v2.1", ("GRCh37",))


def test_a_member_of_unknown_protocol_is_named_so():
    assert identify(member(protocol="auto")).protocol == "auto"


async def test_an_answer_tells_what_was_not_known_of_the_member(engine):
    found = await engine.live(engine.asking(ONE))
    assert (found.member.beacon_id, found.member.api_version) == ("x", "v2.0")


def test_every_protocol_has_a_translator():
    assert translator_for(None) is translator_for(member().protocol)
