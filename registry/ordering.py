"""The order in which members are shown and asked, as an operator puts it."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, insert, update

from aggregator.base.errors import BadQuery
from registry.database import Change
from registry.records import moment
from registry.rows import load_all, tell
from registry.seeding import ORDERED
from registry.tables import FACTS, MEMBERS


async def put_in_order(
    change: Change, ids: Sequence[str], *, by: str, now: datetime
) -> tuple[str, ...]:
    """Put these members first within a change; gives the whole order.

    Raises `BadQuery` that names every member that is not there.
    """
    held = {record.id: record for record in await load_all(change.connection)}
    if unknown := [member_id for member_id in ids if member_id not in held]:
        raise BadQuery([f"order: there is no member “{name[:80]}”" for name in unknown])
    first = dict.fromkeys(ids)
    wanted = (*first, *(member_id for member_id in held if member_id not in first))
    if wanted == tuple(held):
        return wanted
    for position, member_id in enumerate(wanted):
        if held[member_id].position != position:
            values = {"position": position, "revision": change.revision}
            chosen = MEMBERS.c.id == member_id
            await change.connection.execute(update(MEMBERS).where(chosen).values(**values))
    await change.connection.execute(delete(FACTS).where(FACTS.c.name == ORDERED))
    await change.connection.execute(insert(FACTS).values(name=ORDERED, value=moment(now)))
    await tell(
        change,
        now=now,
        by=by,
        action="order",
        subject="order",
        before={"order": list(held)},
        after={"order": list(wanted)},
    )
    return wanted
