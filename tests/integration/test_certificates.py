"""The certificates of members: what is kept of good and bad ones, and what is told of them."""

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from registry.incidents import Topic
from tests.chains import NOW, Host, Issued, authority, issued, localhost, write_pem
from tests.networks import Running, network_of

MEMBER = "sealed"
ROOT = authority("Root of all trust")
MIDDLE = authority("Authority between", by=ROOT)
GOOD = issued("localhost", by=MIDDLE)


@pytest.fixture
def ca_file(tmp_path: Path) -> str:
    return write_pem(tmp_path / "root.pem", ROOT)


async def looked(net: Running) -> Mapping[str, Any]:
    """Look at the member's certificate now; gives what is known of it."""
    watch = net.network.watch
    rounds = watch.trials.certificates
    await rounds.step()
    rounds.timetable.hurry(MEMBER)
    if looks := await rounds.step():
        await asyncio.wait(looks)
    await watch.checks.flush()
    fact = watch.health.facts("certificate").get(MEMBER)
    return {} if fact is None else fact.document


def served(host: Host, ca_file: str | None) -> list[dict[str, Any]]:
    entry = {"id": MEMBER, "url": localhost(host.port), "protocol": "v2", "ca_file": ca_file}
    return [entry]


LOOKING = {"certificate_s": 3600}


async def told(net: Running) -> list[str]:
    return [one.what for one in await net.network.watch.health.events([MEMBER])]


@pytest.mark.parametrize(
    ("chain", "problem", "says"),
    [
        ([GOOD, MIDDLE], "none", ""),
        (
            [issued("localhost", by=MIDDLE, until=NOW - timedelta(days=2)), MIDDLE],
            "expired",
            "Renew it",
        ),
        (
            [issued("localhost", by=MIDDLE, since=NOW + timedelta(days=2)), MIDDLE],
            "not_yet",
            "only good from",
        ),
        (
            [issued("elsewhere.example", by=MIDDLE), MIDDLE],
            "host",
            "not for localhost: it names elsewhere.example",
        ),
        ([GOOD], "incomplete", "Serve the intermediate certificates"),
        ([issued("localhost")], "untrusted", "signed by itself"),
    ],
)
async def test_what_is_wrong_with_a_chain_is_named(
    tmp_path: Path, ca_file: str, chain: list[Issued], problem: str, says: str
) -> None:
    host = Host(tmp_path)
    host.serves(*chain)
    async with host.running(), network_of(served(host, ca_file), health=LOOKING) as net:
        document = await looked(net)
        assert document["problem"] == problem
        assert says in document["message"]
        assert document["isSeen"] is True
        assert len(document["chain"]) == len(chain)
        own = chain[0].certificate
        assert document["validUntil"] == min(
            one.certificate.not_valid_after_utc for one in chain
        ).isoformat(timespec="seconds")
        assert document["validFrom"] == own.not_valid_before_utc.isoformat(timespec="seconds")
        assert document["names"] == ["elsewhere.example" if problem == "host" else "localhost"]
        what = {"none": [], "expired": ["expired"]}.get(problem, ["began"])
        assert await told(net) == what
        incidents = await net.network.watch.health.incidents([MEMBER])
        assert [one.topic for one in incidents] == [Topic.CERTIFICATE] * len(what)


async def test_the_first_of_a_chain_to_end_ends_it(tmp_path: Path, ca_file: str) -> None:
    short = authority("Authority for a while", by=ROOT, until=NOW + timedelta(days=10))
    leaf = issued("localhost", by=short)
    host = Host(tmp_path)
    host.serves(leaf, short)
    async with host.running(), network_of(served(host, ca_file), health=LOOKING) as net:
        document = await looked(net)
        assert (document["problem"], document["endsFirst"]) == ("none", 1)
        assert document["validUntil"] == (NOW + timedelta(days=10)).isoformat(timespec="seconds")
        assert await told(net) == ["14"]  # 21 was skipped
        (event,) = await net.network.watch.health.events([MEMBER])
        assert "“Authority for a while”" in event.text


async def test_an_authority_between_that_has_ended_fails_the_chain(
    tmp_path: Path, ca_file: str
) -> None:
    ended = authority("Ended authority", by=ROOT, until=NOW - timedelta(hours=5))
    host = Host(tmp_path)
    host.serves(issued("localhost", by=ended), ended)
    async with host.running(), network_of(served(host, ca_file), health=LOOKING) as net:
        document = await looked(net)
        assert document["problem"] == "expired"
        assert "“Ended authority”" in document["message"]
        assert await told(net) == ["expired"]


async def test_an_extra_certificate_that_trust_is_not_built_on_ends_nothing(
    tmp_path: Path, ca_file: str
) -> None:
    stray = authority("Old root nobody needs", until=NOW - timedelta(days=30))
    host = Host(tmp_path)
    host.serves(GOOD, MIDDLE, stray)
    async with host.running(), network_of(served(host, ca_file), health=LOOKING) as net:
        document = await looked(net)
        assert document["problem"] == "none"
        assert [one["isUsed"] for one in document["chain"]] == [True, True, False]
        assert await told(net) == []


async def test_renewal_ends_the_incident_and_each_certificate_is_told_of_once(
    tmp_path: Path, ca_file: str
) -> None:
    host = Host(tmp_path)
    soon = issued("localhost", by=MIDDLE, until=NOW + timedelta(days=5))
    host.serves(soon, MIDDLE)
    async with host.running(), network_of(served(host, ca_file), health=LOOKING) as net:
        await looked(net)
        await looked(net)
        assert await told(net) == ["7"]
        host.serves(issued("localhost", by=MIDDLE, until=NOW + timedelta(days=6)), MIDDLE)
        await looked(net)
        assert await told(net) == ["7", "7"]  # another certificate
        host.serves(GOOD, MIDDLE)
        await looked(net)
        await looked(net)
        assert await told(net) == ["7", "7", "ended"]
        (incident,) = await net.network.watch.health.incidents([MEMBER])
        assert incident.ended is not None


async def test_a_problem_that_comes_back_with_the_same_certificate_is_told_of_again(
    tmp_path: Path, ca_file: str
) -> None:
    host = Host(tmp_path)
    host.serves(GOOD)
    async with host.running(), network_of(served(host, ca_file), health=LOOKING) as net:
        for chain in ((GOOD,), (GOOD, MIDDLE), (GOOD,), (GOOD,)):
            host.serves(*chain)
            await looked(net)
        assert await told(net) == ["began", "ended", "began"]
        incidents = await net.network.watch.health.incidents([MEMBER])
        assert len(incidents) == 2


async def test_a_problem_that_lasts_is_not_told_of_again_after_a_restart(
    tmp_path: Path, ca_file: str
) -> None:
    registry = {"url": f"sqlite:///{tmp_path / 'registry.sqlite3'}"}
    host = Host(tmp_path)
    host.serves(GOOD)
    async with host.running():
        for _ in range(2):
            members = served(host, ca_file)
            async with network_of(members, health=LOOKING, registry=registry) as net:
                await looked(net)
                await looked(net)
                assert await told(net) == ["began"]


async def test_looking_sends_nothing(tmp_path: Path, ca_file: str) -> None:
    host = Host(tmp_path)
    host.serves(issued("localhost"))
    async with host.running(), network_of(served(host, ca_file), health=LOOKING) as net:
        host.received.clear()
        before = host.handshakes
        await looked(net)
        assert host.handshakes > before
        assert not any(host.received)


async def test_silence_leaves_what_is_known(tmp_path: Path, ca_file: str) -> None:
    host = Host(tmp_path)
    host.serves(GOOD, MIDDLE)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(host.running())
        async with network_of(served(host, ca_file), health=LOOKING) as net:
            before = await looked(net)
            assert before["problem"] == "none"
            await stack.aclose()
            assert await looked(net) == before
            assert await told(net) == []


async def test_hosts_of_private_networks_are_not_even_looked_at(
    tmp_path: Path, ca_file: str
) -> None:
    host = Host(tmp_path)
    host.serves(GOOD, MIDDLE)
    guarded = {"allow_private_members": False}
    async with (
        host.running(),
        network_of(served(host, ca_file), health=LOOKING, security=guarded) as net,
    ):
        assert await looked(net) == {}
        assert host.handshakes == 0


async def test_what_a_proxy_hides_is_said(tmp_path: Path, ca_file: str) -> None:
    host = Host(tmp_path)
    host.serves(GOOD, MIDDLE)
    proxied = {"proxy": "http://127.0.0.1:9"}
    async with (
        host.running(),
        network_of(served(host, ca_file), health=LOOKING, outbound=proxied) as net,
    ):
        document = await looked(net)
        assert (document["isSeen"], document["problem"]) == (False, "none")
        assert "proxy" in document["message"]
        assert await told(net) == []
