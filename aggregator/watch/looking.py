"""What looking at a member needs and gives: a way to get documents, and what came of it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from typing import Protocol as Interface

from aggregator.upstream.call_results import Followed
from registry.capabilities import Capabilities, Document
from registry.snapshot import RegisteredMember

MAX_INFO_BYTES: Final = 4 * 2**20


class Getter(Interface):
    """What discovery needs of `upstream.client.MemberClient`."""

    async def get_following(
        self,
        member: RegisteredMember,
        url: str,
        *,
        timeout_s: float,
        max_body_bytes: int,
        authorization: str | None = None,
        via: str = "",
    ) -> Followed:
        """GET and follow a few redirects; every failure is a value."""
        ...


DocumentGetter = Callable[[str, float], Awaitable[Followed]]
"""Gets a document of one member: its address and the time it may take, in seconds."""


@dataclass(frozen=True, slots=True)
class Look:
    """One document that was asked for, and what came."""

    url: str
    result: str
    """What it is, or what is wrong, in words."""
    elapsed_s: float


@dataclass(frozen=True, slots=True)
class Discovery:
    """What a look at a member gave; without capabilities the last known ones stay."""

    capabilities: Capabilities | None
    looks: tuple[Look, ...]
    document: Mapping[str, Any] = field(default_factory=dict)
    """The document it was recognised by."""
    unfinished: frozenset[Document] = frozenset()
    """Documents that did not come and may come the next time."""

    @property
    def is_whole(self) -> bool:
        """Whether nothing more is to be had."""
        return not self.unfinished


def getter_for(
    member: RegisteredMember, getter: Getter, *, via: str, authorization: str | None
) -> DocumentGetter:
    """Bind what every look at one member has in common."""

    async def get(url: str, timeout_s: float) -> Followed:
        return await getter.get_following(
            member,
            url,
            timeout_s=timeout_s,
            max_body_bytes=MAX_INFO_BYTES,
            authorization=authorization,
            via=via,
        )

    return get


def is_unreachable(failure: object) -> bool:
    """Whether a failure says that another document would not come either."""
    code = getattr(failure, "code", None)
    return str(code) in {"dns", "connect", "tls", "address", "timeout"}
