"""Receivers of alerts on loopback, a clock that is moved, and events to be told."""

import asyncio
import base64
import contextlib
import json
import ssl
import time
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiohttp import web

from aggregator.calling import calling
from aggregator.watch.alerts.desk import AlertDesk
from aggregator.watch.alerts.dispatching import Dispatcher
from aggregator.watch.alerts.mails import Mails
from aggregator.watch.alerts.post import Post
from aggregator.watch.alerts.webhooks import Webhooks
from aggregator.watch.alerts.words import Place
from registry.admission import put_new
from registry.alert_book import AlertBook
from registry.alert_deliveries import AlertDeliveries
from registry.alerts import Kind, Target, Wishes
from registry.database import Change, Database
from registry.health_telling import moment
from registry.incidents import Event, Incident, IncidentKey, Topic
from registry.models import MemberEntry
from registry.records import OPERATOR, MemberState
from registry.rows import load
from tests.networks import PATIENT_S, settings_of

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
PUBLIC = "https://network.example.org"

Json = Any


class Now:
    """The time of day, which stands still until it is moved."""

    def __init__(self, now: datetime = NOON) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, **how: float) -> None:
        self.now += timedelta(**how)


@dataclass
class Receiver:
    """A webhook receiver: keeps what came, and answers as it is told to."""

    url: str = ""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    requests: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    @property
    def documents(self) -> list[Json]:
        return [json.loads(body) for _, body in self.requests]

    @property
    def texts(self) -> list[str]:
        return [one["text"] for one in self.documents]

    @property
    def ids(self) -> list[str]:
        return [headers["X-Beacon-Delivery"] for headers, _ in self.requests]

    async def take(self, request: web.Request) -> web.Response:
        self.requests.append((dict(request.headers), await request.read()))
        return web.Response(status=self.status, headers=self.headers)


class HeldReceiver(Receiver):
    """Answers when it is let go; counts who waits."""

    def __init__(self) -> None:
        super().__init__()
        self.lets = asyncio.Event()
        self.waiting = 0

    async def take(self, request: web.Request) -> web.Response:
        self.waiting += 1
        await self.lets.wait()
        self.waiting -= 1
        return await super().take(request)


@asynccontextmanager
async def receiving(receiver: Receiver | None = None) -> AsyncIterator[Receiver]:
    """Run a receiver on loopback."""
    receiver = receiver or Receiver()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", receiver.take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    assert site._server is not None
    port = site._server.sockets[0].getsockname()[1]  # type: ignore[attr-defined]
    receiver.url = f"http://127.0.0.1:{port}/hook/secret-path"
    try:
        yield receiver
    finally:
        await runner.cleanup()


class Happened:
    """Events and incidents as a store of health tells them."""

    def __init__(self) -> None:
        self.all: list[Event] = []
        self.lasting: list[Incident] = []

    def add(
        self,
        member_id: str,
        what: str = "began",
        *,
        topic: Topic = Topic.OUTAGE,
        at: datetime = NOON,
        text: str = "it does not answer",
    ) -> Event:
        number = len(self.all) + 1
        key = f"{member_id}:{topic}:{what}:{at.isoformat()}:{number}"
        event = Event(key, member_id, topic, what, at, text, number)
        self.all.append(event)
        return event

    def lasts(
        self,
        member_id: str,
        *,
        topic: Topic = Topic.OUTAGE,
        began: datetime = NOON,
        message: str = "no answer within 8 s",
    ) -> None:
        number = len(self.lasting) + 1
        self.lasting.append(Incident(number, member_id, topic, began, None, None, message))

    async def events(
        self, member_ids: None = None, *, above: int = 0, limit: int = 100
    ) -> list[Event]:
        return [one for one in self.all if one.number > above][:limit]

    async def incidents(
        self,
        member_ids: Any = None,
        *,
        since: datetime | None = None,
        is_open: bool | None = None,
        limit: int = 50,
    ) -> list[Incident]:
        return [
            one
            for one in self.lasting
            if (member_ids is None or one.member_id in member_ids)
            and (is_open is None or (one.ended is None) is is_open)
        ][:limit]

    async def incidents_begun(self, keys: Collection[IncidentKey]) -> list[Incident]:
        told = {(one.member_id, one.topic, moment(one.began)) for one in keys}
        return [
            one for one in self.lasting if (one.member_id, one.topic, moment(one.began)) in told
        ]


@dataclass
class Office:
    """Everything that tells people, without a network around it."""

    now: Now
    happened: Happened
    book: AlertBook
    deliveries: AlertDeliveries
    post: Post
    desk: AlertDesk
    dispatcher: Dispatcher
    owners: set[str]
    counted: list[tuple[str, str]]

    async def webhook(self, url: str, owner: str = "one", **wishes: Any) -> Target:
        return await self.book.add(
            owner, Kind.WEBHOOK, url, Wishes.model_validate(wishes), by="test"
        )

    async def round(self, **passes: float) -> None:
        """Let time pass, and do what is to be done then."""
        self.now.pass_(**passes)
        await self.dispatcher.round()

    async def states(self, target: Target) -> list[tuple[str, str]]:
        """What came of each message, the oldest first."""
        lines = await self.deliveries.log(target.id)
        return [(str(one.document["what"]), one.state.value) for one in reversed(lines)]


async def with_members(change: Change) -> None:
    """Let a registry have the members that alerts are of."""
    for member_id in ("one", "two"):
        if await load(change.connection, member_id) is None:
            await put_new(
                change,
                MemberEntry(id=member_id, url=f"https://{member_id}.example.org"),
                state=MemberState.ACTIVE,
                origin=OPERATOR,
                by=OPERATOR,
                contact="",
                now=NOON,
            )


@asynccontextmanager
async def office(
    database_url: str = "sqlite:///:memory:",
    *,
    now: Now | None = None,
    round_s: float = PATIENT_S,
    clock: Callable[[], float] = time.monotonic,
    **overrides: Any,
) -> AsyncIterator[Office]:
    """Open a registry and what tells people; sections of settings by keyword.

    A round waits until everything is sent; `round_s` is shorter where somebody is slow.
    """
    now = now or Now()
    settings = settings_of(network={"public_url": PUBLIC, "name": "Test Network"}, **overrides)
    database = Database(database_url)
    await database.start()
    await database.change(with_members)
    try:
        async with calling(settings) as client:
            happened, counted = Happened(), []
            owners = {"one", "two"}
            place = Place("Test Network", PUBLIC, str.title, lambda member_id: False)
            mails = Mails(
                settings.alerts,
                network="Test Network",
                public_url=PUBLIC,
                ca_file=settings.outbound.ca_file,
                now=now,
            )
            webhooks = Webhooks(
                client, allow_private=settings.security.allow_private_members, now=now
            )
            post = Post(
                webhooks,
                mails,
                place,
                secret="a secret of forms",
                counted=lambda *told: counted.append(told),
                now=now,
            )
            book = AlertBook(database, now=now)
            deliveries = AlertDeliveries(database, now=now)

            async def is_ours() -> bool:
                return True

            dispatcher = Dispatcher(
                book,
                deliveries,
                happened,
                post,
                owners=lambda: frozenset(owners),
                is_ours=is_ours,
                now=now,
                rand=lambda: 0.5,
                clock=clock,
                round_s=round_s,
            )
            desk = AlertDesk(book, deliveries, post, now=now)
            yield Office(now, happened, book, deliveries, post, desk, dispatcher, owners, counted)
    finally:
        await database.aclose()


@dataclass
class MailServer:
    """An SMTP server: keeps the mails it took, and refuses as it is told to."""

    port: int = 0
    tls: ssl.SSLContext | None = None
    login: tuple[str, str] | None = None
    refuses: dict[str, str] = field(default_factory=dict)
    """What it says instead of 250, by the command."""
    mails: list[tuple[str, list[str], EmailMessage]] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    was_encrypted: list[bool] = field(default_factory=list)
    lets: asyncio.Event | None = None
    """What it waits for before it says that it took a mail."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Speak with one client."""
        try:
            await self._talk(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
            with contextlib.suppress(Exception):
                await writer.wait_closed()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        sender, receivers = "", []

        async def say(line: str) -> None:
            writer.write(f"{line}\r\n".encode())
            await writer.drain()

        await say("220 test ESMTP")
        while line := (await reader.readline()).decode().strip():
            verb = line.split(" ")[0].upper()
            self.commands.append(verb)
            if verb in self.refuses:
                await say(self.refuses[verb])
            elif verb == "EHLO":
                offers = ["test", *(["STARTTLS"] if self.tls else []), "AUTH PLAIN", "8BITMIME"]
                for number, one in enumerate(offers):
                    await say(f"250{' ' if number == len(offers) - 1 else '-'}{one}")
            elif verb == "STARTTLS":
                await say("220 go on")
                assert self.tls is not None
                await writer.start_tls(self.tls)
            elif verb == "AUTH":
                told = base64.b64decode(line.split(" ")[2]).decode().split("\0")[1:]
                good = self.login is None or tuple(told) == self.login
                await say("235 ok" if good else "535 wrong")
            elif verb == "MAIL":
                sender, receivers = line.split("<")[1].split(">")[0], []
                await say("250 ok")
            elif verb == "RCPT":
                receivers.append(line.split("<")[1].split(">")[0])
                await say("250 ok")
            elif verb == "DATA":
                await say("354 go on")
                raw = b""
                while (part := await reader.readline()) != b".\r\n":
                    raw += part.removeprefix(b".") if part.startswith(b"..") else part
                message = message_from_bytes(raw, policy=policy.default)
                self.mails.append((sender, receivers, message))
                self.was_encrypted.append(writer.get_extra_info("ssl_object") is not None)
                if self.lets is not None:
                    await self.lets.wait()
                await say("250 taken")
            elif verb == "QUIT":
                await say("221 bye")
                return
            else:
                await say("250 ok")

    @property
    def settings(self) -> dict[str, Any]:
        """The settings of a network that sends through it."""
        login = self.login or (None, None)
        return {
            "smtp_host": "localhost",
            "smtp_port": self.port,
            "smtp_security": "starttls" if self.tls else "none",
            "smtp_user": login[0],
            "smtp_password": login[1],
            "sender": "network@example.org",
        }


@asynccontextmanager
async def mailing(
    tls: ssl.SSLContext | None = None, login: tuple[str, str] | None = None
) -> AsyncIterator[MailServer]:
    """Run a mail server on loopback."""
    mail = MailServer(tls=tls, login=login)
    server = await asyncio.start_server(mail.serve, "127.0.0.1", 0)
    mail.port = server.sockets[0].getsockname()[1]
    try:
        yield mail
    finally:
        server.close()
        await server.wait_closed()


def link_in(mail: EmailMessage) -> str:
    """The path of the first link of a mail."""
    text = mail.get_content()
    return str(text).split(PUBLIC, 1)[1].split()[0]
