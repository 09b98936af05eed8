"""Mail servers that hang, dribble or part badly: they hold up mail alone, and not for long."""

import asyncio
import contextlib
import ssl
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import trustme

from aggregator.base.sections import AlertSettings
from aggregator.watch.alerts.errands import AT_ONCE, BUSY, LATE, Errand, Errands, Tell
from aggregator.watch.alerts.mails import Mails
from aggregator.watch.alerts.sending import Letter, Sent
from registry.alerts import Kind, Target, Wishes
from tests.alert_kit import NOON, PUBLIC, mailing, office
from tests.networks import PATIENT_S, come_true, nothing_left

__all__ = ["nothing_left"]

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
LETTER = Letter("t-1", "It is down", "It does not answer.", b"{}")


@dataclass
class Odd:
    """A server that speaks as it is told to, until the test ends."""

    port: int = 0
    calls: int = 0
    lines: list[asyncio.StreamWriter] = field(default_factory=list)

    @property
    def settings(self) -> dict[str, Any]:
        return {
            "smtp_host": "127.0.0.1",
            "smtp_port": self.port,
            "smtp_security": "none",
            "smtp_user": None,
            "smtp_password": None,
            "sender": "network@example.org",
        }

    def mails(self, errands: Errands) -> Mails:
        settings = AlertSettings.model_validate(self.settings)
        return Mails(settings, network="Test", public_url=PUBLIC, errands=errands)


@asynccontextmanager
async def odd(talk: Talk, tls: ssl.SSLContext | None = None) -> AsyncIterator[Odd]:
    running = Odd()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        running.calls += 1
        running.lines.append(writer)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await talk(reader, writer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    running.port = server.sockets[0].getsockname()[1]
    try:
        yield running
    finally:
        server.close()
        for line in running.lines:
            line.close()
        await come_true(lambda: not sending())


def sending() -> list[threading.Thread]:
    return [one for one in threading.enumerate() if one.name == "send a mail"]


async def silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def dribble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Never stop greeting: each step is in time, the whole never is."""
    while True:
        writer.write(b"220-and another line\r\n")
        await writer.drain()
        await asyncio.sleep(0.01)


def target() -> Target:
    return Target(
        *("t", "one", Kind.EMAIL, "ann@example.org", ""),
        wishes=Wishes(),
        created_at=NOON,
        after_event=0,
    )


async def test_a_server_that_hangs_takes_no_thread_of_others(nothing_left: None) -> None:
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(1) as everybodys:
        loop.set_default_executor(everybodys)
        async with odd(silence) as server, office(alerts=server.settings) as desk:
            for number in range(8):
                address = f"u{number}@example.org"
                await desk.book.add("one", Kind.EMAIL, address, Wishes(), by="test")
            await desk.dispatcher.start()
            try:
                await come_true(lambda: server.calls == AT_ONCE)
                async with asyncio.timeout(PATIENT_S):
                    assert await asyncio.to_thread(lambda: "free") == "free"
                    assert await loop.getaddrinfo("localhost", 80)
                assert server.calls == len(sending()) == AT_ONCE
                assert all(one.daemon for one in sending()), "the end of the process waits for it"
            finally:
                for line in server.lines:
                    line.close()
                await desk.dispatcher.aclose()


@pytest.mark.parametrize("talk", [silence, dribble])
async def test_one_mail_is_bounded_as_a_whole(nothing_left: None, talk: Talk) -> None:
    async with odd(talk) as server:
        mails = server.mails(Errands(within_s=0.2))
        async with asyncio.timeout(PATIENT_S):
            assert await mails.send(target(), LETTER, {}) == Sent(False, LATE)
            await come_true(lambda: not sending())  # the thread has ended, too
            assert await mails.send(target(), LETTER, {}) == Sent(False, LATE)


async def test_one_mail_over_tls_is_bounded_as_well(nothing_left: None, tmp_path: Path) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    async with odd(dribble, context) as server:
        mails = Mails(
            AlertSettings.model_validate(server.settings | {"smtp_security": "tls"}),
            network="Test",
            public_url=PUBLIC,
            ca_file=tmp_path / "ca.pem",
            errands=Errands(within_s=0.5),
        )
        async with asyncio.timeout(PATIENT_S):
            assert await mails.send(target(), LETTER, {}) == Sent(False, LATE)
            await come_true(lambda: not sending())


async def test_who_waits_too_long_for_a_turn_is_told_so(nothing_left: None) -> None:
    async with odd(silence) as server:
        mails = server.mails(Errands(within_s=PATIENT_S, patience_s=0.1))
        first = [asyncio.create_task(mails.send(target(), LETTER, {})) for _ in range(AT_ONCE)]
        await come_true(lambda: server.calls == AT_ONCE)
        assert await mails.send(target(), LETTER, {}) == Sent(False, BUSY)
        for line in server.lines:
            line.close()
        assert [one.is_taken for one in await asyncio.gather(*first)] == [False, False]


async def test_a_turn_comes_back_from_one_that_was_cancelled(nothing_left: None) -> None:
    async with odd(silence) as server:
        mails = server.mails(Errands(within_s=0.2, patience_s=PATIENT_S))
        for _ in range(AT_ONCE):
            task = asyncio.create_task(mails.send(target(), LETTER, {}))
            await come_true(lambda: server.calls > 0)
            task.cancel()
            await asyncio.wait({task})
        async with asyncio.timeout(PATIENT_S):
            assert await mails.send(target(), LETTER, {}) == Sent(False, LATE)


async def test_work_that_breaks_is_told_and_gives_its_turn_back(nothing_left: None) -> None:
    def broken(errand: Errand, tell: Tell) -> None:
        raise KeyError("x")

    errands = Errands(patience_s=PATIENT_S)
    for _ in range(AT_ONCE + 1):
        assert await errands.run(broken) == Sent(False, "it failed here: KeyError")


@pytest.mark.parametrize("parting", ["421 too many", "500 no"])
async def test_a_mail_that_was_taken_counts_however_the_server_parts(
    nothing_left: None, parting: str
) -> None:
    async with mailing() as mail:
        mail.refuses["QUIT"] = parting
        async with office(alerts=mail.settings) as desk:
            added = await desk.book.add("one", Kind.EMAIL, "ann@example.org", Wishes(), by="test")
            await desk.round()
            await desk.round(hours=1)
            assert len(mail.mails) == 1
            (line,) = await desk.deliveries.log(added.id)
            assert line.result == "handed to the mail server"
