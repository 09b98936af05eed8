"""How much is told: yes or no, counts with their units, records as the members wrote them."""

from typing import Any

import pytest

from tests.networks import BRAF, DemoRunning
from tests.official import official

F508DEL = {
    "assemblyId": "GRCh38",
    "referenceName": "7",
    "start": "117559589",
    "referenceBases": "ATCT",
    "alternateBases": "A",
}
C282Y_37 = {
    "assemblyId": "GRCh37",
    "referenceName": "6",
    "start": "26093140",
    "referenceBases": "G",
    "alternateBases": "A",
}
RANKS = {"boolean": 0, "count": 1, "record": 2}


def record(question: dict[str, str], include: str = "HIT", **rest: str) -> dict[str, str]:
    wanted = {"requestedGranularity": "record", "includeResultsetResponses": include}
    return question | wanted | rest


async def test_the_default_is_yes_or_no(net: DemoRunning) -> None:
    reply = await net.ask(F508DEL)

    assert reply.json["meta"]["returnedGranularity"] == "boolean"
    assert reply.summary == {"exists": True}
    assert "response" not in reply.json
    assert reply.info["count"] is None
    assert net.asked("demo-records")[0].query["requestedGranularity"] == ["boolean"]


@pytest.mark.parametrize("asked_for", RANKS)
@pytest.mark.parametrize("question", [F508DEL, C282Y_37, BRAF], ids=["indel", "old", "BRAF"])
async def test_never_more_than_was_asked_for(
    net: DemoRunning, asked_for: str, question: dict[str, str]
) -> None:
    reply = await net.ask({**question, "requestedGranularity": asked_for})

    returned = reply.json["meta"]["returnedGranularity"]
    assert RANKS[returned] <= RANKS[asked_for]
    assert ("numTotalResults" in reply.summary) <= (RANKS[asked_for] > 0)
    assert ("response" in reply.json) is (asked_for == "record")
    received = reply.json["meta"]["receivedRequestSummary"]["requestedGranularity"]
    assert received == asked_for
    for told in net.asked("demo-records"):
        assert told.query["requestedGranularity"] == [asked_for]


async def test_what_is_returned_is_what_the_members_have(net: DemoRunning) -> None:
    """Version 1 members tell counts and no records."""
    reply = await net.ask(record(C282Y_37))

    assert reply.json["meta"]["returnedGranularity"] == "count"
    assert reply.summary == {"exists": True, "numTotalResults": 2}


async def test_a_sum_is_made_within_one_unit(net: DemoRunning) -> None:
    reply = await net.ask({**F508DEL, "requestedGranularity": "count"})

    told = {name: (one["count"], one["countUnit"]) for name, one in reply.members.items()}
    assert told == {
        "demo-legacy": (None, None),
        "demo-v1": (None, None),
        "demo-v11": (61, "observations"),
        "demo-records": (1, "genomicVariant records"),
        "demo-counts": (23, "genomicVariant records"),
    }
    count = reply.info["count"]
    assert (count["value"], count["unit"]) == (24, "genomicVariant records")
    assert count["membersCounted"] == 2
    assert count["note"].startswith("the same person may be counted by several beacons")
    assert "observations" in count["note"]
    assert reply.summary["numTotalResults"] == 24


async def test_version_1_0_counts_variants(net: DemoRunning) -> None:
    reply = await net.ask({**C282Y_37, "requestedGranularity": "count"})

    v1 = reply.members["demo-v1"]
    assert (v1["count"], v1["countUnit"]) == (2, "variants")
    assert [(one["id"], one["count"]) for one in v1["datasets"]] == [
        ("clinical", 1),
        ("population", 1),
    ]
    assert reply.members["demo-legacy"]["count"] is None
    assert reply.info["count"]["membersCounted"] == 1
    assert reply.info["count"]["exact"] is False


async def test_no_count_is_invented_where_none_was_told(net: DemoRunning) -> None:
    reply = await net.ask({**C282Y_37, "requestedGranularity": "count"} | {"ask": "demo-legacy"})

    assert reply.summary == {"exists": True}
    assert reply.info["count"] is None
    assert reply.json["meta"]["returnedGranularity"] == "boolean"


async def test_a_frequency_of_zero_is_no_frequency(net: DemoRunning) -> None:
    reply = await net.ask({**F508DEL, "requestedGranularity": "count"})

    sets = {one["id"]: one for one in reply.members["demo-v11"]["datasets"]}
    assert sets["urn:demo:genomes"]["frequency"] == pytest.approx(61 / 7220)
    assert sets["urn:demo:tumours"]["frequency"] is None


async def test_records_are_those_of_the_member(net: DemoRunning) -> None:
    reply = await net.ask(record(F508DEL))

    (records,) = [one for one in reply.sets if one["id"] == "DEMO_COHORT"]
    async with net.client.get(
        net.beacons["demo-records"].url + "/g_variants", params=record(F508DEL)
    ) as response:
        own = await response.json()
    assert records["results"] == own["response"]["resultSets"][0]["results"]
    assert len(records["results"]) == 1
    assert records["info"]["memberId"] == "demo-records"
    assert records["beaconId"] == "org.example.demo-records"
    official.validate_record(records["results"][0], "genomicVariant")
    assert reply.json["meta"]["returnedGranularity"] == "record"


SETS = {
    "HIT": ["urn:demo:genomes", "DEMO_COHORT", "cohort"],
    "MISS": ["urn:demo:tumours", "oncology"],
    "NONE": [],
    "ALL": ["urn:demo:genomes", "urn:demo:tumours", "DEMO_COHORT", "cohort", "oncology"],
}


@pytest.mark.parametrize("include", SETS)
async def test_result_sets_are_those_that_were_wanted(net: DemoRunning, include: str) -> None:
    reply = await net.ask(record(F508DEL, include))

    assert [one["id"] for one in reply.sets] == SETS[include]
    assert reply.summary["exists"] is True
    # members are always asked for all, so that what was searched is known
    assert net.asked("demo-records")[0].query["includeResultsetResponses"] == ["ALL"]
    for one in reply.sets:
        assert one["exists"] is (one["id"] in SETS["HIT"])
        assert (one["resultsCount"] > 0) is one["exists"]
        assert isinstance(one["results"], list)


async def test_members_with_hits_come_first(net: DemoRunning) -> None:
    """HbS: demo-v11 and demo-counts have it, demo-records between them does not."""
    question = BRAF | {"referenceName": "11", "start": "5227001", "referenceBases": "T"}
    reply = await net.ask(record(question | {"alternateBases": "A"}, "ALL"))

    members = list(dict.fromkeys(one["info"]["memberId"] for one in reply.sets))
    assert members == ["demo-v11", "demo-counts", "demo-records"]


async def test_a_member_that_told_no_sets_is_one_set(net: DemoRunning) -> None:
    reply = await net.ask(record(C282Y_37, "ALL"))

    (legacy,) = [one for one in reply.sets if one["info"]["memberId"] == "demo-legacy"]
    assert (legacy["id"], legacy["exists"], legacy["resultsCount"]) == ("demo-legacy", True, 1)
    assert legacy["info"]["countKnown"] is False


async def test_every_record_is_seen_once_when_pages_are_walked(net: DemoRunning) -> None:
    gene = {"geneId": "CFTR"}
    whole = _records(await net.ask(record(gene, limit="0")))
    pages = [await net.ask(record(gene, skip=str(page), limit="1")) for page in range(3)]

    assert len(whole) == 2
    assert [len(_records(page)) for page in pages] == [1, 1, 0]
    assert [one for page in pages for one in _records(page)] == whole
    asked = [(one.query.get("skip"), one.query["limit"]) for one in net.asked("demo-records")]
    assert asked == [(None, ["1000"]), (None, ["1"]), (["1"], ["1"]), (["2"], ["1"])]
    assert all("pagination" not in one.json["query"] for one in net.asked("demo-counts"))
    # software of its kind knows no pages: on further ones it tells how many there are
    assert {page.endings["demo-counts"] for page in pages} == {"found"}
    wanted = [one.json["query"]["requestedGranularity"] for one in net.asked("demo-counts")]
    assert wanted == ["record", "record", "count", "count"]
    assert pages[1].json["meta"]["receivedRequestSummary"]["pagination"] == {"skip": 1, "limit": 1}


async def test_a_posted_question_is_the_same_question(net: DemoRunning) -> None:
    variant = F508DEL | {"start": [117559589]}
    body = {
        "meta": {"apiVersion": "2.0"},
        "query": {
            "requestParameters": {"g_variant": variant},
            "requestedGranularity": "record",
            "includeResultsetResponses": "ALL",
            "pagination": {"skip": 0, "limit": 10},
        },
    }
    posted = await net.ask(body=body)
    asked = await net.ask(record(F508DEL, "ALL"))

    assert posted.json["response"] == asked.json["response"]
    assert posted.json["meta"] == asked.json["meta"]
    assert set(net.times_asked.values()) <= {0, 1}


def _records(reply: Any) -> list[Any]:
    return [
        item
        for one in reply.sets
        if one["info"]["memberId"] == "demo-records"
        for item in one["results"]
    ]
