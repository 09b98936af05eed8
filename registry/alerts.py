"""Alerts: who is told of what, when, and how often it is tried. Pure; moments are UTC.

What is to be told waits at most for four things: that an outage is long enough, that quiet hours
end, that a minute has gathered what belongs together, that an hour's share of messages is used up.
"""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, field_validator

from registry.incidents import Event, Topic
from registry.quiet_hours import QuietHours

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
LONGEST_WAIT: Final = timedelta(seconds=RETRIES_S[-1] * (1 + JITTER))
"""Between two attempts."""
MOST_ATTEMPTS: Final = 14
"""More than there are within `GIVEN_UP`; for clocks that went back."""
CONFIRM_WITHIN: Final = timedelta(days=7)
UNREAD: Final = "what it is to be told cannot be read here: "
"""What the reason begins with for which a target is off whose wishes are of another version."""
LOG_KEPT: Final = 100
"""Deliveries of one target that can be looked at."""

PASSING: Final = frozenset({Topic.OUTAGE, Topic.SLOW, Topic.FLAPPING, Topic.SILENT})
"""What nobody can tell of a member while this network's own connection is away."""
REMINDED: Final = frozenset({Topic.OUTAGE, Topic.SILENT})
"""What is told again while it lasts."""


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


LONGEST_HELD: Final = {
    Held.NOTHING: timedelta(),
    Held.THRESHOLD: timedelta(minutes=1440),
    Held.QUIET: timedelta(hours=25),
    Held.GATHER: timedelta(seconds=GATHER_S),
    Held.SHARE: HOUR,
    Held.CUT: timedelta(seconds=CUT_S),
}
"""What is held for longer was held by a clock that was ahead: its time has come."""


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
    unread: str = field(default="", repr=False)
    """The wishes as they are kept, if they cannot be read here; `wishes` are what can be."""

    @property
    def is_off_unread(self) -> bool:
        """Whether it is off for that alone: it is on wherever its wishes can be read."""
        return bool(self.unread) and not self.is_on and self.off_reason.startswith(UNREAD)

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
        """The same in every attempt; it does not tell how many messages there were."""
        return delivery_id(self.target_id, self.key)


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
    is_settling: bool = False
    """Whether it came back so lately that members were not looked at often enough since."""
    before: Delivery | None = None
    """The last message that waits and must not be overtaken."""
    gathers_until: datetime | None = None
    """When what is gathered already is told."""
    share_until: datetime | None = None
    """When the next hour's share of messages begins, if this one's is used up."""


OVER: Final = "over before it was told"
OWN_CUT: Final = "this network's own connection was away"


def place(target: Target, event: Event, began: Delivery | None, moment: Moment) -> Placed:
    """Decide when an event is told; `began` is the last beginning told of the same subject."""
    now = moment.now
    if event.what == "ended" and began is not None:
        if began.state is State.DROPPED:
            return Placed(State.DROPPED, now, result=began.result)
        if why := _why_untold(began, event.at):
            return Placed(State.DROPPED, now, result=why, drops=began.number)
    if event.topic is not Topic.NETWORK:
        is_lost = moment.was_cut and event.topic in PASSING and event.what != "ended"
        if moment.is_cut or is_lost:
            # a beginning may outlast that: then it is told afterwards
            return _held(Held.CUT, now + timedelta(seconds=CUT_S))
    wished, before = _by_wishes(target, event, moment), moment.before
    if before is None:
        return wished
    if wished.held_for is Held.THRESHOLD and wished.next_at > before.next_at:
        return wished  # it is not long enough yet, whatever waits before it
    return _held(before.held_for, before.next_at)


def _why_untold(began: Delivery, ended: datetime) -> str:
    """Say why a beginning that waits is not told of what ended; empty if it is."""
    if began.state is not State.HELD:
        return ""
    if began.held_for is Held.CUT:
        return OWN_CUT
    is_short = began.held_for is Held.THRESHOLD and ended < began.next_at
    return OVER if is_short or began.held_for is Held.QUIET else ""


def _by_wishes(target: Target, event: Event, moment: Moment) -> Placed:
    now, wishes = moment.now, target.wishes
    if event.topic is Topic.OUTAGE and event.what == "began" and wishes.after_minutes:
        # also where that is past: an end that is planned after it may say that it was short
        return _held(Held.THRESHOLD, event.at + timedelta(minutes=wishes.after_minutes))
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
    waits: tuple[tuple[Delivery, Held, datetime], ...] = ()
    """What has to wait for something else, and until when."""


def release(
    target: Target, held: Sequence[Delivery], moment: Moment, *, lately: Sequence[datetime]
) -> Release:
    """Decide what becomes of held messages whose time has come, in their order.

    `lately` are the moments of the last hour at which messages of this target became due.
    """
    waits: list[tuple[Delivery, Held, datetime]] = []
    ready = []
    for one in held:
        waits_for = _waits_for(target, one, moment)
        if waits_for is None:
            ready.append(one)
        else:
            waits.append((one, *waits_for))
    if _belong_together(target, ready):
        return Release((), tuple(ready), tuple(waits))
    free = max(MOST_AN_HOUR - len(lately), 0)
    over = min(lately, default=moment.now) + HOUR
    waits += [(one, Held.SHARE, over) for one in ready[free:]]
    return Release(tuple(ready[:free]), (), tuple(waits))


def _waits_for(target: Target, one: Delivery, moment: Moment) -> tuple[Held, datetime] | None:
    """Say what a message waits for after it has waited long enough for something else."""
    now, told = moment.now, one.document
    topic, has_begun = told.get("topic"), told.get("what") == "began"
    is_unsure = moment.is_settling and one.held_for is Held.CUT and has_begun and topic in PASSING
    if topic != Topic.NETWORK and (moment.is_cut or is_unsure):
        return Held.CUT, now + timedelta(seconds=CUT_S)
    if one.held_for is Held.CUT and has_begun and topic == Topic.OUTAGE:
        minutes = target.wishes.after_minutes
        long_enough = datetime.fromisoformat(str(told["at"])) + timedelta(minutes=minutes)
        if now < long_enough <= now + LONGEST_HELD[Held.THRESHOLD]:
            return Held.THRESHOLD, long_enough
    quiet_until = target.wishes.quiet.end_after(now) if target.wishes.quiet else None
    return None if quiet_until is None else (Held.QUIET, quiet_until)


def is_given_up(delivery: Delivery, now: datetime, next_at: datetime) -> bool:
    """Whether a message was tried for so long that it is not tried again at `next_at`."""
    since = delivery.ready_at or delivery.created_at
    if since > now:  # the clock went back
        return delivery.attempts + 1 >= MOST_ATTEMPTS
    return next_at > since + GIVEN_UP


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


def delivery_id(target_id: str, key: str) -> str:
    """Name the message of a target that has this key."""
    return f"{target_id}-{hashlib.sha256(f'{target_id} {key}'.encode()).hexdigest()[:16]}"


def subject_of(member_id: str, topic: Topic) -> str:
    """Name what an event is about, the same for beginning and end."""
    return f"{member_id}:{topic.value}"


def _held(why: Held, until: datetime) -> Placed:
    return Placed(State.HELD, until, why)


def _belong_together(target: Target, ready: Sequence[Delivery]) -> bool:
    if len(ready) < 2:
        return False
    if any(one.held_for in {Held.QUIET, Held.SHARE} for one in ready):
        return True
    members = {one.document.get("member") for one in ready}
    return target.is_operators and len(members) > MANY_MEMBERS
