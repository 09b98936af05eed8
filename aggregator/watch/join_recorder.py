"""Sends what the check of a beacon sends, within its bounds, and keeps what came of each.

It stands between discovery or probing and the guarded client: one document at a time, so many
requests in all, and none any more to a beacon that has stopped answering.
"""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from aggregator.model.outcome import NoAnswerCode, NotAskedCode
from aggregator.protocol.curl import curl
from aggregator.protocol.tolerant import text_of
from aggregator.protocol.wire import Failure, Reply, Request
from aggregator.upstream.call_results import CallResult, Followed
from aggregator.upstream.client import MemberClient
from aggregator.upstream.peer import Peer
from aggregator.watch.strangers import plainly
from registry.snapshot import RegisteredMember

ORIGIN: Final = "https://example.org"
"""The site that a browser could ask from; told to see whether the answer may be read there."""
SILENT: Final = frozenset({NoAnswerCode.TIMEOUT, NoAnswerCode.CONNECT})
_MOST_IN_SILENCE: Final = 3
_SHOWN_BYTES: Final = 2_000

Code = NoAnswerCode | NotAskedCode


@dataclass(frozen=True, slots=True)
class Sent:
    """One request that was sent and what came, short enough to be shown."""

    request: Request
    status: int | None
    came: str
    failure: Failure | None
    elapsed_s: float
    allowed_origin: str = ""
    """`Access-Control-Allow-Origin` of the answer."""
    has_token: bool = False
    """Whether a credential was sent; a check before joining sends none."""

    @property
    def curl(self) -> str:
        """The request as a line of curl, without its credential."""
        return curl(self.request, has_token=self.has_token)


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much a check may ask of one beacon."""

    check_s: float = 60.0
    """For everything together."""
    request_s: float = 10.0
    """For one request; the time that members have applies as well."""
    requests: int = 30
    slow_s: float = 5.0
    """From what median on questions are called slow."""
    days_left: int = 30
    """From how many days on a certificate is said to end soon."""


class Recorder:
    """The client of one check; a `Getter` for discovery and a `Caller` for probing."""

    def __init__(
        self,
        client: MemberClient,
        bounds: Bounds,
        *,
        kept: Collection[str] = (),
        is_guarded: bool = True,
    ) -> None:
        self._client = client
        self._bounds = bounds
        self._kept = frozenset(kept)
        self._is_guarded = is_guarded
        self._line = asyncio.Lock()
        self._silence = 0
        self._requests = 0
        self.sent: list[Sent] = []
        self.replies: dict[str, Reply] = {}
        """The whole answers to the addresses that are `kept`."""

    @property
    def is_over(self) -> str:
        """Why nothing more is sent; empty while there is no reason."""
        if self._silence >= _MOST_IN_SILENCE:
            return f"not asked: the {_MOST_IN_SILENCE} requests before it were not answered"
        if self._requests >= self._bounds.requests:
            return f"not asked: a check sends {self._bounds.requests} requests at most"
        return ""

    def to(self, url: str) -> Sent | None:
        """Give what was sent last to an address."""
        return next((one for one in reversed(self.sent) if one.request.url == url), None)

    async def get_following(
        self,
        member: RegisteredMember,
        url: str,
        *,
        timeout_s: float,
        max_body_bytes: int,
        authorization: str | None = None,
        via: str = "",
    ) -> Followed:
        """Get a document; one after the other."""
        async with self._line:
            if why := self.is_over:
                return Followed(_unsent(why), url)
            followed = await self._client.get_following(
                member,
                url,
                timeout_s=min(timeout_s, self._bounds.request_s),
                max_body_bytes=max_body_bytes,
                authorization=authorization,
                via=via,
                origin=ORIGIN,
            )
        result = self._noted(Request("GET", url), followed.result, authorization)
        return Followed(result, followed.url)

    async def call(
        self,
        member: RegisteredMember,
        request: Request,
        *,
        timeout_s: float,
        max_body_bytes: int,
        authorization: str | None = None,
        via: str = "",
        in_background: bool = False,
    ) -> CallResult:
        """Ask a question; always in the background, since nobody else waits for it."""
        if why := self.is_over:
            return _unsent(why)
        result = await self._client.call(
            member,
            request,
            timeout_s=min(timeout_s, self._bounds.request_s),
            max_body_bytes=max_body_bytes,
            authorization=authorization,
            via=via,
            in_background=True,
        )
        return self._noted(request, result, authorization)

    async def peer(self, url: str) -> Peer | None:
        """Look at who answers at an address."""
        return await self._client.peer(url, timeout_s=self._bounds.request_s)

    def _noted(self, request: Request, result: CallResult, authorization: str | None) -> CallResult:
        self._requests += result.attempts
        failure, reply = result.failure, result.reply
        if failure is not None and self._is_guarded:
            failure = plainly(failure)
        is_silent = failure is not None and failure.code in SILENT
        self._silence = self._silence + 1 if is_silent else 0
        self.sent.append(
            Sent(
                request,
                reply.status if reply else None,
                came_of(reply, failure),
                failure,
                result.elapsed_s,
                reply.headers.get("access-control-allow-origin", "") if reply else "",
                authorization is not None,
            )
        )
        if reply is not None and request.url in self._kept:
            self.replies[request.url] = reply
        return CallResult(reply, failure, result.elapsed_s, result.attempts, result.waited_s)


def came_of(reply: Reply | None, failure: Failure | None) -> str:
    """Say what came: the status and the beginning of the body, or what went wrong."""
    if reply is None:
        return failure.message if failure is not None else "nothing came back"
    body = text_of(reply.body[:_SHOWN_BYTES].decode("utf-8", "replace"))
    return f"HTTP {reply.status}: {body}" if body else f"HTTP {reply.status}, without a body"


def _unsent(why: str) -> CallResult:
    return CallResult(None, Failure(NoAnswerCode.CANCELLED, why), 0.0, 0)
