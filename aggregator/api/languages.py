"""The language of each request, by its `Accept-Language`."""

from aiohttp import web

from aggregator.api.middleware import Handler
from aggregator.base.i18n import Catalogues, speaking

CATALOGUES: web.AppKey[Catalogues] = web.AppKey("catalogues", Catalogues)


@web.middleware
async def speak(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Write everything about a request in its language."""
    catalogues = request.app[CATALOGUES]
    with speaking(catalogues.for_header(request.headers.get("Accept-Language", ""))):
        return await handler(request)
