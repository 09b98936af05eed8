"""How one member ended: found, not found, no answer or not asked, always with the reason."""

from dataclasses import dataclass, field
from enum import StrEnum

from aggregator.model.answer import Answer, Leaf, Match, ResultSet


class Ending(StrEnum):
    """The five states of a member in an answer; `asking` only while streaming."""

    FOUND = "found"
    NOT_FOUND = "not_found"
    NO_ANSWER = "no_answer"
    NOT_ASKED = "not_asked"
    ASKING = "asking"


class NotAskedCode(StrEnum):
    """Why a member was not asked."""

    ASSEMBLY = "assembly"
    REFERENCE_ALLELE = "reference_allele"
    LIFTOVER = "liftover"
    ENTRY_TYPE = "entry_type"
    QUERY_KIND = "query_kind"
    PARAMETER = "parameter"
    FILTER = "filter"
    DATASET = "dataset"
    HOLDER = "holder"
    OPAQUE = "opaque"
    GRANULARITY = "granularity"
    PAGINATION = "pagination"
    NOT_SELECTED = "not_selected"
    NEEDS_TOKEN = "needs_token"  # noqa: S105 - a reason code, no secret
    PAUSED = "paused"
    SUSPENDED = "suspended"
    LOOP = "loop"
    DISABLED = "disabled"


class NoAnswerCode(StrEnum):
    """Why a member that was asked has no answer."""

    TIMEOUT = "timeout"
    OVERLOADED = "overloaded"
    DNS = "dns"
    CONNECT = "connect"
    TLS = "tls"
    ADDRESS = "address"
    REDIRECTED = "redirected"
    REJECTED = "rejected"
    FORBIDDEN = "forbidden"
    RATE_LIMITED = "rate_limited"
    SERVER_ERROR = "server_error"
    INVALID_BODY = "invalid_body"
    TOO_LARGE = "too_large"
    NO_VERDICT = "no_verdict"
    INCONSISTENT = "inconsistent"
    CONTROL_FAILED = "control_failed"
    CANCELLED = "cancelled"
    INTERNAL = "internal"


MISSING_IF_NOT_ASKED = frozenset(
    {
        NotAskedCode.PAUSED,
        NotAskedCode.SUSPENDED,
        NotAskedCode.NEEDS_TOKEN,
        NotAskedCode.LOOP,
        NotAskedCode.PAGINATION,
        NotAskedCode.HOLDER,
        NotAskedCode.OPAQUE,
    }
)
"""Reasons of `not_asked` that leave the answer incomplete: the member could have known."""

CHOSEN_NOT_ASKED = frozenset({NotAskedCode.NOT_SELECTED, NotAskedCode.DISABLED})
"""Reasons that say nothing about what the member is able to answer."""


class Source(StrEnum):
    """Where an answer came from."""

    LIVE = "live"
    CACHE = "cache"
    STALE = "stale"


@dataclass(frozen=True, slots=True)
class Reason:
    """A code for programs and a sentence for people."""

    code: NotAskedCode | NoAnswerCode
    message: str


@dataclass(frozen=True, slots=True)
class Member:
    """Who a member is, as far as an answer names it."""

    id: str
    name: str
    protocol: str
    beacon_id: str | None = None
    api_version: str | None = None
    assemblies: tuple[str, ...] = ()
    same_as: tuple[str, ...] = ()
    """Members, or `member~beaconId` inside a network, that the operator says are this beacon."""


@dataclass(frozen=True, slots=True)
class MemberOutcome:
    """How one member ended in one answer of the network."""

    member: Member
    ending: Ending
    reason: Reason | None = None
    match: Match | None = None
    """How what was found relates to what was asked; only with `found`."""
    matched_as: str | None = None
    """The spelling that matched, where it is not the one that was typed."""
    elapsed_s: float = 0.0
    attempts: int = 0
    source: Source = Source.LIVE
    age_s: float = 0.0
    warnings: tuple[str, ...] = ()
    answer: Answer | None = field(default=None, repr=False)
    retry_after_s: float | None = None
    silent_leaves: tuple[Leaf, ...] = field(default=(), repr=False)
    """What a network without a usable answer told of the beacons inside it."""
    is_untrusted: bool = False
    """Whether its yes is not to be relied on: it reports an allele that cannot exist as well."""
    told_sets: tuple[ResultSet, ...] = field(default=(), repr=False)
    """What a member whose "no" is not believed told of each data set."""

    @property
    def data_sets(self) -> tuple[ResultSet, ...]:
        """What it told of each of its data sets, whether or not it has an answer."""
        return self.answer.result_sets if self.answer is not None else self.told_sets

    @property
    def leaves(self) -> tuple[Leaf, ...]:
        """The beacons inside the member, where it is a network that names them."""
        return self.answer.leaves if self.answer is not None else self.silent_leaves

    @property
    def is_partial(self) -> bool:
        """Whether its yes lacks beacons inside the member, or a part of the question."""
        return self.answer is not None and self.answer.is_partial

    @property
    def lacks_part(self) -> bool:
        """Whether a part of the question was not answered, so that its yes is partial."""
        return self.answer is not None and self.answer.lacks_part

    @property
    def is_doubted(self) -> bool:
        """Whether it said no, which is not passed on because it fails a control."""
        return self.reason is not None and self.reason.code is NoAnswerCode.CONTROL_FAILED

    @property
    def is_missing(self) -> bool:
        """Whether this member, or something of it, leaves the network's answer incomplete."""
        if self.ending is Ending.NO_ANSWER or self.is_partial:
            return True
        return (
            self.ending is Ending.NOT_ASKED
            and self.reason is not None
            and self.reason.code in MISSING_IF_NOT_ASKED
        )
