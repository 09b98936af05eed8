"""Counts what clients have asked, in Redis for all processes together or else in this one.

Windows are those of the library `limits` (sliding window counter: two numbers per client, and the
share of the last window that still weighs). While Redis fails, each process counts for itself:
limits become laxer then, and questions are never refused for want of Redis.
"""

import math
from dataclasses import dataclass

from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter

from aggregator.api.clients import Allowance
from aggregator.cache.redis_link import RedisLink, RedisUnavailable

PERIOD_S = 60
QUESTIONS = "members"
"""The name under which questions to members are counted."""
MAX_CLIENTS = 10_000
"""Windows kept in memory before all start anew: the library looks at each of them per question."""


@dataclass(frozen=True, slots=True)
class Window:
    """The two counters of a client, as the library gives them."""

    previous: int
    previous_s: float
    """Seconds until the previous window weighs nothing."""
    current: int
    current_s: float
    """Seconds until the current window, grown into a previous one by then, weighs nothing."""

    @property
    def used(self) -> int:
        """What counts against the limit now."""
        return math.floor(self.previous * self.previous_s / PERIOD_S) + self.current

    def wait_s(self, room: int) -> float:
        """Give the seconds until not more than `room` is used; 0 if that is so now.

        `room` is 0 or more. The answer is the last moment at which it is not yet so.
        """
        if self.used <= room:
            return 0.0
        if self.current <= room:
            return self.previous_s - (room - self.current + 1) * PERIOD_S / self.previous
        return self.current_s - (room + 1) * PERIOD_S / self.current

    @property
    def reset_s(self) -> float:
        """Seconds until nothing is used."""
        if self.current:
            return self.current_s
        return self.previous_s if self.previous else 0.0


class _Counter:
    """The library's limiter over one of its storages."""

    def __init__(self, storage: MemoryStorage | RedisStorage, limit: int, namespace: str) -> None:
        self._storage = storage
        self._limiter = SlidingWindowCounterRateLimiter(storage)
        self._item = RateLimitItemPerMinute(limit, namespace=namespace)
        self._limit = limit

    async def charge(self, client: str, cost: int) -> Allowance:
        cost = min(cost, self._limit)
        is_granted = await self._limiter.hit(self._item, client, cost=cost)
        key = self._item.key_for(client)
        window = Window(*await self._storage.get_sliding_window(key, PERIOD_S))
        return Allowance(
            limit=self._limit,
            period_s=PERIOD_S,
            remaining=max(0, self._limit - window.used),
            reset_s=window.reset_s,
            retry_after_s=None if is_granted else window.wait_s(self._limit - cost),
        )


class MemoryAllowances:
    """Allowances counted in this process."""

    def __init__(self, limit: int, *, namespace: str = QUESTIONS) -> None:
        self._storage = MemoryStorage()
        self._counter = _Counter(self._storage, limit, namespace)

    async def charge(self, client: str, cost: int) -> Allowance:
        """Take `cost` member questions from a client's allowance, if so many are left."""
        if len(self._storage.storage) > 2 * MAX_CLIENTS:
            await self._storage.reset()
        return await self._counter.charge(client, cost)

    async def aclose(self) -> None:
        """Wait for the library's housekeeping."""
        if self._storage.timer is not None:
            await self._storage.timer


class RedisAllowances:
    """Allowances counted in Redis, or in this process while Redis does not answer."""

    def __init__(
        self, link: RedisLink, limit: int, *, prefix: str, namespace: str = QUESTIONS
    ) -> None:
        # with a pool of ours the address says only which kind of server it is
        storage = RedisStorage(
            "async+redis://",
            implementation="redispy",
            key_prefix=f"{prefix}rl",
            connection_pool=link.client.connection_pool,  # type: ignore[arg-type]  # passed through
        )
        self._link = link
        self._counter = _Counter(storage, limit, namespace)
        self._own = MemoryAllowances(limit, namespace=namespace)
        self.fallbacks = 0
        """Charges that were made in this process because Redis did not answer; for metrics."""

    async def charge(self, client: str, cost: int) -> Allowance:
        """Take `cost` member questions from a client's allowance, if so many are left."""
        try:
            return await self._link.run(lambda: self._counter.charge(client, cost))
        except RedisUnavailable:
            self.fallbacks += 1
            return await self._own.charge(client, cost)

    async def aclose(self) -> None:
        """Give resources back; the link belongs to somebody else."""
        await self._own.aclose()
