"""A question for one record by its id: only that record is an answer to it."""

import json
from dataclasses import replace

import pytest

from aggregator.model.answer import Exists
from aggregator.model.query import Granularity, Query
from aggregator.protocol import v2
from tests.unit.protocol.building import answer, asked, failure, member, reply

V2 = member("v2")
PERSON = Query(entry_type="individual", record_id="P1", granularity=Granularity.RECORD)
VARIANT = Query(record_id="v1", granularity=Granularity.RECORD)
IN_TWO = member("v2", data_sets={"a": None, "b": None})
NETWORK = member("v2", capabilities={"is_network": True})


def told(query, *sets, of=V2, total=None, **rest):
    summary = {"exists": True} | ({} if total is None else {"numTotalResults": total})
    document = {"meta": {}, "responseSummary": summary, "response": {"resultSets": sets}, **rest}
    (sent,) = asked(v2.plan(query, of)).parts
    return v2.read(reply(document), query, of, sent)


def one_set(*records, name="a", **more):
    return {"id": name, "exists": True, "results": records, **more}


def records_of(found):
    return [json.loads(bytes(record)) for one in found.result_sets for record in one.results]


class TestRecords:
    @pytest.mark.parametrize(
        "records",
        [
            [{"id": "P7"}, {"id": "P8"}],
            [{"id": "P7"}],
            [{"id": 1}],
            [{"id": "P7"}, {}],
            [{"id": "p1"}],
            [{"variantInternalId": "P1", "id": "P7"}],
        ],
    )
    def test_other_records_than_the_one_asked_for_are_no_yes(self, records):
        for query in (PERSON, replace(PERSON, granularity=Granularity.BOOLEAN)):
            result = told(query, one_set(*records, resultsCount=len(records)))
            assert failure(result) == "inconsistent"
            assert "others than the one asked for" in result.message

    def test_what_is_listed_beside_the_record_is_dropped_and_not_counted(self):
        own, other = {"id": "P1", "x": 1.50}, {"id": "P7"}
        found = answer(
            told(
                PERSON,
                one_set(other, own, resultsCount=2),
                one_set(other, name="b", resultsCount=7, frequency=0.5),
                one_set(name="c", resultsCount=9),
                total=18,
            )
        )
        assert (found.exists, found.count, found.unit) == (Exists.YES, 1, "individual records")
        assert records_of(found) == [own]
        assert [(one.exists, one.count) for one in found.result_sets] == [
            (Exists.YES, 1),
            (Exists.UNKNOWN, None),
            (Exists.YES, None),
        ]

    @pytest.mark.parametrize(
        "record",
        [
            {"variantInternalId": "v1"},
            {"id": "v1", "variantInternalId": "x"},
            {"variantInternalId": "x", "identifiers": {"genomicHGVSId": "v1"}},
            {"identifiers": {"variantAlternativeIds": [{"id": "v1", "label": "V"}]}},
            {"identifiers": {"proteinHGVSIds": ["x", "v1"]}},
        ],
    )
    def test_a_variant_is_known_by_any_of_its_ids(self, record):
        found = answer(told(VARIANT, one_set(record, resultsCount=1)))
        assert records_of(found) == [record]
        assert failure(told(replace(VARIANT, record_id="v2"), one_set(record))) == "inconsistent"

    def test_an_individual_may_come_as_a_phenopacket(self):
        packet = {"id": "packet-9", "subject": {"id": "P1"}}
        assert records_of(answer(told(PERSON, one_set(packet)))) == [packet]
        assert failure(told(PERSON, one_set({**packet, "subject": {"id": "P2"}}))) == "inconsistent"

    @pytest.mark.parametrize("record", [{}, {"id": None}, {"id": ""}, {"id": {"x": 1}}])
    def test_one_record_without_a_readable_id_may_be_the_one(self, record):
        assert answer(told(PERSON, one_set(record, resultsCount=1))).count == 1
        several = told(PERSON, one_set(record, record))
        assert failure(several) == "inconsistent"
        assert "counts 2 for one record" in several.message

    def test_records_below_the_one_in_the_path_have_ids_of_their_own(self):
        below = replace(PERSON, within="cohort", record_id="C")
        found = answer(told(below, one_set({"id": "P7"}, {"id": "P8"}), total=2))
        assert (found.count, len(records_of(found))) == (2, 2)

    def test_a_list_of_data_sets_is_no_answer_for_one(self):
        one = Query(entry_type="dataset", record_id="d", granularity=Granularity.RECORD)
        listed = {"collections": [{"id": "d"}, {"id": "e"}]}
        found = answer(told(one, total=2, response=listed))
        assert (records_of(found), found.count) == ([{"id": "d"}], 1)
        elsewhere = told(replace(one, record_id="x"), total=2, response=listed)
        assert failure(elsewhere) == "inconsistent"


class TestCounts:
    @pytest.mark.parametrize("told_as", ["total", "one set"])
    def test_more_than_one_is_no_count_of_one_record(self, told_as):
        sets = [] if told_as == "total" else [{"id": "a", "exists": True, "resultsCount": 500}]
        result = told(PERSON, *sets, total=500 if told_as == "total" else None)
        assert failure(result) == "inconsistent"
        assert "counts 500 for one record" in result.message

    @pytest.mark.parametrize("total", [None, 1])
    def test_a_yes_without_records_stands(self, total):
        assert answer(told(PERSON, total=total)).count == total

    def test_one_person_in_two_data_sets_is_one(self):
        sets = [{"id": name, "exists": True, "resultsCount": 1} for name in "ab"]
        assert answer(told(PERSON, *sets, total=2)).count == 1
        assert failure(told(PERSON, *sets, total=3)) == "inconsistent"

    def test_a_variant_is_counted_once_in_each_data_set(self):
        sets = [one_set({"variantInternalId": "v1"}, name=name, resultsCount=1) for name in "ab"]
        assert answer(told(VARIANT, *sets, total=2)).count == 2
        assert answer(told(VARIANT, *sets, total=9)).count == 2
        assert answer(told(VARIANT, total=2, of=IN_TWO)).count == 2
        assert failure(told(VARIANT, total=3, of=IN_TWO)) == "inconsistent"
        assert failure(told(VARIANT, total=2)) == "inconsistent"


class TestNetworks:
    def test_its_beacons_may_each_have_a_record_of_this_id(self):
        sets = [one_set({"id": "P1"}, name=n, beaconId=n, resultsCount=1) for n in "ab"]
        for of in (V2, NETWORK):
            assert answer(told(PERSON, *sets, total=2, of=of)).count == 2
        assert answer(told(PERSON, total=3, of=NETWORK)).count == 3

    def test_a_record_of_one_beacon_has_the_name_of_the_beacon_before_its_id(self):
        query = replace(PERSON, record_id="inner~P1")
        assert records_of(answer(told(query, one_set({"id": "P1"}), of=NETWORK))) == [{"id": "P1"}]
        assert failure(told(query, one_set({"id": "P1"}))) == "inconsistent"
        assert failure(told(query, one_set({"id": "P2"}), of=NETWORK)) == "inconsistent"
