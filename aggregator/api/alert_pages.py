"""The pages of alerts: of a member for the holder of its key, and of everybody for operators."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from aiohttp import web

from aggregator.api.admin_forms import NO_FORM, FormShown
from aggregator.api.admin_session import admin_page
from aggregator.api.alert_documents import STATES, TOPICS, WAITS, plainly, text_of
from aggregator.api.alert_forms import values_of
from aggregator.api.auth import form_token
from aggregator.api.context import api_of
from aggregator.api.managing_pages import PRIVATE, purpose_of
from aggregator.api.pages import page
from aggregator.base.i18n import N_
from aggregator.base.i18n import gettext as _
from aggregator.watch.alerts.desk import default_wishes, topics_of
from aggregator.watch.alerts.mails import NO_ADDRESS, NO_MAIL
from aggregator.watch.alerts.sending import Sent
from registry.alert_asking import stranger_words
from registry.alerts import MOST_TARGETS, OPERATOR, Delivery, Target
from registry.records import MemberState

DONE: Final = {
    "add": N_("The address was added."),
    "change": N_("What is told was changed."),
    "on": N_("It is told again."),
    "off": N_("Nothing more is sent there."),
    "remove": N_("It was removed, with the log of what was sent there."),
    "ask": N_("Another mail with a link was written."),
}
"""What is said after a form was sent."""
HOPELESS: Final = (NO_MAIL, NO_ADDRESS)
_LABELS: Final = {
    "kind": N_("How"),
    "address": N_("Address"),
    "topics": N_("What is told"),
    "after_minutes": N_("Minutes an outage lasts before it is told"),
    "remind_hours": N_("Hours until it is told again while it lasts"),
    "quiet_from": N_("Quiet from"),
    "quiet_to": N_("Quiet to"),
    "quiet_zone": N_("Time zone"),
    "sure": N_("Confirmation"),
}


@dataclass(frozen=True, slots=True)
class Shown:
    """What a page of alerts says beside what there is."""

    form: FormShown = NO_FORM
    status: int = 200
    made: Target | None = None
    """A target that was added just now, with its secret."""
    tested: tuple[str, Sent] | None = None
    """The id of a target that was tested just now, and how that ended."""


NOTHING: Final = Shown()


async def member_page(request: web.Request, member_id: str, shown: Shown = NOTHING) -> web.Response:
    """Show a member whom its alerts go to, for the holder of its key."""
    api = api_of(request)
    targets = await api.alerts.book.targets(member_id)
    state = (await api.registry.steward.record(member_id)).state
    values = {
        "id": member_id,
        "is_hidden": member_id in api.holder.current.shown_as,
        **await _values(request, member_id, targets, shown),
        "untold": "" if state is MemberState.ACTIVE else stranger_words(member_id, state),
        "token": lambda: form_token(request, purpose_of(member_id)),
        "said": _said(request, shown),
    }
    return page(request, "alerts.html", values, status=shown.status, headers=PRIVATE)


async def operators_page(request: web.Request, by: str, shown: Shown = NOTHING) -> web.Response:
    """Show operators everybody who is told, and what was sent."""
    targets = await api_of(request).alerts.book.targets()
    values = await _values(request, OPERATOR, targets, shown)
    return admin_page(
        request, "alerts_admin.html", values, by=by, form=shown.form, status=shown.status
    )


async def _values(
    request: web.Request, owner: str, targets: Sequence[Target], shown: Shown
) -> dict[str, Any]:
    api = api_of(request)
    logs: Mapping[str, Sequence[Delivery]] = {
        one.id: await api.alerts.deliveries.log(one.id, limit=_lines(targets)) for one in targets
    }
    form = shown.form
    return {
        "owner": owner,
        "failing": await api.alerts.deliveries.failing(targets),
        "targets": targets,
        "address_of": _shown_to(owner),
        "logs": logs,
        "topics": [(one.value, _(TOPICS[one])) for one in topics_of(owner)],
        "topic_words": {one.value: _(words) for one, words in TOPICS.items()},
        "states": {one.value: _(words) for one, words in STATES.items()},
        "waits": {one.value: _(words) for one, words in WAITS.items() if words},
        "text_of": text_of,
        "labels": {name: _(label) for name, label in _LABELS.items()},
        "add_form": form.at("add", values_of(default_wishes(owner))),
        "form_of_target": lambda one: form.at("change", values_of(one.wishes, one), member=one.id),
        "failed": form,
        "mail_refusal": _mail_refusal(request),
        "made": shown.made,
        "tested": shown.tested,
        "most": MOST_TARGETS,
        "untold": "",
        "own_number": len([one for one in targets if one.owner == owner]),
    }


def _lines(targets: Sequence[Target]) -> int:
    """Say how many lines of each log a page shows, so that it stays readable."""
    return 100 if len(targets) <= MOST_TARGETS else 20


def _shown_to(owner: str) -> Callable[[Target], str]:
    return lambda one: one.address if one.owner == owner else plainly(one)


def _mail_refusal(request: web.Request) -> str:
    settings = api_of(request).settings
    if settings.alerts.smtp_host is None:
        return NO_MAIL
    return "" if settings.network.public_url else NO_ADDRESS


def _said(request: web.Request, shown: Shown) -> str:
    code = request.query.get("done", "")
    return _(DONE[code]) if code in DONE and shown is NOTHING else ""
