"""The merged Beacon v2 API under `/api`."""

from aiohttp import web

from aggregator.api.context import api_of
from aggregator.api.controls import Controls
from aggregator.api.http import base_url, options_of, respond
from aggregator.api.member_cards import member_cards, metadata_errors
from aggregator.api.questions import read_question
from aggregator.api.refusal import refusal_of
from aggregator.api.targets import target_at
from aggregator.api.terms import filtering_terms_below
from aggregator.api.timing import server_timing
from aggregator.model.merged import NetworkAnswer
from aggregator.protocol import documents, documents_info
from aggregator.protocol.parameters import ReadQuery


async def info(request: web.Request) -> web.Response:
    """Describe the network, and its members as pages of the field expect."""
    api = api_of(request)
    members = api.holder.current.members
    return respond(
        documents_info.info_document(
            api.identity,
            base_url(request),
            member_cards(members),
            metadata_errors=metadata_errors(members),
        )
    )


async def service_info(request: web.Request) -> web.Response:
    """Describe the service in GA4GH terms."""
    api = api_of(request)
    return respond(documents_info.service_info_document(api.identity, base_url(request)))


async def configuration(request: web.Request) -> web.Response:
    """Say what this beacon offers."""
    api = api_of(request)
    return respond(documents_info.configuration_document(api.identity, api.holder.current.members))


async def entry_types(request: web.Request) -> web.Response:
    """List the entry types."""
    api = api_of(request)
    return respond(documents_info.entry_types_document(api.identity, api.holder.current.members))


async def beacon_map(request: web.Request) -> web.Response:
    """Say where the endpoints are."""
    api = api_of(request)
    return respond(
        documents_info.map_document(api.identity, base_url(request), api.holder.current.members)
    )


async def entries(request: web.Request) -> web.Response:
    """Ask the whole network about records of one kind, or about one record."""
    read, controls = await read_question(request)
    answer = await ask(request, read, controls)
    return answer_response(request, answer, controls)


async def beyond(request: web.Request) -> web.StreamResponse:
    """Ask for what some member offers below its records beyond the default model."""
    if target_at(request).is_filtering_terms:
        return await filtering_terms_below(request)
    return await entries(request)


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
