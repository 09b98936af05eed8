"""The registry as the command line opens it: beside a network that runs on it, or without one."""

import getpass
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from aggregator.app import identity_of
from aggregator.base import logs
from aggregator.base.errors import ConfigError
from aggregator.base.settings import Settings
from aggregator.calling import calling
from aggregator.registrar import Registry, registry_open
from aggregator.watch.following import Follower
from aggregator.watch.joining import JoinChecker
from registry.records import COMMAND_LINE
from registry.sources import SourceBook

_NAMED_SO = "name it with --set registry.url=sqlite:///FILE, or the settings with --config"


def actor() -> str:
    """Say who changes things, for the log of changes."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # an account without a name, as in containers
        user = f"user {os.getuid()}"
    return f"{COMMAND_LINE}:{user}"


@asynccontextmanager
async def office(settings: Settings, *, is_reading: bool = False) -> AsyncIterator[Registry]:
    """Open the registry of a network; raises `ConfigError`.

    A network that runs takes over what is changed by itself. Who only reads makes no registry
    where there is none.
    """
    _refuse_none(settings, is_reading=is_reading)
    logs.configure(settings.log.model_copy(update={"level": "critical"}))
    async with registry_open(settings) as registry:
        yield registry


@asynccontextmanager
async def follower_of(settings: Settings, registry: Registry) -> AsyncIterator[Follower]:
    """Give what reads lists, within the settings' bounds; it looks at nothing by itself."""
    identity = await identity_of(settings, registry)
    async with calling(settings) as client:
        yield Follower(
            registry.store,
            SourceBook(registry.store, changed=registry.force),
            registry.groups,
            client,
            network_id=identity.beacon_id,
            follow_s=settings.registry.follow_s,
        )


@asynccontextmanager
async def checker_of(settings: Settings, registry: Registry) -> AsyncIterator[JoinChecker]:
    """Give what checks beacons that want to join."""
    identity = await identity_of(settings, registry)
    async with calling(settings) as client:
        yield JoinChecker(
            client,
            network_id=identity.beacon_id,
            allow_private=settings.security.allow_private_members,
        )


def has_registry(settings: Settings) -> bool:
    """Whether there is a registry that outlives a process; one in PostgreSQL is taken for there."""
    registry = settings.registry
    if registry.is_in_memory:
        return False
    is_file = registry.url.startswith("sqlite:")
    return not is_file or Path(registry.url.removeprefix("sqlite:///")).exists()


def _refuse_none(settings: Settings, *, is_reading: bool) -> None:
    url = settings.registry.url
    if settings.registry.is_in_memory:
        raise ConfigError(
            [
                "registry.url: sqlite:///:memory: is the memory of one process, and this one ends "
                f"now. Which registry? {_NAMED_SO[0].upper()}{_NAMED_SO[1:]}."
            ]
        )
    if is_reading and not has_registry(settings):
        file = url.removeprefix("sqlite:///")
        raise ConfigError(
            [
                f"registry.url: there is no registry in {file} yet. Start the network (`serve`) or "
                f"add a member; if the registry is elsewhere, {_NAMED_SO}."
            ]
        )
