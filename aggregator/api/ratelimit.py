"""How much one client may ask of the members: charged before anything is sent, told in headers.

The currency is the member question: a question put to twelve members costs twelve, because that
is what it costs them. It costs the same when answers come from the cache, so that a client can
know the price beforehand, and nothing for members that are not asked.

Clients are told apart by their network. A bearer token counts only once somebody has verified it
and said so under `SUBJECT`: as long as tokens are passed through unread, a client could make up a
new one, and with it a new allowance, for every question.
"""

import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiohttp import web

from aggregator.api.clients import Allowance, Clients, RateLimits
from aggregator.api.context import api_of
from aggregator.base.errors import RateLimited

Admit = Callable[[int], Awaitable[None]]


@dataclass(slots=True)
class Account:
    """What a request has been told of its client's allowance."""

    allowance: Allowance | None = None
    scope: str = "other"
    """What there was too much of, if it was refused: `questions`, `checks`, `changes`, `keys`."""


ACCOUNT: web.RequestKey[Account] = web.RequestKey("account", Account)
SUBJECT: web.RequestKey[str] = web.RequestKey("subject", str)
"""The verified owner of the request's token; set by whoever has verified it, by nobody else."""


def hook_of(request: web.Request) -> Admit:
    """Give the hook that charges this request's client with as many members as are to be asked.

    The hook raises `RateLimited` when too little is left; nothing may have been sent by then. It
    may outlive the request, which it does not hold.
    """
    limits = api_of(request).rate_limits
    if limits is None:
        return _charge_nothing
    account = request[ACCOUNT] = request.get(ACCOUNT) or Account()
    allowances, client = limits.allowances, _client(request, limits.clients)

    async def admit(members: int) -> None:
        if members <= 0:
            return
        allowance = account.allowance = await allowances.charge(client, members)
        if allowance.retry_after_s is not None:
            account.scope = "questions"
            wait_s = whole_seconds(allowance.retry_after_s)
            raise RateLimited(_message(allowance, members, wait_s), retry_after_s=wait_s)

    return admit


async def charge_join(request: web.Request) -> None:
    """Charge a check or a registration of a beacon; raises `RateLimited`."""
    limits = api_of(request).join_limits
    what = "checks: at most {limit} beacons are looked at for one client"
    await _charge_one(request, limits, "checks", f"{what} within a minute. Nothing was sent.")


async def charge_change(request: web.Request) -> None:
    """Charge a change that a member makes of its entry; raises `RateLimited`."""
    limits = api_of(request).change_limits
    what = "changes: at most {limit} of entries are made for one client"
    await _charge_one(request, limits, "changes", f"{what} within a minute. Nothing was changed.")


async def charge_guess(request: web.Request) -> None:
    """Charge a key that opens nothing; raises `RateLimited`."""
    try:
        await charge_join(request)
    except RateLimited as error:
        note_refusal(request, "keys")
        wait_s = error.retry_after_s
        message = f"Too many keys that open nothing. Nothing was changed. Try again in {wait_s} s."
        raise RateLimited(message, retry_after_s=wait_s) from None


def note_refusal(request: web.Request, scope: str) -> None:
    """Say in metrics what there was too much of; few words, and none of the client's."""
    account = request[ACCOUNT] = request.get(ACCOUNT) or Account()
    account.scope = scope


def scope_of(request: web.Request) -> str:
    """Say what there was too much of in a request that was refused with 429."""
    account = request.get(ACCOUNT)
    return (account or Account()).scope


async def _charge_one(
    request: web.Request, limits: RateLimits | None, scope: str, refusal: str
) -> None:
    if limits is None:
        return
    account = request[ACCOUNT] = request.get(ACCOUNT) or Account()
    charged = await limits.allowances.charge(_client(request, limits.clients), 1)
    account.allowance = charged
    if charged.retry_after_s is not None:
        note_refusal(request, scope)
        wait_s = whole_seconds(charged.retry_after_s)
        told = refusal.format(limit=charged.limit)
        raise RateLimited(f"Too many {told} Try again in {wait_s} s.", retry_after_s=wait_s)


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Tell the client what it has left (draft-ietf-httpapi-ratelimit-headers, version 7)."""
    account = request.get(ACCOUNT)
    allowance = account.allowance if account is not None else None
    if allowance is None:
        return
    headers = response.headers
    headers["RateLimit-Limit"] = str(allowance.limit)
    headers["RateLimit-Remaining"] = str(allowance.remaining)
    headers["RateLimit-Reset"] = str(math.ceil(allowance.reset_s))
    headers["RateLimit-Policy"] = f"{allowance.limit};w={allowance.period_s}"
    if allowance.retry_after_s is not None:
        # also where a page shows the refusal in its own words
        headers["Retry-After"] = str(whole_seconds(allowance.retry_after_s))


def whole_seconds(wait_s: float) -> int:
    """Round up to a second at which waiting is surely over."""
    return math.floor(wait_s) + 1


async def _charge_nothing(_: int) -> None:
    return None


def _client(request: web.Request, clients: Clients) -> str:
    subject = request.get(SUBJECT)
    if subject is not None:
        return clients.key_of_subject(subject)
    forwarded_for = request.headers.getall("X-Forwarded-For", [])
    return clients.key_of(clients.address_of(request.remote, forwarded_for))


def _message(allowance: Allowance, members: int, wait_s: int) -> str:
    every = "minute" if allowance.period_s == 60 else f"{allowance.period_s} seconds"
    asks = "1 beacon" if members == 1 else f"{members} beacons"
    return (
        f"Too many questions: this network puts at most {allowance.limit} questions to its beacons "
        f"for one client within a {every}, counted once per beacon. This one would ask {asks}; "
        f"{allowance.remaining} of your {allowance.limit} are left now. Nothing was asked. Ask "
        f"again in {wait_s} s."
    )
