"""Beacon v2: what is asked for where a member cannot be asked for quite what was wanted."""

from dataclasses import replace

import pytest

from aggregator.model.answer import Match
from aggregator.model.query import Granularity, Pagination, Query
from aggregator.protocol import beacon_network, csc, v0, v1, v2
from tests.unit.protocol.building import (
    BRCA1,
    asked,
    body,
    member,
    one_request,
    question,
    refused,
    url_parameters,
)

V2 = member("v2")
ANY = question(**BRCA1)
SECOND_PAGE = replace(ANY, granularity=Granularity.RECORD, pagination=Pagination(1, 7))
PAGING = {"skip", "limit", "pagination"}


class TestOnePlace:
    @pytest.mark.parametrize(
        ("bases", "end"),
        [(("G", "A"), 43045703), (("GTC", "G"), 43045705)],
        ids=["SNV", "deletion"],
    )
    def test_the_last_base_is_told_to_who_takes_a_start_alone_for_a_window(self, bases, end):
        named = question(**{**BRCA1, "reference": bases[0], "alternate": bases[1]})
        wants_end = member("v2", method="POST", start="list", exact="start_end")
        told = body(one_request(v2.plan(named, wants_end)))["query"]["requestParameters"]
        assert (told["start"], told["end"]) == ([43045703], [end])

    def test_nobody_else_is_told_an_end(self):
        assert "end" not in url_parameters(one_request(v2.plan(ANY, V2)))


class TestPages:
    @pytest.mark.parametrize(
        "dialect",
        [
            {"paging": "none"},
            {"drop": ("skip",)},
            {"drop": ("limit",)},
            {"drop": ("pagination",)},
            {"drop": ("limit",), "paging": "records"},
        ],
    )
    def test_a_member_without_pages_is_asked_for_a_count_instead_of_a_further_one(self, dialect):
        told = url_parameters(one_request(v2.plan(SECOND_PAGE, member("v2", **dialect))))
        assert told["requestedGranularity"] == "count"
        assert not PAGING & told.keys()
        posted = body(one_request(v2.plan(SECOND_PAGE, member("v2", method="POST", **dialect))))
        assert posted["query"]["requestedGranularity"] == "count"
        assert not PAGING & posted["query"].keys()

    def test_its_first_page_is_asked_for_as_ever(self):
        first = replace(SECOND_PAGE, pagination=Pagination(0, 7))
        of = member("v2", drop=("skip",))
        told = url_parameters(one_request(v2.plan(first, of)))
        assert (told["requestedGranularity"], told["limit"]) == ("record", "7")

    def test_without_counts_either_it_is_not_asked(self):
        of = member("v2", paging="none", drop=("requestedGranularity",))
        assert refused(v2.plan(SECOND_PAGE, of)) == "pagination"
        assert asked(v2.plan(replace(SECOND_PAGE, granularity=Granularity.COUNT), of))
        assert asked(v2.plan(SECOND_PAGE, member("v2", drop=("requestedGranularity",))))


class TestDataSets:
    @pytest.mark.parametrize(
        ("wanted", "sent"), [("boolean", "count"), ("count", "count"), ("record", "record")]
    )
    def test_named_data_sets_are_asked_for_with_their_counts_at_least(self, wanted, sent):
        query = replace(ANY, granularity=Granularity(wanted), dataset_ids=("a",))
        told = url_parameters(one_request(v2.plan(query, V2)))
        assert told["requestedGranularity"] == sent

    def test_without_data_sets_yes_or_no_is_enough(self):
        told = url_parameters(one_request(v2.plan(ANY, V2)))
        assert told["requestedGranularity"] == "boolean"


class TestTests:
    TESTED = replace(ANY, test_mode=True)

    def test_a_member_that_cannot_be_told_is_not_asked(self):
        of = member("v2", drop=("testMode",))
        assert refused(v2.plan(self.TESTED, of)) == "parameter"
        assert asked(v2.plan(ANY, of))
        assert url_parameters(one_request(v2.plan(self.TESTED, V2)))["testMode"] == "true"

    @pytest.mark.parametrize(
        ("protocol", "translator"),
        [("v0", v0), ("v1", v1), ("csc", csc), ("beacon-network", beacon_network)],
    )
    def test_protocols_without_tests_are_not_asked(self, protocol, translator):
        of = member(protocol)
        assert asked(translator.plan(ANY, of))
        assert refused(translator.plan(self.TESTED, of)) == "parameter"


class TestVariantTypes:
    @staticmethod
    def ask(variant_type):
        fields = {"assembly": "GRCh38", "chromosome": "9", "start": (21_000,), "end": (22_000,)}
        return asked(v2.plan(question(**fields, variant_type=variant_type), V2))

    @pytest.mark.parametrize(
        ("variant_type", "words"),
        [
            ("SNV", ["SNV", "SNP"]),
            ("SNP", ["SNP", "SNV"]),
            ("MNV", ["MNV", "MNP"]),
            ("SO:0001483", ["SO:0001483", "SNP", "SNV"]),
            ("DEL", ["DEL"]),
            ("DUP:TANDEM", ["DUP:TANDEM"]),
            ("private", ["PRIVATE"]),
        ],
    )
    def test_every_word_for_the_same_is_asked(self, variant_type, words):
        made = self.ask(variant_type)
        assert [url_parameters(part.request)["variantType"] for part in made.parts] == words
        assert {part.match for part in made.parts} == {Match.EXACT}
        assert not made.are_disjoint

    @pytest.mark.parametrize("variant_type", ["CNV", "SO:0001019", "so:0001019"])
    def test_a_copy_number_variation_is_a_loss_or_a_gain_by_any_name(self, variant_type):
        made = self.ask(variant_type)
        told = [url_parameters(part.request)["variantType"] for part in made.parts]
        assert told == ["DEL", "DUP"]
        assert made.are_disjoint


class TestAddresses:
    ONE = Query(entry_type="individual", record_id="a/b")

    @pytest.mark.parametrize(
        ("listed", "single"),
        [
            ("/individuals?x=1", "/individuals/a%2Fb?x=1&"),
            ("/people/?x=1/2", "/people/a%2Fb?x=1/2&"),
        ],
    )
    def test_an_id_goes_before_the_parameters_of_a_lists_address(self, listed, single):
        of = member("v2", capabilities={"endpoints": {"individual": listed}})
        url = one_request(v2.plan(self.ONE, of)).url
        assert url.startswith(f"https://beacon.example.org/api{single}")

    def test_an_address_without_a_place_for_the_id_would_be_another_question(self):
        of = member("v2", paths={"individuals/{id}": "people"})
        assert refused(v2.plan(self.ONE, of)) == "query_kind"
