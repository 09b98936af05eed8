"""Writes what the page of CSC's beacon-network reads: one answer of version 1 per member.

Software: https://github.com/CSCfi/beacon-network-ui. A member without an answer is an element with
`service`, `responseStatus` and `exists: null`, as that network's own aggregator writes them.
"""

from collections.abc import Sequence
from typing import Any

from aggregator.model.outcome import Ending, MemberOutcome
from aggregator.model.query import Query
from aggregator.protocol.documents_v1_rows import error_of, error_status, rows_of, with_allele
from aggregator.protocol.identity import V1_API_VERSION, Identity

Document = dict[str, Any]


def member_document(
    outcome: MemberOutcome, query: Query, service: str, warnings: Sequence[str] = ()
) -> Document:
    """Write what one member said; `service` is its address, `warnings` are of the question.

    The page has no other place for them: each element is all it knows of a beacon.
    """
    member = outcome.member
    info: Document = {"member": member.id, "name": member.name}
    if warnings:
        info["warnings"] = list(warnings)
    written: Document = {
        "beaconId": member.beacon_id or member.id,
        "apiVersion": V1_API_VERSION,
        "service": service,
        "info": info,
    }
    if outcome.ending not in {Ending.FOUND, Ending.NOT_FOUND}:
        return written | _silence(error_status(outcome), error_of(outcome))
    if outcome.is_untrusted:
        info["untrusted"] = True
    rows = rows_of(outcome, query.include, lambda one: one.id or member.id)
    return written | {
        "exists": outcome.ending is Ending.FOUND,
        "datasetAlleleResponses": [with_allele(row, outcome, query.variant) for row in rows],
    }


def refusal_document(identity: Identity, service: str, status: int, message: str) -> Document:
    """Write that nobody was asked: the page shows it as one beacon, ours, that does not know."""
    error = {"errorCode": status, "errorMessage": message}
    written: Document = {
        "beaconId": identity.beacon_id,
        "apiVersion": V1_API_VERSION,
        "service": service,
        "info": {},
    }
    return written | _silence(status, error)


def _silence(status: int, error: Document) -> Document:
    return {
        "responseStatus": status,
        "exists": None,
        "error": error,
        "datasetAlleleResponses": [],
    }
