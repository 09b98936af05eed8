"""A thousand questions of every kind leave the process as they found it."""

import asyncio
import gc
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from demo import DemoNetwork, Fault
from tests import faulty
from tests.faulty import FaultyMember
from tests.networks import (
    BRAF,
    DemoRunning,
    come_true,
    descriptors,
    entry,
    network_of,
    scripted,
)

pytestmark = [pytest.mark.leak, pytest.mark.timeout(300)]

WARM_UP, QUESTIONS = 400, 1000
MAX_GROWTH_BYTES = 12 * 2**20
"""One kilobyte per question would be a megabyte; the rest is the allocator's business."""
FAULTS = {
    "500": faulty.html(500),
    "reset": faulty.reset(),
    "page": faulty.html(),
    "deep": faulty.nested(),
    "bomb": faulty.gzip_bomb(2_000_000),
    "drip": faulty.drip(),
    "hang": faulty.hang(),
    "late": faulty.answer(b"{}", after_s=0.01),
}


def resident_bytes() -> int:
    pages = Path("/proc/self/statm").read_text("ascii").split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


class Mixed:
    """Questions of every kind, one after the other, to a network of good and bad members."""

    def __init__(self, net: DemoRunning, members: list[FaultyMember]) -> None:
        self.net = net
        self.members = members

    async def ask(self, number: int) -> None:
        net, start = self.net, str(140753300 + number % 120)
        allele = BRAF | {"start": start}
        beacon = net.beacons["demo-counts"]
        beacon.fault = Fault(down=number % 10 == 7, status=500 if number % 10 == 8 else None)
        match number % 9:
            case 0:
                await net.ask(allele)
            case 1:
                await net.ask(allele | {"requestedGranularity": "record", "limit": "0"})
            case 2:
                await net.ask(allele | {"includeDatasetResponses": "ALL"}, path="/v1/query")
            case 3:
                await net.ask({"geneId": f"GENE{number % 70}", "requestedGranularity": "count"})
            case 4:
                await net.ask(allele | {"referenceName": "99", "start": "-1"})
            case 5:
                await net.ask(raw=b"[" * 2000)
            case 6:
                await net.ask({"q": f"7-{start}-A-T"}, path="/search.json")
            case 7:
                await net.ask(allele, path="/network/explain/g_variants")
            case 8:
                await self._leave(allele)
        if number % 100 == 99:
            self._forget()

    async def _leave(self, question: dict[str, str]) -> None:
        """Go away in the middle."""
        in_flight = self.net.network.asker.calls_in_flight
        task = asyncio.create_task(self.net.ask(question | {"alternateBases": "C"}))
        await come_true(lambda: task.done() or self.net.network.asker.calls_in_flight > in_flight)
        task.cancel()
        await asyncio.wait({task})

    def _forget(self) -> None:
        """The members' own logs of what they were asked."""
        for member in self.members:
            member.requests.clear()
        for beacon in self.net.beacons.values():
            beacon.requests.clear()


@asynccontextmanager
async def mixed_network() -> AsyncIterator[Mixed]:
    async with asyncio.timeout(280), DemoNetwork() as demo:
        members = [FaultyMember(scripted(behaviour)) for behaviour in FAULTS.values()]
        async with _all(members):
            entries = [
                entry(member, name, timeout_s=0.05)
                for name, member in zip(FAULTS, members, strict=True)
            ]
            limits = {"max_entries": 50}
            async with network_of([*demo.members(), *entries], cache=limits) as net:
                running = DemoRunning(net.url, net.network, net.client, demo)
                await running.known("demo-v11", "demo-records")
                yield Mixed(running, members)


@asynccontextmanager
async def _all(members: list[FaultyMember]) -> AsyncIterator[None]:
    for member in members:
        await member.__aenter__()
    try:
        yield
    finally:
        for member in members:
            await member.__aexit__()


async def test_a_thousand_questions_leave_nothing() -> None:
    async with mixed_network() as mixed:
        net = mixed.net
        for number in range(WARM_UP):
            await mixed.ask(number)
        await come_true(lambda: net.is_at_rest)
        mixed._forget()
        gc.collect()
        tasks, files, memory = len(asyncio.all_tasks()), descriptors(), resident_bytes()

        for number in range(QUESTIONS):
            await mixed.ask(number)
        await come_true(lambda: net.is_at_rest)
        mixed._forget()
        gc.collect()

        # connections that are kept open come and go: a few either way
        await come_true(lambda: len(asyncio.all_tasks()) <= tasks + len(FAULTS))
        await come_true(lambda: descriptors() <= files + 2 * len(FAULTS))
        assert resident_bytes() - memory < MAX_GROWTH_BYTES


async def test_what_is_kept_of_answers_is_bounded() -> None:
    """Every answer is another: the cache holds as many as it may, and no more."""
    async with mixed_network() as mixed:
        net = mixed.net
        for number in range(200):
            await net.ask(BRAF | {"start": str(1000 + number), "ask": "demo-v11"})

        assert len(net.network.asker._store) <= 50
