"""What an entry names has to be there: other members, and a file of certificates."""

from datetime import date

import pytest
import trustme

from aggregator.base.errors import BadQuery, Conflict
from registry.database import Database
from registry.models import Group
from registry.registration import checked_registration
from tests.registry_world import BY, World, entry


@pytest.fixture
async def world():
    database = Database("sqlite:///:memory:")
    await database.start()
    yield World(database)
    await database.aclose()


@pytest.fixture
def certificates(tmp_path):
    path = tmp_path / "ca.pem"
    trustme.CA().cert_pem.write_to_path(str(path))
    return path


async def add(world, member_id="one", **fields):
    document = {"id": member_id, "url": f"https://{member_id}.example.org", **fields}
    return await world.steward.add(document, by=BY)


async def refused_both(world, fields):
    """What is said when a new member is added so, and one that is here is changed so."""
    lines = await world.told()
    said = []
    for attempt in (add(world, "new", **fields), world.steward.edit("one", fields, by=BY)):
        with pytest.raises(BadQuery) as caught:
            await attempt
        said.append(caught.value.problems)
    assert await world.told() == lines
    assert "new" not in world.states
    assert said[0] == said[1]
    return list(said[0])


# --- members that are the same


async def test_what_no_database_could_be_asked_for_is_no_member_either(database_url):
    database = Database(database_url)
    await database.start()
    try:
        for name in ("a\0b", "\ud800"):
            with pytest.raises(BadQuery, match="there is no member"):
                await add(World(database), same_as=[name])
    finally:
        await database.aclose()


@pytest.mark.parametrize("name", ["two", "two~org.example.inner", "x" * 5_000])
async def test_a_member_nobody_knows_is_refused(world, name):
    await add(world)
    (problem,) = await refused_both(world, {"same_as": [name]})
    assert problem.startswith("same_as: there is no member “")
    assert problem.endswith("”; correct the id, or add that member first")
    assert len(problem) < 200


async def test_every_name_that_is_wrong_is_told(world):
    await add(world)
    problems = await refused_both(world, {"same_as": ["two", "one~inner", "three"]})
    assert [one.split("“")[1].split("”")[0] for one in problems] == ["two", "three"]


async def test_a_member_is_not_the_same_as_itself(world):
    with pytest.raises(BadQuery, match="“new” is this member itself"):
        await add(world, "new", same_as=["new"])


async def test_whoever_is_here_may_be_named_whatever_it_is(world):
    await add(world, "gone")
    await world.steward.remove("gone", by=BY)
    asks = checked_registration({"id": "waits", "url": "https://waits.example.org"})
    await world.steward.register(asks, by="stranger")
    await world.groups.describe(Group(id="quiet", opaque=True), by=BY)
    names = ("gone", "waits", "waits~org.example.inner", "quiet")
    assert (await add(world, same_as=names)).entry.same_as == names
    await world.groups.describe(Group(id="open"), by=BY)
    with pytest.raises(BadQuery, match="no member “open”"):
        await world.steward.edit("one", {"same_as": ["open"]}, by=BY)


async def test_an_old_name_that_has_gone_stops_no_other_change(world):
    await world.seeder.declare([entry(same_as=["nobody"])])
    await world.store.refresh()
    await world.steward.edit("one", {"name": "New"}, by=BY)
    assert world.record().entry.same_as == ("nobody",)
    with pytest.raises(BadQuery, match="no member “somebody”"):
        await world.steward.edit("one", {"same_as": ["nobody", "somebody"]}, by=BY)


# --- certificates


async def test_certificates_that_can_be_read_are_taken(world, certificates):
    assert (await add(world, ca_file=str(certificates))).entry.ca_file == str(certificates)


async def test_a_file_that_is_not_there_is_refused(world, tmp_path):
    await add(world)
    for path in (tmp_path / "none.pem", tmp_path):
        (problem,) = await refused_both(world, {"ca_file": str(path)})
        assert problem == (
            f"ca_file: “{path}” is no file here; give certificates (PEM) that this network can read"
        )


async def test_a_file_of_something_else_is_refused(world, tmp_path):
    await add(world)
    path = tmp_path / "notes.txt"
    for text in ("no certificates", ""):
        path.write_text(text)
        (problem,) = await refused_both(world, {"ca_file": str(path)})
        assert "holds no certificates; give" in problem


async def test_a_file_that_went_away_stops_no_other_change(world, certificates):
    await add(world, ca_file=str(certificates))
    certificates.unlink()
    await world.steward.edit("one", {"name": "New", "ca_file": str(certificates)}, by=BY)
    assert world.record().entry.name == "New"
    await world.steward.edit("one", {"ca_file": None}, by=BY)
    with pytest.raises(BadQuery, match="is no file here"):
        await world.steward.edit("one", {"ca_file": str(certificates)}, by=BY)


async def test_all_that_is_missing_is_told_at_once(world, tmp_path):
    await add(world)
    fields = {"same_as": ["two"], "ca_file": str(tmp_path)}
    assert [one.partition(":")[0] for one in await refused_both(world, fields)] == [
        *("same_as", "ca_file"),
    ]


# --- the seed


async def test_what_the_seed_names_and_is_not_there_is_told_and_taken_in(
    world, tmp_path, certificates
):
    await add(world, "own")
    changes = await world.seeder.declare(
        [
            entry("one", same_as=["two", "own", "quiet", "nobody"]),
            entry("two", ca_file=str(tmp_path / "none.pem")),
            entry("three", ca_file=str(certificates)),
        ],
        [Group(id="quiet", opaque=True)],
    )
    await world.store.refresh()
    assert changes.added == ("one", "two", "three")
    assert changes.doubtful.keys() == {"one", "two"}
    (about_members,), (about_file,) = changes.doubtful["one"], changes.doubtful["two"]
    assert "no member “nobody”" in about_members
    assert "none.pem” is no file here" in about_file
    assert world.record().entry.same_as[-1] == "nobody"
    certain = await world.seeder.declare([entry("one"), entry("two"), entry("three")])
    assert certain.doubtful == {}


# --- other slips of operators


@pytest.mark.parametrize("until", [5.5, 5, True, "5.5", "1893456000", ""])
async def test_a_number_is_no_day(world, until):
    await add(world)
    (problem,) = await refused_both(world, {"paused": {"until": until}})
    assert problem == (
        "paused.until: expected a day, as 2030-12-31, or a moment, as 2030-12-31T08:00:00Z"
    )


@pytest.mark.parametrize("until", ["2030-12-31", "2030-12-31T08:00:00Z", date(2030, 12, 31), None])
async def test_days_and_moments_are(world, until):
    paused = (await add(world, paused={"until": until})).entry.paused
    assert (paused.until is None) == (until is None)


async def test_approving_who_was_removed_points_to_restoring_whatever_was_looked_at(world):
    seen = (await add(world)).updated_at
    await world.steward.remove("one", by="operator:bob")
    for as_of in (seen, None):
        with pytest.raises(Conflict, match="one has been removed: restore it instead"):
            await world.steward.approve("one", by=BY, as_of=as_of)
