"""Failed controls in opaque groups, in several processes, after restarts, at other addresses."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from aggregator.watch import control_plan
from demo import DemoNetwork
from registry.controls import ControlVerdict
from registry.health import Trait
from tests.hiding import GROUP, network
from tests.networks import PATIENT_S, Running, come_true, network_of

NOBODY_HAS = {
    "assemblyId": "GRCh37",
    "referenceName": "7",
    "start": "140453140",
    "referenceBases": "G",
    "alternateBases": "C",
}
CHECKING = {"controls_s": 3600}
IDS = ("demo-v1", "demo-legacy")


@pytest.fixture(autouse=True)
def no_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a wrong answer be asked again at once."""
    monkeypatch.setattr(control_plan, "APART", timedelta(0))


def entries(demo: DemoNetwork, *ids: str, **more: Any) -> list[dict[str, Any]]:
    return [{**one, **more} for one in demo.members() if one["id"] in (ids or IDS)]


async def tried(net: Running, *member_ids: str) -> None:
    """Have these members asked their controls again, and what came of it brought into force."""
    controls = net.network.watch.trials.controls
    facts = net.network.watch.health.facts
    await net.known(*(one for one in member_ids if one != "demo-legacy"))  # it has no words for it
    await come_true(lambda: all(one in facts("controls") for one in member_ids))
    if running := await controls.step():
        await asyncio.wait(running)  # what began before does not count
    for _ in range(2):  # one wrong answer fails nothing
        for member_id in member_ids:
            controls.timetable.hurry(member_id)
        if looks := await controls.step():
            await asyncio.wait(looks)
    await net.network.keeper.refresh()


@asynccontextmanager
async def two_of(
    members: list[dict[str, Any]], registry: dict[str, Any]
) -> AsyncIterator[tuple[Running, Running]]:
    """Two processes of one network, of which the first asks controls, and has."""
    settings = {"health": CHECKING, "registry": registry}
    async with network_of(members, **settings) as first:
        await tried(first, "demo-v1")
        async with network_of(members, **settings) as second:
            yield first, second


async def ending(net: Running, member_id: str = "demo-v1") -> str:
    return (await net.ask(NOBODY_HAS)).endings[member_id]


async def test_a_failure_inside_an_opaque_group_is_the_groups_silence(tmp_path: Path) -> None:
    async with DemoNetwork() as demo:
        inside = entries(demo, groups=["north"])
        async with network(tmp_path, inside, [GROUP], health=CHECKING) as net:
            await tried(net, *IDS)
            assert await ending(net, "north") == "not_found"
            demo.beacons["demo-v1"].fault.off_by_one = True
            await tried(net, *IDS)
            reply = await net.ask(NOBODY_HAS)
            assert reply.endings == {"north": "no_answer/no_verdict"}
            assert reply.members["north"]["datasets"] == []
            for secret in ("demo-v1", "140453136", "control", "clinical"):
                assert secret not in reply.text
            demo.beacons["demo-v1"].fault.off_by_one = False
            await tried(net, *IDS)
            assert await ending(net, "north") == "not_found"


async def test_a_group_whose_every_yes_is_marked_is_marked(tmp_path: Path) -> None:
    async with DemoNetwork() as demo:
        inside = entries(demo, groups=["north"])
        async with network(tmp_path, inside, [GROUP], health=CHECKING) as net:
            demo.beacons["demo-v1"].fault.always_yes = True
            await tried(net, *IDS)
            reply = await net.ask(NOBODY_HAS)
            assert reply.members["north"]["answer"] == "found"
            assert reply.members["north"]["untrusted"] is True
            assert "demo-v1" not in reply.text


async def test_a_failure_is_in_force_in_every_process_until_it_is_mended(tmp_path: Path) -> None:
    registry = {"url": f"sqlite:///{tmp_path / 'registry.sqlite3'}", "poll_s": 0.05}
    async with DemoNetwork() as demo:
        members = entries(demo, "demo-v1")
        async with two_of(members, registry) as (first, second):
            assert await ending(second) == "not_found"
            demo.beacons["demo-v1"].fault.wrong_build = True
            await tried(first, "demo-v1")
            assert await ending(first) == "no_answer/control_failed"
            await come_true(lambda: bool(second.member("demo-v1").controls))
            assert await ending(second) == "no_answer/control_failed"
            demo.beacons["demo-v1"].fault.wrong_build = False
            await tried(first, "demo-v1")
            assert await ending(first) == "not_found"
            await come_true(lambda: not second.member("demo-v1").controls)
            assert await ending(second) == "not_found"


async def test_only_one_of_two_processes_asks(tmp_path: Path) -> None:
    registry = {"url": f"sqlite:///{tmp_path / 'registry.sqlite3'}", "poll_s": 0.05}
    async with DemoNetwork() as demo:
        members = entries(demo, "demo-v1")
        async with two_of(members, registry) as (_, second):
            facts = second.network.watch.health.facts
            await come_true(lambda: "demo-v1" in facts("controls"))
            before = len(demo.beacons["demo-v1"].requests)
            await tried(second, "demo-v1")
            assert len(demo.beacons["demo-v1"].requests) == before


async def test_a_failure_is_in_force_from_the_first_question_after_a_restart(
    tmp_path: Path,
) -> None:
    registry = {"url": f"sqlite:///{tmp_path / 'registry.sqlite3'}"}
    async with DemoNetwork() as demo:
        members = entries(demo, "demo-v1")
        async with network_of(members, health=CHECKING, registry=registry) as net:
            await tried(net, "demo-v1")
            demo.beacons["demo-v1"].fault.off_by_one = True
            await tried(net, "demo-v1")
        async with network_of(members, health=CHECKING, registry=registry) as net:
            assert await ending(net) == "no_answer/control_failed"
        async with network_of(members, health={"controls_s": 0}, registry=registry) as net:
            assert await ending(net) == "not_found"  # nobody would ever find it mended


async def test_where_controls_are_switched_off_what_failed_is_held_against_nobody(
    tmp_path: Path,
) -> None:
    registry = {"url": f"sqlite:///{tmp_path / 'registry.sqlite3'}"}
    async with DemoNetwork() as demo:
        members = entries(demo, "demo-v1")
        async with network_of(members, health=CHECKING, registry=registry) as net:
            await tried(net, "demo-v1")
            demo.beacons["demo-v1"].fault.off_by_one = True
            await tried(net, "demo-v1")
            await net.network.watch.checks.flush()
            assert Trait.UNTRUSTED in net.network.watch.book.standing("demo-v1").traits
        async with network_of(members, health={"controls_s": 0}, registry=registry) as net:
            watch = net.network.watch
            async with asyncio.timeout(PATIENT_S):
                while any(one.ended is None for one in await watch.health.incidents(["demo-v1"])):
                    await watch.checks.flush()
                    await asyncio.sleep(0.01)
            assert watch.book.standing("demo-v1").traits == frozenset()
            events = [(one.what, one.text) for one in await watch.health.events(["demo-v1"])]
            assert [what for what, _ in events] == ["began", "ended"]
            assert "asked no questions with a known answer any more" in events[1][1]


async def test_a_failure_stays_where_it_was_found(tmp_path: Path) -> None:
    """Another beacon at another address has not failed anything yet."""
    registry = {"url": f"sqlite:///{tmp_path / 'registry.sqlite3'}"}
    async with DemoNetwork() as demo, DemoNetwork() as other:
        demo.beacons["demo-v1"].fault.off_by_one = True
        async with network_of(entries(demo, "demo-v1"), health=CHECKING, registry=registry) as net:
            await tried(net, "demo-v1")
            assert await ending(net) == "no_answer/control_failed"
            await net.network.watch.trials.controls.aclose()
        moved = entries(other, "demo-v1")
        async with network_of(moved, health=CHECKING, registry=registry) as net:
            assert await ending(net) == "not_found"


async def test_a_control_that_is_no_more_has_no_effect() -> None:
    async with DemoNetwork() as demo:
        wrong = "7-140453141-G-C GRCh37"  # nobody has it: the operator is mistaken
        async with network_of(
            entries(demo, "demo-legacy", controls=[wrong]), health=CHECKING
        ) as net:
            await tried(net, "demo-legacy")
            assert await ending(net, "demo-legacy") == "no_answer/control_failed"
            report = net.network.watch.trials.in_force.report("demo-legacy")
            assert report is not None
            assert ControlVerdict.FAIL in {one.verdict for one in report.results}
            await net.network.registry.steward.edit(
                "demo-legacy", {"controls": None}, by="operator:test"
            )
            await net.network.keeper.refresh()
            await come_true(lambda: not net.member("demo-legacy").entry.controls)
            await tried(net, "demo-legacy")
            assert await ending(net, "demo-legacy") == "not_found"


async def test_paused_members_are_asked_nothing() -> None:
    async with DemoNetwork() as demo:
        paused = entries(demo, "demo-v1", paused={"note": "moving"})
        async with network_of(paused, health=CHECKING) as net:
            looks = await net.network.watch.trials.controls.step()
            assert looks == set()
            assert demo.beacons["demo-v1"].requests == []
