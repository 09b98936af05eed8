"""`/health` and `/health/{id}`: how the network and each member are doing, with their twins."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlencode

from aiohttp import web

from aggregator.api import health_measuring, health_words
from aggregator.api.badge_facts import NAMES
from aggregator.api.context import api_of
from aggregator.api.health_documents import (
    checked_at,
    checks_csv,
    csv_of,
    member_document,
    network_document,
    text_of,
)
from aggregator.api.health_drawings import Band, bars, sparkline, top_ms
from aggregator.api.health_facts import MemberHealth, Now, board_of
from aggregator.api.health_forms import (
    SHOWN,
    SORTS,
    WINDOWS,
    HealthForm,
    MemberForm,
    in_order,
    no_page,
)
from aggregator.api.health_history import (
    LISTED,
    Incidents,
    MemberHistory,
    NetworkHistory,
    figures_of_all,
    read_member,
    read_network,
)
from aggregator.api.health_measuring import check_bound_s
from aggregator.api.http import JSON, base_url
from aggregator.api.middleware import wants_html
from aggregator.api.naming import told_apart
from aggregator.api.objective_words import sentence_of, title_of
from aggregator.api.pages import page
from aggregator.api.tagging import tagged
from aggregator.base import i18n
from aggregator.base.errors import NotFound
from aggregator.base.i18n import gettext as _
from aggregator.protocol.documents import encode
from registry.health_store import FRESH
from registry.history import Window
from registry.snapshot import RegisteredMember

PAGE: Final = 100
"""How many members a page shows; its twins have all."""
_KEPT: Final = ("sort", "show", "group", "window")
"""What an address of older incidents asks for besides."""
_FRESH: Final = {"Cache-Control": "max-age=15"}
_PAGE: Final = {"Cache-Control": "no-cache"}


@dataclass(frozen=True, slots=True)
class Chosen:
    """The list as it was asked for."""

    form: HealthForm
    board: list[MemberHealth]
    within: list[MemberHealth]
    """Those of the group that was asked for, or all: what the summary and incidents are about."""
    fit: list[MemberHealth]
    shown: list[MemberHealth]
    history: NetworkHistory
    pages: int
    now: datetime

    @property
    def summary(self) -> str:
        """How the network is doing, or the group asked for, in sentences for programs."""
        told = health_words.joined(health_words.summary_of(self.within, self.now))
        return told.translate(health_words.NO_ISOLATES)


async def health(request: web.Request) -> web.StreamResponse:
    """Show how every member is doing."""
    if not wants_html(request):
        return await health_json(request)
    chosen = await choose(request, is_drawn=True)
    return await asyncio.to_thread(_health_page, request, chosen)


async def health_json(request: web.Request) -> web.Response:
    """Say how every member is doing, for programs: the same, on one page."""
    chosen = await choose(request)

    def write() -> web.Response:
        return _tagged(request, told_of_all(request, chosen))

    return await asyncio.to_thread(write)


async def health_csv(request: web.Request) -> web.Response:
    """Say how every member is doing as a table: a row for each."""
    chosen = await choose(request)
    text = await asyncio.to_thread(csv_of, chosen.fit, chosen.history)
    return _csv(text, "beacon-health.csv")


async def health_txt(request: web.Request) -> web.Response:
    """Say how every member is doing in plain text for a terminal."""
    chosen = await choose(request)
    text = text_of(chosen.fit, chosen.history, summary=chosen.summary, now=chosen.now)
    return web.Response(text=text, content_type="text/plain", charset="utf-8", headers=_FRESH)


async def member(request: web.Request) -> web.StreamResponse:
    """Say everything that is known of how one member is doing."""
    if not wants_html(request):
        return await member_json(request)
    known = _public(request)
    if known is None:
        values = {"one": None, "wanted": request.match_info["id"]}
        return page(request, "health_member.html", values, status=404, headers=_PAGE)
    return await member_page(request, known)


async def member_json(request: web.Request) -> web.Response:
    """Say everything that is known of how one member is doing, for programs."""
    known = _public(request)
    if known is None:
        raise NotFound("No member of this network has this id. /health lists them.")
    form = MemberForm.of(request.query)
    one, history = await read_one(request, known, form)
    document = document_of_one(request, one, history, form, f"/health/{one.id}.json")
    return _tagged(request, document)


async def member_csv(request: web.Request) -> web.Response:
    """Give the last checks of one member as a table, the newest first."""
    known = _public(request)
    if known is None:
        raise NotFound("No member of this network has this id. /health lists them.")
    checks = () if known.inside else await api_of(request).health.checks(known.id)
    return _csv(checks_csv(checks), f"checks-{known.id}.csv")


async def member_page(
    request: web.Request,
    known: RegisteredMember,
    *,
    path: str = "",
    back: str = "/health",
    conformance: str = "",
    twin: str = "",
    is_hidden: bool = False,
) -> web.Response:
    """Write the page of one member; `is_hidden`: nobody else sees it, as it is behind a group.

    `path` is where it is shown, `back` the page it belongs to, `conformance` that of its rules,
    `twin` the same for programs where nobody else sees it.
    """
    form = MemberForm.of(request.query)
    one, history = await read_one(request, known, form)
    shown = {
        "path": path or f"/health/{known.id}",
        "form": form,
        "back": back,
        "conformance": conformance or f"/health/{known.id}/conformance",
        "twin": twin,
        "is_hidden": is_hidden,
        "limit_s": check_bound_s(api_of(request).settings, known),
    }
    return await asyncio.to_thread(_member_page, request, one, history, shown)


async def choose(
    request: web.Request, *, is_drawn: bool = False, is_closed: bool = False
) -> Chosen:
    """Read what is wanted and choose it; raises `BadQuery` and `NotFound`.

    `is_closed`: for operators, who see the members of opaque groups in place of those.
    """
    api, now = api_of(request), datetime.now(UTC)
    snapshot = api.holder.current
    board = board_of(request, snapshot.everyone if is_closed else snapshot.members)
    of_hidden = {group for one in board for group in one.groups} if is_closed else frozenset()
    form = HealthForm.of(request.query, snapshot.groups | of_hidden)
    within = [one for one in board if not form.group or form.group in one.groups]
    fit = [one for one in within if form.show == "all" or not one.is_well]
    pages = max(1, -(-len(fit) // PAGE))
    if is_drawn and form.page > pages:
        raise NotFound(no_page(pages, form.page))
    figures = await figures_of_all(api.health)
    fit = in_order(fit, form.sort, figures)
    shown = fit[(form.page - 1) * PAGE : form.page * PAGE]
    history = await read_network(
        api.health,
        figures=figures,
        drawn=[one.id for one in shown if one.now is not Now.UNTOLD] if is_drawn else (),
        known=[one.id for one in within if one.now is not Now.UNTOLD],
        below=form.below,
        now=now,
    )
    return Chosen(form, board, within, fit, shown, history, pages, now)


def told_of_all(request: web.Request, chosen: Chosen, path: str = "/health.json") -> dict[str, Any]:
    """Write what was chosen as everybody may read it, if they may see these members.

    `path` is where it is read.
    """
    api = api_of(request)
    return network_document(
        chosen.within,
        chosen.fit,
        chosen.history,
        network_id=api.identity.beacon_id,
        summary=chosen.summary,
        total=len(chosen.board),
        every_s=api.settings.health.probe_s,
        base=base_url(request),
        older=_older(request, path, chosen.history.incidents),
    )


def document_of_one(
    request: web.Request, one: MemberHealth, history: MemberHistory, form: MemberForm, path: str
) -> dict[str, Any]:
    """Write everything the page of a member says, as it is read at this path."""
    older = _older(request, path, history.incidents)
    return member_document(one, history, base=base_url(request), window=form.window, older=older)


def _older(request: web.Request, path: str, incidents: Incidents) -> str | None:
    """Give the address of the same list with the incidents before these."""
    if not incidents.older:
        return None
    told = {name: request.query[name] for name in _KEPT if request.query.get(name)}
    return f"{base_url(request)}{path}?{urlencode({**told, 'below': incidents.older})}"


async def read_one(
    request: web.Request, known: RegisteredMember, form: MemberForm
) -> tuple[MemberHealth, MemberHistory]:
    """Read how a member is doing; of an opaque group nothing is read, for it has no checks."""
    api = api_of(request)
    (one,) = board_of(request, [known])
    if known.inside:
        return one, MemberHistory()
    history = await read_member(
        api.health,
        known.id,
        window=form.window,
        below=form.below,
        every_s=api.settings.health.probe_s,
        now=datetime.now(UTC),
    )
    return one, history


def _health_page(request: web.Request, chosen: Chosen) -> web.Response:
    api = api_of(request)
    values = {
        "form": chosen.form,
        "sorts": list(SORTS.items()),
        "shows": list(SHOWN.items()),
        "windows": LISTED,
        "groups": {
            group: api.holder.current.name_of(group) for group in sorted(api.holder.current.groups)
        },
        "summary": health_words.joined(health_words.summary_of(chosen.within, chosen.now)),
        "behind": i18n.age(FRESH.total_seconds()),
        "checked_at": checked_at(chosen.board),
        "rules": api.settings.health,
        "board": chosen.board,
        "fit": chosen.fit,
        "shown": chosen.shown,
        "names": told_apart((one.id, one.name) for one in chosen.board),
        "pages": chosen.pages,
        "history": chosen.history,
        "day": Window.DAY,
        "bars": {
            one: bars(
                slots,
                summary=health_words.bars_words(slots, _("24 h")),
                title=health_words.slot_words,
            )
            for one, slots in chosen.history.bars.items()
        },
        "words": health_words,
        "measuring": health_measuring,
        "limit_s": check_bound_s(api.settings),
        "now": chosen.now,
    }
    return page(request, "health.html", values, headers=_PAGE)


def _member_page(
    request: web.Request, one: MemberHealth, history: MemberHistory, shown: dict[str, Any]
) -> web.Response:
    now = datetime.now(UTC)
    bands = [
        Band(each.began, each.ended or now, health_words.incident_words(each, now))
        for each in history.outages
    ]
    form: MemberForm = shown["form"]
    values = {
        "one": one,
        "history": history,
        "rules": api_of(request).settings.health,
        "windows": list(WINDOWS.items()),
        "half_hours": bars(
            history.half_hours,
            summary=health_words.bars_words(history.half_hours, _("24 h")),
            title=health_words.slot_words,
        ),
        "days": bars(
            history.days,
            summary=health_words.bars_words(history.days, _("30 days")),
            title=health_words.day_words,
        ),
        "chart": sparkline(
            history.chart, bands, summary=health_words.chart_words(history.chart, bands)
        ),
        "top": health_words.time_words(top_ms(history.chart)),
        "has_times": any(slot.p95_ms is not None for slot in history.chart),
        "objectives": [(title_of(each), sentence_of(each), each) for each in history.objectives],
        "badges": NAMES,
        "base": base_url(request),
        "words": health_words,
        "measuring": health_measuring,
        "window": form.window,
        "day": Window.DAY,
        "now": now,
        **shown,
    }
    return page(request, "health_member.html", values, headers=_PAGE)


def _public(request: web.Request) -> RegisteredMember | None:
    """Find a member as everybody sees it; one behind an opaque group is not there."""
    return api_of(request).holder.current.by_id.get(request.match_info["id"])


def _tagged(request: web.Request, document: dict[str, Any]) -> web.Response:
    headers = {**_FRESH, "Vary": "Accept"}
    return tagged(request, encode(document), JSON, headers=headers)


def _csv(text: str, name: str) -> web.Response:
    headers = {**_FRESH, "Content-Disposition": f'attachment; filename="{name}"'}
    return web.Response(text=text, content_type="text/csv", charset="utf-8", headers=headers)
