"""The question, in one canonical form whatever it was typed, posted or pasted as.

Frozen, hashable, and equal for two spellings of one question. Coordinates are 0-based and
half-open. `protocol.requests` reads questions from the wire, `text` from the search box.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from aggregator.model.allele import Allele
from aggregator.model.genome import Assembly

GENOMIC_VARIANT = "genomicVariant"


class Granularity(StrEnum):
    """How much an answer tells (Beacon v2 framework, `requestedGranularity`)."""

    BOOLEAN = "boolean"
    COUNT = "count"
    RECORD = "record"

    @property
    def rank(self) -> int:
        """The order: boolean, count, record."""
        return _RANKS[self]


_RANKS = {Granularity.BOOLEAN: 0, Granularity.COUNT: 1, Granularity.RECORD: 2}


class Include(StrEnum):
    """Which result sets the answer lists (`includeResultsetResponses`)."""

    ALL = "ALL"
    HIT = "HIT"
    MISS = "MISS"
    NONE = "NONE"


class QuestionKind(StrEnum):
    """The kinds of variant question of Beacon v2 (variant queries)."""

    SEQUENCE = "sequence"
    RANGE = "range"
    BRACKET = "bracket"
    GENE = "gene"
    AMINO_ACID = "amino acid change"
    SHORT_FORM = "HGVS short form"


@dataclass(frozen=True, slots=True)
class Pagination:
    """`skip` counts pages, as the framework defines it; `limit` 0 asks for all records."""

    skip: int = 0
    limit: int = 10


@dataclass(frozen=True, slots=True)
class VariantQuestion:
    """The variant part of a question.

    A sequence question has one `start0` and its bases, as an `allele` where both sides are known.
    A range has one start and one end and means overlap; a bracket has two and two, windows
    half-open on their upper bound.
    """

    kind: QuestionKind
    assembly: Assembly | None = None
    """None for questions without coordinates, and for the mitochondrion (one rCRS for all)."""
    chromosome: str | None = None
    start0: tuple[int, ...] = ()
    end0: tuple[int, ...] = ()
    reference: str | None = None
    """None for not asked; an empty string is an insertion."""
    alternate: str | None = None
    """None for not asked; an empty string is a deletion."""
    allele: Allele | None = None
    variant_type: str | None = None
    min_length: int | None = None
    max_length: int | None = None
    gene: str | None = None
    amino_acid_change: str | None = None
    short_form: str | None = None
    mate: str | None = None
    typed_assembly: Assembly | None = field(default=None, compare=False)
    """The assembly the question came with, also for the mitochondrion."""

    @property
    def has_position(self) -> bool:
        """Whether the question names coordinates, and so depends on an assembly."""
        return self.chromosome is not None


@dataclass(frozen=True, slots=True, order=True)
class Filter:
    """One filter of a question: an ontology term or custom id, or a comparison (alphanumeric).

    Beacon v2.1.1 framework, requests/filteringTerms.json. The filters of a question are joined by
    AND.
    """

    id: str
    operator: str = ""
    """One of `= < > ! >= <=` for a comparison; empty for a term."""
    value: str = ""
    """What is compared with; empty for a term."""
    scope: str = ""
    """The entry type the filter applies to, in our name; empty: the one that is asked for."""
    include_descendants: bool = True
    """Whether terms below this one match too; false is told to members, true is the default."""
    similarity: str = ""
    """`exact`, `high`, `medium` or `low`; empty: not told, which means exact."""

    @property
    def is_comparison(self) -> bool:
        """Whether this compares a field with a value, and so names no term of an ontology."""
        return bool(self.operator)

    def __str__(self) -> str:
        """The spelling in the address of a GET: `HP:0001250` or `age:>P70Y`."""
        return f"{self.id}:{self.operator}{self.value}" if self.operator else self.id


@dataclass(frozen=True, slots=True)
class RequestedSchema:
    """The form a client wants records in; echoed, never passed on."""

    entity_type: str
    schema: str


@dataclass(frozen=True, slots=True)
class Query:
    """One question to the network.

    Where it was put: `/individuals` is `entry_type` alone; `/individuals/X` has a `record_id` as
    well; `/individuals/X/g_variants` asks for `entry_type` genomicVariant `within` individual X.
    """

    variant: VariantQuestion | None = None
    entry_type: str = GENOMIC_VARIANT
    """What the answer lists, in our names (`protocol.surface`)."""
    within: str | None = None
    """The entry type of the record the question is nested under."""
    record_id: str | None = None
    """The id in the path; `member~id` means that member's record, a bare id anybody's."""
    filters: tuple[Filter, ...] = ()
    """Sorted, without repetitions; all must hold."""
    dataset_ids: tuple[str, ...] = ()
    granularity: Granularity = Granularity.BOOLEAN
    include: Include = Include.HIT
    pagination: Pagination = Pagination()
    test_mode: bool = False
    requested_schemas: tuple[RequestedSchema, ...] = ()
