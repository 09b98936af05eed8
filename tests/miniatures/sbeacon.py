"""CSIRO's sBeacon, the serverless one.

A variant cannot be asked for by GET. A body is flat with lists of positions; a start without an
end is a window from there down to 0: refused when it is wider than 10,000 bases, silently empty
when it is not. Genes are accepted and ignored. Errors are bare objects.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from aiohttp import web

from tests.miniatures.base import (
    GRANULARITIES,
    LISTS,
    VARIANT_NAMES,
    Json,
    Miniature,
    Question,
    Refused,
    info_response,
    map_document,
    object_filter,
    terms_document,
    total,
    whole,
)

BEACON_ID = "au.csiro-serverless.beacon"
WIDEST = 10_000
_OPTIONS = ("requestedGranularity", "filters", "includeResultsetResponses", "skip", "limit")
_IGNORED = ("geneId", "aminoacidChange")


class SBeacon(Miniature):
    """The serverless beacon."""

    base_path = ""
    software = "sbeacon"
    habits: ClassVar[Mapping[str, bool]] = {"is_empty_any": True}

    def read_get(self, question: Question, query: dict[str, str]) -> None:
        unknown = query.keys() - VARIANT_NAMES - set(_OPTIONS)
        if unknown:
            raise Refused(400, body={"msg": sorted(unknown)})
        if "start" in query or "end" in query:
            raise Refused(400, body={"request_parameters": "start: value is not a valid list"})
        filters = query.get("filters", "")
        question.filters = [(one, "", "") for one in filters.split(",") if one]
        question.granularity = query.get("requestedGranularity", "boolean")
        question.include = query.get("includeResultsetResponses", "HIT")
        question.skip, question.limit = (
            whole(query.get("skip", "0")),
            whole(query.get("limit", "10")),
        )
        self._take(question, {k: v for k, v in query.items() if k in VARIANT_NAMES})

    def read_post(self, question: Question, body: Json) -> None:
        if body.keys() - {"meta", "query"}:
            raise Refused(400, body={"msg": sorted(body.keys() - {"meta", "query"})})
        meta, query = body.get("meta", {}), body.get("query", {})
        if any(not isinstance(one, str) for one in meta.get("requestedSchemas", [])):
            raise Refused(400, body={"msg": ["requestedSchemas"]})
        parameters = query.get("requestParameters", {})
        if unknown := parameters.keys() - VARIANT_NAMES:
            raise Refused(400, body={"msg": sorted(unknown)})
        question.filters = [object_filter(one) for one in query.get("filters", [])]
        question.granularity = query.get("requestedGranularity", "boolean")
        question.include = query.get("includeResultsetResponses", "HIT")
        page = query.get("pagination", {})
        question.skip, question.limit = page.get("skip", 0), page.get("limit", 10)
        for name in ("start", "end"):
            if not isinstance(parameters.get(name, []), list):
                raise Refused(400, body={"request_parameters": f"{name}: not a valid list"})
        self._take(question, dict(parameters))

    def _take(self, question: Question, parameters: Json) -> None:
        if question.granularity not in GRANULARITIES:
            raise Refused(502, "Internal server error", {"message": "Internal server error"})
        if "genomicAlleleShortForm" in parameters:
            raise Refused(400, body={"msg": ["genomicAlleleShortForm"]})
        question.echo = dict(parameters)
        read = {name: value for name, value in parameters.items() if name not in _IGNORED}
        if "start" in read or "end" in read:
            read["start"], read["end"] = _windows(read.get("start", []), read.get("end", []))
        if "referenceName" in read:
            read["referenceName"] = read["referenceName"].removeprefix("chr")
        question.parameters = read

    def document(self, question: Question, hits: Mapping[str, list[Json]]) -> Json:
        found = [record for records in hits.values() for record in records]
        summary: Json = {"exists": bool(found)}
        if question.granularity != "boolean":
            summary["numTotalResults"] = total(hits)
        answer: Json = {"meta": self._meta(question), "responseSummary": summary}
        if question.granularity == "record":
            end = question.skip + question.limit if question.limit else None
            shown = found[question.skip : end]  # counts records, not pages
            answer["response"] = {
                "resultSets": [
                    {
                        "id": "",
                        "setType": "",
                        "exists": bool(found),
                        "resultsCount": len(shown),
                        "results": shown,
                        "resultsHandover": None,
                    }
                ]
            }
        return answer

    def refusal(self, refused: Refused) -> web.Response:
        if refused.status == 404:
            return web.json_response({}, status=404)
        body = refused.body or {"error": "BadRequest", "message": refused.message}
        return web.json_response(body, status=refused.status)

    def documents(self) -> Mapping[str, Any]:
        meta = self._meta(Question("g_variants")) | {"returnedGranularity": "none"}
        info = {
            "meta": meta,
            "response": info_response(BEACON_ID, "sBeacon miniature", "v2.0.0"),
            "responseSummary": {"exists": True},
        }
        names = {"g_variants": "id", "individuals": "id", "datasets": "id"}
        return {
            "": info,
            "info": info,
            "map": {"meta": meta, "response": map_document(self.url, names)},
            "filtering_terms": {"meta": meta, "response": terms_document(scope="individuals")},
        }

    def _meta(self, question: Question) -> Json:
        entity = LISTS[question.lists]
        return {
            "beaconId": BEACON_ID,
            "apiVersion": "v2.0.0",
            "returnedGranularity": question.granularity,
            "returnedSchemas": [{"entityType": entity, "schema": f"beacon-{entity}-v2.0.0"}],
            "receivedRequestSummary": {
                "apiVersion": "v2.0.0",
                "requestedSchemas": [],
                "pagination": {"skip": question.skip, "limit": question.limit},
                "requestedGranularity": question.granularity,
                "filters": [term for term, _, _ in question.filters],
                "req_params": question.echo,
            },
        }


def _windows(start: list[int], end: list[int]) -> tuple[list[int], list[int]]:
    """Give the windows searched, half-open; without an end, the window ends before it begins."""
    if len(start) == 2 and len(end) == 2:
        windows = (start, end)
    elif end:
        # first and last base lie between the smallest start and the end that is told, both included
        first = start[0] if start else end[0]
        windows = ([first, end[-1] + 1], [first + 1, end[-1] + 2])
    else:
        windows = ([start[0], 0], [start[0], 0])
    if any(abs(high - low) > WIDEST for low, high in windows):
        message = f"search range exceeds {WIDEST} bases"
        raise Refused(400, message, {"error": "BadRequest", "message": message})
    return windows
