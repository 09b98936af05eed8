"""Members of other registries and lists: taken in once, or followed as they change."""

from collections.abc import Sequence
from dataclasses import dataclass

from aggregator.upstream.client import MemberClient
from registry.models import MemberEntry
from registry.seeding import Seeder
from registry.steward import Steward
from registry.store import RegistryStore


@dataclass(frozen=True, slots=True)
class Listed:
    """What a list or another registry names."""

    form: str
    """`ga4gh`, `elixir`, `ega`, `csv` or `seed` (our own YAML or JSON)."""
    entries: tuple[MemberEntry, ...]
    problems: tuple[str, ...]
    """What could not be taken, one sentence each, naming the item."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What came of taking members in."""

    added: tuple[str, ...]
    known: tuple[str, ...]
    """Were here already, by id or address; nothing was changed."""
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Followed:
    """A registry whose members are followed."""

    id: str
    url: str
    form: str
    groups: tuple[str, ...]
    is_trusted: bool
    """Whether its new members are members here at once; else they wait for an operator."""
    created_at: str
    looked_at: str | None
    result: str
    """What the last look showed, in words."""


class Follower:
    """Reads lists, takes their members in, and looks again every `follow_s`."""

    def __init__(
        self,
        store: RegistryStore,
        seeder: Seeder,
        steward: Steward,
        client: MemberClient,
        *,
        network_id: str,
        follow_s: float,
    ) -> None:
        self._store = store
        self._seeder = seeder
        self._steward = steward
        self._client = client
        self._network_id = network_id
        self._follow_s = follow_s

    async def start(self) -> None:
        """Begin to look at what is followed; of several processes one does."""

    async def aclose(self) -> None:
        """End the background work."""

    async def fetch(self, url: str, *, form: str = "auto") -> Listed:
        """Read a list from an address; raises `BadQuery` saying why it cannot be read."""
        raise NotImplementedError

    async def take_in(
        self, listed: Listed, *, by: str, groups: Sequence[str] = (), waits: bool = False
    ) -> Imported:
        """Add what is not here yet, at once or (`waits`) to be approved."""
        raise NotImplementedError

    async def follow(
        self,
        source_id: str,
        url: str,
        *,
        by: str,
        form: str = "auto",
        groups: Sequence[str] = (),
        is_trusted: bool = False,
    ) -> Followed:
        """Take in a registry's members now and whenever they change."""
        raise NotImplementedError

    async def unfollow(self, source_id: str, *, by: str) -> None:
        """Follow a registry no more; its members stay. Raises `NotFound`."""
        raise NotImplementedError

    async def followed(self) -> tuple[Followed, ...]:
        """Give the registries that are followed."""
        return ()

    async def look(self, source_id: str, *, by: str) -> Followed:
        """Look at a followed registry now."""
        raise NotImplementedError


def read_list(body: bytes, *, form: str = "auto", origin: str = "list") -> Listed:
    """Read a list from a file; raises `BadQuery` saying why it cannot be read."""
    raise NotImplementedError
