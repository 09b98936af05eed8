"""Alerts: who is told of what, when, and how often it is tried. Pure; moments are UTC.

What is to be told waits at most for four things: that an outage is long enough, that quiet hours
end, that a minute has gathered what belongs together, that an hour's share of messages is used up.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from typing import Annotated, Any, Final, Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from registry.incidents import Event, Topic

OPERATOR: Final = "~operator"
"""The owner of what operators of the network are told; no member can have such an id."""
MOST_TARGETS: Final = 10
"""Of one owner."""
GATHER_S: Final = 60.0
"""How long what operators are told of several members is gathered."""
MANY_MEMBERS: Final = 5
"""Changes of more members than these are one message."""
CUT_S: Final = 60.0
"""How often it is looked whether this network's own connection is back."""
HOUR: Final = timedelta(hours=1)
MOST_AN_HOUR: Final = 20
"""Messages to one target; what is beyond is told together afterwards."""
LATE: Final = timedelta(hours=24)
"""How old something is that is called late."""
GIVEN_UP: Final = timedelta(hours=24)
"""How long a message is tried."""
RETRIES_S: Final = (10.0, 60.0, 300.0, 900.0, 3600.0, 7200.0, 14400.0)
"""The waits after the first attempts; the last repeats."""
JITTER: Final = 0.1
CONFIRM_WITHIN: Final = timedelta(days=7)
LOG_KEPT: Final = 100
"""Deliveries of one target that can be looked at."""

PASSING: Final = frozenset({Topic.OUTAGE, Topic.SLOW, Topic.FLAPPING, Topic.SILENT})
"""What nobody can tell of a member while this network's own connection is away."""
REMINDED: Final = frozenset({Topic.OUTAGE, Topic.SILENT, Topic.NETWORK})
"""What is told again while it lasts."""
_ZONE: Final = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(?:/[A-Za-z0-9_+-]+){0,2}")
_CLOCK: Final = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]")


class Kind(StrEnum):
    """How somebody is told."""

    WEBHOOK = "webhook"
    EMAIL = "email"


class State(StrEnum):
    """What came of a message so far."""

    HELD = "held"
    """It waits; `Held` says what for."""
    DUE = "due"
    """It is sent, again and again until it was taken."""
    SENT = "sent"
    JOINED = "joined"
    """It is told in one message with others."""
    DROPPED = "dropped"
    """There was no more need to tell it."""
    FAILED = "failed"
    """It was tried until it made no more sense."""


class Held(StrEnum):
    """What a message waits for."""

    NOTHING = ""
    THRESHOLD = "threshold"
    QUIET = "quiet hours"
    GATHER = "gathering"
    SHARE = "hourly share"
    CUT = "network"


class QuietHours(BaseModel):
    """The hours of every day in which nothing is sent; over midnight where `to` is earlier."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, populate_by_name=True)

    zone: str = "UTC"
    """A name of the time zone database."""
    begins: str = Field(alias="from")
    ends: str = Field(alias="to")

    @field_validator("zone")
    @classmethod
    def _known(cls, zone: str) -> str:
        if not _is_zone(zone):
            told = "no time zone of this name is known; for instance: Europe/Helsinki, or UTC"
            raise ValueError(told)
        return zone

    @field_validator("begins", "ends")
    @classmethod
    def _clock(cls, told: str) -> str:
        if not _CLOCK.fullmatch(told):
            raise ValueError("a time of day, as 22:00")
        return told

    @model_validator(mode="after")
    def _some(self) -> Self:
        if self.begins == self.ends:
            raise ValueError("from and to are the same, which leaves no time to tell anything")
        return self

    def end_after(self, now: datetime) -> datetime | None:
        """Say when the quiet hours end that `now` is in; None outside of them."""
        zone = ZoneInfo(self.zone)
        here = now.astimezone(zone)
        begins, ends = time.fromisoformat(self.begins), time.fromisoformat(self.ends)
        for day in (here.date() - timedelta(days=1), here.date()):
            last = day if ends > begins else day + timedelta(days=1)
            start = datetime.combine(day, begins, zone).astimezone(UTC)
            end = datetime.combine(last, ends, zone).astimezone(UTC)
            if start <= now < end:
                return end
        return None


_OF_MEMBERS: Final = (Topic.OUTAGE, Topic.CERTIFICATE, Topic.CONFORMANCE, Topic.CONTROL)


class Wishes(BaseModel):
    """What somebody wants to be told, and when."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    topics: Annotated[tuple[Topic, ...], Field(min_length=1, max_length=20)] = _OF_MEMBERS
    after_minutes: Annotated[int, Field(ge=0, le=1440, strict=True)] = 0
    """How long an outage has to last before it is told."""
    quiet: QuietHours | None = None
    remind_hours: Annotated[int, Field(ge=0, le=168, strict=True)] = 0
    """An outage that lasts is told again so often; 0: it is not."""

    @field_validator("topics")
    @classmethod
    def _once_each(cls, topics: tuple[Topic, ...]) -> tuple[Topic, ...]:
        return tuple(one for one in Topic if one in topics)


@dataclass(frozen=True, slots=True)
class Target:
    """Somebody who is told."""

    id: str
    owner: str
    kind: Kind
    address: str = field(repr=False)
    secret: str = field(repr=False)
    """Signs what a webhook is sent; empty for mail."""
    wishes: Wishes
    created_at: datetime
    after_event: int
    is_on: bool = True
    off_reason: str = ""
    asked_at: datetime | None = None
    """When a mail address was asked to confirm itself."""
    confirmed_at: datetime | None = None

    @property
    def is_operators(self) -> bool:
        """Whether it is told of every member."""
        return self.owner == OPERATOR

    @property
    def is_confirmed(self) -> bool:
        """Whether anything may be sent to it."""
        return self.kind is Kind.WEBHOOK or self.confirmed_at is not None

    def wants(self, event: Event) -> bool:
        """Say whether an event is of a member and topic it wants to be told of."""
        if event.topic not in self.wishes.topics:
            return False
        return self.is_operators or (event.member_id == self.owner)


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message to one target, and what came of it."""

    number: int
    target_id: str
    key: str
    subject: str
    state: State
    held_for: Held
    document: Mapping[str, Any]
    attempts: int
    created_at: datetime
    next_at: datetime
    ready_at: datetime | None
    ended_at: datetime | None
    result: str

    @property
    def id(self) -> str:
        """The same in every attempt."""
        return f"{self.target_id}-{self.number}"


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a message begins, and what it makes of an earlier one."""

    state: State
    next_at: datetime
    held_for: Held = Held.NOTHING
    result: str = ""
    drops: int | None = None
    """The number of an earlier message that need not be told any more."""


@dataclass(frozen=True, slots=True)
class Moment:
    """The circumstances in which it is decided what is told when."""

    now: datetime
    is_cut: bool = False
    """Whether this network's own connection is away."""
    was_cut: bool = False
    """Whether it was when the thing happened."""
    gathers_until: datetime | None = None
    """When what is gathered already is told."""
    share_until: datetime | None = None
    """When the next hour's share of messages begins, if this one's is used up."""


OVER: Final = "over before it was told"
OWN_CUT: Final = "this network's own connection was away"


def place(target: Target, event: Event, began: Delivery | None, moment: Moment) -> Placed:
    """Decide when an event is told; `began` is the last beginning told of the same subject."""
    now, wishes = moment.now, target.wishes
    if event.what == "ended" and began is not None:
        if began.state is State.DROPPED:
            return Placed(State.DROPPED, now, result=began.result)
        if began.state is State.HELD and began.held_for in {Held.THRESHOLD, Held.QUIET}:
            return Placed(State.DROPPED, now, result=OVER, drops=began.number)
    if event.topic is not Topic.NETWORK and (moment.is_cut or moment.was_cut):
        if event.topic in PASSING and event.what != "ended":
            return Placed(State.DROPPED, now, result=OWN_CUT)
        if moment.is_cut:
            return _held(Held.CUT, now + timedelta(seconds=CUT_S))
    if event.topic is Topic.OUTAGE and event.what == "began":
        long_enough = event.at + timedelta(minutes=wishes.after_minutes)
        if long_enough > now:
            return _held(Held.THRESHOLD, long_enough)
    quiet_until = wishes.quiet.end_after(now) if wishes.quiet else None
    if quiet_until is not None:
        return _held(Held.QUIET, quiet_until)
    if target.is_operators and event.topic in PASSING:
        gathered = moment.gathers_until or now + timedelta(seconds=GATHER_S)
        return _held(Held.GATHER, gathered)
    if moment.share_until is not None:
        return _held(Held.SHARE, moment.share_until)
    return Placed(State.DUE, now)


@dataclass(frozen=True, slots=True)
class Release:
    """What becomes of messages that have waited long enough."""

    singles: tuple[Delivery, ...] = ()
    """Told one by one."""
    together: tuple[Delivery, ...] = ()
    """Told in one message."""
    dropped: tuple[Delivery, ...] = ()
    waits: tuple[tuple[Delivery, Held, datetime], ...] = ()
    """What has to wait for something else, and until when."""


def release(
    target: Target, held: Sequence[Delivery], moment: Moment, *, lately: Sequence[datetime]
) -> Release:
    """Decide what becomes of held messages whose time has come, in their order.

    `lately` are the moments of the last hour at which messages of this target became due.
    """
    now = moment.now
    dropped: list[Delivery] = []
    waits: list[tuple[Delivery, Held, datetime]] = []
    ready = []
    quiet_until = target.wishes.quiet.end_after(now) if target.wishes.quiet else None
    for one in held:
        topic = one.document.get("topic")
        if moment.is_cut and topic != Topic.NETWORK:
            if topic in PASSING and one.document.get("what") == "began":
                dropped.append(one)
            else:
                waits.append((one, Held.CUT, now + timedelta(seconds=CUT_S)))
        elif quiet_until is not None:
            waits.append((one, Held.QUIET, quiet_until))
        else:
            ready.append(one)
    if _belong_together(target, ready):
        return Release((), tuple(ready), tuple(dropped), tuple(waits))
    free = MOST_AN_HOUR - len(lately)
    over = min(lately, default=now) + HOUR
    waits += [(one, Held.SHARE, over) for one in ready[max(free, 0) :]]
    return Release(tuple(ready[: max(free, 0)]), (), tuple(dropped), tuple(waits))


def wait_s(attempts: int, chance: float) -> float:
    """Say how long to wait after so many attempts; `chance` is from 0 to 1."""
    planned = RETRIES_S[min(attempts, len(RETRIES_S)) - 1]
    return planned * (1 - JITTER + 2 * JITTER * chance)


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """Sign what a webhook is sent: the value of `X-Beacon-Signature`."""
    signed = timestamp.encode() + b"." + body
    return "v1=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def link_token(secret: str, purpose: str, target: Target) -> str:
    """Make the secret part of a link in a mail; another confirmation makes another."""
    asked = "" if target.asked_at is None else f"{target.asked_at.timestamp():.3f}"
    told = f"alert link {purpose} {target.id} {asked}".encode()
    return f"{target.id}.{hmac.new(secret.encode(), told, hashlib.sha256).hexdigest()[:40]}"


def subject_of(member_id: str, topic: Topic) -> str:
    """Name what an event is about, the same for beginning and end."""
    return f"{member_id}:{topic.value}"


def _is_zone(name: str) -> bool:
    try:
        return bool(_ZONE.fullmatch(name) and ZoneInfo(name))
    except (ValueError, OSError, KeyError):
        return False


def _held(why: Held, until: datetime) -> Placed:
    return Placed(State.HELD, until, why)


def _belong_together(target: Target, ready: Sequence[Delivery]) -> bool:
    if len(ready) < 2:
        return False
    if any(one.held_for in {Held.QUIET, Held.SHARE} for one in ready):
        return True
    members = {one.document.get("member") for one in ready}
    return target.is_operators and len(members) > MANY_MEMBERS
