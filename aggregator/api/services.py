"""The GA4GH service registry of the members (service-registry 1.0.0)."""

from aiohttp import web


def add_routes(router: web.UrlDispatcher) -> None:
    """Add the paths."""
