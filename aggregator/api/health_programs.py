"""Health for programs of those who may see more: operators, and who has a service key.

Documents are as everybody reads them, of hidden members as well. Operators also read who wrote each
note, the number of each incident, and who drags the network down.
"""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any, Final

from aiohttp import web

from aggregator.api.admin_bodies import id_in_path
from aggregator.api.admin_session import PRIVATE
from aggregator.api.context import api_of
from aggregator.api.health_documents import written
from aggregator.api.health_drags import SORTS, SPANS, Drag, drags_of
from aggregator.api.health_facts import Said
from aggregator.api.health_forms import MemberForm, choice
from aggregator.api.health_history import Incidents
from aggregator.api.health_pages import Chosen, choose, document_of_one, read_one, told_of_all
from aggregator.api.http import base_url, respond
from aggregator.api.operators import calling_operator
from aggregator.base.errors import BadQuery, NotFound
from registry.history import Kind, Window
from registry.incidents import Note
from registry.snapshot import RegisteredMember

Document = dict[str, Any]
_ADMIN: Final = "/admin/api/health"
_WORST: Final = next(iter(SORTS))


def add_routes(router: web.UrlDispatcher) -> None:
    """Serve them."""
    router.add_get(_ADMIN, network_for_operators)
    router.add_get(f"{_ADMIN}/{{id}}", member_for_operators)


async def network_for_operators(request: web.Request) -> web.Response:
    """Say how every beacon is doing, hidden ones as well, and who drags the network down."""
    await calling_operator(request)
    chosen, window = await _asked(request)
    health = api_of(request).health
    questions = await health.figures(window, kind=Kind.QUESTION)
    checks = await health.figures(window)

    def write() -> web.Response:
        document = _network(request, chosen, window)
        document["drags"] = {
            "window": window.value,
            "members": [_drag(one) for one in drags_of(chosen.board, questions, checks, _WORST)],
        }
        return respond(document, headers=PRIVATE)

    return await asyncio.to_thread(write)


async def member_for_operators(request: web.Request) -> web.Response:
    """Say everything that is known of how one beacon is doing, also of a hidden one."""
    await calling_operator(request)
    known = member_called(request, id_in_path(request))
    document, incidents, notes = await _member(request, known, f"{_ADMIN}/{known.id}")
    document |= {
        "hiddenIn": _hidden(request).get(known.id),
        "notes": _notes(notes),
        "incidents": _numbered(document["incidents"], incidents),
        "page": f"{base_url(request)}/admin/health/{known.id}",
    }
    return respond(document, headers=PRIVATE)


async def member_for_key(request: web.Request, known: RegisteredMember) -> web.Response:
    """Say the same to who has its service key, without what operators alone see."""
    document, _, _ = await _member(request, known, f"/manage/{known.id}/health")
    document["page"] = f"{base_url(request)}/manage/{known.id}/health"
    return respond(document, headers=PRIVATE)


def member_called(request: web.Request, member_id: str) -> RegisteredMember:
    """Give a member, also a hidden one, for those who may see it; raises `NotFound`."""
    known = api_of(request).holder.current.everyone_by_id.get(member_id)
    if known is None:
        raise NotFound(f"There is no member “{member_id[:80]}” now.")
    return known


async def _asked(request: web.Request) -> tuple[Chosen, Window]:
    """Read what is wanted and choose it; raises `BadQuery` with everything that is wrong."""
    problems: list[str] = []
    window = choice(request.query, "window", SPANS, problems)
    try:
        chosen = await choose(request, is_closed=True)
    except BadQuery as error:
        raise BadQuery([*error.problems, *problems]) from None
    if problems:
        raise BadQuery(problems)
    return chosen, Window(window)


def _network(request: web.Request, chosen: Chosen, window: Window) -> Document:
    base, hidden = base_url(request), _hidden(request)
    document = told_of_all(request, chosen, _ADMIN)
    incidents = chosen.history.incidents
    document["members"] = [
        {
            **told,
            "hiddenIn": hidden.get(one.id),
            "notes": _notes(one.notes),
            "page": f"{base}/admin/health/{one.id}",
        }
        for one, told in zip(chosen.fit, document["members"], strict=True)
    ]
    document["incidents"] = _numbered(document["incidents"], incidents)
    return document


async def _member(
    request: web.Request, known: RegisteredMember, path: str
) -> tuple[Document, Incidents, tuple[Said, ...]]:
    """Write what everybody would read of a member, with addresses that lead somewhere."""
    form = MemberForm.of(request.query)
    one, history = await read_one(request, known, form)
    document = document_of_one(request, one, history, form, path)
    if known.id in _hidden(request):
        document["feed"] = None
    return document, history.incidents, one.notes


def _numbered(documents: Iterable[Document], incidents: Incidents) -> list[Document]:
    return [
        {**told, "number": one.number, "notes": _notes(one.notes)}
        for one, told in zip(incidents.shown, documents, strict=True)
    ]


def _notes(notes: Iterable[Said | Note]) -> list[Document]:
    return [{"at": written(one.at), "by": one.by, "text": one.text} for one in notes]


def _drag(told: Drag) -> Document:
    return {
        "id": told.id,
        "name": told.name,
        "asked": told.asked,
        "failed": told.failed,
        "timedOut": told.timed_out,
        "p95Ms": None if told.p95_ms is None else round(told.p95_ms, 1),
        "share": told.share if told.asked else None,
        "down": told.down,
        "cost": told.cost,
    }


def _hidden(request: web.Request) -> Mapping[str, str]:
    return api_of(request).holder.current.shown_as
