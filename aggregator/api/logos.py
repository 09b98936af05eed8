"""`/logo/{id}`: members' logos from our own origin."""

from aiohttp import web


def add_routes(router: web.UrlDispatcher) -> None:
    """Add the paths."""
