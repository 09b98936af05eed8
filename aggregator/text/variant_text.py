"""Understand what people type or paste into the search box, as Beacon v2 parameters.

Positions are typed 1-based; only SPDI is 0-based by definition. Whatever could be read in two
ways is refused with the way out: a misread question is a wrong answer.
"""

import re
from typing import Final, TypedDict, final

from aggregator.model.genome import GenomeError, parse_assembly
from aggregator.text.descriptions import read_description
from aggregator.text.genes import GENE, read_gene
from aggregator.text.locus import read_locus
from aggregator.text.reading import Frame, Leftover, Misread, Refusal, Understood, shorten
from aggregator.text.refusals import refuse_identifier, refuse_named_allele, refuse_rest
from aggregator.text.tidying import several, split_assembly, tidy

# The types of the answer belong to this module for its callers, though its readers share them.
__all__ = [
    "Misread",
    "MisreadText",
    "ParsedText",
    "Understood",
    "UnderstoodText",
    "parse",
    "understand",
]

_NOTHING_TYPED: Final = Misread(
    "Type a variant, a region or a gene.", "For example 1 : 13272 G > C"
)
_BETWEEN_QUESTIONS: Final = tuple(
    # A comma between the digits of thousands separates no questions.
    map(re.compile, (r" ?; ?", r" ?,(?![0-9]{3}(?![0-9])) ?", r" and ", r" "))
)
_MAX_PIECES: Final = 6
"""How many questions of a list are looked at to know that it is one."""


@final
class UnderstoodText(TypedDict):
    """A text that is a question, as plain data."""

    input: str
    assembly: str
    kind: str
    parameters: dict[str, object]
    notes: list[str]


@final
class MisreadText(TypedDict):
    """A text that is none, as plain data."""

    input: str
    assembly: str
    error: str
    hint: str


ParsedText = UnderstoodText | MisreadText
"""What `parse` gives; `"error" in parsed` tells the two apart."""


def parse(text: str, assembly: str) -> ParsedText:
    """Understand a text as plain data for the page; `assembly` is the one chosen beside the box."""
    understood = understand(text, assembly)
    if isinstance(understood, Misread):
        return {
            "input": text,
            "assembly": assembly,
            "error": understood.error,
            "hint": understood.hint,
        }
    return {
        "input": text,
        "assembly": assembly,
        "kind": understood.kind,
        "parameters": dict(understood.parameters),
        "notes": list(understood.notes),
    }


def understand(text: str, assembly: str) -> Understood | Misread:
    """Read a text as one question; a text that is none is an expected outcome, not an error."""
    try:
        chosen = parse_assembly(assembly)
        typed, body = split_assembly(tidy(text))
        if not body:
            return _NOTHING_TYPED
        return _read_one(body, Frame(chosen, typed))
    except GenomeError as unknown:
        return Misread(unknown.message, unknown.hint)
    except Refusal as refusal:
        return Misread(refusal.error, refusal.hint)


def _read_one(body: str, frame: Frame) -> Understood:
    try:
        return _read(body, frame)
    except Leftover:
        if first := _first_of_several(body, frame):
            raise several(shorten(first)) from None
        raise


def _read(body: str, frame: Frame) -> Understood:
    refuse_identifier(body)
    if description := read_description(body, frame):
        return description
    refuse_named_allele(body)
    if question := read_locus(body, frame) or read_gene(body):
        return question
    raise refuse_rest(body)


def _first_of_several(body: str, frame: Frame) -> str | None:
    """Give the first question if the text is a list of them."""
    for separator in _BETWEEN_QUESTIONS:
        pieces = [piece for piece in separator.split(body) if piece]
        looked_at = pieces[:_MAX_PIECES]
        if len(pieces) > 1 and all(_is_question(piece, frame) for piece in looked_at):
            return pieces[0]
    return None


def _is_question(piece: str, frame: Frame) -> bool:
    try:
        understood = _read(piece, frame)
    except (GenomeError, Refusal):
        return False
    # Any word could be a gene; in a sentence only those written like one are.
    return understood.kind != GENE or piece == understood.parameters["geneId"]
