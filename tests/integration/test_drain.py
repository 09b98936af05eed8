"""Stopping a served network: running questions are finished, and not for ever."""

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import pytest

from tests import faulty
from tests.faulty import FaultyMember, Wire
from tests.networks import BRAF, come_true, entry, questions, says, scripted, until, write_seed

ROOT = Path(__file__).parents[2]
START_WITHIN_S = 40


@dataclass
class Served:
    """`beacon-aggregator serve` in a process of its own."""

    process: asyncio.subprocess.Process
    url: str = ""
    events: list[str] = field(default_factory=list)

    async def read_log(self) -> None:
        assert self.process.stderr is not None
        async for line in self.process.stderr:
            try:
                told = json.loads(line)
            except ValueError:
                continue
            self.url = told.get("address", self.url)
            self.events.append(told["event"])


@asynccontextmanager
async def served(folder: Path, member: FaultyMember, drain_s: float) -> AsyncIterator[Served]:
    seed = folder / "members.yaml"
    write_seed(seed, [entry(member)])
    settings = {
        "server.drain_s": drain_s,
        "query.member_timeout_s": 30,
        "registry.url": "sqlite:///:memory:",
        "registry.probe": "false",
        # questions are counted: nobody else asks any
        **dict.fromkeys(("health.probe_s", "health.controls_s", "health.conformance_s"), 0),
        "security.allow_private_members": "true",
        "log.format": "json",
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "aggregator", "serve", "--seed", str(seed), "--port", "0"),
        *(part for name, value in settings.items() for part in ("--set", f"{name}={value}")),
        cwd=folder,
        env={
            "PYTHONPATH": str(ROOT),
            "PATH": "/usr/bin:/bin",
        },
        stderr=asyncio.subprocess.PIPE,
    )
    running = Served(process)
    reading = asyncio.create_task(running.read_log())
    try:
        await come_true(lambda: "serving" in running.events, START_WITHIN_S)
        yield running
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        await reading


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_running_question_is_finished(tmp_path: Path, number: signal.Signals) -> None:
    release = asyncio.Event()

    async def late(wire: Wire) -> None:
        await release.wait()
        await faulty.json_answer(says())(wire)

    async with FaultyMember(scripted(late)) as member, aiohttp.ClientSession() as client:
        async with served(tmp_path, member, drain_s=30) as network:
            asked = asyncio.create_task(_ask(client, network.url))
            await until(member, lambda m: len(questions(m)) == 1)
            network.process.send_signal(number)
            await come_true(lambda: "stopping" in network.events)
            # no new ones are taken
            await _refused(network.url)
            release.set()
            status, document = await asked

            assert status == 200
            assert document["responseSummary"]["exists"] is True
            assert await asyncio.wait_for(network.process.wait(), START_WITHIN_S) == 0


async def test_a_question_that_never_ends_does_not_keep_it_up(tmp_path: Path) -> None:
    async with FaultyMember(scripted(faulty.hang())) as member, aiohttp.ClientSession() as client:
        async with served(tmp_path, member, drain_s=0.3) as network:
            asked = asyncio.create_task(_ask(client, network.url))
            await until(member, lambda m: len(questions(m)) == 1)
            network.process.send_signal(signal.SIGTERM)

            assert await asyncio.wait_for(network.process.wait(), START_WITHIN_S) == 0
            with pytest.raises(aiohttp.ClientError):
                await asked
            await until(member, lambda m: m.is_left_alone)


async def test_an_idle_network_stops_at_once_and_leaves_no_file(tmp_path: Path) -> None:
    async with FaultyMember(faulty.hang()) as member:
        async with served(tmp_path, member, drain_s=30) as network:
            network.process.send_signal(signal.SIGTERM)
            assert await asyncio.wait_for(network.process.wait(), START_WITHIN_S) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["members.yaml"]


async def _ask(client: aiohttp.ClientSession, url: str) -> tuple[int, dict[str, dict[str, object]]]:
    async with client.get(f"{url}/api/g_variants", params=BRAF | {"wait": "30"}) as response:
        return response.status, await response.json()


async def _refused(url: str) -> None:
    """Wait until a new connection is refused: the port closes a moment after the signal."""
    async with asyncio.timeout(START_WITHIN_S):
        while True:
            try:
                async with aiohttp.ClientSession() as client, client.get(f"{url}/livez"):
                    await asyncio.sleep(0.01)
            except aiohttp.ClientConnectorError:
                return
