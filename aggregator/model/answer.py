"""What one member said, in one shape whatever version it speaks.

Existence has three values: a server that answers `null` has not said no.
"""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any, Final

import msgspec

from aggregator.model.query import Granularity


class Exists(StrEnum):
    """Whether the allele was reported."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"

    @classmethod
    def of(cls, value: bool | None) -> "Exists":
        """Turn a wire value into one of three."""
        if value is None:
            return cls.UNKNOWN
        return cls.YES if value else cls.NO


class Match(StrEnum):
    """How the question that was answered relates to the one that was asked."""

    EXACT = "exact"
    EQUIVALENT = "equivalent"
    BROADER = "broader"
    LIFTED = "lifted"
    TEXT = "text"

    @property
    def rank(self) -> int:
        """How much a hit proves, best first."""
        return list(Match).index(self)


DUPLICATE_OF: Final = "duplicateOf"
"""The key in a result set's `info` that names, as `member:dataset`, the one it repeats."""


class Handover(msgspec.Struct, frozen=True):
    """A link a member offers for more, shown and never fetched."""

    id: str
    label: str
    url: str
    note: str | None = None


class ResultSet(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of one data set."""

    id: str
    set_type: str = "dataset"
    exists: Exists = Exists.UNKNOWN
    count: int | None = None
    """None where the member told no count; never invented."""
    frequency: float | None = None
    results: tuple[msgspec.Raw, ...] = ()
    """The records as the member's own bytes, each checked to be a JSON object."""
    handovers: tuple[Handover, ...] = ()
    info: Mapping[str, Any] = {}
    beacon_id: str | None = None
    """The beacon inside a member that is itself a network."""
    name: str | None = None
    is_doubted: bool = False
    """Whether it said no, which is not passed on because it fails a control; never the member's."""


class Collection(msgspec.Struct, frozen=True, kw_only=True):
    """A data set or cohort a member lists, as its own bytes, checked to be a JSON object."""

    raw: msgspec.Raw
    beacon_id: str | None = None
    """The beacon inside a member that is itself a network."""


class LeafEnding(StrEnum):
    """How a beacon inside a network ended, as that network reports it."""

    FOUND = "found"
    NOT_FOUND = "not_found"
    NO_ANSWER = "no_answer"
    NOT_ASKED = "not_asked"


class Leaf(msgspec.Struct, frozen=True, kw_only=True):
    """A beacon inside a member that is itself a network, as that network reports it."""

    beacon_id: str
    """Its own beaconId, or the key the network has for it."""
    ending: LeafEnding
    name: str | None = None
    reason: str | None = None
    """In the network's words, where it did not answer."""
    code: str | None = None
    """Our reason code, where the network tells one of ours."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of one member to one question."""

    exists: Exists
    count: int | None = None
    unit: str | None = None
    """What `count` counts; sums are made within one unit only."""
    is_count_exact: bool = True
    """False where the member says that it rounds its counts."""
    granularity: Granularity = Granularity.BOOLEAN
    """What the answer really holds, not what was asked for."""
    result_sets: tuple[ResultSet, ...] = ()
    handovers: tuple[Handover, ...] = ()
    warnings: tuple[str, ...] = ()
    beacon_id: str | None = None
    api_version: str | None = None
    collections: tuple[Collection, ...] = ()
    """Data sets or cohorts, for questions that list them."""
    leaves: tuple[Leaf, ...] = ()
    """The beacons inside, where the member is a network that names them."""
    is_partial: bool = False
    """Whether its yes lacks something: beacons inside the member, as it says itself, or a part of
    the question."""
    lacks_part: bool = False
    """Whether a part of a question that was put in several was not answered; then partial."""
    match: Match | None = None
    """What the records that came back prove, where that differs from what was asked."""


def union(answers: Sequence[Answer], *, are_disjoint: bool = True) -> Answer:
    """Join the answers to the spellings or halves of one question into one answer.

    Found if any found; not found only if every part said no. Counts are added only where the
    parts are disjoint, as deletions and duplications are. A server that normalises finds the same
    record by each spelling of an allele: then the largest count stands.
    """
    if len(answers) == 1:
        return answers[0]
    hits = [answer for answer in answers if answer.exists is Exists.YES]
    told = hits or list(answers)
    counts = [answer.count for answer in told]
    best = max(told, key=lambda answer: answer.granularity.rank)
    return Answer(
        exists=Exists.YES if hits else _all_no(answers),
        count=_joined_count(counts, are_disjoint=are_disjoint),
        unit=best.unit,
        is_count_exact=all(answer.is_count_exact for answer in told),
        granularity=best.granularity,
        result_sets=_join_sets(answers, are_disjoint=are_disjoint),
        handovers=tuple(dict.fromkeys(h for answer in told for h in answer.handovers)),
        warnings=tuple(dict.fromkeys(w for answer in answers for w in answer.warnings)),
        beacon_id=best.beacon_id,
        api_version=best.api_version,
        collections=tuple({bytes(c.raw): c for a in answers for c in a.collections}.values()),
        leaves=_join_leaves(answer.leaves for answer in answers),
        is_partial=any(answer.is_partial for answer in answers),
        lacks_part=any(answer.lacks_part for answer in answers),
        match=min((a.match for a in hits if a.match), key=lambda one: one.rank, default=None),
    )


def lacking(answer: Answer, silent: Iterable[Sequence[Leaf]]) -> Answer:
    """Mark the yes to the answered parts of a question as partial: its count is a lower bound.

    `silent` are the beacons inside the member that the failures of the other parts name.
    """
    return msgspec.structs.replace(
        answer,
        is_partial=True,
        lacks_part=True,
        is_count_exact=False,
        leaves=_join_leaves((answer.leaves, *silent)),
    )


def _join_leaves(told: Iterable[Sequence[Leaf]]) -> tuple[Leaf, ...]:
    """Name each beacon once: a yes to any part stands, then silence, then no."""
    worth = [LeafEnding.FOUND, LeafEnding.NO_ANSWER, LeafEnding.NOT_ASKED]
    joined: dict[str, Leaf] = {}
    for leaf in (leaf for leaves in told for leaf in leaves):
        known = joined.get(leaf.beacon_id)
        ranks = [
            worth.index(one.ending) if one.ending in worth else len(worth)
            for one in (leaf, known or leaf)
        ]
        if known is None or ranks[0] < ranks[1]:
            joined[leaf.beacon_id] = leaf
    return tuple(joined.values())


def _all_no(answers: Sequence[Answer]) -> Exists:
    every_no = all(answer.exists is Exists.NO for answer in answers)
    return Exists.NO if every_no else Exists.UNKNOWN


def _joined_count(counts: Sequence[int | None], *, are_disjoint: bool) -> int | None:
    told = [count for count in counts if count is not None]
    if len(told) < len(counts):
        return None
    return sum(told) if are_disjoint else max(told)


def _join_sets(answers: Sequence[Answer], *, are_disjoint: bool) -> tuple[ResultSet, ...]:
    joined: dict[tuple[str | None, str], ResultSet] = {}
    for answer in answers:
        for one in answer.result_sets:
            key = (one.beacon_id, one.id)
            known = joined.get(key)
            joined[key] = one if known is None else _join_set(known, one, are_disjoint=are_disjoint)
    return tuple(joined.values())


def _join_set(one: ResultSet, other: ResultSet, *, are_disjoint: bool) -> ResultSet:
    if one.exists is not Exists.YES or other.exists is not Exists.YES:
        # a yes says it for all parts, a no only if every part says it
        worth = (Exists.YES, Exists.UNKNOWN, Exists.NO)
        return min(one, other, key=lambda each: worth.index(each.exists))
    records = {bytes(record): record for record in (*one.results, *other.results)}
    return msgspec.structs.replace(
        other,
        count=_joined_count((one.count, other.count), are_disjoint=are_disjoint),
        results=tuple(records.values()),
        handovers=tuple(dict.fromkeys(one.handovers + other.handovers)),
        info={**one.info, **other.info},
    )
