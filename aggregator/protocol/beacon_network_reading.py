"""Reads answers of networks with the API of beacon-network.org: one row per beacon.

`{beacon: {id, name, aggregator, aggregatedBeacons, supportedReferences}, query, response,
frequency, externalUrl, info}`; the response is yes, no or null.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from aggregator.model.answer import Answer, Exists, Handover, Leaf, LeafEnding, ResultSet
from aggregator.model.genome import Assembly, GenomeError, parse_assembly, parse_chromosome
from aggregator.model.outcome import NoAnswerCode, NotAskedCode
from aggregator.model.query import Query
from aggregator.protocol.bodies import invalid_body, json_value
from aggregator.protocol.failures import error_text, failure_of, rejected, stated_error
from aggregator.protocol.leaves import Heard, ending_of, join, named
from aggregator.protocol.tolerant import (
    exists_of,
    frequency_of,
    id_of,
    info_of,
    is_web_address,
    text_of,
)
from aggregator.protocol.wire import Failure, Part, Reply
from registry.snapshot import RegisteredMember

MAX_LEVELS: Final = 10
"""How deep aggregators of aggregators are followed."""
MAX_ROWS: Final = 5_000
"""The most rows of an answer."""

_NAMES: Final[Mapping[str, str]] = {
    "assemblyId": "ref",
    "referenceName": "chrom",
    "start": "pos",
    "referenceBases": "referenceAllele",
    "alternateBases": "allele",
}
_SHORT: Final[Mapping[str, str]] = {"D": "DEL", "I": "INS"}


@dataclass(frozen=True, slots=True)
class _Row:
    """One beacon's row; `held` are the assemblies it names, empty where it names none."""

    beacon_id: str
    name: str | None
    exists: Exists
    held: tuple[str, ...]
    is_aggregator: bool
    children: frozenset[str]
    told: Mapping[str, Any]
    contradiction: str | None


def read(reply: Reply, query: Query, member: RegisteredMember, part: Part) -> Answer | Failure:
    """Read one row per beacon, and what they add up to."""
    if (failure := failure_of(reply)) is not None:
        return failure
    value = json_value(reply)
    if isinstance(value, Failure):
        return value
    if isinstance(value, Mapping):
        if (error := _error(value)) is not None:
            return rejected(error)
        value = [value]
    if not isinstance(value, list):
        return invalid_body("the answer is JSON, but no list of responses")
    if len(value) > MAX_ROWS:
        return invalid_body(f"it lists more than {MAX_ROWS:,} responses")
    asked = _asked(part, query, member)
    rows = [_row(one, asked) for one in value if isinstance(one, Mapping) and "beacon" in one]
    if len(rows) < len(value):
        return invalid_body("the answer is a list, but not of responses of beacons")
    result = join(
        [_heard(row, asked.get("ref")) for row in _spoken_for(_once(rows))],
        warnings=[
            f"the row of {row.beacon_id} was left out: {row.contradiction}"
            for row in rows
            if row.contradiction
        ],
    )
    if isinstance(result, Failure) and result.leaves and all(map(_was_elsewhere, result.leaves)):
        why = f"it is a network, and none of its beacons holds {asked['ref']}"
        return replace(result, message=f"{why}: {named(result.leaves)}")
    return result


def parameter_name(member: RegisteredMember, ours: str) -> str:
    """Give the API's name of a parameter of ours, or the member's own."""
    return member.dialect.rename.get(ours, _NAMES[ours])


def _asked(part: Part, query: Query, member: RegisteredMember) -> dict[str, str]:
    """Read back what was asked, by this API's names; its assembly as we spell it."""
    sent = parse_qs(urlsplit(part.request.url).query)
    asked = {
        theirs: sent[name][0]
        for ours, theirs in _NAMES.items()
        if (name := parameter_name(member, ours)) in sent
    }
    if "ref" not in asked and len(member.assemblies) == 1:
        asked["ref"] = member.assemblies[0]
    if query.variant is not None and query.variant.chromosome and "chrom" in asked:
        asked["chrom"] = query.variant.chromosome
    return {name: _canonical(name, value) for name, value in asked.items()}


def _canonical(name: str, value: Any) -> str:
    """Spell a value of a question, asked or echoed, in one way."""
    text = str(value).strip().upper()
    if name == "ref":
        return _assembly(value) or text
    if name == "chrom":
        try:
            return parse_chromosome(text).name
        except GenomeError:
            return text
    return _SHORT.get(text, text)


def _assembly(value: Any) -> Assembly | None:
    try:
        return parse_assembly(str(value)).assembly
    except GenomeError:
        return None


def _error(document: Mapping[str, Any]) -> str | None:
    """Give the words of `{status, reason, message}`, or of any other error; None where none."""
    if "beacon" in document:
        return None
    if (error := stated_error(document)) is not None:
        return error
    return error_text({"message": document.get("message")}) or text_of(document.get("reason"))


def _row(item: Mapping[str, Any], asked: Mapping[str, str]) -> _Row:
    told = item.get("beacon")
    beacon = told if isinstance(told, Mapping) else {"id": told}
    children = frozenset(_ids(beacon.get("aggregatedBeacons")))
    held = beacon.get("supportedReferences")
    return _Row(
        beacon_id=id_of(beacon.get("id")) or id_of(beacon.get("name")) or "beacon",
        name=text_of(beacon.get("name")),
        exists=exists_of(item.get("response")),
        held=tuple(_canonical("ref", one) for one in held) if isinstance(held, list) else (),
        is_aggregator=beacon.get("aggregator") is True or bool(children),
        children=children,
        told=item,
        contradiction=_contradiction(item.get("query"), asked),
    )


def _ids(value: Any) -> Iterable[str]:
    for one in value if isinstance(value, list) else []:
        told = id_of(one.get("id") if isinstance(one, Mapping) else one)
        if told is not None:
            yield told


def _contradiction(echo: Any, asked: Mapping[str, str]) -> str | None:
    """Say where the question a row answers is not the one that was asked."""
    if not isinstance(echo, Mapping):
        return None
    names = {
        "chrom": "chromosome",
        "pos": "position",
        "referenceAllele": "referenceAllele",
        "allele": "allele",
        "ref": "reference",
    }
    for name, theirs in names.items():
        value = echo.get(theirs)
        if name not in asked or value is None or value == "":
            continue
        if _canonical(name, value) != asked[name]:
            return f"it answers another {theirs} ({text_of(value, 40) or 'unreadable'})"
    return None


def _once(rows: Iterable[_Row]) -> list[_Row]:
    """Keep one row of each beacon: a yes, else one that says nothing, else a no."""
    worth = (Exists.YES, Exists.UNKNOWN, Exists.NO)
    kept: dict[str, _Row] = {}
    for row in rows:
        known = kept.setdefault(row.beacon_id, row)
        if worth.index(_verdict(row)) < worth.index(_verdict(known)):
            kept[row.beacon_id] = row
    return list(kept.values())


def _verdict(row: _Row) -> Exists:
    return Exists.UNKNOWN if row.contradiction else row.exists


def _spoken_for(rows: list[_Row]) -> list[_Row]:
    """Leave out aggregators whose beacons speak for themselves: they are the same beacons.

    An aggregator stays where some beacon behind it is not listed, or where it found what none of
    those listed did.
    """
    behind = _Behind({row.beacon_id: row for row in rows})
    kept = []
    for row in rows:
        found, is_whole = behind.of(row) if row.is_aggregator else (False, False)
        if not (found if _verdict(row) is Exists.YES else is_whole):
            kept.append(row)
    return kept


class _Behind:
    """What the rows of the beacons behind aggregators say, each row looked at once."""

    def __init__(self, by_id: Mapping[str, _Row]) -> None:
        self._by_id = by_id
        self._known: dict[str, tuple[bool, bool]] = {}

    def of(self, row: _Row, levels: int = MAX_LEVELS) -> tuple[bool, bool]:
        """Say whether a beacon behind this row said yes, and whether all of them are listed."""
        if not row.is_aggregator:
            return _verdict(row) is Exists.YES, True
        if row.beacon_id in self._known or not levels:
            return self._known.get(row.beacon_id, (False, False))
        self._known[row.beacon_id] = False, False  # what a circle of aggregators comes back to
        listed = [self._by_id[child] for child in row.children if child in self._by_id]
        told = [self.of(child, levels - 1) for child in listed]
        found = any(each_found for each_found, _ in told)
        is_whole = bool(told) and len(told) == len(row.children) and all(w for _, w in told)
        self._known[row.beacon_id] = found, is_whole
        return found, is_whole


def _heard(row: _Row, assembly: str | None) -> Heard:
    exists = _verdict(row)
    if row.contradiction:
        return _silent(row, row.contradiction, NoAnswerCode.INCONSISTENT)
    if exists is Exists.YES or (exists is Exists.NO and not _is_elsewhere(row, assembly)):
        if exists is Exists.NO and row.is_aggregator:
            return _silent(
                row,
                "stands for several beacons, and its no counts those that did not answer",
                NoAnswerCode.NO_VERDICT,
            )
        return Heard(_leaf(row, ending_of(exists)), _answer(row, exists))
    if _is_elsewhere(row, assembly):
        held = " and ".join(row.held)
        return Heard(
            _leaf(row, LeafEnding.NOT_ASKED, f"holds only {held}", NotAskedCode.ASSEMBLY.value)
        )
    return _silent(row, "did not answer", NoAnswerCode.NO_VERDICT)


def _is_elsewhere(row: _Row, assembly: str | None) -> bool:
    return assembly is not None and bool(row.held) and assembly not in row.held


def _was_elsewhere(leaf: Leaf) -> bool:
    return leaf.ending is LeafEnding.NOT_ASKED and leaf.code == NotAskedCode.ASSEMBLY.value


def _leaf(
    row: _Row, ending: LeafEnding, reason: str | None = None, code: str | None = None
) -> Leaf:
    return Leaf(beacon_id=row.beacon_id, ending=ending, name=row.name, reason=reason, code=code)


def _silent(row: _Row, reason: str, code: NoAnswerCode) -> Heard:
    return Heard(_leaf(row, LeafEnding.NO_ANSWER, reason, code.value))


def _answer(row: _Row, exists: Exists) -> Answer:
    url = row.told.get("externalUrl")
    handovers: tuple[Handover, ...] = ()
    if isinstance(url, str) and is_web_address(url.strip()):
        handovers = (Handover(id="CUSTOM", label=f"{row.name or row.beacon_id}", url=url.strip()),)
    is_hit = exists is Exists.YES
    result_set = ResultSet(
        id=row.beacon_id,
        set_type="beacon",
        exists=exists,
        frequency=frequency_of(row.told.get("frequency")) if is_hit else None,
        handovers=handovers if is_hit else (),
        info=info_of(row.told.get("info")),
        beacon_id=row.beacon_id,
        name=row.name,
    )
    return Answer(exists=exists, result_sets=(result_set,), beacon_id=row.beacon_id)
