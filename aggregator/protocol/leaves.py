"""What the beacons inside a member network add up to.

Any yes is a yes, partial where another beacon is silent. A no needs a no of every beacon that
could have known: an aggregator that did not hear from one of them has no no to give.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from aggregator.model.answer import (
    Answer,
    Exists,
    Leaf,
    LeafEnding,
)
from aggregator.model.outcome import MISSING_IF_NOT_ASKED, NoAnswerCode
from aggregator.model.query import Granularity
from aggregator.protocol.wire import Failure

MAX_NAMED: Final = 5
"""How many silent beacons a sentence names."""
MAX_LEAVES: Final = 1000
"""How many beacons of one network an answer lists."""

_ENDINGS: Final = {
    Exists.YES: LeafEnding.FOUND,
    Exists.NO: LeafEnding.NOT_FOUND,
    Exists.UNKNOWN: LeafEnding.NO_ANSWER,
}


@dataclass(frozen=True, slots=True)
class Heard:
    """One beacon inside a network: how it ended, and its answer where it gave one."""

    leaf: Leaf
    answer: Answer | None = None


def ending_of(exists: Exists) -> LeafEnding:
    """Say how a beacon with this verdict ended."""
    return _ENDINGS[exists]


def is_silent(leaf: Leaf) -> bool:
    """Whether a beacon could have known, and is missing from its network's answer."""
    if leaf.ending is LeafEnding.NO_ANSWER:
        return True
    return leaf.ending is LeafEnding.NOT_ASKED and leaf.code in MISSING_IF_NOT_ASKED


def join(heard: Sequence[Heard], *, warnings: Sequence[str] = ()) -> Answer | Failure:
    """Make the answer of a network that lists its beacons' answers one by one."""
    leaves = tuple(one.leaf for one in heard[:MAX_LEAVES])
    answers = [one.answer for one in heard if one.answer is not None]
    hits = [answer for answer in answers if answer.exists is Exists.YES]
    silent = [one.leaf for one in heard if is_silent(one.leaf)]
    if not hits and (silent or not answers):
        return unheard([one.leaf for one in heard], listed=leaves)
    told = hits or answers
    count, unit = _count(told)
    return Answer(
        exists=Exists.of(bool(hits)),
        count=count,
        unit=unit,
        granularity=Granularity.BOOLEAN if count is None else Granularity.COUNT,
        result_sets=tuple(one for answer in answers for one in answer.result_sets),
        handovers=tuple(dict.fromkeys(h for answer in told for h in answer.handovers)),
        warnings=tuple(dict.fromkeys((*warnings, *_warnings(answers)))),
        leaves=leaves,
        is_partial=bool(silent) or any(answer.is_partial for answer in hits),
    )


def unheard(leaves: Sequence[Leaf], listed: Sequence[Leaf] | None = None) -> Failure:
    """Say why the beacons of a network make no verdict together, none of them having said yes."""
    return Failure(
        NoAnswerCode.NO_VERDICT,
        _why_unheard(leaves),
        leaves=tuple(listed if listed is not None else leaves[:MAX_LEAVES]),
    )


def named(leaves: Sequence[Leaf]) -> str:
    """Name beacons with their reasons, in words: `org.example.a (HTTP 500), b and 2 more`."""
    told = [
        f"{leaf.name or leaf.beacon_id}{f' ({leaf.reason})' if leaf.reason else ''}"
        for leaf in leaves[:MAX_NAMED]
    ]
    more = len(leaves) - len(told)
    return ", ".join(told) + (f" and {more} more" if more > 0 else "")


def beacons(number: int) -> str:
    """Write a number of beacons."""
    return "1 beacon" if number == 1 else f"{number} beacons"


def _count(told: Sequence[Answer]) -> tuple[int | None, str | None]:
    """Add what the beacons counted, if each of them told it and all in one unit."""
    units = {answer.unit for answer in told}
    counts = [answer.count for answer in told]
    if len(units) != 1 or None in counts:
        return None, None
    return sum(count for count in counts if count is not None), units.pop()


def _warnings(answers: Sequence[Answer]) -> list[str]:
    """Give the beacons' warnings, each with the beacon that it is about."""
    return [
        f"{answer.beacon_id}: {text}" if answer.beacon_id else text
        for answer in answers
        for text in answer.warnings
    ][:MAX_NAMED]


def _why_unheard(leaves: Sequence[Leaf]) -> str:
    if not leaves:
        return "it is a network, and lists no beacon that it asked"
    silent = [leaf for leaf in leaves if is_silent(leaf)]
    said_no = sum(leaf.ending is LeafEnding.NOT_FOUND for leaf in leaves)
    if not silent and not said_no:
        return f"it is a network, and could ask none of its beacons: {named(leaves)}"
    if not said_no:
        return f"it is a network, and none of its beacons answered: {named(silent)}"
    return (
        f"it is a network: {beacons(said_no)} of it said no, but {beacons(len(silent))} did not "
        f"answer: {named(silent)}"
    )
