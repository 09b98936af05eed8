"""Runs the rules of conformance on one member, within bounds and behind its questions."""

import asyncio
import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from aggregator.upstream.client import MemberClient
from aggregator.upstream.masking import masker
from aggregator.upstream.tokens import Credential, NeedsToken, credential_for
from aggregator.watch.conformance.asking import Asking, CutShortError
from aggregator.watch.conformance.findings import Findings
from aggregator.watch.conformance.report import ConformanceReport, Unfinished, Version
from aggregator.watch.conformance.rules import RULES
from aggregator.watch.conformance.run_v1 import RunV1
from aggregator.watch.conformance.run_v2 import RunV2
from aggregator.watch.join_recorder import Bounds, Recorder
from registry.health import Check, Phase, Result
from registry.models import Protocol
from registry.snapshot import RegisteredMember

BOUNDS: Final = Bounds(check_s=240.0, request_s=15.0, requests=100)
_CAME_TO: Final[Mapping[Phase, str]] = {
    Phase.DNS: "no address that can be asked was found for its name",
    Phase.CONNECT: "no connection came about",
    Phase.TLS: "no secure connection came about",
    Phase.STATUS: "it refused, or failed",
    Phase.BODY: "what it sent cannot be read",
    Phase.SCHEMA: "what it sent is not what the protocol says",
    Phase.SLOW: "no answer came in time",
    Phase.OURS: "the check failed on our side",
}
"""Our own words for a failed check, whose message may hold the member's."""


def can_be_judged(member: RegisteredMember) -> bool:
    """Whether there are rules for the protocol a member speaks."""
    return member.protocol in RULES


class ConformanceChecker:
    """Judges members, one request at a time for each."""

    def __init__(
        self,
        client: MemberClient,
        *,
        network_id: str,
        allow_private: bool,
        bounds: Bounds = BOUNDS,
        environ: Mapping[str, str] = os.environ,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._client = client
        self._via = f"1.1 {network_id}"
        self._allow_private = allow_private
        self._bounds = bounds
        self._environ = environ
        self._now = now

    async def run(
        self,
        member: RegisteredMember,
        *,
        within_s: float | None = None,
        last_check: Check | None = None,
    ) -> ConformanceReport | Unfinished:
        """Judge a member by every rule of its protocol; never raises for what it does.

        `within_s` ends it earlier than the bounds do; why `last_check` failed is told of a member
        of which it is not known what it speaks.
        """
        at = self._now()
        protocol = member.protocol
        credential = credential_for(member, None, self._environ)
        if protocol is None:
            failure = _failure(last_check, credential)
            because = f": {failure}" if failure else ""
            why = f"it was never recognised{because}; it is judged once it answers"
            return Unfinished(at, why)
        if protocol not in RULES:
            return Unfinished(at, "there are no rules for what it speaks")
        if isinstance(credential, NeedsToken):
            return Unfinished(at, credential.message)
        longest_s = min(self._bounds.check_s, within_s or self._bounds.check_s)
        bounds = replace(self._bounds, check_s=longest_s)
        recorder = Recorder(self._client, bounds, is_guarded=not self._allow_private)
        asking = Asking(member, recorder, via=self._via, authorization=credential.authorization)
        masked = masker(credential.authorization)
        findings = Findings(RULES[protocol], masked)
        run = RunV2(asking, findings) if protocol is Protocol.V2 else RunV1(asking, findings)
        try:
            async with asyncio.timeout(longest_s):
                await run.run()
        except CutShortError as error:
            return Unfinished(at, masked(str(error)))
        except TimeoutError:
            return Unfinished(at, f"it took longer than {longest_s:g} s altogether")
        version = Version.told_by(run.description).masked(masked)
        return ConformanceReport(
            at, protocol.value, version, findings.all(), seen=Version.of(member)
        )


def _failure(check: Check | None, credential: Credential | NeedsToken) -> str:
    """Say why a check failed, to everybody; empty where it did not, or there was none."""
    if isinstance(credential, NeedsToken):
        return credential.message
    if check is None or check.result is Result.UP:
        return ""
    if credential.authorization is None:
        return check.message
    said = _CAME_TO[check.phase] if check.phase is not None else ""
    return said if check.status is None or not said else f"{said} (HTTP {check.status})"
