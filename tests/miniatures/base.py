"""What all miniature servers share: a socket on loopback, a log, and the shape of their work.

A server family says how it reads a question (or refuses it), how it answers, and what its
documents are. Nothing here knows anything of this repository's own code.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, Self

from aiohttp import web

from tests.miniatures.holdings import DATASETS, TERMS, Held, Person, carried, people

Json = dict[str, Any]

LISTS = {"g_variants": "genomicVariant", "individuals": "individual", "datasets": "dataset"}
"""Paths below the base that are questions, and what they list."""

VARIANT_NAMES = frozenset(
    {
        *("start", "end", "referenceName", "assemblyId", "referenceBases", "alternateBases"),
        *("variantType", "variantMinLength", "variantMaxLength", "mateName"),
        *("geneId", "aminoacidChange", "genomicAlleleShortForm"),
    }
)
GRANULARITIES = ("boolean", "count", "record")
CHROMOSOMES = frozenset([*map(str, range(1, 24)), "X", "Y", "MT"])
_OPERATOR = re.compile(r">=|<=|[=><!]")


class Refused(Exception):
    """A question that is answered with an error; how it looks is the family's affair."""

    def __init__(self, status: int, message: str = "", body: object = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.body = body


@dataclass
class Question:
    """A question as the family's own software understands it."""

    path: str
    record_id: str | None = None
    nested: str | None = None
    parameters: Json = field(default_factory=dict)
    filters: list[tuple[str, str, str]] = field(default_factory=list)
    granularity: str = "record"
    include: str = "HIT"
    skip: int = 0
    limit: int = 10
    datasets: list[str] | None = None
    is_test: bool = False
    warnings: list[str] = field(default_factory=list)
    echo: Json = field(default_factory=dict)

    @property
    def lists(self) -> str:
        """The path name of what is listed."""
        return self.nested or self.path


@dataclass(frozen=True)
class Seen:
    """One request as it came in."""

    method: str
    path: str
    query: dict[str, str]
    json: Any


class Miniature:
    """One server: `async with RI() as server: ... server.url, server.questions`."""

    base_path = "/api"
    software = ""
    habits: ClassVar[Mapping[str, bool]] = {}
    """How alleles and places are compared (`holdings.carried`)."""

    def __init__(self) -> None:
        self.seen: list[Seen] = []
        self.tells: Literal["everything", "little", "nothing"] = "everything"
        """How much its documents tell; by little or nothing its software cannot be recognised."""
        self._runner: web.AppRunner | None = None
        self._origin = ""

    @property
    def url(self) -> str:
        return self._origin + self.base_path

    @property
    def questions(self) -> list[Seen]:
        """What it was asked about its data."""
        return [one for one in self.seen if self._below(one.path)[0] in (*LISTS, "query")]

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._serve)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.05)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self._origin = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._runner is not None
        await self._runner.cleanup()

    def documents(self) -> Mapping[str, object]:
        """The documents about itself by path below the base."""
        raise NotImplementedError

    def read_get(self, question: Question, query: dict[str, str]) -> None:
        """Read the address into the question, or raise Refused."""
        raise NotImplementedError

    def read_post(self, question: Question, body: Json) -> None:
        """Read a body into the question, or raise Refused."""
        raise NotImplementedError

    def document(self, question: Question, hits: Mapping[str, list[Json]]) -> Json:
        """Give the answer; `hits` has the records by data set, empty where there are none."""
        raise NotImplementedError

    def refusal(self, refused: Refused) -> web.Response:
        """Give the answer to a question that was refused."""
        raise NotImplementedError

    async def before_answer(self, question: Question) -> Question:
        """Do what happens between reading and answering."""
        return question

    def not_found(self) -> web.Response:
        return self.refusal(Refused(404, "Not found"))

    def _told(self) -> Mapping[str, object]:
        if self.tells == "everything":
            return self.documents()
        if self.tells == "nothing":
            return {}
        meta = {"beaconId": "org.example.plain", "apiVersion": "v2.0.0", "returnedSchemas": []}
        info = {"meta": meta, "response": info_response("org.example.plain", "Plain", "v2.0.0")}
        where = {"meta": meta, "response": map_document(self.url, dict.fromkeys(LISTS, "id"))}
        return {"": info, "info": info, "map": where}

    def _below(self, path: str) -> list[str]:
        return path.removeprefix(self.base_path).strip("/").split("/")

    async def _serve(self, request: web.Request) -> web.Response:
        text = await request.text()
        try:
            body = json.loads(text) if text else None
        except ValueError:
            body = text
        self.seen.append(Seen(request.method, request.path, dict(request.query), body))
        if not request.path.startswith(self.base_path):
            return self.not_found()
        below = self._below(request.path)
        documents = self._told()
        if "/".join(below) in documents:
            return web.json_response(documents["/".join(below)])
        try:
            return await self.answer(request, below, body)
        except Refused as refused:
            return self.refusal(refused)

    async def answer(self, request: web.Request, below: list[str], body: Any) -> web.Response:
        """Read, search and answer one question."""
        known = below[0] in LISTS and (len(below) < 3 or below[2] in LISTS) and len(below) < 4
        if not known:
            return self.not_found()
        inner = [*below[1:], None, None]
        question = Question(below[0], record_id=inner[0], nested=inner[1])
        if request.method == "POST":
            self.read_post(question, body if isinstance(body, dict) else {})
        else:
            self.read_get(question, dict(request.query))
        question = await self.before_answer(question)
        return web.json_response(self.document(question, self.search(question)))

    def search(self, question: Question) -> dict[str, list[Json]]:
        """The records by data set; every data set searched is named."""
        sets = [one for one in DATASETS if question.datasets is None or one in question.datasets]
        hits: dict[str, list[Json]] = {one: [] for one in sets}
        if question.is_test:
            return hits
        for found in self._found(question):
            if found.dataset in hits:
                hits[found.dataset].append(found.record())
        return hits

    def _found(self, question: Question) -> list[Held | Person]:
        variants = carried(question.parameters, **self.habits)
        persons = people(question.filters)
        if question.record_id is not None:
            if question.path == "individuals":
                persons = tuple(one for one in persons if one.id == question.record_id)
            else:
                variants = tuple(one for one in variants if one.id == question.record_id)
        chosen = {one.id for one in persons}
        carriers = {name for one in variants for name in one.carriers}
        if question.lists == "individuals":
            return [one for one in persons if not question.parameters or one.id in carriers]
        is_free = not question.filters and question.path != "individuals"
        return [one for one in variants if is_free or chosen & set(one.carriers)]


def pages(hits: Mapping[str, list[Json]], question: Question) -> dict[str, list[Json]]:
    """One page of each data set; `skip` counts pages, limit 0 is everything."""
    first, limit = question.skip * question.limit, question.limit or None
    return {name: found[first : first + limit if limit else None] for name, found in hits.items()}


def total(hits: Mapping[str, list[Json]]) -> int:
    return sum(map(len, hits.values()))


def wanted(hits: Mapping[str, list[Json]], include: str) -> dict[str, list[Json]]:
    """The data sets includeResultsetResponses wants listed."""
    keeps: dict[str, Callable[[list[Json]], bool]] = {
        "ALL": lambda _: True,
        "HIT": bool,
        "MISS": lambda found: not found,
        "NONE": lambda _: False,
    }
    return {name: found for name, found in hits.items() if keeps[include](found)}


def whole(text: str) -> int:
    """Read a whole number, or refuse."""
    try:
        return int(text)
    except ValueError:
        raise Refused(400, f"{text} is not a number") from None


def split_filter(text: str) -> tuple[str, str, str]:
    """Split `age:>P70Y` as the specification has it."""
    found = _OPERATOR.search(text)
    if found is None:
        return text, "", ""
    return text[: found.start()].removesuffix(":"), found[0], text[found.end() :]


def object_filter(one: Any) -> tuple[str, str, str]:
    """Read a filter of a body."""
    if not isinstance(one, dict) or "id" not in one:
        raise Refused(400, "filters are objects with an id")
    return str(one["id"]), str(one.get("operator", "")), str(one.get("value", ""))


def map_document(url: str, endpoints: Mapping[str, str]) -> Json:
    """A /map by entry type; values are the placeholder of a single entry, empty for none."""
    sets: Json = {}
    for path, entry_type in LISTS.items():
        if path not in endpoints:
            continue
        one: Json = {"entryType": entry_type, "rootUrl": f"{url}/{path}"}
        if endpoints[path]:
            one["singleEntryUrl"] = f"{url}/{path}/{{{endpoints[path]}}}"
            if path == "individuals":
                one["endpoints"] = {
                    "genomicVariant": {
                        "returnedEntryType": "genomicVariant",
                        "url": f"{url}/individuals/{{{endpoints[path]}}}/g_variants",
                    }
                }
        sets[entry_type] = one
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "endpointSets": sets}


def terms_document(**more: Any) -> Json:
    """The filtering terms."""
    terms = [{"id": name, "type": kind, **more} for name, kind in TERMS.items()]
    return {"filteringTerms": terms}


def info_response(name: str, software: str, version: str, **more: Any) -> Json:
    return {
        "id": name,
        "name": software,
        "apiVersion": version,
        "environment": "test",
        "organization": {"id": "miniature", "name": "Miniature"},
        **more,
    }
