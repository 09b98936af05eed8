"""A network of benchmark members, and the bare client it is compared with."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from aggregator.app import Network, running
from aggregator.base.settings import load
from aggregator.engine.service import QueryOptions
from aggregator.model.merged import NetworkAnswer
from aggregator.model.query import Granularity, Query
from aggregator.protocol.requests import read_v2
from registry.models import MemberEntry

PARAMETERS = {
    "assemblyId": "GRCh38",
    "referenceName": "7",
    "start": 140753335,
    "referenceBases": "A",
    "alternateBases": "T",
}
PATH = (
    "/g_variants?assemblyId=GRCh38&referenceName=7&start=140753335&referenceBases=A"
    "&alternateBases=T&requestedGranularity=count&includeResultsetResponses=ALL"
)


@asynccontextmanager
async def network_of(ports: Sequence[int], **cache: Any) -> AsyncIterator[Network]:
    """Run a network of these members, with the cache off unless told otherwise."""
    settings = load(
        overrides={
            "security": {"allow_private_members": True},
            "registry": {"url": "sqlite:///:memory:", "probe": False},
            "query": {"max_calls_in_flight": 1000, "deadline_s": 20},
            "cache": {
                "ttl_s": 0,
                "stale_while_revalidate_s": 0,
                "stale_if_error_s": 0,
                **cache,
            },
        }
    )
    members = [
        MemberEntry(id=f"member-{n}", url=f"http://127.0.0.1:{port}", protocol="v2")
        for n, port in enumerate(ports)
    ]
    async with running(settings, members) as network:
        await network.keeper.look_at_all()
        yield network


def question(granularity: Granularity = Granularity.COUNT) -> Query:
    """Give the question that is asked."""
    return read_v2({**PARAMETERS, "requestedGranularity": granularity.value}).query


async def ask(network: Network, query: Query, deadline_s: float = 20) -> NetworkAnswer:
    """Ask the network once."""
    return await network.service.ask(query, QueryOptions(deadline_s=deadline_s))


async def bare_gather(session: aiohttp.ClientSession, ports: Sequence[int]) -> None:
    """Ask all members with a bare client that reads and decodes the same bodies."""

    async def one(port: int) -> object:
        async with session.get(f"http://127.0.0.1:{port}{PATH}") as response:
            return json.loads(await response.read())

    await asyncio.gather(*(one(port) for port in ports))


@asynccontextmanager
async def bare_session() -> AsyncIterator[aiohttp.ClientSession]:
    """Open the bare client's session."""
    connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=90)
    async with aiohttp.ClientSession(connector=connector) as session:
        yield session
