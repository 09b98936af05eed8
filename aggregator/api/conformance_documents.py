"""What is known of a member's conformance, put together from what is kept, and as JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from aggregator.watch.conformance.history import (
    Drift,
    a_week_before,
    differences,
    read_moment,
    score_of,
    was_in_words,
)
from aggregator.watch.conformance.keeper import ConformanceKeeper
from aggregator.watch.conformance.report import moment
from aggregator.watch.conformance.rules import EVERY_RULE
from aggregator.watch.conformance.runner import can_be_judged
from registry.health_store import HealthStore
from registry.snapshot import RegisteredMember

MOST_RUNS: Final = 100
SHOWN_RUNS: Final = 20
_EMPTY: Final[Mapping[str, Any]] = {
    **dict.fromkeys(("fix", "expected", "got", "request"), ""),
    "deviations": (),
}


@dataclass(frozen=True, slots=True)
class Changes:
    """What is different from an earlier run."""

    since: datetime | None
    failing: tuple[str, ...]
    holding: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Run:
    """One run of the history, with what it changed."""

    at: datetime
    score: tuple[int, int]
    version: str
    changes: Changes | None
    """None: it is the oldest that is kept."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of one member."""

    member: RegisteredMember
    document: Mapping[str, Any]
    """What the last run left; empty before the first."""
    runs: tuple[Run, ...]
    next_at: datetime | None
    is_looked_at: bool
    week: Changes | None

    @property
    def is_group(self) -> bool:
        """Whether it stands for members that are not told."""
        return bool(self.member.inside)

    @property
    def has_rules(self) -> bool:
        """Whether there are rules for what it speaks, or that is not known yet."""
        return self.member.protocol is None or can_be_judged(self.member)

    @property
    def at(self) -> datetime | None:
        """When it was last judged."""
        return read_moment(self.document.get("at"))

    @property
    def score(self) -> tuple[int, int] | None:
        """How many rules hold of how many."""
        return score_of(self.document)

    @property
    def drift(self) -> Drift | None:
        """The rules that held and fail now."""
        return Drift.read(self.document.get("drift"))

    @property
    def tried(self) -> Mapping[str, Any] | None:
        """The last run that could not be completed, where none was since."""
        told = self.document.get("tried")
        return told if isinstance(told, Mapping) else None

    def those(self, verdict: str) -> list[Mapping[str, Any]]:
        """Give the rules that ended so, with what was found."""
        return [
            {**_EMPTY, **one}
            for one in self.document.get("rules") or ()
            if one.get("verdict") == verdict and one.get("rule") in EVERY_RULE
        ]


async def known_of(
    member: RegisteredMember, keeper: ConformanceKeeper, store: HealthStore
) -> Known:
    """Put together what is known of a member; of a group nothing is told."""
    if member.inside:
        return Known(member, {}, (), None, False, None)
    fact = keeper.facts.get(member.id)
    kept = [one.document for one in await store.runs(member.id, limit=MOST_RUNS)]
    week = None
    if kept and (earlier := a_week_before(kept, store.now())) is not None:
        week = _changes(earlier, kept[0])
    return Known(
        member,
        fact.document if fact is not None else {},
        _runs(kept),
        keeper.next_at(member),
        keeper.is_looking(member.id),
        week,
    )


def conformance_document(known: Known, base: str) -> dict[str, Any]:
    """Write what is known as JSON."""
    told, member = known.document, known.member
    drift = known.drift
    written: dict[str, Any] = {
        "id": member.id,
        "name": member.name,
        "page": f"{base}/health/{member.id}/conformance",
        "isToldOf": not known.is_group,
        "hasRules": known.has_rules,
        "at": told.get("at"),
        "nextAt": moment(known.next_at) if known.next_at is not None else None,
        "isLookedAt": known.is_looked_at,
        "protocol": told.get("protocol"),
        "apiVersion": told.get("apiVersion"),
        "serviceVersion": told.get("serviceVersion"),
        "updateDateTime": told.get("updateDateTime"),
        "score": told.get("score"),
        **{name: told.get(name) or [] for name in ("failed", "passed", "skipped", "rules")},
        "drift": None,
        "tried": told.get("tried"),
        "changed": _changes_document(known.week),
        "runs": [_run_document(one) for one in known.runs],
    }
    if drift is not None:
        written["drift"] = {**drift.document(), "sentence": was_in_words(drift)}
    return written


def _runs(kept: Sequence[Mapping[str, Any]]) -> tuple[Run, ...]:
    """Give the runs, newest first, each with what it changed."""
    found = []
    for number, one in enumerate(kept[:SHOWN_RUNS]):
        at, score = read_moment(one.get("at")), score_of(one)
        if at is None or score is None:
            continue
        before = kept[number + 1] if number + 1 < len(kept) else None
        version = one.get("serviceVersion") or one.get("apiVersion") or ""
        changes = _changes(before, one) if before is not None else None
        found.append(Run(at, score, str(version), changes))
    return tuple(found)


def _changes(earlier: Mapping[str, Any], later: Mapping[str, Any]) -> Changes:
    return Changes(read_moment(earlier.get("at")), *differences(earlier, later))


def _changes_document(changes: Changes | None) -> dict[str, Any] | None:
    if changes is None:
        return None
    return {
        "since": moment(changes.since) if changes.since is not None else None,
        "newlyFailing": list(changes.failing),
        "newlyHolding": list(changes.holding),
    }


def _run_document(run: Run) -> dict[str, Any]:
    return {
        "at": moment(run.at),
        "score": {"passed": run.score[0], "total": run.score[1]},
        "version": run.version or None,
        "changed": _changes_document(run.changes),
    }
