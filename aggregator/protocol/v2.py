"""Speaks Beacon v2: versions 2.0 to 2.1.1, and what calls itself 2.2.

Specification: https://github.com/ga4gh-beacon/beacon-v2, tag v2.1.1 (framework, and the
genomicVariations of the default model). Coordinates are 0-based, half-open, windows too.

No wire form reaches all servers, so each is asked in its own: GET, flat, one start as a scalar,
bare chromosome, GRC assembly unless the dialect says otherwise, and no parameter more than needed.
Known deviations of real members, each with a test: nested or only flat `requestParameters` in a
POST, `start` only as list or only as number, inclusive windows (EGA's servers), `skip` counting
records, unknown parameters refused, empty alternate bases taken for "any", N compared literally.
How answers deviate is listed in `v2_reading` and `v2_echo`.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from aggregator.model.answer import Match
from aggregator.model.genome import Assembly, chromosome_length
from aggregator.model.outcome import NotAskedCode
from aggregator.model.query import Granularity, Query, QuestionKind, VariantQuestion
from aggregator.protocol import v2_reading
from aggregator.protocol.planning import (
    ANY_BASE,
    Bases,
    Place,
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
from aggregator.protocol.variant_types import CNV, VCF_TYPES, vcf_types
from aggregator.protocol.wire import Ask, NotAsked, Part, Request
from registry.models import Dialect
from registry.snapshot import RegisteredMember

API_VERSION: Final = "2.0"
"""The version stated in the bodies of requests: compatible with every 2.x."""

read: Final = v2_reading.read


def plan(query: Query, member: RegisteredMember) -> Ask | NotAsked:
    """Put the question in the form the member's software takes."""
    if (refused := refuse(query, member) or _refuse(query, member)) is not None:
        return refused
    variant = query.variant
    if variant is None:
        return Ask((Part(_request({}, query, member)),))
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
            request = _request(parameters, query, member)
            if bases is None:
                spelled = None if asked is variant else f"variant type {asked.variant_type}"
                parts.append(Part(request, match, spelled))
            else:
                parts.append(Part(request, bases.match, bases.spelled))
    warnings = (where.warnings if where else ()) + indel_warnings(variant, member, len(parts))
    return Ask(tuple(parts), warnings, are_disjoint=variant.variant_type == CNV)


def _by_type(variant: VariantQuestion) -> tuple[tuple[VariantQuestion, Match], ...]:
    """Ask a variant type in each vocabulary servers know: a no needs them all.

    CNV is asked as what it is, a deletion or a duplication. An ontology term is asked as it is
    and in VCF's words, where its parent is a broader question.
    """
    if variant.variant_type is None:
        is_text = variant.kind is QuestionKind.SHORT_FORM
        return ((variant, Match.TEXT if is_text else Match.EXACT),)
    kinds = vcf_types(variant.variant_type)
    in_vcf = tuple(
        (
            replace(variant, variant_type=kind.name),
            Match.BROADER if kind.is_broader else Match.EXACT,
        )
        for kind in kinds
        if kind.name != variant.variant_type
    )
    if variant.variant_type == CNV:
        return in_vcf
    is_term = ":" in variant.variant_type and variant.variant_type not in VCF_TYPES
    return ((variant, Match.EXACT), *(in_vcf if is_term else ()))


def _refuse(query: Query, member: RegisteredMember) -> NotAsked | None:
    dialect = member.dialect
    if query.filters:
        return NotAsked(NotAskedCode.FILTER, "this network cannot pass filters on to beacons")
    if query.dataset_ids and {"datasets", "datasetIds"} & set(dialect.drop):
        return NotAsked(NotAskedCode.DATASET, "cannot be asked for single data sets")
    is_paged = query.granularity is Granularity.RECORD and query.pagination.skip > 0
    if is_paged and (dialect.paging == "none" or {"skip", "pagination"} & set(dialect.drop)):
        return NotAsked(NotAskedCode.PAGINATION, "cannot be asked for another page than the first")
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


def _request(parameters: Mapping[str, Any], query: Query, member: RegisteredMember) -> Request:
    url = address(member, ("g_variants", "query"), "g_variants")
    if member.dialect.method == "POST":
        return post(url, _body(parameters, query, member))
    return get(url, _flat(parameters, query, member).items())


def _flat(parameters: Mapping[str, Any], query: Query, member: RegisteredMember) -> dict[str, str]:
    """Give the parameters of a GET: flat, lists joined by commas."""
    told: dict[str, Any] = {
        **parameters,
        **_options(query, member),
        **_pagination(query, member.dialect),
    }
    if data_sets := asked_data_sets(query, member):
        told["datasets"] = data_sets
    rename = member.dialect.rename
    return {rename.get(name, name): _joined(value) for name, value in told.items()}


def _body(parameters: Mapping[str, Any], query: Query, member: RegisteredMember) -> dict[str, Any]:
    """Give the body of a POST, with the variant part nested (as the schema has it) or flat."""
    dialect = member.dialect
    is_nested = dialect.parameters == "nested"
    is_list = dialect.start == "list"
    variant = {
        dialect.rename.get(name, name): value[0]
        if isinstance(value, list) and len(value) == 1 and not is_list
        else value
        for name, value in parameters.items()
    }
    data_sets = list(asked_data_sets(query, member))
    requested: dict[str, Any] = {"g_variant": variant} if is_nested and variant else variant
    if data_sets:
        requested["datasets"] = {"datasetIds": data_sets} if is_nested else data_sets
    body = {"requestParameters": requested} if requested else {}
    body |= _options(query, member)
    if pagination := _pagination(query, dialect):
        body["pagination"] = pagination
    return {"meta": {"apiVersion": API_VERSION}, "query": body}


def _options(query: Query, member: RegisteredMember) -> dict[str, Any]:
    options: dict[str, Any] = {
        "requestedGranularity": query.granularity.value,
        "includeResultsetResponses": "ALL",
    }
    if query.test_mode:
        options["testMode"] = True
    return {name: value for name, value in options.items() if name not in member.dialect.drop}


def _pagination(query: Query, dialect: Dialect) -> dict[str, int]:
    """Give skip and limit, which only records need; `skip` counts pages unless told otherwise."""
    if query.granularity is not Granularity.RECORD or dialect.paging == "none":
        return {}
    skip, limit = query.pagination.skip, query.pagination.limit
    if dialect.paging == "records":
        skip *= limit
    told = {"skip": skip, "limit": limit} if skip else {"limit": limit}
    return {
        name: value for name, value in told.items() if not {name, "pagination"} & set(dialect.drop)
    }


def _joined(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, tuple)):
        return ",".join(str(item) for item in value)
    return str(value)
