"""A process that writes batches of health and tells what was written; made to be killed.

    python -m tests.health_process URL NUMBER

Each batch holds the same of everything: for each of its checks an event, a standing, and counts in
buckets of every length. Every line of its output is how many checks have been written since it
began.
"""

import asyncio
import random
import sys
from datetime import UTC, datetime

from registry.database import Database
from registry.health import Check, Result, Rules
from registry.health_book import HealthBook
from registry.health_store import HealthStore
from registry.incidents import Event, Topic
from registry.steward import Steward
from registry.store import RegistryStore

IDS = ("alpha", "beta", "gamma")
NOON = datetime(2026, 3, 1, 12, 0, 20, tzinfo=UTC)
PLACE = "here"


async def main(url: str, number: int) -> None:
    database = Database(url)
    await database.start()
    store = RegistryStore(database)
    await store.refresh()
    steward = Steward(store, changed=store.refresh)
    for member_id in IDS:
        if member_id not in store.records:
            document = {"id": member_id, "url": f"https://{member_id}.example.org/"}
            await steward.add(document, by="operator:crash")
    health = HealthStore(database, now=lambda: NOON)
    await health.refresh()
    book = HealthBook(Rules(), now=lambda: NOON)
    book.take_up(health.standings, health.places, [])
    written = 0
    tell(written)
    for _ in range(number):
        written += fill(book)
        await health.write(book.drain())
        tell(written)
    await database.aclose()


def fill(book: HealthBook) -> int:
    """Check every member a few times, tell of each check, and open or end an incident."""
    checks = random.randrange(1, 6)
    for member_id in IDS:
        for _ in range(checks):
            book.checked(member_id, PLACE, Check(NOON, Result.UP, elapsed_ms=100.0))
            key = f"{member_id}:{random.getrandbits(64)}"
            book.tell(Event(key, member_id, Topic.CONTROL, "began", NOON, "x"))
            book.asked(member_id, at=NOON, is_answered=True, timed_out=False, elapsed_ms=1.0)
    return checks


def tell(written: int) -> None:
    sys.stdout.write(f"{written}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
