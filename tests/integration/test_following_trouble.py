"""Following registries while something is wrong here: a clock, or a look that fails inside."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update
from structlog.testing import capture_logs

from aggregator.base.errors import RegistryUnavailable
from aggregator.watch.following import Follower
from registry.database import Change
from registry.followed import Followed
from registry.records import moment
from registry.store import CLOCKS_DIFFER_S
from registry.tables import FOLLOWED
from tests.faulty import FaultyMember, json_answer
from tests.networks import Running, network_of

BY = "operator:anna"
HOUR_S = 3600.0


@asynccontextmanager
async def followed(*names: str) -> AsyncIterator[tuple[Running, Follower, FaultyMember]]:
    """A network that follows lists of these ids; only the test looks at them again."""
    registry = {"url": "sqlite:///:memory:", "probe": False, "follow_s": HOUR_S}
    async with (
        FaultyMember(json_answer(["http://127.0.0.1:9/a"])) as there,
        network_of(registry=registry) as net,
    ):
        follower = net.network.around.follower
        await follower.aclose()
        for name in names:
            await follower.follow(name, f"{there.url}/{name}.json", by=BY)
        yield net, follower, there


async def looked(net: Running, source_id: str, ago_s: float) -> None:
    """Note a look that long ago."""
    at = moment(datetime.now(UTC) - timedelta(seconds=ago_s))

    async def write(change: Change) -> None:
        chosen = FOLLOWED.c.id == source_id
        await change.connection.execute(update(FOLLOWED).where(chosen).values(looked_at=at))

    await net.network.registry.database.change(write, is_news=False)


def asked(there: FaultyMember) -> list[str]:
    return [request.target for request in there.requests]


@pytest.mark.parametrize(
    ("ago_s", "is_due"),
    [
        (HOUR_S + 60, True),
        (HOUR_S - 60, False),
        (-CLOCKS_DIFFER_S / 2, False),
        (-CLOCKS_DIFFER_S - 60, True),
        (-100 * 365 * 24 * HOUR_S, True),
    ],
    ids=["old", "new", "by another clock", "by a wrong clock", "in a hundred years"],
)
async def test_a_look_of_the_future_is_none(ago_s: float, is_due: bool) -> None:
    async with followed("csc") as (net, follower, there):
        await looked(net, "csc", ago_s)
        seen = len(there.requests)
        await follower.look_at_due()
        assert len(there.requests) == seen + is_due
        (source,) = await follower.followed()
        assert source.looked_at is not None
        if is_due:  # and it is noted by the right one
            assert source.looked_at <= moment(datetime.now(UTC))


async def test_a_look_that_fails_inside_stops_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    async with followed("first", "second", "third") as (net, follower, there):
        for name in ("first", "second", "third"):
            await looked(net, name, 2 * HOUR_S)
        take = follower._take

        async def failing(source: Followed, listed: Any) -> None:
            if source.id != "second":
                raise RuntimeError("a surprise")
            await take(source, listed)

        monkeypatch.setattr(follower, "_take", failing)
        seen = len(there.requests)
        with capture_logs() as logs:
            await follower.look_at_due()
        assert asked(there)[seen:] == ["/first.json", "/second.json", "/third.json"]
        told = {source.id: source.result for source in await follower.followed()}
        assert told["first"] == told["third"]
        assert "this network failed at it" in told["first"]
        assert "this network failed" not in told["second"]
        assert [one["registry"] for one in logs if one["log_level"] == "error"] == [
            *("first", "third"),
        ]
        await follower.look_at_due()  # nobody is asked again at once
        assert len(there.requests) == seen + 3


async def test_without_the_registry_the_other_looks_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    async with followed("first", "second") as (net, follower, there):
        for name in ("first", "second"):
            await looked(net, name, 2 * HOUR_S)

        async def away(*_: Any) -> None:
            raise RegistryUnavailable("gone", retry_after_s=5)

        monkeypatch.setattr(follower, "_take", away)
        seen = len(there.requests)
        with pytest.raises(RegistryUnavailable):
            await follower.look_at_due()
        assert len(there.requests) == seen + 1
