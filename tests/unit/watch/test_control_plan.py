"""Which controls a member has: one for each data set and assembly, all of them askable."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.model.genome import Assembly
from aggregator.model.query import QuestionKind
from aggregator.watch.control_plan import (
    AT_ONCE,
    NETWORK,
    NO_KNOWN_YES,
    again_of,
    message_of,
    plan_controls,
    question_of,
    turn_of,
)
from registry.controls import (
    Control,
    ControlAnswer,
    ControlKind,
    ControlReport,
    ControlResult,
    ControlSource,
    after_answer,
)
from registry.known_variants import SampleAllele
from tests.builders import member

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
BRAF = SampleAllele(chromosome="7", start0=140753335, reference="A", alternate="T", assembly="hg38")


def sampled(*samples, **entry):
    return member("one", capabilities={"samples": samples}, **entry)


def told(one):
    return plan_controls(one), [
        (each.kind.value, each.source.value, each.assembly.value, each.dataset)
        for each in plan_controls(one)
    ]


def test_a_member_of_which_nothing_is_known_is_asked_the_impossible_in_both_assemblies():
    _, controls = told(member())
    assert controls == [
        ("impossible", "no_sequence", "GRCh38", None),
        ("impossible", "no_sequence", "GRCh37", None),
    ]
    assert message_of(member(), plan_controls(member())) == NO_KNOWN_YES


def ended(*answers: ControlAnswer) -> list[ControlResult]:
    """How the first controls of a member without a known yes ended."""
    controls = plan_controls(member())
    return [after_answer(None, *each, NOW) for each in zip(controls, answers, strict=False)]


NO_CONNECTION = ControlAnswer(None, "no answer: cannot connect")


def test_of_one_that_was_never_reached_the_message_says_so_and_gives_no_advice_on_its_contents():
    message = message_of(member(), plan_controls(member()), ended(NO_CONNECTION))
    assert "it was not recognised yet: no answer: cannot connect." in message
    assert "sampleAlleleRequests" not in message


@pytest.mark.parametrize(
    ("capabilities", "answers"),
    [
        ({"fetched_at": NOW}, [NO_CONNECTION]),  # its description was read
        ({}, [NO_CONNECTION, ControlAnswer(False, "no")]),  # it has none, and answers
        ({}, [ControlAnswer(True, "yes"), NO_CONNECTION]),
        ({}, []),
    ],
)
def test_who_was_reached_is_told_what_to_give(capabilities, answers):
    one = member(capabilities=capabilities)
    assert message_of(one, plan_controls(one), ended(*answers)) == NO_KNOWN_YES


def test_with_a_known_yes_nothing_is_missing_though_it_was_never_reached():
    one = member(controls=["7-140753336-A-T GRCh38"])
    assert message_of(one, plan_controls(one), ended(NO_CONNECTION)) == ""


def test_only_assemblies_that_are_held_are_asked():
    _, controls = told(member(assemblies=["GRCh37"]))
    assert controls == [("impossible", "no_sequence", "GRCh37", None)]
    assert told(member(assemblies=["NCBI36"]))[1] == []


def test_each_data_set_and_assembly_has_one_known_yes():
    second = BRAF.model_copy(update={"start0": 140753000, "data_sets": ("a", "b")})
    _, controls = told(sampled(BRAF.model_copy(update={"data_sets": ("a",)}), second))
    known = [one for one in controls if one[0] == "known_yes"]
    assert known == [
        ("known_yes", "member", "GRCh38", "a"),
        ("known_yes", "member", "GRCh38", "b"),
    ]


def test_the_operators_variants_win():
    known = ["7-140753337-C-G GRCh38"]
    controls, _ = told(sampled(BRAF, controls=known))
    yes = [one for one in controls if one.kind is ControlKind.KNOWN_YES]
    assert [(one.source, one.variant) for one in yes] == [
        (ControlSource.OPERATOR, "7-140753337-C-G")
    ]


def test_samples_with_several_spellings_are_left_out():
    deletion = BRAF.model_copy(update={"reference": "ATCT", "alternate": "A"})
    assert ("known_yes", "member", "GRCh38", None) not in told(sampled(deletion))[1]


def test_a_network_is_asked_what_the_operator_knows_and_nothing_impossible():
    one = member(
        capabilities={"is_network": True}, controls=["7-140753336-A-T GRCh38"], protocol="v2"
    )
    assert told(one)[1] == [("known_yes", "operator", "GRCh38", None)]
    assert message_of(one, plan_controls(one)) == NETWORK


@given(
    st.sampled_from("ACGT"),
    st.sampled_from("ACGT"),
    st.integers(1_000_000, 100_000_000),
    st.sampled_from(["GRCh37", "GRCh38"]),
)
def test_made_up_bases_stay_at_the_place_and_cannot_be_written_shorter(
    reference, alternate, start0, assembly
):
    if reference == alternate:
        return
    sample = SampleAllele(
        chromosome="7", start0=start0, reference=reference, alternate=alternate, assembly=assembly
    )
    (made_up,) = [
        one for one in plan_controls(sampled(sample)) if one.source is ControlSource.MADE_UP
    ]
    allele = question_of(made_up).allele
    assert allele is not None
    assert (allele.start0, allele.reference) == (start0, reference)
    assert len(allele.alternate) == 24
    assert not allele.is_indel


def test_every_control_is_one_exact_allele():
    for control in plan_controls(sampled(BRAF)):
        question = question_of(control)
        assert question.kind is QuestionKind.SEQUENCE
        assert question.assembly is control.assembly


def control(number):
    return Control(
        ControlKind.KNOWN_YES,
        ControlSource.OPERATOR,
        f"7-{140753336 + number}-A-T",
        Assembly.GRCH38,
    )


def test_failing_controls_come_first_then_those_not_asked_for_longest():
    controls = [control(number) for number in range(AT_ONCE + 3)]
    results: list[ControlResult] = []
    for number, one in enumerate(controls[:-1]):
        at = NOW - timedelta(hours=number)
        results.append(after_answer(None, one, ControlAnswer(True, "yes"), at))
    wrong = ControlAnswer(False, "no")
    first = after_answer(None, controls[0], wrong, NOW)
    results[0] = after_answer(first, controls[0], wrong, NOW)
    turn = turn_of(controls, ControlReport(NOW, tuple(results)), NOW)
    assert len(turn) == AT_ONCE
    assert turn[:2] == [controls[0], controls[-1]]
    assert turn[2:] == controls[-2:-AT_ONCE:-1]
    assert turn_of(controls, None, NOW) == controls[:AT_ONCE]


def asked(control_: Control, *answers: bool | None) -> ControlResult:
    """How a control stands that was asked so often, last at `NOW`."""
    result = None
    for exists in answers:
        result = after_answer(result, control_, ControlAnswer(exists, str(exists)), NOW)
    assert result is not None
    return result


def test_a_wrong_answer_is_asked_again_some_minutes_later_and_before_all_others():
    right, doubtful, never = control(0), control(1), control(2)
    report = ControlReport(NOW, (asked(right, True), asked(doubtful, True, False)))
    controls = [right, doubtful, never]
    early, later = NOW + timedelta(minutes=1), NOW + timedelta(minutes=5)
    assert turn_of(controls, report, early) == [never, right]
    assert again_of(controls, report, early) == []
    assert turn_of(controls, report, later) == [doubtful, never, right]
    assert again_of(controls, report, later) == [doubtful]
    assert report.wrong_at == NOW


@pytest.mark.parametrize(
    ("answers", "is_asked"),
    [
        ((True,), False),
        ((None,), False),
        ((False,), True),
        ((False, None), True),
        ((False, False), True),
        ((False, False, None), True),
        ((False, False, True), False),
    ],
)
def test_out_of_turn_is_asked_what_was_answered_wrongly_until_it_passes(answers, is_asked):
    one = control(0)
    result = asked(one, *answers)
    report = ControlReport(NOW, (result,))
    later = NOW + timedelta(minutes=5)
    assert again_of([one], report, later) == ([one] if is_asked else [])
    assert result.again_at == (later if is_asked else None)
    assert again_of([], report, later) == []  # it is no control any more
    assert again_of([one], None, later) == []


def test_a_round_reaches_every_control_in_turn():
    controls = [control(number) for number in range(3 * AT_ONCE)]
    report, asked = ControlReport(NOW), set()
    for number in range(3):
        at = NOW + timedelta(hours=number)
        known = {one.control: one for one in report.results}
        for one in turn_of(controls, report, at):
            asked.add(one)
            known[one] = after_answer(known.get(one), one, ControlAnswer(True, "yes"), at)
        report = replace(report, results=tuple(known.values()))
    assert asked == set(controls)
