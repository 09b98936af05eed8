"""What a member does with its own entry as a program: by its service key, and with no other."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import trustme

from demo import DemoNetwork, Fault
from registry.models import Group
from tests.integration.joinable import demo, net, owner
from tests.join_visits import Owner, address, joined, kept, lines_of
from tests.networks import network_of

__all__ = ["demo", "net", "owner"]

NOBODYS = "bsk_opens-nothing"


class TestKeys:
    @pytest.mark.parametrize(
        "headers",
        [
            {"Beacon-Service-Key": NOBODYS},
            {"Authorization": f"Bearer {NOBODYS}"},
            {"Beacon-Service-Key": "x" * 5_000},
            {},
        ],
    )
    @pytest.mark.parametrize(
        ("method", "below"),
        [
            ("GET", ".json"),
            ("PATCH", ""),
            ("DELETE", ""),
            ("POST", "/pause"),
            ("POST", "/resume"),
            ("POST", "/key"),
            ("POST", "/change"),
            ("POST", "/leave"),
        ],
    )
    async def test_without_its_key_nothing_is_shown_or_changed(
        self, owner: Owner, method: str, below: str, headers: Mapping[str, str]
    ) -> None:
        before = await kept(owner.net)
        body = None if method == "GET" else {"name": "Mine now", "confirm": "yes"}
        answers = [
            await owner.net.ask(
                path=f"/manage/{member_id}{below}", method=method, body=body, headers=headers
            )
            for member_id in ("archive", "nobody-here")
        ]

        there, not_there = (reply.text.replace("nobody-here", "archive") for reply in answers)
        assert [reply.status for reply in answers] == [401, 401]
        assert there == not_there
        assert "archive.example" not in there
        assert NOBODYS not in there
        assert await kept(owner.net) == before

    async def test_a_key_of_another_kind_opens_nothing(self, owner: Owner) -> None:
        keyring = owner.net.network.registry.keyring
        invitation, _ = await keyring.invite(by="operator")
        operator, _ = await keyring.appoint("ada", by="operator")

        for key in (invitation, operator):
            assert (await owner.ask(key=key)).status == 401

    async def test_wrong_keys_are_counted(self, demo: DemoNetwork) -> None:
        async with network_of(security={"join_rate_limit": 2}) as net:
            told = await joined(net, address(demo), id="archive")
            owner = Owner(net, demo, "archive", told["serviceKey"])
            first = await owner.ask(key=NOBODYS)
            second = await owner.ask(key=NOBODYS)

        assert (first.status, second.status) == (401, 429)
        assert "Too many keys that open nothing" in second.text
        assert int(second.headers["Retry-After"]) > 0

    async def test_keys_stay_out_of_the_log(
        self, demo: DemoNetwork, capfd: pytest.CaptureFixture[str]
    ) -> None:
        async with network_of(log={"level": "debug"}, security={"join_rate_limit": 0}) as net:
            invitation, _ = await net.network.registry.keyring.invite(by="operator")
            told = await joined(net, address(demo), id="archive", invitation=invitation)
            owner = Owner(net, demo, "archive", told["serviceKey"])
            await owner.ask()
            await owner.ask(key=NOBODYS)
            await owner.ask("PATCH", "?key=" + owner.key, body={"name": owner.key})
            changed = await owner.ask("POST", "/key")

        out = "".join(capfd.readouterr())
        assert "/manage/{id}" in out
        for key in (owner.key, invitation, NOBODYS, changed.json["serviceKey"]):
            assert key not in out

    async def test_a_new_key_ends_the_old_one(self, owner: Owner) -> None:
        made = await owner.ask("POST", "/key")
        new = made.json["serviceKey"]

        assert made.status == 201
        assert made.headers["Cache-Control"] == "no-store"
        assert new != owner.key
        assert (await owner.ask()).status == 401
        assert (await owner.ask(key=new)).status == 200
        lines = lines_of(await owner.net.network.registry.journal.read())
        assert lines[-1] == ("member:archive", "new service key", "archive")


class TestLooking:
    async def test_it_shows_the_entry_and_what_is_known(self, owner: Owner) -> None:
        await owner.net.known("archive")
        reply = await owner.ask()

        told = reply.json
        assert reply.headers["Cache-Control"] == "no-store"
        assert told["state"] == "active"
        assert told["entry"]["url"] == address(owner.demo)
        assert told["contact"] == "ops@example.org"
        assert told["known"]["beaconId"] == "org.example.demo-records"
        assert told["known"]["protocol"] == "v2"
        assert told["known"]["dialect"]["parameters"] == "flat"
        assert told["proposed"] is None

    async def test_bearer_and_plain_path_do_as_well(self, owner: Owner) -> None:
        bearer = {"Authorization": f"Bearer {owner.key}"}
        by_bearer = await owner.net.ask(path="/manage/archive", headers=bearer)

        assert by_bearer.json["id"] == "archive"

    async def test_what_the_operator_set_is_not_told(self, owner: Owner, tmp_path: Path) -> None:
        file = tmp_path / "hidden.pem"
        trustme.CA().cert_pem.write_to_path(str(file))
        secret = {
            "token": "env:BEACON_MEMBER_TOKEN_HIDDEN",
            "ca_file": str(file),
            "groups": ["hidden-group"],
            "same_as": ["hidden-twin"],
        }
        steward = owner.net.network.registry.steward
        await owner.net.network.registry.groups.describe(Group(id="hidden-group"), by="operator")
        twin = {"id": "hidden-twin", "url": "https://twin.example.org", "disabled": True}
        await steward.add(twin, by="operator")
        await steward.edit("archive", secret, by="operator:hidden-name")
        reply = await owner.ask()

        assert reply.status == 200
        assert "hidden" not in reply.text.lower()


class TestChanging:
    async def test_fields_are_changed_at_once(self, owner: Owner) -> None:
        reply = await owner.edit(
            name="New name",
            description="What it holds",
            organization={"name": "Institute", "url": "https://institute.example.org"},
            assemblies=["GRCh37"],
            contact="new@example.org",
        )

        entry = await owner.entry
        assert reply.status == 200
        assert reply.json["entry"]["name"] == "New name"
        assert reply.json["contact"] == "new@example.org"
        assert entry.description == "What it holds"
        assert owner.net.member("archive").entry == entry
        assert (await owner.edit(description=None)).json["entry"].get("description") is None

    async def test_the_same_again_leaves_no_line(self, owner: Owner) -> None:
        await owner.edit(name="New name")
        before = await kept(owner.net)
        again = await owner.edit(name="New name")

        assert again.status == 200
        assert await kept(owner.net) == before

    async def test_another_host_is_checked_and_waits(self, owner: Owner) -> None:
        there = address(owner.demo, "demo-counts")
        reply = await owner.edit(url=there, name="Moved")

        assert reply.status == 200
        assert reply.json["proposed"]["url"] == there
        assert reply.json["entry"]["url"] == address(owner.demo)
        assert owner.demo.beacons["demo-counts"].requests
        assert owner.net.member("archive").entry.url == address(owner.demo)
        await owner.net.network.registry.steward.approve("archive", by="operator")
        assert (await owner.entry).url == there
        assert (await owner.entry).name == "Moved"

    async def test_what_the_operator_does_meanwhile_is_kept(self, owner: Owner) -> None:
        steward = owner.net.network.registry.steward
        await owner.net.network.registry.groups.describe(Group(id="europe"), by="operator")
        await owner.edit(url=address(owner.demo, "demo-counts"))
        await steward.pause("archive", by="operator", note="too slow")
        await steward.edit("archive", {"groups": ["europe"]}, by="operator")
        back = await owner.edit(url=address(owner.demo))

        assert back.json["proposed"] is None
        assert back.json["paused"]["by"] == "operator"
        await owner.edit(url=address(owner.demo, "demo-counts"))
        await steward.approve("archive", by="operator")
        entry = await owner.entry
        assert entry.groups == ("europe",)
        assert entry.paused is not None
        assert entry.url == address(owner.demo, "demo-counts")

    async def test_where_everybody_joins_at_once_nothing_waits(self, demo: DemoNetwork) -> None:
        there = address(demo, "demo-counts")
        limits = {"join_rate_limit": 0}
        async with network_of(registry={"joining": "open"}, security=limits) as net:
            told = await joined(net, address(demo), id="archive")
            reply = await Owner(net, demo, "archive", told["serviceKey"]).edit(url=there)

        assert reply.json["entry"]["url"] == there
        assert reply.json["proposed"] is None

    async def test_another_path_of_the_host_need_not_wait(self, owner: Owner) -> None:
        there = address(owner.demo).removesuffix("/api") + "/api/"
        same = await owner.edit(url=there)
        port = address(owner.demo).removesuffix("/api")
        owner.demo.beacons["demo-records"].fault = Fault()
        moved = await owner.edit(url=f"{port}/nowhere")

        assert same.json["entry"]["url"] == address(owner.demo)
        assert moved.status == 400
        assert "url: the check of" in moved.json["detail"]

    async def test_an_address_that_fails_the_check_is_not_taken(self, owner: Owner) -> None:
        owner.demo.beacons["demo-counts"].fault = Fault(status=500)
        before = await kept(owner.net)
        reply = await owner.edit(url=address(owner.demo, "demo-counts"))

        assert reply.status == 400
        assert reply.json["problems"][0].startswith("url: the check of")
        assert "info: " in reply.json["detail"]
        assert await kept(owner.net) == before

    async def test_an_address_of_another_member_is_not_taken(self, owner: Owner) -> None:
        await joined(owner.net, address(owner.demo, "demo-counts"))
        before = await kept(owner.net)
        reply = await owner.edit(url=address(owner.demo, "demo-counts"))

        assert reply.status == 409
        assert "url: a beacon at this address is registered here already." in reply.json["detail"]
        assert await kept(owner.net) == before

    @pytest.mark.parametrize(
        ("told", "names"),
        [
            ({"id": "other"}, "id: it cannot be changed"),
            ({"id": 5}, "id: "),
            ({"url": None}, "url: "),
            ({"url": "ftp://beacon.example.org"}, "url: "),
            ({"url": "https://me:secret@beacon.example.org"}, "url: no user name or password"),
            ({"name": 5}, "name: "),
            ({"name": "a" * 201}, "name: "),
            ({"description": "a" * 10_001}, "description: "),
            ({"organization": {"url": "https://x.example"}}, "organization.name: "),
            ({"protocol": "v0"}, "protocol: a beacon of version 0"),
            ({"protocol": []}, "protocol: "),
            ({"assemblies": ["mm10"]}, "assemblies: "),
            ({"contact": ""}, "contact: give an e-mail address"),
            ({"contact": None}, "contact: give an e-mail address"),
            ({"contact": "nobody"}, "contact: an e-mail address"),
            ({"paused": None}, "paused: "),
            ({"paused": {"by": "operator"}}, "paused: "),
            ({"state": "active"}, "state: unknown key"),
            *(
                ({name: "x"}, f"{name}: only the operator of this network sets it")
                for name in ("dialect", "timeout_s", "max_concurrency", "token", "ca_file")
            ),
            ({"groups": None}, "groups: only the operator"),
            ({"frog": None}, "frog: unknown key"),
            ({"disabled": True}, "disabled: only the operator"),
            ({"same_as": ["x"]}, "same_as: only the operator"),
        ],
    )
    async def test_a_wrong_field_is_named_and_nothing_is_stored(
        self, owner: Owner, told: dict[str, Any], names: str
    ) -> None:
        before = await kept(owner.net)
        reply = await owner.edit(**{"description": "Fine", **told})

        assert reply.status == 400, reply.text
        assert names in reply.json["detail"]
        assert "secret" not in reply.text
        assert await kept(owner.net) == before
