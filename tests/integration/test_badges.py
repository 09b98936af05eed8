"""Badges of a running network: what they say, to whom they say nothing, and how they are kept."""

import xml.etree.ElementTree as ET
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from aggregator.api.badge_facts import LABELS, NAMES
from aggregator.base.errors import RegistryUnavailable
from registry.health import State, Trait
from registry.history import Histogram, Uptime
from tests.known_health import SELDOM, checked, fact, stands
from tests.networks import Reply, Running, network_of, nothing_left

__all__ = ["nothing_left"]

SVG = "{http://www.w3.org/2000/svg}"
GREY, BROWN = "#57606a", "#8c2d04"
PAUSE = {"note": "moving"}
NAME = 'Ours <&> "yours"'


@pytest.fixture
async def net(nothing_left: None) -> AsyncIterator[Running]:
    entries: list[dict[str, Any]] = [
        {"id": "one", "url": "http://127.0.0.1:9/api", "protocol": "v2", "name": NAME},
        {"id": "two", "url": "http://127.0.0.1:9/two", "protocol": "v2"},
        {"id": "off", "url": "http://127.0.0.1:9/off", "protocol": "v2", "disabled": True},
        {"id": "away", "url": "http://127.0.0.1:9/away", "protocol": "v2", "paused": PAUSE},
    ]
    async with network_of(entries, health=SELDOM) as running:
        yield running


async def badge(net: Running, name: str, member: str = "one", **query: str) -> tuple[str, str]:
    """What a badge says, the same as a picture and for shields.io; and its colour."""
    picture = await net.ask(query, path=f"/members/{member}/badge/{name}.svg")
    twin = await net.ask(query, path=f"/members/{member}/badge/{name}.json")
    assert (picture.status, twin.status) == (200, 200), picture.text + twin.text
    root = ET.fromstring(picture.body)
    label, message = (each.text for each in root.iter(f"{SVG}text"))
    assert (label, message) == (twin.json["label"], twin.json["message"])
    assert label == query.get("label", LABELS[name])
    fill = next(root.iter(f"{SVG}rect")).get("fill")
    assert fill == twin.json["color"]
    return str(message), str(fill)


def title(reply: Reply) -> str:
    root = ET.fromstring(reply.body)
    said = root.findtext(f"{SVG}title") or ""
    assert root.get("aria-label") == said
    assert root.get("role") == "img"
    return said


@pytest.mark.parametrize("name", NAMES)
async def test_of_a_member_nothing_is_known_of_there_is_no_data(net: Running, name: str) -> None:
    assert await badge(net, name) == ("no data", GREY)


async def test_health_is_that_of_the_last_checks(net: Running) -> None:
    await stands(net, {"one": State.UP, "two": State.DOWN, "off": State.DOWN, "away": State.DOWN})
    assert (await badge(net, "health"))[0] == "up"
    assert await badge(net, "health", "two") == ("down", BROWN)
    # who does not want to be asked now is not called down
    assert await badge(net, "health", "off") == ("switched off", GREY)
    assert await badge(net, "health", "away") == ("paused", GREY)
    await stands(net, {"one": State.UP}, Trait.FLAPPING, Trait.SLOW)
    assert (await badge(net, "health"))[0] == "flapping"


async def test_uptime_and_p95_are_those_of_the_history(net: Running) -> None:
    times = Histogram()
    times.add(400.0, 999)
    await checked(net, "one", Uptime(up=999, down=1, unknown=5, paused=50), times)
    p95 = times.quantile(0.95)
    assert p95 is not None
    for window in ("24h", "7d", "30d", "1y"):
        assert (await badge(net, f"uptime-{window}"))[0] == "99.9 %"
        assert (await badge(net, f"p95-{window}"))[0] == f"{round(p95 + 0.5)} ms"
    reply = await net.ask(path="/members/one/badge/uptime-30d.svg")
    assert title(reply).endswith("uptime 30 d: 99.9 % of 1,000 checks")
    assert (await badge(net, "uptime-7d", "two"))[0] == "no data"


async def test_certificate_and_conformance_are_what_was_seen_last(net: Running) -> None:
    ends = datetime.now(UTC) + timedelta(days=62, hours=1)
    await fact(net, "one", "certificate", {"validUntil": ends.isoformat(), "problem": None})
    await fact(net, "one", "conformance", {"score": {"passed": 40, "total": 42}})
    assert (await badge(net, "cert"))[0] == "62 days"
    assert (await badge(net, "conformance"))[0] == "40 of 42"
    await fact(net, "one", "certificate", {"validUntil": ends.isoformat(), "problem": "host"})
    assert await badge(net, "cert") == ("for another host", BROWN)


async def test_the_network_counts_those_it_knows_of(net: Running) -> None:
    reply = await net.ask(path="/health/badge.json")
    assert (reply.json["label"], reply.json["message"]) == ("beacons", "no data")
    await stands(net, {"one": State.UP, "two": State.DOWN, "off": State.UP})
    reply = await net.ask({"label": "beacons of ours"}, path="/health/badge.json")
    assert reply.json["label"] == "beacons of ours"
    assert reply.json["message"] == "1 of 2 answering"
    picture = await net.ask(path="/health/badge.svg")
    assert title(picture) == "Test Network – beacons: 1 of 2 answering, 2 paused"


async def test_a_label_is_words_and_no_more_than_fit(net: Running) -> None:
    hostile = '"/><script>alert(1)</script>&<style>'
    reply = await net.ask({"label": hostile}, path="/members/one/badge/health.svg")
    root = ET.fromstring(reply.body)
    assert next(root.iter(f"{SVG}text")).text == hostile
    assert {each.tag.removeprefix(SVG) for each in root.iter()} == {
        "svg", "title", "rect", "path", "g", "text",
    }  # fmt: skip
    assert title(reply) == 'Ours <&> "yours" – health: no data'
    long = await net.ask({"label": "x" * 5_000}, path="/members/one/badge/health.svg")
    told = next(ET.fromstring(long.body).iter(f"{SVG}text")).text or ""
    assert len(told) == 60
    assert told.endswith("…")
    assert len(long.body) < 3_000


async def test_a_badge_is_kept_for_a_minute_and_asked_for_again_by_its_tag(net: Running) -> None:
    path = "/members/one/badge/health.svg"
    await stands(net, {"one": State.UP})
    first = await net.ask(path=path)
    assert first.headers["Content-Type"] == "image/svg+xml; charset=utf-8"
    assert first.headers["Cache-Control"] == "max-age=60"
    assert first.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    known = {"If-None-Match": first.headers["ETag"]}
    again = await net.ask(path=path, headers=known)
    assert (again.status, again.body) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]
    assert again.headers["Cache-Control"] == "max-age=60"
    await stands(net, {"one": State.DOWN})
    changed = await net.ask(path=path, headers=known)
    assert changed.status == 200
    assert changed.headers["ETag"] != first.headers["ETag"]


@pytest.mark.parametrize("name", NAMES)
async def test_a_member_there_is_none_of_is_a_picture_that_says_so(net: Running, name: str) -> None:
    reply = await net.ask(path=f"/members/nobody/badge/{name}.svg")
    assert reply.status == 404
    assert reply.headers["Content-Type"] == "image/svg+xml; charset=utf-8"
    assert title(reply) == "beacon: unknown beacon"
    twin = await net.ask(path=f"/members/nobody/badge/{name}.json")
    assert twin.status == 404
    assert twin.json["detail"] == "No member of this network has this id. /members lists them."


async def test_a_badge_there_is_none_of_is_refused_by_naming_those_there_are(net: Running) -> None:
    reply = await net.ask(path="/members/one/badge/uptime-99y.svg")
    assert (reply.status, title(reply)) == (404, "beacon: unknown badge")
    twin = await net.ask(path="/members/one/badge/uptime-99y.json")
    assert twin.status == 404
    assert all(name in twin.json["detail"] for name in NAMES)


async def test_while_the_registry_is_away_a_badge_says_so(
    net: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object, **__: object) -> None:
        raise RegistryUnavailable("The registry cannot be reached just now.", 5)

    monkeypatch.setattr(net.network.watch.health, "figures", away)
    reply = await net.ask(path="/members/one/badge/uptime-30d.svg")
    assert (reply.status, title(reply)) == (503, "beacon: not available now")
    assert (reply.headers["Retry-After"], reply.headers["Cache-Control"]) == ("5", "no-store")
    twin = await net.ask(path="/members/one/badge/uptime-30d.json")
    assert twin.status == 503
    # what is in memory is told all the same
    assert (await net.ask(path="/members/one/badge/health.svg")).status == 200


async def test_browsers_get_a_page_for_what_is_not_there(net: Running) -> None:
    reply = await net.ask(path="/members/nobody/badge/health.json", headers={"Accept": "text/html"})
    assert reply.status == 404
    assert reply.headers["Content-Type"].startswith("text/html")


async def test_a_badge_can_be_shown_by_other_pages(net: Running) -> None:
    reply = await net.ask(
        path="/members/one/badge/health.svg", headers={"Origin": "https://a.example"}
    )
    assert reply.headers["Access-Control-Allow-Origin"] == "*"
    head = await net.ask(path="/members/one/badge/health.svg", method="HEAD")
    assert (head.status, head.body) == (200, b"")
    assert head.headers["ETag"] == reply.headers["ETag"]
