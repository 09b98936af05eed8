"""How real questions of the last hour ended: of this process at once, of others as written."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final

from registry.health import QuestionFacts
from registry.history import Bucket, Tier

MINUTES: Final = 60
"""How many minutes are remembered."""

_Ended = tuple[int, int, int]
"""Answered, failed, timed out."""


class Questions:
    """Counts questions by member and minute."""

    def __init__(self) -> None:
        self._own: dict[str, dict[int, _Ended]] = {}
        self._written: dict[str, dict[int, _Ended]] = {}

    @property
    def member_ids(self) -> set[str]:
        """Who was asked."""
        return {*self._own, *self._written}

    def count(self, member_id: str, at: datetime, *, is_answered: bool, timed_out: bool) -> None:
        """Count a question of this process."""
        minutes = self._own.setdefault(member_id, {})
        start = Tier.MINUTE.start_of(at)
        if start not in minutes and len(minutes) >= MINUTES:
            for old in sorted(minutes)[: len(minutes) - MINUTES + 1]:
                del minutes[old]
        answered, failed, late = minutes.get(start, (0, 0, 0))
        minutes[start] = (
            answered + is_answered,
            failed + (not is_answered),
            late + (timed_out and not is_answered),
        )

    def take_in(self, buckets: Mapping[str, Iterable[Bucket]]) -> None:
        """Know the minutes that are written, those of this process among them."""
        self._written = {
            member_id: {
                bucket.start: (bucket.uptime.up, bucket.uptime.down, bucket.timed_out)
                for bucket in minutes
                if bucket.tier is Tier.MINUTE
            }
            for member_id, minutes in buckets.items()
        }

    def facts(
        self,
        member_id: str,
        now: datetime,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> QuestionFacts:
        """Add up the last hour, or the whole minutes of it between `since` and `until`.

        What this process asked is among what is written, sooner or later: of each minute the
        larger counts, so that nothing counts twice.
        """
        first = Tier.MINUTE.start_of(now) - (MINUTES - 1) * 60
        if since is not None:
            first = max(first, Tier.MINUTE.start_of(since) + 60)
        end = Tier.MINUTE.start_of(until or now + timedelta(minutes=1))
        own, written = self._own.get(member_id, {}), self._written.get(member_id, {})
        totals = [0, 0, 0]
        for minute in {*own, *written}:
            if first <= minute < end:
                mine, theirs = own.get(minute, (0, 0, 0)), written.get(minute, (0, 0, 0))
                for at in range(3):
                    totals[at] += max(mine[at], theirs[at])
        return QuestionFacts(*totals)

    def forget_before(self, now: datetime) -> None:
        """Forget what is older than an hour."""
        first = Tier.MINUTE.start_of(now) - (MINUTES - 1) * 60
        for kept in (self._own, self._written):
            for member_id, minutes in list(kept.items()):
                recent = {start: ended for start, ended in minutes.items() if start >= first}
                if recent:
                    kept[member_id] = recent
                else:
                    del kept[member_id]
