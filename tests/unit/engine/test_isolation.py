"""One member's trouble, or a listener's, changes nothing for anybody else."""

import pytest

from aggregator.engine import planner
from aggregator.model.outcome import Ending, NoAnswerCode, Source
from aggregator.protocol.wire import Reply
from tests.builders import member, v2_reply
from tests.unit.engine.kit import Engine

WELL, ILL = member("well"), member("ill", dialect={"method": "POST"})


def by_id(answer):
    return {outcome.member.id: outcome for outcome in answer.outcomes}


async def test_a_member_that_cannot_be_planned_is_an_internal_error_of_its_own(monkeypatch):
    plan = planner.translator_for

    class Exploding:
        def plan(self, query, asked):
            if asked.id == "ill":
                raise ZeroDivisionError
            return plan(asked.protocol).plan(query, asked)

    monkeypatch.setattr(planner, "translator_for", lambda protocol: Exploding())
    answer = by_id(await Engine(WELL, ILL).ask())

    assert answer["ill"].ending is Ending.NO_ANSWER
    assert answer["ill"].reason.code is NoAnswerCode.INTERNAL
    assert answer["well"].ending is Ending.FOUND


async def test_a_listener_that_fails_changes_no_answer():
    def listen(outcome):
        raise ZeroDivisionError

    answer = by_id(await Engine(WELL, ILL).ask(on_outcome=listen))

    assert {outcome.ending for outcome in answer.values()} == {Ending.FOUND}


@pytest.mark.parametrize("status", [401, 403, 400, 404])
async def test_an_older_answer_does_not_hide_a_refusal(status):
    engine = Engine(WELL)
    await engine.ask()
    engine.wall_clock.pass_s(5000)
    engine.client.always(Reply(status, b"{}"))

    (outcome,) = (await engine.ask()).outcomes

    assert outcome.ending is Ending.NO_ANSWER
    assert outcome.source is Source.LIVE


async def test_an_older_answer_stands_in_for_a_silent_member():
    engine = Engine(WELL)
    engine.client.always(v2_reply())
    await engine.ask()
    engine.wall_clock.pass_s(5000)
    engine.client.always(Reply(500, b"down"))

    (outcome,) = (await engine.ask()).outcomes

    assert (outcome.ending, outcome.source, outcome.age_s) == (Ending.FOUND, Source.STALE, 5000)


async def test_a_question_from_another_network_shares_no_call_with_a_direct_one():
    """A loop is a fact of the way a question came: its refusal is not the other's."""
    engine = Engine(WELL)
    asking = engine.asking(WELL)
    places = [engine.asker.begin(asking, via) for via in ("1.1 us", "1.1 them, 1.1 us", "1.1 us")]
    tasks = {place.task for place in places}
    for place in places:
        await place.task
        place.leave()
    assert len(tasks) == 2
