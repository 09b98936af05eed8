"""`/manage/{id}`: what a member does with its own entry, by its service key."""

from aiohttp import web


def add_routes(router: web.UrlDispatcher) -> None:
    """Add the paths."""
