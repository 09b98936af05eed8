"""What the sum of the network says: of whom it is, and what is left out."""

import pytest

from aggregator.api.sums import sum_sentence
from tests.builders import SNV, answer, network_answer, outcome, query

COUNT = query(SNV, granularity="count")
TWICE = "the same person may be counted by several beacons."


def yes(member_id, count=None, unit="variants", **changes):
    return outcome(member_id, told=answer(True, count, unit), **changes)


def no(member_id, count=None):
    return outcome(member_id, "not_found", answer(False, count))


def doubtful(member_id, count=None, unit="variants"):
    return yes(member_id, count, unit, is_untrusted=True)


def said(*given):
    return sum_sentence(network_answer(given, COUNT))


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ([yes("a", 3), yes("b", 4)], f"2 beacons tell 7 variants in all; {TWICE}"),
        ([yes("a", 3), no("b", 0), no("c", 0)], f"1 beacon tells 3 variants in all; {TWICE}"),
        ([yes("a", 3), yes("b")], f"1 beacon tells 3 variants in all; {TWICE}"),
        ([yes("a", 3), yes("b", 9, "alleles"), yes("c", 1)],
         f"2 beacons tell 4 variants in all; {TWICE}"),
        ([yes("a", 3), doubtful("x")], f"1 beacon tells 3 variants in all; {TWICE}"),
    ],
)  # fmt: skip
def test_the_sum_is_of_those_that_report_it(given, sentence):
    assert said(*given) == sentence


def test_what_cannot_be_relied_on_is_left_out_and_said_to_be():
    assert said(yes("a", 3), doubtful("x", 1518), no("b", 0)) == (
        f"1 beacon tells 3 variants in all; {TWICE} Left out: what 1 beacon counts that also "
        "reports an allele that cannot exist."
    )
    assert said(yes("a", 3), doubtful("x", 5), doubtful("y", 7, "alleles")).endswith(
        "Left out: what 2 beacons count that also report an allele that cannot exist."
    )


@pytest.mark.parametrize(
    "given",
    [
        [doubtful("x", 1518), no("b", 0)],
        [doubtful("x", 1518)],
        [yes("a"), no("b", 0)],
        [no("a", 0), no("b", 0)],
    ],
)
def test_there_is_no_sum_of_nothing_that_counts(given):
    assert said(*given) == ""
