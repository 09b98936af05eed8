"""Joining as at CSC's registry: its page and its members do so here."""

import asyncio
from typing import Any

import pytest
from structlog.testing import capture_logs

from aggregator.engine.coalesce import Coalescer
from demo import DemoNetwork
from registry.records import MemberState
from registry.tables import KEYS
from tests.csc_registry import (
    UNREACHED,
    address,
    delete,
    invited,
    is_spent,
    joined,
    post,
    records,
    refused,
    registry,
)
from tests.faulty import FaultyMember, answer, json_answer
from tests.integration.joinable import demo, net
from tests.networks import (
    BRAF,
    GENEROUS_S,
    Json,
    Running,
    come_true,
    network_of,
    scripted,
)
from tests.official import official

__all__ = ["demo", "net"]


class TestJoining:
    async def test_a_beacon_joins_by_the_page_and_is_asked(
        self, net: Running, demo: DemoNetwork
    ) -> None:
        key = await invited(net)
        assert len(key) == 64  # the page takes no shorter and no longer one
        reply = await post(net, key, address(demo, "demo-v11"))

        assert reply.status == 201, reply.text
        assert reply.json.keys() == {"message", "serviceId", "serviceKey", "help"}
        assert reply.headers["Cache-Control"] == "no-store"
        assert reply.headers["Location"] == f"/services/{reply.json['serviceId']}"
        assert reply.json["help"] == f"{net.url}/docs"
        # what the page does next
        shown = await net.ask(path=reply.headers["Location"])
        official.validate_registry(shown.json, "service")
        assert shown.json["url"] == address(demo, "demo-v11")
        beacon_id = shown.json["info"]["network"]["beaconId"]
        assert beacon_id
        assert reply.json["serviceId"] == beacon_id.lower().replace(".", "-")
        assert shown.json["organization"]["name"] != address(demo).split("/")[2]
        assert shown.json["type"]["version"].startswith("1.1")
        answered = await net.ask(BRAF)
        assert answered.endings == {reply.json["serviceId"]: "found"}

    async def test_what_is_kept_of_it(self, net: Running, demo: DemoNetwork) -> None:
        key = await invited(net)
        reply = await post(net, key, address(demo))
        record = (await records(net))[reply.json["serviceId"]]
        assert record.state is MemberState.ACTIVE
        assert record.origin == "registration"
        assert record.entry.model_dump(exclude_defaults=True).keys() == {"id", "url"}
        (line, *_) = await net.network.registry.journal.read(subject=record.id)
        assert (line.action, line.actor) == ("join", "stranger")
        assert await is_spent(net, key)

        async def stored(connection: Any) -> str:
            return str((await connection.execute(KEYS.select())).all())

        kept = await net.network.registry.database.read(stored)
        assert reply.json["serviceKey"] not in kept
        assert key not in kept

    @pytest.mark.parametrize("ending", ["", "/", "/service-info", "/service-info/", "/info"])
    async def test_the_address_may_be_that_of_the_description(
        self, net: Running, demo: DemoNetwork, ending: str
    ) -> None:
        reply = await post(net, await invited(net), f"{address(demo)}{ending}")
        assert reply.status == 201, reply.text
        (record,) = (await records(net)).values()
        assert record.entry.url == address(demo).rstrip("/")

    @pytest.mark.parametrize(
        "kind",
        ["beacon", "beacon-aggregator", "org.ga4gh:beacon", "org.ga4gh:beacon:1.0.0", "Beacon"],
    )
    async def test_every_spelling_of_the_type_is_taken(
        self, net: Running, demo: DemoNetwork, kind: str
    ) -> None:
        assert (await post(net, await invited(net), address(demo), kind)).status == 201

    async def test_the_key_may_have_a_scheme(self, net: Running, demo: DemoNetwork) -> None:
        key = f"Bearer {await invited(net)}"
        assert (await post(net, key, address(demo))).status == 201

    async def test_the_double_click_of_the_page_is_one_registration(
        self, net: Running, demo: DemoNetwork
    ) -> None:
        key = await invited(net)
        checks = 0
        check = net.network.around.checker.check

        async def counted(url: str, *, protocol: str = "auto") -> Any:
            nonlocal checks
            checks += 1
            return await check(url, protocol=protocol)

        net.network.around.checker.check = counted  # type: ignore[method-assign]
        both = await asyncio.gather(*(post(net, key, address(demo)) for _ in range(2)))

        assert [one.status for one in both] == [201, 201]
        assert both[0].json == both[1].json
        assert checks == 1
        again = await post(net, key, address(demo))
        assert "used up" in refused(again, 401)
        assert "serviceKey" not in again.json
        assert len(await records(net)) == 1
        service_id, service_key = (both[0].json[name] for name in ("serviceId", "serviceKey"))
        assert (await delete(net, service_id, service_key)).status == 200

    async def test_beacons_of_one_name_get_ids_of_their_own(
        self, net: Running, demo: DemoNetwork
    ) -> None:
        async with DemoNetwork() as other:
            first, _ = await joined(net, address(demo))
            second, _ = await joined(net, address(other))
            assert second == f"{first}-2"
            urls = [net.member(each).entry.url for each in (first, second)]
            assert urls == [address(demo), address(other)]

    async def test_keys_are_in_no_log(self, net: Running, demo: DemoNetwork) -> None:
        key = await invited(net)
        with capture_logs() as logs:
            reply = await post(net, key, address(demo))
        assert logs
        assert key not in str(logs)
        assert reply.json["serviceKey"] not in str(logs)


class TestRefusing:
    async def test_without_a_key_it_says_which_one_and_all_else_that_is_wrong(
        self, net: Running
    ) -> None:
        reply = await post(net, "", 7, "bank")
        assert "invitation" in refused(reply, 400)
        fields = [one.split(":")[0] for one in reply.json["problems"]]
        assert fields == ["Authorization", "type", "url"]

    @pytest.mark.parametrize("what", ["unknown", "revoked", "spent", "operator", "service"])
    async def test_a_key_that_opens_nothing_fetches_nothing(
        self, net: Running, demo: DemoNetwork, what: str
    ) -> None:
        keyring = net.network.registry.keyring
        key = "bik_" + "x" * 60
        if what == "revoked":
            key, kept = await keyring.invite(by="operator")
            await keyring.revoke(kept.id, by="operator")
        if what == "operator":
            key, _ = await keyring.appoint("anna", by="operator")
        if what in {"spent", "service"}:
            spent = await invited(net)
            done = await post(net, spent, address(demo))
            key = spent if what == "spent" else done.json["serviceKey"]
        async with FaultyMember(answer(b"", 500)) as member:
            said = refused(await post(net, key, member.url), 401)
            assert member.requests == []
        assert "invitation" in said
        assert key not in said

    async def test_a_closed_registry_takes_nobody(self, demo: DemoNetwork) -> None:
        async with registry(registry={"joining": "closed"}) as net:
            key = await invited(net)
            assert "takes no new beacons" in refused(await post(net, key, address(demo)), 403)
            assert not await is_spent(net, key)

    @pytest.mark.parametrize("joining", ["open", "invitation"])
    async def test_in_the_other_modes_a_key_is_what_counts(
        self, demo: DemoNetwork, joining: str
    ) -> None:
        async with registry(registry={"joining": joining}) as net:
            refused(await post(net, "", address(demo)), 400)
            assert (await post(net, await invited(net), address(demo))).status == 201

    async def test_what_has_to_be_fixed_is_told_and_the_key_stays_good(self, net: Running) -> None:
        key = await invited(net)
        reply = await post(net, key, UNREACHED)
        assert refused(reply, 400)
        assert reply.json["problems"]
        async with FaultyMember(scripted(info=json_answer({"hello": "world"}))) as member:
            said = refused(await post(net, key, member.url), 400)
            assert "info" in said
        assert await records(net) == {}
        assert not await is_spent(net, key)

    async def test_an_address_that_is_here_already(self, net: Running, demo: DemoNetwork) -> None:
        await joined(net, address(demo))
        key = await invited(net)
        reply = await post(net, key, f"{address(demo)}/")
        assert "a beacon at this address is registered here already" in refused(reply, 409)
        assert not await is_spent(net, key)

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({"type": "beacon"}, "url"),
            ({"type": "beacon", "url": ""}, "url"),
            ({"type": "beacon", "url": ["https://a.org"]}, "url"),
            ({"type": "beacon", "url": "ftp://a.org"}, "url"),
            ({"type": "beacon", "url": "https://user:pw@a.org"}, "url"),
            ({"type": "beacon", "url": "https://a.org?x=1"}, "url"),
            ({"type": "beacon", "url": f"https://a.org/{'x' * 2_000}"}, "url"),
            ({"url": "https://a.org"}, "type"),
            ({"type": "", "url": "https://a.org"}, "type"),
            ({"type": "service-registry", "url": "https://a.org"}, "type"),
            ({"type": {"artifact": "beacon"}, "url": "https://a.org"}, "type"),
            ({"type": "a:b:beacon:d", "url": "https://a.org"}, "type"),
            ({"type": "beacon", "url": "https://a.org", "token": "passthrough"}, "token"),
            ({"type": "beacon", "url": "https://a.org", "id": "mine"}, "id"),
        ],
    )
    async def test_bad_input_is_named_and_nothing_is_stored(self, body: Json, field: str) -> None:
        async with registry() as net:
            key = await invited(net)
            reply = await net.ask(path="/services", body=body, headers={"Authorization": key})
            refused(reply, 400)
            assert [one.split(":")[0] for one in reply.json["problems"]] == [field]
            assert await records(net) == {}
            assert not await is_spent(net, key)

    @pytest.mark.parametrize("raw", [b"[1]", b"no json", b'{"a":'])
    async def test_a_body_that_is_none(self, raw: bytes) -> None:
        async with registry() as net:
            key = await invited(net)
            refused(await net.ask(path="/services", raw=raw, headers={"Authorization": key}), 400)

    async def test_who_registers_too_often_is_told_when_to_come_back(
        self, demo: DemoNetwork
    ) -> None:
        async with network_of(security={"join_rate_limit": 2}) as net:
            key = await invited(net, uses=None)
            assert (await post(net, key, address(demo))).status == 201
            refused(await post(net, "bik_guess", address(demo)), 401)
            over = await post(net, key, address(demo, "demo-v11"))
            refused(over, 429)
            assert int(over.headers["Retry-After"]) > 0
            assert len(await records(net)) == 1


async def test_who_has_the_same_invitation_is_not_given_the_key_of_another(
    net: Running, demo: DemoNetwork
) -> None:
    key = await invited(net, uses=None)
    assert (await post(net, key, address(demo))).status == 201
    other = await post(net, key, address(demo))
    refused(other, 409)
    assert "serviceKey" not in other.json


async def test_a_client_that_goes_away_registers_nothing(demo: DemoNetwork) -> None:
    asked, left = asyncio.Event(), asyncio.Event()
    async with registry() as net:
        key = await invited(net)

        async def endless(url: str, *, protocol: str = "auto") -> Any:
            asked.set()
            try:
                await asyncio.Event().wait()
            finally:
                left.set()

        net.network.around.checker.check = endless  # type: ignore[method-assign]
        sending = asyncio.create_task(post(net, key, address(demo)))
        await asyncio.wait_for(asked.wait(), GENEROUS_S)
        sending.cancel()
        await asyncio.wait({sending})
        await asyncio.wait_for(left.wait(), GENEROUS_S)
        assert await records(net) == {}
        assert not await is_spent(net, key)


async def test_one_of_two_that_goes_away_does_not_end_it_for_the_other(
    demo: DemoNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    go = asyncio.Event()
    joins, checks = [], []
    join = Coalescer.join

    def counted(*told: Any) -> Any:
        joins.append(told)
        return join(*told)

    monkeypatch.setattr(Coalescer, "join", counted)
    async with registry() as net:
        key = await invited(net)
        check = net.network.around.checker.check

        async def gated(url: str, *, protocol: str = "auto") -> Any:
            checks.append(url)
            await go.wait()
            return await check(url, protocol=protocol)

        net.network.around.checker.check = gated  # type: ignore[method-assign]
        first, second = (asyncio.create_task(post(net, key, address(demo))) for _ in range(2))
        await come_true(lambda: len(joins) == 2 and len(checks) == 1)
        with capture_logs() as logs:
            first.cancel()
            await asyncio.wait({first})
            await come_true(lambda: any(one.get("status") == 499 for one in logs))
        go.set()
        assert (await second).status == 201
        assert len(checks) == 1
        assert len(await records(net)) == 1
