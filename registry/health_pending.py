"""Counts of checks and questions that are not written yet, in bounded memory. Pure."""

from datetime import datetime
from itertools import pairwise
from typing import Final

from registry.history import Bucket, Histogram, Kind, Tier, Uptime

MOST_PENDING: Final = 20_000
"""How many buckets of one length wait at most; that is hours for most networks."""

_Key = tuple[str, Kind, int]


class _Counts:
    __slots__ = ("down", "paused", "slow", "timed_out", "times", "unknown", "up")

    def __init__(self) -> None:
        self.up = self.down = self.unknown = self.paused = self.timed_out = self.slow = 0
        self.times = Histogram()

    def take_in(self, other: "_Counts") -> None:
        """Add others to these."""
        self.up += other.up
        self.down += other.down
        self.unknown += other.unknown
        self.paused += other.paused
        self.timed_out += other.timed_out
        self.slow += other.slow
        self.times.take_in(other.times)


class PendingBuckets:
    """Counts in minutes; where there are too many, the oldest are counted in longer buckets.

    So while nothing can be written, detail is given up and no check is.
    """

    def __init__(self, *, most: int = MOST_PENDING) -> None:
        self._most = most
        self._tiers: dict[Tier, dict[_Key, _Counts]] = {tier: {} for tier in Tier}

    def counts(self, member_id: str, kind: Kind, at: datetime) -> _Counts:
        """Give the counts of a minute, to count in."""
        minutes = self._tiers[Tier.MINUTE]
        key = member_id, kind, Tier.MINUTE.start_of(at)
        found = minutes.get(key)
        if found is None:
            if len(minutes) >= self._most:
                self._make_room()
            found = minutes[key] = _Counts()
        return found

    def take(self) -> list[Bucket]:
        """Give what was counted in buckets of every length, and begin anew."""
        made: list[Bucket] = []
        rolled: dict[_Key, _Counts] = {}
        for tier in Tier:
            rolled = _longer(rolled, tier)
            _join(rolled, self._tiers[tier])
            self._tiers[tier] = {}
            made += [_bucket(tier, key, counts) for key, counts in rolled.items()]
        return made

    def __len__(self) -> int:
        return sum(map(len, self._tiers.values()))

    def _make_room(self) -> None:
        tiers = list(Tier)
        for tier, longer in pairwise(tiers):
            held = self._tiers[tier]
            if len(held) < self._most:
                return
            oldest = sorted(held, key=lambda key: key[2])[: self._most // 2 + 1]
            _join(self._tiers[longer], _longer({key: held.pop(key) for key in oldest}, longer))


def _longer(counted: dict[_Key, _Counts], tier: Tier) -> dict[_Key, _Counts]:
    """Count the same in buckets of a length that holds theirs."""
    length = int(tier.length.total_seconds())
    made: dict[_Key, _Counts] = {}
    for (member_id, kind, start), counts in counted.items():
        key = member_id, kind, start - start % length
        made.setdefault(key, _Counts()).take_in(counts)
    return made


def _join(into: dict[_Key, _Counts], counted: dict[_Key, _Counts]) -> None:
    for key, counts in counted.items():
        there = into.setdefault(key, counts)
        if there is not counts:
            there.take_in(counts)


def _bucket(tier: Tier, key: _Key, counts: _Counts) -> Bucket:
    member_id, kind, start = key
    return Bucket(
        member_id=member_id,
        kind=kind,
        tier=tier,
        start=start,
        uptime=Uptime(counts.up, counts.down, counts.unknown, counts.paused),
        timed_out=counts.timed_out,
        slow=counts.slow,
        times=counts.times,
    )
