"""Stories of a network's health: what happens minute by minute, and everything anybody is told.

async with a_demo_story(monkeypatch) as it:
    await it.minutes(2)
    it.beacons["demo-v1"].fault = Fault(down=True)
    await it.minutes(3)
    assert await it.everything() == it.well(members={"demo-v1": Told("down since 3 (connect)")})

The time is the story's own, from the beginning of an hour that is past. Every minute all members
are checked once, and what there is to tell is told. `everything` finds out what all ways of asking
say, and fails where two of them do not say the same.
"""

import asyncio
import xml.etree.ElementTree as ET
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from html import escape
from typing import Any

import pytest

from aggregator.watching import Watch
from demo import DemoBeacon, DemoNetwork, Fault
from registry.health import State, Trait
from registry.incidents import Event, Topic
from registry.seed import read_entries
from tests.alert_kit import PUBLIC, receiving
from tests.atom_feeds import ATOM, problems
from tests.health_story_parts import Clock, Outside, Person
from tests.integration.operators import AS_OPERATOR, SECURED
from tests.networks import RECOGNISED, Running, come_true, network_of

Json = Any

OWNED = "demo-v1"
"""The member whose holder is told of it."""
STORY: dict[str, dict[str, Any]] = {
    "health": {"probe_s": 60, "jitter": 0, "probe_timeout_s": 5},
    "query": {"retries": 0},
    "security": SECURED | {"join_rate_limit": 0},
    "network": {"public_url": PUBLIC},
}
BADGES = ("health", "uptime-24h", "cert", "conformance")


@dataclass(frozen=True)
class Told:
    """What is told of one member: its standing, and the messages of its badges."""

    standing: str = "up since 1"
    health: str = "up"
    uptime: str = "100 %"
    cert: str = "no data"
    conformance: str = "no data"


@dataclass(frozen=True)
class Everything:
    """What is told of the network; the lists are complete and in order."""

    members: Mapping[str, Told]
    incidents: Sequence[str] = field(default_factory=list)
    """As `demo-v1 outage 3-6 (connect)`, the minutes it began and ended, the oldest first."""
    events: Sequence[str] = field(default_factory=list)
    """As `demo-v1 outage began 5`, with the minute."""
    operator: Sequence[str] = field(default_factory=list)
    """The events that the operator was told of, in that order."""
    owner: Sequence[str] = field(default_factory=list)
    """The same of the holder of `OWNED`."""


@dataclass
class Story:
    """A running network, people who are told, and the beacons that things happen to."""

    net: Running
    clock: Clock
    operator: Person
    owner: Person
    beacons: Mapping[str, DemoBeacon]
    outside: Outside
    entries: Sequence[Mapping[str, Any]]

    @property
    def watch(self) -> Watch:
        return self.net.network.watch

    async def minutes(self, number: int) -> None:
        """Let time pass: everybody is checked once a minute, and told what there is to tell."""
        for _ in range(number):
            self.clock.pass_(minutes=1)
            while looks := await self.watch.rounds.step():
                await asyncio.wait(looks)
            await self.tell()

    async def tell(self) -> None:
        """Write what was found out, and tell it."""
        await self.watch.checks.flush()
        await self.watch.checks.follow()
        await self.watch.telling.dispatcher.round()

    async def looks_at_certificates(self) -> None:
        while looks := await self.watch.trials.certificates.step():
            await asyncio.wait(looks)
            break  # without an interval they are due again at once
        await self.tell()

    async def judges(self, member_id: str) -> None:
        """Judge how a member conforms."""
        assert await self.watch.conformance.look(self.net.member(member_id)) is not None
        await self.tell()

    async def asks_controls(self, *member_ids: str) -> None:
        """Ask these members their controls, and bring what came into force."""
        controls = self.watch.trials.controls
        facts = self.watch.health.facts
        await come_true(lambda: all(one in facts("controls") for one in member_ids))
        if running := await controls.step():
            await asyncio.wait(running)  # what began before does not count
        for member_id in member_ids:
            controls.timetable.hurry(member_id)
        if looks := await controls.step():
            await asyncio.wait(looks)
        await self.net.network.keeper.refresh()
        await self.tell()

    async def declares(self, entries: Sequence[Mapping[str, Any]]) -> None:
        """Give the network another list of members."""
        members = read_entries([dict(one) for one in entries], "test")
        await self.net.network.registry.seeder.declare(members)
        await self.net.network.keeper.refresh()
        await self.tell()

    async def seen_from_outside(self) -> str:
        """Give all that anybody may read of the health of this network."""
        there = self.net.network.holder.current.by_id
        paths = ["/health", "/health.json", "/health.csv", "/health.txt", "/health/feed.atom"]
        paths += ["/health/badge.json", "/health/badge.svg", "/metrics", "/network/members"]
        paths += [f"/members/{one}/feed.atom" for one in there]
        paths += [f"/members/{one}/badge/{badge}.svg" for one in there for badge in BADGES]
        found = [await self.net.ask(path=path) for path in paths]
        found += [
            await self.net.ask(path=path, headers={"Accept": "text/html"})
            for path in ("/health", "/members", *(f"/members/{one}" for one in there))
        ]
        return "\n".join(one.text for one in found)

    def well(self, *, members: Mapping[str, Told] | None = None, **rest: Any) -> Everything:
        """Say what is told where all is well but for what is given."""
        everybody = self.net.network.holder.current.by_id
        return Everything({one: Told() for one in everybody} | dict(members or {}), **rest)

    async def everything(self) -> Everything:
        """Find out what everybody is told, and that it is the same in all places."""
        health = self.watch.health
        events, incidents = await health.events(), await health.incidents(limit=200)
        await self._feeds_tell(events)
        listed = await self._json("/health.json")
        await self._page("/health")
        told = {one["id"]: one for one in listed["members"]}
        members = {one: await self._member(one, told[one]) for one in told}
        shown = [
            f"{one.member_id or '-'} {one.topic.value} {self.clock.minute(one.began)}-"
            + ("" if one.ended is None else f"{self.clock.minute(one.ended)}")
            + (f" ({one.phase.value})" if one.phase else "")
            for one in reversed(incidents)
        ]
        there = {one.id for one in incidents if not one.member_id or one.member_id in told}
        assert {one["id"] for one in listed["incidents"]} == there
        written = {self._sentence(one): self._event(one) for one in events}
        return Everything(
            members,
            shown,
            [self._event(one) for one in events],
            self._heard(self.operator, written),
            self._heard(self.owner, written),
        )

    async def _member(self, member_id: str, told: Json) -> Told:
        """Say what is told of a member by its badges, the list, and its own document and page."""
        messages = [await self._badge(member_id, one) for one in BADGES]
        held = self.watch.health.standings.get(member_id)
        if held is None or held.since is None:
            return Told("not known yet", *messages)
        is_up, is_down = held.state is State.UP, held.state is State.DOWN
        standing = f"{held.state.value} since {self.clock.minute(held.since)}"
        standing += f" ({held.cause.phase})" if held.cause and is_down else ""
        standing += "".join(f", {one.value}" for one in sorted(held.traits))
        word = "slow" if is_up and Trait.SLOW in held.traits else held.state.value
        assert (told["state"], set(told["traits"])) == (word, {one.value for one in held.traits})
        assert (told["cause"] is not None) == is_down
        seen = Told(standing, *messages)
        if seen != Told():
            await self._own(member_id, told)
        return seen

    async def _own(self, member_id: str, told: Json) -> None:
        """Check that a member's document and page say what the list says."""
        own = await self._json(f"/health/{member_id}.json")
        if own["certificate"] is not None:  # the list leaves the parts of the chain out
            assert own["certificate"].pop("chain")
        shared = ("state", "since", "traits", "cause", "certificate", "conformance")
        assert [own[one] for one in shared] == [told[one] for one in shared]
        page = await self._page(f"/health/{member_id}")
        assert own["cause"] is None or escape(own["cause"]["message"][:60]) in page

    async def _page(self, path: str) -> str:
        page = await self.net.ask(path=path, headers={"Accept": "text/html"})
        assert page.status == 200
        return page.text

    async def _badge(self, member_id: str, name: str) -> str:
        """Give the message of a badge, which its picture has too."""
        path = f"/members/{member_id}/badge/{name}"
        message: str = (await self._json(f"{path}.json"))["message"]
        if message not in {"up", "100 %", "no data"}:
            picture = await self.net.ask(path=f"{path}.svg")
            assert message in "".join(ET.fromstring(picture.body).itertext())
        return message

    async def _feeds_tell(self, events: Sequence[Event]) -> None:
        """Check that the feeds hold every event of those who are there, newest first."""
        there = self.net.network.holder.current.by_id
        for name, path in {"": "/health", **{one: f"/members/{one}" for one in there}}.items():
            reply = await self.net.ask(path=f"{path}/feed.atom")
            feed = ET.fromstring(reply.body)
            assert (reply.status, problems(feed)) == (200, [])
            titles = [one.findtext(f"{ATOM}title") or "" for one in feed.findall(f"{ATOM}entry")]
            own = [
                one
                for one in events
                if one.member_id == name or (not name and one.member_id in there)
            ]
            assert len(titles) == len(own)
            for title, event in zip(titles, reversed(own), strict=True):
                assert title.endswith(f": {event.text}")

    def _heard(self, person: Person, written: Mapping[tuple[str | None, str], str]) -> list[str]:
        """Name the events that somebody was told of."""
        heard = []
        for one in person.events():
            member = one["member"]
            name = member["name"] if member else None
            text = one["text"].removeprefix(f"{name}: ") if name else one["text"]
            key = (member["id"] if member else "", text.removeprefix("Over: "))
            assert one["network"]["url"] == PUBLIC
            assert member is None or member["url"] == f"{PUBLIC}{self._place(member['id'])}"
            assert (one["type"], one["late"]) == ("event", False)
            assert text.startswith("Over: ") == (one["what"] == "ended")
            heard.append(written[key])
        return heard

    def _place(self, member_id: str) -> str:
        """Say where a message sends its reader."""
        is_hidden = member_id in self.net.network.holder.current.shown_as
        return f"/admin/members/{member_id}" if is_hidden else f"/health/{member_id}"

    def _event(self, event: Event) -> str:
        about = f"{event.member_id or '-'} {event.topic.value} {event.what}"
        return f"{about} {self.clock.minute(event.at)}"

    @staticmethod
    def _sentence(event: Event) -> tuple[str, str]:
        return event.member_id, event.text

    async def _json(self, path: str) -> Json:
        reply = await self.net.ask(path=path)
        assert reply.status == 200, reply.text
        return reply.json


async def set_up(it: Story, **wishes: Any) -> None:
    """Let the operator and the holder of a member ask to be told of everything they can be."""
    body = {"kind": "webhook", "address": it.operator.receiver.url, "topics": [*Topic]}
    made = await it.net.ask(path="/admin/api/alerts", body=body, headers=AS_OPERATOR)
    assert made.status == 201, made.text
    it.operator.secret = made.json["secret"]
    key = await it.net.network.registry.keyring.rotate(OWNED, by="operator")
    topics = [one for one in Topic if one is not Topic.NETWORK]
    body = {"kind": "webhook", "address": it.owner.receiver.url, "topics": topics, **wishes}
    headers = {"Beacon-Service-Key": key}
    made = await it.net.ask(path=f"/manage/{OWNED}/alerts", body=body, headers=headers)
    assert made.status == 201, made.text
    it.owner.secret = made.json["secret"]


@asynccontextmanager
async def told_by(
    before: Story | None,
    entries: Sequence[Mapping[str, Any]],
    beacons: Mapping[str, DemoBeacon],
    patch: pytest.MonkeyPatch,
    *,
    people: AsyncExitStack,
    has_outside: bool = True,
    wishes: Mapping[str, Any] | None = None,
    **settings: Mapping[str, Any],
) -> AsyncIterator[Story]:
    """Run a network of these members; time and people of a story `before` go on.

    `people` outlive the network.
    """
    if before is None:
        told = [Person(await people.enter_async_context(receiving())) for _ in range(2)]
        clock, outside = Clock(), Outside()
        await outside.opens()
        people.push_async_callback(outside.closes)
    else:
        told, clock, outside = [before.operator, before.owner], before.clock, before.outside
    clock.rules(patch)
    own = {one: STORY.get(one, {}) | dict(settings.get(one, {})) for one in {*STORY, *settings}}
    if has_outside:
        own["health"] = {"reference": [f"127.0.0.1:{outside.port}"]} | own["health"]
    async with network_of(entries, **own) as net:
        await net.network.watch.telling.dispatcher.aclose()  # it tells when the story says so
        await net.network.watch.rounds.step()  # everybody is on the timetable before time passes
        it = Story(net, clock, *told, beacons, outside, entries)
        if before is None:
            await set_up(it, **(wishes or {}))
        yield it


@asynccontextmanager
async def a_demo_story(
    patch: pytest.MonkeyPatch,
    *more: Mapping[str, Any],
    faults: Mapping[str, Fault] | None = None,
    **settings: Any,
) -> AsyncIterator[Story]:
    """Tell a story of the demo beacons, and of some more members."""
    known = [one for one in RECOGNISED if one not in (faults or {})]
    async with (
        DemoNetwork(faults=faults) as demo,
        AsyncExitStack() as people,
        told_by(
            None, [*demo.members(), *more], demo.beacons, patch, people=people, **settings
        ) as it,
    ):
        await it.net.known(*known)
        yield it
