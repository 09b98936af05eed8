"""Keeps an answer to the one record that was asked for by its id.

Servers that do not know a path often answer for the list above it, and some leave the id out of
their query: what they list or count are other records, and no yes to the question.
"""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from aggregator.model.answer import Answer, Exists, LeafEnding, ResultSet
from aggregator.model.query import GENOMIC_VARIANT, Query
from aggregator.protocol.failures import inconsistent
from aggregator.protocol.tolerant import id_of
from aggregator.protocol.wire import Failure
from registry.snapshot import RegisteredMember

OTHERS: Final = "it says yes, but its records are others than the one asked for"
MAX_LEVELS: Final = 4
"""How deep the identifiers of a variant are followed."""


class _Record(msgspec.Struct, rename="camel"):
    id: Any = None
    variant_internal_id: Any = None
    identifiers: Any = None
    subject: Any = None


_DECODER: Final = msgspec.json.Decoder(_Record)


def only_record(answer: Answer, query: Query, member: RegisteredMember) -> Answer | Failure:
    """Drop records that are not the one asked for by its id; a yes of others is none.

    A count is that of the record: more than one only of a variant listed in several data sets, or
    where the member is a network and several of its beacons have a record of this id.
    """
    if query.record_id is None or query.within is not None or answer.exists is not Exists.YES:
        return answer
    is_network = bool(answer.leaves) or member.capabilities.is_network
    wanted = _spellings(query.record_id) if is_network else {query.record_id}
    ids = [[_ids_of(each, query.entry_type) for each in one.results] for one in answer.result_sets]
    told = [each for listed in ids for each in listed]
    has_match = any(each & wanted for each in told)
    if any(told) and not has_match:
        return inconsistent(OTHERS)
    most = _most(answer, query, member, is_network=is_network)
    if not has_match:
        counted = max(_counted(answer), len(told))
        if most is not None and counted > most:
            return inconsistent(f"it says yes, but counts {counted} for one record")
        return _counted_once(answer, query, is_network=is_network)
    sets = tuple(
        _kept(one, [bool(each & wanted) for each in listed])
        for one, listed in zip(answer.result_sets, ids, strict=True)
    )
    count = answer.count
    if count is not None and most is not None and count > most:
        count = sum(bool(one.results) for one in sets)
    kept = msgspec.structs.replace(answer, count=count, result_sets=sets)
    return _counted_once(kept, query, is_network=is_network)


def _counted_once(answer: Answer, query: Query, *, is_network: bool) -> Answer:
    """Count a record that several data sets share once; a variant is counted in each of them."""
    if answer.count is None or is_network or query.entry_type == GENOMIC_VARIANT:
        return answer
    return msgspec.structs.replace(answer, count=1, is_count_exact=True)


def _most(
    answer: Answer, query: Query, member: RegisteredMember, *, is_network: bool
) -> int | None:
    """Give how often one record may be counted; None where that cannot be told."""
    places = [1, sum(one.exists is Exists.YES for one in answer.result_sets)]
    if query.entry_type == GENOMIC_VARIANT:
        places.append(len(member.capabilities.data_sets))
    if is_network:
        if not answer.leaves and not member.capabilities.leaves:
            return None
        places.append(sum(leaf.ending is LeafEnding.FOUND for leaf in answer.leaves))
        places.append(0 if answer.leaves else len(member.capabilities.leaves))
    return max(places)


def _counted(answer: Answer) -> int:
    """Give what the answer counts: in total, else in the data set that counts most."""
    if answer.count is not None:
        return answer.count
    return max((one.count or 0 for one in answer.result_sets), default=0)


def _kept(one: ResultSet, are_wanted: Sequence[bool]) -> ResultSet:
    """Keep the matching records of a data set; with others only, it has not said anything."""
    records = tuple(record for record, is_it in zip(one.results, are_wanted, strict=True) if is_it)
    if records:
        count = None if one.count is None else len(records)
        return msgspec.structs.replace(one, results=records, count=count)
    if not one.results:
        return one if (one.count or 0) < 2 else msgspec.structs.replace(one, count=None)
    return msgspec.structs.replace(
        one, exists=Exists.UNKNOWN, count=None, frequency=None, results=()
    )


def _spellings(record_id: str) -> set[str]:
    """Give what a network may call a record: `beacon~id` means `id` at one of its beacons."""
    parts = record_id.split("~")
    return {"~".join(parts[number:]) for number in range(len(parts))}


def _ids_of(record: msgspec.Raw, entry_type: str) -> set[str]:
    """Read the ids a record has; a variant has many, an individual may come as a phenopacket."""
    try:
        read = _DECODER.decode(record)
    except (ValueError, RecursionError):
        return set()
    named = [read.id]
    if entry_type == GENOMIC_VARIANT:
        named += [read.variant_internal_id, *_texts(read.identifiers, MAX_LEVELS)]
    elif isinstance(read.subject, dict):
        named.append(read.subject.get("id"))
    return {name for one in named if (name := id_of(one)) is not None}


def _texts(value: Any, levels: int) -> list[Any]:
    if isinstance(value, dict):
        value = list(value.values())
    if not isinstance(value, list):
        return [value]
    return [text for one in value for text in _texts(one, levels - 1)] if levels else []
