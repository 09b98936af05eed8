"""Questions about one data set reach whoever holds it, and no other "no" stands in for theirs."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.networks import BRAF, DemoRunning, Reply, come_true, demo_running

HELD_BY_COUNTS = "oncology"
IN_COHORT = {
    "assemblyId": "GRCh38",
    "referenceName": "7",
    "start": "117559589",
    "referenceBases": "ATCT",
    "alternateBases": "A",
    "datasetIds": "cohort",
}


@pytest.fixture
async def probed() -> AsyncIterator[DemoRunning]:
    """The demo, whose members' data sets have been asked for."""
    async with demo_running(registry={"probe": True}) as net:
        members = ("demo-records", "demo-counts")
        await come_true(lambda: all(net.member(one).capabilities.data_sets for one in members))
        await come_true(lambda: all(net.member(one).probes for one in members))
        yield net


def _sent(net: DemoRunning, path: str) -> list[Any]:
    return [one.json["query"] for one in net.asked("demo-counts") if one.path == path]


@pytest.mark.parametrize("record_id", [HELD_BY_COUNTS, f"demo-counts~{HELD_BY_COUNTS}"])
@pytest.mark.parametrize("granularity", ["boolean", "count"])
async def test_a_holder_without_the_path_is_asked_by_the_name_of_its_data_set(
    probed: DemoRunning, record_id: str, granularity: str
) -> None:
    wanted = {"requestedGranularity": granularity}
    reply = await probed.ask(wanted, path=f"/api/datasets/{record_id}/individuals")

    assert reply.status == 200, reply.text
    assert reply.found == ["demo-counts"]
    assert reply.endings["demo-records"].startswith("not_asked/")
    (query, *_) = reversed(_sent(probed, "/api/individuals"))
    assert query["requestParameters"]["datasets"]["datasetIds"] == [HELD_BY_COUNTS]
    assert ("numTotalResults" in reply.summary) is (granularity == "count")


async def test_the_silence_of_a_holder_that_cannot_be_asked_is_no_no(probed: DemoRunning) -> None:
    reply = await probed.ask(path=f"/api/datasets/{HELD_BY_COUNTS}/runs")

    assert reply.status == 501
    assert reply.endings["demo-counts"] == "not_asked/holder"
    assert reply.endings["demo-records"] == "not_asked/dataset"
    assert (reply.info["verdict"], reply.info["complete"]) == ("unknown", False)


async def test_what_it_counts_in_its_data_set_is_yes_or_no_where_no_more_is_asked(
    net: DemoRunning,
) -> None:
    reply = await net.ask(IN_COHORT)

    assert reply.endings["demo-counts"] == "found"
    assert reply.summary == {"exists": True}
    assert reply.json["meta"]["returnedGranularity"] == "boolean"
    (query,) = _sent(net, "/api/g_variants")
    assert query["requestedGranularity"] == "count"


async def test_an_explanation_shows_that_counts_are_asked_for(net: DemoRunning) -> None:
    explained = await net.explain(IN_COHORT)

    (request,) = explained["demo-counts"]["requests"]
    assert '"requestedGranularity":"count"' in request["body"]


async def test_a_test_is_put_only_to_members_that_know_of_tests(net: DemoRunning) -> None:
    reply = await net.ask({**BRAF, "testMode": "true"})

    assert reply.status == 200
    for name in ("demo-v1", "demo-v11"):
        assert reply.endings[name] == "not_asked/parameter"
    assert not any(net.asked(name) for name in ("demo-legacy", "demo-v1", "demo-v11"))


async def test_what_a_client_of_version_1_is_listed_is_what_answers_and_what_it_can_ask(
    probed: DemoRunning,
) -> None:
    listed = {
        one["id"]: one["assemblyId"] for one in (await probed.ask(path="/v1/")).json["datasets"]
    }
    rows = _rows_of(await probed.ask(BRAF | {"includeDatasetResponses": "ALL"}, path="/v1/query"))
    answering = {name for name, row in rows.items() if "exists" in row}
    assert answering <= {name for name, assembly in listed.items() if assembly == "GRCh38"}
    assert {"demo-v11:urn:demo:genomes", "demo-counts:oncology"} <= answering

    for name, assembly in listed.items():
        holder = name.split(":")[0]
        asked = BRAF | {"datasetIds": name, "includeDatasetResponses": "ALL"}
        alone = await probed.ask(asked, path="/v1/query")
        others = {each for each, ending in alone.endings.items() if ending == "not_asked/dataset"}
        assert others == set(alone.endings) - {holder}
        if assembly == "GRCh38":
            said = {each: row["exists"] for each, row in _rows_of(alone).items() if "exists" in row}
            # who answers without naming a data set has a row of its own name
            expected = {name: rows[name]["exists"]} if name in answering else {holder: False}
            assert said == expected


def _rows_of(reply: Reply) -> dict[str, Any]:
    return {one["datasetId"]: one for one in reply.json["datasetAlleleResponses"]}
