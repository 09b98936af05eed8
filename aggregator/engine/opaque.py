"""Makes one outcome of those inside an opaque group, and holds it back until all have ended.

Unknown stays unknown: a group says no only if nobody in it who could know is missing. What it
says holds for all of its beacons together: no name, no word and no time of a single one.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import structlog

from aggregator.engine.believing import MISSES_SOME, REPORTS_ANYTHING
from aggregator.engine.merge import merge
from aggregator.engine.outcomes import Asking, identify
from aggregator.model.answer import Answer, Exists, Match
from aggregator.model.merged import NetworkAnswer, Verdict
from aggregator.model.outcome import (
    MISSING_IF_NOT_ASKED,
    Ending,
    MemberOutcome,
    NoAnswerCode,
    NotAskedCode,
    Reason,
    Source,
)
from aggregator.model.query import Granularity, Query
from aggregator.protocol.beacon_network import ALTERNATE_ONLY
from aggregator.protocol.network_info import told_count
from aggregator.protocol.planning import OTHER_SPELLINGS
from aggregator.protocol.v1_reading import ROWS_DISAGREE
from aggregator.protocol.v2_filters import SAME_FIELD
from aggregator.protocol.v2_reading import CENSORED, ROUNDED, SETS_DISAGREE, ZERO_TOLD
from registry.groups import FEWEST
from registry.snapshot import RegisteredMember

log = structlog.get_logger(__name__)

TOO_FEW: Final = (
    "fewer than two of its beacons can be asked this, and the answer would be that of one of them"
)

_WORTH_OF_A_NO: Final = (OTHER_SPELLINGS, SAME_FIELD, ALTERNATE_ONLY, CENSORED)
_WORTH_OF_A_YES: Final = (SAME_FIELD, ROWS_DISAGREE, SETS_DISAGREE, ZERO_TOLD, ROUNDED)
"""Sentences of ours that say what an answer is worth; the members' own stay inside."""
_ONE_ASSEMBLY: Final = "some of its beacons were asked in one of their assemblies only"
_SOME_UNTRUSTED: Final = (
    "some of its beacons that report it also report an allele that cannot exist"
)
_SOME_MISS: Final = "some of its beacons do not find a variant that they are known to hold"
_REASONS_IN_ORDER: Final = (
    *(code for code in NotAskedCode if code in MISSING_IF_NOT_ASKED),
    *(code for code in NotAskedCode if code not in MISSING_IF_NOT_ASKED),
)
"""Which of several reasons stands for all: one that leaves the answer incomplete comes first."""
_WHY: Final = {
    NotAskedCode.ASSEMBLY: "they hold another assembly",
    NotAskedCode.REFERENCE_ALLELE: "it is the reference allele there",
    NotAskedCode.ENTRY_TYPE: "they do not offer this entry type",
    NotAskedCode.QUERY_KIND: "they do not take this kind of question",
    NotAskedCode.PARAMETER: "it cannot be put in their words",
    NotAskedCode.FILTER: "they do not know the filter",
    NotAskedCode.NEEDS_TOKEN: "they need a token",
    NotAskedCode.PAUSED: "they are paused",
    NotAskedCode.SUSPENDED: "they kept failing and are tried again later",
    NotAskedCode.DISABLED: "they are switched off",
}


@dataclass(frozen=True, slots=True)
class GroupAsking:
    """An opaque group about to be asked: each member inside, about to be asked or ended."""

    group: RegisteredMember
    query: Query
    """What its members are asked: never for records."""
    inside: tuple[Asking | MemberOutcome, ...]
    overlaps: bool = False
    """Whether somebody outside is the same beacon as one inside, so that it is counted twice."""

    @property
    def askings(self) -> list[Asking]:
        """Those about to be asked."""
        return [one for one in self.inside if isinstance(one, Asking)]


@dataclass(slots=True)
class _Gathered:
    """A group and those of its members that have ended so far."""

    asking: GroupAsking
    outcomes: list[MemberOutcome]
    cut_s: float | None = None
    """After how long the question ended before some of them did."""


class Gathering:
    """Holds back how members of opaque groups end, and tells of each group once, at its end.

    `is_hurried`: the client waits less than is usual here. Then a group of which some have not
    ended has not answered: else shorter and longer waits would show how soon the yes comes, and
    by that from whom.
    """

    def __init__(self, tell: Callable[[MemberOutcome], None], *, is_hurried: bool) -> None:
        self._tell = tell
        self._is_hurried = is_hurried
        self._waiting: dict[str, _Gathered] = {}

    def expect(self, asking: GroupAsking) -> list[Asking]:
        """Wait for a group; gives those inside that are to be asked."""
        ended = [one for one in asking.inside if isinstance(one, MemberOutcome)]
        gathered = _Gathered(asking, ended)
        for one in asking.askings:
            self._waiting[one.plan.member.id] = gathered
        return asking.askings

    def takes(self, outcome: MemberOutcome, *, is_late: bool = False) -> bool:
        """Take in how a member ended; False if it is not inside any group."""
        gathered = self._waiting.pop(outcome.member.id, None)
        if gathered is None:
            return False
        gathered.outcomes.append(outcome)
        if is_late and self._is_hurried:
            gathered.cut_s = max(gathered.cut_s or 0.0, outcome.elapsed_s)
        if len(gathered.outcomes) == len(gathered.asking.inside):
            self._tell(_end(gathered))
        return True


def refusal_of_few(asking: GroupAsking) -> MemberOutcome | None:
    """Say how a group ends of which not enough can be asked; None: they can."""
    if len(asking.askings) >= FEWEST:
        return None
    if asking.askings:
        reason = Reason(NotAskedCode.OPAQUE, TOO_FEW)
        return MemberOutcome(identify(asking.group), Ending.NOT_ASKED, reason=reason)
    ended = [one for one in asking.inside if isinstance(one, MemberOutcome)]
    return fold(asking.group, asking.query, ended)


def fold(
    group: RegisteredMember,
    query: Query,
    outcomes: Iterable[MemberOutcome],
    *,
    overlaps: bool = False,
    cut_s: float | None = None,
) -> MemberOutcome:
    """Make the outcome of a group of those inside, in whatever order they come; see `Gathering`."""
    ended = sorted(outcomes, key=lambda one: one.member.id)
    who = identify(group)
    elapsed_s = max((one.elapsed_s for one in ended), default=0.0)
    attempts = int(any(one.attempts for one in ended))
    told = merge(query, ended, elapsed_s=elapsed_s)
    if cut_s is not None or told.verdict is Verdict.UNKNOWN:
        ending, reason = _cut(cut_s) if cut_s is not None else _unknown(ended)
        return MemberOutcome(who, ending, reason, elapsed_s=elapsed_s, attempts=attempts)
    match, spelled = _match(ended)
    source, age_s = _source(ended)
    is_found = told.verdict is Verdict.FOUND
    return MemberOutcome(
        who,
        Ending.FOUND if is_found else Ending.NOT_FOUND,
        match=match,
        matched_as=spelled,
        elapsed_s=elapsed_s,
        attempts=attempts,
        source=source,
        age_s=age_s,
        warnings=tuple(_warnings(ended, is_found=is_found)),
        answer=_answer(told, overlaps=overlaps),
        is_untrusted=_is_untrusted(ended),
    )


def _end(gathered: _Gathered) -> MemberOutcome:
    asking = gathered.asking
    for one in gathered.outcomes:
        if one.ending is Ending.NO_ANSWER and one.reason is not None:
            code = one.reason.code.value
            log.info("member failed", member=one.member.id, group=asking.group.id, reason=code)
    try:
        return fold(
            asking.group,
            asking.query,
            gathered.outcomes,
            overlaps=asking.overlaps,
            cut_s=gathered.cut_s,
        )
    except Exception:
        # one group's trouble is no other member's
        log.exception("joining a group failed", group=asking.group.id)
        reason = Reason(NoAnswerCode.INTERNAL, "an error of this network, not of its beacons")
        return MemberOutcome(identify(asking.group), Ending.NO_ANSWER, reason=reason)


def _cut(after_s: float) -> tuple[Ending, Reason]:
    late = f"not all of its beacons had answered after {after_s:.1f} s"
    return Ending.NO_ANSWER, Reason(NoAnswerCode.TIMEOUT, late)


def _unknown(ended: Sequence[MemberOutcome]) -> tuple[Ending, Reason]:
    """Say why nobody knows: as if it were one member, and only how many are missing."""
    if all(one.ending is Ending.NOT_ASKED for one in ended):
        codes = {one.reason.code for one in ended if one.reason is not None}
        first = next((code for code in _REASONS_IN_ORDER if code in codes), NotAskedCode.DISABLED)
        why = f": {_WHY[first]}" if len(codes) == 1 and first in _WHY else ""
        return Ending.NOT_ASKED, Reason(first, f"none of its beacons can be asked this{why}")
    missing = {one.reason.code for one in ended if one.is_missing and one.reason is not None}
    is_late = missing == {NoAnswerCode.TIMEOUT}
    code = NoAnswerCode.TIMEOUT if is_late else NoAnswerCode.NO_VERDICT
    return Ending.NO_ANSWER, Reason(code, _missing(ended))


def _answer(told: NetworkAnswer, *, overlaps: bool) -> Answer:
    count = told_count(told)
    if count is not None and count.members_counted < FEWEST:
        count = None
    is_censored = any(CENSORED in one.warnings for one in told.outcomes)
    is_partial = bool(told.missing)
    return Answer(
        exists=Exists.YES if told.verdict is Verdict.FOUND else Exists.NO,
        count=None if count is None else count.value,
        unit=None if count is None else count.unit,
        is_count_exact=count is None
        or (count.is_exact and not (is_partial or is_censored or overlaps)),
        granularity=Granularity.BOOLEAN if count is None else Granularity.COUNT,
        is_partial=is_partial,
    )


def _is_untrusted(ended: Sequence[MemberOutcome]) -> bool:
    """Whether nobody says yes who can be believed."""
    hits = [one for one in ended if one.ending is Ending.FOUND]
    return bool(hits) and all(one.is_untrusted for one in hits)


def _match(ended: Sequence[MemberOutcome]) -> tuple[Match | None, str | None]:
    """Give the match that proves most, and how it was spelled."""
    hits = [(one.match.rank, one.matched_as or "", one) for one in ended if one.match is not None]
    if not hits:
        return None, None
    *_, best = min(hits, key=lambda hit: hit[:2])
    return best.match, best.matched_as


def _source(ended: Sequence[MemberOutcome]) -> tuple[Source, float]:
    """Say where the answers came from: stale if one is, from the cache if all are."""
    answered = [one for one in ended if one.answer is not None]
    sources = {one.source for one in answered}
    if Source.STALE in sources or sources == {Source.CACHE}:
        source = Source.STALE if Source.STALE in sources else Source.CACHE
        return source, max(one.age_s for one in answered)
    return Source.LIVE, 0.0


def _warnings(ended: Sequence[MemberOutcome], *, is_found: bool) -> Iterable[str]:
    said = {warning for one in ended for warning in one.warnings}
    yield from (one for one in (_WORTH_OF_A_YES if is_found else _WORTH_OF_A_NO) if one in said)
    if any(one.is_untrusted for one in ended):
        yield REPORTS_ANYTHING if _is_untrusted(ended) else _SOME_UNTRUSTED
    if MISSES_SOME in said:
        yield _SOME_MISS
    if any(one.startswith("asked in ") for one in said):
        yield _ONE_ASSEMBLY
    dates = sorted(one for one in said if one.startswith("answer of "))
    if dates:
        yield dates[0]
    if any(one.startswith("the beacon is silent now") for one in said):
        yield "some of its beacons are silent now"
    if missing := _missing(ended):
        yield f"{missing}: there may be more"
    unable = sum(one.ending is Ending.NOT_ASKED and not one.is_missing for one in ended)
    if unable:
        yield f"{unable} of {len(ended)} of its beacons could not be asked this"


def _missing(ended: Sequence[MemberOutcome]) -> str:
    """Say how many are missing, and nothing of who; empty if nobody is."""
    silent = sum(one.ending is Ending.NO_ANSWER for one in ended)
    unasked = sum(one.ending is Ending.NOT_ASKED and one.is_missing for one in ended)
    partial = sum(one.is_partial for one in ended)
    told = (
        (silent, "did not answer"),
        (unasked, "could not be asked"),
        (partial, "answered in part"),
    )
    parts = [f"{number} of {len(ended)} of its beacons {what}" for number, what in told if number]
    return " and ".join(parts)
