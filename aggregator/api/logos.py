"""`/logo/{id}`: members' logos from our own origin."""

import hashlib
from functools import lru_cache
from html import escape
from typing import Final

from aiohttp import web

from aggregator.api.context import api_of
from aggregator.api.texts import clean
from aggregator.base.errors import NotFound
from aggregator.watch.images import SVG
from aggregator.watch.logos import Logo

POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
"""For whoever opens a logo by itself: it can show nothing but itself, and run nothing."""
KEPT_S: Final = 3600
NEUTRAL_KEPT_S: Final = 300
"""How long browsers keep the picture of a member without a logo: there may be one soon."""
_COLOURS: Final = ("#0b5394", "#0b5d8a", "#3d4f8f", "#5b3f8c", "#7a2e5d", "#8a3b00", "#4a4f57")
"""White letters have a contrast of at least 4.5 on each."""


def add_routes(router: web.UrlDispatcher) -> None:
    """Add the paths."""
    router.add_get("/logo/{id}", logo)


async def logo(request: web.Request) -> web.Response:
    """Give a member's logo, or a picture of its initials."""
    api = api_of(request)
    member = api.holder.current.by_id.get(request.match_info["id"])
    if member is None:
        raise NotFound("No member of this network has this id. /members lists them.")
    found = await api.logos.logo(member.id)
    kept_s = KEPT_S
    if found is None:
        found, kept_s = initials(member.id, member.name), NEUTRAL_KEPT_S
    headers = {
        "Cache-Control": f"public, max-age={kept_s}",
        "Content-Security-Policy": POLICY,
        "X-Content-Type-Options": "nosniff",
        "ETag": f'"{found.tag}"',
    }
    if any(one.value in {found.tag, "*"} for one in request.if_none_match or ()):
        return web.Response(status=304, headers=headers)
    charset = "utf-8" if found.media_type == SVG else None
    return web.Response(
        body=found.body, content_type=found.media_type, charset=charset, headers=headers
    )


@lru_cache(maxsize=2_000)
def initials(member_id: str, name: str) -> Logo:
    """Draw the initials of a member; the colour is its id's and stays."""
    words = [word for word in clean(name).split() if word[0].isalnum()]
    letters = "".join(word[0] for word in words[:2]).upper() or member_id[:1].upper()
    number = hashlib.blake2b(member_id.encode(), digest_size=2).digest()
    colour = _COLOURS[int.from_bytes(number) % len(_COLOURS)]
    body = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 96 96" width="96" height="96">'
        f'<rect width="96" height="96" rx="16" fill="{colour}"/>'
        '<text x="48" y="50" fill="#fff" font-family="system-ui, sans-serif" font-size="40" '
        'font-weight="600" text-anchor="middle" dominant-baseline="central">'
        f"{escape(letters)}</text></svg>"
    ).encode()
    return Logo(SVG, body, hashlib.blake2b(body, digest_size=8).hexdigest())
