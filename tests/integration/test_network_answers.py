"""Questions about one allele to the demo network: who has it, who does not, who was not asked."""

import csv
from pathlib import Path
from typing import Any

import pytest

from demo import BEACON_IDS
from tests.networks import BRAF, NETWORK_ID, DemoRunning

ROWS = list(
    csv.DictReader(
        (Path(__file__).parents[2] / "demo/data/variants.csv").read_text("utf-8").splitlines()
    )
)
HOLDS = {
    "GRCh37": ("demo-legacy", "demo-v1"),
    "GRCh38": ("demo-v11", "demo-records", "demo-counts"),
}
CENSORED_UP_TO = 2
"""The threshold of demo-counts: fewer carriers are told as none."""

Row = dict[str, str]


def allele(assembly: str, text: str) -> dict[str, str]:
    """The parameters of `7-140753336-A-T`, whose position is 1-based."""
    chromosome, position, reference, alternate = text.split("-")
    return {
        "assemblyId": assembly,
        "referenceName": chromosome,
        "start": str(int(position) - 1),
        "referenceBases": reference,
        "alternateBases": alternate,
    }


def holders(row: Row) -> set[str]:
    """Who tells of a variant, read from the file by its own rules."""
    found = set()
    for column, cell in row.items():
        beacon, colon, _ = column.partition(":")
        if colon and cell and beacon in BEACON_IDS:
            count = cell.partition("/")[0]
            if beacon != "demo-counts" or int(count) > CENSORED_UP_TO:
                found.add(beacon)
    return found


def is_mitochondrial(row: Row) -> bool:
    return row["grch38"].startswith("MT-")


def endings_of(row: Row, assembly: str) -> dict[str, str]:
    """How every member has to end."""
    asked: tuple[str, ...] = HOLDS[assembly]
    if is_mitochondrial(row):
        asked = ("demo-v1", *HOLDS["GRCh38"])  # one sequence for all but hg19's chrM
    return {
        name: "not_asked/assembly"
        if name not in asked
        else "found"
        if name in holders(row)
        else "not_found"
        for name in BEACON_IDS
    }


async def test_the_question_of_the_readme_names_every_member(net: DemoRunning) -> None:
    reply = await net.ask(BRAF)

    assert reply.status == 200
    assert reply.summary == {"exists": True}
    assert list(reply.members) == list(BEACON_IDS)
    assert reply.endings == {
        "demo-legacy": "not_asked/assembly",
        "demo-v1": "not_asked/assembly",
        "demo-v11": "found",
        "demo-records": "found",
        "demo-counts": "not_found",
    }
    assert reply.info["verdict"] == "found"
    assert reply.info["complete"] is True
    assert reply.info["summary"] == {
        "members": 5,
        "found": 2,
        "notFound": 1,
        "noAnswer": 0,
        "notAsked": 2,
    }
    for told in reply.members.values():
        assert told["name"].startswith("Demo: ")
        assert (told["match"] == "exact") is (told["answer"] == "found")
        assert (told["reason"] is not None) is (told["answer"] == "not_asked")
        assert (told["attempts"] == 1) is (told["answer"] != "not_asked")
        assert told["source"] == "live"


async def test_every_member_is_named_with_what_it_says_of_itself(net: DemoRunning) -> None:
    reply = await net.ask(BRAF)

    told = {name: (m["protocol"], m["apiVersion"]) for name, m in reply.members.items()}
    assert told == {
        "demo-legacy": ("v0", None),
        "demo-v1": ("v1", "v1.0.1"),
        "demo-v11": ("v1", "1.1.0"),
        "demo-records": ("v2", "v2.2.0"),
        "demo-counts": ("v2", "v2.0.0"),
    }
    assert reply.members["demo-v11"]["beaconId"] == "org.example.demo-v11"
    names = [one["name"] for one in reply.members["demo-v11"]["datasets"]]
    assert sorted(names) == ["Demo genomes", "Demo tumours"]


async def test_the_old_assembly_is_asked_of_those_who_hold_it(net: DemoRunning) -> None:
    reply = await net.ask(allele("GRCh37", "7-140453136-A-T"))

    assert reply.found == ["demo-legacy", "demo-v1"]
    assert [ending for ending in reply.endings.values() if ending != "found"] == [
        "not_asked/assembly"
    ] * 3
    (legacy,) = net.asked("demo-legacy")
    assert legacy.query == {
        "ref": ["hg19"],
        "chrom": ["chr7"],
        "pos": ["140453136"],
        "referenceAllele": ["A"],
        "allele": ["T"],
    }
    assert net.times_asked == {"demo-legacy": 1, "demo-v1": 1} | dict.fromkeys(HOLDS["GRCh38"], 0)


@pytest.mark.parametrize(
    "spelled",
    [
        {"referenceName": "chr7"},
        {"referenceName": "NC_000007.14"},
        {"referenceName": "NC_000007.14", "assemblyId": ""},
        {"assemblyId": "hg38"},
        {"assemblyId": "GRCh38.p13"},
        {"referenceBases": "a", "alternateBases": "t"},
    ],
    ids=lambda spelled: ",".join(map(str, spelled.values())),
)
async def test_one_question_however_it_is_spelled(net: DemoRunning, spelled: Any) -> None:
    plain = await net.ask(BRAF)
    reply = await net.ask({**BRAF, **spelled})

    assert reply.echo == plain.echo
    assert reply.endings == plain.endings
    # and known to be the same: nobody is asked again
    assert set(net.times_asked.values()) <= {0, 1}


async def test_every_question_carries_the_name_of_the_network_and_no_secret(
    net: DemoRunning,
) -> None:
    await net.ask(BRAF, headers={"Authorization": "Bearer user-secret", "Cookie": "id=1"})

    for name in HOLDS["GRCh38"]:
        (asked,) = net.asked(name)
        assert asked.headers["via"] == f"1.1 {NETWORK_ID}"
        assert asked.headers["user-agent"].startswith("beacon-aggregator/")
        assert not {"authorization", "cookie"} & asked.headers.keys()


@pytest.mark.parametrize("assembly", ["GRCh37", "GRCh38"])
async def test_every_variant_is_found_exactly_where_it_is_held(
    net: DemoRunning, assembly: str
) -> None:
    """Each line of the file, in each of its assemblies; a censored count is a no."""
    column = assembly.lower()
    rows = [row for row in ROWS if row[column]]
    wrong = {}
    for row in rows:
        reply = await net.ask(allele(assembly, row[column]))
        if reply.endings != (expected := endings_of(row, assembly)):
            wrong[row["name"]] = (reply.endings, expected)
    assert wrong == {}
    assert len(rows) >= 38


async def test_every_variant_is_found_by_its_genomic_name(net: DemoRunning) -> None:
    """A name whose bases are known is the allele; any other is compared as text, by who can."""
    wrong = {}
    as_text = []
    for row in ROWS:
        reply = await net.ask({"genomicAlleleShortForm": row["hgvs"]})
        expected = endings_of(row, "GRCh38")
        if "genomicAlleleShortForm" in reply.echo:
            as_text.append(row["name"])
            able = {"demo-records": expected["demo-records"], "demo-counts": "not_asked/parameter"}
            expected = dict.fromkeys(BEACON_IDS[:3], "not_asked/query_kind") | able
            assert reply.members["demo-records"]["match"] in {"text", None}
        if reply.endings != expected:
            wrong[row["name"]] = (reply.endings, expected)
    assert wrong == {}
    # outside the windows of the demo's reference, and duplications that do not tell their bases
    assert as_text == [
        "BRCA1 185delAG",
        "BRCA1 5382insC",
        "GJB2 35delG",
        "CCR5 delta 32",
        "NPM1 W288fs type A",
    ]


async def test_f5_leiden_is_asked_in_grch38_only(net: DemoRunning) -> None:
    reply = await net.ask(allele("GRCh38", "1-169549811-C-T"))

    assert reply.endings == {
        "demo-legacy": "not_asked/assembly",
        "demo-v1": "not_asked/assembly",
        "demo-v11": "found",
        "demo-records": "not_found",
        "demo-counts": "found",
    }


async def test_the_reference_base_of_an_assembly_is_asked_of_nobody(net: DemoRunning) -> None:
    """F5 Leiden is what GRCh37 has there: files of differences from GRCh37 cannot list it."""
    reply = await net.ask(allele("GRCh37", "1-169519049-C-T"))

    assert reply.status == 501
    assert set(reply.endings.values()) == {"not_asked/reference_allele"}
    assert list(reply.members) == list(BEACON_IDS)
    assert reply.info["verdict"] == "unknown"
    assert "reference base of GRCh37" in reply.problem
    assert net.is_untouched


@pytest.mark.parametrize(
    "place",
    [
        {"assemblyId": "GRCh37", "referenceName": "MT"},
        {"assemblyId": "GRCh38", "referenceName": "MT"},
        {"assemblyId": "GRCh38", "referenceName": "chrM"},
        {"assemblyId": "hg38", "referenceName": "chrM"},
        {"assemblyId": "hg19", "referenceName": "MT"},
        {"assemblyId": "GRCh37", "referenceName": "NC_012920.1"},
        {"referenceName": "NC_012920.1"},
    ],
    ids=lambda place: " ".join(place.values()),
)
async def test_the_mitochondrion_is_asked_whatever_the_assembly(
    net: DemoRunning, place: dict[str, str]
) -> None:
    reply = await net.ask({**allele("", "MT-3243-A-G"), "assemblyId": "", **place})

    assert reply.endings == {
        "demo-legacy": "not_asked/assembly",
        "demo-v1": "found",
        "demo-v11": "found",
        "demo-records": "not_found",
        "demo-counts": "not_found",
    }
    assert "NC_001807" in reply.members["demo-legacy"]["reason"]["message"]
    spelled = {name: net.asked(name)[0] for name in HOLDS["GRCh38"] + ("demo-v1",)}
    assert spelled["demo-v1"].json["assemblyId"] == "GRCh37"
    assert spelled["demo-v11"].json["assemblyId"] == "GRCh38"
    assert spelled["demo-v11"].json["referenceName"] == "MT"
    assert spelled["demo-records"].query["assemblyId"] == ["GRCh38"]


async def test_the_mitochondrion_of_ucsc_hg19_is_another_sequence(net: DemoRunning) -> None:
    reply = await net.ask({**allele("hg19", "chrM-3243-A-G")})

    assert reply.status == 400
    assert "NC_001807" in reply.problem
    assert net.is_untouched


async def test_an_allele_nobody_has_is_a_no_of_all_who_were_asked(net: DemoRunning) -> None:
    reply = await net.ask(allele("GRCh38", "7-140753336-A-G"))

    assert reply.status == 200
    assert reply.summary == {"exists": False}
    assert reply.info["verdict"] == "not_found"
    assert reply.info["complete"] is True
    assert reply.info["summary"]["notFound"] == 3


async def test_a_censored_count_says_so(net: DemoRunning) -> None:
    """HbC: 2 alleles, and demo-counts tells none up to 2."""
    reply = await net.ask({**allele("GRCh38", "11-5227003-C-T"), "requestedGranularity": "count"})

    counts = reply.members["demo-counts"]
    assert counts["answer"] == "not_found"
    assert "not found, or in fewer people than it may tell" in counts["warnings"]
    assert any("threshold: 2" in warning for warning in counts["warnings"])


async def test_the_second_question_comes_from_the_cache_and_says_so(net: DemoRunning) -> None:
    first = await net.ask(BRAF)
    second = await net.ask(BRAF)

    assert {told["source"] for told in first.members.values()} == {"live"}
    sources = {name: told["source"] for name, told in second.members.items()}
    assert {sources[name] for name in HOLDS["GRCh38"]} == {"cache"}
    assert second.endings == first.endings
    assert max(net.times_asked.values()) == 1
