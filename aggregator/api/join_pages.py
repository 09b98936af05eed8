"""The pages of joining: the start, what the check found with the form to agree, and the end."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from aiohttp import web
from markupsafe import Markup

from aggregator.api.context import api_of
from aggregator.api.http import base_url
from aggregator.api.join_forms import ASSEMBLIES, OFFERED, EntryForm, problems_of, sign_passed
from aggregator.api.join_report import (
    MAX_DESCRIPTION,
    MAX_TITLE,
    SIGNS,
    checked_report,
    counts,
    known_at,
    protocol_of,
    suggestions,
)
from aggregator.api.logos import initials
from aggregator.api.member_facts import MemberFacts, facts_of, link_of
from aggregator.api.pages import page
from aggregator.api.texts import clean
from aggregator.base.errors import BeaconError, Overloaded, RateLimited
from aggregator.base.i18n import N_
from aggregator.base.i18n import gettext as _
from aggregator.protocol.tolerant import is_web_address
from aggregator.watch.joining import CheckReport
from registry.records import MemberState
from registry.steward import Registered

PRIVATE: Final = {"Cache-Control": "no-store", "X-Robots-Tag": "noindex"}
CLOSED: Final = N_("This network takes no new beacons. Write to its operator.")
STANDS: Final = {
    MemberState.ACTIVE: N_("It is a member now and will be asked from the next question on."),
    MemberState.PENDING: N_(
        "It waits for an operator of this network to let it in. Until then it is not asked."
    ),
}
_OLD_FORM: Final = N_(
    "This form was too old, or was not made by this page for this beacon. Nothing was stored. The "
    "beacon has been checked again: look at the result and send the form once more."
)


def is_closed(request: web.Request) -> bool:
    """Whether nobody can join here."""
    return api_of(request).settings.registry.joining == "closed"


def start_page(
    request: web.Request,
    *,
    url: str = "",
    protocol: str = "",
    error: BeaconError | None = None,
    status: int = 200,
) -> web.Response:
    """Take the address of a beacon, or say that the network is closed."""
    values = {
        "step": "closed" if is_closed(request) else "check",
        "form": EntryForm({"url": url, "protocol": protocol}),
        "problems": problems_of(error),
        "joining": api_of(request).settings.registry.joining,
        "protocols": OFFERED,
        "message": _(CLOSED),
    }
    status = status if error is None else error.status
    return page(request, "join.html", values, status=status, headers=headers_of(error))


async def check_page(
    request: web.Request, url: str, protocol: str, *, typed: EntryForm | None = None
) -> web.Response:
    """Check and show the result; `typed` is what stood in a form that cannot be taken."""
    try:
        report = await checked_report(request, url, protocol)
    except BeaconError as error:
        return start_page(request, url=url, protocol=protocol, error=error)
    form = _filled_in(report)
    if typed is not None:
        texts = {**typed.texts, "url": report.url, "protocol": protocol_of(report)}
        form = EntryForm(texts, typed.assemblies, typed.agrees)
    member = report.member
    facts = None if member is None else facts_of(member, now=datetime.now(UTC))
    values = {
        "report": report,
        "notice": "" if typed is None else _(_OLD_FORM),
        "known": known_at(request, report),
        "facts": facts,
        "picture": None if facts is None else picture_of(facts),
        "counts": counts(report),
        "signs": SIGNS,
        "token": _passed(request, report),
    }
    return _agree_page(request, form, values, status=200 if typed is None else 403)


def form_page(
    request: web.Request, typed: EntryForm, token: str, error: BeaconError
) -> web.Response:
    """Show the form again with what is wrong; its beacon has passed the check."""
    values = {"report": None, "notice": "", "known": None, "token": token}
    return _agree_page(request, typed, values, status=error.status, error=error)


def again_page(request: web.Request, typed: EntryForm, error: BeaconError) -> web.Response:
    """Say that the form was sent before."""
    values = {"step": "again", "message": error.message, "id": typed["id"]}
    return page(request, "join.html", values, status=error.status, headers=PRIVATE)


def done_page(request: web.Request, registered: Registered) -> web.Response:
    """Say that the beacon has joined, and show its service key, this once."""
    record = registered.record
    values = {
        "step": "done",
        "record": record,
        "stands": _(STANDS[record.state]),
        "key": registered.service_key,
        "base": base_url(request),
        "manage": f"{base_url(request)}/manage/{record.id}",
    }
    headers = {**PRIVATE, "Location": f"/manage/{record.id}"}
    return page(request, "join.html", values, status=201, headers=headers)


def headers_of(error: BeaconError | None) -> dict[str, str]:
    """Keep a page out of caches and search engines; say when to come back."""
    if isinstance(error, Overloaded | RateLimited):
        return {**PRIVATE, "Retry-After": str(error.retry_after_s)}
    return dict(PRIVATE)


def _agree_page(
    request: web.Request,
    form: EntryForm,
    values: Mapping[str, Any],
    *,
    status: int,
    error: BeaconError | None = None,
) -> web.Response:
    registry = api_of(request).settings.registry
    told = {
        "step": "agree",
        "form": form,
        "problems": problems_of(error),
        "joining": registry.joining,
        "requirements": registry.requirements,
        "protocols": OFFERED,
        "assemblies": ASSEMBLIES,
    }
    headers = headers_of(error)
    return page(request, "join.html", {**told, **values}, status=status, headers=headers)


def _passed(request: web.Request, report: CheckReport) -> str:
    if not report.may_join:
        return ""
    return sign_passed(request, report.url, protocol_of(report))


def _filled_in(report: CheckReport) -> EntryForm:
    """Fill the form in with what the check found."""
    told = None if report.member is None else report.member.capabilities.organization
    if told is None:
        return EntryForm(suggestions(report))
    organization = {
        "organization_name": clean(told.name, MAX_TITLE),
        "organization_url": _of_web(told.url),
        "organization_contact_url": link_of(told.contact_url),
        "organization_logo_url": _of_web(told.logo_url),
        "organization_description": (told.description or "")[:MAX_DESCRIPTION],
    }
    return EntryForm({**organization, **suggestions(report)})


def _of_web(address: str | None) -> str:
    """Give an address of the web; empty for any other."""
    return address if address is not None and is_web_address(address) else ""


def picture_of(facts: MemberFacts) -> Markup:
    """Draw a beacon's initials into the page: its logo is fetched only of members."""
    return Markup(initials(facts.id, facts.name).body.decode())  # noqa: S704 - drawn by us
