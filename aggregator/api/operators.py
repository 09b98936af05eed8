"""Finds out which operator is there: by a token, whose guessing is limited, or by the session.

Wrong tokens are counted per client in the windows of `security.join_rate_limit`, apart from checks
of beacons. Who has used them up is refused before a token is looked at, right or wrong.
"""

import asyncio
from typing import Final
from weakref import WeakValueDictionary

from aiohttp import web

from aggregator.api.auth import bearer_of, operator_by, signed_in_operator
from aggregator.api.clients import Allowance, RateLimits
from aggregator.api.context import api_of
from aggregator.api.ratelimit import note_refusal, whole_seconds
from aggregator.base.errors import RateLimited, Unauthorized

NOBODYS = "This token is no operator's of this network, or has been revoked."
OPERATORS_ONLY = (
    "Only operators of this network may do this: send Authorization: Bearer TOKEN, or sign in at "
    "/admin/login."
)
NO_CHANGE_BY_SESSION = (
    "Changes through this API need the token itself: send Authorization: Bearer TOKEN. To go on "
    "without it, use the pages at /admin."
)
NOBODY_YET = (
    "This network has no operator yet: set BEACON_SECURITY__ADMIN_TOKEN to a secret of 16 "
    "characters or more and start it again, or run `beacon-aggregator keys appoint NAME` beside it."
)
_READING = ("GET", "HEAD")
_LOOKING: Final[WeakValueDictionary[str, asyncio.Lock]] = WeakValueDictionary()
"""Of each client one token is looked at at a time, so that guesses sent together count as well."""


async def calling_operator(request: web.Request) -> str:
    """Say which operator calls the API; raises `Unauthorized` or `RateLimited`.

    The session of the pages is enough for reading. A change takes the token itself, which no page
    of somebody else can make a browser send.
    """
    token = bearer_of(request)
    if token:
        return await operator_by_token(request, token)
    if not await has_operators(request):
        raise Unauthorized(NOBODY_YET)
    if request.method in _READING:
        name = await signed_in_operator(request)
        if name is None:
            raise Unauthorized(OPERATORS_ONLY)
        return name
    raise Unauthorized(NO_CHANGE_BY_SESSION if request.cookies else OPERATORS_ONLY)


async def operator_by_token(request: web.Request, token: str) -> str:
    """Say whose token this is; raises `Unauthorized`, `RateLimited` after many wrong ones."""
    limits = api_of(request).join_limits
    if limits is None:
        return await _known(request, token)
    client = _client_of(request, limits)
    looking = _LOOKING.setdefault(client, asyncio.Lock())
    async with looking:
        left = await limits.allowances.charge(client, 0)
        if left.remaining <= 0:
            note_refusal(request, "keys")
            raise _too_many(left)
        try:
            return await _known(request, token)
        except Unauthorized:
            await limits.allowances.charge(client, 1)
            raise


async def has_operators(request: web.Request) -> bool:
    """Whether anybody can be let in."""
    api = api_of(request)
    if api.settings.security.admin_token is not None:
        return True
    return bool(await api.registry.keyring.operators())


async def _known(request: web.Request, token: str) -> str:
    name = await operator_by(request, token)
    if name is None:
        raise Unauthorized(NOBODYS if await has_operators(request) else NOBODY_YET)
    return name


def _client_of(request: web.Request, limits: RateLimits) -> str:
    forwarded_for = request.headers.getall("X-Forwarded-For", [])
    address = limits.clients.address_of(request.remote, forwarded_for)
    return f"{limits.clients.key_of(address)}-tokens"


def _too_many(left: Allowance) -> RateLimited:
    wait_s = whole_seconds(left.reset_s / left.limit)
    return RateLimited(
        f"Too many wrong tokens: at most {left.limit} are looked at for one client within a "
        f"minute. This one was not looked at. Try again in {wait_s} s.",
        retry_after_s=wait_s,
    )
