"""What documents and answers have to hold by their specification, and which of it one lacks.

Beacon v2.1.1 framework: beaconInfoResponse, beaconConfigurationResponse, beaconMapResponse,
beaconEntryTypesResponse, beaconFilteringTermsResponse, sections/beaconResponseMeta; GA4GH
service-info 1.0.0; Beacon v1.0.1. The network reads what lacks something; others may not.
"""

from collections.abc import Mapping
from typing import Any, Final

from aggregator.protocol.member_document import document_of, text
from aggregator.protocol.wire import Reply
from registry.capabilities import Document
from registry.models import Protocol

_META: Final = ("meta.beaconId", "meta.apiVersion", "meta.returnedSchemas")
_BY_DOCUMENT: Final[Mapping[Document, tuple[str, ...]]] = {
    Document.INFO: (
        *_META,
        *("response.id", "response.name", "response.apiVersion", "response.environment"),
        *("response.organization.id", "response.organization.name"),
    ),
    Document.SERVICE_INFO: (
        *("id", "name", "type.group", "type.artifact", "type.version"),
        *("organization.name", "organization.url", "version"),
    ),
    Document.MAP: ("response.$schema", "response.endpointSets"),
    Document.CONFIGURATION: (
        *("response.$schema", "response.maturityAttributes.productionStatus"),
        "response.entryTypes",
    ),
    Document.ENTRY_TYPES: ("response.entryTypes",),
    Document.FILTERING_TERMS: ("response.filteringTerms",),
}
_VERSION_1_INFO: Final = (
    *("id", "name", "apiVersion", "organization.id", "organization.name", "datasets"),
)
_ANSWERS: Final[Mapping[Protocol, tuple[str, ...]]] = {
    Protocol.V1: ("beaconId", "exists"),
    Protocol.V2: (
        *(*_META, "meta.returnedGranularity", "meta.receivedRequestSummary"),
        "responseSummary.exists",
    ),
}
_ENVIRONMENTS: Final = ("prod", "test", "dev", "staging")


def lacking_in_info(document: Mapping[str, Any], protocol: Protocol | None) -> str:
    """Say what a description lacks; empty where nothing, or where no specification says."""
    if protocol is Protocol.V1:
        return _lacking(document, _VERSION_1_INFO)
    if protocol is not Protocol.V2:
        return ""
    told = _at(document, "response.environment")
    if told is not None and told not in _ENVIRONMENTS:
        return f"response.environment is none of {', '.join(_ENVIRONMENTS)}"
    return _lacking(document, _BY_DOCUMENT[Document.INFO])


def lacking_in_document(document: Mapping[str, Any], name: Document) -> str:
    """Say what a document of version 2 lacks; empty where nothing."""
    if lacking := _lacking(document, _BY_DOCUMENT[name]):
        return lacking
    artifact = text(_at(document, "type.artifact"))
    if name is Document.SERVICE_INFO and not (artifact or "").startswith("beacon"):
        return f"type.artifact is “{(artifact or '')[:80]}”, where registries look for “beacon”"
    return ""


def lacking_in_answer(reply: Reply, protocol: Protocol | None) -> str:
    """Say what an answer to a question lacks; empty where nothing, or where it is no document."""
    document = document_of(reply)
    required = _ANSWERS.get(protocol or Protocol.V0, ())
    return "" if isinstance(document, str) else _lacking(document, required)


def _lacking(document: Mapping[str, Any], required: tuple[str, ...]) -> str:
    absent = [path for path in required if _at(document, path) is None]
    if not absent:
        return ""
    verb = "is" if len(absent) == 1 else "are"
    return f"{', '.join(absent)} {verb} missing"


def _at(document: Mapping[str, Any], path: str) -> Any:
    found: Any = document
    for key in path.split("."):
        found = found.get(key) if isinstance(found, Mapping) else None
    return found
