"""A network whose health is written as a test wants it: no member is checked meanwhile.

async with health_network([told("alpha"), told("beta")]) as net:
    await write_health(net, "beta", outage=True)
"""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from registry.health import Check, Phase, Result, Standing, State, Trait
from registry.health_store import Batch, HealthStore, IncidentChange
from registry.history import Bucket, Histogram, Kind, Tier, Uptime
from registry.incidents import Topic
from registry.places import place_of
from tests.networks import Running, network_of

SELDOM: Mapping[str, float] = {"probe_s": 300_000_000, "jitter": 0}
"""Checks that never come in a test, and are made all the same: what was written is not too old."""
HALF_HOUR_S = 1800
NEAR_S = 20
"""No test of pages takes as long."""
CAUSE = "the TLS certificate is expired"
CURL = "curl -sS 'https://beta.example.org/api/info'"


def told(member_id: str, **rest: Any) -> dict[str, Any]:
    """A member whose address answers nothing."""
    return {"id": member_id, "url": f"http://127.0.0.1:9/{member_id}", "protocol": "v2", **rest}


@asynccontextmanager
async def health_network(
    members: Sequence[Mapping[str, Any]], **settings: Mapping[str, Any]
) -> AsyncIterator[Running]:
    """Serve a network of these members, of whose health nothing is known yet."""
    await away_from_the_turn()
    async with network_of(
        members, health={**SELDOM, **settings.pop("health", {})}, **settings
    ) as net:
        yield net


async def away_from_the_turn() -> None:
    """Wait for the next half-hour if it is near: bars and charts of what is written now move on."""
    left_s = HALF_HOUR_S - time.time() % HALF_HOUR_S
    if left_s < NEAR_S:
        await asyncio.sleep(left_s + 0.01)


def store_of(net: Running) -> HealthStore:
    return net.network.watch.health


def place_in(net: Running, member_id: str) -> str:
    return place_of(net.member(member_id).entry)


def failure(at: datetime, message: str = CAUSE, phase: Phase = Phase.TLS, **rest: Any) -> Check:
    return Check(at, Result.DOWN, phase, message=message, request=CURL, request_id="r-1", **rest)


def success(at: datetime, elapsed_ms: float = 200.0) -> Check:
    return Check(at, Result.UP, status=200, elapsed_ms=elapsed_ms, request_id="r-2")


def bucket(
    member_id: str,
    tier: Tier,
    at: datetime,
    uptime: Uptime,
    *,
    kind: Kind = Kind.CHECK,
    elapsed_ms: float = 200.0,
    slow: int = 0,
    timed_out: int = 0,
) -> Bucket:
    times = Histogram()
    if uptime.up:
        times.add(elapsed_ms, uptime.up)
    start = tier.start_of(at)
    return Bucket(member_id, kind, tier, start, uptime, timed_out, slow, times)


def everywhere(member_id: str, at: datetime, uptime: Uptime, **rest: Any) -> list[Bucket]:
    """The same checks in the buckets of every length."""
    return [bucket(member_id, tier, at, uptime, **rest) for tier in Tier]


def standing(
    state: State,
    now: datetime,
    *,
    since: datetime | None = None,
    traits: Sequence[Trait] = (),
    cause: Check | None = None,
) -> Standing:
    last = cause or success(now)
    return Standing(state, since or now, now, last, cause=cause, traits=frozenset(traits))


async def write_health(
    net: Running,
    member_id: str,
    state: State = State.UP,
    *,
    traits: Sequence[Trait] = (),
    message: str = CAUSE,
    elapsed_ms: float = 200.0,
    minutes: int = 52,
) -> datetime:
    """Write a day of checks of a member, the last `minutes` of it down where it is down."""
    now = datetime.now(UTC)
    began = now - timedelta(minutes=minutes)
    batch, is_down = Batch(), state is State.DOWN
    cause = failure(began, message) if is_down else None
    known = standing(state, now, since=began, traits=traits, cause=cause)
    batch.standings[member_id] = place_in(net, member_id), known
    batch.checks = [(member_id, failure(now, message) if is_down else success(now, elapsed_ms))]
    slow = 10 if Trait.SLOW in traits else 0
    for hours in range(1, 24):
        at = now - timedelta(hours=hours)
        batch.buckets += everywhere(member_id, at, Uptime(up=10), elapsed_ms=elapsed_ms, slow=slow)
    last = Uptime(down=3) if is_down else Uptime(up=3)
    batch.buckets += everywhere(member_id, now, last, elapsed_ms=elapsed_ms)
    if is_down:
        batch.incidents = [
            IncidentChange(member_id, Topic.OUTAGE, began, None, message, "tls", CURL, 3)
        ]
    await store_of(net).write(batch)
    await store_of(net).refresh()
    return began


async def cut(net: Running) -> None:
    """Write that the network's own connection is away."""
    began = datetime.now(UTC) - timedelta(minutes=5)
    change = IncidentChange("", Topic.NETWORK, began, None, "no reference address answers")
    await store_of(net).write(Batch(incidents=[change]))


async def certificate(
    net: Running, member_id: str, *, days: float = 61, problem: str = "none", **rest: Any
) -> None:
    """Write what was seen of a certificate."""
    now = datetime.now(UTC)
    document = {
        "validUntil": (now + timedelta(days=days, hours=1)).isoformat(),
        "problem": problem,
        "issuer": "CN=Test Authority",
        "subject": f"CN={member_id}.example.org",
        "names": [f"{member_id}.example.org"],
        "chain": [],
        "message": "",
        "checkedAt": now.isoformat(),
        **rest,
    }
    await fact(net, member_id, "certificate", document)


async def fact(net: Running, member_id: str, name: str, document: Mapping[str, Any]) -> None:
    place = place_in(net, member_id)
    await store_of(net).put_fact(member_id, name, document, place=place)
    await store_of(net).refresh()
