"""What the check saw is known of a member from its first moment, so its first question is right.

These networks do not send test questions of their own: what is known is what the check found out.
"""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.faulty import FaultyMember, Wire, json_answer
from tests.join_visits import AGREED, Visitor, joined
from tests.networks import BRAF, Running, network_of, questions, says, scripted

LIMITS = {"join_rate_limit": 0}


async def nested_only(wire: Wire) -> None:
    """A beacon that takes questions by POST, its variants in a nest, and no others."""
    assert wire.request is not None
    told = json.loads(wire.request.body)["query"] if wire.request.method == "POST" else {}
    is_fit = "g_variant" in told.get("requestParameters", {})
    refused = {"error": {"errorCode": 400, "errorMessage": "not like this"}}
    await (json_answer(says()) if is_fit else json_answer(refused, 400))(wire)


@pytest.fixture
async def member(nothing_left: None) -> AsyncIterator[FaultyMember]:
    async with FaultyMember(scripted(nested_only)) as running:
        yield running


async def first_answer(net: Running, member: FaultyMember) -> tuple[dict[str, str], int]:
    """The ending of the first question, and how often the member was asked for it."""
    before = len(questions(member))
    reply = await net.ask(BRAF)
    return reply.endings, len(questions(member)) - before


async def by_form(net: Running, member: FaultyMember, **typed: Any) -> None:
    page = await Visitor(net).get("/join/check", url=member.url)
    told = {**AGREED, "id": "archive", **typed}
    await Visitor(net).send(page, "/join", told, status=201)


async def by_program(net: Running, member: FaultyMember, **told: Any) -> None:
    await joined(net, member.url, id="archive", **told)


@pytest.mark.parametrize("way", [by_form, by_program])
async def test_who_joins_an_open_network_is_asked_right_at_once(
    member: FaultyMember, way: Any
) -> None:
    async with network_of(registry={"joining": "open"}, security=LIMITS) as net:
        await way(net, member)
        known = net.member("archive")
        answer = await first_answer(net, member)

    assert answer == ({"archive": "found"}, 1)
    assert known.learned.parameters == "nested"
    assert known.capabilities.fetched_at is not None
    assert len(known.probes) >= 4


@pytest.mark.parametrize("way", [by_form, by_program])
@pytest.mark.parametrize("mode", ["approval", "invitation"])
async def test_who_is_invited_too(member: FaultyMember, mode: str, way: Any) -> None:
    async with network_of(registry={"joining": mode}, security=LIMITS) as net:
        key, _ = await net.network.registry.keyring.invite(by="operator")
        await way(net, member, invitation=key)
        answer = await first_answer(net, member)

    assert answer == ({"archive": "found"}, 1)


async def test_a_move_that_need_not_wait_takes_it_along(member: FaultyMember) -> None:
    async with (
        FaultyMember(scripted()) as old,
        network_of(registry={"joining": "open"}, security=LIMITS) as net,
    ):
        told = await joined(net, old.url, id="archive")
        moved = await net.ask(
            path="/manage/archive",
            method="PATCH",
            body={"url": member.url},
            headers={"Beacon-Service-Key": told["serviceKey"]},
            within_s=60,
        )
        answer = await first_answer(net, member)

    assert moved.json["entry"]["url"] == member.url
    assert answer == ({"archive": "found"}, 1)
