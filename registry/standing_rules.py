"""Who may not change what just now: refusals that look at where a member stands."""

from typing import Final

from aggregator.base.errors import Conflict, Forbidden
from registry.admission import STANDING
from registry.records import MemberRecord, MemberState

GONE: Final = {MemberState.REJECTED, MemberState.REMOVED}
"""Where members stand that are none."""


def refuse_stale(record: MemberRecord, as_of: str | None) -> None:
    """Refuse a change of what somebody else changed meanwhile; raises `Conflict`."""
    if as_of is not None and record.updated_at != as_of:
        raise Conflict(
            f"{record.id} was changed by somebody else at {record.updated_at}, after you read it. "
            "Nothing was changed now: look at it again, then send your change."
        )


def refuse_gone(record: MemberRecord, *, as_member: bool) -> None:
    """Refuse what a member that is none any more would change; raises `Conflict`."""
    if as_member and record.state in GONE:
        raise Conflict(
            f"{record.id} {STANDING[record.state]}: there is nothing it can change here."
        )


def refuse_operators_pause(record: MemberRecord, *, as_member: bool) -> None:
    """Refuse that a member ends a pause of the operator's; raises `Forbidden`."""
    pause = record.entry.paused
    if as_member and pause is not None and pause.by == "operator":
        raise Forbidden("paused: the operator of this network paused it, and alone can end that.")
