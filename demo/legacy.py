"""`demo-legacy`: a beacon of version 0.3, before there was one specification to follow.

It takes 1-based positions, UCSC chromosome and assembly names and its own parameter names,
answers JSON labelled `text/html` with `exist` where others say `exists`, and reports every
problem with status 200. It knows no `/info`. hg19's `chrM` is not the sequence GRCh37 calls MT,
so it holds nothing mitochondrial and says so.
"""

import json
from collections.abc import Mapping

from aiohttp import web

from .beacon import Server
from .catalogue import Holding, holdings
from .mistakes import as_stored, ignores_alternate, says_yes

_ID = "demo-legacy"
_ASSEMBLY = "GRCh37"
_PARAMETERS = ("ref", "chrom", "pos", "allele", "referenceAllele")

_HELD: web.AppKey[tuple[Holding, ...]] = web.AppKey("held", tuple)


def _application() -> web.Application:
    app = web.Application()
    app[_HELD] = holdings(_ID, _ASSEMBLY)
    app.router.add_get("/beacon/query", _query)
    return app


async def _query(request: web.Request) -> web.Response:
    problem = _problem(request.query)
    if problem is not None:
        name, description = problem
        return _answer(None, {"name": name, "description": description})
    return _answer(any(_is_match(request.query, one) for one in request.app[_HELD]), None)


def _is_match(asked: Mapping[str, str], held: Holding) -> bool:
    """Compare as VCF writes alleles: from 1, indels with the base before them."""
    allele = as_stored(held, _ASSEMBLY)
    return says_yes() or (
        asked["chrom"] == f"chr{allele.chromosome}"
        and int(asked["pos"]) == allele.start0 + 1
        and asked["referenceAllele"] == allele.reference
        and (ignores_alternate() or asked["allele"] == allele.alternate)
    )


def _problem(asked: Mapping[str, str]) -> tuple[str, str] | None:
    missing = [name for name in _PARAMETERS if name not in asked]
    if missing:
        return "MissingParameter", f"Required parameter missing: {', '.join(missing)}"
    if not asked["pos"].isdecimal():
        return "InvalidParameter", "pos must be a number"
    if asked["ref"] != "hg19":
        return "UnsupportedReference", f"Data is available for hg19 only, not for {asked['ref']}"
    if asked["chrom"] in {"chrM", "chrMT"}:
        return "UnsupportedChromosome", f"No data is held for {asked['chrom']}"
    return None


def _answer(exist: bool | None, err: dict[str, str] | None) -> web.Response:
    document = {"beacon": _ID, "response": {"exist": exist, "err": err}}
    return web.Response(text=json.dumps(document), content_type="text/html")


LEGACY = Server(
    _application,
    base_path="",
    member={
        "name": "Demo: Old University Beacon",
        "description": "A beacon of version 0.3 with words of its own. Invented holdings.",
        "organization": {"name": "Old University", "url": "https://old-university.example.org"},
        "protocol": "v0",
        "dialect": {
            "method": "GET",
            "chromosome": "chr",
            "assembly": "ucsc",
            "coordinates": 1,
            "indels": "anchored",
            "paths": {"query": "beacon/query"},
            "rename": {
                "referenceName": "chrom",
                "start": "pos",
                "referenceBases": "referenceAllele",
                "alternateBases": "allele",
                "assemblyId": "ref",
            },
            "answer": {"exists": "response.exist"},
        },
        "assemblies": ["GRCh37"],
        "groups": ["demo", "grch37"],
    },
)
