"""A look at a certificate: of what could not be kept nobody is told."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, cast

from aggregator.upstream.peer import Served
from aggregator.watch.certificates import CertificateChecker
from registry.certificates import EXPIRED, FACT, CertificateChange
from registry.health_store import HealthStore
from registry.snapshot import RegisteredMember
from tests.builders import member
from tests.chains import NOW, issued
from tests.unit.watch.stores import Facts

ENDED = Served((issued("one.example.org", until=NOW - timedelta(days=2)).der,))


class Looker:
    """Sees the same certificate at every look."""

    has_proxy = False

    async def certificates(self, member: RegisteredMember, *, timeout_s: float) -> Served | None:
        return ENDED


class Looking:
    """A member whose certificate is looked at, and what is told of it."""

    def __init__(self) -> None:
        self.facts = Facts(FACT, NOW)
        self.told: list[tuple[str, list[str]]] = []
        self.checker = self.process()

    def process(self) -> CertificateChecker:
        store = cast(HealthStore, self.facts)
        return CertificateChecker(Looker(), store, now=lambda: NOW, heard=self._heard)

    async def look(self) -> None:
        await self.checker.look(member())

    def _heard(
        self,
        looked_at: RegisteredMember,
        document: Mapping[str, Any],
        changes: tuple[CertificateChange, ...],
    ) -> None:
        self.told.append((looked_at.id, [one.what for one in changes]))


async def test_of_a_member_that_has_moved_or_gone_meanwhile_nobody_is_told() -> None:
    it = Looking()
    it.facts.has_member = False
    await it.look()
    assert it.told == []
    assert it.facts.kept == {}


async def test_what_could_not_be_told_is_told_once_the_member_is_there_again() -> None:
    it = Looking()
    await it.look()
    it.checker, it.facts.has_member = it.process(), False  # another process took over
    await it.look()
    it.facts.has_member = True
    await it.look()
    await it.look()
    assert it.told == [("one", [EXPIRED]), ("one", [EXPIRED]), ("one", [])]
