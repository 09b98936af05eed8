"""Variants a member is known to hold, as its operator or the member itself states them. Pure.

They are asked again and again as controls: a member that does not find one of them cannot be
believed when it says no.
"""

import re
from typing import Annotated, Any, Final, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from aggregator.model.fields import VariantFields
from aggregator.model.genome import Assembly, GenomeError, parse_assembly
from aggregator.model.query import QuestionKind, VariantQuestion
from aggregator.model.question import check

MAX_KNOWN: Final = 50
"""The most variants that are kept of one member."""
_TYPED: Final = re.compile(
    r"\s*(?P<chromosome>[A-Za-z0-9_.]{1,40})\s*[-:]\s*(?P<position>[0-9]{1,10})\s*[-:]?\s*"
    r"(?P<reference>[ACGTacgt]{1,500})\s*[->]\s*(?P<alternate>[ACGTacgt]{1,500})\s*"
)
"""`7-140753336-A-T` or `7:140753336 A>T`, counted from 1, as in the search box."""
_SHOWN: Final = 60


class KnownVariant(BaseModel):
    """A variant that the operator knows a member to hold.

    It may be written as one text: the variant, the assembly and, where it matters, the data set.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    variant: Annotated[str, Field(min_length=1, max_length=1_100)]
    """As typed into the search box, counted from 1: `7-140753336-A-T`."""
    assembly: Assembly
    dataset: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    """The data set that holds it; None: the beacon as a whole."""

    @model_validator(mode="before")
    @classmethod
    def _read_text(cls, value: object) -> object:
        if isinstance(value, str):
            words = value.split(None, 2)
            if len(words) < 2:
                raise ValueError(
                    "expected a variant and its assembly, as 7-140753336-A-T GRCh38, and after "
                    "them the data set if one is meant"
                )
            value = dict(zip(("variant", "assembly", "dataset"), words, strict=False))
        if isinstance(value, dict) and isinstance(value.get("assembly"), str):
            return {**value, "assembly": _assembly(value["assembly"])}
        return value

    @model_validator(mode="after")
    def _check_variant(self) -> Self:
        typed = _TYPED.fullmatch(self.variant)
        if typed is None:
            shown = _printable(self.variant[:_SHOWN])
            raise ValueError(
                f"“{shown}” is no variant with its place and bases, as 7-140753336-A-T"
            )
        checked = check(_fields(typed, self.assembly))
        if checked.problems:
            raise ValueError("; ".join(checked.problems))
        if checked.question is None or checked.question.allele is None:
            raise ValueError("its bases have to be told exactly, as 7-140753336-A-T")
        return self

    @property
    def question(self) -> VariantQuestion:
        """The question whether the member holds it."""
        typed = _TYPED.fullmatch(self.variant)
        question = check(_fields(typed, self.assembly)).question if typed else None
        if question is None:
            raise ValueError("it was checked when it was made")
        return question

    def __str__(self) -> str:
        """Write it as it may be typed."""
        compact = re.sub(r"\s+", "", self.variant)
        return " ".join(filter(None, (compact, self.assembly.value, self.dataset)))


class SampleAllele(BaseModel):
    """A question a version 1 member gives as an example of what it answers with yes."""

    model_config = ConfigDict(frozen=True)

    chromosome: str
    start0: int
    reference: str
    alternate: str
    assembly: str
    """As the member spells it."""
    data_sets: tuple[str, ...] = ()
    """Those that hold it; empty: not told."""

    @property
    def question(self) -> VariantQuestion | None:
        """The question, if it asks for one exact allele."""
        checked = check(
            VariantFields(
                assembly=self.assembly,
                chromosome=self.chromosome,
                start=(self.start0,),
                reference=self.reference,
                alternate=self.alternate,
            )
        )
        question = checked.question
        is_exact = question is not None and question.kind is QuestionKind.SEQUENCE
        return question if is_exact and question and question.allele is not None else None


def _fields(typed: re.Match[str], assembly: Assembly) -> VariantFields:
    parts: dict[str, Any] = typed.groupdict()
    return VariantFields(
        assembly=assembly.value,
        chromosome=parts["chromosome"],
        start=(int(parts["position"]) - 1,),
        reference=parts["reference"].upper(),
        alternate=parts["alternate"].upper(),
    )


def _assembly(name: str) -> Assembly:
    try:
        return parse_assembly(name).assembly
    except GenomeError as error:
        raise ValueError(_printable(f"{error.message} {error.hint}")) from None


def _printable(text: str) -> str:
    """Write a text without halves of characters, which no message can hold."""
    return text.encode("utf-8", "replace").decode()
