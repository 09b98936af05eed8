"""Controls: questions whose answer is known, and what follows when a member fails one. Pure.

A member that does not find a variant it is known to hold cannot be believed when it says no; one
that reports an allele that cannot exist cannot be believed when it says yes. A control that was
not answered proves nothing. After one bad answer it is asked again some minutes later: two in a
row fail a control, one good one mends it. Until then it is asked every few minutes.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from aggregator.model.genome import Assembly

FAILURES: Final = 2
"""So many wrong answers in a row fail a control."""
AGAIN: Final = timedelta(minutes=5)
"""So long after a wrong answer a control is asked again, and so often until it passes."""
MAX_RESULTS: Final = 200
"""More results of one member are not kept."""


class ControlKind(StrEnum):
    """What answer is known."""

    KNOWN_YES = "known_yes"
    IMPOSSIBLE = "impossible"


class ControlSource(StrEnum):
    """Why the answer is known."""

    MEMBER = "member"
    """The member gives the question as an example of what it holds."""
    OPERATOR = "operator"
    """The operator of this network knows the member to hold it."""
    NO_SEQUENCE = "no_sequence"
    """Nobody has read a base there: the reference is N all around."""
    MADE_UP = "made_up"
    """The alternate bases are made up, at a place where the member holds another allele."""


class ControlVerdict(StrEnum):
    """How a control stands."""

    PASS = "pass"  # noqa: S105 - a verdict, no secret
    FAIL = "fail"
    NOT_ANSWERED = "not_answered"
    NONE = "none"
    """There is no such control for the member."""


@dataclass(frozen=True, slots=True)
class Control:
    """A question whose answer is known."""

    kind: ControlKind
    source: ControlSource
    variant: str
    """As typed into the search box, counted from 1: `7-140753336-A-T`."""
    assembly: Assembly
    dataset: str | None = None
    """The data set that holds it; None: the member as a whole."""

    @property
    def expected(self) -> bool:
        """Whether yes is the right answer."""
        return self.kind is ControlKind.KNOWN_YES


@dataclass(frozen=True, slots=True)
class ControlAnswer:
    """What came of asking a control once."""

    exists: bool | None
    """None: it was not answered, or could not be asked."""
    got: str
    """What came, in words."""
    request: str = ""
    """What was sent, as a command; empty: nothing."""


@dataclass(frozen=True, slots=True)
class ControlResult:
    """How a control stands, and why."""

    control: Control
    verdict: ControlVerdict
    at: datetime
    """When it was asked last."""
    since: datetime
    """Since when it stands so; for a failed one, since the first wrong answer."""
    failures: int = 0
    """Wrong answers in a row."""
    request: str = ""
    got: str = ""

    @property
    def is_doubtful(self) -> bool:
        """Whether it was answered wrongly, but not often enough to fail."""
        return self.failures > 0 and self.verdict is not ControlVerdict.FAIL

    @property
    def again_at(self) -> datetime | None:
        """When it is asked out of turn, about; None where it waits for its turn."""
        is_open = self.failures > 0 or self.verdict is ControlVerdict.FAIL
        return self.at + AGAIN if is_open else None


def after_answer(
    known: ControlResult | None, control: Control, answer: ControlAnswer, now: datetime
) -> ControlResult:
    """Give how a control stands after it was asked once more.

    What failed stays failed until it passes: silence mends nothing.
    """
    is_failed = known is not None and known.verdict is ControlVerdict.FAIL
    failures = known.failures if known is not None else 0
    since = known.since if known is not None else now
    if answer.exists is None:
        verdict = ControlVerdict.FAIL if is_failed else ControlVerdict.NOT_ANSWERED
    elif answer.exists is control.expected:
        verdict, failures = ControlVerdict.PASS, 0
    else:
        failures += 1
        since = since if failures > 1 else now
        has_failed = is_failed or failures >= FAILURES
        verdict = ControlVerdict.FAIL if has_failed else ControlVerdict.NOT_ANSWERED
    if known is None or (verdict is not known.verdict and verdict is not ControlVerdict.FAIL):
        since = now
    return ControlResult(control, verdict, now, since, failures, answer.request, answer.got)


@dataclass(frozen=True, slots=True)
class Failed:
    """A failed control, as far as it bears on answers."""

    control: Control
    since: datetime

    def concerns(self, assembly: Assembly | None, data_sets: Collection[str]) -> bool:
        """Whether it bears on a question; one that names no assembly or data set asks for all."""
        if assembly is not None and assembly is not self.control.assembly:
            return False
        return not data_sets or self.control.dataset is None or self.control.dataset in data_sets


@dataclass(frozen=True, slots=True)
class Controls:
    """The failed controls of one member: what keeps its answers from being believed."""

    known: tuple[Failed, ...] = ()
    """Variants it is known to hold and does not find."""
    impossible: tuple[Failed, ...] = ()
    """Alleles that cannot exist and that it reports."""

    def __bool__(self) -> bool:
        return bool(self.known or self.impossible)

    @classmethod
    def of(cls, results: Iterable[ControlResult]) -> "Controls":
        """Take the failed ones out of results."""
        failed = [one for one in results if one.verdict is ControlVerdict.FAIL]
        by_kind: dict[ControlKind, list[Failed]] = {kind: [] for kind in ControlKind}
        for one in failed:
            by_kind[one.control.kind].append(Failed(one.control, one.since))
        return cls(tuple(by_kind[ControlKind.KNOWN_YES]), tuple(by_kind[ControlKind.IMPOSSIBLE]))


NO_FAILURES: Final = Controls()


@dataclass(frozen=True, slots=True)
class ControlReport:
    """All that is known of a member's controls."""

    checked_at: datetime
    results: tuple[ControlResult, ...] = ()
    message: str = ""
    """What is missing, and what to do about it; empty: nothing."""
    controls: Controls = field(init=False)
    wrong_at: datetime | None = field(init=False)
    """When one that was answered wrongly was asked last; None: there is none."""

    def __post_init__(self) -> None:
        wrong = [one.at for one in self.results if one.again_at is not None]
        object.__setattr__(self, "controls", Controls.of(self.results))
        object.__setattr__(self, "wrong_at", max(wrong, default=None))

    def result_of(self, control: Control) -> ControlResult | None:
        """Give how a control stood at the last time it was asked."""
        return next((one for one in self.results if one.control == control), None)

    def with_results(
        self, results: Sequence[ControlResult], message: str, now: datetime
    ) -> "ControlReport":
        """Give the report after a round."""
        return replace(self, checked_at=now, results=tuple(results[:MAX_RESULTS]), message=message)


def controls_document(report: ControlReport) -> dict[str, Any]:
    """Write a report as JSON that `read_controls` reads."""
    written = [_written(one) for one in report.results]
    if not any(one.control.kind is ControlKind.KNOWN_YES for one in report.results):
        at = _moment(report.checked_at)
        none = {"kind": ControlKind.KNOWN_YES.value, "source": None, "dataset": None}
        none |= {"assembly": None, "variant": None, "verdict": ControlVerdict.NONE.value}
        none |= {"at": at, "since": at, "failures": None, "request": "", "expected": "yes"}
        none |= {"againAt": None}
        written.insert(0, none | {"got": report.message})
    return {
        "checkedAt": _moment(report.checked_at),
        "message": report.message,
        "failed": len(report.controls.known) + len(report.controls.impossible),
        "controls": written,
    }


def read_controls(document: Mapping[str, Any]) -> ControlReport:
    """Read a report back; what cannot be read is left out, and fails nobody."""
    results = []
    told = document.get("controls")
    for one in told if isinstance(told, list) else ():
        try:
            if one["verdict"] != ControlVerdict.NONE.value:
                results.append(_read(one))
        except (KeyError, TypeError, ValueError):
            continue
    try:
        checked_at = datetime.fromisoformat(str(document.get("checkedAt")))
    except ValueError:
        checked_at = datetime.fromtimestamp(0, UTC)
    return ControlReport(checked_at, tuple(results), str(document.get("message") or ""))


def _written(one: ControlResult) -> dict[str, Any]:
    control = one.control
    return {
        "kind": control.kind.value,
        "source": control.source.value,
        "dataset": control.dataset,
        "assembly": control.assembly.value,
        "variant": control.variant,
        "verdict": one.verdict.value,
        "at": _moment(one.at),
        "since": _moment(one.since),
        "failures": one.failures,
        "request": one.request,
        "got": one.got,
        "expected": "yes" if control.expected else "no",
        "againAt": None if one.again_at is None else _moment(one.again_at),
    }


def _read(one: Mapping[str, Any]) -> ControlResult:
    control = Control(
        ControlKind(one["kind"]),
        ControlSource(one["source"]),
        str(one["variant"]),
        Assembly(one["assembly"]),
        one["dataset"],
    )
    return ControlResult(
        control,
        ControlVerdict(one["verdict"]),
        datetime.fromisoformat(one["at"]),
        datetime.fromisoformat(one["since"]),
        int(one["failures"]),
        str(one["request"]),
        str(one["got"]),
    )


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
