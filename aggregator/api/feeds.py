"""Atom feeds of what happened to members."""

from aiohttp import web


def add_routes(router: web.UrlDispatcher) -> None:
    """Serve them."""
