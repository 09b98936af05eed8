"""The names of entry types: servers write one type in many ways (research on real v2 servers)."""

import re
from collections.abc import Mapping
from typing import Any, Final

from aggregator.model.query import GENOMIC_VARIANT

_ALIASES: Final[Mapping[str, str]] = {
    **dict.fromkeys(
        (
            *("genomicvariant", "genomicvariants", "genomicvariation", "genomicvariations"),
            *("gvariant", "gvariants", "variant", "variants", "variation", "variations"),
        ),
        GENOMIC_VARIANT,
    ),
    **dict.fromkeys(("individual", "individuals"), "individual"),
    **dict.fromkeys(("biosample", "biosamples"), "biosample"),
    **dict.fromkeys(("run", "runs"), "run"),
    **dict.fromkeys(("analysis", "analyses"), "analysis"),
    **dict.fromkeys(("dataset", "datasets"), "dataset"),
    **dict.fromkeys(("cohort", "cohorts"), "cohort"),
}
_SCHEMA_NAME: Final = re.compile(r"beacon-([A-Za-z_]{1,30})-v", re.I)


def entry_type_of(value: Any) -> str | None:
    """Give the standard name of an entry type; None for what names no known one."""
    if not isinstance(value, str):
        return None
    if (known := _ALIASES.get(value.lower())) is not None:
        return known
    return _ALIASES.get(re.sub(r"[\s_-]", "", value).lower())


def entry_type_of_schema(schema: Any) -> str | None:
    """Read the entry type out of an item of `returnedSchemas` or `requestedSchemas`.

    `{entityType, schema}` in the specification; `{id, …}`, `{schema}` alone or a bare text in
    real answers.
    """
    if not isinstance(schema, dict):
        schema = {"schema": schema}
    for key in ("entityType", "id"):
        if (named := entry_type_of(schema.get(key))) is not None:
            return named
    text = schema.get("schema")
    match = _SCHEMA_NAME.search(text) if isinstance(text, str) else None
    return entry_type_of(match[1]) if match else None
