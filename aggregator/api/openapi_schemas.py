"""The parts of the OpenAPI document that do not depend on routes: schemas.

What the specifications define is referred to by its address; what is ours is written out, with the
words of the model, so that no code, reason or verdict can be missing here.
"""

from enum import StrEnum
from typing import Any, Final

from aggregator.model.answer import LeafEnding, Match
from aggregator.model.merged import Verdict
from aggregator.model.outcome import Ending, NoAnswerCode, NotAskedCode, Source
from aggregator.model.query import Granularity
from aggregator.protocol.surface import ENTRY_TYPES, SCHEMAS
from registry.models import Protocol

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


def words(vocabulary: type[StrEnum], what: str, *without: StrEnum) -> Document:
    """Describe one of the words of a vocabulary."""
    choices = [word.value for word in vocabulary if word not in without]
    return {"type": "string", "enum": choices, "description": what}


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


def text(what: str = "") -> Document:
    """Describe a text."""
    return {"type": "string", **({"description": what} if what else {})}


def number(what: str = "", *, least: int = 0) -> Document:
    """Describe a whole number."""
    return {"type": "integer", "minimum": least, **({"description": what} if what else {})}


def _list(items: Document, what: str = "") -> Document:
    return {"type": "array", "items": items, **({"description": what} if what else {})}


def _maybe(kind: str, what: str = "") -> Document:
    return {"type": [kind, "null"], **({"description": what} if what else {})}


SUMMARY: Final = {
    "members": number(),
    "found": number(),
    "notFound": number(),
    "noAnswer": number(),
    "notAsked": number(),
}

OURS: Final[Document] = {
    "NetworkInfo": _object(
        "What the network knows of its answer, under `info.network` of answers and errors alike.",
        {
            "verdict": words(
                Verdict,
                "`found` if any member found it; `not_found` only if everybody who could have "
                "known said no; else `unknown`.",
            ),
            "complete": {
                "type": "boolean",
                "description": "Whether nobody who could have known is missing.",
            },
            "elapsedMs": number(),
            "summary": _object("Members by how they ended.", SUMMARY),
            "count": _or_null(ref("NetworkCount")),
            "members": _list(ref("MemberInfo"), "Every registered member, in registry order."),
            "warnings": _list(text()),
        },
    ),
    "NetworkCount": _object(
        "The sum of told counts of one unit.",
        {
            "value": number(),
            "unit": text("What was counted, e.g. `genomicVariant records`."),
            "membersCounted": number("How many members told one.", least=1),
            "exact": {"type": "boolean", "description": "Whether every answer is in the sum."},
            "note": text(),
        },
    ),
    "MemberInfo": _object(
        "How one member ended, and why.",
        {
            "id": text("The member's key in this network."),
            "beaconId": _maybe("string", "What the beacon calls itself; may be shared or wrong."),
            "name": text(),
            "protocol": words(Protocol, "What it speaks; `auto` while that is not known."),
            "apiVersion": _maybe("string"),
            "answer": words(
                Ending,
                "Only `found` and `not_found` are answers; silence is never a no.",
                Ending.ASKING,
            ),
            "match": _or_null(words(Match, "How what was found relates to what was asked.")),
            "matchedAs": _maybe("string", "The spelling that matched, if not the one typed."),
            "reason": _or_null(ref("Reason")),
            "count": _maybe("integer", "As told; null is not told."),
            "countUnit": _maybe("string"),
            "granularity": _or_null(words(Granularity, "What the answer really holds.")),
            "elapsedMs": number(),
            "attempts": number("Requests sent."),
            "source": words(Source, "Asked just now, kept from before, or kept for too long."),
            "ageS": number("Seconds since a kept answer was given."),
            "warnings": _list(text()),
            "datasets": _list(ref("DataSetInfo")),
            "beacons": _list(ref("LeafInfo"), "The beacons inside, where it is a network."),
            "untrusted": {
                "type": "boolean",
                "description": "True where it also reports an allele that cannot exist, so that "
                "its yes is not to be relied on; left out otherwise.",
            },
        },
        optional=("beacons", "untrusted"),
    ),
    "LeafInfo": _object(
        "How a beacon inside a member network ended, as that network tells it.",
        {
            "id": text("What the beacon calls itself, or what its network calls it."),
            "name": text(),
            "answer": words(LeafEnding, "As that network reports it; silence is never a no."),
            "reason": _or_null(
                _object(
                    "Why it is missing; the code only where the network tells one.",
                    {"code": _maybe("string"), "message": text()},
                )
            ),
        },
    ),
    "Reason": _object(
        "Why a member has no answer, or was not asked: a code for programs, words for people.",
        {
            "code": {
                "type": "string",
                "enum": [*(code.value for code in (*NotAskedCode, *NoAnswerCode))],
            },
            "message": text(),
        },
    ),
    "DataSetInfo": _object(
        "One data set of a member.",
        {
            "id": text(),
            "name": text(),
            "exists": _maybe("boolean", "null is not known."),
            "count": _maybe("integer"),
            "frequency": _maybe("number"),
            "duplicateOf": text("The `member:dataset` this one repeats; counted once."),
        },
        optional=("duplicateOf",),
    ),
    "Extended": {
        "type": "object",
        "description": "What this network adds to the official documents.",
        "properties": {
            "info": {"type": "object", "properties": {"network": ref("NetworkInfo")}},
        },
    },
    "ExtendedOffer": {
        "type": "object",
        "description": "What this network adds to the documents about itself.",
        "properties": {
            "info": {"type": "object", "properties": {"network": ref("NetworkOffer")}},
        },
    },
    "NetworkOffer": _object(
        "Who supports what.",
        {
            "entryTypes": {
                "type": "object",
                "description": "By entry type.",
                "properties": {one: ref("Offer") for one in ENTRY_TYPES},
            },
            "access": {
                "type": "object",
                "description": "What members declare of granularity and access, by their id.",
            },
        },
        optional=("access",),
    ),
    "Offer": _object(
        "Who offers an entry type.",
        {
            "members": _list(text(), "Members that offer it."),
            "notKnown": _list(text(), "Members whose documents do not say; they are asked."),
        },
    ),
    "ExtendedTerms": {
        "type": "object",
        "description": "What this network adds to lists of filtering terms.",
        "properties": {
            "response": {
                "type": "object",
                "properties": {
                    "filteringTerms": _list(
                        {
                            "type": "object",
                            "properties": {
                                "members": _list(text(), "Members that list this term.")
                            },
                            "required": ["members"],
                        }
                    )
                },
            },
            "info": {"type": "object", "properties": {"network": ref("NetworkTerms")}},
        },
    },
    "NetworkTerms": _object(
        "How many terms there are, and whose.",
        {
            "filteringTerms": _object(
                "The list as a whole.",
                {
                    "total": number("Terms on all pages."),
                    "skip": number("Pages left out."),
                    "limit": number("Terms on a page; 0: all."),
                    "members": _list(text(), "Members that tell which filters they take."),
                    "notKnown": _list(text(), "Members that do not tell; any may be asked."),
                },
            ),
            "warnings": _list(text()),
        },
    ),
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
        "properties": {"status": text()},
        "required": ["status"],
    },
    "Explanation": {
        "type": "object",
        "description": "What each member would be sent, or why it would not be asked.",
        "properties": {
            "query": {"type": "object", "description": "The question as understood."},
            "warnings": _list(text()),
            "members": _list(ref("ExplainedMember")),
        },
        "required": ["query", "warnings", "members"],
    },
    "ExplainedMember": {
        "type": "object",
        "properties": {
            "id": text(),
            "name": text(),
            "protocol": text(),
            "software": _maybe("string", "As guessed from its documents."),
            "dialect": {"type": "object", "description": "How it is asked where not as usual."},
            "dialectSource": {
                "type": "object",
                "description": "Who states each key of the dialect.",
                "additionalProperties": {"enum": ["software", "learned", "operator"]},
            },
            "probes": _list(text(), "What test questions to it showed."),
            "answer": {"type": "string", "enum": [Ending.ASKING.value, Ending.NOT_ASKED.value]},
            "reason": _or_null(ref("Reason")),
            "requests": _list(ref("ExplainedRequest")),
            "warnings": _list(text()),
        },
        "required": [
            *("id", "name", "protocol", "software", "dialect", "dialectSource", "probes"),
            *("answer", "reason", "requests"),
        ],
    },
    "ExplainedRequest": _object(
        "One request as it would be sent; secrets are named, never shown.",
        {
            "method": text(),
            "url": text(),
            "body": _maybe("string"),
            "match": words(Match, "What a yes to it proves."),
            "asks": _maybe("string", "The spelling it asks for."),
            "curl": text("A command to paste."),
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
