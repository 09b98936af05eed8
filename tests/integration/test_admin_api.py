"""What operators do through the API: in force at once, in the log, and nothing done by mistakes."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from registry.keys import KeyKind
from registry.registration import Registration
from tests.faulty import FaultyMember
from tests.integration.operators import AS_OPERATOR, SECURED, call, newest, problem_of
from tests.networks import BRAF, Running, entry, network_of, nothing_left, scripted

__all__ = ["nothing_left"]

Json = Any


@pytest.fixture
async def member(nothing_left: None) -> AsyncIterator[FaultyMember]:
    async with FaultyMember(scripted()) as member:
        yield member


@pytest.fixture
async def net(member: FaultyMember) -> AsyncIterator[Running]:
    entries = [entry(member, "one", name="One", groups=["europe"]), entry(f"{member.url}/b", "two")]
    async with network_of(entries, security=SECURED) as net:
        yield net


async def asks_to_join(net: Running, member_id: str = "new") -> None:
    told = Registration(id=member_id, url=f"https://{member_id}.example.org", contact="a@b.org")
    await net.network.registry.steward.register(told, by="stranger")


async def stored(net: Running) -> Json:
    """Everything operators can change."""
    paths = ("members", "groups", "keys", "followed", "log")
    return [(await call(net, "GET", path)).json for path in paths]


async def test_members_are_listed_by_state(net: Running) -> None:
    await asks_to_join(net)
    every = (await call(net, "GET", "members")).json["members"]
    assert [(one["id"], one["state"]) for one in every] == [
        ("one", "active"),
        ("two", "active"),
        ("new", "pending"),
    ]
    assert every[0]["entry"]["groups"] == ["europe"]
    waiting = (await call(net, "GET", "members", state="pending")).json["members"]
    assert [one["id"] for one in waiting] == ["new"]
    assert waiting[0]["contact"] == "a@b.org"
    reply = await call(net, "GET", "members", state="lost", status=400)
    assert (
        problem_of(reply) == "state: one of pending, active, rejected, removed, or left out for all"
    )


async def test_an_added_member_is_asked_by_the_next_question(
    net: Running, member: FaultyMember
) -> None:
    document = {
        **{"id": "three", "url": f"{member.url}/c", "protocol": "v2", "name": "Three"},
        **{"timeout_s": 3, "max_concurrency": 2, "token": "none", "groups": ["europe"]},
        **{"dialect": {"chromosome": "chr"}, "same_as": ["one"], "contact": "a@example.org"},
    }
    reply = await call(net, "POST", "members", document, status=201)
    assert reply.headers["Location"] == "/admin/api/members/three"
    assert (await net.ask(BRAF)).endings["three"] == "found"
    line = await newest(net)
    assert (line["actor"], line["action"], line["subject"]) == ("operator", "add", "three")
    assert line["before"] is None
    assert line["after"]["entry"] == {
        name: value for name, value in document.items() if name not in {"contact", "token"}
    } | {"timeout_s": 3.0}
    assert line["after"]["contact"] == "a@example.org"
    shown = (await call(net, "GET", "members/three")).json
    assert shown["dialectSources"]["chromosome"] == "operator"


async def test_an_edit_merges_fields_and_null_puts_one_back(net: Running) -> None:
    before = (await call(net, "GET", "members/one")).json
    await call(net, "PATCH", "members/one", {"timeout_s": 2, "name": None, "contact": "x@y.org"})
    after = (await call(net, "GET", "members/one")).json
    assert after["entry"] == {
        **{name: value for name, value in before["entry"].items() if name != "name"},
        "timeout_s": 2.0,
    }
    assert after["contact"] == "x@y.org"
    assert after["differsFromSeed"] == ["name", "timeout_s"]
    line = await newest(net)
    assert (line["actor"], line["action"]) == ("operator", "edit")
    assert line["before"]["entry"]["name"] == "One"
    assert "name" not in line["after"]["entry"]
    await call(net, "PATCH", "members/one", {})
    assert (await newest(net))["number"] == line["number"], "a change of nothing leaves no line"


async def test_differences_from_the_seed_have_both_values(net: Running) -> None:
    await call(net, "PATCH", "members/one", {"name": "Other", "timeout_s": 2})
    await call(net, "DELETE", "members/two")
    told = (await call(net, "GET", "differences")).json["members"]
    assert told == [
        {
            **{"id": "one", "origin": "seed", "state": "active"},
            "fields": {
                "name": {"registry": "Other", "seed": "One"},
                "timeout_s": {"registry": 2.0, "seed": None},
            },
        },
        {"id": "two", "origin": "seed", "state": "removed", "fields": {}},
    ]


async def test_of_two_operators_with_the_same_reading_one_is_told(net: Running) -> None:
    seen = (await call(net, "GET", "members/one")).headers["ETag"]
    changes = [{"name": "First"}, {"name": "Second"}, {"timeout_s": 5}]
    replies = await asyncio.gather(
        *(
            net.ask(
                path="/admin/api/members/one",
                method="PATCH",
                body=change,
                headers={**AS_OPERATOR, "If-Match": seen},
            )
            for change in changes
        )
    )
    assert sorted(reply.status for reply in replies) == [200, 409, 409]
    refused = next(reply for reply in replies if reply.status == 409)
    assert "was changed by somebody else" in problem_of(refused)
    won = next(reply for reply in replies if reply.status == 200)
    assert won.headers["ETag"] != seen
    lines = (await call(net, "GET", "members/one/log")).json["lines"]
    assert [line["action"] for line in lines] == ["edit", "add"]
    headers = {"If-Match": won.headers["ETag"]}
    await call(net, "PATCH", "members/one", {"name": "Third"}, headers=headers)
    await call(net, "PATCH", "members/one", {"name": "Fourth"}, headers={"If-Match": "*"})


async def test_pausing_switching_off_and_removing_are_in_force_at_once(net: Running) -> None:
    steps = [
        (
            "POST",
            "members/one/pause",
            {"until": "2099-01-01", "note": "moving"},
            "not_asked/paused",
        ),
        ("POST", "members/one/resume", None, "found"),
        ("POST", "members/one/disable", {"note": "broken"}, "not_asked/disabled"),
        ("POST", "members/one/enable", None, "found"),
        ("DELETE", "members/one", None, None),
        ("POST", "members/one/restore", None, "found"),
    ]
    for method, path, body, ending in steps:
        before = (await call(net, "GET", "members/one")).json
        await call(net, method, path, body)
        assert (await net.ask(BRAF)).endings.get("one") == ending, path
        line = await newest(net)
        action = "remove" if method == "DELETE" else path.rpartition("/")[2]
        assert (line["actor"], line["action"]) == ("operator", action)
        assert line["before"]["entry"] == before["entry"]
        assert line["after"] != line["before"]
        assert line["note"] == (body or {}).get("note", "")
    await call(net, "DELETE", "members/one", note="closed for good")
    gone = (await call(net, "GET", "members/one")).json
    assert (gone["state"], gone["note"], gone["removedBy"]) == (
        *("removed", "closed for good", "operator"),
    )


async def test_what_waits_is_approved_or_turned_away(net: Running, member: FaultyMember) -> None:
    for one in ("first", "second"):
        await asks_to_join(net, one)
    assert "first" not in (await net.ask(BRAF)).endings
    await call(net, "POST", "members/first/approve")
    assert "first" in (await net.ask(BRAF)).endings
    line = await newest(net)
    assert (line["before"]["state"], line["after"]["state"]) == ("pending", "active")
    await call(net, "POST", "members/second/reject", {"note": "no /info"})
    assert (await newest(net))["note"] == "no /info"
    assert (await call(net, "GET", "members/second")).json["state"] == "rejected"

    steward = net.network.registry.steward
    moved = {"url": f"{member.url}/moved"}
    await steward.propose("one", moved, by="member:one", at_once=False)
    told = (await call(net, "GET", "members/one")).json
    assert told["entry"]["url"] == member.url
    assert told["proposed"]["url"] == f"{member.url}/moved"
    await call(net, "POST", "members/one/approve")
    assert (await call(net, "GET", "members/one")).json["entry"]["url"] == f"{member.url}/moved"


async def test_a_new_service_key_is_shown_once_and_ends_the_earlier(net: Running) -> None:
    keyring = net.network.registry.keyring
    first = (await call(net, "POST", "members/one/key")).json["serviceKey"]
    second = (await call(net, "POST", "members/one/key")).json["serviceKey"]
    assert await keyring.holder(first, KeyKind.SERVICE) is None
    held = await keyring.holder(second, KeyKind.SERVICE)
    assert held is not None
    assert held.owner == "one"
    line = await newest(net)
    assert (line["actor"], line["action"], line["subject"]) == (
        "operator",
        "new service key",
        "one",
    )
    told = [str(one) for one in await stored(net)]
    assert not any(first in one or second in one for one in told)


async def test_the_order_is_that_of_answers(net: Running) -> None:
    reply = await call(net, "PUT", "order", {"order": ["two"]})
    assert reply.json == {"order": ["two", "one"]}
    assert list((await net.ask(BRAF)).members) == ["two", "one"]
    line = await newest(net)
    assert (line["before"], line["after"]) == ({"order": ["one", "two"]}, {"order": ["two", "one"]})


async def test_the_log_is_read_page_by_page(net: Running) -> None:
    for number in range(5):
        await call(net, "PATCH", "members/one", {"name": f"Name {number}"})
    await call(net, "PATCH", "members/two", {"name": "Other"})
    seen: list[int] = []
    path: str | None = "/admin/api/log?subject=one&limit=2"
    while path:
        reply = await net.ask(path=path, headers=AS_OPERATOR)
        seen += [line["number"] for line in reply.json["lines"]]
        assert {line["subject"] for line in reply.json["lines"]} == {"one"}
        path = reply.json["next"]
        assert (path is not None) == ("Link" in reply.headers)
    assert seen == sorted(seen, reverse=True)
    assert len(seen) == 6
    assert len((await call(net, "GET", "members/one/log", limit="3")).json["lines"]) == 3
    for query in ({"limit": "0"}, {"limit": "501"}, {"limit": "x"}, {"below": "-1"}):
        reply = await call(net, "GET", "log", status=400, **query)
        assert problem_of(reply).startswith(f"{next(iter(query))}: a whole number from 1")


async def test_groups_are_described_and_dropped(net: Running) -> None:
    told = {"name": "Europe", "description": "All of it", "organization": {"name": "EU"}}
    await call(net, "PUT", "groups/europe", told)
    await call(net, "PUT", "groups/asia", {"opaque": False})
    listed = {one["id"]: one for one in (await call(net, "GET", "groups")).json["groups"]}
    assert listed["europe"]["name"] == "Europe"
    assert listed["europe"]["members"] == ["one"]
    assert listed["asia"]["members"] == []
    await call(net, "PATCH", "members/two", {"groups": ["asia"]})
    await call(net, "DELETE", "groups/europe", status=204)
    line = await newest(net)
    assert (line["actor"], line["action"], line["subject"]) == (
        *("operator", "drop group", "group:europe"),
    )
    assert line["before"]["name"] == "Europe"
    listed = {one["id"]: one for one in (await call(net, "GET", "groups")).json["groups"]}
    assert listed["europe"] == {
        **{"id": "europe", "name": "", "description": "", "opaque": False, "organization": None},
        **{"isDescribed": False, "members": ["one"]},
    }


async def test_an_invitation_lets_in_at_once_until_it_is_revoked(net: Running) -> None:
    wanted = {"kind": "invitation", "note": "for Ann", "days": 3, "uses": 2}
    made = (await call(net, "POST", "keys", wanted, status=201)).json
    assert made["usesLeft"] == 2
    assert made["expiresAt"] > made["createdAt"]
    register = net.network.registry.steward.register
    joined = Registration(id="new", url="https://new.example.org")
    await register(joined, by="stranger", invitation=made["key"])
    assert (await call(net, "GET", "members/new")).json["state"] == "active"
    await call(net, "DELETE", f"keys/{made['id']}", status=204)
    assert (await newest(net))["action"] == "revoke key"
    (listed,) = (await call(net, "GET", "keys", kind="invitation")).json["keys"]
    assert listed["revokedAt"]
    assert listed["usesLeft"] == 1
    assert "key" not in listed


async def test_an_appointed_operator_stands_in_the_log_until_it_is_revoked(net: Running) -> None:
    made = (await call(net, "POST", "keys", {"kind": "operator", "name": "ann"}, status=201)).json
    await call(net, "POST", "members/one/pause", token=made["key"])
    assert (await newest(net))["actor"] == "operator:ann"
    await call(net, "DELETE", f"keys/{made['id']}", status=204)
    await call(net, "POST", "members/one/resume", token=made["key"], status=401)
    assert (await net.ask(BRAF)).endings["one"] == "not_asked/paused"
