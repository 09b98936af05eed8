"""The registry's database away, locked or full: questions go on, and changes say so."""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import pytest
import structlog
from sqlalchemy import text

from aggregator.base.errors import RegistryUnavailable
from registry.database import Change, Database
from registry.offices import Journal
from registry.steward import Steward
from registry.store import RegistryStore
from tests.faulty import FaultyMember
from tests.networks import BRAF, PATIENT_S, Reply, Running, come_true, entry, network_of, scripted
from tests.postgres_server import PASSWORD, PostgresServer

TOKEN = "a-token-for-operators"
SENTENCE = "The registry of this network cannot be reached just now. Nothing was changed."
SOON = {"poll_s": 0.05, "follow_s": 0.05}


@pytest.fixture
def postgres() -> Iterator[PostgresServer]:
    """A server of one's own, to be killed."""
    with PostgresServer() as server:
        yield server


@asynccontextmanager
async def network_on(url: str) -> AsyncIterator[Running]:
    """A network of one scripted member."""
    async with FaultyMember(scripted()) as member:
        async with network_of(
            [entry(member)],
            registry={"url": url, **SOON},
            security={"admin_token": TOKEN},
            cache={"ttl_s": 0, "stale_while_revalidate_s": 0, "stale_if_error_s": 0},
        ) as net:
            await net.known("scripted")
            yield net


async def edit(net: Running, name: str) -> Reply:
    """Change the member's name, as an operator's program would."""
    headers = {"Authorization": f"Bearer {TOKEN}"}
    path = "/admin/api/members/scripted"
    return await net.ask(method="PATCH", path=path, body={"name": name}, headers=headers)


def name_of(net: Running) -> str:
    return net.member("scripted").name


async def goes_on(net: Running) -> None:
    """Questions and pages are as ever."""
    reply = await net.ask(BRAF)
    assert reply.status == 200
    assert reply.endings == {"scripted": "found"}
    for path in ("/readyz", "/members.json", "/services"):
        assert (await net.ask(path=path)).status == 200, path


def refused(reply: Reply) -> None:
    assert reply.status == 503, reply.text
    assert SENTENCE in reply.text
    assert reply.headers["Retry-After"] == "5"
    for secret in (PASSWORD, "127.0.0.1", "sqlite", "postgres", "Errno", "Traceback"):
        assert secret not in reply.text


async def test_a_network_outlives_its_postgresql(postgres: PostgresServer) -> None:
    async with network_on(postgres.fresh_database()) as net:
        assert (await edit(net, "Before")).status == 200
        await asyncio.gather(*(net.network.registry.database.revision() for _ in range(5)))
        postgres.kill()
        for _ in range(2):
            refused(await edit(net, "Never"))
            await goes_on(net)
        assert name_of(net) == "Before"
        postgres.start()
        assert (await edit(net, "After")).status == 200
        assert name_of(net) == "After"
        await goes_on(net)
        # what another process does is heard of again, too
        other = Database(postgres.url("registry_1"))
        await other.start()
        await Steward(RegistryStore(other), changed=_nothing).edit(
            "scripted", {"name": "By another"}, by="operator"
        )
        await other.aclose()
        await come_true(lambda: name_of(net) == "By another")


async def test_a_restart_between_two_changes_is_not_noticed(postgres: PostgresServer) -> None:
    """Connections that broke while nobody used them are replaced before they are used."""
    async with network_on(postgres.fresh_database()) as net:
        await asyncio.gather(*(net.network.registry.database.revision() for _ in range(5)))
        postgres.stop()
        postgres.start()
        replies = await asyncio.gather(*(edit(net, f"Name {number}") for number in range(5)))
        assert [reply.status for reply in replies] == [200] * 5


async def test_a_change_in_flight_when_postgresql_dies_happens_wholly_or_not_at_all(
    postgres: PostgresServer,
) -> None:
    async with network_on(postgres.fresh_database()) as net:
        postgres.execute(
            "CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN PERFORM pg_sleep(60); RETURN NEW; END $$; "
            "CREATE TRIGGER wait BEFORE INSERT ON audit_log FOR EACH ROW EXECUTE FUNCTION wait()",
            "registry_1",
        )
        editing = asyncio.create_task(edit(net, "Half"))
        await _sleeping(postgres)
        postgres.kill()
        refused(await editing)
        postgres.start()
        postgres.execute("DROP TRIGGER wait ON audit_log", "registry_1")
        assert name_of(net) != "Half"
        assert (await edit(net, "Whole")).status == 200
        lines = await net.network.registry.journal.read(subject="scripted")
        assert [line.action for line in lines] == ["edit", "add"]


async def test_a_change_whose_end_nobody_saw_is_not_called_undone(
    postgres: PostgresServer,
) -> None:
    """Whoever is told that nothing was changed does it again."""
    async with network_on(postgres.fresh_database()) as net:
        postgres.execute(
            "CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN PERFORM pg_sleep(60); RETURN NEW; END $$; "
            "CREATE CONSTRAINT TRIGGER wait AFTER INSERT ON audit_log DEFERRABLE "
            "INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION wait()",
            "registry_1",
        )
        editing = asyncio.create_task(edit(net, "Perhaps"))
        await _sleeping(postgres)
        postgres.kill()
        reply = await editing
        assert reply.status == 503
        assert "Nothing was changed" not in reply.text
        assert "Look whether it was made before you try again." in reply.text


async def test_a_server_that_hangs_holds_up_no_question(postgres: PostgresServer) -> None:
    async with network_on(postgres.fresh_database()) as net:
        postgres.hang()
        try:
            editing = asyncio.create_task(edit(net, "Late"))
            for _ in range(5):
                await goes_on(net)
        finally:
            postgres.go_on()
        assert (await editing).status in {200, 503}
        assert (await edit(net, "In time")).status == 200


async def test_the_log_tells_of_an_outage_once_and_never_the_password(
    postgres: PostgresServer,
) -> None:
    with structlog.testing.capture_logs() as logs:
        async with network_on(postgres.fresh_database()) as net:
            postgres.kill()
            for _ in range(4):
                refused(await edit(net, "Never"))
            # who works in the background comes to it too, and has nothing to add
            await come_true(lambda: any("followed registries wait" in str(one) for one in logs))
            postgres.start()
            assert (await edit(net, "After")).status == 200
    events = [line["event"] for line in logs if line["log_level"] in {"info", "warning", "error"}]
    assert [event for event in events if "registry is" in event] == [
        "the registry is not available; its last state stays in force",
        "the registry is available again",
    ]
    assert PASSWORD not in str(logs)


async def test_a_sqlite_file_that_another_process_holds_is_waited_for_and_then_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Database.__init__, "__kwdefaults__", {"busy_s": 0.3})
    path = tmp_path / "registry.sqlite3"
    async with network_on(f"sqlite:///{path}") as net:
        connected = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        with closing(connected) as holder:
            # in a thread: what the network is writing has to come to its end first
            await asyncio.to_thread(holder.execute, "BEGIN IMMEDIATE")
            began = time.monotonic()
            refused(await edit(net, "Never"))
            assert time.monotonic() - began >= 0.3
            await goes_on(net)
            waiting = asyncio.create_task(edit(net, "After"))
            await asyncio.sleep(0)
            holder.execute("COMMIT")
            assert (await waiting).status == 200
        assert name_of(net) == "After"
        await goes_on(net)


async def test_a_full_disk_refuses_a_change_and_keeps_what_there_is(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'registry.sqlite3'}")
    await database.start()
    store = RegistryStore(database)
    steward = Steward(store, changed=store.refresh)
    await steward.add(_long("one"), by="operator")
    await _most_pages(database, 1)  # it never becomes less than there are
    adding = (steward.add(_long(f"more-{number}"), by="operator") for number in range(100))
    with pytest.raises(RegistryUnavailable, match="Nothing was changed"):
        await _one_after_the_other(adding)
    await store.refresh()
    held, logged = [*store.records], await Journal(store).read(limit=1000)
    assert [line.subject for line in reversed(logged)] == held
    assert await database.revision() == len(held)
    await _most_pages(database, 1_000_000)
    await steward.add(_long("after"), by="operator")
    assert [*store.records] == [*held, "after"]
    await database.aclose()


async def test_a_change_that_was_written_is_not_called_undone_when_it_cannot_be_read(
    tmp_path: Path,
) -> None:
    """Between writing a change and bringing it into force the database may go away."""
    async with network_on(f"sqlite:///{tmp_path / 'registry.sqlite3'}") as net:
        registry = net.network.registry
        bring = registry.force.bring

        async def fail() -> bool:
            raise RegistryUnavailable(SENTENCE, 5)

        registry.force.bring = fail
        reply = await edit(net, "Written")
        assert reply.status == 200
        registry.force.bring = bring
        await come_true(lambda: name_of(net) == "Written")


async def test_changes_that_wait_too_long_for_each_other_are_refused(
    database_url: str,
) -> None:
    holder, waiting = Database(database_url), Database(database_url, busy_s=0.3)
    await holder.start()
    await waiting.start()
    has_begun, go_on = asyncio.Event(), asyncio.Event()

    async def hold(change: Change) -> None:
        await change.connection.execute(text("UPDATE members SET note = note"))
        has_begun.set()
        await go_on.wait()

    holding = asyncio.create_task(holder.change(hold))
    await has_begun.wait()
    with pytest.raises(RegistryUnavailable, match="Nothing was changed"):
        await waiting.change(_nothing)
    assert await waiting.revision() == 0  # reading waits for nobody
    go_on.set()
    await holding
    assert await waiting.change(_revision) == 2
    await holder.aclose()
    await waiting.aclose()


def _long(member_id: str) -> dict[str, Any]:
    url = f"https://{member_id}.example.org"
    return {"id": member_id, "url": url, "description": "x" * 9_000}


async def _one_after_the_other(steps: Iterator[Awaitable[object]]) -> None:
    for step in steps:
        await step


async def _most_pages(database: Database, number: int) -> None:
    """Let the file have no more pages than this, as a full disk would."""

    async def limit(change: Change) -> None:
        await change.connection.execute(text(f"PRAGMA max_page_count = {number}"))

    await database.change(limit, is_news=False)


async def _sleeping(postgres: PostgresServer) -> None:
    """Wait until a change is in the middle of being made."""
    query = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
    async with asyncio.timeout(PATIENT_S):
        while await asyncio.to_thread(postgres.execute, query) == "0":
            await asyncio.sleep(0.02)


async def _nothing(*_: object) -> None:
    """Do nothing."""


async def _revision(change: Change) -> int:
    return change.revision
