"""Whole stories of members that fail: what is found out of each, and exactly who is told what."""

from demo import Fault
from tests.health_stories import Told, a_demo_story


async def test_a_network_that_is_well_tells_nobody_anything(monkeypatch):
    async with a_demo_story(monkeypatch) as it:
        await it.minutes(6)
        assert await it.everything() == it.well()


async def test_a_beacon_goes_down_and_comes_back(monkeypatch):
    async with a_demo_story(monkeypatch) as it:
        await it.minutes(2)
        it.beacons["demo-v1"].fault = Fault(down=True)
        await it.minutes(2)
        assert await it.everything() == it.well(members={"demo-v1": Told(uptime="50 %")})
        await it.minutes(1)
        began = "demo-v1 outage began 5"
        down = Told("down since 3 (connect)", "down", "40 %")
        assert await it.everything() == it.well(
            members={"demo-v1": down},
            incidents=["demo-v1 outage 3- (connect)"],
            events=[began],
            owner=[began],
        )
        page = await it.net.ask(path="/health/demo-v1", headers={"Accept": "text/html"})
        assert "not met so far" in page.text  # the month is not over
        it.beacons["demo-v1"].fault = Fault()
        await it.minutes(1)  # what operators are told of members gathers for a minute
        assert await it.everything() == it.well(
            members={"demo-v1": Told("down since 3 (connect)", "down", "50 %")},
            incidents=["demo-v1 outage 3- (connect)"],
            events=[began],
            operator=[began],
            owner=[began],
        )
        await it.minutes(3)
        told = [began, "demo-v1 outage ended 7"]
        assert await it.everything() == it.well(
            members={"demo-v1": Told("up since 6", "up", "66.66 %")},
            incidents=["demo-v1 outage 3-6 (connect)"],
            events=told,
            operator=told,
            owner=told,
        )
        began, ended = it.owner.receiver.documents
        assert "has not answered since" in began["text"]
        assert ended["text"].endswith(": Over: answers again after 3 min")
        assert began["details"]["phase"] == "connect"
        assert ended["details"]["durationS"] == 180


async def test_a_beacon_becomes_slow_and_is_not_called_down(monkeypatch):
    async with a_demo_story(monkeypatch, health={"slow_s": 1}) as it:
        await it.minutes(2)
        it.beacons["demo-v1"].fault = Fault(delay_s=1.05)
        await it.minutes(3)
        slow = Told("up since 1, slow", "slow")
        began = "demo-v1 slow began 5"
        assert await it.everything() == it.well(
            members={"demo-v1": slow}, incidents=["demo-v1 slow 5-"], events=[began], owner=[began]
        )
        it.beacons["demo-v1"].fault = Fault()
        await it.minutes(2)
        told = [began, "demo-v1 slow ended 6"]
        assert await it.everything() == it.well(
            incidents=["demo-v1 slow 5-6"], events=told, operator=told, owner=told
        )


async def test_a_beacon_comes_and_goes(monkeypatch):
    async with a_demo_story(monkeypatch) as it:
        for _ in range(4):
            it.beacons["demo-v1"].fault = Fault()
            await it.minutes(1)
            it.beacons["demo-v1"].fault = Fault(status=502)
            await it.minutes(1)
        flapping = Told("up since 1, flapping", "flapping", "50 %")
        began = "demo-v1 flapping began 7"
        assert await it.everything() == it.well(
            members={"demo-v1": flapping},
            incidents=["demo-v1 flapping 7-"],
            events=[began],
            operator=[began],
            owner=[began],
        )
        it.beacons["demo-v1"].fault = Fault()
        await it.minutes(20)
        told = [began, "demo-v1 flapping ended 26"]
        assert await it.everything() == it.well(
            members={"demo-v1": Told(uptime="85.71 %")},
            incidents=["demo-v1 flapping 7-26"],
            events=told,
            operator=told,
            owner=told,
        )


async def test_a_beacon_is_paused_while_it_is_down(monkeypatch):
    async with a_demo_story(monkeypatch) as it:
        it.beacons["demo-v1"].fault = Fault(status=500)
        await it.minutes(4)
        entries = [dict(one) for one in it.entries]
        paused = [
            one | {"paused": {"note": "moving"}} if one["id"] == "demo-v1" else one
            for one in entries
        ]
        await it.declares(paused)
        await it.minutes(5)
        began = "demo-v1 outage began 3"
        assert await it.everything() == it.well(
            members={"demo-v1": Told("paused since 5", "paused", "0 %")},
            incidents=["demo-v1 outage 1-5 (status)"],
            events=[began],
            operator=[began],
            owner=[began],
        )
        await it.declares(entries)
        it.beacons["demo-v1"].fault = Fault()
        await it.minutes(3)
        assert await it.everything() == it.well(
            members={"demo-v1": Told("up since 10", uptime="42.85 %")},
            incidents=["demo-v1 outage 1-5 (status)"],
            events=[began],
            operator=[began],
            owner=[began],
        )


async def test_a_beacon_leaves_while_it_is_down(monkeypatch):
    async with a_demo_story(monkeypatch) as it:
        it.beacons["demo-v1"].fault = Fault(status=500)
        await it.minutes(4)
        await it.declares([one for one in it.entries if one["id"] != "demo-v1"])
        await it.minutes(5)
        began = "demo-v1 outage began 3"
        assert await it.everything() == it.well(
            incidents=["demo-v1 outage 1-4 (status)"],
            events=[began],
            operator=[began],
            owner=[began],
        )
        for path in ("/health/demo-v1", "/health/demo-v1.json", "/members/demo-v1/feed.atom"):
            assert (await it.net.ask(path=path)).status == 404


async def test_an_outage_that_is_paused_before_it_was_long_enough_is_told_nobody(monkeypatch):
    async with a_demo_story(monkeypatch, wishes={"after_minutes": 10}) as it:
        it.beacons["demo-v1"].fault = Fault(status=500)
        await it.minutes(4)
        await it.declares(
            [one | {"paused": {}} if one["id"] == "demo-v1" else one for one in it.entries]
        )
        await it.minutes(15)
        assert it.owner.events() == []


async def test_a_beacon_is_away_from_the_first_day(monkeypatch):
    async with a_demo_story(monkeypatch, faults={"demo-records": Fault(down=True)}) as it:
        await it.minutes(2)
        assert await it.everything() == it.well(
            members={"demo-records": Told("not known yet", "no data", "0 %")}
        )
        await it.minutes(2)
        began = "demo-records outage began 3"
        assert await it.everything() == it.well(
            members={"demo-records": Told("down since 1 (connect)", "down", "0 %")},
            incidents=["demo-records outage 1- (connect)"],
            events=[began],
            operator=[began],
        )
        page = await it.net.ask(
            path="/health/demo-records/conformance", headers={"Accept": "text/html"}
        )
        assert "it is not known yet which protocol it speaks" in page.text
