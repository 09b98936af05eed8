"""What this network tells of itself: what it would send, and how it reads what people type."""

from typing import Any, Final

from aiohttp import web

from aggregator.api.context import api_of
from aggregator.api.http import options_of, respond
from aggregator.api.questions import read_question
from aggregator.api.ratelimit import hook_of
from aggregator.engine.planner import Together
from aggregator.engine.service import Explained
from aggregator.model.query import Query
from aggregator.protocol.curl import curl
from aggregator.protocol.filters import filter_document
from aggregator.protocol.requests import request_parameters
from aggregator.protocol.wire import Ask, Part
from aggregator.text.variant_text import parse
from aggregator.upstream.tokens import Credential, NeedsToken

AS_ONE: Final = "a group of beacons that is asked as one; what each of them is sent is not told"


async def explain(request: web.Request) -> web.Response:
    """Say what each member would be sent, or why it would not be asked; sends nothing."""
    api = api_of(request)
    read, controls = await read_question(request)
    await hook_of(request)(1)  # sends nothing, but is planned for every member
    explained = api.service.explain(read.query, options_of(request, controls, read.warnings))
    return respond(
        {
            "query": _query(read.query),
            "warnings": [*controls.warnings, *read.warnings],
            "members": [_member(one) for one in explained],
        },
        headers={"Cache-Control": "no-store"},
    )


async def parse_text(request: web.Request) -> web.Response:
    """Say how a text of the search box is understood, as Beacon parameters."""
    text = request.query.get("q", "")
    return respond(dict(parse(text, request.query.get("assembly") or "GRCh38")))


def _query(query: Query) -> dict[str, Any]:
    """Write the question as it was understood."""
    return {
        "entryType": query.entry_type,
        "within": query.within,
        "recordId": query.record_id,
        "requestParameters": request_parameters(query),
        "filters": [filter_document(one) for one in query.filters],
        "requestedGranularity": query.granularity.value,
    }


def _member(explained: Explained) -> dict[str, Any]:
    plan = explained.plan
    member, decision = plan.member, plan.decision
    written: dict[str, Any] = {
        "id": member.id,
        "name": member.name,
        "protocol": member.protocol.value if member.protocol else "auto",
        "software": member.capabilities.software,
        "dialect": member.dialect.model_dump(exclude_defaults=True, mode="json"),
        "dialectSource": dict(member.dialect_sources),
        "probes": list(member.probes),
    }
    if isinstance(decision, Together):
        told = {"answer": "asking", "reason": None, "requests": [], "warnings": [AS_ONE]}
        return {**written, **told}
    if not isinstance(decision, Ask):
        reason = {"code": decision.code.value, "message": decision.message}
        return {**written, "answer": "not_asked", "reason": reason, "requests": []}
    if isinstance(explained.credential, NeedsToken):
        reason = {"code": "needs_token", "message": explained.credential.message}
        return {**written, "answer": "not_asked", "reason": reason, "requests": []}
    return {
        **written,
        "answer": "asking",
        "reason": None,
        "requests": [_request(part, explained.credential) for part in decision.parts],
        "warnings": list(decision.warnings),
    }


def _request(part: Part, credential: Credential) -> dict[str, Any]:
    request = part.request
    body = request.body.decode() if request.body is not None else None
    return {
        "method": request.method,
        "url": request.url,
        "body": body,
        "match": part.match.value,
        "asks": part.spelled,
        "curl": curl(request, has_token=credential.authorization is not None),
    }
