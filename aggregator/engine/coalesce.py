"""Identical calls running at the same time are one call."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Joined(Generic[T]):
    """One waiter's place at a shared call; leave it when done waiting, whatever came of it."""

    __slots__ = ("_left", "_shared", "task")

    def __init__(self, shared: "_Shared[T]") -> None:
        self._shared = shared
        self._left = False
        self.task = shared.task

    def leave(self) -> "asyncio.Task[T] | None":
        """Stop waiting; gives the task if this was its last waiter, cancelled and to be awaited."""
        if self._left:
            return None
        self._left = True
        return self._shared.lose_one()


class Coalescer(Generic[T]):
    """Shares one task among all who wait for the same key.

    A waiter that leaves (its deadline, its client gone) does not disturb the others; when the
    last one leaves, the call is cancelled.
    """

    def __init__(self) -> None:
        self._running: dict[str, _Shared[T]] = {}
        self.shared_calls = 0
        """How often a call was already running."""

    def __len__(self) -> int:
        return len(self._running)

    def join(self, key: str, start: Callable[[], Coroutine[Any, Any, T]]) -> Joined[T]:
        """Take a place at the call of this key, starting it if nobody has."""
        shared = self._running.get(key)
        if shared is None:
            shared = _Shared(asyncio.create_task(start()), key, self._running)
            self._running[key] = shared
        else:
            self.shared_calls += 1
        shared.waiters += 1
        return Joined(shared)


class _Shared(Generic[T]):
    __slots__ = ("_key", "_running", "task", "waiters")

    def __init__(self, task: "asyncio.Task[T]", key: str, running: "dict[str, _Shared[T]]") -> None:
        self.task = task
        self.waiters = 0
        self._key = key
        self._running = running
        task.add_done_callback(self._forget)

    def lose_one(self) -> "asyncio.Task[T] | None":
        self.waiters -= 1
        if self.waiters or self.task.done():
            return None
        # later callers start a call of their own instead of joining a dying one
        self._forget()
        self.task.cancel()
        return self.task

    def _forget(self, _: object = None) -> None:
        if self._running.get(self._key) is self:
            del self._running[self._key]
