"""Networks with the API of beacon-network.org: one row per beacon, yes, no or null."""

from dataclasses import replace
from typing import Any

import pytest

from aggregator.model.answer import Answer, Exists, Match
from aggregator.model.query import Filter, Query
from aggregator.protocol import beacon_network
from aggregator.protocol.beacon_network_reading import MAX_ROWS
from aggregator.protocol.wire import Failure, Part, Request
from tests.unit.protocol.building import (
    BRCA1,
    CFTR,
    answer,
    asked,
    failure,
    member,
    one_request,
    question,
    refused,
    reply,
    url_parameters,
)

MEMBER = member("beacon-network")
QUESTION = question(**BRCA1)
ECHO = {
    "chromosome": "CHR17",
    "position": 43045703,
    "referenceAllele": "G",
    "allele": "A",
    "reference": "HG38",
}


def row(
    name: str = "one", response: Any = True, *, held: tuple[str, ...] = ("HG38",), **more: Any
) -> dict[str, Any]:
    beacon = {
        "id": name,
        "name": name.title(),
        "organization": "Org",
        "aggregator": False,
        "supportedReferences": list(held),
        "aggregatedBeacons": None,
    }
    changes = more.pop("beacon", {})
    return {
        "beacon": beacon | changes,
        "query": ECHO,
        "response": response,
        "frequency": None,
        "externalUrl": None,
        "info": None,
        **more,
    }


def aggregator(name: str, response: Any, *behind: str, **more: Any) -> dict[str, Any]:
    children = {"aggregator": True, "aggregatedBeacons": list(behind) or None}
    return row(name, response, beacon=children, **more)


def told(*rows: Any, query: Query = QUESTION, status: int = 200) -> Answer | Failure:
    (part,) = asked(beacon_network.plan(query, MEMBER)).parts
    return beacon_network.read(reply(list(rows), status), query, MEMBER, part)


def endings(result: Answer | Failure) -> dict[str, str]:
    return {
        one.beacon_id: one.ending.value + (f"/{one.code}" if one.code else "")
        for one in result.leaves
    }


class TestAsking:
    def test_a_question_is_one_get_0_based_with_the_assembly_in_ucsc_s_words(self) -> None:
        request = one_request(beacon_network.plan(QUESTION, MEMBER))
        assert request.url.startswith("https://beacon.example.org/api/responses?")
        assert url_parameters(request) == {
            "chrom": "17",
            "pos": "43045703",
            "allele": "A",
            "referenceAllele": "G",
            "ref": "hg38",
        }

    def test_the_assembly_is_spelled_as_the_dialect_says(self) -> None:
        request = one_request(
            beacon_network.plan(QUESTION, member("beacon-network", assembly="grc"))
        )
        assert url_parameters(request)["ref"] == "GRCh38"

    def test_an_indel_is_asked_with_its_anchor_and_a_warning(self) -> None:
        plan = asked(beacon_network.plan(question(**CFTR), MEMBER))
        parameters = url_parameters(one_request(plan))
        assert (parameters["pos"], parameters["referenceAllele"], parameters["allele"]) == (
            *("117559589", "ATCT", "A"),
        )
        assert beacon_network.ALTERNATE_ONLY in plan.warnings

    def test_a_trimmed_indel_cannot_be_said(self) -> None:
        trimmed = member("beacon-network", indels="trimmed")
        assert refused(beacon_network.plan(question(**CFTR), trimmed)) == "parameter"

    def test_without_a_known_reference_none_is_sent(self) -> None:
        query = question(**{**BRCA1, "reference": "N"})
        assert "referenceAllele" not in url_parameters(
            one_request(beacon_network.plan(query, MEMBER))
        )

    @pytest.mark.parametrize(
        ("variant_type", "allele"), [("DEL", "DEL"), ("INS", "INS"), ("SO:0000159", "DEL")]
    )
    def test_any_deletion_or_insertion_at_a_place_can_be_asked(
        self, variant_type: str, allele: str
    ) -> None:
        fields = {k: v for k, v in BRCA1.items() if k not in {"reference", "alternate"}}
        bracket = {"start": (43045703, 43045704), "end": (43045720, 43045800)}
        query = question(**fields | bracket, variant_type=variant_type)
        (part,) = asked(beacon_network.plan(query, MEMBER)).parts
        assert url_parameters(part.request)["allele"] == allele
        # there is no word for the end, so a hit proves less than was asked
        assert part.match is Match.BROADER

    def test_wildcards_and_ambiguous_bases_are_not_asked(self) -> None:
        assert refused(beacon_network.plan(question(**BRCA1 | {"alternate": "N"}), MEMBER))
        assert refused(beacon_network.plan(question(**BRCA1 | {"alternate": "R"}), MEMBER))

    def test_mitochondrial_positions_are_not_asked_in_hg19(self) -> None:
        fields = {"chromosome": "MT", "start": (3242,), "reference": "A", "alternate": "G"}
        grch37 = question(assembly="GRCh37", **fields)
        assert refused(beacon_network.plan(grch37, MEMBER)) == "assembly"
        request = one_request(beacon_network.plan(question(assembly="GRCh38", **fields), MEMBER))
        assert (url_parameters(request)["chrom"], url_parameters(request)["ref"]) == ("MT", "hg38")

    @pytest.mark.parametrize(
        ("query", "code"),
        [
            (Query(), "query_kind"),
            (question(gene="BRCA1"), "query_kind"),
            (replace(QUESTION, filters=(Filter("HP:0000001"),)), "filter"),
            (replace(QUESTION, dataset_ids=("a",)), "dataset"),
            (replace(QUESTION, entry_type="individual"), "entry_type"),
            (replace(QUESTION, within="individual", record_id="x"), "entry_type"),
            (replace(Query(), record_id="x"), "query_kind"),
        ],
    )
    def test_what_it_has_no_words_for_is_not_asked(self, query: Query, code: str) -> None:
        assert refused(beacon_network.plan(query, MEMBER)) == code

    def test_wide_windows_and_other_types_are_not_asked(self) -> None:
        fields = {"assembly": "GRCh38", "chromosome": "17", "end": (43045720, 43045800)}
        wide = question(**fields, start=(43045000, 43045704), variant_type="DEL")
        duplication = question(**fields, start=(43045703, 43045704), variant_type="DUP")
        assert refused(beacon_network.plan(wide, MEMBER)) == "query_kind"
        assert refused(beacon_network.plan(duplication, MEMBER)) == "query_kind"


class TestVerdict:
    def test_any_yes_is_a_yes(self) -> None:
        result = answer(told(row("one", False), row("two", True)))
        assert result.exists is Exists.YES
        assert result.is_partial is False
        assert endings(result) == {"one": "not_found", "two": "found"}

    def test_a_no_of_every_beacon_is_a_no(self) -> None:
        assert answer(told(row("one", False), row("two", False))).exists is Exists.NO

    def test_null_is_silence_and_never_no(self) -> None:
        no = told(row("one", False), row("two", None))
        assert failure(no) == "no_verdict"
        assert endings(no) == {"one": "not_found", "two": "no_answer/no_verdict"}
        yes = answer(told(row("one", True), row("two", None)))
        assert yes.is_partial is True

    @pytest.mark.parametrize("response", [False, None])
    def test_a_beacon_of_another_assembly_was_not_asked(self, response: Any) -> None:
        elsewhere = row("old", response, held=("HG19", "HG18"))
        result = answer(told(row("one", False), elsewhere))
        assert result.exists is Exists.NO
        assert endings(result) == {"one": "not_found", "old": "not_asked/assembly"}

    def test_where_all_hold_another_assembly_there_is_no_verdict(self) -> None:
        result = told(row("old", None, held=("HG19",)))
        assert failure(result) == "no_verdict"
        assert isinstance(result, Failure)
        assert "none of its beacons holds GRCh38: Old (holds only GRCh37)" in result.message

    def test_where_one_of_them_was_silent_the_assembly_is_not_the_reason(self) -> None:
        result = told(row("old", None, held=("HG19",)), row("two", None))
        assert isinstance(result, Failure)
        assert "none of its beacons holds" not in result.message
        assert "none of its beacons answered: Two" in result.message

    def test_too_many_rows_are_no_answer(self) -> None:
        rows = [row(f"b{n}", False) for n in range(MAX_ROWS + 1)]
        assert failure(told(*rows)) == "invalid_body"
        assert answer(told(*rows[1:])).exists is Exists.NO

    def test_a_beacon_that_names_no_assembly_is_believed(self) -> None:
        assert answer(told(row("one", False, held=()))).exists is Exists.NO

    def test_an_empty_list_is_no_verdict(self) -> None:
        assert failure(told()) == "no_verdict"


class TestAggregators:
    def test_the_no_of_an_aggregator_proves_nothing(self) -> None:
        result = told(row("one", False), aggregator("group", False, "hidden"))
        assert failure(result) == "no_verdict"
        assert endings(result) == {"one": "not_found", "group": "no_answer/no_verdict"}

    def test_nor_where_it_does_not_say_who_is_behind_it(self) -> None:
        assert failure(told(row("one", False), aggregator("group", False))) == "no_verdict"

    def test_where_all_behind_it_are_listed_they_speak_for_themselves(self) -> None:
        rows = [row("one", False), row("two", False), aggregator("group", False, "one", "two")]
        result = answer(told(*rows))
        assert result.exists is Exists.NO
        assert endings(result) == {"one": "not_found", "two": "not_found"}

    def test_one_of_them_silent_makes_no_no(self) -> None:
        rows = [row("one", False), row("two", None), aggregator("group", False, "one", "two")]
        assert failure(told(*rows)) == "no_verdict"

    def test_an_aggregator_and_the_beacon_that_made_it_say_yes_are_one(self) -> None:
        result = answer(told(row("one", True), aggregator("group", True, "one", "hidden")))
        assert [one.id for one in result.result_sets] == ["one"]

    def test_a_yes_of_nobody_listed_is_the_aggregator_s(self) -> None:
        result = answer(told(row("one", False), aggregator("group", True, "one", "hidden")))
        assert result.exists is Exists.YES
        assert endings(result) == {"one": "not_found", "group": "found"}

    def test_aggregators_of_aggregators_are_followed(self) -> None:
        inner = aggregator("inner", False, "one")
        result = answer(told(row("one", False), inner, aggregator("outer", False, "inner")))
        assert endings(result) == {"one": "not_found"}

    @pytest.mark.parametrize("response", [True, False])
    def test_aggregators_in_a_circle_do_not_vouch_for_each_other(self, response: bool) -> None:
        rows = [aggregator("a", response, "b"), aggregator("b", response, "a")]
        result = told(row("one", False), *rows)
        assert len(result.leaves) == 3
        if response:
            assert answer(result).exists is Exists.YES
        else:
            assert failure(result) == "no_verdict"

    def test_an_aggregator_of_another_assembly_was_not_asked(self) -> None:
        elsewhere = aggregator("group", False, "hidden", held=("HG19",))
        result = answer(told(row("one", False), elsewhere))
        assert endings(result)["group"] == "not_asked/assembly"


class TestEcho:
    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("chromosome", "CHR7"),
            ("position", 43045704),
            ("allele", "T"),
            ("reference", "HG19"),
            ("referenceAllele", "C"),
        ],
    )
    def test_the_row_of_another_question_is_left_out_with_a_warning(
        self, name: str, value: Any
    ) -> None:
        other = row("one", True, query=ECHO | {name: value})
        result = told(other, row("two", False))
        assert failure(result) == "no_verdict"
        assert endings(result)["one"] == "no_answer/inconsistent"
        found = answer(told(other, row("two", True)))
        assert [one.id for one in found.result_sets] == ["two"]
        assert any("one was left out" in warning and name in warning for warning in found.warnings)

    @pytest.mark.parametrize(
        "echo",
        [
            None,
            {},
            dict.fromkeys(ECHO),
            {"chromosome": "17", "reference": "GRCh38", "allele": "a", "position": "43045703"},
        ],
    )
    def test_an_echo_that_says_nothing_else_is_fine(self, echo: Any) -> None:
        assert answer(told(row("one", False, query=echo))).exists is Exists.NO

    def test_short_and_long_words_for_a_deletion_are_one(self) -> None:
        fields = {"assembly": "GRCh38", "chromosome": "17", "end": (43045720, 43045800)}
        query = question(**fields, start=(43045703, 43045704), variant_type="DEL")
        echo = ECHO | {"allele": "D", "referenceAllele": None}
        assert answer(told(row("one", True, query=echo), query=query)).exists is Exists.YES


class TestRows:
    def test_each_beacon_is_a_result_set_of_its_own(self) -> None:
        found = row(
            "one",
            True,
            frequency=0.25,
            externalUrl="https://one.example.org/x",
            info={"position": "43045704"},
        )
        (one,) = answer(told(found)).result_sets
        assert (one.id, one.beacon_id, one.set_type, one.name) == ("one", "one", "beacon", "One")
        assert (one.frequency, one.count) == (0.25, None)
        assert [handover.url for handover in one.handovers] == ["https://one.example.org/x"]
        assert one.info == {"position": "43045704"}

    def test_of_two_rows_of_one_beacon_the_yes_stands_then_silence(self) -> None:
        assert endings(told(row("one", False), row("one", True))) == {"one": "found"}
        assert failure(told(row("one", False), row("one", None))) == "no_verdict"

    @pytest.mark.parametrize(
        "document", [[{"exists": True}], [None], "yes", [row(), 1], {"exists": True}]
    )
    def test_anything_else_is_no_answer(self, document: Any) -> None:
        part = Part(Request("GET", "https://x.example.org/responses?ref=hg38"))
        result = beacon_network.read(reply(document), QUESTION, MEMBER, part)
        assert failure(result) == "invalid_body"

    def test_one_row_may_come_without_a_list(self) -> None:
        part = Part(Request("GET", "https://x.example.org/responses?ref=hg38"))
        result = beacon_network.read(reply(row("one", False)), QUESTION, MEMBER, part)
        assert answer(result).exists is Exists.NO

    def test_an_error_is_said_in_its_words_whatever_the_status(self) -> None:
        error = {"status": 400, "reason": "Bad Request", "message": "no such allele"}
        part = Part(Request("GET", "https://x.example.org/responses"))
        for status in (200, 400):
            result = beacon_network.read(reply(error, status), QUESTION, MEMBER, part)
            assert failure(result) == "rejected"
            assert isinstance(result, Failure)
            assert "no such allele" in result.message
