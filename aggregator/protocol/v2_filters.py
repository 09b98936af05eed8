"""Passes the filters of a question on to members of Beacon v2, where they can know them.

Beacon v2.1.1 framework, requests/filteringTerms.json. Filters go as objects in a POST, which every
known server takes; in the address of a GET several servers misread them, and a scope cannot be
said at all. Members list the terms that occur in their data, not all they understand: with
descendants, a term below another of the same ontology may still find something.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from aggregator.model.outcome import NotAskedCode
from aggregator.model.query import Filter, Query
from aggregator.protocol.filters import filter_document
from aggregator.protocol.wire import NotAsked
from registry.snapshot import RegisteredMember

SAME_FIELD: Final = (
    "filters on one field are joined by AND at some members and OR at others: compare with care"
)
MAX_NAMED: Final = 10
"""How many filters a sentence names."""

_OPERATORS: Final = frozenset("<>=!")


def is_posted(query: Query, member: RegisteredMember) -> bool:
    """Whether the question goes by POST: as the dialect says, and filters wherever it can."""
    method = member.dialect.method
    return method == "POST" or (bool(query.filters) and method is None)


def refuse_filters(query: Query, member: RegisteredMember) -> NotAsked | None:
    """Say which filters the member does not take, or cannot be told."""
    if not query.filters:
        return None
    if "filters" in member.dialect.drop:
        return _refused("its software takes no filters")
    if member.filter_ids is not None and not member.filter_ids:
        return _refused("it says it takes no filters")
    unknown = [one for one in query.filters if not _may_know(one, member)]
    if unknown:
        return _refused(f"it does not list {_named(unknown)} among its filters")
    if not is_posted(query, member):
        unsayable = [one for one in query.filters if not _fits_an_address(one, query)]
        if unsayable:
            return _refused(
                f"takes filters in the address only, where {_named(unsayable)} cannot be said "
                "(a scope, a similarity, no descendants, or a comma)"
            )
    return None


def filter_objects(query: Query, member: RegisteredMember) -> list[dict[str, Any]]:
    """Write the filters for the body of a POST; only what was asked is told."""
    return [filter_document(_as_listed(one, member)) for one in query.filters]


def filter_texts(query: Query, member: RegisteredMember) -> str:
    """Write the filters for the address of a GET; `refuse_filters` has seen that they fit."""
    return ",".join(str(_as_listed(one, member)) for one in query.filters)


def filter_warnings(query: Query) -> tuple[str, ...]:
    """Warn of filters that members may join in different ways."""
    if len(query.filters) < 2:
        return ()
    fields = Counter(_field(one) for one in query.filters)
    return (SAME_FIELD,) if max(fields.values()) > 1 else ()


def unlisted(query: Query, member: RegisteredMember) -> str | None:
    """Name the filters the member does not list in so many words; None if it lists them all."""
    missing = [one for one in query.filters if _listed(one.id, member) is None]
    return _named(missing) if missing else None


def left_out(query: Query, warnings: Sequence[str]) -> str | None:
    """Name the filters a member's warnings are about: some servers leave out what they do not know.

    A yes is then one to a broader question (bycon's servers).
    """
    texts = [text.replace("_", ":") for text in warnings]
    named = [
        one for one in query.filters if any(one.id.replace("_", ":") in text for text in texts)
    ]
    return _named(named) if named else None


def _refused(message: str) -> NotAsked:
    return NotAsked(NotAskedCode.FILTER, message)


def _may_know(one: Filter, member: RegisteredMember) -> bool:
    """Whether a filter can mean something to the member, as far as its own list tells."""
    if member.filter_ids is None or _listed(one.id, member) is not None:
        return True
    if one.is_comparison or not one.include_descendants:
        return False
    return _prefix(one.id) in member.filter_prefixes


def _listed(identifier: str, member: RegisteredMember) -> str | None:
    """Give the member's own spelling of a filter it lists; `_` may stand for the first `:`."""
    known = member.filter_ids or frozenset()
    spellings = (identifier, identifier.replace("_", ":", 1), identifier.replace(":", "_", 1))
    return next((one for one in spellings if one in known), None)


def _prefix(identifier: str) -> str:
    """Give the ontology of a term, in lower case: `hp` of `HP:0001250`; empty for other ids."""
    prefix, colon, _ = identifier.partition(":")
    if not colon:
        prefix, colon, _ = identifier.partition("_")
    return prefix.lower() if colon else ""


def _field(one: Filter) -> tuple[str, str]:
    """Name what tells whether two filters are on one field: the field, or the ontology."""
    name = one.id if one.is_comparison else _prefix(one.id) or one.id
    return name, one.scope


def _fits_an_address(one: Filter, query: Query) -> bool:
    has_more = (
        one.scope not in {"", query.entry_type} or one.similarity or not one.include_descendants
    )
    is_read_otherwise = not one.is_comparison and bool(_OPERATORS & set(one.id))
    return not has_more and not is_read_otherwise and "," not in one.id + one.value


def _as_listed(one: Filter, member: RegisteredMember) -> Filter:
    """Spell a filter as the member lists it."""
    return replace(one, id=_listed(one.id, member) or one.id)


def _named(filters: list[Filter]) -> str:
    names = ", ".join(str(one)[:60] for one in filters[:MAX_NAMED])
    more = len(filters) - MAX_NAMED
    return f"{names} and {more} more" if more > 0 else names
