"""What the check before a beacon joins gives: what each rule found, and the beacon as a member."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from registry.snapshot import RegisteredMember

RULES: Final[Mapping[str, str]] = {
    "address": "Name and address",
    "connection": "Connection",
    "tls": "Certificate",
    "info": "Description of the beacon",
    "service-info": "GA4GH service document (/service-info)",
    "map": "Places of its questions (/map)",
    "configuration": "Configuration (/configuration)",
    "entry_types": "Entry types (/entry_types)",
    "filtering_terms": "Filters (/filtering_terms)",
    "datasets": "Data sets",
    "question.variant": "Question: one exact variant",
    "question.range": "Question: variants in a range",
    "question.bracket": "Question: a bracket of positions",
    "question.gene": "Question: variants of a gene",
    "question.individual": "Question: individuals",
    "question.biosample": "Question: biosamples",
    "question.run": "Question: sequencing runs",
    "question.analysis": "Question: analyses",
    "question.cohort": "Question: cohorts",
    "question.filter": "Question: with a filter",
    "answers": "Form of the answers",
    "dialect": "How it wants to be asked",
    "latency": "Time to answer",
    "cors": "Pages of other sites (CORS)",
}
"""Every rule by its name, with its title, in the order of a report."""


class Verdict(StrEnum):
    """How a rule ended."""

    PASS = "pass"  # noqa: S105 - not a password
    FAIL = "fail"
    """It has to be changed before the beacon can join."""
    ADVICE = "advice"
    """It should be changed; the beacon can join."""
    SKIPPED = "skipped"
    """It could not be looked at, or does not apply."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one rule found."""

    rule: str
    """A stable name, as `tls`, `info`, `map`, `configuration`, `question.variant`, `cors`."""
    title: str
    verdict: Verdict
    message: str
    """One sentence: what was found."""
    fix: str = ""
    """One sentence: what to change; empty for what passed."""
    sent: str = ""
    """What was sent, as a line of curl; empty where nothing was."""
    came: str = ""
    """What came, shortened: status and the beginning of the body, or the error in words."""


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What the check of one address found."""

    url: str
    findings: tuple[Finding, ...]
    member: RegisteredMember | None = None
    """The beacon as it would look and be asked as a member; None if it is not recognised."""
    elapsed_s: float = 0.0
    suggested: Mapping[str, str] = field(default_factory=dict)
    """Values for the form of joining: `id`, `name`, `description`, `protocol`."""

    @property
    def may_join(self) -> bool:
        """Whether nothing has to be changed first."""
        return self.member is not None and all(
            one.verdict is not Verdict.FAIL for one in self.findings
        )

    def count(self, verdict: Verdict) -> int:
        """Count the rules that ended so."""
        return sum(one.verdict is verdict for one in self.findings)
