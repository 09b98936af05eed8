"""New members meet those that are there, inside a transaction of the caller."""

from datetime import datetime
from typing import Final

from aggregator.base.errors import Conflict
from registry.database import Change
from registry.models import MemberEntry
from registry.places import place_of_url
from registry.records import MemberRecord, MemberState, is_operator, moment
from registry.rows import hides_behind, load, load_alike, next_position, save, tell
from registry.snapshot import RegisteredMember

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

    What an operator removed or turned away does not come back by registering again.
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
        if is_here and record.entry.protocol == entry.protocol:
            problems.append(f"url: a beacon at this address {STANDING[record.state]} already.")
    if problems:
        problems = list(dict.fromkeys(problems))
        raise Conflict(" ".join(problems), problems)


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
    """Write a new member, over a removed one of its id if there is any."""
    before = await load(change.connection, entry.id)
    at = moment(now)
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
