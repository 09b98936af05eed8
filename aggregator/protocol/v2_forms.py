"""Writes requests of Beacon v2 in the form a member takes: GET or POST, nested or flat.

Beacon v2.1.1 framework, requests/beaconRequestBody.json. A GET is flat, its lists joined by
commas; a POST is flat as well unless the dialect says nested, as the schema has it.

The granularity is the one of the question but for two cases: whether named data sets hold
something is told by their counts alone at many members, so that these are asked for; and of a
member without pages the records of a further page cannot be had, but a count still can.
"""

from collections.abc import Mapping
from typing import Any, Final

from aggregator.model.query import Granularity, Query
from aggregator.protocol.planning import asked_data_sets, get, post
from aggregator.protocol.v2_filters import filter_objects, filter_texts, is_posted
from aggregator.protocol.wire import Request
from registry.models import Dialect
from registry.snapshot import RegisteredMember

API_VERSION: Final = "2.0"
"""The version stated in the bodies of requests: compatible with every 2.x."""


def request_of(
    url: str, parameters: Mapping[str, Any], query: Query, member: RegisteredMember
) -> Request:
    """Write the request for an address; `parameters` hold the variant part, positions as lists."""
    if is_posted(query, member):
        return post(url, _body(parameters, query, member))
    return get(url, _flat(parameters, query, member).items())


def is_beyond_pages(query: Query, dialect: Dialect) -> bool:
    """Whether records of a further page are wanted, which the member cannot turn to.

    A `skip` counts pages of a `limit`: without the one, the other says nothing.
    """
    is_further = query.granularity is Granularity.RECORD and query.pagination.skip > 0
    is_unpaged = dialect.paging == "none" or {"skip", "limit", "pagination"} & set(dialect.drop)
    return is_further and bool(is_unpaged)


def _granularity(query: Query, dialect: Dialect) -> Granularity:
    """Give the granularity to ask a member for."""
    if is_beyond_pages(query, dialect):
        return Granularity.COUNT
    if query.dataset_ids and query.granularity is Granularity.BOOLEAN:
        return Granularity.COUNT
    return query.granularity


def _flat(parameters: Mapping[str, Any], query: Query, member: RegisteredMember) -> dict[str, str]:
    """Give the parameters of a GET: flat, lists joined by commas."""
    told: dict[str, Any] = {
        **parameters,
        **_options(query, member),
        **_pagination(query, member.dialect),
    }
    if data_sets := asked_data_sets(query, member):
        told["datasets"] = data_sets
    if query.filters:
        told["filters"] = filter_texts(query, member)
    rename = member.dialect.rename
    return {rename.get(name, name): _joined(value) for name, value in told.items()}


def _body(parameters: Mapping[str, Any], query: Query, member: RegisteredMember) -> dict[str, Any]:
    """Give the body of a POST, with the variant part nested (as the schema has it) or flat."""
    dialect = member.dialect
    is_nested = dialect.parameters == "nested"
    is_list = dialect.start == "list"
    variant = {
        dialect.rename.get(name, name): value[0]
        if isinstance(value, list) and len(value) == 1 and not is_list
        else value
        for name, value in parameters.items()
    }
    data_sets = list(asked_data_sets(query, member))
    requested: dict[str, Any] = {"g_variant": variant} if is_nested and variant else variant
    if data_sets:
        requested["datasets"] = {"datasetIds": data_sets} if is_nested else data_sets
    body: dict[str, Any] = {"requestParameters": requested} if requested else {}
    if query.filters:
        body[dialect.rename.get("filters", "filters")] = filter_objects(query, member)
    body |= _options(query, member)
    if pagination := _pagination(query, dialect):
        body["pagination"] = pagination
    return {"meta": {"apiVersion": API_VERSION}, "query": body}


def _options(query: Query, member: RegisteredMember) -> dict[str, Any]:
    options: dict[str, Any] = {
        "requestedGranularity": _granularity(query, member.dialect).value,
        "includeResultsetResponses": "ALL",
    }
    if query.test_mode:
        options["testMode"] = True
    return {name: value for name, value in options.items() if name not in member.dialect.drop}


def _pagination(query: Query, dialect: Dialect) -> dict[str, int]:
    """Give skip and limit, which only records need; `skip` counts pages unless told otherwise."""
    if _granularity(query, dialect) is not Granularity.RECORD or dialect.paging == "none":
        return {}
    skip, limit = query.pagination.skip, query.pagination.limit
    if dialect.paging == "records":
        skip *= limit
    told = {"skip": skip, "limit": limit} if skip else {"limit": limit}
    return {
        name: value for name, value in told.items() if not {name, "pagination"} & set(dialect.drop)
    }


def _joined(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, tuple)):
        return ",".join(str(item) for item in value)
    return str(value)
