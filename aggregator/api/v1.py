"""The Beacon v1.1 facade under `/v1`: the whole network as one v1 beacon."""

from typing import Any

from aiohttp import web

from aggregator.api.context import api_of
from aggregator.api.http import (
    base_url,
    controls_of,
    options_of,
    read_body,
    respond,
    url_parameters,
)
from aggregator.api.refusal import refusal_of
from aggregator.api.timing import server_timing
from aggregator.base.errors import BadQuery
from aggregator.protocol import documents_v1
from aggregator.protocol.parameters import NETWORK_CONTROLS
from aggregator.protocol.requests_v1 import read_v1


async def beacon(request: web.Request) -> web.Response:
    """Describe the network as a v1 beacon."""
    api = api_of(request)
    members = api.holder.current.members
    return respond(documents_v1.beacon_document(api.identity, base_url(request), members))


async def query(request: web.Request) -> web.Response:
    """Ask the whole network a v1 question."""
    api = api_of(request)
    parameters: dict[str, Any] = {
        name: value
        for name, value in url_parameters(request).items()
        if name not in NETWORK_CONTROLS
    }
    if request.method == "POST":
        body = await read_body(request)
        parameters |= {name: value for name, value in body.items() if value is not None}
    controls = controls_of(request)
    read = read_v1(parameters, reference=api.reference)
    problems = (*read.problems, *controls.problems)
    problems += tuple(controls.selection.problems(api.holder.current))
    if problems:
        raise BadQuery([f"{problem.rstrip('.')}." for problem in dict.fromkeys(problems)])
    answer = await api.service.ask(read.query, options_of(request, controls, read.warnings))
    echo = documents_v1.allele_request(parameters, answer)
    headers = {} if answer.is_complete else {"Cache-Control": "no-store"}
    headers["Server-Timing"] = server_timing(answer)
    refusal = refusal_of(
        answer,
        controls.partial,
        answers_incomplete_no=api.settings.query.incomplete_negative == "answer",
    )
    if refusal is None:
        return respond(documents_v1.response_document(api.identity, answer, echo), headers=headers)
    headers["Cache-Control"] = "no-store"
    if refusal.retry_after_s is not None:
        headers["Retry-After"] = str(refusal.retry_after_s)
    document = documents_v1.error_document(
        api.identity, refusal.status, refusal.message, answer=answer, allele_request=echo
    )
    return respond(document, status=refusal.status, headers=headers)
