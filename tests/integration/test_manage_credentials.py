"""A member changes its address: what the operator gave it to be asked with does not go along."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.faulty import Behaviour, FaultyMember, Wire
from tests.join_visits import joined
from tests.networks import BRAF, Reply, Running, network_of, scripted

SECRET = "BEACON_MEMBER_TOKEN_ARCHIVE"


@pytest.fixture(autouse=True)
def operators_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SECRET, "operators-own")


def at_any_path() -> Behaviour:
    """The same beacon below `/`, `/other` and elsewhere."""
    beacon = scripted()

    async def behave(wire: Wire) -> None:
        assert wire.request is not None
        method, target, version = wire.request.line.split(" ")
        inner = target.removeprefix("/other")
        object.__setattr__(wire.request, "line", f"{method} {inner} {version}")
        await beacon(wire)
        object.__setattr__(wire.request, "line", f"{method} {target} {version}")

    return behave


def credentials(member: FaultyMember) -> set[str]:
    """All that ever came to a listening socket."""
    return {told for seen in member.requests if (told := seen.headers.get("authorization"))}


@asynccontextmanager
async def trusted(member: FaultyMember, mode: str) -> AsyncIterator[tuple[Running, str]]:
    """A network whose operator gave a member a credential; and the member's own service key."""
    limits = {"join_rate_limit": 0}
    async with network_of(registry={"joining": mode}, security=limits) as net:
        told = await joined(net, member.url, id="archive")
        steward = net.network.registry.steward
        await steward.approve("archive", by="operator")
        await steward.edit("archive", {"token": f"env:{SECRET}"}, by="operator")
        yield net, told["serviceKey"]


async def edit(net: Running, key: str, **changes: str) -> Reply:
    headers = {"Beacon-Service-Key": key}
    return await net.ask(
        path="/manage/archive", method="PATCH", body=changes, headers=headers, within_s=60
    )


@pytest.mark.parametrize("mode", ["open", "approval"])
async def test_no_new_host_gets_it_before_the_operator_agrees(
    mode: str, nothing_left: None
) -> None:
    async with FaultyMember(scripted()) as member, FaultyMember(scripted()) as thief:
        async with trusted(member, mode) as (net, key):
            reply = await edit(net, key, url=thief.url)
            answer = await net.ask(BRAF)
            reached = credentials(thief)
            await net.network.registry.steward.approve("archive", by="operator")
            await net.ask(BRAF, headers={"Cache-Control": "no-cache"})

        assert reply.status == 200
        assert reply.json["entry"]["url"] == member.url
        assert reply.json["proposed"]["url"] == thief.url
        assert "Another address waits for an operator" in reply.json["message"]
        assert answer.endings == {"archive": "found"}
        assert credentials(member) == {"Bearer operators-own"}
        assert thief.requests
        assert reached == set()
        assert credentials(thief) == {"Bearer operators-own"}


@pytest.mark.parametrize("mode", ["open", "approval"])
async def test_no_other_path_of_its_host_gets_it_either(mode: str, nothing_left: None) -> None:
    async with FaultyMember(at_any_path()) as member, trusted(member, mode) as (net, key):
        reply = await edit(net, key, url=f"{member.url}/other")
        await net.ask(BRAF)

        assert reply.status == 200, reply.text
        assert reply.json["proposed"]["url"] == f"{member.url}/other"
        at = {
            seen.target.partition("?")[0]
            for seen in member.requests
            if "authorization" in seen.headers
        }
        assert "/g_variants" in at
        assert not any(path.startswith("/other") for path in at)
