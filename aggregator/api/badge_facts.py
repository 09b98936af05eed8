"""What badges of members say, from what is known of their health. Pure.

A badge is a promise in somebody else's page: what is not known is "no data" in grey, never bad and
never good, and what was true long ago is not known. Badges are in English, whoever looks at them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from math import ceil, floor
from typing import Any, Final

from aggregator.api.badge_drawing import Badge, Tone
from registry.certificates import conditions
from registry.health import Standing, State, Trait
from registry.health_store import Fact
from registry.history import Figures, Window
from registry.objectives import TARGET, WITHIN_S
from registry.places import place_of
from registry.snapshot import RegisteredMember

NO_DATA: Final = "no data"
UNKNOWN_BEACON: Final = Badge("beacon", "unknown beacon", Tone.NEUTRAL)
UNKNOWN_BADGE: Final = Badge("beacon", "unknown badge", Tone.NEUTRAL)
NOT_NOW: Final = Badge("beacon", "not available now", Tone.NEUTRAL)
FAIR: Final = 0.95
"""Below the objective and above this share, an uptime is doubtful, not bad."""
CERTIFICATE_KNOWN: Final = timedelta(days=7)
"""What was seen of a certificate longer ago may have changed since."""
_LATE: Final = timedelta(minutes=2)

HEALTH: Final = "health"
CERTIFICATE: Final = "cert"
CONFORMANCE: Final = "conformance"


class Figure(StrEnum):
    """What is told of a window of time."""

    UPTIME = "uptime"
    P95 = "p95"


WINDOWED: Final[Mapping[str, tuple[Figure, Window]]] = {
    f"{figure}-{window}": (figure, window) for figure in Figure for window in Window
}
"""The badges of a window, by name."""
NAMES: Final = (HEALTH, *WINDOWED, CERTIFICATE, CONFORMANCE)
LABELS: Final[Mapping[str, str]] = {
    HEALTH: "health",
    **{
        f"{figure}-{window}": f"{figure} {window[:-1]} {window[-1]}"
        for figure, window in WINDOWED.values()
    },
    CERTIFICATE: "certificate",
    CONFORMANCE: "conformance",
}
_TRAITS: Final = (
    (Trait.UNTRUSTED, "fails a control"),
    (Trait.SILENT, "times out on questions"),
    (Trait.FLAPPING, "flapping"),
    (Trait.SLOW, "slow"),
)
"""What a member that is up is called, the worst first."""
_PROBLEMS: Final = {
    "expired": ("expired", Tone.BAD),
    "not_yet": ("not valid yet", Tone.BAD),
    "host": ("for another host", Tone.BAD),
    "untrusted": ("not trusted", Tone.BAD),
    "incomplete": ("chain incomplete", Tone.DOUBTFUL),
}


@dataclass(frozen=True, slots=True)
class Doing:
    """How a member is doing, as everybody may know it now."""

    state: State
    standing: Standing | None = None
    is_off: bool = False
    """Whether its operator switched it off, which is a pause without an end."""


def doing(
    member: RegisteredMember,
    standing: Standing | None,
    place: str | None,
    *,
    now: datetime,
    every_s: float,
) -> Doing:
    """Say how a member is doing, if that was found out lately, and where it is now.

    `place` is where it was checked, `every_s` the time between checks (0: none are made).
    """
    entry = member.entry
    if entry.disabled:
        return Doing(State.PAUSED, is_off=True)
    if entry.paused is not None and not entry.paused.is_over(now):
        return Doing(State.PAUSED)
    if standing is None or standing.checked_at is None or not every_s or member.inside:
        return Doing(State.UNKNOWN)
    is_late = now - standing.checked_at > 3 * timedelta(seconds=every_s) + _LATE
    if is_late or place != place_of(entry) or standing.state is State.PAUSED:
        return Doing(State.UNKNOWN)
    return Doing(standing.state, standing)


def health_badge(known: Doing) -> Badge:
    """Say whether a member answers, and what it is called beside that."""
    message, tone = NO_DATA, Tone.NEUTRAL
    if known.state is State.PAUSED:
        message = "switched off" if known.is_off else "paused"
    elif known.state is State.DOWN:
        message, tone = "down", Tone.BAD
    elif known.state is State.UP:
        traits = known.standing.traits if known.standing else frozenset()
        called = next((words for trait, words in _TRAITS if trait in traits), None)
        message, tone = (called, Tone.DOUBTFUL) if called else ("up", Tone.GOOD)
    return Badge(LABELS[HEALTH], message, tone)


def windowed_badge(name: str, figures: Figures | None, known: Doing, *, slow_s: float) -> Badge:
    """Say what share of checks a member answered over a window, or how fast."""
    figure, _ = WINDOWED[name]
    told = figures or Figures()
    label, value = LABELS[name], told.p95_ms
    if figure is Figure.UPTIME:
        value = told.uptime.share
    if value is None:
        is_paused = known.state is State.PAUSED
        return Badge(label, "paused" if is_paused else NO_DATA, Tone.NEUTRAL)
    if figure is Figure.UPTIME:
        checks = f"{label}: {percent(told.uptime.up, told.uptime.checks)}"
        return Badge(
            label,
            percent(told.uptime.up, told.uptime.checks),
            _graded(value, TARGET, FAIR),
            f"{checks} of {told.uptime.checks:,} checks",
        )
    tone = Tone.GOOD if value < slow_s * 1000 else Tone.DOUBTFUL
    message = duration(value)
    about = f"{label}: 95 % of answers to checks within {message}"
    return Badge(label, message, tone if value <= WITHIN_S * 1000 else Tone.BAD, about)


def certificate_badge(fact: Fact | None, *, now: datetime) -> Badge:
    """Say how long a member's certificate is valid, or what is wrong with it.

    It is doubtful from when on it is told of: never, if it lasts no longer than that.
    """
    label = LABELS[CERTIFICATE]
    if fact is None or now - fact.at > CERTIFICATE_KNOWN:
        return Badge(label, NO_DATA, Tone.NEUTRAL)
    until = moment_of(fact.document.get("validUntil"))
    if until is not None and until <= now:
        return Badge(label, "expired", Tone.BAD)
    problem = _PROBLEMS.get(str(fact.document.get("problem")))
    if problem is not None:
        return Badge(label, *problem)
    if until is None:
        return Badge(label, NO_DATA, Tone.NEUTRAL)
    days = floor((until - now) / timedelta(days=1))
    tone = Tone.DOUBTFUL if conditions(fact.document, now) else Tone.GOOD
    message = "1 day" if days == 1 else f"{days} days"
    return Badge(label, message, tone, f"{label}: valid until {until:%Y-%m-%d}")


def conformance_badge(fact: Fact | None) -> Badge:
    """Say how many rules of the specification a member keeps."""
    label = LABELS[CONFORMANCE]
    score = None if fact is None else score_of(fact.document)
    if fact is None or score is None:
        return Badge(label, NO_DATA, Tone.NEUTRAL)
    passed, total = score
    message = f"{passed} of {total}"
    about = f"{label}: {message} rules kept on {fact.at:%Y-%m-%d}"
    return Badge(label, message, _graded(passed / total, 1.0, 0.75), about)


def network_badge(states: Mapping[State, int]) -> Badge:
    """Say how many members of the network answer, of those that it is known of."""
    up, down = states.get(State.UP, 0), states.get(State.DOWN, 0)
    if not up + down:
        return Badge("beacons", NO_DATA, Tone.NEUTRAL)
    message = f"{up} of {up + down} answering"
    told = [f"beacons: {message}"]
    for state, words in ((State.PAUSED, "paused"), (State.UNKNOWN, "not known")):
        if states.get(state):
            told.append(f"{states[state]} {words}")
    tone = Tone.BAD if not up else Tone.DOUBTFUL if down else Tone.GOOD
    return Badge("beacons", message, tone, ", ".join(told))


def score_of(document: Mapping[str, Any]) -> tuple[int, int] | None:
    """Read how many rules were kept, of how many; None where none was looked at."""
    score = document.get("score")
    told = score if isinstance(score, Mapping) else document
    passed, total = told.get("passed"), told.get("total")
    if not isinstance(passed, int) or not isinstance(total, int) or not 0 <= passed <= total:
        return None
    return (passed, total) if total else None


def moment_of(told: object) -> datetime | None:
    """Read a moment of a fact; None if it is none, or has no time zone."""
    try:
        read = datetime.fromisoformat(str(told))
    except ValueError:
        return None
    return read if read.tzinfo is not None else None


def named(badge: Badge, name: str, label: str = "") -> Badge:
    """Give a badge with whose it is for those who do not see it, and with another label if any."""
    about = badge.about or f"{badge.label}: {badge.message}"
    return replace(badge, label=label or badge.label, about=f"{name} – {about}")


def document_of(badge: Badge, *, kept_s: int) -> dict[str, Any]:
    """Write a badge as shields.io reads it (its endpoint badge); pages may not recolour a bad one.

    https://shields.io/badges/endpoint-badge
    """
    return {
        "schemaVersion": 1,
        "label": badge.label,
        "message": badge.message,
        "color": badge.tone.fill,
        "labelColor": "#2d3440",
        "isError": badge.tone is Tone.BAD,
        "cacheSeconds": kept_s,
    }


def percent(good: int, counted: int) -> str:
    """Write a share with at most two decimals, rounded down: 100 % is said of all alone."""
    hundredths = good * 10_000 // counted
    return f"{hundredths / 100:.2f}".rstrip("0").rstrip(".") + " %"


def duration(elapsed_ms: float) -> str:
    """Write milliseconds with as many digits as matter."""
    return f"{ceil(elapsed_ms)} ms" if elapsed_ms < 1000 else f"{elapsed_ms / 1000:.1f} s"


def _graded(share: float, good: float, fair: float) -> Tone:
    if share >= good:
        return Tone.GOOD
    return Tone.DOUBTFUL if share >= fair else Tone.BAD
