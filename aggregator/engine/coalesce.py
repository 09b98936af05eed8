"""Identical calls running at the same time are one call."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class _Shared(Generic[T]):
    def __init__(self, task: "asyncio.Task[T]") -> None:
        self.task = task
        self.waiters = 0


class Coalescer(Generic[T]):
    """Shares one task among all who wait for the same key.

    A waiter that leaves (its deadline, its client gone) does not disturb the others; the last
    one to leave cancels the call and waits until it has ended.
    """

    def __init__(self) -> None:
        self._running: dict[str, _Shared[T]] = {}

    def __len__(self) -> int:
        return len(self._running)

    async def run(self, key: str, start: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Wait for the call of this key, starting it if nobody has."""
        shared = self._running.get(key)
        if shared is None:
            shared = _Shared(asyncio.create_task(start(), name=f"call {key[:60]}"))
            self._running[key] = shared
            shared.task.add_done_callback(lambda _: self._forget(key, shared))
        shared.waiters += 1
        try:
            return await asyncio.shield(shared.task)
        finally:
            shared.waiters -= 1
            if shared.waiters == 0 and not shared.task.done():
                # later callers start a call of their own instead of joining a dying one
                self._forget(key, shared)
                shared.task.cancel()
                await asyncio.wait({shared.task})

    def _forget(self, key: str, shared: "_Shared[T]") -> None:
        if self._running.get(key) is shared:
            del self._running[key]
