"""Certificates as everybody reads them: lists, pages and documents of programs."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.health_world import certificate, health_network, told, write_health
from tests.networks import Running
from tests.pages import look


@pytest.fixture
async def net(nothing_left: None) -> AsyncIterator[Running]:
    async with health_network([told("brief"), told("near"), told("bad"), told("good")]) as net:
        for member in ("brief", "near", "bad", "good"):
            await write_health(net, member)
        began = (datetime.now(UTC) - timedelta(days=2)).isoformat()
        await certificate(net, "brief", days=4, validFrom=began, isSeen=True)
        await certificate(net, "near", days=20, isSeen=True)
        await certificate(net, "bad", days=80, problem="host", isSeen=True)
        await certificate(net, "good", days=80, isSeen=True)
        yield net


async def listed(net: Running, **query: str) -> list[dict[str, Any]]:
    reply = await net.ask(query, path="/health.json")
    assert reply.status == 200, reply.text
    return list(reply.json["members"])


async def test_one_that_is_renewed_every_few_days_is_well(net: Running) -> None:
    failing = await listed(net, show="failing")
    assert {one["id"] for one in failing} == {"near", "bad"}
    by_certificate = await listed(net, sort="certificate")
    assert [one["id"] for one in by_certificate] == ["bad", "near", "brief", "good"]
    page = await look(net, "/health/brief")
    (shown,) = page.root.all("span", class_="certificate")
    assert shown.text == "✓ 4 days"
    assert "is-good" in shown.attributes["class"]
    assert "Renew it in good time" not in page.text
    badge = (await net.ask(path="/members/brief/badge/cert.json")).json
    other = (await net.ask(path="/members/good/badge/cert.json")).json
    assert (badge["message"], badge["color"]) == ("4 days", other["color"])


async def test_programs_are_told_what_was_found(net: Running) -> None:
    found = {one["id"]: one["certificate"]["problem"] for one in await listed(net)}
    assert found == {"brief": "none", "near": "none", "bad": "host", "good": "none"}
    rows = (await net.ask(path="/health.csv")).text.splitlines()
    place = rows[0].split(",").index("certificate_problem")
    assert {row.split(",")[0]: row.split(",")[place] for row in rows[1:]} == found


async def test_the_part_of_a_chain_that_ends_first_is_named(net: Running) -> None:
    own = {"subject": "CN=own", "issuer": "CN=<b>above</b>", "isUsed": True}
    own |= {"validFrom": "2026-01-01T00:00:00+00:00", "validUntil": "2027-01-01T00:00:00+00:00"}
    above = own | {"subject": "CN=<b>above</b>", "issuer": "CN=root", "fingerprint": "ab"}
    await certificate(net, "good", days=61, isSeen=True, endsFirst=1, chain=[own, above])
    document = (await net.ask(path="/health/good.json")).json["certificate"]
    assert (document["isSeen"], document["endsFirst"]) == (True, 1)
    assert document["chain"][1] == {
        "subject": "CN=<b>above</b>",
        "issuer": "CN=root",
        "validFrom": "2026-01-01T00:00:00Z",
        "validUntil": "2027-01-01T00:00:00Z",
        "fingerprint": "ab",
        "isUsed": True,
    }
    page = await look(net, "/health/good")
    assert "Here it is a certificate above its own: CN=<b>above</b>." in page.text
    page = await look(net, "/health/near")
    assert "above its own" not in page.text


async def test_behind_a_proxy_none_is_seen(net: Running) -> None:
    unseen = {"isSeen": False, "message": "looked at through a proxy", "validUntil": None}
    blank = dict.fromkeys(("issuer", "subject", "endsFirst"))
    await certificate(net, "good", **{**unseen, **blank})
    document = (await net.ask(path="/health/good.json")).json["certificate"]
    assert (document["isSeen"], document["problem"], document["chain"]) == (False, None, [])
    page = await look(net, "/health/good")
    assert "? not known" in page.text
    assert "looked at through a proxy" in page.text
