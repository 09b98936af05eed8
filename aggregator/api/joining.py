"""`/join`: the check before a beacon joins, agreeing, and the key that is shown once."""

from collections.abc import Mapping
from typing import Any, Final

from aiohttp import web

from aggregator.api import join_pages
from aggregator.api.auth import is_from_elsewhere
from aggregator.api.context import api_of
from aggregator.api.http import JSON, base_url, read_body, respond
from aggregator.api.join_forms import EntryForm, passed_form, registration_of, without_nulls
from aggregator.api.join_pages import CLOSED, PRIVATE, STANDS
from aggregator.api.join_report import (
    checked_report,
    failures,
    protocol_of,
    report_document,
    suggestions,
)
from aggregator.api.middleware import wants_html
from aggregator.api.ratelimit import charge_join
from aggregator.api.taking_in import take_in
from aggregator.base.errors import (
    BadQuery,
    BeaconError,
    Conflict,
    Forbidden,
    RateLimited,
    RegistryUnavailable,
)
from registry.registration import Registration
from registry.steward import Registered

_ONLY_INVITED: Final = "invitation: beacons join this network with a key that its operator gives"
_NOT_AGREED: Final = "agree: a beacon joins when its operator agrees to the requirements"
_ELSEWHERE: Final = (
    "This form was sent by a page of another site. Nothing was stored. Open /join here, and send "
    "the form from there."
)
_WAIT: Final = " Leave it out to wait for approval."


def add_routes(router: web.UrlDispatcher) -> None:
    """Add the paths."""
    router.add_get("/join", start)
    router.add_post("/join", join)
    router.add_get("/join/check", check)
    router.add_get("/join/check.json", check_json)


async def start(request: web.Request) -> web.Response:
    """Say how a beacon joins and take its address."""
    return join_pages.start_page(request)


async def check(request: web.Request) -> web.Response:
    """Check a beacon and show, rule by rule, what was found; stores nothing."""
    if join_pages.is_closed(request):
        return join_pages.start_page(request, status=403)
    told = EntryForm.sent(request.query)
    return await join_pages.check_page(request, told["url"], told["protocol"])


async def check_json(request: web.Request) -> web.Response:
    """Check a beacon and tell programs, rule by rule, what was found; stores nothing."""
    _refuse_closed(request)
    told = EntryForm.sent(request.query)
    report = await checked_report(request, told["url"], told["protocol"])
    return respond(report_document(report), headers=PRIVATE)


async def join(request: web.Request) -> web.Response:
    """Let a beacon join that has passed the check; the answer holds its service key."""
    is_form = wants_html(request) and request.content_type != JSON
    if is_form and join_pages.is_closed(request):
        return join_pages.start_page(request, status=403)
    _refuse_closed(request)
    body = await read_body(request)
    return await (_by_form(request, body) if is_form else _by_program(request, body))


async def _by_program(request: web.Request, body: Mapping[str, Any]) -> web.Response:
    told = without_nulls(body)
    further = [] if told.pop("agree", None) is True else [f"{_NOT_AGREED}: send true"]
    invitation = told.pop("invitation", None)
    invitation = "" if invitation is None else invitation
    if not isinstance(invitation, str):
        further.append("invitation: a text")
    elif _needs_invitation(request) and not invitation.strip():
        raise Forbidden(f"{_ONLY_INVITED}.")
    # the id may be left to the check, so everything else is read before it
    draft = registration_of({"id": "unnamed", **told}, further)
    report = await checked_report(request, draft.url, draft.protocol)
    if not report.may_join:
        raise BadQuery(failures(report))
    found = {**suggestions(report), **told, "url": report.url, "protocol": protocol_of(report)}
    try:
        registered = await _register(request, registration_of(found), invitation)
    except Forbidden:
        await charge_join(request)
        raise
    await take_in(api_of(request), registered.record, report)
    manage = f"/manage/{registered.record.id}"
    document = {
        "id": registered.record.id,
        "state": registered.record.state.value,
        "serviceKey": registered.service_key,
        "manage": f"{base_url(request)}{manage}",
        "message": STANDS[registered.record.state],
    }
    return respond(document, status=201, headers={**PRIVATE, "Location": manage})


async def _by_form(request: web.Request, body: Mapping[str, Any]) -> web.Response:
    if is_from_elsewhere(request):
        raise Forbidden(_ELSEWHERE)
    typed, token = EntryForm.sent(body), str(body.get("form", ""))
    form = passed_form(request, token, typed["url"], typed["protocol"])
    if form is None:
        return await join_pages.check_page(request, typed["url"], typed["protocol"], typed=typed)
    further = [] if typed.agrees else [f"{_NOT_AGREED}: tick the box"]
    if _needs_invitation(request) and not typed["invitation"]:
        further.append(_ONLY_INVITED)
    try:
        registration = registration_of(typed.document(), further)
        registered = await _register(request, registration, typed["invitation"], form=form)
    except (BadQuery, Conflict, Forbidden, RegistryUnavailable) as error:
        return await _refused(request, typed, token, error)
    api = api_of(request)
    await take_in(api, registered.record, api.passed.take(registered.record))
    return join_pages.done_page(request, registered)


async def _register(
    request: web.Request, registration: Registration, invitation: str, *, form: str | None = None
) -> Registered:
    api = api_of(request)
    at_once = api.settings.registry.joining == "open"
    try:
        return await api.registry.steward.register(
            registration, by="stranger", at_once=at_once, invitation=invitation, form=form
        )
    except Forbidden as error:
        if api.settings.registry.joining == "approval" or not error.message.endswith(_WAIT):
            raise
        ending = " Leave it out to join without one." if at_once else ""
        raise Forbidden(error.message.removesuffix(_WAIT) + ending) from None


async def _refused(
    request: web.Request, typed: EntryForm, token: str, error: BeaconError
) -> web.Response:
    """Show the form again with what is wrong; a form that was spent is not shown again."""
    if isinstance(error, Conflict) and not error.problems:
        return join_pages.again_page(request, typed, error)
    if isinstance(error, Forbidden):
        try:
            await charge_join(request)
        except RateLimited as too_many:
            error = too_many
    return join_pages.form_page(request, typed, token, error)


def _needs_invitation(request: web.Request) -> bool:
    return api_of(request).settings.registry.joining == "invitation"


def _refuse_closed(request: web.Request) -> None:
    if join_pages.is_closed(request):
        raise Forbidden(CLOSED)
