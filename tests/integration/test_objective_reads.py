"""Objectives are judged by the days of this month in the registry, and by no others."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from registry.health_store import Batch
from registry.history import Bucket, Histogram, Kind, Tier, Uptime
from registry.objective_reads import objectives_of
from registry.objectives import ObjectiveName, month_of
from tests.faulty import FaultyMember, hang
from tests.known_health import SELDOM, written
from tests.networks import BRAF, Running, entry, network_of, nothing_left, scripted

__all__ = ["nothing_left"]


@pytest.fixture
async def net(nothing_left: None) -> AsyncIterator[Running]:
    entries = [
        {"id": name, "url": f"http://127.0.0.1:9/{name}", "protocol": "v2"}
        for name in ("one", "two")
    ]
    async with network_of(entries, health=SELDOM) as running:
        yield running


def day(at: datetime, kind: Kind, uptime: Uptime, timed_out: int = 0, *ms: float) -> Bucket:
    times = Histogram()
    for each in ms:
        times.add(each)
    return Bucket("one", kind, Tier.DAY, Tier.DAY.start_of(at), uptime, timed_out, 0, times)


async def test_this_month_counts_and_the_last_does_not(net: Running) -> None:
    now = datetime.now(UTC)
    began = month_of(now)[0]
    before = began - timedelta(days=1)
    await written(
        net,
        Batch(
            buckets=[
                day(before, Kind.CHECK, Uptime(down=1_000)),
                day(before, Kind.QUESTION, Uptime(down=1_000), 1_000),
                day(began, Kind.CHECK, Uptime(up=1_400, down=40, paused=7)),
                day(began, Kind.QUESTION, Uptime(up=3, down=5, unknown=2), 3, 80.0, 90.0, 40_000.0),
            ]
        ),
    )
    health = net.network.watch.health
    found = await objectives_of(health, ["one", "two"], every_s=60, now=now)
    there, fast = found["one"]
    assert (there.name, there.good, there.counted) == (ObjectiveName.AVAILABLE, 1_400, 1_440)
    rest_s = (month_of(now)[1] - now).total_seconds()
    assert there.minutes_left == pytest.approx(0.005 * (1_440 + rest_s / 60) - 40)
    # answered in time: two of three, and one more was given up
    assert (fast.name, fast.good, fast.counted) == (ObjectiveName.QUICK, 2, 4)
    assert fast.cut_off == 2
    assert [each.reached for each in found["two"]] == [None, None]


async def test_nobody_is_told_to_have_missed_30_s_that_were_not_given(nothing_left: None) -> None:
    async with (
        FaultyMember(scripted(hang())) as member,
        network_of([entry(member)], health=SELDOM, query={"member_timeout_s": 0.3}) as net,
    ):
        await net.known("scripted")
        assert (await net.ask(BRAF)).endings == {"scripted": "no_answer/timeout"}
        watch = net.network.watch
        await watch.checks.flush()
        await watch.health.refresh()
        document = (await net.ask(path="/health/scripted.json")).json
        quick = document["objectives"][1]
        assert (quick["name"], quick["counted"], quick["cutOff"]) == ("quick", 0, 1)
        assert (quick["isMet"], quick["reached"], quick["budgetLeft"]) == (None, None, None)
        page = (await net.ask(path="/health/scripted", headers={"Accept": "text/html"})).text
        assert "The 1 question of this month was given up before 30 s" in page
        assert "missed" not in page
