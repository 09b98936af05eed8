"""Reads the health of members for the metrics; what a hidden member does is told of nobody."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from aggregator.api.badge_facts import doing, moment_of, score_of
from aggregator.base.health_metrics import HealthReadings
from aggregator.base.metrics import Metrics
from registry.controls import ControlVerdict
from registry.health import Check, Result, State
from registry.health_store import HealthStore
from registry.snapshot import SnapshotHolder

_SAID: Final = frozenset({ControlVerdict.PASS.value, ControlVerdict.FAIL.value})
"""What says something of a member: a control that was not answered does not."""


def health_readings(
    holder: SnapshotHolder,
    health: HealthStore,
    *,
    every_s: float,
    controls_s: float,
    now: Callable[[], datetime],
) -> HealthReadings:
    """Give what is known now of members that stand for themselves and are not paused.

    `every_s` is between checks, `controls_s` between controls (0: none are asked).
    """
    at = now()
    up: dict[str, bool] = {}
    certificates: dict[str, float] = {}
    lifetimes: dict[str, float] = {}
    unkept: dict[str, int] = {}
    failed: dict[str, int] = {}
    facts = {name: health.facts(name) for name in ("certificate", "conformance", "controls")}
    standings, places = health.standings, health.places
    for member in holder.current.members:
        if member.inside:
            continue
        name = member.id
        known = doing(member, standings.get(name), places.get(name), now=at, every_s=every_s)
        if known.state is State.PAUSED:
            continue
        if known.state in {State.UP, State.DOWN}:
            up[name] = known.state is State.UP
        told = {key: of[name].document for key, of in facts.items() if name in of}
        certificate = told.get("certificate", {})
        begins, ends = (moment_of(certificate.get(key)) for key in ("validFrom", "validUntil"))
        if ends is not None:
            certificates[name] = ends.timestamp()
            if begins is not None:
                lifetimes[name] = (ends - begins).total_seconds()
        score = score_of(told.get("conformance", {}))
        if score is not None:
            unkept[name] = score[1] - score[0]
        number = controls_failed(told.get("controls", {}))
        if number is not None and controls_s > 0:
            failed[name] = number
    return HealthReadings(up, certificates, lifetimes, unkept, failed)


def controls_failed(document: Mapping[str, Any]) -> int | None:
    """Count the controls that failed; None where none passed or failed yet."""
    controls = document.get("controls")
    if not isinstance(controls, list | tuple):
        return None
    verdicts = [each.get("verdict") for each in controls if isinstance(each, Mapping)]
    if not _SAID & {each for each in verdicts if isinstance(each, str)}:
        return None
    return verdicts.count(ControlVerdict.FAIL.value)


def check_counter(metrics: Metrics, holder: SnapshotHolder) -> Callable[[str, Check], None]:
    """Give what counts the checks of members that stand for themselves; a pause is no check."""

    def count(member_id: str, check: Check) -> None:
        if member_id in holder.current.by_id and check.result is not Result.PAUSED:
            phase = check.phase.value if check.phase else ""
            elapsed_s = None if check.elapsed_ms is None else check.elapsed_ms / 1000
            metrics.probed(member_id, check.result.value, phase, elapsed_s)

    return count
