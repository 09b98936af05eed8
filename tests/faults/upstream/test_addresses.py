"""Addresses that are refused at connect, redirects of discovery, the outbound proxy."""

import socket

import aiohttp
import pytest

from aggregator.model.outcome import NoAnswerCode
from tests import faulty
from tests.faults.upstream.kit import QUERY, SECRET, failed, nobody_listening, only, replied
from tests.faulty import FaultyMember


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "0.0.0.0", "[::1]"],
)
@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_private_addresses_are_refused_at_connect(make, host, scheme):
    guarded = await make(allow_private=False)
    async with FaultyMember() as member:
        result = await guarded.ask(f"{scheme}://{host}:{member.port}")
        failure = failed(result, NoAnswerCode.ADDRESS)
        assert "this network does not call" in failure.message
        assert (member.connections, result.attempts) == (0, 1)


async def test_a_name_that_moves_to_a_private_address_is_refused(make):
    """DNS rebinding: what counts is the address of the connection, not an earlier look-up."""
    guarded = await make(allow_private=False)

    class Rebinding(aiohttp.abc.AbstractResolver):
        async def resolve(self, host, port=0, family=0):
            found = {"hostname": host, "port": port, "family": 2, "proto": 0, "flags": 0}
            return [{**found, "host": "10.0.0.1"}, {**found, "host": "127.0.0.1"}]

        async def close(self):
            pass

    guarded.session._session.connector._resolver = Rebinding()
    async with FaultyMember() as member:
        result = await guarded.ask(f"http://beacon.example:{member.port}")
        failed(result, NoAnswerCode.ADDRESS)
        assert member.connections == 0


async def test_discovery_follows_redirects_and_tells_the_last_address(upstream):
    async with FaultyMember(
        faulty.redirect("/b"), faulty.redirect("c?x=1", 308), faulty.answer(b'{"id": 1}')
    ) as member:
        followed = await upstream.follow(f"{member.url}/a/info")
        assert replied(followed.result).body == b'{"id": 1}'
        assert followed.url == f"{member.url}/c?x=1"
        assert followed.result.attempts == 3
        assert [seen.target for seen in member.requests] == ["/a/info", "/b", "/c?x=1"]


async def test_discovery_follows_three_redirects_and_no_more(upstream):
    async with FaultyMember(faulty.redirect("/again")) as member:
        followed = await upstream.follow(member.url)
        assert "more than 3 times" in failed(followed.result, NoAnswerCode.REDIRECTED).message
        assert len(member.requests) == 4


async def test_the_credential_stays_with_its_origin(upstream):
    async with (
        FaultyMember() as other,
        FaultyMember(faulty.redirect("/here"), faulty.redirect(other.url)) as member,
    ):
        followed = await upstream.follow(member.url, SECRET)
        assert replied(followed.result).status == 200
        sent = [seen.headers.get("authorization") for seen in member.requests]
        assert sent == [SECRET, SECRET]
        assert "authorization" not in only(other).headers


@pytest.mark.parametrize("location", ["ftp://files.example/x", "javascript:x", ""])
async def test_discovery_follows_to_the_web_only(upstream, location):
    async with FaultyMember(faulty.redirect(location)) as member:
        followed = await upstream.follow(member.url)
        failed(followed.result, NoAnswerCode.REDIRECTED)
        assert len(member.requests) == 1


async def test_a_redirect_to_a_private_address_is_refused(make):
    guarded = await make(allow_private=False)
    async with FaultyMember() as inside:
        target = f"http://127.0.0.1:{inside.port}/secret"
        async with FaultyMember(faulty.redirect(target)) as member:
            # The first step must be reached: as if this one address were public.
            guard = guarded.session._session.connector._socket_factory
            guarded.session._session.connector._socket_factory = lambda info: (
                plain_socket(info) if info[4][1] == member.port else guard(info)
            )
            followed = await guarded.follow(member.url)
            failed(followed.result, NoAnswerCode.ADDRESS)
            assert (len(member.requests), inside.connections) == (1, 0)
            assert followed.url == target


def plain_socket(info):
    return socket.socket(*info[:3])


async def test_members_are_reached_through_the_proxy(make):
    async with FaultyMember() as proxy:
        upstream = await make(proxy=proxy.url.replace("//", "//user:s3cr3t@"), allow_private=False)
        result = await upstream.ask("http://93.184.215.14")
        assert replied(result).status == 200
        seen = only(proxy)
    assert seen.target == f"http://93.184.215.14/g_variants?{QUERY}"
    assert seen.headers["proxy-authorization"].startswith("Basic ")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "10.0.0.1", "0x7f000001"])
async def test_private_hosts_are_refused_before_the_proxy_hears_of_them(make, host):
    async with FaultyMember() as proxy:
        upstream = await make(proxy=proxy.url, allow_private=False)
        failed(await upstream.ask(f"https://{host}"), NoAnswerCode.ADDRESS)
        assert proxy.connections == 0


async def test_a_proxy_that_refuses(make):
    async with FaultyMember(faulty.answer(b"", 403)) as proxy:
        upstream = await make(proxy=proxy.url, allow_private=False)
        result = await upstream.ask("https://93.184.215.14")
        message = failed(result, NoAnswerCode.CONNECT).message
        assert message == "our proxy refused to connect (HTTP 403)"


async def test_a_proxy_that_is_down(make):
    with nobody_listening() as url:
        upstream = await make(proxy=url, allow_private=False)
        result = await upstream.ask("https://93.184.215.14")
    assert "our proxy cannot be reached" in failed(result, NoAnswerCode.CONNECT).message
    assert result.attempts == 2
