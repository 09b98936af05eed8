"""EGA's Production Implementation, beacon2-pi-api, version 2.2.

Flat parameters only; 400 for whatever it does not know. With `mixes_up`, the state of a request
is kept where concurrent requests share it, as the real one keeps it: two requests that overlap
get one and the same answer, which is wrong and complete for one of them.
"""

import asyncio
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
from tests.miniatures.holdings import TERMS

_STEPS, _STEP_S = 20, 0.001
"""How long a question is worked on, which is when another may come in.

In steps, in each of which others of this process go on, so that a machine that stands still for a
moment takes no more than one.
"""


class PI(Ega):
    """The Production Implementation."""

    software = "beacon2-pi-api"

    def __init__(self, *, mixes_up: bool = True, together: int = 0) -> None:
        """With `together`, none of the first so many questions is answered before all are there."""
        super().__init__()
        self.mixes_up = mixes_up
        self._together = together
        self._arrived = 0
        self._state: Question | None = None

    def read_get(self, question: Question, query: dict[str, str]) -> None:
        given = dict(query)
        question.granularity = given.pop("requestedGranularity", "record")
        question.include = given.pop("includeResultsetResponses", "HIT")
        question.is_test = given.pop("testMode", "").lower() == "true"
        question.skip, question.limit = (
            whole(given.pop(name, default)) for name, default in (("skip", "0"), ("limit", "10"))
        )
        if datasets := given.pop("datasets", ""):
            question.datasets = datasets.split(",")
        if filters := given.pop("filters", ""):
            question.filters = [_split(one) for one in filters.split(",")]
        self.check_names(given)
        question.parameters = question.echo = self.places(given, is_body=False)
        self.check(question)

    def read_post(self, question: Question, body: Json) -> None:
        if body.keys() - {"meta", "query"}:
            raise Refused(400, f"set of meta/query parameters: {body} not allowed")
        super().read_post(question, body)
        question.echo = question.parameters
        question.is_test = body.get("query", {}).get("testMode") is True

    def places(self, parameters: Json, *, is_body: bool) -> Json:
        read = dict(parameters)
        for name in NUMBERS:
            if (value := parameters.get(name)) is not None:
                read[name] = numbers(value) if is_body else [whole(one) for one in value.split(",")]
        return read

    def chromosome(self, name: str) -> str:
        return super().chromosome(name.removeprefix("chr"))

    def check(self, question: Question) -> None:
        super().check(question)
        parameters = question.parameters
        if "aminoacidChange" in parameters and "geneId" not in parameters:
            raise Refused(400, "aminoacidChange needs geneId")
        for term, _, _ in question.filters:
            if term not in TERMS:
                raise Refused(400, f"{term} is not a valid filtering term")

    async def before_answer(self, question: Question) -> Question:
        self._state = question
        self._arrived += 1
        steps = 0
        while steps < _STEPS or self._arrived < self._together:
            await asyncio.sleep(_STEP_S)
            steps += 1
        return self._state if self.mixes_up else question

    def document(self, question: Question, hits: Mapping[str, list[Json]]) -> Json:
        found = total(hits)
        summary: Json = {"exists": found > 0}
        if found and question.granularity != "boolean":
            summary["numTotalResults"] = found
        sets = []
        page = pages(hits, question)
        for name, records in wanted(hits, question.include).items():
            one: Json = {"exists": bool(records), "id": name, "setType": "dataset"}
            if question.granularity != "boolean":
                one["resultsCount"] = len(records)
            if question.granularity == "record":
                one["results"] = page[name]
            sets.append(one)
        return {
            "meta": self._meta(question),
            "responseSummary": summary,
            "response": {"resultSets": sets},
        }

    def refusal(self, refused: Refused) -> web.Response:
        error = {"errorCode": refused.status, "errorMessage": refused.message}
        body = {"error": error, "meta": self._meta(Question("g_variants"))}
        return web.json_response(body, status=refused.status)

    def documents(self) -> Mapping[str, Any]:
        def informs(name: str, response: Json) -> Json:
            schemas = [{"schema": f"{name}-v2.2.0"}]
            meta = {"beaconId": BEACON_ID, "apiVersion": "v2.2.0", "returnedSchemas": schemas}
            return {"meta": meta, "response": response}

        name = "Beacon Production Implementation demo"
        info = informs("info", info_response(BEACON_ID, name, "v2.2.0"))
        return {
            "": info,
            "info": info,
            "map": informs("map", map_document(self.url, dict.fromkeys(LISTS, "id"))),
            "filtering_terms": informs("filtering_terms", terms_document(scopes=["individual"])),
        }

    def _meta(self, question: Question) -> Json:
        entity = LISTS[question.lists]
        return {
            "beaconId": BEACON_ID,
            "apiVersion": "v2.2.0",
            "returnedGranularity": question.granularity,
            "returnedSchemas": [{"entityType": entity, "schema": f"beacon-{entity}-v2.0.0"}],
            "receivedRequestSummary": {
                "apiVersion": "Not provided",
                "requestedSchemas": [],
                "pagination": {"skip": question.skip, "limit": question.limit},
                "requestedGranularity": question.granularity,
                "testMode": question.is_test,
                "filters": [term for term, _, _ in question.filters],
                "requestParameters": question.echo,
                "includeResultsetResponses": question.include,
            },
        }


def _split(text: str) -> tuple[str, str, str]:
    """Split a filter at its operator only: `age:>P70Y` becomes the unknown term `age:`."""
    for position, letter in enumerate(text):
        if letter in "<>=!":
            return text[:position], letter, text[position + 1 :]
    return text, "", ""
