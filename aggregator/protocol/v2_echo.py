"""Checks that an answer of Beacon v2 is the answer to the question that was asked.

Some servers mix up concurrent requests or ignore parameters (research on EGA's and sBeacon's
servers), and the echo shows it: an entry type, a parameter or a filter that differs from what was
sent makes the answer `inconsistent`, and so does an echo of nothing but parameters nobody sent. A
missing or empty echo, another granularity, and the member's own spelling of the same thing do not.
Framework v2.1.1, sections/beaconResponseMeta.json.
"""

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

import msgspec

from aggregator.model.allele import BASES, Allele, canonical_allele
from aggregator.model.genome import MITOCHONDRION, GenomeError, parse_assembly, parse_chromosome
from aggregator.model.query import GENOMIC_VARIANT
from aggregator.protocol.entry_types import entry_type_of_schema
from aggregator.protocol.surface import ENTRY_TYPES
from aggregator.protocol.v2_echo_filters import NOT_TOLD, filters_differ
from aggregator.protocol.variant_types import same_type
from aggregator.protocol.wire import Request
from aggregator.text.hgvs import parse_genomic
from registry.models import Dialect

_NUMBER: Final = re.compile(r"\d{1,12}")
_NESTS: Final = ("g_variant", "g_variants", "genomicVariant", "genomicVariation", "variant")
_BASES_OF: Final = ("referenceBases", "alternateBases")
_OF_ALLELE: Final = frozenset({"start", "end", *_BASES_OF})
_SHORT_FORM: Final = "genomicAlleleShortForm"
_NEAR: Final = 1_000
"""How far, in bases, the position of a translated name may lie from the one it names: indels are
anchored and aligned in different ways."""


def contradiction(
    meta: Any, request: Request, dialect: Dialect, expected: Collection[str] = (GENOMIC_VARIANT,)
) -> str | None:
    """Say how the echo contradicts the question; None if it does not.

    `expected` are the entry types the answer may be about, the one asked for first.
    """
    if not isinstance(meta, dict):
        return None
    summary = _summary(meta)
    for schemas in (meta.get("returnedSchemas"), summary.get("requestedSchemas")):
        if (other := _other_entry_type(schemas, expected)) is not None:
            asked = _in_words(next(iter(expected)))
            return f"the answer is about {_in_words(other)}, the question was about {asked}"
    echoed = _echoed(summary, dialect)
    if not echoed and not summary.get("filters"):
        return None
    sent = _under_our_names(_sent(request), dialect)
    if filters_differ(sent.get("filters"), summary.get("filters")):
        return "the answer is to another question: its echo names other filters"
    if _is_another_variant(sent, echoed):
        return "the answer is to another question: its echo names parameters that were not sent"
    for name in [name for name in _SAME if name in echoed and name in sent]:
        ours, told = _values(sent[name]), _values(echoed[name])
        if not ours or not told or _SAME[name](ours, told):
            continue
        if name not in _OF_ALLELE or not _names_same_allele(sent, echoed):
            # The value stays out of the message: it may be somebody else's question.
            return f"the answer is to another question: its echo differs in {name}"
    return None


def shows_variant(meta: Any, request: Request, dialect: Dialect) -> bool:
    """Whether the echo repeats at least one parameter of the variant that was sent.

    The assembly alone names no variant, nor do positions that are all zero.
    """
    if not isinstance(meta, dict):
        return False
    sent, echoed = _under_our_names(_sent(request), dialect), _echoed(_summary(meta), dialect)
    for name, same in _SAME.items():
        ours, told = _values(sent.get(name)), _values(echoed.get(name))
        is_told = bool(ours and told) and (any(text.strip("0") for text in told) or ours == told)
        if name != "assemblyId" and is_told and same(ours, told):
            return True
    return False


def _names_same_allele(sent: Mapping[str, Any], echoed: Mapping[str, Any]) -> bool:
    """Whether the echo is the allele that was sent in another spelling, as networks trim them."""
    ours, theirs = _allele(sent), _allele(echoed)
    return ours is not None and ours == theirs


def _allele(parameters: Mapping[str, Any]) -> Allele | None:
    start, bases = _values(parameters.get("start")), [parameters.get(name) for name in _BASES_OF]
    if len(start) != 1 or not _NUMBER.fullmatch(start[0]):
        return None
    reference, alternate = (one.upper() if isinstance(one, str) else None for one in bases)
    if reference is None or alternate is None or reference == alternate:
        return None
    if not (BASES.fullmatch(reference) and BASES.fullmatch(alternate)):
        return None
    return canonical_allele(int(start[0]), reference, alternate)


def _summary(meta: Mapping[str, Any]) -> dict[str, Any]:
    summary = meta.get("receivedRequestSummary")
    return summary if isinstance(summary, dict) else {}


def _echoed(summary: Mapping[str, Any], dialect: Dialect) -> dict[str, Any]:
    told = _parameters(summary.get("requestParameters") or summary.get("req_params"))
    return _under_our_names(told, dialect)


def _under_our_names(parameters: Mapping[str, Any], dialect: Dialect) -> dict[str, Any]:
    if not dialect.rename:
        return dict(parameters)
    names = {theirs: ours for ours, theirs in dialect.rename.items()}
    return {names.get(name, name): value for name, value in parameters.items()}


def _other_entry_type(schemas: Any, expected: Collection[str]) -> str | None:
    """Give a known entry type that is named where none of the expected is."""
    if isinstance(schemas, dict):
        schemas = [schemas]
    if not isinstance(schemas, list):
        return None
    named = [name for one in schemas if (name := entry_type_of_schema(one)) is not None]
    return named[0] if named and not set(expected) & set(named) else None


def _in_words(entry_type: str) -> str:
    known = ENTRY_TYPES.get(entry_type)
    return known.name.lower() if known else entry_type


def _is_another_variant(sent: Mapping[str, Any], echoed: Mapping[str, Any]) -> bool:
    """Whether the echo tells a variant, and by none of the parameters that were sent.

    The assembly alone tells no variant.
    """
    told = {name for name in _SAME if name != "assemblyId" and _tells(name, echoed.get(name))}
    if not told or any(_values(sent.get(name)) for name in told):
        return False
    return not _is_translated(sent.get(_SHORT_FORM), echoed)


def _tells(name: str, value: Any) -> bool:
    """Whether a value is more than a server's default: zeros, or bases that may be any."""
    padding = "Nn" if name in _BASES_OF else "0"
    return any(text.strip(padding) for text in _values(value))


def _is_translated(short_form: Any, echoed: Mapping[str, Any]) -> bool:
    """Whether the echo may be the place of an allele that was asked for by name.

    Networks of this kind translate genomic names where they hold the reference sequence. What
    place a name on a transcript has is not known here.
    """
    start = _values(echoed.get("start"))
    if not isinstance(short_form, str) or not start or not _NUMBER.fullmatch(start[0]):
        return False
    try:
        change = parse_genomic(short_form)
    except GenomeError:
        change = None
    if change is None:
        return True
    chromosome = _chromosome(",".join(_values(echoed.get("referenceName"))))
    is_there = abs(int(start[0]) - change.start0) <= _NEAR
    return chromosome in {change.chromosome, None} and is_there


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
    asked = {key: value for key, value in query.items() if key != "requestParameters"}
    return asked | _parameters(query.get("requestParameters"))


def _values(value: Any) -> list[str]:
    """Give the values of a parameter as texts; empty for what stands for "not told"."""
    items = value if isinstance(value, list) else [value]
    if isinstance(value, str):
        items = value.strip("[] ").split(",")
    texts = [str(item).strip() for item in items if isinstance(item, (str, int, float))]
    return [text for text in texts if text.lower() not in NOT_TOLD]


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
    _SHORT_FORM: _same_by(str.casefold),
}
