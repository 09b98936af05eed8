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
from .catalogue import holdings

_ID = "demo-legacy"
_PARAMETERS = ("ref", "chrom", "pos", "allele", "referenceAllele")

_ALLELES: web.AppKey[frozenset[tuple[str, int, str, str]]] = web.AppKey("alleles", frozenset)
"""(chromosome with `chr`, 1-based position, REF, ALT), indels as VCF anchors them."""


def _application() -> web.Application:
    app = web.Application()
    app[_ALLELES] = frozenset(
        (
            f"chr{held.allele.chromosome}",
            held.allele.start0 + 1,
            held.allele.reference,
            held.allele.alternate,
        )
        for held in holdings(_ID, "GRCh37")
    )
    app.router.add_get("/beacon/query", _query)
    return app


async def _query(request: web.Request) -> web.Response:
    problem = _problem(request.query)
    if problem is not None:
        name, description = problem
        return _answer(None, {"name": name, "description": description})
    asked = request.query
    allele = (asked["chrom"], int(asked["pos"]), asked["referenceAllele"], asked["allele"])
    return _answer(allele in request.app[_ALLELES], None)


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
