"""The members file: changes take effect while questions run, mistakes change nothing."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from aggregator.base.errors import ConfigError, RegistryUnavailable
from demo import BEACON_IDS, DemoNetwork
from registry.seed import read_entries
from tests import faulty
from tests.faulty import FaultyMember, Wire
from tests.networks import (
    BRAF,
    RECOGNISED,
    V2_INFO,
    Running,
    come_true,
    entry,
    network_of,
    questions,
    says,
    scripted,
    until,
    write_seed,
)

SOON = {"poll_s": 0.02}
NOT_THERE = "the members file names what is not there"


@pytest.fixture
def seed(tmp_path: Path) -> Path:
    return tmp_path / "members.yaml"


@asynccontextmanager
async def seeded(seed: Path, *entries: Any, **overrides: Any) -> AsyncIterator[Running]:
    write_seed(seed, entries)
    async with network_of(registry={"seed": seed, **SOON}, **overrides) as net:
        yield net


async def redeclared(net: Running, seed: Path, *entries: Any) -> None:
    """Change the file and wait until the network has seen it."""
    declared = list(read_entries([dict(one) for one in entries], "test"))
    write_seed(seed, entries)
    await come_true(lambda: [one.entry for one in net.network.holder.current.members] == declared)


def ids(net: Running) -> list[str]:
    return [member.id for member in net.network.holder.current.members]


async def test_a_changed_file_takes_effect(seed: Path) -> None:
    async with FaultyMember() as member, FaultyMember(scripted()) as other:
        async with seeded(seed, entry(member, "one")) as net:
            assert ids(net) == ["one"]
            await redeclared(net, seed, entry(other, "two"), entry(member, "one", disabled=True))

            reply = await net.ask(BRAF)
            assert reply.endings == {"two": "found", "one": "not_asked/disabled"}

            await redeclared(net, seed)
            empty = await net.ask(BRAF)
            assert empty.status == 503
            assert empty.members == {}


async def test_what_a_file_names_and_is_not_there_is_told_and_stops_nothing(
    seed: Path, tmp_path: Path
) -> None:
    async with FaultyMember(scripted()) as member:
        one = entry(member, "one", same_as=["nobody"], ca_file=str(tmp_path / "none.pem"))
        with capture_logs() as logs:
            async with seeded(seed, one) as net:
                assert ids(net) == ["one"]
        (told,) = [one for one in logs if one["event"] == NOT_THERE]
        assert (told["log_level"], told["subject"]) == ("warning", "one")
        about_members, about_file = told["problems"]
        assert "there is no member “nobody”" in about_members
        assert "none.pem” is no file here" in about_file


async def test_a_file_read_while_the_registry_was_away_is_read_again(
    seed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with FaultyMember(scripted()) as member, seeded(seed, entry(member, "one")) as net:
        seeder, failed = net.network.registry.seeder, []
        declare = seeder.declare

        async def away_once(*what: Any) -> Any:
            if not failed:
                failed.append(what)
                raise RegistryUnavailable("gone", retry_after_s=5)
            return await declare(*what)

        monkeypatch.setattr(seeder, "declare", away_once)
        await redeclared(net, seed, entry(member, "one"), entry(f"{member.url}/b", "two"))
        assert len(failed) == 1


async def test_a_silent_member_does_not_delay_the_others(seed: Path) -> None:
    """While one is still being looked at, changes are read and new members recognised."""
    async with DemoNetwork() as demo, FaultyMember(faulty.hang()) as silent:
        async with seeded(seed, entry(silent, "silent")) as net:
            await until(silent, lambda m: m.connections > 0)
            await redeclared(net, seed, entry(silent, "silent"), *demo.members())
            await net.known(*RECOGNISED)

            assert list((await net.ask(BRAF | {"ask": "demo-v11"})).found) == ["demo-v11"]


async def test_what_an_old_address_says_late_is_not_said_of_the_new(seed: Path) -> None:
    release = asyncio.Event()

    async def late(wire: Wire) -> None:
        await release.wait()
        await faulty.json_answer(V2_INFO)(wire)

    async with FaultyMember(late) as old, FaultyMember(faulty.hang()) as new:
        async with seeded(seed, entry(old, "moved", protocol="auto")) as net:
            await until(old, lambda m: bool(m.requests))
            await redeclared(net, seed, entry(new, "moved", protocol="auto"))
            release.set()
            await until(new, lambda m: bool(m.requests))

            assert net.member("moved").capabilities.api_version is None


async def test_a_member_is_looked_at_once_at_a_time(seed: Path) -> None:
    async with FaultyMember(faulty.hang()) as silent:
        async with seeded(seed, entry(silent, "silent")) as net:
            await until(silent, lambda m: bool(m.requests))
            looks = [asyncio.create_task(net.network.keeper.look_at_all()) for _ in range(3)]
            await redeclared(net, seed, entry(silent, "silent", name="Another name"))

            assert len(silent.requests) == 1
            for look in looks:
                assert not look.done()
                look.cancel()
            await asyncio.wait(looks)


async def test_the_order_of_the_file_is_the_order_of_answers(seed: Path) -> None:
    async with DemoNetwork() as demo:
        entries = demo.members()
        async with seeded(seed, *entries) as net:
            assert list((await net.ask(BRAF)).members) == list(BEACON_IDS)
            await redeclared(net, seed, *reversed(entries))
            assert list((await net.ask(BRAF)).members) == list(reversed(BEACON_IDS))


async def test_a_running_question_keeps_its_members(seed: Path) -> None:
    release = asyncio.Event()

    async def late(wire: Wire) -> None:
        await release.wait()
        await faulty.json_answer(says())(wire)

    async with FaultyMember(scripted(late)) as old, FaultyMember(scripted()) as new:
        async with seeded(seed, entry(old, "old")) as net:
            running = asyncio.create_task(net.ask(BRAF))
            await until(old, lambda m: len(questions(m)) == 1)
            await redeclared(net, seed, entry(new, "new"))
            assert (await net.ask(BRAF)).endings == {"new": "found"}
            release.set()

            assert (await running).endings == {"old": "found"}


BROKEN = {
    "no YAML": "members: [",
    "another key": "member: []",
    "not a list": "members: {a: 1}",
    "no address": "members: [{id: one}]",
    "an unknown key": "members: [{id: one, url: 'http://a', protocl: v2}]",
    "an id twice": "members: [{id: one, url: 'http://a'}, {id: one, url: 'http://b'}]",
    "a token of another name": "members: [{id: one, url: 'http://a', token: 'env:PATH'}]",
    "not UTF-8": "members: [{id: one, url: 'http://\udcff'}]",
}


@pytest.mark.parametrize("name", BROKEN)
async def test_a_broken_file_changes_nothing(seed: Path, name: str) -> None:
    async with FaultyMember(scripted()) as member:
        async with seeded(seed, entry(member, "one")) as net:
            before = net.network.holder.current
            seed.write_bytes(BROKEN[name].encode(errors="surrogateescape"))
            file = net.network.keeper._seed
            assert file is not None
            await come_true(lambda: not file.has_changed())

            assert [one.entry for one in net.network.holder.current.members] == [
                one.entry for one in before.members
            ]
            assert (await net.ask(BRAF)).found == ["one"]

            # and is read again when it is right
            await redeclared(net, seed, entry(member, "two"))
            assert (await net.ask(BRAF)).found == ["two"]


async def test_a_file_that_is_gone_changes_nothing(seed: Path) -> None:
    async with FaultyMember(scripted()) as member:
        async with seeded(seed, entry(member, "one")) as net:
            seed.unlink()
            file = net.network.keeper._seed
            assert file is not None
            await come_true(lambda: not file.has_changed())

            assert (await net.ask(BRAF)).found == ["one"]


async def test_a_broken_file_at_start_names_every_problem(seed: Path) -> None:
    seed.write_text("members: [{id: A B, url: x}, {id: c, url: 'http://c', timeout_s: -1}]")
    with pytest.raises(ConfigError) as caught:
        async with network_of(registry={"seed": seed}):
            raise AssertionError
    told = "\n".join(caught.value.problems)
    for word in ("member 1 (A B)", "id", "url", "member 2 (c)", "timeout_s"):
        assert word in told


async def test_what_was_learned_stays_while_the_address_does(seed: Path) -> None:
    async with DemoNetwork() as demo:
        v11 = next(one for one in demo.members() if one["id"] == "demo-v11")
        async with seeded(seed, v11) as net:
            await net.known("demo-v11")
            await redeclared(net, seed, {**v11, "name": "Another name"})

            member = net.member("demo-v11")
            assert member.name == "Another name"
            assert member.capabilities.api_version == "1.1.0"
            assert (await net.ask(BRAF)).found == ["demo-v11"]


async def test_what_was_learned_of_another_address_is_forgotten(seed: Path) -> None:
    async with DemoNetwork() as demo, FaultyMember(faulty.hang()) as silent:
        v11 = next(one for one in demo.members() if one["id"] == "demo-v11")
        async with seeded(seed, v11) as net:
            await net.known("demo-v11")
            await redeclared(net, seed, {**v11, "url": silent.url})

            assert net.member("demo-v11").capabilities.api_version is None
            assert net.member("demo-v11").protocol is None


async def test_a_new_address_is_asked_anew_and_not_from_the_cache(seed: Path) -> None:
    no = faulty.json_answer(says(exists=False))
    async with FaultyMember(scripted()) as first, FaultyMember(scripted(no)) as second:
        async with seeded(seed, entry(first, "one")) as net:
            assert (await net.ask(BRAF)).endings == {"one": "found"}
            await redeclared(net, seed, entry(second, "one"))

            reply = await net.ask(BRAF)
            assert reply.endings == {"one": "not_found"}
            assert reply.members["one"]["source"] == "live"


async def test_a_member_that_left_and_came_back_starts_anew(seed: Path) -> None:
    """Its failures are forgotten with it."""
    async with FaultyMember(scripted(faulty.html(500))) as member:
        async with seeded(seed, entry(member, "one"), query={"retries": 0}) as net:
            for _ in range(5):
                await net.ask(BRAF)
            assert (await net.ask(BRAF)).endings == {"one": "not_asked/suspended"}
            await redeclared(net, seed)
            await redeclared(net, seed, entry(member, "one"))

            assert (await net.ask(BRAF)).endings == {"one": "no_answer/server_error"}


async def test_a_member_that_moved_is_not_suspended_for_what_failed_at_its_old_address(
    seed: Path,
) -> None:
    broken = scripted(faulty.html(500))
    async with FaultyMember(broken) as old, FaultyMember(scripted()) as new:
        async with seeded(seed, entry(old, "one"), query={"retries": 0}) as net:
            for _ in range(5):
                await net.ask(BRAF)
            assert (await net.ask(BRAF)).endings == {"one": "not_asked/suspended"}

            await redeclared(net, seed, entry(new, "one"))

            assert (await net.ask(BRAF)).endings == {"one": "found"}
