"""Writes the rows of Beacon v1.1 answers: one `BeaconDatasetAlleleResponse` per data set.

What a member said beyond the verdict stands where the version has a place for it, else in `info`.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from aggregator.model.answer import Exists, Handover, Match, ResultSet
from aggregator.model.outcome import Ending, MemberOutcome, NoAnswerCode
from aggregator.model.query import Include, QuestionKind, VariantQuestion
from aggregator.protocol.v1_reading import NO_UNIT

Document = dict[str, Any]

_COUNTS: Final = ("callCount", "sampleCount")
_ALLELE: Final = (
    *("referenceName", "start", "end", "referenceBases", "alternateBases", "variantType"),
)
ERROR_STATUSES: Final = (501, 502, 504)
"""Not asked, failed, too late."""


def error_status(outcome: MemberOutcome) -> int:
    """Give the status that stands for a member without an answer."""
    if outcome.ending is Ending.NOT_ASKED:
        return 501
    late = outcome.reason is not None and outcome.reason.code is NoAnswerCode.TIMEOUT
    return 504 if late else 502


def error_of(outcome: MemberOutcome) -> Document:
    """Write why a member has no answer, in the version's own shape of errors."""
    reason = outcome.reason
    told = f"{reason.code.value}: {reason.message}" if reason else "no reason is known"
    return {"errorCode": error_status(outcome), "errorMessage": told}


def rows_of(
    outcome: MemberOutcome, include: Include, name: Callable[[ResultSet], str]
) -> list[Document]:
    """Write the rows of one member that are wanted; `name` gives their `datasetId`.

    A data set that said neither yes nor no has no row: the version has no word for it.
    """
    if include is Include.NONE or outcome.answer is None:
        return []
    return [
        _row(outcome, one, name(one)) for one in _sets(outcome) if _is_wanted(one.exists, include)
    ]


def with_allele(row: Document, outcome: MemberOutcome, variant: VariantQuestion | None) -> Document:
    """Add the allele to a row, as pages show it: the member's own words, else those asked in.

    What was asked for is only said of an answer to exactly that.
    """
    info = dict(row.get("info", {}))
    told = {key: info.pop(key) for key in _ALLELE if key in info}
    is_exact = outcome.match is Match.EXACT and row.get("exists") is True
    asked = _asked(variant) if is_exact and variant is not None else {}
    return {**row, **asked, **told, "info": info}


def _asked(variant: VariantQuestion) -> Document:
    if variant.kind is not QuestionKind.SEQUENCE or len(variant.start0) != 1:
        return {}
    told = {
        "referenceName": variant.chromosome,
        "start": variant.start0[0],
        "referenceBases": variant.reference,
        "alternateBases": variant.alternate,
        "variantType": variant.variant_type,
    }
    return {key: value for key, value in told.items() if value is not None}


def _sets(outcome: MemberOutcome) -> tuple[ResultSet, ...]:
    answer = outcome.answer
    if answer is None:
        return ()
    if answer.result_sets:
        return answer.result_sets
    return (ResultSet(id="", exists=answer.exists, count=answer.count),)


def _is_wanted(exists: Exists, include: Include) -> bool:
    if exists is Exists.UNKNOWN:
        return False
    return include is Include.ALL or (exists is Exists.YES) is (include is Include.HIT)


def _row(outcome: MemberOutcome, one: ResultSet, name: str) -> Document:
    info = dict(one.info)
    row: Document = {"datasetId": name, "exists": one.exists is Exists.YES, **_lifted(info)}
    row["info"] = info | {"member": outcome.member.id}
    if one.beacon_id is not None:
        row["info"]["beaconId"] = one.beacon_id
    if outcome.match is not None and one.exists is Exists.YES:
        row["info"]["match"] = outcome.match.value
    if outcome.is_untrusted and one.exists is Exists.YES:
        row["info"]["untrusted"] = True
    if one.count is not None:
        row["variantCount"] = one.count
        unit = outcome.answer.unit if outcome.answer else None
        row["info"]["countUnit"] = unit or NO_UNIT
    if one.frequency is not None and 0 <= one.frequency <= 1:
        row["frequency"] = one.frequency
    if one.handovers:
        row["datasetHandover"] = [_handover(handover) for handover in one.handovers]
    return row


def _lifted(info: dict[str, Any]) -> Mapping[str, Any]:
    """Take out of a member's facts what the version has its own, typed field for."""
    found: Document = {}
    for key in _COUNTS:
        value = info.get(key)
        if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
            found[key] = info.pop(key)
    if isinstance(info.get("note"), str):
        found["note"] = info.pop("note")
    link = info.get("externalUrl")
    if isinstance(link, str) and link.lower().startswith(("https://", "http://")):
        found["externalUrl"] = info.pop("externalUrl")
    return found


def _handover(handover: Handover) -> Document:
    written: Document = {
        "handoverType": {"id": handover.id or "CUSTOM", "label": handover.label},
        "url": handover.url,
    }
    return written | ({"note": handover.note} if handover.note else {})
