"""`/manage/{id}`: what a member does with its own entry, by its service key.

Programs send the key as a header with every request. People send it once, in a form, and go on in
a session; each further form carries a token of that session.
"""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, Final

from aiohttp import web

from aggregator.api import entry_changes, managing_pages
from aggregator.api.auth import (
    MANAGING_S,
    check_form,
    close_entry,
    open_entry,
    opens,
    take_form,
)
from aggregator.api.context import api_of
from aggregator.api.entry_changes import Admit, entry_document
from aggregator.api.holders import ended, holder_of, key_needed, sends_key
from aggregator.api.http import base_url, read_body, respond
from aggregator.api.join_forms import EntryForm
from aggregator.api.managing_pages import PRIVATE, purpose_of
from aggregator.api.middleware import wants_html
from aggregator.api.ratelimit import charge_change, charge_guess
from aggregator.base.errors import BadQuery, BeaconError, Conflict, Unauthorized
from registry.models import Organization
from registry.records import MemberRecord

_PATH: Final = "/manage/{id:[a-z0-9][a-z0-9-]*}"
_CONFIRMED: Final = "confirm: tick the box if you mean it"

_SENT_BEFORE: Final = (
    "This form was sent before, and counts once: nothing was changed this time. Below is the entry "
    "as it is now."
)
_KEY_SHOWN: Final = (
    "This form was sent before, and made one new key, which the answer to the first showed. If it "
    "is lost, an operator of this network can make another."
)

Act = Callable[[web.Request, str, Mapping[str, Any], Admit], Awaitable[MemberRecord]]


class _SentBefore(Conflict):
    """A form that is sent again."""


def add_routes(router: web.UrlDispatcher) -> None:
    """Add the paths."""
    router.add_get(_PATH, entry)
    router.add_get(f"{_PATH}.json", entry_json)
    router.add_patch(_PATH, edit)
    router.add_delete(_PATH, remove)
    forms = {
        "open": sign_in,
        "close": sign_out,
        "change": change,
        "pause": pause,
        "resume": resume,
        "key": new_key,
        "leave": leave,
    }
    for name, handler in forms.items():
        router.add_post(f"{_PATH}/{name}", handler)


async def entry(request: web.Request) -> web.Response:
    """Show a member its entry and what it can do, or ask for its service key."""
    if not wants_html(request):
        return await entry_json(request)
    member_id = _id(request)
    try:
        await holder_of(request, member_id)
    except Unauthorized as error:
        told = error if sends_key(request) else None
        return managing_pages.key_page(request, member_id, error=told)
    record = await api_of(request).registry.steward.record(member_id)
    return managing_pages.entry_page(request, record)


async def entry_json(request: web.Request) -> web.Response:
    """Tell a member, by its service key, its entry and what is known of it."""
    member_id = _id(request)
    await holder_of(request, member_id)
    record = await api_of(request).registry.steward.record(member_id)
    return respond(entry_document(request, record), headers=PRIVATE)


async def edit(request: web.Request) -> web.Response:
    """Change fields of the entry; null puts one back to its default."""
    return await _by_program(request, entry_changes.change)


async def remove(request: web.Request) -> web.Response:
    """Leave the network."""
    return await _by_program(request, entry_changes.leave)


async def change(request: web.Request) -> web.Response:
    """Change the entry by the form of its page."""
    return await _by_form(request, "change", _change_typed)


async def pause(request: web.Request) -> web.Response:
    """Stop being asked for a while: until a day, with a note."""
    return await _either(request, "pause", entry_changes.pause)


async def resume(request: web.Request) -> web.Response:
    """Be asked again."""
    return await _either(request, "resume", entry_changes.resume)


async def leave(request: web.Request) -> web.Response:
    """Leave the network by the form of the entry's page."""
    return await _by_form(request, "leave", _leave_confirmed)


async def new_key(request: web.Request) -> web.Response:
    """Make a new service key, which the answer holds; the old one opens nothing any more."""
    member_id = _id(request)
    if not sends_key(request):
        return await _by_form(request, "key", _new_key_confirmed, done=_key_made)
    by = await holder_of(request, member_id)
    await charge_change(request)
    key = await api_of(request).registry.keyring.rotate(member_id, by=by)
    document = {
        "id": member_id,
        "serviceKey": key,
        "manage": f"{base_url(request)}/manage/{member_id}",
        "message": "The earlier service key opens nothing any more.",
    }
    return respond(document, status=201, headers=PRIVATE)


async def sign_in(request: web.Request) -> web.Response:
    """Open the entry's page for whoever types its service key."""
    member_id, body = _id(request), await read_body(request)
    wanted = body.get("next", "")
    key = str(body.get("key", "")).strip()
    try:
        check_form(request, purpose_of(member_id), _token(body), within_s=MANAGING_S)
        if not key:
            raise BadQuery(["key: type or paste the service key"])
        if not await opens(request, member_id, key):
            await charge_guess(request)
            raise Unauthorized(f"This service key does not open the entry of “{member_id[:80]}”.")
    except BeaconError as error:
        return managing_pages.key_page(request, member_id, error=error, wanted=wanted)
    response = _to(managing_pages.own_page(member_id, wanted))
    await open_entry(request, response, member_id, key)
    return response


async def sign_out(request: web.Request) -> web.Response:
    """Close the entry's page."""
    token = _token(await read_body(request))
    check_form(request, purpose_of(_id(request)), token, within_s=MANAGING_S)
    response = _back(_id(request))
    await close_entry(request, response, _id(request))
    return response


async def _by_program(request: web.Request, act: Act) -> web.Response:
    member_id = _id(request)
    if not sends_key(request):
        raise key_needed(member_id)
    await holder_of(request, member_id)
    body = await read_body(request)
    record = await act(request, member_id, body, partial(charge_change, request))
    return respond(entry_document(request, record), headers=PRIVATE)


async def _by_form(
    request: web.Request,
    name: str,
    act: Act,
    *,
    done: Callable[[web.Request, MemberRecord], Awaitable[web.Response]] | None = None,
) -> web.Response:
    """Do what a form of the page says; what is wrong with it is shown on the page."""
    member_id = _id(request)
    try:
        await holder_of(request, member_id)
    except Unauthorized:
        if not wants_html(request):
            raise
        return managing_pages.key_page(request, member_id, error=ended())
    body = await read_body(request)
    token = _token(body)
    try:
        check_form(request, purpose_of(member_id), token, within_s=MANAGING_S)
        record = await act(request, member_id, body, partial(_admit_form, request, name, token))
    except _SentBefore as error:
        record = await api_of(request).registry.steward.record(member_id)
        return managing_pages.entry_page(request, record, error=error)
    except BeaconError as error:
        record = await api_of(request).registry.steward.record(member_id)
        return managing_pages.entry_page(request, record, act=name, body=body, error=error)
    if done is not None:
        return await done(request, record)
    return _back(member_id, "wait" if name == "change" and record.proposed else name)


async def _admit_form(request: web.Request, name: str, token: str) -> None:
    """Charge a form and let it be done once; one that was wrong may be corrected and sent again."""
    await charge_change(request)
    if not await take_form(request, name, token):
        raise _SentBefore(_KEY_SHOWN if name == "key" else _SENT_BEFORE)


async def _either(request: web.Request, name: str, act: Act) -> web.Response:
    if sends_key(request):
        return await _by_program(request, act)

    async def only_fields(
        request: web.Request, member_id: str, body: Mapping[str, Any], admit: Admit
    ) -> MemberRecord:
        told = {name: value for name, value in body.items() if name != "form"}
        return await act(request, member_id, told, admit)

    return await _by_form(request, name, only_fields)


async def _change_typed(
    request: web.Request, member_id: str, body: Mapping[str, Any], admit: Admit
) -> MemberRecord:
    record = await api_of(request).registry.steward.record(member_id)
    known = (record.proposed or record.entry).organization
    typed = EntryForm.sent({**body, "id": member_id}).document(_told(known))
    return await entry_changes.change(request, member_id, typed, admit)


async def _leave_confirmed(
    request: web.Request, member_id: str, body: Mapping[str, Any], admit: Admit
) -> MemberRecord:
    if not body.get("confirm"):
        raise BadQuery([_CONFIRMED])
    return await entry_changes.leave(request, member_id, body, admit)


async def _new_key_confirmed(
    request: web.Request, member_id: str, body: Mapping[str, Any], admit: Admit
) -> MemberRecord:
    if not body.get("confirm"):
        raise BadQuery([_CONFIRMED])
    await admit()
    return await api_of(request).registry.steward.record(member_id)


async def _key_made(request: web.Request, record: MemberRecord) -> web.Response:
    by = f"member:{record.id}"
    key = await api_of(request).registry.keyring.rotate(record.id, by=by)
    response = managing_pages.new_key_page(request, record.id, key)
    await open_entry(request, response, record.id, key)
    return response


def _id(request: web.Request) -> str:
    return request.match_info["id"]


def _token(body: Mapping[str, Any]) -> str:
    token = body.get("form", "")
    return token if isinstance(token, str) else ""


def _told(organization: Organization | None) -> dict[str, Any]:
    return {} if organization is None else organization.model_dump(mode="json", exclude_none=True)


def _back(member_id: str, done: str = "") -> web.Response:
    """Lead the browser back to the entry's page, so that loading it again sends nothing."""
    ending = f"?done={done}" if done else ""
    return _to(f"/manage/{member_id}{ending}")


def _to(address: str) -> web.Response:
    return web.Response(status=303, headers={**PRIVATE, "Location": address})
