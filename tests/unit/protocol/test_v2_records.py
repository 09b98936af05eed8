"""Records that come back are compared with the question: they may prove more or less."""

import json
from dataclasses import replace

import msgspec
import pytest

from aggregator.model.answer import Exists, Match
from aggregator.model.query import Granularity, Pagination
from aggregator.protocol import v2
from aggregator.protocol.v2_records import (
    MAX_BYTES,
    NONE_MATCHES,
    SOME_DROPPED,
    RecordedAllele,
    read_allele,
)
from tests.unit.protocol.building import (
    BRCA1,
    CFTR,
    answer,
    asked,
    failure,
    member,
    question,
    reply,
)

AT = 43045703
V2 = member("v2", wildcards=True)


def record(start=AT, reference="G", alternate="A", **more):
    location = {"interval": {"start": {"type": "Number", "value": start}}}
    variation = {"location": location, "referenceBases": reference, "alternateBases": alternate}
    return {"variation": variation | more}


def of_type(name):
    return record(variantType=name)


def told(*records, query=None, total=None, part=0, of=V2, sets=None, limit=10, **fields):
    query = query or question(**{**BRCA1, **fields})
    query = replace(query, granularity=Granularity.RECORD, pagination=Pagination(0, limit))
    sent = asked(v2.plan(query, of)).parts[part]
    listed = sets or [{"id": "d", "exists": True, "results": list(records)}]
    summary = {"exists": True} | ({} if total is None else {"numTotalResults": total})
    document = {"responseSummary": summary, "response": {"resultSets": listed}}
    return v2.read(reply(document), query, of, sent)


def kept(result):
    sets = answer(result).result_sets
    return [json.loads(bytes(one))["variation"] for each in sets for one in each.results]


class TestAlleles:
    @pytest.mark.parametrize(
        "document",
        [
            record(5, "G", "a"),
            {"variation": {"location": {"start": 5}, "state": {"sequence": "A"}}},
            {
                "variation": {"location": {"interval": {"start": 5, "end": 6}}},
                "alternateBases": "A",
            },
            {"position": {"start": [5], "end": [6]}, "alternateBases": "A"},
            {"_position": {"start": [5]}, "variation": {"alternateBases": "A"}},
            {"start": 5, "alternateBases": "A", "referenceBases": "G"},
        ],
    )
    def test_the_place_and_the_bases_are_read_in_every_form(self, document):
        found = read_allele(msgspec.Raw(json.dumps(document).encode()))
        assert (found.start0, found.alternate) == (5, "A")

    @pytest.mark.parametrize(
        "document",
        [
            {},
            {"variation": 3, "position": "x", "start": [[]]},
            {"variation": {"location": {"interval": {}}, "referenceBases": 3, "state": []}},
            {"variation": {"location": "x", "alternateBases": "<DEL>"}, "start": True},
            {"start": -5},
            {"start": {"start": {"start": {"start": {"start": 5}}}}},
        ],
    )
    def test_what_cannot_be_read_is_nothing(self, document):
        assert read_allele(msgspec.Raw(json.dumps(document).encode())) == RecordedAllele()


class TestOneAllele:
    def test_records_of_the_allele_change_nothing(self):
        found = answer(told(record(), record(variantType="SNP")))
        assert (found.exists, found.match, found.warnings) == (Exists.YES, None, ())

    @pytest.mark.parametrize(
        "wrong",
        [record(AT + 50_000), record(AT, "G", "T"), record(9, "C", "T")],
        ids=["elsewhere", "another base", "all else"],
    )
    def test_records_of_other_variants_only_are_another_answer(self, wrong):
        assert failure(told(wrong, wrong)) == "inconsistent"
        assert answer(told(wrong, record())).exists is Exists.YES
        assert answer(told(wrong, {"id": "unreadable"})).exists is Exists.YES

    @pytest.mark.parametrize(
        "unclear",
        [
            record(AT + 1),
            record(AT, "C", "T"),
            record(AT - 1, "TG", "TA"),
            record(AT, "G", "T,A"),
            {"variation": {"location": {"start": AT}}},
            {**record(AT + 50_000), "assemblyId": "GRCh37"},
            {**record(AT + 50_000), "_position": {"assemblyId": "GCA_odd"}},
        ],
    )
    def test_what_may_be_another_spelling_contradicts_nothing(self, unclear):
        assert answer(told(unclear)).exists is Exists.YES

    def test_an_indel_may_be_spelled_nearby(self):
        query = question(**CFTR)
        near = record(117559300, "TCTT", "T")
        assert answer(told(near, query=query)).exists is Exists.YES
        far = record(117500000, "TCTT", "T")
        assert failure(told(far, query=query)) == "inconsistent"

    @pytest.mark.parametrize("base", ["A", "T"])
    @pytest.mark.parametrize("away", [-900, -2, 2, 900])
    def test_a_single_base_has_no_other_place(self, away, base):
        wrong = record(AT + away, "G", base)
        assert failure(told(wrong)) == "inconsistent"
        assert answer(told(wrong, record(AT + 1, "G", base))).exists is Exists.YES
        elsewhere = {**wrong, "assemblyId": "GRCh37"}
        assert answer(told(elsewhere)).exists is Exists.YES
        assert failure(told(wrong, alternate="N", total=1)) == "inconsistent"

    def test_a_single_base_as_a_vrs_allele_has_no_other_place(self):
        def allele(start, end):
            place = {"interval": {"start": {"value": start}, "end": {"value": end}}}
            return {"variation": {"location": place, "state": {"sequence": "A"}}}

        assert failure(told(allele(AT + 5, AT + 6))) == "inconsistent"
        assert answer(told(allele(AT, AT + 1))).exists is Exists.YES
        assert answer(told(allele(AT + 5, AT + 5))).exists is Exists.YES

    def test_a_single_base_spelled_with_more_is_where_it_differs(self):
        query = question(**{**BRCA1, "start": (AT - 3,), "reference": "CCTG", "alternate": "CCTA"})
        assert answer(told(record(), query=query)).exists is Exists.YES
        assert failure(told(record(AT - 3), query=query)) == "inconsistent"

    def test_a_range_is_not_compared(self):
        query = question(assembly="GRCh38", chromosome="17", start=(5,), end=(9,))
        assert answer(told(record(50_000), query=query)).exists is Exists.YES

    def test_records_of_other_types_are_not_compared(self):
        query = replace(question(**BRCA1), entry_type="individual")
        sent = asked(v2.plan(query, V2)).parts[0]
        document = {
            "meta": {"receivedRequestSummary": {"requestParameters": {"start": AT}}},
            "responseSummary": {"exists": True},
            "response": {"resultSets": [{"id": "d", "exists": True, "results": [record(9)]}]},
        }
        assert answer(v2.read(reply(document), query, V2, sent)).exists is Exists.YES

    def test_only_the_first_records_are_looked_into(self):
        large = {**record(9), "x": "y" * MAX_BYTES}
        assert answer(told(large)).exists is Exists.YES
        many = [record(9)] * 300
        assert failure(told(*many, limit=0)) == "inconsistent"


class TestWildcards:
    def test_records_that_match_are_all_kept(self):
        found = answer(told(record(), record(alternate="T"), alternate="N", total=2))
        assert (found.count, len(kept(found)), found.warnings) == (2, 2, ())

    def test_other_records_are_left_out_and_no_longer_counted(self):
        result = told(record(), record(alternate="AT"), alternate="N", total=2)
        found = answer(result)
        assert [one["alternateBases"] for one in kept(result)] == ["A"]
        assert (found.exists, found.count, found.warnings) == (Exists.YES, 1, (SOME_DROPPED,))
        assert found.result_sets[0].count == 1

    def test_where_the_page_is_not_all_no_count_is_told(self):
        found = answer(told(record(), record(alternate="AT"), alternate="N", total=20))
        assert (found.count, found.unit, found.result_sets[0].count) == (None, None, None)

    def test_a_page_without_a_match_is_a_no_if_it_is_all_there_is(self):
        found = answer(told(record(alternate="AT"), alternate="N", total=1))
        assert (found.exists, found.count, found.warnings) == (Exists.NO, 0, (NONE_MATCHES,))
        assert found.result_sets[0].exists is Exists.NO
        assert found.result_sets[0].results == ()

    def test_a_page_without_a_match_that_is_not_all_proves_nothing(self):
        assert failure(told(record(alternate="AT"), alternate="N", total=5)) == "no_verdict"

    @pytest.mark.parametrize("listed", [{}, {"resultsCount": 2}])
    @pytest.mark.parametrize("limit", [2, 10, 1000])
    def test_a_page_does_not_say_by_itself_that_it_is_all(self, listed, limit):
        wrong = [record(alternate="AT"), record(alternate="AC")]
        sets = [{"id": "d", "exists": True, "results": wrong, **listed}]
        assert failure(told(sets=sets, alternate="N", limit=limit)) == "no_verdict"
        sets[0]["results"] = [wrong[0], record()]
        found = answer(told(sets=sets, alternate="N", limit=limit))
        assert (found.exists, found.count) == (Exists.YES, None)

    def test_a_total_of_a_full_page_may_be_that_of_the_page(self):
        wrong = [record(alternate="AT"), record(alternate="AC")]
        for limit, dropped, ends in (
            (2, (), "no_verdict"),
            (3, (), None),
            (0, (), None),
            (3, ("limit",), "no_verdict"),
            (3, ("pagination",), "no_verdict"),
        ):
            of = member("v2", wildcards=True, drop=dropped)
            result = told(*wrong, alternate="N", total=2, limit=limit, of=of)
            if ends is None:
                assert answer(result).exists is Exists.NO
            else:
                assert failure(result) == ends
        unpaged = member("v2", wildcards=True, paging="none")
        assert answer(told(*wrong, alternate="N", total=2, limit=1, of=unpaged)).exists is Exists.NO
        assert failure(told(*wrong, alternate="N", limit=1, of=unpaged)) == "no_verdict"

    @pytest.mark.parametrize(
        ("alternate", "asked_for", "exists"),
        [
            ("A", "R", Exists.YES),
            ("T", "R", Exists.NO),
            ("C", "B", Exists.YES),
            ("A", "B", Exists.NO),
        ],
    )
    def test_each_code_stands_for_its_bases(self, alternate, asked_for, exists):
        result = told(record(alternate=alternate), alternate=asked_for, total=1)
        assert answer(result).exists is exists

    def test_a_padded_spelling_of_a_match_is_one(self):
        found = answer(told(record(AT - 1, "TG", "TA"), alternate="N", total=1))
        assert found.exists is Exists.YES

    @pytest.mark.parametrize(
        "unclear",
        [{"id": "x"}, record(alternate="<DUP>"), record(AT - 3, "CC", "C"), record(reference=None)],
    )
    def test_unreadable_records_stay(self, unclear):
        found = answer(told(unclear, alternate="N", total=1))
        assert (found.exists, found.count, found.warnings) == (Exists.YES, 1, ())

    def test_an_unreadable_record_leaves_the_count_open(self):
        found = answer(told({"id": "x"}, record(alternate="AT"), alternate="N", total=2))
        assert (found.exists, found.count) == (Exists.YES, None)

    def test_each_data_set_is_judged_by_its_own_records(self):
        sets = [
            {"id": "a", "exists": True, "resultsCount": 1, "results": [record()]},
            {"id": "b", "exists": True, "resultsCount": 1, "results": [record(alternate="AT")]},
            {"id": "c", "exists": False, "results": []},
        ]
        found = answer(told(sets=sets, alternate="N", total=2))
        said = [(one.exists, one.count) for one in found.result_sets]
        assert said == [(Exists.YES, 1), (Exists.NO, 0), (Exists.NO, None)]
        found = answer(told(sets=sets, alternate="N", total=9))
        assert found.result_sets[1].exists is Exists.UNKNOWN

    def test_an_unknown_reference_base_is_no_wildcard(self):
        found = answer(told(record(reference="C"), reference="N", total=1))
        assert (found.exists, found.warnings) == (Exists.YES, ())


LOSS = {
    "assembly": "GRCh38",
    "chromosome": "9",
    "start": (5,),
    "end": (900,),
    "variant_type": "EFO:0030069",
}


class TestBroader:
    @pytest.mark.parametrize(
        ("stated", "match"),
        [
            ("EFO:0030069", Match.EXACT),
            ({"id": "efo:0030069"}, Match.EXACT),
            ("DEL", None),
            ("EFO:0030068", None),
            (None, None),
        ],
    )
    def test_a_record_that_states_the_finer_type_makes_it_exact(self, stated, match):
        query = question(**LOSS)
        assert asked(v2.plan(query, V2)).parts[1].match is Match.BROADER
        assert answer(told(of_type(stated), query=query, part=1)).match is match
        assert answer(told(of_type(stated), query=query, part=0)).match is None
