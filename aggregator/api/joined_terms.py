"""Joins the filtering terms of the members beside the event loop, and once for all who ask.

A network of hundreds of members may have a million terms, and joining them takes seconds. The
index of them is kept for as long as the members list the same, what was picked from it for as long
as the registry's snapshot is the same.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Hashable, Sequence
from typing import Final

from aggregator.protocol.network_terms import JoinedTerms, TermIndex, join_terms
from registry.snapshot import RegisteredMember, Snapshot

MAX_KEPT: Final = 32
"""How many lists are kept: those of every entry type, and a few of data sets."""


class SharedTerms:
    """The joined terms of the current snapshot, by what was asked of them."""

    def __init__(self) -> None:
        self._snapshot: Snapshot | None = None
        self._index: TermIndex | None = None
        self._indexing: asyncio.Task[TermIndex] | None = None
        self._lists: OrderedDict[Hashable, asyncio.Task[JoinedTerms]] = OrderedDict()

    async def joined(
        self,
        snapshot: Snapshot,
        members: Sequence[RegisteredMember],
        *,
        entry_type: str | None,
        shared_by_all: bool,
    ) -> JoinedTerms:
        """Give the terms of some members of a snapshot; see `join_terms`.

        Who asks for the same while it is joined waits for the same.
        """
        if snapshot is not self._snapshot:
            self._snapshot = snapshot
            self._lists.clear()
            self._indexing = None
        key = entry_type, shared_by_all, tuple(member.id for member in members)
        task = self._lists.get(key)
        if task is None:
            task = asyncio.create_task(
                self._join(snapshot, members, entry_type, shared_by_all), name="join terms"
            )
            self._lists[key] = task
            task.add_done_callback(lambda done: self._drop_if_failed(key, done))
            if len(self._lists) > MAX_KEPT:
                self._lists.popitem(last=False)
        self._lists.move_to_end(key)
        return await asyncio.shield(task)

    async def _join(
        self,
        snapshot: Snapshot,
        members: Sequence[RegisteredMember],
        entry_type: str | None,
        shared_by_all: bool,
    ) -> JoinedTerms:
        index = await self._index_of(snapshot)

        def pick() -> JoinedTerms:
            return join_terms(
                members, entry_type=entry_type, shared_by_all=shared_by_all, index=index
            )

        return await asyncio.to_thread(pick)

    async def _index_of(self, snapshot: Snapshot) -> TermIndex:
        """Give the index of a snapshot; one that lists the same as the last shares its index."""
        if snapshot is not self._snapshot:
            return await asyncio.to_thread(TermIndex, snapshot.members)
        if self._index is not None and self._index.is_of(snapshot.members):
            return self._index
        if self._indexing is None:
            self._index = None
            self._indexing = asyncio.create_task(
                asyncio.to_thread(TermIndex, snapshot.members), name="index terms"
            )
        indexing = self._indexing
        try:
            index = await asyncio.shield(indexing)
        except Exception:
            if self._indexing is indexing:
                self._indexing = None
            raise
        if self._indexing is indexing:
            self._index = index
        return index

    def _drop_if_failed(self, key: Hashable, done: asyncio.Task[JoinedTerms]) -> None:
        failed = done.cancelled() or done.exception() is not None
        if failed and self._lists.get(key) is done:
            del self._lists[key]
