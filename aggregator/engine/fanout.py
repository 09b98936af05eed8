"""Waits for all members at once under one deadline; what is not in by then has not answered."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from aggregator.base.deadline import Deadline
from aggregator.engine.coalesce import Joined

K = TypeVar("K")
T = TypeVar("T")

GRACE_S = 0.02
"""How much longer than the deadline calls may take to say themselves that it has passed."""


async def fan_out(
    joined: Mapping[K, Joined[T]],
    deadline: Deadline,
    *,
    ended: Callable[[K, T], None],
    late: Callable[[K], None],
) -> None:
    """Hear every call once until the deadline: `ended` as it ends, else `late`.

    The calls give values and do not raise. Calls that nobody else waits for are cancelled when
    the deadline has passed or the caller is cancelled, and they have ended before this returns.
    One callback per call instead of a task each: with 50 members that is a third of the cost.
    """
    waiting = dict(joined)
    all_in: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def one_is_in(key: K, task: "asyncio.Task[T]") -> None:
        if waiting.pop(key, None) is None:
            return
        try:
            if task.cancelled():
                late(key)
            else:
                ended(key, task.result())
        finally:
            if not waiting and not all_in.done():
                all_in.set_result(None)

    callbacks: dict[K, Callable[[Any], None]] = {}
    for key, place in joined.items():
        callbacks[key] = _calling(one_is_in, key)
        place.task.add_done_callback(callbacks[key])
    try:
        if waiting:
            await asyncio.wait((all_in,), timeout=deadline.remaining_s + GRACE_S)
        # before they are cancelled: how far they have come is known only while they run
        for key in list(waiting):
            del waiting[key]
            late(key)
    finally:
        waiting.clear()
        dying = []
        for key, place in joined.items():
            if key in callbacks:
                place.task.remove_done_callback(callbacks[key])
            if (task := place.leave()) is not None:
                dying.append(task)
        all_in.cancel()
        if dying:
            await asyncio.wait(dying)


def _calling(
    one_is_in: "Callable[[K, asyncio.Task[T]], None]", key: K
) -> "Callable[[asyncio.Task[T]], None]":
    return lambda task: one_is_in(key, task)
