"""Pages of operators beside members: groups, keys, the log of changes, lists to take in."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlencode

from aiohttp import web

from aggregator.api.admin_bodies import (
    LIST_FORMS,
    FollowBody,
    ImportBody,
    InvitationBody,
    checked_body,
)
from aggregator.api.admin_forms import NO_FORM, FormShown, Sent
from aggregator.api.admin_offices import (
    MOST_LINES,
    checked_group,
    lines_of_log,
    listed_by,
    number_of,
    taken_in,
)
from aggregator.api.admin_session import admin_page, done, sent_form
from aggregator.api.admin_shown import (
    changed_fields,
    known_groups,
    members_by_group,
    unknown_groups,
)
from aggregator.api.context import api_of
from aggregator.base.errors import BadQuery, BeaconError, RegistryUnavailable
from aggregator.watch.following import Imported
from registry.keys import KeyKind
from registry.records import AuditEntry

_LINES: Final = 50
_UNSURE: Final = "sure: tick this to say that you are sure; nothing was changed"
_NOTHING: Final = "Nothing was chosen."


@dataclass(frozen=True, slots=True)
class _Answer:
    """What came of a form that is shown at once instead of going back."""

    key: str = ""
    kind: str = ""
    imported: Imported | None = None


async def groups(request: web.Request, by: str) -> web.Response:
    """Show every group, and forms to describe them."""
    return await _groups(request, by)


async def change_groups(request: web.Request, by: str) -> web.Response:
    """Describe a group or drop its description."""
    sent = await sent_form(request)
    choice, book = sent.text("do"), api_of(request).registry.groups
    try:
        if choice == "describe":
            await book.describe(checked_group(_group(sent)), by=by)
        elif choice == "drop":
            if sent.text("sure") != "yes":
                raise BadQuery([_UNSURE])
            await book.drop(sent.text("id"), by=by)
        else:
            raise BadQuery([_NOTHING])
    except RegistryUnavailable:
        raise
    except BeaconError as error:
        name = sent.text("which") or choice
        return await _groups(request, by, FormShown.failed(name, sent, error), error.status)
    return done(request, choice)


async def keys(request: web.Request, by: str) -> web.Response:
    """Show invitations and operators' tokens, and forms to make them."""
    return await _keys(request, by)


async def change_keys(request: web.Request, by: str) -> web.Response:
    """Make a key, which is shown this once, or revoke one."""
    sent = await sent_form(request)
    choice, keyring = sent.text("do"), api_of(request).registry.keyring
    try:
        if choice == "invite":
            days, uses = sent.number("days"), sent.number("uses")
            told = checked_body(
                InvitationBody, {"note": sent.text("note"), "days": days, "uses": uses}
            )
            key, _ = await keyring.invite(by=by, note=told.note, days=told.days, uses=told.uses)
            return await _keys(request, by, answer=_Answer(key=key, kind="invitation"))
        if choice == "appoint":
            name = sent.text("name")
            key, _ = await keyring.appoint(name, by=by)
            return await _keys(request, by, answer=_Answer(key=key, kind="operator"))
        if choice != "revoke":
            raise BadQuery([_NOTHING])
        await keyring.revoke(sent.text("key"), by=by)
    except RegistryUnavailable:
        raise
    except BeaconError as error:
        form = FormShown.failed(choice, sent, error)
        return await _keys(request, by, form=form, status=error.status)
    return done(request, "revoke")


async def log(request: web.Request, by: str) -> web.Response:
    """Show the log of changes, the newest first."""
    subject = request.query.get("subject", "").strip()
    problem, rest = "", None
    lines: tuple[AuditEntry, ...] = ()
    try:
        below = number_of(request, "below", 9_999_999_999)
        limit = number_of(request, "limit", MOST_LINES) or _LINES
        lines, rest = await lines_of_log(request, subject or None, below=below, limit=limit)
    except BadQuery as error:
        problem = error.message
    told = {"subject": subject} if subject else {}
    values = {
        "lines": [(line, changed_fields(line.before, line.after)) for line in lines],
        "subject": subject[:200],
        "problem": problem,
        "older": "" if rest is None else f"/admin/log?{urlencode({**told, 'below': rest})}",
        "newest": f"/admin/log?{urlencode(told)}" if "below" in request.query else "",
    }
    return admin_page(request, "admin_log.html", values, by=by, status=400 if problem else 200)


async def lists(request: web.Request, by: str) -> web.Response:
    """Show the registries that are followed, and forms to take lists in."""
    return await _lists(request, by)


async def change_lists(request: web.Request, by: str) -> web.Response:
    """Take a list in, or follow a registry, look at it now, or follow it no more."""
    sent = await sent_form(request)
    choice, follower = sent.text("do"), api_of(request).follower
    try:
        if choice == "import":
            imported = await _import(request, by, sent)
            return await _lists(request, by, answer=_Answer(imported=imported))
        if choice == "follow":
            await _follow(request, by, sent)
        elif choice == "unfollow":
            await follower.unfollow(sent.text("source"), by=by)
        elif choice == "look":
            await follower.look(sent.text("source"), by=by)
        else:
            raise BadQuery([_NOTHING])
    except RegistryUnavailable:
        raise
    except BeaconError as error:
        form = FormShown.failed(choice, sent, error)
        return await _lists(request, by, form=form, status=error.status)
    return done(request, choice)


async def _import(request: web.Request, by: str, sent: Sent) -> Imported:
    told = checked_body(
        ImportBody,
        {
            "url": sent.text("url") or None,
            "list": sent.text("list") or None,
            "form": sent.text("form"),
            "groups": [*sent.all("groups")],
            "waits": sent.text("waits") == "yes",
        },
    )
    return await taken_in(request, told, await listed_by(request, told), by=by)


async def _follow(request: web.Request, by: str, sent: Sent) -> None:
    api = api_of(request)
    told = checked_body(
        FollowBody,
        {
            "id": sent.text("id"),
            "url": sent.text("url"),
            "form": sent.text("form"),
            "groups": [*sent.all("groups")],
            "trusted": sent.text("trusted") == "yes",
        },
    )
    if problems := unknown_groups(api.registry.store, told.groups):
        raise BadQuery(problems)
    await api.follower.follow(
        told.id, told.url, by=by, form=told.form, groups=told.groups, is_trusted=told.trusted
    )


def _group(sent: Sent) -> Mapping[str, Any]:
    name, url = sent.text("organization_name"), sent.text("organization_url")
    organization = {"name": name, **({"url": url} if url else {})} if name or url else None
    return {
        "id": sent.text("id"),
        "name": sent.text("name"),
        "description": sent.text("description"),
        "opaque": sent.text("opaque") == "yes",
        "organization": organization,
    }


async def _groups(
    request: web.Request, by: str, form: FormShown = NO_FORM, status: int = 200
) -> web.Response:
    registry = api_of(request).registry
    await registry.force()
    store = registry.store
    members = members_by_group(store)
    known = known_groups(store)
    values = {
        "forms": {"new", *(f"{kind}-{group.id}" for group in known for kind in "gd")},
        "groups": [
            (
                group,
                group.id in store.groups,
                [store.records[one] for one in members.get(group.id, ())],
                {
                    "id": (group.id,),
                    "name": (group.name,),
                    "description": (group.description,),
                    "opaque": ("yes",) if group.opaque else (),
                    "organization_name": ((group.organization and group.organization.name) or "",),
                    "organization_url": ((group.organization and group.organization.url) or "",),
                },
            )
            for group in known
        ],
    }
    return admin_page(request, "admin_groups.html", values, by=by, form=form, status=status)


async def _keys(
    request: web.Request,
    by: str,
    *,
    form: FormShown = NO_FORM,
    status: int = 200,
    answer: _Answer | None = None,
) -> web.Response:
    now = datetime.now(UTC)
    held = await api_of(request).registry.keyring.keys()
    values = {
        "answer": answer or _Answer(),
        "invitations": _of(held, KeyKind.INVITATION, now),
        "operators": _of(held, KeyKind.OPERATOR, now),
        "has_configured": api_of(request).settings.security.admin_token is not None,
    }
    return admin_page(request, "admin_keys.html", values, by=by, form=form, status=status)


def _of(held: Any, kind: KeyKind, now: datetime) -> list[tuple[Any, str | None]]:
    return [(key, key.refusal(now)) for key in held if key.kind is kind]


async def _lists(
    request: web.Request,
    by: str,
    *,
    form: FormShown = NO_FORM,
    status: int = 200,
    answer: _Answer | None = None,
) -> web.Response:
    api = api_of(request)
    await api.registry.force()
    values = {
        "answer": answer or _Answer(),
        "followed": await api.follower.followed(),
        "forms": LIST_FORMS,
        "groups": known_groups(api.registry.store),
    }
    return admin_page(request, "admin_import.html", values, by=by, form=form, status=status)
