"""Puts what is known of members' health into a running network, as checks would."""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

from aggregator.api.health_gauges import health_readings
from registry.health import Standing, State, Trait
from registry.health_store import Batch
from registry.history import Bucket, Histogram, Kind, Tier, Uptime
from registry.incidents import Event, Topic
from registry.places import place_of
from tests.networks import Running

SELDOM: Mapping[str, Any] = {"probe_s": 10_000_000}
"""Settings with which members are checked, and never during a test."""


def place(net: Running, member_id: str) -> str:
    return place_of(net.member(member_id).entry)


async def written(net: Running, batch: Batch) -> None:
    health = net.network.watch.health
    await health.write(batch)
    await health.refresh()


async def stands(net: Running, states: Mapping[str, State], *traits: Trait) -> None:
    """Let members be as they were checked just now."""
    now = datetime.now(UTC)
    batch = Batch()
    for member_id, state in states.items():
        standing = Standing(state, since=now, checked_at=now, traits=frozenset(traits))
        batch.standings[member_id] = (place(net, member_id), standing)
    await written(net, batch)


async def checked(
    net: Running, member_id: str, uptime: Uptime, times: Histogram | None = None
) -> None:
    """Let a member have been checked in the minute before."""
    now = datetime.now(UTC)
    buckets = [
        Bucket(member_id, Kind.CHECK, tier, tier.start_of(now), uptime, 0, 0, times or Histogram())
        for tier in Tier
    ]
    await written(net, Batch(buckets=buckets))


async def fact(net: Running, member_id: str, name: str, document: Mapping[str, Any]) -> None:
    health = net.network.watch.health
    await health.put_fact(member_id, name, document, place=place(net, member_id))
    await health.refresh()


def event(
    member_id: str, at: datetime, text: str, topic: Topic = Topic.OUTAGE, what: str = "began"
) -> Event:
    key = f"{member_id}:{topic}:{what}:{at.isoformat()}"
    return Event(key, member_id, topic, what, at, text)


async def happened(net: Running, *events: Event) -> None:
    await written(net, Batch(events=[*events]))


def telling_all(net: Running) -> None:
    """Tell also what is told only while controls are asked; none is."""
    net.network.metrics.read_health = partial(
        health_readings,
        net.network.holder,
        net.network.watch.health,
        every_s=60,
        controls_s=60,
        now=lambda: datetime.now(UTC),
    )
