"""The merged Beacon v2 API under `/api`."""

from typing import Any

from aiohttp import web

from aggregator.api.context import api_of
from aggregator.api.controls import Controls
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
from aggregator.model.merged import NetworkAnswer
from aggregator.protocol import documents
from aggregator.protocol.parameters import ReadQuery
from aggregator.protocol.requests import read_v2, spread_body
from registry.snapshot import RegisteredMember


async def info(request: web.Request) -> web.Response:
    """Describe the network, and its members as pages of the field expect."""
    api = api_of(request)
    members = [_member_info(member) for member in api.holder.current.members]
    return respond(documents.info_document(api.identity, base_url(request), members))


async def service_info(request: web.Request) -> web.Response:
    """Describe the service in GA4GH terms."""
    api = api_of(request)
    return respond(documents.service_info_document(api.identity, base_url(request)))


async def configuration(request: web.Request) -> web.Response:
    """Say what this beacon offers."""
    return respond(documents.configuration_document(api_of(request).identity))


async def entry_types(request: web.Request) -> web.Response:
    """List the entry types."""
    return respond(documents.entry_types_document(api_of(request).identity))


async def beacon_map(request: web.Request) -> web.Response:
    """Say where the endpoints are."""
    return respond(documents.map_document(api_of(request).identity, base_url(request)))


async def filtering_terms(request: web.Request) -> web.Response:
    """List the filtering terms."""
    return respond(documents.filtering_terms_document(api_of(request).identity))


async def g_variants(request: web.Request) -> web.Response:
    """Ask the whole network about a variant."""
    read, controls = await read_question(request)
    answer = await ask(request, read, controls)
    return answer_response(request, answer, controls)


async def read_question(request: web.Request) -> tuple[ReadQuery, Controls]:
    """Read question and controls; raises `BadQuery` with every problem of both."""
    parameters: dict[str, Any] = url_parameters(request)
    if request.method == "POST":
        body = await read_body(request)
        try:
            parameters = {**parameters, **spread_body(body)}
        except ValueError as error:
            raise BadQuery([str(error)]) from None
    api = api_of(request)
    controls = controls_of(request)
    read = read_v2(parameters, reference=api.reference, max_limit=api.settings.query.max_limit)
    problems = (*read.problems, *controls.problems)
    problems += tuple(controls.selection.problems(api.holder.current))
    if problems:
        raise BadQuery([_sentence(problem) for problem in dict.fromkeys(problems)])
    return read, controls


async def ask(request: web.Request, read: ReadQuery, controls: Controls) -> NetworkAnswer:
    """Put a question that was read to the network."""
    options = options_of(request, controls, read.warnings)
    return await api_of(request).service.ask(read.query, options)


def answer_response(
    request: web.Request, answer: NetworkAnswer, controls: Controls
) -> web.Response:
    """Send the merged answer, or refuse where it would be a "no" that nobody can stand for."""
    api = api_of(request)
    settings = api.settings
    headers = {} if answer.is_complete else {"Cache-Control": "no-store"}
    headers["Vary"] = "Accept, Authorization, Prefer"
    headers["Server-Timing"] = server_timing(answer)
    refusal = refusal_of(
        answer,
        controls.partial,
        answers_incomplete_no=settings.query.incomplete_negative == "answer",
    )
    if refusal is None:
        document = documents.answer_document(
            api.identity,
            answer,
            failed_as_result_sets=settings.compat.failed_members_as_result_sets,
            count_at_least_one=settings.compat.count_at_least_one,
        )
        return respond(document, headers=headers)
    headers["Cache-Control"] = "no-store"
    if refusal.retry_after_s is not None:
        headers["Retry-After"] = str(refusal.retry_after_s)
    document = documents.error_document(
        api.identity, refusal.status, refusal.message, answer=answer
    )
    return respond(document, status=refusal.status, headers=headers)


def _member_info(member: RegisteredMember) -> dict[str, Any]:
    told = member.capabilities
    organization = member.entry.organization or told.organization
    return {
        "meta": {
            "beaconId": told.beacon_id or member.id,
            "apiVersion": told.api_version or "",
            "returnedSchemas": [],
        },
        "response": {
            "id": told.beacon_id or member.id,
            "name": member.name,
            "apiVersion": told.api_version or "",
            "description": member.entry.description or told.description or "",
            "organization": {
                "id": (organization.id if organization else None) or member.id,
                "name": organization.name if organization else member.name,
            },
            "alternativeUrl": member.entry.url,
            "info": {"memberId": member.id},
        },
    }


def _sentence(problem: str) -> str:
    return problem if problem.endswith((".", "?", "!")) else f"{problem}."
