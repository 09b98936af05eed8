"""What is known of how members are doing now, for people and programs.

Worked out of what is in memory: standings, facts, and what operators chose. What a hidden member
of an opaque group does is told of nobody: its group has no health of its own.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from aiohttp import web

from aggregator.api.badge_facts import doing, moment_of, score_of
from aggregator.api.context import api_of
from registry.certificates import conditions
from registry.controls import ControlReport, read_controls
from registry.health import Check, Standing, State, Trait
from registry.health_store import Fact, HealthStore
from registry.models import Pause
from registry.places import place_of
from registry.snapshot import RegisteredMember

FACTS: Final = ("certificate", "conformance", "controls", "notes")
_LEVELS: Final = {"21": "soon", "14": "near", "7": "urgent"}
"""How much there is to be done from so many days on that certificates are told of."""


class Now(StrEnum):
    """How a member is doing, in one word."""

    DOWN = "down"
    SLOW = "slow"
    UP = "up"
    PAUSED = "paused"
    DISABLED = "disabled"
    UNKNOWN = "unknown"
    """It was checked, and what was found out is too old, or says nothing of it."""
    UNCHECKED = "unchecked"
    """It was never checked at this address."""
    UNTOLD = "untold"
    """It stands for several beacons, and how they are doing is not told."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """The certificate of a member as it was seen last."""

    seen_at: datetime
    valid_until: datetime | None
    """The end of the chain's part that ends first."""
    days: int | None
    """Whole days left; below nothing once it has ended."""
    level: str
    """How much there is to be done: `good`, `soon`, `near`, `urgent`, `bad` or `unknown`."""
    problem: str
    """A code; empty: nothing is wrong with it."""
    message: str
    issuer: str
    subject: str
    names: tuple[str, ...]
    chain: tuple[Mapping[str, Any], ...]
    is_seen: bool
    """Whether one could be looked at: behind a proxy of ours none can."""
    ends_first: int | None
    """The place in the chain of the part that ends first; 0: the member's own."""

    @property
    def found(self) -> str | None:
        """What was found out, for programs: a problem, `none`, or None where it was not seen."""
        return self.problem or ("none" if self.is_seen else None)

    @property
    def first_to_end(self) -> str:
        """Whose certificate ends first, where it is one above the member's own; else empty."""
        return _text(self.chain[self.ends_first].get("subject")) if self.ends_first else ""


@dataclass(frozen=True, slots=True)
class Score:
    """How many rules of the specification a member keeps to."""

    passed: int
    total: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Said:
    """What an operator says of a member."""

    at: datetime
    by: str
    text: str


@dataclass(frozen=True, slots=True)
class MemberHealth:
    """How one member is doing now."""

    id: str
    name: str
    groups: tuple[str, ...]
    now: Now
    since: datetime | None
    checked_at: datetime | None
    traits: tuple[Trait, ...]
    cause: Check | None
    """Of an outage: the failure that it is told by."""
    last: Check | None
    pause: Pause | None
    certificate: Certificate | None
    conformance: Score | None
    controls: ControlReport | None
    notes: tuple[Said, ...]

    @property
    def counts(self) -> bool:
        """Whether it is known now whether it answers."""
        return self.now in {Now.UP, Now.SLOW, Now.DOWN}

    @property
    def is_well(self) -> bool:
        """Whether nothing is known to be wrong with it."""
        has_bad_end = self.certificate is not None and self.certificate.level not in {
            "good",
            "unknown",
        }
        return self.now not in {Now.DOWN, Now.SLOW} and not self.traits and not has_bad_end


class HealthBoard:
    """Gives how members are doing, from what this process has in memory."""

    def __init__(self, health: HealthStore, *, every_s: float, now: datetime) -> None:
        self._every_s = every_s
        self._now = now
        self._places = health.places
        self._standings = health.standings
        self._facts = {name: health.facts(name) for name in FACTS}

    def of(self, member: RegisteredMember) -> MemberHealth:
        """Give how a member is doing; of an opaque group, that it is not told."""
        if member.inside:
            return _told(member, Now.UNTOLD)
        standing = self._standing(member)
        state = self._state(member, standing)
        is_known = standing is not None and state is not Now.DISABLED
        return _told(
            member,
            state,
            standing=standing if is_known else None,
            certificate=certificate_of(self._fact("certificate", member), self._now),
            conformance=_score(self._fact("conformance", member)),
            controls=_controls(self._fact("controls", member)),
            notes=_notes(self._fact("notes", member)),
        )

    def all(self, members: Iterable[RegisteredMember]) -> list[MemberHealth]:
        """Give them for several, in the same order."""
        return [self.of(member) for member in members]

    def _fact(self, name: str, member: RegisteredMember) -> Fact | None:
        return self._facts[name].get(member.id)

    def _standing(self, member: RegisteredMember) -> Standing | None:
        """Give the standing of a member where it is now; None if it was not checked there."""
        if self._places.get(member.id) != place_of(member.entry):
            return None
        return self._standings.get(member.id)

    def _state(self, member: RegisteredMember, standing: Standing | None) -> Now:
        known = doing(
            member, standing, place_of(member.entry), now=self._now, every_s=self._every_s
        )
        if known.is_off:
            return Now.DISABLED
        if known.state is State.UNKNOWN and (standing is None or standing.checked_at is None):
            return Now.UNCHECKED
        if known.state is State.UP and standing is not None and Trait.SLOW in standing.traits:
            return Now.SLOW
        return _STATES[known.state]


_STATES: Final = {
    State.UP: Now.UP,
    State.DOWN: Now.DOWN,
    State.PAUSED: Now.PAUSED,
    State.UNKNOWN: Now.UNKNOWN,
}


def board_of(request: web.Request, members: Iterable[RegisteredMember]) -> list[MemberHealth]:
    """Give how members are doing now, of what is in memory."""
    api = api_of(request)
    board = HealthBoard(api.health, every_s=api.settings.health.probe_s, now=datetime.now(UTC))
    return board.all(members)


def _told(
    member: RegisteredMember,
    state: Now,
    *,
    standing: Standing | None = None,
    certificate: Certificate | None = None,
    conformance: Score | None = None,
    controls: ControlReport | None = None,
    notes: tuple[Said, ...] = (),
) -> MemberHealth:
    is_now = standing is not None and state in {Now.UP, Now.SLOW, Now.DOWN}
    return MemberHealth(
        id=member.id,
        name=member.name,
        groups=member.entry.groups,
        now=state,
        since=standing.since if standing and is_now else None,
        checked_at=standing.checked_at if standing else None,
        traits=tuple(sorted(standing.traits)) if standing and is_now else (),
        cause=standing.cause if standing and state is Now.DOWN else None,
        last=standing.last if standing else None,
        pause=member.entry.paused if state is Now.PAUSED else None,
        certificate=certificate,
        conformance=conformance,
        controls=controls,
        notes=notes,
    )


def certificate_of(fact: Fact | None, now: datetime) -> Certificate | None:
    """Read what was seen of a certificate; its weight is that of what alerts tell of it."""
    if fact is None:
        return None
    told = fact.document
    until = moment_of(told.get("validUntil"))
    problem = told.get("problem")
    chain = tuple(one for one in _list(told.get("chain")) if isinstance(one, Mapping))
    first = told.get("endsFirst")
    return Certificate(
        seen_at=moment_of(told.get("checkedAt")) or fact.at,
        valid_until=until,
        days=None if until is None else (until - now) // timedelta(days=1),
        level=_level(told, until, now),
        problem=problem if isinstance(problem, str) and problem != "none" else "",
        message=_text(told.get("message")),
        issuer=_text(told.get("issuer")),
        subject=_text(told.get("subject")),
        names=tuple(_text(name) for name in _list(told.get("names"))),
        chain=chain,
        is_seen=bool(told.get("isSeen", until is not None)),
        ends_first=first if type(first) is int and 0 <= first < len(chain) else None,
    )


def _level(told: Mapping[str, Any], until: datetime | None, now: datetime) -> str:
    found = conditions(told, now)
    if found:
        return _LEVELS.get(found[0], "bad")
    return "unknown" if until is None else "good"


def _score(fact: Fact | None) -> Score | None:
    told = None if fact is None else score_of(fact.document)
    return None if fact is None or told is None else Score(*told, fact.at)


def _controls(fact: Fact | None) -> ControlReport | None:
    return None if fact is None else read_controls(fact.document)


def _notes(fact: Fact | None) -> tuple[Said, ...]:
    told = () if fact is None else _list(fact.document.get("notes"))
    return tuple(
        Said(at, _text(one.get("by")), _text(one.get("text")))
        for one in told
        if isinstance(one, Mapping) and (at := moment_of(one.get("at"))) is not None
    )


def _list(told: object) -> Sequence[Any]:
    return told if isinstance(told, list | tuple) else ()


def _text(told: object) -> str:
    return told if isinstance(told, str) else ""
