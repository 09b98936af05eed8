"""One deletion in all its spellings (CFTR F508del), and the bases that are not there."""

import json

import pytest

from tests.networks import DemoRunning, demo_running

CANONICAL = {
    "assemblyId": "GRCh38",
    "referenceName": "7",
    "start": [117559590],
    "referenceBases": "TCT",
    "alternateBases": "",
}
ANCHORED = ("demo-v11", "demo-records")
TRIMMED = "demo-counts"


def spelled(start: int, reference: str, alternate: str) -> dict[str, str]:
    return {
        "assemblyId": "GRCh38",
        "referenceName": "7",
        "start": str(start),
        "referenceBases": reference,
        "alternateBases": alternate,
    }


SPELLINGS = {
    "7-117559590-ATCT-A": spelled(117559589, "ATCT", "A"),
    "7-117559591-TCTT-T": spelled(117559590, "TCTT", "T"),
    "trimmed": spelled(117559590, "TCT", ""),
    "trimmed to the right": spelled(117559591, "CTT", ""),
    "with more around it": spelled(117559589, "ATCTTTGG", "ATTGG"),
    "HGVS del": {"genomicAlleleShortForm": "NC_000007.14:g.117559592_117559594del"},
    "HGVS delCTT": {"genomicAlleleShortForm": "NC_000007.14:g.117559592_117559594delCTT"},
}
OTHERS = {
    "one base more": spelled(117559590, "TCTT", ""),
    "one base less": spelled(117559590, "TC", ""),
    "an insertion there": spelled(117559590, "", "GG"),
    "anchored, other bases": spelled(117559589, "ATC", "A"),
}


@pytest.mark.parametrize("name", SPELLINGS)
async def test_every_spelling_is_the_same_question(net: DemoRunning, name: str) -> None:
    reply = await net.ask(SPELLINGS[name])

    assert reply.status == 200, reply.text
    assert reply.echo == CANONICAL
    assert reply.found == [*ANCHORED, TRIMMED]
    matches = {told["match"] for told in reply.members.values() if told["answer"] == "found"}
    assert matches <= {"exact", "equivalent"}
    assert not any(
        "spelling" in warning for m in reply.members.values() for warning in m["warnings"]
    )


async def test_each_member_is_asked_in_the_spelling_it_compares_with(net: DemoRunning) -> None:
    for question in SPELLINGS.values():
        await net.ask(question)

    (v11,), (records,), (counts,) = (net.asked(name) for name in (*ANCHORED, TRIMMED))
    assert (v11.json["start"], v11.json["referenceBases"], v11.json["alternateBases"]) == (
        117559589,
        "ATCT",
        "A",
    )
    assert records.query["start"] == ["117559589"]
    assert (records.query["referenceBases"], records.query["alternateBases"]) == (["ATCT"], ["A"])
    variant = counts.json["query"]["requestParameters"]["g_variant"]
    assert variant == {**CANONICAL, "start": [117559590]}


async def test_the_answer_names_the_spelling_that_matched(net: DemoRunning) -> None:
    typed = await net.ask(SPELLINGS["7-117559590-ATCT-A"])
    other = await net.ask(SPELLINGS["7-117559591-TCTT-T"])

    assert typed.members["demo-v11"]["match"] == "exact"
    assert typed.members["demo-v11"]["matchedAs"] is None
    assert typed.members["demo-counts"]["match"] == "equivalent"
    assert other.members["demo-v11"]["match"] == "equivalent"
    assert other.members["demo-v11"]["matchedAs"] == "7-117559590-ATCT-A"


@pytest.mark.parametrize("name", OTHERS)
async def test_another_change_of_the_same_place_is_not_found(net: DemoRunning, name: str) -> None:
    """Empty bases mean nothing there, never anything there."""
    reply = await net.ask(OTHERS[name])

    assert reply.status == 200, reply.text
    assert [reply.endings[one] for one in (*ANCHORED, TRIMMED)] == ["not_found"] * 3


async def test_members_that_compare_anchored_are_never_sent_empty_bases(net: DemoRunning) -> None:
    for question in [*SPELLINGS.values(), *OTHERS.values()]:
        await net.ask(question)
        await net.ask(question | {"requestedGranularity": "record"})

    for name in ANCHORED:
        assert net.asked(name)
        for asked in net.asked(name):
            sent = asked.json or {key: values[0] for key, values in asked.query.items()}
            assert sent["referenceBases"], sent
            assert sent["alternateBases"], sent
    assert any('"alternateBases": ""' in json.dumps(one.json) for one in net.asked(TRIMMED))


async def test_a_posted_deletion_keeps_its_empty_bases(net: DemoRunning) -> None:
    variant = {**CANONICAL, "start": [117559590]}
    reply = await net.ask(body={"query": {"requestParameters": {"g_variant": variant}}})

    assert reply.echo == CANONICAL
    assert reply.found == [*ANCHORED, TRIMMED]


async def test_empty_bases_beside_a_type_or_an_end_were_not_filled_in(net: DemoRunning) -> None:
    """A form sends every field; only a start and the bases of one side make an allele."""
    reply = await net.ask(
        {**spelled(117559580, "", ""), "start": "117559580,117559600", "variantType": "DEL"}
        | {"end": "117559580,117559600"}
    )

    assert "alternateBases" not in reply.echo
    assert reply.found == [*ANCHORED, TRIMMED]


class TestWithoutReference:
    """No FASTA: what cannot be spelled is not asked, and a no is worth less."""

    async def test_a_trimmed_deletion_cannot_be_anchored(self) -> None:
        async with demo_running(with_reference=False) as net:
            reply = await net.ask(SPELLINGS["trimmed"])

            assert [reply.endings[name] for name in (*ANCHORED, TRIMMED)] == [
                "not_asked/parameter",
                "not_asked/parameter",
                "found",
            ]
            assert not net.asked("demo-v11")
            assert not net.asked("demo-records")

    async def test_an_anchored_deletion_is_asked_everywhere(self) -> None:
        async with demo_running(with_reference=False) as net:
            reply = await net.ask(SPELLINGS["7-117559590-ATCT-A"])

            assert reply.found == [*ANCHORED, TRIMMED]

    async def test_a_no_says_that_other_spellings_were_not_tried(self) -> None:
        async with demo_running(with_reference=False) as net:
            reply = await net.ask(SPELLINGS["7-117559591-TCTT-T"])

            for name in ANCHORED:
                told = reply.members[name]
                assert told["answer"] == "not_found"
                assert "other spellings of this indel were not tried" in told["warnings"]

    async def test_the_reference_base_is_not_known_and_so_it_is_asked(self) -> None:
        async with demo_running(with_reference=False) as net:
            reply = await net.ask(
                spelled(169519048, "C", "T") | {"assemblyId": "GRCh37"} | {"referenceName": "1"}
            )

            assert reply.endings["demo-v1"] == "not_found"
