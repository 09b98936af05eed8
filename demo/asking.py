"""What the demo's miniature networks ask their beacons with: one client, as long as they run."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import aiohttp
from aiohttp import web

TIMEOUT_S = 5.0
CLIENT: web.AppKey[aiohttp.ClientSession] = web.AppKey("client", aiohttp.ClientSession)


def client(timeout_s: float) -> Callable[[web.Application], AbstractAsyncContextManager[None]]:
    """Keep a client in the application while it runs; `timeout_s` is for one whole request."""

    @asynccontextmanager
    async def keep(app: web.Application) -> AsyncIterator[None]:
        timeout = aiohttp.ClientTimeout(total=timeout_s)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            app[CLIENT] = session
            yield

    return keep
