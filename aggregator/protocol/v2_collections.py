"""Reads collections of Beacon v2: lists of data sets and cohorts.

Beacon v2.1.1 framework, responses/beaconCollectionsResponse.json. Some servers send one object in
place of a list (bento's), some send collections where the model has result sets (`/datasets/{id}`
at EGA's servers), and some result sets where it has collections.
"""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from aggregator.model.answer import Collection, Exists, ResultSet
from aggregator.model.query import Granularity, Query
from aggregator.protocol.bodies import invalid_body
from aggregator.protocol.surface import lists_collections
from aggregator.protocol.tolerant import id_of
from aggregator.protocol.wire import Failure
from registry.models import Dialect
from registry.snapshot import RegisteredMember

NOTHING: Final = msgspec.Raw(b"null")
"""What stands for collections that are not there."""

_BRACE: Final = ord("{")
_LIST: Final = msgspec.json.Decoder(list[msgspec.Raw])


class _Origin(msgspec.Struct, rename="camel"):
    beacon_id: Any = None


_ORIGIN: Final = msgspec.json.Decoder(_Origin)


def collection_objects(told: msgspec.Raw) -> tuple[msgspec.Raw, ...] | Failure:
    """Give the objects of `response.collections`: a list, one object, or nothing."""
    if _is_object(told):
        return (told,)
    try:
        items = () if told == NOTHING else _LIST.decode(told)
    except ValueError:
        return invalid_body("its collections are not a list of objects")
    if not all(_is_object(item) for item in items):
        return invalid_body("its collections are not a list of objects")
    return tuple(items)


def placed(
    objects: Sequence[msgspec.Raw],
    sets: tuple[ResultSet, ...],
    query: Query,
    member: RegisteredMember,
    beacon_id: str | None,
) -> tuple[tuple[ResultSet, ...], tuple[Collection, ...]]:
    """Put what was listed where the question has it: as collections, or as result sets."""
    if lists_collections(query):
        collections = [Collection(raw=raw, beacon_id=_origin(raw, beacon_id)) for raw in objects]
        collections += [
            Collection(raw=raw, beacon_id=one.beacon_id or _origin(raw, beacon_id))
            for one in sets
            for raw in one.results
        ]
        return (), tuple(collections)
    if not objects:
        return sets, ()
    made = ResultSet(
        id=query.record_id or member.id,
        set_type=query.entry_type,
        exists=Exists.YES,
        results=tuple(objects),
    )
    return (*sets, made), ()


def count_listed(collections: Sequence[Collection], query: Query, dialect: Dialect) -> int | None:
    """Count collections where the total was not told: known only if the list holds them all.

    It does where the member has no pages, or sent fewer than the limit it was told.
    """
    if not collections or query.granularity is not Granularity.RECORD:
        return None
    if dialect.paging == "none":
        return len(collections)
    is_limited = not {"limit", "pagination"} & set(dialect.drop)
    is_short = is_limited and len(collections) < query.pagination.limit
    return len(collections) if is_short and query.pagination.skip == 0 else None


def _is_object(raw: msgspec.Raw) -> bool:
    return memoryview(raw)[0] == _BRACE


def _origin(raw: msgspec.Raw, own_beacon_id: str | None) -> str | None:
    """Give the beacon inside a network that a collection names as its own."""
    leaf = id_of(_ORIGIN.decode(raw).beacon_id)
    return leaf if leaf != own_beacon_id else None
