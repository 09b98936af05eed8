"""Every path of the network and its handler."""

from aiohttp import web

from aggregator.api import middleware, network, ops, pages, v1, v2
from aggregator.api.context import API, Api
from aggregator.base.resources import folder

INFORMATIONAL = {
    "": v2.info,
    "/": v2.info,
    "/info": v2.info,
    "/service-info": v2.service_info,
    "/configuration": v2.configuration,
    "/map": v2.beacon_map,
    "/entry_types": v2.entry_types,
    "/filtering_terms": v2.filtering_terms,
}


def build(api: Api) -> web.Application:
    """Build the web application around the services."""
    app = web.Application(
        middlewares=[middleware.observe, middleware.answer_preflight, middleware.answer_errors],
        client_max_size=api.settings.server.max_request_bytes,
    )
    app[API] = api
    app.on_response_prepare.append(middleware.add_headers)
    router = app.router
    for path, handler in INFORMATIONAL.items():
        router.add_get(f"/api{path}", handler)
    for method in ("GET", "POST"):
        router.add_route(method, "/api/g_variants", v2.g_variants)
        router.add_route(method, "/v1/query", v1.query)
        router.add_route(method, "/network/explain/{path:.*}", network.explain)
    router.add_get("/v1", v1.beacon)
    router.add_get("/v1/", v1.beacon)
    router.add_get("/", pages.home)
    router.add_get("/info", v2.info)
    router.add_get("/service-info", v2.service_info)
    router.add_get("/search", pages.search)
    router.add_get("/search.json", pages.search_json)
    router.add_get("/search/parse", network.parse_text)
    router.add_get("/livez", ops.livez)
    router.add_get("/readyz", ops.readyz)
    router.add_static("/static", folder("web") / "static", append_version=False)
    return app
