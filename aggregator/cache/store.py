"""Answers kept: the stored form, the interface of a store, and the store in this process."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec

from aggregator.model.answer import Answer


class StoredAnswer(msgspec.Struct, frozen=True):
    """An answer with what is needed to use it later."""

    fetched_at: float
    """Seconds since the epoch, so that processes and machines agree."""
    answer: Answer
    hits: tuple[int, ...] = ()
    """Which parts of the question said yes: what a hit proves depends on who asks."""


_decoder = msgspec.json.Decoder(StoredAnswer)
_encoder = msgspec.json.Encoder()


def encode(stored: StoredAnswer) -> bytes:
    """Write an answer for a store; records are spliced in as they are."""
    return _encoder.encode(stored)


def decode(raw: bytes) -> StoredAnswer | None:
    """Read a stored answer; anything unreadable is a miss."""
    try:
        return _decoder.decode(raw)
    except (msgspec.DecodeError, RecursionError):
        return None


class AnswerStore(Protocol):
    """A losable store: a failure inside is a miss, never an error."""

    async def get_many(self, keys: Sequence[str]) -> list[bytes | None]:
        """Read all keys in one go."""
        ...

    async def put(self, key: str, value: bytes, keep_s: float) -> None:
        """Keep a value for `keep_s` seconds at most."""
        ...

    async def aclose(self) -> None:
        """Give resources back."""
        ...


class MemoryAnswers:
    """A least-recently-used store bounded in entries and bytes."""

    def __init__(self, *, max_entries: int, max_bytes: int, clock: Callable[[], float]) -> None:
        self._max_entries = max_entries
        self._max_bytes = max_bytes
        self._clock = clock
        self._kept: OrderedDict[str, tuple[float, bytes]] = OrderedDict()
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._kept)

    async def get_many(self, keys: Sequence[str]) -> list[bytes | None]:
        """Read all keys in one go."""
        return [self._get(key) for key in keys]

    async def put(self, key: str, value: bytes, keep_s: float) -> None:
        """Keep a value; one that would crowd out more than half of all is not kept."""
        self._drop(key)
        if len(value) > self._max_bytes // 2 or keep_s <= 0:
            return
        self._kept[key] = (self._clock() + keep_s, value)
        self._bytes += len(value)
        while len(self._kept) > self._max_entries or self._bytes > self._max_bytes:
            self._drop(next(iter(self._kept)))

    async def aclose(self) -> None:
        """Forget everything."""
        self._kept.clear()
        self._bytes = 0

    def _get(self, key: str) -> bytes | None:
        kept = self._kept.get(key)
        if kept is None:
            return None
        if self._clock() >= kept[0]:
            self._drop(key)
            return None
        self._kept.move_to_end(key)
        return kept[1]

    def _drop(self, key: str) -> None:
        kept = self._kept.pop(key, None)
        if kept is not None:
            self._bytes -= len(kept[1])
