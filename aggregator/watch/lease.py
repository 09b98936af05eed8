"""Whether this process is the one that does background work for all on its registry."""

import asyncio
import secrets
from collections.abc import Callable
from typing import Final

from aggregator.base.errors import RegistryUnavailable
from registry.store import RegistryStore

WATCH: Final = "watch"
"""The lease of whoever looks at members."""
LEASE_S: Final = 10.0
"""How much longer than three polls the lease lasts when its holder is gone."""


class Lease:
    """The right to watch members: one process has it, and renews it while it runs.

    A registry that is one process's own needs none.
    """

    def __init__(
        self,
        store: RegistryStore,
        *,
        poll_s: float,
        clock: Callable[[], float] = lambda: asyncio.get_running_loop().time(),
    ) -> None:
        self._store = store
        self._name = secrets.token_hex(8)
        self._ttl_s = 3 * poll_s + LEASE_S
        self._clock = clock
        self._until = 0.0
        self._taking = asyncio.Lock()

    async def is_ours(self) -> bool:
        """Take the lease or renew it when that is due.

        Raises `RegistryUnavailable` where that cannot be done and the lease is not ours any more.
        """
        if not self._store.database.is_shared:
            return True
        async with self._taking:
            now = self._clock()
            if self._until - now < self._ttl_s / 2:
                try:
                    is_mine = await self._store.take_lease(WATCH, self._name, self._ttl_s)
                except RegistryUnavailable:
                    if self._until > self._clock():
                        return True  # nobody else can have it before it ends
                    raise
                self._until = now + self._ttl_s if is_mine else 0.0
            return self._until > self._clock()

    async def aclose(self) -> None:
        """Let another process take over at once."""
        if self._until and self._store.database.is_shared:
            self._until = 0.0
            try:
                await self._store.drop_lease(WATCH, self._name)
            except RegistryUnavailable:
                return  # it ends by itself
