"""Checks that an answer of Beacon v2 is the answer to the question that was asked.

Some servers mix up concurrent requests or ignore parameters (research on EGA's and sBeacon's
servers), and the echo shows it: an entry type or a parameter that differs from what was sent makes
the answer `inconsistent`. A missing or empty echo, another granularity, and the member's own
spelling of the same thing do not. Framework v2.1.1, sections/beaconResponseMeta.json.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

import msgspec

from aggregator.model.genome import MITOCHONDRION, GenomeError, parse_assembly, parse_chromosome
from aggregator.model.query import GENOMIC_VARIANT
from aggregator.protocol.entry_types import entry_type_of_schema
from aggregator.protocol.variant_types import same_type
from aggregator.protocol.wire import Request
from registry.models import Dialect

_NUMBER: Final = re.compile(r"\d{1,12}")
_NESTS: Final = ("g_variant", "g_variants", "genomicVariant", "genomicVariation", "variant")
_NOT_TOLD: Final = ("", "string", "null", "none", "not provided")


def contradiction(meta: Any, request: Request, dialect: Dialect) -> str | None:
    """Say how the echo contradicts the question; None if it does not."""
    if not isinstance(meta, dict):
        return None
    summary = meta.get("receivedRequestSummary")
    summary = summary if isinstance(summary, dict) else {}
    for schemas in (meta.get("returnedSchemas"), summary.get("requestedSchemas")):
        if (other := _other_entry_type(schemas)) is not None:
            return f"the answer is about {other}, the question was about variants"
    echoed = _parameters(summary.get("requestParameters") or summary.get("req_params"))
    if not echoed:
        return None
    names = {theirs: ours for ours, theirs in dialect.rename.items()}
    echoed = {names.get(name, name): value for name, value in echoed.items()}
    sent = _sent(request)
    sent = {names.get(name, name): value for name, value in sent.items()}
    for name, same in _SAME.items():
        ours, told = _values(sent.get(name)), _values(echoed.get(name))
        if ours and told and not same(ours, told):
            # The value stays out of the message: it may be somebody else's question.
            return f"the answer is to another question: its echo differs in {name}"
    return None


def _other_entry_type(schemas: Any) -> str | None:
    """Give a known entry type that is named where none of ours is."""
    if isinstance(schemas, dict):
        schemas = [schemas]
    if not isinstance(schemas, list):
        return None
    named = [name for one in schemas if (name := entry_type_of_schema(one)) is not None]
    return named[0] if named and GENOMIC_VARIANT not in named else None


def _parameters(echo: Any) -> dict[str, Any]:
    """Flatten an echo: nested under the entry type, or flat, or both."""
    if not isinstance(echo, dict):
        return {}
    flat = dict(echo)
    for name in _NESTS:
        if isinstance(echo.get(name), dict):
            flat |= echo[name]
    return flat


def _sent(request: Request) -> dict[str, Any]:
    if request.body is None:
        return dict(parse_qsl(urlsplit(request.url).query, keep_blank_values=True))
    document = msgspec.json.decode(request.body)
    query = document.get("query", {}) if isinstance(document, dict) else {}
    return _parameters(query.get("requestParameters"))


def _values(value: Any) -> list[str]:
    """Give the values of a parameter as texts; empty for what stands for "not told"."""
    items = value if isinstance(value, list) else [value]
    if isinstance(value, str):
        items = value.strip("[] ").split(",")
    texts = [str(item).strip() for item in items if isinstance(item, (str, int, float))]
    return [text for text in texts if text.lower() not in _NOT_TOLD]


def _same_positions(sent: list[str], echoed: list[str]) -> bool:
    """Compare positions as far as both tell them; all zeros are a server's "not told"."""
    if not all(_NUMBER.fullmatch(text) for text in (*sent, *echoed)):
        return True
    ours, theirs = [int(text) for text in sent], [int(text) for text in echoed]
    if not any(theirs):
        return True
    return all(one == other for one, other in zip(ours, theirs, strict=False))


def _same_by(read: Callable[[str], str | None]) -> Callable[[list[str], list[str]], bool]:
    """Compare single values by what they mean; what has no known meaning contradicts nothing."""

    def same(sent: list[str], echoed: list[str]) -> bool:
        ours, theirs = read(",".join(sent)), read(",".join(echoed))
        return ours is None or theirs is None or ours == theirs

    return same


def _chromosome(text: str) -> str | None:
    try:
        return parse_chromosome(MITOCHONDRION if text == "25" else text).name
    except GenomeError:
        return None


def _assembly(text: str) -> str | None:
    try:
        return parse_assembly(text).assembly.value
    except GenomeError:
        return None


def _gene(text: str) -> str | None:
    # An accession (HGNC:1100) for a symbol is the member's own spelling.
    return None if ":" in text else text.upper()


def _residue(text: str) -> str | None:
    # V600E, p.V600E and Val600Glu agree in the position, which is telling enough.
    match = re.search(r"\d+", text.rpartition(":")[2])
    return match[0] if match else None


def _same_types(sent: list[str], echoed: list[str]) -> bool:
    return same_type(",".join(sent), ",".join(echoed)) is not False


_SAME: Final[Mapping[str, Callable[[list[str], list[str]], bool]]] = {
    "referenceName": _same_by(_chromosome),
    "assemblyId": _same_by(_assembly),
    "start": _same_positions,
    "end": _same_positions,
    "referenceBases": _same_by(str.upper),
    "alternateBases": _same_by(str.upper),
    "variantType": _same_types,
    "geneId": _same_by(_gene),
    "aminoacidChange": _same_by(_residue),
    "genomicAlleleShortForm": _same_by(str.casefold),
}
