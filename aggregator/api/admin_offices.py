"""`/admin/api` beside members: the log of changes, groups, keys, and lists to take members from."""

import asyncio
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

from aiohttp import web
from pydantic import ValidationError

from aggregator.api.admin_bodies import (
    AppointmentBody,
    FollowBody,
    ImportBody,
    InvitationBody,
    NoBody,
    body_of,
    checked_body,
    id_in_path,
)
from aggregator.api.admin_shown import (
    followed_document,
    group_documents,
    imported_document,
    log_documents,
    unknown_groups,
)
from aggregator.api.context import api_of
from aggregator.api.http import read_body, respond
from aggregator.base.errors import BadQuery
from aggregator.watch.following import Imported, Listed, read_list
from registry.keys import AccessKey, KeyKind
from registry.models import Group, describe_problems
from registry.records import AuditEntry

MOST_LINES: Final = 500
"""Lines of the log of changes in one answer."""
_LINES: Final = 100


async def log(request: web.Request, _: str) -> web.Response:
    """Give the log of changes, the newest first (`?subject=`, `?below=NUMBER`, `?limit=`)."""
    return await _log(request, request.query.get("subject") or None)


async def log_of_member(request: web.Request, _: str) -> web.Response:
    """Give the changes of one member, the newest first."""
    member_id = id_in_path(request)
    await api_of(request).registry.steward.record(member_id)
    return await _log(request, member_id)


async def lines_of_log(
    request: web.Request, subject: str | None, *, below: int | None, limit: int
) -> tuple[tuple[AuditEntry, ...], int | None]:
    """Read lines of the log of changes, and below which number the next page begins."""
    if subject is not None and not (subject.isprintable() and len(subject) <= 200):
        raise BadQuery(["subject: the id of a member, group:ID, key:ID or order"])
    journal = api_of(request).registry.journal
    lines = await journal.read(subject=subject, below=below, limit=limit + 1)
    shown = lines[:limit]
    return shown, shown[-1].number if len(lines) > limit else None


def number_of(request: web.Request, name: str, most: int) -> int | None:
    """Read a whole number from 1 of the address; None if it is not there."""
    text = request.query.get(name, "")
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) <= 10 and 0 < int(text) <= most):
        raise BadQuery([f"{name}: a whole number from 1 to {most:,}"])
    return int(text)


async def groups(request: web.Request, _: str) -> web.Response:
    """List every group that is described or that some member belongs to."""
    registry = api_of(request).registry
    await registry.force()
    return respond({"groups": group_documents(registry.store)})


async def describe_group(request: web.Request, by: str) -> web.Response:
    """Describe a group, or change its description; an opaque one is one member everywhere."""
    group = checked_group({**await read_body(request), "id": id_in_path(request, "group")})
    made = await api_of(request).registry.groups.describe(group, by=by)
    return respond(made.model_dump(mode="json"))


def checked_group(document: Mapping[str, Any]) -> Group:
    """Read a group; raises `BadQuery` naming every field that is wrong."""
    try:
        return Group.model_validate(dict(document))
    except ValidationError as error:
        raise BadQuery(describe_problems("", error.errors())) from None


async def drop_group(request: web.Request, by: str) -> web.Response:
    """Forget the description of a group; its members stay, and an opaque one opens."""
    await api_of(request).registry.groups.drop(id_in_path(request, "group"), by=by)
    return web.Response(status=204)


async def keys(request: web.Request, _: str) -> web.Response:
    """List invitations, operators' tokens and service keys; the keys themselves are not kept."""
    named = request.query.get("kind", "")
    if named and named not in {*KeyKind}:
        raise BadQuery([f"kind: one of {', '.join(KeyKind)}, or left out for all"])
    held = await api_of(request).registry.keyring.keys(KeyKind(named) if named else None)
    return respond({"keys": [key.document() for key in held]})


async def make_key(request: web.Request, by: str) -> web.Response:
    """Make an invitation or an operator's token, shown here and never again."""
    keyring = api_of(request).registry.keyring
    document = await read_body(request)
    kind = document.get("kind")
    made: tuple[str, AccessKey]
    if kind == KeyKind.OPERATOR.value:
        made = await keyring.appoint(checked_body(AppointmentBody, document).name, by=by)
    elif kind == KeyKind.INVITATION.value:
        told = checked_body(InvitationBody, document)
        made = await keyring.invite(by=by, note=told.note, days=told.days, uses=told.uses)
    else:
        raise BadQuery(["kind: invitation or operator"])
    key, kept = made
    return respond({"key": key, **kept.document()}, status=201)


async def revoke_key(request: web.Request, by: str) -> web.Response:
    """Make a key open nothing any more."""
    await api_of(request).registry.keyring.revoke(id_in_path(request, "key"), by=by)
    return web.Response(status=204)


async def take_in_list(request: web.Request, by: str) -> web.Response:
    """Add the members of a list that are not here yet, at once or (`waits`) to be approved.

    The body is `{url}` or `{list}` with `form`, `groups` and `waits`; or the list itself as CSV or
    YAML, with those in the address.
    """
    if request.content_type in {"text/csv", "application/yaml", "text/yaml", "text/plain"}:
        told = checked_body(ImportBody, _of_address(request))
        listed = await _read(await request.read(), told)
    else:
        told = await body_of(request, ImportBody)
        listed = await listed_by(request, told)
    return respond(imported_document(await taken_in(request, told, listed, by=by)))


async def listed_by(request: web.Request, told: ImportBody) -> Listed:
    """Read the list an import is about; raises `BadQuery`."""
    if (told.url is None) == (told.text is None):
        raise BadQuery(["url: give the address of a list here, or the list itself as `list`"])
    if told.url is not None:
        return await api_of(request).follower.fetch(told.url.strip(), form=told.form)
    return await _read((told.text or "").encode(), told)


async def _read(body: bytes, told: ImportBody) -> Listed:
    """Read a list; one in our own form, and said to be, is the operator's word for every field."""
    # a large list takes longer than questions should wait
    is_own = told.form == "seed"
    return await asyncio.to_thread(read_list, body, form=told.form, takes_all=is_own)


async def taken_in(request: web.Request, told: ImportBody, listed: Listed, *, by: str) -> Imported:
    """Take the members of a list in; raises `BadQuery` for a group that is not there."""
    api = api_of(request)
    if problems := unknown_groups(api.registry.store, told.groups):
        raise BadQuery(problems)
    return await api.follower.take_in(listed, by=by, groups=told.groups, waits=told.waits)


async def followed(request: web.Request, _: str) -> web.Response:
    """List the registries whose members are followed."""
    held = await api_of(request).follower.followed()
    return respond({"followed": [followed_document(one) for one in held]})


async def follow(request: web.Request, by: str) -> web.Response:
    """Take in a registry's members now and whenever they change."""
    api = api_of(request)
    told = await body_of(request, FollowBody)
    if problems := unknown_groups(api.registry.store, told.groups):
        raise BadQuery(problems)
    made = await api.follower.follow(
        told.id,
        told.url.strip(),
        by=by,
        form=told.form,
        groups=told.groups,
        is_trusted=told.trusted,
    )
    return respond(followed_document(made), status=201)


async def unfollow(request: web.Request, by: str) -> web.Response:
    """Follow a registry no more; its members stay."""
    await api_of(request).follower.unfollow(id_in_path(request, "followed registry"), by=by)
    return web.Response(status=204)


async def look_now(request: web.Request, by: str) -> web.Response:
    """Look at a followed registry now."""
    await body_of(request, NoBody)
    source_id = id_in_path(request, "followed registry")
    return respond(followed_document(await api_of(request).follower.look(source_id, by=by)))


async def _log(request: web.Request, subject: str | None) -> web.Response:
    below = number_of(request, "below", 9_999_999_999)
    limit = number_of(request, "limit", MOST_LINES) or _LINES
    lines, rest = await lines_of_log(request, subject, below=below, limit=limit)
    following = None
    if rest is not None:
        told = {"subject": subject, "below": rest, "limit": limit}
        if "id" in request.match_info:
            told.pop("subject")
        given = {name: value for name, value in told.items() if value is not None}
        following = f"{request.path}?{urlencode(given)}"
    headers = {} if following is None else {"Link": f'<{following}>; rel="next"'}
    return respond({"lines": log_documents(lines), "next": following}, headers=headers)


def _of_address(request: web.Request) -> dict[str, Any]:
    """Read what an import says in the address."""
    query = request.query
    told: dict[str, Any] = {name: query[name] for name in query if name not in {"groups", "waits"}}
    told["groups"] = [one for one in query.getall("groups", []) if one]
    waits = query.get("waits", "false")
    if waits not in {"true", "false"}:
        raise BadQuery(["waits: true or false"])
    return {**told, "waits": waits == "true"}


CALLS: Final = (
    ("GET", "log", log),
    ("GET", "members/{id}/log", log_of_member),
    ("GET", "groups", groups),
    ("PUT", "groups/{id}", describe_group),
    ("DELETE", "groups/{id}", drop_group),
    ("GET", "keys", keys),
    ("POST", "keys", make_key),
    ("DELETE", "keys/{id}", revoke_key),
    ("POST", "import", take_in_list),
    ("GET", "followed", followed),
    ("POST", "followed", follow),
    ("DELETE", "followed/{id}", unfollow),
    ("POST", "followed/{id}/look", look_now),
)
