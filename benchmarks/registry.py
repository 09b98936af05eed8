"""What a registry of many members costs: joining, starting, hearing of a change, planning, listing.

Every aim printed here is for people to compare; none of them decides an exit code.
"""

import asyncio
import gc
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp

from aggregator.app import Network, running, serving
from aggregator.base import logs
from aggregator.base.settings import load
from aggregator.engine.planner import Selection, plan_all
from benchmarks.network import question
from registry.capabilities import Capabilities, DataSet, FilteringTerm
from registry.database import Database
from registry.models import Dialect, Protocol
from registry.registration import Registration
from registry.steward import Steward
from registry.store import RegistryStore

MEMBERS = 1_000
CHANGES = 15
ORDERS = 5
PLANS = 41
LISTS = 21

Ticker = Callable[[], Any]


async def measure(ticker: Ticker) -> dict[str, float]:
    """Measure everything, printing as it goes; `ticker` makes a watch on the loop's stalls."""
    with tempfile.TemporaryDirectory(prefix="registry-") as folder:
        url = f"sqlite:///{Path(folder) / 'registry.sqlite3'}"
        results = await _joining(url)
        async with _network(url) as (network, start_s):
            results["registry_start_s"] = round(start_s, 2)
            print(f"start with {MEMBERS} members: {start_s:.2f} s until questions are taken")
            results |= await _changes(url, network, ticker)
            results |= _planning(network)
            results |= await _listing(network)
    return results


async def _joining(url: str) -> dict[str, float]:
    """How long one more beacon takes to join, at the beginning and with all the others there."""
    async with _opened(url) as store:
        steward = Steward(store, changed=store.refresh)
        took = []
        for number in range(MEMBERS):
            registration = Registration(
                id=f"member-{number}",
                url=f"https://member-{number}.example.org/beacon/api",
                name=f"Beacon {number}",
                description="A beacon of rare variants. " * 10,
                contact=f"beacon@member-{number}.example.org",
            )
            began = time.perf_counter()
            await steward.register(registration, by="stranger", at_once=True)
            took.append(1000 * (time.perf_counter() - began))
            await store.learn_capabilities(registration.id, _capabilities(number))
            await store.learn_dialect(registration.id, _DIALECTS[number % len(_DIALECTS)])
    first, last = statistics.median(took[:100]), statistics.median(took[-100:])
    print(
        f"joining, written to the disk: {first:.1f} ms each for the first hundred, "
        f"{last:.1f} ms with {MEMBERS} members ({last / first:.2f} times; aim < 1.5)"
    )
    return {"join_ms": round(last, 2), "join_ratio": round(last / first, 2)}


async def _changes(url: str, network: Network, ticker: Ticker) -> dict[str, float]:
    """How long a change made by another process takes to be in force, and what it holds up."""
    took, stalls = [], []
    async with _opened(url) as store:
        steward = Steward(store, changed=store.refresh)
        for number in range(CHANGES):
            name = f"Renamed {number}"
            await steward.edit("member-500", {"name": name}, by="operator")
            watch = ticker()
            async with watch:
                began = time.perf_counter()
                await network.keeper.refresh()
                took.append(1000 * (time.perf_counter() - began))
            assert network.holder.current.by_id["member-500"].name == name
            stalls.append(1000 * watch.longest_s)
        of_all = []
        for _ in range(ORDERS):
            last = (await steward.records())[-1].id
            await steward.order([last], by="operator")  # every member's place changes
            watch = ticker()
            async with watch:
                await network.keeper.refresh()
            of_all.append(1000 * watch.longest_s)
        everything = statistics.median(of_all)
    change, stall = statistics.median(took), statistics.median(stalls)
    print(
        f"a change of one member by another process: {change:.1f} ms to bring into force, longest "
        f"stall {stall:.1f} ms; of all {MEMBERS} at once {everything:.1f} ms (aim < 20)"
    )
    return {
        "registry_change_ms": round(change, 2),
        "registry_change_stall_ms": round(stall, 2),
        "registry_order_stall_ms": round(everything, 2),
    }


def _planning(network: Network) -> dict[str, float]:
    """CPU of deciding whom to ask what."""
    snapshot, query = network.holder.current, question()
    took = []
    for _ in range(PLANS):
        began = time.process_time()
        plans = plan_all(query, snapshot, selection=Selection(), now=lambda: datetime.now(UTC))
        took.append(1000 * (time.process_time() - began))
        assert len(plans) == MEMBERS
    median = statistics.median(took)
    print(
        f"a plan over {MEMBERS} members: {median:.1f} ms of CPU, the first {took[0]:.1f} ms "
        "(aim < 10)"
    )
    return {"plan_cpu_ms": round(median, 2), "first_plan_cpu_ms": round(took[0], 2)}


async def _listing(network: Network) -> dict[str, float]:
    """How long the page of all members takes, and the CPU of it and of the client that reads it."""
    took, cpu = [], []
    async with (
        serving(network, host="127.0.0.1", port=0) as url,
        aiohttp.ClientSession(headers={"Accept": "text/html"}) as client,
    ):
        for _ in range(LISTS):
            began, began_cpu = time.perf_counter(), time.process_time()
            async with client.get(f"{url}/members") as reply:
                page = await reply.text()
            took.append(1000 * (time.perf_counter() - began))
            cpu.append(1000 * (time.process_time() - began_cpu))
            assert (reply.status, f"All {MEMBERS:,} members" in page) == (200, True)
    median, used = statistics.median(took), statistics.median(cpu)
    print(
        f"/members with {MEMBERS} members: {median:.0f} ms, {used:.0f} ms of CPU; the first "
        f"{took[0]:.0f} ms"
    )
    return {
        "members_page_ms": round(median, 2),
        "members_page_cpu_ms": round(used, 2),
        "first_members_page_ms": round(took[0], 2),
    }


@asynccontextmanager
async def _opened(url: str) -> AsyncIterator[RegistryStore]:
    database = Database(url)
    await database.start()
    try:
        store = RegistryStore(database)
        await store.refresh()
        yield store
    finally:
        await database.aclose()


@asynccontextmanager
async def _network(url: str) -> AsyncIterator[tuple[Network, float]]:
    """A network that looks at nobody, and how long it took to start."""
    settings = load(
        overrides={"registry": {"url": url, "probe": False, "poll_s": 3600, "info_s": 3600}}
    )
    async with _opened(url) as other:
        # somebody else looks at the members: there are none
        await other.take_lease("watch", "nobody", 3600)
    logs.configure(settings.log.model_copy(update={"level": "error"}))
    began = time.perf_counter()
    async with running(settings) as network:
        assert len(network.holder.current.members) == MEMBERS
        yield network, time.perf_counter() - began


_DIALECTS = (
    Dialect(),
    Dialect(method="POST"),
    Dialect(chromosome="chr", start="scalar"),
    Dialect(assembly="ucsc", wildcards=False),
)


def _capabilities(number: int) -> Capabilities:
    """What a beacon of usual size says of itself."""
    return Capabilities(
        protocol=Protocol.V2,
        beacon_id=f"org.example.member-{number}",
        name=f"Beacon {number}",
        api_version="v2.1.1",
        description="A beacon of rare variants. " * 10,
        data_sets=tuple(
            DataSet(id=f"set-{number}-{each}", name=f"Data set {each}") for each in range(3)
        ),
        entry_types=("genomicVariant", "individual", "biosample", "dataset", "run"),
        granularities=("boolean", "count", "record")[: 1 + number % 3],
        endpoints={
            "genomicVariant": "/g_variants",
            "individual": "/individuals",
            "individual/{id}/genomicVariant": "/individuals/{id}/g_variants",
        },
        filtering_terms=tuple(
            FilteringTerm(id=f"HP:{each:07}", type="ontology", label=f"Term {each}")
            for each in range(50 + number % 10)
        ),
        fetched_at=datetime.now(UTC),
    )


async def main() -> None:
    """Measure the registry alone."""
    from benchmarks.__main__ import _Ticker  # noqa: PLC0415 - which imports this module

    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)  # as `serve` does
    await measure(_Ticker)


if __name__ == "__main__":
    asyncio.run(main())
