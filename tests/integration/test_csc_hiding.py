"""What registering as at CSC's tells of beacons that are here already: nothing but that."""

from pathlib import Path

from demo import DemoNetwork
from registry.records import OPERATOR
from registry.registration import checked_registration
from tests.csc_registry import address, invited, joined, post, put, refused
from tests.hiding import network

LIMITS = {"join_rate_limit": 0}
BEACONS = {
    "plain": "demo-v1",
    "within": "demo-v11",
    "waiting": "demo-counts",
    "turned": "demo-records",
}


async def test_an_address_is_refused_alike_whoever_has_it(tmp_path: Path) -> None:
    async with DemoNetwork() as demo, DemoNetwork() as other:
        places = {one: address(demo, beacon) for one, beacon in BEACONS.items()}
        entries = [
            {"id": "plain", "url": places["plain"]},
            {"id": "within", "url": places["within"], "groups": ["north"]},
        ]
        async with network(tmp_path, entries, security=LIMITS) as net:
            steward = net.network.registry.steward
            for one in ("waiting", "turned"):
                asked = checked_registration({"id": one, "url": places[one]})
                await steward.register(asked, by="stranger")
            await steward.reject("turned", by=OPERATOR)
            key, mine = await invited(net, uses=None), await joined(net, address(other))

            said = {one: refused(await post(net, key, url), 409) for one, url in places.items()}
            assert set(said.values()) == {
                "url: a beacon at this address is registered here already."
            }, said
            moved = {one: await put(net, *mine, url) for one, url in places.items()}
            assert {refused(one, 409) for one in moved.values()} == {*said.values()}


async def test_an_id_that_is_taken_makes_another_whoever_has_it(tmp_path: Path) -> None:
    """The id is made of the name a beacon gives itself: the same next one for all of them."""
    async with DemoNetwork() as first, DemoNetwork() as second:
        # what it would be called, and would be called next
        async with network(tmp_path, [], security=LIMITS) as net:
            wanted, _ = await joined(net, address(first))
        for taken in (
            {"id": wanted, "url": address(second)},
            {"id": wanted, "url": address(second), "groups": ["north"]},
        ):
            async with network(tmp_path, [taken], security=LIMITS) as net:
                made, _ = await joined(net, address(first))
                assert made == f"{wanted}-2"
        groups = [{"id": wanted, "name": "The North", "opaque": True}]
        inside = {"id": "inside", "url": address(second), "groups": [wanted]}
        async with network(tmp_path, [inside], groups, security=LIMITS) as net:
            assert (await joined(net, address(first)))[0] == f"{wanted}-2"
