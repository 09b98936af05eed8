"""Networks with groups whose members hide, and beacons that say their names wherever they can."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from tests.faulty import Behaviour, FaultyMember, Wire, answer, json_answer
from tests.networks import V2_INFO, Running, entry, network_of, says, scripted

Json = Any

GROUP = {"id": "north", "name": "The North", "description": "Six hospitals.", "opaque": True}
PLANTED = ("quellwater", "zanzibarine", "opalescent", "velvetset", "murmuring", "hushpath")
"""Words that only hidden members say, or that only their entries hold."""


def talkative(exists: bool, count: int) -> Behaviour:
    """A beacon that says its names wherever it can."""
    link = {
        "handoverType": {"id": "EDAM:1", "label": "murmuring"},
        "url": "https://zanzibarine.example.org/",
    }
    document = says(exists, count=count)
    document["meta"] |= {"beaconId": "org.opalescent", "returnedGranularity": "record"}
    document["response"] = {
        "resultSets": [
            {
                "id": "velvetset",
                "setType": "dataset",
                "exists": exists,
                "resultsCount": count,
                "results": [{"variantInternalId": "murmuring"}] if exists else [],
                "resultsHandovers": [link],
            }
        ]
    }
    document["beaconHandovers"] = [link]
    document["info"] = {"warnings": ["murmuring"]} if exists else {}
    document["meta"]["warnings"] = ["murmuring"]
    return json_answer(document)


def information() -> Behaviour:
    """What a hidden member says of itself, under every path it is looked at."""
    told = json.loads(json.dumps(V2_INFO))
    told["meta"]["beaconId"] = told["response"]["id"] = "org.opalescent"
    told["response"] |= {
        "name": "Zanzibarine",
        "description": "murmuring",
        "organization": {"id": "opalescent", "name": "Zanzibarine"},
        "welcomeUrl": "https://zanzibarine.example.org/",
    }
    sets = [{"id": "velvetset", "name": "velvetset"}]

    async def behave(wire: Wire) -> None:
        assert wire.request is not None
        path = wire.request.target.partition("?")[0]
        document = told
        if path.endswith("/datasets"):
            document = {**told, "response": {"collections": sets}}
        await json_answer(document)(wire)

    return behave


def hidden(member: FaultyMember, member_id: str, **rest: Any) -> Json:
    return entry(f"{member.url}/hushpath", member_id, **{"groups": ["north"], **rest})


@asynccontextmanager
async def network(
    path: Path, entries: Sequence[Json], groups: Sequence[Json] = (GROUP,), **settings: Any
) -> AsyncIterator[Running]:
    """Serve a network of a members file with groups."""
    seed = path / "members.yaml"
    seed.write_text(json.dumps({"members": list(entries), "groups": list(groups)}))
    registry = {"seed": seed, **settings.pop("registry", {})}
    async with network_of([], registry=registry, **settings) as net:
        yield net


@asynccontextmanager
async def members(*behaviours: Behaviour) -> AsyncIterator[list[FaultyMember]]:
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(FaultyMember(one)) for one in behaviours]


@asynccontextmanager
async def three_hidden(
    path: Path, groups: Sequence[Json] = (GROUP,), **settings: Any
) -> AsyncIterator[Running]:
    """One that is open to see, and a group: one says yes, one no, one fails; one is paused."""
    told = information()
    async with members(
        scripted(),
        scripted(talkative(True, 3), info=told),
        scripted(talkative(False, 0), info=told),
        scripted(answer(b'{"error":{"errorMessage":"murmuring"}}', 400), info=told),
    ) as (plain, yes, no, broken):
        note = {
            "paused": {"note": "murmuring"},
            "name": "Zanzibarine 4",
            "description": "murmuring",
        }
        entries = [
            entry(plain, "plain", same_as=["quellwater"]),
            hidden(yes, "quellwater", name="Zanzibarine 1", same_as=["plain"]),
            hidden(no, "quellwater-2", name="Zanzibarine 2", assemblies=["GRCh38"]),
            hidden(broken, "quellwater-3"),
            hidden(plain, "quellwater-4", **note),
        ]
        async with network(path, entries, groups, **settings) as net:
            await net.known("plain", "quellwater", "quellwater-2", "quellwater-3")
            yield net


def leaks(text: str) -> list[str]:
    return [word for word in PLANTED if word in text.lower()]


YES, NO = json_answer(says(True)), json_answer(says(False))
BROKEN = answer(b"murmuring", 500)


@asynccontextmanager
async def group_of(path: Path, *behaviours: Behaviour, **settings: Any) -> AsyncIterator[Running]:
    async with members(*behaviours) as inside:
        entries = [hidden(one, f"quellwater-{number}") for number, one in enumerate(inside)]
        async with network(path, entries, **settings) as net:
            yield net


class Held:
    """A behaviour that answers when told to."""

    def __init__(self, then: Behaviour) -> None:
        self.go = asyncio.Event()
        self._then = then

    async def __call__(self, wire: Wire) -> None:
        await self.go.wait()
        await self._then(wire)
