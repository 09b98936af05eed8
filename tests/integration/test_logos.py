"""Members' logos: fetched by the network, checked, kept, and served from its own address."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from aggregator.base.errors import RegistryUnavailable
from aggregator.watch.logos import CONCURRENT, KEPT, RETRY, LogoKeeper
from registry.records import OPERATOR
from registry.store import CLOCKS_DIFFER_S
from tests.faulty import Behaviour, FaultyMember, answer, hang, html, json_answer, redirect
from tests.networks import (
    PATIENT_S,
    V2_INFO,
    Reply,
    Running,
    come_true,
    entry,
    network_of,
    scripted,
)
from tests.pictures import png, svg


@pytest.fixture(autouse=True)
def only_tests_fetch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have networks begin to fetch by themselves when no test runs any more."""
    monkeypatch.setattr("aggregator.watch.logos.FIRST_S", 10_000.0)


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2030, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@asynccontextmanager
async def shown_by(
    *behaviours: Behaviour, **settings: Mapping[str, Any]
) -> AsyncIterator[tuple[Running, FaultyMember, LogoKeeper, Clock]]:
    """A network with one member, whose logo lies on another server; time stands still."""
    clock = Clock()
    async with FaultyMember(scripted()) as beacon, FaultyMember(*behaviours) as host:
        organization = {"name": "Alpha Centre", "logo_url": f"{host.url}/logo.png"}
        members = [entry(beacon, "alpha", name="Alpha Beacon", organization=organization)]
        async with network_of(members, **settings) as net:
            await net.network.around.logos.aclose()  # the only one who fetches is the test
            keeper = LogoKeeper(net.network.registry.store, net.network.client, now=clock)
            yield net, host, keeper, clock


async def logo(net: Running, member_id: str = "alpha", **headers: str) -> Reply:
    # what the keeper of the network itself knows is as new as its last round
    await net.network.around.logos._look()
    return await net.ask(path=f"/logo/{member_id}", headers=headers)


async def test_a_logo_is_fetched_once_and_served_from_here() -> None:
    async with shown_by(answer(png(), headers=(("Content-Type", "text/html"),))) as told:
        net, host, keeper, _ = told
        assert await keeper.fetch_due() == 1
        assert await keeper.fetch_due() == 0
        reply = await logo(net)

        assert len(host.requests) == 1
        assert "authorization" not in {name.lower() for name in host.requests[0].headers}
        assert reply.status == 200
        assert reply.body == png()
        assert reply.headers["Content-Type"] == "image/png"
        assert reply.headers["X-Content-Type-Options"] == "nosniff"
        assert reply.headers["Content-Security-Policy"] == (
            "default-src 'none'; style-src 'unsafe-inline'; sandbox"
        )
        assert reply.headers["Cache-Control"] == "public, max-age=3600"
        assert keeper.has_logo("alpha")


async def test_a_browser_that_has_it_gets_nothing_again() -> None:
    async with shown_by(answer(svg())) as (net, _, keeper, _):
        neutral = await logo(net)
        await keeper.fetch_due()
        first = await logo(net, **{"If-None-Match": neutral.headers["ETag"]})
        again = await logo(net, **{"If-None-Match": f'"other", W/{first.headers["ETag"]}'})

        assert (first.status, again.status) == (200, 304)
        assert first.headers["Content-Type"] == "image/svg+xml; charset=utf-8"
        assert again.body == b""
        assert again.headers["ETag"] == first.headers["ETag"] != neutral.headers["ETag"]


@pytest.mark.parametrize(
    ("behaviour", "says"),
    [
        (answer(b"nothing", 404), "HTTP status 404"),
        (html(), "no picture"),
        (answer(svg("<script>alert(1)</script>")), "<script>"),
        (answer(png() + b"\x00" * 600_000), "larger than"),
        (redirect("ftp://example.org/logo.png"), "not of the web"),
        (redirect("https://xn--a.org/logo.png"), "without saying where to"),
    ],
)
async def test_what_is_no_logo_is_replaced_by_the_initials_and_told(
    behaviour: Behaviour, says: str
) -> None:
    async with shown_by(behaviour) as (net, host, keeper, clock):
        await keeper.fetch_due()
        await keeper.fetch_due()
        reply = await logo(net)

        assert len(host.requests) == 1  # a failure is not tried again at once
        assert reply.status == 200
        assert reply.headers["Content-Type"] == "image/svg+xml; charset=utf-8"
        assert ">AB</text>" in reply.text
        assert reply.headers["Cache-Control"] == "public, max-age=300"
        assert not keeper.has_logo("alpha")
        assert keeper._kept is not None
        assert says in keeper._kept["alpha"].problem
        clock.now += RETRY
        assert await keeper.fetch_due() == 1


async def test_a_redirect_is_followed_to_the_picture() -> None:
    async with (
        FaultyMember(answer(png())) as other,
        shown_by(redirect(f"{other.url}/real.png")) as (net, _, keeper, _),
    ):
        await keeper.fetch_due()

        assert (await logo(net)).body == png()
        assert other.requests[0].target == "/real.png"


async def test_an_address_inside_is_never_asked_for_a_logo() -> None:
    closed = {"allow_private_members": False}
    async with shown_by(answer(png()), security=closed) as (net, host, keeper, _):
        await keeper.fetch_due()

        assert ">AB</text>" in (await logo(net)).text
        assert host.connections == 0


async def test_it_is_fetched_again_when_it_is_old_and_the_old_one_stays_on_failure() -> None:
    async with shown_by(answer(png()), answer(svg()), answer(b"", 500)) as told:
        net, host, keeper, clock = told
        await keeper.fetch_due()
        clock.now += KEPT - timedelta(seconds=1)
        assert await keeper.fetch_due() == 0
        clock.now += timedelta(seconds=1)
        assert await keeper.fetch_due() == 1
        assert (await logo(net)).body == svg()

        clock.now += KEPT
        assert await keeper.fetch_due() == 1
        assert (await logo(net)).body == svg()
        assert await keeper.fetch_due() == 0
        clock.now += RETRY
        assert await keeper.fetch_due() == 1
        assert len(host.requests) >= 4


@pytest.mark.parametrize("body", [png(), b"no picture"], ids=["shown", "refused"])
async def test_a_fetch_noted_by_a_clock_that_was_ahead_is_none(body: bytes) -> None:
    async with shown_by(answer(body), answer(svg())) as (net, _, keeper, clock):
        right = clock.now
        clock.now += timedelta(days=3650)
        await keeper.fetch_due()
        clock.now = right
        assert await keeper.fetch_due() == 1
        assert (await logo(net)).body == svg()
        clock.now = right - timedelta(seconds=CLOCKS_DIFFER_S)  # clocks may differ by that
        assert await keeper.fetch_due() == 0


async def test_another_address_means_another_logo_at_once() -> None:
    async with shown_by(answer(png()), hang()) as (net, host, keeper, _):
        await keeper.fetch_due()
        assert (await logo(net)).body == png()

        changed = {"organization": {"name": "Alpha Centre", "logo_url": f"{host.url}/new.svg"}}
        await net.network.registry.steward.edit("alpha", changed, by=OPERATOR)
        assert ">AB</text>" in (await logo(net)).text  # the old one is no longer theirs
        async with FaultyMember(answer(svg())) as other:
            changed["organization"]["logo_url"] = f"{other.url}/new.svg"
            await net.network.registry.steward.edit("alpha", changed, by=OPERATOR)
            assert await keeper.fetch_due() == 1
            assert (await logo(net)).body == svg()


async def test_a_member_that_names_no_logo_has_its_initials_and_nobody_is_asked() -> None:
    async with FaultyMember(scripted()) as beacon:
        told = [
            entry(beacon, "x", name="<Ü> “&” Beacon"),
            entry(f"{beacon.url}/2", "zeta", name="!!"),
        ]
        async with network_of(told) as net:
            keeper = LogoKeeper(net.network.registry.store, net.network.client)
            assert await keeper.fetch_due() == 0
            drawn = await logo(net, "x")
            assert ">B</text>" in drawn.text
            assert ">Z</text>" in (await logo(net, "zeta")).text
            assert (await logo(net, "x")).headers["ETag"] == drawn.headers["ETag"]


async def test_the_logo_a_member_names_itself_counts_where_none_is_declared() -> None:
    async with FaultyMember(answer(png())) as own, FaultyMember(answer(svg())) as declared:
        response = V2_INFO["response"] | {
            "organization": {"id": "a", "name": "A", "logoUrl": f"{own.url}/own.png"}
        }
        info = json_answer({**V2_INFO, "response": response})
        async with FaultyMember(scripted(info=info)) as beacon:
            chosen = {"name": "B", "logo_url": f"{declared.url}/chosen.svg"}
            members = [entry(beacon, "a"), entry(f"{beacon.url}/b", "b", organization=chosen)]
            members.append(entry(f"{beacon.url}/c", "c", organization={"name": "C"}))
            async with network_of(members) as net:
                await net.known("a", "b", "c")
                keeper = LogoKeeper(net.network.registry.store, net.network.client)
                assert await keeper.fetch_due() == 3
                assert (await logo(net, "a")).body == png()
                assert (await logo(net, "b")).body == svg()
                assert (await logo(net, "c")).body == png()


async def test_who_is_no_member_has_no_logo() -> None:
    async with shown_by(answer(png())) as (net, _, keeper, _):
        await keeper.fetch_due()
        assert (await logo(net, "nobody")).status == 404
        await net.network.registry.steward.remove("alpha", by=OPERATOR)
        assert (await logo(net)).status == 404


async def test_without_its_registry_the_network_shows_initials(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with shown_by(answer(png())) as (net, _, keeper, _):
        await keeper.fetch_due()
        own = net.network.around.logos
        await own._look()

        async def gone(work: object) -> None:
            raise RegistryUnavailable("away", retry_after_s=5)

        monkeypatch.setattr(net.network.registry.database, "read", gone)
        reply = await net.ask(path="/logo/alpha")
        assert reply.status == 200
        assert ">AB</text>" in reply.text
        monkeypatch.undo()
        assert (await net.ask(path="/logo/alpha")).body == png()


async def test_a_few_are_fetched_at_once_and_one_that_hangs_stops_no_other() -> None:
    asked = asyncio.Event()

    async def slow(wire: Any) -> None:
        if wire.member.most_at_once >= CONCURRENT:
            asked.set()
        await asked.wait()
        await answer(png())(wire)

    async with FaultyMember(scripted()) as beacon, FaultyMember(slow) as host:
        members = [
            entry(
                f"{beacon.url}/{number}",
                f"m{number}",
                organization={"name": "A", "logo_url": f"{host.url}/{number}"},
            )
            for number in range(2 * CONCURRENT)
        ]
        async with network_of(members) as net:
            keeper = LogoKeeper(net.network.registry.store, net.network.client)
            async with asyncio.timeout(PATIENT_S):
                assert await keeper.fetch_due() == len(members)
            assert host.most_at_once == CONCURRENT
            assert all(keeper.has_logo(f"m{number}") for number in range(len(members)))


async def test_what_fails_inside_for_one_logo_stops_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = Clock()
    async with FaultyMember(scripted()) as beacon, FaultyMember(answer(png())) as host:
        members = [
            entry(
                f"{beacon.url}/{name}",
                name,
                organization={"name": "A", "logo_url": f"{host.url}/{name}"},
            )
            for name in ("fetched", "kept", "third", "fourth", "fifth")
        ]
        async with network_of(members) as net:
            await net.network.around.logos.aclose()
            keeper = LogoKeeper(net.network.registry.store, net.network.client, now=clock)
            fetch, keep = keeper._fetched, keeper._keep

            async def fetched(member: Any, source: str) -> Any:
                if member.id == "fetched":
                    raise RuntimeError("a surprise")
                return await fetch(member, source)

            async def kept(member_id: str, *rest: Any) -> None:
                if member_id == "kept":
                    raise RuntimeError("a surprise")
                await keep(member_id, *rest)

            monkeypatch.setattr(keeper, "_fetched", fetched)
            monkeypatch.setattr(keeper, "_keep", kept)
            assert await keeper.fetch_due() == 5
            assert await keeper.fetch_due() == 0  # nobody is asked again at once
            shown = [one["id"] for one in members if keeper.has_logo(one["id"])]
            assert shown == ["third", "fourth", "fifth"]

            monkeypatch.undo()
            clock.now += RETRY
            assert await keeper.fetch_due() == 2
            assert all(keeper.has_logo(one["id"]) for one in members)


async def test_of_two_processes_one_fetches(tmp_path: Any) -> None:
    gate = asyncio.Event()

    async def slow(wire: Any) -> None:
        await gate.wait()
        await answer(png())(wire)

    url = {"url": f"sqlite:///{tmp_path / 'registry.sqlite3'}"}
    async with shown_by(slow, registry=url) as (net, host, keeper, clock):
        other = LogoKeeper(net.network.registry.store, net.network.client, now=clock)
        first = asyncio.create_task(keeper.fetch_due())
        await come_true(lambda: len(host.requests) == 1)
        assert await other.fetch_due() == 0
        gate.set()
        assert await first == 1
        assert await other.fetch_due() == 0
        assert other.has_logo("alpha")
        assert len(host.requests) == 1
        clock.now += KEPT  # the lease was given back
        assert await other.fetch_due() == 1


async def test_it_begins_after_a_while_goes_on_after_trouble_and_ends() -> None:
    waits: list[float] = []
    turn = asyncio.Event()

    async def sleep(seconds: float) -> None:
        waits.append(seconds)
        await turn.wait()
        turn.clear()

    async with shown_by(answer(png())) as (net, host, _, _):
        keeper = LogoKeeper(net.network.registry.store, net.network.client, sleep=sleep)
        await keeper.start()
        await come_true(lambda: len(waits) == 1)
        assert host.requests == []  # nothing is fetched before there is time for it
        real, keeper._look = keeper._look, _trouble  # type: ignore[method-assign]  # breaks once
        turn.set()
        await come_true(lambda: len(waits) == 2)
        keeper._look = real  # type: ignore[method-assign]  # and works again
        turn.set()
        await come_true(lambda: keeper.has_logo("alpha"))
        await keeper.aclose()
        await keeper.aclose()


async def test_it_ends_in_the_middle_of_a_fetch() -> None:
    async def at_once(_: float) -> None:
        await asyncio.sleep(0)

    async with shown_by(hang()) as (net, host, _, _):
        keeper = LogoKeeper(net.network.registry.store, net.network.client, sleep=at_once)
        await keeper.start()
        await come_true(lambda: len(host.requests) == 1)
        async with asyncio.timeout(PATIENT_S):
            await keeper.aclose()


async def _trouble() -> None:
    raise ValueError("trouble")
