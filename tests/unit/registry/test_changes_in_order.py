"""Changes of one member follow each other, and a form is spent once, whatever the clock says."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from aggregator.base.errors import Conflict
from registry.database import Database
from registry.spent_forms import FORM_KEPT_S, spend_form
from registry.steward import Steward
from registry.store import RegistryStore

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@pytest.fixture
async def database():
    made = Database("sqlite:///:memory:")
    await made.start()
    yield made
    await made.aclose()


def steward_at(database, moments):
    store = RegistryStore(database)
    return Steward(store, changed=store.refresh, now=lambda: moments[0])


async def test_every_change_is_later_than_the_one_before(database):
    moments = [NOW]
    steward = steward_at(database, moments)
    record = await steward.add({"id": "one", "url": "https://one.example.org"}, by="operator")
    seen = [record.updated_at]
    for name, moment in (("A", NOW), ("B", NOW), ("C", NOW - timedelta(hours=1))):
        moments[0] = moment
        seen.append((await steward.edit("one", {"name": name}, by="operator")).updated_at)
    assert seen == sorted({*seen})
    assert seen[-1] == "2026-11-21T12:00:00.003Z"
    moments[0] = NOW + timedelta(seconds=1)
    after = await steward.edit("one", {"name": "D"}, by="operator")
    assert after.updated_at == "2026-11-21T12:00:01.000Z"


async def test_a_change_made_from_what_is_no_longer_so_is_refused(database):
    steward = steward_at(database, [NOW])
    before = await steward.add({"id": "one", "url": "https://one.example.org"}, by="operator")
    kept = await steward.edit("one", {"name": "A"}, by="operator", as_of=before.updated_at)
    with pytest.raises(Conflict, match="changed by somebody else"):
        await steward.edit("one", {"name": "B"}, by="operator", as_of=before.updated_at)
    assert await steward.record("one") == kept


async def test_a_form_is_spent_once_until_it_is_forgotten(database):
    def at(moment, token="token"):
        return spend_form(database, token, "a page", now=lambda: moment)

    assert sorted(await asyncio.gather(*(at(NOW) for _ in range(5)))) == [False] * 4 + [True]
    assert await at(NOW, "another")
    assert not await at(NOW + timedelta(seconds=FORM_KEPT_S - 1))
    assert await at(NOW + timedelta(seconds=FORM_KEPT_S + 1))
