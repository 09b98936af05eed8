"""`demo-counts`: version 2 with counts only, as bento's servers speak it.

Its habits: only nested parameters and lists of coordinates, filters in a POST alone, never more
than a count whatever is asked, `resultSets` an object keyed by data set with no `results`, a count
at or below the threshold told as zero with a message. Variants are counted by how often they were
observed, and individuals and biosamples among those described one by one. Alleles are stored fully
trimmed, so a deletion is asked with empty alternate bases, which never mean "any". Requests are
read in `counts_request`, the other documents are in `counts_documents`.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial

from aiohttp import web
from aiohttp.typedefs import Handler

from . import counts_documents as documents
from .beacon import Server
from .catalogue import Allele, Holding, holdings
from .counts_request import NOT_IMPLEMENTED, Asked, RefusedError, numbers, read
from .mistakes import as_stored, ignores_alternate, says_yes
from .population import Person, people

_ASSEMBLY = "GRCh38"
_BASE = "/api"
_THRESHOLD = 2

_CENSORSHIP_MESSAGES = (
    "No results, or too few of them to be told apart from none",
    f"censorship threshold: {_THRESHOLD}",
)

_HELD: web.AppKey[tuple[tuple[Holding, Allele], ...]] = web.AppKey("held", tuple)
"""With the allele as stored: trimmed."""

_INFORMATIONAL: Mapping[str, Callable[[str], dict[str, object]]] = {
    "": documents.info,
    "/": documents.info,
    "/info": documents.info,
    "/configuration": lambda _: documents.configuration(),
    "/map": documents.beacon_map,
    "/entry_types": lambda _: {"entryTypes": documents.entry_types()},
    "/filtering_terms": lambda _: documents.filtering_terms(),
}


def _application() -> web.Application:
    app = web.Application(middlewares=[_error_documents])
    app[_HELD] = tuple((one, one.allele.trimmed()) for one in holdings("demo-counts", _ASSEMBLY))
    for path, document in _INFORMATIONAL.items():
        app.router.add_get(_BASE + path, _informational(document))
    app.router.add_get(f"{_BASE}/service-info", _service_info)
    for path, handler in (
        ("/datasets", _datasets),
        ("/datasets/{id}", _dataset),
        ("/g_variants", _variants),
        ("/individuals", partial(_persons, "individual")),
        ("/biosamples", partial(_persons, "biosample")),
    ):
        app.router.add_get(_BASE + path, handler)
        app.router.add_post(_BASE + path, handler)
    return app


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


def _informational(document: Callable[[str], dict[str, object]]) -> Handler:
    async def answer(request: web.Request) -> web.Response:
        root = f"{request.url.origin()}{_BASE}"
        return web.json_response(documents.informational(document(root)))

    return answer


async def _service_info(_: web.Request) -> web.Response:
    return web.json_response(documents.service_info())


async def _datasets(request: web.Request) -> web.Response:
    asked = await read(request)
    found = _matching(request, asked)
    ids = [
        dataset
        for dataset in documents.DATASETS
        if not (asked.parameters or asked.filters)
        or _censored(sum(one.dataset == dataset for one in found))
    ]
    collections = [documents.collection(dataset) for dataset in ids]
    return web.json_response(documents.collections(asked, collections))


async def _dataset(request: web.Request) -> web.Response:
    dataset = request.match_info["id"]
    if dataset not in documents.DATASETS:
        raise web.HTTPNotFound
    # A single object where the specification has a list: a habit of this family.
    return web.json_response(
        documents.collections(await read(request), documents.collection(dataset))
    )


async def _variants(request: web.Request) -> web.Response:
    asked = await read(request)
    carried = Counter(
        (person.dataset, name)
        for person in (_matching(request, asked) if asked.filters else ())
        for name in person.carries
    )
    counts = dict.fromkeys(documents.DATASETS, 0)
    for held, allele in request.app[_HELD]:
        if _is_match(asked.parameters, held, allele):
            observed = carried[held.dataset, held.variant.name] if asked.filters else held.observed
            counts[held.dataset] += observed
    return web.json_response(_answer(asked, "dataset", counts))


async def _persons(counted: str, request: web.Request) -> web.Response:
    """Count individuals, or biosamples, of which everybody gave one."""
    asked = await read(request)
    found = _matching(request, asked)
    counts = {
        dataset: sum(person.dataset == dataset for person in found)
        for dataset in documents.DATASETS
    }
    return web.json_response(_answer(asked, counted, counts))


def _matching(request: web.Request, asked: Asked) -> list[Person]:
    """Those described whom all filters find, and who carry a variant asked for, if one is."""
    held = {
        (one.dataset, one.variant.name)
        for one, allele in request.app[_HELD]
        if _is_match(asked.parameters, one, allele)
    }
    return [
        person
        for person in people("demo-counts")
        if all(one.finds(person) for one in asked.filters)
        and (not asked.parameters or any((person.dataset, name) in held for name in person.carries))
    ]


def _censored(count: int) -> int:
    return count if count > _THRESHOLD else 0


def _answer(asked: Asked, set_type: str, true: Mapping[str, int]) -> dict[str, object]:
    counts = {dataset: _censored(count) for dataset, count in true.items()}
    # The total is that of the told counts: a sum of the true ones would tell the small ones.
    total = sum(counts.values())
    granularity = "boolean" if asked.granularity == "boolean" else "count"
    answer: dict[str, object] = {
        "meta": documents.meta(asked, granularity),
        "responseSummary": {"exists": total > 0},
    }
    if granularity == "count":
        answer["responseSummary"] = {"exists": total > 0, "numTotalResults": total}
        answer["response"] = {
            "resultSets": {
                dataset: {"exists": count > 0, "resultsCount": count, "setType": set_type}
                for dataset, count in counts.items()
            }
        }
    messages = (
        [] if asked.parameters or asked.filters else ["no query found, returning total count"]
    )
    if not total:  # said of every zero, or the message itself would tell a small count
        messages.extend(_CENSORSHIP_MESSAGES)
    if messages:
        answer["info"] = {
            "messages": [{"description": message, "level": "info"} for message in messages]
        }
    return answer


def _is_match(wanted: Mapping[str, object], held: Holding, allele: Allele) -> bool:
    allele = as_stored(replace(held, allele=allele), _ASSEMBLY).trimmed()
    exact = {
        "assemblyId": _ASSEMBLY,
        "referenceBases": allele.reference,
        "alternateBases": allele.alternate,
        "variantType": allele.kind,
        "geneId": held.variant.gene,
    }
    if ignores_alternate():
        del exact["alternateBases"]
    chromosome = str(wanted.get("referenceName", allele.chromosome)).removeprefix("chr")
    return says_yes() or (
        chromosome == allele.chromosome
        and all(wanted.get(name, value) == value for name, value in exact.items())
        and _is_in_place(numbers(wanted, "start"), numbers(wanted, "end"), allele)
    )


def _is_in_place(start: Sequence[int], end: Sequence[int], allele: Allele) -> bool:
    match start, end:
        case [], []:
            return True
        case [position], []:
            return position == allele.start0
        case [first], [last]:  # an insertion spans no reference base: its place counts
            return allele.start0 < last and max(allele.end0, allele.start0 + 1) > first
        case [first, second], [third, fourth]:
            return first <= allele.start0 < second and third <= allele.end0 < fourth
    return False


COUNTS = Server(
    _application,
    base_path=_BASE,
    member={
        "name": documents.NAME,
        "description": "A version 2 beacon of counts, small ones hidden. Invented counts.",
        "organization": {"name": "Cohort Platform", "url": documents.HOME},
        "protocol": "v2",
        "dialect": {
            "method": "POST",
            "parameters": "nested",
            "start": "list",
            "indels": "trimmed",
            "drop": list(NOT_IMPLEMENTED),
        },
        "assemblies": ["GRCh38"],
        "groups": ["demo", "grch38"],
    },
)
