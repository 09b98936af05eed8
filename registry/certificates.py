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
MAX_CONDITIONS: Final = 20
"""So many conditions of one member are remembered, of however many certificates."""
_SHOWN: Final = 32
"""So much of a fingerprint tells certificates apart."""


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
    """When a problem of this certificate began: it may be mended in between, and bad again."""

    def key(self, member_id: str) -> str:
        """Give what is the same however often it is told."""
        told = f"{member_id}:certificate:{self.what}:{self.condition}:{self.certificate[:_SHOWN]}"
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
    """Say since when each condition holds, by `_condition_of`; `known` is of the look before.

    Several certificates may be served by turns: what was the matter with one that is not there at
    this look holds until it is, or until all is well. Empty for a condition that was there before
    this was kept.
    """
    there, now_as_kept = conditions(found, now), now.isoformat()
    own = str(found.get("fingerprint") or "")
    if known is None or not there:
        return {_condition_of(own, one): now_as_kept for one in there}
    kept = _kept_moments(known)
    since = {_condition_of(own, one): kept.get(_condition_of(own, one)) for one in there}
    is_same = str(known.get("fingerprint") or "") == own
    before = conditions(known, _moment(known.get("checkedAt")) or now) if is_same else ()
    for one in before:  # of one alone, as it was kept at first
        if one in there and since[_condition_of(own, one)] is None:
            since[_condition_of(own, one)] = kept.get(one, "")
    others = [one for one in kept.items() if ":" in one[0] and one[0].split(":")[0] != own[:_SHOWN]]
    latest = sorted(others, key=lambda one: one[1])[-(MAX_CONDITIONS - len(since)) :]
    return dict(latest) | {one: now_as_kept if at is None else at for one, at in since.items()}


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
            since="" if one in thresholds else str(since.get(_condition_of(own, one), "")),
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


def _condition_of(fingerprint: str, condition: str) -> str:
    return f"{fingerprint[:_SHOWN]}:{condition}"


def _kept_moments(document: Mapping[str, Any]) -> dict[str, str]:
    told = document.get("since")
    return {str(one): str(at) for one, at in told.items()} if isinstance(told, Mapping) else {}


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
