"""What `/metrics` tells of members' health: what is known now, and nothing else."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from aggregator.api.health_gauges import check_counter, controls_failed
from aggregator.base.health_metrics import HealthReadings
from aggregator.base.metrics import Metrics
from registry.health import Check, Phase, Result, State
from tests.faulty import FaultyMember, hang
from tests.known_health import SELDOM, fact, stands, telling_all
from tests.networks import (
    BRAF,
    Running,
    come_true,
    entry,
    network_of,
    nothing_left,
    questions,
    scripted,
)

__all__ = ["nothing_left"]

AT = datetime(2026, 5, 3, 13, 5, tzinfo=UTC)
FACTS = ("cert_not_after_seconds", "cert_lifetime_seconds", "conformance_failed", "control_failed")


@pytest.fixture
async def net(nothing_left: None) -> AsyncIterator[Running]:
    entries: list[dict[str, Any]] = [
        {"id": name, "url": f"http://127.0.0.1:9/{name}", "protocol": "v2"}
        for name in ("one", "two", "three")
    ]
    entries.append(entries[0] | {"id": "away", "paused": {"note": "moving"}})
    entries.append(entries[0] | {"id": "off", "disabled": True})
    async with network_of(entries, health=SELDOM) as running:
        yield running


async def told(net: Running, name: str) -> dict[str, float]:
    """The samples of a metric by its labels' values."""
    text = (await net.ask(path="/metrics")).text
    return {
        "/".join(value for label, value in sorted(sample.labels.items()) if label != "le"): (
            sample.value
        )
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == f"beacon_{name}"
    }


async def test_up_is_told_of_those_of_whom_it_is_known(net: Running) -> None:
    assert await told(net, "member_up") == {}
    await stands(net, {"one": State.UP, "two": State.DOWN, "away": State.DOWN})
    await stands(net, {"three": State.UNKNOWN})
    assert await told(net, "member_up") == {"one": 1, "two": 0}


async def test_facts_are_told_as_they_were_found_last(net: Running) -> None:
    telling_all(net)
    names = ("cert_not_after_seconds", "conformance_failed", "control_failed")
    for name in names:
        assert await told(net, f"member_{name}") == {}
    await fact(net, "one", "certificate", {"validUntil": AT.isoformat(), "problem": "host"})
    await fact(net, "two", "certificate", {"validUntil": None, "problem": "untrusted"})
    await fact(net, "one", "conformance", {"score": {"passed": 40, "total": 42}})
    await fact(net, "two", "conformance", {"score": {"passed": 7, "total": 7}})
    verdicts = [{"verdict": each} for each in ("fail", "pass", "not_answered", "fail")]
    await fact(net, "one", "controls", {"controls": verdicts})
    await fact(net, "two", "controls", {"controls": [{"verdict": "pass"}]})
    found = [await told(net, f"member_{name}") for name in names]
    assert found == [{"one": AT.timestamp()}, {"one": 2, "two": 0}, {"one": 2, "two": 0}]


async def test_of_who_is_paused_or_switched_off_nothing_is_told(net: Running) -> None:
    """Alerts would go off for who is away on purpose."""
    telling_all(net)
    for name in ("one", "away", "off"):
        ends = {"validFrom": (AT - timedelta(days=90)).isoformat(), "validUntil": AT.isoformat()}
        await fact(net, name, "certificate", ends)
        await fact(net, name, "conformance", {"score": {"passed": 40, "total": 42}})
        await fact(net, name, "controls", {"controls": [{"verdict": "fail"}]})
    for name in FACTS:
        assert set(await told(net, f"member_{name}")) == {"one"}, name


async def test_controls_that_are_not_asked_any_more_fail_nobody(net: Running) -> None:
    await fact(net, "one", "controls", {"controls": [{"verdict": "fail"}]})
    assert net.network.settings.health.controls_s == 0
    assert await told(net, "member_control_failed") == {}
    telling_all(net)
    assert await told(net, "member_control_failed") == {"one": 1}


async def test_how_long_a_certificate_lasts_is_told_where_it_is_known(net: Running) -> None:
    begins = (AT - timedelta(days=6)).isoformat()
    await fact(net, "one", "certificate", {"validFrom": begins, "validUntil": AT.isoformat()})
    await fact(net, "two", "certificate", {"validUntil": AT.isoformat()})
    assert await told(net, "member_cert_lifetime_seconds") == {"one": 6 * 86_400}


@pytest.mark.parametrize(
    "controls", [None, [], ["fail", 7], [{"verdict": "not_answered"}, {"verdict": ["fail"]}]]
)
async def test_of_controls_that_say_nothing_nothing_is_told(
    net: Running, controls: list[object] | None
) -> None:
    assert controls_failed({"controls": controls}) is None
    await fact(net, "one", "controls", {"controls": controls})
    assert await told(net, "member_control_failed") == {}


async def test_checks_are_counted_by_what_they_say(net: Running) -> None:
    count = check_counter(net.network.metrics, net.network.holder)
    for check in (
        Check(AT, Result.UP, elapsed_ms=420.0),
        Check(AT, Result.UP, elapsed_ms=80.0),
        Check(AT, Result.DOWN, Phase.SLOW, elapsed_ms=10_000.0),
        Check(AT, Result.UNKNOWN, Phase.OURS),
        Check(AT, Result.PAUSED),
    ):
        count("one", check)
    count("nobody", Check(AT, Result.UP))
    assert await told(net, "member_probe_total") == {
        "one//up": 2,
        "one/slow/down": 1,
        "one/ours/unknown": 1,
    }
    assert await told(net, "member_probe_duration_seconds_count") == {"one": 2}
    assert await told(net, "member_probe_duration_seconds_sum") == {"one": pytest.approx(0.5)}


async def test_a_check_reaches_metrics_badge_and_network() -> None:
    async with (
        FaultyMember(scripted()) as member,
        network_of([entry(member)], health=SELDOM) as net,
    ):
        await net.known("scripted")
        watch = net.network.watch
        await watch.rounds.step()
        watch.rounds.timetable.hurry("scripted")
        looks = await watch.rounds.step()
        assert looks
        await asyncio.wait(looks)
        await watch.checks.flush()
        await watch.health.refresh()
        assert await told(net, "member_probe_total") == {"scripted//up": 1}
        assert await told(net, "member_probe_duration_seconds_count") == {"scripted": 1}
        assert await told(net, "member_up") == {"scripted": 1}
        badge = await net.ask(path="/members/scripted/badge/uptime-24h.json")
        assert badge.json["message"] == "100 %"
        network = await net.ask(path="/health/badge.json")
        assert network.json["message"] == "1 of 1 answering"


async def test_questions_that_run_are_a_gauge() -> None:
    async with (
        FaultyMember(scripted(hang())) as member,
        network_of([entry(member)]) as net,
    ):
        await net.known("scripted")
        assert await told(net, "queries_in_flight") == {"": 0}
        asking = asyncio.create_task(net.ask(BRAF))
        await come_true(lambda: bool(questions(member)))
        assert await told(net, "queries_in_flight") == {"": 1}
        asking.cancel()
        await asyncio.wait({asking})
        await come_true(lambda: not net.network.service.queries_in_flight)
        assert await told(net, "queries_in_flight") == {"": 0}


async def test_members_that_left_and_deliveries() -> None:
    metrics = Metrics()
    for name in ("one", "two"):
        metrics.probed(name, "up", "", 0.1)
    metrics.keep(["two"])
    metrics.delivered("webhook", "delivered")
    text = (await metrics.text())[0].decode()
    assert 'member="one"' not in text
    assert 'beacon_member_probe_duration_seconds_count{member="two"} 1.0' in text
    assert 'beacon_alert_deliveries_total{kind="webhook",result="delivered"} 1.0' in text


async def test_every_worker_names_itself() -> None:
    metrics = Metrics(worker="2")
    metrics.read_health = lambda: HealthReadings(up={"one": True})
    text = (await metrics.text())[0].decode()
    assert 'beacon_member_up{member="one",worker="2"} 1.0' in text
