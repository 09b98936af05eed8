"""What is refused of alerts, by programs and by forms: all at once, and in our own words."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from aggregator.watch.alerts.desk import checked_wishes
from tests.alert_kit import receiving
from tests.integration.operators import SECURED
from tests.networks import Reply, Running, entry, network_of, nothing_left

__all__ = ["nothing_left"]

HERE = "/manage/one/alerts"
HOOK = "http://127.0.0.1:1/hook"
Json = Any


@pytest.fixture
async def net(nothing_left: None) -> AsyncIterator[Running]:
    entries = [entry("http://127.0.0.1:1", "one")]
    async with network_of(entries, security=SECURED | {"join_rate_limit": 0}) as running:
        yield running


@pytest.fixture
async def key(net: Running) -> str:
    return await net.network.registry.keyring.rotate("one", by="operator")


async def post(net: Running, key: str, body: Json) -> Reply:
    headers = {"Beacon-Service-Key": key}
    return await net.ask(path=HERE, method="POST", headers=headers, body=body)


async def refused(net: Running, key: str, body: Json) -> str:
    reply = await post(net, key, body)
    assert reply.status == 400, reply.text
    return str(reply.json["detail"])


async def test_topics_that_nobody_knows_hide_nothing_else(net: Running, key: str) -> None:
    body = {
        "kind": "webhook",
        "address": "ftp://example.org",
        "topics": ["nope"],
        "quiet": {"zone": "Mars", "from": "22:00", "to": "07:00"},
        "after_minutes": -1,
        "remind_hours": 1000,
        "colour": "red",
    }
    told = await refused(net, key, body)
    for part in (
        "colour: unknown key",
        "topics: nope is none that can be told",
        "quiet: zone: no time zone",
        "after_minutes: expected at least 0",
        "remind_hours: expected at most 168",
        "address: an address that begins with",
    ):
        assert part in told


async def test_a_wrong_kind_hides_no_wrong_address(net: Running, key: str) -> None:
    told = await refused(net, key, {"kind": "pigeon", "address": "the loft"})
    assert "kind: webhook or email" in told
    assert "address: an address that begins with" in told
    told = await refused(net, key, {"kind": ["webhook"], "address": 7})
    assert "kind: webhook or email" in told
    assert "address: a text" in told
    told = await refused(net, key, {"address": ""})
    assert "address: type or paste" in told
    told = await refused(net, key, {"kind": "pigeon", "address": HOOK})
    assert "address:" not in told


@pytest.mark.parametrize(
    ("given", "problems"),
    [
        ({"after_minutes": -1}, ["after_minutes: expected at least 0"]),
        ({"after_minutes": 1441}, ["after_minutes: expected at most 1,440"]),
        ({"remind_hours": "often"}, ["remind_hours: expected a whole number"]),
        ({"remind_hours": None}, ["remind_hours: expected a whole number"]),
        ({"quiet": {"from": "22:00"}}, ["quiet: to: is needed"]),
        (
            {"quiet": {"zone": 7, "from": 22, "to": "7"}},
            [
                "quiet: zone: expected a text",
                "quiet: from: expected a text",
                "quiet: to: a time of day, as 22:00",
            ],
        ),
        (
            {"quiet": {"from": "22:00", "to": "07:00", "until": "x"}},
            ["quiet: until: unknown key"],
        ),
        ({"quiet": "22:00-07:00"}, ["quiet: expected keys and values"]),
        ({"topics": ["outage"] * 21}, ["topics: more than 20 in the list"]),
        (
            {"topics": None},
            ["topics: a list of outage, slow, flapping, silent, certificate, conformance, control"],
        ),
    ],
)
def test_what_is_wrong_is_said_in_our_words(given: Json, problems: list[str]) -> None:
    assert checked_wishes(given, "one") == (None, problems)


async def test_a_webhook_whose_name_leads_nowhere_is_refused(net: Running, key: str) -> None:
    told = await refused(net, key, {"kind": "webhook", "address": "http://nosuch.invalid/hook"})
    assert told.endswith("address: its name cannot be resolved; look for a typing error")
    for host in ("127.0.0.1:1", "[::1]:1", "localhost:1"):
        made = await post(net, key, {"kind": "webhook", "address": f"http://{host}/hook"})
        assert made.status == 201, made.text


async def test_a_name_that_is_gone_later_is_called_that(
    net: Running, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def lead_somewhere(host: str) -> list[str]:
        return ["127.0.0.1"]

    with monkeypatch.context() as patched:
        patched.setattr("aggregator.watch.alerts.webhooks._addresses", lead_somewhere)
        made = await post(net, key, {"kind": "webhook", "address": "http://nosuch.invalid/hook"})
    assert made.status == 201
    path = f"{HERE}/{made.json['id']}/test"
    tested = await net.ask(path=path, method="POST", headers={"Beacon-Service-Key": key})
    assert tested.json == {"delivered": False, "result": "its name cannot be resolved"}


async def test_without_public_address_messages_say_who_sends_them_and_lead_nowhere(
    net: Running, key: str
) -> None:
    async with receiving() as receiver:
        made = await post(net, key, {"kind": "webhook", "address": receiver.url})
        path = f"{HERE}/{made.json['id']}/test"
        await net.ask(path=path, method="POST", headers={"Beacon-Service-Key": key})
        told, headers = receiver.documents[0], receiver.requests[0][0]
    assert told["member"]["url"] is None
    assert told["network"]["url"] is None
    assert headers["User-Agent"].startswith("beacon-aggregator/")
    assert "(" not in headers["User-Agent"]


async def test_with_public_address_a_request_says_where_its_sender_is_found(
    nothing_left: None,
) -> None:
    public = "https://network.example.org"
    entries = [entry("http://127.0.0.1:1", "one")]
    settings = {"network": {"public_url": public}, "security": SECURED}
    async with network_of(entries, **settings) as net, receiving() as receiver:
        key = await net.network.registry.keyring.rotate("one", by="operator")
        made = await post(net, key, {"kind": "webhook", "address": receiver.url})
        path = f"{HERE}/{made.json['id']}/test"
        await net.ask(path=path, method="POST", headers={"Beacon-Service-Key": key})
        told, headers = receiver.documents[0], receiver.requests[0][0]
    assert told["network"]["url"] == public
    assert headers["User-Agent"].endswith(f" (+{public})")
