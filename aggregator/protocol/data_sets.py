"""Keeps an answer to the data sets that were asked for.

Some servers answer for all they have whatever data sets a question names (bento's among them): a
hit elsewhere is no yes to the question.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from aggregator.model.answer import Answer, Exists
from aggregator.model.query import Granularity
from aggregator.protocol.failures import no_verdict
from aggregator.protocol.tolerant import id_of
from aggregator.protocol.wire import Failure


def only_asked(answer: Answer, data_set_ids: Sequence[str], member_id: str) -> Answer | Failure:
    """Drop the data sets nobody asked for, and read the verdict from the others.

    A set without a name of its own, which carries the member's, may be the one asked for.
    """
    if data_set_ids and answer.collections:
        return _only_collections(answer, data_set_ids)
    listed = answer.result_sets
    if data_set_ids and not listed and answer.exists is Exists.YES:
        return no_verdict("it says yes, but not whether in the data sets asked for")
    kept = tuple(one for one in listed if one.id in data_set_ids or one.id == member_id)
    if not data_set_ids or len(kept) == len(listed):
        return answer
    said = {one.exists for one in kept}
    answered = {one.id for one in kept}
    is_all = member_id in answered or answered >= set(data_set_ids)
    if Exists.YES not in said and (said != {Exists.NO} or not is_all):
        return no_verdict("it answered for other data sets than those asked for")
    exists = Exists.of(Exists.YES in said)
    counts = [one.count for one in kept if one.exists is exists]
    told = [count for count in counts if count is not None]
    count = sum(told) if len(told) == len(counts) else None
    granularity = Granularity.BOOLEAN if count is None else Granularity.COUNT
    if any(one.results for one in kept):
        granularity = Granularity.RECORD
    return msgspec.structs.replace(
        answer,
        exists=exists,
        count=count,
        unit=answer.unit if count is not None else None,
        granularity=granularity,
        result_sets=kept,
    )


class _Named(msgspec.Struct):
    id: Any = None


def _only_collections(answer: Answer, data_set_ids: Sequence[str]) -> Answer | Failure:
    """Keep the data sets asked for of a list of them."""
    kept = tuple(
        one
        for one in answer.collections
        if id_of(msgspec.json.decode(one.raw, type=_Named).id) in data_set_ids
    )
    if len(kept) == len(answer.collections):
        return answer
    if not kept:
        return no_verdict("it listed other data sets than those asked for")
    return msgspec.structs.replace(answer, count=None, unit=None, collections=kept)
