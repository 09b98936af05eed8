"""Members behind the institution's own proxy and certificate authority, from setting to answer."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import trustme

from aggregator.app import running
from aggregator.base.errors import ConfigError
from tests.faulty import FaultyMember, json_answer, server_tls
from tests.networks import (
    BRAF,
    come_true,
    entry,
    network_of,
    questions,
    says,
    scripted,
    settings_of,
)

HOST = "beacon.member.example"
"""A name that nobody but the proxy can resolve, as inside a hospital."""


@dataclass
class Proxy:
    """An HTTP proxy: CONNECT for https, whole addresses for http. It knows a few hosts."""

    hosts: Mapping[str, int]
    """Ports on loopback by host name."""
    requests: list[str] = field(default_factory=list)
    credentials: list[str] = field(default_factory=list)
    url: str = ""
    _tasks: set["asyncio.Task[None]"] = field(default_factory=set)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                await self._one(reader, writer)
        finally:
            self._tasks.discard(task)
            writer.transport.abort()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        method, target, _ = head.split("\r\n")[0].split(" ")
        self.requests.append(f"{method} {target}")
        for line in head.split("\r\n")[1:]:
            name, _, value = line.partition(": ")
            if name.lower() == "proxy-authorization":
                self.credentials.append(value)
        url = urlsplit(f"//{target}" if method == "CONNECT" else target)
        port = self.hosts.get(url.hostname or "")
        if port is None:
            writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
            await writer.drain()
            return
        member, to_member = await asyncio.open_connection("127.0.0.1", port)
        try:
            if method == "CONNECT":
                writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            else:
                path = f"{url.path}?{url.query}" if url.query else url.path
                to_member.write(head.replace(target, path, 1).encode("latin-1"))
            async with asyncio.TaskGroup() as both:
                both.create_task(pass_on(reader, to_member))
                both.create_task(pass_on(member, writer))
        finally:
            to_member.transport.abort()

    async def aclose(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)


async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while chunk := await reader.read(65536):
            writer.write(chunk)
            await writer.drain()
        writer.write_eof() if writer.can_write_eof() else None


@asynccontextmanager
async def proxy_to(hosts: Mapping[str, int]) -> AsyncIterator[Proxy]:
    proxy = Proxy(hosts)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    async with server:
        proxy.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield proxy
        await proxy.aclose()


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def ca_file(authority: trustme.CA, tmp_path: Path) -> str:
    path = tmp_path / "institution.pem"
    authority.cert_pem.write_to_path(str(path))
    return str(path)


def outside(**outbound: str | None) -> Mapping[str, Mapping[str, object]]:
    """Settings of a network that may not call private addresses."""
    return {"outbound": outbound, "security": {"allow_private_members": False}}


async def test_a_tls_member_is_reached_through_proxy_and_authority(
    authority: trustme.CA, ca_file: str
) -> None:
    tls = server_tls(authority, HOST)
    async with (
        FaultyMember(scripted(json_answer(says(True))), tls=tls) as member,
        proxy_to({HOST: member.port}) as proxy,
        network_of(
            [entry(f"https://{HOST}/api", "inside")], **outside(proxy=proxy.url, ca_file=ca_file)
        ) as net,
    ):
        reply = await net.ask(BRAF)
        assert reply.found == ["inside"]
        assert set(proxy.requests) == {f"CONNECT {HOST}:443"}
        assert len(questions(member)) == 1
        assert "proxy-authorization" not in questions(member)[0].headers


async def test_a_plain_member_is_reached_through_the_proxy() -> None:
    async with (
        FaultyMember(scripted(json_answer(says(True)))) as member,
        proxy_to({HOST: member.port}) as proxy,
        network_of([entry(f"http://{HOST}", "plain")], **outside(proxy=proxy.url)) as net,
    ):
        assert (await net.ask(BRAF)).found == ["plain"]
        assert proxy.requests
        # one connection may carry more than the first request, which alone is noted
        assert all(each.startswith(f"GET http://{HOST}/") for each in proxy.requests)
        assert len(questions(member)) == 1


async def test_without_the_proxy_the_member_is_out_of_reach(
    authority: trustme.CA, ca_file: str
) -> None:
    async with (
        FaultyMember(scripted(json_answer(says(True))), tls=server_tls(authority, HOST)) as member,
        network_of([entry(f"https://{HOST}", "inside")], **outside(ca_file=ca_file)) as net,
    ):
        reply = await net.ask(BRAF)
        assert reply.endings["inside"] in {"no_answer/dns", "no_answer/timeout"}
        assert member.connections == 0


async def test_without_the_authority_the_certificate_is_refused(authority: trustme.CA) -> None:
    async with (
        FaultyMember(scripted(json_answer(says(True))), tls=server_tls(authority, HOST)) as member,
        proxy_to({HOST: member.port}) as proxy,
        network_of([entry(f"https://{HOST}", "inside")], **outside(proxy=proxy.url)) as net,
    ):
        assert (await net.ask(BRAF)).endings["inside"] == "no_answer/tls"
        assert not questions(member)


async def test_the_certificate_has_to_be_of_that_host(authority: trustme.CA, ca_file: str) -> None:
    tls = server_tls(authority, "other.example")
    async with (
        FaultyMember(scripted(json_answer(says(True))), tls=tls) as member,
        proxy_to({HOST: member.port}) as proxy,
        network_of(
            [entry(f"https://{HOST}", "inside")], **outside(proxy=proxy.url, ca_file=ca_file)
        ) as net,
    ):
        assert (await net.ask(BRAF)).endings["inside"] == "no_answer/tls"


@pytest.mark.parametrize("host", ["127.0.0.1", "10.1.2.3", "[::1]", "169.254.169.254", "intranet"])
async def test_a_private_member_is_refused_before_the_proxy_hears_of_it(host: str) -> None:
    async with (
        proxy_to({}) as proxy,
        network_of([entry(f"https://{host}/api", "private")], **outside(proxy=proxy.url)) as net,
    ):
        assert (await net.ask(BRAF)).endings["private"] == "no_answer/address"
        assert proxy.requests == []


async def test_a_private_member_is_reached_where_it_is_allowed(
    authority: trustme.CA, ca_file: str
) -> None:
    tls = server_tls(authority, "127.0.0.1")
    async with (
        FaultyMember(scripted(json_answer(says(True))), tls=tls) as member,
        proxy_to({"127.0.0.1": member.port}) as proxy,
        network_of(
            [entry(member.url, "private")], outbound={"proxy": proxy.url, "ca_file": ca_file}
        ) as net,
    ):
        assert (await net.ask(BRAF)).found == ["private"]
        assert set(proxy.requests) == {f"CONNECT 127.0.0.1:{member.port}"}


async def test_the_proxy_gets_its_credentials_and_nobody_else_does(
    authority: trustme.CA, ca_file: str
) -> None:
    async with (
        FaultyMember(scripted(json_answer(says(True))), tls=server_tls(authority, HOST)) as member,
        proxy_to({HOST: member.port}) as proxy,
        network_of(
            [entry(f"https://{HOST}", "inside")],
            **outside(proxy=proxy.url.replace("//", "//user:s3cr3t@"), ca_file=ca_file),
        ) as net,
    ):
        reply = await net.ask(BRAF)
        assert reply.found == ["inside"]
        assert set(proxy.credentials) == {"Basic dXNlcjpzM2NyM3Q="}
        assert all("proxy-authorization" not in each.headers for each in member.requests)
        explained = await net.ask(BRAF, path="/network/explain/g_variants")
        assert "s3cr3t" not in reply.text + explained.text


async def test_a_proxy_that_refuses_is_not_the_members_fault() -> None:
    async with (
        proxy_to({}) as proxy,
        network_of([entry(f"https://{HOST}", "inside")], **outside(proxy=proxy.url)) as net,
    ):
        reply = await net.ask(BRAF)
        assert reply.endings["inside"] == "no_answer/connect"
        assert "our proxy refused" in reply.members["inside"]["reason"]["message"]
        await come_true(lambda: net.is_at_rest)


async def test_a_ca_file_that_cannot_be_read_is_named_at_start(tmp_path: Path) -> None:
    path = tmp_path / "none.pem"
    with pytest.raises(ConfigError, match=r"outbound\.ca_file: .*none\.pem"):
        async with running(settings_of(outbound={"ca_file": str(path)})):
            pass
