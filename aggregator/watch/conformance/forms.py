"""The requests of a run: what the planner writes, with the options that a rule is about. Pure.

The planner leaves out what a member is known not to understand and sends what it needs itself;
here every option of the specification is sent, since the rules ask whether it is obeyed.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

import msgspec

from aggregator.model.query import Granularity, Include
from aggregator.protocol.planning import get, post
from aggregator.protocol.v2_forms import API_VERSION
from aggregator.protocol.wire import Request
from registry.capabilities import Capabilities
from registry.models import Dialect
from registry.snapshot import RegisteredMember

PLAIN_GET: Final = Dialect(method="GET")
PLAIN_POST: Final = Dialect(method="POST", parameters="nested", start="list")
"""How the specification writes a question of version 2, whose schema nests and lists."""
_OPTIONS: Final = ("requestedGranularity", "includeResultsetResponses", "skip", "limit")
_ROWS: Final = "includeDatasetResponses"


@dataclass(frozen=True, slots=True)
class Options:
    """What version 2 lets a client choose of the answer."""

    granularity: Granularity = Granularity.RECORD
    include: Include = Include.ALL
    skip: int = 0
    limit: int = 10


def with_options(request: Request, options: Options) -> Request:
    """Write a version 2 request with these options, in the form it has."""
    told: dict[str, Any] = {
        "requestedGranularity": options.granularity.value,
        "includeResultsetResponses": options.include.value,
    }
    page = {"skip": options.skip, "limit": options.limit}
    if request.body is None:
        return _with_parameters(request, {**told, **page}, _OPTIONS)
    body = msgspec.json.decode(request.body)
    body["query"] |= {**told, "pagination": page}
    return post(request.url, body)


def with_rows(request: Request, include: Include) -> Request:
    """Write a version 1 request that asks for these rows."""
    if request.body is None:
        return _with_parameters(request, {_ROWS: include.value}, (_ROWS,))
    return post(request.url, {**msgspec.json.decode(request.body), _ROWS: include.value})


def parameters_of(request: Request) -> dict[str, Any]:
    """Give the parameters of a flat request; of a POST those of its body."""
    if request.body is not None:
        body = msgspec.json.decode(request.body)
        return body if isinstance(body, dict) else {}
    return dict(parse_qsl(urlsplit(request.url).query, keep_blank_values=True))


def with_only(
    request: Request, parameters: Mapping[str, Any], put: Callable[[Mapping[str, Any]], Any]
) -> Request:
    """Write a request with these parameters alone, in the method it has.

    `put` makes the body of a POST of them.
    """
    url = request.url.partition("?")[0]
    return get(url, parameters.items()) if request.body is None else post(url, put(parameters))


def body_of(parameters: Mapping[str, Any], dialect: Dialect) -> dict[str, Any]:
    """Write parameters into the body of a version 2 question, in the form of a member."""
    told = dict(parameters)
    if dialect.start == "list" and "start" in told:
        told["start"] = [told["start"]]
    requested = {"g_variant": told} if dialect.parameters == "nested" else told
    query = {"requestParameters": requested, "requestedGranularity": "boolean"}
    return {"meta": {"apiVersion": API_VERSION}, "query": query}


def plainly_spoken(member: RegisteredMember, form: Dialect) -> RegisteredMember:
    """Give the member as one that is asked as the specification writes; its paths stay its own."""
    entry = member.entry.model_copy(
        update={"dialect": form.model_copy(update={"paths": member.dialect.paths})}
    )
    told: Capabilities = member.capabilities.model_copy(update={"software_dialect": Dialect()})
    return replace(member, entry=entry, capabilities=told, learned=Dialect())


def _with_parameters(
    request: Request, told: Mapping[str, Any], instead_of: tuple[str, ...]
) -> Request:
    asked = parse_qsl(urlsplit(request.url).query, keep_blank_values=True)
    kept = [(name, value) for name, value in asked if name not in instead_of]
    return get(request.url.partition("?")[0], [*kept, *told.items()])
