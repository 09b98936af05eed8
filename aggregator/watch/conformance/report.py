"""What a run of conformance gives: the verdict on every rule, a score, and a document to keep."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from aggregator.protocol.tolerant import text_of
from aggregator.watch.conformance.documents import Deviation
from aggregator.watch.conformance.rules import EVERY_RULE
from registry.snapshot import RegisteredMember

MOST_DEVIATIONS: Final = 10
_SHOWN: Final = 600
_MOST_OF_VERSION: Final = 100


class Verdict(StrEnum):
    """How a rule ended."""

    PASS = "pass"  # noqa: S105 - not a password
    FAIL = "fail"
    SKIPPED = "skipped"
    """It does not apply, or could not be looked at: that is no failure."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What was found of one rule, before it has a name."""

    verdict: Verdict
    message: str
    """One sentence without its full stop."""
    expected: str = ""
    got: str = ""
    deviations: tuple[Deviation, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """The verdict on one rule, with what was sent and what came."""

    rule: str
    verdict: Verdict
    message: str
    expected: str = ""
    got: str = ""
    request: str = ""
    """What was sent, as a line of curl without credentials; empty where nothing was."""
    deviations: tuple[Deviation, ...] = ()

    def document(self) -> dict[str, Any]:
        """Write it as JSON."""
        rule = EVERY_RULE[self.rule]
        told: dict[str, Any] = {
            "rule": self.rule,
            "title": rule.title,
            "verdict": self.verdict.value,
            "message": self.message,
            "specification": rule.spec,
        }
        if self.verdict is Verdict.FAIL:
            told["fix"] = rule.fix
        told |= {
            name: value for name in ("expected", "got", "request") if (value := getattr(self, name))
        }
        if self.deviations:
            told["deviations"] = [
                {"path": one.path, "message": one.message, "expected": one.expected}
                | {"specification": one.spec, "also": one.also}
                for one in self.deviations
            ]
        return told


@dataclass(frozen=True, slots=True)
class Version:
    """What a member said of its version when it was looked at; a release changes it."""

    api: str | None = None
    service: str | None = None
    updated: str | None = None

    @classmethod
    def of(cls, member: RegisteredMember) -> "Version":
        """Read it of what the member's documents said."""
        told = member.capabilities
        return cls(told.api_version, told.service_version, told.updated_at)

    @classmethod
    def told_by(cls, description: Mapping[str, Any]) -> "Version":
        """Read it of a member's description, which is newer than what is known of it."""
        names = ("apiVersion", "version", "updateDateTime")
        return cls(*(text_of(description.get(name), _MOST_OF_VERSION) for name in names))

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> "Version":
        """Read it of the document of a report."""
        names = ("apiVersion", "serviceVersion", "updateDateTime")
        return cls(*(one if isinstance(one := document.get(name), str) else None for name in names))

    def masked(self, masked: Callable[[str], str]) -> "Version":
        """Give it with every text as `masked` gives it."""
        told = (self.api, self.service, self.updated)
        return Version(*(None if one is None else masked(one) for one in told))

    def document(self) -> dict[str, Any]:
        """Write it as JSON."""
        return {
            "apiVersion": self.api,
            "serviceVersion": self.service,
            "updateDateTime": self.updated,
        }


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A run that could not be completed, which says nothing of the member's conformance."""

    at: datetime
    why: str


@dataclass(frozen=True, slots=True)
class ConformanceReport:
    """What one complete run found."""

    at: datetime
    protocol: str
    version: Version
    """As the member told it in this run."""
    findings: tuple[Finding, ...]
    seen: Version = Version()
    """As it was known before; another one later means: look again."""

    def those(self, verdict: Verdict) -> tuple[str, ...]:
        """Name the rules that ended so."""
        return tuple(one.rule for one in self.findings if one.verdict is verdict)

    @property
    def failed(self) -> tuple[str, ...]:
        """The rules that do not hold."""
        return self.those(Verdict.FAIL)

    @property
    def passed(self) -> int:
        """How many rules hold."""
        return len(self.those(Verdict.PASS))

    @property
    def total(self) -> int:
        """How many rules could be judged."""
        return self.passed + len(self.failed)

    @property
    def score(self) -> str:
        """Say it in words: `40 of 42`."""
        return f"{self.passed} of {self.total}"

    def summary(self) -> dict[str, Any]:
        """Write what history keeps of it."""
        return {
            "at": moment(self.at),
            "protocol": self.protocol,
            **self.version.document(),
            "score": {"passed": self.passed, "total": self.total},
            "failed": list(self.failed),
            "passed": list(self.those(Verdict.PASS)),
            "skipped": list(self.those(Verdict.SKIPPED)),
        }

    def document(self) -> dict[str, Any]:
        """Write the whole of it."""
        seen = self.seen.document()
        return {**self.summary(), "seen": seen, "rules": [one.document() for one in self.findings]}


def moment(at: datetime) -> str:
    """Write a moment (UTC) to the second."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def shown(text: str) -> str:
    """Give what came of a member, cleaned and short enough to be kept."""
    return text_of(text, _SHOWN) or ""
