"""Networks that ask each other in a circle: named as a loop, and never a storm."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from aggregator.upstream.client import MemberClient
from demo import DemoBeacon, DemoNetwork
from demo.csc_network import csc_network
from demo.elixir_network import elixir_network
from registry.snapshot import RegisteredMember
from tests.clocks import skip
from tests.faulty import FaultyMember
from tests.networks import (
    BRAF,
    DEADLINE_S,
    NETWORK_ID,
    Json,
    Reply,
    Running,
    come_true,
    entry,
    network_of,
    questions,
    scripted,
    write_seed,
)
from tests.official import official

NOBODY = BRAF | {"alternateBases": "G"}


def named(name: str) -> dict[str, str]:
    return {"id": f"org.example.{name}", "name": name, "environment": "test"}


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every request of any network of this process to a member, by the member's id."""
    made: list[str] = []
    call = MemberClient.call

    async def counted(
        self: MemberClient, member: RegisteredMember, *rest: Any, **named: Any
    ) -> Any:
        result = await call(self, member, *rest, **named)
        made.extend([member.id] * result.attempts)
        return result

    monkeypatch.setattr(MemberClient, "call", counted)
    return made


async def redeclare(net: Running, seed: Path, *entries: Json) -> None:
    write_seed(seed, entries)
    assert await net.network.keeper.reload()


def inside(reply: Reply, member_id: str) -> list[Json]:
    """The beacons inside a member."""
    told: list[Json] = reply.members[member_id]["beacons"]
    return told


def only(demo: DemoNetwork, name: str) -> Json:
    return next(one for one in demo.members() if one["id"] == name)


@pytest.fixture
def seeds(tmp_path: Path) -> dict[str, Path]:
    made = {name: tmp_path / f"{name}.yaml" for name in ("a", "b", "c")}
    for path in made.values():
        write_seed(path, [])
    return made


async def test_a_network_that_has_itself_as_a_member(
    seeds: dict[str, Path], calls: list[str]
) -> None:
    async with DemoNetwork() as demo, network_of(registry={"seed": seeds["a"]}) as net:
        itself = entry(f"{net.url}/api", "itself")
        await redeclare(net, seeds["a"], itself, only(demo, "demo-v11"))
        await net.known("demo-v11", "itself")
        reply = await net.ask(BRAF)

        assert reply.status == 200
        official.validate_v2_answer(reply.json)
        assert reply.endings == {"itself": "not_asked/loop", "demo-v11": "found"}
        assert reply.info["complete"] is False
        assert sorted(calls) == ["demo-v11", "itself"]
        assert len(demo.beacons["demo-v11"].requests) == 1

        # nothing to hold against it: it is asked again, and not suspended
        for _ in range(6):
            again = await net.ask(NOBODY)
            assert again.endings["itself"] == "not_asked/loop"


async def test_two_networks_that_have_each_other(seeds: dict[str, Path], calls: list[str]) -> None:
    async with (
        DemoNetwork() as demo,
        network_of(network=named("a"), registry={"seed": seeds["a"]}) as a,
        network_of(network=named("b"), registry={"seed": seeds["b"]}) as b,
    ):
        await redeclare(a, seeds["a"], entry(f"{b.url}/api", "b"), only(demo, "demo-v11"))
        await redeclare(b, seeds["b"], entry(f"{a.url}/api", "a"), only(demo, "demo-records"))
        await a.known("b", "demo-v11")
        await b.known("a", "demo-records")
        reply = await a.ask(BRAF | {"requestedGranularity": "record"})

        assert reply.endings == {"b": "found", "demo-v11": "found"}
        # what b has of a is missing: it could not be asked
        assert reply.info["complete"] is False
        assert {one["id"]: one["answer"] for one in inside(reply, "b")} == {
            "org.example.a": "not_asked",
            "org.example.demo-records": "found",
        }
        # to b, and from there back to a, where it ends
        assert sorted(calls) == ["a", "b", "demo-records", "demo-v11"]
        assert {name: len(one.requests) for name, one in demo.beacons.items() if one.requests} == {
            "demo-v11": 1,
            "demo-records": 1,
        }
        # the beacon behind b keeps its name
        (leaf,) = [one for one in reply.sets if one["id"] == "DEMO_CANCER"]
        assert leaf["beaconId"] == "org.example.demo-records"
        assert leaf["beaconNetworkId"] == "org.example.b"

        calls.clear()
        no = await a.ask(NOBODY)
        # b could not ask a, so its own no is none
        assert no.status == 502
        assert no.endings["b"] == "no_answer/server_error"
        assert no.members["b"]["attempts"] == 1
        assert sorted(calls) == ["a", "b", "demo-records", "demo-v11"]


async def test_three_networks_in_a_circle(seeds: dict[str, Path], calls: list[str]) -> None:
    async with (
        network_of(network=named("a"), registry={"seed": seeds["a"]}) as a,
        network_of(network=named("b"), registry={"seed": seeds["b"]}) as b,
        network_of(network=named("c"), registry={"seed": seeds["c"]}) as c,
    ):
        for net, name, other in ((a, "a", b), (b, "b", c), (c, "c", a)):
            await redeclare(net, seeds[name], entry(f"{other.url}/api", "next"))
            await net.known("next")
        reply = await a.ask(BRAF)

        assert reply.status == 502
        assert reply.endings == {"next": "no_answer/server_error"}
        assert calls == ["next"] * 3
        # the innermost says why: it could not ask the one that asked first
        assert "loop" in {(one["reason"] or {}).get("code") for one in inside(reply, "next")}


async def test_three_networks_in_a_circle_with_a_beacon_each(
    seeds: dict[str, Path], calls: list[str]
) -> None:
    async with (
        DemoNetwork() as demo,
        network_of(network=named("a"), registry={"seed": seeds["a"]}) as a,
        network_of(network=named("b"), registry={"seed": seeds["b"]}) as b,
        network_of(network=named("c"), registry={"seed": seeds["c"]}) as c,
    ):
        leaf = only(demo, "demo-v11")
        for net, name, other in ((a, "a", b), (b, "b", c), (c, "c", a)):
            await redeclare(net, seeds[name], entry(f"{other.url}/api", "next"), leaf)
            await net.known("next", "demo-v11")
        calls.clear()
        reply = await a.ask(BRAF)

        official.validate_v2_answer(reply.json)
        assert reply.endings == {"next": "found", "demo-v11": "found"}
        assert reply.info["complete"] is False
        # each network asks the next once, and each way leads to the beacon once
        assert sorted(calls) == ["demo-v11"] * 3 + ["next"] * 3
        assert len(demo.beacons["demo-v11"].requests) == 3
        endings = sorted((one["answer"], one["id"]) for one in inside(reply, "next"))
        assert [one for one, _ in endings] == ["found", "found", "not_asked"]


class TestThroughNetworksThatDoNotSayWhereAQuestionCameFrom:
    """They pass no Via on, so that nobody can tell; equal running questions are one call."""

    @pytest.mark.parametrize("kind", ["csc", "elixir"])
    async def test_the_circle_ends_at_the_deadline(self, kind: str, seeds: dict[str, Path]) -> None:
        async with (
            DemoNetwork() as demo,
            network_of(registry={"seed": seeds["a"]}, query={"deadline_s": 30}) as net,
        ):
            if kind == "csc":
                other = DemoBeacon("other", csc_network([f"{net.url}/v1"]))
            else:
                other = DemoBeacon("other", elixir_network({NETWORK_ID: f"{net.url}/api"}))
            await other.start()
            protocol = "csc" if kind == "csc" else "v2"
            declared = {
                **{"id": "other", "url": other.url, "protocol": protocol},
                "timeout_s": 60,
            }
            await redeclare(net, seeds["a"], declared, only(demo, "demo-v11"))
            await net.known("demo-v11")
            # what the beacon says is there before the deadline
            known = await net.ask(BRAF | {"ask": "demo-v11"})
            assert known.found == ["demo-v11"]
            asking = asyncio.create_task(net.ask(BRAF))
            await come_true(lambda: bool(other.requests))
            await asyncio.sleep(DEADLINE_S)  # round and round, if nothing stops it
            assert not asking.done()
            skip(30)
            reply = await asking
            await other.aclose()

            assert reply.endings["demo-v11"] == "found"
            assert reply.info["complete"] is False
            # as asked first, and at most once more as that network puts it
            assert 1 <= len(other.requests) <= 2
            assert 1 <= len(demo.beacons["demo-v11"].requests) <= 2


class TestVia:
    async def test_the_chain_is_passed_on_with_us_at_its_end(self) -> None:
        async with FaultyMember(scripted()) as member, network_of([entry(member)]) as net:
            await net.ask(BRAF, headers={"Via": "1.1 proxy, 2.0 org.example.other (some words)"})

            (asked,) = questions(member)
            assert asked.headers["via"] == (
                f"1.1 proxy, 2.0 org.example.other (some words), 1.1 {NETWORK_ID}"
            )

    @pytest.mark.parametrize(
        "via",
        [
            f"1.1 {NETWORK_ID}",
            f"HTTP/1.1 {NETWORK_ID}",
            f"1.1 someone, 1.1 {NETWORK_ID} (beacon-aggregator), 1.1 else",
        ],
    )
    @pytest.mark.parametrize("path", ["/api/g_variants", "/v1/query"])
    async def test_a_question_that_was_here_before_is_508(self, via: str, path: str) -> None:
        async with FaultyMember(scripted()) as member, network_of([entry(member)]) as net:
            reply = await net.ask(BRAF, path=path, headers={"Via": via})

            assert reply.status == 508
            assert NETWORK_ID in reply.problem
            assert not questions(member)

    async def test_another_name_is_another_network(self) -> None:
        async with FaultyMember(scripted()) as member, network_of([entry(member)]) as net:
            via = f"1.1 {NETWORK_ID}.other, 1.1 not-{NETWORK_ID}, 1.1 x ({NETWORK_ID})"
            assert (await net.ask(BRAF, headers={"Via": via})).status == 200

    @pytest.mark.parametrize(("hops", "status"), [(3, 200), (4, 508), (40, 508)])
    async def test_no_question_passes_more_than_four_networks(self, hops: int, status: int) -> None:
        async with FaultyMember(scripted()) as member, network_of([entry(member)]) as net:
            via = ", ".join(f"1.1 hop-{number}" for number in range(hops))
            reply = await net.ask(BRAF, headers={"Via": via})

            assert reply.status == status
            assert bool(questions(member)) is (status == 200)
