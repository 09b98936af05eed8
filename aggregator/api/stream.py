"""The answer as it comes: the same question with `Accept: text/event-stream`.

`member` events carry one element of `info.network.members` each, those not asked first, then as
they arrive; `answer` is the complete document, or the error document where the network refuses;
`done` is the end. What is wrong with a question is said by a plain status before the stream starts.
"""

from collections.abc import Awaitable, Callable
from functools import wraps

import structlog
from aiohttp import web

from aggregator.api import v2
from aggregator.api.context import api_of, route_of
from aggregator.api.controls import Controls
from aggregator.api.http import options_of
from aggregator.api.live import LiveQuestion
from aggregator.api.middleware import REQUEST_ID
from aggregator.api.questions import read_question
from aggregator.api.sse import EVENT_STREAM
from aggregator.base.errors import BeaconError
from aggregator.protocol.documents import encode, error_document
from aggregator.protocol.network_info import member_info

log = structlog.get_logger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_OFFERED = frozenset({EVENT_STREAM, "application/json", "text/html"})


def also_streamed(whole: Handler) -> Handler:
    """Serve a path of questions as a stream to those who ask for one, else by `whole`."""

    @wraps(whole)
    async def handler(request: web.Request) -> web.StreamResponse:
        if wants_events(request.headers.get("Accept", "")):
            return await answer_events(request)
        return await whole(request)

    return handler


def wants_events(accept: str) -> bool:
    """Whether a client prefers events: by quality, then by what it names first."""
    best, preferred = 0.0, ""
    for media_range in accept.lower().split(","):
        kind, *parameters = (part.strip() for part in media_range.split(";"))
        quality = _quality(parameters)
        if kind in _OFFERED and quality > best:
            best, preferred = quality, kind
    return preferred == EVENT_STREAM


async def answer_events(request: web.Request) -> web.StreamResponse:
    """Ask the whole network and send what comes as it comes."""
    api = api_of(request)
    read, controls = await read_question(request)
    options = options_of(request, controls, read.warnings)
    with api.streams.place():
        async with LiveQuestion(api.service, read.query, options) as live:
            await live.admitted()
            async with api.streams.writing(request) as writer:
                async for outcome in live.outcomes():
                    await writer.send("member", encode(member_info(outcome)))
                await writer.send("answer", await _document(request, live, controls))
                await writer.send("done", "{}")
            return writer.response


async def _document(request: web.Request, live: LiveQuestion, controls: Controls) -> bytes:
    """Give the last word; it is too late for a status, so every error is a document."""
    identity = api_of(request).identity
    try:
        response = v2.answer_response(request, await live.answer(), controls)
    except BeaconError as error:
        return encode(error_document(identity, error.status, error.message))
    except Exception:
        # The edge of the process, as in the middleware that answers errors.
        log.exception("unexpected error", route=route_of(request))
        message = f"An error of this network. Its operator finds it as {request[REQUEST_ID]}."
        return encode(error_document(identity, 500, message))
    body = response.body
    if not isinstance(body, bytes):
        raise TypeError("an answer is written in one piece")
    return body


def _quality(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0
