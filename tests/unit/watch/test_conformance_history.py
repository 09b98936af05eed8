"""What drift is: from run to run, in words, and what is no drift."""

from datetime import UTC, datetime, timedelta
from typing import Any

from aggregator.watch.conformance.history import (
    Drift,
    Step,
    a_week_before,
    after,
    after_trying,
    differences,
    in_words,
    was_in_words,
)
from aggregator.watch.conformance.report import (
    ConformanceReport,
    Finding,
    Unfinished,
    Verdict,
    Version,
)

MAY_2 = datetime(2026, 5, 2, 8, tzinfo=UTC)
RULES = ("v2.info.schema", "v2.echo", "v2.cors")
WELL = dict.fromkeys(RULES, Verdict.PASS)


def run(at: datetime, version: str = "1.0", /, **other: Verdict) -> ConformanceReport:
    """A run in which all is well but for `echo`, `cors` and the like."""
    told = WELL | {f"v2.{name}": one for name, one in other.items()}
    findings = tuple(Finding(rule, verdict, "It was seen.") for rule, verdict in told.items())
    return ConformanceReport(at, "v2", Version("v2.1.1", version, None), findings)


def steps(*reports: ConformanceReport) -> list[Step]:
    found: list[Step] = []
    for report in reports:
        known: dict[str, Any] | None = found[-1].document if found else None
        found.append(after(known, report))
    return found


def day(number: int) -> datetime:
    return MAY_2 + timedelta(days=number)


FAIL, SKIPPED = Verdict.FAIL, Verdict.SKIPPED


def test_a_rule_that_never_held_has_not_drifted() -> None:
    first, second = steps(run(day(0), cors=FAIL), run(day(1), cors=FAIL))

    for step in (first, second):
        assert step.drift is None
        assert not step.began
        assert not step.has_ended


def test_a_rule_that_held_and_fails_has_drifted_once_and_until_it_holds_again() -> None:
    well, broken, still, mended = steps(
        run(day(0)), run(day(1), "1.1", echo=FAIL), run(day(2), "1.1", echo=FAIL), run(day(3))
    )

    assert well.drift is None
    assert broken.began == ("v2.echo",)
    assert broken.drift is not None
    assert broken.drift.since == day(1)
    assert broken.drift.was == (3, 3)
    assert still.began == ()
    assert still.drift == broken.drift
    assert mended.has_ended
    assert mended.mended == ("v2.echo",)
    assert mended.drift is None


def test_the_sentence_names_the_release_it_came_with() -> None:
    _, broken = steps(run(day(0)), run(day(1), "1.1", echo=FAIL))

    assert in_words(broken) == (
        "no longer keeps a rule of the specification that it kept: v2.echo "
        "(was 3 of 3 until the release of 3 May 2026, version 1.1)"
    )


def test_without_a_new_version_the_sentence_names_the_day_alone() -> None:
    _, broken = steps(run(day(0)), run(day(1), echo=FAIL))

    assert broken.drift is not None
    assert was_in_words(broken.drift) == "was 3 of 3 until 3 May 2026"


def test_a_rule_that_could_not_be_judged_keeps_what_was_known() -> None:
    _, unseen, broken, unseen_again = steps(
        run(day(0)),
        run(day(1), echo=SKIPPED),
        run(day(2), echo=FAIL),
        run(day(3), echo=SKIPPED),
    )

    assert unseen.drift is None
    assert broken.began == ("v2.echo",)
    assert unseen_again.drift == broken.drift
    assert not unseen_again.has_ended


def test_a_second_rule_is_news_and_the_drift_goes_on_from_the_first() -> None:
    _, first, second, half, mended = steps(
        run(day(0)),
        run(day(1), echo=FAIL),
        run(day(2), echo=FAIL, cors=FAIL),
        run(day(3), cors=FAIL),
        run(day(4)),
    )

    assert second.began == ("v2.cors",)
    assert second.drift is not None
    assert first.drift is not None
    assert second.drift.since == first.drift.since
    assert second.drift.rules == {"v2.echo": day(1), "v2.cors": day(2)}
    assert half.mended == ("v2.echo",)
    assert not half.has_ended
    assert half.drift is not None
    assert tuple(half.drift.rules) == ("v2.cors",)
    assert mended.has_ended


def test_a_rule_that_is_judged_no_more_drifts_no_more() -> None:
    _, broken = steps(run(day(0)), run(day(1), echo=FAIL))
    findings = tuple(one for one in run(day(2)).findings if one.rule != "v2.echo")
    report = ConformanceReport(day(2), "v2", Version(), findings)

    assert after(broken.document, report).has_ended


def test_what_is_kept_reads_back_the_same() -> None:
    _, broken = steps(run(day(0)), run(day(1), "1.1", echo=FAIL))

    assert Drift.read(broken.document["drift"]) == broken.drift
    for nonsense in (None, [], {"since": "yesterday", "rules": {}}, {"since": 3}, {"rules": 7}):
        assert Drift.read(nonsense) is None


def test_a_run_that_was_cut_short_leaves_what_was_known() -> None:
    (well,) = steps(run(day(0)))

    document = after_trying(well.document, Unfinished(day(1), "no answer within 15 s"))

    assert document["score"] == {"passed": 3, "total": 3}
    assert document["at"] == "2026-05-02T08:00:00Z"
    assert document["tried"] == {"at": "2026-05-03T08:00:00Z", "why": "no answer within 15 s"}
    assert after(document, run(day(2), echo=FAIL)).began == ("v2.echo",)
    assert after(document, run(day(2))).document["tried"] is None


def test_of_one_that_was_never_judged_nothing_is_known() -> None:
    document = after_trying(None, Unfinished(day(1), "cannot be resolved"))

    assert document["score"] is None
    assert document["failed"] == []
    assert after(document, run(day(2), echo=FAIL)).drift is None


def test_differences_name_what_newly_fails_and_newly_holds() -> None:
    one, other = run(day(0), cors=FAIL).summary(), run(day(1), echo=FAIL).summary()

    assert differences(one, other) == (("v2.echo",), ("v2.cors",))
    assert differences(one, one) == ((), ())
    unseen = run(day(2), echo=SKIPPED).summary()
    assert differences(other, unseen) == ((), ())


def test_a_week_is_compared_with_the_run_that_was_the_last_one_then() -> None:
    runs = [run(day(number)).summary() for number in (30, 25, 22, 10, 0)]

    found = a_week_before(runs, day(30))
    assert found is not None
    assert found["at"] == runs[2]["at"]
    young = a_week_before(runs[:2], day(30))
    assert young is not None
    assert young["at"] == runs[1]["at"]
    assert a_week_before(runs[:1], day(30)) is None
    assert a_week_before([], day(30)) is None
