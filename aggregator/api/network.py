"""What this network tells of itself: what it would send, and how it reads what people type."""

import shlex
from typing import Any

from aiohttp import web

from aggregator.api.context import api_of
from aggregator.api.http import options_of, respond
from aggregator.api.ratelimit import hook_of
from aggregator.api.v2 import read_question
from aggregator.base.errors import NotFound
from aggregator.engine.service import Explained
from aggregator.protocol.requests import request_parameters
from aggregator.protocol.wire import Ask, Part
from aggregator.text.variant_text import parse
from aggregator.upstream.tokens import Credential, NeedsToken

ENTRY_PATHS = {"g_variants"}


async def explain(request: web.Request) -> web.Response:
    """Say what each member would be sent, or why it would not be asked; sends nothing."""
    path = request.match_info["path"].strip("/").removeprefix("api/")
    if path not in ENTRY_PATHS:
        raise NotFound(
            "Nothing to explain here: put a path as under /api after /network/explain/, e.g. "
            "/network/explain/g_variants?…"
        )
    api = api_of(request)
    read, controls = await read_question(request)
    await hook_of(request)(1)  # sends nothing, but is planned for every member
    explained = api.service.explain(read.query, options_of(request, controls, read.warnings))
    return respond(
        {
            "query": {
                "entryType": read.query.entry_type,
                "requestParameters": request_parameters(read.query),
                "requestedGranularity": read.query.granularity.value,
            },
            "warnings": [*controls.warnings, *read.warnings],
            "members": [_member(one) for one in explained],
        },
        headers={"Cache-Control": "no-store"},
    )


async def parse_text(request: web.Request) -> web.Response:
    """Say how a text of the search box is understood, as Beacon parameters."""
    text = request.query.get("q", "")
    return respond(dict(parse(text, request.query.get("assembly") or "GRCh38")))


def _member(explained: Explained) -> dict[str, Any]:
    plan = explained.plan
    member, decision = plan.member, plan.decision
    written: dict[str, Any] = {
        "id": member.id,
        "name": member.name,
        "protocol": member.protocol.value if member.protocol else "auto",
        "dialect": member.dialect.model_dump(exclude_defaults=True, mode="json"),
    }
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
        "curl": curl(part, has_token=credential.authorization is not None),
    }


def curl(part: Part, *, has_token: bool) -> str:
    """Write a request as a command to paste; a secret is named `$TOKEN`, never shown."""
    request = part.request
    words = ["curl", "-sS"]
    if request.method != "GET":
        words += ["-X", request.method]
    command = " ".join(words) + " " + shlex.quote(request.url)
    if request.body is not None:
        command += " -H 'Content-Type: application/json' --data " + shlex.quote(
            request.body.decode()
        )
    if has_token:
        command += ' -H "Authorization: Bearer $TOKEN"'
    return command
