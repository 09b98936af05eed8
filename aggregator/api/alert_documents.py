"""Alert targets and what was sent to them, as JSON and as what pages show."""

from collections.abc import Mapping
from typing import Any, Final

from yarl import URL

from aggregator.base.i18n import N_
from registry.alert_standing import Failing
from registry.alerts import Delivery, Held, Kind, State, Target
from registry.incidents import Topic

TOPICS: Final[Mapping[Topic, str]] = {
    Topic.OUTAGE: N_("It does not answer, and answers again"),
    Topic.SLOW: N_("It became slow"),
    Topic.FLAPPING: N_("It keeps changing between answering and not"),
    Topic.SILENT: N_("It answers checks but not questions"),
    Topic.CERTIFICATE: N_("Its certificate ends soon"),
    Topic.CONFORMANCE: N_("It conforms less, or more, to the specification"),
    Topic.CONTROL: N_("It fails a question whose answer is known"),
    Topic.NETWORK: N_("This network's own connection was away"),
}
"""What can be told, in words."""
STATES: Final[Mapping[State, str]] = {
    State.HELD: N_("waits"),
    State.DUE: N_("is being sent"),
    State.SENT: N_("delivered"),
    State.JOINED: N_("told with others"),
    State.DROPPED: N_("not needed any more"),
    State.FAILED: N_("not delivered"),
}
WAITS: Final[Mapping[Held, str]] = {
    Held.NOTHING: "",
    Held.THRESHOLD: N_("until the outage has lasted long enough"),
    Held.QUIET: N_("until quiet hours end"),
    Held.GATHER: N_("for what belongs together"),
    Held.SHARE: N_("because many were sent within an hour"),
    Held.CUT: N_("until this network's own connection is back"),
}
MOST_SHOWN: Final = 100


def target_document(target: Target, failing: Failing | None, *, is_owners: bool) -> dict[str, Any]:
    """Write a target without its secret; others than its owner see no path of a webhook."""
    return {
        "id": target.id,
        "owner": target.owner,
        "kind": target.kind.value,
        "address": target.address if is_owners else plainly(target),
        "on": target.is_on,
        "offReason": target.off_reason,
        "confirmed": target.is_confirmed,
        "failing": None if failing is None else _failing_document(failing),
        **target.wishes.model_dump(mode="json", by_alias=True),
        "createdAt": target.created_at.isoformat(timespec="seconds"),
    }


def _failing_document(failing: Failing) -> dict[str, Any]:
    next_at = failing.next_at
    return {
        "since": failing.since.isoformat(timespec="seconds"),
        "result": failing.result,
        "nextAt": None if next_at is None else next_at.isoformat(timespec="seconds"),
    }


def plainly(target: Target) -> str:
    """Give the address without what may be a secret in it."""
    if target.kind is Kind.EMAIL:
        return target.address
    return f"{URL(target.address).origin()}/…"


def delivery_document(delivery: Delivery) -> dict[str, Any]:
    """Write what was sent, or is to be, and what came of it."""
    told = delivery.document
    is_waiting = delivery.state in {State.HELD, State.DUE}
    ended = delivery.ended_at
    return {
        "id": delivery.id,
        "type": told.get("type"),
        "topic": told.get("topic"),
        "what": told.get("what"),
        "member": told.get("member") or None,
        "text": text_of(delivery),
        "state": delivery.state.value,
        "waitsFor": delivery.held_for.value or None,
        "attempts": delivery.attempts,
        "result": delivery.result,
        "createdAt": delivery.created_at.isoformat(timespec="seconds"),
        "nextAt": delivery.next_at.isoformat(timespec="seconds") if is_waiting else None,
        "endedAt": None if ended is None else ended.isoformat(timespec="seconds"),
    }


def text_of(delivery: Delivery) -> str:
    """Say in a sentence what a message tells."""
    items = delivery.document.get("items")
    if items is not None:
        return f"{len(items) + delivery.document.get('more', 0):,} changes told together"
    return str(delivery.document.get("text", ""))
