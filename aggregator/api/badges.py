"""Badges of members: pictures for their own pages, and the same as JSON."""

from aiohttp import web


def add_routes(router: web.UrlDispatcher) -> None:
    """Serve them."""
