"""Health as documents, tables and text for programs. Null is "not known", never "no"."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from aggregator.api.badge_facts import moment_of
from aggregator.api.exports import safe_cell
from aggregator.api.health_drawings import Slot
from aggregator.api.health_facts import Certificate, MemberHealth, Now
from aggregator.api.health_history import LISTED, Incidents, MemberHistory, NetworkHistory
from aggregator.api.health_words import (
    certificate_words,
    share_words,
    state_words,
    times_words,
    trait_words,
)
from aggregator.api.naming import told_apart
from registry.controls import controls_document
from registry.health import Check
from registry.history import Figures, Kind, Uptime, Window
from registry.incidents import Incident
from registry.objectives import Objective

Document = dict[str, Any]
CSV_HEADER: Final = (
    *("id", "name", "state", "since", "traits", "cause", "paused_until", "checked_at"),
    *(f"{name}_{window.value}" for window in LISTED for name in ("uptime", "checks")),
    *("p50_ms_24h", "p95_ms_24h", "p99_ms_24h", "certificate_valid_until", "certificate_problem"),
    *("conformance_passed", "conformance_total"),
)
CHECKS_HEADER: Final = ("at", "result", "phase", "status", "ms", "message", "request_id")
_NAME: Final = 40
"""How many characters of a name a line of text shows."""


def network_document(
    board: Sequence[MemberHealth],
    shown: Sequence[MemberHealth],
    history: NetworkHistory,
    *,
    network_id: str,
    summary: str,
    total: int,
    every_s: float,
    base: str,
    older: str | None,
) -> Document:
    """Write how the network is doing, or the group that was asked for, which the board is then.

    `shown` are those of the board that were asked for, `total` is how many members there are,
    and `older` the address of incidents before these.
    """
    states = {state.value: sum(one.now is state for one in board) for state in Now}
    return {
        "networkId": network_id,
        "summary": summary,
        "states": states,
        "checkedAt": written(checked_at(board)),
        "everySeconds": every_s or None,
        "connection": {
            "isAway": history.cut is not None,
            "since": written(history.cut.began) if history.cut else None,
        },
        "total": total,
        "shown": len(shown),
        "members": [
            {
                **health_document(one),
                "uptime": {
                    window.value: figures_document(history.of(one.id, window)) for window in LISTED
                },
                "page": f"{base}/health/{one.id}",
            }
            for one in shown
        ],
        **_incidents(history.incidents, older),
    }


def health_document(one: MemberHealth) -> Document:
    """Write how a member is doing now."""
    cause = one.cause
    return {
        "id": one.id,
        "name": one.name,
        "state": one.now.value,
        "since": written(one.since),
        "checkedAt": written(one.checked_at),
        "traits": [trait.value for trait in one.traits],
        "cause": None if cause is None else check_document(cause),
        "paused": None
        if one.pause is None
        else {
            "until": one.pause.until.isoformat() if one.pause.until else None,
            "note": one.pause.note or None,
            "by": one.pause.by,
        },
        "certificate": _certificate(one.certificate),
        "conformance": None
        if one.conformance is None
        else {
            "passed": one.conformance.passed,
            "total": one.conformance.total,
            "checkedAt": written(one.conformance.at),
        },
    }


def member_document(
    one: MemberHealth,
    history: MemberHistory,
    *,
    base: str,
    window: Window,
    older: str | None,
) -> Document:
    """Write everything the page of a member says."""
    return {
        **health_document(one),
        "certificate": _certificate(one.certificate, with_chain=True),
        "uptime": {
            window.value: figures_document(figures) for window, figures in history.figures.items()
        },
        "questions": {
            window.value: figures_document(figures, Kind.QUESTION)
            for window, figures in history.questions.items()
        },
        "halfHours": [_slot(slot) for slot in history.half_hours],
        "days": [_slot(slot) for slot in history.days],
        "window": window.value,
        "chart": [_slot(slot, with_times=True) for slot in history.chart],
        "checks": [check_document(check) for check in history.checks],
        "controls": None if one.controls is None else controls_document(one.controls),
        "objectives": [_objective(each) for each in history.objectives],
        "notes": [{"at": written(note.at), "text": note.text} for note in one.notes],
        **_incidents(history.incidents, older),
        "page": f"{base}/health/{one.id}",
        "feed": f"{base}/members/{one.id}/feed.atom",
    }


def figures_document(figures: Figures, kind: Kind = Kind.CHECK) -> Document:
    """Write what is told of one window: of checks, or of questions."""
    uptime = figures.uptime
    told: Document = {"share": uptime.share}
    if kind is Kind.QUESTION:
        told |= {"answered": uptime.up, "failed": uptime.down, "timedOut": figures.timed_out}
    else:
        told |= _uptime(uptime)
    told["slow"] = figures.slow
    told |= {
        f"{name}Ms": None if value is None else round(value, 1)
        for name, value in (
            ("p50", figures.p50_ms),
            ("p95", figures.p95_ms),
            ("p99", figures.p99_ms),
        )
    }
    return told


def check_document(check: Check) -> Document:
    """Write one check."""
    return {
        "at": written(check.at),
        "result": check.result.value,
        "phase": check.phase.value if check.phase else None,
        "status": check.status,
        "ms": None if check.elapsed_ms is None else round(check.elapsed_ms, 1),
        "message": check.message or None,
        "request": check.request or None,
        "requestId": check.request_id or None,
    }


def incident_document(incident: Incident) -> Document:
    """Write one incident; who wrote its notes is not told."""
    return {
        "id": incident.id,
        "member": incident.member_id or None,
        "topic": incident.topic.value,
        "began": written(incident.began),
        "ended": written(incident.ended),
        "phase": incident.phase.value if incident.phase else None,
        "message": incident.message,
        "checks": incident.checks,
        "request": incident.request or None,
        "notes": [{"at": written(note.at), "text": note.text} for note in incident.notes],
    }


def csv_of(shown: Iterable[MemberHealth], history: NetworkHistory) -> str:
    """Write a table (RFC 4180) with a row for each member, the header first."""
    return _table(CSV_HEADER, (_row(one, history) for one in shown))


def checks_csv(checks: Iterable[Check]) -> str:
    """Write checks as a table (RFC 4180), newest first."""
    rows = (check_document(check) for check in checks)
    keys = ("at", "result", "phase", "status", "ms", "message", "requestId")
    return _table(CHECKS_HEADER, ([row[key] for key in keys] for row in rows))


def text_of(
    shown: Sequence[MemberHealth], history: NetworkHistory, *, summary: str, now: datetime
) -> str:
    """Write the list for a terminal."""
    lines = [summary, ""]
    names = told_apart(((one.id, one.name) for one in shown), _NAME)
    for one in shown:
        sign, word = state_words(one, now)
        figures = history.of(one.id, Window.DAY)
        told = [
            share_words(figures.uptime),
            times_words(figures),
            " ".join(certificate_words(one.certificate)) if one.certificate else "",
            *trait_words(one),
        ]
        line = f"{names[one.id]:{_NAME}} {sign} {word:16} {' · '.join(filter(None, told))}"
        lines.append(line.rstrip())
    return "\n".join(lines) + "\n"


def checked_at(board: Iterable[MemberHealth]) -> datetime | None:
    """Give when any member was checked last."""
    return max((one.checked_at for one in board if one.checked_at is not None), default=None)


def written(moment: datetime | None) -> str | None:
    """Write a moment in UTC to the second."""
    return None if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _row(one: MemberHealth, history: NetworkHistory) -> list[object]:
    day = history.of(one.id, Window.DAY)
    told: list[object] = [
        *(one.id, one.name, one.now.value, written(one.since)),
        " ".join(trait.value for trait in one.traits),
        one.cause.message if one.cause else None,
        one.pause.until.isoformat() if one.pause and one.pause.until else None,
        written(one.checked_at),
    ]
    for window in LISTED:
        uptime = history.of(one.id, window).uptime
        told += [None if uptime.share is None else f"{uptime.share:.6f}", uptime.checks]
    told += [
        None if value is None else round(value, 1) for value in (day.p50_ms, day.p95_ms, day.p99_ms)
    ]
    certificate, score = one.certificate, one.conformance
    told += [written(certificate.valid_until), certificate.found] if certificate else [None, None]
    return [*told, *((score.passed, score.total) if score else (None, None))]


def _table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(header)
    for row in rows:
        writer.writerow([safe_cell(value) for value in row])
    return out.getvalue()


def _uptime(uptime: Uptime) -> Document:
    return {
        "up": uptime.up,
        "down": uptime.down,
        "unknown": uptime.unknown,
        "paused": uptime.paused,
    }


def _slot(slot: Slot, *, with_times: bool = False) -> Document:
    told = {"start": written(slot.start), "is": slot.bar.value, **_uptime(slot.uptime)}
    told["slow"] = slot.slow
    if with_times:
        for name, value in (("p50Ms", slot.p50_ms), ("p95Ms", slot.p95_ms)):
            told[name] = None if value is None else round(value, 1)
    return told


def _incidents(incidents: Incidents, older: str | None) -> Document:
    return {
        "incidents": [incident_document(one) for one in incidents.shown],
        "olderIncidents": older,
    }


def _certificate(told: Certificate | None, *, with_chain: bool = False) -> Document | None:
    if told is None:
        return None
    chain = {"chain": [_part(one) for one in told.chain]} if with_chain else {}
    return {
        "validUntil": written(told.valid_until),
        "daysLeft": told.days,
        "problem": told.found,
        "message": told.message or None,
        "isSeen": told.is_seen,
        "endsFirst": told.ends_first,
        "issuer": told.issuer or None,
        "subject": told.subject or None,
        "names": list(told.names),
        "checkedAt": written(told.seen_at),
        **chain,
    }


def _part(one: Mapping[str, Any]) -> Document:
    return {
        "subject": one.get("subject"),
        "issuer": one.get("issuer"),
        "validFrom": written(moment_of(one.get("validFrom"))),
        "validUntil": written(moment_of(one.get("validUntil"))),
        "fingerprint": one.get("fingerprint"),
        "isUsed": one.get("isUsed"),
    }


def _objective(told: Objective) -> Document:
    return {
        "name": told.name.value,
        "target": told.target,
        "reached": told.reached,
        "counted": told.counted,
        "cutOff": told.cut_off,
        "isMet": told.is_met,
        "budgetLeft": told.budget_left,
        "minutesLeft": told.minutes_left,
    }
