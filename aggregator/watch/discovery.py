"""Finds out what a member is: its protocol, version and assemblies, from its own documents."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol as Interface

from aggregator.protocol.info import read_info
from aggregator.upstream.client import Followed
from registry.models import Capabilities, Protocol
from registry.snapshot import RegisteredMember

DISCOVERY_TIMEOUT_S = 15.0
MAX_INFO_BYTES = 4 * 2**20

_PATHS = {
    Protocol.AUTO: ("/info", "/", "", "/service-info"),
    Protocol.V1: ("/", "", "/info"),
    Protocol.V2: ("/info", "", "/"),
    Protocol.V0: (),
}


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


async def discover(
    member: RegisteredMember,
    getter: Getter,
    *,
    via: str,
    now: datetime,
    authorization: str | None = None,
) -> Discovery:
    """Ask a member for its description, at the places its protocol has one; never raises."""
    looks: list[Look] = []
    partial: Capabilities | None = None
    for path in _PATHS[member.entry.protocol]:
        url = member.entry.url + path
        followed = await getter.get_following(
            member,
            url,
            timeout_s=DISCOVERY_TIMEOUT_S,
            max_body_bytes=MAX_INFO_BYTES,
            authorization=authorization,
            via=via,
        )
        result = followed.result
        if result.failure is not None or result.reply is None:
            message = result.failure.message if result.failure else "nothing came back"
            looks.append(Look(url, message, result.elapsed_s))
            if result.reply is None and result.attempts and _is_unreachable(result.failure):
                break
            continue
        read = read_info(result.reply)
        if isinstance(read, str):
            looks.append(Look(url, read, result.elapsed_s))
            continue
        looks.append(Look(url, _described(read), result.elapsed_s))
        problems = _moved(url, followed.url)
        read = read.model_copy(update={"fetched_at": now, "problems": problems})
        if _fits(member, read):
            return Discovery(read, tuple(looks))
        partial = partial or read
    if partial is not None and partial.protocol is None:
        partial = None
    return Discovery(partial, tuple(looks))


def _fits(member: RegisteredMember, read: Capabilities) -> bool:
    """Whether this is the document of the member's protocol; v1 lists its data sets at `/`."""
    if member.entry.protocol is not Protocol.AUTO:
        return read.protocol is member.entry.protocol
    return read.protocol is Protocol.V2 or bool(read.data_sets)


def _described(read: Capabilities) -> str:
    version = read.api_version or "version not told"
    name = f" “{read.name}”" if read.name else ""
    sets = f", {len(read.data_sets)} data sets" if read.data_sets else ""
    kind = read.protocol.value if read.protocol else "unknown protocol"
    return f"Beacon {kind} ({version}){name}{sets}"


def _moved(asked: str, found: str) -> tuple[str, ...]:
    if asked.rstrip("/") == found.rstrip("/"):
        return ()
    return (f"{asked} has moved: register the address that leads to {found}",)


def _is_unreachable(failure: object) -> bool:
    code = getattr(failure, "code", None)
    return str(code) in {"dns", "connect", "tls", "address", "timeout"}
