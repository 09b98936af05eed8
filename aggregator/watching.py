"""The part of the composition root that watches how members are doing, and tells of it."""

import os
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final, Protocol

from aggregator.api.health_gauges import check_counter, health_readings
from aggregator.base.errors import RegistryUnavailable
from aggregator.base.metrics import Metrics
from aggregator.base.sections import HealthSettings
from aggregator.base.settings import Settings
from aggregator.registrar import Registry
from aggregator.telling import Telling, telling
from aggregator.upstream.breaker import Breakers
from aggregator.upstream.client import MemberClient
from aggregator.watch.certificates import CertificateChecker
from aggregator.watch.checker import LONGEST_ABSENCE_S, Checker
from aggregator.watch.conformance.keeper import ConformanceKeeper
from aggregator.watch.conformance.runner import ConformanceChecker
from aggregator.watch.controls import ControlChecker, ControlsInForce
from aggregator.watch.health_keeper import HealthKeeper
from aggregator.watch.keeper import RegistryKeeper
from aggregator.watch.lease import Lease
from aggregator.watch.prober import Prober
from aggregator.watch.reference import Reference
from aggregator.watch.rounds import Rounds, Timetable
from aggregator.watch.trial_telling import TrialTelling
from aggregator.watch.trials import (
    Around,
    again_rounds,
    certificate_rounds,
    control_rounds,
    ending_rounds,
)
from aggregator.watch.witnesses import Witnesses
from registry.controls import ControlReport
from registry.health import Rules
from registry.health_book import HealthBook
from registry.health_store import HealthStore
from registry.places import place_of
from registry.snapshot import RegisteredMember, SnapshotHolder

CHECKS_AT_ONCE: Final = 32


@dataclass(frozen=True, slots=True)
class Surrounded:
    """What watching needs of a running network."""

    settings: Settings
    registry: Registry
    client: MemberClient
    lease: Lease
    holder: SnapshotHolder
    keeper: RegistryKeeper
    breakers: Breakers
    metrics: Metrics
    network_id: str


@dataclass(frozen=True, slots=True)
class Trials:
    """The rarer looks at members."""

    certificates: Rounds
    controls: Rounds
    again: Rounds
    """Controls that were answered wrongly."""
    ending: Rounds
    """Ends what failed controls began, where none are asked."""
    in_force: ControlsInForce


@dataclass(frozen=True, slots=True)
class Watch:
    """What knows how members are doing."""

    health: HealthStore
    book: HealthBook
    checks: HealthKeeper
    rounds: Rounds
    """The checks of members; `step` begins those that are due."""
    trials: Trials
    conformance: ConformanceKeeper
    telling: Telling


class Service(Protocol):
    """What runs beside the answering of questions."""

    async def start(self) -> None:
        """Begin."""
        ...

    async def aclose(self) -> None:
        """End everything it began."""
        ...


@asynccontextmanager
async def watching(parts: Surrounded) -> AsyncIterator[Watch]:
    """Run what looks at members' health; ends it on leaving, the last begun first."""
    health = HealthStore(parts.registry.database, now=_now, placed=partial(_place, parts.holder))
    book = HealthBook(_rules(parts.settings.health), now=_now)
    checks, rounds = _checks(parts, health, book)
    parts.metrics.read_health = partial(
        health_readings,
        parts.holder,
        health,
        every_s=parts.settings.health.probe_s,
        controls_s=parts.settings.health.controls_s,
        now=_now,
    )
    conformance = _conformance(parts, health)
    trials = _trials(parts, health, book, checks)
    alerts = telling(
        parts.settings,
        parts.registry,
        parts.client,
        holder=parts.holder,
        health=health,
        metrics=parts.metrics,
        is_ours=parts.lease.is_ours,
        now=_now,
    )
    services: list[Service] = [checks, rounds, trials.certificates, trials.controls, trials.again]
    services += [trials.ending, conformance, alerts.dispatcher]
    async with AsyncExitStack() as stack:
        for service in services:
            stack.push_async_callback(service.aclose)
            await service.start()
        with suppress(RegistryUnavailable):
            await parts.keeper.refresh()  # what members fail is in force before anybody asks
        yield Watch(health, book, checks, rounds, trials, conformance, alerts)


def _place(holder: SnapshotHolder, member_id: str) -> str | None:
    member = holder.current.everyone_by_id.get(member_id)
    return None if member is None else place_of(member.entry)


def _rules(settings: HealthSettings) -> Rules:
    return Rules(
        failures_down=settings.failures_down,
        successes_up=settings.successes_up,
        slow_ms=settings.slow_s * 1000,
        # one that is away may have asked not to be checked for a while
        gap=timedelta(seconds=3 * settings.probe_s + LONGEST_ABSENCE_S),
    )


def _checks(
    parts: Surrounded, health: HealthStore, book: HealthBook
) -> tuple[HealthKeeper, Rounds]:
    """Build what checks members, and what keeps the findings."""
    settings, holder = parts.settings.health, parts.holder
    timetable = Timetable(settings.probe_s, jitter=settings.jitter)
    prober = Prober(
        parts.client,
        network_id=parts.network_id,
        timeout_s=settings.probe_timeout_s,
        environ=lambda: os.environ,
        now=_now,
        new_id=lambda: secrets.token_hex(8),
        standing=book.standing,
    )
    checker = Checker(
        prober=prober,
        reference=Reference(settings.reference, clock=time.monotonic),
        witnesses=Witnesses(every_s=settings.probe_s),
        book=book,
        breakers=parts.breakers,
        timetable=timetable,
        members=lambda: holder.current.everyone_by_id,
        clock=time.monotonic,
        now=_now,
        on_check=check_counter(parts.metrics, holder),
    )
    keeper = HealthKeeper(
        store=health,
        book=book,
        checker=checker,
        lease=parts.lease,
        breakers=parts.breakers,
        members=lambda: holder.current.everyone_by_id,
        poll_s=parts.settings.registry.poll_s,
        clock=time.monotonic,
        now=_now,
    )
    rounds = Rounds(
        "check members",
        timetable,
        members=lambda: holder.current.everyone,
        look=checker.check,
        is_ours=keeper.is_ours,
        at_once=CHECKS_AT_ONCE,
        clock=time.monotonic,
        age_s=keeper.age_s,
    )
    return keeper, rounds


def _trials(
    parts: Surrounded, health: HealthStore, book: HealthBook, checks: HealthKeeper
) -> Trials:
    """Build what looks at certificates and asks controls; these bear on answers while they run."""
    settings = parts.settings.health
    in_force, telling = ControlsInForce(health), TrialTelling(book, _now)
    if settings.controls_s > 0:
        parts.keeper.controls = in_force

    def heard(
        member: RegisteredMember, before: ControlReport | None, report: ControlReport
    ) -> None:
        telling.controls(member, before, report)
        parts.keeper.hurry()

    controls = ControlChecker(
        parts.client,
        health,
        in_force,
        via=f"1.1 {parts.network_id}",
        timeout_s=settings.probe_timeout_s,
        environ=lambda: os.environ,
        now=_now,
        heard=heard,
    )
    certificates = CertificateChecker(parts.client, health, now=_now, heard=telling.certificate)
    around = Around(parts.holder, health, checks.is_ours, time.monotonic, _now)
    report, every_s = in_force.report, settings.controls_s
    return Trials(
        certificate_rounds(certificates.look, around, every_s=settings.certificate_s),
        control_rounds(controls.look, around, report, every_s=every_s),
        again_rounds(controls.look_again, around, report, every_s=every_s),
        ending_rounds(telling.no_controls, around, telling.failed_controls, every_s=every_s),
        in_force,
    )


def _now() -> datetime:
    return datetime.now(UTC)


def _conformance(parts: Surrounded, health: HealthStore) -> ConformanceKeeper:
    checker = ConformanceChecker(
        parts.client,
        network_id=parts.network_id,
        allow_private=parts.settings.security.allow_private_members,
        now=_now,
    )
    return ConformanceKeeper(
        checker,
        health,
        holder=parts.holder,
        is_ours=parts.lease.is_ours,
        every_s=parts.settings.health.conformance_s,
        clock=time.monotonic,
        now=_now,
    )
