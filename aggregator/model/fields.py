"""The parameters of a variant question between the wire and the check."""

from dataclasses import dataclass, replace


@dataclass(slots=True)
class VariantFields:
    """The parameters of a variant question, typed but not yet checked; None: not given."""

    assembly: str | None = None
    chromosome: str | None = None
    start: tuple[int, ...] = ()
    end: tuple[int, ...] = ()
    reference: str | None = None
    alternate: str | None = None
    variant_type: str | None = None
    min_length: int | None = None
    max_length: int | None = None
    gene: str | None = None
    amino_acid_change: str | None = None
    short_form: str | None = None
    mate: str | None = None

    @property
    def is_empty(self) -> bool:
        """Whether nothing is asked about a variant (an assembly alone asks nothing)."""
        return replace(self, assembly=None) == VariantFields()

    @property
    def has_position(self) -> bool:
        """Whether anything about a place or its bases was given."""
        return bool(
            self.chromosome or self.start or self.end or self.reference is not None or self.mate
        )
