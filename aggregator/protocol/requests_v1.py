"""Reads Beacon v1.1.0 questions (`/query`) put to us into the canonical `Query`.

Its windows are inclusive where ours are half-open, and `start` with `end` and a variant type is an
exactly determined event, never an overlap.
"""

from collections.abc import Mapping
from typing import Any, Final

from aggregator.model.fields import VariantFields
from aggregator.model.query import Granularity, Include, Query
from aggregator.model.question import ReferenceSequence, check
from aggregator.protocol.parameters import (
    ALIASES,
    LENGTHS,
    POSITIONS,
    TEXTS,
    ParameterReader,
    ReadQuery,
    flatten,
    variant_fields,
    warn_unknown,
)

WINDOWS: Final = ("startMin", "startMax", "endMin", "endMax")
NOT_IN_V1: Final = frozenset({"geneId", "aminoacidChange", "genomicAlleleShortForm"})
"""Parameters that would narrow a question, and that version 1 has no word for."""


def read_v1(
    parameters: Mapping[str, Any], *, reference: ReferenceSequence | None = None
) -> ReadQuery:
    """Read a Beacon v1.1 question; its windows are inclusive, ours half-open.

    `start` and `end` with a variant type mean an exactly determined event, never an overlap.
    """
    reader = ParameterReader(parameters)
    unsupported = _unsupported(reader)
    warn_unknown(
        reader,
        {*TEXTS, *LENGTHS, *POSITIONS, *WINDOWS, *unsupported, "filters"}
        | {"datasetIds", "includeDatasetResponses"},
    )
    include = reader.choice("includeDatasetResponses", [i.value for i in Include])
    fields = _v1_fields(reader)
    if reader.text("referenceBases") is None:
        reader.problems.append("referenceBases is missing (N where any base will do)")
    if fields.is_empty:
        reader.problems.append("referenceName, assemblyId and a position are missing")
    elif fields.end and not _names_allele(fields) and not fields.variant_type:
        # without them our own version would ask for all that overlaps
        reader.problems.append("alternateBases or variantType is missing")
    checked = check(fields, reference)
    query = Query(
        variant=checked.question,
        dataset_ids=tuple(sorted(reader.texts("datasetIds"))),
        granularity=Granularity.COUNT,
        include=Include(include or Include.NONE),
    )
    return ReadQuery(
        query,
        problems=(*reader.problems, *checked.problems),
        warnings=(*reader.warnings, *checked.warnings),
    )


def _unsupported(reader: ParameterReader) -> list[str]:
    """Refuse what would be another question without it; gives all names of such parameters."""
    names = [name for name in reader.parameters if ALIASES.get(name, name) in NOT_IN_V1]
    for name in names:
        if reader.parameters[name] not in ("", None, []):
            reader.problems.append(f"{name}: version 1 has no {name} questions, ask under /api")
    told = flatten(reader.parameters.get("filters"))
    if any(one not in ("", None, "filter") for one in told):
        reader.problems.append("filters: version 1 has no filters, ask under /api")
    return names


def _v1_fields(reader: ParameterReader) -> VariantFields:
    fields = variant_fields(reader)
    fields.gene = fields.amino_acid_change = fields.short_form = None
    for name, values in (("start", fields.start), ("end", fields.end)):
        if len(values) > 1:
            reader.problems.append(f"{name}: {len(values)} numbers, where version 1 has one")
    windows = {name: reader.integer(name) for name in WINDOWS}
    if fields.reference and set(fields.reference.upper()) == {"N"}:
        fields.reference = None  # "any": the version's way to leave it out
    given = [name for name, value in windows.items() if value is not None]
    if given:
        _read_windows(fields, windows, reader)
    elif fields.end and fields.variant_type and len(fields.start) == 1:
        start, end = fields.start[0], fields.end[0]
        if end <= start:
            reader.problems.append(f"end {end} is not after start {start}")
        fields.start, fields.end = (start, start + 1), (end, end + 1)
    elif fields.end and _names_allele(fields) and len(fields.start) == 1:
        _drop_end(fields, reader)
    return fields


def _names_allele(fields: VariantFields) -> bool:
    return bool(fields.alternate) or (fields.alternate == "" and bool(fields.reference))


def _drop_end(fields: VariantFields, reader: ParameterReader) -> None:
    start, end = fields.start[0], fields.end[0]
    if end <= start:
        reader.problems.append(f"end {end} is not after start {start}")
    elif fields.reference and end - start != len(fields.reference):
        reader.problems.append(
            f"start {start} to end {end} is not as long as referenceBases {fields.reference}"
        )
    fields.end = ()


def _read_windows(
    fields: VariantFields, windows: Mapping[str, int | None], reader: ParameterReader
) -> None:
    if fields.start or fields.end:
        reader.problems.append("give either start and end, or the four startMin … endMax")
    missing = [name for name, value in windows.items() if value is None]
    if missing:
        reader.problems.append(f"a window needs {', '.join(missing)} as well")
        fields.start = fields.end = (0, 1)
        return
    low, high, end_low, end_high = (windows[name] or 0 for name in WINDOWS)
    for name, one, other in (("start", low, high), ("end", end_low, end_high)):
        if one > other:
            reader.problems.append(f"{name}Min {one} is above {name}Max {other}")
    fields.start, fields.end = (low, high + 1), (end_low, end_high + 1)
