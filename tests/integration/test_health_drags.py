"""Who drags the network down: how real questions to each member went, for operators."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from registry.health_store import Batch
from registry.history import Kind, Uptime
from tests.health_world import SELDOM, everywhere, health_network, store_of, told
from tests.hiding import leaks, three_hidden
from tests.integration.operators import SECURED, Visitor
from tests.networks import Running
from tests.pages import HTML

ADDRESS = "/admin/health"
NOT_ASKED = ["none asked", "", "", "", ""]


async def asked(
    net: Running,
    member_id: str,
    uptime: Uptime,
    *,
    hours: int = 1,
    elapsed_ms: float = 200.0,
    timed_out: int = 0,
) -> None:
    """Write how questions of some hours ago went."""
    at = datetime.now(UTC) - timedelta(hours=hours)
    batch = Batch()
    batch.buckets = everywhere(
        member_id, at, uptime, kind=Kind.QUESTION, elapsed_ms=elapsed_ms, timed_out=timed_out
    )
    await store_of(net).write(batch)


@pytest.fixture
async def net(nothing_left: None) -> AsyncIterator[Running]:
    members = [told(one, name=one.title()) for one in ("alpha", "beta", "delta", "gamma")]
    async with health_network(members, security=SECURED) as net:
        await asked(net, "alpha", Uptime(up=20, down=1), elapsed_ms=300)
        await asked(net, "beta", Uptime(up=5, down=3), elapsed_ms=9000, timed_out=2)
        await asked(net, "delta", Uptime(up=2), elapsed_ms=500, hours=72)
        await asked(net, "delta", Uptime(down=12), hours=72, timed_out=12)
        yield net


async def rows(net: Running, asked_for: str = "") -> dict[str, list[str]]:
    """The table, by the name of the beacon, in its order."""
    visitor = await Visitor(net).sign_in()
    page = await visitor.get(ADDRESS + asked_for)
    region = page.root.one("div", aria_label="Who drags the network down")
    found = {}
    for row in region.one("tbody").all("tr"):
        found[row.one("a").text] = [cell.text for cell in row.all("td")]
    return found


async def test_every_member_is_listed_the_slowest_first(net: Running) -> None:
    found = await rows(net)
    assert list(found) == ["Beta", "Alpha", "Delta", "Gamma"]
    assert found["Alpha"][0] == "21"
    assert found["Alpha"][2:] == ["0", "1", "25 %"]
    assert found["Beta"][0] == "8"
    assert found["Beta"][2:] == ["2", "3", "75 %"]
    assert found["Beta"][1].startswith(("8.", "9."))
    assert found["Delta"] == found["Gamma"] == NOT_ASKED


async def test_of_a_week_and_by_time_outs(net: Running) -> None:
    found = await rows(net, "?window=7d&sort=timeouts")
    assert list(found) == ["Delta", "Beta", "Alpha", "Gamma"]
    assert found["Delta"][0] == "14"
    assert found["Delta"][2:] == ["12", "12", "75 %"]
    assert list(await rows(net, "?sort=failed")) == ["Beta", "Alpha", "Delta", "Gamma"]
    assert list(await rows(net, "?sort=name&window=7d")) == ["Alpha", "Beta", "Delta", "Gamma"]


async def test_what_is_no_choice_is_refused(net: Running) -> None:
    visitor = await Visitor(net).sign_in()
    page = await visitor.get(f"{ADDRESS}?sort=worst&window=30d&below=x", status=400)
    assert "sort: “worst” is none of p95, timeouts, failed, name." in page.text
    assert "window: “30d” is none of 24h, 7d." in page.text
    await visitor.get(f"{ADDRESS}?below=0", status=400)


async def test_hidden_members_are_listed_for_operators_alone(
    nothing_left: None, tmp_path: Path
) -> None:
    async with three_hidden(tmp_path, security=SECURED, health=SELDOM) as net:
        await asked(net, "quellwater", Uptime(up=1, down=4), timed_out=4)
        found = await rows(net, "?sort=timeouts")
        assert next(iter(found.values()))[2:] == ["4", "4", "100 %"]
        for path in ("/health", "/health.json", "/metrics"):
            assert leaks((await net.ask(path=path, headers=HTML)).text) == []
