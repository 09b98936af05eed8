"""The part of the composition root that tells people of what changed."""

from collections.abc import Awaitable, Callable, Container
from dataclasses import dataclass
from datetime import datetime

from aggregator.base.metrics import Metrics
from aggregator.base.settings import Settings
from aggregator.registrar import Registry
from aggregator.upstream.client import MemberClient
from aggregator.watch.alerts.desk import AlertDesk
from aggregator.watch.alerts.dispatching import Dispatcher
from aggregator.watch.alerts.lasting import Lasting
from aggregator.watch.alerts.mails import Mails
from aggregator.watch.alerts.post import Post
from aggregator.watch.alerts.webhooks import Webhooks
from aggregator.watch.alerts.words import Place
from registry.alert_book import AlertBook
from registry.alert_deliveries import AlertDeliveries
from registry.health_store import HealthStore
from registry.snapshot import SnapshotHolder


@dataclass(frozen=True, slots=True)
class Telling:
    """Where alerts are set up, and what sends them."""

    desk: AlertDesk
    dispatcher: Dispatcher


def telling(
    settings: Settings,
    registry: Registry,
    client: MemberClient,
    *,
    holder: SnapshotHolder,
    health: HealthStore,
    metrics: Metrics,
    is_ours: Callable[[], Awaitable[bool]],
    now: Callable[[], datetime],
) -> Telling:
    """Build what tells people of changes; the caller starts and ends the dispatcher."""
    place = Place(
        network=settings.network.name,
        url=settings.network.public_url,
        name_of=lambda member_id: _name(holder, member_id),
        is_hidden=lambda member_id: member_id in holder.current.shown_as,
    )
    webhooks = Webhooks(
        client,
        allow_private=settings.security.allow_private_members,
        has_proxy=settings.outbound.proxy is not None,
        now=now,
    )
    mails = Mails(
        settings.alerts,
        network=settings.network.name,
        public_url=settings.network.public_url,
        ca_file=settings.outbound.ca_file,
        now=now,
    )
    secret, counted = registry.secret, metrics.delivered
    post = Post(webhooks, mails, place, secret=secret, counted=counted, now=now)
    book = AlertBook(registry.database, now=now)
    deliveries = AlertDeliveries(registry.database, now=now)
    lasting = Lasting(lambda: health.standings, every_s=settings.health.probe_s, now=now)
    dispatcher = Dispatcher(
        book,
        deliveries,
        health,
        post,
        owners=lambda: owners_in(holder),
        is_ours=is_ours,
        now=now,
        settles=lasting.settles,
        lasts=lasting,
        is_looking=settings.health.probe_s > 0,
    )
    return Telling(AlertDesk(book, deliveries, post, now=now), dispatcher)


def _name(holder: SnapshotHolder, member_id: str) -> str:
    member = holder.current.everyone_by_id.get(member_id)
    return member.name if member is not None else member_id


def owners_in(holder: SnapshotHolder) -> Container[str]:
    """Tell the members, also those that only their owners and operators see.

    It is asked for every target of every round, and builds nothing.
    """
    return holder.current.everyone_by_id
