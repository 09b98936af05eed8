"""Looks at every member again and again, each at its own moment, a few at once.

Of several processes on one registry only the one that holds the lease looks. What a look raises
is logged and stops no other look.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial
from typing import Final

import structlog

from aggregator.base.errors import RegistryUnavailable
from registry.places import place_of
from registry.slices import Slices
from registry.snapshot import RegisteredMember

log = structlog.get_logger(__name__)

TICK_S: Final = 0.5
"""How often it is looked at what is due."""


class Timetable:
    """When each member is due next; pure, on the clock whose times it is given."""

    def __init__(
        self, every_s: float, *, jitter: float = 0.1, rand: Callable[[], float] = random.random
    ) -> None:
        self.every_s = every_s
        self._jitter = jitter
        self._rand = rand
        self._due: dict[str, float] = {}
        self._places: dict[str, str] = {}

    def due(
        self,
        members: Iterable[RegisteredMember],
        now: float,
        age_s: Callable[[str], float | None] = lambda member_id: None,
    ) -> list[RegisteredMember]:
        """Give the members that are due at `now`.

        A new one is due within a tenth of the interval, one at a new place at once. `age_s` says
        how long ago a member was looked at before this process began; None or less than nothing:
        never.
        """
        members = list(members)
        found = []
        for member in members:
            place = place_of(member.entry)
            if self._places.get(member.id, place) != place:
                self._due[member.id] = now
            self._places[member.id] = place
            if member.id not in self._due:
                self._due[member.id] = now + self._first_s(age_s(member.id))
            if self._due[member.id] <= now:
                found.append(member)
        kept = {member.id for member in members}
        for gone in self._due.keys() - kept:
            del self._due[gone], self._places[gone]
        return found

    def begin(self, member_id: str, now: float) -> None:
        """Note that a look begins at `now`; the next is one interval later, give or take."""
        self._due[member_id] = now + self.every_s * (1 + self._jitter * (2 * self._rand() - 1))

    def wait(self, member_id: str, until_s: float) -> None:
        """Let a member alone until then, at least."""
        if member_id in self._due:
            self._due[member_id] = max(self._due[member_id], until_s)

    def hurry(self, member_id: str) -> None:
        """Make a member due at once, if it is known."""
        if member_id in self._due:
            self._due[member_id] = float("-inf")

    def _first_s(self, age_s: float | None) -> float:
        if age_s is None or age_s < 0 or age_s >= self.every_s:
            return self._rand() * self.every_s / 10
        return self.every_s - age_s


class Rounds:
    """Runs the looks; `every_s` 0 means never."""

    def __init__(
        self,
        name: str,
        timetable: Timetable,
        *,
        members: Callable[[], Sequence[RegisteredMember]],
        look: Callable[[RegisteredMember], Awaitable[None]],
        is_ours: Callable[[], Awaitable[bool]],
        at_once: int,
        clock: Callable[[], float],
        age_s: Callable[[str], float | None] = lambda member_id: None,
        tick_s: float = TICK_S,
    ) -> None:
        self._name = name
        self.timetable = timetable
        self._members = members
        self._look = look
        self._is_ours = is_ours
        self._slots = asyncio.Semaphore(at_once)
        self._clock = clock
        self._age_s = age_s
        self._tick_s = tick_s
        self._loop: asyncio.Task[None] | None = None
        self._looks: dict[str, asyncio.Task[None]] = {}

    async def start(self) -> None:
        """Begin, unless the interval is 0."""
        if self.timetable.every_s > 0 and self._loop is None:
            self._loop = asyncio.create_task(self._run(), name=self._name)

    async def aclose(self) -> None:
        """End it and every look that runs."""
        loop, self._loop = self._loop, None
        tasks = {*self._looks.values(), *([loop] if loop is not None else [])}
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def step(self) -> set[asyncio.Task[None]]:
        """Begin the looks that are due; gives all that run."""
        if not await self._is_ours():
            return set()
        now, slices = self._clock(), Slices()
        for member in self.timetable.due(self._members(), now, self._age_s):
            await slices.pause()
            if member.id not in self._looks:
                self.timetable.begin(member.id, now)
                task = asyncio.create_task(self._guarded(member), name=f"{self._name} {member.id}")
                self._looks[member.id] = task
                task.add_done_callback(partial(self._ended, member.id))
        return set(self._looks.values())

    async def _run(self) -> None:
        while True:
            try:
                await self.step()
            except RegistryUnavailable:
                log.debug("the registry is not available", service=self._name)
            except Exception:
                # A background service goes on whatever happens; what happened is in the log.
                log.exception("a background service failed", service=self._name)
            await asyncio.sleep(self._tick_s)

    async def _guarded(self, member: RegisteredMember) -> None:
        try:
            async with self._slots:
                await self._look(member)
        except RegistryUnavailable:
            log.debug("the registry is not available", service=self._name)
        except Exception:
            log.exception("a look at a member failed", service=self._name, member=member.id)

    def _ended(self, member_id: str, _: object) -> None:
        self._looks.pop(member_id, None)
