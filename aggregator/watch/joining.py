"""The check before a beacon joins: rule by rule, what was sent, what came and what to change.

Nothing is stored. Everything goes through the guarded client, bounded in time and bytes; an
address that is not public gets the same answer whatever is wrong with it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from aggregator.upstream.client import MemberClient
from registry.snapshot import RegisteredMember


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


class JoinChecker:
    """Checks beacons that want to join; few at once, none for long, and keeps nothing."""

    def __init__(self, client: MemberClient, *, network_id: str, allow_private: bool) -> None:
        self._client = client
        self._network_id = network_id
        self._allow_private = allow_private

    async def check(self, url: str, *, protocol: str = "auto") -> CheckReport:
        """Check the beacon at an address.

        Raises `BadQuery` for what is no address and `Overloaded` when too many are checked at
        once; whatever the beacon does is in the report.
        """
        raise NotImplementedError
