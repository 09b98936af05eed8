"""Where people say how they want to be told of what changed."""

from aiohttp import web


def add_routes(router: web.UrlDispatcher) -> None:
    """Serve them."""
