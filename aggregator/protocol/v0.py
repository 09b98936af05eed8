"""Speaks the legacy Beacon versions 0.1 to 0.3, by a dialect that is data.

Specification: https://github.com/ga4gh-beacon/specification, tag v0.3.0 (beaconmethods.avdl), and
commit 3e08a3b for 0.2. The versions agree on little and servers on less, so the dialect of each
member says where the question goes (`paths.query`, a path or a template with `{referenceName}`,
`{start}`, `{referenceBases}`, `{alternateBases}`, `{assemblyId}`), how parameters are called
(`rename`), what is left out (`drop`), and where the verdict is (`answer`).

Known deviations of real members, each with a test: coordinates from 0 (the IDL) or 1 (the
documentation), so `coordinates` is mandatory; no parameter for reference bases or assembly;
verdicts as `exist`, `response.exists` or plain text; `null` for "no" (`null_means: no`).
"""

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

from aggregator.model.answer import Answer, Exists
from aggregator.model.genome import to_position
from aggregator.model.outcome import NotAskedCode
from aggregator.model.query import Query, QuestionKind, VariantQuestion
from aggregator.protocol.bodies import invalid_body, text_bytes
from aggregator.protocol.failures import failure_of, no_verdict, rejected, stated_error
from aggregator.protocol.planning import (
    Bases,
    address,
    get,
    indel_warnings,
    place,
    post,
    refuse,
    sendable,
    sequence,
)
from aggregator.protocol.tolerant import exists_of
from aggregator.protocol.v1_reading import answer_document, answer_of
from aggregator.protocol.wire import Ask, Failure, NotAsked, Part, Reply, Request
from registry.snapshot import RegisteredMember

_PLACEHOLDER: Final = re.compile(
    r"\{(referenceName|start|referenceBases|alternateBases|assemblyId)\}"
)
_PATHS_TO_VERDICT: Final = ("exists", "response.exists", "exist", "response.exist")
"""Where the verdict is looked for when the dialect does not say."""
_YES: Final = re.compile(rb"[\s\"']*(?:yes|true)\b", re.I)
_NO: Final = re.compile(rb"[\s\"']*(?:no|false)[\"']?[.!]?[ \t]*(?:[\r\n]|\Z)", re.I)
_ABSENT: Final = object()


def plan(query: Query, member: RegisteredMember) -> Ask | NotAsked:
    """Put the question as the dialect says; only alleles with known bases can be asked."""
    if (refused := refuse(query, member) or _refuse(query, member)) is not None:
        return refused
    variant = query.variant
    assert variant is not None  # noqa: S101 - _refuse has seen to it
    where = place(query, variant, member)
    if isinstance(where, NotAsked):
        return where
    spellings = sequence(variant, member)
    if isinstance(spellings, NotAsked):
        return spellings
    parts = []
    for bases in spellings:
        parameters = {
            "assemblyId": where.assembly,
            "referenceName": where.chromosome,
            **_allele(bases, member),
        }
        request = _request(parameters, variant, member)
        if isinstance(request, NotAsked):
            return request
        parts.append(Part(request, bases.match, bases.spelled))
    return Ask(tuple(parts), where.warnings + indel_warnings(variant, member, len(parts)))


def read(reply: Reply, query: Query, member: RegisteredMember, part: Part) -> Answer | Failure:
    """Read the verdict where the dialect says it is."""
    if (failure := failure_of(reply)) is not None:
        return failure
    shape = member.dialect.answer
    if shape is not None and shape.text is not None:
        return _read_text(reply)
    document = answer_document(reply)
    if isinstance(document, Failure):
        return document
    told = _told(document, member)
    error = stated_error(document) or _error_within(document)
    if error is not None:
        return rejected(error)
    exists = exists_of(told)
    if told is None and member.dialect.null_means == "no":
        exists = Exists.NO
    return answer_of(document, exists, member)


def _refuse(query: Query, member: RegisteredMember) -> NotAsked | None:
    variant = query.variant
    if member.dialect.coordinates is None:
        return NotAsked(
            NotAskedCode.PARAMETER,
            "whether it counts positions from 0 or 1 is not known (dialect: coordinates)",
        )
    if query.filters:
        return NotAsked(NotAskedCode.FILTER, "Beacon v0 knows no filters")
    if query.dataset_ids:
        return NotAsked(NotAskedCode.DATASET, "cannot be asked for single data sets")
    if variant is None or variant.kind is not QuestionKind.SEQUENCE:
        kind = "lists of variants" if variant is None else f"{variant.kind} questions"
        return NotAsked(NotAskedCode.QUERY_KIND, f"Beacon v0 has no {kind}, only alleles")
    if variant.allele is None or variant.mate is not None:
        return NotAsked(
            NotAskedCode.PARAMETER,
            "Beacon v0 asks for one allele with reference and alternate bases (A, C, G, T)",
        )
    if variant.min_length is not None or variant.max_length is not None:
        return NotAsked(NotAskedCode.PARAMETER, "Beacon v0 cannot limit the length of variants")
    return None


def _allele(bases: Bases, member: RegisteredMember) -> dict[str, Any]:
    is_one_based = member.dialect.coordinates == 1
    return {
        "start": to_position(bases.start0) if is_one_based else bases.start0,
        "referenceBases": bases.reference,
        "alternateBases": bases.alternate,
    }


def _request(
    parameters: Mapping[str, Any], variant: VariantQuestion, member: RegisteredMember
) -> Request | NotAsked:
    url = address(member, ("query",), "query")
    placeholders = set(_PLACEHOLDER.findall(url))
    dialect = member.dialect

    def takes(name: str) -> bool:
        return name in placeholders if placeholders else name not in dialect.drop

    kept = sendable(parameters, variant, member, takes)
    if isinstance(kept, NotAsked):
        return kept
    if placeholders:
        return Request("GET", _PLACEHOLDER.sub(lambda m: quote(str(kept[m[1]]), safe=""), url))
    named = {dialect.rename.get(name, name): value for name, value in kept.items()}
    return post(url, named) if dialect.method == "POST" else get(url, named.items())


def _read_text(reply: Reply) -> Answer | Failure:
    """Read plain text that starts with yes, or whose first line is no and nothing else.

    "No such chromosome" is no answer, nor is "REF" (the base asked for is the reference).
    """
    body = text_bytes(reply)
    if isinstance(body, Failure):
        return body
    if body.lstrip()[:1] == b"<":
        return invalid_body("the answer is a web page, not a plain yes or no")
    if _YES.match(body):
        return Answer(exists=Exists.YES)
    if _NO.match(body):
        return Answer(exists=Exists.NO)
    return no_verdict("the answer is neither yes nor no")


def _told(document: Mapping[str, Any], member: RegisteredMember) -> Any:
    """Follow the dialect's path to the verdict; `_ABSENT` where it leads nowhere."""
    shape = member.dialect.answer
    if shape is not None and shape.exists is not None:
        return _follow(document, shape.exists)
    found = [
        value for path in _PATHS_TO_VERDICT if (value := _follow(document, path)) is not _ABSENT
    ]
    return next((value for value in found if value is not None), found[0] if found else _ABSENT)


def _follow(value: Any, path: str) -> Any:
    for key in path.split("."):
        if isinstance(value, list) and len(value) == 1:
            value = value[0]
        if not isinstance(value, Mapping) or key not in value:
            return _ABSENT
        value = value[key]
    return value


def _error_within(document: Mapping[str, Any]) -> str | None:
    """Give the error of v0.2, which stands inside the response beside `exists: null`."""
    response = document.get("response")
    return stated_error(response) if isinstance(response, Mapping) else None
