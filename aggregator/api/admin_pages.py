"""`/admin`: what operators do, for people; complete without script."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

from aiohttp import web

from aggregator.api import admin_member_page, admin_office_pages, admin_session
from aggregator.api.admin_bodies import checked_contact
from aggregator.api.admin_forms import NO_FORM, FormShown, Sent, document_of, values_of
from aggregator.api.admin_session import (
    PRIVATE,
    admin_page,
    done,
    for_operators,
    next_page,
    read_form,
    sent_form,
)
from aggregator.api.admin_shown import known_groups, proposed_changes, unknown_groups
from aggregator.api.auth import SESSION_S, check_form, close_session, form_token, open_session
from aggregator.api.context import api_of
from aggregator.api.operators import NOBODY_YET, has_operators, operator_by_token
from aggregator.api.pages import page
from aggregator.base.errors import BadQuery, BeaconError, RegistryUnavailable, Unauthorized
from registry.models import MemberEntry, Protocol
from registry.records import MemberRecord, MemberState

PER_PAGE: Final = 100
"""Members in one table."""


def add_routes(router: web.UrlDispatcher) -> None:
    """Add the paths."""
    router.add_get("/admin/login", login_page)
    router.add_post("/admin/login", sign_in)
    router.add_post("/admin/logout", sign_out)
    for path, handlers in _PAGES.items():
        for method, handler in handlers.items():
            router.add_route(method, path, for_operators(handler))


async def login_page(request: web.Request) -> web.Response:
    """Ask an operator for the token."""
    return await _login(request, back=next_page(request.query.get("next", "")))


async def sign_in(request: web.Request) -> web.Response:
    """Sign an operator in and go to the page that was asked for."""
    sent = await read_form(request)
    back = next_page(sent.text("next"))
    try:
        check_form(request, request.path, sent.text("form_token"), within_s=SESSION_S)
        if not sent.text("token"):
            raise BadQuery(["token: type or paste your token"])
        await operator_by_token(request, sent.text("token"))
    except RegistryUnavailable:
        raise
    except BeaconError as error:
        return await _login(request, back=back, error=error)
    response = web.Response(status=303, headers={"Location": back, **PRIVATE})
    open_session(request, response, sent.text("token"))
    return response


async def sign_out(request: web.Request) -> web.Response:
    """End the session of an operator."""
    sent = await read_form(request)
    check_form(request, request.path, sent.text("form_token"), within_s=SESSION_S)
    response = done(request, "out", "/admin/login")
    await close_session(request, response)
    return response


async def overview(request: web.Request, by: str) -> web.Response:
    """Show what waits for an operator, and every member."""
    return await _overview(request, by)


async def decide(request: web.Request, by: str) -> web.Response:
    """Let in or turn away what waits."""
    sent = await sent_form(request)
    steward = api_of(request).registry.steward
    member_id, choice = sent.text("member"), sent.text("do")
    try:
        if choice == "approve":
            await steward.approve(member_id, by=by, as_of=sent.text("seen"))
        elif choice == "reject":
            await steward.reject(member_id, by=by, note=sent.note(), as_of=sent.text("seen"))
        else:
            raise BadQuery(["Nothing was chosen: approve or reject."])
    except RegistryUnavailable:
        raise
    except BeaconError as error:
        form = FormShown.failed("decide", sent, error)
        return await _overview(request, by, form=form, status=error.status)
    return done(request, choice)


async def add_page(request: web.Request, by: str) -> web.Response:
    """Show the form of a new member."""
    return _add_page(request, by)


async def add(request: web.Request, by: str) -> web.Response:
    """Add a member at once."""
    sent = await sent_form(request)
    registry = api_of(request).registry
    try:
        document = {"id": sent.text("id"), **document_of(sent)}
        told = {name: value for name, value in document.items() if value is not None}
        problems = unknown_groups(registry.store, told.get("groups", ()))
        if problems:
            raise BadQuery(problems)
        contact = checked_contact(sent.text("contact"))
        record = await registry.steward.add(told, by=by, contact=contact)
    except RegistryUnavailable:
        raise
    except BeaconError as error:
        return _add_page(request, by, FormShown.failed("add", sent, error), error.status)
    return done(request, "add", f"/admin/members/{record.id}")


async def _login(
    request: web.Request, *, back: str, error: BeaconError | None = None
) -> web.Response:
    form = NO_FORM if error is None else FormShown.failed("login", Sent(_LOGIN_FIELDS), error)
    values = {
        "back": back,
        "form": form,
        "said": "" if error else admin_session.said(request),
        "token": form_token(request, "/admin/login"),
        "nobody": "" if await has_operators(request) else NOBODY_YET,
    }
    retry_after_s = getattr(error, "retry_after_s", None)
    headers = dict(PRIVATE)
    if retry_after_s is not None:
        headers["Retry-After"] = str(retry_after_s)
    status = 200 if error is None else error.status
    if status == Unauthorized.status:
        headers["WWW-Authenticate"] = "Bearer"
    return page(request, "admin_login.html", values, status=status, headers=headers)


async def _overview(
    request: web.Request, by: str, *, form: FormShown = NO_FORM, status: int = 200
) -> web.Response:
    registry = api_of(request).registry
    await registry.force()
    records = registry.store.records.values()
    waiting = [
        (record, proposed_changes(record))
        for record in records
        if record.state is MemberState.PENDING
        or (record.state is MemberState.ACTIVE and record.proposed is not None)
    ]
    state = request.query.get("state", "")
    text = request.query.get("q", "").strip().casefold()[:200]
    chosen = [
        record for record in records if state in {"", record.state.value} and _fits(record, text)
    ]
    first = (_page_number(request, len(chosen)) - 1) * PER_PAGE
    values = {
        "waiting": waiting,
        "states": [
            (one.value, sum(1 for record in records if record.state is one)) for one in MemberState
        ],
        "state": state,
        "q": request.query.get("q", "").strip()[:200],
        "chosen": chosen[first : first + PER_PAGE],
        "first": first,
        "total": len(chosen),
        "all": len(records),
        "pages": _pages(request, len(chosen)),
    }
    return admin_page(request, "admin.html", values, by=by, form=form, status=status)


def _add_page(
    request: web.Request, by: str, form: FormShown = NO_FORM, status: int = 200
) -> web.Response:
    fresh = values_of(MemberEntry(id="new", url="https://new.example"))
    values = {
        "fresh": {**fresh, "id": ("",), "url": ("",)},
        "protocols": [one.value for one in Protocol],
        "groups": known_groups(api_of(request).registry.store),
    }
    return admin_page(request, "admin_add.html", values, by=by, form=form, status=status)


def _fits(record: MemberRecord, text: str) -> bool:
    """Whether a member is one that is looked for."""
    if not text:
        return True
    entry = record.entry
    told = (record.id, record.member.name, entry.url, record.contact, *entry.groups)
    organization = entry.organization.name if entry.organization else ""
    return any(text in one.casefold() for one in (*told, organization))


def _page_number(request: web.Request, total: int) -> int:
    text = request.query.get("page", "1")
    number = int(text) if text.isascii() and text.isdecimal() and len(text) < 6 else 1
    return min(max(number, 1), max(1, -(-total // PER_PAGE)))


def _pages(request: web.Request, total: int) -> list[tuple[int, str]]:
    """Give number and address of every page of the table; the one that is shown has none."""
    told = {name: request.query[name] for name in ("state", "q") if request.query.get(name)}
    here = _page_number(request, total)
    return [
        (number, "" if number == here else f"/admin?{urlencode({**told, 'page': number})}")
        for number in range(1, -(-total // PER_PAGE) + 1)
    ]


_LOGIN_FIELDS: Final = {"token": ("",)}
"""A token is never shown again."""
_PAGES: Final[Mapping[str, Mapping[str, Any]]] = {
    "/admin": {"GET": overview, "POST": decide},
    "/admin/add": {"GET": add_page, "POST": add},
    "/admin/members/{id}": {"GET": admin_member_page.show, "POST": admin_member_page.change},
    "/admin/groups": {"GET": admin_office_pages.groups, "POST": admin_office_pages.change_groups},
    "/admin/keys": {"GET": admin_office_pages.keys, "POST": admin_office_pages.change_keys},
    "/admin/log": {"GET": admin_office_pages.log},
    "/admin/import": {"GET": admin_office_pages.lists, "POST": admin_office_pages.change_lists},
}
