"""Counts requests by route, and shows what was counted."""

from collections.abc import Awaitable, Callable

from aiohttp import web

from aggregator.api.context import api_of, route_of
from aggregator.api.ratelimit import scope_of

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

CLIENT_LEFT = 499
TOO_MANY = 429
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


@web.middleware
async def count(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Count the request under its route, whose number is bounded; paths are not."""
    status = CLIENT_LEFT
    try:
        response = await handler(request)
        status = response.status
        return response
    except web.HTTPException as error:
        status = error.status
        raise
    finally:
        method = request.method if request.method in _METHODS else "other"
        metrics = api_of(request).metrics
        metrics.responded(route_of(request), method, status)
        if status == TOO_MANY:
            metrics.refused(scope_of(request))


async def metrics(request: web.Request) -> web.Response:
    """Show the metrics of this process."""
    body, content_type = await api_of(request).metrics.text(request.headers.get("Accept", ""))
    return web.Response(
        body=body, headers={"Content-Type": content_type, "Cache-Control": "no-store"}
    )
