"""How members are doing: the words, and the rules by which checks become states. Pure.

A check is one look at one member: its description and a light test question. Three failures in a
row are an outage, two successes end it; what goes wrong on our side counts for nobody. Beside the
state, members are called slow, flapping, or silent on questions by rules with a width, so that
nothing flickers. All moments are UTC.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Final


class State(StrEnum):
    """Whether a member answers."""

    UNKNOWN = "unknown"
    """Nothing is known yet, or nothing could be found out."""
    UP = "up"
    DOWN = "down"
    PAUSED = "paused"
    """It is not checked: paused, or switched off by the operator."""


class Phase(StrEnum):
    """How far a check came before it failed."""

    DNS = "dns"
    CONNECT = "connect"
    TLS = "tls"
    STATUS = "status"
    """The HTTP status says no."""
    BODY = "body"
    """What came is not readable, or too large."""
    SCHEMA = "schema"
    """What came is readable and not what the protocol says."""
    SLOW = "slow"
    """No answer in time."""
    OURS = "ours"
    """It failed on our side: the check says nothing of the member."""


class Result(StrEnum):
    """What one check says of the member."""

    UP = "up"
    DOWN = "down"
    UNKNOWN = "unknown"
    """Our own connection was away, or the check failed on our side."""
    PAUSED = "paused"


class Trait(StrEnum):
    """What a member is called beside its state."""

    SLOW = "slow"
    FLAPPING = "flapping"
    """It keeps changing between answering and not."""
    SILENT = "silent"
    """It answers checks but not questions."""
    UNTRUSTED = "untrusted"
    """It fails a control: a question whose answer is known."""


@dataclass(frozen=True, slots=True)
class Check:
    """One look at one member."""

    at: datetime
    result: Result
    phase: Phase | None = None
    """Where it failed; None for a check that did not."""
    status: int | None = None
    """The HTTP status of the last answer."""
    elapsed_ms: float | None = None
    """The time of the test question, or of the description where none is asked."""
    message: str = ""
    """What went wrong, in words without credentials; empty for success."""
    request: str = ""
    """The failing request as a line of curl, without credentials."""
    request_id: str = ""
    """Sent as `X-Request-Id`, so that the member finds it in its log."""
    question: str = ""
    """A digest of the test question, if it was answered."""


@dataclass(frozen=True, slots=True)
class Rules:
    """How checks become states."""

    failures_down: int = 3
    successes_up: int = 2
    slow_ms: float = 5_000.0
    """From what median of the recent answers on a member is called slow."""
    recent: int = 20
    """How many checks decide whether a member is slow or flapping."""
    flaps_begin: int = 6
    """So many changes among the recent checks are flapping."""
    flaps_end: int = 2
    """So few end it."""
    gap: timedelta = timedelta(minutes=8)
    """Failures further apart are no row: nothing is known of the time between them."""


@dataclass(frozen=True, slots=True)
class QuestionFacts:
    """How real questions to a member ended in the last hour."""

    answered: int = 0
    failed: int = 0
    timed_out: int = 0
    """Of those that failed."""


SLOW_OF: Final = 10
"""So many of the recent answers make the median that tells who is slow."""
SLOW_LEAST: Final = 3
"""Of fewer answers nobody is called slow."""
SLOW_ENDS: Final = 0.8
"""Below this share of the bound who was slow is slow no more."""
SILENT_BEGINS: Final = 0.5
"""This share of questions without an answer in time, of at least `SILENT_LEAST`, begins it."""
SILENT_ENDS: Final = 0.2
SILENT_LEAST: Final = 5


@dataclass(frozen=True, slots=True)
class Standing:
    """How a member stands after its last check."""

    state: State = State.UNKNOWN
    since: datetime | None = None
    """Since when; an outage begins with the first of the failures that make it."""
    checked_at: datetime | None = None
    last: Check | None = None
    failures: int = 0
    """Failures in a row."""
    successes: int = 0
    """Successes in a row."""
    run_began: datetime | None = None
    """When that row of failures or successes began."""
    cause: Check | None = None
    """The failure that an outage is told by: the first of the row."""
    recent: tuple[tuple[Result, float | None], ...] = ()
    """The last checks that say something of the member, oldest first, with their milliseconds."""
    traits: frozenset[Trait] = frozenset()
    counted_at: datetime | None = None
    """The last check that said something of the member."""
    steady: datetime | None = None
    """Since when every check has found it up; None where the last did not."""
    answered: str = ""
    """The digest of the test question that it answered last."""


class Happening(StrEnum):
    """What a check changed."""

    WENT_DOWN = "down"
    CAME_UP = "up"
    TRAIT_BEGAN = "trait began"
    TRAIT_ENDED = "trait ended"


@dataclass(frozen=True, slots=True)
class Change:
    """A change of state or trait, in the order it happened."""

    happening: Happening
    at: datetime
    """When it began: for an outage the first failure, for its end the first success."""
    known_at: datetime
    """When it was known."""
    trait: Trait | None = None
    check: Check | None = None
    """For an outage, its cause."""


def after(standing: Standing, check: Check, rules: Rules) -> tuple[Standing, tuple[Change, ...]]:
    """Give the standing after one more check, and what that changed.

    Checks that say nothing of the member (our side, paused) change no row of failures; a pause
    ends an outage without a success: whoever pauses a member is not called down meanwhile.
    """
    told = replace(standing, checked_at=check.at, last=check)
    if check.result is Result.UNKNOWN:
        return replace(told, steady=None), ()
    if check.result is Result.PAUSED:
        return _paused(told, check)
    if standing.state is State.PAUSED:
        told = replace(told, state=State.UNKNOWN, since=check.at, recent=())
    told = _counted(told, check, rules)
    changes: list[Change] = []
    if told.state is not State.DOWN and told.failures >= rules.failures_down:
        began = told.run_began or check.at
        told = replace(told, state=State.DOWN, since=began)
        changes.append(Change(Happening.WENT_DOWN, began, check.at, check=told.cause))
    elif told.state is State.DOWN and told.successes >= rules.successes_up:
        began = told.run_began or check.at
        told = replace(told, state=State.UP, since=began, cause=None)
        changes.append(Change(Happening.CAME_UP, began, check.at))
    elif told.state is State.UNKNOWN and check.result is Result.UP:
        told = replace(told, state=State.UP, since=told.run_began or check.at)
    is_up = told.state is State.UP and check.result is Result.UP
    told = replace(told, steady=(told.steady or check.at) if is_up else None)
    traits = _traits(told, rules)
    told, renamed = with_traits(told, traits, check.at, of={Trait.SLOW, Trait.FLAPPING})
    return told, (*changes, *renamed)


def with_traits(
    standing: Standing, traits: frozenset[Trait], at: datetime, *, of: set[Trait]
) -> tuple[Standing, tuple[Change, ...]]:
    """Give the standing with these traits among those of `of`, and what that changed."""
    wanted = traits & of | standing.traits - of
    if wanted == standing.traits:
        return standing, ()
    began = sorted(wanted - standing.traits)
    ended = sorted(standing.traits - wanted)
    changes = [Change(Happening.TRAIT_BEGAN, at, at, trait=one) for one in began]
    changes += [Change(Happening.TRAIT_ENDED, at, at, trait=one) for one in ended]
    return replace(standing, traits=wanted), tuple(changes)


def is_silent(facts: QuestionFacts, *, was: bool) -> bool:
    """Say whether a member leaves questions unanswered; `was` is what it was called before."""
    asked = facts.answered + facts.failed
    if asked < SILENT_LEAST:
        return was and facts.timed_out > 0
    return facts.timed_out >= asked * (SILENT_ENDS if was else SILENT_BEGINS)


def median(values: Sequence[float]) -> float | None:
    """Give the lower median; None of nothing."""
    ordered = sorted(values)
    return ordered[(len(ordered) - 1) // 2] if ordered else None


def _paused(told: Standing, check: Check) -> tuple[Standing, tuple[Change, ...]]:
    if told.state is State.PAUSED:
        return told, ()
    changes = [
        Change(Happening.TRAIT_ENDED, check.at, check.at, trait=one)
        for one in sorted(told.traits - {Trait.UNTRUSTED})
    ]
    paused = replace(
        told,
        state=State.PAUSED,
        since=check.at,
        failures=0,
        successes=0,
        run_began=None,
        cause=None,
        recent=(),
        steady=None,
        traits=told.traits & {Trait.UNTRUSTED},
    )
    return paused, tuple(changes)


def _counted(told: Standing, check: Check, rules: Rules) -> Standing:
    recent = deque(told.recent, maxlen=rules.recent)
    recent.append((check.result, check.elapsed_ms))
    known_at = told.counted_at or told.run_began
    if known_at is not None and check.at - known_at > rules.gap:
        told = _anew(told)
    told = replace(
        told,
        recent=tuple(recent),
        counted_at=check.at,
        answered=check.question or told.answered,
    )
    if check.result is Result.UP:
        began = told.run_began if told.successes and told.run_began else check.at
        cause = told.cause if told.state is State.DOWN else None
        return replace(told, successes=told.successes + 1, failures=0, run_began=began, cause=cause)
    began = told.run_began if told.failures and told.run_began else check.at
    return replace(
        told,
        failures=told.failures + 1,
        successes=0,
        run_began=began,
        cause=told.cause if told.cause is not None else check,
    )


def _anew(told: Standing) -> Standing:
    """Begin to count after a time of which nothing is known; an outage that is told goes on."""
    told = replace(told, steady=None)
    if told.state is State.DOWN or not told.failures:
        return told
    return replace(told, failures=0, run_began=None, cause=None)


def _traits(told: Standing, rules: Rules) -> frozenset[Trait]:
    found: set[Trait] = set()
    times = [ms for result, ms in told.recent if result is Result.UP and ms is not None]
    middle = median(times[-SLOW_OF:])
    if middle is None:
        found |= told.traits & {Trait.SLOW}  # nothing says that it became faster
    else:
        # what is called slow has to become clearly faster before it is not
        bound = rules.slow_ms * (SLOW_ENDS if Trait.SLOW in told.traits else 1.0)
        if middle >= bound and (len(times) >= SLOW_LEAST or Trait.SLOW in told.traits):
            found.add(Trait.SLOW)
    results = [result for result, _ in told.recent]
    flaps = sum(one is not other for one, other in pairwise(results))
    if flaps >= rules.flaps_begin or (Trait.FLAPPING in told.traits and flaps > rules.flaps_end):
        found.add(Trait.FLAPPING)
    return frozenset(found)
