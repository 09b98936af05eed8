"""The vocabulary in which the specification's documents are written down: what fits, what is wrong.

It says what the JSON Schemas of the specification can say, with the same verdict: 1.0 is a whole
number, true is no number, null is no absence, an unknown member is allowed unless the object is
closed, and exactly one of several alternatives has to fit. A shape looks only at places it knows,
so neither depth nor size of a hostile document costs more than reading it once.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final, Protocol, TypeAlias

from aggregator.watch.conformance.shape_faults import (
    MISSING,
    Fault,
    Given,
    folded,
    number,
    quoted,
    wrong_type,
)

MOST_FAULTS: Final = 1_000
"""Faults looked for in one list or object: a document with more is judged no further there."""

Faults: TypeAlias = Sequence[Fault]
_FITS: Final[Faults] = ()
_EMPTY: Final = "is an empty object"


class Shape(Protocol):
    """What a value has to be."""

    @property
    def expected(self) -> str:
        """Say in a few words what the specification wants."""

    def faults(self, value: object) -> Faults:
        """Give all that is wrong with a value; nothing if it fits."""


class Form(Shape, Protocol):
    """A shape that can be one of several alternatives."""

    def likeness(self, value: Mapping[str, object]) -> float:
        """Tell how far an object has the members this form demands, from 0 to 1."""


@dataclass(frozen=True, slots=True)
class Text:
    """A text, any or one that passes a test."""

    expected: str = "text"
    passes: Callable[[str], object] | None = None
    what: str = ""
    """What a text that does not pass is not, such as `a complete address`."""

    def faults(self, value: object) -> Faults:
        """Give what is wrong with a value."""
        if not isinstance(value, str):
            return wrong_type(value, "text", self.expected)
        if self.passes is None or self.passes(value):
            return _FITS
        told = f"is {quoted(value)}" if value else "is empty"
        return (Fault(f"{told}, which is not {self.what}", self.expected),)


@dataclass(frozen=True, slots=True)
class Truth:
    """True or false."""

    expected: str = "true or false"

    def faults(self, value: object) -> Faults:
        """Give what is wrong with a value."""
        return _FITS if isinstance(value, bool) else wrong_type(value, self.expected, self.expected)


@dataclass(frozen=True, slots=True)
class Number:
    """A number, within bounds if it has some."""

    expected: str = "a number"
    minimum: float | None = None
    maximum: float | None = None

    def faults(self, value: object) -> Faults:
        """Give what is wrong with a value."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            return wrong_type(value, "a number", self.expected)
        return _bounded(value, self.minimum, self.maximum, self.expected)


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number, written 1 or 1.0, within bounds if it has some."""

    expected: str = "a whole number"
    minimum: int | None = None
    bits: int | None = None
    """The size of the signed integer it has to fit in."""

    def faults(self, value: object) -> Faults:
        """Give what is wrong with a value."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            return wrong_type(value, "a whole number", self.expected)
        if isinstance(value, float) and not value.is_integer():
            return wrong_type(value, "a whole number", self.expected)
        if self.bits is not None and isinstance(value, int):
            bound = 1 << (self.bits - 1)
            if not -bound <= value < bound:
                told = f"is {number(value)}, which does not fit in {self.bits} bits"
                return (Fault(told, self.expected),)
        return _bounded(value, self.minimum, None, self.expected)


class ListOf:
    """A list whose items all fit one shape; the same fault of many items is told once."""

    def __init__(self, item: Shape, *, at_least: int = 0) -> None:
        self._item = item
        self._at_least = at_least
        some = f"a list of {at_least} or more" if at_least else "a list"
        self.expected = f"{some}; each item: {item.expected}"

    def faults(self, value: object) -> Faults:
        """Give what is wrong with a value."""
        if not isinstance(value, list):
            return wrong_type(value, "a list", self.expected)
        if len(value) < self._at_least:
            told = f"has fewer than {self._at_least} items" if value else "is an empty list"
            return (Fault(told, self.expected),)
        judge = self._item.faults
        seen = (fault.below(place) for place, item in enumerate(value) for fault in judge(item))
        found = list(islice(seen, MOST_FAULTS))
        return folded(found) if found else _FITS


class Object:
    """An object with members that have to be there and members that may be.

    What else it may hold is open, unless `others` is the shape of all other members, or the object
    `is_closed`. One that `is_loose` is judged only if it is an object: the schema forgot to say so.
    """

    def __init__(
        self,
        expected: str,
        *,
        required: Mapping[str, Shape] | None = None,
        optional: Mapping[str, Shape] | None = None,
        others: Shape | None = None,
        at_least: int = 0,
        is_closed: bool = False,
        is_loose: bool = False,
        source: str = "",
    ) -> None:
        self.expected = expected
        self.source = source
        self.required: Mapping[str, Shape] = dict(required or {})
        self.optional: Mapping[str, Shape] = dict(optional or {})
        self.others = others
        self.is_closed = is_closed
        self._at_least = at_least
        self._is_loose = is_loose
        self._members = {**self.required, **self.optional}

    def likeness(self, value: Mapping[str, object]) -> float:
        """Tell how far an object has the members this form demands, from 0 to 1."""
        demanded = len(self.required)
        return sum(name in value for name in self.required) / demanded if demanded else 0.0

    def faults(self, value: object) -> Faults:
        """Give what is wrong with a value."""
        if not isinstance(value, dict):
            if self._is_loose:
                return _FITS
            return wrong_type(value, "an object", self.expected, self.source)
        found: list[Fault] = []
        if len(value) < self._at_least:
            found.append(Fault(_EMPTY, self.expected, (), self.source))
        for name, shape in self._members.items():
            if name in value:
                if faults := shape.faults(value[name]):
                    found += [fault.below(name, self.source) for fault in faults]
            elif name in self.required:
                found.append(Fault(MISSING, shape.expected, (name,), self.source))
        if self.is_closed or self.others is not None:
            self._judge_others(value, found)
        return found[:MOST_FAULTS]

    def _judge_others(self, value: Mapping[str, object], found: list[Fault]) -> None:
        for name, held in value.items():
            if name in self._members:
                continue
            if len(found) >= MOST_FAULTS:
                return
            if self.others is not None:
                given = Given(name)
                found += [one.below(given, self.source) for one in self.others.faults(held)]
            else:
                told = f"is not allowed here, only: {', '.join(self._members)}"
                found.append(Fault(told, "to be left out", (Given(name),), self.source))


class OneOf:
    """An object that has to fit exactly one of several forms.

    Of one that fits none, the faults are told of the form it seems to be meant as.
    """

    def __init__(self, expected: str, *forms: Form, source: str = "") -> None:
        self.expected = expected
        self._forms = forms
        self._source = source

    def likeness(self, value: Mapping[str, object]) -> float:
        """Tell how far an object has the members of the form most like it, from 0 to 1."""
        return max(form.likeness(value) for form in self._forms)

    def faults(self, value: object) -> Faults:
        """Give what is wrong with a value."""
        if not isinstance(value, dict):
            return wrong_type(value, "an object", self.expected, self._source)
        judged = [(form, form.faults(value)) for form in self._forms]
        fitting = [form for form, faults in judged if not faults]
        if len(fitting) == 1:
            return _FITS
        if fitting:
            both = " and ".join(form.expected for form in fitting)
            told = f"fits {len(fitting)} of the forms allowed here, has to fit one: {both}"
            return (Fault(told, self.expected, (), self._source),)
        meant, faults = min(judged, key=lambda one: (-one[0].likeness(value), len(one[1])))
        if meant.likeness(value) > 0:
            return faults
        told = "has none of the members that forms allowed here demand" if value else _EMPTY
        return (Fault(told, self.expected, (), self._source),)


def one_word_of(*words: str) -> Text:
    """Make the shape of a text that is one of these words."""
    listed = ", ".join(words)
    return Text(f"one of {listed}", frozenset(words).__contains__, "one of the words allowed here")


def matching(pattern: str, expected: str, what: str) -> Text:
    """Make the shape of a text in which a regular expression is found."""
    return Text(expected, re.compile(pattern).search, what)


def _bounded(value: float, minimum: float | None, maximum: float | None, expected: str) -> Faults:
    if minimum is not None and value < minimum:
        return (Fault(f"is {number(value)}, has to be {minimum} or more", expected),)
    if maximum is not None and value > maximum:
        return (Fault(f"is {number(value)}, has to be {maximum} or less", expected),)
    return _FITS
