"""Runs all members at once under one deadline; what is not in by then has not answered."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, TypeVar

from aggregator.base.deadline import Deadline

K = TypeVar("K")
T = TypeVar("T")

GRACE_S = 0.02
"""How much longer than the deadline calls may take to say themselves that it has passed."""


async def fan_out(
    calls: Mapping[K, Callable[[], Coroutine[Any, Any, T]]],
    deadline: Deadline,
    *,
    late: Callable[[K], T],
) -> dict[K, T]:
    """Await every call until the deadline and give one value for each.

    The calls return values and do not raise. Those still running after the deadline are
    cancelled, awaited, and replaced by `late`. If the caller is cancelled, so are all calls, and
    they have ended before the cancellation goes on.
    """
    tasks = {asyncio.create_task(start(), name=f"ask {key}"): key for key, start in calls.items()}
    try:
        if tasks:
            await asyncio.wait(tasks, timeout=deadline.remaining_s + GRACE_S)
    finally:
        pending = [task for task in tasks if not task.done()]
        for task in pending:
            task.cancel()
        if pending:
            await asyncio.wait(pending)
    return {key: late(key) if task.cancelled() else task.result() for task, key in tasks.items()}
