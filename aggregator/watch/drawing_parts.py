"""How the parts of a drawing refer to each other: what draws itself, or unfolds to millions.

A few lines can draw for hours: a pattern filled with patterns, copies of copies. Each part that has
an id, and each class of its style sheets, is a place here; a part leads to what it holds and to
what it refers to.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from typing import Final
from urllib.parse import unquote

MAX_DRAWN: Final = 100_000
"""The most elements that are drawn when every reference is followed."""
STEP: Final = 100
"""For how many elements a step of a filter counts, each time the filter is applied."""

# none of these goes back: what they read may be half a megabyte made to be read for hours
_REFERENCE: Final = re.compile(r"url\(\s*+[\"']?+\s*+#([^\"')]*+)", re.I)
_STEP: Final = re.compile(r"[\s>+~]+")
_NAMED: Final = re.compile(r"[\w-]*+([.#][\w-]++)[\w.#-]*+")
_NO_STEPS: Final = ("femergenode", "fefunc", "fedistantlight", "fepointlight", "fespotlight")
"""Parts of steps of filters."""
_REPEATED: Final = frozenset({"pattern", "marker"})
"""Elements that are drawn again and again where they are referred to."""
_UNSEEN: Final = frozenset({"lineargradient", "radialgradient", "filter"})
"""Elements whose inside is not drawn, so that nothing in it can refer to them."""
_ROOT: Final = "#"
_ANY: Final = "*"


class Parts:
    """What was seen of the parts of a drawing so far."""

    def __init__(self) -> None:
        self._open: list[str] = [_ROOT]
        """The place each open element belongs to."""
        self._sizes: Counter[str] = Counter()
        self._leads: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._inherits: set[tuple[str, str]] = set()
        """Patterns that take over another's content: they are no pattern in a pattern."""
        self._kinds: dict[str, str] = {}
        self._rules = 0

    def open(self, local: str, attributes: Mapping[str, str]) -> None:
        """Take in an element that begins; its name is in small letters."""
        told = {name.rpartition(" ")[2].lower(): value for name, value in attributes.items()}
        above = place = self._open[-1]
        if own := told.get("id", "").strip():
            place = f"#{own}"
            self._kinds.setdefault(place, local)  # the first of an id is meant
            if place != above:
                self._leads[above][place] += 1
        self._open.append(place)
        self._sizes[place] += STEP if is_step(local) else 1
        for name in told.get("class", "").split():
            self._leads[place][f".{name}"] += 1
        if local != "a" and (target := _target(told.get("href", ""))) != _ROOT:
            self._leads[place][target] += 1
            if local in _REPEATED:
                self._inherits.add((place, target))
        for value in told.values():
            if "(" in value:
                self._leads[place].update(_references(value))

    def close(self) -> None:
        """Take in that the innermost element ends."""
        self._open.pop()

    def style(self, sheet: str) -> None:
        """Take in a style sheet: what elements of a class or id refer to by it."""
        for piece in _without_comments(sheet).split("}"):
            *outer, body = piece.split("{")
            found = Counter(_references(body))
            for text in outer:  # of rules that hold rules
                self._leads[_ANY].update(_references(text))
            if not found:
                continue
            self._rules += 1
            rule = f"{{{self._rules}"
            self._leads[rule] = found
            for selector in {*(outer[-1].split(",") if outer else [_ANY])}:
                named = _NAMED.fullmatch(_STEP.split(selector.strip())[-1])
                self._leads[named[1] if named else _ANY][rule] += 1

    def is_endless(self) -> bool:
        """Whether a part draws itself, repeats what repeats, or all is too much to draw."""
        of_any = {one for one in self._of_any() if one in self._kinds}
        if any(self._kinds[one] not in _UNSEEN for one in of_any):
            return True  # a rule for elements of every kind is one for those inside, too
        everything = self._sizes.total()
        self._leads[_ROOT].update(
            {one: everything for one in of_any if self._kinds[one] == "filter"}
        )
        drawn: dict[str, int] = {}
        repeats: dict[str, int] = {}
        for place in self._innermost_first():
            size, nested = self._sizes[place], 0
            for target, count in self._leads.get(place, {}).items():
                if target not in drawn:
                    continue  # there is no such part
                size += count * drawn[target]
                is_inherited = (place, target) in self._inherits
                nested = max(nested, repeats[target] - is_inherited)
            drawn[place] = min(size, MAX_DRAWN + 1)
            repeats[place] = nested + (self._kinds.get(place) in _REPEATED)
            if size > MAX_DRAWN or repeats[place] > 1:
                return True
        return len(drawn) < len(self._places())

    def _of_any(self) -> set[str]:
        """Give what rules refer to that are neither for a class nor for an id."""
        told = self._leads.pop(_ANY, Counter())
        return {*told}.union(*(self._leads[one] for one in told if one.startswith("{")))

    def _places(self) -> set[str]:
        return {*self._sizes, *self._leads}

    def _innermost_first(self) -> Iterator[str]:
        """Give every place after all it leads to; those of a circle not at all."""
        places = self._places()
        left = {one: len(places & self._leads.get(one, {}).keys()) for one in places}
        led_from: defaultdict[str, list[str]] = defaultdict(list)
        for one in places:
            for target in self._leads.get(one, ()):
                led_from[target].append(one)
        ready = [one for one, count in left.items() if not count]
        while ready:
            place = ready.pop()
            yield place
            for one in led_from[place]:
                left[one] -= 1
                if not left[one]:
                    ready.append(one)


def is_step(local: str) -> bool:
    """Whether an element, by its name in small letters, is a step of a filter."""
    return local.startswith("fe") and not local.startswith(_NO_STEPS)


def _without_comments(sheet: str) -> str:
    kept, *rest = sheet.split("/*")
    return " ".join([kept, *(one.partition("*/")[2] for one in rest)])


def _references(text: str) -> Iterator[str]:
    found = (_target(f"#{one}") for one in _REFERENCE.findall(text))
    return (one for one in found if one != _ROOT)


def _target(address: str) -> str:
    """Give the place an address within the drawing means; browsers decode it."""
    return "#" + unquote(address.strip().removeprefix("#")).strip()
