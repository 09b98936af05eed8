"""The composition root: builds every service, starts them in order, closes them in reverse."""

import asyncio
import gc
import os
import secrets
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from urllib.parse import urlsplit

import structlog
from aiohttp import web

from aggregator import __version__
from aggregator.api import pages, routes
from aggregator.api.context import Api
from aggregator.api.sessions import Signer
from aggregator.api.sse import EventStreams
from aggregator.api.unreadable import Runner
from aggregator.base.metrics import Metrics, Readings
from aggregator.base.settings import Settings
from aggregator.cache.freshness import FreshnessRules
from aggregator.cache.redis_news import RegistryNews
from aggregator.cache.store import AnswerStore
from aggregator.calling import calling
from aggregator.engine.asking import MemberAsker
from aggregator.engine.measuring import Measuring, members_by_state
from aggregator.engine.reference import ReferenceSequences
from aggregator.engine.service import NetworkService
from aggregator.protocol.identity import Identity, OrganizationIdentity
from aggregator.registrar import Registry, Surroundings, registry_open, surroundings
from aggregator.sharing import Shared, shared
from aggregator.upstream.breaker import Breakers, State
from aggregator.upstream.client import MemberClient
from aggregator.watch.keeper import RegistryKeeper
from aggregator.watch.lease import Lease
from aggregator.watch.looking import Discovery
from aggregator.watch.strangers import Strangers
from aggregator.watching import Surrounded, Watch, watching
from registry.models import MemberEntry
from registry.seed import SeedFile
from registry.snapshot import SnapshotHolder

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Network:
    """A running network without its HTTP server."""

    settings: Settings
    identity: Identity
    service: NetworkService
    holder: SnapshotHolder
    keeper: RegistryKeeper
    client: MemberClient
    asker: MemberAsker
    reference: ReferenceSequences | None
    metrics: Metrics
    streams: EventStreams
    shared: Shared
    registry: Registry
    around: Surroundings
    watch: Watch
    breakers: Breakers
    is_ready: bool = False


@asynccontextmanager
async def running(
    settings: Settings, members: Sequence[MemberEntry] = (), *, worker: str | None = None
) -> AsyncIterator[Network]:
    """Run a network; `members` are declared beside the seed. Raises `ConfigError`.

    `worker` names this process among several of one network.
    """
    async with AsyncExitStack() as stack:
        registry = await stack.enter_async_context(registry_open(settings))
        identity = await identity_of(settings, registry)
        reference = None
        if settings.reference.fasta:
            reference = ReferenceSequences(settings.reference.fasta)
            stack.callback(reference.close)
        metrics = Metrics(worker=worker)
        holder = SnapshotHolder()
        measuring = Measuring(metrics, _cache_layer(settings), shown_as=partial(_shown_as, holder))
        client = await stack.enter_async_context(calling(settings, on_call=measuring.called))
        breakers = Breakers()
        lease = Lease(registry.store, poll_s=settings.registry.poll_s)
        keeper = RegistryKeeper(
            store=registry.store,
            lease=lease,
            seeder=registry.seeder,
            given=members,
            holder=holder,
            getter=client,
            network_id=identity.beacon_id,
            seed=SeedFile(settings.registry.seed) if settings.registry.seed else None,
            poll_s=settings.registry.poll_s,
            info_s=settings.registry.info_s,
            refresh_s=settings.health.refresh_s,
            retry_s=settings.health.retry_s,
            prober=client if settings.registry.probe else None,
            environ=lambda: dict(os.environ),
            on_members=partial(_keep_members, holder, breakers, metrics),
            on_moved=breakers.reset,
        )
        kept = await stack.enter_async_context(shared(settings))
        asker = _asker(settings, client, kept.answers, breakers, keeper)
        service = NetworkService(
            holder=holder,
            asker=asker,
            network_id=identity.beacon_id,
            max_queries=settings.query.max_queries,
            clock=time.monotonic,
            on_answer=measuring.answered,
            patience_s=settings.query.deadline_s,
        )
        streams = EventStreams(limit=settings.server.max_streams)
        metrics.read = partial(
            _readings,
            holder=holder,
            breakers=breakers,
            client=client,
            service=service,
            asker=asker,
            streams=streams,
            kept=kept,
        )
        stack.push_async_callback(service.aclose)
        stack.push_async_callback(keeper.aclose)
        await keeper.start()
        registry.force.bring = keeper.refresh
        if kept.link is not None:
            news = RegistryNews(
                kept.link, prefix=settings.cache.prefix, heard=partial(_hear, registry, keeper)
            )
            stack.push_async_callback(news.aclose)
            await news.start()
            registry.force.announce = news.announce
        around = await stack.enter_async_context(
            surroundings(settings, registry, client, network_id=identity.beacon_id)
        )
        watch = await stack.enter_async_context(
            watching(
                Surrounded(
                    settings,
                    registry,
                    client,
                    lease,
                    holder,
                    keeper,
                    breakers,
                    metrics,
                    identity.beacon_id,
                )
            )
        )
        asker.heard = watch.checks.heard
        network = Network(
            settings,
            identity,
            service,
            holder,
            keeper,
            client,
            asker,
            reference,
            metrics,
            streams,
            kept,
            registry,
            around,
            watch,
            breakers,
            is_ready=True,
        )
        yield network
        network.is_ready = False


def web_application(network: Network) -> web.Application:
    """Put the HTTP surface in front of a running network."""
    return routes.build(
        Api(
            settings=network.settings,
            identity=network.identity,
            service=network.service,
            holder=network.holder,
            pages=pages.environment(),
            is_ready=lambda: network.is_ready,
            reference=network.reference,
            streams=network.streams,
            metrics=network.metrics,
            rate_limits=network.shared.rate_limits,
            join_limits=network.shared.join_limits,
            change_limits=network.shared.change_limits,
            registry=network.registry,
            checker=network.around.checker,
            follower=network.around.follower,
            logos=network.around.logos,
            health=network.watch.health,
            alerts=network.watch.telling.desk,
            conformance=network.watch.conformance,
            suspended=partial(_suspended, network.breakers),
            signer=Signer(network.registry.secret),
            look=_look(network) if network.settings.compat.validate_beacons else None,
        )
    )


@asynccontextmanager
async def serving(
    network: Network, *, host: str | None = None, port: int | None = None
) -> AsyncIterator[str]:
    """Serve a running network and give its address; a client that leaves cancels its question."""
    server = network.settings.server
    runner = Runner(
        web_application(network), handler_cancellation=True, shutdown_timeout=server.drain_s
    )
    await runner.setup()
    try:
        site = web.TCPSite(
            runner,
            host or server.host,
            server.port if port is None else port,
            reuse_port=server.workers > 1,
        )
        await site.start()
        yield _address(site, host or server.host)
    finally:
        network.is_ready = False
        await runner.cleanup()


async def serve(
    settings: Settings,
    *,
    worker: str | None = None,
    on_serving: Callable[[], None] = lambda: None,
    until: Callable[[], Awaitable[None]] | None = None,
) -> None:
    """Run the network until SIGTERM or SIGINT, or `until` says so; running questions may finish."""
    # first of all: a signal that comes while we start stops us as one that comes later
    stopped = asyncio.ensure_future((until or until_stopped)())
    try:
        async with running(settings, worker=worker) as network, serving(network) as address:
            gc.collect()
            gc.freeze()
            gc.set_threshold(50_000, 20, 50)
            log.info("serving", address=address, members=len(network.holder.current.everyone))
            on_serving()
            await stopped
            network.is_ready = False
            log.info("stopping")
    finally:
        stopped.cancel()
        await asyncio.wait({stopped})


async def until_stopped() -> None:
    """Wait for SIGTERM or SIGINT; the next one ends the process at once."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    try:
        await stopped.wait()
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)
            if stopped.is_set():
                signal.signal(number, signal.SIG_DFL)


def _asker(
    settings: Settings,
    client: MemberClient,
    answers: AnswerStore,
    breakers: Breakers,
    keeper: RegistryKeeper,
) -> MemberAsker:
    cache, query = settings.cache, settings.query
    return MemberAsker(
        client=client,
        store=answers,
        rules=FreshnessRules(cache.ttl_s, cache.stale_while_revalidate_s, cache.stale_if_error_s),
        breakers=breakers,
        member_timeout_s=query.member_timeout_s,
        max_body_bytes=query.max_body_bytes,
        max_small_body_bytes=query.max_small_body_bytes,
        clock=time.monotonic,
        wall_clock=time.time,
        emit=keeper.learned,
    )


def _look(network: Network) -> Callable[[str], Awaitable[Discovery]]:
    return Strangers(network.client, network_id=network.identity.beacon_id).look


def _hear(registry: Registry, keeper: RegistryKeeper, revision: int | None) -> None:
    """Look at the registry now if somebody tells of a revision that is not known here."""
    if revision is None or revision > registry.store.revision:
        keeper.hurry()


def _shown_as(holder: SnapshotHolder, member_id: str) -> str:
    return holder.current.shown_as.get(member_id, member_id)


def _keep_members(
    holder: SnapshotHolder, breakers: Breakers, metrics: Metrics, ids: tuple[str, ...]
) -> None:
    breakers.keep(ids)
    metrics.keep(holder.current.by_id)


def _suspended(breakers: Breakers) -> frozenset[str]:
    """Name the members that are not asked now, because they keep failing."""
    states = breakers.states(time.monotonic())
    return frozenset(name for name, state in states.items() if state is State.OPEN)


def _readings(
    *,
    holder: SnapshotHolder,
    breakers: Breakers,
    client: MemberClient,
    service: NetworkService,
    asker: MemberAsker,
    streams: EventStreams,
    kept: Shared,
) -> Readings:
    """Read what the parts of a network say of themselves, for whoever looks at the metrics."""
    states = {key: state.value for key, state in breakers.states(time.monotonic()).items()}
    shown = {key: state for key, state in states.items() if key not in holder.current.shown_as}
    return Readings(
        breakers=shown,
        members=members_by_state(holder.current, shown, datetime.now(UTC)),
        queries_in_flight=service.queries_in_flight,
        calls_in_flight=client.gate.in_use,
        event_streams=streams.open,
        coalesced=asker.shared_calls,
        cache_writes_dropped=kept.dropped_writes,
    )


def _cache_layer(settings: Settings) -> str | None:
    """Name where answers are kept; None where they are not."""
    cache = settings.cache
    keeps = cache.ttl_s + max(cache.stale_while_revalidate_s, cache.stale_if_error_s)
    return ("redis" if cache.is_redis else "memory") if keeps else None


async def identity_of(settings: Settings, registry: Registry) -> Identity:
    """Give what the network says it is; the same in every process of it."""
    network = settings.network
    organization = network.organization
    return Identity(
        beacon_id=network.id or _host_id(settings) or await _made_up_id(registry),
        name=network.name,
        description=network.description,
        organization=OrganizationIdentity(
            id=organization.id,
            name=organization.name,
            url=organization.url,
            contact_url=organization.contact_url,
            logo_url=organization.logo_url,
        ),
        environment=network.environment,
        version=__version__,
        public_url=network.public_url,
        started_at=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    )


def _host_id(settings: Settings) -> str | None:
    """Give the reversed host of the public address; None without one."""
    host = urlsplit(settings.network.public_url).hostname
    return ".".join(reversed(host.split("."))) if host else None


async def _made_up_id(registry: Registry) -> str:
    """Give a random id that every process of the network has, and has again after a restart."""
    made_up = f"beacon-network-{secrets.token_hex(6)}"
    return await registry.database.agreed("network id", made_up)


def _address(site: web.TCPSite, host: str) -> str:
    server = getattr(site, "_server", None)
    port = server.sockets[0].getsockname()[1] if server is not None else 0
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{port}"
