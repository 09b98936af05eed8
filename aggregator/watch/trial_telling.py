"""Makes incidents, traits and events of what certificates and controls show."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from registry.certificates import (
    ENDED,
    CertificateChange,
    conditions,
    days_left,
    in_order,
    sentence,
)
from registry.controls import ControlKind, ControlReport, ControlResult, ControlVerdict
from registry.health import Phase, Trait
from registry.health_book import HealthBook
from registry.incidents import Event, Topic
from registry.places import place_of
from registry.snapshot import RegisteredMember

NOT_ASKED: Final = (
    "is asked no questions with a known answer any more: its answers are passed on as they are"
)
PASSES: Final = "answers the questions with a known answer rightly again"
GONE: Final = (
    "is not asked any more what it answered wrongly: its answers are passed on as they are"
)


class TrialTelling:
    """Writes into the book of the process that looks."""

    def __init__(self, book: HealthBook, now: Callable[[], datetime]) -> None:
        self._book = book
        self._now = now

    def certificate(
        self,
        member: RegisteredMember,
        document: Mapping[str, Any],
        changes: tuple[CertificateChange, ...],
    ) -> None:
        """Take in a look at a member's certificates; thresholds are told once for each of them."""
        now = self._now()
        there = conditions(document, now)
        if there:
            message = sentence(document, there[0], now)
            self._book.begin_incident(
                member.id, Topic.CERTIFICATE, at=now, message=message, text="", phase=Phase.TLS
            )
        elif document.get("isSeen"):
            text = in_order(document)
            self._book.end_incident(member.id, Topic.CERTIFICATE, at=now, text=text)
        left = days_left(document, now)
        for change in changes:
            if change.what == ENDED:  # the end of the incident tells it
                continue
            details: dict[str, str | int | float | None] = {
                "condition": change.condition,
                "validUntil": document.get("validUntil"),
                "daysLeft": None if left is None else int(left // 1),
            }
            key, topic = change.key(member.id), Topic.CERTIFICATE
            event = Event(key, member.id, topic, change.what, now, change.text, details=details)
            self._book.tell(event)

    def controls(
        self, member: RegisteredMember, before: ControlReport | None, report: ControlReport
    ) -> None:
        """Take in a round of a member's controls."""
        now, place = self._now(), place_of(member.entry)
        failed = [one for one in report.results if one.verdict is ControlVerdict.FAIL]
        self._book.call(member.id, place, Trait.UNTRUSTED, is_on=bool(failed), at=now)
        if not failed:
            text = GONE if _are_gone(before, report) else PASSES
            self._book.end_incident(member.id, Topic.CONTROL, at=now, text=text)
            return
        first = min(failed, key=lambda one: one.since)
        text = told(failed)
        self._book.begin_incident(
            member.id,
            Topic.CONTROL,
            at=first.since,
            message=text,
            text=text,
            request=first.request,
            details={"failed": len(failed), "variant": first.control.variant},
        )

    def failed_controls(self) -> set[str]:
        """Give the ids of members against whom it is held that they failed controls."""
        return self._book.held_against(Trait.UNTRUSTED, Topic.CONTROL)

    async def no_controls(self, member: RegisteredMember) -> None:
        """Take in that a member is asked no controls any more."""
        now, place = self._now(), place_of(member.entry)
        self._book.call(member.id, place, Trait.UNTRUSTED, is_on=False, at=now)
        self._book.end_incident(member.id, Topic.CONTROL, at=now, text=NOT_ASKED)


def told(failed: list[ControlResult]) -> str:
    """Say what a member fails, and what follows, without its name."""
    known = [one for one in failed if one.control.kind is ControlKind.KNOWN_YES]
    impossible = [one for one in failed if one.control.kind is ControlKind.IMPOSSIBLE]
    parts = []
    if known:
        parts.append(
            f"does not find {_named(known)}, which it is known to hold: its “no” is not passed on"
        )
    if impossible:
        parts.append(
            f"reports {_named(impossible)}, which cannot exist: its “yes” is marked as untrusted"
        )
    return "; ".join(parts)


def _are_gone(before: ControlReport | None, report: ControlReport) -> bool:
    """Whether a member failed controls before, and there are none of these any more."""
    known = () if before is None else before.results
    failed = {one.control for one in known if one.verdict is ControlVerdict.FAIL}
    return bool(failed) and failed.isdisjoint(one.control for one in report.results)


def _named(results: list[ControlResult]) -> str:
    control = results[0].control
    where = f", data set {control.dataset}" if control.dataset else ""
    more = f" and {len(results) - 1} more" if len(results) > 1 else ""
    return f"{control.variant} ({control.assembly}{where}){more}"
