"""A round of controls: what is asked, what is not, and what an answer proves."""

import json
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from aggregator.model.outcome import NoAnswerCode
from aggregator.protocol.wire import Failure, Reply
from aggregator.upstream.client import CallResult
from aggregator.watch.controls import FACT, ControlChecker, ControlsInForce
from registry.controls import ControlVerdict
from registry.health_batch import Fact
from registry.health_store import HealthStore
from registry.snapshot import RegisteredMember
from tests.builders import member

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
KNOWN = "7-140753336-A-T GRCh38"


class Facts:
    """The facts of a store, in memory."""

    def __init__(self) -> None:
        self.kept: dict[str, Fact] = {}

    def facts(self, name: str) -> dict[str, Fact]:
        assert name == FACT
        return self.kept

    async def put_fact(self, member_id: str, name: str, document: Any, *, place: str) -> None:
        self.kept[member_id] = Fact(NOW, json.loads(json.dumps(document)))


class Answers:
    """A member that answers as it is told to."""

    def __init__(self, *ends: bool | Failure) -> None:
        self.ends = ends
        self.sent: list[dict[str, Any]] = []

    async def call(self, asked: RegisteredMember, request: Any, **options: Any) -> CallResult:
        end = self.ends[min(len(self.sent), len(self.ends) - 1)]
        self.sent.append({"request": request, **options})
        if isinstance(end, Failure):
            return CallResult(None, end, 0.1, 1)
        document = {
            "meta": {"beaconId": "x", "apiVersion": "v2.0", "returnedGranularity": "boolean"},
            "responseSummary": {"exists": end},
        }
        return CallResult(Reply(200, json.dumps(document).encode()), None, 0.1, 1)


async def round_of(
    answers: Answers, asked: RegisteredMember, **environ: str
) -> tuple[ControlsInForce, list[ControlVerdict]]:
    store = cast(HealthStore, Facts())
    in_force = ControlsInForce(store)
    checker = ControlChecker(
        answers,
        store,
        in_force,
        via="1.1 here",
        timeout_s=3,
        environ=lambda: environ,
        now=lambda: NOW,
    )
    await checker.look(asked)
    report = in_force.report(asked.id)
    assert report is not None
    return in_force, [one.verdict for one in report.results]


async def test_a_member_is_asked_with_its_credential_in_the_background() -> None:
    answers = Answers(True, False)
    asked = member(controls=[KNOWN], assemblies=["GRCh38"], token="env:BEACON_MEMBER_TOKEN_ONE")
    in_force, verdicts = await round_of(answers, asked, BEACON_MEMBER_TOKEN_ONE="secret")
    assert verdicts == [ControlVerdict.PASS] * 3
    assert {one["authorization"] for one in answers.sent} == {"Bearer secret"}
    assert all(one["in_background"] and one["via"] == "1.1 here" for one in answers.sent)
    report = in_force.report("one")
    assert report is not None
    assert all("$TOKEN" in one.request for one in report.results)
    assert "secret" not in repr(report)
    assert in_force() == {}


async def test_without_its_credential_it_is_not_asked_and_fails_nothing() -> None:
    answers = Answers(False)
    asked = member(controls=[KNOWN], token="env:BEACON_MEMBER_TOKEN_ONE")
    in_force, verdicts = await round_of(answers, asked)
    assert set(verdicts) == {ControlVerdict.NOT_ANSWERED}
    assert answers.sent == []
    assert in_force() == {}


async def test_a_data_set_it_does_not_have_cannot_be_asked() -> None:
    asked = member(
        data_sets={"held": None}, controls=[f"{KNOWN} gone"], assemblies=["NCBI36", "GRCh38"]
    )
    answers = Answers(False)
    _, verdicts = await round_of(answers, asked)
    assert verdicts[0] is ControlVerdict.NOT_ANSWERED


async def test_who_is_out_of_reach_is_asked_no_more_in_that_round() -> None:
    answers = Answers(Failure(NoAnswerCode.TIMEOUT, "no answer within 3 s"))
    _, verdicts = await round_of(answers, member(controls=[KNOWN]))
    assert verdicts == [ControlVerdict.NOT_ANSWERED]
    assert len(answers.sent) == 1


async def test_an_error_does_not_keep_it_from_the_other_controls() -> None:
    answers = Answers(Failure(NoAnswerCode.SERVER_ERROR, "HTTP 500"), False)
    _, verdicts = await round_of(answers, member(controls=[KNOWN], assemblies=["GRCh38"]))
    assert verdicts == [ControlVerdict.NOT_ANSWERED, ControlVerdict.PASS, ControlVerdict.PASS]


@pytest.mark.parametrize(
    ("ends", "fails"),
    [((False, False), True), ((False, True), False), ((False, "silence"), False)],
)
async def test_a_wrong_answer_is_asked_again_at_once(ends: tuple[Any, ...], fails: bool) -> None:
    silence = Failure(NoAnswerCode.SERVER_ERROR, "HTTP 500")
    told = [silence if one == "silence" else one for one in ends]
    in_force, verdicts = await round_of(
        Answers(*told, False), member(controls=[KNOWN], assemblies=["GRCh38"])
    )
    assert (verdicts[0] is ControlVerdict.FAIL) is fails
    assert bool(in_force().get("one")) is fails
