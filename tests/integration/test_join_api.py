"""Joining by a program: one request, checked before anything is kept."""

import asyncio
from typing import Any

import pytest

from demo import DemoNetwork, Fault
from registry.records import MemberState
from tests.integration.joinable import demo, net
from tests.join_visits import Kept, address, joined, kept, lines_of
from tests.networks import Reply, Running, come_true, network_of

__all__ = ["demo", "net"]

CONTACT = {"contact": "ops@example.org", "agree": True}


async def send(net: Running, **body: Any) -> Reply:
    return await net.ask(path="/join", body=body, within_s=60)


async def test_one_request_joins(net: Running, demo: DemoNetwork) -> None:
    reply = await send(net, url=address(demo), **CONTACT)

    member_id = "org-example-demo-records"
    record = await net.network.registry.steward.record(member_id)
    assert reply.status == 201
    assert reply.headers["Location"] == f"/manage/{member_id}"
    assert reply.headers["Cache-Control"] == "no-store"
    assert set(reply.json) == {"id", "state", "serviceKey", "manage", "message"}
    assert (reply.json["id"], reply.json["state"]) == (member_id, "pending")
    assert reply.json["manage"] == f"{net.url}/manage/{member_id}"
    assert record.state is MemberState.PENDING
    assert record.entry.name == "Demo: Genome Archive Beacon"
    assert record.contact == "ops@example.org"


async def test_what_is_told_wins_over_what_was_found(net: Running, demo: DemoNetwork) -> None:
    told = {
        "id": "archive",
        "name": "The Archive",
        "description": "Ours",
        "organization": {"name": "Institute", "url": "https://institute.example.org"},
        "protocol": "v2",
        "assemblies": ["GRCh38", "hg19"],
    }
    await joined(net, address(demo) + "/", **told)

    entry = (await net.network.registry.steward.record("archive")).entry
    assert entry.url == address(demo)
    assert (entry.name, entry.description, entry.protocol) == ("The Archive", "Ours", "v2")
    assert [one.value for one in entry.assemblies] == ["GRCh38", "GRCh37"]
    assert entry.organization is not None
    assert entry.organization.url == "https://institute.example.org"


async def test_the_key_opens_this_entry_alone_and_is_kept_nowhere(
    net: Running, demo: DemoNetwork
) -> None:
    one = await joined(net, address(demo))
    other = await joined(net, address(demo, "demo-v1"))
    key = {"Beacon-Service-Key": one["serviceKey"]}
    own = await net.ask(path=f"/manage/{one['id']}.json", headers=key)
    others = await net.ask(path=f"/manage/{other['id']}.json", headers=key)

    registry = net.network.registry
    assert (own.status, others.status) == (200, 401)
    everything = f"{await registry.journal.read()} {await registry.steward.records()}"
    assert one["serviceKey"] not in everything


async def test_a_member_that_joined_answers_questions(demo: DemoNetwork) -> None:
    async with network_of(registry={"joining": "open"}) as net:
        told = await joined(net, address(demo, "demo-counts"), id="counts")
        await net.known("counts")
        answer = await net.ask({"geneId": "BRAF"})

    assert told["state"] == "active"
    assert list(answer.endings) == ["counts"]


async def test_the_same_again_changes_nothing(net: Running, demo: DemoNetwork) -> None:
    await joined(net, address(demo))
    before = await kept(net)
    again = await send(net, url=address(demo), **CONTACT)

    assert again.status == 409
    assert "id: “org-example-demo-records” is taken; choose another one." in again.json["detail"]
    assert "url: a beacon at this address is registered here already." in again.json["detail"]
    assert await kept(net) == before


async def test_at_the_same_time_one_of_them_joins(net: Running, demo: DemoNetwork) -> None:
    replies = await asyncio.gather(
        *(send(net, url=address(demo), id="archive", **CONTACT) for _ in range(4))
    )

    assert sorted(reply.status for reply in replies) == [201, 409, 409, 409]
    lines = lines_of(await net.network.registry.journal.read())
    assert lines == [("stranger", "ask to join", "archive")]


async def test_a_failed_check_names_its_rules(net: Running, demo: DemoNetwork) -> None:
    demo.beacons["demo-records"].fault = Fault(status=500)
    reply = await send(net, url=address(demo), **CONTACT)
    report = (await net.ask({"url": address(demo)}, path="/join/check.json")).json

    failed = [one for one in report["findings"] if one["verdict"] == "fail"]
    assert reply.status == 400
    assert failed
    for one in failed:
        assert f"{one['rule']}: {one['message']}" in reply.json["detail"]
        assert one["fix"] in reply.json["detail"]
    assert await kept(net) == Kept((), (), 0)


@pytest.mark.parametrize(
    ("told", "names"),
    [
        ({"url": None}, "url: "),
        ({"url": 5}, "url: "),
        ({"url": "ftp://beacon.example.org"}, "url: "),
        ({"url": "https://me:secret@beacon.example.org"}, "url: no user name or password"),
        ({"url": "https://beacon.example.org/" + "a" * 2000}, "url: "),
        ({"id": 5}, "id: "),
        ({"id": "Not An Id"}, "id: an id is 1 to 63"),
        ({"id": "a" * 64}, "id: an id is 1 to 63"),
        ({"name": ["a"]}, "name: "),
        ({"name": "a" * 201}, "name: "),
        ({"description": {}}, "description: "),
        ({"description": "a" * 10_001}, "description: "),
        ({"organization": "Institute"}, "organization: "),
        ({"organization": {"name": ""}}, "organization: "),
        ({"organization": {"name": "I", "boss": "B"}}, "organization.boss: unknown key"),
        ({"organization": {"name": "I", "logo_url": "file:///etc/passwd"}}, "logo_url starts"),
        ({"protocol": "v9"}, "protocol: "),
        ({"protocol": "v0"}, "protocol: a beacon of version 0"),
        ({"protocol": 2}, "protocol: "),
        ({"assemblies": "GRCh38"}, "assemblies: "),
        ({"assemblies": ["mm10"]}, "assemblies: "),
        ({"contact": None}, "contact: give an e-mail address"),
        ({"contact": 5}, "contact: "),
        ({"contact": "nobody"}, "contact: an e-mail address"),
        ({"contact": "a" * 310 + "@example.org"}, "contact: "),
        ({"agree": None}, "agree: "),
        ({"agree": "true"}, "agree: "),
        ({"agree": 1}, "agree: "),
        ({"invitation": 5}, "invitation: "),
        ({"invitation": False}, "invitation: "),
        ({"invitation": []}, "invitation: "),
        ({"frog": 1}, "frog: unknown key"),
        ({"paused": {}}, "paused: unknown key"),
        *(
            ({name: "x"}, f"{name}: only the operator of this network sets it")
            for name in ("dialect", "timeout_s", "max_concurrency", "token", "ca_file", "groups")
        ),
        ({"token": None}, "token: only the operator"),
        ({"disabled": False}, "disabled: only the operator"),
        ({"same_as": []}, "same_as: only the operator"),
    ],
)
async def test_a_wrong_field_is_named_and_nothing_is_sent_or_stored(
    net: Running, demo: DemoNetwork, told: dict[str, Any], names: str
) -> None:
    reply = await send(net, **{"url": address(demo), **CONTACT, **told})

    assert reply.status == 400, reply.text
    assert names in reply.json["detail"]
    assert "secret" not in reply.text
    assert demo.beacons["demo-records"].requests == []
    assert await kept(net) == Kept((), (), 0)


async def test_every_problem_at_once(net: Running) -> None:
    reply = await send(net, url="here", id="?", name=5, token="passthrough")

    for name in ("url: ", "id: ", "name: ", "token: ", "agree: ", "contact: "):
        assert name in reply.json["detail"]
    assert reply.json["detail"] == told_at_once(reply.json["problems"])
    assert "requirements: send true; contact: give" in reply.json["detail"]


def told_at_once(problems: list[str]) -> str:
    """One sentence after the other, parted where none ends by itself."""
    parted = [one if one.endswith(".") else f"{one};" for one in problems]
    return " ".join(parted).removesuffix(";")


@pytest.mark.parametrize("raw", [b"", b"[]", b"{", b'"url"', b"\xff", b"[" * 100_000])
async def test_what_is_no_object_is_refused(net: Running, raw: bytes) -> None:
    reply = await net.ask(path="/join", raw=raw, method="POST")

    assert reply.status == 400
    assert await kept(net) == Kept((), (), 0)


async def test_invitations_are_spent_by_who_joins(net: Running, demo: DemoNetwork) -> None:
    key, _ = await net.network.registry.keyring.invite(by="operator")
    wrong = await send(net, url=address(demo), invitation="bik_wrong", **CONTACT)
    told = await joined(net, address(demo), invitation=key)
    used = await send(net, url=address(demo, "demo-v1"), invitation=key, **CONTACT)

    assert wrong.status == 403
    assert "invitation: this network has not given it out" in wrong.json["detail"]
    assert told["state"] == "active"
    assert used.status == 403
    assert "invitation: the key has been used up" in used.json["detail"]
    assert [one.id for one in await net.network.registry.steward.records()] == [told["id"]]
    await come_true(lambda: [one.id for one in net.network.holder.current.members] == [told["id"]])


async def test_checks_and_wrong_invitations_are_counted(demo: DemoNetwork) -> None:
    async with network_of(security={"join_rate_limit": 2}) as net:
        refused = await send(net, url=address(demo), invitation="bik_wrong", **CONTACT)
        too_many = await send(net, url=address(demo), **CONTACT)
        nothing = await kept(net)

    assert refused.status == 403
    assert too_many.status == 429
    assert int(too_many.headers["Retry-After"]) > 0
    assert nothing == Kept((), (), 0)


async def test_a_beacon_that_left_can_come_back(net: Running, demo: DemoNetwork) -> None:
    first = await joined(net, address(demo))
    steward = net.network.registry.steward
    await steward.remove(first["id"], by=f"member:{first['id']}")
    again = await joined(net, address(demo))
    old = await net.ask(
        path=f"/manage/{first['id']}.json", headers={"Beacon-Service-Key": first["serviceKey"]}
    )

    assert again["id"] == first["id"]
    assert old.status == 401


async def test_one_that_was_turned_away_does_not(net: Running, demo: DemoNetwork) -> None:
    first = await joined(net, address(demo))
    await net.network.registry.steward.reject(first["id"], by="operator")
    before = await kept(net)
    key = {"Beacon-Service-Key": first["serviceKey"]}
    left = await net.ask(path=f"/manage/{first['id']}", method="DELETE", headers=key)
    again = await send(net, url=address(demo), id="other", **CONTACT)

    assert (left.status, again.status) == (409, 409)
    assert "was turned away" in left.json["detail"]
    assert again.json["detail"] == "url: a beacon at this address is registered here already."
    assert await kept(net) == before
