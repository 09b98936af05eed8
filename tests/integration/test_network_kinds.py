"""Questions that are not about one allele: genes, amino acids, ranges, brackets, names as text."""

from typing import Any

import pytest

from demo import BEACON_IDS
from tests.networks import DemoRunning

OLD = ("demo-legacy", "demo-v1", "demo-v11")
RECORDS, COUNTS = "demo-records", "demo-counts"
NO_SUCH_KIND = dict.fromkeys(OLD, "not_asked/query_kind")

BRAF_RANGE = {
    "assemblyId": "GRCh38",
    "referenceName": "7",
    "start": "140753300",
    "end": "140753400",
}
"""Half-open; BRAF V600E is at 140753335."""


def sent_to_counts(net: DemoRunning, number: int = -1) -> Any:
    return net.asked(COUNTS)[number].json["query"]["requestParameters"]["g_variant"]


async def test_a_gene_is_asked_of_version_2_only_and_without_an_assembly(net: DemoRunning) -> None:
    reply = await net.ask({"geneId": "CFTR"})

    assert reply.endings == {**NO_SUCH_KIND, RECORDS: "found", COUNTS: "found"}
    assert reply.echo == {"geneId": "CFTR"}
    assert net.asked(RECORDS)[0].query["geneId"] == ["CFTR"]
    assert "assemblyId" not in net.asked(RECORDS)[0].query
    assert sent_to_counts(net) == {"geneId": "CFTR"}
    assert not any(net.asked(name) for name in OLD)


@pytest.mark.parametrize("assembly", ["GRCh37", "GRCh38"])
async def test_a_gene_is_never_pruned_by_assembly(net: DemoRunning, assembly: str) -> None:
    reply = await net.ask({"geneId": "CFTR", "assemblyId": assembly})

    assert reply.endings == {**NO_SUCH_KIND, RECORDS: "found", COUNTS: "found"}


@pytest.mark.parametrize(
    ("gene", "change"),
    [
        ("BRAF", "V600E"),
        ("BRAF", "p.V600E"),
        ("BRAF", "p.Val600Glu"),
        ("BRAF", "Val600Glu"),
        ("BRAF", "p.(Val600Glu)"),
        ("braf", "v600e"),
    ],
)
async def test_an_amino_acid_change_however_it_is_spelled(
    net: DemoRunning, gene: str, change: str
) -> None:
    reply = await net.ask({"geneId": gene, "aminoacidChange": change})

    assert reply.echo == {"geneId": "BRAF", "aminoacidChange": "V600E"}
    # bento's servers do not take it, and without it the question would be about the whole gene
    assert reply.endings == {**NO_SUCH_KIND, RECORDS: "found", COUNTS: "not_asked/parameter"}
    assert net.asked(RECORDS)[0].query["aminoacidChange"] == ["V600E"]
    assert not net.asked(COUNTS)


async def test_another_amino_acid_change_of_the_gene_is_not_found(net: DemoRunning) -> None:
    reply = await net.ask({"geneId": "BRAF", "aminoacidChange": "V600K"})

    assert reply.endings[RECORDS] == "not_found"


@pytest.mark.parametrize(
    ("first", "last", "is_there"),
    [
        (140753335, 140753336, True),
        (140753300, 140753336, True),
        (140753300, 140753335, False),
        (140753336, 140753400, False),
    ],
)
async def test_a_range_means_overlap_and_its_end_is_exclusive(
    net: DemoRunning, first: int, last: int, is_there: bool
) -> None:
    reply = await net.ask(BRAF_RANGE | {"start": str(first), "end": str(last)})

    assert reply.endings[RECORDS] == ("found" if is_there else "not_found")
    assert {name: reply.endings[name] for name in OLD} == NO_SUCH_KIND
    assert reply.echo["start"] == [first]
    assert reply.echo["end"] == [last]


async def test_a_range_in_another_assembly_is_not_asked(net: DemoRunning) -> None:
    reply = await net.ask(BRAF_RANGE | {"assemblyId": "GRCh37"})

    assert reply.status == 501
    assert set(reply.endings.values()) == {"not_asked/query_kind", "not_asked/assembly"}
    assert net.is_untouched


F508DEL_WINDOWS = {
    "assemblyId": "GRCh38",
    "referenceName": "7",
    "start": "117559580,117559600",
    "end": "117559580,117559600",
    "variantType": "DEL",
}


async def test_windows_are_spelled_in_each_members_own_bounds(net: DemoRunning) -> None:
    reply = await net.ask(F508DEL_WINDOWS)

    assert reply.endings == {
        "demo-legacy": "not_asked/query_kind",
        "demo-v1": "not_asked/assembly",
        "demo-v11": "found",
        RECORDS: "found",
        COUNTS: "found",
    }
    (v11,) = net.asked("demo-v11")
    windows = {name: v11.json[name] for name in ("startMin", "startMax", "endMin", "endMax")}
    assert windows == {
        "startMin": 117559580,
        "startMax": 117559599,
        "endMin": 117559580,
        "endMax": 117559599,
    }
    assert net.asked(RECORDS)[0].query["start"] == ["117559580,117559599"]
    assert sent_to_counts(net)["start"] == [117559580, 117559600]


@pytest.mark.parametrize(
    ("last_start", "expected"), [(117559589, "not_found"), (117559590, "found")]
)
async def test_the_upper_bound_of_a_window_is_exclusive_everywhere(
    net: DemoRunning, last_start: int, expected: str
) -> None:
    """The anchored deletion starts at 117559589."""
    reply = await net.ask(F508DEL_WINDOWS | {"start": f"117559580,{last_start}"})

    assert reply.endings["demo-v11"] == expected
    assert reply.endings[RECORDS] == expected


async def test_windows_without_a_type_are_no_question_of_version_1(net: DemoRunning) -> None:
    windows = {key: value for key, value in F508DEL_WINDOWS.items() if key != "variantType"}
    reply = await net.ask(windows)

    assert reply.endings["demo-v11"] == "not_asked/parameter"
    assert reply.endings[RECORDS] == "found"


async def test_a_finer_type_is_a_broader_question_and_says_so(net: DemoRunning) -> None:
    """EFO's high-level copy number loss can only be asked as DEL where VCF's words are spoken."""
    reply = await net.ask(F508DEL_WINDOWS | {"variantType": "EFO:0030069"})

    v11 = reply.members["demo-v11"]
    assert v11["answer"] == "found"
    assert v11["match"] == "broader"


async def test_a_start_and_a_type_without_an_end_is_sent_as_windows(net: DemoRunning) -> None:
    question = {
        "assemblyId": "GRCh38",
        "referenceName": "7",
        "start": "117559589",
        "variantType": "DEL",
    }
    reply = await net.ask(question)

    assert reply.found == ["demo-v11", RECORDS]
    assert len(sent_to_counts(net)["start"]) == 2
    assert len(sent_to_counts(net)["end"]) == 2


async def test_a_transcript_name_is_compared_as_text(net: DemoRunning) -> None:
    reply = await net.ask({"genomicAlleleShortForm": "NM_004333.6:c.1799T>A"})

    assert reply.endings == {**NO_SUCH_KIND, RECORDS: "found", COUNTS: "not_asked/parameter"}
    assert reply.members[RECORDS]["match"] == "text"


async def test_a_wildcard_goes_only_to_members_known_to_understand_it(net: DemoRunning) -> None:
    question = {
        "assemblyId": "GRCh38",
        "referenceName": "7",
        "start": "140753335",
        "referenceBases": "A",
        "alternateBases": "N",
    }
    reply = await net.ask(question)

    assert reply.status == 501
    assert set(reply.endings.values()) == {"not_asked/parameter", "not_asked/assembly"}
    assert net.is_untouched


async def test_filters_are_passed_on_to_members_that_list_them(net: DemoRunning) -> None:
    reply = await net.ask({"geneId": "BRAF", "filters": "NCIT:C16576"})

    assert [reply.endings[name] for name in OLD] == ["not_asked/filter"] * 3
    assert reply.endings[COUNTS] == "not_asked/filter"
    assert reply.endings[RECORDS] in {"found", "not_found"}
    (sent,) = net.asked(RECORDS)
    assert sent.json["query"]["filters"] == [{"id": "NCIT:C16576"}]
    assert not any(net.asked(name) for name in (*OLD, COUNTS))


async def test_no_question_about_variants_at_all_lists_what_version_2_has(
    net: DemoRunning,
) -> None:
    reply = await net.ask()

    assert reply.endings == {**NO_SUCH_KIND, RECORDS: "found", COUNTS: "found"}
    assert list(reply.endings) == list(BEACON_IDS)
