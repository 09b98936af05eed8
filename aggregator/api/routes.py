"""Every path of the network and its handler."""

from aiohttp import web

from aggregator.api import (
    admin,
    admin_pages,
    alerting,
    badges,
    compat_csc,
    conformance,
    docs,
    feeds,
    health,
    joining,
    languages,
    logos,
    managing,
    measuring,
    members,
    middleware,
    network,
    openapi,
    ops,
    pages,
    pages_help,
    ratelimit,
    search_runs,
    services,
    sockets,
    terms,
    v1,
    v2,
    validate,
)
from aggregator.api.context import API, Api
from aggregator.api.events import search_events
from aggregator.api.middleware import Handler
from aggregator.api.stream import also_streamed
from aggregator.base.i18n import Catalogues
from aggregator.base.resources import folder
from aggregator.protocol.surface import QUESTION_KEYS, TERMS_PATHS, path_of

INFORMATIONAL = {
    "": v2.info,
    "/": v2.info,
    "/info": v2.info,
    "/service-info": v2.service_info,
    "/configuration": v2.configuration,
    "/map": v2.beacon_map,
    "/entry_types": v2.entry_types,
    "/filtering_terms": terms.filtering_terms,
}

PAGES: dict[str, Handler] = {
    "/": pages.home,
    "/search": pages.search,
    "/search.json": pages.search_json,
    "/search.csv": pages.search_csv,
    "/search.txt": pages.search_txt,
    "/search/events": search_events,
    "/help": pages_help.help_page,
    "/help/syntax": pages_help.syntax_page,
    "/opensearch.xml": pages_help.opensearch,
    "/robots.txt": pages_help.robots,
    "/favicon.ico": pages_help.favicon,
}


def build(api: Api) -> web.Application:
    """Build the web application around the services."""
    app = web.Application(
        middlewares=[
            measuring.count,
            middleware.observe,
            languages.speak,
            middleware.answer_preflight,
            middleware.answer_errors,
        ],
        client_max_size=api.settings.server.max_request_bytes,
    )
    app[API] = api
    app[languages.CATALOGUES] = Catalogues.found()
    sockets.install(app, api.settings.server.drain_s)
    search_runs.install(app, api.service, api.holder)
    app.on_response_prepare.append(middleware.add_headers)
    app.on_response_prepare.append(ratelimit.add_headers)
    router = app.router
    for path, handler in INFORMATIONAL.items():
        router.add_get(f"/api{path}", handler)
        router.add_post(f"/api{path}", handler)
    for method in ("GET", "POST"):
        for key in QUESTION_KEYS:
            router.add_route(method, f"/api{path_of(key)}", also_streamed(v2.entries))
        for path in TERMS_PATHS:
            router.add_route(method, f"/api{path}", terms.filtering_terms_below)
        router.add_route(method, "/api/{path:.*}", also_streamed(v2.beyond))
        router.add_route(method, "/v1/query", v1.query)
        router.add_route(method, "/network/explain/{path:.*}", network.explain)
    router.add_get("/v1", v1.beacon)
    router.add_get("/v1/", v1.beacon)
    router.add_get("/query", compat_csc.query)
    router.add_get("/validate", validate.validate)
    router.add_get("/info", v2.info)
    router.add_get("/search/parse", network.parse_text)
    router.add_get("/livez", ops.livez)
    router.add_get("/readyz", ops.readyz)
    router.add_get("/metrics", measuring.metrics)
    router.add_get("/openapi.json", openapi.openapi)
    router.add_get("/docs", docs.docs)
    for path, page in PAGES.items():
        router.add_get(path, page)
    for part in (
        *(services, joining, managing, admin, admin_pages, members, logos),
        *(health, conformance, badges, feeds, alerting),
    ):
        part.add_routes(router)
    router.add_static("/static", folder("web") / "static", append_version=False)
    return app
