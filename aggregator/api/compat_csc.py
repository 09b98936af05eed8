"""`/query` for the page of CSC's beacon-network: one answer per member, as a list or one by one.

Over HTTP it is a JSON array; as a WebSocket, one text frame per member as it ends, then the close.
The page cannot see the status of a refused socket, so what is wrong with a question, or cannot be
taken now, is a frame as well: a beacon of our name that does not know, with the reason.

Nothing is merged: every element stands for itself and says `exists: null` where nobody knows, so
`partial=` has no meaning here. Cookies are not read.
"""

from collections.abc import Sequence
from typing import Any

import structlog
from aiohttp import web

from aggregator.api.context import Api, api_of, route_of
from aggregator.api.http import base_url, controls_of, options_of, respond, url_parameters
from aggregator.api.live import LiveQuestion
from aggregator.api.middleware import REQUEST_ID
from aggregator.api.questions import sentences
from aggregator.api.sockets import SendingSocket, serve_socket, wants_socket
from aggregator.api.sse import ReaderGone
from aggregator.api.timing import server_timing
from aggregator.base.errors import BadQuery, BeaconError
from aggregator.engine.service import QueryOptions
from aggregator.model.outcome import MemberOutcome
from aggregator.model.query import Query
from aggregator.protocol.documents import encode
from aggregator.protocol.documents_csc import member_document, refusal_document
from aggregator.protocol.network_offer import nested_keys
from aggregator.protocol.parameters import NETWORK_CONTROLS
from aggregator.protocol.requests_csc import read_csc

log = structlog.get_logger(__name__)


async def query(request: web.Request) -> web.StreamResponse:
    """Ask the whole network and list one version 1 answer per member; also as a WebSocket."""
    if wants_socket(request):
        return await _answer_socket(request)
    api = api_of(request)
    question, options = _read(request)
    answer = await api.service.ask(question, options)
    headers = {} if answer.is_complete else {"Cache-Control": "no-store"}
    headers |= {"Vary": "Authorization, Prefer", "Server-Timing": server_timing(answer)}
    elements = [_document(api, one, question, options.warnings) for one in answer.outcomes]
    return respond(elements, headers=headers)


async def _answer_socket(request: web.Request) -> web.StreamResponse:
    streams = api_of(request).streams

    async def speak(socket: SendingSocket) -> None:
        try:
            with streams.place():
                await _send_outcomes(request, socket)
        except ReaderGone:
            raise
        except BeaconError as error:
            await socket.send(_refusal(request, error.status, error.message))
        except Exception:
            # The edge of the process, as in the middleware that answers errors.
            log.exception("unexpected error", route=route_of(request))
            message = f"An error of this network. Its operator finds it as {request[REQUEST_ID]}."
            await socket.send(_refusal(request, 500, message))

    return await serve_socket(request, speak, write_s=streams.write_s, ping_s=streams.heartbeat_s)


async def _send_outcomes(request: web.Request, socket: SendingSocket) -> None:
    api = api_of(request)
    question, options = _read(request)
    async with LiveQuestion(api.service, question, options) as live:
        await live.admitted()
        async for outcome in live.outcomes():
            await socket.send(encode(_document(api, outcome, question, options.warnings)))
        await live.answer()


def _read(request: web.Request) -> tuple[Query, QueryOptions]:
    """Read question and controls from the address; raises `BadQuery` with every problem."""
    api = api_of(request)
    parameters: dict[str, Any] = {
        name: value
        for name, value in url_parameters(request).items()
        if name not in NETWORK_CONTROLS
    }
    snapshot = api.holder.current
    controls = controls_of(request)
    read = read_csc(parameters, reference=api.reference, offered=nested_keys(snapshot.members))
    problems = (*read.problems, *controls.problems, *controls.selection.problems(snapshot))
    if problems:
        raise BadQuery(sentences(problems))
    return read.query, options_of(request, controls, read.warnings)


def _document(
    api: Api, outcome: MemberOutcome, question: Query, warnings: Sequence[str]
) -> dict[str, Any]:
    member = api.holder.current.by_id.get(outcome.member.id)
    return member_document(outcome, question, member.entry.url if member else "", warnings)


def _refusal(request: web.Request, status: int, message: str) -> bytes:
    identity = api_of(request).identity
    return encode(refusal_document(identity, f"{base_url(request)}/query", status, message))
