"""The v2 demo beacons hold a coherent population and can be asked about all of it."""

import csv
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from demo import DemoNetwork
from tests.integration.test_demo_beacons import BY_NAME, Demo, nested
from tests.official import official

Json = Any
DATA = Path(__file__).parents[2] / "demo/data"
PEOPLE = list(csv.DictReader((DATA / "individuals.csv").read_text("utf-8").splitlines()))
TERMS = {row["id"] for row in csv.DictReader((DATA / "terms.csv").read_text("utf-8").splitlines())}
PATHS = {
    "dataset": "datasets",
    "individual": "individuals",
    "genomicVariant": "g_variants",
    "cohort": "cohorts",
    "biosample": "biosamples",
    "run": "runs",
    "analysis": "analyses",
}
ALL = {"limit": "0"}


@pytest.fixture
async def demo() -> AsyncIterator[Demo]:
    async with DemoNetwork() as network, aiohttp.ClientSession() as client:
        yield Demo(network, client)


async def records(demo: Demo, path: str, params: Json = None, *, body: Json = None) -> list[Json]:
    """All records of an answer of `demo-records`, collections too."""
    status, answer = await demo.ask(
        "demo-records", path, None if body else ALL | (params or {}), body=body
    )
    assert status == 200, answer
    response = answer["response"]
    if "collections" in response:
        return list(response["collections"])
    return [record for one in response["resultSets"] for record in one["results"]]


async def ids(demo: Demo, path: str, params: Json = None, *, body: Json = None) -> list[str]:
    found = await records(demo, path, params, body=body)
    return [one.get("id") or one["identifiers"]["genomicHGVSId"] for one in found]


def filtered(*filters: Json) -> Json:
    return {"query": {"filters": list(filters), "pagination": {"limit": 0}}}


async def count(demo: Demo, path: str, *filters: Json, **parameters: Any) -> int:
    """What `demo-counts` tells."""
    body = nested(parameters, filters=list(filters))
    status, answer = await demo.ask("demo-counts", path, body=body)
    assert status == 200, answer
    return int(answer["responseSummary"]["numTotalResults"])


def test_carriers_are_in_the_data_set_and_no_more_than_were_observed() -> None:
    carriers: dict[tuple[str, str], int] = {}
    for person in PEOPLE:
        for name in filter(None, person["carries"].split(";")):
            key = (person["holder"], name)
            carriers[key] = carriers.get(key, 0) + 1
    for name, row in BY_NAME.items():
        for column in (column for column in row if column.startswith(("demo-rec", "demo-cou"))):
            found = carriers.pop((column, name), 0)
            observed = int(row[column].partition("/")[0] or 0)
            assert min(observed, 1) <= found <= observed, (column, name)
    assert not carriers
    assert all(p["sex"] == "male" for p in PEOPLE if "Y haplogroup" in p["carries"])


def test_people_are_told_apart_and_described_in_known_terms() -> None:
    assert len({person["id"] for person in PEOPLE}) == len(PEOPLE)
    for person in PEOPLE:
        diseases = [one.split("@") for one in filter(None, person["diseases"].split(";"))]
        assert all(int(onset) <= int(person["age"]) for _, onset in diseases), person["id"]
        features = list(filter(None, person["features"].split(";")))
        used = {person["ethnicity"], person["tissue"], *features, *(d for d, _ in diseases)}
        assert used <= TERMS, person["id"]


async def test_every_record_is_valid_by_the_official_model(demo: Demo) -> None:
    for kind, path in PATHS.items():
        found = await records(demo, f"/{path}")
        assert found, kind
        for record in found:
            official.validate_record(record, kind)  # type: ignore[arg-type]


async def test_records_are_linked_by_ids_that_can_be_asked_for(demo: Demo) -> None:
    people = {one["id"] for one in await records(demo, "/individuals")}
    samples = {one["id"] for one in await records(demo, "/biosamples")}
    runs = {one["id"] for one in await records(demo, "/runs")}
    assert {one["individualId"] for one in await records(demo, "/biosamples")} == people
    assert {one["biosampleId"] for one in await records(demo, "/runs")} == samples
    assert {one["runId"] for one in await records(demo, "/analyses")} == runs
    for variant in await records(demo, "/g_variants"):
        cases = variant["caseLevelData"]
        path = f"/g_variants/{variant['variantInternalId']}"
        assert await ids(demo, f"{path}/individuals") == [one["individualId"] for one in cases]
        assert await ids(demo, f"{path}/analyses") == [one["analysisId"] for one in cases]


async def test_every_address_of_the_map_answers(demo: Demo) -> None:
    _, answer = await demo.ask("demo-records", "/map")
    official.validate_v2(answer, "map")
    sets = answer["response"]["endpointSets"]
    assert sets.keys() == PATHS.keys()
    some_id = {kind: (await records(demo, f"/{path}"))[0].get("id") for kind, path in PATHS.items()}
    some_id["genomicVariant"] = (await records(demo, "/g_variants"))[0]["variantInternalId"]
    some_id["cohort"] = "DEMO_TUMOUR"
    some_id["dataset"] = "DEMO_CANCER"
    some_id |= {"individual": "DP001", "biosample": "DP001-S1", "run": "DP001-R1"}
    some_id["analysis"] = "DP001-A1"
    base = demo.url("demo-records")
    for kind, one in sets.items():
        assert len(one["endpoints"]) == 6
        nested_urls = [endpoint["url"] for endpoint in one["endpoints"].values()]
        for url in (one["rootUrl"], one["singleEntryUrl"], *nested_urls):
            path = url.removeprefix(base).replace("{id}", some_id[kind])
            assert await records(demo, path), path
            assert await records(demo, path, body=filtered()) == await records(demo, path)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/individuals/DC007/g_variants", ["G>A", "del"]),
        ("/individuals/DC007/cohorts", ["DEMO_RARE"]),
        ("/individuals/DC012/cohorts", ["DEMO_NEURO", "DEMO_RARE"]),
        ("/biosamples/DC007-S1/runs", ["DC007-R1"]),
        ("/runs/DC007-R1/analyses", ["DC007-A1"]),
        ("/analyses/DC007-A1/individuals", ["DC007"]),
        ("/analyses/DC007-A1/datasets", ["DEMO_COHORT"]),
        ("/datasets/DEMO_CANCER/cohorts", ["DEMO_TUMOUR"]),
        ("/cohorts/DEMO_TUMOUR", ["DEMO_TUMOUR"]),
        ("/individuals/nobody", []),
        ("/individuals/nobody/g_variants", []),
        ("/datasets/DEMO_CANCER/individuals", [f"DP{number:03}" for number in range(1, 13)]),
    ],
)
async def test_one_record_and_what_belongs_to_it(
    demo: Demo, path: str, expected: list[str]
) -> None:
    found = await ids(demo, path)
    assert len(found) == len(expected)
    assert all(one.endswith(end) for one, end in zip(found, expected, strict=True)), found


@pytest.mark.parametrize(
    ("path", "filters", "expected"),
    [
        ("/individuals", [{"id": "HP:0001250"}], 6),
        ("/individuals", [{"id": "HP:0001250", "includeDescendantTerms": False}], 2),
        ("/individuals", [{"id": "HP:0001250"}, {"id": "NCIT:C20197"}], 2),
        ("/individuals", [{"id": "MONDO:0004992"}], 12),
        ("/individuals", [{"id": "age", "operator": ">", "value": "P70Y"}], 4),
        ("/individuals", [{"id": "age", "operator": ">=", "value": "70"}], 5),
        ("/individuals", [{"id": "followed-up"}], 16),
        ("/individuals", [{"id": "molecularAttributes.geneIds", "value": "CFTR"}], 2),
        ("/runs", [{"id": "libraryStrategy", "value": "WGS"}], 16),
        ("/biosamples", [{"id": "UBERON:0001155", "scope": "biosample"}], 3),
        ("/g_variants", [{"id": "HP:0001250"}], 6),
        ("/cohorts", [{"id": "MONDO:0004992"}], 1),
        ("/datasets", [{"id": "HP:0001250"}], 2),
        ("/cohorts/DEMO_TUMOUR/individuals", [{"id": "HP:0001250"}], 2),
    ],
)
async def test_filters_find_whom_they_describe(
    demo: Demo, path: str, filters: Json, expected: int
) -> None:
    assert len(await records(demo, path, body=filtered(*filters))) == expected


async def test_variant_parameters_find_the_carriers(demo: Demo) -> None:
    assert await ids(demo, "/individuals", {"geneId": "CFTR"}) == ["DC007", "DC008"]
    assert await ids(demo, "/runs", {"geneId": "BRCA2"}) == ["DP012-R1"]
    assert await ids(demo, "/individuals/DC008/g_variants", {"geneId": "BRAF"}) == []


@pytest.mark.parametrize(
    "term", ["HP:0000001", "age:>P70Y", "sex=FEMALE", "age>old", "libraryStrategy>3", "age"]
)
async def test_a_filter_that_is_not_known_or_understood_is_refused(demo: Demo, term: str) -> None:
    status, answer = await demo.ask("demo-records", "/individuals", {"filters": term})
    assert status == 400
    official.validate_v2(answer, "error")


async def test_a_filter_out_of_its_scope_is_refused(demo: Demo) -> None:
    body = filtered({"id": "HP:0001250", "scope": "run"})
    status, _ = await demo.ask("demo-records", "/individuals", body=body)
    assert status == 400


async def test_filtering_terms_come_in_pages_and_by_entry_type(demo: Demo) -> None:
    async def told(path: str, **page: str) -> list[Json]:
        _, answer = await demo.ask("demo-records", path, page)
        official.validate_v2(answer, "filtering_terms")
        return list(answer["response"]["filteringTerms"])

    everything = await told("/filtering_terms", limit="0")
    assert len(everything) > 30
    assert await told("/filtering_terms") == everything[:10]
    assert await told("/filtering_terms", skip="2", limit="7") == everything[14:21]
    assert [one["id"] for one in await told("/runs/filtering_terms")] == ["libraryStrategy"]
    assert demo.network.beacons["demo-records"].requests == []
    for one in everything:
        asked: Json = {"id": one["id"]}
        if one["type"] == "alphanumeric":
            asked |= {"operator": "!", "value": "9"}
        assert await records(demo, "/individuals", body=filtered(asked)), one


async def test_records_documents_are_valid_by_the_official_schemas(demo: Demo) -> None:
    for kind in ("info", "service-info", "entry_types"):
        _, answer = await demo.ask("demo-records", f"/{kind}")
        official.validate_v2(answer, kind)  # type: ignore[arg-type]
    _, entry_types = await demo.ask("demo-records", "/entry_types")
    assert entry_types["response"]["entryTypes"].keys() == PATHS.keys()


@pytest.mark.parametrize(
    ("path", "filters", "parameters", "expected"),
    [
        ("/individuals", [], {}, 28),
        ("/biosamples", [], {}, 28),
        ("/individuals", [{"id": "HP:0001250"}], {}, 4),
        ("/individuals", [{"id": "HP:0001250", "includeDescendantTerms": False}], {}, 0),
        ("/individuals", [{"id": "sex", "operator": "=", "value": "FEMALE"}], {}, 15),
        ("/individuals", [{"id": "age", "operator": ">", "value": "P70Y"}], {}, 6),
        ("/biosamples", [{"id": "tissue", "operator": "=", "value": "breast"}], {}, 4),
        ("/individuals", [], {"geneId": "TP53"}, 5),
        ("/individuals", [], {"geneId": "CFTR"}, 0),  # two are too few to be told
        ("/g_variants", [{"id": "MONDO:0005027"}], {"geneId": "MCM6"}, 3),
        ("/g_variants", [{"id": "MONDO:0005027"}], {"geneId": "F5"}, 0),
    ],
)
async def test_counts_filter_people_and_hide_the_few(
    demo: Demo, path: str, filters: Json, parameters: Json, expected: int
) -> None:
    assert await count(demo, path, *filters, **parameters) == expected


async def test_counts_name_what_they_count_and_give_no_records(demo: Demo) -> None:
    body = nested({}, requestedGranularity="record")
    for path, set_type in (("/individuals", "individual"), ("/biosamples", "biosample")):
        _, answer = await demo.ask("demo-counts", path, body=body)
        assert answer["meta"]["returnedGranularity"] == "count"
        sets = answer["response"]["resultSets"]
        assert {name: one["resultsCount"] for name, one in sets.items()} == {
            "cohort": 16,
            "oncology": 12,
        }
        assert {one["setType"] for one in sets.values()} == {set_type}
    status, _ = await demo.ask("demo-counts", "/individuals/V001")
    assert status == 404


async def test_counts_take_filters_by_post_alone_and_refuse_unknown_ones(demo: Demo) -> None:
    status, _ = await demo.ask("demo-counts", "/individuals", {"filters": "HP:0001250"})
    assert status == 500
    for refused in (
        {"id": "NCIT:C16576"},
        {"id": "sex", "operator": "=", "value": "female"},
        {"id": "age", "operator": ">", "value": "old"},
        {"operator": "="},
        "HP:0001250",
    ):
        body = nested({}, filters=[refused])
        status, answer = await demo.ask("demo-counts", "/individuals", body=body)
        assert (status, answer["error"]["errorCode"]) == (400, 400), refused


async def test_counts_tell_lists_alone_and_terms_with_and_without_values(demo: Demo) -> None:
    _, answer = await demo.ask("demo-counts", "/map")
    official.validate_v2(answer, "map")
    for one in answer["response"]["endpointSets"].values():
        assert one.keys() == {"entryType", "rootUrl"}
        status, _ = await demo.ask(
            "demo-counts", one["rootUrl"].removeprefix(demo.url("demo-counts"))
        )
        assert status == 200
    _, answer = await demo.ask("demo-counts", "/filtering_terms")
    official.validate_v2(answer, "filtering_terms")
    terms = {one["id"]: one for one in answer["response"]["filteringTerms"]}
    assert terms["sex"]["values"] == ["FEMALE", "MALE"]
    assert "values" not in terms["age"]
    assert "values" not in terms["HP:0001250"]
