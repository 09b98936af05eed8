"""Whole stories of this network: its own connection, and a restart while a member is down."""

import json
from contextlib import AsyncExitStack

from demo import DemoNetwork, Fault
from tests.health_stories import Told, a_demo_story, told_by


def cable(it, *, is_in):
    """Pull or put in the cable: no member is reached without it."""
    for beacon in it.beacons.values():
        beacon.fault = Fault(down=not is_in)


async def test_our_own_connection_is_cut_and_the_reference_says_so(monkeypatch):
    async with a_demo_story(monkeypatch) as it:
        await it.minutes(2)
        await it.outside.closes()
        cable(it, is_in=False)
        await it.minutes(5)
        began = "- network began 3"
        assert await it.everything() == it.well(
            incidents=["- network 3-"], events=[began], operator=[began]
        )
        await it.outside.opens()
        cable(it, is_in=True)
        await it.minutes(4)
        told = [began, "- network ended 8"]
        assert await it.everything() == it.well(
            incidents=["- network 3-8"], events=told, operator=told
        )


async def test_our_own_connection_is_cut_and_only_the_members_tell(monkeypatch):
    async with a_demo_story(monkeypatch, has_outside=False) as it:
        await it.minutes(2)
        cable(it, is_in=False)
        await it.minutes(2)
        assert await it.everything() == it.well()
        await it.minutes(3)
        began = "- network began 3"
        assert await it.everything() == it.well(
            incidents=["- network 3-"], events=[began], operator=[began]
        )
        cable(it, is_in=True)
        await it.minutes(4)
        told = [began, "- network ended 8"]
        assert await it.everything() == it.well(
            incidents=["- network 3-8"], events=told, operator=told
        )


async def test_all_members_are_down_and_our_connection_works(monkeypatch):
    async with a_demo_story(monkeypatch) as it:
        await it.minutes(2)
        cable(it, is_in=False)
        await it.minutes(5)
        cable(it, is_in=True)
        await it.minutes(4)
        found = await it.everything()
        began = [f"{one} outage began 5" for one in it.beacons]
        ended = [f"{one} outage ended 9" for one in it.beacons]
        up = Told("up since 8", uptime="54.54 %")
        assert found.members == dict.fromkeys(it.beacons, up)
        assert sorted(found.incidents) == sorted(
            f"{one} outage 3-8 (connect)" for one in it.beacons
        )
        assert sorted(found.events) == sorted(found.operator) == sorted(began + ended)
        assert found.owner == ["demo-v1 outage began 5", "demo-v1 outage ended 9"]


async def test_a_member_that_was_down_before_the_cut_is_told_back_after_it(monkeypatch):
    async with a_demo_story(monkeypatch) as it:
        it.beacons["demo-v1"].fault = Fault(status=500)
        await it.minutes(4)
        await it.outside.closes()
        cable(it, is_in=False)
        await it.minutes(3)
        began = ["demo-v1 outage began 3", "- network began 5"]
        down = {"demo-v1": Told("down since 1 (status)", "down", "0 %")}
        assert await it.everything() == it.well(
            members=down,
            incidents=["demo-v1 outage 1- (status)", "- network 5-"],
            events=began,
            operator=began,
            owner=began[:1],
        )
        await it.outside.opens()
        cable(it, is_in=True)
        await it.minutes(4)
        found = await it.everything()
        ended = next(one for one in found.events if one.startswith("demo-v1 outage ended"))
        assert found.operator == found.events
        assert found.owner == [began[0], ended]
        assert sorted(found.events) == sorted([*began, "- network ended 8", ended])
        assert found.members["demo-v1"].health == "up"


async def test_a_restart_in_the_middle_of_an_outage(monkeypatch, tmp_path):
    registry = {"url": f"sqlite:///{tmp_path}/registry.sqlite"}
    async with DemoNetwork() as demo, AsyncExitStack() as people:
        first_run = AsyncExitStack()
        told = {"registry": registry, "people": people}
        it = await first_run.enter_async_context(
            told_by(None, demo.members(), demo.beacons, monkeypatch, **told)
        )
        await it.minutes(2)
        demo.beacons["demo-v1"].fault = Fault(status=500)
        await it.minutes(3)
        began = "demo-v1 outage began 5"
        assert (await it.everything()).owner == [began]
        await first_run.aclose()
        async with told_by(it, demo.members(), demo.beacons, monkeypatch, **told) as it:
            await it.minutes(2)
            assert await it.everything() == it.well(
                members={"demo-v1": Told("down since 3 (status)", "down", "28.57 %")},
                incidents=["demo-v1 outage 3- (status)"],
                events=[began],
                operator=[began],
                owner=[began],
            )
            (incident,) = await it.watch.health.incidents()
            assert incident.checks == 5
            demo.beacons["demo-v1"].fault = Fault()
            await it.minutes(4)
            both = [began, "demo-v1 outage ended 9"]
            assert await it.everything() == it.well(
                members={"demo-v1": Told("up since 8", "up", "54.54 %")},
                incidents=["demo-v1 outage 3-8 (status)"],
                events=both,
                operator=both,
                owner=both,
            )


async def test_what_happens_behind_an_opaque_group_is_the_operators_alone(monkeypatch, tmp_path):
    async with DemoNetwork() as demo, AsyncExitStack() as people:
        entries = demo.members()
        hidden = [one | {"groups": ["club"]} for one in entries if one["id"] == "demo-v11"]
        seed = tmp_path / "members.json"
        group = {"id": "club", "name": "The Club", "opaque": True}
        seed.write_text(json.dumps({"members": hidden, "groups": [group]}))
        seen = [one for one in entries if one["id"] != "demo-v11"]
        told = {"registry": {"seed": seed}, "people": people}
        async with told_by(None, seen, demo.beacons, monkeypatch, **told) as it:
            await it.minutes(2)
            beacon = demo.beacons["demo-v11"]
            before = await it.seen_from_outside()
            beacon.fault = Fault(status=500)
            await it.minutes(4)
            began = "demo-v11 outage began 5"
            nothing = Told("not known yet", "N/A", "N/A", "N/A", "N/A")
            assert await it.everything() == it.well(
                members={"club": nothing},
                incidents=["demo-v11 outage 3- (status)"],
                events=[began],
                operator=[began],
            )
            outside = await it.seen_from_outside()
            for word in ("demo-v11", "Research Centre", beacon.url):
                assert word not in before + outside
            for path in (
                "/health/demo-v11",
                "/health/demo-v11.json",
                "/members/demo-v11/feed.atom",
            ):
                assert (await it.net.ask(path=path)).status == 404
