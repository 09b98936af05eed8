"""Checks of members made one round after the other, as a test says.

async with network_of(entries, **BY_HAND) as net:
    checked = Checked(net)
    await checked.rounds(3)
    assert checked.states == {"one": "up"}
"""

import asyncio
from typing import Any

from aggregator.watching import Watch
from tests.networks import Running

BY_HAND: dict[str, dict[str, Any]] = {
    "health": {"probe_s": 300_000_000, "jitter": 0},
    "query": {"retries": 0},
}
"""Sections of settings under which nothing is checked before a test says so."""


class Checked:
    """Drives the checks of one running network, and reads what came of them."""

    def __init__(self, net: Running) -> None:
        self.net = net

    @property
    def watch(self) -> Watch:
        return self.net.network.watch

    async def check(self, *member_ids: str) -> None:
        """Check these members, or all in their order, one after the other; what came is known."""
        rounds = self.watch.rounds
        await self._wait(await rounds.step())
        for member_id in member_ids or tuple(self.net.network.holder.current.everyone_by_id):
            rounds.timetable.hurry(member_id)
            await self._wait(await rounds.step())
        await self.known()

    async def rounds(self, number: int, *member_ids: str) -> None:
        for _ in range(number):
            await self.check(*member_ids)

    async def known(self) -> None:
        """Write what was found out, and read it."""
        await self.watch.checks.flush()
        await self.watch.checks.follow()

    @property
    def states(self) -> dict[str, str]:
        return {key: one.state.value for key, one in self.watch.health.standings.items()}

    def last(self, member_id: str) -> Any:
        """The last check of a member."""
        return self.watch.health.standings[member_id].last

    def ended(self, member_id: str) -> tuple[str, str | None]:
        """How the last check of a member ended: its result and the phase it failed in."""
        last = self.last(member_id)
        return last.result.value, last.phase and last.phase.value

    async def events(self) -> list[tuple[str, str, str]]:
        """Everything that was told since the beginning: member, topic and what."""
        return [
            (one.member_id, one.topic.value, one.what) for one in await self.watch.health.events()
        ]

    async def incidents(self) -> list[tuple[str, str, bool]]:
        """Every incident, oldest first: member, topic and whether it is over."""
        found = await self.watch.health.incidents()
        return [(one.member_id, one.topic.value, one.ended is not None) for one in found][::-1]

    async def _wait(self, looks: set[asyncio.Task[None]]) -> None:
        if looks:
            await asyncio.wait(looks)
