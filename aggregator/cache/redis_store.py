"""Answers kept in Redis, shared by all processes of a network.

There is no second cache in the process in front of it. A key read with its neighbours in one MGET
costs a few microseconds, a whole question one round trip; a copy in each process would give
clients of different replicas different ages for the same answer, need invalidation of its own, and
hold in every process what Redis holds once.
"""

import asyncio
import contextlib
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

from aggregator.cache.redis_link import RedisLink, RedisUnavailable

MAX_WAITING = 2048
MAX_WAITING_BYTES = 32 * 2**20
BATCH = 64
BATCH_BYTES = 2**20
"""What one pipeline carries at most, so that it fits into the time of one operation."""
FLUSH_WITHIN_S = 1.0
JITTER = 0.1
"""Answers fetched together do not expire together: their life varies by this share."""


@dataclass(slots=True)
class StoreStats:
    """Counters of answers, for metrics."""

    hits: int = 0
    misses: int = 0
    """Answers looked for and not found, Redis out of reach included."""
    writes: int = 0
    dropped_writes: int = 0
    """Answers not kept: the queue was full, or Redis failed or refused them."""
    oversized_writes: int = 0
    """Answers not kept because of their size."""


@dataclass(frozen=True, slots=True)
class _Write:
    value: bytes
    life_ms: int


class RedisAnswers:
    """A losable store in Redis: whatever fails there is a miss or a write that did not happen.

    Reads are one MGET. Writes wait in a bounded queue for a background task that sends them as
    pipelines; nobody waits for them, and a full queue drops the new ones.
    """

    def __init__(
        self,
        link: RedisLink,
        *,
        prefix: str,
        max_value_bytes: int,
        max_waiting: int = MAX_WAITING,
        max_waiting_bytes: int = MAX_WAITING_BYTES,
        uniform: Callable[[], float] = random.random,
    ) -> None:
        self.stats = StoreStats()
        self.link = link
        self._prefix = prefix
        self._max_value_bytes = max_value_bytes
        self._max_waiting = max_waiting
        self._max_waiting_bytes = max_waiting_bytes
        self._uniform = uniform
        self._waiting: dict[str, _Write] = {}
        self._waiting_bytes = 0
        self._has_waiting = asyncio.Event()
        self._is_idle = asyncio.Event()
        self._is_idle.set()
        self._writer: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start the background writer."""
        self._writer = asyncio.create_task(self._write_all(), name="redis writer")

    async def aclose(self) -> None:
        """Write what waits, for a second at most, and stop; the link belongs to somebody else."""
        writer, self._writer = self._writer, None
        if writer is None:
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(FLUSH_WITHIN_S):
                await self._is_idle.wait()
        writer.cancel()
        await asyncio.wait({writer})
        self.stats.dropped_writes += len(self._waiting)
        self._waiting.clear()
        self._waiting_bytes = 0

    async def get_many(self, keys: Sequence[str]) -> list[bytes | None]:
        """Read all keys in one go; all are missing if Redis is."""
        if not keys:
            return []
        names = [self._prefix + key for key in keys]
        try:
            told = await self.link.run(lambda: self.link.client.mget(names))
        except RedisUnavailable:
            self.stats.misses += len(keys)
            return [None] * len(keys)
        kept = cast("list[bytes | None]", told)  # str only where a client decodes, ours does not
        hits = sum(value is not None for value in kept)
        self.stats.hits += hits
        self.stats.misses += len(keys) - hits
        return kept

    async def put(self, key: str, value: bytes, keep_s: float) -> None:
        """Leave a value to the background writer; a newer one replaces one that still waits."""
        if len(value) > self._max_value_bytes:
            self.stats.oversized_writes += 1
            return
        life_ms = round(1000 * keep_s * (1 - JITTER + 2 * JITTER * self._uniform()))
        if life_ms <= 0:
            return
        before = self._waiting.get(key)
        size = self._waiting_bytes + len(value) - (len(before.value) if before else 0)
        if (before is None and len(self._waiting) >= self._max_waiting) or (
            size > self._max_waiting_bytes
        ):
            self.stats.dropped_writes += 1
            return
        self._waiting[key] = _Write(value, life_ms)
        self._waiting_bytes = size
        self._has_waiting.set()
        self._is_idle.clear()

    @property
    def waiting(self) -> int:
        """Answers in the queue."""
        return len(self._waiting)

    @property
    def is_idle(self) -> bool:
        """Whether nothing waits and nothing is being written."""
        return self._is_idle.is_set()

    async def _write_all(self) -> None:
        while True:
            await self._has_waiting.wait()
            batch = self._take()
            await self._send(batch)
            if not self._waiting:
                self._has_waiting.clear()
                self._is_idle.set()

    def _take(self) -> list[tuple[str, _Write]]:
        """Take the oldest writes out of the queue, as many as one pipeline carries."""
        batch: list[tuple[str, _Write]] = []
        size = 0
        while self._waiting and len(batch) < BATCH and size < BATCH_BYTES:
            key = next(iter(self._waiting))
            write = self._waiting.pop(key)
            batch.append((key, write))
            size += len(write.value)
        self._waiting_bytes -= size
        return batch

    async def _send(self, batch: Sequence[tuple[str, _Write]]) -> None:
        pipeline = self.link.client.pipeline(transaction=False)
        for key, write in batch:
            pipeline.set(self._prefix + key, write.value, px=write.life_ms)
        written = 0
        try:
            # A write that Redis refuses (out of memory, read-only) is dropped on its own: reads
            # still work, so it is no reason to leave Redis alone.
            done = await self.link.run(lambda: pipeline.execute(raise_on_error=False))
            written = sum(not isinstance(one, Exception) for one in done)
        except RedisUnavailable:
            pass
        finally:
            self.stats.writes += written
            self.stats.dropped_writes += len(batch) - written
