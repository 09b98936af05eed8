"""Asks members questions whose answer is known, and keeps how they answered.

They are asked as the planner asks: in the member's own dialect, with its credential. What is
found out is a fact of the registry, so that every process knows it; `ControlsInForce` gives what
bears on answers.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final
from weakref import WeakValueDictionary

import structlog

from aggregator.model.answer import Answer, Exists, Match, union
from aggregator.model.outcome import NoAnswerCode
from aggregator.model.query import Include, Pagination, Query
from aggregator.protocol.curl import curl
from aggregator.protocol.translators import translator_for
from aggregator.protocol.wire import Failure, NotAsked, Part
from aggregator.upstream.masking import masker
from aggregator.upstream.tokens import Credential, credential_for
from aggregator.watch.control_plan import (
    again_of,
    kept,
    message_of,
    plan_controls,
    question_of,
    turn_of,
)
from aggregator.watch.probing import Caller
from aggregator.watch.withheld import without_words
from registry.controls import (
    Control,
    ControlAnswer,
    ControlKind,
    ControlReport,
    Controls,
    after_answer,
    controls_document,
    read_controls,
)
from registry.health_store import Fact, HealthStore
from registry.places import place_of
from registry.snapshot import RegisteredMember

log = structlog.get_logger(__name__)

FACT: Final = "controls"
MAX_BYTES: Final = 2**20
MAX_GOT: Final = 300
_NOT_THIS_ALLELE: Final = frozenset({Match.BROADER, Match.TEXT, Match.LIFTED})
"""Hits that nobody takes for the allele itself."""
_UNREACHABLE: Final = frozenset(
    {
        *(NoAnswerCode.TIMEOUT, NoAnswerCode.DNS, NoAnswerCode.CONNECT, NoAnswerCode.TLS),
        *(NoAnswerCode.ADDRESS, NoAnswerCode.RATE_LIMITED, NoAnswerCode.OVERLOADED),
    }
)
"""Failures after which the other controls of a round are not even tried."""


class ControlsInForce:
    """The failed controls of every member, as of the last refresh of the store."""

    def __init__(self, health: HealthStore) -> None:
        self._health = health
        self._read: dict[str, tuple[Fact, ControlReport]] = {}

    def report(self, member_id: str) -> ControlReport | None:
        """Give all that is known of a member's controls."""
        fact = self._health.facts(FACT).get(member_id)
        if fact is None:
            self._read.pop(member_id, None)
            return None
        known = self._read.get(member_id)
        if known is None or known[0] is not fact:
            known = self._read[member_id] = (fact, read_controls(fact.document))
        return known[1]

    def __call__(self) -> Mapping[str, Controls]:
        """Give what members fail, by id; who fails nothing is left out."""
        told = {member_id: self.report(member_id) for member_id in self._health.facts(FACT)}
        for gone in self._read.keys() - told.keys():
            del self._read[gone]
        return {key: one.controls for key, one in told.items() if one is not None and one.controls}


OnReport = Callable[[RegisteredMember, ControlReport | None, ControlReport], None]
"""Hears of a round: the member, how its controls stood before, and how they stand."""


class ControlChecker:
    """Asks members their controls; `heard` is told after every round that could be kept."""

    def __init__(
        self,
        caller: Caller,
        health: HealthStore,
        in_force: ControlsInForce,
        *,
        via: str,
        timeout_s: float,
        environ: Callable[[], Mapping[str, str]],
        now: Callable[[], datetime],
        heard: OnReport = lambda member, before, report: None,
    ) -> None:
        self._caller = caller
        self._health = health
        self._in_force = in_force
        self._via = via
        self._timeout_s = timeout_s
        self._environ = environ
        self._now = now
        self._heard = heard
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        """One round of a member at a time: each goes on from what the one before found."""

    async def look(self, member: RegisteredMember) -> None:
        """Ask a round of a member's controls and keep what came.

        Raises `RegistryUnavailable` where it cannot be kept.
        """
        async with self._locks.setdefault(member.id, asyncio.Lock()):
            before, controls = self._in_force.report(member.id), plan_controls(member)
            turn = turn_of(controls, before, self._now())
            await self._asked(member, controls, turn, before, self._now())

    async def look_again(self, member: RegisteredMember) -> None:
        """Ask those controls alone that were answered wrongly; it is no round of its own.

        What is known of controls that are no more is dropped, even where nothing is due. Raises
        `RegistryUnavailable` where it cannot be kept.
        """
        async with self._locks.setdefault(member.id, asyncio.Lock()):
            before, controls = self._in_force.report(member.id), plan_controls(member)
            turn = again_of(controls, before, self._now())
            if before is None:
                return
            if turn or len(kept(controls, before)) < len(before.results):
                await self._asked(member, controls, turn, before, before.checked_at)

    async def _asked(
        self,
        member: RegisteredMember,
        controls: Sequence[Control],
        turn: Sequence[Control],
        before: ControlReport | None,
        checked_at: datetime,
    ) -> None:
        known = {one.control: one for one in kept(controls, before)}
        for control in turn:
            answer, is_reachable = await self._ask(member, control)
            known[control] = after_answer(known.get(control), control, answer, self._now())
            if not is_reachable:
                break
        results = [known[control] for control in controls if control in known]
        blank = ControlReport(checked_at)
        report = blank.with_results(results, message_of(member, controls, results), checked_at)
        document = controls_document(report)
        place = place_of(member.entry)
        if await self._health.put_fact(member.id, FACT, document, place=place):
            self._heard(member, before, report)

    async def _ask(self, member: RegisteredMember, control: Control) -> tuple[ControlAnswer, bool]:
        query = Query(
            variant=question_of(control),
            dataset_ids=(control.dataset,) if control.dataset is not None else (),
            include=Include.ALL,
            pagination=Pagination(limit=1),
        )
        translator = translator_for(member.protocol)
        planned = translator.plan(query, member)
        if isinstance(planned, NotAsked):
            return ControlAnswer(None, _short(f"could not be asked: {planned.message}")), True
        credential = credential_for(member, None, self._environ())
        if not isinstance(credential, Credential):
            return ControlAnswer(None, _short(f"could not be asked: {credential.message}")), True
        has_token = credential.authorization is not None
        masked = masker(credential.authorization)
        request = masked(curl(planned.parts[0].request, has_token=has_token))
        answers: list[Answer] = []
        for part in planned.parts:
            read = await self._read(member, query, part, credential)
            if isinstance(read, Failure):
                said = without_words(read) if has_token else read.message
                got = _short(masked(f"no answer: {said}"))
                return ControlAnswer(None, got, request), read.code not in _UNREACHABLE
            answers.append(read)
        exists, got = _verdict(control, union(answers), planned.parts)
        return ControlAnswer(exists, got, request), True

    async def _read(
        self, member: RegisteredMember, query: Query, part: Part, credential: Credential
    ) -> Answer | Failure:
        result = await self._caller.call(
            member,
            part.request,
            timeout_s=self._timeout_s,
            max_body_bytes=MAX_BYTES,
            authorization=credential.authorization,
            via=self._via,
            in_background=True,
        )
        if result.failure is not None:
            return result.failure
        if result.reply is None:
            return Failure(NoAnswerCode.INTERNAL, "nothing came back")
        return translator_for(member.protocol).read(result.reply, query, member, part)


def _verdict(control: Control, answer: Answer, parts: tuple[Part, ...]) -> tuple[bool | None, str]:
    """Say what a member's answer says of the control: of its data set, where it tells of it."""
    exists = answer.exists
    if control.dataset is not None:
        rows = [one.exists for one in answer.result_sets if one.id == control.dataset]
        exists = rows[0] if rows else exists
    if exists is Exists.UNKNOWN:
        return None, "neither yes nor no"
    if exists is Exists.NO:
        return False, "no"
    loose = answer.match in _NOT_THIS_ALLELE or all(one.match in _NOT_THIS_ALLELE for one in parts)
    if control.kind is ControlKind.IMPOSSIBLE and loose:
        return None, "yes, to a broader question than this one"
    return True, "yes"


def _short(text: str) -> str:
    return text if len(text) <= MAX_GOT else text[: MAX_GOT - 1] + "…"
