"""What every page of operators has: who is signed in, forms that are ours, and what was done."""

import re
from collections.abc import Awaitable, Callable, Mapping
from functools import wraps
from typing import Any, Final
from urllib.parse import parse_qsl, quote, urlencode

from aiohttp import web

from aggregator.api.admin_forms import NO_FORM, FormShown, Sent
from aggregator.api.admin_shown import as_text
from aggregator.api.auth import (
    SESSION_S,
    check_form,
    form_token,
    signed_in_operator,
    take_form,
)
from aggregator.api.context import api_of
from aggregator.api.middleware import Handler, wants_html
from aggregator.api.operators import NOBODY_YET, has_operators
from aggregator.api.pages import page
from aggregator.base.errors import BadQuery, Conflict, Unauthorized
from aggregator.base.i18n import N_
from aggregator.base.i18n import gettext as _

Page = Callable[[web.Request, str], Awaitable[web.Response]]
"""A handler that is told which operator is there."""

TOLD_S: Final = 120
"""How long a page may say what was just done, in seconds."""
DONE: Final = {
    "approve": N_("Approved. It is asked from now on."),
    "reject": N_("Turned away."),
    "edit": N_("The entry was changed."),
    "same": N_("Nothing was different, so nothing was changed."),
    "add": N_("Added. It is asked from now on."),
    "pause": N_("Paused. It is not asked until then."),
    "resume": N_("It is asked again."),
    "disable": N_("Switched off."),
    "enable": N_("Switched on again."),
    "remove": N_("Removed. It can be restored."),
    "restore": N_("Restored. It is asked again."),
    "order": N_("The order was changed."),
    "describe": N_("The group was described."),
    "drop": N_("The description of the group was dropped."),
    "revoke": N_("Revoked. This key opens nothing any more."),
    "follow": N_("It is followed from now on."),
    "unfollow": N_("It is followed no more. Its members stay."),
    "look": N_("It was looked at. The result is below."),
    "said": N_("Everybody can read it now."),
    "unsaid": N_("It is shown no more."),
    "alerts-change": N_("What is told was changed."),
    "alerts-on": N_("It is told again."),
    "alerts-off": N_("Nothing more is sent there."),
    "alerts-remove": N_("It was removed, with the log of what was sent there."),
    "alerts-ask": N_("Another mail with a link was written."),
    "out": N_("You are signed out."),
    "ended": N_("Your session has ended, and nothing was changed. Sign in and send it again."),
}
"""What a page says that was reached by doing something; an address names one of them, signed."""
PRIVATE: Final = {"Cache-Control": "no-store", "X-Robots-Tag": "noindex"}
_PAGE: Final = re.compile(
    r"/admin(?:/(?:add|alerts|groups|keys|log|import|health|(?:members|health)/[a-z0-9-]{1,63}))?"
)
_SAID: Final = "done"
_MOST_FIELDS: Final = 500


def for_operators(handler: Page) -> Handler:
    """Show a page only to operators who are signed in; others are asked to, and come back.

    A token is for `/admin/login` and the API, where guesses are counted: it opens no page itself.
    """

    @wraps(handler)
    async def checked(request: web.Request) -> web.StreamResponse:
        by = await signed_in_operator(request)
        if by is not None:
            return await handler(request, by)
        if not wants_html(request):
            raise Unauthorized(await _who_may(request))
        return _to_login(request)

    return checked


async def sent_form(request: web.Request) -> Sent:
    """Read a form of the page it is sent to; raises `Forbidden` for one that is not ours.

    A form counts once: raises `Conflict` for the second click.
    """
    sent = await read_form(request)
    check_form(request, request.path, sent.text("form_token"), within_s=SESSION_S)
    if not await take_form(request, "admin", sent.text("form_token")):
        raise Conflict(
            "This form was sent before, and is done only once. What came of it is in the log of "
            "changes. Load the page again to see how things are now."
        )
    return sent


async def read_form(request: web.Request) -> Sent:
    """Read the fields of a form; raises `BadQuery`."""
    if request.content_type != "application/x-www-form-urlencoded":
        raise BadQuery(["This page takes forms only; programs use /admin/api."])
    body = (await request.read()).decode("utf-8", "replace")
    try:
        pairs = parse_qsl(body, keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError:
        raise BadQuery([f"A form has at most {_MOST_FIELDS} fields."]) from None
    return Sent.of(pairs)


def token_for(request: web.Request) -> str:
    """Make the token of a form that is sent to the page it stands on."""
    return form_token(request, request.path)


def done(request: web.Request, code: str, path: str = "") -> web.Response:
    """Go back to a page, which says what was done."""
    signed = api_of(request).signer.sign(_SAID, code)
    where = f"{path or request.path}?{urlencode({_SAID: signed})}"
    return web.Response(status=303, headers={"Location": where, **PRIVATE})


def said(request: web.Request) -> str:
    """Give what the address says was done, in words of ours; empty if it says nothing."""
    signed = request.query.get(_SAID, "")
    code = api_of(request).signer.read(_SAID, signed, within_s=TOLD_S) if signed else None
    return _(DONE[code]) if code in DONE else ""


def admin_page(
    request: web.Request,
    template: str,
    values: Mapping[str, Any],
    *,
    by: str,
    form: FormShown = NO_FORM,
    status: int = 200,
) -> web.Response:
    """Write a page of operators; `form` is one that was sent and could not be done."""
    shown = {
        "operator": by,
        "token": lambda path="": form_token(request, path or request.path),
        "said": "" if form is not NO_FORM else said(request),
        "failed": form,
        "as_text": as_text,
        "form_of": form.at,
        **values,
    }
    return page(request, template, shown, status=status, headers=PRIVATE)


def next_page(text: str) -> str:
    """Give the page to go to after signing in: one of ours, whatever was asked for."""
    return text if _PAGE.fullmatch(text) else "/admin"


def _to_login(request: web.Request) -> web.Response:
    told = {"next": next_page(request.path)}
    if request.method == "POST":
        told[_SAID] = api_of(request).signer.sign(_SAID, "ended")
    where = f"/admin/login?{urlencode(told, quote_via=quote, safe='/')}"
    return web.Response(status=303, headers={"Location": where, **PRIVATE})


async def _who_may(request: web.Request) -> str:
    if not await has_operators(request):
        return NOBODY_YET
    return (
        "Only operators of this network see this page: sign in at /admin/login. Programs use "
        "/admin/api."
    )
