"""How old an answer may be, and what for. Pure: ages come in as arguments."""

from dataclasses import dataclass
from enum import StrEnum


class Freshness(StrEnum):
    """What an answer of some age is good for."""

    FRESH = "fresh"
    REVALIDATE = "revalidate"
    """Give it at once, marked stale, and fetch a new one in the background."""
    IF_ERROR = "if_error"
    """Give it only when the member fails now, marked stale."""
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class FreshnessRules:
    """Ages in seconds since the answer was fetched."""

    ttl_s: float
    stale_while_revalidate_s: float
    stale_if_error_s: float

    def of(self, age_s: float) -> Freshness:
        """Say what an answer of this age is good for; a clock set back makes it fresh."""
        if age_s < self.ttl_s:
            return Freshness.FRESH
        if age_s < self.ttl_s + self.stale_while_revalidate_s:
            return Freshness.REVALIDATE
        if age_s < self.ttl_s + self.stale_if_error_s:
            return Freshness.IF_ERROR
        return Freshness.EXPIRED

    @property
    def keep_s(self) -> float:
        """How long an answer is worth keeping at all."""
        return self.ttl_s + max(self.stale_while_revalidate_s, self.stale_if_error_s)
