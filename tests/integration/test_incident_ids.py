"""What names an incident to everybody tells nothing of members that nobody sees."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from registry.health_store import Batch, IncidentChange
from registry.incidents import IncidentKey, Topic
from tests.hiding import three_hidden
from tests.known_health import SELDOM
from tests.networks import Running, nothing_left

__all__ = ["nothing_left"]

HIDDEN = "quellwater"
BEGAN = datetime(2026, 11, 20, 8, 30, 12, 345678, tzinfo=UTC)


@pytest.fixture
async def net(nothing_left: None, tmp_path: Path) -> AsyncIterator[Running]:
    async with three_hidden(tmp_path, health=SELDOM) as running:
        yield running


async def begin(net: Running, member_id: str, began: datetime) -> None:
    change = IncidentChange(member_id, Topic.OUTAGE, began, began + timedelta(minutes=9), "down")
    await net.network.watch.health.write(Batch(incidents=[change]))


async def told(net: Running, path: str = "/health.json") -> list[Any]:
    return list((await net.ask(path=path)).json["incidents"])


async def test_an_incident_nobody_sees_changes_nothing_that_is_told(net: Running) -> None:
    await begin(net, "plain", BEGAN)
    before = await told(net)
    for at in range(1, 30):
        await begin(net, HIDDEN, BEGAN + timedelta(hours=at))
    await begin(net, "plain", BEGAN + timedelta(hours=40))
    after = await told(net)

    assert len(before) == 1
    assert after[1:] == before
    assert all("number" not in one for one in after)
    last = IncidentKey("plain", Topic.OUTAGE, BEGAN + timedelta(hours=40))
    assert after[0]["id"] == last.id  # whatever else was counted meanwhile
    assert after == await told(net, "/health/plain.json")


async def test_nobody_finds_out_whether_there_is_one(net: Running) -> None:
    await begin(net, HIDDEN, BEGAN)
    answers = set()
    for began in (BEGAN, BEGAN + timedelta(hours=1)):
        below = IncidentKey(HIDDEN, Topic.OUTAGE, began).id
        for path in ("/health.json", "/health/plain.json"):
            reply = await net.ask(path=f"{path}?below={below}")
            answers.add((reply.status, *reply.json["problems"]))

    assert len(answers) == 1
    ((status, message),) = answers
    assert status == 400
    assert "no such incident" in message


@pytest.mark.parametrize("below", ["7", "abc", "x" * 500, "bmF-", "YQpvdXRhZ2UKbmFu"])
async def test_what_is_no_id_is_said(net: Running, below: str) -> None:
    reply = await net.ask(path=f"/health.json?below={below}")

    assert reply.status == 400
    assert reply.json["problems"] == ["below: the id of an incident, as these pages give it."]


@pytest.mark.parametrize("member_id", ["", "one", "ö"])
def test_an_id_reads_back(member_id: str) -> None:
    key = IncidentKey(member_id, Topic.SILENT, BEGAN)

    assert IncidentKey.read(key.id) == key
