"""The filters the members say they take, joined, and those of one entry type or data set."""

import asyncio
from collections.abc import Sequence

from aiohttp import web

from aggregator.api.context import api_of
from aggregator.api.http import respond
from aggregator.api.questions import parameters_of, sentences
from aggregator.api.ratelimit import hook_of
from aggregator.api.targets import target_at
from aggregator.base.errors import BadQuery, NotFound
from aggregator.protocol.documents_info import filtering_terms_document
from aggregator.protocol.network_terms import holders_of
from aggregator.protocol.requests_terms import read_terms_request
from registry.snapshot import RegisteredMember


async def filtering_terms(request: web.Request) -> web.Response:
    """List the filters that members say they take, and who takes which."""
    return await _answer(request)


async def filtering_terms_below(request: web.Request) -> web.Response:
    """List the filters for one entry type, or of the members that have one data set or cohort."""
    target = target_at(request)
    if target.record_id is None:
        return await _answer(request, entry_type=target.entry_type)
    return await _answer(request, holding=(target.entry_type, target.record_id))


async def _answer(
    request: web.Request,
    *,
    entry_type: str | None = None,
    holding: tuple[str, str] | None = None,
) -> web.Response:
    api = api_of(request)
    snapshot = api.holder.current
    members: Sequence[RegisteredMember] = snapshot.members
    parameters, problems = await parameters_of(request)
    asked = read_terms_request(parameters)
    problems += asked.problems
    if problems:
        raise BadQuery(sentences(problems))
    if holding is not None:
        members = holders_of(members, *holding)
        if not members:
            raise NotFound(f"No member of this network is known to have {_named(*holding)}.")
    await hook_of(request)(1)  # sends nothing, but is joined of what every member lists
    joined = await api.terms.joined(
        snapshot, members, entry_type=entry_type, shared_by_all=asked.shared_by_all
    )

    def write() -> web.Response:
        return respond(
            filtering_terms_document(api.identity, joined, asked.pagination, asked.warnings)
        )

    return await asyncio.to_thread(write)


def _named(entry_type: str, record_id: str) -> str:
    return f"the {entry_type} “{record_id}”"
