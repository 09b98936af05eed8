"""`/alerts/…`: where links of mails lead; looking changes nothing, pressing the button does."""

from aiohttp import web

from aggregator.api.context import api_of
from aggregator.api.http import respond
from aggregator.api.middleware import wants_html
from aggregator.api.pages import page
from aggregator.base.errors import NotFound

_PRIVATE = {"Cache-Control": "no-store", "X-Robots-Tag": "noindex"}


async def confirm_page(request: web.Request) -> web.Response:
    """Ask whoever opens the link of a mail whether alerts are wanted at this address."""
    return await _page(request, "confirm")


async def confirm(request: web.Request) -> web.Response:
    """Let alerts be sent to a mail address, by the link that was sent there."""
    try:
        target = await api_of(request).alerts.confirm(request.match_info["token"])
    except NotFound as error:
        return _gone(request, "confirm", error)
    return _answer(request, "confirm", is_done=True, is_off=not target.is_on)


async def stop_page(request: web.Request) -> web.Response:
    """Ask whoever opens the link of a mail whether to send no more alerts to this address."""
    return await _page(request, "stop")


async def stop(request: web.Request) -> web.Response:
    """Send no more alerts to a mail address, by the link of a mail; needs no key."""
    try:
        await api_of(request).alerts.unsubscribe(request.match_info["token"])
    except NotFound as error:
        return _gone(request, "stop", error)
    return _answer(request, "stop", is_done=True)


async def never_page(request: web.Request) -> web.Response:
    """Ask whoever opens the link of a mail whether this address is never to be asked again."""
    return await _page(request, "never")


async def never(request: web.Request) -> web.Response:
    """Never ask a mail address again, whoever wants that; needs no key."""
    try:
        await api_of(request).alerts.never_ask(request.match_info["token"])
    except NotFound as error:
        return _gone(request, "never", error)
    return _answer(request, "never", is_done=True)


async def _page(request: web.Request, purpose: str) -> web.Response:
    desk, token = api_of(request).alerts, request.match_info["token"]
    try:
        if purpose == "never":
            desk.asked_never(token)
        else:
            await desk.by_link(purpose, token)
    except NotFound as error:
        return _gone(request, purpose, error)
    return _answer(request, purpose, is_done=False)


def _gone(request: web.Request, purpose: str, error: NotFound) -> web.Response:
    if not wants_html(request):
        raise error
    return _answer(request, purpose, is_done=False, problem=error.message)


def _answer(
    request: web.Request,
    purpose: str,
    *,
    is_done: bool,
    is_off: bool = False,
    problem: str = "",
) -> web.Response:
    if not wants_html(request):
        return respond({"purpose": purpose, "done": is_done}, headers=_PRIVATE)
    values = {
        "purpose": purpose,
        "is_done": is_done,
        "is_off": is_off,
        "problem": problem,
        "action": request.path,
    }
    status = 404 if problem else 200
    return page(request, "alerts_link.html", values, status=status, headers=_PRIVATE)
