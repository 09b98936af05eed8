"""Badges of members: pictures for their own pages, and the same as JSON.

A beacon behind an opaque group is answered as one that is not there, to the byte.
"""

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from aiohttp import web

from aggregator.api.badge_drawing import Badge, Tone, draw
from aggregator.api.badge_facts import (
    CERTIFICATE,
    CONFORMANCE,
    HEALTH,
    LABELS,
    NAMES,
    NOT_NOW,
    UNKNOWN_BADGE,
    UNKNOWN_BEACON,
    WINDOWED,
    certificate_badge,
    conformance_badge,
    document_of,
    doing,
    health_badge,
    named,
    network_badge,
    windowed_badge,
)
from aggregator.api.context import Api, api_of
from aggregator.api.http import JSON
from aggregator.api.tagging import tagged
from aggregator.api.texts import clean
from aggregator.base.errors import NotFound, RegistryUnavailable
from aggregator.protocol.documents import encode
from registry.snapshot import RegisteredMember

SVG: Final = "image/svg+xml"
POLICY: Final = "default-src 'none'; sandbox"
"""For whoever opens a badge by itself: it shows nothing but itself, and runs nothing."""
KEPT_S: Final = 60
SHIELDS_KEPT_S: Final = 300
"""The least that shields.io keeps a badge."""
MAX_LABEL: Final = 60
_FRESH: Final[Mapping[str, str]] = {"Cache-Control": f"max-age={KEPT_S}"}
_PICTURE: Final[Mapping[str, str]] = {"Content-Security-Policy": POLICY}


def add_routes(router: web.UrlDispatcher) -> None:
    """Serve them."""
    router.add_get("/members/{id}/badge/{name:[^{}/]+}.svg", member_svg)
    router.add_get("/members/{id}/badge/{name:[^{}/]+}.json", member_json)
    router.add_get("/health/badge.svg", network_svg)
    router.add_get("/health/badge.json", network_json)


async def member_svg(request: web.Request) -> web.Response:
    """Draw a badge of a member; an unknown one is drawn as such, for pages that show pictures."""
    if request.match_info["name"] not in NAMES:
        return _refused(UNKNOWN_BADGE, 404, _FRESH)
    member = _member(request)
    if member is None:
        return _refused(UNKNOWN_BEACON, 404, _FRESH)
    try:
        badge = await _badge(request, member)
    except RegistryUnavailable as error:
        again = {"Cache-Control": "no-store", "Retry-After": str(error.retry_after_s)}
        return _refused(NOT_NOW, 503, again)
    return tagged(request, draw(badge), SVG, headers={**_FRESH, **_PICTURE})


async def member_json(request: web.Request) -> web.Response:
    """Give a badge of a member as shields.io's endpoint badge reads it."""
    if request.match_info["name"] not in NAMES:
        raise NotFound(f"There is no such badge. The badges are {', '.join(NAMES)}.")
    member = _member(request)
    if member is None:
        raise NotFound("No member of this network has this id. /members lists them.")
    return _document(request, await _badge(request, member))


async def network_svg(request: web.Request) -> web.Response:
    """Draw how many beacons of the network answer."""
    return tagged(request, draw(_of_network(request)), SVG, headers={**_FRESH, **_PICTURE})


async def network_json(request: web.Request) -> web.Response:
    """Give how many beacons of the network answer, as shields.io's endpoint badge reads it."""
    return _document(request, _of_network(request))


def _member(request: web.Request) -> RegisteredMember | None:
    return api_of(request).holder.current.by_id.get(request.match_info["id"])


async def _badge(request: web.Request, member: RegisteredMember) -> Badge:
    name, api = request.match_info["name"], api_of(request)
    if member.inside:
        # how those inside are doing is theirs to tell
        badge = Badge(LABELS[name], "N/A", Tone.NEUTRAL)
    else:
        badge = await _of_member(api, member, name, datetime.now(UTC))
    return named(badge, clean(member.name), _label(request))


async def _of_member(api: Api, member: RegisteredMember, name: str, now: datetime) -> Badge:
    health, settings = api.health, api.settings.health
    if name == CERTIFICATE:
        return certificate_badge(health.facts("certificate").get(member.id), now=now)
    if name == CONFORMANCE:
        return conformance_badge(health.facts("conformance").get(member.id))
    known = doing(
        member,
        health.standings.get(member.id),
        health.places.get(member.id),
        now=now,
        every_s=settings.probe_s,
    )
    if name == HEALTH:
        return health_badge(known)
    figures = await health.figures(WINDOWED[name][1], member_ids=(member.id,))
    return windowed_badge(name, figures.get(member.id), known, slow_s=settings.slow_s)


def _of_network(request: web.Request) -> Badge:
    api, now = api_of(request), datetime.now(UTC)
    standings, places = api.health.standings, api.health.places
    every_s = api.settings.health.probe_s
    states = Counter(
        doing(one, standings.get(one.id), places.get(one.id), now=now, every_s=every_s).state
        for one in api.holder.current.members
        if not one.inside
    )
    return named(network_badge(states), clean(api.identity.name), _label(request))


def _label(request: web.Request) -> str:
    return clean(request.query.get("label"), MAX_LABEL)


def _document(request: web.Request, badge: Badge) -> web.Response:
    body = encode(document_of(badge, kept_s=SHIELDS_KEPT_S))
    return tagged(request, body, JSON, headers=_FRESH)


def _refused(badge: Badge, status: int, headers: Mapping[str, str]) -> web.Response:
    return web.Response(
        body=draw(badge),
        status=status,
        content_type=SVG,
        charset="utf-8",
        headers={**headers, **_PICTURE},
    )
