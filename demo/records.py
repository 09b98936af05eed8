"""`demo-records`: version 2 with records, as EGA's servers speak it.

Its habits, all seen in recorded answers: only flat parameters, RefSeq names and anything
unknown refused, an assembly other than `GRCh38` (also `hg38`) silently finds nothing,
`resultSets` names only data sets with a hit, `numTotalResults` is missing when there is none,
bracket windows include their upper bounds, `/api` answers and `/api/` does not. Alleles are
compared as strings, indels as VCF anchors them.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from aiohttp import web
from aiohttp.typedefs import Handler

from . import records_documents as documents
from .beacon import Server
from .catalogue import Allele, Holding, holdings
from .records_request import Asked, RefusedError, chromosome, numbers, read

_T = TypeVar("_T")

_ASSEMBLY = "GRCh38"
_BASE = "/api"

_HELD: web.AppKey[tuple[Holding, ...]] = web.AppKey("held", tuple)

_INFORMATIONAL: Mapping[str, tuple[str, Callable[[str], dict[str, object]]]] = {
    "": ("info", documents.info),
    "/info": ("info", documents.info),
    "/configuration": ("configuration", lambda _: documents.configuration()),
    "/map": ("map", documents.beacon_map),
    "/entry_types": ("entry_types", lambda _: {"entryTypes": documents.entry_types()}),
    "/filtering_terms": ("filtering_terms", lambda _: documents.filtering_terms()),
}
"""Kind and response by path; they are built from the root URL as the client wrote it."""


def _application() -> web.Application:
    app = web.Application(middlewares=[_error_documents])
    app[_HELD] = holdings("demo-records", _ASSEMBLY)
    for path, (kind, document) in _INFORMATIONAL.items():
        _route(app, path, _informational(kind, document))
    _route(app, "/service-info", _service_info)
    _route(app, "/datasets", _datasets)
    _route(app, "/datasets/{id}", _datasets)
    _route(app, "/datasets/{dataset}/g_variants", _variants)
    _route(app, "/g_variants", _variants)
    _route(app, "/g_variants/{id}", _variants)
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


async def _datasets(request: web.Request) -> web.Response:
    asked = await read(request)
    wanted = request.match_info.get("id")
    ids = [dataset for dataset in documents.DATASETS if wanted in (None, dataset)]
    answer: dict[str, object] = {
        "meta": documents.meta(asked, "dataset"),
        "responseSummary": _summary(asked, len(ids)),
    }
    if asked.granularity == "record":
        collections = [documents.collection(dataset) for dataset in _page(asked, ids)]
        answer["response"] = {"collections": collections}
    return web.json_response(answer)


async def _variants(request: web.Request) -> web.Response:
    asked = await read(request)
    found = {
        dataset: hits
        for dataset in documents.DATASETS
        if _is_searched(asked, dataset, request.match_info.get("dataset"))
        and (hits := _hits(request, asked, dataset))
    }
    total = sum(len(hits) for hits in found.values())
    # Even ALL names only data sets with a hit; what MISS and NONE would list is then nothing.
    listed = found if asked.include in ("ALL", "HIT") else {}
    return web.json_response(
        {
            "meta": documents.meta(asked, "genomicVariant"),
            "responseSummary": _summary(asked, total),
            "response": {"resultSets": [_result_set(asked, *one) for one in listed.items()]},
        }
    )


def _is_searched(asked: Asked, dataset: str, in_path: str | None) -> bool:
    return (
        not asked.is_test  # no data set is marked as one for tests
        and in_path in (None, dataset)
        and (asked.datasets is None or dataset in asked.datasets)
    )


def _hits(request: web.Request, asked: Asked, dataset: str) -> list[Holding]:
    record_id = request.match_info.get("id")
    return [
        one
        for one in request.app[_HELD]
        if one.dataset == dataset
        and (record_id is None or record_id == documents.internal_id(one))
        and _is_match(asked, one)
    ]


def _is_match(asked: Asked, held: Holding) -> bool:
    wanted, allele = asked.parameters, held.allele
    exact = {
        "referenceBases": allele.reference,
        "alternateBases": allele.alternate,
        "variantType": allele.kind,
        "geneId": held.variant.gene,
        "aminoacidChange": held.variant.aminoacid,
    }
    names = (held.variant.hgvs, held.variant.transcript)
    return (
        wanted.get("assemblyId", _ASSEMBLY) == _ASSEMBLY
        and "mateName" not in wanted  # nothing held has a mate
        and chromosome(wanted) in (None, allele.chromosome)
        and all(wanted.get(name, value) == value for name, value in exact.items())
        and wanted.get("genomicAlleleShortForm", names[0]) in names
        and _is_in_place(numbers(wanted, "start"), numbers(wanted, "end"), allele)
        and _is_long(wanted, allele)
        and all(value == held.variant.gene for _, value in asked.filters)
    )


def _is_in_place(start: Sequence[int], end: Sequence[int], allele: Allele) -> bool:
    match start, end:
        case [], []:
            return True
        case [position], []:
            return position == allele.start0
        case [first], [last]:
            return allele.start0 < last and allele.end0 > first
        case [first, second], [third, fourth]:
            return first <= allele.start0 <= second and third <= allele.end0 <= fourth
    return False


def _is_long(wanted: Mapping[str, object], allele: Allele) -> bool:
    shortest, longest = wanted.get("variantMinLength"), wanted.get("variantMaxLength")
    return not (isinstance(shortest, int) and allele.length < shortest) and not (
        isinstance(longest, int) and allele.length > longest
    )


def _summary(asked: Asked, total: int) -> dict[str, object]:
    if asked.granularity == "boolean" or not total:
        return {"exists": total > 0}
    return {"exists": True, "numTotalResults": total}


def _result_set(asked: Asked, dataset: str, hits: Sequence[Holding]) -> dict[str, object]:
    result_set: dict[str, object] = {"exists": True, "id": dataset, "setType": "dataset"}
    if asked.granularity != "boolean":
        result_set["resultsCount"] = len(hits)  # of the data set, not of the page
    if asked.granularity == "record":
        result_set["results"] = [documents.record(one) for one in _page(asked, hits)]
    return result_set


def _page(asked: Asked, items: Sequence[_T]) -> Sequence[_T]:
    if asked.limit == 0:
        return items
    first = asked.skip * asked.limit
    return items[first : first + asked.limit]


RECORDS = Server(
    _application,
    base_path=_BASE,
    member={
        "name": documents.NAME,
        "description": "A version 2 beacon of variant records in GRCh38. Invented counts.",
        "organization": {"name": "Genome Archive", "url": documents.HOME},
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
