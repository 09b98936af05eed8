"""Where people say how they want to be told of what changed: `/manage/{id}/alerts` and operators.

Programs send the service key, or an operator's token, with every request. People use the forms of
the pages, in the session that the key or token opened.
"""

from collections.abc import Sequence
from typing import Any, Final

from aiohttp import web

from aggregator.api import alert_links, alert_pages, managing_pages
from aggregator.api.admin_forms import FormShown, Sent
from aggregator.api.admin_session import done, for_operators, read_form, sent_form
from aggregator.api.alert_documents import delivery_document, target_document
from aggregator.api.alert_forms import at_fields, wishes_document
from aggregator.api.alert_pages import Shown
from aggregator.api.auth import (
    MANAGING_S,
    check_form,
    take_form,
)
from aggregator.api.context import api_of
from aggregator.api.holders import ended, holder_of, key_needed, sends_key
from aggregator.api.http import read_body, respond
from aggregator.api.managing_pages import PRIVATE, purpose_of
from aggregator.api.middleware import wants_html
from aggregator.api.operators import calling_operator
from aggregator.api.ratelimit import charge_change
from aggregator.base.errors import (
    BadQuery,
    BeaconError,
    Conflict,
    RegistryUnavailable,
    Unauthorized,
)
from registry.alert_asking import stranger_words
from registry.alerts import OPERATOR, Target
from registry.records import MemberState

_MANAGE: Final = "/manage/{id:[a-z0-9][a-z0-9-]*}/alerts"
_ADMIN: Final = "/admin/api/alerts"
_NOTHING: Final = "Nothing was chosen."
_SENT_BEFORE: Final = (
    "This form was sent before, and counts once: nothing was done this time. Below is how things "
    "are now."
)

Caller = tuple[str | None, str]
"""Whose targets may be touched (None: everybody's), and as whom."""


def add_routes(router: web.UrlDispatcher) -> None:
    """Serve them."""
    router.add_get(_MANAGE, entry_alerts)
    router.add_get(f"{_MANAGE}.json", entry_alerts_json)
    router.add_post(_MANAGE, add_or_change)
    router.add_get(_ADMIN, list_alerts)
    router.add_post(_ADMIN, add_operators)
    for base in (_MANAGE, _ADMIN):
        router.add_get(f"{base}/{{target}}", show_target)
        router.add_patch(f"{base}/{{target}}", change_target)
        router.add_delete(f"{base}/{{target}}", remove_target)
        router.add_post(f"{base}/{{target}}/test", test_target)
    router.add_get("/admin/alerts", for_operators(operators_alerts))
    router.add_post("/admin/alerts", for_operators(change_operators_alerts))
    router.add_get("/alerts/confirm/{token}", alert_links.confirm_page)
    router.add_post("/alerts/confirm/{token}", alert_links.confirm)
    router.add_get("/alerts/stop/{token}", alert_links.stop_page)
    router.add_post("/alerts/stop/{token}", alert_links.stop)
    router.add_get("/alerts/never/{token}", alert_links.never_page)
    router.add_post("/alerts/never/{token}", alert_links.never)


async def entry_alerts(request: web.Request) -> web.Response:
    """Show a member whom its alerts go to, or ask for its service key."""
    if not wants_html(request):
        return await entry_alerts_json(request)
    member_id = request.match_info["id"]
    try:
        await holder_of(request, member_id)
    except Unauthorized as error:
        told = error if sends_key(request) else None
        return managing_pages.key_page(request, member_id, error=told)
    return await alert_pages.member_page(request, member_id)


async def entry_alerts_json(request: web.Request) -> web.Response:
    """Tell a member, by its service key, whom its alerts go to."""
    member_id = request.match_info["id"]
    await holder_of(request, member_id)
    targets = await api_of(request).alerts.book.targets(member_id)
    told = await _documents(request, targets, is_owners=True)
    return respond({"alerts": told}, headers=PRIVATE)


async def add_or_change(request: web.Request) -> web.Response:
    """Add an address that alerts of a member go to; the answer holds the secret of a webhook."""
    member_id = request.match_info["id"]
    if not sends_key(request):
        return await _by_form(request, member_id)
    by = await holder_of(request, member_id)
    document = await read_body(request)
    await _of_member(request, member_id)
    await charge_change(request)
    return _added(await api_of(request).alerts.add(member_id, document, by=by))


async def list_alerts(request: web.Request) -> web.Response:
    """List everybody who is told of changes, or those of `?owner=` a member, or `~operator`."""
    await calling_operator(request)
    api, owner = api_of(request), request.query.get("owner") or None
    if owner is not None and owner != OPERATOR:
        await api.registry.steward.record(owner)
    told = await api.alerts.book.targets(owner)
    documents = await _documents(request, told)
    return respond({"alerts": documents}, headers=PRIVATE)


async def add_operators(request: web.Request) -> web.Response:
    """Add an address that operators are told at; the answer holds the secret of a webhook."""
    by = await calling_operator(request)
    document = await read_body(request)
    return _added(await api_of(request).alerts.add(OPERATOR, document, by=by))


async def show_target(request: web.Request) -> web.Response:
    """Give an address that is told, with its last messages and what came of them."""
    owner, _ = await _caller(request)
    desk = api_of(request).alerts
    target = await desk.book.target(request.match_info["target"], owner)
    sent = [delivery_document(one) for one in await desk.log(target.id, owner)]
    (shown,) = await _documents(request, [target], is_owners=owner is not None)
    return respond({**shown, "deliveries": sent}, headers=PRIVATE)


async def change_target(request: web.Request) -> web.Response:
    """Change what an address is told, and whether it is (`on`)."""
    owner, by = await _caller(request)
    document = await read_body(request)
    await _charge(request, owner)
    target = await api_of(request).alerts.change(
        request.match_info["target"], owner, document, by=by
    )
    (shown,) = await _documents(request, [target], is_owners=owner is not None)
    return respond(shown, headers=PRIVATE)


async def remove_target(request: web.Request) -> web.Response:
    """Tell an address nothing more, and forget what was sent there."""
    owner, by = await _caller(request)
    await _charge(request, owner)
    await api_of(request).alerts.book.remove(request.match_info["target"], owner, by=by)
    return respond({"message": "It was removed. Nothing more is sent there."}, headers=PRIVATE)


async def test_target(request: web.Request) -> web.Response:
    """Send a test to an address at once, and say what came of it."""
    owner, _ = await _caller(request)
    await _charge(request, owner)
    sent = await api_of(request).alerts.test(request.match_info["target"], owner)
    return respond({"delivered": sent.is_taken, "result": sent.text}, headers=PRIVATE)


async def operators_alerts(request: web.Request, by: str) -> web.Response:
    """Show operators everybody who is told of changes."""
    return await alert_pages.operators_page(request, by)


async def change_operators_alerts(request: web.Request, by: str) -> web.Response:
    """Add, change, test, switch or remove an address, by the form of the page."""
    sent = await sent_form(request)
    try:
        shown = await _do(request, None, OPERATOR, by, sent)
    except RegistryUnavailable:
        raise
    except BeaconError as error:
        shown = _failed(sent, error)
    if shown is not None:
        return await alert_pages.operators_page(request, by, shown)
    return done(request, f"alerts-{sent.text('do')}")


async def _by_form(request: web.Request, member_id: str) -> web.Response:
    """Do what a form of a member's page says; what is wrong with it is shown there."""
    try:
        by = await holder_of(request, member_id)
    except Unauthorized:
        if not wants_html(request):
            raise
        return managing_pages.key_page(request, member_id, error=ended())
    sent = await read_form(request)
    token = sent.text("form_token")
    try:
        check_form(request, purpose_of(member_id), token, within_s=MANAGING_S)
        await charge_change(request)
        if not await take_form(request, "alerts", token):
            raise Conflict(_SENT_BEFORE)
        if sent.text("do") == "add":
            await _of_member(request, member_id)
        shown = await _do(request, member_id, member_id, by, sent)
    except RegistryUnavailable:
        raise
    except BeaconError as error:
        shown = _failed(sent, error)
    if shown is not None:
        return await alert_pages.member_page(request, member_id, shown)
    where = f"{request.path}?done={sent.text('do')}"
    return web.Response(status=303, headers={**PRIVATE, "Location": where})


async def _do(
    request: web.Request, owner: str | None, new_owner: str, by: str, sent: Sent
) -> Shown | None:
    """Do what a form says; gives what has to be shown at once, if anything."""
    desk, choice, target_id = api_of(request).alerts, sent.text("do"), sent.text("member")
    if choice == "add":
        told = {"kind": sent.text("kind"), "address": sent.text("address")}
        made = await desk.add(new_owner, told | wishes_document(sent), by=by)
        return Shown(made=made)
    if choice == "test":
        return Shown(tested=(target_id, await desk.test(target_id, owner)))
    if choice == "change":
        await desk.change(target_id, owner, wishes_document(sent), by=by)
    elif choice in {"on", "off"}:
        await desk.switch(target_id, owner, is_on=choice == "on", by=by)
    elif choice == "ask":
        await desk.book.ask_again(target_id, owner, by=by)
    elif choice == "remove":
        if sent.text("sure") != "yes":
            raise BadQuery(["sure: tick the box if you mean it"])
        await desk.book.remove(target_id, owner, by=by)
    else:
        raise BadQuery([_NOTHING])
    return None


def _failed(sent: Sent, error: BeaconError) -> Shown:
    told: BeaconError = error
    if isinstance(error, BadQuery):
        told = BadQuery(at_fields(error.problems))
    return Shown(FormShown.failed(sent.text("do") or "add", sent, told), error.status)


async def _documents(
    request: web.Request, targets: Sequence[Target], *, is_owners: bool = False
) -> list[dict[str, Any]]:
    """Write targets for their owner, or for operators, who own theirs."""
    failing = await api_of(request).alerts.deliveries.failing(targets)
    return [
        target_document(one, failing.get(one.id), is_owners=is_owners or one.is_operators)
        for one in targets
    ]


def _added(target: Target) -> web.Response:
    document: dict[str, Any] = target_document(target, None, is_owners=True)
    if target.secret:
        document["secret"] = target.secret
        document["message"] = "Keep the secret: it is shown this once, and signs what is sent."
    else:
        document["message"] = "A mail with a link was written. Nothing else is sent before."
    return respond(document, status=201, headers=PRIVATE)


async def _caller(request: web.Request) -> Caller:
    """Say who calls the JSON paths of one target; raises `Unauthorized`."""
    member_id = request.match_info.get("id")
    if member_id is None:
        return None, await calling_operator(request)
    if request.method != "GET" and not sends_key(request):
        raise key_needed(member_id)
    return member_id, await holder_of(request, member_id)


async def _charge(request: web.Request, owner: str | None) -> None:
    if owner is not None:
        await charge_change(request)


async def _of_member(request: web.Request, member_id: str) -> None:
    """Raise `NotFound` or `Conflict` for what is no member, before anything is looked up."""
    record = await api_of(request).registry.steward.record(member_id)
    if record.state is not MemberState.ACTIVE:
        raise Conflict(stranger_words(member_id, record.state))
