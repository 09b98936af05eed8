"""The part of the composition root that watches how members are doing, and tells of it."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from aggregator.base.metrics import Metrics
from aggregator.base.settings import Settings
from aggregator.registrar import Registry
from aggregator.upstream.breaker import Breakers
from aggregator.upstream.client import MemberClient
from aggregator.watch.keeper import RegistryKeeper
from aggregator.watch.lease import Lease
from registry.health_store import HealthStore
from registry.snapshot import SnapshotHolder


@dataclass(frozen=True, slots=True)
class Surrounded:
    """What watching needs of a running network."""

    settings: Settings
    registry: Registry
    client: MemberClient
    lease: Lease
    holder: SnapshotHolder
    keeper: RegistryKeeper
    breakers: Breakers
    metrics: Metrics
    network_id: str


@dataclass(frozen=True, slots=True)
class Watch:
    """What knows how members are doing."""

    health: HealthStore


@asynccontextmanager
async def watching(parts: Surrounded) -> AsyncIterator[Watch]:
    """Run what looks at members' health; ends it on leaving."""
    async with AsyncExitStack():
        health = HealthStore(parts.registry.database)
        yield Watch(health)
