"""Operations: is the process alive, and may it be asked."""

from aiohttp import web

from aggregator.api.context import api_of
from aggregator.api.http import respond


async def livez(_: web.Request) -> web.Response:
    """Say that the process runs."""
    return respond({"status": "alive"}, headers={"Cache-Control": "no-store"})


async def readyz(request: web.Request) -> web.Response:
    """Say whether questions are taken; members are not waited for."""
    api = api_of(request)
    ready = api.is_ready()
    return respond(
        {
            "status": "ready" if ready else "starting or stopping",
            "members": len(api.holder.current.members),
            "registryRevision": api.holder.current.revision,
        },
        status=200 if ready else 503,
        headers={"Cache-Control": "no-store"} | ({} if ready else {"Retry-After": "2"}),
    )
