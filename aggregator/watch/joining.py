"""The check before a beacon joins: rule by rule, what was sent, what came and what to change.

Nothing is stored. Everything goes through the guarded client, bounded in time and bytes; an
address that is not public gets the same answer whatever is wrong with it.
"""

import asyncio
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlsplit

from pydantic import ValidationError

from aggregator.base.errors import BadQuery, Overloaded
from aggregator.protocol.tolerant import text_of
from aggregator.upstream.client import MemberClient
from aggregator.watch.discovery import discover
from aggregator.watch.documents import LARGE_BYTES, PATHS
from aggregator.watch.join_recorder import Bounds, Recorder
from aggregator.watch.join_report import CheckReport, Finding, Verdict
from aggregator.watch.join_rules import (
    Findings,
    judge_address,
    judge_connection,
    judge_cors,
    judge_dialect,
    judge_latency,
    judge_tls,
)
from aggregator.watch.join_rules_documents import judge_data_sets, judge_documents, judge_info
from aggregator.watch.join_rules_questions import Questions
from aggregator.watch.probing import NO_LIST, Probing, probe
from registry.capabilities import Capabilities, Document
from registry.models import MemberEntry, Protocol, describe_problems
from registry.snapshot import RegisteredMember

__all__ = ["Bounds", "CheckReport", "Finding", "JoinChecker", "Verdict"]

MAX_CHECKS: Final = 4
IDS: Final = tuple(f"~joining-{number}" for number in range(1, MAX_CHECKS + 1))
"""Stand for whom is checked in logs and limits; no member can have such an id."""
_BUSY_S: Final = 10
_MAX_ID: Final = 63
MAX_NAME: Final = 200
_NOT_REACHED: Final = "Not looked at: the beacon was not reached"
_NOT_RECOGNISED: Final = "Not looked at: it was not recognised as a beacon"
_NO_FORM: Final = "Not asked: the question about one exact variant got no answer"
_LATE_FIX: Final = "Answer faster: the rest could not be looked at."


class JoinChecker:
    """Checks beacons that want to join; few at once, none for long, and keeps nothing."""

    def __init__(
        self,
        client: MemberClient,
        *,
        network_id: str,
        allow_private: bool,
        bounds: Bounds | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._via = f"1.1 {network_id}"
        self._allow_private = allow_private
        self._bounds = bounds or Bounds()
        self._now = now
        self._clock = clock
        self._free = list(IDS)

    async def check(self, url: str, *, protocol: str = "auto") -> CheckReport:
        """Check the beacon at an address.

        Raises `BadQuery` for what is no address and `Overloaded` when too many are checked at
        once; whatever the beacon does is in the report.
        """
        entry = _entry(url, protocol)
        with self._place() as stranger:
            started = self._clock()
            checking = _Checking(entry, stranger, self._recorder(entry), self._bounds, self._via)
            try:
                async with asyncio.timeout(self._bounds.check_s):
                    await checking.run(self._now())
            except TimeoutError:
                checking.end_late()
            checking.judge_the_whole()
            return checking.report(self._clock() - started)

    def _recorder(self, entry: MemberEntry) -> Recorder:
        kept = [entry.url + PATHS[name] for name in PATHS if name is not Document.FILTERING_TERMS]
        return Recorder(self._client, self._bounds, kept=kept, is_guarded=not self._allow_private)

    @contextmanager
    def _place(self) -> Iterator[str]:
        if not self._free:
            raise Overloaded(
                f"{MAX_CHECKS} beacons are being checked already. Check again in a moment.",
                retry_after_s=_BUSY_S,
            )
        stranger = self._free.pop()
        try:
            yield stranger
        finally:
            self._free.append(stranger)


class _Checking:
    """One check of one beacon."""

    def __init__(
        self, entry: MemberEntry, stranger: str, recorder: Recorder, bounds: Bounds, via: str
    ) -> None:
        self._entry = entry
        self._stranger = RegisteredMember(entry.model_copy(update={"id": stranger}))
        self._recorder = recorder
        self._bounds = bounds
        self._via = via
        self._findings = Findings()
        self._member: RegisteredMember | None = None
        self._questions: Questions | None = None
        self._why_not = _NOT_REACHED

    async def run(self, now: datetime) -> None:
        """Look at everything, in the order of the rules."""
        findings, recorder = self._findings, self._recorder
        found = await discover(self._stranger, recorder, via=self._via, now=now)
        if not judge_connection(findings, recorder):
            return
        peer = await recorder.peer(self._entry.url)
        judge_tls(findings, self._entry.url, peer, now, self._bounds.days_left)
        judge_info(findings, found, recorder, declared=self._entry.protocol)
        if found.capabilities is None:
            self._why_not = _NOT_RECOGNISED
            return
        self._why_not = _NO_FORM
        self._member = replace(self._stranger, capabilities=found.capabilities)
        await self._judge_documents(self._member)
        probing = await probe(self._member, recorder, via=self._via)
        self._member = _taught(self._member, probing)
        judge_data_sets(findings, self._member, was_asked=_lists(probing))
        self._questions = Questions(self._member, recorder, findings, self._via)
        await self._questions.ask_all()
        self._member = self._questions.member

    async def _judge_documents(self, member: RegisteredMember) -> None:
        """Judge the documents, beside the event loop where they are large."""
        size = sum(len(one.body) for one in self._recorder.replies.values())
        if size > LARGE_BYTES:
            await asyncio.to_thread(judge_documents, self._findings, member, self._recorder)
        else:
            judge_documents(self._findings, member, self._recorder)

    def end_late(self) -> None:
        """Say that the time ran out before all was looked at."""
        took = f"The check was ended after {self._bounds.check_s:g} s, before all was looked at"
        self._findings.add("latency", Verdict.FAIL, took, _LATE_FIX)
        self._why_not = f"Not looked at within {self._bounds.check_s:g} s"

    def judge_the_whole(self) -> None:
        """Judge what all that was sent showed together."""
        judge_address(self._findings, self._recorder)
        judge_connection(self._findings, self._recorder)
        judge_cors(self._findings, self._recorder)
        if self._questions is not None and self._member is not None:
            self._questions.judge_answers()
            judge_dialect(self._findings, self._questions.member)
            judge_latency(self._findings, self._questions.asked, self._bounds)

    def report(self, elapsed_s: float) -> CheckReport:
        """Give the report, with a finding for every rule."""
        member, suggested = self._member, self._suggested()
        if member is not None:
            entry = self._entry.model_copy(update={"id": suggested["id"]})
            member = replace(member, entry=entry)
        return CheckReport(
            url=self._entry.url,
            findings=self._findings.all(self._why_not),
            member=member,
            elapsed_s=elapsed_s,
            suggested=suggested,
        )

    def _suggested(self) -> dict[str, str]:
        """Give what the beacon says of itself as values for the form of joining."""
        host = urlsplit(self._entry.url).hostname or ""
        member, told = self._member, Capabilities()
        if member is not None:
            told = member.capabilities
        protocol = (member.protocol if member is not None else None) or self._entry.protocol
        return {
            "id": _id_of(told.beacon_id or host),
            "name": text_of(told.name, MAX_NAME) or "",
            "description": told.description or "",
            "protocol": protocol.value,
        }


def _taught(member: RegisteredMember, probing: Probing) -> RegisteredMember:
    known = member.capabilities
    if probing.data_sets is not None:
        known = known.model_copy(update={"data_sets": probing.data_sets})
    probes = tuple(map(str, probing.probes))
    return replace(member, capabilities=known, learned=probing.learned, probes=probes)


def _lists(probing: Probing) -> bool:
    """Whether the beacon was asked for its data sets."""
    return any(one.found == NO_LIST for one in probing.probes) or probing.data_sets is not None


def _id_of(name: str) -> str:
    """Make an id of a beacon's own, or of its host."""
    plain = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    return plain[:_MAX_ID].rstrip("-") or "beacon"


def _entry(url: str, protocol: str) -> MemberEntry:
    """Read an address; one of version 0 is looked at as any other, since it tells nothing."""
    looked_at = Protocol.AUTO.value if protocol == Protocol.V0.value else protocol
    try:
        return MemberEntry.model_validate({"id": "joining", "url": url, "protocol": looked_at})
    except ValidationError as error:
        raise BadQuery(describe_problems("", error.errors())) from None
