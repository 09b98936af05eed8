"""Documents drawn from the official schemas themselves, and documents with one thing changed.

A drawn document holds members that no example shows, so that nothing the schemas say of them goes
untried. Everything follows from the `Random` it is given.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from random import Random
from typing import Any, Final, TypeAlias
from urllib.parse import urljoin

from tests.official import Official, Schema

Place: TypeAlias = tuple[str | int, ...]

_BY_PATTERN: Final[Mapping[str, tuple[str, ...]]] = {
    r"^\w[^:]+:.+$": ("NCIT:C16576", "ab:c", "CUSTOM:x y"),
    r"^(clinvar:)?\d+$": ("clinvar:12", "7"),
    r"^([ACGTUNRYSWKMBDHV\-\.]*)$": ("", "ACGT", "N", "-"),
    "^([ACGTN]+)$": ("A", "ANNT"),
    "^([ACGT]+|N)$": ("ACG", "N"),
}
_BY_FORMAT: Final[Mapping[str, tuple[str, ...]]] = {
    "uri": ("https://example.org/a?b=c#d", "urn:a:b"),
    "uri-template": ("https://example.org/{id}/x", "/a/{id}"),
    "date-time": ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05.123+01:00"),
}


def drawn(schemas: Official, root: Schema, chance: Random, *, share: float = 0.6) -> Any:
    """Draw a document that fits a schema, as far as its parts do not contradict each other.

    `share` is how likely a member is there that need not be; 1 also fills every list.
    """
    return _Drawing(schemas, chance, share).value("", root)


@dataclass(frozen=True, slots=True)
class _Drawing:
    schemas: Official
    chance: Random
    share: float

    def value(self, base: str, schema: Schema) -> Any:
        base, schema = self._followed(base, schema)
        for choice in ("oneOf", "anyOf"):
            if choice in schema:
                return self.value(base, self.chance.choice(schema[choice]))
        kind = schema.get("type", "string" if "enum" in schema else "object")
        if kind == "object":
            return self._object(base, schema)
        if kind == "array":
            least = schema.get("minItems", 0)
            several = 1 if self.share == 1 else self.chance.choice((least, 1, 2))
            return [self.value(base, schema["items"]) for _ in range(several)]
        return self._leaf(kind, schema)

    def _followed(self, base: str, schema: Schema) -> tuple[str, Schema]:
        while "$ref" in schema:
            url, _, pointer = urljoin(base, schema["$ref"]).partition("#")
            target: Any = self.schemas.documents.get(url, self.schemas.roots.get(url))
            for part in pointer.split("/")[1:]:
                target = target[part]
            base, schema = url, target
        return base, schema

    def _object(self, base: str, schema: Schema) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for part in schema.get("allOf", ()):
            if part:
                made |= self.value(base, part)
        for name, member in schema.get("properties", {}).items():
            if name in schema.get("required", ()) or self.chance.random() < self.share:
                made[name] = self.value(base, member)
        others = schema.get("additionalProperties")
        if isinstance(others, dict):
            made |= {name: self.value(base, others) for name in ("one", "a/b~c")}
        if len(made) < schema.get("minProperties", 0):
            made["any"] = "thing"
        return made

    def _leaf(self, kind: str, schema: Schema) -> Any:
        if "enum" in schema:
            return self.chance.choice(schema["enum"])
        if kind == "boolean":
            return self.chance.random() < 0.5
        if kind in {"integer", "number"}:
            wholes = (0, 1, 1.0, 17)
            fractions = (0.5, 0.25) if kind == "number" else ()
            return min(self.chance.choice(wholes + fractions), schema.get("maximum", 17))
        told = _BY_PATTERN.get(schema.get("pattern", ""))
        return self.chance.choice(told or _BY_FORMAT.get(schema.get("format", ""), ("one", "")))


def places(document: object, above: Place = ()) -> Iterator[Place]:
    """Give the place of every value in a document, the document itself first."""
    yield above
    items: Any = ()
    if isinstance(document, dict):
        items = document.items()
    elif isinstance(document, list):
        items = enumerate(document)
    for step, held in items:
        yield from places(held, (*above, step))


def without(document: Any, place: Place) -> Any:
    """Leave a value out of a document; the whole document is left empty."""
    if not place:
        return {}
    document = deepcopy(document)
    del _holder(document, place)[place[-1]]
    return document


def with_value(document: Any, place: Place, value: object) -> Any:
    """Put a value into a document in the place of another."""
    if not place:
        return value
    document = deepcopy(document)
    _holder(document, place)[place[-1]] = value
    return document


def spoilt(document: Any, done: set[object]) -> Iterator[tuple[Any, str]]:
    """Give every way to spoil one value of a document, and in words what was done where.

    A value like one in the same place of a document before, as `done` remembers, is left alone.
    """
    for place in places(document):
        held = _holder(document, place)[place[-1]] if place else document
        members = tuple(held) if isinstance(held, dict) else ()
        alike = (tuple(0 if isinstance(step, int) else step for step in place), type(held), members)
        if alike in done:
            continue
        done.add(alike)
        yield without(document, place), f"{place} left out"
        for value in (None, *_spoilt(held)):
            yield with_value(document, place, value), f"{place} made {value!r:.60}"


def _spoilt(value: object) -> tuple[Any, ...]:
    if isinstance(value, str):
        return "!", 7
    if isinstance(value, bool):
        return "true", 1
    if isinstance(value, int | float):
        return -1, 1.5, 2**70, True
    if isinstance(value, dict):
        return {}, value | {"extra": 1}, "!"
    return [], {}, "!"


def _holder(document: Any, place: Place) -> Any:
    for step in place[:-1]:
        document = document[step]
    return document


_WRONG: Final[tuple[Any, ...]] = (
    *(None, True, False, 0, 1, -1, 1.0, 1.5, -0.0, 0.5, 1.5e300, 10**400, -(10**30)),
    *(2**31, 2**31 - 1, -(2**31) - 1, 2**63, 2**63 - 1, float(2**63), float("nan"), float("inf")),
    *("", "x", "ALL", "all", "record", "PROD", "true", "1", "ACGT", "acgt", "N", "ACGT\n", "MT"),
    *("NCIT:C16576", ":C1", "a:b", "ab:", "ab:c\n", "é:x", "éa:x", "12", "٣", "clinvar:x"),
    *("https://example.org", "https://a b", "//a/b", "a:ü", "/a/{id}", "/a/{", "mailto:a@b.org"),
    *("https://[::1]/", "https://a/%zz", "2026-01-02", "2026-01-02T03:04:05Z", "\ud800"),
    *("2026-02-30T03:04:05Z", "2026-01-02t03:04:05z", "2026-01-02T03:04:60Z", "Allele", "SINGLE"),
    *("CopyNumberCount", "SequenceLocation", "benign", "beacon-defined"),
    *([], {}, [[]], [{}], {"": ""}, [None], ["x"], {"id": "NCIT:C1"}, {"type": "Allele"}),
    *({"iso8601duration": "P1Y"}, {"weeks": 3}, {"start": 1}, {"unit": {"id": "UO:1"}, "value": 1}),
)
"""Values that are wrong in most places and right in some."""


def changed(document: Any, chance: Random) -> tuple[Any, Place, str]:
    """Change one thing of a document; give it, the place, and in words what was done there."""
    place = chance.choice(list(places(document)))
    if place and chance.random() < 0.3:
        return without(document, place), place, "left out"
    held = _holder(document, place)[place[-1]] if place else document
    value, told = _replaced(held, chance)
    return with_value(document, place, deepcopy(value)), place, told


def _replaced(value: Any, chance: Random) -> tuple[Any, str]:
    kind = chance.randrange(8)
    if kind == 0:
        return [value], "put into a list"
    if kind == 1:
        return {"value": value}, "put into an object"
    if kind == 2 and isinstance(value, dict):
        other = chance.choice(_WRONG)
        name = chance.choice(["extra", "info", "id", "start", "iso8601duration", "weeks", "type"])
        return value | {name: other}, f"given {name}: {other!r:.40}"
    if kind == 3 and isinstance(value, list):
        other = chance.choice(_WRONG)
        return [*value, other], f"given the item {other!r:.40}"
    if kind == 4 and isinstance(value, dict | list | str):
        return type(value)(), "emptied"
    if kind == 5 and isinstance(value, str):
        return chance.choice([f" {value}", f"{value}\n", value.upper(), value[:2]]), "respelt"
    other = chance.choice(_WRONG)
    return other, f"made {other!r:.40}"
