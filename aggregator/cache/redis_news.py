"""Announces changes of the registry to the other processes of a network, by Redis pub/sub.

An announcement is a hint to look now, and carries the registry's revision alone. One that Redis
did not take is made again. Whoever misses one, or has no Redis, finds the change when it looks by
itself (`registry.poll_s`): Redis gone never fails a change and never loses one.
"""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import structlog

from aggregator.cache.redis_link import (
    CLOSE_WITHIN_S,
    START_WITHIN_S,
    RedisLink,
    RedisUnavailable,
)

if TYPE_CHECKING:
    from redis.asyncio.client import PubSub

log = structlog.get_logger(__name__)

PAUSE_S: Final = 1.0
"""How long Redis is left alone when listening has failed."""
SILENCE_S: Final = 10.0
"""After so long without a word Redis is asked whether it is still there."""


class RegistryNews:
    """Announces changes, and listens for those of others; `heard` is told their revision.

    It is told None when listening begins, first and after every interruption: something may have
    been missed.
    """

    def __init__(
        self,
        link: RedisLink,
        *,
        prefix: str,
        heard: Callable[[int | None], None],
        pause_s: float = PAUSE_S,
        silence_s: float = SILENCE_S,
    ) -> None:
        self.channel = f"{prefix}registry"
        self._link = link
        self._heard = heard
        self._pause_s = pause_s
        self._silence_s = silence_s
        self._listening: asyncio.Task[None] | None = None
        self._untold: int | None = None
        self._telling: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to listen, now or as soon as Redis is there."""
        self._listening = asyncio.create_task(
            self._listen_again_and_again(), name="listen for news of the registry"
        )

    async def aclose(self) -> None:
        """Stop listening, and telling what could not be told yet."""
        running = {each for each in (self._listening, self._telling) if each is not None}
        self._listening = self._telling = None
        for each in running:
            each.cancel()
        if running:
            await asyncio.wait(running)

    async def announce(self, revision: int) -> None:
        """Tell everybody that listens, later if it cannot be done now; that is no error."""
        self._untold = revision
        if await self._tell() or self._listening is None:
            return
        if self._telling is None:
            log.debug("a change of the registry could not be announced yet")
            self._telling = asyncio.create_task(
                self._tell_again_and_again(), name="announce a change of the registry"
            )

    async def _tell(self) -> bool:
        """Announce the newest change that nobody was told of; False if Redis did not take it."""
        revision = self._untold
        try:
            await self._link.run(lambda: self._link.client.publish(self.channel, str(revision)))
        except RedisUnavailable:
            return False
        if self._untold == revision:
            self._untold = None
        return True

    async def _tell_again_and_again(self) -> None:
        # who listens all the while, and Redis was only slow, would learn of it much too late
        while self._untold is not None:
            await asyncio.sleep(self._pause_s)
            if self._untold is not None:
                await self._tell()
        self._telling = None

    async def _listen_again_and_again(self) -> None:
        while True:
            try:
                await self._listen()
            except Exception as error:
                # A background service goes on whatever Redis does; the link tells of outages.
                log.debug("listening for news of the registry failed", error=type(error).__name__)
            await asyncio.sleep(self._pause_s)

    async def _listen(self) -> None:
        """Listen until Redis is gone, or says nothing although it is asked."""
        listener = self._link.client.pubsub()
        try:
            async with asyncio.timeout(START_WITHIN_S):
                await listener.subscribe(self.channel)
            is_asked = False
            while True:
                message = await listener.get_message(timeout=self._silence_s)
                if message is not None:
                    is_asked = False
                    self._take(message["type"], message["data"])
                elif is_asked:
                    return
                else:
                    is_asked = True
                    async with asyncio.timeout(self._silence_s):
                        await listener.ping()
        finally:
            await _closed(listener)

    def _take(self, kind: str, content: object) -> None:
        if kind == "subscribe":
            self._heard(None)
        elif kind == "message" and isinstance(content, bytes) and content.isdigit():
            self._heard(int(content[:20]))


async def _closed(listener: "PubSub") -> None:
    try:
        async with asyncio.timeout(CLOSE_WITHIN_S):
            await listener.aclose()  # type: ignore[no-untyped-call]  # it takes nothing
    except Exception as error:
        # as when the link itself is closed: whatever Redis does while we leave is no error of ours
        log.debug("redis was left in haste", error=type(error).__name__)
