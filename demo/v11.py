"""`demo-v11`: version 1.1.0 as beacon-python speaks it.

Its habits, all seen in recorded answers: one row per matching variant, rows of data sets
without a match filled with zeros and empty bases, handovers with `description` where the
specification says `note`, everything it does not know refused with 400 (parameters, `chrMT`,
`M`, lower-case bases), yet `hg38` and `GRCh38.p13` accepted and finding nothing. Counts are
allele observations: `variantCount` of `callCount`. The parameters are checked in `v11_request`.
"""

from collections.abc import Iterable, Mapping, Sequence

from aiohttp import web

from .beacon import Server
from .catalogue import Holding, holdings
from .mistakes import as_stored, ignores_alternate, says_yes
from .v11_request import COORDINATES, BadRequestError, UnreadableError, check, read

_ASSEMBLY = "GRCh38"
_BEACON_ID = "org.example.demo-v11"
_API_VERSION = "1.1.0"
_HOME = "https://research-centre.example.org"
_STARTED = "2018-07-25T00:00:00Z"
_UPDATED = "2026-09-01T08:00:00Z"
_DATASETS = {
    "urn:demo:genomes": ("Demo genomes", "Whole genomes of volunteers who do not exist", 3610),
    "urn:demo:tumours": ("Demo tumours", "Tumour exomes of patients who do not exist", 2602),
}
"""Name, description and number of samples by id."""

_ORGANIZATION = {"id": "research-centre", "name": "Research Centre", "welcomeUrl": _HOME}

_HELD: web.AppKey[tuple[Holding, ...]] = web.AppKey("held", tuple)


def _application() -> web.Application:
    app = web.Application()
    app[_HELD] = holdings("demo-v11", _ASSEMBLY)
    app.router.add_get("/", _info)
    app.router.add_get("/service-info", _service_info)
    app.router.add_get("/query", _query)
    app.router.add_post("/query", _query)
    return app


async def _info(request: web.Request) -> web.Response:
    held = request.app[_HELD]
    return web.json_response(
        {
            "id": _BEACON_ID,
            "name": "Demo: Research Centre Beacon",
            "apiVersion": _API_VERSION,
            "organization": {
                **_ORGANIZATION,
                "description": "A research centre that does not exist",
                "contactUrl": f"{_HOME}/contact",
                "info": {"orgInfo": "part of the demo network"},
            },
            "description": "Real variants, invented counts",
            "version": "1.7.2",
            "welcomeUrl": _HOME,
            "alternativeUrl": _HOME,
            "createDateTime": _STARTED,
            "updateDateTime": _UPDATED,
            "datasets": [_dataset(dataset, held) for dataset in _DATASETS],
            "sampleAlleleRequests": [
                _sample_request(next(one for one in held if one.variant.name == name))
                for name in ("BRAF V600E", "CFTR F508del")
            ],
            "info": {"purpose": "demonstration"},
            "beaconHandover": _beacon_handovers(_DATASETS),
        }
    )


def _dataset(dataset: str, held: Sequence[Holding]) -> dict[str, object]:
    name, description, samples = _DATASETS[dataset]
    mine = [one for one in held if one.dataset == dataset]
    return {
        "id": dataset,
        "name": name,
        "externalUrl": f"{_HOME}/datasets/{dataset}",
        "description": description,
        "assemblyId": _ASSEMBLY,
        "variantCount": sum(one.observed for one in mine),
        "callCount": sum(one.number or 0 for one in mine),
        "sampleCount": samples,
        "version": "v0.4",
        "info": {"accessType": "PUBLIC"},
        "createDateTime": _STARTED,
        "updateDateTime": _UPDATED,
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


async def _service_info(_: web.Request) -> web.Response:
    return web.json_response(
        {
            "id": _BEACON_ID,
            "name": "Demo: Research Centre Beacon",
            "type": {"group": "org.ga4gh", "artifact": "beacon", "version": _API_VERSION},
            "description": "Real variants, invented counts",
            "organization": {"name": _ORGANIZATION["name"], "url": _HOME},
            "contactUrl": f"{_HOME}/contact",
            "documentationUrl": f"{_HOME}/documentation",
            "createdAt": _STARTED,
            "updatedAt": _UPDATED,
            "environment": "test",
            "version": "1.7.2",
        }
    )


async def _query(request: web.Request) -> web.Response:
    try:
        asked = await read(request)
    except UnreadableError as problem:
        return web.json_response({"errorCode": 500, "errorMessage": str(problem)}, status=500)
    head: dict[str, object] = {"beaconId": _BEACON_ID, "apiVersion": _API_VERSION}
    try:
        check(asked)
    except BadRequestError as problem:
        error = {"errorCode": 400, "errorMessage": str(problem)}
        rest = {"alleleRequest": _echo(asked), "datasetAlleleResponses": []}
        return web.json_response({**head, "exists": None, "error": error, **rest}, status=400)
    held = request.app[_HELD]
    hits, misses = _search(asked, held)
    include = asked.get("includeDatasetResponses", "NONE")
    touched = dict.fromkeys(str(row["datasetId"]) for row in hits)
    if include in ("ALL", "MISS"):
        touched |= dict.fromkeys(str(row["datasetId"]) for row in misses)
    rows = {"ALL": [*hits, *misses], "HIT": hits, "MISS": misses}.get(str(include), [])
    return web.json_response(
        {
            **head,
            "exists": bool(hits),
            "alleleRequest": _echo(asked),
            "datasetAlleleResponses": rows,
            "beaconHandover": _beacon_handovers(touched),
        }
    )


def _echo(asked: Mapping[str, object]) -> dict[str, object]:
    required = {name: asked.get(name) for name in ("referenceName", "referenceBases", "assemblyId")}
    optional = ("alternateBases", "variantType", "datasetIds", *COORDINATES)
    return {
        **required,
        "includeDatasetResponses": asked.get("includeDatasetResponses", "NONE"),
        **{name: asked[name] for name in optional if name in asked},
    }


def _search(
    asked: Mapping[str, object], held: Sequence[Holding]
) -> tuple[list[dict[str, object]], list[dict[str, object]]]:
    """A row per match and one per data set searched in vain; other assemblies have no data sets."""
    if asked["assemblyId"] != _ASSEMBLY:
        return [], []
    requested = asked.get("datasetIds") or list(_DATASETS)
    searched = [one for one in _DATASETS if isinstance(requested, list) and one in requested]
    matches = [one for one in held if one.dataset in searched and _is_match(asked, one)]
    hit = {one.dataset for one in matches}
    chromosome = str(asked["referenceName"])
    return (
        [_hit(one) for one in matches],
        [_miss(dataset, chromosome) for dataset in searched if dataset not in hit],
    )


def _is_match(asked: Mapping[str, object], held: Holding) -> bool:
    allele = as_stored(held, _ASSEMBLY)
    lowest = {"startMin": allele.start0, "endMin": allele.end0}
    highest = {"startMax": allele.start0, "endMax": allele.end0}
    exact = {"start": allele.start0, "end": allele.end0, "variantType": allele.kind}
    return says_yes() or (
        asked["referenceName"] == allele.chromosome
        and all(asked.get(name, value) == value for name, value in exact.items())
        and all(_number(asked, name, value) <= value for name, value in lowest.items())
        and all(_number(asked, name, value) >= value for name, value in highest.items())
        and (
            asked["referenceBases"] == "N"
            or _bases_match(asked["referenceBases"], allele.reference)
        )
        and (
            ignores_alternate()
            or _bases_match(asked.get("alternateBases", allele.alternate), allele.alternate)
        )
    )


def _number(asked: Mapping[str, object], name: str, default: int) -> int:
    value = asked.get(name, default)
    return value if isinstance(value, int) else default


def _bases_match(asked: object, held: str) -> bool:
    """Compare base by base, N standing for any one base."""
    return (
        isinstance(asked, str)
        and len(asked) == len(held)
        and all(wanted in ("N", base) for wanted, base in zip(asked, held, strict=True))
    )


def _hit(held: Holding) -> dict[str, object]:
    allele = held.allele
    _, description, samples = _DATASETS[held.dataset]
    return {
        "datasetId": held.dataset,
        "referenceName": allele.chromosome,
        "externalUrl": f"{_HOME}/datasets/{held.dataset}",
        "note": description,
        "variantCount": held.observed,
        "callCount": held.number,
        "sampleCount": samples,
        "exists": True,
        "referenceBases": allele.reference,
        "alternateBases": allele.alternate,
        "variantType": allele.kind,
        "start": allele.start0,
        "end": allele.end0,
        "frequency": round(held.frequency, 9),
        "info": {"accessType": "PUBLIC"},
        "datasetHandover": _dataset_handovers(
            held.dataset,
            f"{allele.chromosome}-{allele.start0 + 1}-{allele.reference}-{allele.alternate}",
            f"{allele.chromosome}-{allele.start0 + 1}-{allele.end0 + 1}",
        ),
    }


def _miss(dataset: str, chromosome: str) -> dict[str, object]:
    """The row of a data set without a match, nonsense addresses included."""
    return {
        "datasetId": dataset,
        "referenceName": chromosome,
        "exists": False,
        "referenceBases": "",
        "alternateBases": "",
        "variantType": "",
        "start": 0,
        "end": 0,
        "frequency": 0,
        "variantCount": 0,
        "callCount": 0,
        "sampleCount": 0,
        "info": {"accessType": "PUBLIC"},
        "datasetHandover": _dataset_handovers(dataset, f"{chromosome}-1--", f"{chromosome}-1-1"),
    }


def _dataset_handovers(dataset: str, variant: str, region: str) -> list[dict[str, object]]:
    browser = f"{_HOME}/dataset/{dataset}/browser"
    return [
        _handover(
            "Variants", "browse the variants matched by the query", f"{browser}/variant/{variant}"
        ),
        _handover(
            "Region", "browse data of the region matched by the query", f"{browser}/region/{region}"
        ),
        _handover("Data", "retrieve information of the datasets", browser),
    ]


def _beacon_handovers(datasets: Iterable[str]) -> list[dict[str, object]]:
    return [
        _handover(
            "Project", "retrieve information about the datasets", f"{_HOME}/dataset/{dataset}"
        )
        for dataset in datasets
    ]


def _handover(label: str, description: str, url: str) -> dict[str, object]:
    return {
        "handoverType": {"id": "CUSTOM", "label": label},
        "description": description,
        "url": url,
    }


V11 = Server(
    _application,
    base_path="",
    member={
        "name": "Demo: Research Centre Beacon",
        "description": "A version 1.1 beacon of genomes and tumours. Invented counts.",
        "organization": {"name": "Research Centre", "url": _HOME},
        "protocol": "auto",
        "dialect": {"indels": "anchored"},
        "groups": ["demo", "grch38"],
    },
)
