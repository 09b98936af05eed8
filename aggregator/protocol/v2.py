"""Speaks Beacon v2: versions 2.0 to 2.1.1, and what calls itself 2.2.

Specification: https://github.com/ga4gh-beacon/beacon-v2, tag v2.1.1 (framework and the
default model). Coordinates are 0-based, half-open, windows too.

No wire form reaches all servers, so each is asked in its own: GET, flat, one start as a scalar,
bare chromosome, GRC assembly unless the dialect says otherwise, and no parameter more than needed;
filters by POST (`v2_filters`). Where each entry type is asked is found by `v2_address`.
Known deviations of real members, each with a test: nested or only flat `requestParameters` in a
POST, `start` only as list or only as number, inclusive windows (EGA's servers), `skip` counting
records, unknown parameters refused, empty alternate bases taken for "any", N compared literally.
How answers deviate is listed in `v2_reading` and `v2_echo`.
"""

from dataclasses import replace
from typing import Any, Final

from aggregator.model.answer import Match
from aggregator.model.genome import Assembly, chromosome_length
from aggregator.model.outcome import NotAskedCode
from aggregator.model.query import (
    GENOMIC_VARIANT,
    Query,
    QuestionKind,
    VariantQuestion,
)
from aggregator.protocol import v2_reading
from aggregator.protocol.planning import (
    ANY_BASE,
    Bases,
    Place,
    indel_warnings,
    place,
    refuse_everywhere,
    refuse_test,
    refuse_wildcards,
    sendable,
    sequence,
)
from aggregator.protocol.v2_address import address_of
from aggregator.protocol.v2_filters import filter_warnings, refuse_filters
from aggregator.protocol.v2_forms import is_beyond_pages, request_of
from aggregator.protocol.variant_types import is_cnv, vcf_types, words_for
from aggregator.protocol.wire import Ask, NotAsked, Part
from registry.models import Dialect
from registry.snapshot import RegisteredMember

read: Final = v2_reading.read


def plan(query: Query, member: RegisteredMember) -> Ask | NotAsked:
    """Put the question in the form the member's software takes."""
    if (refused := refuse_everywhere(query, member) or _refuse(query, member)) is not None:
        return refused
    url = address_of(query, member)
    if isinstance(url, NotAsked):
        return url
    variant = query.variant
    if variant is None:
        return Ask((Part(request_of(url, {}, query, member)),), filter_warnings(query))
    where = place(query, variant, member) if variant.has_position else None
    if isinstance(where, NotAsked):
        return where
    spellings: tuple[Bases | None, ...] | NotAsked = (None,)
    if variant.kind is QuestionKind.SEQUENCE and variant.alternate is not None:
        spellings = sequence(variant, member)
    if isinstance(spellings, NotAsked):
        return spellings
    parts = []
    for bases in spellings:
        for asked, match in _by_type(variant):
            parameters = _parameters(asked, member, where, bases)
            if isinstance(parameters, NotAsked):
                return parameters
            request = request_of(url, parameters, query, member)
            if bases is None:
                spelled = None if asked is variant else f"variant type {asked.variant_type}"
                parts.append(Part(request, match, spelled))
            else:
                parts.append(Part(request, bases.match, bases.spelled))
    warnings = (
        *(where.warnings if where else ()),
        *indel_warnings(variant, member, len(parts)),
        *filter_warnings(query),
    )
    # one individual may carry a deletion and a duplication, one variant is not both
    is_loss_or_gain = variant.variant_type is not None and is_cnv(variant.variant_type)
    is_disjoint = is_loss_or_gain and query.entry_type == GENOMIC_VARIANT
    return Ask(tuple(parts), warnings, are_disjoint=is_disjoint)


def _by_type(variant: VariantQuestion) -> tuple[tuple[VariantQuestion, Match], ...]:
    """Ask a variant type in each vocabulary servers know: a no needs them all.

    CNV is asked as what it is, a deletion or a duplication. Everything else is asked as it is and
    in the other words for the same; an ontology term in VCF's words, where its parent is a broader
    question.
    """
    if variant.variant_type is None:
        is_text = variant.kind is QuestionKind.SHORT_FORM
        return ((variant, Match.TEXT if is_text else Match.EXACT),)
    others = tuple(
        (
            replace(variant, variant_type=word),
            Match.BROADER if kind.is_broader else Match.EXACT,
        )
        for kind in vcf_types(variant.variant_type)
        for word in words_for(kind.name)
        if word != variant.variant_type
    )
    return others if is_cnv(variant.variant_type) else ((variant, Match.EXACT), *others)


def _refuse(query: Query, member: RegisteredMember) -> NotAsked | None:
    dialect = member.dialect
    if (refused := refuse_filters(query, member)) is not None:
        return refused
    if query.dataset_ids and {"datasets", "datasetIds"} & set(dialect.drop):
        return NotAsked(NotAskedCode.DATASET, "cannot be asked for single data sets")
    if query.test_mode and "testMode" in dialect.drop:
        return refuse_test()
    if is_beyond_pages(query, dialect) and "requestedGranularity" in dialect.drop:
        return NotAsked(
            NotAskedCode.PAGINATION,
            "cannot be asked for another page than the first, nor for a count",
        )
    return None


def _parameters(
    variant: VariantQuestion, member: RegisteredMember, where: Place | None, bases: Bases | None
) -> dict[str, Any] | NotAsked:
    """Spell the variant part; positions are lists here, whatever the wire form."""
    if bases is None and (wildcards := refuse_wildcards(variant, member.dialect)) is not None:
        return wildcards
    found: dict[str, Any] = {}
    if where is not None:
        found = {"referenceName": where.chromosome, "assemblyId": where.assembly}
    if bases is not None:
        found |= {"start": [bases.start0]}
        if member.dialect.exact == "start_end":
            found |= {"end": [bases.start0 + max(len(bases.reference or ""), 1) - 1]}
        found |= {"referenceBases": bases.reference, "alternateBases": bases.alternate}
    else:
        found |= _windows(variant, member.dialect)
        found |= {"referenceBases": _reference(variant), "alternateBases": variant.alternate}
    found |= {
        "variantType": variant.variant_type,
        "variantMinLength": variant.min_length,
        "variantMaxLength": variant.max_length,
        "geneId": variant.gene,
        "aminoacidChange": variant.amino_acid_change,
        "genomicAlleleShortForm": variant.short_form,
        "mateName": variant.mate,
    }
    told = {name: value for name, value in found.items() if value is not None}
    return sendable(told, variant, member, lambda name: name not in member.dialect.drop)


def _windows(variant: VariantQuestion, dialect: Dialect) -> dict[str, list[int]]:
    """Give start and end of what is not one allele: a range as it is, everything else as windows.

    A start with a variant type alone is no legal question: the end is asked as a window that
    takes every end.
    """
    start, end = list(variant.start0), list(variant.end0)
    if variant.kind is QuestionKind.SEQUENCE:
        assembly = variant.assembly or Assembly.GRCH38
        length = chromosome_length(variant.chromosome or "", assembly)
        end = [max(start[0], 1), length + 1]
        start = [start[0], start[0] + 1]
    if len(start) == 2 and dialect.windows == "inclusive":
        start[1] -= 1
        end[1] -= 1
    return {name: value for name, value in (("start", start), ("end", end)) if value}


def _reference(variant: VariantQuestion) -> str | None:
    """Give the reference bases; one base beside a variant type at a position tells nothing."""
    reference = variant.reference
    if reference == ANY_BASE:
        return None
    is_typed_position = variant.kind is QuestionKind.SEQUENCE and variant.alternate is None
    is_short = reference is not None and len(reference) < 2
    return None if is_typed_position and is_short else reference
