"""Reading requests and writing responses, whatever they are about."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from aiohttp import web

from aggregator.api.context import Api, api_of
from aggregator.api.controls import Controls, read_controls
from aggregator.api.ratelimit import hook_of
from aggregator.base.errors import BadQuery, LoopDetected
from aggregator.engine.service import QueryOptions
from aggregator.protocol.documents import encode
from aggregator.protocol.parameters import NETWORK_CONTROLS

HOP_LIMIT = 4
"""Networks a question may have passed before it reaches this one."""

JSON = "application/json"


def respond(
    document: dict[str, Any] | list[Any],
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> web.Response:
    """Send a JSON document."""
    return web.Response(
        body=encode(document), status=status, content_type=JSON, headers=headers, charset="utf-8"
    )


def base_url(request: web.Request) -> str:
    """Give the address this network is reached at, without a trailing slash."""
    api = api_of(request)
    return api.identity.public_url or str(request.url.origin())


def url_parameters(request: web.Request) -> dict[str, Any]:
    """Read the parameters of the address; a repeated one becomes a list."""
    found: dict[str, Any] = {}
    for name in request.query:
        values = request.query.getall(name)
        found[name] = values[0] if len(values) == 1 else list(values)
    return found


async def read_body(request: web.Request) -> dict[str, Any]:
    """Read a JSON object whatever the Content-Type says; an empty body is an empty object.

    Pages of the field send JSON labelled as a form. Real forms are read as well. Raises
    `BadQuery`.
    """
    body = await request.read()
    if not body.strip():
        return {}
    try:
        document = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        if request.content_type == "application/x-www-form-urlencoded":
            return _form(body)
        raise BadQuery([f"The body is not JSON: {_position(str(error))}."]) from None
    except RecursionError:
        raise BadQuery(["The body is nested too deeply."]) from None
    if not isinstance(document, dict):
        raise BadQuery(["The body is JSON, but not an object: expected {…}."])
    return document


def controls_of(request: web.Request) -> Controls:
    """Read the network's own parameters from the address."""
    query = request.query
    named = {name: query.getall(name) for name in NETWORK_CONTROLS if name in query}
    return read_controls(named, request.headers.get("Prefer", ""), api_of(request).settings.query)


def options_of(
    request: web.Request, controls: Controls, warnings: tuple[str, ...] = ()
) -> QueryOptions:
    """Gather how a question is to be asked; raises `LoopDetected`."""
    return QueryOptions(
        deadline_s=controls.deadline_s,
        selection=controls.selection,
        user_token=request.headers.get("Authorization"),
        via=via_of(request),
        warnings=(*controls.warnings, *warnings),
        admit=hook_of(request),
    )


def via_of(request: web.Request) -> tuple[str, ...]:
    """Read the Via entries (RFC 9110, 7.6.3); raises `LoopDetected` if we are among them."""
    api: Api = api_of(request)
    entries = tuple(
        entry.strip()
        for value in request.headers.getall("Via", [])
        for entry in value.split(",")
        if entry.strip()
    )
    for entry in entries:
        _, _, pseudonym = entry.partition(" ")
        if pseudonym.split(" ")[0] == api.identity.beacon_id:
            raise LoopDetected(
                f"This question has passed {api.identity.beacon_id} before: the networks ask each "
                "other in a circle."
            )
    if len(entries) >= HOP_LIMIT:
        raise LoopDetected(f"This question has passed {len(entries)} networks or proxies already.")
    return entries


def _form(body: bytes) -> dict[str, Any]:
    try:
        pairs = parse_qsl(
            body.decode("utf-8"), keep_blank_values=True, strict_parsing=True, max_num_fields=200
        )
    except (ValueError, UnicodeDecodeError):
        raise BadQuery(["The body is neither JSON nor a form."]) from None
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            before = found[name]
            found[name] = [*before, value] if isinstance(before, list) else [before, value]
        else:
            found[name] = value
    return found


def _position(message: str) -> str:
    """Keep what a decoder says of the position, without the body's words."""
    return message if len(message) < 120 and message.isprintable() else "it cannot be decoded"
