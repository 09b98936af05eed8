"""A round of controls: what is asked, what is not, and what an answer proves."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from aggregator.model.outcome import NoAnswerCode
from aggregator.protocol.wire import Failure, Reply
from aggregator.upstream.call_results import CallResult
from aggregator.watch.controls import FACT, ControlChecker, ControlsInForce
from registry.controls import ControlReport, ControlVerdict
from registry.health_store import HealthStore
from registry.snapshot import RegisteredMember
from tests.builders import member
from tests.unit.watch.stores import Facts

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
KNOWN = "7-140753336-A-T GRCh38"


class Answers:
    """A member that answers as it is told to."""

    def __init__(self, *ends: bool | Failure) -> None:
        self.ends = ends
        self.sent: list[dict[str, Any]] = []

    async def call(self, asked: RegisteredMember, request: Any, **options: Any) -> CallResult:
        end = self.ends[min(len(self.sent), len(self.ends) - 1)]
        self.sent.append({"request": request, **options})
        await asyncio.sleep(0)
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
    store = cast(HealthStore, Facts(FACT, NOW))
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


async def test_who_was_never_reached_is_told_why_nothing_is_known_of_it() -> None:
    answers = Answers(Failure(NoAnswerCode.TIMEOUT, "no answer within 3 s"))
    in_force, _ = await round_of(answers, member())
    report = in_force.report("one")
    assert report is not None
    assert "it was not recognised yet: no answer: no answer within 3 s." in report.message


async def test_an_error_does_not_keep_it_from_the_other_controls() -> None:
    answers = Answers(Failure(NoAnswerCode.SERVER_ERROR, "HTTP 500"), False)
    _, verdicts = await round_of(answers, member(controls=[KNOWN], assemblies=["GRCh38"]))
    assert verdicts == [ControlVerdict.NOT_ANSWERED, ControlVerdict.PASS, ControlVerdict.PASS]


class Trying:
    """A member whose controls are asked again and again, and the time."""

    def __init__(self, *ends: bool | Failure) -> None:
        self.answers = Answers(*ends)
        self.member = member(controls=[KNOWN], assemblies=["GRCh38"])
        self.now = NOW
        self.facts = Facts(FACT, NOW)
        self.told: list[tuple[ControlReport | None, ControlReport]] = []
        store = cast(HealthStore, self.facts)
        self.in_force = ControlsInForce(store)
        self.checker = ControlChecker(
            self.answers,
            store,
            self.in_force,
            via="1.1 here",
            timeout_s=3,
            environ=dict,
            now=lambda: self.now,
            heard=lambda member, before, report: self.told.append((before, report)),
        )

    @property
    def fails(self) -> bool:
        return bool(self.in_force())

    @property
    def report(self) -> ControlReport:
        report = self.in_force.report(self.member.id)
        assert report is not None
        return report

    async def looks(self, *, minutes: int, again: bool = True) -> int:
        """Let time pass and look; gives how many questions were asked."""
        self.now += timedelta(minutes=minutes)
        before = len(self.answers.sent)
        await (self.checker.look_again if again else self.checker.look)(self.member)
        return len(self.answers.sent) - before


async def test_one_wrong_answer_fails_nothing_however_soon_it_is_looked_at_again() -> None:
    it = Trying(False, False, False)
    assert await it.looks(minutes=0, again=False) == 3
    assert not it.fails  # one mishap takes nobody's "no" away
    assert await it.looks(minutes=0, again=False) == 2  # the others alone
    assert await it.looks(minutes=1) == 0
    assert not it.fails


@pytest.mark.parametrize(("second", "fails"), [(False, True), (True, False)])
async def test_out_of_turn_the_wrong_ones_alone_are_asked(second: bool, fails: bool) -> None:
    it = Trying(False, False, False, second)
    await it.looks(minutes=0, again=False)
    assert await it.looks(minutes=5) == 1
    assert it.fails is fails
    assert it.report.checked_at == NOW  # that was no round of its own
    assert await it.looks(minutes=5) == int(fails)


async def test_what_failed_is_asked_every_few_minutes_until_it_passes() -> None:
    silence = Failure(NoAnswerCode.TIMEOUT, "no answer within 3 s")
    it = Trying(False, False, False, False, silence, False, True)
    await it.looks(minutes=0, again=False)
    told = []
    for _ in range(5):
        await it.looks(minutes=5)
        told.append(it.fails)
    assert told == [True, True, True, False, False]
    assert len(it.answers.sent) == 7  # who passes is asked in its turn
    assert it.report.wrong_at is None


async def test_of_two_looks_at_once_one_goes_on_from_what_the_other_found() -> None:
    it = Trying(False, False, False)
    await asyncio.gather(*(it.looks(minutes=0, again=False) for _ in range(2)))
    assert len(it.answers.sent) == 5  # what was answered wrongly just now is not asked again
    assert not it.fails


async def test_who_was_never_asked_is_asked_nothing_out_of_turn() -> None:
    it = Trying(False)
    assert await it.looks(minutes=5) == 0


@pytest.mark.parametrize("left", [[], ["1-55516888-G-T GRCh38"]])
async def test_a_failed_control_that_is_no_more_is_not_held_against_anybody(
    left: list[str],
) -> None:
    it = Trying(False)
    await it.looks(minutes=0, again=False)
    await it.looks(minutes=5)
    assert it.fails
    it.member = member(controls=left, assemblies=["GRCh38"])
    assert await it.looks(minutes=1) == 0  # nothing is asked for that
    assert not it.fails
    assert it.report.checked_at == NOW
    assert {one.control.variant for one in it.report.results} == {"1-5000-A-C"}


async def test_of_a_report_that_could_not_be_kept_nobody_is_told() -> None:
    it = Trying(False)
    it.facts.has_member = False
    assert await it.looks(minutes=0, again=False) == 3
    assert it.told == []
    it.facts.has_member = True
    await it.looks(minutes=0, again=False)
    first = it.report
    assert it.told == [(None, first)]
    it.facts.has_member = False
    assert await it.looks(minutes=5) == 1
    assert it.told == [(None, first)]
    assert it.report == first
