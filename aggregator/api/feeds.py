"""Atom feeds of what happened to members: of the network, and of each member.

They are in English, whoever reads them. What happens behind an opaque group is told to nobody.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from aiohttp import web

from aggregator.api.atom import Entry, Feed, tag_uri, written
from aggregator.api.context import Api, api_of
from aggregator.api.http import base_url
from aggregator.api.naming import told_apart
from aggregator.api.tagging import tagged
from aggregator.api.texts import MAX_SENTENCE, clean
from aggregator.base.errors import NotFound
from registry.incidents import Event
from registry.snapshot import RegisteredMember

ATOM: Final = "application/atom+xml"
MAX_ENTRIES: Final = 50
NETWORK: Final = ""
"""Whose events are this network's own."""
_NAMED_SINCE: Final = "2026"
"""The year in the names of feeds; it stays, as they do."""
_BEGINNING: Final = datetime(2026, 1, 1, tzinfo=UTC)
"""When a feed was changed last that nothing was ever to be told in."""
_HEADERS: Final = {"Cache-Control": "max-age=60"}


def add_routes(router: web.UrlDispatcher) -> None:
    """Serve them."""
    feeds = Feeds()
    router.add_get("/health/feed.atom", feeds.network)
    router.add_get("/members/{id}/feed.atom", feeds.member)


class Changes:
    """When this process first saw a feed as it is now: an event may be told later than it began."""

    LIMIT: Final = 1_000

    def __init__(self) -> None:
        self._seen: OrderedDict[str, tuple[bytes, datetime]] = OrderedDict()

    def when(self, name: str, body: bytes, now: datetime) -> datetime:
        """Give that moment in whole seconds, later than that of any other text before."""
        known, digest = self._seen.pop(name, None), hashlib.blake2b(body, digest_size=12).digest()
        if known is None or known[0] != digest:
            moment = now.replace(microsecond=0)
            if known is not None:
                moment = max(moment, known[1] + timedelta(seconds=1))
            known = (digest, moment)
        self._seen[name] = known
        if len(self._seen) > self.LIMIT:
            self._seen.popitem(last=False)
        return known[1]


class Feeds:
    """The feeds, and since when each is as it is."""

    def __init__(self) -> None:
        self._changes = Changes()

    async def network(self, request: web.Request) -> web.Response:
        """Tell what happened to the beacons of the network, and to its own connection."""
        api, base = api_of(request), base_url(request)
        members = [one for one in api.holder.current.members if not one.inside]
        events = await api.health.latest_events(
            [NETWORK, *(one.id for one in members)], limit=MAX_ENTRIES
        )
        name = clean(api.identity.name)
        feed = Feed(
            id=_named(api, "health"),
            title=f"{name}: health of its beacons",
            subtitle="Outages, certificates, conformance and controls.",
            author=name,
            link=f"{base}/health/feed.atom",
            page=f"{base}/health",
            updated=_updated(events, _since(api, members)),
            entries=_entries(api, base, members, events),
        )
        return self._sent(request, feed)

    async def member(self, request: web.Request) -> web.Response:
        """Tell what happened to one member; of an opaque group nothing is told."""
        api, base = api_of(request), base_url(request)
        member = api.holder.current.by_id.get(request.match_info["id"])
        if member is None:
            raise NotFound("No member of this network has this id. /members lists them.")
        events: Sequence[Event] = ()
        subtitle = "Outages, certificate, conformance and controls."
        if member.inside:
            subtitle = "This is a group of beacons; what happens to them is not told."
        else:
            events = await api.health.latest_events([member.id], limit=MAX_ENTRIES)
        page = "members" if member.inside else "health"
        feed = Feed(
            id=_named(api, "health", member.id),
            title=f"{clean(member.name)}: health",
            subtitle=subtitle,
            author=clean(api.identity.name),
            link=f"{base}/members/{member.id}/feed.atom",
            page=f"{base}/{page}/{member.id}",
            updated=_updated(events, _since(api, [member])),
            entries=_entries(api, base, [member], events),
        )
        return self._sent(request, feed)

    def _sent(self, request: web.Request, feed: Feed) -> web.Response:
        body = written(feed)
        modified = self._changes.when(request.path, body, datetime.now(UTC))
        return tagged(request, body, ATOM, headers=_HEADERS, modified=modified)


def _entries(
    api: Api, base: str, members: Iterable[RegisteredMember], events: Iterable[Event]
) -> tuple[Entry, ...]:
    names = told_apart((member.id, member.name) for member in members)
    names[NETWORK] = clean(api.identity.name)
    return tuple(
        Entry(
            id=_named(api, "events", event.key, date=f"{event.at.astimezone(UTC):%Y-%m-%d}"),
            title=f"{names[event.member_id]}: {clean(event.text, MAX_SENTENCE)}",
            at=event.at,
            summary=_summary(event),
            link=f"{base}/health/{event.member_id}" if event.member_id else f"{base}/health",
            topic=event.topic.value,
        )
        for event in events
        if event.member_id in names
    )


def _summary(event: Event) -> str:
    when = event.at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    return f"{event.topic.value}, {when}: {clean(event.text, MAX_SENTENCE)}"


def _named(api: Api, *parts: str, date: str = _NAMED_SINCE) -> str:
    return tag_uri(api.identity.beacon_id, date, *parts)


def _updated(events: Sequence[Event], since: datetime) -> datetime:
    return max((event.at for event in events), default=since)


def _since(api: Api, members: Iterable[RegisteredMember]) -> datetime:
    """Give when the first of these members joined: it does not change while nothing happens."""
    records = api.registry.store.records
    # a group has no record: when those inside it joined is theirs to tell
    joined = [records[one.id].created_at for one in members if one.id in records]
    return datetime.fromisoformat(min(joined)) if joined else _BEGINNING
