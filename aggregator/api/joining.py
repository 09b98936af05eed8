"""`/join`: the check before a beacon joins, agreeing, and the key that is shown once."""

from aiohttp import web


def add_routes(router: web.UrlDispatcher) -> None:
    """Add the paths."""
