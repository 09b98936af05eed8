"""Finds out whether a server mixes up requests that come at the same time."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from aggregator.model.answer import Answer
from aggregator.model.outcome import NoAnswerCode
from aggregator.model.query import Query
from aggregator.protocol.wire import Failure, Reply, Request

_SAFE: Final = "asked with another at once, both answered"
_MIXED_UP: Final = "asked with another at once, the answer was to the other question"
_OPEN: Final = "asked with another at once, nothing learned"


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request, what came, and what was read in it."""

    request: Request
    reply: Reply | None
    read: Answer | Failure


@dataclass(frozen=True, slots=True)
class MixUp:
    """What two requests at once showed."""

    is_mixed_up: bool
    exchanges: tuple[Exchange, ...]
    sentence: str


async def mixes_up(
    one: Query, other: Query, ask: Callable[[Query], Awaitable[Exchange | None]]
) -> MixUp:
    """Ask two questions at once; `one` is known to be answered when it is asked alone.

    Where the other's answer contradicts its question, it is asked once more alone: a server that
    always answers so mixes up nothing.
    """
    both = await asyncio.gather(ask(one), ask(other))
    first, second = both
    exchanges = tuple(exchange for exchange in both if exchange is not None)
    if first is not None and _is_to_another(first):
        return MixUp(True, exchanges, _MIXED_UP)
    if second is not None and _is_to_another(second):
        alone = await ask(other)
        if alone is not None:
            is_mixed_up = isinstance(alone.read, Answer)
            sentence = _MIXED_UP if is_mixed_up else _OPEN
            return MixUp(is_mixed_up, (*exchanges, alone), sentence)
    is_safe = len(exchanges) == 2 and all(isinstance(each.read, Answer) for each in exchanges)
    return MixUp(False, exchanges, _SAFE if is_safe else _OPEN)


def _is_to_another(exchange: Exchange) -> bool:
    read = exchange.read
    return isinstance(read, Failure) and read.code is NoAnswerCode.INCONSISTENT
