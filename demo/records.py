"""`demo-records`: version 2 with records, as EGA's servers speak it.

Its habits, all seen in recorded answers: only flat parameters, RefSeq names and anything
unknown refused, an assembly other than `GRCh38` (also `hg38`) silently finds nothing,
`resultSets` names only data sets with a hit, `numTotalResults` is missing when there is none,
bracket windows include their upper bounds, `/api` answers and `/api/` does not, single data sets
and cohorts are `collections` as well. Alleles are compared as strings, indels as VCF anchors
them. Every entry type can be asked for below every other; parameters and filters about variants
find people by what they carry, and the other way round.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from aiohttp import web
from aiohttp.typedefs import Handler

from . import records_documents as documents
from . import records_model as model
from .beacon import Server
from .catalogue import Holding, holdings
from .population import Person, people
from .records_documents import ENTRY_TYPES
from .records_model import DATASETS, HOME
from .records_request import Asked, RefusedError, read
from .records_search import Archive, Record

_ASSEMBLY = "GRCh38"
_BASE = "/api"

_ARCHIVE = web.AppKey("archive", Archive)

_INFORMATIONAL: Mapping[str, tuple[str, Callable[[str], dict[str, object]]]] = {
    "": ("info", documents.info),
    "/info": ("info", documents.info),
    "/configuration": ("configuration", lambda _: documents.configuration()),
    "/map": ("map", documents.beacon_map),
    "/entry_types": ("entry_types", lambda _: {"entryTypes": documents.entry_types()}),
}
"""Kind and response by path; they are built from the root URL as the client wrote it."""

_OF_PERSONS: Mapping[str, Callable[[Person], dict[str, object]]] = {
    "individual": model.individual,
    "biosample": model.biosample,
    "run": model.run,
    "analysis": model.analysis,
}
"""The records of which there is one for everybody."""


def _application() -> web.Application:
    app = web.Application(middlewares=[_error_documents])
    app[_ARCHIVE] = Archive(holdings("demo-records", _ASSEMBLY), people("demo-records"))
    for path, (kind, document) in _INFORMATIONAL.items():
        _route(app, path, _informational(kind, document))
    _route(app, "/service-info", _service_info)
    _route(app, "/filtering_terms", partial(_filtering_terms, None))
    for one in ENTRY_TYPES.values():
        _route(app, f"/{one.path}", partial(_answer, one.id, None))
        _route(app, f"/{one.path}/filtering_terms", partial(_filtering_terms, one.id))
        _route(app, f"/{one.path}/{{id}}", partial(_answer, one.id, one.id))
        for other in ENTRY_TYPES.values():
            if other is not one:
                path = f"/{one.path}/{{id}}/{other.path}"
                _route(app, path, partial(_answer, other.id, one.id))
    return app


def _route(app: web.Application, path: str, handler: Handler) -> None:
    app.router.add_get(_BASE + path, handler)
    app.router.add_post(_BASE + path, handler)


@web.middleware
async def _error_documents(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except RefusedError as refusal:
        return web.json_response(
            documents.error(refusal.status, str(refusal)), status=refusal.status
        )
    except web.HTTPNotFound:
        return web.json_response(documents.error(404, "Not found"), status=404)


def _informational(kind: str, document: Callable[[str], dict[str, object]]) -> Handler:
    async def answer(request: web.Request) -> web.Response:
        root = f"{request.url.origin()}{_BASE}"
        return web.json_response(documents.informational(kind, document(root)))

    return answer


async def _service_info(_: web.Request) -> web.Response:
    return web.json_response(documents.service_info())


async def _filtering_terms(entry_type: str | None, request: web.Request) -> web.Response:
    terms = documents.filtering_terms(await read(request), entry_type)
    return web.json_response(documents.informational("filtering_terms", terms))


async def _answer(entry_type: str, within: str | None, request: web.Request) -> web.Response:
    """Answer with records of a type: all, one, or those below one of another type."""
    asked = await read(request)
    record = None if within is None else Record(within, request.match_info["id"])
    archive = request.app[_ARCHIVE]
    if entry_type in ("dataset", "cohort"):
        return web.json_response(_collections(asked, archive, entry_type, record))
    found = _records(asked, archive, entry_type, record)
    total = sum(map(len, found.values()))
    # Even ALL names only data sets with a hit; what MISS and NONE would list is then nothing.
    listed = found if asked.include in ("ALL", "HIT") else {}
    return web.json_response(
        {
            "meta": documents.meta(asked, entry_type),
            "responseSummary": _summary(asked, total),
            "response": {"resultSets": [_result_set(asked, *one) for one in listed.items()]},
        }
    )


def _collections(
    asked: Asked, archive: Archive, entry_type: str, record: Record | None
) -> dict[str, object]:
    is_cohort = entry_type == "cohort"
    ids = archive.cohorts(asked, record) if is_cohort else archive.datasets(asked, record)
    answer: dict[str, object] = {
        "meta": documents.meta(asked, entry_type),
        "responseSummary": _summary(asked, len(ids)),
    }
    if asked.granularity == "record":
        collections = [
            model.cohort(one, archive.members(one)) if is_cohort else model.dataset(one)
            for one in asked.page(ids)
        ]
        answer["response"] = {"collections": collections}
    return answer


_Documents = Sequence[Callable[[], dict[str, object]]]
"""Records yet to be written, so that only those of the page are."""


def _records(
    asked: Asked, archive: Archive, entry_type: str, record: Record | None
) -> dict[str, _Documents]:
    """What was found by data set; data sets without a hit are not there."""
    found: dict[str, list[Callable[[], dict[str, object]]]] = {one: [] for one in DATASETS}
    if entry_type == "genomicVariant":
        for held in archive.variants(asked, record):
            found[held.dataset].append(partial(_variant, archive, held))
    else:
        for person in archive.persons(asked, record):
            found[person.dataset].append(partial(_OF_PERSONS[entry_type], person))
    return {dataset: hits for dataset, hits in found.items() if hits}


def _variant(archive: Archive, held: Holding) -> dict[str, object]:
    return model.variant(held, archive.carriers(held))


def _summary(asked: Asked, total: int) -> dict[str, object]:
    if asked.granularity == "boolean" or not total:
        return {"exists": total > 0}
    return {"exists": True, "numTotalResults": total}


def _result_set(asked: Asked, dataset: str, hits: _Documents) -> dict[str, object]:
    result_set: dict[str, object] = {"exists": True, "id": dataset, "setType": "dataset"}
    if asked.granularity != "boolean":
        result_set["resultsCount"] = len(hits)  # of the data set, not of the page
    if asked.granularity == "record":
        result_set["results"] = [document() for document in asked.page(hits)]
    return result_set


RECORDS = Server(
    _application,
    base_path=_BASE,
    member={
        "name": documents.NAME,
        "description": "A version 2 beacon of variant records in GRCh38. Invented counts.",
        "organization": {"name": "Genome Archive", "url": HOME},
        "protocol": "auto",
        "dialect": {
            "parameters": "flat",
            "indels": "anchored",
            "windows": "inclusive",
            "rename": {"datasetIds": "datasets"},
        },
        "assemblies": ["GRCh38"],
        # This family keeps request state where concurrent requests overwrite it.
        "max_concurrency": 1,
        "groups": ["demo", "grch38"],
    },
)
