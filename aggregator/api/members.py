"""`/members` and `/members/{id}`: who is in the network, with twins for programs."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from aiohttp import web

from aggregator.api import health_words
from aggregator.api.context import api_of
from aggregator.api.health_facts import Now, board_of
from aggregator.api.health_forms import no_page
from aggregator.api.http import base_url, respond
from aggregator.api.member_documents import csv_of, endpoints_of, listed_document, member_document
from aggregator.api.member_facts import ENTRY_TYPE_WORDS, STANDINGS
from aggregator.api.member_lists import (
    Listed,
    ListForm,
    choices_of,
    find,
    in_order,
    sections_of,
)
from aggregator.api.member_questions import example_for
from aggregator.api.member_selects import selects_of
from aggregator.api.middleware import wants_html
from aggregator.api.pages import page
from aggregator.base.errors import NotFound

MAX_TERMS: Final = 40
"""How many filtering terms the page of a member lists; its JSON has all."""
MAX_SETS: Final = 200
_FRESH: Final = {"Cache-Control": "no-cache", "Vary": "Accept"}


def add_routes(router: web.UrlDispatcher) -> None:
    """Add the paths."""
    router.add_get("/members", members)
    router.add_get("/members.json", members_json)
    router.add_get("/members.csv", members_csv)
    router.add_get("/members/{id:[^{}/]+}.json", member_json)
    router.add_get("/members/{id}", member)


@dataclass(frozen=True, slots=True)
class _Chosen:
    """The list, and what of it was asked for."""

    form: ListForm
    listed: list[Listed]
    fit: list[Listed]
    unsaid: int


async def members(request: web.Request) -> web.Response:
    """List the members of this network."""
    if not wants_html(request):
        return await members_json(request)
    chosen = _chosen(request)
    form = chosen.form
    sections, pages = sections_of(chosen.fit, form)
    choices = choices_of(chosen.listed)
    if form.page > pages:
        raise NotFound(no_page(pages, form.page))
    values = {
        "form": form,
        "sections": sections,
        "pages": pages,
        "total": len(chosen.listed),
        "shown": len(chosen.fit),
        "unsaid": chosen.unsaid,
        "states": list(choices.states.items()),
        "standings": STANDINGS,
        "selects": selects_of(form, choices),
    }
    return page(request, "members.html", values, headers={"Cache-Control": "no-cache"})


async def members_json(request: web.Request) -> web.Response:
    """List the members of this network for programs, with the same filters and on one page."""
    chosen = _chosen(request)
    base = base_url(request)

    def write() -> web.Response:
        document = {
            "networkId": api_of(request).identity.beacon_id,
            "total": len(chosen.listed),
            "shown": len(chosen.fit),
            "notTold": chosen.unsaid,
            "members": [listed_document(one, base) for one in chosen.fit],
        }
        return respond(document, headers=_FRESH)

    return await asyncio.to_thread(write)  # a long list would be felt by questions


async def members_csv(request: web.Request) -> web.Response:
    """List the members of this network as a table, with the same filters and on one page."""
    headers = {"Cache-Control": "no-cache"}
    headers["Content-Disposition"] = 'attachment; filename="beacon-members.csv"'
    text = await asyncio.to_thread(csv_of, _chosen(request).fit)
    return web.Response(text=text, content_type="text/csv", charset="utf-8", headers=headers)


async def member(request: web.Request) -> web.Response:
    """Say everything this network knows of one member."""
    if not wants_html(request):
        return await member_json(request)
    one = _one(request)
    if one is None:
        return _nobody(request)
    known, told = one.member, one.member.capabilities
    values: dict[str, Any] = {
        "facts": one.facts,
        "member": known,
        "told": told,
        "since": _moment(one.facts.since),
        "looked_at": _looked_at(request, one),
        "endpoints": endpoints_of(known),
        "types": ENTRY_TYPE_WORDS,
        "sets": told.data_sets[:MAX_SETS],
        "terms": told.filtering_terms,
        "max_terms": MAX_TERMS,
        "dialect": known.dialect.model_dump(exclude_defaults=True, mode="json"),
        "example": example_for(known),
        "health": board_of(request, [known])[0],
        "words": health_words,
        "now": datetime.now(UTC),
    }
    return page(request, "member.html", values, headers={"Cache-Control": "no-cache"})


async def member_json(request: web.Request) -> web.Response:
    """Say everything this network knows of one member, for programs."""
    one = _one(request)
    if one is None:
        raise NotFound("No member of this network has this id. /members lists them.")
    looked_at = _looked_at(request, one)
    when = None if looked_at is None else looked_at.strftime("%Y-%m-%dT%H:%M:%SZ")
    return respond(member_document(one, base_url(request), looked_at=when), headers=_FRESH)


def _listed(request: web.Request) -> list[Listed]:
    api = api_of(request)
    board = board_of(request, api.holder.current.members)
    return api.directory.listed(
        api.holder.current,
        api.registry.store.records,
        now=datetime.now(UTC),
        suspended=api.suspended(),
        down=frozenset(one.id for one in board if one.now is Now.DOWN),
    )


def _chosen(request: web.Request) -> _Chosen:
    """Read what is wanted and choose it; raises `BadQuery`."""
    form = ListForm.of(request.query)
    listed = _listed(request)
    found = find(listed, form)
    return _Chosen(form, listed, in_order(found.fit, form.sort), len(found.unsaid))


def _one(request: web.Request) -> Listed | None:
    wanted = request.match_info["id"]
    return next((one for one in _listed(request) if one.member.id == wanted), None)


def _nobody(request: web.Request) -> web.Response:
    wanted = request.match_info["id"]
    return page(request, "member.html", {"facts": None, "wanted": wanted}, status=404)


def _looked_at(request: web.Request, one: Listed) -> datetime | None:
    """Say when the member was last looked at; a look without news is known to the store alone."""
    if one.facts.is_group:
        return None
    record = api_of(request).registry.store.records.get(one.member.id)
    told = (record.member if record else one.member).capabilities
    return told.fetched_at or one.member.capabilities.fetched_at


def _moment(since: str | None) -> datetime | None:
    return None if since is None else datetime.fromisoformat(since)
