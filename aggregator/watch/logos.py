"""Members' logos: fetched once by this network, checked, and kept in the registry."""

from dataclasses import dataclass

from aggregator.upstream.client import MemberClient
from registry.store import RegistryStore


@dataclass(frozen=True, slots=True)
class Logo:
    """A logo as it is served."""

    media_type: str
    body: bytes
    tag: str
    """Changes with the body."""


class LogoKeeper:
    """Fetches logos in the background, one process for all, and gives what was fetched."""

    def __init__(self, store: RegistryStore, client: MemberClient) -> None:
        self._store = store
        self._client = client

    async def start(self) -> None:
        """Begin to fetch what is missing."""

    async def aclose(self) -> None:
        """End the background work."""

    async def logo(self, member_id: str) -> Logo | None:
        """Give a member's logo; None if it has none that can be shown."""
        return None

    def has_logo(self, member_id: str) -> bool:
        """Whether there is one to show."""
        return False
