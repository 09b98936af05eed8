"""Deviations that only a socket shows: redirects, certificates, slashes, size, what is passed on.

The numbers are those of `tests/unit/protocol/test_v1_deviations.py` and `test_v2_deviations.py`.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import trustme

from tests import faulty
from tests.faulty import Behaviour, FaultyMember
from tests.networks import (
    BRAF,
    Reply,
    Running,
    entry,
    network_of,
    questions,
    says,
    scripted,
)

V1_ANSWER = {"beaconId": "b", "exists": True}


@asynccontextmanager
async def one_member(
    behaviour: Behaviour, *, path: str = "", protocol: str = "v1", **settings: Any
) -> AsyncIterator[tuple[Running, FaultyMember]]:
    async with (
        FaultyMember(behaviour) as member,
        network_of([entry(member.url + path, protocol=protocol)], **settings) as net,
    ):
        yield net, member


def ending(reply: Reply) -> str:
    return reply.endings["scripted"]


@pytest.mark.parametrize(("protocol", "path"), [("v1", "/query/"), ("v2", "/g_variants/")])
async def test_v1_row_26_a_redirect_is_not_followed_with_a_question(protocol, path):
    async with one_member(scripted(faulty.redirect(path)), protocol=protocol) as (net, member):
        assert ending(await net.ask(BRAF)) == "no_answer/redirected"
        assert len(questions(member)) == 1


async def test_v1_row_26_a_token_does_not_follow_a_redirect_to_another_host(monkeypatch):
    monkeypatch.setenv("BEACON_MEMBER_TOKEN_ONE", "secret-token")
    async with FaultyMember(faulty.json_answer(V1_ANSWER)) as stranger:
        moved = scripted(faulty.redirect(f"{stranger.url}/query"))
        async with FaultyMember(moved) as member:
            declared = entry(member, protocol="v1", token="env:BEACON_MEMBER_TOKEN_ONE")
            async with network_of([declared]) as net:
                assert ending(await net.ask(BRAF)) == "no_answer/redirected"
        assert [seen.headers.get("authorization") for seen in questions(member)] == [
            "Bearer secret-token"
        ]
        assert stranger.requests == []


async def test_v1_row_25_a_certificate_of_the_members_own_is_trusted_for_it_alone(tmp_path: Path):
    own = trustme.CA()
    bundle = tmp_path / "own.pem"
    own.cert_pem.write_to_path(str(bundle))
    behaviour = scripted(faulty.json_answer(V1_ANSWER))
    async with FaultyMember(behaviour, tls=faulty.server_tls(own)) as member:
        trusted = entry(member, "trusted", protocol="v1", ca_file=str(bundle))
        untrusted = entry(member, "untrusted", protocol="v1")
        async with network_of([trusted, untrusted]) as net:
            reply = await net.ask(BRAF)
    assert reply.endings == {"trusted": "found", "untrusted": "no_answer/tls"}


async def test_v1_row_28_a_question_that_comes_back_to_us_is_answered_508():
    async with one_member(scripted(faulty.json_answer(V1_ANSWER))) as (net, member):
        via = f"1.1 {net.network.settings.network.id}"
        reply = await net.ask(BRAF, headers={"Via": via})
        assert reply.status == 508
        assert questions(member) == []


async def test_v1_row_29_nothing_of_who_asks_is_passed_on():
    private = {
        "Forwarded": "for=203.0.113.7",
        "X-Forwarded-For": "203.0.113.7",
        "Referer": "https://hospital.example.org/patient/1",
        "Cookie": "session=private",
        "Authorization": "Bearer private",
        "User-Agent": "private-browser/1.0",
    }
    async with one_member(scripted(faulty.json_answer(V1_ANSWER))) as (net, member):
        assert ending(await net.ask(BRAF, headers=private)) == "found"
        (seen,) = questions(member)
    assert not {"forwarded", "x-forwarded-for", "referer", "cookie", "authorization"} & set(
        seen.headers
    )
    assert "private" not in str(seen.headers)


@pytest.mark.parametrize("path", ["/api", "/api/"])
async def test_v2_row_26_no_slash_is_doubled_or_added(path):
    behaviour = scripted(faulty.json_answer(says()))
    async with one_member(behaviour, path=path, protocol="v2") as (net, member):
        assert ending(await net.ask(BRAF)) == "found"
        assert [seen.target.partition("?")[0] for seen in questions(member)] == ["/api/g_variants"]


@pytest.mark.parametrize("granularity", ["boolean", "record"])
async def test_v2_row_31_a_body_without_end_costs_its_member_alone(granularity):
    huge = scripted(faulty.endless(2**24))
    limits = {"max_body_bytes": 2**20, "max_small_body_bytes": 2**18}
    async with (
        FaultyMember(huge) as endless,
        FaultyMember(scripted(faulty.json_answer(says()))) as good,
        network_of([entry(endless, "endless"), entry(good, "good")], query=limits) as net,
    ):
        reply = await net.ask(BRAF | {"requestedGranularity": granularity})
    assert reply.endings == {"endless": "no_answer/too_large", "good": "found"}
