"""Several processes on one registry: a change through one is in force in all, and nothing fails."""

import asyncio
import json
import os
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from registry.database import Database
from registry.steward import Steward
from registry.store import RegistryStore
from tests.faulty import FaultyMember, SeenRequest, Wire, json_answer
from tests.networks import BRAF, come_true, entry, questions, says, scripted, until
from tests.processes import Started, environment, network
from tests.redis_server import RedisServer

IN_FORCE_S = 30.0
"""When a change through one process is in force in every other on the slowest machine.

Two seconds are promised, of which a look by itself takes one; each test prints how long it took.
"""
TOKEN = "a-token-for-operators"
UNCACHED = ("cache.ttl_s=0", "cache.stale_while_revalidate_s=0", "cache.stale_if_error_s=0")
PATIENT = ("query.connect_timeout_s=10",)
"""Members are on loopback: only a machine that stands still takes long to connect."""
UNCHECKED = ("health.probe_s=0", "health.controls_s=0", "health.conformance_s=0")
LOOKING = ("registry.poll_s=0.2", "registry.info_s=0.2")
"""Looks come so often that one sees who looks, and a lease lasts no longer than it must."""
TAKEN_OVER_S = 30.0
"""When the lease of a process that was killed has ended, on the slowest machine."""


@dataclass
class Load:
    """Questions put to processes without a pause, and what came of them."""

    client: aiohttp.ClientSession
    urls: list[str]
    asked: int = 0
    failures: list[Any] = field(default_factory=list)
    seen: set[tuple[tuple[str, str], ...]] = field(default_factory=set)
    """Every set of members and how they ended, as one answer gave it."""
    is_over: bool = False

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            for url in self.urls:
                group.create_task(self._keep_asking(url))

    async def _keep_asking(self, url: str) -> None:
        while not self.is_over:
            self.asked += 1
            parameters = BRAF | {"start": str(140_000_000 + self.asked)}
            try:
                told = await endings(self.client, url, parameters)
                assert told, "nobody was asked"
                self.seen.add(told)
            except (AssertionError, aiohttp.ClientError, TimeoutError) as error:
                self.failures.append(error)


async def endings(
    client: aiohttp.ClientSession, url: str, parameters: Any = BRAF
) -> tuple[tuple[str, str], ...]:
    """Ask, and give how each member ended."""
    async with client.get(f"{url}/api/g_variants", params=parameters) as response:
        reply = await response.json()
        # a network without members has no answer to give
        assert response.status == 200 or not reply["info"]["network"]["members"], reply
    return tuple((told["id"], told["answer"]) for told in reply["info"]["network"]["members"])


@asynccontextmanager
async def loaded(client: aiohttp.ClientSession, urls: list[str]) -> AsyncIterator[Load]:
    load = Load(client, urls)
    running = asyncio.create_task(load.run())
    try:
        yield load
    finally:
        load.is_over = True
        await running
    assert load.failures == []


@pytest.fixture
def file(tmp_path: Path) -> tuple[str, ...]:
    """What processes of one network on one host have in common."""
    return (f"registry.url=sqlite:///{tmp_path / 'registry.sqlite3'}",)


@pytest.fixture(params=["sqlite", "postgresql", "postgresql and redis"])
def settings(request: pytest.FixtureRequest, file: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """What processes of one network have in common, in each way it can be shared."""
    if request.param == "sqlite":
        yield file
        return
    url = request.getfixturevalue("shared_postgres").fresh_database()
    if request.param == "postgresql":
        yield (f"registry.url={url}",)
        return
    with RedisServer() as redis:
        # who does not hear of a change would find it much too late
        yield (f"registry.url={url}", f"cache.url={redis.url}", "registry.poll_s=60")


@asynccontextmanager
async def process(folder: Path, *sets: str) -> AsyncIterator[Started]:
    """A real process; its output stays in a folder of its own."""
    folder.mkdir()
    chosen = [word for each in (*PATIENT, *sets) for word in ("--set", each)]
    with network(
        *("serve", "--port", "0", "--set", "security.allow_private_members=true", *chosen),
        folder=folder,
        env=environment(BEACON_SECURITY__ADMIN_TOKEN=TOKEN),
    ) as started:
        yield started


@asynccontextmanager
async def steward_on(settings: tuple[str, ...]) -> AsyncIterator[Steward]:
    """Another process, as the command line is one: nobody is told what it does."""
    url = settings[0].removeprefix("registry.url=")
    database = Database(url)
    await database.start()
    store = RegistryStore(database)
    yield Steward(store, changed=store.refresh)
    await database.aclose()


class Network:
    """Two processes on one registry and somebody who steers through the first."""

    def __init__(self, client: aiohttp.ClientSession, first: str, second: str) -> None:
        self.client = client
        self.urls = [first, second]

    async def steer(self, method: str, path: str, document: Any = None) -> None:
        """Change something through the first process."""
        async with self.client.request(
            method,
            f"{self.urls[0]}/admin/api/{path}",
            json=document,
            headers={"Authorization": f"Bearer {TOKEN}"},
        ) as response:
            assert response.status < 300, await response.text()

    async def shows(self, *expected: tuple[str, str]) -> None:
        """Wait until both processes answer like this."""
        await self._come_into_force(lambda url: endings(self.client, url), expected)

    async def lists(self, *expected: str) -> None:
        """Wait until both processes list these members; nobody is asked."""
        await self._come_into_force(self._listed, expected)

    async def _come_into_force(
        self, told: Callable[[str], Awaitable[object]], expected: object
    ) -> None:
        began = time.monotonic()
        for url in self.urls:
            while await told(url) != expected:
                assert time.monotonic() - began < IN_FORCE_S, f"not in force after {IN_FORCE_S} s"
        print(f"in force after {time.monotonic() - began:.2f} s")

    async def _listed(self, url: str) -> tuple[str, ...]:
        async with self.client.get(f"{url}/members.json") as response:
            return tuple(member["id"] for member in (await response.json())["members"])


@asynccontextmanager
async def two_processes(
    tmp_path: Path, settings: tuple[str, ...], *more: str
) -> AsyncIterator[Network]:
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(aiohttp.ClientSession())
        started = [
            await stack.enter_async_context(process(tmp_path / name, *settings, *UNCACHED, *more))
            for name in ("first", "second")
        ]
        yield Network(client, *(each.url for each in started))


async def test_a_change_through_one_is_in_force_in_the_other_and_no_question_fails(
    tmp_path: Path, settings: tuple[str, ...]
) -> None:
    async with FaultyMember(scripted()) as one, FaultyMember(scripted()) as two:
        async with two_processes(tmp_path, settings) as net:
            await net.steer("POST", "members", entry(one, "one"))
            await net.shows(("one", "found"))
            async with loaded(net.client, net.urls) as load:

                async def shows(*expected: tuple[str, str]) -> None:
                    await net.shows(*expected)
                    await come_true(lambda: expected in load.seen)  # by who asks all the time too

                await net.steer("POST", "members", entry(two, "two"))
                await shows(("one", "found"), ("two", "found"))
                await net.steer("POST", "members/one/pause", {"note": "maintenance"})
                await shows(("one", "not_asked"), ("two", "found"))
                await net.steer("PUT", "order", {"order": ["two", "one"]})
                await shows(("two", "found"), ("one", "not_asked"))
                await net.steer("POST", "members/one/resume")
                await shows(("two", "found"), ("one", "found"))
                await net.steer("DELETE", "members/two")
                await shows(("one", "found"))
                await come_true(lambda: load.asked > 20)
            # every answer was about one state of the registry, never about a mixture
            assert load.seen <= {
                (("one", "found"),),
                (("one", "found"), ("two", "found")),
                (("one", "not_asked"), ("two", "found")),
                (("two", "found"), ("one", "not_asked")),
                (("two", "found"), ("one", "found")),
            }
            assert len(load.seen) == 5


async def test_a_change_from_the_command_line_is_found_by_looking(
    tmp_path: Path, shared_postgres: Any
) -> None:
    settings = (f"registry.url={shared_postgres.fresh_database()}",)
    async with FaultyMember(scripted()) as one, FaultyMember(scripted()) as two:
        async with two_processes(tmp_path, settings) as net, steward_on(settings) as steward:
            await steward.add(entry(one, "one"), by="command line:ann")
            await net.shows(("one", "found"))
            async with loaded(net.client, net.urls):
                await steward.add(entry(two, "two"), by="command line:ann")
                await net.shows(("one", "found"), ("two", "found"))
                await steward.remove("one", by="command line:ann")
                await net.shows(("two", "found"))


async def test_a_question_that_runs_ends_with_the_members_it_began_with(
    tmp_path: Path, file: tuple[str, ...]
) -> None:
    may_answer = asyncio.Event()

    async def wait(wire: Wire) -> None:
        await may_answer.wait()
        await json_answer(says())(wire)

    async with FaultyMember(scripted(wait)) as slow, FaultyMember(scripted()) as other:
        told = (*UNCHECKED, "query.member_timeout_s=60", "query.deadline_s=60")
        # the questions of users alone are counted
        async with two_processes(tmp_path, file, *told) as net:
            await net.steer("POST", "members", entry(slow, "slow", dialect={"method": "GET"}))
            asking = [asyncio.create_task(_first_answer(net.client, url)) for url in net.urls]
            await until(slow, lambda member: len(questions(member)) == 2)
            await net.steer("POST", "members", entry(other, "other"))
            await net.steer("DELETE", "members/slow")
            await net.lists("other")
            may_answer.set()
            assert await asyncio.gather(*asking) == [(("slow", "found"),)] * 2


async def _first_answer(client: aiohttp.ClientSession, url: str) -> tuple[tuple[str, str], ...]:
    """Ask until somebody is asked: what was added is in force here a moment later."""
    told: tuple[tuple[str, str], ...] = ()
    while not told:
        told = await endings(client, url)
    return told


def lookers(member: FaultyMember, since: int = 0) -> list[str]:
    """Who looked at a member, in order: each process of these tests has a name of its own."""
    return [
        request.headers["via"].split()[-1]
        for request in member.requests[since:]
        if is_look(request)
    ]


def is_look(request: SeenRequest) -> bool:
    return request.target.endswith("/info")


async def test_one_process_looks_at_members_and_another_takes_over_when_it_dies(
    tmp_path: Path, file: tuple[str, ...]
) -> None:
    common = (*file, *LOOKING)
    async with FaultyMember(scripted()) as member, AsyncExitStack() as stack:
        started = {
            name: await stack.enter_async_context(
                process(tmp_path / name, *common, f"network.id={name}")
            )
            for name in ("first", "second")
        }
        async with steward_on(file) as steward:
            await steward.add(entry(member), by="operator")
        await come_true(lambda: len(lookers(member)) >= 5)
        (looking,) = set(lookers(member))
        (other,) = started.keys() - {looking}
        started[looking].process.kill()
        started[looking].process.wait()
        before = len(member.requests)
        await come_true(lambda: lookers(member, before).count(other) >= 5, TAKEN_OVER_S)
        # what the killed one had sent before its end may have been read later
        told = lookers(member, before)
        assert set(told[told.index(other) :]) == {other}


async def test_a_process_that_leaves_in_order_hands_the_looking_over_at_once(
    tmp_path: Path, file: tuple[str, ...]
) -> None:
    common = (*file, *LOOKING)
    async with FaultyMember(scripted()) as member, AsyncExitStack() as stack:
        started = {
            name: await stack.enter_async_context(
                process(tmp_path / name, *common, f"network.id={name}")
            )
            for name in ("first", "second")
        }
        async with steward_on(file) as steward:
            await steward.add(entry(member), by="operator")
        await come_true(lambda: len(lookers(member)) >= 2)
        (looking,) = set(lookers(member))
        assert await asyncio.to_thread(started[looking].stop, signal.SIGTERM) == 0
        before = len(member.requests)
        # a lease that nobody gave back would last for more than ten seconds
        await come_true(lambda: len(lookers(member, before)) >= 2, 5.0)


async def test_workers_that_crash_come_back_with_the_registry_as_it_is(
    tmp_path: Path, file: tuple[str, ...]
) -> None:
    async with FaultyMember(scripted()) as member:
        async with (
            process(tmp_path / "all", *file, *LOOKING, "server.workers=2") as started,
            steward_on(file) as steward,
        ):
            await steward.add(entry(member, "one", name="Before"), by="operator")
            await come_true(lambda: len(lookers(member)) >= 3)
            before = workers_of(started)
            for pid in before.values():
                os.kill(pid, signal.SIGKILL)
            await steward.edit("one", {"name": "Meanwhile"}, by="operator")
            await come_true(lambda: not set(before.values()) & set(workers_of(started).values()))
            await come_true(lambda: len(workers_of(started)) == 2)
            await _all_show(started, "Meanwhile")
            await steward.edit("one", {"name": "After"}, by="operator")
            await _all_show(started, "After")
            seen = len(member.requests)
            await come_true(lambda: len(lookers(member, seen)) >= 3, TAKEN_OVER_S)


def workers_of(started: Started) -> dict[int, int]:
    """The newest process of every worker, by its number."""
    began = [line for line in started.logged if line.get("event") == "worker started"]
    return {line["worker"]: line["pid"] for line in began}


async def _all_show(started: Started, name: str) -> None:
    """Wait until every worker shows this name: so many connections reach each of them."""
    await come_true(lambda: _names(started) == {name})


def _names(started: Started) -> set[str | None]:
    names: set[str | None] = set()
    for _ in range(20):
        try:
            names.add(json.loads(started.get("/members.json")[2])["members"][0]["name"])
        except OSError:  # it was at the door of a worker that was killed
            names.add(None)
    return names
