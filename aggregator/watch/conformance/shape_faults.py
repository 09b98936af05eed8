"""What is wrong with a value of a document, and how it is said in a few plain words.

A message may end up on a page or in a feed, so it repeats little of the document, and nothing of
it that cannot be printed.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

MISSING: Final = "is missing"
LONGEST_SHOWN: Final = 60
"""Characters of a document repeated at most, in a message or as one step of a path."""

_LONG: Final = "too large to write"
_Step: TypeAlias = str | int


class Given(str):
    """A name that the document chose, none of the specification."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Fault:
    """One value that is not what the specification wants, seen from some place above it."""

    message: str
    expected: str
    steps: tuple[_Step, ...] = ()
    """The way from the judged value down to the fault: names of members, places in lists."""
    source: str = ""
    """The schema that says so; empty until an object around the value names its own."""
    count: int = 1
    """In how many items of lists the same fault was seen."""

    def below(self, step: _Step, source: str = "") -> "Fault":
        """See the fault from the object or list that holds the judged value at `step`."""
        return Fault(
            self.message, self.expected, (step, *self.steps), self.source or source, self.count
        )

    @property
    def pointer(self) -> str:
        """The place of the fault as a JSON pointer; long or unprintable names are shortened."""
        return "".join(f"/{_escaped(step)}" for step in self.steps)

    @property
    def bare_pointer(self) -> str:
        """The same without names that the document chose: an ellipsis stands for each."""
        steps = ("…" if isinstance(step, Given) else step for step in self.steps)
        return "".join(f"/{_escaped(step)}" for step in steps)

    @property
    def alike(self) -> tuple[object, ...]:
        """What the same fault has in common in every item of a list."""
        places = (None if isinstance(step, int) else step for step in self.steps)
        return (self.message == MISSING, self.expected, *places)


def folded(faults: Iterable[Fault]) -> list[Fault]:
    """Keep the first of the faults that are the same in many items, with their number."""
    first: dict[tuple[object, ...], Fault] = {}
    counts: dict[tuple[object, ...], int] = {}
    for fault in faults:
        first.setdefault(fault.alike, fault)
        counts[fault.alike] = counts.get(fault.alike, 0) + fault.count
    return [
        Fault(fault.message, fault.expected, fault.steps, fault.source, counts[alike])
        for alike, fault in first.items()
    ]


def wrong_type(value: object, wanted: str, expected: str, source: str = "") -> Sequence[Fault]:
    """Say that a value is of another type than `wanted`, such as `a whole number`."""
    return (Fault(f"has to be {wanted}, is {called(value)}", expected, (), source),)


def called(value: object) -> str:
    """Name a JSON value: its type, and the value itself where it is short."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        told = number(value)
        return f"a number {told}" if told == _LONG else f"the number {told}"
    if isinstance(value, str):
        return f"the text {quoted(value)}" if value else "an empty text"
    if isinstance(value, dict):
        return "an object" if value else "an empty object"
    return "a list" if value else "an empty list"


def number(value: float) -> str:
    """Write a number in a few digits."""
    if isinstance(value, int) and value.bit_length() > 64:
        return _LONG  # Python refuses to write some of these at all
    return str(value)


def quoted(text: str) -> str:
    """Put the beginning of a member's text in quotation marks."""
    return f'"{_short(text)}"'


def _short(text: str) -> str:
    kept = text if len(text) <= LONGEST_SHOWN else f"{text[: LONGEST_SHOWN - 1]}…"
    return "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in kept)


def _escaped(step: _Step) -> str:
    return str(step) if isinstance(step, int) else _pointed(_short(step))


def _pointed(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")
