"""Runs of conformance as a network makes them: what is kept, what is told, and when it looks."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from aggregator.base.errors import Conflict
from aggregator.watch.conformance.report import ConformanceReport, Unfinished, Verdict
from demo import DemoNetwork, Fault
from registry.incidents import Event, Incident, Topic
from tests.conforming import ConformingV2
from tests.faulty import FaultyMember, Wire, hang
from tests.networks import DEADLINE_S, PATIENT_S, Running, come_true, network_of


@dataclass
class Staged:
    """A network of one beacon whose behaviour can be changed."""

    net: Running
    server: FaultyMember
    stage: "Stage"
    id: str = "one"

    async def look(self) -> ConformanceReport | Unfinished:
        outcome = await self.net.network.watch.conformance.look(self.net.member(self.id))
        assert outcome is not None
        return outcome

    async def look_at(self, broken: str = "", version: str = "1.0") -> ConformanceReport:
        self.stage.beacon = ConformingV2(broken)
        self.stage.beacon.service_version = version
        report = await self.look()
        assert isinstance(report, ConformanceReport)
        return report

    @property
    def fact(self) -> Any:
        return self.net.network.watch.health.facts("conformance")[self.id].document

    async def events(self) -> list[Event]:
        found = await self.net.network.watch.health.events([self.id])
        return [one for one in found if one.topic is Topic.CONFORMANCE]

    async def incidents(self) -> list[Incident]:
        found = await self.net.network.watch.health.incidents([self.id])
        return [one for one in found if one.topic is Topic.CONFORMANCE]

    async def runs(self) -> list[Any]:
        return [one.document for one in await self.net.network.watch.health.runs(self.id)]


@dataclass
class Stage:
    beacon: ConformingV2 = field(default_factory=ConformingV2)

    async def behave(self, wire: Wire) -> None:
        await self.beacon.behave(wire)


@pytest.fixture
async def staged() -> AsyncIterator[Staged]:
    stage = Stage()
    async with FaultyMember(stage.behave) as server:
        entry = {"id": "one", "url": server.url, "protocol": "v2", "assemblies": ["GRCh38"]}
        async with network_of([entry]) as net:
            await net.known("one")
            yield Staged(net, server, stage)


async def test_a_run_is_kept_whole_and_in_the_history(staged: Staged) -> None:
    report = await staged.look_at("v2.cors")

    assert staged.fact["score"] == {"passed": report.passed, "total": report.total}
    assert staged.fact["failed"] == ["v2.cors"]
    assert len(staged.fact["rules"]) == len(report.findings)
    assert staged.fact["serviceVersion"] == "1.0"
    (run,) = await staged.runs()
    assert run["failed"] == ["v2.cors"]
    assert "rules" not in run


async def test_what_fails_from_the_start_is_told_to_nobody(staged: Staged) -> None:
    await staged.look_at("v2.cors")
    await staged.look_at("v2.cors")

    assert await staged.events() == []
    assert await staged.incidents() == []


async def test_drift_is_told_once_and_ends_when_it_is_mended(staged: Staged) -> None:
    await staged.look_at()
    await staged.look_at("v2.echo", version="1.1")
    await staged.look_at("v2.echo", version="1.1")
    (began,) = await staged.events()
    (opened,) = await staged.incidents()
    await staged.look_at()
    await staged.look_at()
    first, ended = await staged.events()
    (closed,) = await staged.incidents()

    assert (began.what, ended.what) == ("began", "ended")
    assert first.key == began.key
    assert "v2.echo" in began.text
    assert "was 37 of 37 until the release of" in began.text
    assert "version 1.1" in began.text
    assert began.details["score"] == "36 of 37"
    assert opened.ended is None
    assert opened.request.startswith("curl ")
    assert closed.number == opened.number
    assert closed.ended is not None
    assert ended.text == "keeps again what it kept of the specification: v2.echo"
    assert staged.fact["drift"] is None


async def test_what_newly_fails_meanwhile_is_news_of_the_same_incident(staged: Staged) -> None:
    await staged.look_at()
    await staged.look_at("v2.echo")
    await staged.look_at("v2.cors")

    events = await staged.events()
    (incident,) = await staged.incidents()
    assert ["v2.echo" in events[0].text, "v2.cors" in events[1].text] == [True, True]
    assert [one.what for one in events] == ["began", "began"]
    assert incident.ended is None
    assert list(staged.fact["drift"]["rules"]) == ["v2.cors"]


async def test_a_crash_before_the_verdict_was_kept_tells_nothing_twice(
    staged: Staged, monkeypatch: pytest.MonkeyPatch
) -> None:
    await staged.look_at()
    store = staged.net.network.watch.health

    async def dies(*_: object, **__: object) -> None:
        raise RuntimeError("as if the process had ended here")

    with monkeypatch.context() as patched:
        patched.setattr(store, "put_fact", dies)
        with pytest.raises(RuntimeError):
            await staged.look_at("v2.echo")
    await staged.look_at("v2.echo")

    assert len(await staged.events()) == 1
    assert len(await staged.incidents()) == 1


async def test_a_beacon_that_is_away_is_not_judged(staged: Staged) -> None:
    await staged.look_at()
    before = staged.fact
    await staged.server.__aexit__(None, None, None)
    outcome = await staged.look()

    assert isinstance(outcome, Unfinished)
    assert staged.fact["tried"]["why"]
    assert staged.fact["score"] == before["score"]
    assert staged.fact["at"] == before["at"]
    assert len(await staged.runs()) == 1
    assert await staged.events() == []


async def test_one_that_was_never_reached_has_no_score() -> None:
    async with DemoNetwork(faults={"demo-records": Fault(down=True)}) as demo:
        members = [one for one in demo.members() if one["id"] == "demo-records"]
        async with network_of(members) as net:
            outcome = await net.network.watch.conformance.look(net.member("demo-records"))
            document = net.network.watch.health.facts("conformance")["demo-records"].document

    assert isinstance(outcome, Unfinished)
    assert document["score"] is None
    assert document["failed"] == []


async def test_a_gateway_in_front_of_a_dead_server_is_no_verdict() -> None:
    async with DemoNetwork() as demo:
        members = [one for one in demo.members() if one["id"] == "demo-v11"]
        async with network_of(members) as net:
            await net.known("demo-v11")
            demo.beacons["demo-v11"].fault = Fault(status=502)
            outcome = await net.network.watch.conformance.look(net.member("demo-v11"))

    assert isinstance(outcome, Unfinished)
    assert "502" in outcome.why


async def test_schema_drift_of_a_demo_beacon_is_one_event_and_mended_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from demo import records_documents  # noqa: PLC0415 - patched here alone

    async with DemoNetwork() as demo:
        members = [one for one in demo.members() if one["id"] == "demo-records"]
        async with network_of(members) as net:
            await net.known("demo-records")
            keeper, store = net.network.watch.conformance, net.network.watch.health
            member = net.member("demo-records")
            await keeper.look(member)
            with monkeypatch.context() as patched:
                whole = records_documents.service_info

                def without_name() -> dict[str, object]:
                    return {key: one for key, one in whole().items() if key != "name"}

                patched.setattr(records_documents, "service_info", without_name)
                await keeper.look(member)
                await keeper.look(member)
            await keeper.look(member)
            events = await store.events(["demo-records"])

    assert [one.what for one in events] == ["began", "ended"]
    assert "v2.service_info.schema" in events[0].text


class TestByItself:
    """What the background service does, with an interval that is never reached."""

    async def test_a_new_member_is_judged_and_again_after_its_release(self) -> None:
        stage = Stage()
        async with FaultyMember(stage.behave) as server:
            entry = {"id": "one", "url": server.url, "protocol": "v2"}
            health = {"conformance_s": 300_000_000}
            async with network_of(
                [entry], health=health, registry={"poll_s": 0.1, "info_s": 0.2}
            ) as net:
                staged = Staged(net, server, stage)
                facts = net.network.watch.health.facts
                await come_true(lambda: "one" in facts("conformance"))
                await come_true(lambda: staged.fact["serviceVersion"] == "1.0")
                stage.beacon.service_version = "1.1"
                await come_true(lambda: staged.fact["serviceVersion"] == "1.1")
                when = net.network.watch.conformance.next_at(net.member("one"))

        assert when is not None

    async def test_paused_and_switched_off_members_are_left_alone(self) -> None:
        async with FaultyMember(ConformingV2().behave) as server:
            entry = {"id": "one", "url": server.url, "protocol": "v2"}
            pause = {"until": "2999-01-01", "note": "moving"}
            for off in ({"disabled": True}, {"paused": pause}):
                async with network_of([entry | off], health={"conformance_s": 300_000_000}) as net:
                    keeper = net.network.watch.conformance
                    assert keeper.next_at(net.member("one")) is None
                    assert await keeper.rounds.step() == set()

    async def test_with_an_interval_of_0_nobody_is_judged(self, staged: Staged) -> None:
        assert staged.net.network.watch.conformance.next_at(staged.net.member("one")) is None


async def test_one_late_answer_is_no_failure_and_three_end_the_run() -> None:
    late: set[str] = set()
    beacon = ConformingV2()

    async def behave(wire: Wire) -> None:
        assert wire.request is not None
        if any(path in wire.request.target for path in late):
            await hang()(wire)
        else:
            await beacon.behave(wire)

    async with FaultyMember(behave) as server:
        entry = {"id": "one", "url": server.url, "protocol": "v2", "timeout_s": 3 * DEADLINE_S}
        async with network_of([entry]) as net:
            await net.known("one")
            staged = Staged(net, server, Stage())
            late.add("/configuration")
            once = await staged.look()
            late.add("/g_variants")
            often = await staged.look()

    assert isinstance(once, ConformanceReport)
    assert once.failed == ()
    assert "v2.configuration.schema" in once.those(Verdict.SKIPPED)
    assert isinstance(often, Unfinished)
    assert "in a row" in often.why


async def test_a_look_that_takes_long_goes_on_by_itself_and_once() -> None:
    goes_on = asyncio.Event()
    stage = Stage()
    is_slow = False

    async def behave(wire: Wire) -> None:
        if is_slow:
            await goes_on.wait()
        await stage.behave(wire)

    async with FaultyMember(behave) as server:
        entry = {"id": "one", "url": server.url, "protocol": "v2"}
        async with network_of([entry]) as net:
            await net.known("one")
            is_slow = True
            keeper, member = net.network.watch.conformance, net.member("one")
            assert await keeper.look_now(member, within_s=0.01) is None
            assert keeper.is_looking("one")
            with pytest.raises(Conflict):
                await keeper.look_now(member, within_s=0.01)
            reply = await net.ask(path="/health/one/conformance.json")
            goes_on.set()
            await come_true(lambda: not keeper.is_looking("one"))
            outcome = await keeper.look_now(member, within_s=PATIENT_S, is_operators=True)
            document = keeper.facts["one"].document

    assert reply.json["isLookedAt"] is True
    assert isinstance(outcome, ConformanceReport)
    assert document["failed"] == []


async def test_a_look_that_goes_on_ends_with_the_network() -> None:
    async with FaultyMember(Stage().behave) as server:
        entry = {"id": "one", "url": server.url, "protocol": "v2"}
        async with network_of([entry]) as net:
            await net.known("one")
            server.behaviours = (hang(),)
            keeper = net.network.watch.conformance
            assert await keeper.look_now(net.member("one"), within_s=0.01) is None

    assert "one" not in keeper.facts
