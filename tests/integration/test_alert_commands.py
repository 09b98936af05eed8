"""Who is told, from the command line."""

import asyncio
from pathlib import Path

from registry.alert_book import AlertBook
from registry.alert_deliveries import AlertDeliveries
from registry.alerts import OPERATOR, Kind, State, Wishes
from registry.database import Database
from tests.alert_kit import NOON
from tests.registry_commands import Command, a_loop_before, command, two

__all__ = ["a_loop_before", "command", "two"]


def set_up(file: Path) -> list[str]:
    """Set two addresses up beside the command line; gives their ids."""

    async def put() -> list[str]:
        database = Database(f"sqlite:///{file}")
        await database.start()
        try:
            book = AlertBook(database)
            url = "https://hooks.example.org/secret-path"
            one = await book.add("one", Kind.WEBHOOK, url, Wishes(), by="test")
            all_ = await book.add(OPERATOR, Kind.EMAIL, "ann@example.org", Wishes(), by="test")
            deliveries = AlertDeliveries(database, now=lambda: NOON)
            delivery = await deliveries.note(one, "test:1", {"type": "test"})
            await deliveries.tested(delivery, State.FAILED, "refused (HTTP 500)")
            return [one.id, all_.id]
        finally:
            await database.aclose()

    return asyncio.run(put())


def test_addresses_are_listed_without_secrets_and_removed(two: Command) -> None:
    one, operators = set_up(two.file)
    listed = two.done("alerts", "list")
    assert "hooks.example.org" in listed
    assert "secret-path" not in listed
    assert "when confirmed" in listed
    assert "not delivered since 2026-03-02T12:00:00+00:00: refused (HTTP 500)" in listed
    told = two.read("alerts", "list")
    since = {"since": NOON.isoformat(), "result": "refused (HTTP 500)", "nextAt": None}
    assert [one["failing"] for one in told] == [since, None]
    assert [(told["id"], told["owner"]) for told in told] == [
        (one, "one"),
        (operators, "~operator"),
    ]
    assert [told["id"] for told in two.read("alerts", "list", "--owner", "one")] == [one]
    assert one in two.done("alerts", "remove", one)
    assert [told["id"] for told in two.read("alerts", "list")] == [operators]
    again = two("alerts", "remove", one)
    assert again.code == 2
    assert "There is no alert target" in again.err


def test_an_empty_list_says_so(two: Command) -> None:
    ran = two("alerts", "list")
    assert ran.code == 0
    assert "Nobody is told." in ran.err
