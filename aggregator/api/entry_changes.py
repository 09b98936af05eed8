"""What a member changes of its own entry, whichever way it says so: page, form or program."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import date, datetime
from typing import Any, Final

from aiohttp import web

from aggregator.api.context import api_of
from aggregator.api.http import base_url
from aggregator.api.join_forms import NEEDS_CONTACT, NOT_V0, without_nulls
from aggregator.api.join_report import checked_report, failures
from aggregator.api.taking_in import take_in
from aggregator.base.errors import BadQuery
from aggregator.base.i18n import N_
from registry.models import MemberEntry, Protocol
from registry.places import place_of, place_of_url
from registry.records import MemberRecord, MemberState, as_document
from registry.registration import Registration, checked_registration
from registry.snapshot import RegisteredMember

OWN: Final = tuple(name for name in Registration.model_fields if name != "contact")
"""What a member may say of itself."""
STATES: Final = {
    MemberState.PENDING: N_(
        "It waits for an operator of this network to let it in, and is not asked yet."
    ),
    MemberState.ACTIVE: N_("It is a member of this network."),
    MemberState.REJECTED: N_(
        "The operator of this network turned it away. Nothing can be changed here; write to them."
    ),
    MemberState.REMOVED: N_("It is no member any more and is not asked."),
}
WAITS: Final = N_(
    "It is a member of this network. Another address waits for an operator; until then it is asked "
    "at the one it had."
)

Admit = Callable[[], Awaitable[None]]
"""Awaited when a change is right in itself, before it is made; raises `BeaconError` against it."""


async def change(
    request: web.Request, member_id: str, body: Mapping[str, Any], admit: Admit
) -> MemberRecord:
    """Change fields of the entry; another address has to pass the check first.

    On another host it then waits for the operator, unless everybody may join here at once; always
    if a credential would go there, or from https to http.
    """
    api = api_of(request)
    record = await api.registry.steward.record(member_id)
    base = record.proposed or record.entry
    changes, contact = _checked(record, base, body)
    whole = {**_own_document(base), **changes, "dialect": base.dialect}
    wanted = MemberEntry.model_validate({key: one for key, one in whole.items() if one is not None})
    report = None
    if place_of(wanted) not in {place_of(record.entry), place_of(base)}:
        report = await checked_report(request, wanted.url, wanted.protocol.value)
        if not report.may_join:
            raise BadQuery([f"url: the check of {wanted.url} found: {_all(failures(report))}"])
    at_once = api.settings.registry.joining == "open" or is_same_host(record.entry.url, wanted.url)
    await admit()
    changed = await api.registry.steward.propose(
        member_id, changes, by=f"member:{member_id}", at_once=at_once, contact=contact
    )
    await take_in(api, changed, report)
    return changed


async def pause(
    request: web.Request, member_id: str, body: Mapping[str, Any], admit: Admit
) -> MemberRecord:
    """Stop being asked for a while."""
    problems = [
        f"{name}: unknown key; until and note can be given"
        for name in sorted(body.keys() - {"until", "note"})
    ]
    until, note = body.get("until") or None, body.get("note") or ""
    if not isinstance(note, str) or len(note) > 500:
        problems.append("note: a text of at most 500 characters")
    moment = _moment(until)
    if until is not None and moment is None:
        problems.append("until: a day, as 2030-12-31, or a moment, as 2030-12-31T08:00:00Z")
    if problems:
        raise BadQuery(problems)
    await admit()
    steward = api_of(request).registry.steward
    return await steward.pause(
        member_id, by=f"member:{member_id}", until=moment, note=str(note), as_member=True
    )


async def resume(
    request: web.Request, member_id: str, _: Mapping[str, Any], admit: Admit
) -> MemberRecord:
    """Be asked again."""
    await admit()
    steward = api_of(request).registry.steward
    return await steward.resume(member_id, by=f"member:{member_id}", as_member=True)


async def leave(
    request: web.Request, member_id: str, _: Mapping[str, Any], admit: Admit
) -> MemberRecord:
    """Leave the network."""
    await admit()
    return await api_of(request).registry.steward.remove(member_id, by=f"member:{member_id}")


def member_of(request: web.Request, record: MemberRecord) -> RegisteredMember:
    """Give the member with what this process knows of it at the moment."""
    current = api_of(request).holder.current.everyone_by_id.get(record.id)
    is_same = current is not None and current.entry == record.entry
    return current if current is not None and is_same else record.member


def entry_document(request: web.Request, record: MemberRecord) -> dict[str, Any]:
    """Write an entry for its owner: what was said, where it stands, what is known of it."""
    paused = record.entry.paused
    return {
        "id": record.id,
        "state": record.state.value,
        "message": STATES[record.state] if record.proposed is None else WAITS,
        "note": record.note if record.state is MemberState.REJECTED else "",
        "entry": _own_document(record.entry),
        "contact": record.contact,
        "proposed": None if record.proposed is None else _own_document(record.proposed),
        "paused": None if paused is None else paused.model_dump(mode="json"),
        "disabled": record.entry.disabled,
        "known": _known(member_of(request, record)),
        "createdAt": record.created_at,
        "updatedAt": record.updated_at,
        "manage": f"{base_url(request)}/manage/{record.id}",
    }


def is_same_host(here: str, there: str) -> bool:
    """Whether an address stays with whom it is; who gives up TLS does not."""
    is_bare = there.startswith("http:") and not here.startswith("http:")
    return _host(here) == _host(there) and not is_bare


def _known(member: RegisteredMember) -> dict[str, Any]:
    told = member.capabilities
    return {
        "lookedAt": None if told.fetched_at is None else told.fetched_at.isoformat(),
        "beaconId": told.beacon_id,
        "protocol": None if member.protocol is None else member.protocol.value,
        "apiVersion": told.api_version,
        "software": told.software,
        "assemblies": [one.value for one in member.assemblies],
        "entryTypes": None if told.entry_types is None else list(told.entry_types),
        "granularities": None if told.granularities is None else list(told.granularities),
        "dialect": member.dialect.model_dump(mode="json", exclude_defaults=True),
        "problems": list(told.problems),
        "testQuestions": list(member.probes),
    }


def _checked(
    record: MemberRecord, base: MemberEntry, body: Mapping[str, Any]
) -> tuple[dict[str, Any], str | None]:
    """Read a change; gives the fields, and the contact if it is told. Raises `BadQuery`."""
    problems = []
    told = dict(body)
    if "paused" in told:
        del told["paused"]
        problems.append("paused: send it to pause, or resume, below this address")
    # what an operator declared may go beyond what a registration can say
    own = _own_document(base)
    told = {name: one for name, one in told.items() if name not in OWN or own.get(name) != one}
    if told.get("protocol") == Protocol.V0:
        problems.append(NOT_V0)
        del told["protocol"]
    kept = {name: one for name, one in own.items() if name != "protocol"}
    whole = {**kept, "contact": record.contact, **told}
    try:
        read = checked_registration(without_nulls(whole))
    except BadQuery as error:
        raise BadQuery((*error.problems, *problems)) from None
    if read.id != record.id:
        problems.append("id: it cannot be changed; leave, and join with the other one")
    if record.contact and not read.contact:
        problems.append(NEEDS_CONTACT)
    if problems:
        raise BadQuery(problems)
    changes = {name: value for name, value in told.items() if name in OWN and name != "id"}
    return changes, read.contact if "contact" in told else None


def _own_document(entry: MemberEntry) -> dict[str, Any]:
    return {name: value for name, value in as_document(entry).items() if name in OWN}


def _host(url: str) -> str:
    """Name whose address this is; http and https at their own ports are one's."""
    return place_of_url(url).partition("/")[0]


def _moment(until: object) -> date | datetime | None:
    if not isinstance(until, str):
        return None
    for read in (date.fromisoformat, datetime.fromisoformat):
        try:
            return read(until.strip())
        except ValueError:
            continue
    return None


def _all(sentences: list[str]) -> str:
    return " ".join(one if one.endswith(".") else f"{one}." for one in sentences)
