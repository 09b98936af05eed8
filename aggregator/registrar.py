"""The part of the composition root around the registry: its store and all who work on it."""

import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import structlog

from aggregator.base.errors import ConfigError, RegistryUnavailable
from aggregator.base.settings import Settings
from aggregator.upstream.client import MemberClient
from aggregator.watch.following import Follower
from aggregator.watch.joining import JoinChecker
from aggregator.watch.logos import LogoKeeper
from registry.database import Database
from registry.offices import GroupBook, Journal, Keyring
from registry.seeding import Seeder
from registry.sources import SourceBook
from registry.steward import Steward
from registry.store import RegistryStore

log = structlog.get_logger(__name__)


class Force:
    """Brings changes into force; does nothing beyond the store until a network says how."""

    def __init__(self, store: RegistryStore) -> None:
        self._store = store
        self.bring = store.refresh
        self.announce: Callable[[int], Awaitable[None]] | None = None
        """Tells the network's other processes of a revision."""

    async def __call__(self) -> None:
        """Bring what was changed into force; it is kept, so a failure here only delays it."""
        try:
            await self.bring()
        except RegistryUnavailable:
            log.warning("a change was kept and comes into force later")
        if self.announce is not None:
            await self.announce(self._store.revision)


@dataclass(frozen=True, slots=True)
class Registry:
    """The registry and what is done with it."""

    database: Database
    store: RegistryStore
    seeder: Seeder
    steward: Steward
    keyring: Keyring
    groups: GroupBook
    journal: Journal
    force: Force
    secret: str
    """Signs what browsers are given; the same in every process of the network."""


@asynccontextmanager
async def registry_open(settings: Settings) -> AsyncIterator[Registry]:
    """Open the registry and bring its tables up to date; raises `ConfigError`."""
    if settings.registry.is_in_memory and settings.server.workers > 1:
        raise ConfigError(
            [
                "registry.url: sqlite:///:memory: is one process's own; with server.workers "
                f"{settings.server.workers} give a file: sqlite:///registry.sqlite3"
            ]
        )
    async with AsyncExitStack() as stack:
        database = Database(settings.registry.url)
        await database.start()
        stack.push_async_callback(database.aclose)
        store = RegistryStore(database)
        await store.refresh()
        force = Force(store)
        yield Registry(
            database=database,
            store=store,
            seeder=Seeder(database),
            steward=Steward(store, changed=force),
            keyring=Keyring(store),
            groups=GroupBook(store, changed=force),
            journal=Journal(store),
            force=force,
            secret=await database.agreed("secret of forms", secrets.token_hex(32)),
        )


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What looks at the world outside on behalf of the registry."""

    checker: JoinChecker
    follower: Follower
    logos: LogoKeeper


@asynccontextmanager
async def surroundings(
    settings: Settings, registry: Registry, client: MemberClient, *, network_id: str
) -> AsyncIterator[Surroundings]:
    """Run what fetches logos and follows other registries; ends it on leaving."""
    follower = Follower(
        registry.store,
        SourceBook(registry.store, changed=registry.force),
        registry.groups,
        client,
        network_id=network_id,
        follow_s=settings.registry.follow_s,
    )
    logos = LogoKeeper(registry.store, client)
    checker = JoinChecker(
        client, network_id=network_id, allow_private=settings.security.allow_private_members
    )
    async with AsyncExitStack() as stack:
        for one in (follower, logos):
            stack.push_async_callback(one.aclose)
            await one.start()
        yield Surroundings(checker, follower, logos)
