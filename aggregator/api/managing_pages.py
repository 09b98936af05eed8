"""The pages of a member's own entry: its service key is asked for, shown, and what it can do."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from aiohttp import web

from aggregator.api.auth import form_token
from aggregator.api.entry_changes import STATES, entry_document, member_of
from aggregator.api.http import base_url
from aggregator.api.join_forms import ASSEMBLIES, OFFERED, EntryForm, problems_of
from aggregator.api.join_pages import headers_of, picture_of
from aggregator.api.join_report import is_listed
from aggregator.api.member_facts import facts_of
from aggregator.api.pages import page
from aggregator.base.errors import BeaconError
from aggregator.base.i18n import N_
from aggregator.base.i18n import gettext as _
from registry.models import Pause
from registry.records import MemberRecord, MemberState

PRIVATE: Final = {
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex",
    "Vary": "Accept, Accept-Language",
}
DONE: Final = {
    "change": N_("The entry was changed."),
    "wait": N_("The change was taken. It waits for an operator of this network."),
    "pause": N_("The beacon is paused."),
    "resume": N_("The beacon is asked again."),
    "leave": N_("The beacon has left the network."),
}
"""What is said after a form was sent."""


WANTED: Final = {
    "alerts": (
        N_("Alerts of %(id)s"),
        N_("Who has the service key of this entry chooses who is told when something changes."),
    ),
    "health": (
        N_("Health of %(id)s"),
        N_("Who has the service key of this entry sees how the beacon is doing."),
    ),
    "conformance": (
        N_("Conformance of %(id)s"),
        N_("Who has the service key of this entry can have the beacon looked at again."),
    ),
}
"""The pages of an entry that ask for its service key themselves: heading and what it is for."""


def purpose_of(member_id: str) -> str:
    """Name what the forms of an entry's page are for."""
    return f"manage {member_id}"


def own_page(member_id: str, wanted: object) -> str:
    """Give the page of an entry that is wanted, `/manage/{id}` where it is none of them."""
    here = f"/manage/{member_id}"
    return next((page for name in WANTED if (page := f"{here}/{name}") == wanted), here)


def key_page(
    request: web.Request, member_id: str, *, error: BeaconError | None = None, wanted: object = None
) -> web.Response:
    """Ask for the service key; the same whether there is such a member or not.

    `wanted` is the page to go on to, if not the one that is asked for.
    """
    following = own_page(member_id, request.path if wanted is None else wanted)
    heading, why = WANTED.get(following.rpartition("/")[2], ("", ""))
    values = {
        "id": member_id,
        "heading": _(heading) % {"id": member_id} if heading else "",
        "why": _(why) if why else "",
        "next": following,
        "token": form_token(request, purpose_of(member_id)),
        "problems": problems_of(error),
    }
    status = 200 if error is None else error.status
    return page(
        request, "manage_open.html", values, status=status, headers={**PRIVATE, **headers_of(error)}
    )


def new_key_page(request: web.Request, member_id: str, key: str) -> web.Response:
    """Show a new service key, this once."""
    values = {"id": member_id, "key": key, "manage": f"{base_url(request)}/manage/{member_id}"}
    return page(request, "manage_key.html", values, headers=PRIVATE)


def entry_page(
    request: web.Request,
    record: MemberRecord,
    *,
    act: str = "",
    body: Mapping[str, Any] | None = None,
    error: BeaconError | None = None,
) -> web.Response:
    """Show an entry; with the form that was sent and what is wrong with it.

    An error without a form is said by itself: nothing on the page can be corrected.
    """
    form = EntryForm.of(record)
    if act == "change" and body is not None:
        form = EntryForm.sent({**body, "id": record.id})
    member, now = member_of(request, record), datetime.now(UTC)
    waits = record.state is MemberState.PENDING
    facts = facts_of(member, now=now, since=record.created_at, waits=waits)
    problems = problems_of(error)
    done = request.query.get("done", "")
    values = {
        "record": record,
        "stands": _(STATES[record.state]),
        "is_member": record.state is MemberState.ACTIVE,
        "is_here": record.state in {MemberState.ACTIVE, MemberState.PENDING},
        "is_listed": is_listed(request, record),
        "has_left": record.left_by == f"member:{record.id}",
        "told": entry_document(request, record),
        "facts": facts,
        "picture": picture_of(facts),
        "pause": _pause_in_force(record, now),
        "form": form,
        "sent": _texts(body),
        "act": act,
        "token": form_token(request, purpose_of(record.id)),
        "problems": problems if act else {},
        "notice": "" if act or error is None else error.message,
        "done": _(DONE[done]) if done in DONE and not act and error is None else "",
        "assemblies": ASSEMBLIES,
        "protocols": OFFERED,
        "today": now.date().isoformat(),
    }
    status = 200 if error is None else error.status
    return page(
        request, "manage.html", values, status=status, headers={**PRIVATE, **headers_of(error)}
    )


def _pause_in_force(record: MemberRecord, now: datetime) -> Pause | None:
    paused = record.entry.paused
    return None if paused is None or paused.is_over(now) else paused


def _texts(body: Mapping[str, Any] | None) -> dict[str, str]:
    """Give the plain texts of a form, to be shown again."""
    return {name: one for name, one in (body or {}).items() if isinstance(one, str)}
