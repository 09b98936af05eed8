"""Writes the Beacon v2.1.1 answers of this network, valid against the official schemas.

`null` is never valid for a declared member, so what is not known is left out. Records are spliced
in as the members' own bytes (`msgspec.Raw`). Documents about the network itself are written by
`documents_info`.
"""

from typing import Any

import msgspec

from aggregator.model.answer import Collection, Exists, Handover, ResultSet
from aggregator.model.merged import NetworkAnswer, Verdict
from aggregator.model.outcome import Ending, MemberOutcome
from aggregator.model.query import GENOMIC_VARIANT, Granularity, Include, Query
from aggregator.protocol.identity import API_VERSION, Identity
from aggregator.protocol.network_info import network_info, told_count
from aggregator.protocol.requests import request_parameters
from aggregator.protocol.surface import ENTRY_TYPES, lists_collections

Document = dict[str, Any]

_encoder = msgspec.json.Encoder()
_object_decoder = msgspec.json.Decoder(dict[str, msgspec.Raw])


def encode(document: Document | list[Any]) -> bytes:
    """Write a document as JSON; records are spliced in as they are."""
    return _encoder.encode(document)


def answer_document(
    identity: Identity,
    answer: NetworkAnswer,
    *,
    failed_as_result_sets: bool = False,
    count_at_least_one: bool = False,
) -> Document:
    """Write the merged answer: boolean, count, result sets or collections, who said what in `info`.

    Lists of data sets and cohorts hold collections, everything else result sets.
    """
    query = answer.query
    summary: Document = {"exists": answer.verdict is Verdict.FOUND}
    count = told_count(answer)
    granularity = answer.granularity
    if granularity is Granularity.COUNT and count is None:
        granularity = Granularity.BOOLEAN
    if granularity is not Granularity.BOOLEAN and count is not None:
        summary["numTotalResults"] = count.value
    elif count_at_least_one and answer.verdict is Verdict.FOUND:
        summary["numTotalResults"] = 1
    document: Document = {
        "meta": data_meta(identity, query, granularity),
        "responseSummary": summary,
        "info": {"network": network_info(answer)},
    }
    if query.granularity is Granularity.RECORD and lists_collections(query):
        document["response"] = {"collections": collections(answer)}
    elif query.granularity is Granularity.RECORD:
        sets = result_sets(answer)
        if failed_as_result_sets:
            sets += _failed_sets(answer)
        document["response"] = {"resultSets": sets}
    handovers = [
        handover_document(handover)
        for outcome in answer.outcomes
        if outcome.answer
        for handover in outcome.answer.handovers
    ]
    if handovers:
        document["beaconHandovers"] = handovers
    return document


def error_document(
    identity: Identity,
    status: int,
    message: str,
    *,
    answer: NetworkAnswer | None = None,
    query: Query | None = None,
) -> Document:
    """Write an error with the complete meta the schema wants, whatever the request was."""
    if answer is not None:
        query = answer.query
    document: Document = {
        "meta": data_meta(identity, query, Granularity.BOOLEAN),
        "error": {"errorCode": status, "errorMessage": message},
    }
    if answer is not None:
        document["info"] = {"network": network_info(answer)}
    return document


def data_meta(identity: Identity, query: Query | None, returned: Granularity) -> Document:
    """Write the meta of an answer with the echo of the question; without one, a minimal echo."""
    entry_type = ENTRY_TYPES[query.entry_type if query else GENOMIC_VARIANT]
    schemas = query.requested_schemas if query else ()
    received: Document = {
        "apiVersion": API_VERSION,
        "requestedSchemas": [
            {"entityType": one.entity_type, "schema": one.schema} for one in schemas
        ],
    }
    if query is None:
        received["pagination"] = {}
        received["requestedGranularity"] = Granularity.BOOLEAN.value
    else:
        received["pagination"] = {"skip": query.pagination.skip, "limit": query.pagination.limit}
        received["requestedGranularity"] = query.granularity.value
        received["includeResultsetResponses"] = query.include.value
        received["requestParameters"] = request_parameters(query)
        if query.filters:
            received["filters"] = [str(one) for one in query.filters]
        if query.test_mode:
            received["testMode"] = True
    return {
        "beaconId": identity.beacon_id,
        "apiVersion": API_VERSION,
        "returnedSchemas": [{"entityType": entry_type.id, "schema": entry_type.schema}],
        "returnedGranularity": returned.value,
        "receivedRequestSummary": received,
    }


def result_sets(answer: NetworkAnswer) -> list[Document]:
    """Write the result sets of the members that answered, members with hits first."""
    include = answer.query.include
    if include is Include.NONE:
        return []
    written: list[Document] = []
    for ending in (Ending.FOUND, Ending.NOT_FOUND):
        for outcome in answer.ended(ending):
            sets = sorted(_sets_of(outcome), key=lambda one: one.exists is not Exists.YES)
            written += [_result_set(outcome, one) for one in sets if _wanted(one, include)]
    return written


def collections(answer: NetworkAnswer) -> list[Document]:
    """Write the data sets or cohorts members list, each with where it comes from.

    Members that told no more than a number are in `info.network` alone.
    """
    listed = {
        Include.NONE: (),
        Include.MISS: (Ending.NOT_FOUND,),
        Include.HIT: (Ending.FOUND,),
        Include.ALL: (Ending.FOUND, Ending.NOT_FOUND),
    }[answer.query.include]
    return [
        _with_origin(outcome, one)
        for ending in listed
        for outcome in answer.ended(ending)
        if outcome.answer is not None
        for one in outcome.answer.collections
    ]


def handover_document(handover: Handover) -> Document:
    """Write a handover; an id that is no CURIE gets the prefix `CUSTOM:`, as the schema wants."""
    kind = handover.id if _is_curie(handover.id) else f"CUSTOM:{handover.id or 'handover'}"
    document: Document = {
        "handoverType": {"id": kind, "label": handover.label or handover.id},
        "url": handover.url,
    }
    if handover.note:
        document["note"] = handover.note
    return document


def _sets_of(outcome: MemberOutcome) -> tuple[ResultSet, ...]:
    """Give the member's result sets, or one made of its whole answer."""
    answer = outcome.answer
    if answer is None:
        return ()
    if answer.result_sets:
        return answer.result_sets
    return (
        ResultSet(
            id=outcome.member.id,
            set_type="beacon",
            exists=answer.exists,
            count=answer.count,
            name=outcome.member.name,
        ),
    )


def _with_origin(outcome: MemberOutcome, one: Collection) -> Document:
    """Add the origin to an object; its own values stay the bytes they came as."""
    written: Document = dict(_object_decoder.decode(one.raw))
    own = outcome.member.beacon_id or outcome.member.id
    written["beaconId"] = one.beacon_id or own
    if one.beacon_id is not None:
        written["beaconNetworkId"] = own
    written["memberId"] = outcome.member.id
    return written


def _wanted(one: ResultSet, include: Include) -> bool:
    if include is Include.ALL:
        return one.exists is not Exists.UNKNOWN
    wanted = Exists.YES if include is Include.HIT else Exists.NO
    return one.exists is wanted


def _result_set(outcome: MemberOutcome, one: ResultSet) -> Document:
    exists = one.exists is Exists.YES
    info: Document = {**one.info, "memberId": outcome.member.id}
    if one.count is None:
        info["countKnown"] = False
    if outcome.answer is not None and outcome.answer.unit and one.count is not None:
        info.setdefault("countUnit", outcome.answer.unit)
    if one.frequency is not None:
        info["frequency"] = one.frequency
    if exists and outcome.is_untrusted:
        info["untrusted"] = True
    written: Document = {
        "id": one.id,
        "setType": one.set_type or "dataset",
        "exists": exists,
        "resultsCount": one.count if one.count is not None else int(exists),
        "results": list(one.results),
        "beaconId": one.beacon_id or outcome.member.beacon_id or outcome.member.id,
        "info": info,
    }
    if one.beacon_id is not None:
        written["beaconNetworkId"] = outcome.member.beacon_id or outcome.member.id
    if one.handovers:
        written["resultsHandovers"] = [handover_document(h) for h in one.handovers]
    return written


def _failed_sets(answer: NetworkAnswer) -> list[Document]:
    """List members without an answer as some pages of EGA and ELIXIR expect them."""
    return [
        {
            "id": outcome.member.id,
            "setType": "beacon",
            "exists": False,
            "resultsCount": 0,
            "results": [],
            "beaconId": outcome.member.beacon_id or outcome.member.id,
            "info": {
                "memberId": outcome.member.id,
                "error": {
                    "errorCode": 504 if reason.code == "timeout" else 502,
                    "errorMessage": reason.message,
                    "reason": reason.code.value,
                },
            },
        }
        for outcome in answer.outcomes
        if outcome.is_missing and (reason := outcome.reason) is not None
    ]


def _is_curie(text: str) -> bool:
    prefix, colon, rest = text.partition(":")
    return len(prefix) > 1 and bool(colon) and bool(rest) and (prefix[0].isalnum())
