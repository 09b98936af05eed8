"""Finds out what a member is: its protocol, version and assemblies, from its own documents.

First the one document it is recognised by (`recognise`), then, for version 2, the others
(`describe`): `discover` does both.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

from aggregator.protocol.info import read_info
from aggregator.protocol.member_document import document_of
from aggregator.protocol.software import dialect_of, guess_software
from aggregator.watch.documents import describe
from aggregator.watch.looking import (
    Discovery,
    DocumentGetter,
    Getter,
    Look,
    getter_for,
    is_unreachable,
)
from registry.capabilities import Capabilities, Document
from registry.models import Protocol
from registry.snapshot import RegisteredMember

DISCOVERY_TIMEOUT_S: Final = 15.0
IN_LINE_TIMEOUT_S: Final = 5.0
"""For members that are asked one thing at a time: their questions wait meanwhile."""

_PATHS: Final[Mapping[Protocol, tuple[str, ...]]] = {
    Protocol.AUTO: ("/info", "/", "", "/service-info", "/beacons"),
    Protocol.V0: (),
    Protocol.V1: ("/", "", "/info"),
    Protocol.V2: ("/info", "", "/"),
    Protocol.CSC: ("/service-info", "/", "/info"),
    Protocol.BEACON_NETWORK: ("/beacons",),
}


async def discover(
    member: RegisteredMember,
    getter: Getter,
    *,
    via: str,
    now: datetime,
    authorization: str | None = None,
) -> Discovery:
    """Ask a member for all its documents, at the places its protocol has them; never raises."""
    get = getter_for(member, getter, via=via, authorization=authorization)
    recognised = await recognise(member, get, now=now)
    return await look_further(recognised, member, get)


async def look_further(
    recognised: Discovery,
    member: RegisteredMember,
    get: DocumentGetter,
    only: Collection[Document] | None = None,
) -> Discovery:
    """Get the documents that a member has beside the one it was recognised by, or some of them."""
    told = recognised.capabilities
    if told is None or told.protocol is not Protocol.V2:
        return recognised
    return await describe(recognised, member, get, only)


async def recognise(member: RegisteredMember, get: DocumentGetter, *, now: datetime) -> Discovery:
    """Ask a member for its description alone; never raises."""
    looks: list[Look] = []
    partial: Discovery | None = None
    timeout_s = IN_LINE_TIMEOUT_S if member.max_concurrency == 1 else DISCOVERY_TIMEOUT_S
    for path in paths_of(member):
        url = member.entry.url + path
        followed = await get(url, timeout_s)
        result = followed.result
        if result.failure is not None or result.reply is None:
            message = result.failure.message if result.failure else "nothing came back"
            looks.append(Look(url, message, result.elapsed_s))
            if result.reply is None and result.attempts and is_unreachable(result.failure):
                break
            continue
        read = read_info(result.reply)
        if isinstance(read, str):
            looks.append(Look(url, read, result.elapsed_s))
            continue
        looks.append(Look(url, _described(read), result.elapsed_s))
        document = document_of(result.reply)
        document = document if isinstance(document, dict) else {}
        software = guess_software({Document.INFO: document})
        read = read.model_copy(
            update={
                "fetched_at": now,
                "problems": _moved(url, followed.url),
                "software": software,
                "software_dialect": dialect_of(software),
            }
        )
        if _fits(member, read):
            return Discovery(read, tuple(looks), document)
        partial = partial or Discovery(read, (), document)
    if partial is None or (partial.capabilities and partial.capabilities.protocol is None):
        return Discovery(None, tuple(looks))
    return Discovery(partial.capabilities, tuple(looks), partial.document)


def paths_of(member: RegisteredMember) -> tuple[str, ...]:
    """Give the places to look at; first where the description was when it was last found."""
    paths = _PATHS[member.entry.protocol]
    found = member.capabilities.protocol
    if member.entry.protocol is not Protocol.AUTO or found is None:
        return paths
    first = _PATHS[found][:1]
    return (*first, *(path for path in paths if path not in first))


def _fits(member: RegisteredMember, read: Capabilities) -> bool:
    """Whether this is the document of the member's protocol; v1 lists its data sets at `/`."""
    if member.entry.protocol is not Protocol.AUTO:
        return read.protocol is member.entry.protocol
    is_v1 = read.protocol is Protocol.V1
    return bool(read.data_sets) if is_v1 else read.protocol is not None


def _described(read: Capabilities) -> str:
    version = read.api_version or "version not told"
    name = f" “{read.name}”" if read.name else ""
    sets = f", {len(read.data_sets)} data sets" if read.data_sets else ""
    inner = f", {len(read.leaves)} beacons inside" if read.leaves else ""
    kind = read.protocol.value if read.protocol else "unknown protocol"
    return f"Beacon {kind} ({version}){name}{sets}{inner}"


def _moved(asked: str, found: str) -> tuple[str, ...]:
    """Say where a description has moved to; what may be secret of that address is not told."""
    place = _without_secrets(found)
    if asked.rstrip("/") == place.rstrip("/"):
        return ()
    return (f"{asked} has moved: register the address that leads to {place}",)


def _without_secrets(url: str) -> str:
    """Drop user name, password, query and fragment of an address: problems are public."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return parts._replace(netloc=host, query="", fragment="").geturl()
