"""Speaks to networks with the API of beacon-network.org: one row per beacon, yes, no or null.

Specification: https://github.com/ga4gh-beacon/beacon-network-specification (swagger.yaml,
`/responses`). Positions are 0-based, alleles are bases or one of D, DEL, I, INS, assemblies have
UCSC's names.

Known deviations, each with a test: `null` where a beacon failed, and where it holds another
assembly (`supportedReferences`); the `false` of an aggregator's row counts the silence of the
beacons behind it as no; chromosomes echoed as `CHR17`; errors as `{status, reason, message}`. Of
the beacons behind it some compare the alternate bases only, so a hit of an indel carries a
warning.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from aggregator.model.answer import Match
from aggregator.model.outcome import NotAskedCode
from aggregator.model.query import GENOMIC_VARIANT, Query, QuestionKind, VariantQuestion
from aggregator.protocol import beacon_network_reading
from aggregator.protocol.beacon_network_reading import parameter_name
from aggregator.protocol.planning import (
    address,
    get,
    indel_warnings,
    place,
    refuse,
    sendable,
    sequence,
)
from aggregator.protocol.variant_types import vcf_types
from aggregator.protocol.wire import Ask, NotAsked, Part, Request
from registry.models import Dialect
from registry.snapshot import RegisteredMember

ALTERNATE_ONLY: Final = "some of its beacons may compare the alternate bases of an indel only"

_BASES: Final = frozenset("ACGT")
_TYPES: Final = frozenset({"DEL", "INS"})


read: Final = beacon_network_reading.read


@dataclass(frozen=True, slots=True)
class _Wording:
    start0: int
    reference: str | None
    allele: str
    match: Match = Match.EXACT
    spelled: str | None = None


def plan(query: Query, member: RegisteredMember) -> Ask | NotAsked:
    """Ask for one allele, or for any deletion or insertion at one place."""
    if (refused := refuse(query, member) or _refuse(query)) is not None:
        return refused
    variant = query.variant
    assert variant is not None  # noqa: S101 - _refuse has seen to it
    if member.dialect.assembly is None:
        member = replace(member, learned=member.learned.merged(Dialect(assembly="ucsc")))
    where = place(query, variant, member)
    if isinstance(where, NotAsked):
        return where
    wordings = _wordings(variant, member)
    if isinstance(wordings, NotAsked):
        return wordings
    parts = []
    for wording in wordings:
        parameters: dict[str, Any] = {
            "referenceName": where.chromosome,
            "start": wording.start0,
            "alternateBases": wording.allele,
            "referenceBases": wording.reference,
            "assemblyId": where.assembly,
        }
        if wording.reference is None:
            del parameters["referenceBases"]
        request = _request(parameters, variant, member)
        if isinstance(request, NotAsked):
            return request
        parts.append(Part(request, wording.match, wording.spelled))
    warnings = where.warnings + indel_warnings(variant, member, len(parts))
    if variant.allele is not None and variant.allele.is_indel:
        warnings += (ALTERNATE_ONLY,)
    return Ask(tuple(parts), warnings, are_disjoint=variant.allele is None)


def _refuse(query: Query) -> NotAsked | None:
    if query.entry_type != GENOMIC_VARIANT or query.within is not None:
        return NotAsked(NotAskedCode.ENTRY_TYPE, "networks of this kind know variants only")
    if query.record_id is not None:
        return NotAsked(NotAskedCode.QUERY_KIND, "networks of this kind have no records by id")
    if query.filters:
        return NotAsked(NotAskedCode.FILTER, "networks of this kind know no filters")
    if query.dataset_ids:
        return NotAsked(NotAskedCode.DATASET, "cannot be asked for single data sets")
    variant = query.variant
    if variant is None or variant.kind not in {QuestionKind.SEQUENCE, QuestionKind.BRACKET}:
        kind = "lists of variants" if variant is None else f"{variant.kind} questions"
        return NotAsked(NotAskedCode.QUERY_KIND, f"has no {kind}, only alleles")
    if variant.mate is not None:
        return NotAsked(NotAskedCode.PARAMETER, "cannot be asked for breakends")
    if variant.min_length is not None or variant.max_length is not None:
        return NotAsked(NotAskedCode.PARAMETER, "cannot limit the length of variants")
    return None


def _wordings(
    variant: VariantQuestion, member: RegisteredMember
) -> tuple[_Wording, ...] | NotAsked:
    if variant.kind is QuestionKind.BRACKET or variant.alternate is None:
        return _typed(variant)
    spellings = sequence(variant, member)
    if isinstance(spellings, NotAsked):
        return spellings
    letters = {*(variant.reference or ""), *variant.alternate} - {"N"}
    if others := sorted(letters - _BASES):
        return NotAsked(NotAskedCode.PARAMETER, f"knows no base {', '.join(others)}")
    if "N" in variant.alternate:
        return NotAsked(NotAskedCode.PARAMETER, "knows no wildcards among bases")
    wordings = tuple(
        _Wording(one.start0, one.reference, one.alternate, one.match, one.spelled)
        for one in spellings
        if one.alternate and one.reference != "" and set(one.reference or "") <= _BASES
    )
    return wordings or NotAsked(
        NotAskedCode.PARAMETER, "knows no empty bases: it needs the base before the indel"
    )


def _typed(variant: VariantQuestion) -> tuple[_Wording, ...] | NotAsked:
    """Ask for any deletion or insertion at one place.

    There is no word for its end, so that where the question has one a hit proves less.
    """
    is_bracket = variant.kind is QuestionKind.BRACKET
    if is_bracket and variant.start0[1] - variant.start0[0] != 1:
        return NotAsked(NotAskedCode.QUERY_KIND, "has no bracket questions, only one position")
    kinds = vcf_types(variant.variant_type) if variant.variant_type else ()
    if not kinds or variant.alternate is not None or not {k.name for k in kinds} <= _TYPES:
        return NotAsked(
            NotAskedCode.QUERY_KIND, "knows alleles, deletions and insertions, no other variants"
        )
    reference = None if variant.reference in {None, "", "N"} else variant.reference
    return tuple(
        _Wording(
            variant.start0[0],
            reference,
            kind.name,
            Match.BROADER if is_bracket or kind.is_broader else Match.EXACT,
            f"any {kind.name} at this position" if is_bracket else None,
        )
        for kind in kinds
    )


def _request(
    parameters: Mapping[str, Any], variant: VariantQuestion, member: RegisteredMember
) -> Request | NotAsked:
    drop = member.dialect.drop
    kept = sendable(parameters, variant, member, lambda name: name not in drop)
    if isinstance(kept, NotAsked):
        return kept
    pairs = [(parameter_name(member, name), value) for name, value in kept.items()]
    return get(address(member, ("query",), "responses"), pairs)
