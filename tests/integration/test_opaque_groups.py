"""What an opaque group says is true of all of its beacons, and is told when the last has ended."""

import asyncio
from pathlib import Path

from registry.models import Group
from tests.events import events_of, opened
from tests.faulty import hang
from tests.hiding import (
    BROKEN,
    GROUP,
    NO,
    YES,
    Held,
    group_of,
    hidden,
    information,
    members,
    network,
    talkative,
    three_hidden,
)
from tests.networks import (
    BRAF,
    DEADLINE_S,
    GENEROUS_S,
    come_true,
    entry,
    questions,
    scripted,
)
from tests.official import official

RECORDS = {**BRAF, "requestedGranularity": "record", "includeResultsetResponses": "ALL"}


async def test_one_yes_is_a_yes(tmp_path: Path) -> None:
    async with group_of(tmp_path, scripted(NO), scripted(YES)) as net:
        reply = await net.ask(BRAF)
        assert reply.endings == {"north": "found"}
        assert reply.info["complete"] is True
        official.validate_v2_answer(reply.json)


async def test_all_no_is_a_no(tmp_path: Path) -> None:
    async with group_of(tmp_path, scripted(NO), scripted(NO)) as net:
        reply = await net.ask(BRAF)
        assert reply.endings == {"north": "not_found"}
        assert (reply.info["verdict"], reply.summary["exists"]) == ("not_found", False)


async def test_a_no_with_one_missing_is_none(tmp_path: Path) -> None:
    async with group_of(tmp_path, scripted(NO), scripted(BROKEN)) as net:
        reply = await net.ask(BRAF)
        assert reply.status == 502
        assert reply.endings == {"north": "no_answer/no_verdict"}
        assert reply.members["north"]["reason"]["message"] == (
            "1 of 2 of its beacons did not answer"
        )
        assert "Do not read" in reply.problem or "We do not know" in reply.problem


async def test_a_yes_with_one_missing_says_that_there_may_be_more(tmp_path: Path) -> None:
    async with group_of(tmp_path, scripted(YES), scripted(BROKEN)) as net:
        reply = await net.ask(BRAF)
        assert reply.endings == {"north": "found"}
        assert reply.info["complete"] is False
        assert reply.members["north"]["warnings"] == [
            "1 of 2 of its beacons did not answer: there may be more"
        ]


async def test_counts_are_added_and_no_record_is_given(tmp_path: Path) -> None:
    told = information()
    inside = [scripted(talkative(True, n), info=told) for n in (3, 4)]
    async with group_of(tmp_path, *inside) as net:
        reply = await net.ask(RECORDS)
        assert reply.members["north"]["count"] == 7
        assert reply.members["north"]["granularity"] == "count"
        assert reply.members["north"]["datasets"] == []
        assert [one["results"] for one in reply.sets] == [[]]
        assert reply.sets[0]["beaconId"] == "north"
        official.validate_v2_answer(reply.json)


async def test_one_alone_is_never_asked(tmp_path: Path) -> None:
    async with members(scripted(YES), scripted(NO)) as (only, plain):
        async with network(tmp_path, [hidden(only, "quellwater"), entry(plain, "plain")]) as net:
            reply = await net.ask(BRAF)
            assert reply.endings["north"] == "not_asked/opaque"
            assert reply.info["complete"] is False
            assert questions(only) == []
            explained = await net.explain(BRAF)
            assert explained["north"]["reason"]["code"] == "opaque"


async def test_nobody_can_be_asked_is_no_fault_that_passes(tmp_path: Path) -> None:
    async with group_of(tmp_path, scripted(YES)) as net:
        assert (await net.ask(BRAF)).status == 501


async def test_explaining_tells_of_the_group_and_of_nothing_sent(tmp_path: Path) -> None:
    async with group_of(tmp_path, scripted(YES), scripted(YES)) as net:
        (told,) = (await net.explain(BRAF)).values()
        assert (told["id"], told["answer"], told["requests"]) == ("north", "asking", [])
        assert told["warnings"] == [
            "a group of beacons that is asked as one; what each of them is sent is not told"
        ]


async def test_a_client_pays_for_every_beacon(tmp_path: Path) -> None:
    limits = {"rate_limit": 100}
    async with group_of(tmp_path, *[scripted(YES)] * 3, security=limits) as net:
        assert (await net.ask(BRAF)).headers["RateLimit-Remaining"] == "97"


# --- time ---


async def test_a_fast_yes_is_not_seen_before_the_slowest_has_ended(tmp_path: Path) -> None:
    slow = Held(NO)
    async with members(scripted(NO), scripted(YES), scripted(slow)) as (plain, fast, last):
        entries = [entry(plain, "plain"), hidden(fast, "q-1"), hidden(last, "q-2")]
        async with network(tmp_path, entries) as net, opened(net, BRAF) as stream:
            first = await stream.next()
            assert first is not None
            assert first.json["id"] == "plain"
            await come_true(lambda: len(questions(fast)) == len(questions(last)) == 1)
            following = asyncio.create_task(stream.next())
            done, _ = await asyncio.wait({following}, timeout=0.2)
            assert not done
            slow.go.set()
            second = await following
            assert second is not None
            assert (second.json["id"], second.json["answer"]) == ("north", "found")


async def test_the_usual_deadline_ends_a_group_with_what_it_said(tmp_path: Path) -> None:
    settings = {"query": {"deadline_s": DEADLINE_S, "retries": 0}}
    async with group_of(tmp_path, scripted(YES), scripted(BROKEN, hang()), **settings) as net:
        # from now on the yes is in the cache, so that it is there in time
        assert (await net.ask({**BRAF, "wait": "10"})).endings == {"north": "found"}
        waiting = {**BRAF, "wait": "1"}  # longer than usual is no hurry
        reply = await net.ask(waiting, within_s=1 + GENEROUS_S)
        assert reply.endings == {"north": "found"}
        assert reply.info["complete"] is False


async def test_a_hurried_client_does_not_see_how_soon_the_yes_came(tmp_path: Path) -> None:
    async with group_of(tmp_path, scripted(YES), scripted(hang())) as net:
        reply = await net.ask({**BRAF, "wait": str(DEADLINE_S)}, within_s=GENEROUS_S)
        assert reply.endings == {"north": "no_answer/timeout"}
        assert reply.status == 504


async def test_the_header_times_the_group_alone(tmp_path: Path) -> None:
    async with group_of(tmp_path, scripted(YES), scripted(NO)) as net:
        timing = (await net.ask(BRAF)).headers["Server-Timing"]
        assert [part.split(";")[0] for part in timing.split(", ")] == ["total", "north"]


async def test_streams_tell_of_the_group_once(tmp_path: Path) -> None:
    async with three_hidden(tmp_path) as net:
        told = [one.json["id"] for one in await events_of(net, BRAF) if one.name == "member"]
        assert sorted(told) == ["north", "plain"]


# --- what operators see ---


async def test_metrics_count_the_group_and_no_breaker_of_one_inside(tmp_path: Path) -> None:
    async with three_hidden(tmp_path) as net:
        await net.ask(BRAF)
        text = (await net.ask(path="/metrics")).text
        assert 'beacon_member_requests_total{answer="found",member="north",reason=""}' in text
        assert 'beacon_member_request_duration_seconds_count{member="north"} ' in text
        assert 'beacon_member_breaker_state{member="plain"}' in text
        assert 'beacon_member_breaker_state{member="north"}' not in text
        assert 'beacon_members{state="active"} 2.0' in text


async def test_every_beacon_inside_is_looked_at(tmp_path: Path) -> None:
    async with three_hidden(tmp_path) as net:
        assert net.member("quellwater").capabilities.name == "Zanzibarine"


async def test_a_group_that_opens_shows_its_members(tmp_path: Path) -> None:
    async with group_of(tmp_path, scripted(YES), scripted(NO)) as net:
        await net.network.registry.groups.drop("north", by="operator")
        assert (await net.ask(BRAF)).endings == {
            "quellwater-0": "found",
            "quellwater-1": "not_found",
        }


async def test_a_group_that_closes_hides_them(tmp_path: Path) -> None:
    async with members(scripted(YES), scripted(NO)) as inside:
        entries = [hidden(one, f"quellwater-{number}") for number, one in enumerate(inside)]
        async with network(tmp_path, entries, groups=()) as net:
            assert len((await net.ask(BRAF)).members) == 2
            group = Group.model_validate(GROUP)
            await net.network.registry.groups.describe(group, by="operator")
            assert list((await net.ask(BRAF)).members) == ["north"]
            assert "quellwater" not in (await net.ask(path="/metrics")).text
