"""The five demo beacons as one network, and the member entries by which a registry knows them."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from copy import deepcopy
from importlib.resources.abc import Traversable
from types import MappingProxyType, TracebackType
from typing import Self

from .beacon import DemoBeacon, Fault, Server
from .catalogue import REFERENCE
from .counts import COUNTS
from .legacy import LEGACY
from .records import RECORDS
from .v1 import V1
from .v11 import V11

_SERVERS: Mapping[str, Server] = {
    "demo-legacy": LEGACY,
    "demo-v1": V1,
    "demo-v11": V11,
    "demo-records": RECORDS,
    "demo-counts": COUNTS,
}

BEACON_IDS: tuple[str, ...] = tuple(_SERVERS)
"""In registry order."""


class DemoNetwork:
    """Five beacons on loopback.

    `ports` gives each its port, in the order of `BEACON_IDS`; without it they take free ones.
    `faults` makes some of them misbehave from the start; `beacons[id].fault` does at any time.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        ports: Sequence[int] = (),
        faults: Mapping[str, Fault] | None = None,
    ) -> None:
        if ports and len(ports) != len(BEACON_IDS):
            raise ValueError(f"give {len(BEACON_IDS)} ports or none, not {len(ports)}")
        faults = faults or {}
        if unknown := sorted(set(faults) - set(BEACON_IDS)):
            raise ValueError(f"no such demo beacon: {', '.join(unknown)}")
        self.beacons: Mapping[str, DemoBeacon] = MappingProxyType(
            {
                beacon_id: DemoBeacon(
                    beacon_id, server, host=host, port=port, fault=faults.get(beacon_id)
                )
                for (beacon_id, server), port in zip(
                    _SERVERS.items(), ports or [0] * len(BEACON_IDS), strict=True
                )
            }
        )

    @property
    def reference(self) -> Mapping[str, Traversable]:
        """A file of small reference windows per assembly, as `samtools faidx` prints them."""
        return REFERENCE

    async def start(self) -> None:
        """Start all beacons, or none when one of them cannot have its port."""
        async with AsyncExitStack() as started:
            for beacon in self.beacons.values():
                await beacon.start()
                started.push_async_callback(beacon.aclose)
            started.pop_all()

    async def aclose(self) -> None:
        """Close all beacons at once, slow answers included; closing twice is harmless."""
        await asyncio.gather(*(beacon.aclose() for beacon in self.beacons.values()))

    def members(self) -> list[dict[str, object]]:
        """The member entries of the network for a registry, ready to be written as JSON or YAML."""
        return [
            {"id": beacon.id, "url": beacon.url, **deepcopy(dict(_SERVERS[beacon.id].member))}
            for beacon in self.beacons.values()
        ]

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()
