"""Which process of several watches members."""

import pytest

from aggregator.base.errors import RegistryUnavailable
from aggregator.watch.lease import LEASE_S, Lease
from tests.builders import Clock


class Store:
    """A registry's leases, and whether other processes share it."""

    def __init__(self, *, is_shared=True):
        self.database = self
        self.is_shared = is_shared
        self.is_away = False
        self.holder = None
        self.taken = []
        self.dropped = []

    async def take_lease(self, name, holder, ttl_s):
        if self.is_away:
            raise RegistryUnavailable("away", retry_after_s=1)
        self.taken.append((name, ttl_s))
        if self.holder not in {None, holder}:
            return False
        self.holder = holder
        return True

    async def drop_lease(self, name, holder):
        if self.is_away:
            raise RegistryUnavailable("away", retry_after_s=1)
        self.dropped.append(name)
        if self.holder == holder:
            self.holder = None


@pytest.fixture
def clock():
    return Clock(0.0)


def lease(store, clock):
    return Lease(store, poll_s=2.0, clock=clock)


TTL_S = 6.0 + LEASE_S


async def test_a_registry_of_ones_own_needs_no_lease(clock):
    store = Store(is_shared=False)
    one = lease(store, clock)
    assert await one.is_ours()
    await one.aclose()
    assert (store.taken, store.dropped) == ([], [])


async def test_the_first_has_it_and_the_second_has_not(clock):
    store = Store()
    one, two = lease(store, clock), lease(store, clock)
    assert await one.is_ours()
    assert not await two.is_ours()
    assert await one.is_ours()


async def test_it_is_renewed_when_half_of_it_is_over_and_not_before(clock):
    store = Store()
    one = lease(store, clock)
    await one.is_ours()
    clock.pass_s(TTL_S / 2)
    await one.is_ours()
    assert len(store.taken) == 1
    clock.pass_s(0.01)
    await one.is_ours()
    assert store.taken == [("watch", TTL_S)] * 2


async def test_whoever_closes_lets_the_next_take_over_at_once(clock):
    store = Store()
    one, two = lease(store, clock), lease(store, clock)
    await one.is_ours()
    await one.aclose()
    assert await two.is_ours()
    await one.aclose()
    assert store.dropped == ["watch"]


async def test_one_that_lost_it_stops_until_it_has_it_again(clock):
    store = Store()
    one = lease(store, clock)
    await one.is_ours()
    store.holder = "another"
    clock.pass_s(TTL_S)
    assert not await one.is_ours()
    store.holder = None
    assert await one.is_ours()


async def test_while_the_registry_is_away_it_stays_ours_until_it_ends(clock):
    store = Store()
    one = lease(store, clock)
    await one.is_ours()
    store.is_away = True
    clock.pass_s(TTL_S - 0.01)
    assert await one.is_ours()
    clock.pass_s(0.01)
    with pytest.raises(RegistryUnavailable):
        await one.is_ours()
    store.is_away = False
    assert await one.is_ours()


async def test_closing_without_the_registry_is_no_failure(clock):
    store = Store()
    one = lease(store, clock)
    await one.is_ours()
    store.is_away = True
    await one.aclose()
    assert store.dropped == []
