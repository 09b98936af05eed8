"""Looks at the certificates of members, trusted or not, and keeps what they are."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final
from typing import Protocol as Interface
from urllib.parse import urlsplit

from aggregator.upstream.peer import Served
from aggregator.watch.certificate_reading import (
    BEHIND_PROXY,
    certificate_document,
    unseen_document,
)
from registry.certificates import FACT, CertificateChange, beginnings, certificate_changes
from registry.health_store import HealthStore
from registry.places import place_of
from registry.snapshot import RegisteredMember

TIMEOUT_S: Final = 10.0


class Looker(Interface):
    """What looking needs of `upstream.client.MemberClient`."""

    @property
    def has_proxy(self) -> bool:
        """Whether a proxy stands between."""
        ...

    async def certificates(self, member: RegisteredMember, *, timeout_s: float) -> Served | None:
        """Look at what a member serves; None where nothing came."""
        ...


OnCertificate = Callable[[RegisteredMember, Mapping[str, Any], tuple[CertificateChange, ...]], None]
"""Hears of a look: the member, what is known now, and what is to be told of it."""


class CertificateChecker:
    """Looks at members' certificates; `heard` is told of every look that was kept."""

    def __init__(
        self,
        looker: Looker,
        health: HealthStore,
        *,
        now: Callable[[], datetime],
        heard: OnCertificate = lambda member, document, changes: None,
    ) -> None:
        self._looker = looker
        self._health = health
        self._now = now
        self._heard = heard
        self._looked: dict[str, str] = {}
        """Where each member was looked at by this process."""

    async def look(self, member: RegisteredMember) -> None:
        """Look at a member once; silence leaves what is known.

        Raises `RegistryUnavailable` where it cannot be kept.
        """
        if not is_secured(member):
            return
        found = await self._found(member)
        if found is None:
            return
        place, now = place_of(member.entry), self._now()
        fact = self._health.facts(FACT).get(member.id)
        known = fact.document if fact is not None else None
        found |= {"since": beginnings(known, found, now)}
        changes = {one.key(member.id): one for one in certificate_changes(known, found, now)}
        if self._looked.get(member.id) != place:
            # what another process found out may not have been told before it ended
            again = certificate_changes(None, found, now)
            changes |= {one.key(member.id): one for one in again}
        # what is told bears the moments that are kept: told before, it could be told twice
        if await self._health.put_fact(member.id, FACT, found, place=place):
            self._heard(member, found, tuple(changes.values()))
            self._looked[member.id] = place

    async def _found(self, member: RegisteredMember) -> dict[str, Any] | None:
        if self._looker.has_proxy:
            return unseen_document(BEHIND_PROXY, self._now())
        served = await self._looker.certificates(member, timeout_s=TIMEOUT_S)
        if served is None:
            return None
        host = urlsplit(member.entry.url).hostname or ""
        return certificate_document(served, host, self._now())


def is_secured(member: RegisteredMember) -> bool:
    """Whether a member is asked over https."""
    return member.entry.url.startswith("https://")
