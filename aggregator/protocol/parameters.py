"""Loosely typed parameters of a request, read into values with every problem noted.

Numbers may be strings, scalars may be lists of one, lists may be comma lists.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from aggregator.model.fields import VariantFields
from aggregator.model.query import Query

MAX_VALUES: Final = 1_000
"""The most values of one list parameter."""

ALIASES: Final = {
    "datasets": "datasetIds",
    "geneid": "geneId",
    "allele": "genomicAlleleShortForm",
    "aminoAcidChange": "aminoacidChange",
}
TEXTS: Final = {
    "assemblyId": "assembly",
    "referenceName": "chromosome",
    "referenceBases": "reference",
    "alternateBases": "alternate",
    "variantType": "variant_type",
    "geneId": "gene",
    "aminoacidChange": "amino_acid_change",
    "genomicAlleleShortForm": "short_form",
    "mateName": "mate",
}
LENGTHS: Final = {"variantMinLength": "min_length", "variantMaxLength": "max_length"}
POSITIONS: Final = ("start", "end")
IGNORED: Final = {
    "$schema",
    "meta",
    "query",
    "apiVersion",
    "requestedSchema",
    "requestedSchemas",
    "currentPage",
    "nextPage",
    "previousPage",
}
NETWORK_CONTROLS: Final = frozenset({"wait", "partial", "ask", "group"})
"""Parameters of the network itself, read by the HTTP layer."""


@dataclass(frozen=True, slots=True)
class ReadQuery:
    """A question as read: with problems it must not be asked, with warnings it may."""

    query: Query
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


class ParameterReader:
    """Collects typed values and problems from loosely typed parameters."""

    def __init__(self, parameters: Mapping[str, Any]) -> None:
        self.parameters = parameters
        self.problems: list[str] = []
        self.warnings: list[str] = []

    def text(self, name: str, *, keep_empty: bool = False) -> str | None:
        """Read one text; an empty one counts as absent unless kept."""
        value = self._single(name)
        if value is None:
            return None
        if isinstance(value, (dict, list, bool)):
            self.problems.append(f"{name}: expected text")
            return None
        text = str(value).strip()
        return text if text or keep_empty else None

    def integer(self, name: str) -> int | None:
        """Read one whole number."""
        value = self._single(name)
        if value is None or value == "":
            return None
        number = _integer(value)
        if number is None:
            self.problems.append(f"{name}: “{_short(value)}” is not a whole number")
        return number

    def integers(self, name: str) -> tuple[int, ...]:
        """Read a list of whole numbers."""
        values = [v for v in flatten(self.parameters.get(name)) if v not in ("", None)]
        numbers = [_integer(value) for value in values[:MAX_VALUES]]
        for value, number in zip(values, numbers, strict=False):
            if number is None:
                self.problems.append(f"{name}: “{_short(value)}” is not a whole number")
        return tuple(number for number in numbers if number is not None)

    def texts(self, name: str) -> tuple[str, ...]:
        """Read a list of texts without repetitions."""
        found: list[str] = []
        for value in flatten(self.parameters.get(name)):
            if isinstance(value, (dict, list, bool)):
                self.problems.append(f"{name}: expected texts")
                return ()
            if str(value).strip():
                found.append(str(value).strip())
        if len(found) > MAX_VALUES:
            self.problems.append(f"{name}: more than {MAX_VALUES} values")
            return ()
        return tuple(dict.fromkeys(found))

    def choice(self, name: str, choices: Sequence[str]) -> str | None:
        """Read one of some words, in any case."""
        value = self.text(name)
        if value is None:
            return None
        for one in choices:
            if one.lower() == value.lower():
                return one
        self.problems.append(f"{name}: “{_short(value)}” is none of {', '.join(choices)}")
        return None

    def flag(self, name: str) -> bool:
        """Read true or false, as JSON or as text."""
        value = self._single(name)
        if isinstance(value, bool):
            return value
        text = str(value or "").strip().lower()
        if text in {"", "false", "0", "no"}:
            return False
        if text in {"true", "1", "yes"}:
            return True
        self.problems.append(f"{name}: “{_short(value)}” is neither true nor false")
        return False

    def _single(self, name: str) -> Any:
        value = self.parameters.get(name)
        if isinstance(value, list):
            if len(value) > 1:
                self.problems.append(f"{name}: given {len(value)} times, once is meant")
            value = value[0] if value else None
        return value


def variant_fields(reader: ParameterReader) -> VariantFields:
    """Read the variant's parameters under their Beacon v2 names."""
    fields = VariantFields(start=reader.integers("start"), end=reader.integers("end"))
    for name, attribute in TEXTS.items():
        keep_empty = name in {"referenceBases", "alternateBases"}
        setattr(fields, attribute, reader.text(name, keep_empty=keep_empty))
    for name, attribute in LENGTHS.items():
        setattr(fields, attribute, reader.integer(name))
    if not fields.reference and not fields.alternate:
        # a form that was not filled in
        fields.reference = fields.alternate = None
    return fields


def warn_unknown(reader: ParameterReader, known: Iterable[str]) -> list[str]:
    """Warn of parameters that nobody reads, and give them: they are never silently dropped."""
    allowed = {*known, *IGNORED, *NETWORK_CONTROLS}
    unknown = sorted(_short(name) for name in reader.parameters if name not in allowed)
    if unknown:
        names = ", ".join(unknown[:10])
        more = f" and {len(unknown) - 10} more" if len(unknown) > 10 else ""
        reader.warnings.append(f"unknown parameters were ignored: {names}{more}")
    return unknown


def flatten(value: Any) -> list[Any]:
    """Make one list of a scalar, a list, a comma list or lists of them."""
    if value is None:
        return []
    if isinstance(value, list):
        return [one for item in value for one in flatten(item)]
    if isinstance(value, str):
        return [part.strip() for part in value.split(",")]
    return [value]


def _integer(value: Any) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value if abs(value) < 2**53 else None
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) < 2**53 else None
    if isinstance(value, str):
        digits = value.strip()
        body = digits[1:] if digits[:1] in {"-", "+"} else digits
        if body.isascii() and body.isdigit() and len(body) <= 15:
            return int(digits)
    return None


def _short(value: object) -> str:
    clean = "".join(c for c in str(value) if c.isprintable())
    return clean if len(clean) <= 40 else clean[:40] + "…"
