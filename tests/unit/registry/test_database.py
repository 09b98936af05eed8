"""Every change wholly or not at all, one after the other, on either database."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.exc import DBAPIError

from aggregator.base.errors import ConfigError, NotFound, RegistryUnavailable
from registry.database import Database
from registry.keys import KeyKind
from registry.models import Group
from registry.offices import GroupBook, Journal, Keyring
from registry.steward import Steward
from registry.store import RegistryStore
from registry.tables import FACTS, STATE
from tests.postgres_server import PASSWORD


@pytest.fixture
async def database(database_url):
    made = Database(database_url)
    await made.start()
    yield made
    await made.aclose()


@pytest.fixture
async def other(database, database_url):
    """Another process's way to the same registry."""
    made = Database(database_url)
    await made.start()
    yield made
    await made.aclose()


@pytest.fixture
async def steward(database):
    store = RegistryStore(database)
    await store.refresh()
    return Steward(store, changed=store.refresh)


def writing(name, value="yes"):
    async def write(change):
        await change.connection.execute(insert(FACTS).values(name=name, value=value))
        return change.revision

    return write


async def facts(database):
    async def read(connection):
        rows = await connection.execute(select(FACTS.c.name, FACTS.c.value))
        return {row.name: row.value for row in rows}

    return await database.read(read)


async def test_a_change_that_fails_leaves_nothing(database):
    async def fail(change):
        await writing("half")(change)
        raise LookupError("on the way")

    with pytest.raises(LookupError):
        await database.change(fail)
    assert await facts(database) == {}
    assert await database.revision() == 0


async def test_a_mistake_of_ours_is_not_called_an_outage(database):
    await database.change(writing("once"))
    with pytest.raises(DBAPIError):
        await database.change(writing("once"))


async def test_a_change_goes_on_although_its_caller_leaves(database):
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slow(change):
        begun.set()
        await go_on.wait()
        await writing("whole")(change)

    changing = asyncio.create_task(database.change(slow))
    await begun.wait()
    changing.cancel()
    await asyncio.sleep(0)
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await changing
    assert await facts(database) == {"whole": "yes"}


async def test_changes_of_two_processes_are_numbered_without_a_gap(database, other):
    changing = [
        each.change(writing(f"{name} {number}"))
        for number in range(10)
        for name, each in (("one", database), ("other", other))
    ]
    assert sorted(await asyncio.gather(*changing)) == [*range(1, 21)]
    assert len(await facts(other)) == 20


async def test_a_revision_that_is_seen_is_whole(database, other):
    """Whoever knows revision n has seen all rows up to it, however many write."""
    written = {}

    async def write(each, name):
        for number in range(15):
            written[f"{name} {number}"] = await each.change(writing(f"{name} {number}"))

    async def read(connection):
        revision = (await connection.execute(select(STATE.c.revision))).scalar_one()
        await asyncio.sleep(0.001)
        rows = await connection.execute(select(FACTS.c.name))
        return revision, {row.name for row in rows}

    writers = [asyncio.create_task(write(database, "one"))]
    writers.append(asyncio.create_task(write(other, "other")))
    while not all(writer.done() for writer in writers):
        revision, seen = await other.read(read)
        # one state: no more rows than changes, and no fewer
        assert len(seen) == revision
    await asyncio.gather(*writers)
    assert sorted(written.values()) == [*range(1, 31)]


async def test_no_line_of_the_log_is_replaced(tmp_path):
    database = Database(f"sqlite:///{tmp_path}/registry.sqlite3")
    await database.start()
    await Steward(RegistryStore(database), changed=_nothing).add(
        {"id": "one", "url": "https://one.example.org"}, by="operator:ann"
    )

    async def forge(change):
        await change.connection.execute(
            text(
                "INSERT OR REPLACE INTO audit_log (number, at, actor, action, subject, note) "
                "VALUES (1, 'now', 'nobody', 'forged', 'one', '')"
            )
        )

    with pytest.raises((DBAPIError, RegistryUnavailable)):
        await database.change(forge)
    (line,) = await Journal(RegistryStore(database)).read()
    await database.aclose()
    assert line.actor == "operator:ann"


async def _nothing():
    return None


async def test_a_folder_that_is_missing_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"there is no folder .*/missing"):
        await Database(f"sqlite:///{tmp_path}/missing/registry.sqlite3").start()


async def test_what_runs_ends_before_its_connections_are_closed(tmp_path):
    """Two cancellations of the same work left a connection behind, and its thread."""
    database = Database(f"sqlite:///{tmp_path}/registry.sqlite3")
    await database.start()
    begun, go_on, ended = asyncio.Event(), asyncio.Event(), []

    async def work(change):
        begun.set()
        await go_on.wait()
        ended.append(change)

    change = asyncio.ensure_future(database.change(work))
    await begun.wait()
    for _ in range(2):
        change.cancel()
        await asyncio.sleep(0)
    closing = asyncio.ensure_future(database.aclose())
    await asyncio.sleep(0)
    go_on.set()
    await closing
    assert ended
    with pytest.raises(asyncio.CancelledError):
        await change


async def test_all_processes_agree_on_the_first_proposal(database, other):
    settled = await asyncio.gather(
        *(each.agreed("id", f"mine {n}") for n, each in enumerate((database, other) * 4))
    )
    assert len({*settled}) == 1
    assert await database.agreed("id", "too late") == settled[0]


@pytest.mark.parametrize(
    "statement", ["UPDATE audit_log SET actor = 'nobody'", "DELETE FROM audit_log"]
)
async def test_the_log_only_grows(database, steward, statement):
    await steward.add({"id": "one", "url": "https://one.example.org"}, by="operator:ann")

    async def tamper(change):
        await change.connection.execute(text(statement))

    with pytest.raises((DBAPIError, RegistryUnavailable)) as refused:
        await database.change(tamper)
    assert "the audit log only grows" in str(refused.value.__cause__ or refused.value)
    (line,) = await Journal(RegistryStore(database)).read()
    assert line.actor == "operator:ann"


async def test_the_log_cannot_be_emptied_at_once(shared_postgres):
    database = Database(shared_postgres.fresh_database())
    await database.start()

    async def tamper(change):
        await change.connection.execute(text("TRUNCATE audit_log"))

    with pytest.raises(RegistryUnavailable) as refused:
        await database.change(tamper)
    await database.aclose()
    assert "the audit log only grows" in str(refused.value.__cause__)


ODD = ["a\0b", "a\ud800b", "a" * 5000, "Größe 日本 🧬", "'; DROP TABLE members; --", "%s :x {}"]


@pytest.mark.parametrize("odd", ODD)
async def test_any_text_may_be_asked_for(database, steward, odd):
    store = RegistryStore(database)
    with pytest.raises(NotFound):
        await steward.record(odd)
    with pytest.raises(NotFound):
        await steward.pause(odd, by="operator")
    with pytest.raises(NotFound):
        await Keyring(store).revoke(odd, by="operator")
    with pytest.raises(NotFound):
        await GroupBook(store, changed=store.refresh).drop(odd, by="operator")
    assert await Keyring(store).by_id(odd) is None
    assert await Keyring(store).holder(odd, KeyKind.SERVICE) is None
    assert await Journal(store).read(subject=odd) == ()


@pytest.mark.parametrize("odd", ODD)
async def test_any_text_may_be_said(database, steward, odd):
    store = RegistryStore(database)
    document = {"id": "one", "url": "https://one.example.org", "description": odd}
    if "\ud800" in odd:
        document.pop("description")  # refused by name before it comes here
    await steward.add(document, by=f"operator:{odd}")
    removed = await steward.remove("one", by=f"operator:{odd}", note=odd)
    assert await steward.record("one") == removed
    assert removed.note == odd[:2000].replace("\0", "\ufffd").replace("\ud800", "?")
    await Keyring(store).invite(by=f"operator:{odd}", note=odd)
    group = Group(id="europe", description="" if "\ud800" in odd else odd)
    await GroupBook(store, changed=store.refresh).describe(group, by=f"operator:{odd}")
    assert len(await Journal(store).read()) == 4


async def test_the_longest_address_can_be_kept_and_is_found_again(steward):
    url = "https://one.example.org/" + "é" * 1_970
    await steward.add({"id": "one", "url": url}, by="operator")
    with pytest.raises(Exception, match="at this address") as refused:
        await steward.add({"id": "two", "url": url + "/"}, by="operator")
    assert type(refused.value).__name__ == "Conflict"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "registry.sqlite3",
        "sqlite://",
        "sqlite://registry.sqlite3",
        "sqlite:///registry.sqlite3?mode=ro",
        "mysql://user:hidden-word@host/database",
        "postgresql://user:hidden-word@host",
        "postgresql://user:hidden-word@host:port/database",
    ],
)
def test_an_address_that_cannot_be_right_says_what_is_expected(url):
    with pytest.raises(ConfigError) as refused:
        Database(url)
    (problem,) = refused.value.problems
    assert problem.startswith("registry.url: expected sqlite:///FILE")
    assert "hidden-word" not in str(refused.value)


async def refusal(url):
    with pytest.raises(ConfigError) as refused:
        await Database(url, busy_s=1).start()
    (problem,) = refused.value.problems
    assert problem.startswith("registry.url: ")
    assert refused.value.__cause__ is None
    return problem


async def test_a_file_that_cannot_be_used_is_named(tmp_path: Path):
    missing = f"sqlite:///{tmp_path / 'nowhere' / 'registry.sqlite3'}"
    assert f"there is no folder {tmp_path / 'nowhere'}" in await refusal(missing)
    note = tmp_path / "notes.txt"
    note.write_text("This is no database.\n" * 100, encoding="utf-8")
    assert "file is not a database" in await refusal(f"sqlite:///{note}")
    assert "unable to open database file" in await refusal(f"sqlite:///{tmp_path}")


async def test_a_server_that_cannot_be_used_is_named_without_the_password(shared_postgres):
    port = f":{shared_postgres.port}/"
    good = shared_postgres.fresh_database()
    wrong = shared_postgres.url("postgres", password="wrong-password")
    told = {
        "database “nowhere”": await refusal(shared_postgres.url("nowhere")),
        "password": await refusal(wrong),
        "nobody listens": await refusal(good.replace(port, ":1/")),
        "no such host": await refusal(good.replace("127.0.0.1", "registry.invalid")),
        "option": await refusal(f"{good}?colour=red"),
        "ssl": await refusal(f"{good}?sslmode=require"),
        "password behind the ?": await refusal(
            f"postgresql://keeper@127.0.0.1{port}nowhere?password={PASSWORD}"
        ),
    }
    assert "does not exist" in told["database “nowhere”"]
    assert "authentication failed" in told["password"]
    assert "Connect call failed" in told["nobody listens"]
    assert "colour" in told["option"]
    assert "rejected SSL" in told["ssl"]
    for problem in told.values():
        assert PASSWORD not in problem
        assert "wrong-password" not in problem


async def test_options_of_postgresqls_own_tools_are_understood(shared_postgres):
    url = f"{shared_postgres.fresh_database()}?sslmode=prefer&application_name=our%20registry"
    database = Database(url)
    await database.start()

    async def read(connection):
        return (await connection.execute(text("SHOW application_name"))).scalar_one()

    assert await database.read(read) == "our registry"
    await database.aclose()


async def test_a_sqlite_file_is_safe_across_crashes_and_processes(tmp_path):
    database = Database(f"sqlite:///{tmp_path / 'registry.sqlite3'}")
    await database.start()

    async def read(connection):
        names = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        return [(await connection.execute(text(f"PRAGMA {name}"))).scalar_one() for name in names]

    assert await database.read(read) == ["wal", 2, 1, 5000]
    await database.aclose()
