"""Hints with their ways out as links: "Did you mean 17:43044295-43125483 ?" is one click."""

import re
from dataclasses import dataclass
from typing import Final

from aggregator.text.variant_text import Understood, understand

_ALLELE: Final = r"(?:[0-9]{1,2}|X|Y|MT)-[0-9]+-[ACGT]+-[ACGT]+"
_WAYS_OUT: Final = re.compile(
    rf"(?:Did you mean (?P<meant>.+?) \?)"
    rf"|(?:Start with (?P<first>.+)$)"
    rf"|(?:Write it as (?P<written>.+)$)"
    rf"|(?:give a range \((?P<range>[^()]+)\))"
    rf"|(?P<allele>{_ALLELE}) in (?P<assembly>GRCh3[78])"
)


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a hint; one with a `query` is a link to that search."""

    text: str
    query: str | None = None
    assembly: str | None = None


def linked(hint: str, assembly: str) -> tuple[Piece, ...]:
    """Split a hint so that corrected questions stand alone; only what is understood is one."""
    pieces: list[Piece] = []
    at = 0
    for match in _WAYS_OUT.finditer(hint):
        name = next(key for key, value in match.groupdict().items() if value is not None)
        text, chosen = match[name], match["assembly"] or assembly
        if not isinstance(understand(text, chosen), Understood):
            continue
        start, end = match.span(name)
        pieces += [Piece(hint[at:start]), Piece(text, text, chosen)]
        at = end
    pieces.append(Piece(hint[at:]))
    return tuple(piece for piece in pieces if piece.text)
