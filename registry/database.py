"""The database under the registry: SQLite in a file or in memory, or PostgreSQL.

Every change runs in one transaction that begins by taking the lock of the registry's revision:
changes happen one after the other, become visible in the order of their revisions, and either
wholly or not at all. SQLite writes through to the disk before a change is acknowledged.
"""

import asyncio
import importlib
import sqlite3
from collections.abc import Awaitable, Callable, Coroutine
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import parse_qsl, urlencode

import structlog
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.util import CommandError
from sqlalchemy import URL, Connection, event, insert, select, text, update
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import (
    AsyncConnection,
    AsyncEngine,
    AsyncTransaction,
    create_async_engine,
)
from sqlalchemy.pool import AsyncAdaptedQueuePool

from aggregator.base.errors import ConfigError, RegistryUnavailable
from registry.tables import FACTS, STATE

log = structlog.get_logger(__name__)

T = TypeVar("T")

BUSY_S: Final = 5.0
"""How long a change waits for another process's; beyond, the registry is not available."""
_CONNECTIONS: Final = 5
_MEMORY: Final = ":memory:"
_MIGRATING: Final = 7_203_117_742_226
"""The key of PostgreSQL's advisory lock around migrations."""


class Database:
    """Connections to the registry's database; `start` brings its tables up to date.

    `busy_s` is how long a change waits for another one, in seconds.
    """

    def __init__(self, url: str, *, busy_s: float = BUSY_S) -> None:
        self._url = _driver_url(url)
        # what PostgreSQL's own tools take behind the ?, asyncpg reads from an address alone
        self._options = urlencode(_options(url))
        self._busy_s = busy_s
        self._engine: AsyncEngine | None = None
        self._outage = _Outage()
        self._running_work: set[asyncio.Task[Any]] = set()

    @property
    def is_shared(self) -> bool:
        """Whether other processes can have the same registry."""
        return not self._is_sqlite or self._url.database != _MEMORY

    async def start(self) -> None:
        """Connect and migrate; raises `ConfigError` saying what is wrong with `registry.url`."""
        self._engine = self._made_engine()
        try:
            if self._is_sqlite and self.is_shared:
                # aiosqlite's thread outlives a file that cannot be opened, and then fails loudly
                await asyncio.to_thread(_open_once, str(self._url.database))
            async with self._engine.connect() as connection:
                await self._lock_for_migration(connection)
                await connection.run_sync(_migrate)
                await connection.commit()
        except (SQLAlchemyError, sqlite3.Error, OSError, CommandError) as error:
            await self.aclose()
            raise ConfigError([f"registry.url: {self.shown}: {_why(error)}"]) from None
        except BaseException:
            await self.aclose()
            raise

    async def aclose(self) -> None:
        """Close every connection, when what runs on them has ended."""
        if self._running_work:
            await asyncio.wait(self._running_work, timeout=2 * self._busy_s)
        engine, self._engine = self._engine, None
        if engine is not None:
            # closing has to come to its end, or SQLite's threads stay
            await asyncio.shield(engine.dispose())

    @property
    def shown(self) -> str:
        """The address without its password."""
        return self._url.set(drivername=self._url.get_backend_name()).render_as_string()

    async def read(self, work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        """Run queries that see one state of the registry; raises `RegistryUnavailable`."""
        return await self.finish(self._read(work))

    async def change(self, work: Callable[["Change"], Awaitable[T]], *, is_news: bool = True) -> T:
        """Run a change under the registry's lock: all of it happens, or nothing.

        With `is_news` the registry's revision goes up, which tells every process to read what
        changed. Raises `RegistryUnavailable`; whatever `work` raises undoes everything. Once
        begun, a change comes to its end also if the caller is cancelled.
        """
        return await self.finish(self._change(work, is_news=is_news))

    async def finish(self, work: Coroutine[Any, Any, T]) -> T:
        """Let work come to its end although whoever waits for it is cancelled meanwhile.

        A connection that is interrupted is thrown away, and a registry in memory is its
        connection; and what was changed has to come into force.
        """
        task = asyncio.ensure_future(work)
        self._running_work.add(task)
        task.add_done_callback(self._running_work.discard)
        cancelled: asyncio.CancelledError | None = None
        while not task.done():
            try:
                await asyncio.wait({task})
            except asyncio.CancelledError as error:
                cancelled = error  # it is told when the work has ended
        if cancelled is None:
            return task.result()
        if not task.cancelled():
            task.exception()  # seen: nobody is left to be told
        raise cancelled

    async def _read(self, work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        with _Translated(self._outage):
            async with self._running.connect() as connection:
                if not self._is_sqlite:  # whose reads always see one state
                    await connection.execution_options(isolation_level="REPEATABLE READ")
                return await work(connection)

    async def _change(self, work: Callable[["Change"], Awaitable[T]], *, is_news: bool) -> T:
        with _Translated(self._outage):
            async with self._running.connect() as connection:
                await connection.execution_options(registry_changes=True)
                async with connection.begin() as transaction:
                    taken = await connection.execute(
                        update(STATE)
                        .where(STATE.c.id == 1)
                        .values(revision=STATE.c.revision + (1 if is_news else 0))
                        .returning(STATE.c.revision)
                    )
                    made = await work(Change(connection, int(taken.scalar_one())))
                    await self._commit(transaction)
                    return made

    async def _commit(self, transaction: AsyncTransaction) -> None:
        """Commit; a server that is lost now may have done so or not, and that is said."""
        try:
            await transaction.commit()
        except (DBAPIError, OSError) as error:
            is_lost = isinstance(error, OSError) or error.connection_invalidated
            if self._is_sqlite or not is_lost:
                raise
            self._outage.began(error)
            raise RegistryUnavailable(
                "The registry of this network stopped answering while the change was being "
                "written. Look whether it was made before you try again.",
                retry_after_s=5,
            ) from error

    async def revision(self) -> int:
        """Read the revision of the last change."""

        async def read(connection: AsyncConnection) -> int:
            return int((await connection.execute(select(STATE.c.revision))).scalar_one())

        return await self.read(read)

    async def agreed(self, name: str, proposal: str) -> str:
        """Give the fact all processes agree on; the first proposal stays."""
        query = select(FACTS.c.value).where(FACTS.c.name == name)

        async def look(connection: AsyncConnection) -> str | None:
            found = (await connection.execute(query)).scalar_one_or_none()
            return None if found is None else str(found)

        async def settle(change: Change) -> str:
            known = await look(change.connection)
            if known is None:
                await change.connection.execute(insert(FACTS).values(name=name, value=proposal))
            return known or proposal

        known: str | None = await self.read(look)
        if known is not None:
            return known
        return await self.change(settle, is_news=False)

    @property
    def _is_sqlite(self) -> bool:
        return self._url.get_backend_name() == "sqlite"

    @property
    def _running(self) -> AsyncEngine:
        if self._engine is None:
            raise RuntimeError("the registry's database is not open")
        return self._engine

    def _made_engine(self) -> AsyncEngine:
        is_sqlite = self._is_sqlite
        arguments: dict[str, Any] = {"timeout": self._busy_s}
        if not is_sqlite:
            arguments |= {
                "command_timeout": 30,
                "dsn": f"postgresql://?{self._options}",
                "server_settings": {"lock_timeout": str(int(self._busy_s * 1000))},
            }
        # SQLite in memory is its one connection: whoever wants it next waits
        connections = 1 if not self.is_shared else _CONNECTIONS
        engine = create_async_engine(
            self._url,
            poolclass=AsyncAdaptedQueuePool,
            pool_size=connections,
            max_overflow=0,
            pool_timeout=30,
            pool_pre_ping=not is_sqlite,
            connect_args=arguments,
            hide_parameters=True,
        )
        if is_sqlite:
            event.listen(engine.sync_engine, "connect", self._set_up)
            event.listen(engine.sync_engine, "begin", _begin)
        return engine

    def _set_up(self, connection: Any, _: object) -> None:
        """Make a SQLite connection safe across crashes and processes."""
        connection.isolation_level = None  # transactions begin where we say so
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {int(self._busy_s * 1000)}")
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute("PRAGMA synchronous = FULL")
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.close()

    async def _lock_for_migration(self, connection: AsyncConnection) -> None:
        """Keep other processes from migrating at the same time."""
        if self._is_sqlite:
            await connection.execution_options(registry_changes=True)
            await connection.begin()
            return
        await connection.execute(text("SET LOCAL lock_timeout = '25s'"))
        await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATING})


class Change:
    """A running change: its connection and the revision it makes."""

    __slots__ = ("connection", "revision")

    def __init__(self, connection: AsyncConnection, revision: int) -> None:
        self.connection = connection
        self.revision = revision


def _driver_url(url: str) -> URL:
    """Read the address; raises `ConfigError`."""
    expected = (
        "registry.url: expected sqlite:///FILE (three slashes, then the file), sqlite:///:memory: "
        "or postgresql://[user:password@]host[:port]/database"
    )
    try:
        made = make_url(url)
    except (SQLAlchemyError, ValueError):
        raise ConfigError([expected]) from None
    if made.drivername == "sqlite":
        if made.host or not made.database or made.query:
            raise ConfigError([expected])
        return made.set(drivername="sqlite+aiosqlite")
    if made.drivername in {"postgresql", "postgres"}:
        if not made.database:
            raise ConfigError([expected])
        _need_asyncpg()
        return made.set(drivername="postgresql+asyncpg", query={})
    raise ConfigError([expected])


def _options(url: str) -> list[tuple[str, str]]:
    return parse_qsl(url.partition("?")[2], keep_blank_values=True)


def _need_asyncpg() -> None:
    try:
        importlib.import_module("asyncpg")
    except ImportError:
        raise ConfigError(
            ["registry.url: PostgreSQL needs: pip install 'beacon-aggregator[postgres]'"]
        ) from None


def _open_once(path: str) -> None:
    folder = Path(path).parent
    if not folder.is_dir():
        raise FileNotFoundError(f"there is no folder {folder}")
    sqlite3.connect(path).close()


def _begin(connection: Connection) -> None:
    """Begin as what the transaction is: one that changes things takes SQLite's lock at once."""
    changes = connection.get_execution_options().get("registry_changes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if changes else "BEGIN")


def _migrate(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(files("registry") / "migrations"))
    config.attributes["connection"] = connection
    before = MigrationContext.configure(connection).get_current_revision()
    command.upgrade(config, "head")
    after = MigrationContext.configure(connection).get_current_revision()
    if before not in {None, after}:
        log.info("registry migrated", before=before, after=after)


class _Outage:
    """Tells the log when the database goes away and when it is back, once each."""

    def __init__(self) -> None:
        self._is_on = False

    def began(self, error: BaseException) -> None:
        """Tell why the database is away, unless that is known."""
        if not self._is_on:
            log.error(
                "the registry is not available; its last state stays in force", error=_why(error)
            )
        self._is_on = True

    def ended(self) -> None:
        """Tell that the database is back, if it was away."""
        if self._is_on:
            log.info("the registry is available again")
        self._is_on = False


class _Translated:
    """Turns what a database raises when it is away, locked or full into our error."""

    def __init__(self, outage: _Outage) -> None:
        self._outage = outage

    def __enter__(self) -> None:
        return None

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, (PoolTimeout, OSError)) or (
            isinstance(error, DBAPIError) and not _is_ours(error)
        ):
            self._outage.began(error)
            raise RegistryUnavailable(
                "The registry of this network cannot be reached just now. Nothing was changed. "
                "Try again in a moment.",
                retry_after_s=5,
            ) from error
        if error is None:
            self._outage.ended()


def _is_ours(error: DBAPIError) -> bool:
    """Whether it is a mistake in a statement of ours rather than a database that is away."""
    return type(error).__name__ in {"IntegrityError", "ProgrammingError", "DataError"}


def _why(error: BaseException) -> str:
    """Say what a driver says, without statement and values."""
    if isinstance(error, CommandError):
        return f"made by a newer version of this software: update this one ({error})"
    inner = error.orig if isinstance(error, DBAPIError) and error.orig else error
    return " ".join(str(inner).split())[:300] or type(inner).__name__
