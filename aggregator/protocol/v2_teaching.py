"""Learns from a refusal that names what it does not like: how to ask once more.

No two families of v2 servers take one form, and their refusals say which they want: pydantic's
"value is not a valid list" (sBeacon), JSON Schema's "is not of type 'object'" (bento's), "extra
inputs are not permitted". Only 400, 405, 415 and 422 teach; EGA's reference implementation turns
its refusals into an HTTP 500, which is no lesson. What the operator declared, or what is known
already, is never changed, and no lesson takes away what makes the question: the planner decides
what is left of it.
"""

import re
from collections.abc import Mapping
from typing import Any, Final, Literal
from urllib.parse import parse_qsl, urlsplit

import msgspec

from aggregator.protocol.wire import Reply, Request
from registry.models import Dialect
from registry.snapshot import RegisteredMember

MAX_WORDS: Final = 10_000
"""How much of a refusal is looked into, in bytes."""

OPTIONAL: Final = (
    "testMode",
    "includeResultsetResponses",
    "requestedGranularity",
    "limit",
    "skip",
    "pagination",
    "assemblyId",
    "referenceBases",
)
"""What may be left out: the planner refuses the question itself where it needs one of these."""

_NEEDED: Final = re.compile(
    r"\b(?:start|end|referenceName|alternateBases|variantType|geneId|aminoacidChange|"
    r"genomicAlleleShortForm|filters)\b"
)
_UNWANTED: Final = re.compile(
    r"unknown|unexpected|not allowed|not permitted|unrecogni[sz]ed|unsupported|not supported|"
    r"extra (?:field|input)|additional propert|no such|not a valid parameter|invalid parameter|"
    r"does not (?:take|accept|support)",
    re.I,
)
_WANTS_LIST: Final = re.compile(
    r"valid list|valid array|(?:be|is not|as|of type|expected|not) (?:an? )?['\"]?(?:list|array)",
    re.I,
)
_WANTS_NUMBER: Final = re.compile(
    r"valid integer|valid number|(?:be|is not|as|of type|expected) (?:an? )?['\"]?"
    r"(?:int|integer|number|scalar)\b",
    re.I,
)
_WANTS_OBJECT: Final = re.compile(
    r"of type ['\"]?object|valid (?:dict|dictionary|mapping)|g_variant"
)
_WANTS_POST: Final = re.compile(
    r"\bPOST\b|request body|json body|'requestParameters' is a required"
)
_WANTS_GET: Final = re.compile(r"\bGET\b|query string")
_UCSC_NAME: Final = re.compile(r"\bhg(?:19|38)\b")
_CHROMOSOME: Final = re.compile(r"referenceName|chromosome|contig", re.I)
_PREFIXED: Final = re.compile(r"\bchr(?:[0-9XYM]|['\"]|\b(?!omosome))")
_ACCESSION: Final = re.compile(r"refseq|\bNC_0", re.I)


def lesson(reply: Reply, request: Request, member: RegisteredMember) -> Dialect | None:
    """Give the one change of form a refusal asks for; None where it asks for none."""
    if reply.status == 405:
        return _other_method(request, member)
    if reply.status not in {400, 415, 422}:
        return None
    words = reply.body[:MAX_WORDS].decode("utf-8", "replace")
    sent = _sent(request)
    # a guess from the member's software is no knowledge: its refusal corrects it
    known = member.learned.merged(member.entry.dialect)
    rules = (
        _unwanted(words, sent, member),
        _start(words, request, known),
        _nesting(words, request, known),
        _method(words, reply.status, request, known),
        _spelling(words, sent, known),
    )
    return next((learned for learned in rules if learned is not None), None)


def _other_method(request: Request, member: RegisteredMember) -> Dialect | None:
    if member.entry.dialect.method is not None:
        return None
    return Dialect(method=_turned(request))


def _turned(request: Request) -> Literal["GET", "POST"]:
    return "GET" if request.method == "POST" else "POST"


def _unwanted(words: str, sent: Mapping[str, Any], member: RegisteredMember) -> Dialect | None:
    """Leave out optional parameters a refusal names as unknown.

    A refusal that names parameters of the question too repeats all of it, and names none.
    """
    if member.entry.dialect.drop or not _UNWANTED.search(words) or _NEEDED.search(words):
        return None
    known = member.dialect
    named = tuple(
        name
        for name in OPTIONAL
        if name not in known.drop
        and (theirs := known.rename.get(name, name)) in sent
        and re.search(rf"\b{re.escape(theirs)}\b", words)
    )
    return Dialect(drop=(*known.drop, *named)) if named else None


def _start(words: str, request: Request, known: Dialect) -> Dialect | None:
    """Change one position from a number to a list or back; an address has no lists."""
    if known.start is not None or not re.search(r"\b(?:start|end)\b", words):
        return None
    if b'"start":[' in (request.body or b""):
        return Dialect(start="scalar") if _WANTS_NUMBER.search(words) else None
    if not _WANTS_LIST.search(words):
        return None
    if request.method == "POST":
        return Dialect(start="list")
    return Dialect(method="POST", start="list") if known.method is None else None


def _nesting(words: str, request: Request, known: Dialect) -> Dialect | None:
    """Nest the variant part, or put it flat where the nested one is what was refused."""
    if known.parameters is not None:
        return None
    if b'"g_variant":' in (request.body or b""):
        is_refused = "g_variant" in words and _UNWANTED.search(words)
        return Dialect(parameters="flat") if is_refused else None
    if not _WANTS_OBJECT.search(words):
        return None
    if request.method == "POST":
        # what nests also takes lists, as the schema has them
        start: Literal["list"] | None = "list" if known.start is None else None
        return Dialect(parameters="nested", start=start)
    return Dialect(method="POST", parameters="nested") if known.method is None else None


def _method(words: str, status: int, request: Request, known: Dialect) -> Dialect | None:
    if known.method is not None:
        return None
    wanted = _WANTS_GET if request.method == "POST" else _WANTS_POST
    return Dialect(method=_turned(request)) if status == 415 or wanted.search(words) else None


def _spelling(words: str, sent: Mapping[str, Any], known: Dialect) -> Dialect | None:
    """Change how chromosome or assembly are spelled, where the refusal shows the spelling."""
    if "referenceName" in sent and known.chromosome is None and _CHROMOSOME.search(words):
        if _PREFIXED.search(words):
            return Dialect(chromosome="chr")
        if _ACCESSION.search(words):
            return Dialect(chromosome="refseq")
    if "assemblyId" in sent and known.assembly is None and "ssembl" in words:
        return Dialect(assembly="ucsc") if _UCSC_NAME.search(words) else None
    return None


def _sent(request: Request) -> dict[str, Any]:
    """Give the names of all that was sent, at whatever level."""
    if request.body is None:
        return dict(parse_qsl(urlsplit(request.url).query, keep_blank_values=True))
    names: dict[str, Any] = {}
    levels = [msgspec.json.decode(request.body)]
    while levels:
        level = levels.pop()
        if isinstance(level, dict):
            names |= level
            levels += level.values()
    return names
