"""A miniature of beacon-network.org: one row per beacon, yes, no or null.

Its habits, all from its specification, its client's recorded answers or its code: 0-based
positions; assemblies in either spelling, echoed as `HG19`; chromosomes echoed as `CHR17`; null
for a beacon that failed or holds another assembly; an aggregator's row is the OR of the beacons
behind it and starts at false, whatever those answered; errors as `{status, reason, message}`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aiohttp import web
from aiohttp.typedefs import Handler

from .beacon import Server
from .catalogue import Allele, holdings

_ASSEMBLIES: Mapping[str, str] = {
    "HG19": "HG19",
    "GRCH37": "HG19",
    "HG38": "HG38",
    "GRCH38": "HG38",
    "HG18": "HG18",
    "NCBI36": "HG18",
}
_CATALOGUE: Mapping[str, str] = {"HG19": "GRCh37", "HG38": "GRCh38"}
_CHROMOSOMES = frozenset({*map(str, range(1, 23)), "X", "Y", "MT"})
_TYPES: Mapping[str, str] = {"D": "DEL", "DEL": "DEL", "I": "INS", "INS": "INS"}

_ROWS: web.AppKey[tuple["Row", ...]] = web.AppKey("rows", tuple)


@dataclass(frozen=True, slots=True)
class Row:
    """One beacon of the network; what it holds is that of a demo beacon."""

    id: str
    holds: str
    """The demo beacon whose variants it holds."""
    reference: str = "HG19"
    fails: bool = False
    behind: tuple[str, ...] = ()
    """The beacons of an aggregator."""
    is_aggregator: bool = False
    is_hidden: bool = False
    """Answers behind an aggregator only, with no row of its own."""


ROWS: tuple[Row, ...] = (
    Row("hospital", "demo-v1"),
    Row("university", "demo-v11", "HG38"),
    Row("broken", "demo-v1", fails=True),
)


def beacon_network_org(rows: Sequence[Row] = ROWS) -> Server:
    """Give a network of these beacons."""

    def application() -> web.Application:
        app = web.Application(middlewares=[_errors])
        app[_ROWS] = tuple(rows)
        app.router.add_get("/api/beacons", _beacons)
        app.router.add_get("/api/responses", _responses)
        return app

    return Server(
        application,
        base_path="/api",
        member={"name": "Demo: network of rows", "protocol": "beacon-network"},
    )


@web.middleware
async def _errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except web.HTTPException as error:
        document = {
            "status": error.status,
            "reason": error.reason,
            "message": error.text,
            "stackTrace": None,
        }
        return web.json_response(document, status=error.status)


async def _beacons(request: web.Request) -> web.Response:
    return web.json_response([_beacon(row) for row in request.app[_ROWS] if not row.is_hidden])


async def _responses(request: web.Request) -> web.Response:
    asked = _question(request.query)
    rows = request.app[_ROWS]
    return web.json_response([_response(row, rows, asked) for row in rows if not row.is_hidden])


def _question(query: Mapping[str, str]) -> dict[str, str | int | None]:
    chromosome = query.get("chrom", "").upper().removeprefix("CHR")
    reference = _ASSEMBLIES.get(query.get("ref", "").upper())
    allele = query.get("allele", "").upper()
    is_known = allele in _TYPES or (bool(allele) and set(allele) <= set("ACGT"))
    if chromosome not in _CHROMOSOMES or reference is None or not is_known:
        raise web.HTTPBadRequest(text="Invalid chromosome, allele or reference")
    if not query.get("pos", "").isdigit():
        raise web.HTTPBadRequest(text="Invalid position")
    return {
        "chromosome": f"CHR{chromosome}",
        "position": int(query["pos"]),
        "referenceAllele": query.get("referenceAllele") or None,
        "allele": allele,
        "reference": reference,
    }


def _response(
    row: Row, rows: Sequence[Row], asked: Mapping[str, str | int | None]
) -> dict[str, object]:
    found = _found(row, rows, asked)
    return {
        "beacon": _beacon(row),
        "query": dict(asked),
        "response": found,
        "frequency": None,
        "externalUrl": f"https://{row.id}.example.org/" if found and not row.behind else None,
        "info": None if row.behind else {"beacon": row.id},
    }


def _beacon(row: Row) -> dict[str, object]:
    return {
        "id": row.id,
        "name": f"Demo {row.id}",
        "organization": "Demonstration",
        "description": None,
        "aggregator": bool(row.behind) or row.is_aggregator,
        "createdDate": "2015-04-01",
        "supportedReferences": [row.reference],
        "aggregatedBeacons": list(row.behind) or None,
    }


def _found(row: Row, rows: Sequence[Row], asked: Mapping[str, str | int | None]) -> bool | None:
    if row.behind:
        return any(_found(one, rows, asked) for one in rows if one.id in row.behind)
    if row.fails or asked["reference"] != row.reference:
        return None
    held = [one.allele for one in holdings(row.holds, _CATALOGUE[row.reference])]
    return any(_is_match(allele, asked) for allele in held)


def _is_match(held: Allele, asked: Mapping[str, str | int | None]) -> bool:
    wanted = str(asked["allele"])
    is_allele = held.kind == _TYPES[wanted] if wanted in _TYPES else held.alternate == wanted
    return (
        is_allele
        and asked["chromosome"] == f"CHR{held.chromosome}"
        and asked["position"] == held.start0
        and asked["referenceAllele"] in {None, held.reference}
    )
