"""Certificates: whose are trusted, and how the others are named."""

import asyncio
import ssl
from pathlib import Path

import pytest

from aggregator.model.outcome import NoAnswerCode
from aggregator.upstream.limits import UpstreamLimits
from aggregator.upstream.session import CaFileError
from tests import faulty
from tests.faults.upstream.kit import failed, replied
from tests.faulty import FaultyMember


async def test_a_members_own_authority_is_trusted_for_it(upstream, authority, ca_file):
    async with FaultyMember(tls=faulty.server_tls(authority)) as member:
        replied(await upstream.ask(member.url, ca_file=ca_file))
        replied(await upstream.ask(member.url, ca_file=ca_file))
        assert member.connections == 1
        failed(await upstream.ask(member.url), NoAnswerCode.TLS)


async def test_the_networks_own_authority_is_trusted_for_all(make, authority, ca_file):
    upstream = await make(ca_file=ca_file)
    async with FaultyMember(tls=faulty.server_tls(authority)) as member:
        replied(await upstream.ask(member.url))


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_an_expired_certificate(upstream, authority, ca_file, method):
    async with FaultyMember(tls=faulty.server_tls(authority, expired=True)) as member:
        result = await upstream.ask(member.url, method=method, ca_file=ca_file)
        assert failed(result, NoAnswerCode.TLS).message == "its certificate has expired"
        assert (result.attempts, member.requests) == (1, [])


@pytest.mark.parametrize("name", ["10.9.8.7", "other.example"])
async def test_a_certificate_for_another_host(upstream, authority, ca_file, name):
    async with FaultyMember(tls=faulty.server_tls(authority, name)) as member:
        result = await upstream.ask(member.url, ca_file=ca_file)
        message = failed(result, NoAnswerCode.TLS).message
        assert message == "its certificate is for another host than 127.0.0.1"


async def test_an_authority_nobody_trusts(upstream, stranger, ca_file):
    async with FaultyMember(tls=faulty.server_tls(stranger)) as member:
        for entry in ({}, {"ca_file": ca_file}):
            result = await upstream.ask(member.url, **entry)
            assert "authority we do not trust" in failed(result, NoAnswerCode.TLS).message


async def test_a_server_without_tls(upstream):
    async with FaultyMember(faulty.on_accept(faulty.garbage())) as member:
        result = await upstream.ask(member.url.replace("http:", "https:"))
        assert "refused a secure connection" in failed(result, NoAnswerCode.TLS).message


async def test_a_handshake_that_hangs(make):
    upstream = await make(UpstreamLimits(connect_timeout_s=0.1))
    async with FaultyMember(faulty.on_accept(faulty.hang())) as member:
        result = await upstream.ask(member.url.replace("http:", "https:"))
        assert failed(result, NoAnswerCode.TIMEOUT).message == "no connection within 0.1 s"
        assert result.attempts == 1


async def test_a_ca_file_that_cannot_be_read_is_named_and_tried_again(
    upstream, authority, tmp_path: Path
):
    path = tmp_path / "ca.pem"
    async with FaultyMember(tls=faulty.server_tls(authority)) as member:
        result = await upstream.ask(member.url, ca_file=str(path))
        message = failed(result, NoAnswerCode.TLS).message
        assert message == "the CA file set for it cannot be used: No such file or directory"
        authority.cert_pem.write_to_path(str(path))
        replied(await upstream.ask(member.url, ca_file=str(path)))


async def test_a_bad_ca_file_of_the_network_stops_the_start(make, tmp_path: Path):
    path = tmp_path / "ca.pem"
    path.write_text("nothing")
    with pytest.raises(CaFileError):
        await make(ca_file=str(path))


async def test_contexts_are_built_once(upstream, ca_file):
    built = await asyncio.gather(*(upstream.session.tls_for(ca_file) for _ in range(5)))
    assert isinstance(built[0], ssl.SSLContext)
    assert all(each is built[0] for each in built)
    assert await upstream.session.tls_for(None) is True


@pytest.mark.parametrize("ending", [faulty.raw(), faulty.reset()], ids=["closed", "reset"])
async def test_who_hangs_up_before_the_connection_is_secure_was_reached(upstream, ending):
    async with FaultyMember(faulty.on_accept(ending)) as member:
        result = await upstream.ask(member.url.replace("http:", "https:"))
        failure = failed(result, NoAnswerCode.CONNECT)
        assert failure.message == "closed the connection before it was secure"
