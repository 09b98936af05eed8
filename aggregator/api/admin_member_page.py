"""`/admin/members/{id}`: everything that is known of a member, and all that can be done with it."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

from aiohttp import web

from aggregator.api.admin import switch
from aggregator.api.admin_bodies import PauseBody, checked_body, checked_contact, id_in_path
from aggregator.api.admin_forms import NO_FORM, FormShown, Sent, document_of, values_of
from aggregator.api.admin_offices import lines_of_log
from aggregator.api.admin_session import admin_page, done, sent_form
from aggregator.api.admin_shown import (
    changed_fields,
    differences_of,
    known_groups,
    proposed_changes,
    unknown_groups,
)
from aggregator.api.context import api_of
from aggregator.base.errors import BadQuery, BeaconError, Conflict, NotFound, RegistryUnavailable
from registry.models import Protocol
from registry.records import MemberRecord, MemberState

Action = Callable[[web.Request, str, str, Sent], Awaitable[str]]
"""Does something with a member for an operator and gives the code of what was done."""

_HISTORY: Final = 20


async def show(request: web.Request, by: str) -> web.Response:
    """Show everything that is known of a member."""
    return await _page(request, by)


async def change(request: web.Request, by: str) -> web.Response:
    """Do with a member what the form says."""
    sent = await sent_form(request)
    member_id, choice = id_in_path(request), sent.text("do")
    registry = api_of(request).registry
    try:
        if choice == "key":
            key = await registry.keyring.rotate(member_id, by=by)
            return await _page(request, by, key=key)
        action = _ACTIONS.get(choice)
        if action is None:
            raise BadQuery(["Nothing was chosen."])
        return done(request, await action(request, by, member_id, sent))
    except RegistryUnavailable:
        raise
    except BeaconError as error:
        await registry.steward.record(member_id)
        is_outdated = choice == "edit" and isinstance(error, Conflict) and not error.problems
        form = FormShown.failed(_FORMS.get(choice, choice), sent, error)
        if is_outdated:
            form = form.without("seen")  # who sends it again has been told
        return await _page(request, by, form=form, status=error.status)


async def _page(
    request: web.Request,
    by: str,
    *,
    form: FormShown = NO_FORM,
    status: int = 200,
    key: str = "",
) -> web.Response:
    registry = api_of(request).registry
    record = await registry.steward.record(id_in_path(request))
    await registry.force()
    lines, rest = await lines_of_log(request, record.id, below=None, limit=_HISTORY)
    order = _order(registry.store.records)
    values: dict[str, Any] = {
        "record": record,
        "member": record.member,
        "entry": record.entry,
        "key": key,
        "proposal": proposed_changes(record),
        "differences": differences_of(record),
        "history": [(line, changed_fields(line.before, line.after)) for line in lines],
        "is_longer": rest is not None,
        "values": values_of(record.entry, record.contact, record.updated_at),
        "seen": form.text("seen") or record.updated_at,
        "protocols": [one.value for one in Protocol],
        "groups": known_groups(registry.store),
        "place": order.index(record.id) + 1 if record.id in order else 0,
        "places": len(order),
    }
    return admin_page(request, "admin_member.html", values, by=by, form=form, status=status)


async def _approve(request: web.Request, by: str, member_id: str, sent: Sent) -> str:
    await api_of(request).registry.steward.approve(member_id, by=by, as_of=sent.text("seen"))
    return "approve"


async def _reject(request: web.Request, by: str, member_id: str, sent: Sent) -> str:
    steward = api_of(request).registry.steward
    await steward.reject(member_id, by=by, note=sent.note(), as_of=sent.text("seen"))
    return "reject"


async def _edit(request: web.Request, by: str, member_id: str, sent: Sent) -> str:
    registry = api_of(request).registry
    before = await registry.steward.record(member_id)
    document = document_of(sent)
    groups = [name for name in document["groups"] or () if name not in before.entry.groups]
    if problems := unknown_groups(registry.store, groups):
        raise BadQuery(problems)
    contact = checked_contact(sent.text("contact"))
    after = await registry.steward.edit(
        member_id, document, by=by, contact=contact, as_of=sent.text("seen")
    )
    return "edit" if after.updated_at != sent.text("seen") else "same"


async def _pause(request: web.Request, by: str, member_id: str, sent: Sent) -> str:
    told = checked_body(PauseBody, {"until": sent.text("until") or None, "note": sent.text("note")})
    steward = api_of(request).registry.steward
    await steward.pause(member_id, by=by, until=told.until, note=told.note)
    return "pause"


async def _resume(request: web.Request, by: str, member_id: str, _: Sent) -> str:
    await api_of(request).registry.steward.resume(member_id, by=by)
    return "resume"


async def _disable(request: web.Request, by: str, member_id: str, sent: Sent) -> str:
    await switch(request, member_id, by=by, is_off=True, note=sent.note())
    return "disable"


async def _enable(request: web.Request, by: str, member_id: str, _: Sent) -> str:
    await switch(request, member_id, by=by, is_off=False)
    return "enable"


async def _remove(request: web.Request, by: str, member_id: str, sent: Sent) -> str:
    if sent.text("sure") != "yes":
        raise BadQuery(["sure: tick this to say that you are sure; nothing was removed"])
    await api_of(request).registry.steward.remove(member_id, by=by, note=sent.note())
    return "remove"


async def _restore(request: web.Request, by: str, member_id: str, _: Sent) -> str:
    await api_of(request).registry.steward.restore(member_id, by=by)
    return "restore"


async def _up(request: web.Request, by: str, member_id: str, _: Sent) -> str:
    return await _move(request, by, member_id, steps=-1)


async def _down(request: web.Request, by: str, member_id: str, _: Sent) -> str:
    return await _move(request, by, member_id, steps=1)


async def _put(request: web.Request, by: str, member_id: str, sent: Sent) -> str:
    place = sent.number("place")
    if place is None or place < 1:
        raise BadQuery(["place: a whole number from 1"])
    return await _move(request, by, member_id, place=place - 1)


async def _move(
    request: web.Request, by: str, member_id: str, *, steps: int = 0, place: int | None = None
) -> str:
    """Move a member among those that are in the network or want to be."""
    registry = api_of(request).registry
    order = _order(registry.store.records)
    if member_id not in order:
        raise NotFound(f"“{member_id}” is not in the network, so it has no place in it.")
    wanted = order.index(member_id) + steps if place is None else place
    order.remove(member_id)
    order.insert(max(0, wanted), member_id)
    await registry.steward.order(order, by=by)
    return "order"


def _order(records: Any) -> list[str]:
    gone = {MemberState.REMOVED, MemberState.REJECTED}
    held: list[MemberRecord] = list(records.values())
    return [record.id for record in held if record.state not in gone]


_ACTIONS: Final[dict[str, Action]] = {
    "approve": _approve,
    "reject": _reject,
    "edit": _edit,
    "pause": _pause,
    "resume": _resume,
    "disable": _disable,
    "enable": _enable,
    "remove": _remove,
    "restore": _restore,
    "up": _up,
    "down": _down,
    "put": _put,
}
_FORMS: Final = {"approve": "decide", "reject": "decide", "up": "put", "down": "put"}
"""Forms with more than one button, by what the button says."""
