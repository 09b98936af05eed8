"""How much may be in flight: calls per member, calls in all, bytes in all."""

import asyncio
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from typing import Self

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class UpstreamLimits:
    """The settings of everything that talks to members."""

    connect_timeout_s: float = 3
    """Per address, including the TLS handshake."""
    member_timeout_s: float = 8
    """For members without a time of their own; what is left of the deadline bounds both."""
    member_concurrency: int = 4
    """For members without a number of their own."""
    max_calls_in_flight: int = 256
    max_body_bytes: int = 16 * MIB
    """Records, after decompression."""
    max_small_body_bytes: int = MIB
    """Yes/no and counts, after decompression."""
    max_bytes_in_flight: int = 256 * MIB
    """Of all bodies being read at one time, after decompression."""
    retries: int = 1
    """Second attempts per call; 0 switches them off."""


class Gate:
    """A first-come-first-served semaphore whose size may change while it is in use.

    Made smaller, it admits nobody until enough have left; nobody is thrown out.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._in_use = 0
        self._waiters: deque[asyncio.Future[None]] = deque()

    @property
    def in_use(self) -> int:
        """Slots held now."""
        return self._in_use

    @property
    def waiting(self) -> int:
        """Callers waiting for a slot."""
        return len(self._waiters)

    @property
    def is_idle(self) -> bool:
        """Whether nobody holds or awaits a slot."""
        return not self._in_use and not self._waiters

    def resize(self, size: int) -> None:
        """Change the number of slots; waiters that now fit are let in."""
        if size != self._size:
            self._size = size
            self._admit()

    async def acquire(self) -> None:
        """Take a slot, waiting in line; a cancelled waiter leaves no trace."""
        if self._in_use < self._size and not self._waiters:
            self._in_use += 1
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiters.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.release()
            else:
                with suppress(ValueError):  # it may have been passed over already
                    self._waiters.remove(turn)
            raise

    def release(self) -> None:
        """Give a slot back."""
        self._in_use -= 1
        self._admit()

    def _admit(self) -> None:
        while self._waiters and self._in_use < self._size:
            turn = self._waiters.popleft()
            if not turn.done():
                self._in_use += 1
                turn.set_result(None)

    async def __aenter__(self) -> Self:
        await self.acquire()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.release()


class MemberSlots:
    """One gate per member that is being called; those of idle members are forgotten."""

    def __init__(self, default_size: int) -> None:
        self._default_size = default_size
        self._gates: dict[str, Gate] = {}

    def hold(self, member_id: str, size: int | None = None) -> "SlotHold":
        """Make a context that holds one slot; `size` is the member's own number, newest wins."""
        return SlotHold(self._gates, member_id, size or self._default_size)

    def in_use(self, member_id: str) -> int:
        """Calls to this member now."""
        gate = self._gates.get(member_id)
        return gate.in_use if gate else 0

    def __len__(self) -> int:
        return len(self._gates)


class SlotHold:
    """An async context that waits for one of a member's slots and holds it."""

    __slots__ = ("_gate", "_gates", "_member_id", "_size")

    def __init__(self, gates: dict[str, Gate], member_id: str, size: int) -> None:
        self._gates = gates
        self._member_id = member_id
        self._size = size

    async def __aenter__(self) -> None:
        gate = self._gates.get(self._member_id)
        if gate is None:
            gate = self._gates[self._member_id] = Gate(self._size)
        gate.resize(self._size)
        self._gate = gate
        try:
            await gate.acquire()
        except asyncio.CancelledError:
            self._forget_if_idle()
            raise

    async def __aexit__(self, *_: object) -> None:
        self._gate.release()
        self._forget_if_idle()

    def _forget_if_idle(self) -> None:
        if self._gate.is_idle and self._gates.get(self._member_id) is self._gate:
            del self._gates[self._member_id]


class BodyBudget:
    """Bytes of answers that may be in memory while they are being read."""

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self._reserved = 0

    @property
    def reserved(self) -> int:
        """Bytes held now."""
        return self._reserved

    def open(self) -> "BodyLease":
        """Begin one body; close the lease when it is read or given up."""
        return BodyLease(self)

    def reserve(self, size: int) -> bool:
        """Take so many bytes, or none and say no; `BodyLease` keeps the account."""
        if self._reserved + size > self.max_bytes:
            return False
        self._reserved += size
        return True

    def release(self, size: int) -> None:
        """Give so many bytes back."""
        self._reserved -= size


class BodyLease:
    """What one body holds of the budget; a context manager.

    There is no waiting: readers that wait for each other while holding parts never end.
    """

    __slots__ = ("_budget", "_held")

    def __init__(self, budget: BodyBudget) -> None:
        self._budget = budget
        self._held = 0

    def take(self, size: int) -> bool:
        """Reserve that many more bytes, or reserve nothing and say no."""
        if not self._budget.reserve(size):
            return False
        self._held += size
        return True

    def close(self) -> None:
        """Give everything back; closing twice does nothing."""
        self._budget.release(self._held)
        self._held = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
