"""Around every handler: request ids, the log line, errors in the shape of their path, CORS.

The log holds routes, never paths or query strings: a question is about somebody's genome.
"""

import re
import secrets
import time
from collections.abc import Awaitable, Callable, Sequence
from http import HTTPStatus

import structlog
from aiohttp import web

from aggregator.api.context import api_of, route_of
from aggregator.api.http import respond
from aggregator.base.errors import (
    BeaconError,
    Overloaded,
    RateLimited,
    Unauthorized,
    WrongMethod,
)
from aggregator.protocol import documents, documents_v1
from registry import service_registry

log = structlog.get_logger("aggregator.access")

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

REQUEST_ID: web.RequestKey[str] = web.RequestKey("request_id", str)
_GIVEN_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
ALLOWED_METHODS = "GET, POST, PUT, PATCH, DELETE, OPTIONS"
ALLOWED_HEADERS = (
    "Accept, Authorization, Beacon-Service-Key, Content-Type, Prefer, X-Requested-With"
)
EXPOSED_HEADERS = (
    "RateLimit-Limit, RateLimit-Policy, RateLimit-Remaining, RateLimit-Reset, Retry-After, "
    "Server-Timing, X-Request-Id"
)
V1_PATHS = ("/v1", "/query")
"""Where errors have the shape of version 1."""
REGISTRY_PATHS = re.compile(
    r"/(?:services|service-info|update|members|health|join|manage|alerts|admin|logo)(?![^/.])"
)
"""Where errors have the shape of the GA4GH service registry."""
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


@web.middleware
async def observe(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Give the request an id and log one line when it is done."""
    given = request.headers.get("X-Request-Id", "")
    request_id = given if _GIVEN_ID.fullmatch(given) else secrets.token_hex(8)
    request[REQUEST_ID] = request_id
    started = time.monotonic()
    status = 499  # the client left
    with structlog.contextvars.bound_contextvars(request_id=request_id):
        try:
            response = await handler(request)
            status = response.status
            return response
        finally:
            log.info(
                "request",
                method=request.method,
                route=route_of(request),
                status=status,
                ms=round((time.monotonic() - started) * 1000),
            )


@web.middleware
async def answer_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn every error into a document: nothing but the id of an unexpected one is told."""
    try:
        return await handler(request)
    except BeaconError as error:
        headers = {}
        if isinstance(error, Overloaded | RateLimited):
            headers["Retry-After"] = str(error.retry_after_s)
        if isinstance(error, WrongMethod):
            headers["Allow"] = ", ".join(error.allowed)
        if isinstance(error, Unauthorized):
            headers["WWW-Authenticate"] = "Bearer"
        problems = getattr(error, "problems", ())
        return _error(request, error.status, error.message, headers, problems)
    except web.HTTPMethodNotAllowed as error:
        allowed = ", ".join(sorted(error.allowed_methods))
        message = f"{request.method} is not possible here; use {allowed}."
        return _error(request, 405, message, {"Allow": allowed})
    except web.HTTPRequestEntityTooLarge:
        limit = api_of(request).settings.server.max_request_bytes
        return _error(request, 413, f"The body is larger than {limit:,} bytes.", {})
    except web.HTTPNotFound:
        return _error(request, 404, f"There is nothing at {request.path[:200]}.", {})
    except web.HTTPException as error:
        if error.status < 400:
            raise
        return _error(request, error.status, error.reason, {})
    except Exception:
        # The edge of the process: logged with its trace here, told to nobody.
        log.exception("unexpected error", route=route_of(request))
        message = f"An error of this network. Its operator finds it as {request[REQUEST_ID]}."
        return _error(request, 500, message, {})


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Add CORS, the request id and the headers that keep pages and answers to themselves."""
    headers = response.headers
    headers.setdefault("Access-Control-Allow-Origin", "*")
    headers.setdefault("Access-Control-Expose-Headers", EXPOSED_HEADERS)
    headers["X-Request-Id"] = request.get(REQUEST_ID, "")
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("Referrer-Policy", "no-referrer")
    headers.setdefault("Content-Security-Policy", PAGE_POLICY)
    headers["Server"] = "beacon-aggregator"


@web.middleware
async def answer_preflight(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer OPTIONS on every path: browsers ask before they may send a question."""
    if request.method != "OPTIONS":
        return await handler(request)
    return web.Response(
        status=204,
        headers={
            "Access-Control-Allow-Methods": ALLOWED_METHODS,
            "Access-Control-Allow-Headers": ALLOWED_HEADERS,
            "Access-Control-Max-Age": "86400",
            "Allow": ALLOWED_METHODS,
        },
    )


def wants_html(request: web.Request) -> bool:
    """Whether the client names HTML in Accept; programs say */* or JSON."""
    return "text/html" in request.headers.get("Accept", "")


def _in_row(message: str, problems: Sequence[str]) -> str:
    """Part the problems that a message holds, where they do not end as sentences do."""
    if message != " ".join(problems):
        return message
    parted = [one if one.endswith((".", "!", "?")) else f"{one};" for one in problems[:-1]]
    return " ".join((*parted, *problems[-1:]))


def _error(
    request: web.Request,
    status: int,
    message: str,
    headers: dict[str, str],
    problems: Sequence[str] = (),
) -> web.Response:
    api = api_of(request)
    path = request.path
    title = HTTPStatus(status).phrase
    headers = {"Cache-Control": "no-store", **headers}
    if path.endswith((".csv", ".txt")):
        # a file of the error is no use to a spreadsheet, but a person can read it
        return web.Response(text=f"{message}\n", status=status, headers=headers)
    if path.startswith(V1_PATHS):
        return respond(
            documents_v1.error_document(api.identity, status, message),
            status=status,
            headers=headers,
        )
    if wants_html(request) and not path.startswith(("/api", "/network", "/admin/api")):
        page = api.pages.get_template("error.html").render(
            network=api.identity, status=status, title=title, message=message
        )
        return web.Response(text=page, status=status, content_type="text/html", headers=headers)
    if REGISTRY_PATHS.match(path):
        told = service_registry.error_document(status, title, _in_row(message, problems), problems)
        return respond(told, status=status, headers=headers)
    return respond(
        documents.error_document(api.identity, status, message), status=status, headers=headers
    )
