"""The part of the composition root that processes of one network share, or have for themselves.

`cache.url` decides: answers and allowances are kept in Redis for all, or in this process.
"""

import secrets
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Final

from aggregator.api.allowances import QUESTIONS, MemoryAllowances, RedisAllowances
from aggregator.api.clients import Allowances, Clients, RateLimits
from aggregator.base.errors import ConfigError
from aggregator.base.settings import Settings
from aggregator.cache.redis_link import RedisLink, connect
from aggregator.cache.redis_store import RedisAnswers
from aggregator.cache.store import AnswerStore, MemoryAnswers

CHANGES_PER_JOIN: Final = 3
"""How many changes of entries a client may make for each check it may have made."""


@dataclass(frozen=True, slots=True)
class Shared:
    """What is kept of answers and clients."""

    answers: AnswerStore
    rate_limits: RateLimits | None
    """None: clients may ask as much as they like."""
    join_limits: RateLimits | None
    """The same for checks and registrations of beacons."""
    change_limits: RateLimits | None
    """The same for what members change of their entries."""
    link: RedisLink | None
    """The way to Redis, where there is one."""

    @property
    def dropped_writes(self) -> int:
        """Answers that were not kept although they should have been; for metrics."""
        return self.answers.stats.dropped_writes if isinstance(self.answers, RedisAnswers) else 0


@asynccontextmanager
async def shared(settings: Settings) -> AsyncIterator[Shared]:
    """Open what is kept; leaving the context writes what waits. Raises `ConfigError`."""
    async with AsyncExitStack() as stack:
        link = await _link(settings, stack) if settings.cache.is_redis else None
        answers = await _answers(settings, stack, link)
        security = settings.security
        yield Shared(
            answers,
            _limits(settings, stack, link, QUESTIONS, security.rate_limit),
            _limits(settings, stack, link, "joins", security.join_rate_limit),
            _limits(settings, stack, link, "changes", CHANGES_PER_JOIN * security.join_rate_limit),
            link,
        )


async def _link(settings: Settings, stack: AsyncExitStack) -> RedisLink:
    try:
        client = connect(settings.cache.url)
    except ValueError as error:
        raise ConfigError([f"cache.url: not an address of Redis: {error}"]) from None
    link = RedisLink(client, timeout_s=settings.cache.redis_timeout_s)
    stack.push_async_callback(link.aclose)
    await link.start()
    return link


async def _answers(
    settings: Settings, stack: AsyncExitStack, link: RedisLink | None
) -> AnswerStore:
    cache = settings.cache
    if link is None:
        return MemoryAnswers(
            max_entries=cache.max_entries, max_bytes=cache.max_bytes, clock=time.monotonic
        )
    answers = RedisAnswers(link, prefix=cache.prefix, max_value_bytes=cache.redis_max_value_bytes)
    stack.push_async_callback(answers.aclose)
    await answers.start()
    return answers


def _limits(
    settings: Settings,
    stack: AsyncExitStack,
    link: RedisLink | None,
    namespace: str,
    limit: int,
) -> RateLimits | None:
    if not limit:
        return None
    allowances: Allowances
    if link is None:
        allowances = MemoryAllowances(limit, namespace=namespace)
        secret = secrets.token_hex()
    else:
        allowances = RedisAllowances(link, limit, prefix=settings.cache.prefix, namespace=namespace)
        # every process has to know the same one, and Redis must not
        secret = settings.cache.url
    if settings.security.rate_limit_secret is not None:
        secret = settings.security.rate_limit_secret.get_secret_value()
    stack.push_async_callback(allowances.aclose)
    return RateLimits(Clients(settings.server.trusted_proxies, secret.encode()), allowances)
