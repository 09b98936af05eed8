"""Reads what a beacon says of itself: `/info` of version 2, `/` of version 1.

Documents of the field are rarely valid: whatever can be made out is taken, the rest is left out.
v2: meta plus response (framework, beaconInfoResponse.json); v1: the Beacon object itself, with
data sets that declare an assembly.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from aggregator.protocol.bodies import text_bytes
from aggregator.protocol.wire import Failure, Reply
from registry.models import Capabilities, DataSet, Organization, Protocol

MAX_DATA_SETS = 10_000
MAX_TEXT = 10_000


def read_info(reply: Reply) -> Capabilities | str:
    """Read a description; a text says why there is none."""
    if reply.status != 200:
        return f"HTTP status {reply.status}"
    document = _document(reply)
    if isinstance(document, str):
        return document
    response = document.get("response")
    if isinstance(response, Mapping) and "meta" in document:
        return _version_2(document, response)
    if isinstance(document.get("datasets"), list) or (
        "apiVersion" in document and "organization" in document
    ):
        return _version_1(document)
    kind = document.get("type")
    if isinstance(kind, Mapping) and str(kind.get("artifact", "")).startswith("beacon"):
        return _service_info(document, kind)
    return "JSON, but not a description of a beacon"


def _document(reply: Reply) -> dict[str, Any] | str:
    body = text_bytes(reply)
    if isinstance(body, Failure):
        return body.message
    try:
        document = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        start = body[:200].lstrip().lower()
        return "an HTML page" if start.startswith(b"<") else "not JSON"
    if isinstance(document, list) and len(document) == 1:
        document = document[0]
    return document if isinstance(document, dict) else "JSON, but not an object"


def _version_2(document: Mapping[str, Any], response: Mapping[str, Any]) -> Capabilities:
    meta = document["meta"] if isinstance(document["meta"], Mapping) else {}
    return Capabilities(
        protocol=Protocol.V2,
        beacon_id=_text(response.get("id")) or _text(meta.get("beaconId")),
        name=_text(response.get("name")),
        api_version=_text(response.get("apiVersion")) or _text(meta.get("apiVersion")),
        description=_text(response.get("description")),
        organization=_organization(response.get("organization")),
    )


def _version_1(document: Mapping[str, Any]) -> Capabilities:
    return Capabilities(
        protocol=Protocol.V1,
        beacon_id=_text(document.get("id")) or _text(document.get("beaconId")),
        name=_text(document.get("name")),
        api_version=_text(document.get("apiVersion")),
        description=_text(document.get("description")),
        organization=_organization(document.get("organization") or document.get("organisation")),
        # `dataset` stands in the example of the specification's own documentation
        data_sets=_data_sets(document.get("datasets") or document.get("dataset")),
    )


def _service_info(document: Mapping[str, Any], kind: Mapping[str, Any]) -> Capabilities:
    version = _text(kind.get("version")) or ""
    major = version.lstrip("vV").split(".")[0]
    return Capabilities(
        protocol={"1": Protocol.V1, "2": Protocol.V2}.get(major),
        beacon_id=_text(document.get("id")),
        name=_text(document.get("name")),
        api_version=version or None,
        description=_text(document.get("description")),
        organization=_organization(document.get("organization")),
    )


def _data_sets(value: object) -> tuple[DataSet, ...]:
    if isinstance(value, Mapping):
        value = [value]
    if not isinstance(value, list):
        return ()
    found: dict[str, DataSet] = {}
    for item in value[:MAX_DATA_SETS]:
        if not isinstance(item, Mapping) or not (data_set_id := _text(item.get("id"))):
            continue
        assembly = _text(item.get("assemblyId")) or _text(item.get("assembly_id"))
        found[data_set_id] = DataSet(
            id=data_set_id, name=_text(item.get("name")) or "", assembly=assembly
        )
    return tuple(found.values())


def _organization(value: object) -> Organization | None:
    if isinstance(value, str) and value.strip():
        return Organization(name=value.strip()[:200])
    if not isinstance(value, Mapping):
        return None
    name = _text(value.get("name")) or _text(value.get("id"))
    if name is None:
        return None
    return Organization(
        id=_text(value.get("id")),
        name=name,
        url=_url(value.get("welcomeUrl")) or _url(value.get("url")),
        contact_url=_url(value.get("contactUrl")),
        logo_url=_url(value.get("logoUrl")),
        description=_text(value.get("description")),
    )


def _text(value: object) -> str | None:
    """Give a text of bounded length; numbers are texts too (`"apiVersion": 1.0`)."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        return None
    clean = "".join(c for c in value if c.isprintable() or c in "\n\t").strip()
    return clean[:MAX_TEXT] or None


def _url(value: object) -> str | None:
    text = _text(value)
    if text is None or not text.lower().startswith(("https://", "http://", "mailto:")):
        return None
    return text[:2000]
