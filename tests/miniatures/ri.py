"""EGA's Reference Implementation, beacon2-ri-api.

GET takes one scalar start and hardly any option; a body is flat with scalar positions. Whatever
its request model raises reaches the wire as a text (400 as 500), because the page for errors
fails in turn. A filter nobody knows finds nothing.
"""

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from tests.miniatures.base import (
    LISTS,
    Json,
    Question,
    Refused,
    info_response,
    map_document,
    pages,
    terms_document,
    total,
    wanted,
    whole,
)
from tests.miniatures.ega import BEACON_ID, NUMBERS, Ega, numbers

_OPTIONS = ("skip", "limit", "includeResultsetResponses")


class RI(Ega):
    """The Reference Implementation."""

    software = "beacon2-ri-api"

    def read_get(self, question: Question, query: dict[str, str]) -> None:
        given = {name: value for name, value in query.items() if name not in _OPTIONS}
        self.check_names(given)  # filters, testMode, datasetIds, requestedGranularity are unknown
        question.echo = given
        question.parameters = self.places(given, is_body=False)
        question.skip, question.limit = (
            whole(query.get("skip", "0")),
            whole(query.get("limit", "10")),
        )
        question.include = query.get("includeResultsetResponses", "HIT")
        self.check(question)

    def check_meta(self, meta: Json) -> None:
        if any(not isinstance(one, str) for one in meta.get("requestedSchemas", [])):
            raise Refused(500, "requestedSchemas: str expected")

    def places(self, parameters: Json, *, is_body: bool) -> Json:
        read = dict(parameters)
        for name in NUMBERS:
            value = parameters.get(name)
            if value is None:
                continue
            if not is_body:
                read[name] = [whole(value)]
            elif isinstance(value, list) and len(value) != 2:
                raise Refused(400, f"{name}: int expected")
            else:
                read[name] = numbers(value)
        return read

    def document(self, question: Question, hits: Mapping[str, list[Json]]) -> Json:
        found = total(hits)
        summary: Json = {"exists": found > 0}
        if found and question.granularity != "boolean":
            summary["numTotalResults"] = found
        answer: Json = {"meta": self._meta(question), "responseSummary": summary}
        if question.granularity == "record":
            shown = pages(wanted(hits, question.include), question)
            answer["response"] = {"resultSets": [_result_set(*one) for one in shown.items()]}
        return {**answer, "beaconHandovers": []}

    def refusal(self, refused: Refused) -> web.Response:
        if refused.status == 404:
            return web.Response(status=404, text="404: Not Found")
        if refused.status == 401:
            return web.Response(status=302, headers={"Location": "/login"})
        if refused.status in {405, 502}:
            body = {
                "meta": {"beaconId": BEACON_ID, "receivedRequestSummary": ""},
                "error": {"errorCode": str(refused.status), "errorMessage": refused.message},
            }
            return web.json_response(body, status=refused.status)
        return web.Response(
            status=500, text="500 Internal Server Error\n\nServer got itself in trouble"
        )

    def documents(self) -> Mapping[str, Any]:
        meta = self._meta(Question("g_variants"))

        def informs(response: Json) -> Json:
            return {"meta": meta, "responseSummary": {"exists": True}, "response": response}

        info = informs(info_response(BEACON_ID, "Beacon Reference Implementation", "v2.0.0"))
        names = dict.fromkeys(LISTS, "id") | {"g_variants": "variantInternalId"}
        return {
            "": info,
            "info": info,
            "map": {"meta": meta, "response": map_document(self.url, names)},
            "filtering_terms": informs(terms_document()),
        }

    def _meta(self, question: Question) -> Json:
        entity = LISTS[question.lists]
        return {
            "beaconId": BEACON_ID,
            "apiVersion": "v2.0.0",
            "returnedGranularity": question.granularity,
            "returnedSchemas": [{"entityType": entity, "schema": f"beacon-{entity}-v2.0.0"}],
            "receivedRequestSummary": {
                "apiVersion": "2.0",
                "requestedSchemas": [],
                "filters": [term for term, _, _ in question.filters],
                "requestParameters": question.echo,
                "includeResultsetResponses": question.include,
                "pagination": {"skip": question.skip, "limit": question.limit},
                "requestedGranularity": question.granularity,
                "testMode": question.is_test,
            },
        }


def _result_set(name: str, found: list[Json]) -> Json:
    return {
        "id": name,
        "setType": "dataset",
        "exists": bool(found),
        "resultsCount": len(found),
        "results": found,
        "resultsHandover": None,
    }
