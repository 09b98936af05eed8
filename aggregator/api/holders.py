"""Who acts with the service key of an entry, by a header or in a browser that was let in."""

from aiohttp import web

from aggregator.api.auth import SERVICE_KEY, bearer_of, member_by_key
from aggregator.api.context import api_of
from aggregator.api.ratelimit import charge_guess
from aggregator.base.errors import NotFound, Unauthorized
from registry.alert_asking import WAITS
from registry.records import MemberState


async def holder_of(request: web.Request, member_id: str) -> str:
    """Say as whom a member acts; every key that opens nothing is charged.

    Raises `Unauthorized`, `RateLimited`.
    """
    try:
        return await member_by_key(request, member_id)
    except Unauthorized:
        if sends_key(request):
            await charge_guess(request)
        raise


async def refuse_waiting(request: web.Request, member_id: str) -> None:
    """Say to who holds the key of an entry that waits why there is nothing; raises `NotFound`."""
    api = api_of(request)
    if member_id in api.holder.current.everyone_by_id:
        return
    record = await api.registry.steward.record(member_id)
    if record.state is MemberState.PENDING:
        raise NotFound(f"“{member_id}” {WAITS}: there is nothing to see here before.")


def sends_key(request: web.Request) -> bool:
    """Whether a request bears a key itself, as those of programs do."""
    return bool(request.headers.get(SERVICE_KEY) or bearer_of(request))


def key_needed(member_id: str) -> Unauthorized:
    """Say to a program that it did not send the key."""
    return Unauthorized(
        f"The service key of “{member_id[:80]}” is needed: send it as {SERVICE_KEY}."
    )


def ended() -> Unauthorized:
    """Say to a person that the page they sent a form from opens nothing any more."""
    return Unauthorized(
        "Nothing was changed: this page was open for too long, or its service key opens nothing "
        "any more. Open the entry again with the service key it has now."
    )
