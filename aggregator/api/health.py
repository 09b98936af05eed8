"""The pages and documents of health: how each member is doing, and what went wrong."""

from aiohttp import web

from aggregator.api import health_notes, health_pages, health_programs

_ONE = "/health/{id:[^{}/.]+}"


def add_routes(router: web.UrlDispatcher) -> None:
    """Serve them."""
    router.add_get("/health", health_pages.health)
    router.add_get("/health.json", health_pages.health_json)
    router.add_get("/health.csv", health_pages.health_csv)
    router.add_get("/health.txt", health_pages.health_txt)
    router.add_get(_ONE, health_pages.member)
    router.add_get(f"{_ONE}.json", health_pages.member_json)
    router.add_get(f"{_ONE}.csv", health_pages.member_csv)
    health_notes.add_routes(router)
    health_programs.add_routes(router)
