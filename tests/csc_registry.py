"""A client of the paths by which members write to CSC's registry, as its page sends them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from demo import DemoNetwork
from registry.keys import KeyKind
from registry.records import MemberRecord
from tests.networks import Json, Reply, Running, network_of
from tests.official import official

UNREACHED = "http://127.0.0.1:9/beacon"


@asynccontextmanager
async def registry(**settings: Any) -> AsyncIterator[Running]:
    """An empty network whose limit of checks is out of the way."""
    async with network_of(**{"security": {"join_rate_limit": 0}, **settings}) as running:
        yield running


def address(demo: DemoNetwork, beacon_id: str = "demo-v1") -> str:
    return next(one["url"] for one in demo.members() if one["id"] == beacon_id)


async def invited(net: Running, uses: int | None = 1) -> str:
    key, _ = await net.network.registry.keyring.invite(by="operator", uses=uses)
    return key


async def post(net: Running, key: str, url: Json, kind: Json = "beacon", **more: Any) -> Reply:
    """Register as CSC's page does."""
    headers = {"Authorization": key, "Accept": "application/json, text/plain, */*"}
    body = {"type": kind, "url": url, **more}
    return await net.ask(path="/services", body=body, headers=headers if key else {})


async def put(net: Running, service_id: str, key: str, url: Json, **more: Any) -> Reply:
    body = {"type": "beacon", "url": url, **more}
    headers = {"Beacon-Service-Key": key} if key else {}
    path = f"/services/{service_id}"
    return await net.ask(path=path, method="PUT", body=body, headers=headers)


async def delete(net: Running, service_id: str, key: str) -> Reply:
    headers = {"Beacon-Service-Key": key} if key else {}
    return await net.ask(path=f"/services/{service_id}", method="DELETE", headers=headers)


async def joined(net: Running, url: str) -> tuple[str, str]:
    """A beacon that has joined: its id and service key."""
    reply = await post(net, await invited(net), url)
    assert reply.status == 201, reply.text
    return reply.json["serviceId"], reply.json["serviceKey"]


def refused(reply: Reply, status: int) -> str:
    """The message of an error, which has the shape of the registry's."""
    assert reply.status == status, reply.text
    official.validate_registry(reply.json, "error")
    return str(reply.json["detail"])


async def records(net: Running) -> dict[str, MemberRecord]:
    return {one.id: one for one in await net.network.registry.steward.records()}


async def is_spent(net: Running, key: str) -> bool:
    return await net.network.registry.keyring.holder(key, KeyKind.INVITATION) is None
