"""Counts what answers say of themselves and of members; says which members failed or were slow."""

from collections.abc import Callable
from datetime import datetime

import structlog

from aggregator.base.metrics import Metrics
from aggregator.model.merged import NetworkAnswer
from aggregator.model.outcome import Ending, NoAnswerCode, Source
from aggregator.upstream.call_results import CallResult
from registry.objectives import WITHIN_S, is_cut_off
from registry.snapshot import Snapshot

SLOW_S = 5.0
"""An answer that took longer is worth a line in the log."""

log = structlog.get_logger(__name__)

_RESULTS = {Source.CACHE: "hit", Source.STALE: "stale", Source.LIVE: "miss"}


class Measuring:
    """Hears of every answer and every call; `cache_layer` is None where nothing is kept.

    Metrics are not protected, so `shown_as` says who stands for a member.
    """

    def __init__(
        self,
        metrics: Metrics,
        cache_layer: str | None,
        *,
        shown_as: Callable[[str], str] = lambda member_id: member_id,
    ) -> None:
        self._metrics = metrics
        self._shown_as = shown_as
        self._cache_layer = cache_layer

    def answered(self, answer: NetworkAnswer) -> None:
        """Take in the answer to one question."""
        metrics, query = self._metrics, answer.query
        metrics.answered(
            query.entry_type,
            query.granularity.value,
            answer.verdict.value,
            answer.elapsed_s,
            _cache_of(answer),
        )
        for outcome in answer.outcomes:
            reason = outcome.reason.code.value if outcome.reason else ""
            metrics.ended(outcome.member.id, outcome.ending.value, reason)
            if outcome.ending is Ending.NOT_ASKED:
                continue
            if self._cache_layer is not None:
                metrics.looked_up(self._cache_layer, _RESULTS[outcome.source])
            if outcome.ending is Ending.NO_ANSWER:
                log.info("member failed", member=outcome.member.id, reason=reason)
            elif outcome.elapsed_s > SLOW_S:
                log.info("member slow", member=outcome.member.id, reason="slow")
        if not answer.is_complete:
            metrics.incomplete({o.reason.code.value for o in answer.missing if o.reason})

    def called(self, member_id: str, result: CallResult) -> None:
        """Take in one call to a member; one of an opaque group is counted as the group's."""
        metrics, name = self._metrics, self._shown_as(member_id)
        metrics.called(name, result.elapsed_s, result.waited_s)
        if result.retried_for:
            metrics.retried(name, result.retried_for)
        speed = _speed_of(result)
        if speed:
            metrics.judged(name, speed)


def _cache_of(answer: NetworkAnswer) -> str:
    """Say what made an answer as slow as it was: `miss` if anybody was asked, else `stale`, `hit`.

    `none` where nobody was to be asked.
    """
    sources = {o.source for o in answer.outcomes if o.ending is not Ending.NOT_ASKED}
    for source in (Source.LIVE, Source.STALE, Source.CACHE):
        if source in sources:
            return _RESULTS[source]
    return "none"


def _speed_of(result: CallResult) -> str:
    """Say whether a call was answered in time; empty where it failed, which says nothing of it."""
    taken_s = result.elapsed_s - result.waited_s
    if result.reply is not None and result.reply.status < 400:
        return "in_time" if taken_s <= WITHIN_S else "late"
    is_late = result.failure is not None and result.failure.code is NoAnswerCode.TIMEOUT
    if is_late and result.attempts:
        return "cut_off" if is_cut_off(taken_s) else "late"
    return ""


def members_by_state(snapshot: Snapshot, breakers: dict[str, str], now: datetime) -> dict[str, int]:
    """Count the members that are asked, and those that are not for some while."""
    states = {"active": 0, "paused": 0, "suspended": 0, "disabled": 0}
    for member in snapshot.members:
        pause = member.entry.paused
        if member.entry.disabled:
            states["disabled"] += 1
        elif pause is not None and not pause.is_over(now):
            states["paused"] += 1
        elif breakers.get(member.id) == "open":
            states["suspended"] += 1
        else:
            states["active"] += 1
    return states
