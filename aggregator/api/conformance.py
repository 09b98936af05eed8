"""The pages and documents of conformance: how each member keeps to the specification."""

from aiohttp import web


def add_routes(router: web.UrlDispatcher) -> None:
    """Serve them."""
