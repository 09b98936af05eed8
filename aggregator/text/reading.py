"""What the readers of typed text have in common: results, refusals, and the assembly at hand."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from aggregator.model.genome import (
    MITOCHONDRION,
    RCRS,
    Assembly,
    GenomeError,
    NamedAssembly,
    NamedChromosome,
    check_mitochondrion,
    parse_chromosome,
    refseq_accession,
)

MAX_ECHO: Final = 60
"""How much of somebody's text a message repeats, in characters."""

_LIKE_CHROMOSOME: Final = re.compile(
    r"[0-9]+|chr(?:omosome|om)?[ _]?(?:[0-9]|un).*|(?:refseq:)?NC_.*", re.IGNORECASE | re.ASCII
)


@dataclass(frozen=True, slots=True)
class Understood:
    """A text read as one question."""

    kind: str
    parameters: Mapping[str, object]
    """Beacon v2 request parameters; `start` and `end` are lists of 0-based positions."""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Misread:
    """A text that is no question: what is wrong with it, and what to do."""

    error: str
    hint: str


class Refusal(ValueError):
    """A text was recognised and cannot be asked; the reader that knows why raises it."""

    def __init__(self, error: str, hint: str = "") -> None:
        super().__init__(error)
        self.error = error
        self.hint = hint


class Leftover(Refusal):
    """Some of the text made no sense and nothing better is known: it may hold several questions."""


@dataclass(frozen=True, slots=True)
class Frame:
    """The assemblies a text is read in: the one chosen beside the box, and the one it names."""

    chosen: NamedAssembly
    typed: NamedAssembly | None = None

    @property
    def named(self) -> NamedAssembly:
        """The assembly that holds unless an accession says otherwise: the text wins."""
        return self.typed or self.chosen


@dataclass(frozen=True, slots=True)
class Place:
    """A chromosome of an assembly, and what the reader should be told about the choice."""

    chromosome: str
    assembly: Assembly
    notes: tuple[str, ...] = ()


def find_place(spelled: str, frame: Frame) -> Place:
    """Settle the chromosome and the assembly of a position.

    A note tells the assembly only where it is another one than was chosen beside the box. Raises
    `GenomeError` for an unknown chromosome and `Refusal` for a contradiction.
    """
    chromosome = parse_chromosome(spelled)
    if chromosome.assembly is not None:
        return _place_of_accession(chromosome.name, chromosome.assembly, frame)
    if chromosome.name == MITOCHONDRION and "_" in spelled:
        return _place_of_rcrs(frame)
    return _place_of_name(chromosome, frame)


def is_chromosome(word: str) -> bool:
    """Whether a word names a human chromosome."""
    try:
        parse_chromosome(word)
    except GenomeError:
        return False
    return True


def looks_like_chromosome(word: str) -> bool:
    """Whether a word is one, or was meant as one: a number, `chr99`, `chrUn`, an accession."""
    return is_chromosome(word) or _LIKE_CHROMOSOME.fullmatch(word) is not None


def shorten(text: str, limit: int = MAX_ECHO) -> str:
    """Cut a text for a message."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def split_advice(message: str, advice: str) -> tuple[str, str]:
    """Split a message into what is wrong and the advice at its end, which starts as given."""
    error, found, rest = message.partition(f" {advice}")
    return error, f"{advice}{rest}" if found else ""


def _place_of_accession(name: str, assembly: Assembly, frame: Frame) -> Place:
    accession = refseq_accession(name, assembly)
    if frame.typed and frame.typed.assembly is not assembly:
        raise Refusal(
            f"{accession} belongs to {assembly}, but the text also says {frame.typed.assembly}.",
            "Leave one of the two out.",
        )
    if assembly is frame.chosen.assembly:
        return Place(name, assembly)
    return Place(name, assembly, (f"assembly taken from {accession}: {assembly}",))


def _place_of_rcrs(frame: Frame) -> Place:
    """The rCRS is the same sequence in GRCh37 and GRCh38, and in no older assembly."""
    assembly = frame.named.assembly
    if assembly is Assembly.NCBI36:
        assembly = Assembly.GRCH38
        return Place(MITOCHONDRION, assembly, (f"assembly taken from {RCRS}: {assembly}",))
    return Place(MITOCHONDRION, assembly, _typed_note(frame))


def _place_of_name(chromosome: NamedChromosome, frame: Frame) -> Place:
    if wrong := check_mitochondrion(chromosome, frame.named):
        raise Refusal(*split_advice(wrong, "Use MT"))
    return Place(chromosome.name, frame.named.assembly, _typed_note(frame))


def _typed_note(frame: Frame) -> tuple[str, ...]:
    if frame.typed is None or frame.typed.assembly is frame.chosen.assembly:
        return ()
    return (f"assembly taken from the query: {frame.typed.assembly}",)
