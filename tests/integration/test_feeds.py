"""Feeds of a running network: valid Atom of what happened, newest first, with ids that stay."""

import xml.etree.ElementTree as ET
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from aggregator.base.errors import RegistryUnavailable
from registry.incidents import Topic
from tests.atom_feeds import ATOM, problems
from tests.known_health import SELDOM, event, happened
from tests.networks import Running, network_of, nothing_left

__all__ = ["nothing_left"]

AT = datetime(2026, 5, 3, 13, 5, tzinfo=UTC)
DOWN = "has not answered since 13:05 UTC: the TLS certificate is expired"


@pytest.fixture
async def net(nothing_left: None) -> AsyncIterator[Running]:
    entries = [
        {"id": "one", "url": "http://127.0.0.1:9/api", "protocol": "v2", "name": "Ours <&>"},
        {"id": "two", "url": "http://127.0.0.1:9/two", "protocol": "v2"},
    ]
    async with network_of(entries, health=SELDOM) as running:
        yield running


async def feed(net: Running, path: str = "/health/feed.atom") -> ET.Element:
    reply = await net.ask(path=path)
    assert reply.status == 200
    assert reply.headers["Content-Type"] == "application/atom+xml; charset=utf-8"
    root = ET.fromstring(reply.body)
    assert problems(root) == []
    return root


def titles(root: ET.Element) -> list[str]:
    return [each.findtext(f"{ATOM}title") or "" for each in root.findall(f"{ATOM}entry")]


@pytest.mark.parametrize("path", ["/health/feed.atom", "/members/one/feed.atom"])
async def test_a_feed_without_events_is_one_all_the_same(net: Running, path: str) -> None:
    root = await feed(net, path)
    assert titles(root) == []
    joined = net.network.registry.store.records["one"].created_at
    assert datetime.fromisoformat(root.findtext(f"{ATOM}updated") or "") == datetime.fromisoformat(
        joined
    ).replace(microsecond=0)


async def test_what_happened_is_told_newest_first_and_by_name(net: Running) -> None:
    hour = timedelta(hours=1)
    await happened(
        net,
        event("one", AT, DOWN),
        event("two", AT + hour, "is slow <b>now</b>\x00\u202e", Topic.SLOW),
        event("", AT + 2 * hour, "its own connection was away", Topic.NETWORK),
        event("one", AT + 3 * hour, "answers again after 3 h", what="ended"),
    )
    root = await feed(net)
    assert titles(root) == [
        "Ours <&>: answers again after 3 h",
        "Test Network: its own connection was away",
        "two: is slow <b>now</b>",
        f"Ours <&>: {DOWN}",
    ]
    assert root.findtext(f"{ATOM}updated") == "2026-05-03T16:05:00Z"
    last = root.findall(f"{ATOM}entry")[-1]
    assert last.findtext(f"{ATOM}summary") == f"outage, 2026-05-03 13:05:00 UTC: {DOWN}"
    links = [each.find(f"{ATOM}link") for each in root.findall(f"{ATOM}entry")]
    assert [None if link is None else link.get("href") for link in links] == [
        f"{net.url}/health/one",
        f"{net.url}/health",
        f"{net.url}/health/two",
        f"{net.url}/health/one",
    ]
    assert titles(await feed(net, "/members/two/feed.atom")) == ["two: is slow <b>now</b>"]


async def test_an_entry_keeps_its_id_and_has_the_same_in_both_feeds(net: Running) -> None:
    await happened(net, event("one", AT, DOWN))
    ids = []
    for path in ("/health/feed.atom", "/members/one/feed.atom"):
        root = await feed(net, path)
        assert (root.findtext(f"{ATOM}id") or "").startswith("tag:org.example.test-network,2026:")
        ids.append(root.findtext(f"{ATOM}entry/{ATOM}id") or "")
        # another spelling of our address is no other entry
        host = {"Host": "beacons.example.org"}
        reply = await net.ask(path=path, headers=host)
        assert ET.fromstring(reply.body).findtext(f"{ATOM}entry/{ATOM}id") == ids[-1]
    assert len(set(ids)) == 1
    assert ids[0].startswith("tag:org.example.test-network,2026-05-03:events/one:outage:began:")


async def test_a_feed_holds_the_last_fifty(net: Running) -> None:
    await happened(
        net, *(event("one", AT + timedelta(minutes=each), f"event {each}") for each in range(60))
    )
    assert titles(await feed(net)) == [f"Ours <&>: event {each}" for each in range(59, 9, -1)]


async def test_who_has_a_feed_is_not_sent_it_again(net: Running) -> None:
    path = "/members/one/feed.atom"
    await happened(net, event("one", AT, DOWN))
    first = await net.ask(path=path)
    assert first.headers["Cache-Control"] == "max-age=60"
    by_tag = {"If-None-Match": first.headers["ETag"]}
    by_time = {"If-Modified-Since": first.headers["Last-Modified"]}
    for known in (by_tag, by_time, by_tag | {"If-Modified-Since": "Sat, 01 Jan 2000 00:00:00 GMT"}):
        again = await net.ask(path=path, headers=known)
        assert (again.status, again.body) == (304, b""), known
        assert again.headers["ETag"] == first.headers["ETag"]
    # of before what is in it already, and told late
    await happened(net, event("one", AT - timedelta(minutes=3), "was slow", Topic.SLOW))
    for known in (by_tag, by_time, by_tag | by_time):
        changed = await net.ask(path=path, headers=known)
        assert changed.status == 200, known
        assert b"was slow" in changed.body


async def test_a_member_there_is_none_of_has_no_feed(net: Running) -> None:
    reply = await net.ask(path="/members/nobody/feed.atom")
    assert reply.status == 404
    assert reply.json["detail"] == "No member of this network has this id. /members lists them."


async def test_while_the_registry_is_away_there_is_no_feed(
    net: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object, **__: object) -> None:
        raise RegistryUnavailable("The registry cannot be reached just now.", 5)

    monkeypatch.setattr(net.network.watch.health, "latest_events", away)
    for path in ("/health/feed.atom", "/members/one/feed.atom"):
        reply = await net.ask(path=path)
        assert (reply.status, reply.headers["Retry-After"]) == (503, "5")
        assert reply.json["detail"] == "The registry cannot be reached just now."
