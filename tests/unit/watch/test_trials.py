"""When members are asked questions with a known answer: soon where these are others than before."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from aggregator.watch.control_plan import plan_controls
from aggregator.watch.trials import Around, control_rounds
from registry.controls import Control, ControlReport, ControlResult, ControlVerdict
from registry.health_store import HealthStore
from registry.snapshot import RegisteredMember, SnapshotHolder
from tests.builders import Clock, member

START = datetime(2026, 11, 21, 12, tzinfo=UTC)
EVERY_S = 21_600.0
TICK_S = 0.5
KNOWN = "7-140753336-A-T GRCh38"
OTHER = "1-55516888-G-T GRCh38"


def report_of(*controls: Control, at: datetime) -> ControlReport:
    """A report of controls that were all answered rightly."""
    results = tuple(ControlResult(one, ControlVerdict.PASS, at, at) for one in controls)
    return ControlReport(at, results)


class Process:
    """A process that begins three minutes after the last round; what it asks is found as asked."""

    def __init__(self, asked: RegisteredMember, before: Sequence[Control] | None) -> None:
        self.clock = Clock(0.0)
        self.member = asked
        self.report = None
        if before is not None:
            self.report = report_of(*before, at=START - timedelta(minutes=3))
        self.asked_at: list[float] = []
        current = SimpleNamespace(everyone=(asked,))
        holder = cast(SnapshotHolder, SimpleNamespace(current=current))
        health = cast(HealthStore, None)
        around = Around(holder, health, self.is_ours, self.clock, self.now)
        self.rounds = control_rounds(self.look, around, lambda _: self.report, every_s=EVERY_S)

    async def is_ours(self) -> bool:
        return True

    def now(self) -> datetime:
        return START + timedelta(seconds=self.clock.now)

    async def look(self, asked: RegisteredMember) -> None:
        self.asked_at.append(self.clock.now)
        self.report = report_of(*plan_controls(asked), at=self.now())

    async def steps(self, number: int) -> list[float]:
        for _ in range(number):
            for look in await self.rounds.step():
                await look
            self.clock.pass_s(TICK_S)
        return self.asked_at


def named(*controls: str, **more: Any) -> RegisteredMember:
    return member(controls=list(controls), assemblies=["GRCh38"], **more)


@pytest.mark.parametrize(
    ("before", "after"), [([KNOWN], []), ([], [KNOWN]), ([KNOWN], [OTHER]), ([], [KNOWN, OTHER])]
)
async def test_controls_that_changed_while_nobody_ran_are_asked_at_once(
    before: list[str], after: list[str]
) -> None:
    process = Process(named(*after), plan_controls(named(*before)))
    assert await process.steps(20) == [TICK_S]


async def test_after_a_restart_that_changed_nothing_it_waits_for_its_time() -> None:
    process = Process(named(KNOWN), plan_controls(named(KNOWN)))
    assert await process.steps(20) == []


async def test_who_was_never_asked_is_asked_at_once() -> None:
    assert await Process(named(KNOWN), None).steps(20) == [TICK_S]
