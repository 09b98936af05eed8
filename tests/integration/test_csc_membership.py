"""Moving and leaving as at CSC's registry, by the service key that joining gave."""

from aggregator.sharing import CHANGES_PER_JOIN
from demo import DemoNetwork
from registry.models import Group
from registry.records import MemberState
from registry.registration import Registration
from tests.csc_registry import (
    UNREACHED,
    address,
    delete,
    invited,
    joined,
    post,
    put,
    records,
    refused,
)
from tests.integration.joinable import demo, net
from tests.networks import Running, network_of

__all__ = ["demo", "net"]


class TestMoving:
    async def test_another_address_waits_for_the_operator(
        self, net: Running, demo: DemoNetwork
    ) -> None:
        service_id, key = await joined(net, address(demo))
        async with DemoNetwork() as other:
            reply = await put(net, service_id, key, f"{address(other)}/service-info")
            assert reply.status == 200, reply.text
            assert reply.json.keys() == {"message", "oldServiceId", "newServiceId", "help"}
            assert reply.json["oldServiceId"] == reply.json["newServiceId"] == service_id
            assert "waits for an operator" in reply.json["message"]
            assert net.member(service_id).entry.url == address(demo)
            await net.network.registry.steward.approve(service_id, by="operator")
            assert net.member(service_id).entry.url == address(other)
            assert (await delete(net, service_id, key)).status == 200

    async def test_the_same_address_changes_nothing_and_takes_a_move_back(
        self, net: Running, demo: DemoNetwork
    ) -> None:
        service_id, key = await joined(net, address(demo))
        before = (await records(net))[service_id]
        reply = await put(net, service_id, key, f"{address(demo)}/service-info")
        assert "the address already" in reply.json["message"]
        assert (await records(net))[service_id] == before
        async with DemoNetwork() as other:
            await put(net, service_id, key, address(other))
            assert (await records(net))[service_id].proposed is not None
            await put(net, service_id, key, address(demo))
        assert (await records(net))[service_id].proposed is None

    async def test_where_no_beacon_is_it_does_not_move(
        self, net: Running, demo: DemoNetwork
    ) -> None:
        service_id, key = await joined(net, address(demo))
        assert (await put(net, service_id, key, UNREACHED)).json["problems"]
        other_scheme = address(demo).replace("http://", "https://")
        assert (await put(net, service_id, key, other_scheme)).json["problems"]
        assert (await records(net))[service_id].proposed is None

    async def test_nor_to_where_another_is(self, net: Running, demo: DemoNetwork) -> None:
        await joined(net, address(demo, "demo-v11"))
        service_id, key = await joined(net, address(demo))
        refused(await put(net, service_id, key, address(demo, "demo-v11")), 409)
        assert (await records(net))[service_id].proposed is None

    async def test_it_is_found_by_the_id_csc_would_have_given(
        self, net: Running, demo: DemoNetwork
    ) -> None:
        service_id, key = await joined(net, address(demo))
        host = address(demo).split("/")[2]
        named = ".".join(reversed(host.split(".")))
        assert (await net.ask(path=f"/services/{named}")).json["id"] == service_id
        reply = await put(net, named, key, address(demo))
        assert reply.json["newServiceId"] == service_id
        assert (await delete(net, named, key)).status == 200

    async def test_who_still_waits_moves_at_once_and_goes_on_waiting(
        self, net: Running, demo: DemoNetwork
    ) -> None:
        asked = Registration(id="waiting", url=address(demo, "demo-v11"))
        waiting = await net.network.registry.steward.register(asked, by="stranger")
        reply = await put(net, "waiting", waiting.service_key, address(demo))
        assert "has been changed" in reply.json["message"]
        record = (await records(net))["waiting"]
        assert (record.state, record.entry.url) == (MemberState.PENDING, address(demo))
        assert (await net.ask(path="/services")).json == []
        assert (await delete(net, "waiting", waiting.service_key)).status == 200

    async def test_whom_the_operator_turned_away_changes_nothing(
        self, net: Running, demo: DemoNetwork
    ) -> None:
        steward = net.network.registry.steward
        asked = Registration(id="waiting", url=address(demo))
        waiting = await steward.register(asked, by="stranger")
        await steward.reject("waiting", by="operator")
        refused(await delete(net, "waiting", waiting.service_key), 404)
        refused(await put(net, "waiting", waiting.service_key, address(demo)), 404)
        assert (await records(net))["waiting"].state is MemberState.REJECTED

    async def test_a_member_of_an_opaque_group_is_hidden_and_can_still_leave(
        self, net: Running, demo: DemoNetwork
    ) -> None:
        service_id, key = await joined(net, address(demo))
        await joined(net, address(demo, "demo-v11"))
        group = Group(id="quiet", opaque=True)
        await net.network.registry.groups.describe(group, by="operator")
        for member_id in await records(net):
            changes = {"groups": ["quiet"]}
            await net.network.registry.steward.edit(member_id, changes, by="operator")
        assert [one["id"] for one in (await net.ask(path="/services")).json] == ["quiet"]
        refused(await net.ask(path=f"/services/{service_id}"), 404)
        assert (await put(net, service_id, key, address(demo))).status == 200
        assert (await delete(net, service_id, key)).status == 200

    async def test_the_limit_holds_for_moves(self, demo: DemoNetwork) -> None:
        async with network_of(security={"join_rate_limit": 1}) as net:
            service_id, key = await joined(net, address(demo))
            refused(await put(net, service_id, key, UNREACHED), 429)
            assert (await put(net, service_id, key, address(demo))).status == 200

    async def test_changes_are_counted_as_those_of_an_entry_are(self, demo: DemoNetwork) -> None:
        async with network_of(security={"join_rate_limit": 1}) as net:
            service_id, key = await joined(net, address(demo))
            for _ in range(CHANGES_PER_JOIN):
                assert (await put(net, service_id, key, address(demo))).status == 200
            for over in (
                await put(net, service_id, key, address(demo)),
                await delete(net, service_id, key),
            ):
                assert "Nothing was changed" in refused(over, 429)
                assert int(over.headers["Retry-After"]) > 0
            assert (await records(net))[service_id].state is MemberState.ACTIVE

    async def test_keys_that_open_nothing_are_counted(self, demo: DemoNetwork) -> None:
        async with network_of(security={"join_rate_limit": 3}) as net:
            service_id, key = await joined(net, address(demo))
            refused(await put(net, service_id, "bsk_guess", address(demo)), 401)
            refused(await delete(net, service_id, "bsk_guess"), 401)
            said = refused(await delete(net, service_id, "bsk_guess"), 429)
            assert "Too many keys that open nothing" in said
            assert (await delete(net, service_id, key)).status == 200


class TestLeaving:
    async def test_a_beacon_leaves_and_may_come_back_under_its_id(
        self, net: Running, demo: DemoNetwork
    ) -> None:
        service_id, key = await joined(net, address(demo))
        reply = await delete(net, service_id, key)
        assert reply.status == 200
        assert reply.headers["Content-Type"].startswith("text/plain")
        assert (await net.ask(path=f"/services/{service_id}")).status == 404
        record = (await records(net))[service_id]
        assert (record.state, record.left_by) == (MemberState.REMOVED, f"member:{service_id}")
        refused(await delete(net, service_id, key), 404)
        refused(await put(net, service_id, key, address(demo)), 404)
        assert (await joined(net, address(demo)))[0] == service_id

    async def test_whom_an_operator_removed_does_not_come_back(
        self, net: Running, demo: DemoNetwork
    ) -> None:
        service_id, key = await joined(net, address(demo))
        await net.network.registry.steward.remove(service_id, by="operator")
        refused(await delete(net, service_id, key), 404)
        refused(await post(net, await invited(net), address(demo)), 409)
        assert (await records(net))[service_id].left_by == "operator"

    async def test_only_its_own_key_opens_an_entry(self, net: Running, demo: DemoNetwork) -> None:
        one, own = await joined(net, address(demo))
        two, other = await joined(net, address(demo, "demo-v11"))
        refused(await delete(net, one, ""), 400)
        refused(await put(net, one, "", address(demo)), 400)
        for service_id, key in ((one, other), (two, own), (one, "bsk_x"), ("nobody", own)):
            reply = await delete(net, service_id, key)
            refused(reply, 401)
            assert reply.headers["WWW-Authenticate"]
            refused(await put(net, service_id, key, address(demo)), 401)
        assert {record.state for record in (await records(net)).values()} == {MemberState.ACTIVE}

    async def test_nobody_removes_everything_at_once(self, net: Running) -> None:
        for method in ("DELETE", "PUT"):
            said = refused(await net.ask(path="/services", method=method), 400)
            assert "/services/ID" in said

    async def test_looking_again_is_nobodys_to_ask_for(self, net: Running) -> None:
        said = refused(await net.ask(path="/update/services"), 404)
        assert "by itself" in said
