"""The answer of the whole network."""

from dataclasses import dataclass
from enum import StrEnum

from aggregator.model.outcome import Ending, MemberOutcome
from aggregator.model.query import Granularity, Query


class Verdict(StrEnum):
    """What the network can say: a `not_found` needs everybody who could have known."""

    FOUND = "found"
    NOT_FOUND = "not_found"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class MergedCount:
    """A sum of told counts of one unit; other units are left out and named in `note`."""

    value: int
    unit: str
    members_counted: int
    is_exact: bool
    note: str


@dataclass(frozen=True, slots=True)
class NetworkAnswer:
    """The merged answer: every registered member appears once, in registry order."""

    query: Query
    verdict: Verdict
    is_complete: bool
    outcomes: tuple[MemberOutcome, ...]
    count: MergedCount | None
    granularity: Granularity
    """The highest granularity present among the answers, never above the one asked for."""
    elapsed_s: float
    warnings: tuple[str, ...] = ()

    def ended(self, ending: Ending) -> tuple[MemberOutcome, ...]:
        """Give the outcomes with one ending, in registry order."""
        return tuple(outcome for outcome in self.outcomes if outcome.ending is ending)

    @property
    def missing(self) -> tuple[MemberOutcome, ...]:
        """Give the outcomes that leave the answer incomplete."""
        return tuple(outcome for outcome in self.outcomes if outcome.is_missing)
