"""Mistakes in what a beacon has loaded or how it compares: it answers, and answers wrongly.

Servers look alleles up through `as_stored`, and ask `says_yes` and `ignores_alternate` before
they compare. What applies is that of the beacon whose request is being answered.
"""

from contextvars import ContextVar
from dataclasses import dataclass, replace

from .catalogue import Allele, Holding

_OTHER = {"GRCh37": "GRCh38", "GRCh38": "GRCh37"}


@dataclass
class Mistakes:
    """What a beacon gets wrong."""

    off_by_one: bool = False
    """Its positions were loaded as if they counted from 0."""
    wrong_build: bool = False
    """Its data are of the other assembly than it says."""
    ignores_alternate: bool = False
    """It compares places and reference bases alone."""
    always_yes: bool = False
    """It finds whatever it is asked for."""


MISTAKES: ContextVar[Mistakes] = ContextVar("mistakes", default=Mistakes())  # noqa: B039
"""Never changed in place: who is wrong sets its own."""


def as_stored(held: Holding, assembly: str) -> Allele:
    """The allele as the beacon has it; one that is not in the wrong build is nowhere."""
    mistakes, allele = MISTAKES.get(), held.allele
    if mistakes.wrong_build:
        other = held.variant.allele(_OTHER[assembly])
        allele = replace(allele, start0=-1) if other is None else other
    if mistakes.off_by_one:
        allele = replace(allele, start0=allele.start0 + 1)
    return allele


def says_yes() -> bool:
    """Whether everything is found."""
    return MISTAKES.get().always_yes


def ignores_alternate() -> bool:
    """Whether any alternate will do."""
    return MISTAKES.get().ignores_alternate
