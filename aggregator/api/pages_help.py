"""The pages around the search: help, the notation of the search box, and files browsers fetch."""

from dataclasses import dataclass
from typing import Final

from aiohttp import web

from aggregator.api.context import api_of
from aggregator.api.http import base_url
from aggregator.api.pages import page
from aggregator.base.i18n import N_
from aggregator.base.resources import folder
from aggregator.protocol.requests import read_v2, variant_parameters
from aggregator.text.variant_text import Understood, understand

_KEPT: Final = {"Cache-Control": "public, max-age=3600"}


@dataclass(frozen=True, slots=True)
class Notation:
    """One way to write a question, with an example that works."""

    what: str
    example: str
    assembly: str = "GRCh38"
    note: str = ""


NOTATIONS: Final = (
    Notation(N_("Position and bases"), "7 : 140753336 A > T"),
    Notation(N_("As gnomAD writes it"), "7-140753336-A-T"),
    Notation(
        N_("With chr and thousands separators"),
        "chr17:43,045,704 G>A",
        note=N_("M is read as MT, 23 as X, 24 as Y."),
    ),
    Notation(
        N_("A line of a VCF file"),
        "7\t140753336\trs113488022\tA\tT",
        note=N_("Fields apart by tabs or spaces; the id is not used."),
    ),
    Notation(
        N_("With the assembly in the text"),
        "GRCh37 7-140453136-A-T",
        note=N_("The text wins over the choice beside the box; hg19 and hg38 are understood."),
    ),
    Notation(
        N_("A deletion or insertion as VCF writes it"),
        "7-117559590-ATCT-A",
        note=N_("Beacons are asked every spelling of the same change that they need."),
    ),
    Notation(
        N_("HGVS on a chromosome"),
        "NC_000017.11:g.43057063G>A",
        note=N_("The version of the accession says which assembly."),
    ),
    Notation(N_("HGVS on the mitochondrion"), "m.3243A>G"),
    Notation(
        N_("HGVS on a transcript"), "NM_007294.4:c.5266dup", note=N_("Beacons compare it as text.")
    ),
    Notation(
        N_("SPDI"),
        "NC_000017.11:43057062:G:A",
        note=N_("SPDI positions count from 0 by definition."),
    ),
    Notation(N_("A region"), "17:43044295-43125483", note=N_("Finds variants that overlap it.")),
    Notation(
        N_("A copy number change with uncertain ends"),
        "9:21000001-21975098--21967753-23000000:DEL",
        note=N_("First the window of the start, then the window of the end, then the type."),
    ),
    Notation(N_("A variant type at a position"), "1 : 104431390 C > INS"),
    Notation(N_("A gene"), "BRCA1"),
    Notation(
        N_("A gene and an amino acid change"),
        "BRAF V600E",
        note=N_("BRAF:p.Val600Glu is the same."),
    ),
)


async def help_page(request: web.Request) -> web.Response:
    """Say what the answers mean and how the page is used."""
    return page(request, "help.html", {"base": base_url(request)}, headers=_KEPT)


async def syntax_page(request: web.Request) -> web.Response:
    """List what the search box takes, each with what it is read as."""
    read = [(one, _read_as(one)) for one in NOTATIONS]
    return page(request, "syntax.html", {"notations": read}, headers=_KEPT)


async def opensearch(request: web.Request) -> web.Response:
    """Describe the search to browsers (OpenSearch 1.1)."""
    api = api_of(request)
    xml = api.pages.get_template("opensearch.xml").render(
        network=api.identity, base=base_url(request)
    )
    return web.Response(
        text=xml,
        content_type="application/opensearchdescription+xml",
        charset="utf-8",
        headers=_KEPT,
    )


async def robots(_: web.Request) -> web.Response:
    """Keep crawlers from asking questions."""
    text = "User-agent: *\nDisallow: /search\nDisallow: /api\nDisallow: /v1\nDisallow: /network\n"
    text += "Disallow: /join/check\nDisallow: /manage\n"
    text += "Disallow: /admin\n"
    return web.Response(text=text, headers=_KEPT)


async def favicon(_: web.Request) -> web.Response:
    """Give the icon where browsers look for it unasked."""
    body = (folder("web") / "static" / "favicon.svg").read_bytes()
    return web.Response(body=body, content_type="image/svg+xml", headers=_KEPT)


def _read_as(notation: Notation) -> list[tuple[str, str]]:
    """Give the parameters an example is read as; empty if it is not understood."""
    understood = understand(notation.example, notation.assembly)
    if not isinstance(understood, Understood):
        return []
    variant = read_v2(dict(understood.parameters)).query.variant
    if variant is None:
        return []
    return [
        (name, ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value))
        for name, value in variant_parameters(variant).items()
    ]
