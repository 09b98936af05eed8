"""The part of the composition root that calls members: the session and the client above it."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from aggregator import __version__
from aggregator.base.errors import ConfigError
from aggregator.base.settings import Settings
from aggregator.upstream.call_results import CallResult
from aggregator.upstream.client import MemberClient
from aggregator.upstream.limits import UpstreamLimits
from aggregator.upstream.session import CaFileError, MemberSession


@asynccontextmanager
async def calling(
    settings: Settings,
    *,
    on_call: Callable[[str, CallResult], None] = lambda member_id, result: None,
) -> AsyncIterator[MemberClient]:
    """Open what calls members, as the settings say; raises `ConfigError`."""
    limits = _limits(settings)
    session = MemberSession(
        limits,
        version=__version__,
        public_url=settings.network.public_url,
        allow_private=settings.security.allow_private_members,
        proxy=settings.outbound.proxy,
        ca_file=str(settings.outbound.ca_file) if settings.outbound.ca_file else None,
    )
    try:
        try:
            await session.start()
        except CaFileError as error:
            problem = f"outbound.ca_file: {settings.outbound.ca_file}: {error}"
            raise ConfigError([problem]) from None
        yield MemberClient(session, limits, on_call=on_call)
    finally:
        await session.aclose()


def _limits(settings: Settings) -> UpstreamLimits:
    query = settings.query
    return UpstreamLimits(
        connect_timeout_s=query.connect_timeout_s,
        member_timeout_s=query.member_timeout_s,
        member_concurrency=query.member_concurrency,
        max_calls_in_flight=query.max_calls_in_flight,
        max_body_bytes=query.max_body_bytes,
        max_small_body_bytes=query.max_small_body_bytes,
        max_bytes_in_flight=query.max_bytes_in_flight,
        retries=query.retries,
    )
