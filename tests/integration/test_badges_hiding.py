"""Nothing tells of a beacon behind an opaque group, or of one that is not yet a member."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from aggregator.api.badge_facts import NAMES
from aggregator.api.health_gauges import check_counter, health_readings
from registry.health import Check, Phase, Result, State
from registry.health_store import Fact, HealthStore
from registry.history import Histogram, Uptime
from registry.models import MemberEntry
from registry.registration import Registration
from registry.snapshot import RegisteredMember, Snapshot, SnapshotHolder
from tests.hiding import leaks, three_hidden
from tests.known_health import SELDOM, checked, event, fact, happened, stands, telling_all
from tests.networks import Reply, Running, nothing_left

__all__ = ["nothing_left"]

OF_ITS_OWN = {"X-Request-ID", "Date"}
"""What differs between any two responses."""
INSIDE = ("quellwater", "quellwater-2", "quellwater-3")


@pytest.fixture
async def net(nothing_left: None, tmp_path: Path) -> AsyncIterator[Running]:
    """Everything is known of everybody, and those inside are doing badly."""
    async with three_hidden(tmp_path, health=SELDOM) as running:
        await stands(running, {"plain": State.UP} | dict.fromkeys(INSIDE, State.DOWN))
        soon = {"validUntil": (datetime.now(UTC) + timedelta(days=3)).isoformat()}
        for member_id in ("plain", *INSIDE):
            await checked(running, member_id, Uptime(up=1, down=7), Histogram({80: 1}))
            await fact(running, member_id, "certificate", soon)
            await fact(running, member_id, "conformance", {"score": {"passed": 3, "total": 42}})
            await fact(running, member_id, "controls", {"controls": [{"verdict": "fail"}]})
            await happened(running, event(member_id, datetime.now(UTC), "murmuring"))
        yield running


def told(reply: Reply) -> tuple[int, bytes, dict[str, str]]:
    headers = {name: value for name, value in reply.headers.items() if name not in OF_ITS_OWN}
    return reply.status, reply.body, headers


@pytest.mark.parametrize("name", [*NAMES, "uptime-99y"])
@pytest.mark.parametrize("end", ["svg", "json"])
async def test_a_hidden_beacon_is_not_told_apart_from_one_there_is_none_of(
    net: Running, name: str, end: str
) -> None:
    path = f"/members/{{}}/badge/{name}.{end}"
    other = told(await net.ask({"label": "theirs"}, path=path.format("nobodyhere")))
    assert other[0] == 404
    for member_id in (*INSIDE, "quellwater-4"):
        assert told(await net.ask({"label": "theirs"}, path=path.format(member_id))) == other


async def test_nor_is_its_feed(net: Running) -> None:
    other = told(await net.ask(path="/members/nobodyhere/feed.atom"))
    assert other[0] == 404
    for member_id in INSIDE:
        assert told(await net.ask(path=f"/members/{member_id}/feed.atom")) == other


@pytest.mark.parametrize("name", NAMES)
async def test_the_badges_of_a_group_say_nothing(net: Running, name: str) -> None:
    twin = await net.ask(path=f"/members/north/badge/{name}.json")
    assert (twin.status, twin.json["message"], twin.json["color"]) == (200, "N/A", "#57606a")
    picture = await net.ask(path=f"/members/north/badge/{name}.svg")
    assert picture.status == 200
    assert "The North – " in picture.text


async def test_the_badge_of_the_network_counts_nobody_inside(net: Running) -> None:
    reply = await net.ask(path="/health/badge.svg")
    assert "1 of 1 answering" in reply.text
    assert "not known" not in reply.text


async def test_feeds_tell_nothing_of_those_inside(net: Running) -> None:
    network = await net.ask(path="/health/feed.atom")
    assert network.text.count("<entry>") == 1
    assert "Scripted: murmuring" in network.text
    group = await net.ask(path="/members/north/feed.atom")
    assert group.status == 200
    assert "<entry>" not in group.text
    assert "what happens to them is not told" in group.text
    for reply in (network, group):
        assert not set(leaks(reply.text)) - {"murmuring"}
    # not even when the first of them joined
    assert "<updated>2026-01-01T00:00:00Z</updated>" in group.text


async def test_what_happens_inside_takes_no_place_in_the_feed(net: Running) -> None:
    now = datetime.now(UTC)
    await happened(
        net, *(event(INSIDE[0], now + timedelta(minutes=each), "failed") for each in range(60))
    )
    network = await net.ask(path="/health/feed.atom")
    assert network.text.count("<entry>") == 1
    assert "Scripted: murmuring" in network.text


def test_facts_of_a_member_that_left_are_not_those_of_a_group_of_its_name() -> None:
    told = {"north": Fact(datetime.now(UTC), {"score": {"passed": 3, "total": 42}})}
    health = SimpleNamespace(facts=lambda name: told, standings={}, places={})
    inside = RegisteredMember(MemberEntry.model_validate({"id": "a", "url": "https://a.example"}))
    group = RegisteredMember(
        MemberEntry.model_validate({"id": "north", "url": "https://north.example"}),
        inside=(inside,),
    )
    holder = SnapshotHolder()
    for member, expected in ((group, {}), (replace(group, inside=()), {"north": 39})):
        holder.put(Snapshot(1, (member,)))
        found = health_readings(
            holder,
            cast(HealthStore, health),
            every_s=60,
            controls_s=60,
            now=lambda: datetime.now(UTC),
        )
        assert found.conformance_failed == expected


async def test_metrics_tell_nothing_of_those_inside(net: Running) -> None:
    count = check_counter(net.network.metrics, net.network.holder)
    for member_id in ("plain", *INSIDE, "nobody"):
        count(member_id, Check(datetime.now(UTC), Result.DOWN, Phase.TLS))
    telling_all(net)
    text = (await net.ask(path="/metrics")).text
    for name in ("up", "cert_not_after_seconds", "conformance_failed", "control_failed"):
        lines = [one for one in text.splitlines() if one.startswith(f"beacon_member_{name}{{")]
        assert len(lines) == 1, name
        assert 'member="plain"' in lines[0]
    assert leaks(text) == []
    assert 'beacon_member_probe_total{member="plain",phase="tls",result="down"} 1.0' in text


async def test_who_waits_to_join_and_who_was_refused_has_no_badge(net: Running) -> None:
    office = net.network.registry
    asks = Registration(id="new", url="https://new.example.org", contact="ann@example.org")
    other = told(await net.ask(path="/members/nobodyhere/badge/health.svg"))
    await office.steward.register(asks, by="stranger")
    await office.force()
    assert office.store.records["new"].state == "pending"
    assert told(await net.ask(path="/members/new/badge/health.svg")) == other
    await office.steward.reject("new", by="operator")
    await office.force()
    assert told(await net.ask(path="/members/new/badge/health.svg")) == other
