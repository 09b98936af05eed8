"""What a store knows: declared facts and found-out facts, kept apart."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import delete, select, update

from registry.capabilities import Capabilities, DataSet, FilteringTerm
from registry.database import Database
from registry.models import Dialect, Protocol
from registry.places import place_of
from registry.records import Changes
from registry.seeding import Seeder
from registry.store import RegistryStore
from registry.tables import MEMBERS, STATE
from tests.builders import member

SEEN = Capabilities(protocol=Protocol.V2, name="Seen")


def entry(member_id="one", **changes):
    return member(member_id, **changes).entry


class Store(RegistryStore):
    """A store that takes declarations in."""

    async def declare(self, entries):
        changes = await Seeder(self.database).declare(entries)
        await self.refresh()
        return changes


@pytest.fixture
async def store():
    database = Database("sqlite:///:memory:")
    await database.start()
    made = Store(database)
    await made.declare([entry("one"), entry("two")])
    yield made
    await database.aclose()


async def only(store, member_id="one"):
    return next(one for one in store.members if one.id == member_id)


async def test_members_are_given_in_declared_order(store):
    await store.declare([entry("two"), entry("one")])
    assert [one.id for one in store.members] == ["two", "one"]


async def test_a_declaration_tells_what_it_changed(store):
    changes = await store.declare([entry("three"), entry("one", name="New")])
    assert changes == Changes(added=("three",), changed=("one",), removed=("two",))


async def test_the_same_declaration_changes_nothing(store):
    assert not await store.declare([entry("one"), entry("two")])


@pytest.mark.parametrize("field", ["added", "changed", "removed"])
def test_any_change_counts(field):
    assert Changes(**{field: ("one",)})


async def test_what_was_found_out_survives_a_change_of_name(store):
    await store.learn_capabilities("one", SEEN)
    await store.learn_dialect("one", Dialect(method="POST"))
    await store.declare([entry("one", name="New")])
    kept = await only(store)
    assert (kept.entry.name, kept.capabilities, kept.learned) == (
        "New",
        SEEN,
        Dialect(method="POST"),
    )


@pytest.mark.parametrize("changed", [{"url": "https://new.example.org"}, {"protocol": "v1"}])
async def test_a_new_address_or_protocol_makes_what_was_found_out_worthless(store, changed):
    await store.learn_capabilities("one", SEEN)
    await store.learn_dialect("one", Dialect(method="POST"))
    await store.declare([entry("one", **changed)])
    fresh = await only(store)
    assert (fresh.capabilities, fresh.learned) == (Capabilities(), Dialect())


async def test_new_capabilities_matter(store):
    assert await store.learn_capabilities("one", SEEN) is True
    assert (await only(store)).capabilities == SEEN


async def test_the_same_capabilities_at_another_time_do_not_matter_but_are_kept(store):
    await store.learn_capabilities("one", SEEN)
    later = SEEN.model_copy(update={"fetched_at": datetime(2026, 1, 1, tzinfo=UTC)})
    assert await store.learn_capabilities("one", later) is False
    assert (await only(store)).capabilities.fetched_at == later.fetched_at


async def test_learned_dialects_add_up(store):
    await store.learn_dialect("one", Dialect(method="POST"))
    assert await store.learn_dialect("one", Dialect(start="list")) is True
    assert (await only(store)).learned == Dialect(method="POST", start="list")


async def test_learning_the_same_again_changes_nothing(store):
    await store.learn_dialect("one", Dialect(method="POST"))
    assert await store.learn_dialect("one", Dialect(method="POST")) is False


async def test_capabilities_keep_the_learned_dialect(store):
    await store.learn_dialect("one", Dialect(method="POST"))
    await store.learn_capabilities("one", SEEN)
    assert (await only(store)).learned == Dialect(method="POST")


async def test_learning_about_one_member_leaves_the_others(store):
    before = await only(store, "two")
    await store.learn_capabilities("one", SEEN)
    await store.learn_dialect("one", Dialect(method="POST"))
    assert await only(store, "two") == before


async def test_nothing_is_learned_of_a_member_that_was_removed(store):
    await store.declare([entry("two")])
    assert await store.learn_capabilities("one", SEEN) is False
    assert await store.learn_dialect("one", Dialect(method="POST")) is False
    assert [one.id for one in store.members] == ["two"]


async def test_the_sentences_of_a_probing_replace_those_of_the_last(store):
    assert await store.learn_dialect("one", Dialect(), ("a",)) is True
    assert await store.learn_dialect("one", Dialect(), ("a",)) is False
    await store.learn_dialect("one", Dialect(), ("b",))
    await store.learn_dialect("one", Dialect(method="GET"))
    (kept,) = [each for each in store.members if each.id == "one"]
    assert (kept.probes, kept.learned) == (("b",), Dialect(method="GET"))


async def test_what_was_found_at_another_place_is_not_kept(store):
    there = "https://elsewhere.example.org v2"
    assert await store.learn_capabilities("one", SEEN, place=there) is False
    assert await store.learn_dialect("one", Dialect(method="POST"), place=there) is False
    here = place_of(entry("one"))
    assert await store.learn_capabilities("one", SEEN, place=here) is True


async def test_what_is_found_out_late_takes_nothing_from_where_a_member_is_now(store):
    other = Store(store.database)  # another process, which hears of the move first
    await other.declare([entry("one", url="https://moved.example.org"), entry("two")])
    await other.learn_capabilities("one", SEEN)
    await other.learn_dialect("one", Dialect(method="POST"))
    await store.learn_capabilities("one", SEEN.model_copy(update={"name": "As it was"}))
    await store.learn_dialect("one", Dialect(method="GET"))
    for reader in (store, RegistryStore(store.database)):
        await reader.refresh()
        moved = await only(reader)
        assert moved.entry.url == "https://moved.example.org"
        assert (moved.capabilities, moved.learned) == (SEEN, Dialect(method="POST"))


async def test_a_registry_that_was_put_back_is_read_anew(store):
    database = store.database
    copy = {}

    async def take(change):
        rows = await change.connection.execute(select(STATE.c.revision))
        copy["revision"] = rows.scalar_one()

    await database.change(take, is_news=False)
    await store.declare([entry("one"), entry("two"), entry("three")])

    async def put_back(change):
        await change.connection.execute(delete(MEMBERS).where(MEMBERS.c.id == "three"))
        await change.connection.execute(update(STATE).values(revision=copy["revision"] - 1))

    await database.change(put_back, is_news=False)
    assert await store.refresh() is True
    assert [one.id for one in store.members] == ["one", "two"]


async def test_a_lease_of_a_clock_that_was_wrong_is_none(store):
    future = RegistryStore(store.database, now=lambda: datetime(2036, 1, 1, tzinfo=UTC))
    assert await future.take_lease("watch", "future", 10)
    assert await store.take_lease("watch", "here", 10)
    assert not await RegistryStore(store.database).take_lease("watch", "other", 10)


# --- what was worked out stays ---

TERMS = (FilteringTerm(id="HP:1"), FilteringTerm(id="HP:2"))
KEYS = {"revision", "planning_key", "filter_ids", "filter_prefixes"}


async def worked_out(store):
    await store.learn_capabilities("one", SEEN.model_copy(update={"filtering_terms": TERMS}))
    member = await only(store)
    member.work_out()
    assert member.is_worked_out
    return member


async def test_a_look_that_shows_nothing_new_keeps_what_was_worked_out(store):
    before = await worked_out(store)
    again = before.capabilities.model_copy(
        update={
            "fetched_at": datetime(2026, 1, 1, tzinfo=UTC),
            "updated_at": "2026-01-01",
            "filtering_terms": tuple(term.model_copy() for term in TERMS),
        }
    )
    assert await store.learn_capabilities("one", again) is False
    after = await only(store)
    assert after.capabilities == again
    assert after.capabilities.filtering_terms is TERMS
    assert after.__dict__.keys() >= KEYS
    assert {key: after.__dict__[key] for key in KEYS} == {key: before.__dict__[key] for key in KEYS}


async def test_declaring_the_same_keeps_the_member(store):
    before = await worked_out(store)
    await store.declare([entry("one")])
    assert await only(store) is before


async def test_sentences_of_a_probing_keep_what_was_worked_out(store):
    await worked_out(store)
    await store.learn_dialect("one", Dialect(), ("a",))
    after = await only(store)
    assert after.probes == ("a",)
    assert after.is_worked_out


@pytest.mark.parametrize("change", ["dialect", "entry", "data sets"])
async def test_a_change_beside_the_terms_keeps_only_what_is_of_them(store, change):
    before = await worked_out(store)
    if change == "dialect":
        await store.learn_dialect("one", Dialect(method="POST"))
    elif change == "entry":
        await store.declare([entry("one", assemblies=["GRCh37"])])
    else:
        told = before.capabilities.model_copy(update={"data_sets": (DataSet(id="a"),)})
        assert await store.learn_capabilities("one", told) is True
    after = await only(store)
    assert after.__dict__["filter_ids"] is before.filter_ids
    assert "_terms_digest" in after.__dict__
    assert after.revision != before.revision
    assert after.planning_key != before.planning_key


async def test_new_terms_are_worked_out_anew(store):
    before = await worked_out(store)
    told = before.capabilities.model_copy(update={"filtering_terms": TERMS[:1]})
    assert await store.learn_capabilities("one", told) is True
    after = await only(store)
    assert after.filter_ids == {"HP:1"}
    assert after.revision != before.revision
    assert after.planning_key != before.planning_key
