"""Whether this network's own connection works: places the operator trusts, and a TCP connection.

They are the operator's own choice and carry nothing of a question, so the guard has no say here.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Final

CONNECT_S: Final = 3.0
"""How long one place gets to answer."""
FRESH_S: Final = 5.0
"""How long a result is good for."""


class Reference:
    """The places that stand for the rest of the world; several are tried at once."""

    def __init__(
        self,
        places: Sequence[str],
        *,
        clock: Callable[[], float],
        connect: Callable[[str], Awaitable[bool]] | None = None,
    ) -> None:
        self._places = tuple(places)
        self._clock = clock
        self._connect = connect or connects
        self._looking = asyncio.Lock()
        self._is_online = True
        self._looked_s = float("-inf")

    @property
    def is_there(self) -> bool:
        """Whether there is any place to look at."""
        return bool(self._places)

    async def is_online(self, since_s: float = float("-inf")) -> bool:
        """Say whether any place answers, as found in the last seconds and not before `since_s`.

        Whoever asks while somebody looks waits, and takes what they find if it is new enough.
        """
        async with self._looking:
            if self._looked_s < max(since_s, self._clock() - FRESH_S):
                self._looked_s = self._clock()
                self._is_online = await self._any_answers()
            return self._is_online

    async def _any_answers(self) -> bool:
        tries = [asyncio.ensure_future(self._connect(place)) for place in self._places]
        try:
            for attempt in asyncio.as_completed(tries):
                if await attempt:
                    return True
            return False
        finally:
            for one in tries:
                one.cancel()
            await asyncio.gather(*tries, return_exceptions=True)


async def connects(place: str) -> bool:
    """Say whether a TCP connection to `host:port` comes about in time."""
    host, _, port = place.rpartition(":")
    try:
        async with asyncio.timeout(CONNECT_S):
            _, writer = await asyncio.open_connection(host.strip("[]"), int(port))
    except (OSError, ValueError, OverflowError):  # a TimeoutError is an OSError
        return False
    writer.transport.abort()
    with suppress(OSError):
        await writer.wait_closed()
    return True
