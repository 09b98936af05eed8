"""The request matrix: which server takes which form of question, as its code was seen to do.

A cell is what the server's own code says: `ok` (and the answer is right), `empty` (accepted, and
the answer is a wrong or empty no), `ignored` (accepted, and the answer is to a broader question),
`warned` (left out, and said so), a status, or None where the form does not exist for it.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.miniatures.base import Json, Miniature
from tests.miniatures.bento import Bento
from tests.miniatures.bycon import Bycon
from tests.miniatures.pi import PI
from tests.miniatures.ri import RI
from tests.miniatures.sbeacon import SBeacon

V2_SERVERS: Mapping[str, type[Miniature]] = {
    "ri": RI,
    "pi": PI,
    "sbeacon": SBeacon,
    "bento": Bento,
    "bycon": Bycon,
}
Cell = str | int | None

ALLELE = {
    "referenceName": "7",
    "assemblyId": "GRCh38",
    "referenceBases": "A",
    "alternateBases": "T",
}
POSITION = 140753335
WIDE = {"start": [117550000], "end": [117570000]}


@dataclass(frozen=True)
class Form:
    """One request, by GET with `query` or by POST with `body`."""

    query: Mapping[str, str] | None = None
    body: Json | None = None
    path: str = "/g_variants"


def place(server: str) -> Json:
    """The place of the allele in the one spelling this server takes in a body."""
    if server == "ri":
        return {"start": POSITION}
    if server == "sbeacon":
        return {"start": [POSITION], "end": [POSITION + 1]}
    return {"start": [POSITION]}


def posted(server: str, parameters: Json, meta: Json | None = None, **query: Any) -> Form:
    """Post variant parameters as this server takes them: nested to bento, flat to others."""
    nested = {"g_variant": parameters} if parameters and server == "bento" else parameters
    head: Json = {"apiVersion": "2.0", **(meta or {})}
    return Form(body={"meta": head, "query": {"requestParameters": nested, **query}})


def got(path: str = "/g_variants", **query: str) -> Form:
    return Form(query=query, path=path)


def allele_got(**more: str) -> Form:
    return got(**ALLELE, start=str(POSITION), **more)


def optional_got(server: str, **more: str) -> Form:
    """Ask by GET with one more parameter; of sBeacon, which takes no positions there, a type."""
    if server == "sbeacon":
        return got(referenceName="7", assemblyId="GRCh38", alternateBases="T", **more)
    return allele_got(**more)


def with_schema(server: str) -> Form:
    form = posted(server, {**ALLELE, **place(server)})
    assert form.body is not None
    return Form(body={"$schema": "https://example.org/request.json", **form.body})


def _nested(_: str) -> Form:
    return posted("bento", {**ALLELE, "start": [POSITION]})


def _filtered(server: str) -> Form:
    """Filter by a term nobody knows in the way the server takes filters."""
    return posted(server, {}, filters=[{"id": "HP:9999999"}])


def _range(server: str) -> Form:
    parameters: Json = {"referenceName": "7", "assemblyId": "GRCh38", **WIDE}
    if server == "ri":
        parameters |= {"start": WIDE["start"][0], "end": WIDE["end"][0]}
    return posted(server, parameters)


def _wide_bracket(server: str) -> Form:
    windows = {"start": [117500000, 117600000], "end": [117500000, 117600000]}
    return posted(server, {"referenceName": "7", "assemblyId": "GRCh38", **windows})


@dataclass(frozen=True)
class Row:
    """One row of the matrix."""

    form: Callable[[str], Form]
    cells: Mapping[str, Cell]


def row(form: Callable[[str], Form], *cells: Cell) -> Row:
    return Row(form, dict(zip(V2_SERVERS, cells, strict=True)))


MATRIX: Mapping[str, Row] = {
    #                                                   RI    PI    sBeacon  bento  bycon
    "POST nested": row(_nested, 400, 400, 400, "ok", "ok"),
    "POST flat": row(
        lambda server: posted("flat", {**ALLELE, **place(server)}), "ok", "ok", "ok", 400, "ok"
    ),
    "POST sequence with a list": row(
        lambda server: posted(server, {**ALLELE, "start": [POSITION]}), 400, "ok", 400, "ok", "ok"
    ),
    "POST sequence with a list below 10,000": row(
        lambda server: posted(
            server,
            {
                "referenceName": "MT",
                "assemblyId": "GRCh38",
                "referenceBases": "A",
                "alternateBases": "G",
                "start": [3242],
            },
        ),
        400, "ok", "empty", "ok", "ok",
    ),
    "GET start": row(lambda _: allele_got(), "ok", "ok", 400, "ok", "ok"),
    "GET bracket": row(
        lambda _: got(
            referenceName="7",
            assemblyId="GRCh38",
            start="140753000,140754000",
            end="140753000,140754000",
        ),
        400, "ok", 400, 500, "ok",
    ),
    "RefSeq accession": row(
        lambda server: posted(
            server, {**ALLELE, **place(server), "referenceName": "NC_000007.14"}
        ),
        400, 400, "empty", "empty", "ok",
    ),
    "chromosome with chr": row(
        lambda server: posted(server, {**ALLELE, **place(server), "referenceName": "chr7"}),
        400, "ok", "ok", "ok", "ok",
    ),
    "GET requestedGranularity": row(
        lambda server: optional_got(server, requestedGranularity="boolean"),
        400, "ok", "ok", "ok", "ok",
    ),
    "GET requestedGranularity aggregated": row(
        lambda server: got("/individuals", requestedGranularity="aggregated"),
        400, 400, 502, "ok", "ok",
    ),
    "GET testMode": row(
        lambda server: optional_got(server, testMode="false"), 400, "ok", 400, "ok", "ok"
    ),
    "GET testMode on": row(
        lambda server: optional_got(server, testMode="true"), 400, "empty", 400, "ok", "ok"
    ),
    "GET datasetIds": row(
        lambda server: optional_got(server, datasetIds="tumours"), 400, 400, 400, 400, "ok"
    ),
    "GET datasetIds of a project": row(
        lambda server: optional_got(server, datasetIds="tumours", projectId="p"),
        400, 400, 400, "ok", "warned",
    ),
    "GET filters only": row(
        lambda _: got("/individuals", filters="NCIT:C3224"), 400, "ok", "ok", 500, "ok"
    ),
    "GET alphanumeric filter": row(
        lambda _: got("/individuals", filters="age:>P70Y"), 400, 400, "empty", 500, "ok"
    ),
    "POST requestedSchemas": row(
        lambda server: posted(
            server,
            {**ALLELE, **place(server)},
            {"requestedSchemas": [{"entityType": "genomicVariant", "schema": "x"}]},
        ),
        500, "ok", 400, "ok", "ok",
    ),
    "$schema in the body": row(with_schema, "ok", 400, 400, "ok", "ok"),
    "geneId": row(
        lambda server: posted(server, {"geneId": "NOSUCHGENE"}),
        "empty", "empty", "ignored", "empty", "empty",
    ),
    "aminoacidChange alone": row(
        lambda server: posted(server, {"aminoacidChange": "V600E"}),
        "ok", 400, "ignored", "ok", "ok",
    ),
    "genomicAlleleShortForm": row(
        lambda server: posted(server, {"genomicAlleleShortForm": "NC_000007.14:g.140753336A>T"}),
        "ok", "ok", 400, "ok", "ok",
    ),
    "range above 10 kb": row(_range, "ok", "ok", 400, "ok", "ok"),
    "bracket windows above 10 kb": row(_wide_bracket, "ok", "ok", 400, "ok", "ok"),
    "unknown parameter": row(
        lambda server: posted(server, {**ALLELE, **place(server), "colour": "blue"}),
        400, 400, 400, "ok", "warned",
    ),
    "unknown filter": row(_filtered, "empty", 400, "empty", 400, "warned"),
}  # fmt: skip


def is_own_refusal(server: str, status: int, content_type: str, text: str) -> bool:
    """Whether an error looks as this server's errors do."""
    if server == "ri":
        return status == 500 and content_type == "text/plain"
    document = json.loads(text)
    if server == "sbeacon":
        return "meta" not in document and bool(
            {"msg", "request_parameters", "message"} & document.keys()
        )
    granularity = document["meta"]["returnedGranularity"]
    return document["error"]["errorCode"] == status and (granularity is None) == (server == "bento")
