"""The joined terms of the members: made once for all who ask, beside the event loop."""

import asyncio
import threading
from collections.abc import Iterable
from typing import Any

import pytest

from aggregator.api import joined_terms
from aggregator.api.joined_terms import SharedTerms
from aggregator.protocol.network_terms import JoinedTerms, TermIndex, join_terms
from registry.capabilities import FilteringTerm
from registry.snapshot import RegisteredMember, Snapshot
from tests.builders import member


def takes(member_id: str, *terms: str) -> RegisteredMember:
    told = tuple(FilteringTerm(id=one, type="ontology") for one in terms)
    return member(member_id, capabilities={"filtering_terms": told})


class Work:
    """Counts what is worked out, and can make it fail."""

    def __init__(self) -> None:
        self.indexed = self.picked = 0
        self.threads: set[int] = set()
        self.fails = False

    def index(self, members: Iterable[RegisteredMember]) -> TermIndex:
        self.indexed += 1
        self.threads.add(threading.get_ident())
        if self.fails:
            raise MemoryError
        return TermIndex(members)

    def pick(self, *told: Any, **more: Any) -> JoinedTerms:
        self.picked += 1
        self.threads.add(threading.get_ident())
        return join_terms(*told, **more)


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> Work:
    counted = Work()
    monkeypatch.setattr(joined_terms, "TermIndex", counted.index)
    monkeypatch.setattr(joined_terms, "join_terms", counted.pick)
    return counted


async def ask(terms: SharedTerms, snapshot: Snapshot, entry_type: str | None = None) -> int:
    joined = await terms.joined(
        snapshot, snapshot.members, entry_type=entry_type, shared_by_all=False
    )
    return joined.total


SNAPSHOT = Snapshot(1, (takes("a", "x", "y"), takes("b", "y", "z")))


async def test_who_asks_at_once_or_again_shares_one_list(work: Work) -> None:
    terms = SharedTerms()
    assert await asyncio.gather(*(ask(terms, SNAPSHOT) for _ in range(5))) == [3] * 5
    assert await ask(terms, SNAPSHOT) == 3
    assert (work.indexed, work.picked) == (1, 1)
    assert threading.get_ident() not in work.threads


async def test_lists_of_entry_types_share_the_index(work: Work) -> None:
    terms = SharedTerms()
    await asyncio.gather(ask(terms, SNAPSHOT), ask(terms, SNAPSHOT, "individual"))
    assert (work.indexed, work.picked) == (1, 2)


async def test_a_new_snapshot_of_the_same_lists_shares_the_index(work: Work) -> None:
    terms = SharedTerms()
    await ask(terms, SNAPSHOT)
    assert await ask(terms, Snapshot(2, SNAPSHOT.members[:])) == 3
    assert (work.indexed, work.picked) == (1, 2)


async def test_what_a_member_lists_anew_is_there_at_once(work: Work) -> None:
    terms = SharedTerms()
    await ask(terms, SNAPSHOT)
    assert await ask(terms, SNAPSHOT.with_members([takes("a", "new")])) == 1
    assert work.indexed == 2


async def test_a_client_that_leaves_takes_nothing_from_others(work: Work) -> None:
    terms = SharedTerms()
    leaving, staying = (asyncio.create_task(ask(terms, SNAPSHOT)) for _ in range(2))
    await asyncio.sleep(0)
    leaving.cancel()
    assert await staying == 3
    assert (work.indexed, work.picked) == (1, 1)


async def test_what_failed_is_tried_again(work: Work) -> None:
    terms = SharedTerms()
    work.fails = True
    with pytest.raises(MemoryError):
        await ask(terms, SNAPSHOT)
    work.fails = False
    assert await ask(terms, SNAPSHOT) == 3


async def test_few_lists_are_kept(monkeypatch: pytest.MonkeyPatch, work: Work) -> None:
    monkeypatch.setattr(joined_terms, "MAX_KEPT", 1)
    terms = SharedTerms()
    for entry_type in (None, "individual", None):
        await ask(terms, SNAPSHOT, entry_type)
    assert work.picked == 3
