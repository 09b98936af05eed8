"""The pages and documents of health: how each member is doing, and what went wrong."""

from aiohttp import web


def add_routes(router: web.UrlDispatcher) -> None:
    """Serve them."""
