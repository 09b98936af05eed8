"""What the tests of `aggregator.upstream` on real sockets share."""

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from aggregator.model.outcome import NoAnswerCode
from aggregator.protocol.wire import Failure, Reply, Request
from aggregator.upstream.call_results import CallProgress, CallResult, Followed
from aggregator.upstream.client import MemberClient
from aggregator.upstream.limits import MIB
from aggregator.upstream.session import MemberSession
from registry.models import MemberEntry
from registry.snapshot import RegisteredMember
from tests.faulty import FaultyMember, SeenRequest

PATIENT_S = 20.0
"""For calls that are to end otherwise, however busy the machine is."""
GENEROUS_S = 15.0
"""When every call has to be at its end, well before that."""

SECRET = "Bearer s3cr3t"
QUERY = "assemblyId=GRCh38&start=43045702&referenceName=17"


@dataclass
class Upstream:
    """A client on a session of its own, and what it slept between attempts."""

    client: MemberClient
    session: MemberSession
    slept: list[float] = field(default_factory=list)

    async def ask(
        self,
        url: str,
        *,
        method: str = "GET",
        timeout_s: float = PATIENT_S,
        max_body_bytes: int = MIB,
        authorization: str | None = None,
        progress: CallProgress | None = None,
        **entry: object,
    ) -> CallResult:
        body = b'{"query": {}}' if method == "POST" else None
        request = Request("POST" if body else "GET", f"{url}/g_variants?{QUERY}", body)
        return await self.client.call(
            registered(url, **entry),
            request,
            timeout_s=timeout_s,
            max_body_bytes=max_body_bytes,
            authorization=authorization,
            via="1.1 org.example.network",
            progress=progress,
        )

    async def follow(self, url: str, authorization: str | None = None) -> Followed:
        return await self.client.get_following(
            registered(url),
            url,
            timeout_s=PATIENT_S,
            max_body_bytes=MIB,
            authorization=authorization,
        )

    @property
    def pooled(self) -> int:
        """Connections kept for later calls."""
        session = self.session._session
        assert session is not None
        assert session.connector is not None
        return sum(len(pool) for pool in session.connector._conns.values())

    @property
    def is_at_rest(self) -> bool:
        client = self.client
        return client.gate.is_idle and not len(client.slots) and not client.budget.reserved


def registered(url: str, **entry: object) -> RegisteredMember:
    fields = {"id": "member", "url": url.split("?", maxsplit=1)[0], **entry}
    return RegisteredMember(MemberEntry.model_validate(fields))


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


async def come_true(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENT_S):
        while not is_so():
            await asyncio.sleep(0.002)


def failed(result: CallResult, code: NoAnswerCode) -> Failure:
    assert result.reply is None
    assert result.failure is not None
    assert result.failure.code is code, result.failure.message
    message = result.failure.message
    assert QUERY not in message
    assert "s3cr3t" not in message
    assert result.elapsed_s < GENEROUS_S
    return result.failure


def replied(result: CallResult) -> Reply:
    assert result.failure is None, result.failure
    assert result.reply is not None
    return result.reply


def only(member: FaultyMember) -> SeenRequest:
    assert len(member.requests) == 1
    return member.requests[0]


@contextmanager
def nobody_listening() -> Iterator[str]:
    """Hold a port at which nobody listens, so that nobody else begins to."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{held.getsockname()[1]}"


Make = Callable[..., Awaitable[Upstream]]
