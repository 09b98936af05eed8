"""Keeps an answer to the data sets that were asked for.

Some servers answer for all they have whatever data sets a question names (bento's among them): a
hit elsewhere is no yes to the question, and a total that counts it is none of these data sets.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from aggregator.model.answer import Answer, Exists, ResultSet
from aggregator.model.query import Granularity
from aggregator.protocol.failures import no_verdict
from aggregator.protocol.tolerant import id_of
from aggregator.protocol.wire import Failure
from registry.snapshot import RegisteredMember


def sole_data_set(member: RegisteredMember) -> str | None:
    """Give the id of the data set of a member that is known to have just this one."""
    known = {one.id for one in member.capabilities.data_sets}
    return known.pop() if len(known) == 1 else None


def only_asked(
    answer: Answer, data_set_ids: Sequence[str], member_id: str, *, sole: str | None = None
) -> Answer | Failure:
    """Drop the data sets nobody asked for, and read verdict and count from the others.

    A set without a name of its own, which carries the member's, may be any: its yes proves
    nothing unless it must be `sole`, the one data set the member has.
    """
    if not data_set_ids:
        return answer
    if answer.collections:
        return _only_collections(answer, data_set_ids)
    listed = answer.result_sets
    if not listed:
        if answer.exists is Exists.YES:
            return no_verdict("it says yes, but not whether in the data sets asked for")
        return answer
    asked = {*data_set_ids, member_id} if sole in data_set_ids else set(data_set_ids)
    kept = tuple(one for one in listed if one.id in asked)
    others = [one for one in listed if one.id not in asked]
    if any(one.exists is Exists.YES for one in kept):
        return _found(answer, kept)
    said = {one.exists for one in kept}
    answered = {one.id for one in kept}
    is_all = said == {Exists.NO} and (answered >= set(data_set_ids) or member_id in answered)
    if answer.exists is Exists.NO:
        unnamed = tuple(one for one in others if one.id == member_id)
        if len(others) > len(unnamed) and not is_all and not unnamed:
            return no_verdict("it answered for other data sets than those asked for")
        return msgspec.structs.replace(answer, result_sets=(*kept, *unnamed))
    if any(one.exists is Exists.YES and one.id == member_id for one in others):
        return no_verdict("it says yes, but does not name the data set it found it in")
    if not any(one.exists is Exists.YES for one in others):
        return no_verdict("it says yes, but none of the data sets asked for does")
    if not is_all:
        return no_verdict("it answered for other data sets than those asked for")
    return _not_found(answer, kept)


def _found(answer: Answer, kept: tuple[ResultSet, ...]) -> Answer:
    hits = [one for one in kept if one.exists is Exists.YES]
    count = _sum(hits)
    may_be_a_page = any(one.results and one.count == len(one.results) for one in hits)
    if may_be_a_page and count is not None and count < (answer.count or 0):
        count = None  # the greater total is of the data sets asked for, or of all
    granularity = Granularity.BOOLEAN if count is None else Granularity.COUNT
    if any(one.results for one in kept):
        granularity = Granularity.RECORD
    return msgspec.structs.replace(
        answer,
        count=count,
        unit=None if count is None else answer.unit,
        granularity=granularity,
        result_sets=kept,
    )


def _not_found(answer: Answer, kept: tuple[ResultSet, ...]) -> Answer:
    """Read the no of the data sets asked for, where the yes is of others."""
    count = _sum(kept)
    return msgspec.structs.replace(
        answer,
        exists=Exists.NO,
        count=count,
        unit=None if count is None else answer.unit,
        granularity=Granularity.BOOLEAN if count is None else Granularity.COUNT,
        result_sets=kept,
    )


def _sum(sets: Sequence[ResultSet]) -> int | None:
    told = [one.count for one in sets if one.count is not None]
    return sum(told) if len(told) == len(sets) else None


class _Named(msgspec.Struct):
    id: Any = None


def _only_collections(answer: Answer, data_set_ids: Sequence[str]) -> Answer | Failure:
    """Keep the data sets asked for of a list of them; there are no more than were asked for."""
    kept = tuple(
        one
        for one in answer.collections
        if id_of(msgspec.json.decode(one.raw, type=_Named).id) in data_set_ids
    )
    if not kept:
        return no_verdict("it listed other data sets than those asked for")
    is_total = len(kept) == len(answer.collections) and (answer.count or 0) <= len(data_set_ids)
    return msgspec.structs.replace(
        answer,
        count=answer.count if is_total else None,
        unit=answer.unit if is_total else None,
        collections=kept,
    )
