"""A question about named data sets: what is told of others is no answer to it."""

from dataclasses import replace

import pytest

from aggregator.model.answer import Exists
from aggregator.model.query import Granularity, Query
from aggregator.protocol import v1, v2
from tests.unit.protocol.building import BRCA1, answer, asked, failure, member, question, reply

X = replace(question(**BRCA1), dataset_ids=("x",), granularity=Granularity.RECORD)
ONLY_X = {"x": None}
X_AND_Y = {"x": None, "y": None}


def told(*sets, exists=True, total=None, data_sets=None, query=X):
    of = member("v2", data_sets=data_sets)
    summary = {"exists": exists} | ({} if total is None else {"numTotalResults": total})
    document = {"meta": {}, "responseSummary": summary, "response": {"resultSets": sets}}
    (sent,) = asked(v2.plan(query, of)).parts
    return v2.read(reply(document), query, of, sent)


def one(name, exists, count=None, **more):
    counted = {} if count is None else {"resultsCount": count}
    return {"id": name, "exists": exists, **counted, **more}


def records(number):
    return {"results": [{"variantInternalId": str(each)} for each in range(number)]}


class TestVerdict:
    def test_a_yes_beside_a_no_of_the_data_set_is_none(self):
        for sets in ([one("x", False, 0)], [one("x", False), one("y", False)], [one("x", None)]):
            assert failure(told(*sets, total=9)) == "no_verdict"

    def test_a_yes_that_another_data_set_explains_leaves_the_no(self):
        found = answer(told(one("x", False, 0), one("y", True, 9), total=9))
        assert (found.exists, found.count) == (Exists.NO, 0)
        assert [each.id for each in found.result_sets] == ["x"]

    def test_a_no_of_all_stays_one(self):
        assert answer(told(one("x", False, 0), exists=False)).exists is Exists.NO
        assert answer(told(exists=False)).exists is Exists.NO


class TestCount:
    def test_the_count_is_that_of_the_data_set_and_not_the_total(self):
        found = answer(told(one("x", True, 2), total=9))
        assert (found.exists, found.count, found.granularity) == (Exists.YES, 2, Granularity.COUNT)

    def test_a_total_that_may_be_of_others_is_not_taken(self):
        found = answer(told(one("x", True), total=9))
        assert (found.exists, found.count, found.unit) == (Exists.YES, None, None)

    def test_a_count_that_may_be_one_page_is_not_taken(self):
        assert answer(told(one("x", True, 2, **records(2)), total=9)).count is None
        assert answer(told(one("x", True, 2, **records(2)), total=2)).count == 2
        assert answer(told(one("x", True, 5, **records(2)), total=9)).count == 5

    def test_a_list_of_named_data_sets_has_no_more_than_these(self):
        query = Query(entry_type="dataset", dataset_ids=("x", "y"), granularity=Granularity.RECORD)
        of = member("v2")
        (sent,) = asked(v2.plan(query, of)).parts
        for total, expected in ((2, 2), (9, None)):
            document = {
                "meta": {},
                "responseSummary": {"exists": True, "numTotalResults": total},
                "response": {"collections": [{"id": "x"}]},
            }
            assert answer(v2.read(reply(document), query, of, sent)).count == expected


class TestUnnamed:
    @pytest.mark.parametrize("name", ["", None])
    def test_a_yes_of_a_set_without_a_name_is_of_no_data_set(self, name):
        for known in (None, X_AND_Y, {"y": None, "x": None, "z": None}):
            assert failure(told(one(name, True, 3), total=3, data_sets=known)) == "no_verdict"
        both = told(one(name, True, 3), one("x", False, 0), total=3)
        assert failure(both) == "no_verdict"

    def test_it_is_of_the_one_data_set_a_member_has(self):
        found = answer(told(one("", True, 3), total=3, data_sets=ONLY_X))
        assert (found.exists, found.count) == (Exists.YES, 3)

    def test_a_no_without_a_name_is_one_of_all(self):
        found = answer(told(one("", False, 0), exists=False, data_sets=X_AND_Y))
        assert found.exists is Exists.NO

    def test_a_no_without_a_name_is_none_beside_a_yes(self):
        assert failure(told(one("", False, 0), one("y", True, 3), total=3)) == "no_verdict"

    def test_rows_of_version_1_without_a_data_set_are_read_alike(self):
        def row_told(known, exists=True):
            of = member("v1", data_sets=known)
            document = {
                "beaconId": "b",
                "exists": exists,
                "datasetAlleleResponses": [{"exists": exists, "variantCount": int(exists)}],
            }
            (sent,) = asked(v1.plan(X, of)).parts
            return v1.read(reply(document), X, of, sent)

        assert failure(row_told({})) == "no_verdict"
        assert failure(row_told(dict.fromkeys("xy", "GRCh38"))) == "no_verdict"
        assert answer(row_told({"x": "GRCh38"})).exists is Exists.YES
        assert answer(row_told({}, exists=False)).exists is Exists.NO
