"""One call to one member: bounded in time, size and number, and never an exception."""

import asyncio
import logging
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

import aiohttp
from yarl import URL

from aggregator.model.outcome import NoAnswerCode
from aggregator.protocol.wire import Failure, Reply, Request
from aggregator.upstream.call_results import CallProgress, CallResult, Followed
from aggregator.upstream.failures import INTERNAL_MESSAGE, attempt_of_error
from aggregator.upstream.guard import SOCKET_WATCH, SocketWatch
from aggregator.upstream.limits import (
    BodyBudget,
    BodyLease,
    Gate,
    MemberSlots,
    SlotHold,
    UpstreamLimits,
)
from aggregator.upstream.peer import Peer, Served
from aggregator.upstream.responses import (
    lowered,
    redirect_refusal,
    redirected,
    shown_size,
    too_large,
)
from aggregator.upstream.retry import Attempt, RetryPolicy, attempt_of, reason_of
from aggregator.upstream.session import CaFileError, MemberSession
from registry.snapshot import RegisteredMember

_LOG = logging.getLogger(__name__)

MAX_REDIRECTS: Final = 3
BACKGROUND_CONCURRENCY: Final = 3
"""How much one member is asked at once that no question waits for."""


@dataclass(slots=True)
class _Call:
    """What one call needs and how far it has come."""

    member: RegisteredMember
    request: Request
    headers: dict[str, str] = field(repr=False)
    max_body_bytes: int
    progress: CallProgress
    is_background: bool = False
    """Whether nobody waits for it: it takes no slot from questions."""
    attempts: int = 0
    is_waiting: bool = False
    """Whether it waits for a slot now."""
    waited_s: float = 0.0
    """How long it waited for its last slot."""
    last: Attempt | None = None
    retried_for: str = ""

    @property
    def url(self) -> URL:
        """The address exactly as planned; other than plain ASCII is quoted.

        Raises:
            InvalidURL: it is no address.
        """
        url = self.request.url
        try:
            return URL(url, encoded=url.isascii() and url.isprintable() and " " not in url)
        except (ValueError, IndexError) as error:
            raise aiohttp.InvalidURL(url) from error


class MemberClient:
    """Calls members within the limits; its parts may be given, for tests and shared budgets."""

    def __init__(
        self,
        session: MemberSession,
        limits: UpstreamLimits,
        *,
        retry: RetryPolicy | None = None,
        budget: BodyBudget | None = None,
        clock: Callable[[], float] = time.monotonic,
        on_call: Callable[[str, CallResult], None] = lambda member_id, result: None,
    ) -> None:
        self._session = session
        self._limits = limits
        self._on_call = on_call
        self._retry = retry or RetryPolicy(retries=limits.retries)
        self._once = RetryPolicy(retries=0)
        self._clock = clock
        self.slots = MemberSlots(limits.member_concurrency)
        self.gate = Gate(limits.max_calls_in_flight)
        self.budget = budget or BodyBudget(limits.max_bytes_in_flight)

    async def call(
        self,
        member: RegisteredMember,
        request: Request,
        *,
        timeout_s: float,
        max_body_bytes: int,
        authorization: str | None = None,
        via: str = "",
        progress: CallProgress | None = None,
        in_background: bool = False,
        request_id: str = "",
    ) -> CallResult:
        """Send the request, at most twice, within `timeout_s` and the member's own time.

        `max_body_bytes` counts decompressed bytes. `authorization` is a whole header value, `via`
        the whole chain; `progress` is written to. What is sent in the background is no question:
        it takes no slot from one and is not reported. A `request_id` is sent for the member's log.
        Raises nothing but `CancelledError`.
        """
        headers = _headers(request, authorization, via, request_id)
        progress = progress or CallProgress()
        call = _Call(member, request, headers, max_body_bytes, progress, in_background)
        result, _ = await self._run(call, timeout_s)
        if not in_background:
            self._on_call(member.id, result)
        return result

    async def get_following(
        self,
        member: RegisteredMember,
        url: str,
        *,
        timeout_s: float,
        max_body_bytes: int,
        authorization: str | None = None,
        via: str = "",
        max_redirects: int = MAX_REDIRECTS,
        origin: str = "",
        accept: str = "",
        request_id: str = "",
    ) -> Followed:
        """GET for discovery: follow a few redirects, each guarded, all within `timeout_s`.

        It takes no slot from questions. The credential is not taken to another origin, and no step
        leads from https to http. `origin` is sent as a browser does from a page of that site;
        `accept` is what is wanted, where it is not JSON.
        """
        started = self._clock()
        attempts = 0
        for step in range(max_redirects + 1):
            request = Request("GET", url)
            headers = _headers(request, authorization, via, request_id)
            if origin:
                headers["Origin"] = origin
            if accept:
                headers["Accept"] = accept
            progress = CallProgress()
            call = _Call(member, request, headers, max_body_bytes, progress, is_background=True)
            result, last = await self._run(call, timeout_s - (self._clock() - started))
            attempts += result.attempts
            result = replace(result, attempts=attempts, elapsed_s=self._clock() - started)
            target = last.location if last else None
            if target is None:
                return Followed(result, url)
            refusal = redirect_refusal(URL(url), URL(target))
            if step == max_redirects:
                refusal = f"redirects more than {max_redirects} times"
            if refusal:
                failure = Failure(NoAnswerCode.REDIRECTED, refusal)
                return Followed(replace(result, failure=failure), url)
            if URL(url).origin() != URL(target).origin():
                authorization = None
            url = target
        raise AssertionError("the last step always returns")

    async def post(
        self,
        receiver: RegisteredMember,
        url: str,
        body: bytes,
        headers: Mapping[str, str],
        *,
        timeout_s: float,
        max_body_bytes: int,
    ) -> CallResult:
        """POST once to somebody who is told something, guarded as members are, in the background.

        No redirect is followed; `receiver` names whom in logs and limits.
        """
        call = _Call(
            receiver,
            Request("POST", url, body),
            dict(headers),
            max_body_bytes,
            CallProgress(),
            is_background=True,
        )
        result, _ = await self._run(call, timeout_s, self._once)
        return result

    async def peer(self, url: str, *, timeout_s: float) -> Peer | None:
        """Look at who answers at an address, in a connection of its own; None if nobody does."""
        try:
            async with asyncio.timeout(timeout_s), self.gate:
                return await self._session.peer(URL(url))
        except (TimeoutError, ValueError, IndexError):
            return None

    @property
    def has_proxy(self) -> bool:
        """Whether a proxy makes the connections, so that certificates cannot be looked at."""
        return self._session.has_proxy

    async def certificates(self, member: RegisteredMember, *, timeout_s: float) -> Served | None:
        """Look at the certificates a member serves, in connections of their own that send nothing.

        None where no handshake comes about in time, or a proxy stands between.
        """
        try:
            async with asyncio.timeout(timeout_s), self.gate:
                return await self._session.served(URL(member.entry.url), member.entry.ca_file)
        except (TimeoutError, ValueError, IndexError, CaFileError):
            return None

    async def _run(
        self, call: _Call, timeout_s: float, retry: RetryPolicy | None = None
    ) -> tuple[CallResult, Attempt | None]:
        started = self._clock()
        bound_s = min(timeout_s, call.member.entry.timeout_s or self._limits.member_timeout_s)
        if bound_s <= 0:
            late = Failure(NoAnswerCode.TIMEOUT, "no time was left to ask it")
            return CallResult(None, late, 0.0, 0), None
        last: Attempt | None = None
        try:
            async with asyncio.timeout(bound_s) as scope:
                retrying = retry or self._retry
                last = await retrying.run(lambda: self._attempt(call), lambda: _left_s(scope))
            reply, failure = last.reply, last.failure
        except TimeoutError:
            reply, failure = self._out_of_time(call, bound_s)
        except Exception as error:
            # Whatever it is, one member's trouble stays its own.
            _log_surprise(call.member.id, error)
            reply, failure = None, Failure(NoAnswerCode.INTERNAL, INTERNAL_MESSAGE)
        elapsed_s = self._clock() - started
        waited_s = call.waited_s if call.attempts else elapsed_s
        result = CallResult(reply, failure, elapsed_s, call.attempts, waited_s, call.retried_for)
        return result, last

    def _out_of_time(self, call: _Call, bound_s: float) -> tuple[Reply | None, Failure | None]:
        """Say why the time ran out.

        A second attempt that was never sent leaves the first's end. A member that was given the
        smaller part of the time, because its slots were taken, is not called slow.
        """
        if call.is_waiting and call.last is not None:
            return call.last.reply, call.last.failure
        bound = f"{round(bound_s, 2):g} s"
        if call.is_waiting:
            message = f"too many questions at once: no free slot within {bound}"
            return None, Failure(NoAnswerCode.OVERLOADED, message)
        if call.waited_s > bound_s / 2:
            message = f"too many questions at once: the free slot came too late, within {bound}"
            return None, Failure(NoAnswerCode.OVERLOADED, message)
        return None, Failure(NoAnswerCode.TIMEOUT, f"no answer within {bound}")

    async def _attempt(self, call: _Call) -> Attempt:
        call.is_waiting = True
        began = self._clock()
        async with self._slot(call), self.gate:
            call.is_waiting = False
            call.waited_s = self._clock() - began
            call.progress.has_slot = True
            call.progress.waited_s = max(call.progress.waited_s, call.waited_s)
            call.attempts += 1
            if call.last is not None:
                call.retried_for = reason_of(call.last)
            call.last = await self._exchange(call)
        call.is_waiting = True
        return call.last

    def _slot(self, call: _Call) -> SlotHold:
        """Give the place in line: its own for the background, so that no question waits behind it.

        A member that is asked one thing at a time has one line for both.
        """
        member, size = call.member, call.member.max_concurrency
        if not call.is_background or size == 1:
            return self.slots.hold(member.id, size)
        return self.slots.hold(f"{member.id} background", BACKGROUND_CONCURRENCY)

    async def _exchange(self, call: _Call) -> Attempt:
        watch = SocketWatch()
        token = SOCKET_WATCH.set(watch)
        try:
            return await self._send(call)
        except Exception as error:
            connect_s = self._limits.connect_timeout_s
            attempt = attempt_of_error(error, connect_s, was_reused=not watch.opened)
            if attempt.failure and attempt.failure.code is NoAnswerCode.INTERNAL:
                _log_surprise(call.member.id, error)
            return attempt
        finally:
            SOCKET_WATCH.reset(token)

    async def _send(self, call: _Call) -> Attempt:
        url = call.url
        await self._session.check_host(url)
        tls = await self._session.tls_for(call.member.entry.ca_file)
        request = call.request
        sending = self._session.request(
            request.method, url, headers=call.headers, body=request.body, tls=tls
        )
        async with sending as response:
            try:
                if 300 <= response.status < 400:
                    return redirected(response)
                with self.budget.open() as lease:
                    body = await self._read(response, lease, call.max_body_bytes)
            finally:
                if not response.content.is_eof():
                    response.close()  # a connection with an unread rest is of no use
        if isinstance(body, Failure):
            return Attempt(failure=body)
        return attempt_of(Reply(response.status, body, lowered(response)))

    async def _read(
        self, response: aiohttp.ClientResponse, lease: BodyLease, max_bytes: int
    ) -> bytes | Failure:
        """Read chunk by chunk, counting what comes out of decompression."""
        if (response.content_length or 0) > max_bytes:
            return too_large(max_bytes, response.status)
        chunks: list[bytes] = []
        size = 0
        async for chunk in response.content.iter_any():
            size += len(chunk)
            if size > max_bytes:
                return too_large(max_bytes, response.status)
            if not lease.take(len(chunk)):
                message = (
                    f"this network is reading other answers of {shown_size(self.budget.max_bytes)} "
                    "together and has no room for more"
                )
                return Failure(NoAnswerCode.OVERLOADED, message)
            chunks.append(chunk)
        return b"".join(chunks)


def _headers(
    request: Request, authorization: str | None, via: str, request_id: str
) -> dict[str, str]:
    headers = {}
    if request.body is not None:
        headers["Content-Type"] = "application/json"
    if via:
        headers["Via"] = via
    if authorization:
        headers["Authorization"] = authorization
    if request_id:
        headers["X-Request-Id"] = request_id
    return headers


def _left_s(scope: asyncio.Timeout) -> float:
    when = scope.when()
    return when - asyncio.get_running_loop().time() if when is not None else 0.0


def _log_surprise(member_id: str, error: Exception) -> None:
    """Log where it happened but not what it says: messages can hold the question."""
    where = "".join(traceback.format_tb(error.__traceback__))
    _LOG.error("call to member %s failed inside: %s\n%s", member_id, type(error).__name__, where)
