"""Guesses the server software of a member from its documents, and how that wants to be asked.

A guess fills only what neither probing nor the operator tells. It is made on marks that nobody
sets by accident: habits of the code, not names an installation chooses, wherever there are any.
"""

import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, Final

from aggregator.protocol.member_document import response_of, text
from registry.capabilities import Document
from registry.models import Dialect

Documents = Mapping[Document, Mapping[str, Any]]
"""What a member sent, by document; `/` of version 1 stands under info."""


class Software(StrEnum):
    """Server software that is recognised."""

    OURS = "beacon-aggregator"
    ELIXIR_NETWORK = "ELIXIR beacon-network"
    EGA_PI = "EGA beacon2-pi-api"
    EGA_RI = "EGA beacon2-ri-api"
    SBEACON = "sBeacon"
    BENTO = "bento_beacon"
    BYCON = "bycon"
    BEACON_PYTHON = "beacon-python"
    CGBEACON2 = "cgbeacon2"


DIALECTS: Final[Mapping[Software, Dialect]] = {
    # refuses requestedGranularity and testMode in a GET; an unknown filter finds nothing
    Software.EGA_RI: Dialect(
        method="POST",
        parameters="flat",
        start="scalar",
        chromosome="bare",
        windows="inclusive",
        unknown_filters="empty",
    ),
    # mixes up concurrent requests; testMode searches only data sets made for tests
    Software.EGA_PI: Dialect(
        parameters="flat",
        windows="inclusive",
        concurrent=False,
        drop=("testMode",),
        unknown_filters="refused",
    ),
    # takes no variant by GET, ignores genes, pages by records; takes a start without an end for
    # a window down to 0, which is refused or finds nothing; tells nothing of unknown filters
    Software.SBEACON: Dialect(
        method="POST",
        parameters="flat",
        start="list",
        paging="records",
        exact="start_end",
        unknown_filters="empty",
        drop=("geneId", "genomicAlleleShortForm", "testMode", "datasets"),
    ),
    # reads only the body the schema has, knows no pages
    Software.BENTO: Dialect(
        method="POST",
        parameters="nested",
        start="list",
        paging="none",
        unknown_filters="refused",
    ),
}
"""What each software is known to need; the others take the default form."""


def guess_software(documents: Documents) -> Software | None:
    """Name the software behind these documents; None where no mark tells."""
    return next((name for name, shows in _MARKS if shows(documents)), None)


def dialect_of(software: str | None) -> Dialect:
    """Give the dialect a software is known to need; an empty one for what is not known."""
    return DIALECTS.get(Software(software), Dialect()) if software in _NAMES else Dialect()


_NAMES: Final = frozenset(name.value for name in Software)
_PI_SCHEMA: Final = re.compile(
    r"(info|map|configuration|entry_types|filtering_terms|service-info)-v\d"
)
_RFC_1123: Final = re.compile(r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{2} \w{3} \d{4} ")


def _ours(documents: Documents) -> bool:
    told = (documents.get(name, {}) for name in (Document.ENTRY_TYPES, Document.CONFIGURATION))
    infos = [one["info"] for one in told if isinstance(one.get("info"), Mapping)]
    return any(isinstance(info.get("network"), Mapping) for info in infos)


def _elixir_network(documents: Documents) -> bool:
    info = documents.get(Document.INFO, {})
    more = response_of(info).get("info")
    has_errors = isinstance(more, Mapping) and "metadata_errors" in more
    return has_errors or (_meta(info).get("isAggregated") is True and "responses" in info)


def _ega_pi(documents: Documents) -> bool:
    """Its meta names only a schema, `info-v2.2.0`, without an entity type."""
    schemas = [schema for one in documents.values() for schema in _schemas(one)]
    return any(
        "entityType" not in schema and _PI_SCHEMA.match(text(schema.get("schema")) or "")
        for schema in schemas
    )


def _ega_ri(documents: Documents) -> bool:
    """Its map has a placeholder of its own, which the single variant is asked with."""
    sets = response_of(documents.get(Document.MAP, {})).get("endpointSets")
    variants = sets.get("genomicVariant") if isinstance(sets, Mapping) else None
    single = variants.get("singleEntryUrl") if isinstance(variants, Mapping) else None
    return isinstance(single, str) and single.endswith("/g_variants/{variantInternalId}")


def _bento(documents: Documents) -> bool:
    return isinstance(documents.get(Document.SERVICE_INFO, {}).get("bento"), Mapping)


def _bycon(documents: Documents) -> bool:
    info = documents.get(Document.INFO, {})
    versions = (response_of(info).get("apiVersion"), _meta(info).get("apiVersion"))
    has_version = any("beaconplus" in (text(one) or "").lower() for one in versions)
    return has_version or _names(info, "bycon", "org.progenetix")


def _sbeacon(documents: Documents) -> bool:
    return _names(documents.get(Document.INFO, {}), "sbeacon", "serverless beacon", "au.csiro")


def _beacon_python(documents: Documents) -> bool:
    return _names(documents.get(Document.INFO, {}), "beacon api web server based on the ga4gh")


def _cgbeacon2(documents: Documents) -> bool:
    """Version 1 with dates as HTTP writes them, and a page of its own for questions."""
    info = documents.get(Document.INFO, {})
    has_page = (text(info.get("welcomeUrl")) or "").rstrip("/").endswith("/query_form")
    return has_page and bool(_RFC_1123.match(text(info.get("updateDateTime")) or ""))


_MARKS: Final[tuple[tuple[Software, Callable[[Documents], bool]], ...]] = (
    (Software.OURS, _ours),
    (Software.ELIXIR_NETWORK, _elixir_network),
    (Software.BENTO, _bento),
    (Software.BYCON, _bycon),
    (Software.SBEACON, _sbeacon),
    (Software.EGA_PI, _ega_pi),
    (Software.EGA_RI, _ega_ri),
    (Software.BEACON_PYTHON, _beacon_python),
    (Software.CGBEACON2, _cgbeacon2),
)


def _meta(document: Mapping[str, Any]) -> Mapping[str, Any]:
    meta = document.get("meta")
    return meta if isinstance(meta, Mapping) else {}


def _schemas(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    schemas = _meta(document).get("returnedSchemas")
    listed = schemas if isinstance(schemas, list) else []
    return [one for one in listed if isinstance(one, Mapping)]


def _names(info: Mapping[str, Any], *words: str) -> bool:
    """Whether the id, the name or the description holds one of these words."""
    response = response_of(info)
    told = [text(response.get(key)) or "" for key in ("id", "name", "description")]
    told.append(text(_meta(info).get("beaconId")) or "")
    return any(word in said.lower() for word in words for said in told)
