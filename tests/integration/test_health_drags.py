"""Who drags the network down: how real questions to each member went, for operators."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from registry.health import Trait
from registry.health_store import Batch
from registry.history import Kind, Uptime
from tests.health_world import SELDOM, everywhere, health_network, store_of, told, write_health
from tests.hiding import leaks, three_hidden
from tests.integration.operators import SECURED, Visitor, call
from tests.networks import Running
from tests.pages import HTML

ADDRESS = "/admin/health"
NOT_ASKED = ["none asked", "", "", "", "", ""]


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


async def checked(net: Running, member_id: str, uptime: Uptime, *, hours: int = 1) -> None:
    """Write how checks of some hours ago went."""
    batch = Batch()
    batch.buckets = everywhere(member_id, datetime.now(UTC) - timedelta(hours=hours), uptime)
    await store_of(net).write(batch)


async def test_who_is_down_and_not_asked_for_that_is_the_worst(net: Running) -> None:
    await checked(net, "alpha", Uptime(up=90, down=10))
    await checked(net, "gamma", Uptime(up=25, down=75, paused=7, unknown=9))
    await checked(net, "gamma", Uptime(up=100), hours=72)
    found = await rows(net)
    assert list(found) == ["Gamma", "Beta", "Alpha", "Delta"]
    assert {name: row[-1] for name, row in found.items()} == {
        "Gamma": "75 %",
        "Beta": "",
        "Alpha": "10 %",
        "Delta": "",
    }
    assert found["Gamma"][0] == "none asked"
    assert (await rows(net, "?window=7d"))["Gamma"][-1] == "37.5 %"
    assert next(iter(await rows(net, "?sort=failed"))) == "Beta"
    document = (await call(net, "GET", "health")).json
    told = {one["id"]: (one["down"], one["cost"]) for one in document["drags"]["members"]}
    assert list(told) == ["gamma", "beta", "alpha", "delta"]
    assert told["gamma"] == (0.75, 0.75)
    assert told["beta"] == (None, pytest.approx(3 / 21))
    assert told["alpha"] == (0.1, 0.1)
    assert told["delta"] == (None, None)


async def test_who_answers_checks_but_no_question_costs_what_it_was_asked(net: Running) -> None:
    await write_health(net, "delta", traits=[Trait.SILENT])
    await asked(net, "delta", Uptime(up=1, down=3), timed_out=3)
    assert list(await rows(net))[:2] == ["Delta", "Beta"]
    drags = (await call(net, "GET", "health")).json["drags"]["members"]
    (delta,) = [one for one in drags if one["id"] == "delta"]
    assert (delta["down"], delta["cost"]) == (0, 0.75)


async def test_every_member_is_listed_the_slowest_first(net: Running) -> None:
    found = await rows(net, "?sort=p95")
    assert list(found) == ["Beta", "Alpha", "Delta", "Gamma"]
    assert found["Alpha"][0] == "21"
    assert found["Alpha"][2:5] == ["0", "1", "25 %"]
    assert found["Beta"][0] == "8"
    assert found["Beta"][2:5] == ["2", "3", "75 %"]
    assert found["Beta"][1].startswith(("8.", "9."))
    assert found["Delta"] == found["Gamma"] == NOT_ASKED


async def test_of_a_week_and_by_time_outs(net: Running) -> None:
    found = await rows(net, "?window=7d&sort=timeouts")
    assert list(found) == ["Delta", "Beta", "Alpha", "Gamma"]
    assert found["Delta"][0] == "14"
    assert found["Delta"][2:5] == ["12", "12", "75 %"]
    assert list(await rows(net, "?sort=failed")) == ["Beta", "Alpha", "Delta", "Gamma"]
    assert list(await rows(net, "?sort=name&window=7d")) == ["Alpha", "Beta", "Delta", "Gamma"]


async def test_what_is_no_choice_is_refused(net: Running) -> None:
    visitor = await Visitor(net).sign_in()
    page = await visitor.get(f"{ADDRESS}?sort=worst&window=30d&below=x", status=400)
    assert "sort: “worst” is none of cost, p95, timeouts, failed, name." in page.text
    assert "window: “30d” is none of 24h, 7d." in page.text
    await visitor.get(f"{ADDRESS}?below=0", status=400)


async def test_hidden_members_are_listed_for_operators_alone(
    nothing_left: None, tmp_path: Path
) -> None:
    async with three_hidden(tmp_path, security=SECURED, health=SELDOM) as net:
        await asked(net, "quellwater", Uptime(up=1, down=4), timed_out=4)
        found = await rows(net, "?sort=timeouts")
        assert next(iter(found.values()))[2:5] == ["4", "4", "100 %"]
        for path in ("/health", "/health.json", "/metrics"):
            assert leaks((await net.ask(path=path, headers=HTML)).text) == []
