"""A whole network on loopback and a client that asks it.

async with DemoNetwork() as demo, network_of(demo.members()) as net:
    reply = await net.ask({"geneId": "BRAF"})
    assert reply.endings["demo-records"] == "found"
"""

import asyncio
import json
import os
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from aggregator.app import Network, running, serving
from aggregator.base.settings import Settings, load
from demo import DemoBeacon, DemoNetwork, Received
from registry.seed import read_entries
from registry.snapshot import RegisteredMember
from tests.faulty import Behaviour, FaultyMember, SeenRequest, Wire, answer, json_answer

NETWORK_ID = "org.example.test-network"
DEADLINE_S = 0.3
"""The longest real deadline of tests that wait for one."""
GENEROUS_S = DEADLINE_S + 6
"""When an answer under that deadline has to be there, on the slowest machine; without it, there
would be none before the 8 s that a member gets."""

LOOK_S = 0.25
"""How long a network waits for members that say nothing while it looks at them, before it is asked.

Only time in which nothing happens counts, so that slow machines give members that answer as long
as they need.
"""
LOOK_STEP_S = 0.01

PATIENT_S = 40.0
"""How long conditions are waited for that come about at once, on a machine that is not busy."""

BRAF = {
    "assemblyId": "GRCh38",
    "referenceName": "7",
    "start": "140753335",
    "referenceBases": "A",
    "alternateBases": "T",
}
"""BRAF V600E as flat parameters of a GET."""

Json = Any


@dataclass(frozen=True)
class Reply:
    """A complete response of the network."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    @cached_property
    def json(self) -> Json:
        return json.loads(self.body)

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def info(self) -> Json:
        """`info.network`, in answers and errors alike."""
        return self.json["info"]["network"]

    @property
    def members(self) -> dict[str, Json]:
        """What the answer says of each member, in its order."""
        return {member["id"]: member for member in self.info["members"]}

    @property
    def endings(self) -> dict[str, str]:
        """How each member ended: `found`, `not_found`, or with its reason: `not_asked/assembly`."""
        return {
            name: "/".join(filter(None, (told["answer"], (told["reason"] or {}).get("code"))))
            for name, told in self.members.items()
        }

    @property
    def found(self) -> list[str]:
        return [name for name, ending in self.endings.items() if ending == "found"]

    @property
    def summary(self) -> Json:
        return self.json["responseSummary"]

    @property
    def sets(self) -> list[Json]:
        return self.json["response"]["resultSets"]

    @property
    def echo(self) -> Json:
        """The variant part of the question as the network understood it."""
        return self.json["meta"]["receivedRequestSummary"]["requestParameters"]["g_variant"]

    @property
    def problem(self) -> str:
        return self.json["error"]["errorMessage"]


@dataclass(frozen=True)
class Running:
    """A network being served, and a client of it."""

    url: str
    network: Network
    client: aiohttp.ClientSession

    async def ask(
        self,
        parameters: Mapping[str, Any] | None = None,
        *,
        path: str = "/api/g_variants",
        body: Json = None,
        raw: bytes | None = None,
        method: str | None = None,
        headers: Mapping[str, str] | None = None,
        within_s: float = PATIENT_S,
    ) -> Reply:
        """Ask and read to the end; a body makes it a POST. TimeoutError beyond `within_s`."""
        content = raw if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"} | dict(headers or {})
        if content is None:
            headers.pop("Content-Type")
        sending = self.client.request(
            method or ("GET" if content is None else "POST"),
            self.url + path,
            params=parameters,
            data=content,
            headers=headers,
            allow_redirects=False,
        )
        async with asyncio.timeout(within_s):
            async with sending as response:
                return Reply(response.status, response.headers, await response.read())

    async def explain(self, parameters: Mapping[str, Any], **rest: Any) -> dict[str, Json]:
        """What each member would be sent."""
        reply = await self.ask(parameters, path="/network/explain/g_variants", **rest)
        assert reply.status == 200, reply.text
        return {member["id"]: member for member in reply.json["members"]}

    def member(self, member_id: str) -> RegisteredMember:
        return self.network.holder.current.everyone_by_id[member_id]

    async def known(self, *member_ids: str) -> None:
        """Wait until the network has recognised these members."""
        await come_true(
            lambda: all(self.member(each).capabilities.fetched_at for each in member_ids)
        )

    @property
    def is_at_rest(self) -> bool:
        """Whether no call to any member is in progress."""
        client = self.network.client
        return (
            self.network.asker.calls_in_flight == 0
            and client.gate.is_idle
            and not len(client.slots)
            and not client.budget.reserved
        )


def settings_of(**overrides: Mapping[str, Any]) -> Settings:
    """The defaults, fit for loopback; `query={"deadline_s": 0.3}` and the like win."""
    ours: dict[str, dict[str, Any]] = {
        "network": {"id": NETWORK_ID, "name": "Test Network", "environment": "test"},
        "security": {"allow_private_members": True},
        # members are on loopback: only a machine that stands still takes long to connect
        "query": {"connect_timeout_s": 10},
        "registry": {"url": "sqlite:///:memory:", "probe": False},
        "log": {"level": "error"},
        # whoever counts what members get, counts questions; tests of health switch these on
        "health": {"probe_s": 0, "certificate_s": 0, "controls_s": 0, "conformance_s": 0},
    }
    for section, values in overrides.items():
        ours[section] = ours.get(section, {}) | dict(values)
    return load(None, ours)


@asynccontextmanager
async def network_of(
    entries: Sequence[Mapping[str, Any]] = (), **overrides: Mapping[str, Any]
) -> AsyncIterator[Running]:
    """Serve a network of these members on a free port; sections of settings by keyword."""
    members = read_entries([dict(entry) for entry in entries], "test")
    async with (
        running(settings_of(**overrides), members) as network,
        serving(network, host="127.0.0.1", port=0) as url,
        aiohttp.ClientSession() as client,
    ):
        await looked_at(network)
        yield Running(url, network, client)


async def looked_at(network: Network) -> None:
    """Let the members say what they are, until nothing more comes: what they say changes answers.

    A step in which this process worked is none of waiting, and one that took longer than it should
    have, because the machine stood still, is a single one.
    """
    look = asyncio.create_task(network.keeper.look_at_all())
    quiet_s, ends_at = 0.0, time.monotonic() + PATIENT_S
    while quiet_s < LOOK_S and not look.done() and time.monotonic() < ends_at:
        worked_s = time.process_time()
        await asyncio.wait({look}, timeout=LOOK_STEP_S)
        if time.process_time() - worked_s < LOOK_STEP_S / 3:
            quiet_s += LOOK_STEP_S
    look.cancel()
    await asyncio.wait({look})


@dataclass(frozen=True)
class DemoRunning(Running):
    """The demo network being served."""

    demo: DemoNetwork

    @property
    def beacons(self) -> Mapping[str, DemoBeacon]:
        return self.demo.beacons

    def asked(self, beacon_id: str) -> list[Received]:
        """The questions a beacon has received so far."""
        return list(self.demo.beacons[beacon_id].requests)

    @property
    def times_asked(self) -> dict[str, int]:
        return {name: len(beacon.requests) for name, beacon in self.demo.beacons.items()}

    @property
    def is_untouched(self) -> bool:
        """Whether no beacon has received any question."""
        return not any(self.times_asked.values())


RECOGNISED = ("demo-v1", "demo-v11", "demo-records", "demo-counts")
"""The demo beacons that say what they are; the oldest has no words for it."""


@asynccontextmanager
async def demo_running(
    *,
    knows: Iterable[str] = RECOGNISED,
    with_reference: bool = True,
    **overrides: Mapping[str, Any],
) -> AsyncIterator[DemoRunning]:
    """Serve the demo network; `knows` are waited for until they have been recognised."""
    async with DemoNetwork() as demo:
        if with_reference:
            fasta = {name: Path(str(path)) for name, path in demo.reference.items()}
            overrides = {"reference": {"fasta": fasta}} | overrides
        async with network_of(demo.members(), **overrides) as net:
            await net.known(*knows)
            yield DemoRunning(net.url, net.network, net.client, demo)


def write_seed(path: Path, entries: Iterable[Mapping[str, Any]]) -> None:
    """Write a members file; JSON is YAML."""
    path.write_text(json.dumps({"members": list(entries)}), encoding="utf-8")


async def come_true(is_so: Callable[[], bool], within_s: float = PATIENT_S) -> None:
    """Wait for a condition; TimeoutError if it does not come about."""
    async with asyncio.timeout(within_s):
        while not is_so():
            await asyncio.sleep(0.002)


async def until(member: FaultyMember, is_so: Callable[[FaultyMember], bool]) -> None:
    """Wait for something a member sees."""
    await member.until(is_so, PATIENT_S)


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


@pytest.fixture(autouse=True)
async def nothing_left() -> AsyncIterator[None]:
    """After each test, teardown of its fixtures included: no task and no descriptor more."""
    open_before = descriptors()
    yield
    await come_true(lambda: asyncio.all_tasks() == {asyncio.current_task()})
    await come_true(lambda: descriptors() <= open_before)


def says(exists: bool = True, *, count: int | None = None, results: Json = None) -> Json:
    """The answer of a plain version 2 beacon."""
    summary: dict[str, Any] = {"exists": exists}
    if count is not None:
        summary["numTotalResults"] = count
    document: dict[str, Any] = {
        "meta": {"beaconId": "org.example.scripted", "apiVersion": "v2.0.0", "returnedSchemas": []},
        "responseSummary": summary,
    }
    if results is not None:
        result_set = {"id": "set", "setType": "dataset", "exists": exists}
        result_set |= {"resultsCount": len(results), "results": results}
        document["response"] = {"resultSets": [result_set]}
    return document


V2_INFO = {
    "meta": {"beaconId": "org.example.scripted", "apiVersion": "v2.0.0", "returnedSchemas": []},
    "response": {
        "id": "org.example.scripted",
        "name": "Scripted",
        "apiVersion": "v2.0.0",
        "environment": "test",
        "organization": {"id": "scripted", "name": "Scripted"},
    },
}


def scripted(*questions: Behaviour, info: Behaviour | None = None) -> Behaviour:
    """Meet questions with these behaviours in turn, the last for all that follow.

    What the network asks about the beacon itself has no part in the turns.
    """
    turns = questions or (json_answer(says()),)
    asked = 0

    async def behave(wire: Wire) -> None:
        nonlocal asked
        assert wire.request is not None
        if not is_question(wire.request):
            await (info or json_answer(V2_INFO))(wire)
            return
        turn = turns[min(asked, len(turns) - 1)]
        asked += 1
        await turn(wire)

    return behave


def is_question(request: SeenRequest) -> bool:
    return request.target.partition("?")[0].endswith(("/g_variants", "/query"))


def questions(member: FaultyMember) -> list[SeenRequest]:
    """The questions a scripted member has received so far."""
    return [request for request in member.requests if is_question(request)]


def entry(member: FaultyMember | str, member_id: str = "scripted", **rest: Any) -> Json:
    """A version 2 member entry; an address is taken as it is."""
    url = member if isinstance(member, str) else member.url
    return {"id": member_id, "url": url, "protocol": "v2", **rest}


NO_INFO = answer(b"", 404)
