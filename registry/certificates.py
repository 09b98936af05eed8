"""What is kept of the certificates a member serves, and what is told of them. Pure.

A chain lasts as long as the first of its certificates to end. Warnings come 21, 14 and 7 days
before that, each once for a certificate; not for one that never lasts so long: a certificate for
47 days is renewed with 15 left, and a warning 21 days before its end would say nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Final

FACT: Final = "certificate"
THRESHOLDS: Final = (7, 14, 21)
"""Days before the end, the most urgent first."""
_LEAST_SHARE: Final = 3
"""A threshold counts for certificates that last at least three times as long."""
EXPIRED: Final = "expired"
ENDED: Final = "ended"
BEGAN: Final = "began"


class Problem(StrEnum):
    """What is wrong with a chain, the word of the document."""

    NONE = "none"
    EXPIRED = "expired"
    NOT_YET = "not_yet"
    HOST = "host"
    UNTRUSTED = "untrusted"
    INCOMPLETE = "incomplete"


@dataclass(frozen=True, slots=True)
class CertificateChange:
    """Something to be told of a member's certificate."""

    what: str
    """`21`, `14`, `7`, `expired`, `began` (another problem), `ended` (all is well)."""
    condition: str
    """What is or was the matter: a threshold, or the word of a problem."""
    text: str
    """One sentence, without the name of the member."""
    certificate: str
    """The fingerprint of the member's own certificate; a threshold is told once for each."""
    since: str = ""
    """When a problem began: the same certificate may be served well in between, and badly again."""

    def key(self, member_id: str) -> str:
        """Give what is the same however often it is told."""
        told = f"{member_id}:certificate:{self.what}:{self.condition}:{self.certificate[:32]}"
        return f"{told}:{self.since}" if self.since else told


def days_left(document: Mapping[str, Any], now: datetime) -> float | None:
    """Say in how many days the chain ends, less than 0 after it; None where that is not known."""
    until = _moment(document.get("validUntil"))
    return None if until is None else (until - now) / timedelta(days=1)


def conditions(document: Mapping[str, Any], now: datetime) -> tuple[str, ...]:
    """Name all that is the matter with a chain at this moment, the most urgent first."""
    found = []
    problem = str(document.get("problem") or Problem.NONE)
    left = days_left(document, now)
    if problem == Problem.EXPIRED or (left is not None and left <= 0):
        found.append(EXPIRED)
    if problem not in {Problem.NONE, Problem.EXPIRED}:
        found.append(problem)
    if left is not None and left > 0 and EXPIRED not in found:
        lasts = _lasts_days(document)
        reached = (one for one in THRESHOLDS if left <= one and one * _LEAST_SHARE <= lasts)
        found += [str(one) for one in reached][:1]
    return tuple(found)


def beginnings(
    known: Mapping[str, Any] | None, found: Mapping[str, Any], now: datetime
) -> dict[str, str]:
    """Say since when each of the conditions of a chain holds; `known` is of the look before.

    Empty for one that was there before this was kept.
    """
    there = conditions(found, now)
    if known is None or known.get("fingerprint") != found.get("fingerprint"):
        return dict.fromkeys(there, now.isoformat())
    before = conditions(known, _moment(known.get("checkedAt")) or now)
    told = known.get("since")
    kept = told if isinstance(told, Mapping) else {}
    return {one: str(kept.get(one, "")) if one in before else now.isoformat() for one in there}


def certificate_changes(
    known: Mapping[str, Any] | None, found: Mapping[str, Any], now: datetime
) -> tuple[CertificateChange, ...]:
    """Say what is to be told after a look; `known` is what the look before gave.

    Thresholds that were skipped over are not told: only the nearest is. A `since` that is found
    says when its conditions began.
    """
    there = conditions(found, now)
    before: tuple[str, ...] = ()
    if known is not None:
        before = conditions(known, _moment(known.get("checkedAt")) or now)
    own = str(found.get("fingerprint") or "")
    is_other = known is not None and str(known.get("fingerprint") or "") != own
    told = found.get("since")
    since = told if isinstance(told, Mapping) else beginnings(known, found, now)
    thresholds = {str(one) for one in THRESHOLDS}
    changes = [
        CertificateChange(
            *(_what(one), one, sentence(found, one, now), own),
            since="" if one in thresholds else str(since.get(one, "")),
        )
        for one in there
        if is_other or one not in before
    ]
    if before and not there and found.get("isSeen"):
        old = str((known or {}).get("fingerprint") or "")
        changes.append(CertificateChange(ENDED, before[0], in_order(found), old))
    return tuple(changes)


def in_order(document: Mapping[str, Any]) -> str:
    """Say that all is well again, without the name of the member."""
    until = _moment(document.get("validUntil"))
    good = f", good until {until:%Y-%m-%d}" if until is not None else ""
    return f"serves a certificate that is in order again{good}"


def sentence(document: Mapping[str, Any], condition: str, now: datetime) -> str:
    """Say what is the matter, without the name of the member."""
    until = _moment(document.get("validUntil"))
    if condition in {EXPIRED, *map(str, THRESHOLDS)} and until is not None:
        which = _which_ends(document)
        if condition == EXPIRED:
            return f"{which} that ended on {until:%Y-%m-%d %H:%M} UTC"
        left = max(0, int((until - now) / timedelta(days=1)))
        days = "less than a day" if left == 0 else "1 day" if left == 1 else f"{left} days"
        return f"{which} that ends in {days}, on {until:%Y-%m-%d}"
    message = str(document.get("message") or condition)
    return f"serves a certificate that cannot be verified: {message}"


def _what(condition: str) -> str:
    told = {EXPIRED, *map(str, THRESHOLDS)}
    return condition if condition in told else BEGAN


def _which_ends(document: Mapping[str, Any]) -> str:
    at = document.get("endsFirst")
    chain = document.get("chain")
    if not isinstance(at, int) or at == 0 or not isinstance(chain, list) or at >= len(chain):
        return "serves a certificate"
    return f"serves a chain with a certificate (“{chain[at].get('subject')}”)"


def _lasts_days(document: Mapping[str, Any]) -> float:
    since, until = _moment(document.get("validFrom")), _moment(document.get("validUntil"))
    if since is None or until is None:
        return float("inf")
    return (until - since) / timedelta(days=1)


def _moment(told: object) -> datetime | None:
    try:
        read = datetime.fromisoformat(str(told)) if told else None
    except ValueError:
        return None
    return read.replace(tzinfo=UTC) if read is not None and read.tzinfo is None else read
