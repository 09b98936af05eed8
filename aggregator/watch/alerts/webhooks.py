"""Sends messages to webhooks: JSON, signed, through the guarded session, each once per attempt."""

import asyncio
import socket
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Final

from yarl import URL

from aggregator.model.outcome import NoAnswerCode
from aggregator.upstream.call_results import CallResult
from aggregator.upstream.client import MemberClient
from aggregator.upstream.guard import AddressRefused, HostGuard
from aggregator.watch.alerts.sending import Letter, Sent
from aggregator.watch.strangers import NOT_PUBLIC
from registry.alerts import Target, signature
from registry.models import MAX_URL, MemberEntry
from registry.snapshot import RegisteredMember

TIMEOUT_S: Final = 10.0
NO_ANSWER: Final = (
    "no answer within 10 s: look whether it runs, and whether its certificate is trusted"
)
MOST_REPLY_BYTES: Final = 65_536
MOST_WAIT_S: Final = 3600.0
"""The longest Retry-After that is obeyed."""
RESOLVE_S: Final = 5.0
UNRESOLVED: Final = "its name cannot be resolved"
"""Said only where private addresses are allowed: elsewhere nobody learns which names exist here."""
TIMESTAMP: Final = "X-Beacon-Timestamp"
SIGNATURE: Final = "X-Beacon-Signature"
DELIVERY: Final = "X-Beacon-Delivery"


class Webhooks:
    """Sends to webhooks, and says which addresses may be one."""

    def __init__(
        self,
        client: MemberClient,
        *,
        allow_private: bool,
        has_proxy: bool = False,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._client = client
        self._allow_private = allow_private
        self._has_proxy = has_proxy
        self._now = now

    async def send(self, target: Target, letter: Letter) -> Sent:
        """Send once; never raises but for cancellation."""
        stamp = str(int(self._now().timestamp()))
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            TIMESTAMP: stamp,
            SIGNATURE: signature(target.secret, stamp, letter.body),
            DELIVERY: letter.id,
        }
        result = await self._client.post(
            _receiver(target),
            target.address,
            letter.body,
            headers,
            timeout_s=TIMEOUT_S,
            max_body_bytes=MOST_REPLY_BYTES,
        )
        return _ended(result, allow_private=self._allow_private, is_told_why=target.is_operators)

    async def refusal(self, address: str) -> str | None:
        """Say what forbids an address; None for one that may be a webhook.

        Names are looked up, so that one that leads nowhere or inside is refused at once; what they
        lead to later is checked again at each connection.
        """
        if why := _form_refusal(address, allow_private=self._allow_private):
            return why
        url = URL(address)
        if self._allow_private:
            return None if self._has_proxy else await _unresolved(url.raw_host or "")
        found: list[str] = []

        async def resolve(host: str) -> list[str]:
            found.extend(await _addresses(host))
            return found

        try:
            await HostGuard(resolve).check(url.raw_host or "")
        except AddressRefused:
            return NOT_PUBLIC
        is_literal = (url.raw_host or "").replace(".", "").isdecimal() or ":" in (url.host or "")
        # behind a proxy there may be no outside names here
        return None if found or is_literal or self._has_proxy else NOT_PUBLIC


def _form_refusal(address: str, *, allow_private: bool) -> str | None:
    if not address:
        return "type or paste the address that alerts are sent to"
    if len(address) > MAX_URL or not address.isascii() or not address.isprintable():
        return f"at most {MAX_URL:,} plain characters, without blanks"
    schemes = ("https", "http") if allow_private else ("https",)
    wanted = "an address that begins with https://" + (" or http://" if allow_private else "")
    try:
        url = URL(address)
        if url.scheme not in schemes or not url.host or not url.port or " " in address:
            return wanted
    except (ValueError, IndexError):
        return wanted
    if url.user or url.password:
        return "no user and password in the address: put a secret into its path"
    return "no # in the address" if "#" in address else None


async def _unresolved(host: str) -> str | None:
    try:
        found = await _addresses(host)
    except OSError:
        found = []
    return None if found else f"{UNRESOLVED}; look for a typing error"


async def _addresses(host: str) -> list[str]:
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(RESOLVE_S):
            found = await loop.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (TimeoutError, UnicodeError) as error:
        raise OSError(str(error)) from error
    return [str(one[4][0]) for one in found]


def _receiver(target: Target) -> RegisteredMember:
    """Stand for a target in limits and logs; no member can have such an id."""
    entry = MemberEntry(id="receiver", url="https://receiver.invalid")
    return RegisteredMember(entry.model_copy(update={"id": f"~alerts-{target.id}"}))


def _ended(result: CallResult, *, allow_private: bool, is_told_why: bool) -> Sent:
    """Judge an attempt; only operators learn why there was no answer: others could look around."""
    reply, failure = result.reply, result.failure
    status = reply.status if reply is not None else failure.status if failure else None
    if status is not None and 200 <= status < 300:
        return Sent(True, f"taken (HTTP {status})")
    if status == 410:
        return Sent(False, "it wants nothing more (HTTP 410)", is_hopeless=True, is_unwanted=True)
    if reply is not None:
        return Sent(False, f"refused (HTTP {reply.status})", wait_s=_retry_after(reply.headers))
    if failure is None:
        return Sent(False, NO_ANSWER)
    if failure.code is NoAnswerCode.REDIRECTED:
        return Sent(False, f"redirects (HTTP {failure.status}), which alerts do not follow")
    if failure.code is NoAnswerCode.DNS and allow_private:
        return Sent(False, UNRESOLVED)
    if failure.code in {NoAnswerCode.ADDRESS, NoAnswerCode.DNS}:
        return Sent(False, NOT_PUBLIC)
    return Sent(False, failure.message if is_told_why else NO_ANSWER)


def _retry_after(headers: Mapping[str, str]) -> float | None:
    told = headers.get("retry-after", "")
    return min(float(told), MOST_WAIT_S) if told.isdecimal() and len(told) < 9 else None
