"""How conformance changes from run to run: what newly fails, what is mended, and since when. Pure.

A rule that held the last time it was judged and now fails is drift, until it holds again. A rule
that could not be judged keeps what was known of it, and one that never held has not drifted.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from aggregator.watch.conformance.report import (
    ConformanceReport,
    Unfinished,
    Verdict,
    Version,
    moment,
)

WEEK: Final = timedelta(days=7)
_NAMED: Final = 3


@dataclass(frozen=True, slots=True)
class Drift:
    """Rules that held and fail now."""

    since: datetime
    """When the first of them was seen to fail."""
    rules: Mapping[str, datetime]
    """Since when each fails."""
    was: tuple[int, int]
    """How many rules held before, of how many."""
    before: Version
    """What the member said of its version in the last run that was well."""
    then: Version
    """The same when the first rule failed."""

    @property
    def was_released(self) -> bool:
        """Whether the member said that it had changed, when it began."""
        return self.before != self.then and self.then != Version()

    def document(self) -> dict[str, Any]:
        """Write it as JSON."""
        return {
            "since": moment(self.since),
            "rules": {rule: moment(at) for rule, at in self.rules.items()},
            "was": {"passed": self.was[0], "total": self.was[1]},
            "before": self.before.document(),
            "then": self.then.document(),
        }

    @classmethod
    def read(cls, document: object) -> "Drift | None":
        """Read what `document` wrote; None for anything else."""
        if not isinstance(document, Mapping):
            return None
        rules = {
            str(rule): at
            for rule, told in _mapping(document.get("rules")).items()
            if (at := read_moment(told)) is not None
        }
        since = read_moment(document.get("since"))
        if since is None or not rules:
            return None
        return cls(
            since,
            rules,
            score_of({"score": document.get("was")}) or (0, 0),
            Version.read(_mapping(document.get("before"))),
            Version.read(_mapping(document.get("then"))),
        )


@dataclass(frozen=True, slots=True)
class Step:
    """What one more run changes."""

    document: dict[str, Any]
    """What is kept of the member from now on."""
    drift: Drift | None
    began: tuple[str, ...] = ()
    """Rules that held and fail from now on."""
    mended: tuple[str, ...] = ()
    """Rules that had drifted and hold again."""
    known: Drift | None = field(default=None, repr=False)
    """The drift there was before."""

    @property
    def has_ended(self) -> bool:
        """Whether the last rule that had drifted holds again."""
        return self.known is not None and self.drift is None


def after(known: Mapping[str, Any] | None, report: ConformanceReport) -> Step:
    """Take in a run; `known` is the document of the last step, None where there is none."""
    known = known or {}
    held = set(_texts(known.get("held")))
    failed, passed = set(report.failed), set(report.those(Verdict.PASS))
    old = Drift.read(known.get("drift"))
    drifted = dict(old.rules) if old is not None else {}
    told = {one.rule for one in report.findings}
    mended = tuple(rule for rule in drifted if rule in passed or rule not in told)
    began = tuple(rule for rule in report.failed if rule in held)
    rules = {rule: at for rule, at in drifted.items() if rule not in mended}
    rules |= dict.fromkeys(began, report.at)
    drift = _drift(old, rules, known, report) if rules else None
    document = {
        **report.document(),
        "held": sorted((held & told | passed) - failed),
        "drift": drift.document() if drift is not None else None,
        "tried": None,
    }
    return Step(document, drift, began, mended, old)


def after_trying(known: Mapping[str, Any] | None, unfinished: Unfinished) -> dict[str, Any]:
    """Take in a run that could not be completed: what was known stays."""
    document = dict(known) if known else {"at": None, "score": None, "failed": [], "rules": []}
    return {**document, "tried": {"at": moment(unfinished.at), "why": unfinished.why}}


def differences(
    earlier: Mapping[str, Any], later: Mapping[str, Any]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Name the rules that newly fail and those that newly hold, between two runs."""
    was_held, was_failed = set(_texts(earlier.get("passed"))), set(_texts(earlier.get("failed")))
    return (
        tuple(one for one in _texts(later.get("failed")) if one in was_held),
        tuple(one for one in _texts(later.get("passed")) if one in was_failed),
    )


def a_week_before(runs: Sequence[Mapping[str, Any]], now: datetime) -> Mapping[str, Any] | None:
    """Choose the run that was the last one a week ago, else the oldest; `runs` newest first."""
    if len(runs) < 2:
        return None
    old = (one for one in runs[1:] if (read_moment(one.get("at")) or now) <= now - WEEK)
    return next(old, runs[-1])


def in_words(step: Step) -> str:
    """Say what a step began or ended, as a sentence without the member's name."""
    if step.began:
        count = f"{len(step.began)} rules" if len(step.began) > 1 else "a rule"
        words = f"no longer keeps {count} of the specification that it kept: {_few(step.began)}"
        return f"{words} ({was_in_words(step.drift)})" if step.drift is not None else words
    if step.has_ended:
        return f"keeps again what it kept of the specification: {_few(step.mended)}"
    return f"keeps {_few(step.mended)} again"


def was_in_words(drift: Drift) -> str:
    """Say how it was before: `was 42 of 42 until the release of 3 May 2026`."""
    passed, total = drift.was
    day = f"{drift.since.day} {drift.since:%B %Y}"
    if not drift.was_released:
        return f"was {passed} of {total} until {day}"
    if drift.then.service and drift.then.service != drift.before.service:
        return f"was {passed} of {total} until the release of {day}, version {drift.then.service}"
    if drift.then.api and drift.then.api != drift.before.api:
        return f"was {passed} of {total} until the release of {day}, API {drift.then.api}"
    return f"was {passed} of {total} until the update of {day}"


def score_of(document: Mapping[str, Any]) -> tuple[int, int] | None:
    """Read how many rules held of how many."""
    score = _mapping(document.get("score"))
    passed, total = score.get("passed"), score.get("total")
    return (passed, total) if isinstance(passed, int) and isinstance(total, int) else None


def read_moment(value: object) -> datetime | None:
    """Read a moment that `moment` wrote."""
    if not isinstance(value, str):
        return None
    try:
        return datetime.strptime(value, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError:
        return None


def _drift(
    old: Drift | None,
    rules: Mapping[str, datetime],
    known: Mapping[str, Any],
    report: ConformanceReport,
) -> Drift:
    if old is not None:
        return Drift(old.since, rules, old.was, old.before, old.then)
    was = score_of(known) or (0, 0)
    return Drift(report.at, rules, was, Version.read(known), report.version)


def _few(rules: Collection[str]) -> str:
    named = list(rules)
    more = f" and {len(named) - _NAMED} more" if len(named) > _NAMED else ""
    return ", ".join(named[:_NAMED]) + more


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _texts(value: object) -> Iterable[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []
