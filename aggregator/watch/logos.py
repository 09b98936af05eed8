"""Members' logos: fetched once by this network, checked, and kept in the registry.

Whoever looks at a page gets them from here, so that no page tells members who reads it.
"""

import asyncio
import contextlib
import hashlib
import secrets
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import structlog
from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from yarl import URL

from aggregator.base.errors import RegistryUnavailable
from aggregator.protocol.tolerant import is_web_address
from aggregator.upstream.client import MemberClient
from aggregator.watch.images import MAX_BYTES, Picture, checked_picture
from registry.database import Change
from registry.records import MemberState, moment
from registry.snapshot import RegisteredMember
from registry.store import CLOCKS_DIFFER_S, RegistryStore
from registry.tables import LOGOS, MEMBERS

log = structlog.get_logger(__name__)

FETCH_S: Final = 10.0
CONCURRENT: Final = 4
FIRST_S: Final = 3.0
"""How long after the start the first logos are fetched: questions come first."""
ROUND_S: Final = 15.0
KEPT: Final = timedelta(days=7)
"""How long a logo is good before it is fetched again."""
RETRY: Final = timedelta(hours=1)
"""How long a failure stands before the next attempt."""
LEASE: Final = "logos"
LEASE_S: Final = 4 * FETCH_S
ACCEPT: Final = "image/*"
MAX_CACHED_BYTES: Final = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Logo:
    """A logo as it is served."""

    media_type: str
    body: bytes
    tag: str
    """Changes with the body."""


@dataclass(frozen=True, slots=True)
class _Kept:
    """What the registry holds of a logo, without the picture."""

    source: str
    media_type: str
    """Empty where there is no picture."""
    problem: str
    fetched_at: str

    def is_due(self, source: str, now: datetime) -> bool:
        """Whether it is to be fetched again."""
        age = now - datetime.fromisoformat(self.fetched_at)
        # one further ahead than any clock may be was noted by a clock that was wrong
        is_wrong = age < -timedelta(seconds=CLOCKS_DIFFER_S)
        return self.source != source or is_wrong or age >= (RETRY if self.problem else KEPT)


class LogoKeeper:
    """Fetches logos in the background, one process for all, and gives what was fetched."""

    def __init__(
        self,
        store: RegistryStore,
        client: MemberClient,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._store = store
        self._client = client
        self._now = now
        self._sleep = sleep
        self._name = secrets.token_hex(8)
        self._kept: dict[str, _Kept] | None = None
        """None: not read yet."""
        self._not_kept: dict[str, _Kept] = {}
        """What could not be written, so that nobody is asked for it again at once."""
        self._cached: OrderedDict[str, tuple[_Kept, Logo]] = OrderedDict()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to fetch what is missing, after a while: nothing waits for it."""
        self._task = asyncio.create_task(self._again_and_again(), name="fetch logos")

    async def aclose(self) -> None:
        """End the background work."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait({task})

    async def logo(self, member_id: str) -> Logo | None:
        """Give a member's logo; None if it has none that can be shown, or none can be read now."""
        try:
            if self._kept is None:
                await self._look()
            kept = self._current(member_id)
            if kept is None:
                return None
            cached = self._cached.get(member_id)
            if cached is not None and cached[0] == kept:
                self._cached.move_to_end(member_id)
                return cached[1]
            found = await self._picture(member_id, kept)
        except RegistryUnavailable:
            return None
        if found is not None:
            self._cache(member_id, kept, found)
        return found

    def has_logo(self, member_id: str) -> bool:
        """Whether there is one to show, as far as this process knows."""
        return self._current(member_id) is not None

    async def fetch_due(self) -> int:
        """Fetch what is missing or old, unless another process does; gives how many were."""
        await self._look()
        due = self._due()
        fetched = 0
        is_shared, is_held = self._store.database.is_shared, False
        try:
            while due:
                if is_shared:
                    is_held = await self._store.take_lease(LEASE, self._name, LEASE_S)
                    if not is_held:
                        break
                batch, due = due[:CONCURRENT], due[CONCURRENT:]
                for (member, source), found in zip(batch, await self._fetch(batch), strict=True):
                    await self._keep_or_tell(member.id, source, found)
                fetched += len(batch)
        finally:
            if is_held:
                with contextlib.suppress(RegistryUnavailable):  # it ends by itself
                    await self._store.drop_lease(LEASE, self._name)
        return fetched

    async def _again_and_again(self) -> None:
        wait_s = FIRST_S
        while True:
            await self._sleep(wait_s)
            wait_s = ROUND_S
            try:
                await self.fetch_due()
            except RegistryUnavailable:
                log.debug("logos cannot be kept: the registry is not available")
            except Exception:
                # A background service goes on whatever happens; what happened is in the log.
                log.exception("fetching logos failed")

    def _current(self, member_id: str) -> _Kept | None:
        """Give what is kept, if it is a picture of the address the member names now."""
        kept = (self._kept or {}).get(member_id)
        record = self._store.records.get(member_id)
        if kept is None or not kept.media_type:
            return None
        if record is None or record.state is not MemberState.ACTIVE:
            return None
        return kept if kept.source == source_of(record.member) else None

    def _due(self) -> list[tuple[RegisteredMember, str]]:
        now, kept = self._now(), self._kept or {}
        found = []
        for member in self._store.members:
            source = source_of(member)
            if source is None or member.entry.disabled:
                continue
            known = (kept.get(member.id), self._not_kept.get(member.id))
            if all(one is None or one.is_due(source, now) for one in known):
                found.append((member, source))
        return found

    async def _fetch(self, batch: Sequence[tuple[RegisteredMember, str]]) -> list[Picture | str]:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._fetch_one(*each)) for each in batch]
        return [task.result() for task in tasks]

    async def _fetch_one(self, member: RegisteredMember, source: str) -> Picture | str:
        """Give the picture at an address, or say in one sentence why there is none.

        Whatever happens is this member's own trouble: the others of its batch go on.
        """
        try:
            found = await self._fetched(member, source)
        except Exception:
            log.exception("fetching a logo failed inside", member=member.id)
            found = "It could not be fetched: this network failed at it."
        if isinstance(found, str):
            log.info("logo not shown", member=member.id, problem=found)
        return found

    async def _fetched(self, member: RegisteredMember, source: str) -> Picture | str:
        if not is_web_address(source):
            return "Its address is no address of the web: https://, a host, a port up to 65535."
        followed = await self._client.get_following(
            _asked_as(member, source),
            source,
            timeout_s=FETCH_S,
            max_body_bytes=MAX_BYTES,
            accept=ACCEPT,
        )
        reply, failure = followed.result.reply, followed.result.failure
        if reply is not None and reply.status == 200 and failure is None:
            return await asyncio.to_thread(checked_picture, reply.body)
        status = f"HTTP status {reply.status}" if reply is not None else "no answer"
        return f"It could not be fetched: {failure.message if failure else status}."

    async def _keep_or_tell(self, member_id: str, source: str, found: Picture | str) -> None:
        """Write what came; what the database does not take is tried again later, as a failure."""
        try:
            await self._keep(member_id, source, found)
            self._not_kept.pop(member_id, None)
        except RegistryUnavailable:
            raise
        except Exception:
            log.exception("keeping a logo failed inside", member=member_id)
            problem = "It could not be kept: this network failed at it."
            self._not_kept[member_id] = _Kept(source, "", problem, moment(self._now()))

    async def _keep(self, member_id: str, source: str, found: Picture | str) -> None:
        """Write what came; where nothing came, an older picture of the same address stays."""
        fetched_at = moment(self._now())
        problem = found if isinstance(found, str) else ""

        async def write(change: Change) -> _Kept | None:
            connection = change.connection
            chosen = LOGOS.c.member_id == member_id
            held = await connection.execute(select(MEMBERS.c.id).where(MEMBERS.c.id == member_id))
            if held.one_or_none() is None:
                return None
            row = (
                await connection.execute(select(LOGOS.c.source, LOGOS.c.media_type).where(chosen))
            ).one_or_none()
            values: dict[str, Any] = {"source": source, "problem": problem}
            values["fetched_at"] = fetched_at
            media_type = row.media_type if row is not None and row.source == source else ""
            if isinstance(found, Picture):
                media_type = found.media_type
                values["body"] = found.body
            elif not media_type:
                values["body"] = b""
            values["media_type"] = media_type
            if row is None:
                await connection.execute(insert(LOGOS).values(member_id=member_id, **values))
            else:
                await connection.execute(update(LOGOS).where(chosen).values(**values))
            return _Kept(source, media_type, problem, fetched_at)

        kept = await self._store.database.change(write, is_news=False)
        if kept is not None and self._kept is not None:
            self._kept[member_id] = kept

    async def _look(self) -> None:
        """Read what is kept, pictures left out: another process may have fetched some."""
        columns = (LOGOS.c.source, LOGOS.c.media_type, LOGOS.c.problem, LOGOS.c.fetched_at)
        query = (
            select(LOGOS.c.member_id, *columns)
            .join(MEMBERS, MEMBERS.c.id == LOGOS.c.member_id)
            .where(MEMBERS.c.state == MemberState.ACTIVE.value)
        )

        async def read(connection: AsyncConnection) -> dict[str, _Kept]:
            rows = await connection.execute(query)
            return {row[0]: _Kept(*row[1:]) for row in rows}

        self._kept = await self._store.database.read(read)

    async def _picture(self, member_id: str, kept: _Kept) -> Logo | None:
        chosen = (LOGOS.c.member_id == member_id) & (LOGOS.c.source == kept.source)
        query = select(LOGOS.c.media_type, LOGOS.c.body).where(chosen)

        async def read(connection: AsyncConnection) -> tuple[str, bytes]:
            row = (await connection.execute(query)).one_or_none()
            return (row.media_type, bytes(row.body)) if row is not None else ("", b"")

        media_type, body = await self._store.database.read(read)
        if not media_type:
            return None
        return Logo(media_type, body, hashlib.blake2b(body, digest_size=8).hexdigest())

    def _cache(self, member_id: str, kept: _Kept, found: Logo) -> None:
        self._cached.pop(member_id, None)
        self._cached[member_id] = kept, found
        size = sum(len(one.body) for _, one in self._cached.values())
        while size > MAX_CACHED_BYTES:
            _, (_, dropped) = self._cached.popitem(last=False)
            size -= len(dropped.body)


def source_of(member: RegisteredMember) -> str | None:
    """Give the address of a member's logo: as declared, else as it says itself.

    One that cannot be called counts only where there is no other: it is then a problem of its own.
    """
    told = [
        organization.logo_url
        for organization in (member.entry.organization, member.capabilities.organization)
        if organization is not None and organization.logo_url
    ]
    return next(filter(is_web_address, told), told[0] if told else None)


def _asked_as(member: RegisteredMember, source: str) -> RegisteredMember:
    """Give whom a logo is asked of: the member, or a stranger with nothing of the member's own."""
    if (host := _host(source)) is not None and host == _host(member.entry.url):
        return member
    plain = {"id": f"~logo-{member.id}", "ca_file": None, "timeout_s": None}
    return RegisteredMember(member.entry.model_copy(update=plain))


def _host(address: str) -> str | None:
    """Give the host as it is called; None of what is no address."""
    try:
        return URL(address).raw_host
    except (ValueError, IndexError):
        return None
