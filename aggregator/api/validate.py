"""`/validate?endpoint=URL`: what is wrong with the documents a beacon has about itself.

A list of messages, as ELIXIR's network page shows them; an empty one is praise. The beacon is
asked through the same guarded client as members, so addresses that are not public are refused
unless the operator allows them for members.
"""

import re
from typing import Any, Final

from aiohttp import web

from aggregator.api.context import api_of
from aggregator.api.http import respond
from aggregator.api.ratelimit import hook_of
from aggregator.base.errors import BadQuery, NotFound
from aggregator.watch.looking import Discovery

MAX_URL: Final = 2_000
COST: Final = 10
"""What a look costs of a client's allowance: about as many requests are sent."""
_DOCUMENT: Final = re.compile(r"\bits (/[a-z_-]+)")
_NOT_RECOGNISED: Final = "not-recognised"
_DOCUMENT_PROBLEM: Final = "document"


async def validate(request: web.Request) -> web.Response:
    """Say what is wrong with the documents a beacon has about itself; [] where nothing is."""
    look = api_of(request).look
    if look is None:
        raise NotFound("This network looks at its members only: compat.validate_beacons is off.")
    given = [url.strip() for url in request.query.getall("endpoint", []) if url.strip()]
    if len(given) != 1:
        raise BadQuery(["Give one beacon's address: /validate?endpoint=https://…"])
    url = given[0]
    if len(url) > MAX_URL or not url.isprintable():
        raise BadQuery([f"endpoint: at most {MAX_URL:,} printable characters."])
    await hook_of(request)(COST)
    found = await look(url)
    return respond(messages_of(found, url), headers={"Cache-Control": "no-store"})


def messages_of(found: Discovery, url: str) -> list[dict[str, Any]]:
    """Write what a look showed as messages: `path` is the document's, `location` its address.

    Documents that did not come are problems only where no other told what the beacon is.
    """
    base = url.rstrip("/")
    if found.capabilities is not None:
        return [_of_problem(problem, base) for problem in found.capabilities.problems]
    return [
        {
            "code": _NOT_RECOGNISED,
            "path": look.url.removeprefix(base) or "/",
            "location": look.url,
            "message": f"Not recognised as a beacon: {look.result}.",
        }
        for look in found.looks
    ]


def _of_problem(problem: str, base: str) -> dict[str, Any]:
    named = _DOCUMENT.search(problem)
    path = named[1] if named else "/info"
    return {
        "code": _DOCUMENT_PROBLEM,
        "path": path,
        "location": f"{base}{path}",
        "message": f"{problem[:1].upper()}{problem[1:].rstrip('.')}.",
    }
