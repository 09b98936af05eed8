"""The parts of the OpenAPI document that do not depend on routes: schemas and parameters.

What the specifications define is referred to by its address; what is ours is written out, with the
words of the model, so that no code, reason or verdict can be missing here.
"""

from enum import StrEnum
from typing import Any, Final

from aggregator.model.answer import Match
from aggregator.model.merged import Verdict
from aggregator.model.outcome import Ending, NoAnswerCode, NotAskedCode, Source
from aggregator.model.query import Granularity, Include
from aggregator.protocol.surface import SCHEMAS

Document = dict[str, Any]

V2_RESPONSES: Final = f"{SCHEMAS}/framework/json/responses"
V2_REQUEST: Final = f"{SCHEMAS}/framework/json/requests/beaconRequestBody.json"
V1_SCHEMAS: Final = (
    "https://raw.githubusercontent.com/ga4gh-beacon/specification/develop/beacon.yaml"
    "#/components/schemas"
)
"""Beacon 1.1.0 lives on this branch; it was never tagged."""


def ref(name: str) -> Document:
    """Refer to one of our schemas."""
    return {"$ref": f"#/components/schemas/{name}"}


def v2(name: str) -> Document:
    """Refer to an official response of Beacon v2."""
    return {"$ref": f"{V2_RESPONSES}/{name}.json"}


def v1(name: str) -> Document:
    """Refer to an official schema of Beacon v1.1."""
    return {"$ref": f"{V1_SCHEMAS}/{name}"}


def _words(vocabulary: type[StrEnum], what: str, *without: StrEnum) -> Document:
    words = [word.value for word in vocabulary if word not in without]
    return {"type": "string", "enum": words, "description": what}


def _object(what: str, properties: Document, optional: tuple[str, ...] = ()) -> Document:
    return {
        "type": "object",
        "description": what,
        "properties": properties,
        "required": [name for name in properties if name not in optional],
        "additionalProperties": False,
    }


def _or_null(schema: Document) -> Document:
    return {"oneOf": [schema, {"type": "null"}]}


def _text(what: str = "") -> Document:
    return {"type": "string", **({"description": what} if what else {})}


def _number(what: str = "", *, least: int = 0) -> Document:
    return {"type": "integer", "minimum": least, **({"description": what} if what else {})}


def _list(items: Document, what: str = "") -> Document:
    return {"type": "array", "items": items, **({"description": what} if what else {})}


def _maybe(kind: str, what: str = "") -> Document:
    return {"type": [kind, "null"], **({"description": what} if what else {})}


SUMMARY: Final = {
    "members": _number(),
    "found": _number(),
    "notFound": _number(),
    "noAnswer": _number(),
    "notAsked": _number(),
}

OURS: Final[Document] = {
    "NetworkInfo": _object(
        "What the network knows of its answer, under `info.network` of answers and errors alike.",
        {
            "verdict": _words(
                Verdict,
                "`found` if any member found it; `not_found` only if everybody who could have "
                "known said no; else `unknown`.",
            ),
            "complete": {
                "type": "boolean",
                "description": "Whether nobody who could have known is missing.",
            },
            "elapsedMs": _number(),
            "summary": _object("Members by how they ended.", SUMMARY),
            "count": _or_null(ref("NetworkCount")),
            "members": _list(ref("MemberInfo"), "Every registered member, in registry order."),
            "warnings": _list(_text()),
        },
    ),
    "NetworkCount": _object(
        "The sum of told counts of one unit.",
        {
            "value": _number(),
            "unit": _text("What was counted, e.g. `genomicVariant records`."),
            "membersCounted": _number("How many members told one.", least=1),
            "exact": {"type": "boolean", "description": "Whether every answer is in the sum."},
            "note": _text(),
        },
    ),
    "MemberInfo": _object(
        "How one member ended, and why.",
        {
            "id": _text("The member's key in this network."),
            "beaconId": _maybe("string", "What the beacon calls itself; may be shared or wrong."),
            "name": _text(),
            "protocol": {"type": "string", "enum": ["auto", "v0", "v1", "v2"]},
            "apiVersion": _maybe("string"),
            "answer": _words(
                Ending,
                "Only `found` and `not_found` are answers; silence is never a no.",
                Ending.ASKING,
            ),
            "match": _or_null(_words(Match, "How what was found relates to what was asked.")),
            "matchedAs": _maybe("string", "The spelling that matched, if not the one typed."),
            "reason": _or_null(ref("Reason")),
            "count": _maybe("integer", "As told; null is not told."),
            "countUnit": _maybe("string"),
            "granularity": _or_null(_words(Granularity, "What the answer really holds.")),
            "elapsedMs": _number(),
            "attempts": _number("Requests sent."),
            "source": _words(Source, "Asked just now, kept from before, or kept for too long."),
            "ageS": _number("Seconds since a kept answer was given."),
            "warnings": _list(_text()),
            "datasets": _list(ref("DataSetInfo")),
        },
    ),
    "Reason": _object(
        "Why a member has no answer, or was not asked: a code for programs, words for people.",
        {
            "code": {
                "type": "string",
                "enum": [*(code.value for code in (*NotAskedCode, *NoAnswerCode))],
            },
            "message": _text(),
        },
    ),
    "DataSetInfo": _object(
        "One data set of a member.",
        {
            "id": _text(),
            "name": _text(),
            "exists": _maybe("boolean", "null is not known."),
            "count": _maybe("integer"),
            "frequency": _maybe("number"),
        },
    ),
    "Extended": {
        "type": "object",
        "description": "What this network adds to the official documents.",
        "properties": {
            "info": {"type": "object", "properties": {"network": ref("NetworkInfo")}},
        },
    },
    "EventStream": {
        "type": "string",
        "description": (
            "Server-sent events. `member`: one MemberInfo as JSON, those not asked first, then as "
            "they arrive. `answer`: the complete document, or the error document. `done`: `{}`. "
            "Comments keep the stream open."
        ),
    },
    "Status": {
        "type": "object",
        "properties": {"status": _text()},
        "required": ["status"],
    },
    "Explanation": {
        "type": "object",
        "description": "What each member would be sent, or why it would not be asked.",
        "properties": {
            "query": {"type": "object", "description": "The question as understood."},
            "warnings": _list(_text()),
            "members": _list(ref("ExplainedMember")),
        },
        "required": ["query", "warnings", "members"],
    },
    "ExplainedMember": {
        "type": "object",
        "properties": {
            "id": _text(),
            "name": _text(),
            "protocol": _text(),
            "dialect": {"type": "object"},
            "answer": {"type": "string", "enum": [Ending.ASKING.value, Ending.NOT_ASKED.value]},
            "reason": _or_null(ref("Reason")),
            "requests": _list(ref("ExplainedRequest")),
            "warnings": _list(_text()),
        },
        "required": ["id", "name", "protocol", "dialect", "answer", "reason", "requests"],
    },
    "ExplainedRequest": _object(
        "One request as it would be sent; secrets are named, never shown.",
        {
            "method": _text(),
            "url": _text(),
            "body": _maybe("string"),
            "match": _words(Match, "What a yes to it proves."),
            "asks": _maybe("string", "The spelling it asks for."),
            "curl": _text("A command to paste."),
        },
    ),
    "ParsedText": {
        "type": "object",
        "description": (
            "What a text of the search box means: the Beacon parameters it stands for, or what is "
            "wrong with it and the way out."
        ),
    },
}


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
    _parameter("assemblyId", _text(), "Needed with a bare chromosome name.", "GRCh38"),
    _parameter("referenceName", _text(), "Chromosome or RefSeq accession.", "7"),
    _one_value_list("start", _INTEGER_LIST, "Counted from 0; two make a bracket.", [140753335]),
    _one_value_list("end", _INTEGER_LIST, "Counted from 0, exclusive; two make a bracket."),
    _parameter("referenceBases", _text(), "May be empty for an insertion.", "A"),
    _parameter("alternateBases", _text(), "May be empty for a deletion.", "T"),
    _parameter("variantType", _text(), "DEL, DUP, INS, INV, CNV, SNP …"),
    _parameter("variantMinLength", _number(), "In bases."),
    _parameter("variantMaxLength", _number(), "In bases."),
    _parameter("geneId", _text(), "HGNC symbol."),
    _parameter("aminoacidChange", _text(), "With geneId, e.g. V600E."),
    _parameter("genomicAlleleShortForm", _text(), "HGVS with a RefSeq accession."),
    _parameter("mateName", _text(), "Chromosome of the mate of a breakend."),
)
"""The variant part of a question under its Beacon v2 names."""

OPTIONS: Final = (
    _parameter(
        "requestedGranularity",
        {**_words(Granularity, ""), "default": Granularity.BOOLEAN.value},
        "How much to tell.",
    ),
    _parameter(
        "includeResultsetResponses",
        {**_words(Include, ""), "default": Include.HIT.value},
        "Which data sets to list.",
    ),
    _one_value_list("datasetIds", _TEXT_LIST, "`dataset`, or `member:dataset` for one member's."),
    _one_value_list("filters", _TEXT_LIST, "Filtering terms."),
    _parameter("skip", _number(), "Pages to leave out."),
    _parameter("limit", _number(), "Records per data set and page; 0 for as many as possible."),
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
    _parameter("group", _text(), "Ask the members of this group only."),
    {
        "name": "Prefer",
        "in": "header",
        "description": "`wait=SECONDS`, as in the address, which wins.",
        "schema": {"type": "string"},
    },
)
"""The network's own parameters: in the address, also of a POST."""

V1_QUERY: Final = (
    *(each for each in VARIANT if each["name"] not in {"start", "end"}),
    *(
        _parameter(name, _number(), "Counted from 0.")
        for name in ("start", "end", "startMin", "startMax", "endMin", "endMax")
    ),
    _one_value_list("datasetIds", _TEXT_LIST, "`member:dataset`."),
    _parameter("includeDatasetResponses", _words(Include, ""), "Which data sets to list."),
)

TEXT_QUERY: Final = (
    _parameter("q", _text(), "A variant, region or gene as people write it.", "7-140753336-A-T"),
    _parameter("assembly", {"type": "string", "default": "GRCh38"}, "Where the text names none."),
)
