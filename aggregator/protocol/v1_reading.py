"""Reads answers of Beacon v1 (and the rows of v0.3): the `BeaconAlleleResponse`.

Known deviations, each with a test: several rows of one data set (beacon-python: one per matching
variant), rows of data sets without a hit filled with zeros and links to nowhere, `frequency: 0`
for "not told", `info` as object, list of pairs or text, a list of one answer, errors beside a
success status, verdicts as text, `exists` missing beside telling rows.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from aggregator.model.answer import Answer, Exists, Leaf, ResultSet
from aggregator.model.query import Granularity, Query
from aggregator.protocol.bodies import invalid_body, json_value
from aggregator.protocol.data_sets import only_asked, sole_data_set
from aggregator.protocol.failures import (
    error_text,
    failure_of,
    no_verdict,
    rejected,
    stated_error,
    without_verdict,
)
from aggregator.protocol.tolerant import (
    count_of,
    exists_of,
    frequency_of,
    handovers_of,
    id_of,
    info_of,
    text_of,
    versions_of,
)
from aggregator.protocol.v2_networks import incomplete_no, is_partial, leaves_of, network_of
from aggregator.protocol.wire import Failure, Part, Reply
from registry.models import Dialect
from registry.snapshot import RegisteredMember

NO_UNIT: Final = "not told"
"""What a network like ours writes as `info.countUnit` of a count it does not know the unit of."""
ROWS_DISAGREE: Final = "it says yes, but none of the data sets it lists does"

_TOLD_ELSEWHERE: Final = {"datasetId", "exists", "error", "info", "datasetHandover"}
_ZERO_FILLED: Final = {
    *("start", "end", "referenceBases", "alternateBases", "variantType", "frequency"),
    *("variantCount", "callCount", "sampleCount", "mateStart", "mateName"),
}
_OF_ONE_ROW: Final = {"variantCount", "frequency"}
_GET_INSTEAD: Final = {404, 405, 415}
"""Answers to a POST of servers that have only GET."""


def read(reply: Reply, query: Query, member: RegisteredMember, part: Part) -> Answer | Failure:
    """Read an answer of a v1 member; the echo is ignored, real servers echo nonsense."""
    if (failure := failure_of(reply)) is not None:
        return _teach(failure, member, part)
    document = answer_document(reply)
    if isinstance(document, Failure):
        return document
    if (error := stated_error(document)) is not None:
        return rejected(error)
    answer = answer_of(document, exists_of(document.get("exists")), member)
    if isinstance(answer, Failure):
        return answer
    return only_asked(answer, query.dataset_ids, member.id, sole=sole_data_set(member))


def answer_document(reply: Reply) -> Mapping[str, Any] | Failure:
    """Decode an answer to one object; a list of one is taken for its element."""
    value = json_value(reply)
    if isinstance(value, Failure):
        return value
    if isinstance(value, list):
        if len(value) > 1:
            return invalid_body("the answer is a list of several answers, not one")
        value = value[0] if value else None
    if not isinstance(value, Mapping):
        return invalid_body("the answer is JSON but no Beacon answer")
    return value


def answer_of(
    document: Mapping[str, Any], exists: Exists, member: RegisteredMember
) -> Answer | Failure:
    """Build the answer from a document and the verdict found in it."""
    result_sets = _result_sets(document.get("datasetAlleleResponses"), member)
    said = {one.exists for one in result_sets}
    if exists is Exists.UNKNOWN:
        exists = _derived(said)
    if exists is Exists.UNKNOWN:
        return without_verdict(document)
    if exists is Exists.NO and Exists.YES in said:
        return no_verdict("it says no, but one of its data sets says yes")
    leaves = leaves_of((), document.get("info"), None)
    if exists is Exists.NO and (why := _incomplete(document, said, leaves)) is not None:
        return why
    units = _units(exists, result_sets)
    count = _count(exists, result_sets) if len(units) < 2 else None
    version = text_of(document.get("apiVersion"))
    return Answer(
        exists=exists,
        count=count,
        unit=None if count is None else next(iter(units), _unit(version, member)),
        granularity=Granularity.BOOLEAN if count is None else Granularity.COUNT,
        result_sets=result_sets,
        handovers=handovers_of(document.get("beaconHandover")),
        warnings=(ROWS_DISAGREE,) if exists is Exists.YES and said == {Exists.NO} else (),
        beacon_id=id_of(document.get("beaconId")),
        api_version=version,
        leaves=leaves,
        is_partial=exists is Exists.YES and is_partial(leaves, document.get("info")),
    )


def _incomplete(
    document: Mapping[str, Any], said: set[Exists], leaves: Sequence[Leaf]
) -> Failure | None:
    """Say why a no is none: some data sets, or beacons of a network, did not say.

    A network like ours lists beacons it could not ask beside a no that is complete, and says so.
    """
    info = document.get("info")
    if (incomplete := incomplete_no(leaves, info)) is not None:
        return incomplete
    if "verdict" not in network_of(info) and Exists.UNKNOWN in said:
        return no_verdict("it says no, but some of its data sets say neither yes nor no")
    return None


def _teach(failure: Failure, member: RegisteredMember, part: Part) -> Failure:
    is_choice_ours = member.entry.dialect.method is None
    if part.request.method == "POST" and failure.status in _GET_INSTEAD and is_choice_ours:
        return Failure(
            failure.code, failure.message, learned=Dialect(method="GET"), status=failure.status
        )
    return failure


def _derived(said: set[Exists]) -> Exists:
    """Derive the verdict from the rows where the answer itself has none."""
    if Exists.YES in said:
        return Exists.YES
    return Exists.NO if said == {Exists.NO} else Exists.UNKNOWN


def _result_sets(rows: Any, member: RegisteredMember) -> tuple[ResultSet, ...]:
    """Merge the rows of each data set into one result set, in the order of the answer."""
    if isinstance(rows, Mapping):
        rows = [rows]
    grouped: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows if isinstance(rows, list) else []:
        if isinstance(row, Mapping):
            grouped.setdefault(id_of(row.get("datasetId")) or member.id, []).append(row)
    names = {one.id: one.name for one in member.capabilities.data_sets}
    return tuple(_result_set(name, rows, names.get(name)) for name, rows in grouped.items())


def _result_set(data_set_id: str, rows: Sequence[Mapping[str, Any]], name: str | None) -> ResultSet:
    verdicts = [_row_exists(row) for row in rows]
    hits = [row for row, exists in zip(rows, verdicts, strict=True) if exists is Exists.YES]
    exists = _derived(set(verdicts))
    told = hits or rows
    counts = [_variant_count(row, exists) for row in told]
    return ResultSet(
        id=data_set_id,
        exists=exists,
        count=sum(c for c in counts if c is not None) if None not in counts else None,
        frequency=frequency_of(hits[0].get("frequency")) if len(rows) == len(hits) == 1 else None,
        handovers=handovers_of(*(row.get("datasetHandover") for row in hits)),
        info=_facts(told, exists),
        name=name or None,
    )


def _row_exists(row: Mapping[str, Any]) -> Exists:
    exists = exists_of(row.get("exists"))
    if exists is not Exists.UNKNOWN or row.get("error"):
        return exists
    count = count_of(row.get("variantCount"))
    return Exists.UNKNOWN if count is None else Exists.of(count > 0)


def _variant_count(row: Mapping[str, Any], exists: Exists) -> int | None:
    """Read the count of a row: above 0 on a hit (0 is "not told"), 0 elsewhere."""
    count = count_of(row.get("variantCount"))
    is_count = count is not None and exists is Exists.of(count > 0)
    return count if is_count else None


def _facts(rows: Sequence[Mapping[str, Any]], exists: Exists) -> dict[str, Any]:
    """Collect what the rows say beyond the verdict: once where they agree, else row by row."""
    cleaned = [_row_facts(row, exists) for row in rows]
    shared = {
        key: value
        for key, value in cleaned[0].items()
        if key not in _OF_ONE_ROW and all(key in row and row[key] == value for row in cleaned)
    }
    if len(cleaned) == 1:
        return shared
    own = [{key: row[key] for key in row if key not in shared} for row in cleaned]
    return {**shared, "rows": own}


def _row_facts(row: Mapping[str, Any], exists: Exists) -> dict[str, Any]:
    facts = {key: value for key, value in row.items() if key not in _TOLD_ELSEWHERE}
    if exists is not Exists.YES:
        facts = {k: v for k, v in facts.items() if k not in _ZERO_FILLED or v not in (0, "", "0")}
    elif not frequency_of(facts.get("frequency")):
        facts.pop("frequency", None)
    if row.get("error"):
        facts["error"] = error_text({"error": row["error"]}) or "no reason given"
    return info_of(row.get("info")) | {k: v for k, v in facts.items() if v is not None}


def _count(exists: Exists, result_sets: Sequence[ResultSet]) -> int | None:
    """Add the counts of the data sets that answered so, if every one of them tells its own."""
    counts = [one.count for one in result_sets if one.exists is exists]
    told = [count for count in counts if count is not None]
    return sum(told) if told and len(told) == len(counts) else None


def _units(exists: Exists, result_sets: Sequence[ResultSet]) -> set[str | None]:
    """Give what the counts are of, where a network like ours says it of each."""
    told = [one.info.get("countUnit") for one in result_sets if one.exists is exists]
    return {None if unit == NO_UNIT else unit for unit in told if isinstance(unit, str)}


def _unit(version: str | None, member: RegisteredMember) -> str | None:
    if member.capabilities.count_unit is not None:
        return member.capabilities.count_unit
    numbers = versions_of(version or member.capabilities.api_version)
    if not numbers:
        return None
    return "observations" if numbers >= (1, 1) else "variants"
