"""Data sets that say no beside what they found."""

import pytest

from aggregator.model.answer import Exists
from aggregator.model.query import Granularity, Query
from aggregator.protocol import v2
from tests.unit.protocol.building import answer, asked, failure, member, reply

V2 = member("v2")
RECORDS = Query(entry_type="individual", granularity=Granularity.RECORD)
FIVE = {"results": [{"id": str(number)} for number in range(5)]}


def told(*sets, **summary):
    (sent,) = asked(v2.plan(RECORDS, V2)).parts
    document = {"meta": {}, "responseSummary": summary, "response": {"resultSets": sets}}
    return v2.read(reply(document), RECORDS, V2, sent)


def no(name="a", **more):
    return {"id": name, "exists": False, **more}


@pytest.mark.parametrize("summary", [{"exists": False}, {"exists": None}, {}])
@pytest.mark.parametrize("count", [{"resultsCount": 5}, {"resultsCount": 0}, {}])
def test_a_no_beside_records_is_inconsistent(summary, count):
    for sets in ([no(**FIVE, **count)], [no(**FIVE, **count), no("b", resultsCount=0)]):
        assert failure(told(*sets, **summary)) == "inconsistent"


def test_a_limit_in_place_of_the_count_of_none_leaves_a_clear_no():
    for summary in ({"exists": False}, {"exists": False, "numTotalResults": 0}):
        found = answer(told(no(resultsCount=10, results=[]), **summary))
        assert (found.exists, found.result_sets[0].exists) == (Exists.NO, Exists.NO)
        assert found.result_sets[0].count is None


@pytest.mark.parametrize("summary", [{"exists": None}, {}, {"numTotalResults": 0}])
def test_a_count_beside_a_no_that_the_summary_does_not_say_is_inconsistent(summary):
    assert failure(told(no(resultsCount=10, results=[]), **summary)) == "inconsistent"


def test_a_set_that_contradicts_itself_is_neither_yes_nor_no_in_a_yes():
    yes = {"id": "b", "exists": True, "resultsCount": 2}
    for told_of_it in ({**FIVE, "resultsCount": 5}, {"resultsCount": 5}, FIVE):
        found = answer(told(no(**told_of_it), yes, exists=True, numTotalResults=2))
        assert (found.exists, found.count) == (Exists.YES, 2)
        doubtful, _ = found.result_sets
        assert (doubtful.exists, doubtful.count, doubtful.results) == (Exists.UNKNOWN, None, ())


def test_a_no_that_counts_none_stays_one():
    found = answer(told(no(resultsCount=0), {"id": "b", "resultsCount": 0}, exists=False))
    assert [one.exists for one in found.result_sets] == [Exists.NO, Exists.NO]
