"""`/admin/api`: what operators do, for programs."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from functools import wraps
from typing import Any, Final

from aiohttp import web

from aggregator.api import admin_offices
from aggregator.api.admin_bodies import (
    NoBody,
    NoteBody,
    OrderBody,
    PauseBody,
    body_of,
    checked_contact,
    id_in_path,
    plain,
)
from aggregator.api.admin_shown import (
    differences_of,
    member_document,
    unknown_groups,
    whole_member_document,
)
from aggregator.api.context import Api, api_of
from aggregator.api.http import read_body, respond
from aggregator.api.middleware import Handler
from aggregator.api.operators import calling_operator
from aggregator.base.errors import BadQuery
from registry.records import MemberRecord, MemberState

Call = Callable[[web.Request, str], Awaitable[web.Response]]
"""A handler that is told which operator calls."""

_MOST_NOTE: Final = 500


def add_routes(router: web.UrlDispatcher) -> None:
    """Add the paths."""
    for method, path, call in _MEMBERS + admin_offices.CALLS:
        router.add_route(method, f"/admin/api/{path}", _for_operators(call))


def _for_operators(call: Call) -> Handler:
    """Let only operators call, and nobody keep what they are told."""

    @wraps(call)
    async def checked(request: web.Request) -> web.Response:
        by = await calling_operator(request)
        response = await call(request, by)
        response.headers["Cache-Control"] = "no-store"
        return response

    return checked


async def list_members(request: web.Request, _: str) -> web.Response:
    """List every member of whatever state (`?state=pending`), in registry order."""
    api = api_of(request)
    state = request.query.get("state", "")
    if state and state not in {*MemberState}:
        raise BadQuery([f"state: one of {', '.join(MemberState)}, or left out for all"])
    await api.registry.force()
    held = api.registry.store.records.values()
    told = [member_document(record) for record in held if state in {"", record.state.value}]
    return respond({"members": told})


async def add_member(request: web.Request, by: str) -> web.Response:
    """Add a member at once: an entry, in which operators may set every field, and `contact`."""
    api = api_of(request)
    document = await read_body(request)
    contact = checked_contact(document.pop("contact", ""))
    _refuse_unknown_groups(api, document)
    record = await api.registry.steward.add(document, by=by, contact=contact)
    where = {"Location": f"/admin/api/members/{record.id}", "ETag": _tag(record)}
    return respond(whole_member_document(record), status=201, headers=where)


async def show_member(request: web.Request, _: str) -> web.Response:
    """Give everything that is known of a member."""
    return _shown(await api_of(request).registry.steward.record(id_in_path(request)))


async def edit_member(request: web.Request, by: str) -> web.Response:
    """Change fields of an entry; null puts a field back to its default.

    With `If-Match: "…"`, the `updatedAt` of what was read, a change made since is a conflict.
    """
    api = api_of(request)
    document = await read_body(request)
    contact = checked_contact(document.pop("contact")) if "contact" in document else None
    _refuse_unknown_groups(api, document)
    record = await api.registry.steward.edit(
        id_in_path(request), document, by=by, contact=contact, as_of=_as_of(request)
    )
    return _shown(record)


async def remove_member(request: web.Request, by: str) -> web.Response:
    """Take a member out of the network (`?note=why`); it can be restored."""
    note = request.query.get("note", "")
    try:
        plain(note)
    except ValueError as error:
        raise BadQuery([f"note: {error}"]) from None
    if len(note) > _MOST_NOTE:
        raise BadQuery([f"note: at most {_MOST_NOTE} characters"])
    return _shown(
        await api_of(request).registry.steward.remove(id_in_path(request), by=by, note=note)
    )


async def approve(request: web.Request, by: str) -> web.Response:
    """Let a member in that waits, or a change of its own that waits; `If-Match` as in an edit."""
    await body_of(request, NoBody)
    steward = api_of(request).registry.steward
    return _shown(await steward.approve(id_in_path(request), by=by, as_of=_as_of(request)))


async def reject(request: web.Request, by: str) -> web.Response:
    """Turn away a member that waits, or a change that waits; `If-Match` as in an edit."""
    told = await body_of(request, NoteBody)
    steward, as_of = api_of(request).registry.steward, _as_of(request)
    return _shown(await steward.reject(id_in_path(request), by=by, note=told.note, as_of=as_of))


async def pause(request: web.Request, by: str) -> web.Response:
    """Stop asking a member for a while."""
    told = await body_of(request, PauseBody)
    steward = api_of(request).registry.steward
    return _shown(await steward.pause(id_in_path(request), by=by, until=told.until, note=told.note))


async def resume(request: web.Request, by: str) -> web.Response:
    """Ask a paused member again."""
    await body_of(request, NoBody)
    return _shown(await api_of(request).registry.steward.resume(id_in_path(request), by=by))


async def disable(request: web.Request, by: str) -> web.Response:
    """Switch a member off: named in every answer, never asked."""
    told = await body_of(request, NoteBody)
    return _shown(await switch(request, id_in_path(request), by=by, is_off=True, note=told.note))


async def enable(request: web.Request, by: str) -> web.Response:
    """Switch a member on again."""
    told = await body_of(request, NoteBody)
    return _shown(await switch(request, id_in_path(request), by=by, is_off=False, note=told.note))


async def restore(request: web.Request, by: str) -> web.Response:
    """Bring back a member that was removed."""
    await body_of(request, NoBody)
    return _shown(await api_of(request).registry.steward.restore(id_in_path(request), by=by))


async def new_key(request: web.Request, by: str) -> web.Response:
    """Give a member a new service key, shown here and never again; its earlier ones end."""
    await body_of(request, NoBody)
    member_id = id_in_path(request)
    key = await api_of(request).registry.keyring.rotate(member_id, by=by)
    return respond({"id": member_id, "serviceKey": key})


async def order(request: web.Request, by: str) -> web.Response:
    """Put these members first, in this order; gives the whole order."""
    told = await body_of(request, OrderBody)
    return respond({"order": list(await api_of(request).registry.steward.order(told.order, by=by))})


async def differences(request: web.Request, _: str) -> web.Response:
    """List what differs from the seed, with both values."""
    api = api_of(request)
    await api.registry.force()
    return respond(
        {
            "members": [
                {
                    "id": record.id,
                    "origin": record.origin,
                    "state": record.state.value,
                    "fields": {
                        one.name: {"registry": one.after, "seed": one.before}
                        for one in differences_of(record)
                    },
                }
                for record in api.registry.store.records.values()
                if record.declared is not None
                and (record.differences or record.state is not MemberState.ACTIVE)
            ]
        }
    )


async def switch(
    request: web.Request, member_id: str, *, by: str, is_off: bool, note: str = ""
) -> MemberRecord:
    """Switch a member off or on."""

    def alter(record: MemberRecord) -> MemberRecord:
        entry = record.entry.model_copy(update={"disabled": is_off})
        return replace(record, member=record.member.with_facts(entry=entry))

    action = "disable" if is_off else "enable"
    steward = api_of(request).registry.steward
    return await steward.amend(member_id, alter, by=by, action=action, note=note)


def _refuse_unknown_groups(api: Api, document: Mapping[str, Any]) -> None:
    groups = document.get("groups")
    if not isinstance(groups, list):
        return  # the entry itself says what is wrong with it
    if problems := unknown_groups(api.registry.store, [str(group) for group in groups]):
        raise BadQuery(problems)


def _as_of(request: web.Request) -> str | None:
    """Read If-Match; None for any state."""
    told = request.headers.get("If-Match", "").strip()
    if told in {"", "*"}:
        return None
    return told.removeprefix("W/").strip('"')


def _tag(record: MemberRecord) -> str:
    return f'"{record.updated_at}"'


def _shown(record: MemberRecord) -> web.Response:
    return respond(whole_member_document(record), headers={"ETag": _tag(record)})


_MEMBERS: Final[tuple[tuple[str, str, Call], ...]] = (
    ("GET", "members", list_members),
    ("POST", "members", add_member),
    ("GET", "members/{id}", show_member),
    ("PATCH", "members/{id}", edit_member),
    ("DELETE", "members/{id}", remove_member),
    ("POST", "members/{id}/approve", approve),
    ("POST", "members/{id}/reject", reject),
    ("POST", "members/{id}/pause", pause),
    ("POST", "members/{id}/resume", resume),
    ("POST", "members/{id}/disable", disable),
    ("POST", "members/{id}/enable", enable),
    ("POST", "members/{id}/restore", restore),
    ("POST", "members/{id}/key", new_key),
    ("PUT", "order", order),
    ("GET", "differences", differences),
)
