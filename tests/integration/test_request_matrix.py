"""Every form of question through the network to every real server family.

What the families do with each form by themselves is in `test_miniatures.py`.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Literal

import pytest

from tests.miniatures import PI, Miniature
from tests.miniatures.matrix import MATRIX, V2_SERVERS
from tests.miniatures.questions import (
    FAMILIES,
    QUESTIONS,
    UNLISTED,
    UNREACHED,
    VERSION_1,
    Put,
)
from tests.networks import BRAF, Reply, Running, come_true, network_of


@dataclass(frozen=True)
class Seven:
    """All seven families and a network of them."""

    net: Running
    servers: Mapping[str, Miniature]

    async def put(self, question: Put) -> Reply:
        given = {**question.parameters, "partial": "allow"}
        return await self.net.ask(given, path=question.path, body=question.body)


@asynccontextmanager
async def seven(
    *, tells: Literal["everything", "little", "nothing"] = "everything", probe: bool = False
) -> AsyncIterator[Seven]:
    """Serve them, declared by address and protocol only, and wait until they have been looked at.

    With little or nothing told, version 2 alone is meant: version 1 needs its document.
    """
    async with AsyncExitStack() as stack:
        servers = {}
        for name, family in FAMILIES.items():
            server = await stack.enter_async_context(family())
            if name not in VERSION_1:
                server.tells = tells
            servers[name] = server
        entries = [
            {"id": name, "url": server.url, "protocol": "v1" if name in VERSION_1 else "v2"}
            for name, server in servers.items()
        ]
        net = await stack.enter_async_context(network_of(entries, registry={"probe": probe}))
        await net.known(*(VERSION_1 if tells == "nothing" else FAMILIES))
        if probe:
            await come_true(lambda: all(net.member(name).probes for name in FAMILIES))
        yield Seven(net, servers)


def test_every_row_of_the_matrix_is_met_by_a_question():
    met = {row for question in QUESTIONS.values() for row in question.rows}
    assert met == MATRIX.keys() - {"GET requestedGranularity aggregated"}


async def test_a_granularity_nobody_may_be_asked_for_is_refused_before_anybody_is():
    async with seven() as network:
        reply = await network.net.ask(BRAF | {"requestedGranularity": "aggregated"})
        assert reply.status == 400
        assert not any(server.questions for server in network.servers.values())


@pytest.mark.parametrize("name", QUESTIONS)
async def test_one_question_reaches_every_family_that_can_answer_it(name: str):
    question = QUESTIONS[name]
    async with seven() as network:
        reply = await network.put(question)
    for server, ending in reply.endings.items():
        assert ending == question.ending(server), (server, reply.members[server]["reason"])
    for member in reply.members.values():
        assert (member["reason"] is None) is (member["answer"] in {"found", "not_found"})


async def test_a_filter_not_listed_though_of_a_listed_ontology_proves_no_absence():
    async with seven() as network:
        endings = (await network.put(UNLISTED)).endings
    assert endings["ri"] == "no_answer/no_verdict", "it finds nothing by what it does not know"
    assert endings["pi"] == endings["bento"] == "no_answer/rejected"


async def test_a_filter_a_server_left_out_is_no_yes():
    async with seven() as network:
        reply = await network.put(UNLISTED)
    assert reply.found == []
    assert reply.endings["bycon"] == "no_answer/no_verdict"


@pytest.mark.parametrize("name", ["an allele", "an allele nobody has", "records", "people"])
async def test_a_form_is_found_by_probing_where_the_software_is_not_recognised(name: str):
    question = QUESTIONS[name]
    async with seven(tells="little", probe=True) as network:
        reply = await network.put(question)
        members = {server: network.net.member(server) for server in V2_SERVERS}
    assert {one.capabilities.software for one in members.values()} == {None}
    for server, ending in reply.endings.items():
        accepted = UNREACHED.get((server, name), (question.ending(server),))
        assert ending in accepted, (server, reply.members[server]["reason"])


async def test_probing_finds_who_mixes_up_concurrent_questions():
    async with seven(tells="little", probe=True) as network:
        mixing = {name: network.net.member(name).dialect.concurrent for name in V2_SERVERS}
    assert mixing["pi"] is False
    assert False not in {told for name, told in mixing.items() if name != "pi"}


@pytest.mark.parametrize("name", ["an allele", "an allele nobody has", "filters only"])
async def test_a_server_that_tells_nothing_is_learned_from_its_refusals(name: str):
    question = QUESTIONS[name]
    async with seven(tells="nothing") as network:
        endings = (await network.put(question)).endings
        again = (await network.put(question)).endings
    true = "found" if question.is_so else "not_found"
    for ends in (endings, again):
        assert [ends[name] for name in ("pi", "bento", "bycon")] == [true] * 3
        assert {ends["ri"], ends["sbeacon"]} <= {
            true,
            "no_answer/server_error",  # what the Reference Implementation makes of a refusal
            "no_answer/rejected",
        }


class TestCrossTalk:
    """The Production Implementation answers two questions at once with one answer."""

    @asynccontextmanager
    async def network(self, server: PI, **entry: Any) -> AsyncIterator[Running]:
        declared = {"id": "pi", "url": server.url, "protocol": "v2", **entry}
        async with network_of([declared]) as net:
            await net.known("pi")
            yield net

    async def both(self, net: Running) -> list[str]:
        """Ask at once for an allele nobody has, and for the people there are."""
        absent = BRAF | {"alternateBases": "C", "partial": "allow"}
        variants, people = await asyncio.gather(
            net.ask(absent), net.ask({"partial": "allow"}, path="/api/individuals")
        )
        return [variants.endings["pi"], people.endings["pi"]]

    async def test_asked_one_question_at_a_time_it_never_mixes_them_up(self):
        async with PI() as server, self.network(server, max_concurrency=1) as net:
            for _ in range(4):
                assert await self.both(net) == ["not_found", "found"]

    async def test_a_recognised_server_is_asked_one_question_at_a_time(self):
        async with PI() as server, self.network(server) as net:
            assert net.member("pi").max_concurrency == 1
            assert await self.both(net) == ["not_found", "found"]

    async def test_the_echo_of_somebody_elses_answer_is_inconsistent_and_never_an_answer(self):
        concurrent = {"concurrent": True}
        async with PI(together=2) as server, self.network(server, dialect=concurrent) as net:
            ends = await self.both(net)
        assert sorted(ends) in (
            ["no_answer/inconsistent", "not_found"],
            ["found", "no_answer/inconsistent"],
        )

    async def test_an_allele_mixed_up_with_another_is_inconsistent(self):
        concurrent = {"concurrent": True}
        async with PI(together=2) as server, self.network(server, dialect=concurrent) as net:
            here, there = await asyncio.gather(
                net.ask(BRAF | {"alternateBases": "C", "partial": "allow"}),
                net.ask(BRAF | {"partial": "allow"}),
            )
        ends = [here.endings["pi"], there.endings["pi"]]
        assert ends in (
            ["not_found", "no_answer/inconsistent"],
            ["no_answer/inconsistent", "found"],
        )
