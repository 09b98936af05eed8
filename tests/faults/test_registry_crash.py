"""Processes killed in the middle of their work: what was acknowledged is there, and nothing half.

A process of its own changes the registry at random and tells each change when it has been
acknowledged. It is killed at a random moment, again and again on one database.
"""

import json
import random
import re
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from registry.database import Change, Database
from registry.keys import KeyKind, digest_of
from registry.offices import Journal, Keyring
from registry.records import AuditEntry
from registry.rows import load_all
from registry.store import RegistryStore
from tests.processes import ENDS_WITHIN_S, environment

Json = dict[str, Any]
OPERATIONS = 100
ROOT = Path(__file__).parents[2]
KEY_ACTIONS = ("join", "ask to join", "new service key")
"""What gives a member a new service key, and ends those it had."""


@dataclass
class World:
    """What a registry has to hold, as far as anybody was told."""

    documents: dict[str, Json] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    """Service keys by member, as they were shown."""
    lost: set[str] = field(default_factory=set)
    """Keys that open nothing any more."""
    unseen: set[str] = field(default_factory=set)
    """Members whose newest key nobody was shown: the process was killed first."""
    lines: list[AuditEntry] = field(default_factory=list)

    def acknowledge(self, told: Json) -> Callable[[AuditEntry], bool] | None:
        """Take in what was acknowledged; gives what its line in the log must be like, if any."""
        member_id = told.get("id", "")
        if "order" in told:
            if list(self.documents) == told["order"]:
                return None
            self.order(told["order"])
            return lambda line: (line.after or {}).get("order") == told["order"]
        if "key" in told:
            self.new_key(member_id, told["key"])
        document = told.get("record")
        if document is None:
            is_line = told["did"] == "rotate" and "key" in told
            return (lambda line: line.action == "new service key") if is_line else None
        if document == self.documents.get(member_id):
            return None
        self.put(member_id, document)
        return lambda line: line.subject == member_id and line.after == document

    def take_line(self, line: AuditEntry) -> None:
        """Take in a change that was made and could not be acknowledged any more."""
        after = line.after or {}
        if line.action == "order":
            self.order(after["order"])
        elif line.action != "new service key":
            self.put(line.subject, after)
        if line.action in KEY_ACTIONS:
            self.new_key(line.subject, None)

    def put(self, member_id: str, document: Json) -> None:
        self.documents[member_id] = document
        self._sort()

    def order(self, ids: list[str]) -> None:
        for position, member_id in enumerate(ids):
            self.documents[member_id] = self.documents[member_id] | {"position": position}
        self._sort()

    def new_key(self, member_id: str, key: str | None) -> None:
        if member_id in self.keys:
            self.lost.add(self.keys.pop(member_id))
        if key is None:
            self.unseen.add(member_id)
        else:
            self.keys[member_id] = key
            self.unseen.discard(member_id)

    def _sort(self) -> None:
        ordered = sorted(self.documents.items(), key=lambda item: (item[1]["position"], item[0]))
        self.documents = dict(ordered)


def killed(url: str, seed: str, chance: random.Random) -> list[Json]:
    """Let a process change the registry and kill it; gives what it was acknowledged."""
    command = [sys.executable, "-m", "tests.registry_process", url, seed, str(OPERATIONS)]
    acknowledgements = chance.randrange(OPERATIONS) if chance.random() > 0.1 else 0
    with subprocess.Popen(
        command, cwd=ROOT, env=environment(), stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            lines = [process.stdout.readline() for _ in range(acknowledgements)]
            # without any, it may be killed while it starts
            time.sleep(chance.random() * (0.03 if acknowledgements else 1.5))
        finally:
            process.kill()
        lines += process.stdout.readlines()
        process.wait(ENDS_WITHIN_S)
    if lines and not lines[-1].endswith("\n"):
        lines.pop()  # it was killed while it told: this was acknowledged to nobody
    assert all(lines), "the process ended by itself"
    return [json.loads(line) for line in lines]


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Database]:
    database = Database(url)
    await database.start()
    try:
        yield database
    finally:
        await database.aclose()


async def check(url: str, world: World, told: list[Json]) -> None:
    """Compare what a registry holds with what was acknowledged; the world becomes what it holds."""
    async with opened(url) as database:
        # waits for the end of what PostgreSQL may still be doing for the one that was killed
        await database.change(_nothing, is_news=False)
        store = RegistryStore(database)
        await store.refresh()
        everything = [line async for line in _all_lines(Journal(store))]
        assert everything[: len(world.lines)] == world.lines, "the log was changed"
        lines = everything[len(world.lines) :]
        for acknowledgement in told:
            is_line = world.acknowledge(acknowledgement)
            if is_line is not None:
                assert lines, f"not in the log: {acknowledgement}"
                assert is_line(lines[0]), (acknowledgement, lines[0])
                del lines[0]
        assert len(lines) <= 1, f"more than one change that nobody was told of: {lines}"
        for line in lines:
            world.take_line(line)
        world.lines = everything
        held = {one.id: one.document() for one in await database.read(load_all)}
        assert held == world.documents
        assert {one.id: one.document() for one in store.records.values()} == held
        await _check_keys(store, world)
        _check_log(everything, held)
        await database.read(_check_revisions)


async def _nothing(_: Change) -> None:
    """Change nothing."""


async def _all_lines(journal: Journal) -> AsyncIterator[AuditEntry]:
    newest_first: list[AuditEntry] = []
    while page := await journal.read(below=newest_first[-1].number if newest_first else None):
        newest_first += page
    for line in reversed(newest_first):
        yield line


async def _check_keys(store: RegistryStore, world: World) -> None:
    """Every key shown opens what it should; whoever has a key has exactly one."""
    keyring = Keyring(store)
    for member_id, key in world.keys.items():
        held = await keyring.holder(key, KeyKind.SERVICE)
        assert held is not None, f"the key of {member_id} opens nothing"
        assert held.owner == member_id
    for key in world.lost:
        assert await keyring.holder(key, KeyKind.SERVICE) is None
    good = [key for key in await keyring.keys(KeyKind.SERVICE) if key.revoked_at is None]
    assert sorted(key.owner for key in good) == sorted({*world.keys, *world.unseen})
    digests = {digest_of(key) for key in world.keys.values()}
    assert {key.digest for key in good if key.owner in world.keys} == digests


def _check_log(lines: list[AuditEntry], held: dict[str, Json]) -> None:
    """Read one after the other, the lines lead from nothing to what the registry holds."""
    numbers = [line.number for line in lines]
    assert numbers == sorted(set(numbers))
    world = World()
    for line in lines:
        if line.action == "order":
            assert list(world.documents) == (line.before or {})["order"]
        elif line.action != "new service key":
            assert line.before == world.documents.get(line.subject), line
        world.take_line(line)
    assert world.documents == held


async def _check_revisions(connection: AsyncConnection) -> None:
    """No row is newer than the registry, or another process would never read it."""
    newest = await connection.execute(
        text("SELECT s.revision, (SELECT max(m.revision) FROM members m) FROM registry_state s")
    )
    revision, of_a_member = newest.one()
    assert revision >= (of_a_member or 0)


async def kill_again_and_again(url: str, seed: int, kills: int) -> None:
    """Kill and check on one database; whatever fails says how to see it again."""
    chance = random.Random(seed)
    world = World()
    for number in range(kills):
        told = killed(url, f"{seed}-{number}", chance)
        try:
            await check(url, world, [one for one in told if one["did"] != "start"])
        except AssertionError as error:
            shown = re.sub(r"//[^@/]*@", "//", url)
            error.add_note(f"seed {seed}, kill {number} of {kills}, {len(told)} told, on {shown}")
            raise
    assert world.documents, "nothing was ever registered: this shows nothing"
    assert world.keys


async def test_nothing_acknowledged_is_lost_and_nothing_is_half(
    database_url: str, record_property: Callable[[str, object], None]
) -> None:
    seed = random.SystemRandom().randrange(10**6)
    record_property("seed", seed)
    await kill_again_and_again(database_url, seed, 10)


@pytest.mark.long
@pytest.mark.timeout(3000)
async def test_nothing_is_lost_in_two_hundred_crashes(database_url: str) -> None:
    await kill_again_and_again(database_url, random.SystemRandom().randrange(10**6), 200)
