"""Speaks Beacon v1: versions 0.4 to 1.0.1 and the unreleased 1.1.0.

Specification: https://github.com/ga4gh-beacon/specification, tag v1.0.1 (beacon.yaml) and branch
develop (1.1.0). Coordinates are 0-based, half-open; windows (`startMin`, `startMax`) inclusive.

Known deviations of real members, each with a test: some answer only GET (405 to POST), refuse
unknown parameters, give a wrong "no" for `hg38` or `GRCh38.p13` where their data sets say GRCh38,
read only the first `datasetIds` of a GET, and list one row per matching variant instead of one
per data set. How answers deviate is listed in `v1_reading`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from aggregator.model.answer import Match
from aggregator.model.outcome import NotAskedCode
from aggregator.model.query import Query, QuestionKind, VariantQuestion
from aggregator.protocol import v1_reading
from aggregator.protocol.planning import (
    ANY_BASE,
    address,
    asked_data_sets,
    get,
    indel_warnings,
    place,
    post,
    refuse,
    refuse_wildcards,
    sendable,
    sequence,
)
from aggregator.protocol.tolerant import versions_of
from aggregator.protocol.variant_types import vcf_types
from aggregator.protocol.wire import Ask, NotAsked, Part, Request
from registry.snapshot import RegisteredMember

_EVERYTHING: Final = {"includeDatasetResponses": "ALL"}

read: Final = v1_reading.read


@dataclass(frozen=True, slots=True)
class _Wording:
    """One way to ask: the parameters about the allele, and what a hit proves."""

    parameters: Mapping[str, Any]
    match: Match = Match.EXACT
    spelled: str | None = None


RequestWriter = Callable[[Mapping[str, Any], tuple[str, ...], RegisteredMember], Request | NotAsked]
"""Writes the request from v1's parameters and the data sets to name."""


def plan(query: Query, member: RegisteredMember) -> Ask | NotAsked:
    """Put the question in v1's words; v1 knows sequence and bracket questions only."""
    return plan_with(query, member, _request)


def plan_with(query: Query, member: RegisteredMember, write: RequestWriter) -> Ask | NotAsked:
    """Put the question in v1's words for a server that takes them in another kind of request."""
    if (refused := refuse(query, member) or _refuse(query, member)) is not None:
        return refused
    variant = query.variant
    assert variant is not None  # noqa: S101 - _refuse has seen to it
    where = place(query, variant, member)
    if isinstance(where, NotAsked):
        return where
    wordings = _wordings(variant, member)
    if isinstance(wordings, NotAsked):
        return wordings
    parts = []
    for wording in wordings:
        parameters: dict[str, Any] = {
            "assemblyId": where.assembly,
            "referenceName": where.chromosome,
            **wording.parameters,
        }
        if variant.mate is not None:
            parameters["mateName"] = variant.mate
        kept = sendable(parameters, variant, member, lambda name: name not in member.dialect.drop)
        if isinstance(kept, NotAsked):
            return kept
        data_sets = asked_data_sets(query, member, where.named)
        if query.dataset_ids and not data_sets:
            return NotAsked(
                NotAskedCode.DATASET, f"none of the data sets asked for is in {where.named}"
            )
        request = write(kept, data_sets, member)
        if isinstance(request, NotAsked):
            return request
        parts.append(Part(request, wording.match, wording.spelled))
    warnings = where.warnings + indel_warnings(variant, member, len(parts))
    return Ask(tuple(parts), warnings, are_disjoint=variant.allele is None)


def inclusive_windows(start0: tuple[int, int], end0: tuple[int, int]) -> tuple[int, int, int, int]:
    """Turn v2's half-open windows into v1's startMin, startMax, endMin, endMax."""
    return start0[0], start0[1] - 1, end0[0], end0[1] - 1


def half_open_windows(
    start_min: int, start_max: int, end_min: int, end_max: int
) -> tuple[tuple[int, int], tuple[int, int]]:
    """Turn v1's inclusive windows into v2's start and end."""
    return (start_min, start_max + 1), (end_min, end_max + 1)


def _refuse(query: Query, member: RegisteredMember) -> NotAsked | None:
    variant = query.variant
    if query.dataset_ids and "datasetIds" in member.dialect.drop:
        return NotAsked(NotAskedCode.DATASET, "cannot be asked for single data sets")
    if query.filters:
        return NotAsked(NotAskedCode.FILTER, "Beacon v1 knows no filters")
    if variant is None:
        return NotAsked(NotAskedCode.QUERY_KIND, "Beacon v1 cannot list variants, only answer one")
    if variant.kind is QuestionKind.RANGE:
        return NotAsked(
            NotAskedCode.QUERY_KIND,
            "Beacon v1 has no questions about all that overlaps a region; its start and end mean "
            "one exact variant",
        )
    if variant.kind not in {QuestionKind.SEQUENCE, QuestionKind.BRACKET}:
        return NotAsked(NotAskedCode.QUERY_KIND, f"Beacon v1 has no {variant.kind} questions")
    if variant.min_length is not None or variant.max_length is not None:
        return NotAsked(NotAskedCode.PARAMETER, "Beacon v1 cannot limit the length of variants")
    if variant.mate is not None and versions_of(member.capabilities.api_version)[:2] < (1, 1):
        return NotAsked(NotAskedCode.PARAMETER, "mateName came with Beacon v1.1")
    return None


def _wordings(
    variant: VariantQuestion, member: RegisteredMember
) -> tuple[_Wording, ...] | NotAsked:
    if (wildcards := _refuse_wildcards(variant, member)) is not None:
        return wildcards
    if variant.kind is QuestionKind.BRACKET:
        return _bracket(variant)
    if variant.variant_type is not None and variant.alternate is None:
        return _typed(
            variant.variant_type,
            {"start": variant.start0[0], "referenceBases": variant.reference or ANY_BASE},
        )
    spellings = sequence(variant, member)
    if isinstance(spellings, NotAsked):
        return spellings
    wordings = tuple(
        _Wording(
            {
                "start": bases.start0,
                "referenceBases": ANY_BASE if bases.reference is None else bases.reference,
                "alternateBases": bases.alternate,
            },
            bases.match,
            bases.spelled,
        )
        for bases in spellings
        if bases.alternate and bases.reference != ""
    )
    return wordings or NotAsked(
        NotAskedCode.PARAMETER, "Beacon v1 has no empty bases: it needs the base before the indel"
    )


def _refuse_wildcards(variant: VariantQuestion, member: RegisteredMember) -> NotAsked | None:
    bases = (variant.reference or "") + (variant.alternate or "")
    if others := sorted(set(bases) - set("ACGTN")):
        return NotAsked(NotAskedCode.PARAMETER, f"Beacon v1 has no base {', '.join(others)}")
    return refuse_wildcards(variant, member.dialect)


def _bracket(variant: VariantQuestion) -> tuple[_Wording, ...] | NotAsked:
    if variant.variant_type is None and variant.alternate is None:
        return NotAsked(
            NotAskedCode.PARAMETER, "Beacon v1 asks for windows only together with a variant type"
        )
    (start, start_end), (end, end_end) = variant.start0, variant.end0
    windows = inclusive_windows((start, start_end), (end, end_end))
    names = ("startMin", "startMax", "endMin", "endMax")
    parameters: dict[str, Any] = dict(zip(names, windows, strict=True))
    if windows[0] == windows[1] and windows[2] == windows[3]:
        # An exactly determined variant has a form of its own; windows of one base are refused.
        parameters = {"start": windows[0], "end": windows[2]}
    parameters["referenceBases"] = variant.reference or ANY_BASE
    if variant.variant_type is None:
        return (_Wording({**parameters, "alternateBases": variant.alternate}),)
    return _typed(variant.variant_type, parameters)


def _typed(variant_type: str, parameters: Mapping[str, Any]) -> tuple[_Wording, ...] | NotAsked:
    """Ask in VCF's words; a finer term is asked as its parent, which a hit then does not prove."""
    wordings = tuple(
        _Wording(
            {**parameters, "variantType": kind.name},
            Match.BROADER if kind.is_broader else Match.EXACT,
            None if kind.name == variant_type else f"variant type {kind.name}",
        )
        for kind in vcf_types(variant_type)
    )
    return wordings or NotAsked(
        NotAskedCode.PARAMETER, f"Beacon v1 has no counterpart of variant type {variant_type}"
    )


def _request(
    parameters: Mapping[str, Any], data_sets: tuple[str, ...], member: RegisteredMember
) -> Request:
    rename, drop = member.dialect.rename, member.dialect.drop
    told = {**parameters, **{k: v for k, v in _EVERYTHING.items() if k not in drop}}
    if member.dialect.method != "GET":
        if data_sets:
            told["datasetIds"] = list(data_sets)
        return post(_address(member), {rename.get(name, name): told[name] for name in told})
    pairs = [*told.items(), *(("datasetIds", name) for name in data_sets)]
    return get(_address(member), [(rename.get(name, name), value) for name, value in pairs])


def _address(member: RegisteredMember) -> str:
    return address(member, ("query",), "query")
