"""Reads what a path asks for, below `/api` and below `/network/explain`.

Paths are split before they are decoded: an id may hold an encoded slash.
"""

from typing import Final
from urllib.parse import unquote

from aiohttp import web

from aggregator.api.context import api_of
from aggregator.base.errors import NotFound
from aggregator.protocol.network_offer import nested_keys
from aggregator.protocol.surface import Target, target_of

ROOT: Final = "/api/"
EXPLAIN: Final = "/network/explain/"
ABOUT: Final = (
    "/info",
    "/service-info",
    "/configuration",
    "/map",
    "/entry_types",
    "/filtering_terms",
)
"""The documents of the network itself, below the root."""


def target_at(request: web.Request) -> Target:
    """Say what the path of a request asks for; raises `NotFound` with the paths there are."""
    segments = segments_of(request)
    members = api_of(request).holder.current.members
    target = target_of(segments, nested_keys(members) if len(segments) > 2 else ())
    if isinstance(target, str):
        raise NotFound(f"{target} About the network itself: {', '.join(ABOUT)}.")
    return target


def question_at(request: web.Request) -> Target:
    """Say what the path of a question asks for; raises `NotFound` also for what is no question."""
    target = target_at(request)
    if target.is_filtering_terms:
        raise NotFound("The filtering terms are known here: they are no question to the members.")
    return target


def segments_of(request: web.Request) -> list[str]:
    """Split the path below the root into its decoded segments."""
    path = request.rel_url.raw_path
    if path.startswith(EXPLAIN):
        path = "/" + path.removeprefix(EXPLAIN).lstrip("/")
        below = path.removeprefix(ROOT).removeprefix("/")
    else:
        below = path.removeprefix(ROOT)
    try:
        return [unquote(part, errors="strict") for part in below.split("/")]
    except UnicodeDecodeError:
        raise NotFound("The path is not UTF-8.") from None
