"""Reads Beacon v2 questions put to us into the canonical `Query`, and writes them back.

Tolerant of form (`requestParameters` flat or nested, options inside or outside `query`), strict
about meaning: every problem is named at once. Beacon v2.1.1 framework
(requests/beaconRequestBody.json) and genomicVariations (requestParameters.json).
"""

from collections.abc import Mapping
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
from aggregator.protocol.filters import read_filters
from aggregator.protocol.parameters import (
    ALIASES,
    IGNORED,
    LENGTHS,
    POSITIONS,
    TEXTS,
    ParameterReader,
    ReadQuery,
    variant_fields,
    warn_unknown,
)
from aggregator.protocol.surface import Target
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
    "datasetIds",
)

MAX_SHORT_FORM_BASES: Final = 10_000
"""The longest deletion or duplication whose bases are looked up in the reference sequence."""


VARIANT_NESTS: Final = ("g_variant", "g_variants", "genomicVariant", "genomicVariation")
"""Where clients put the variant's parameters beside `requestParameters`, or in it."""


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
    granularity = reader.choice("requestedGranularity", [g.value for g in Granularity])
    include = reader.choice("includeResultsetResponses", [i.value for i in Include])
    pagination = _pagination(reader, max_limit)
    fields.gene, fields.amino_acid_change = _names(fields)
    checked = check(_from_short_form(fields, reference), reference)
    unknown = warn_unknown(reader, {*TEXTS, *LENGTHS, *POSITIONS, *_OPTIONS})
    target = target or Target()
    filters = read_filters(reader)
    is_everything = fields.is_empty and not filters and target.record_id is None
    if is_everything and (unknown or fields.assembly):
        reader.problems.append(
            "no variant was understood, and a question for everything is not what was meant"
            + (f": unknown parameters {', '.join(unknown[:10])}" if unknown else "")
        )
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
        requested_schemas=_requested_schemas(reader),
    )
    return ReadQuery(
        query,
        problems=(*reader.problems, *checked.problems),
        warnings=(*reader.warnings, *checked.warnings),
    )


def spread_body(body: Mapping[str, Any]) -> dict[str, Any]:
    """Spread a Beacon v2 request body into flat parameters.

    Options may stand inside `query`, where the specification has them, or outside; the variant's
    parameters under `g_variant` or flat. What stands deeper wins. Raises ValueError with the
    problem for a body whose parts have the wrong shape.
    """
    flat: dict[str, Any] = {}
    query = body.get("query")
    for level in (body, query if isinstance(query, Mapping) else {}):
        flat.update({key: value for key, value in level.items() if value is not None})
    if query is not None and not isinstance(query, Mapping):
        raise ValueError("query: expected an object")
    parameters = flat.pop("requestParameters", None) or {}
    if not isinstance(parameters, Mapping):
        raise ValueError("query.requestParameters: expected an object")  # noqa: TRY004 - of data
    for name, value in parameters.items():
        if isinstance(value, Mapping):
            flat.update({key: below for key, below in value.items() if below is not None})
        elif value is not None:
            flat[name] = value
    for name in VARIANT_NESTS:
        if isinstance(nested := flat.get(name), Mapping):
            del flat[name]
            flat.update({key: below for key, below in nested.items() if below is not None})
    pagination = flat.pop("pagination", None)
    if isinstance(pagination, Mapping):
        flat.update({key: value for key, value in pagination.items() if value is not None})
    elif pagination is not None:
        raise ValueError("query.pagination: expected an object")
    if "datasets" in flat:
        flat.setdefault("datasetIds", flat.pop("datasets"))
    schemas = flat.get("requestedSchemas") or _meta_of(body).get("requestedSchemas")
    for name in IGNORED:
        flat.pop(name, None)
    return {**flat, "requestedSchemas": schemas} if schemas else flat


def _meta_of(body: Mapping[str, Any]) -> Mapping[str, Any]:
    meta = body.get("meta")
    return meta if isinstance(meta, Mapping) else {}


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


def _requested_schemas(reader: ParameterReader) -> tuple[RequestedSchema, ...]:
    """Read `requestedSchemas`; what is no object of the specification is left out."""
    told = reader.parameters.get("requestedSchemas")
    found = [
        RequestedSchema(str(one["entityType"])[:200], str(one["schema"])[:2000])
        for one in (told if isinstance(told, list) else [told])[:20]
        if isinstance(one, Mapping) and one.get("entityType") and one.get("schema")
    ]
    return tuple(dict.fromkeys(found))


def _pagination(reader: ParameterReader, max_limit: int) -> Pagination:
    default = Pagination()
    skip, limit = reader.integer("skip"), reader.integer("limit")
    for name, value in (("skip", skip), ("limit", limit)):
        if value is not None and value < 0:
            reader.problems.append(f"{name}: {value} is negative")
    if limit is not None and (limit == 0 or limit > max_limit):
        if limit:
            reader.warnings.append(f"limit: at most {max_limit} records a page")
        limit = max_limit
    return Pagination(
        skip=max(0, skip) if skip is not None else default.skip,
        limit=limit if limit is not None and limit > 0 else default.limit,
    )
