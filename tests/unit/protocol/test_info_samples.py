"""The examples a version 1 beacon gives of what it holds, valid or not."""

import json

import pytest

from aggregator.protocol.info import MAX_SAMPLES, read_info
from aggregator.protocol.wire import Reply
from registry.capabilities import Capabilities

SAMPLE = {
    "referenceName": "7",
    "start": 140753335,
    "referenceBases": "A",
    "alternateBases": "t",
    "assemblyId": "GRCh38",
    "datasetIds": ["a"],
}


def samples(value):
    document = {"id": "x", "apiVersion": "1.0", "organization": {"name": "X"}, "datasets": []}
    read = read_info(Reply(200, json.dumps(document | {"sampleAlleleRequests": value}).encode()))
    assert isinstance(read, Capabilities)
    return read.samples


def test_a_sample_is_read():
    (one,) = samples([SAMPLE])
    assert (one.chromosome, one.start0, one.reference, one.alternate) == ("7", 140753335, "A", "T")
    assert (one.assembly, one.data_sets) == ("GRCh38", ("a",))


@pytest.mark.parametrize(
    "value",
    [
        None,
        "text",
        {},
        [None, 1, "x", []],
        [{**SAMPLE, "start": None}],
        [{**SAMPLE, "start": -3}],
        [{**SAMPLE, "start": 10**12}],
        [{**SAMPLE, "start": "9" * 500}],
        [{**SAMPLE, "alternateBases": None}],
        [{**SAMPLE, "assemblyId": "x" * 500}],
        [{key: SAMPLE[key] for key in SAMPLE if key != "referenceName"}],
    ],
)
def test_what_asks_for_no_allele_is_left_out(value):
    assert samples(value) == ()


@pytest.mark.parametrize(
    ("told", "read"),
    [
        (None, ()),
        ("a", ("a",)),
        (["a", None, 7, "x" * 500], ("a", "7")),
        ([], ()),
    ],
)
def test_data_sets_are_named_as_text_or_list(told, read):
    assert samples([{**SAMPLE, "datasetIds": told}])[0].data_sets == read


def test_their_number_is_bounded():
    many = [{**SAMPLE, "start": number} for number in range(100)]
    assert len(samples(many)) == MAX_SAMPLES


def test_a_sample_says_nothing_of_how_a_member_is_asked():
    plain = samples([]), samples([SAMPLE])
    assert plain[0] != plain[1]
