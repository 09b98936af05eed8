"""Reads Beacon v2 questions put to us into the canonical `Query`, and writes them back.

Tolerant of form (`requestParameters` flat or nested, options inside or outside `query`), strict
about meaning: every problem is named at once. Beacon v2.1.1 framework
(requests/beaconRequestBody.json) and genomicVariations (requestParameters.json).
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from aggregator.model.fields import VariantFields
from aggregator.model.genome import Assembly, GenomeError, parse_assembly, refseq_accession
from aggregator.model.query import (
    Granularity,
    Include,
    Pagination,
    Query,
    RequestedSchema,
    VariantQuestion,
)
from aggregator.model.question import ReferenceSequence, check
from aggregator.protocol.entry_types import entry_type_of, entry_type_of_schema
from aggregator.protocol.filters import DEFAULTS_OF_FILTERS, NO_FILTER, read_filters
from aggregator.protocol.parameters import (
    ALIASES,
    LENGTHS,
    POSITIONS,
    TEXTS,
    ParameterReader,
    ReadQuery,
    variant_fields,
    warn_unknown,
)
from aggregator.protocol.surface import ENTRY_TYPES, Target
from aggregator.text.genes import is_symbol, read_amino_acid_change, write_symbol
from aggregator.text.hgvs import GenomicKind, parse_genomic

_OPTIONS: Final = (
    "requestedGranularity",
    "includeResultsetResponses",
    "pagination",
    "skip",
    "limit",
    "testMode",
    "filters",
    *DEFAULTS_OF_FILTERS,
    "datasetIds",
)

MAX_SHORT_FORM_BASES: Final = 10_000
"""The longest deletion or duplication whose bases are looked up in the reference sequence."""


MAX_SCHEMAS: Final = 20
"""How many requested schemas are read."""


def read_v2(
    parameters: Mapping[str, Any],
    *,
    reference: ReferenceSequence | None = None,
    max_limit: int = 1000,
    target: Target | None = None,
) -> ReadQuery:
    """Read a Beacon v2 question from flat parameters (`spread_body` makes them of a body).

    A list value means the parameter was repeated or posted as a list.
    """
    known = {ALIASES.get(name, name): value for name, value in parameters.items()}
    reader = ParameterReader(known)
    fields = variant_fields(reader)
    granularity = _granularity(reader)
    include = reader.choice("includeResultsetResponses", [i.value for i in Include])
    pagination = _pagination(reader, max_limit)
    fields.gene, fields.amino_acid_change = _names(fields)
    checked = check(_from_short_form(fields, reference), reference)
    unknown = warn_unknown(reader, {*TEXTS, *LENGTHS, *POSITIONS, *_OPTIONS})
    target = target or Target()
    filters = read_filters(reader)
    if fields.is_empty and not filters:
        _check_everything_is_meant(reader, target, unknown, has_assembly=bool(fields.assembly))
    query = Query(
        variant=checked.question,
        entry_type=target.entry_type,
        within=target.within,
        record_id=target.record_id,
        filters=filters,
        dataset_ids=tuple(sorted(reader.texts("datasetIds"))),
        granularity=Granularity(granularity or Granularity.BOOLEAN),
        include=Include(include or Include.HIT),
        pagination=pagination,
        test_mode=reader.flag("testMode"),
        requested_schemas=_requested_schemas(reader, target.entry_type),
    )
    return ReadQuery(
        query,
        problems=(*reader.problems, *checked.problems),
        warnings=(*reader.warnings, *checked.warnings),
    )


def _granularity(reader: ParameterReader) -> str | None:
    """Read the granularity, which may be told twice but not differently."""
    name = "requestedGranularity"
    told = reader.parameters.get(name)
    values = told if isinstance(told, list) else [told]
    distinct = {str(one).strip().lower(): one for one in values if one not in ("", None)}
    if len(distinct) > 1:
        words = " and ".join(f"“{word[:40]}”" for word in list(distinct)[:3])
        reader.problems.append(f"{name}: {words} contradict each other, give one")
        return None
    one = ParameterReader({name: next(iter(distinct.values()), None)})
    chosen = one.choice(name, [g.value for g in Granularity])
    reader.problems += one.problems
    return chosen


def _check_everything_is_meant(
    reader: ParameterReader, target: Target, unknown: Sequence[str], *, has_assembly: bool
) -> None:
    """Note the problem of a question for all records whose parameters say something else.

    Lists of data sets and cohorts, and what belongs to one record, are asked for as a whole.
    """
    if target.record_id is not None or ENTRY_TYPES[target.entry_type].is_collection:
        return
    if NO_FILTER in reader.warnings:
        reader.problems.append(
            "no question: filters=filter is no filter, and without it this would ask for everything"
        )
    if unknown or has_assembly:
        reader.problems.append(
            "no variant was understood and no filter, and a question for everything is not what "
            "was meant" + (f": unknown parameters {', '.join(unknown[:10])}" if unknown else "")
        )


def request_parameters(query: Query) -> dict[str, Any]:
    """Write the question back as the nested `requestParameters` the schema wants."""
    parameters: dict[str, Any] = {}
    if query.variant is not None and (variant := variant_parameters(query.variant)):
        parameters["g_variant"] = variant
    if query.dataset_ids:
        parameters["datasets"] = {"datasetIds": list(query.dataset_ids)}
    return parameters


def variant_parameters(variant: VariantQuestion) -> dict[str, Any]:
    """Write a variant question in the canonical words of Beacon v2."""
    written: dict[str, Any] = {}
    assembly = variant.assembly or variant.typed_assembly
    if variant.has_position and assembly is not None:
        written["assemblyId"] = assembly.value
    values = {
        "referenceName": variant.chromosome,
        "start": list(variant.start0) or None,
        "end": list(variant.end0) or None,
        "referenceBases": variant.reference,
        "alternateBases": variant.alternate,
        "variantType": variant.variant_type,
        "variantMinLength": variant.min_length,
        "variantMaxLength": variant.max_length,
        "geneId": variant.gene,
        "aminoacidChange": variant.amino_acid_change,
        "genomicAlleleShortForm": variant.short_form,
        "mateName": variant.mate,
    }
    written.update({name: value for name, value in values.items() if value is not None})
    return written


def _names(fields: VariantFields) -> tuple[str | None, str | None]:
    """Write gene and amino acid change as members compare them: `BRAF`, `V600E`.

    Accessions and whatever else is not understood stay as they came.
    """
    gene, change = fields.gene, fields.amino_acid_change
    if gene is not None and is_symbol(gene):
        gene = write_symbol(gene)
    if change is not None:
        change = read_amino_acid_change(change) or change
    return gene, change


def _from_short_form(fields: VariantFields, reference: ReferenceSequence | None) -> VariantFields:
    """Turn a genomic HGVS name into the allele it names, where its bases are known.

    `NC_000007.14:g.140753336A>T` is the same question as the position and bases; a deletion
    without bases needs the reference sequence and stays a text question without one.
    """
    others = replace(fields, short_form=None)
    if fields.short_form is None or not others.is_empty:
        return fields
    try:
        change = parse_genomic(fields.short_form)
    except ValueError:
        return fields
    if change is None:
        return fields
    assembly = change.assembly
    if assembly is None and fields.assembly is None and change.chromosome != "MT":
        return fields
    name = fields.assembly or (assembly or Assembly.GRCH38).value
    try:
        named = assembly or parse_assembly(name).assembly
    except GenomeError:
        return fields  # the check of the fields says so
    deleted, inserted = change.deleted, change.inserted
    if reference is not None and change.end0 - change.start0 <= MAX_SHORT_FORM_BASES:
        bases = reference(named, change.chromosome, change.start0, change.end0)
        deleted = bases if deleted is None else deleted
        if inserted is None and change.kind is GenomicKind.DUPLICATION:
            inserted = bases
    if deleted is None or inserted is None:
        return fields
    chromosome = "M" if change.is_ucsc_mitochondrion else change.chromosome
    return VariantFields(
        assembly=name,
        # the accession, so that one of another assembly than stated is a problem
        chromosome=refseq_accession(chromosome, assembly) if assembly else chromosome,
        start=(change.start0,),
        reference=deleted,
        alternate=inserted,
    )


def _requested_schemas(reader: ParameterReader, entry_type: str) -> tuple[RequestedSchema, ...]:
    """Read `requestedSchemas` of a body, or `requestedSchema` of an address.

    A schema alone is meant for what is asked for; what names no schema is left out.
    """
    told = [
        one
        for name in ("requestedSchemas", "requestedSchema")
        for one in _as_list(reader.parameters.get(name))
    ]
    found = [schema for one in told[:MAX_SCHEMAS] if (schema := _requested(one, entry_type))]
    others = [one.schema for one in found if not _is_default(one)]
    if others:
        reader.warnings.append(
            "requestedSchemas: records come in the schemas members send them in, which need not be "
            + ", ".join(dict.fromkeys(schema[:100] for schema in others))
        )
    return tuple(dict.fromkeys(found))


def _requested(told: Any, entry_type: str) -> RequestedSchema | None:
    if isinstance(told, Mapping):
        schema, named = told.get("schema"), told.get("entityType") or entry_type_of_schema(told)
    else:
        schema, named = told, None
    if not isinstance(schema, str) or not schema.strip():
        return None
    return RequestedSchema(str(named or entry_type)[:200], schema.strip()[:2000])


def _is_default(requested: RequestedSchema) -> bool:
    known = ENTRY_TYPES.get(entry_type_of(requested.entity_type) or "")
    return known is not None and requested.schema in {known.schema, known.schema_id}


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _pagination(reader: ParameterReader, max_limit: int) -> Pagination:
    default = Pagination()
    skip, limit = reader.integer("skip"), reader.integer("limit")
    for name, value in (("skip", skip), ("limit", limit)):
        if value is not None and value < 0:
            reader.problems.append(f"{name}: {value} is negative")
    if limit is not None and (limit == 0 or limit > max_limit):
        reader.warnings.append(f"limit: at most {max_limit} records a page")
        limit = max_limit
    return Pagination(
        skip=max(0, skip) if skip is not None else default.skip,
        limit=limit if limit is not None and limit > 0 else default.limit,
    )
