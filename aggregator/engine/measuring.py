"""Counts what answers say of themselves and of members; says which members failed or were slow."""

from collections.abc import Callable
from datetime import datetime

import structlog

from aggregator.base.metrics import Metrics
from aggregator.model.merged import NetworkAnswer
from aggregator.model.outcome import Ending, Source
from aggregator.upstream.call_results import CallResult
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
            query.entry_type, query.granularity.value, answer.verdict.value, answer.elapsed_s
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
        self._metrics.called(
            self._shown_as(member_id), result.elapsed_s, result.attempts, result.waited_s
        )


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
