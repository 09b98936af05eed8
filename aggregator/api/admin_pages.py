"""`/admin`: what operators do, for people; complete without script."""

from aiohttp import web


def add_routes(router: web.UrlDispatcher) -> None:
    """Add the paths."""
