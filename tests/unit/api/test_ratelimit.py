"""Who is asking, what it costs, and what is left."""

import gc
import math
import weakref
from types import SimpleNamespace
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from hypothesis import given
from hypothesis import strategies as st

from aggregator.api.allowances import MAX_CLIENTS, PERIOD_S, MemoryAllowances, Window
from aggregator.api.clients import Allowance, Clients, RateLimits
from aggregator.api.context import API
from aggregator.api.ratelimit import ACCOUNT, SUBJECT, Account, add_headers, hook_of, whole_seconds
from aggregator.base.errors import RateLimited
from tests.builders import Clock

PROXIES = ("10.0.0.0/8", "2001:db8:ffff::1")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of the library's windows, at the beginning of one."""
    clock = Clock(now=60_000.0)
    monkeypatch.setattr("limits.aio.storage.memory.time", SimpleNamespace(time=clock))
    return clock


def address(peer: str | None, *forwarded_for: str, proxies: tuple[str, ...] = PROXIES) -> str:
    return str(Clients(proxies, b"secret").address_of(peer, forwarded_for))


class TestAddresses:
    def test_without_trusted_proxies_the_header_is_never_believed(self) -> None:
        assert address("10.0.0.1", "198.51.100.7", proxies=()) == "10.0.0.1"

    def test_a_stranger_cannot_name_an_address(self) -> None:
        assert address("203.0.113.5", "198.51.100.7") == "203.0.113.5"

    def test_a_trusted_proxy_names_the_client(self) -> None:
        assert address("10.0.0.1", "198.51.100.7") == "198.51.100.7"

    def test_what_stands_left_of_the_client_is_made_up(self) -> None:
        assert address("10.0.0.1", "192.0.2.1, 198.51.100.7") == "198.51.100.7"

    def test_several_proxies_and_several_headers(self) -> None:
        header = ("192.0.2.1,198.51.100.7", "10.1.2.3 , 10.9.9.9")
        assert address("10.0.0.1", *header) == "198.51.100.7"

    def test_all_hops_trusted_gives_the_farthest(self) -> None:
        assert address("10.0.0.1", "10.0.0.3, 10.0.0.2") == "10.0.0.3"

    @pytest.mark.parametrize("broken", ["unknown", "", "_hidden", "198.51.100.7.9", "x" * 5000])
    def test_what_cannot_be_read_ends_the_walk_at_the_last_that_can(self, broken: str) -> None:
        assert address("10.0.0.1", f"198.51.100.7, {broken}, 10.0.0.2") == "10.0.0.2"

    def test_no_header_leaves_the_proxy_itself(self) -> None:
        assert address("10.0.0.1") == "10.0.0.1"

    @pytest.mark.parametrize(
        ("written", "means"),
        [
            ("198.51.100.7:4711", "198.51.100.7"),
            ("[2001:db8::7]:4711", "2001:db8::7"),
            ("[2001:db8::7]", "2001:db8::7"),
            ("2001:db8::7", "2001:db8::7"),
            ('"198.51.100.7"', "198.51.100.7"),
            ("::ffff:198.51.100.7", "198.51.100.7"),
            ("fe80::1%eth0", "fe80::1"),
        ],
    )
    def test_ways_to_write_an_address(self, written: str, means: str) -> None:
        assert address("10.0.0.1", written) == means

    def test_a_mapped_peer_is_the_ipv4_proxy_it_is(self) -> None:
        assert address("::ffff:10.0.0.1", "198.51.100.7") == "198.51.100.7"
        assert address("2001:db8:ffff::1", "198.51.100.7") == "198.51.100.7"

    @pytest.mark.parametrize("peer", [None, "", "/run/socket"])
    def test_a_peer_without_an_address(self, peer: str | None) -> None:
        assert address(peer, "198.51.100.7") == "None"

    @given(peer=st.text(max_size=60), hops=st.lists(st.text(max_size=60), max_size=5))
    def test_anything_may_come_in(self, peer: str, hops: list[str]) -> None:
        address(peer, *hops)
        address("10.0.0.1", *hops)


class TestKeys:
    def key(self, peer: str, secret: bytes = b"secret") -> str:
        clients = Clients((), secret)
        return clients.key_of(clients.address_of(peer, ()))

    def test_each_ipv4_address_is_a_client(self) -> None:
        assert self.key("198.51.100.7") != self.key("198.51.100.8")
        assert self.key("198.51.100.7") == self.key("::ffff:198.51.100.7")

    def test_an_ipv6_network_is_one_client(self) -> None:
        assert self.key("2001:db8:1:2::3") == self.key("2001:db8:1:ffff:9::")
        assert self.key("2001:db8:1::") != self.key("2001:db8:2::")

    def test_keys_hide_the_address_behind_the_secret(self) -> None:
        assert "198.51.100.7" not in self.key("198.51.100.7")
        assert self.key("198.51.100.7") != self.key("198.51.100.7", b"another")

    def test_clients_without_an_address_are_one(self) -> None:
        clients = Clients((), b"secret")
        assert clients.key_of(None) == clients.key_of(clients.address_of("", ()))

    def test_a_subject_is_no_address(self) -> None:
        clients = Clients((), b"secret")
        assert clients.key_of_subject("198.51.100.7/32") != self.key("198.51.100.7")

    def test_a_secret_may_have_any_length(self) -> None:
        assert self.key("198.51.100.7", b"x" * 1000) != self.key("198.51.100.7", b"")


class TestAllowances:
    async def test_an_allowance_is_used_up_and_comes_back(self, clock: Clock) -> None:
        allowances = MemoryAllowances(10)
        first = await allowances.charge("a", 6)
        assert first == Allowance(10, PERIOD_S, remaining=4, reset_s=120.0)

        clock.pass_s(10)
        refused = await allowances.charge("a", 5)
        assert refused.remaining == 4
        assert refused.retry_after_s is not None

        clock.pass_s(whole_seconds(refused.retry_after_s) - 1)
        assert (await allowances.charge("a", 5)).retry_after_s is not None
        clock.pass_s(1)
        assert (await allowances.charge("a", 5)).retry_after_s is None
        await allowances.aclose()

    async def test_a_refusal_costs_nothing(self, clock: Clock) -> None:
        allowances = MemoryAllowances(10)
        await allowances.charge("a", 6)
        for _ in range(5):
            assert (await allowances.charge("a", 5)).remaining == 4
        assert (await allowances.charge("a", 4)).retry_after_s is None
        await allowances.aclose()

    async def test_clients_do_not_share(self, clock: Clock) -> None:
        allowances = MemoryAllowances(10)
        await allowances.charge("a", 10)
        assert (await allowances.charge("b", 10)).retry_after_s is None
        await allowances.aclose()

    async def test_a_question_dearer_than_everything_costs_everything(self, clock: Clock) -> None:
        allowances = MemoryAllowances(10)
        whole = await allowances.charge("a", 50)
        assert (whole.retry_after_s, whole.remaining) == (None, 0)

        refused = await allowances.charge("a", 50)
        assert refused.retry_after_s is not None
        clock.pass_s(whole_seconds(refused.retry_after_s))
        assert (await allowances.charge("a", 50)).retry_after_s is None
        await allowances.aclose()

    async def test_after_the_reset_all_is_back(self, clock: Clock) -> None:
        allowances = MemoryAllowances(10)
        clock.pass_s(17)
        spent = await allowances.charge("a", 10)
        clock.pass_s(math.ceil(spent.reset_s))
        assert (await allowances.charge("a", 10)).retry_after_s is None
        await allowances.aclose()

    async def test_a_flood_of_clients_is_bounded(self, clock: Clock) -> None:
        allowances = MemoryAllowances(10)
        # the library holds its windows here, two numbers per client
        allowances._storage.storage.update({f"{n}": 1 for n in range(2 * MAX_CLIENTS + 1)})
        await allowances.charge("a", 1)
        assert len(allowances._storage.storage) < 10
        await allowances.aclose()


@given(
    previous=st.integers(0, 100),
    into_s=st.floats(0, PERIOD_S, exclude_max=True),
    current=st.integers(0, 100),
    room=st.integers(0, 100),
)
def test_after_the_wait_there_is_room_and_a_second_before_there_is_none(
    previous: int, into_s: float, current: int, room: int
) -> None:
    def window(after_s: float) -> Window:
        """The same client later, if it asks nothing more."""
        at = into_s + after_s
        if at < PERIOD_S:
            return Window(previous, PERIOD_S - at, current, 2 * PERIOD_S - at)
        if at < 2 * PERIOD_S:
            return Window(current, 2 * PERIOD_S - at, 0, 3 * PERIOD_S - at)
        return Window(0, 0.0, 0, 0.0)

    now = window(0)
    wait_s = now.wait_s(room)
    assert 0 <= wait_s <= 2 * PERIOD_S
    assert window(whole_seconds(wait_s)).used <= room
    if wait_s > 1:
        assert window(wait_s - 1).used > room
    assert window(now.reset_s + 0.001).used == 0


class Granting:
    """Allowances that note what is charged and answer as told."""

    def __init__(self, answer: Allowance) -> None:
        self.answer = answer
        self.charged: list[tuple[str, int]] = []

    async def charge(self, client: str, cost: int) -> Allowance:
        self.charged.append((client, cost))
        return self.answer

    async def aclose(self) -> None:
        return None


GRANTED = Allowance(100, PERIOD_S, remaining=88, reset_s=12.1)
REFUSED = Allowance(100, PERIOD_S, remaining=3, reset_s=100.0, retry_after_s=23.4)


def request_of(limits: RateLimits | None, peer: str = "203.0.113.5", **headers: str) -> web.Request:
    app = web.Application()
    api: Any = SimpleNamespace(rate_limits=limits)
    app[API] = api
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return make_mocked_request("GET", "/api/g_variants", headers=named, app=app).clone(remote=peer)


class TestHook:
    def limits(self, answer: Allowance) -> tuple[RateLimits, Granting]:
        granting = Granting(answer)
        return RateLimits(Clients(PROXIES, b"secret"), granting), granting

    def key(self, peer: str) -> str:
        clients = Clients((), b"secret")
        return clients.key_of(clients.address_of(peer, ()))

    async def test_members_are_charged_to_the_client(self) -> None:
        limits, granting = self.limits(GRANTED)
        await hook_of(request_of(limits))(12)
        assert granting.charged == [(self.key("203.0.113.5"), 12)]

    async def test_behind_a_proxy_the_client_pays(self) -> None:
        limits, granting = self.limits(GRANTED)
        request = request_of(limits, "10.0.0.1", X_Forwarded_For="198.51.100.7")
        await hook_of(request)(1)
        assert granting.charged == [(self.key("198.51.100.7"), 1)]

    async def test_a_token_nobody_has_verified_is_no_new_allowance(self) -> None:
        limits, granting = self.limits(GRANTED)
        await hook_of(request_of(limits, Authorization="Bearer made-up-1"))(1)
        await hook_of(request_of(limits, Authorization="Bearer made-up-2"))(1)
        assert {client for client, _ in granting.charged} == {self.key("203.0.113.5")}

    async def test_a_verified_subject_pays_wherever_it_is(self) -> None:
        limits, granting = self.limits(GRANTED)
        for peer in ("203.0.113.5", "203.0.113.6"):
            request = request_of(limits, peer)
            request[SUBJECT] = "ada@example.org"
            await hook_of(request)(1)
        assert len({client for client, _ in granting.charged}) == 1
        assert "ada" not in granting.charged[0][0]

    @pytest.mark.parametrize("members", [0, -1])
    async def test_asking_nobody_is_free(self, members: int) -> None:
        limits, granting = self.limits(REFUSED)
        await hook_of(request_of(limits))(members)
        assert granting.charged == []

    async def test_without_limits_everything_is_free(self) -> None:
        await hook_of(request_of(None))(1000)

    async def test_a_refusal_says_what_happened_and_when_to_come_back(self) -> None:
        limits, _ = self.limits(REFUSED)
        request = request_of(limits)
        with pytest.raises(RateLimited) as caught:
            await hook_of(request)(12)
        assert caught.value.status == 429
        assert caught.value.retry_after_s == 24
        assert caught.value.message == (
            "Too many questions: this network puts at most 100 questions to its beacons for one "
            "client within a minute, counted once per beacon. This one would ask 12 beacons; 3 of "
            "your 100 are left now. Nothing was asked. Ask again in 24 s."
        )

    async def test_the_hook_does_not_hold_the_request(self) -> None:
        limits, granting = self.limits(GRANTED)
        request = request_of(limits)
        hook, gone = hook_of(request), weakref.ref(request)
        del request
        gc.collect()
        assert gone() is None
        await hook(1)
        assert granting.charged == [(self.key("203.0.113.5"), 1)]

    async def test_headers_tell_what_is_left(self) -> None:
        limits, _ = self.limits(GRANTED)
        request = request_of(limits)
        response = web.Response()
        await add_headers(request, response)
        assert "RateLimit-Limit" not in response.headers

        await hook_of(request)(12)
        await add_headers(request, response)
        assert response.headers["RateLimit-Limit"] == "100"
        assert response.headers["RateLimit-Remaining"] == "88"
        assert response.headers["RateLimit-Reset"] == "13"
        assert response.headers["RateLimit-Policy"] == "100;w=60"
        assert "Retry-After" not in response.headers

    async def test_a_refusal_shown_by_a_page_still_carries_retry_after(self) -> None:
        request = request_of(None)
        request[ACCOUNT] = Account(REFUSED)
        response = web.Response(status=429)
        await add_headers(request, response)
        assert response.headers["Retry-After"] == "24"
