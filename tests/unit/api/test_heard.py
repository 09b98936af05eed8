"""What is kept of a member's answer for a page."""

import json

import msgspec
import pytest

from aggregator.api.heard import MAX_RECORD_BYTES, Frequency, frequencies_of, hear
from aggregator.model.answer import Exists, ResultSet
from tests.builders import answer, outcome


def result_set(*records, exists=Exists.YES, **changes):
    raws = tuple(msgspec.Raw(json.dumps(record).encode()) for record in records)
    return ResultSet(id="one", exists=exists, results=raws, **changes)


def record(*frequencies):
    return {"frequencyInPopulations": [{"source": "x", "frequencies": list(frequencies)}]}


TOTAL = {"population": "Total", "alleleFrequency": 0.25, "alleleCount": 2, "alleleNumber": 8}


def test_a_record_tells_frequencies_by_population():
    finnish = {"population": "Finnish", "alleleFrequency": 1.2e-6}

    assert frequencies_of(result_set(record(TOTAL, finnish))) == (
        Frequency(0.25, "Total", 2, 8),
        Frequency(1.2e-6, "Finnish"),
    )


def test_several_records_may_be_several_alleles():
    assert frequencies_of(result_set(record(TOTAL), record(TOTAL))) == ()


def test_a_data_set_that_says_no_tells_no_frequency():
    assert frequencies_of(result_set(record(TOTAL), exists=Exists.NO)) == ()


def test_counts_without_a_frequency_are_one():
    told = {"population": "Total", "alleleCount": 1, "alleleNumber": 4}

    assert frequencies_of(result_set(record(told))) == (Frequency(0.25, "Total", 1, 4),)


def test_counts_that_contradict_the_frequency_are_left_out():
    told = TOTAL | {"alleleNumber": 80}

    assert frequencies_of(result_set(record(told))) == (Frequency(0.25, "Total"),)


def test_zero_is_not_told():
    assert (
        frequencies_of(result_set(record(TOTAL | {"alleleFrequency": 0, "alleleCount": 0}))) == ()
    )


@pytest.mark.parametrize(
    ("count", "info", "alleles"),
    [
        (214, {"callCount": 5204}, (214, 5204)),
        (1, {"callCount": 5204}, (None, None)),
        (214, {"callCount": 214}, (None, None)),
        (214, {"callCount": "many"}, (None, None)),
        (None, {"callCount": 5204}, (None, None)),
        (214, {}, (None, None)),
    ],
)
def test_counts_of_a_row_are_alleles_only_where_they_give_its_frequency(count, info, alleles):
    (told,) = frequencies_of(result_set(count=count, frequency=214 / 5204, info=info))

    assert (told.allele_count, told.allele_number) == alleles


@pytest.mark.parametrize(
    "strange",
    [
        {},
        {"frequencyInPopulations": "yes"},
        {"frequencyInPopulations": [1, None, {"frequencies": {"a": 1}}]},
        record("a", None, {"alleleFrequency": "high"}),
        record({"alleleFrequency": float(2)}),
        {"frequencyInPopulations": [], "x": "x" * MAX_RECORD_BYTES},
    ],
)
def test_strange_records_tell_nothing(strange):
    assert frequencies_of(result_set(strange)) == ()


def test_records_are_not_kept():
    told = answer(True, result_sets=(result_set(record(TOTAL)),))

    heard = hear(outcome("one", "found", told))

    assert [one.results for one, _ in heard.sets] == [()]
    assert [told for _, told in heard.sets] == [(Frequency(0.25, "Total", 2, 8),)]


def test_members_without_an_answer_have_no_sets():
    assert list(hear(outcome("one", "timeout")).sets) == []
