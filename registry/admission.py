"""New members meet those that are there, inside a transaction of the caller."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import select

from aggregator.base.errors import BadQuery, Conflict
from registry.database import Change
from registry.health_forgetting import forget_earlier
from registry.keys import revoke_service_keys
from registry.models import MEMBER_ID, OPERATOR_ONLY, MemberEntry
from registry.named import member_in, problem_of_ca_file, unknown_members
from registry.places import may_be_one, place_of_url
from registry.records import MemberRecord, MemberState, as_document, is_operator, moment
from registry.rows import hides_behind, load, load_alike, load_all, next_position, save, tell
from registry.snapshot import RegisteredMember
from registry.tables import GROUPS, MEMBERS

STANDING: Final = {
    MemberState.ACTIVE: "is a member",
    MemberState.PENDING: "has asked to join",
    MemberState.REJECTED: "was turned away",
    MemberState.REMOVED: "was removed",
}
"""How a member of each state stands to the network, in words."""


async def refuse_taken(
    change: Change, entry: MemberEntry, *, by: str, but: str | None = None
) -> None:
    """Refuse an id or address that another member has; raises `Conflict`.

    What an operator removed or turned away does not come back by registering again. Strangers
    are not told how who is there stands to the network: not everybody is listed.
    """
    problems = []
    if but is None and await hides_behind(change.connection, entry.id):
        problems.append(f"id: “{entry.id}” is taken; choose another one.")
    place = place_of_url(entry.url)
    for record in await load_alike(change.connection, entry):
        if record.id == but:
            continue
        is_gone = record.state is MemberState.REMOVED
        may_come_back = record.left_by == f"member:{record.id}" or is_operator(by)
        if is_gone and may_come_back and record.declared is None:
            continue
        is_here = place_of_url(record.entry.url) == place
        if record.id == entry.id:
            way = "restore it or choose" if is_gone and is_operator(by) else "choose"
            problems.append(f"id: “{entry.id}” is taken; {way} another one.")
        if is_here and may_be_one(record.entry.protocol, entry.protocol):
            there = f"{STANDING[record.state]}: “{record.id}”"
            known = there if is_operator(by) else "is registered here already"
            problems.append(f"url: a beacon at this address {known}.")
    if problems:
        problems = list(dict.fromkeys(problems))
        raise Conflict(" ".join(problems), problems)


async def refuse_unknown_groups(change: Change, names: Sequence[str]) -> None:
    """Refuse groups that nobody described and no member is in; raises `BadQuery`.

    A slip in a name would make a group of its own, and open an opaque one.
    """
    if not names:
        return
    described = select(GROUPS.c.id).where(GROUPS.c.is_removed.is_(False))
    known = set((await change.connection.execute(described)).scalars())
    if not known.issuperset(names):
        for record in await load_all(change.connection):
            known.update(record.entry.groups)
    if unknown := [name for name in names if name not in known]:
        raise BadQuery(
            [
                f"groups: there is no group “{name[:80]}”; describe it first (`groups set`, or "
                "/admin/groups)"
                for name in unknown
            ]
        )


async def refuse_missing(
    change: Change, entry: MemberEntry, before: MemberEntry | None = None
) -> None:
    """Refuse members and certificates that an entry names and nobody has; raises `BadQuery`.

    What it named `before` may have gone meanwhile, and stays.
    """
    named = [name for name in entry.same_as if before is None or name not in before.same_as]
    known = {member_in(name) for name in named if await _is_member(change, member_in(name))}
    problems = unknown_members(entry, named, known)
    if entry.ca_file is not None and (before is None or entry.ca_file != before.ca_file):
        problems.append(await asyncio.to_thread(problem_of_ca_file, entry.ca_file))
    if problems := list(filter(None, problems)):
        raise BadQuery(problems)


async def _is_member(change: Change, member_id: str) -> bool:
    """Whether a member of whatever state has this id, or an opaque group, which is one."""
    if not MEMBER_ID.fullmatch(member_id):
        return False
    rows = await change.connection.execute(select(MEMBERS.c.id).where(MEMBERS.c.id == member_id))
    is_here = rows.one_or_none() is not None
    return is_here or await hides_behind(change.connection, member_id)


async def put_new(
    change: Change,
    entry: MemberEntry,
    *,
    state: MemberState,
    origin: str,
    by: str,
    contact: str,
    now: datetime,
    action: str = "add",
) -> MemberRecord:
    """Write a new member, over a removed one of its id if there is any.

    Keys of that one open nothing any more, nobody is told of it, and what is known of another place
    is forgotten. Who left and registers again is bound to what an
    operator had set: it waits for one.
    """
    before = await load(change.connection, entry.id)
    at = moment(now)
    if before is not None:
        await revoke_service_keys(change, entry.id, now=now)
        await forget_earlier(change, before.entry, entry, now=now)
        if not is_operator(by) and (bound := _bound(before, entry)):
            entry, state = entry.model_copy(update=bound), MemberState.PENDING
            action = "ask to join"
    position = await next_position(change.connection)
    record = MemberRecord(
        member=RegisteredMember(entry),
        state=state,
        origin=origin,
        position=position if before is None else before.position,
        created_at=at,
        updated_at=at,
        contact=contact,
    )
    await save(change, record, is_new=before is None)
    await tell(
        change,
        now=now,
        by=by,
        action=action,
        subject=entry.id,
        before=None if before is None else before.document(),
        after=record.document(),
    )
    return record


def _bound(before: MemberRecord, entry: MemberEntry) -> dict[str, Any]:
    """Give what an operator had set of who left; empty if nothing was.

    What belongs to an address, as credentials do, does not go to another one.
    """
    old = before.entry
    set_here = {name for name in OPERATOR_ONLY if name in as_document(old)}
    if old.url != entry.url:
        set_here -= {"dialect", "token", "ca_file", "controls"}
    bound = {name: getattr(old, name) for name in set_here}
    if old.paused is not None and old.paused.by == "operator":
        bound["paused"] = old.paused
    return bound
