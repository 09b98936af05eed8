"""Health for those who may see more: operators, who add notes, and who has a service key.

A member behind an opaque group has its page here alone.
"""

from collections.abc import Container, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from aiohttp import web

from aggregator.api import health_words
from aggregator.api.admin_bodies import NoBody, NoteBody, body_of, checked_body, id_in_path
from aggregator.api.admin_forms import NO_FORM, FormShown, Sent
from aggregator.api.admin_session import PRIVATE, admin_page, done, for_operators, sent_form
from aggregator.api.context import api_of
from aggregator.api.health_drags import SORTS, SPANS, DragForm, drags_of
from aggregator.api.health_facts import MemberHealth, board_of
from aggregator.api.health_forms import in_order
from aggregator.api.health_history import NETWORK, read_incidents
from aggregator.api.health_pages import member_page
from aggregator.api.health_programs import member_called, member_for_key
from aggregator.api.holders import holder_of, refuse_waiting, sends_key
from aggregator.api.http import respond
from aggregator.api.managing_pages import key_page
from aggregator.api.middleware import wants_html
from aggregator.api.naming import told_apart
from aggregator.api.objective_words import percent
from aggregator.api.operators import calling_operator
from aggregator.base.errors import (
    BadQuery,
    BeaconError,
    NotFound,
    RegistryUnavailable,
    Unauthorized,
)
from registry.health_notes import HealthNotes
from registry.history import Kind
from registry.incidents import IncidentKey

_MOST_ROWS: Final = 200
_MAX_NUMBER: Final = 2**31 - 1
_FIELDS: Final = {"incident": "number", "member": "id", "drop": "id"}
"""What each form is about, by what it does."""


def add_routes(router: web.UrlDispatcher) -> None:
    """Add the paths."""
    router.add_get("/admin/health", for_operators(overview))
    router.add_post("/admin/health", for_operators(note))
    router.add_get("/admin/health/{id}", for_operators(member_for_operators))
    router.add_get("/manage/{id:[a-z0-9][a-z0-9-]*}/health", member_for_holder)
    router.add_post("/admin/api/incidents/{number}/notes", note_on_incident)
    router.add_post("/admin/api/members/{id}/notes", note_on_member)
    router.add_delete("/admin/api/members/{id}/notes", take_back)


async def overview(request: web.Request, by: str) -> web.Response:
    """Show operators how every beacon is doing, hidden ones as well, and forms for notes."""
    return await _overview(request, by)


async def note(request: web.Request, by: str) -> web.Response:
    """Say something of an incident or a member, for everybody to read."""
    sent = await sent_form(request)
    choice = sent.text("do")
    try:
        await _do(request, sent, choice, by)
    except RegistryUnavailable:
        raise
    except BeaconError as error:
        form = FormShown.failed(choice, sent, error)
        return await _overview(request, by, form=form, status=error.status)
    return done(request, "unsaid" if choice == "drop" else "said")


async def member_for_operators(request: web.Request, _: str) -> web.Response:
    """Show an operator the health of any member, also of one behind an opaque group."""
    member_id = id_in_path(request)
    path = f"/admin/health/{member_id}"
    conformance = f"{path}/conformance"
    twin = f"/admin/api/health/{member_id}"
    return await _closed(
        request, member_id, path, back="/admin/health", conformance=conformance, twin=twin
    )


async def member_for_holder(request: web.Request) -> web.Response:
    """Show who has the service key of an entry its health, or ask for that key.

    Also of a beacon behind an opaque group, and as a document for programs.
    """
    member_id = id_in_path(request)
    try:
        await holder_of(request, member_id)
    except Unauthorized:
        if not sends_key(request) and wants_html(request):
            return key_page(request, member_id)
        raise
    await refuse_waiting(request, member_id)
    if not wants_html(request):
        return await member_for_key(request, member_called(request, member_id))
    back = f"/manage/{member_id}"
    conformance = f"{back}/conformance"
    return await _closed(request, member_id, f"{back}/health", back=back, conformance=conformance)


async def note_on_incident(request: web.Request) -> web.Response:
    """Say something of an incident, for everybody to read: `{"note": "…"}`."""
    by = await calling_operator(request)
    told = await body_of(request, NoteBody)
    number = await _incident(request, request.match_info["number"])
    await _notes(request).on_incident(number, by=by, text=_said(told.note))
    return respond({"incident": number, "note": told.note.strip()}, status=201, headers=PRIVATE)


async def note_on_member(request: web.Request) -> web.Response:
    """Say something of a member, for everybody to read: `{"note": "…"}`."""
    by = await calling_operator(request)
    told = await body_of(request, NoteBody)
    known = member_called(request, id_in_path(request))
    await _notes(request).on_member(known.entry, by=by, text=_said(told.note))
    return respond({"id": known.id, "note": told.note.strip()}, status=201, headers=PRIVATE)


async def take_back(request: web.Request) -> web.Response:
    """Drop everything that was said of a member."""
    by = await calling_operator(request)
    await body_of(request, NoBody)
    known = member_called(request, id_in_path(request))
    await _notes(request).take_back(known.entry, by=by)
    return web.Response(status=204, headers=PRIVATE)


async def _do(request: web.Request, sent: Sent, choice: str, by: str) -> None:
    if choice not in _FIELDS:
        raise BadQuery(["Nothing was chosen."])
    about = sent.text(_FIELDS[choice])
    notes = _notes(request)
    if choice == "incident":
        number = await _incident(request, about)
        await notes.on_incident(number, by=by, text=_said(sent.note()))
        return
    entry = member_called(request, about).entry
    if choice == "drop":
        await notes.take_back(entry, by=by)
    else:
        await notes.on_member(entry, by=by, text=_said(sent.note()))


async def _overview(
    request: web.Request, by: str, *, form: FormShown = NO_FORM, status: int = 200
) -> web.Response:
    api, now = api_of(request), datetime.now(UTC)
    snapshot = api.holder.current
    board = board_of(request, snapshot.everyone)
    drags = DragForm.of(request.query)
    below = drags.below
    questions = await api.health.figures(drags.window, kind=Kind.QUESTION)
    checks = await api.health.figures(drags.window)
    # whoever is a member: those of beacons that left are told in no page
    whom = [*(one.id for one in board), NETWORK]
    found = await read_incidents(api.health, whom, below=below)
    values: Mapping[str, Any] = {
        "board": _to_look_at(board, snapshot.shown_as),
        "hidden": snapshot.shown_as,
        "names": told_apart((one.id, one.name) for one in board),
        "choices": {one.id: one.name for one in board},
        "summary": health_words.joined(health_words.summary_of(board, now)),
        "found": found,
        "numbers": {str(one.number) for one in found.shown},
        "below": below,
        "drags": drags_of(board, questions, checks, drags.sort)[:_MOST_ROWS],
        "drag_form": drags,
        "drag_sorts": SORTS,
        "spans": SPANS,
        "percent": percent,
        "words": health_words,
        "now": now,
    }
    return admin_page(request, "admin_health.html", values, by=by, form=form, status=status)


def _to_look_at(board: Iterable[MemberHealth], hidden: Container[str]) -> list[MemberHealth]:
    """Choose those that are not well, hidden or spoken of: the worst first, so many at most."""
    found = [one for one in board if not one.is_well or one.id in hidden or one.notes]
    return in_order(found, "state", {})[:_MOST_ROWS]


async def _closed(
    request: web.Request, member_id: str, path: str, *, back: str, conformance: str, twin: str = ""
) -> web.Response:
    known = member_called(request, member_id)
    is_hidden = known.id in api_of(request).holder.current.shown_as
    response = await member_page(
        request,
        known,
        path=path,
        back=back,
        conformance=conformance,
        twin=twin,
        is_hidden=is_hidden,
    )
    response.headers.update(PRIVATE)
    return response


def _notes(request: web.Request) -> HealthNotes:
    api = api_of(request)
    return HealthNotes(api.registry.store.database, api.health)


def _said(text: str) -> str:
    told = checked_body(NoteBody, {"note": text}).note.strip()
    if not told:
        raise BadQuery(["note: say something; it is shown to everybody"])
    return told


async def _incident(request: web.Request, told: str) -> int:
    """Read the number of an incident, or its id as everybody is told it; raises `NotFound`."""
    number, key = _number(told), IncidentKey.read(told)
    if number is None and key is not None:
        number = await api_of(request).health.incident_number(key)
    if number is None:
        raise NotFound(f"There is no incident “{told[:80]}”.")
    return number


def _number(text: str) -> int | None:
    is_one = text.isascii() and text.isdecimal() and len(text) <= 10
    return int(text) if is_one and 0 < int(text) <= _MAX_NUMBER else None
