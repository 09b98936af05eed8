"""The Beacon of Bento, bento_beacon.

A POST has to be as the official schema has it, nested; unknown keys are not looked at. In a GET
filters break it, positions are texts passed on, and a bracket becomes one text nobody can read.
"""

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from tests.miniatures.base import (
    LISTS,
    Json,
    Miniature,
    Question,
    Refused,
    info_response,
    map_document,
    object_filter,
    terms_document,
    total,
    wanted,
)
from tests.miniatures.holdings import TERMS

BEACON_ID = "ca.c3g.bento.miniature"


class Bento(Miniature):
    """Bento's beacon."""

    software = "bento_beacon"

    def read_get(self, question: Question, query: dict[str, str]) -> None:
        if "filters" in query:
            raise Refused(500, "Server Error")  # a text is subscripted like a filter
        if "datasetIds" in query:
            if "projectId" not in query or "," in query["datasetIds"]:
                raise Refused(400, "one dataset of one project")
            question.datasets = [query["datasetIds"]]
        question.granularity = query.get("requestedGranularity", "count")
        question.include = query.get("includeResultsetResponses", "HIT")
        given = {name: query[name] for name in query if name not in ("projectId", "datasetIds")}
        question.echo = {"g_variant": {name: [given[name]] for name in given}}
        read: Json = dict(given)
        for name in ("start", "end"):
            if name in given:
                if not given[name].isdigit():
                    raise Refused(500, "Server Error")
                read[name] = [int(given[name])]
        self._take(question, read)

    def read_post(self, question: Question, body: Json) -> None:
        query = body.get("query", {})
        parameters = query.get("requestParameters", {})
        if not all(isinstance(one, dict) for one in parameters.values()):
            raise Refused(400, "requestParameters: values must be of type object")
        if "meta" not in body:
            raise Refused(400, "'meta' is a required property")
        question.echo = parameters
        question.filters = [object_filter(one) for one in query.get("filters", [])]
        question.granularity = query.get("requestedGranularity", "count")
        question.include = query.get("includeResultsetResponses", "HIT")
        question.datasets = parameters.get("datasets", {}).get("datasetIds")
        for term, _, _ in question.filters:
            if term not in TERMS:
                raise Refused(400, f"unknown filter {term}")
        self._take(question, dict(parameters.get("g_variant", {})))

    def _take(self, question: Question, parameters: Json) -> None:
        if "referenceName" in parameters:
            parameters["referenceName"] = parameters["referenceName"].removeprefix("chr")
        question.parameters = parameters

    def document(self, question: Question, hits: Mapping[str, list[Json]]) -> Json:
        summary: Json = {"exists": total(hits) > 0}
        if question.granularity != "boolean":
            summary["numTotalResults"] = total(hits)
        answer: Json = {"meta": self._meta(question), "responseSummary": summary}
        if question.granularity == "record":
            sets = {
                name: {
                    "id": name,
                    "setType": "individual" if question.lists == "individuals" else "dataset",
                    "exists": bool(records),
                    "resultsCount": len(records),
                    "results": records,
                }
                for name, records in wanted(hits, question.include).items()
            }
            answer["response"] = {"resultSets": sets}  # an object keyed by data set
        return answer

    def refusal(self, refused: Refused) -> web.Response:
        meta = self._meta(Question("g_variants")) | {"returnedGranularity": None}
        error = {"errorCode": refused.status, "errorMessage": refused.message}
        return web.json_response({"meta": meta, "error": error}, status=refused.status)

    def documents(self) -> Mapping[str, Any]:
        meta = {"beaconId": BEACON_ID, "apiVersion": "v2.0.0", "returnedSchemas": []}
        info = {"meta": meta, "response": info_response(BEACON_ID, "Bento miniature", "v2.0.0")}
        return {
            "": info,
            "info": info,
            "service-info": {
                "id": BEACON_ID,
                "name": "Bento miniature",
                "bento": {"serviceKind": "beacon"},
            },
            "map": {"meta": meta, "response": map_document(self.url, dict.fromkeys(LISTS, ""))},
            "filtering_terms": {"meta": meta, "response": terms_document()},
        }

    def _meta(self, question: Question) -> Json:
        entity = LISTS[question.lists]
        return {
            "beaconId": BEACON_ID,
            "apiVersion": "v2.0.0",
            "returnedGranularity": question.granularity,
            "returnedSchemas": [{"entityType": entity, "schema": f"ga4gh-beacon-{entity}-v2.0.0"}],
            "receivedRequestSummary": {
                "apiVersion": "v2.0.0",
                "requestedSchemas": [],
                "pagination": {},
                "requestedGranularity": question.granularity,
                "requestParameters": question.echo,
            },
        }
