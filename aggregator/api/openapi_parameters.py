"""The parameters of every operation of the OpenAPI document."""

from typing import Any, Final

from aggregator.api.auth import SERVICE_KEY
from aggregator.api.openapi_schemas import Document, number, text, words
from aggregator.model.query import Granularity, Include
from aggregator.protocol.filters import SIMILARITIES
from aggregator.protocol.requests_terms import ANYBODY, EVERYBODY
from aggregator.protocol.requests_v1 import NOT_IN_V1


def _parameter(name: str, schema: Document, what: str, example: Any = None) -> Document:
    written: Document = {"name": name, "in": "query", "description": what, "schema": schema}
    if example is not None:
        written["example"] = example
    return written


_INTEGER_LIST: Final = {"type": "array", "items": {"type": "integer", "minimum": 0}}
_TEXT_LIST: Final = {"type": "array", "items": {"type": "string"}}


def _one_value_list(name: str, schema: Document, what: str, example: Any = None) -> Document:
    return {**_parameter(name, schema, what, example), "style": "form", "explode": False}


VARIANT: Final = (
    _parameter("assemblyId", text(), "Needed with a bare chromosome name.", "GRCh38"),
    _parameter("referenceName", text(), "Chromosome or RefSeq accession.", "7"),
    _one_value_list("start", _INTEGER_LIST, "Counted from 0; two make a bracket.", [140753335]),
    _one_value_list("end", _INTEGER_LIST, "Counted from 0, exclusive; two make a bracket."),
    _parameter("referenceBases", text(), "May be empty for an insertion.", "A"),
    _parameter("alternateBases", text(), "May be empty for a deletion.", "T"),
    _parameter("variantType", text(), "DEL, DUP, INS, INV, CNV, SNP …"),
    _parameter("variantMinLength", number(), "In bases."),
    _parameter("variantMaxLength", number(), "In bases."),
    _parameter("geneId", text(), "HGNC symbol."),
    _parameter("aminoacidChange", text(), "With geneId, e.g. V600E."),
    _parameter("genomicAlleleShortForm", text(), "HGVS with a RefSeq accession."),
    _parameter("mateName", text(), "Chromosome of the mate of a breakend."),
)
"""The variant part of a question under its Beacon v2 names."""

OPTIONS: Final = (
    _parameter(
        "requestedGranularity",
        {**words(Granularity, ""), "default": Granularity.BOOLEAN.value},
        "How much to tell.",
    ),
    _parameter(
        "includeResultsetResponses",
        {**words(Include, ""), "default": Include.HIT.value},
        "Which data sets to list.",
    ),
    _one_value_list("datasetIds", _TEXT_LIST, "`dataset`, or `member:dataset` for one member's."),
    _one_value_list(
        "filters", _TEXT_LIST, "`HP:0001250`, `age:>P70Y`, `age:!P40Y`; all must hold."
    ),
    _parameter(
        "scope", text(), "The entry type all filters apply to; without it, what is asked for."
    ),
    _parameter(
        "includeDescendantTerms",
        {"type": "boolean", "default": True},
        "Whether terms below those of the filters match too.",
    ),
    _parameter(
        "similarity", {"type": "string", "enum": [*SIMILARITIES]}, "How alike terms may be."
    ),
    _parameter("requestedSchema", text(), "Echoed; records come as members send them."),
    _parameter("skip", number(), "Pages to leave out."),
    _parameter("limit", number(), "Records per data set and page; 0 for as many as possible."),
    _parameter("testMode", {"type": "boolean"}, "Passed on."),
)

CONTROLS: Final = (
    _parameter(
        "wait",
        {"oneOf": [{"type": "number", "exclusiveMinimum": 0}, {"const": "all"}]},
        "Seconds until the answer is complete, whatever members do.",
    ),
    _parameter(
        "partial",
        {"type": "string", "enum": ["allow", "deny"]},
        "Whether an incomplete answer is one; without it an incomplete yes is, an incomplete no is "
        "not.",
    ),
    _one_value_list("ask", _TEXT_LIST, "Ask these members only."),
    _parameter("group", text(), "Ask the members of this group only."),
    {
        "name": "Prefer",
        "in": "header",
        "description": "`wait=SECONDS`, as in the address, which wins.",
        "schema": {"type": "string"},
    },
)
"""The network's own parameters: in the address, also of a POST."""

TERMS_QUERY: Final = (
    _parameter("skip", number(), "Pages to leave out."),
    _parameter("limit", {**number(), "default": 10}, "Terms on a page; 0 for all."),
    _parameter(
        "members",
        {"type": "string", "enum": [ANYBODY, EVERYBODY], "default": ANYBODY},
        "`all`: only terms that every member that tells its terms has.",
    ),
)

IN_PATH: Final = {
    "id": "`member~id` for the record of one member; a bare id is asked for everywhere.",
}
"""What the variable parts of paths to records mean, by their names."""

MEMBERS_QUERY: Final = (
    _parameter("q", text(), "Words in name, organization, id or data sets."),
    _parameter(
        "state",
        {
            "type": "string",
            "enum": [
                *("answering", "declared", "unrecognised", "suspended", "down", "paused"),
                "disabled",
            ],
        },
        "Only members in this state.",
    ),
    _parameter("group", text(), "Only members of this group."),
    _parameter("assembly", text(), "Only members that say they hold it.", "GRCh38"),
    _parameter("type", text(), "Only members that offer this entry type.", "individual"),
    _parameter("environment", text(), "As the member writes it: prod, test, dev, staging."),
    _parameter("unsaid", text(), "Anything: list members that do not say as well."),
    _parameter(
        "sort",
        {"type": "string", "enum": ["listed", "name", "organization", "state", "datasets"]},
        "The order.",
    ),
)

V1_QUERY: Final = (
    *(each for each in VARIANT if each["name"] not in {"start", "end", *NOT_IN_V1}),
    *(
        _parameter(name, number(), "Counted from 0.")
        for name in ("start", "end", "startMin", "startMax", "endMin", "endMax")
    ),
    _one_value_list("datasetIds", _TEXT_LIST, "`member:dataset`."),
    _parameter("includeDatasetResponses", words(Include, ""), "Which data sets to list."),
)

TEXT_QUERY: Final = (
    _parameter("q", text(), "A variant, region or gene as people write it.", "7-140753336-A-T"),
    _parameter("assembly", {"type": "string", "default": "GRCh38"}, "Where the text names none."),
)

OWN_KEY: Final[Document] = {
    "name": SERVICE_KEY,
    "in": "header",
    "description": "The service key of the member; `Authorization: Bearer KEY` does as well.",
    "schema": text(),
}
"""What opens the paths of one member to its holder."""
