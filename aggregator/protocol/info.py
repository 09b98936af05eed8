"""Reads what a beacon says of itself: `/info` of version 2, `/` of version 1, and of networks.

Documents of the field are rarely valid: whatever can be made out is taken, the rest is left out.
v2: meta plus response (framework, beaconInfoResponse.json); v1: the Beacon object itself, with
data sets that declare an assembly. CSC's network is told by the artifact of its service-info,
beacon-network.org by its list of beacons with the references they hold.
"""

from collections.abc import Mapping
from typing import Any, Final

from aggregator.protocol.member_document import decoded, link, text
from aggregator.protocol.tolerant import count_of
from aggregator.protocol.wire import Reply
from registry.capabilities import Capabilities, DataSet
from registry.known_variants import SampleAllele
from registry.models import Organization, Protocol

MAX_DATA_SETS: Final = 10_000
MAX_LEAVES: Final = 10_000
MAX_SAMPLES: Final = 20
"""The specification allows ten."""
MAX_SAMPLE_TEXT: Final = 200
MAX_POSITION: Final = 10**10
CSC_ARTIFACT: Final = "beacon-aggregator"
"""The `type.artifact` of the service-info of CSC's network."""
_OF_SAMPLES: Final = ("referenceName", "referenceBases", "alternateBases", "assemblyId")
_NETWORK_FLAGS: Final = ("isAggregated", "isAggregator", "isBeaconNetwork")


def read_info(reply: Reply) -> Capabilities | str:
    """Read a description; a text says why there is none."""
    document = decoded(reply)
    if isinstance(document, list):
        if _lists_beacons(document):
            return _beacon_network(document)
        document = document[0] if len(document) == 1 else None
    if isinstance(document, str):
        return document
    if not isinstance(document, dict):
        return "JSON, but not an object"
    kind = document.get("type")
    if isinstance(kind, Mapping) and kind.get("artifact") == CSC_ARTIFACT:
        return _service_info(document, kind, Protocol.CSC)
    response = document.get("response")
    if isinstance(response, Mapping) and "meta" in document:
        return _version_2(document, response)
    if isinstance(document.get("datasets"), list) or (
        "apiVersion" in document and "organization" in document
    ):
        return _version_1(document)
    if isinstance(kind, Mapping) and str(kind.get("artifact", "")).startswith("beacon"):
        major = (text(kind.get("version")) or "").lstrip("vV").split(".")[0]
        found = {"1": Protocol.V1, "2": Protocol.V2}.get(major)
        return _service_info(document, kind, found)
    return "JSON, but not a description of a beacon"


def _version_2(document: Mapping[str, Any], response: Mapping[str, Any]) -> Capabilities:
    meta = document["meta"] if isinstance(document["meta"], Mapping) else {}
    more = response["info"] if isinstance(response.get("info"), Mapping) else {}
    inner = document.get("responses") or response.get("responses")
    return Capabilities(
        protocol=Protocol.V2,
        beacon_id=text(response.get("id")) or text(meta.get("beaconId")),
        name=text(response.get("name")),
        api_version=text(response.get("apiVersion")) or text(meta.get("apiVersion")),
        service_version=text(response.get("version")),
        description=text(response.get("description")),
        organization=_organization(response.get("organization")),
        environment=text(response.get("environment")),
        updated_at=text(response.get("updateDateTime")),
        is_network=bool(inner)
        or any(
            said.get(flag) is True for said in (meta, response, more) for flag in _NETWORK_FLAGS
        ),
        leaves=_leaves(inner),
    )


def _leaves(inner: object) -> tuple[str, ...]:
    """Name the beacons whose descriptions a network repeats in `responses`, bare or wrapped."""
    if not isinstance(inner, list):
        return ()
    found: list[str] = []
    for item in inner[:MAX_LEAVES]:
        if not isinstance(item, Mapping):
            continue
        within = item.get("response")
        meta = item.get("meta")
        for said, key in ((within, "id"), (meta, "beaconId"), (item, "id"), (item, "beaconId")):
            if isinstance(said, Mapping) and (name := text(said.get(key))) is not None:
                found.append(name)
                break
    return tuple(dict.fromkeys(found))


def _version_1(document: Mapping[str, Any]) -> Capabilities:
    return Capabilities(
        protocol=Protocol.V1,
        beacon_id=text(document.get("id")) or text(document.get("beaconId")),
        name=text(document.get("name")),
        api_version=text(document.get("apiVersion")),
        service_version=text(document.get("version")),
        description=text(document.get("description")),
        organization=_organization(document.get("organization") or document.get("organisation")),
        updated_at=text(document.get("updateDateTime")),
        # `dataset` stands in the example of the specification's own documentation
        data_sets=_data_sets(document.get("datasets") or document.get("dataset")),
        samples=_samples(document.get("sampleAlleleRequests")),
    )


def _service_info(
    document: Mapping[str, Any], kind: Mapping[str, Any], protocol: Protocol | None
) -> Capabilities:
    return Capabilities(
        protocol=protocol,
        beacon_id=text(document.get("id")),
        name=text(document.get("name")),
        api_version=text(kind.get("version")),
        service_version=text(document.get("version")),
        description=text(document.get("description")),
        organization=_organization(document.get("organization")),
        environment=text(document.get("environment")),
        updated_at=text(document.get("updatedAt")),
        is_network=protocol is Protocol.CSC,
    )


def _lists_beacons(document: list[Any]) -> bool:
    """Whether this is the list of beacon-network.org's `/beacons`: no other names references."""
    return any(isinstance(one, Mapping) and "supportedReferences" in one for one in document)


def _beacon_network(document: list[Any]) -> Capabilities:
    names = (text(one.get("id")) for one in document[:MAX_LEAVES] if isinstance(one, Mapping))
    return Capabilities(
        protocol=Protocol.BEACON_NETWORK,
        is_network=True,
        leaves=tuple(dict.fromkeys(name for name in names if name is not None)),
    )


def _data_sets(value: object) -> tuple[DataSet, ...]:
    if isinstance(value, Mapping):
        value = [value]
    if not isinstance(value, list):
        return ()
    found: dict[str, DataSet] = {}
    for item in value[:MAX_DATA_SETS]:
        if not isinstance(item, Mapping) or not (data_set_id := text(item.get("id"))):
            continue
        assembly = text(item.get("assemblyId")) or text(item.get("assembly_id"))
        found[data_set_id] = DataSet(
            id=data_set_id, name=text(item.get("name")) or "", assembly=assembly
        )
    return tuple(found.values())


def _samples(value: object) -> tuple[SampleAllele, ...]:
    """Read `sampleAlleleRequests` that ask for one allele: a start and both bases."""
    if not isinstance(value, list):
        return ()
    read = (_sample(item) for item in value[:MAX_SAMPLES] if isinstance(item, Mapping))
    return tuple(dict.fromkeys(one for one in read if one is not None))


def _sample(item: Mapping[str, Any]) -> SampleAllele | None:
    start0 = count_of(item.get("start"))
    words = [text(item.get(name)) or "" for name in _OF_SAMPLES]
    if start0 is None or start0 > MAX_POSITION or not all(words):
        return None
    if max(map(len, words)) > MAX_SAMPLE_TEXT:
        return None
    chromosome, reference, alternate, assembly = words
    told = item.get("datasetIds")
    names = told if isinstance(told, list) else [told]
    return SampleAllele(
        chromosome=chromosome,
        start0=start0,
        reference=reference.upper(),
        alternate=alternate.upper(),
        assembly=assembly,
        data_sets=tuple(
            name for name in map(text, names[:MAX_SAMPLES]) if name and len(name) <= MAX_SAMPLE_TEXT
        ),
    )


def _organization(value: object) -> Organization | None:
    if isinstance(value, str) and value.strip():
        return Organization(name=value.strip()[:200])
    if not isinstance(value, Mapping):
        return None
    name = text(value.get("name")) or text(value.get("id"))
    if name is None:
        return None
    return Organization(
        id=text(value.get("id")),
        name=name,
        url=link(value.get("welcomeUrl")) or link(value.get("url")),
        contact_url=link(value.get("contactUrl")),
        logo_url=link(value.get("logoUrl")),
        description=text(value.get("description")),
    )
