"""What every handler needs, handed over once by `app`."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol

from aiohttp import web
from jinja2 import Environment

from aggregator.api.clients import RateLimits
from aggregator.api.joined_terms import SharedTerms
from aggregator.api.member_lists import Directory
from aggregator.api.sessions import Signer
from aggregator.api.sse import EventStreams
from aggregator.api.taking_in import PassedChecks
from aggregator.base.metrics import Metrics
from aggregator.base.settings import Settings
from aggregator.engine.service import NetworkService
from aggregator.model.question import ReferenceSequence
from aggregator.protocol.identity import Identity
from aggregator.watch.alerts.desk import AlertDesk
from aggregator.watch.conformance.keeper import ConformanceKeeper
from aggregator.watch.following import Follower
from aggregator.watch.joining import JoinChecker
from aggregator.watch.logos import LogoKeeper
from aggregator.watch.looking import Discovery
from registry.health_store import HealthStore
from registry.offices import GroupBook, Journal, Keyring
from registry.snapshot import SnapshotHolder
from registry.steward import Steward
from registry.store import RegistryStore


class RegistryOffices(Protocol):
    """What handlers need of `aggregator.registrar.Registry`."""

    @property
    def store(self) -> RegistryStore:
        """What this process knows of the registry."""
        ...

    @property
    def steward(self) -> Steward:
        """Changes members."""
        ...

    @property
    def keyring(self) -> Keyring:
        """Makes, finds and revokes keys."""
        ...

    @property
    def groups(self) -> GroupBook:
        """Describes groups."""
        ...

    @property
    def force(self) -> Callable[[], Awaitable[object]]:
        """Brings into force here what was changed, by whichever process."""
        ...

    @property
    def journal(self) -> Journal:
        """Reads the log of changes."""
        ...


@dataclass(frozen=True, slots=True)
class Api:
    """The services behind the handlers."""

    settings: Settings
    identity: Identity
    service: NetworkService
    holder: SnapshotHolder
    pages: Environment
    is_ready: Callable[[], bool]
    registry: RegistryOffices
    checker: JoinChecker
    follower: Follower
    logos: LogoKeeper
    health: HealthStore
    alerts: AlertDesk
    conformance: ConformanceKeeper
    signer: Signer
    reference: ReferenceSequence | None = None
    streams: EventStreams = field(default_factory=EventStreams)
    metrics: Metrics = field(default_factory=Metrics)
    terms: SharedTerms = field(default_factory=SharedTerms)
    directory: Directory = field(default_factory=Directory)
    suspended: Callable[[], frozenset[str]] = frozenset
    """The members this process does not ask now, because they keep failing."""
    rate_limits: RateLimits | None = None
    """None: clients may ask as much as they like."""
    join_limits: RateLimits | None = None
    """The same for checks and registrations of beacons."""
    change_limits: RateLimits | None = None
    """The same for what members change of their entries."""
    passed: PassedChecks = field(default_factory=PassedChecks)
    look: Callable[[str], Awaitable[Discovery]] | None = None
    """Looks at a beacon that is no member; None: switched off."""


API: web.AppKey[Api] = web.AppKey("api", Api)


def api_of(request: web.Request) -> Api:
    """Find the services of a request."""
    return request.app[API]


def route_of(request: web.Request) -> str:
    """Name the route of a request for logs and counters: paths hold ids and have no bound."""
    resource = request.match_info.route.resource
    return resource.canonical if resource is not None else "none"
