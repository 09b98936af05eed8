"""What goes to a member and what comes back, before and after translation."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from aggregator.model.answer import Answer, Leaf, Match
from aggregator.model.outcome import NoAnswerCode, NotAskedCode
from aggregator.model.query import Query
from registry.models import Dialect
from registry.snapshot import RegisteredMember


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request to a member, complete but for credentials, Via and User-Agent."""

    method: Literal["GET", "POST"]
    url: str
    """Absolute, with the encoded query."""
    body: bytes | None = None
    """JSON, sent with `Content-Type: application/json`."""


@dataclass(frozen=True, slots=True)
class Part:
    """One request of possibly several that make up a question to one member.

    `match` is what a hit proves: an equivalent spelling, or a broader question.
    """

    request: Request
    match: Match = Match.EXACT
    spelled: str | None = None
    """What was asked, in words people type, where it is not what they typed."""


@dataclass(frozen=True, slots=True)
class Ask:
    """The member is to be asked these parts; their answers are one outcome (any yes is a yes)."""

    parts: tuple[Part, ...]
    warnings: tuple[str, ...] = ()
    are_disjoint: bool = False
    """Whether nothing can answer two parts, so that their counts may be added."""


@dataclass(frozen=True, slots=True)
class NotAsked:
    """The member cannot be asked this; nothing is sent."""

    code: NotAskedCode
    message: str


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back: status, lower-case header names, and the decompressed body."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Failure:
    """The member was asked and gave no usable answer."""

    code: NoAnswerCode | Literal[NotAskedCode.LOOP]
    message: str
    learned: Dialect | None = None
    """What this failure teaches: asked again this way, once, the member may answer."""
    retry_after_s: float | None = None
    status: int | None = None
    is_networks_own: bool = False
    """A 5xx that a nested network sent on purpose (it carries `info.network`)."""
    leaves: tuple[Leaf, ...] = ()
    """What a network told of the beacons inside it, though its answer cannot be used."""


class Translator(Protocol):
    """One protocol family: a pure planner and a pure reader."""

    def plan(self, query: Query, member: RegisteredMember) -> Ask | NotAsked:
        """Put the question in the member's own words, or say why it cannot be put."""
        ...

    def read(
        self, reply: Reply, query: Query, member: RegisteredMember, part: Part
    ) -> Answer | Failure:
        """Read what came back to one part; never raises, whatever the bytes are."""
        ...
