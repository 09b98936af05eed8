"""Pages after the first, totals that were not told, and warnings that are long or many."""

from dataclasses import replace

import pytest

from aggregator.model.answer import Exists
from aggregator.model.query import Filter, Granularity, Pagination, Query
from aggregator.protocol import v2
from aggregator.protocol.v2_reading import CENSORED
from tests.unit.protocol.building import answer, asked, failure, member, reply

V2 = member("v2")
PEOPLE = Query(entry_type="individual", granularity=Granularity.RECORD)
DATASETS = Query(entry_type="dataset", granularity=Granularity.RECORD)
LATER = Pagination(skip=2, limit=5)
UNPAGED = [
    {"paging": "none"},
    {"drop": ("skip",)},
    {"drop": ("limit",)},
    {"drop": ("pagination",)},
]


def told(query, of=V2, *, exists=True, total=None, meta=None, info=None, **response):
    summary = {"exists": exists} | ({} if total is None else {"numTotalResults": total})
    document = {
        "meta": meta or {},
        "responseSummary": summary,
        "response": response,
        "info": info or {},
    }
    (sent,) = asked(v2.plan(query, of)).parts
    return v2.read(reply(document), query, of, sent)


class TestFurtherPages:
    @pytest.mark.parametrize("total", [None, 0])
    def test_a_no_of_a_further_page_proves_nothing(self, total):
        query = replace(PEOPLE, pagination=LATER)
        for sets in ([], [{"id": "a", "exists": False, "resultsCount": 0}]):
            result = told(query, exists=False, total=total, resultSets=sets)
            assert failure(result) == "no_verdict"
            assert "earlier page" in result.message

    def test_a_no_where_pages_were_not_asked_for_is_one(self):
        counts = replace(PEOPLE, pagination=LATER, granularity=Granularity.COUNT)
        first = replace(PEOPLE, pagination=Pagination(0, 5))
        for query in (counts, first):
            assert answer(told(query, exists=False)).exists is Exists.NO
        for dialect in UNPAGED:
            of = member("v2", **dialect)
            found = answer(told(replace(PEOPLE, pagination=LATER), of, exists=False))
            assert found.exists is Exists.NO

    @pytest.mark.parametrize("dialect", UNPAGED)
    def test_records_of_a_member_without_pages_are_not_those_of_a_further_one(self, dialect):
        of = member("v2", **dialect)
        sets = [{"id": "a", "exists": True, "resultsCount": 3, "results": [{"id": "P1"}]}]
        later = answer(told(replace(PEOPLE, pagination=LATER), of, total=3, resultSets=sets))
        assert (later.exists, later.count, later.granularity) == (
            Exists.YES,
            3,
            Granularity.COUNT,
        )
        assert [(one.count, one.results) for one in later.result_sets] == [(3, ())]
        first = answer(told(PEOPLE, of, total=3, resultSets=sets))
        assert len(first.result_sets[0].results) == 1

    def test_collections_of_a_member_without_pages_are_not_those_of_a_further_one(self):
        later = replace(DATASETS, pagination=LATER)
        for dialect, count in (({"paging": "none"}, 1), ({"drop": ("limit",)}, None)):
            found = answer(told(later, member("v2", **dialect), collections=[{"id": "a"}]))
            assert (found.exists, found.collections, found.count) == (Exists.YES, (), count)


class TestTotalsOfLists:
    @pytest.mark.parametrize(
        ("dialect", "pagination", "listed", "expected"),
        [
            ({}, Pagination(0, 5), 3, 3),
            ({}, Pagination(0, 5), 5, None),
            ({}, Pagination(0, 5), 6, None),
            ({}, Pagination(0, 0), 3, None),
            ({}, Pagination(1, 5), 3, None),
            ({"drop": ("limit",)}, Pagination(0, 5), 3, None),
            ({"drop": ("pagination",)}, Pagination(0, 5), 3, None),
            ({"drop": ("skip",)}, Pagination(0, 5), 3, 3),
            ({"paging": "none"}, Pagination(0, 5), 9, 9),
        ],
    )
    def test_a_total_that_was_not_told_is_known_of_short_lists_only(
        self, dialect, pagination, listed, expected
    ):
        query = replace(DATASETS, pagination=pagination)
        objects = [{"id": str(number)} for number in range(listed)]
        found = answer(told(query, member("v2", **dialect), collections=objects))
        assert (found.count, len(found.collections)) == (expected, listed)


class TestWarnings:
    @pytest.mark.parametrize(
        ("meta", "info"),
        [
            ({"warnings": ["slow"] * 30 + ["HP:1 is unknown"]}, {}),
            ({"warnings": "slow. " * 200 + "HP:1 is unknown"}, {}),
            ({"warnings": {"description": "slow", "ignored": [{"filters": ["HP:1"]}]}}, {}),
            ({"warnings": [{"errorMessage": "slow", "message": "HP_1 is unknown"}]}, {}),
            ({}, {"messages": [{"description": "slow"}] * 9 + [{"description": "no HP:1"}]}),
        ],
        ids=["many", "long", "deep", "beside another text", "messages"],
    )
    def test_a_filter_left_out_is_seen_wherever_a_warning_names_it(self, meta, info):
        query = replace(PEOPLE, filters=(Filter("HP:1"),))
        result = told(query, meta=meta, info=info)
        assert failure(result) == "no_verdict"
        assert "HP:1" in result.message
        other = replace(PEOPLE, filters=(Filter("HP:2"),))
        shown = answer(told(other, meta=meta, info=info))
        assert len(shown.warnings) <= 5
        assert all(len(text) < 400 for text in shown.warnings)

    def test_a_no_may_be_censored_though_the_first_messages_are_empty(self):
        messages = [{}] * 6 + [{"description": "small counts are hidden"}]
        found = answer(told(PEOPLE, exists=False, info={"messages": messages}))
        assert CENSORED in found.warnings
