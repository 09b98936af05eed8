"""Writes the Beacon v1.1.0 documents of the facade.

A v1 answer has `exists` or `error`, never both and never null: what is not known is left out.
"""

import re
from collections.abc import Sequence
from functools import partial
from typing import Any

from aggregator.model.answer import ResultSet
from aggregator.model.genome import Assembly
from aggregator.model.merged import NetworkAnswer, Verdict
from aggregator.model.query import Include
from aggregator.protocol.documents_v1_rows import error_of, rows_of
from aggregator.protocol.identity import V1_API_VERSION, Identity
from aggregator.protocol.network_info import network_info
from registry.snapshot import RegisteredMember

Document = dict[str, Any]
_ASKED_IN = (Assembly.GRCH38, Assembly.GRCH37)
"""The assemblies a member is asked in of which none is known."""
_BASES = re.compile(r"[ACGTN]+")


def beacon_document(
    identity: Identity, base_url: str, members: Sequence[RegisteredMember]
) -> Document:
    """Write `/v1/`: the network as one beacon whose data sets are those of its members."""
    organization = identity.organization
    return {
        "id": identity.beacon_id,
        "name": identity.name,
        "apiVersion": V1_API_VERSION,
        "organization": {
            "id": organization.id,
            "name": organization.name,
            **({"welcomeUrl": organization.url} if organization.url else {}),
            **({"contactUrl": organization.contact_url} if organization.contact_url else {}),
            **({"logoUrl": organization.logo_url} if organization.logo_url else {}),
        },
        "description": identity.description,
        "version": identity.version,
        "welcomeUrl": identity.public_url or base_url,
        "alternativeUrl": f"{base_url}/v1/",
        "createDateTime": identity.started_at,
        "updateDateTime": identity.started_at,
        "datasets": _data_sets(identity, members),
        "sampleAlleleRequests": [
            {
                "referenceName": "7",
                "start": 140753335,
                "referenceBases": "A",
                "alternateBases": "T",
                "assemblyId": "GRCh38",
                "includeDatasetResponses": "ALL",
            }
        ],
    }


def response_document(
    identity: Identity, answer: NetworkAnswer, allele_request: Document | None
) -> Document:
    """Write the merged BeaconAlleleResponse; silent members are rows with an error under ALL."""
    document: Document = {
        "beaconId": identity.beacon_id,
        "apiVersion": V1_API_VERSION,
        "exists": answer.verdict is Verdict.FOUND,
        "datasetAlleleResponses": _rows(answer),
        "info": {"network": network_info(answer)},
    }
    if allele_request is not None:
        document["alleleRequest"] = allele_request
    return document


def error_document(
    identity: Identity,
    status: int,
    message: str,
    *,
    answer: NetworkAnswer | None = None,
    allele_request: Document | None = None,
) -> Document:
    """Write an error; `exists` is left out, because it is not known."""
    document: Document = {
        "beaconId": identity.beacon_id,
        "apiVersion": V1_API_VERSION,
        "error": {"errorCode": status, "errorMessage": message},
    }
    if answer is not None:
        document["info"] = {"network": network_info(answer)}
    if allele_request is not None:
        document["alleleRequest"] = allele_request
    return document


def allele_request(parameters: dict[str, Any], answer: NetworkAnswer) -> Document | None:
    """Echo a request that was understood; None where the version has no words for it."""
    variant = answer.query.variant
    if variant is None or variant.chromosome is None:
        return None
    assembly = variant.assembly or variant.typed_assembly
    echo: Document = {
        "referenceName": variant.chromosome,
        "assemblyId": assembly.value if assembly else str(parameters.get("assemblyId", "")),
        "includeDatasetResponses": answer.query.include.value,
    }
    for name in ("referenceBases", "alternateBases"):
        bases = str(_one(parameters.get(name)) or "").upper()
        if bases:
            if not _BASES.fullmatch(bases):
                return None
            echo[name] = bases
    if "referenceBases" not in echo:
        return None
    for name in ("start", "end", "startMin", "startMax", "endMin", "endMax"):
        value = _one(parameters.get(name))
        if value not in (None, ""):
            echo[name] = int(value)
    for name, told in (("variantType", variant.variant_type), ("mateName", variant.mate)):
        if told:
            echo[name] = told
    if answer.query.dataset_ids:
        echo["datasetIds"] = list(answer.query.dataset_ids)
    return echo


def _one(value: Any) -> Any:
    return value[0] if isinstance(value, list) and value else value


def _data_sets(identity: Identity, members: Sequence[RegisteredMember]) -> list[Document]:
    written = [one for member in members for one in _data_sets_of(identity, member)]
    return written or [_data_set(identity, identity.beacon_id, "No member yet", "GRCh38")]


def _data_sets_of(identity: Identity, member: RegisteredMember) -> list[Document]:
    """List what a member declares, and the member itself for assemblies that this leaves out."""
    known = member.assemblies
    # a data set is in the assembly that it names, or in the only one its beacon holds
    only = known[0].value if len(known) == 1 else ""
    held = [(one, one.assembly or only) for one in member.capabilities.data_sets]
    written = [
        _data_set(identity, f"{member.id}:{one.id}", one.name or one.id, assembly)
        for one, assembly in held
        if assembly
    ]
    is_known = bool(known or written)
    note = "" if is_known else " (which assembly it holds is not known; it is asked in both)"
    listed = {*member.assembly_spellings, *(assembly for _, assembly in held)}
    return written + [
        _data_set(identity, f"{member.id}:{one}", f"{member.name}{note}", one.value)
        for one in (known if is_known else _ASKED_IN)
        if one not in listed
    ]


def _data_set(identity: Identity, data_set_id: str, name: str, assembly: str) -> Document:
    return {
        "id": data_set_id,
        "name": name,
        "assemblyId": assembly,
        "createDateTime": identity.started_at,
        "updateDateTime": identity.started_at,
    }


def _rows(answer: NetworkAnswer) -> list[Document]:
    include = answer.query.include
    rows: list[Document] = []
    for outcome in answer.outcomes:
        member = outcome.member.id
        if outcome.answer is not None:
            rows += rows_of(outcome, include, partial(_data_set_id, member))
        elif include is Include.ALL and outcome.reason is not None:
            rows.append({"datasetId": member, "error": error_of(outcome)})
    return rows


def _data_set_id(member: str, one: ResultSet) -> str:
    return f"{member}:{one.id}" if one.id else member
