"""A real Redis under the network: shared by processes, killed, restarted, hanging, gone."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import structlog
import trustme

from aggregator.base.errors import ConfigError
from demo import DemoNetwork
from tests.faulty import FaultyMember, answer, json_answer
from tests.networks import (
    BRAF,
    RECOGNISED,
    Running,
    come_true,
    entry,
    network_of,
    questions,
    says,
    scripted,
)
from tests.ports import free_port
from tests.redis_networks import (
    keys_of,
    link_of,
    processes,
    server,
    sources,
    store_of,
    written,
)
from tests.redis_server import RedisServer

__all__ = ["server"]

NOT_FOUND = BRAF | {"start": "140753336", "referenceBases": "C", "alternateBases": "G"}
AS_SHIPPED = {"redis_timeout_s": 0.05}
ALLOWED_S = 10.0
"""A generous bound for a question while Redis is in trouble: members here answer at once."""


async def made_older(server: RedisServer, by_s: float) -> None:
    """Turn back the time at which the answers in Redis were fetched."""
    async with keys_of(server) as client:
        names = [name async for name in client.scan_iter("beacon:ba:*")]
        assert names
        for name in names:
            stored = json.loads(await client.get(name))
            stored["fetched_at"] -= by_s
            await client.set(name, json.dumps(stored), keepttl=True)


async def test_what_one_process_was_told_another_need_not_ask(server: RedisServer) -> None:
    async with FaultyMember(scripted(json_answer(says()))) as member:
        async with processes(server.url, [entry(member)]) as (one, other):
            await one.known("scripted")
            await other.known("scripted")
            first = await one.ask(BRAF)
            await written(one)
            second = await other.ask(BRAF)

            assert first.endings == second.endings == {"scripted": "found"}
            assert (sources(first), sources(second)) == ({"live"}, {"cache"})
            assert len(questions(member)) == 1


async def test_the_cache_outlives_the_process(server: RedisServer) -> None:
    async with FaultyMember(scripted(json_answer(says()))) as member:
        for source in ("live", "cache"):
            async with processes(server.url, [entry(member)], number=1) as (net,):
                await net.known("scripted")
                # what still waits to be written is written when the process ends
                assert sources(await net.ask(BRAF)) == {source}
        assert len(questions(member)) == 1


async def test_answers_leave_redis_by_themselves_and_carry_the_prefix(server: RedisServer) -> None:
    async with FaultyMember(scripted(json_answer(says()))) as member:
        cache = {"prefix": "hospital:", "ttl_s": 60, "stale_if_error_s": 600}
        cache["stale_while_revalidate_s"] = 0
        async with processes(server.url, [entry(member)], 1, cache=cache) as (net,):
            await net.ask(BRAF)
            await written(net)
            async with keys_of(server) as client:
                (name,) = await client.keys("*")
                assert name.startswith(b"hospital:ba:")
                assert 0.9 * 660_000 - 5000 < await client.pttl(name) <= 1.1 * 660_000


@pytest.mark.parametrize("path", ["/api/g_variants", "/v1/query"])
async def test_an_answer_that_stands_in_for_a_silent_member_says_how_old_it_is(
    server: RedisServer, path: str
) -> None:
    behaviour = scripted(json_answer(says()), answer(b"", 500))
    async with FaultyMember(behaviour) as member:
        async with processes(server.url, [entry(member)]) as (one, other):
            await one.known("scripted")
            await other.known("scripted")
            await one.ask(BRAF, path=path)
            await written(one)
            await made_older(server, by_s=7200)

            told = (await other.ask(BRAF, path=path)).members["scripted"]
            assert (told["answer"], told["source"]) == ("found", "stale")
            assert 7200 <= told["ageS"] < 7260
            assert told["warnings"][0].startswith("answer of ")
            assert "silent now" in told["warnings"][1]


@pytest.mark.parametrize("path", ["/api/g_variants", "/v1/query"])
async def test_an_answer_given_while_a_new_one_is_fetched_says_how_old_it_is(
    server: RedisServer, path: str
) -> None:
    async with FaultyMember(scripted(json_answer(says()), json_answer(says(False)))) as member:
        async with processes(server.url, [entry(member)]) as (one, other):
            await one.known("scripted")
            await other.known("scripted")
            await one.ask(BRAF, path=path)
            await written(one)
            await made_older(server, by_s=600)

            told = (await other.ask(BRAF, path=path)).members["scripted"]
            assert (told["answer"], told["source"]) == ("found", "stale")
            assert 600 <= told["ageS"] < 660
            assert told["warnings"][0].startswith("answer of ")

            await come_true(lambda: len(questions(member)) == 2 and other.is_at_rest)
            await written(other)
            fresh = (await one.ask(BRAF, path=path)).members["scripted"]
            assert (fresh["answer"], fresh["source"]) == ("not_found", "cache")
            assert fresh["ageS"] < 60


@dataclass
class Load:
    """Clients that ask two questions in turn, all the time, and note what they get."""

    nets: list[Running]
    truths: list[tuple[Mapping[str, str], dict[str, str]]]
    replies: list[tuple[float, int]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    _tasks: list["asyncio.Task[None]"] = field(default_factory=list)

    async def __aenter__(self) -> "Load":
        self._tasks = [asyncio.create_task(self._ask(net)) for net in self.nets for _ in range(2)]
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for task in self._tasks:
            assert task.cancelled(), task.exception()

    async def more(self, replies: int = 40) -> None:
        """Wait until so many more questions have been answered."""
        enough = len(self.replies) + replies
        await come_true(lambda: len(self.replies) >= enough)

    @property
    def slowest_s(self) -> float:
        return max(seconds for seconds, _ in self.replies)

    async def _ask(self, net: Running) -> None:
        while True:
            for parameters, truth in self.truths:
                started = time.monotonic()
                reply = await net.ask(parameters)
                self.replies.append((time.monotonic() - started, reply.status))
                if reply.status != 200 or reply.endings != truth:
                    self.wrong.append(reply.text[:500])


@asynccontextmanager
async def loaded(server: RedisServer) -> AsyncIterator[Load]:
    """The demo network under load by way of two processes."""
    async with DemoNetwork() as demo:
        async with network_of(demo.members(), cache={"url": "memory://"}) as alone:
            await alone.known(*RECOGNISED)
            truths = [(asked, (await alone.ask(asked)).endings) for asked in (BRAF, NOT_FOUND)]
        assert truths[0][1] != truths[1][1]
        async with processes(server.url, demo.members(), cache=AS_SHIPPED) as nets:
            for net in nets:
                await net.known(*RECOGNISED)
            async with Load(nets, truths) as load:
                yield load


async def failing(nets: list[Running]) -> None:
    """Wait until each of them has found out that Redis does not answer."""
    stats = [link_of(net).stats for net in nets]
    before = [each.errors for each in stats]
    await come_true(lambda: all(now.errors > then for now, then in zip(stats, before, strict=True)))


async def test_killed_and_restarted_under_load_redis_costs_nothing_but_time(
    server: RedisServer,
) -> None:
    async with loaded(server) as load:
        await load.more()
        # Redis gets so little time here that a busy machine has it left alone for a moment
        await come_true(lambda: all(store_of(net).stats.hits for net in load.nets))

        server.kill()
        await failing(load.nets)
        await load.more()

        server.start()
        hits = [store_of(net).stats.hits for net in load.nets]
        await come_true(
            lambda: all(
                store_of(net).stats.hits > before
                for net, before in zip(load.nets, hits, strict=True)
            )
        )
        await load.more()
        assert load.wrong == []
        assert {status for _, status in load.replies} == {200}
        assert load.slowest_s < ALLOWED_S


async def test_a_redis_that_hangs_under_load_costs_nothing_but_time(server: RedisServer) -> None:
    async with loaded(server) as load:
        await load.more()
        server.hang()
        await failing(load.nets)
        await load.more()
        links = [link_of(net) for net in load.nets]
        # most questions do not even try
        await come_true(lambda: all(link.stats.skipped > link.stats.errors for link in links))

        server.go_on()
        hits = [store_of(net).stats.hits for net in load.nets]
        await come_true(
            lambda: all(
                store_of(net).stats.hits > before
                for net, before in zip(load.nets, hits, strict=True)
            )
        )
        # replies that come late belong to nobody: no question gets another's answer
        await load.more()
        assert load.wrong == []
        assert load.slowest_s < ALLOWED_S


async def test_one_question_waits_for_a_hanging_redis_once_and_the_next_not_at_all(
    server: RedisServer,
) -> None:
    limits = {"allow_private_members": True, "rate_limit": 1000}
    async with FaultyMember(scripted(json_answer(says()))) as member:
        async with processes(server.url, [entry(member)], 1, security=limits) as (net,):
            await net.known("scripted")
            await net.ask(BRAF)
            await written(net)
            server.hang()
            stats = link_of(net).stats
            errors, skipped = stats.errors, stats.skipped
            assert (await net.ask(BRAF, within_s=ALLOWED_S)).status == 200
            # the client's allowance failed; the answers were not even tried, nor by others
            assert stats.errors == errors + 1
            assert stats.skipped > skipped
            server.go_on()


async def test_a_network_starts_and_answers_without_redis(server: RedisServer) -> None:
    server.kill()
    async with FaultyMember(scripted(json_answer(says()))) as member:
        async with processes(server.url, [entry(member)], 1) as (net,):
            await net.known("scripted")
            reply = await net.ask(BRAF)
            assert (reply.status, reply.endings) == (200, {"scripted": "found"})

            server.start()
            await come_true(lambda: not link_of(net).is_paused)
            assert sources(await net.ask(BRAF)) == {"live"}
            await written(net)
            assert sources(await net.ask(BRAF)) == {"cache"}


async def test_garbage_in_redis_is_a_miss(server: RedisServer) -> None:
    async with FaultyMember(scripted(json_answer(says()))) as member:
        async with processes(server.url, [entry(member)], 1) as (net,):
            await net.known("scripted")
            for garbage in (b"", b"\xff\x00", b"[]", b"{}", b'{"fetched_at": 1}', b"[" * 5000):
                await net.ask(BRAF)
                await written(net)
                async with keys_of(server) as client:
                    for name in await client.keys("*"):
                        await client.set(name, garbage)
                assert sources(await net.ask(BRAF)) == {"live"}
                await written(net)


async def test_a_redis_without_memory_left_refuses_writes_and_harms_nothing() -> None:
    with RedisServer("--maxmemory", "100kb", "--maxmemory-policy", "noeviction") as server:
        async with FaultyMember(scripted(json_answer(says()))) as member:
            async with processes(server.url, [entry(member)], 1) as (net,):
                await net.known("scripted")
                assert sources(await net.ask(BRAF)) == {"live"}
                await written(net)
                assert store_of(net).stats.dropped_writes == 1
                assert not link_of(net).is_paused


class TestAddresses:
    async def works(self, url: str, member: FaultyMember) -> bool:
        async with processes(url, [entry(member)], 1) as (net,):
            await net.known("scripted")
            assert (await net.ask(BRAF)).status == 200
            await written(net)
            return sources(await net.ask(BRAF)) == {"cache"}

    @pytest.fixture
    async def member(self) -> AsyncIterator[FaultyMember]:
        async with FaultyMember(scripted(json_answer(says()))) as member:
            yield member

    async def test_unix_sockets(self, server: RedisServer, member: FaultyMember) -> None:
        assert await self.works(f"unix://{server.socket_path}?db=3", member)

    async def test_passwords_work_and_are_never_logged(self, member: FaultyMember) -> None:
        with RedisServer("--requirepass", "p/4 ss") as server:
            base = f"127.0.0.1:{server.port}"
            with structlog.testing.capture_logs() as logs:
                assert await self.works(f"redis://:p%2F4%20ss@{base}", member)
                assert not await self.works(f"redis://:n0pe-secret@{base}", member)
            assert any("redis does not answer" in entry["event"] for entry in logs)
            assert "n0pe" not in str(logs)
            assert "p%2F4" not in str(logs)

    async def test_tls(self, member: FaultyMember, tmp_path: Path) -> None:
        authority = trustme.CA()
        authority.cert_pem.write_to_path(tmp_path / "ca.pem")
        certificate = authority.issue_cert("localhost")
        certificate.private_key_pem.write_to_path(tmp_path / "key.pem")
        certificate.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
        port = free_port()
        options = ("--tls-port", f"{port}", "--tls-auth-clients", "no")
        options += ("--tls-cert-file", f"{tmp_path}/cert.pem")
        options += ("--tls-key-file", f"{tmp_path}/key.pem")
        options += ("--tls-ca-cert-file", f"{tmp_path}/ca.pem")
        with RedisServer(*options):
            url = f"rediss://localhost:{port}"
            assert await self.works(f"{url}?ssl_ca_certs={tmp_path}/ca.pem", member)
            assert not await self.works(url, member)  # an authority nobody knows
        with pytest.raises(ConfigError, match="certificates"):
            await self.works(f"rediss://localhost:1?ssl_ca_certs={tmp_path}/no.pem", member)
