"""What the tests of the check before joining share: a checker of its own, and sockets that watch.

async with checker_of(allow_private=True) as checker:
    report = await checker.check(beacon.url)
"""

import socket
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Self

from aiohttp.abc import AbstractResolver, ResolveResult

from aggregator.upstream.client import MemberClient
from aggregator.upstream.guard import AddressInfo, SocketGuard
from aggregator.upstream.limits import UpstreamLimits
from aggregator.upstream.peer import SocketFactory
from aggregator.upstream.session import MemberSession
from aggregator.watch.joining import Bounds, CheckReport, Finding, JoinChecker, Verdict
from tests.faulty import Behaviour, Wire, answer, json_answer
from tests.networks import V2_INFO, says
from tests.ports import free_port, listening

NETWORK_ID = "org.example.network"


@dataclass
class Upstream:
    """A guarded client of its own and a checker on it."""

    session: MemberSession
    client: MemberClient
    checker: JoinChecker
    reported: list[str] = field(default_factory=list)
    """Members whose calls were reported, as those of questions are."""

    async def check(self, url: str, **rest: Any) -> CheckReport:
        return await self.checker.check(url, **rest)

    @property
    def is_at_rest(self) -> bool:
        client = self.client
        return client.gate.is_idle and not len(client.slots) and not client.budget.reserved


@asynccontextmanager
async def checker_of(
    *,
    allow_private: bool = True,
    limits: UpstreamLimits | None = None,
    bounds: Bounds | None = None,
    resolver: AbstractResolver | None = None,
    guard: SocketFactory | None = None,
    proxy: str | None = None,
    ca_file: str | None = None,
    **rest: Any,
) -> AsyncIterator[Upstream]:
    """Open a session and a checker; everything given to it is at rest at the end."""
    limits = limits or UpstreamLimits()
    session = MemberSession(
        limits,
        version="1.2.3",
        public_url="https://network.example",
        allow_private=allow_private,
        resolver=resolver,
        guard=guard,
        proxy=proxy,
        ca_file=ca_file,
    )
    await session.start()
    try:
        reported: list[str] = []
        client = MemberClient(session, limits, on_call=lambda name, _: reported.append(name))
        checker = JoinChecker(
            client, network_id=NETWORK_ID, allow_private=allow_private, bounds=bounds, **rest
        )
        made = Upstream(session, client, checker, reported)
        yield made
        assert made.is_at_rest
    finally:
        await session.aclose()


def by_rule(report: CheckReport) -> dict[str, Finding]:
    return {one.rule: one for one in report.findings}


def rules(report: CheckReport, verdict: Verdict) -> set[str]:
    """The rules that ended so."""
    return {one.rule for one in report.findings if one.verdict is verdict}


@dataclass
class Names(AbstractResolver):
    """A name server that knows some names; of addresses told in turn, the last one stays."""

    known: Mapping[str, Iterable[list[str]]]
    asked: list[str] = field(default_factory=list)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        self.asked.append(host)
        turns = list(self.known.get(host, ()))
        if not turns:
            raise OSError(None, "SERVFAIL from ns7.corp.internal at 10.1.2.3")
        told = turns[min(self.asked.count(host), len(turns)) - 1]
        return [
            {
                "hostname": host,
                "host": one,
                "port": port,
                "family": socket.AF_INET6 if ":" in one else socket.AF_INET,
                "proto": socket.IPPROTO_TCP,
                "flags": socket.AI_NUMERICHOST,
            }
            for one in told
        ]

    async def close(self) -> None:
        pass


def public_at(is_public: Callable[[str, int], bool]) -> SocketFactory:
    """A guard that takes some places of loopback for public ones, and judges the rest."""
    guard = SocketGuard()

    def make(info: AddressInfo) -> socket.socket:
        host, port = info[4][:2]
        if not is_public(str(host), int(port)):
            return guard(info)
        made = socket.socket(*info[:3])
        made.setblocking(False)
        return made

    return make


def beacon(questions: Behaviour | None = None, **documents: Any) -> Behaviour:
    """A version 2 beacon with these documents beside `/info`, which may be given too."""
    told = {"info": V2_INFO} | {name.replace("_info", "-info"): d for name, d in documents.items()}

    async def behave(wire: Wire) -> None:
        assert wire.request is not None
        name = wire.request.target.partition("?")[0].strip("/")
        if name in told:
            await json_answer(told[name])(wire)
        elif name in {"g_variants", "individuals", "datasets"}:
            await (questions or json_answer(says()))(wire)
        else:
            await answer(b"", 404)(wire)

    return behave


class Trap:
    """Sockets that listen, everywhere if no host is named, and count who comes."""

    def __init__(self, *hosts: str, port: int = 0) -> None:
        hosts = hosts or ("0.0.0.0", "::")
        self.port = port or free_port(*hosts)
        self._sockets = [listening(host, self.port) for host in hosts]

    @property
    def visitors(self) -> int:
        """How many connections have come about since the last look."""
        count = 0
        for one in self._sockets:
            while (visitor := _accepted(one)) is not None:
                visitor.close()
                count += 1
        return count

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for one in self._sockets:
            one.close()


def _accepted(listening: socket.socket) -> socket.socket | None:
    try:
        return listening.accept()[0]
    except BlockingIOError:
        return None
