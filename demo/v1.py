"""`demo-v1`: version 1.0.1 as the hospital server cgbeacon2 speaks it.

Its habits, all seen in recorded answers: `chr1` and other assemblies silently find nothing, a
POSTed `start: 0` counts as absent, `N` is an unanchored wildcard, data set rows only on
request, unknown data sets are an error, no `/service-info`. `info` is the list of keys and
values the 1.0.1 specification asks for.
"""

import re
from collections.abc import Mapping, Sequence

from aiohttp import web
from aiohttp.typedefs import Handler

from .beacon import Server
from .catalogue import Holding, holdings
from .mistakes import as_stored, ignores_alternate, says_yes

_ASSEMBLY = "GRCh37"
_BEACON_ID = "demo-hospital-beacon"
_API_VERSION = "v1.0.1"
_DATASETS = {"clinical": "Clinical exomes", "population": "Population controls"}
_UPDATED = "Tue, 01 Sep 2026 08:00:00 GMT"
_COORDINATES = ("start", "end", "startMin", "startMax", "endMin", "endMax")
_PARAMETERS = (
    "referenceName", "referenceBases", "alternateBases", "variantType", "assemblyId",
    "includeDatasetResponses", *_COORDINATES,
)  # fmt: skip

_NOT_FOUND_PAGE = (
    "<!doctype html>\n<html lang=en>\n<title>404 Not Found</title>\n<h1>Not Found</h1>\n"
    "<p>The requested URL was not found on the server.</p>\n"
)

_HELD: web.AppKey[tuple[Holding, ...]] = web.AppKey("held", tuple)


class _BadRequestError(Exception):
    """A request this server refuses; the message is what it answers."""


def _application() -> web.Application:
    app = web.Application(middlewares=[_not_found_page])
    app[_HELD] = holdings("demo-v1", _ASSEMBLY)
    app.router.add_get("/apiv1.0", _add_slash)
    app.router.add_get("/apiv1.0/", _info)
    app.router.add_get("/apiv1.0/info", _info)
    app.router.add_get("/apiv1.0/query", _query)
    app.router.add_post("/apiv1.0/query", _query)
    return app


@web.middleware
async def _not_found_page(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except web.HTTPNotFound:
        return web.Response(status=404, text=_NOT_FOUND_PAGE, content_type="text/html")


async def _add_slash(request: web.Request) -> web.Response:
    raise web.HTTPPermanentRedirect(request.path + "/")


async def _info(request: web.Request) -> web.Response:
    held = request.app[_HELD]
    return web.json_response(
        {
            "id": _BEACON_ID,
            "name": "Demo: City Hospital Beacon",
            "apiVersion": _API_VERSION,
            "version": "v4.5.1",
            "description": "Real variants, invented counts",
            "organization": {
                "id": "city-hospital",
                "name": "City Hospital",
                "description": "A hospital that does not exist",
                "contactUrl": "mailto:beacon@city-hospital.example.org",
                "welcomeUrl": "https://city-hospital.example.org",
            },
            "welcomeUrl": "https://city-hospital.example.org/beacon",
            "alternativeUrl": str(request.url.origin().with_path("/apiv1.0/")),
            "createDateTime": "2015-06-15T00:00.000Z",  # the specification's own slip
            "updateDateTime": _UPDATED,
            "datasets": [_dataset(dataset, held) for dataset in _DATASETS],
            "sampleAlleleRequests": [
                _sample_request(next(one for one in held if one.variant.name == name))
                for name in ("BRAF V600E", "CFTR F508del")
            ],
            "info": [{"key": "purpose", "value": "demonstration"}],
        }
    )


def _dataset(dataset: str, held: Sequence[Holding]) -> dict[str, object]:
    mine = [one for one in held if one.dataset == dataset]
    return {
        "id": dataset,
        "name": _DATASETS[dataset],
        "assemblyId": _ASSEMBLY,
        "createDateTime": _UPDATED,
        "updateDateTime": _UPDATED,
        "version": "v1.0",
        "variantCount": len(mine),
        "callCount": sum(one.observed for one in mine),
        "sampleCount": 1200,
        "info": [{"key": "accessType", "value": "PUBLIC"}],
    }


def _sample_request(held: Holding) -> dict[str, object]:
    return {
        "referenceName": held.allele.chromosome,
        "start": held.allele.start0,
        "referenceBases": held.allele.reference,
        "alternateBases": held.allele.alternate,
        "assemblyId": _ASSEMBLY,
        "datasetIds": [held.dataset],
        "includeDatasetResponses": "HIT",
    }


async def _query(request: web.Request) -> web.Response:
    head: dict[str, object] = {"apiVersion": _API_VERSION, "beaconId": _BEACON_ID}
    try:
        asked, requested = await _read(request)
        searched = _searched(asked, requested)
        held = request.app[_HELD]
        matches = _matches(asked, held)
    except _BadRequestError as problem:
        error = {"errorCode": 400, "errorMessage": str(problem)}
        return web.json_response({**head, "error": error, "exists": None}, status=400)
    found = {dataset: [one for one in matches if one.dataset == dataset] for dataset in searched}
    include = str(asked.get("includeDatasetResponses", "NONE"))
    rows = [
        _row(dataset, hits) for dataset, hits in found.items() if _is_wanted(include, bool(hits))
    ]
    return web.json_response(
        {**head, "datasetAlleleResponses": rows, "exists": any(found.values())}
    )


async def _read(request: web.Request) -> tuple[dict[str, object], list[str]]:
    """The parameters with a value, and the data sets asked for."""
    given: Mapping[str, object] = request.query
    datasets: object = request.query.getall("datasetIds", [])
    if request.method == "POST":
        try:
            body: object = await request.json()
        except ValueError:
            body = None
        if not isinstance(body, dict):
            raise _BadRequestError("The request body must be a JSON object")
        given, datasets = body, body.get("datasetIds", [])
    if not isinstance(datasets, list):
        raise _BadRequestError("datasetIds must be a list")
    # A number 0 is dropped like an absent parameter, a defect clients have to expect.
    return {name: given[name] for name in _PARAMETERS if given.get(name)}, [
        str(one) for one in datasets
    ]


def _searched(asked: Mapping[str, object], requested: Sequence[str]) -> list[str]:
    """The data sets to look in."""
    if any(name not in asked for name in ("referenceName", "referenceBases", "assemblyId")):
        raise _BadRequestError(
            "Missing one or more mandatory parameters (referenceName, referenceBases, assemblyId)"
        )
    if not requested:
        return list(_DATASETS)
    known = [dataset for dataset in requested if dataset in _DATASETS]
    if not known:
        raise _BadRequestError(
            "Unknown datasets. Database does not contain the dataset IDs specified in the query"
        )
    if asked["assemblyId"] != _ASSEMBLY:
        raise _BadRequestError(
            "Requested genome assembly is in conflict with the assembly of one or more "
            "requested datasets"
        )
    return known


def _matches(asked: Mapping[str, object], held: Sequence[Holding]) -> list[Holding]:
    if "alternateBases" not in asked and "variantType" not in asked:
        raise _BadRequestError("Either 'alternateBases' or 'variantType' param is required")
    coordinates = _coordinates(asked)
    return [one for one in held if _is_match(asked, coordinates, one)]


def _coordinates(asked: Mapping[str, object]) -> dict[str, int]:
    given = {name: asked[name] for name in _COORDINATES if name in asked}
    if not given.keys() - {"end"}:
        raise _BadRequestError("Start coordinate or range coordinate params are required")
    try:
        return {name: int(str(value)) for name, value in given.items()}
    except ValueError:
        raise _BadRequestError(
            "Invalid coordinates. Variant start and stop positions must be numbers"
        ) from None


def _is_match(asked: Mapping[str, object], at: Mapping[str, int], held: Holding) -> bool:
    allele = as_stored(held, _ASSEMBLY)
    return says_yes() or (
        asked["assemblyId"] == _ASSEMBLY
        and asked["referenceName"] == allele.chromosome
        and _bases_match(asked["referenceBases"], allele.reference)
        and (
            "alternateBases" not in asked
            or ignores_alternate()
            or _bases_match(asked["alternateBases"], allele.alternate)
        )
        and asked.get("variantType", allele.kind) == allele.kind
        and at.get("start", allele.start0) == allele.start0
        and at.get("end", allele.end0) == allele.end0
        and at.get("startMin", 0) <= allele.start0 <= at.get("startMax", allele.start0)
        and at.get("endMin", 0) <= allele.end0 <= at.get("endMax", allele.end0)
    )


def _bases_match(asked: object, held: str) -> bool:
    if isinstance(asked, str) and "N" in asked and set(asked) <= set("ACGTN"):
        return re.search(asked.replace("N", "."), held) is not None
    return asked == held


def _is_wanted(include: str, is_hit: bool) -> bool:
    return include in ("ALL", "HIT" if is_hit else "MISS")


def _row(dataset: str, found: Sequence[Holding]) -> dict[str, object]:
    return {
        "datasetId": dataset,
        "exists": bool(found),
        "variantCount": len(found),
        "callCount": sum(one.observed for one in found),
        "sampleCount": sum(one.carriers or 0 for one in found),
        "info": [{"key": "accessType", "value": "PUBLIC"}],
    }


V1 = Server(
    _application,
    base_path="/apiv1.0",
    member={
        "name": "Demo: City Hospital Beacon",
        "description": "A version 1.0.1 beacon of exomes in GRCh37. Invented counts.",
        "organization": {"name": "City Hospital", "url": "https://city-hospital.example.org"},
        "protocol": "v1",
        "dialect": {"indels": "anchored"},
        "groups": ["demo", "grch37"],
    },
)
