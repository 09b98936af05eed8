"""A process that changes a registry at random and tells what was acknowledged; made to be killed.

    python -m tests.registry_process URL SEED NUMBER

Every line of its output is one change that the registry has acknowledged, as JSON. What it does
follows from the seed and from what the registry holds.
"""

import asyncio
import json
import random
import sys
from collections.abc import Awaitable, Callable
from typing import Any

from aggregator.base.errors import BeaconError
from registry.database import Database
from registry.keys import KeyKind
from registry.offices import Keyring
from registry.records import MemberRecord
from registry.registration import Registration
from registry.steward import Registered, Steward
from registry.store import RegistryStore

Told = dict[str, Any]
OPERATOR = "operator:crash"
IDS = 12
"""So few that the same member is met in every state."""


class Changer:
    """Does one random thing after the other."""

    def __init__(self, steward: Steward, keyring: Keyring, chance: random.Random) -> None:
        self._steward = steward
        self._keyring = keyring
        self._chance = chance

    async def change(self) -> Told:
        """Do one thing and tell what was acknowledged; a refusal is an answer like others."""
        ways = [
            *(self._register,) * 3,
            *(self._add, self._edit, self._move, self._propose, self._approve, self._reject),
            *(self._pause, self._resume, self._remove, self._remove, self._restore),
            *(self._rotate, self._order),
        ]
        way = self._chance.choice(ways)
        member_id = f"member-{self._chance.randrange(IDS)}"
        told: Told = {"did": way.__name__.strip("_"), "id": member_id}
        try:
            return told | await way(member_id)
        except BeaconError as error:
            return told | {"refused": type(error).__name__}

    async def _register(self, member_id: str) -> Told:
        registration = Registration(
            id=member_id,
            url=self._url(member_id),
            name=self._words(),
            contact=f"{member_id}@example.org",
        )
        by = self._chance.choice(["stranger", OPERATOR])
        at_once = self._chance.random() < 0.5
        made: Registered = await self._steward.register(registration, by=by, at_once=at_once)
        return {"record": made.record.document(), "key": made.service_key}

    async def _add(self, member_id: str) -> Told:
        document = {"id": member_id, "url": self._url(member_id), "groups": ["europe"]}
        return await self._done(self._steward.add(document, by=OPERATOR))

    async def _edit(self, member_id: str) -> Told:
        changes = {"name": self._words(), "timeout_s": self._chance.choice([None, 3, 30])}
        return await self._done(self._steward.edit(member_id, changes, by=OPERATOR))

    async def _move(self, member_id: str) -> Told:
        changes = {"url": self._url(member_id)}
        return await self._done(self._steward.edit(member_id, changes, by=OPERATOR))

    async def _propose(self, member_id: str) -> Told:
        changes = {"url": self._url(member_id), "description": self._words()}
        by, at_once = f"member:{member_id}", self._chance.random() < 0.3
        return await self._done(self._steward.propose(member_id, changes, by=by, at_once=at_once))

    async def _approve(self, member_id: str) -> Told:
        return await self._done(self._steward.approve(member_id, by=OPERATOR))

    async def _reject(self, member_id: str) -> Told:
        note = self._words()
        return await self._done(self._steward.reject(member_id, by=OPERATOR, note=note))

    async def _pause(self, member_id: str) -> Told:
        note = self._words()
        return await self._done(self._steward.pause(member_id, by=OPERATOR, note=note))

    async def _resume(self, member_id: str) -> Told:
        return await self._done(self._steward.resume(member_id, by=OPERATOR))

    async def _remove(self, member_id: str) -> Told:
        by = self._chance.choice([OPERATOR, f"member:{member_id}"])
        return await self._done(self._steward.remove(member_id, by=by, note=self._words()))

    async def _restore(self, member_id: str) -> Told:
        return await self._done(self._steward.restore(member_id, by=OPERATOR))

    async def _rotate(self, member_id: str) -> Told:
        key = await self._keyring.rotate(member_id, by=OPERATOR)
        opened = await self._keyring.holder(key, KeyKind.SERVICE)
        assert opened is not None
        return {"key": key}

    async def _order(self, member_id: str) -> Told:
        held = [record.id for record in await self._steward.records()]
        self._chance.shuffle(held)
        return {"order": list(await self._steward.order(held[:3], by=OPERATOR))}

    async def _done(self, changing: Awaitable[MemberRecord]) -> Told:
        return {"record": (await changing).document()}

    def _url(self, member_id: str) -> str:
        return f"https://{member_id}.example.org/v{self._chance.randrange(4)}"

    def _words(self) -> str:
        return " ".join(self._chance.choices(["Größe", "allele", "日本", "x" * 60], k=3))


async def main(url: str, seed: str, number: str, tell: Callable[[Told], None]) -> None:
    database = Database(url)
    await database.start()
    store = RegistryStore(database)
    await store.refresh()
    steward = Steward(store, changed=store.refresh)
    changer = Changer(steward, Keyring(store), random.Random(seed))
    tell({"did": "start"})
    for _ in range(int(number)):
        tell(await changer.change())
    await database.aclose()


def _print(told: Told) -> None:
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:], tell=_print))  # type: ignore[misc]  # three words
