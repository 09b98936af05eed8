"""The pages and documents of conformance: how each member keeps to the specification.

Everybody may read them; of a member behind an opaque group its own holder and operators alone. They
also may have it looked at again at once.
"""

from collections.abc import Mapping
from typing import Any, Final

from aiohttp import web

from aggregator.api.admin_session import PRIVATE, for_operators, read_form
from aggregator.api.auth import (
    MANAGING_S,
    SESSION_S,
    check_form,
    form_token,
    take_form,
)
from aggregator.api.conformance_documents import Known, conformance_document, known_of
from aggregator.api.conformance_words import SIGNS, words_of
from aggregator.api.context import api_of
from aggregator.api.holders import ended, holder_of, refuse_waiting, sends_key
from aggregator.api.http import JSON, base_url, read_body, respond
from aggregator.api.managing_pages import key_page, purpose_of
from aggregator.api.middleware import wants_html
from aggregator.api.operators import calling_operator
from aggregator.api.pages import page
from aggregator.api.ratelimit import charge_join
from aggregator.api.tagging import tagged
from aggregator.base.errors import Conflict, NotFound, Unauthorized
from aggregator.protocol.documents import encode
from aggregator.watch.conformance.rules import EVERY_RULE
from registry.snapshot import RegisteredMember

WITHIN_S: Final = 25.0
"""How long who asks for a look waits for it, in seconds; it goes on without them."""
_FRESH: Final = {"Cache-Control": "max-age=15", "Vary": "Accept"}
_PAGE: Final = {"Cache-Control": "no-cache"}
_SENT_BEFORE: Final = (
    "This form was sent before, and counts once: nothing was done this time. Load the page again "
    "to see how things are now."
)
_NOBODY: Final = "No member of this network has this id. /members lists them."


def add_routes(router: web.UrlDispatcher) -> None:
    """Serve them."""
    router.add_get("/health/{id:[^{}/]+}/conformance", conformance)
    router.add_get("/health/{id:[^{}/]+}/conformance.json", conformance_json)
    of_holder = "/manage/{id:[a-z0-9][a-z0-9-]*}/conformance"
    router.add_get(of_holder, for_holder)
    router.add_post(of_holder, again_by_holder)
    router.add_get("/admin/health/{id}/conformance", for_operators(for_operator))
    router.add_post("/admin/health/{id}/conformance", for_operators(again_by_operator))
    router.add_get("/admin/api/members/{id}/conformance", for_admin)
    router.add_post("/admin/api/members/{id}/conformance", again_by_admin)


async def conformance(request: web.Request) -> web.Response:
    """Show how a member keeps to the specification, rule by rule."""
    if not wants_html(request):
        return await conformance_json(request)
    member = _public(request)
    if member is None:
        values = {"one": None, "wanted": request.match_info["id"]}
        return page(request, "conformance.html", values, status=404, headers=_PAGE)
    return _shown(request, await _known(request, member), headers=_PAGE)


async def conformance_json(request: web.Request) -> web.Response:
    """Say how a member keeps to the specification, for programs."""
    member = _public(request)
    if member is None:
        raise NotFound(_NOBODY)
    known = await _known(request, member)
    body = encode(conformance_document(known, base_url(request)))
    return tagged(request, body, JSON, headers=_FRESH)


async def for_holder(request: web.Request) -> web.Response:
    """Show the holder of its service key how a member keeps to the specification."""
    member_id = request.match_info["id"]
    try:
        await holder_of(request, member_id)
    except Unauthorized:
        if not sends_key(request) and wants_html(request):
            return key_page(request, member_id)
        raise
    await refuse_waiting(request, member_id)
    known = await _known(request, _any(request))
    if not wants_html(request):
        return respond(conformance_document(known, base_url(request)), headers=PRIVATE)
    token = form_token(request, purpose_of(member_id))
    return _shown(request, known, again={"field": "form", "token": token}, headers=PRIVATE)


async def again_by_holder(request: web.Request) -> web.Response:
    """Look again at once, for the holder of the service key."""
    member_id = request.match_info["id"]
    is_program = sends_key(request)
    try:
        await holder_of(request, member_id)
    except Unauthorized:
        if not is_program and wants_html(request):
            return key_page(request, member_id, error=ended())
        raise
    await refuse_waiting(request, member_id)
    if is_program:
        return await _again(request, is_operators=False)
    body = await read_body(request)
    token = str(body.get("form", ""))
    check_form(request, purpose_of(member_id), token, within_s=MANAGING_S)
    return await _again(request, form=token, is_operators=False)


async def for_operator(request: web.Request, by: str) -> web.Response:
    """Show an operator how any member keeps to the specification."""
    known = await _known(request, _any(request))
    token = form_token(request, request.path)
    return _shown(request, known, again={"field": "form_token", "token": token}, headers=PRIVATE)


async def again_by_operator(request: web.Request, by: str) -> web.Response:
    """Look again at once, for an operator."""
    token = (await read_form(request)).text("form_token")
    check_form(request, request.path, token, within_s=SESSION_S)
    return await _again(request, form=token, is_operators=True)


async def for_admin(request: web.Request) -> web.Response:
    """Say how any member keeps to the specification, also one behind an opaque group."""
    await calling_operator(request)
    known = await _known(request, _any(request))
    return respond(conformance_document(known, base_url(request)), headers=PRIVATE)


async def again_by_admin(request: web.Request) -> web.Response:
    """Look at once again how a member keeps to the specification."""
    await calling_operator(request)
    return await _again(request, is_operators=True)


async def _again(
    request: web.Request, *, form: str | None = None, is_operators: bool
) -> web.Response:
    """Look again at once; `form` is that of a person, which is spent when it is charged."""
    member = _any(request)
    await charge_join(request)
    if form is not None and not await take_form(request, "conformance", form):
        raise Conflict(_SENT_BEFORE)
    keeper = api_of(request).conformance
    await keeper.look_now(member, within_s=WITHIN_S, is_operators=is_operators)
    if form is not None:
        return web.Response(status=303, headers={"Location": request.path, **PRIVATE})
    known = await _known(request, member)
    return respond(conformance_document(known, base_url(request)), headers=PRIVATE)


def _shown(
    request: web.Request,
    known: Known,
    *,
    again: Mapping[str, str] | None = None,
    headers: Mapping[str, str],
) -> web.Response:
    values: dict[str, Any] = {
        "one": known,
        "words": words_of(known),
        "rules": EVERY_RULE,
        "signs": SIGNS,
        "again": again,
        "is_hidden": known.member.id in api_of(request).holder.current.shown_as,
    }
    return page(request, "conformance.html", values, headers=headers)


async def _known(request: web.Request, member: RegisteredMember) -> Known:
    api = api_of(request)
    return await known_of(member, api.conformance, api.health)


def _public(request: web.Request) -> RegisteredMember | None:
    """Give a member that everybody may see by its own name."""
    wanted = request.match_info["id"]
    members = api_of(request).holder.current.members
    return next((one for one in members if one.id == wanted), None)


def _any(request: web.Request) -> RegisteredMember:
    """Give any member, for those who may see it; raises `NotFound`."""
    wanted = request.match_info["id"]
    found = api_of(request).holder.current.everyone_by_id.get(wanted)
    if found is None:
        raise NotFound(f"There is no member “{wanted[:80]}” now.")
    return found
