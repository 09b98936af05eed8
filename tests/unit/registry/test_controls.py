"""How a control comes to fail and to pass, and which questions a failed one concerns."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.model.genome import Assembly
from registry.controls import (
    Control,
    ControlAnswer,
    ControlKind,
    ControlReport,
    ControlResult,
    Controls,
    ControlSource,
    ControlVerdict,
    Failed,
    after_answer,
    controls_document,
    read_controls,
)

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
KNOWN = Control(
    ControlKind.KNOWN_YES, ControlSource.MEMBER, "7-140753336-A-T", Assembly.GRCH38, "set"
)
NOWHERE = Control(ControlKind.IMPOSSIBLE, ControlSource.NO_SEQUENCE, "1-5000-A-C", Assembly.GRCH38)


def run(control: Control, *answers: bool | None) -> ControlResult:
    """Ask a control again and again, a minute between."""
    result: ControlResult | None = None
    for number, exists in enumerate(answers):
        at = NOW + timedelta(minutes=number)
        result = after_answer(result, control, ControlAnswer(exists, str(exists)), at)
    assert result is not None
    return result


@pytest.mark.parametrize(
    ("answers", "verdict"),
    [
        ([True], "pass"),
        ([None], "not_answered"),
        ([False], "not_answered"),
        ([False, False], "fail"),
        ([False, None, False], "fail"),
        ([False, True, False], "not_answered"),
        ([False, False, None, None], "fail"),
        ([False, False, True], "pass"),
        ([True, None], "not_answered"),
    ],
)
def test_two_wrong_answers_fail_and_one_right_answer_mends(
    answers: list[bool | None], verdict: str
) -> None:
    assert run(KNOWN, *answers).verdict.value == verdict
    flipped = [None if one is None else not one for one in answers]
    assert run(NOWHERE, *flipped).verdict.value == verdict


def test_a_failure_began_with_the_first_wrong_answer() -> None:
    result = run(KNOWN, True, False, None, False, None)
    assert result.verdict is ControlVerdict.FAIL
    assert result.since == NOW + timedelta(minutes=1)
    assert result.at == NOW + timedelta(minutes=4)


@given(st.lists(st.sampled_from([True, False, None]), min_size=1, max_size=30))
def test_a_control_fails_only_by_two_wrong_answers_since_the_last_right_one(
    answers: list[bool | None],
) -> None:
    result = run(KNOWN, *answers)
    since = answers[len(answers) - answers[::-1].index(True) :] if True in answers else answers
    assert (result.verdict is ControlVerdict.FAIL) is (since.count(False) >= 2)
    assert (result.verdict is ControlVerdict.PASS) is (answers[-1] is True)


@pytest.mark.parametrize(
    ("assembly", "data_sets", "concerns"),
    [
        (Assembly.GRCH38, (), True),
        (Assembly.GRCH37, (), False),
        (None, (), True),
        (Assembly.GRCH38, ("other",), False),
        (Assembly.GRCH38, ("other", "set"), True),
    ],
)
def test_a_failure_concerns_its_assembly_and_data_set(
    assembly: Assembly | None, data_sets: tuple[str, ...], concerns: bool
) -> None:
    assert Failed(KNOWN, NOW).concerns(assembly, data_sets) is concerns


def test_a_failure_of_the_whole_member_concerns_every_data_set() -> None:
    assert Failed(NOWHERE, NOW).concerns(Assembly.GRCH38, ("any",))


_RESULTS = st.builds(
    ControlResult,
    control=st.builds(
        Control,
        kind=st.sampled_from(ControlKind),
        source=st.sampled_from(ControlSource),
        variant=st.text(max_size=20),
        assembly=st.sampled_from(Assembly),
        dataset=st.none() | st.text(min_size=1, max_size=20),
    ),
    verdict=st.sampled_from([one for one in ControlVerdict if one is not ControlVerdict.NONE]),
    at=st.integers(0, 10**6).map(lambda s: NOW + timedelta(seconds=s)),
    since=st.integers(0, 10**6).map(lambda s: NOW + timedelta(seconds=s)),
    failures=st.integers(0, 9),
    request=st.text(max_size=20),
    got=st.text(max_size=20),
)


@given(st.lists(_RESULTS, max_size=5))
def test_a_report_is_read_back_as_it_was(results: list[ControlResult]) -> None:
    report = ControlReport(NOW, tuple(results), "what to do")
    assert read_controls(controls_document(report)) == report


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"controls": None, "checkedAt": 3},
        {"controls": [1, {}, {"verdict": "fail"}, None]},
        {"controls": [{"verdict": "fail", "kind": "unheard of"}]},
    ],
)
def test_what_cannot_be_read_fails_nobody(document: dict[str, object]) -> None:
    assert not read_controls(document).controls


def test_a_member_without_a_known_variant_is_listed_as_such() -> None:
    report = ControlReport(NOW, (run(NOWHERE, False),), "give one")
    none, nowhere = controls_document(report)["controls"]
    assert (none["kind"], none["verdict"], none["got"]) == ("known_yes", "none", "give one")
    assert nowhere["verdict"] == "pass"


def test_only_failures_bear_on_answers() -> None:
    results = [run(KNOWN, False, False), run(NOWHERE, None)]
    controls = Controls.of(results)
    assert [one.control for one in controls.known] == [KNOWN]
    assert not controls.impossible
    assert not Controls.of([run(KNOWN, True)])
