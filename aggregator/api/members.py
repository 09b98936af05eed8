"""`/members` and `/members/{id}`: who is in the network, with twins for programs."""

from aiohttp import web


def add_routes(router: web.UrlDispatcher) -> None:
    """Add the paths."""
