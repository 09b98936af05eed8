"""A small version 2 beacon that keeps every rule of conformance, and can be made to break one.

    async with FaultyMember(ConformingV2("v2.echo").behave) as member:
        ...

What is broken is named by its rule, or by the rule and a variety of it after a slash.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.faulty import Wire, answer

Json = Any

BEACON_ID = "org.example.conforming"
SCHEMA = "https://json-schema.org/draft/2020-12/schema"
MODEL = "https://raw.githubusercontent.com/ga4gh-beacon/beacon-v2/main/models/json"
TYPES = {
    "genomicVariant": ("g_variants", "genomicVariations", "ENSGLOSSARY:0000092"),
    "individual": ("individuals", "individuals", "NCIT:C25190"),
    "biosample": ("biosamples", "biosamples", "NCIT:C70699"),
    "run": ("runs", "runs", "NCIT:C148088"),
    "analysis": ("analyses", "analyses", "edam:operation_2945"),
    "dataset": ("datasets", "datasets", "NCIT:C47824"),
    "cohort": ("cohorts", "cohorts", "NCIT:C61512"),
}
_BY_PATH = {f"/{path}": name for name, (path, _, _) in TYPES.items()}
_SEX = {"id": "NCIT:C16576", "label": "female"}
_STATUS = {"id": "EFO:0009655", "label": "abnormal sample"}
_ORIGIN = {"id": "UBERON:0000178", "label": "blood"}
RECORDS: Mapping[str, Json] = {
    "individual": {"sex": _SEX},
    "biosample": {"biosampleStatus": _STATUS, "sampleOriginType": _ORIGIN},
    "run": {"biosampleId": "one", "runDate": "2026-01-01"},
    "analysis": {"analysisDate": "2026-01-01", "pipelineName": "none"},
}
"""What a record has beside its id."""
_VARIANT = {
    "variantInternalId": "7:140753336:A:T",
    "variation": {
        "location": {
            "type": "SequenceLocation",
            "sequence_id": "refseq:NC_000007.14",
            "interval": {
                "type": "SequenceInterval",
                "start": {"type": "Number", "value": 140753335},
                "end": {"type": "Number", "value": 140753336},
            },
        },
        "variantType": "SNP",
        "referenceBases": "A",
        "alternateBases": "T",
    },
}
_OPTIONS = ("requestedGranularity", "includeResultsetResponses", "skip", "limit")


class Conforming:
    """What both versions share: a request becomes a status, a document and headers."""

    base = ""

    def __init__(self, broken: str = "") -> None:
        self.broken = broken
        self.questions: list[Json] = []

    def breaks(self, name: str) -> bool:
        return self.broken == name

    async def behave(self, wire: Wire) -> None:
        assert wire.request is not None
        parts = urlsplit(wire.request.target)
        parameters = dict(parse_qsl(parts.query))
        body = json.loads(wire.request.body) if wire.request.body else None
        status, document = self.reply(parts.path, parameters, body)
        rule = "cors" if parts.path in {"/", "/info"} else ""
        headers = [("Access-Control-Allow-Origin", "*")]
        if rule and self.broken.endswith(".cors"):
            headers = []
        told = "text/plain" if self.broken.endswith(".content_type") else "application/json"
        await answer(json.dumps(document).encode(), status, headers, told)(wire)

    def reply(self, path: str, parameters: dict[str, str], body: Json) -> tuple[int, Json]:
        raise NotImplementedError


class ConformingV2(Conforming):
    """A version 2 beacon of two data sets: one holds BRAF V600E, and three individuals."""

    version = "v2.1.1"
    service_version = "1.0"

    def reply(self, path: str, parameters: dict[str, str], body: Json) -> tuple[int, Json]:
        documents: Mapping[str, Callable[[], Json]] = {
            "/": self._info,
            "/info": self._info,
            "/service-info": self._service_info,
            "/configuration": self._configuration,
            "/map": self._map,
            "/entry_types": lambda: self._about({"entryTypes": self._entry_types()}),
            "/filtering_terms": self._filtering_terms,
        }
        if path in documents:
            document = documents[path]()
            name = path.strip("/").replace("-", "_") or "root"
            if self.breaks(f"v2.{name}.schema"):
                document = {"meta": document.get("meta"), "response": []}
            return 200, document
        asked = self._asked(parameters, body)
        self.questions.append((path, asked))
        if (refused := self._refused(path, asked, is_get=body is None)) is not None:
            return refused
        entry_type = _BY_PATH.get(path)
        if entry_type is None:
            return 404, self._error(asked, "no such path")
        if entry_type in {"dataset", "cohort"}:
            return 200, self._collections(asked, entry_type)
        return 200, self._answer(entry_type, asked)

    def _asked(self, parameters: dict[str, str], body: Json) -> dict[str, Any]:
        if body is None:
            variant = {key: one for key, one in parameters.items() if key not in _OPTIONS}
            options: Json = parameters
            page = parameters
            filters = variant.pop("filters", "")
            named = filters.split(",") if filters else []
        else:
            query = body["query"]
            variant = query.get("requestParameters", {}).get("g_variant", {})
            options, page = query, query.get("pagination", {})
            named = [one["id"] for one in query.get("filters", [])]
        return {
            "variant": variant,
            "granularity": options.get("requestedGranularity", "boolean"),
            "include": options.get("includeResultsetResponses", "HIT"),
            "skip": int(page.get("skip", 0)),
            "limit": int(page.get("limit", 10)),
            "filters": named,
        }

    def _refused(
        self, path: str, asked: dict[str, Any], *, is_get: bool
    ) -> tuple[int, Json] | None:
        variant = asked["variant"]
        is_question = "alternateBases" in variant
        # only what the rule itself asks is for yes or no with a limit of 1
        is_of_rule = is_question and (asked["limit"], asked["granularity"]) == (1, "boolean")
        if is_of_rule and self.breaks("v2.form.get" if is_get else "v2.form.post"):
            return 400, self._error(asked, "not in this form")
        is_odd = "start" in variant and not str(variant["start"]).strip("[]").isdigit()
        if is_odd and not self.breaks("v2.error.invalid"):
            return 400, self._error(asked, "start is no number")
        is_partial = "start" in variant and "referenceName" not in variant
        if is_partial and not self.breaks("v2.error.incomplete"):
            return 400, self._error(asked, "referenceName is missing")
        if asked["filters"] and self.breaks("v2.answer.filter"):
            return 400, self._error(asked, "no such filter")
        return None

    def _meta(self, asked: dict[str, Any], granularity: str, entry_type: str) -> Json:
        echo: dict[str, Any] = {
            "apiVersion": "v2.0",
            "requestedSchemas": [],
            "pagination": {"skip": asked["skip"], "limit": asked["limit"]},
            "requestedGranularity": asked["granularity"],
            "includeResultsetResponses": asked["include"],
        }
        if asked["filters"]:
            echo["filters"] = asked["filters"]
        if asked["variant"]:
            variant = dict(asked["variant"])
            if self.breaks("v2.echo/parameter"):
                variant["start"] = ["1"]
            echo["requestParameters"] = {"g_variant": variant}
        if self.breaks("v2.echo"):
            echo["requestedGranularity"] = "record"
        if self.breaks("v2.echo/page"):
            echo["pagination"] = {"skip": 7, "limit": 10}
        schema = {"entityType": entry_type, "schema": f"{MODEL}/{entry_type}"}
        return {
            **self._informational_meta(),
            "beaconId": "org.example.other" if self.breaks("v2.beacon_id") else BEACON_ID,
            "apiVersion": "v2.0.0" if self.breaks("v2.api_version") else self.version,
            "returnedSchemas": [schema],
            "returnedGranularity": granularity,
            "receivedRequestSummary": echo,
        }

    def _answer(self, entry_type: str, asked: dict[str, Any]) -> Json:
        is_variants = entry_type == "genomicVariant"
        granularity = asked["granularity"]
        found = [{"id": f"one-{n}", **RECORDS.get(entry_type, {})} for n in range(3)]
        if is_variants:
            found = [_VARIANT]
            if self.breaks("v2.ids"):
                found = [_VARIANT, {**_VARIANT, "identifiers": {}}]
        if self.breaks("v2.answer.record" if is_variants else f"v2.answer.{entry_type}"):
            found = [{"nothing": "known"}]
        told = granularity
        if self.breaks("v2.granularity.boolean/more") and granularity == "boolean":
            told = "count"
        if self.breaks("v2.granularity.count") and granularity == "count":
            told = "record"
        document: dict[str, Any] = {
            "meta": self._meta(asked, told, entry_type),
            "responseSummary": {"exists": True},
        }
        if told in {"count", "record"}:
            document["responseSummary"]["numTotalResults"] = len(found)
        if told == "record":
            document["response"] = {"resultSets": self._sets(asked, found)}
        self._spoil(document, granularity, is_variants=is_variants)
        return document

    def _spoil(self, document: Json, granularity: str, *, is_variants: bool) -> None:
        if self.breaks("v2.granularity.told") and granularity == "record" and is_variants:
            document["meta"]["returnedGranularity"] = "count"
        if self.breaks("v2.granularity.boolean") and granularity == "boolean":
            record = {"id": "all", "exists": True, "setType": "dataset", "results": [_VARIANT]}
            document["response"] = {"resultSets": [record]}
        for kind in ("boolean", "count"):
            if self.breaks(f"v2.answer.{kind}") and granularity == kind and is_variants:
                document["meta"]["returnedSchemas"] = None

    def _sets(self, asked: dict[str, Any], found: list[Json]) -> list[Json]:
        skip, limit = asked["skip"], asked["limit"]
        first = 0 if self.breaks("v2.page.skip") else skip * limit
        many = 3 if self.breaks("v2.page.limit") and limit == 1 and not skip else limit
        page = found[first : first + many]
        if self.breaks("v2.page.skip/empty") and skip:
            page = []
        hit = _set("tumours", page, len(found))
        miss = _set("genomes", [], 0)
        wanted = {"ALL": [hit, miss], "HIT": [hit], "MISS": [miss], "NONE": []}
        include = asked["include"]
        if self.breaks(f"v2.include.{include.lower()}"):
            wanted = {"ALL": [hit], "HIT": [hit, miss], "MISS": [hit, miss], "NONE": [hit]}
        if self.breaks(f"v2.include.{include.lower()}/less"):
            wanted = {"HIT": [], "MISS": []}
        return wanted[include]

    def _collections(self, asked: dict[str, Any], entry_type: str) -> Json:
        listed: list[Json] = [{"id": name, "name": name} for name in ("tumours", "genomes")]
        if entry_type == "cohort":
            listed = [{**one, "cohortType": "study-defined"} for one in listed]
        if self.breaks("v2.ids/collections"):
            listed = [listed[0], {**listed[0], "name": "other"}]
        if self.breaks(f"v2.answer.{entry_type}"):
            listed = [{"name": "no id"}]
        return {
            "meta": self._meta(asked, "record", entry_type),
            "responseSummary": {"exists": True, "numTotalResults": len(listed)},
            "response": {"collections": listed},
        }

    def _error(self, asked: dict[str, Any], message: str) -> Json:
        error = {"errorCode": 400, "errorMessage": message}
        if self.breaks("v2.error.document"):
            return error
        return {"meta": self._meta(asked, "boolean", "genomicVariant"), "error": error}

    def _informational_meta(self) -> dict[str, Any]:
        return {"beaconId": BEACON_ID, "apiVersion": self.version, "returnedSchemas": []}

    def _about(self, response: Json) -> Json:
        return {"meta": self._informational_meta(), "response": response}

    def _info(self) -> Json:
        return self._about(
            {
                "id": BEACON_ID,
                "name": "Conforming",
                "apiVersion": self.version,
                "environment": "test",
                "version": self.service_version,
                "organization": {"id": "example", "name": "Example"},
            }
        )

    def _service_info(self) -> Json:
        return {
            "id": BEACON_ID,
            "name": "Conforming",
            "type": {"group": "org.ga4gh", "artifact": "beacon", "version": self.version},
            "organization": {"name": "Example", "url": "https://example.org"},
            "version": self.service_version,
        }

    def _configuration(self) -> Json:
        return self._about(
            {
                "$schema": SCHEMA,
                "entryTypes": self._entry_types(),
                "maturityAttributes": {"productionStatus": "TEST"},
            }
        )

    def _map(self) -> Json:
        sets = {
            name: {"entryType": name, "rootUrl": f"https://beacon.example.org/{path}"}
            for name, (path, _, _) in TYPES.items()
        }
        return self._about({"$schema": SCHEMA, "endpointSets": sets})

    def _filtering_terms(self) -> Json:
        terms = [{"id": "HP:0001250", "type": "ontology", "label": "Seizure"}]
        return self._about({"filteringTerms": terms})

    def _entry_types(self) -> Json:
        return {
            name: {
                "id": name,
                "name": name,
                "ontologyTermForThisType": {"id": term, "label": name},
                "partOfSpecification": "Beacon v2.1.1",
                "defaultSchema": {
                    "id": f"ga4gh-beacon-{name.lower()}-v2.1.1",
                    "name": f"Schema of {name}",
                    "referenceToSchemaDefinition": f"{MODEL}/{folder}/defaultSchema.json",
                    "schemaVersion": "v2.1.1",
                },
            }
            for name, (_, folder, term) in TYPES.items()
        }


def _set(name: str, results: list[Json], count: int) -> Json:
    return {
        "id": name,
        "setType": "dataset",
        "exists": count > 0,
        "resultsCount": count,
        "results": results,
    }
