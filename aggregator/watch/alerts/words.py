"""The words of messages: as JSON for programs, as subject and text for people."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from aggregator.watch.alerts.sending import Letter
from registry.alert_book import CONFIRM
from registry.alerts import LATE, OPERATOR, Delivery, Target

SCHEMA: Final = "beacon-alert-1"
"""Names the form of the JSON; another form gets another name."""
MOST_LINES: Final = 50
"""Of a message that tells many things, as text."""
_MOST_TEXT: Final = 1_000
_BEGINS: Final = {"ended": "Over", "reminder": "Still"}


@dataclass(frozen=True, slots=True)
class Place:
    """Where things are told about."""

    network: str
    """Its name."""
    url: str
    """Its public address; empty if it has none."""
    name_of: Callable[[str], str]
    """Gives the name of a member."""
    is_hidden: Callable[[str], bool]
    """Whether a member has no page of its own."""

    def member(self, member_id: str, owner: str) -> dict[str, Any] | None:
        """Say of which member something is told; None for the network itself."""
        if not member_id:
            return None
        page = f"/health/{member_id}"
        if self.is_hidden(member_id):
            is_operator = owner == OPERATOR
            page = f"/admin/members/{member_id}" if is_operator else f"/manage/{member_id}/health"
        url = f"{self.url}{page}" if self.url else None
        return {"id": member_id, "name": self.name_of(member_id), "url": url}


def letter(
    delivery: Delivery, target: Target, place: Place, now: datetime, *, links: Mapping[str, str]
) -> Letter:
    """Write a message; `links` are where a mail address confirms itself and unsubscribes."""
    told = delivery.document
    if told["type"] == CONFIRM:
        return Letter(delivery.id, f"Confirm alerts of {place.network}", _asked(place, links), b"")
    document = _document(told, target, place, now)
    document = {"schema": SCHEMA, "id": delivery.id, **document}
    document["network"] = {"name": place.network, "url": place.url or None}
    if told["type"] == "digest":
        document["more"] = told.get("more", 0)
        document["items"] = [_document(one, target, place, now) for one in told["items"]]
    body = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    subject = _one_line(f"[{place.network}] {document['text']}", 180)
    return Letter(delivery.id, subject, _text(document, place, links), body)


def test_document(now: datetime, target: Target) -> dict[str, Any]:
    """Write what a test sends."""
    return {
        "type": "test",
        "topic": None,
        "what": "test",
        "at": now.isoformat(),
        "text": "This is a test: alerts arrive here.",
        "member": "" if target.is_operators else target.owner,
    }


def _document(
    told: Mapping[str, Any], target: Target, place: Place, now: datetime
) -> dict[str, Any]:
    member = place.member(str(told.get("member") or ""), target.owner)
    is_late = now - datetime.fromisoformat(str(told["at"])) > LATE
    return {
        "type": told["type"],
        "topic": told.get("topic"),
        "what": told.get("what"),
        "at": told["at"],
        "late": is_late,
        "member": member,
        "incident": told.get("incident" if target.is_operators else "incident_id"),
        "text": _sentence(told, member, is_late=is_late),
        "details": told.get("details") or {},
    }


def _sentence(told: Mapping[str, Any], member: Mapping[str, Any] | None, *, is_late: bool) -> str:
    items = told.get("items")
    if items is not None:
        return _summary(told, items)
    text = _one_line(str(told.get("text") or ""), _MOST_TEXT)
    about = f"{_one_line(str(member['name']), 200)}: " if member else ""
    begin = _BEGINS.get(str(told.get("what")), "")
    if begin and text.lower().startswith(begin.lower()):
        begin = ""
    parts = [about + (f"{begin}: " if begin else "") + text]
    if is_late:
        parts.append(f"(Late: this is of {_moment(str(told['at']))}.)")
    return " ".join(parts)


def _summary(told: Mapping[str, Any], items: Sequence[Mapping[str, Any]]) -> str:
    here = {str(one.get("member")) for one in items if one.get("member")}
    members = told.get("members", len(here))
    number = len(items) + told.get("more", 0)
    about = "1 beacon" if members == 1 else f"{members:,} beacons"
    changes = "1 change" if number == 1 else f"{number:,} changes"
    return f"{changes} of {about}." if members else f"{changes}."


def _text(document: Mapping[str, Any], place: Place, links: Mapping[str, str]) -> str:
    lines = [str(document["text"]), ""]
    items = document.get("items") or ()
    lines += [f"- {_moment(one['at'])}: {one['text']}" for one in items[:MOST_LINES]]
    more = max(len(items) - MOST_LINES, 0) + document.get("more", 0)
    if more:
        lines.append(f"- and {more:,} more")
    if items:
        lines.append("")
    member = document.get("member")
    lines.append(f"When: {_moment(document['at'])}")
    if member and member["url"]:
        lines.append(f"More: {member['url']}")
    for name, value in (document.get("details") or {}).items():
        if value is not None:
            lines.append(f"{_one_line(str(name), 60)}: {_one_line(str(value), 500)}")
    if links.get("stop"):
        lines += ["", "-- ", f"{place.network} sends this because alerts were set up for this "]
        lines += [f"address. To get no more of them: {links['stop']}"]
    return "\n".join(lines) + "\n"


def _asked(place: Place, links: Mapping[str, str]) -> str:
    return (
        f"Somebody asked {place.network} to send alerts about Beacons to this address.\n\n"
        "If that was you, open this page within a week and press the button there:\n"
        f"{links.get('confirm', '')}\n\n"
        "If it was not, do nothing: nothing else will be sent.\n\n"
        "So that nobody can have this address asked again, open this page and press the button:\n"
        f"{links.get('never', '')}\n"
    )


def _moment(told: str) -> str:
    return f"{told[:16].replace('T', ' ')} UTC"


def _one_line(text: str, longest: int) -> str:
    """Give a text without line breaks and control characters."""
    plain = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return plain if len(plain) <= longest else f"{plain[: longest - 1]}…"
