"""The way to Redis: bounded in time and connections, and left alone while it does not answer.

Redis is losable here, so nothing that happens on the way to it is told to a client. What goes
wrong becomes `RedisUnavailable`, which users of the link take as "not there".
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import structlog
from redis.asyncio import ConnectionPool, Redis, SSLConnection
from redis.asyncio.connection import RedisSSLContext
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

log = structlog.get_logger(__name__)

T = TypeVar("T")

MAX_CONNECTIONS = 16
"""Operations at once; a wait for a free connection counts against the operation's time."""

FIRST_PAUSE_S = 0.1
"""How long Redis is left alone after one failure, at least twice the time of an operation: a
question that uses Redis twice does not wait for it twice."""
LONGEST_PAUSE_S = 30.0
LOUD_AFTER = 3
"""Failures in a row before the log says so; a single one is a hiccup."""
STALL_FACTOR = 3
"""A timeout that comes so many times too late says that this process was busy, not Redis."""
START_WITHIN_S = 1.0
CLOSE_WITHIN_S = 1.0


class RedisUnavailable(Exception):
    """Redis did not do what was asked, or was not asked because it has been failing."""


class Circuit:
    """Leaves Redis alone after failures: each one in a row doubles the pause, 0.1 s to 30 s.

    After a pause one operation is let through as a trial; a success ends the series.
    """

    def __init__(self, clock: Callable[[], float], first_pause_s: float = FIRST_PAUSE_S) -> None:
        self._clock = clock
        self._first_pause_s = first_pause_s
        self._failures = 0
        self._closed_until = 0.0
        self._last_failure_at = float("-inf")

    @property
    def is_paused(self) -> bool:
        """Whether Redis is being left alone now."""
        return self._failures > 0 and self._clock() < self._closed_until

    @property
    def failures(self) -> int:
        """Failures in a row."""
        return self._failures

    def allows(self) -> bool:
        """Whether an operation may be tried; a trial keeps all others out until it has ended."""
        if not self._failures:
            return True
        now = self._clock()
        if now < self._closed_until:
            return False
        self._closed_until = now + self._pause_s()
        return True

    def succeeded(self) -> None:
        """Count an operation that worked."""
        if self._failures >= LOUD_AFTER:
            log.info("redis answers again", failures=self._failures)
        self._failures = 0

    def failed(self, started_at: float, error: BaseException) -> None:
        """Count an operation that failed; those that ran side by side count as one.

        Only the error's class is logged: messages of Redis may hold keys, values and addresses.
        """
        if started_at <= self._last_failure_at:
            return
        self._failures += 1
        self._last_failure_at = self._clock()
        self._closed_until = self._last_failure_at + self._pause_s()
        if self._failures == LOUD_AFTER:
            log.warning("redis does not answer; going on without it", error=type(error).__name__)

    def _pause_s(self) -> float:
        # min() in the exponent keeps a long outage from overflowing a float
        return min(LONGEST_PAUSE_S, self._first_pause_s * 2.0 ** min(self._failures - 1, 32))


@dataclass(slots=True)
class LinkStats:
    """Counters of operations, for metrics."""

    operations: int = 0
    errors: int = 0
    """Operations that failed or took too long."""
    skipped: int = 0
    """Operations not tried because Redis had been failing."""


class RedisLink:
    """Runs operations on Redis, each under a time limit and behind one circuit breaker."""

    def __init__(
        self,
        client: "Redis",
        *,
        timeout_s: float,
        max_connections: int = MAX_CONNECTIONS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.client = client
        self.stats = LinkStats()
        self._timeout_s = timeout_s
        self._slots = asyncio.Semaphore(max_connections)
        self._clock = clock
        self._circuit = Circuit(clock, max(FIRST_PAUSE_S, 2 * timeout_s))

    @property
    def is_paused(self) -> bool:
        """Whether Redis is being left alone now, because it has been failing."""
        return self._circuit.is_paused

    async def start(self) -> None:
        """Open the first connection, and say in the log if Redis is not there.

        The network starts without it all the same. This is the one time that connecting, which
        may need a name looked up and TLS agreed upon, gets a whole second.
        """
        try:
            await self.run(self.client.ping, timeout_s=max(START_WITHIN_S, self._timeout_s))
        except RedisUnavailable as error:
            because = type(error.__cause__).__name__
            log.warning("redis does not answer at start; going on without it", error=because)

    async def run(
        self, operation: Callable[[], Awaitable[T]], *, timeout_s: float | None = None
    ) -> T:
        """Run an operation, connecting included, within the link's time limit or this one.

        Raises `RedisUnavailable` for whatever goes wrong. An operation that is cut off leaves no
        half-read reply behind: its connection is closed.
        """
        if not self._circuit.allows():
            self.stats.skipped += 1
            raise RedisUnavailable("redis has been failing")
        self.stats.operations += 1
        limit_s = self._timeout_s if timeout_s is None else timeout_s
        started = self._clock()
        has_begun = False
        try:
            async with asyncio.timeout(limit_s), self._slots:
                has_begun = True
                result = await operation()
        except Exception as error:
            # The boundary that makes Redis losable: a broken reply or a bug of the client library
            # costs no more than a refused connection does.
            self.stats.errors += 1
            stalled = self._clock() - started > STALL_FACTOR * limit_s
            if has_begun and not (stalled and isinstance(error, TimeoutError)):
                self._circuit.failed(started, error)
            raise RedisUnavailable("redis failed") from error
        self._circuit.succeeded()
        return result

    async def aclose(self) -> None:
        """Close every connection, also one that hangs."""
        try:
            async with asyncio.timeout(CLOSE_WITHIN_S):
                await self.client.aclose()
        except Exception as error:
            # as in `run`: whatever Redis does while we leave is no error of ours
            log.debug("redis was left in haste", error=type(error).__name__)


def connect(url: str, *, max_connections: int = MAX_CONNECTIONS) -> "Redis":
    """Make a client of `redis://`, `rediss://` or `unix://`; connections are opened when used.

    Raises `ValueError` for an address the client library cannot read.
    """
    pool: ConnectionPool = ConnectionPool.from_url(
        url,
        # more than operations at once: a connection that is cut off closes in the background, and
        # one listens
        max_connections=max_connections + 2,
        # one attempt: the time for a second one belongs to the members
        retry=Retry(NoBackoff(), 0),
        socket_timeout=CLOSE_WITHIN_S,
        socket_connect_timeout=CLOSE_WITHIN_S,
        # RESP2 without CLIENT SETINFO: a new connection is ready after AUTH and SELECT alone
        protocol=2,
        driver_info=None,
    )
    try:
        # opens nothing, but options in the address that cannot be right are found out now
        probe = pool.make_connection()  # type: ignore[no-untyped-call]  # it takes nothing
        if isinstance(probe, SSLConnection):
            probe.ssl_context.get()
            pool.connection_class = _OneContext
            pool.connection_kwargs["context"] = probe.ssl_context
    except TypeError as error:
        raise ValueError("an option of the address is not known") from error
    except OSError as error:
        raise ValueError(f"its certificates cannot be read ({type(error).__name__})") from error
    return Redis.from_pool(pool)


class _OneContext(SSLConnection):
    """TLS whose context, some 20 ms of work that blocks, is made once for all connections."""

    def __init__(self, *, context: RedisSSLContext, **options: Any) -> None:
        super().__init__(**options)
        self.ssl_context = context
