"""Reads a member's `/filtering_terms` (framework, beaconFilteringTermsResponse.json).

Known deviations of real members, each with a test: `type` missing or free text, `scope` for
`scopes` or neither, values that are objects, terms keyed by their id, and only a page of the terms
whatever limit was asked for.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from aggregator.protocol.entry_types import entry_type_of
from aggregator.protocol.member_document import named_items, response_of, text, texts
from aggregator.protocol.tolerant import count_of
from aggregator.protocol.v2_networks import network_of
from registry.capabilities import FilteringResource, FilteringTerm

MAX_TERMS: Final = 50_000
MAX_VALUES: Final = 1_000
MAX_RESOURCES: Final = 500


@dataclass(frozen=True, slots=True)
class MemberTerms:
    """The filters a member says it takes."""

    terms: tuple[FilteringTerm, ...] | None
    """None: only some are listed, so that what is not listed may be taken all the same."""
    resources: tuple[FilteringResource, ...] = ()
    problems: tuple[str, ...] = ()


def read_filtering_terms(document: Mapping[str, Any]) -> MemberTerms | None:
    """Read the filtering terms; None if the document lists none, not even an empty list."""
    response = response_of(document)
    listed = response.get("filteringTerms")
    if not isinstance(listed, (list, Mapping)):
        return None
    terms: dict[str, FilteringTerm] = {}
    for key, item in named_items(listed, MAX_TERMS):
        if (term := _term(key, item)) is not None:
            terms.setdefault(term.id, term)
    resources = tuple(
        resource
        for key, item in named_items(response.get("resources"), MAX_RESOURCES)
        if (resource := _resource(key, item)) is not None
    )
    if len(listed) > MAX_TERMS or _is_a_page(document, len(listed)):
        problem = "its /filtering_terms lists only some of its filters: any filter is asked"
        return MemberTerms(None, resources, (problem,))
    return MemberTerms(tuple(terms.values()), resources)


def _is_a_page(document: Mapping[str, Any], listed: int) -> bool:
    """Whether the document itself says that there are more terms than it lists.

    A network of this kind names the members whose terms it does not know.
    """
    told = network_of(document.get("info")).get("filteringTerms")
    if isinstance(told, Mapping) and told.get("notKnown"):
        return True
    summary = document.get("responseSummary")
    total = count_of(summary.get("numTotalResults")) if isinstance(summary, Mapping) else None
    if total is not None and total > listed:
        return True
    meta = document.get("meta")
    received = meta.get("receivedRequestSummary") if isinstance(meta, Mapping) else None
    paging = received.get("pagination") if isinstance(received, Mapping) else None
    limit = count_of(paging.get("limit")) if isinstance(paging, Mapping) else None
    return bool(limit) and listed >= (limit or 0)


def _term(key: str, item: Mapping[str, Any]) -> FilteringTerm | None:
    term_id = text(item.get("id")) or text(key)
    if term_id is None:
        return None
    named = texts(item.get("scopes") or item.get("scope"))
    scopes = [entry_type_of(name) for name in named]
    values = item.get("values")
    if isinstance(values, list):
        values = [
            one.get("id") or one.get("value") or one.get("label")
            if isinstance(one, Mapping)
            else one
            for one in values[:MAX_VALUES]
        ]
    return FilteringTerm(
        id=term_id,
        type=text(item.get("type")) or "",
        label=text(item.get("label")) or "",
        scopes=tuple(dict.fromkeys(scope for scope in scopes if scope is not None)),
        values=texts(values),
    )


def _resource(key: str, item: Mapping[str, Any]) -> FilteringResource | None:
    resource_id = text(item.get("id")) or text(key)
    if resource_id is None:
        return None
    # the documentation still writes `namespacePrefix`, the schema `nameSpacePrefix`
    prefix = item.get("nameSpacePrefix") or item.get("namespacePrefix")
    return FilteringResource(
        id=resource_id,
        name=text(item.get("name")) or "",
        url=text(item.get("url")) or "",
        version=text(item.get("version")) or "",
        namespace_prefix=text(prefix) or "",
        iri_prefix=text(item.get("iriPrefix")) or "",
    )
