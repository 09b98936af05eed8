"""The demo beacons behave as the servers they stand for, and hold what `variants.csv` says."""

import ast
import asyncio
import csv
import json
import os
import sys
import time
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest

from demo import BEACON_IDS, DemoNetwork, Fault
from registry.models import MemberEntry
from tests.ports import free_port

Json = Any
ROWS = list(
    csv.DictReader(
        (Path(__file__).parents[2] / "demo/data/variants.csv").read_text("utf-8").splitlines()
    )
)
BY_NAME = {row["name"]: row for row in ROWS}
CHROMOSOMES = [*map(str, range(1, 23)), "X", "Y", "MT"]
LENGTHS = {
    "GRCh37": "249250621 243199373 198022430 191154276 180915260 171115067 159138663 146364022 "
    "141213431 135534747 135006516 133851895 115169878 107349540 102531392 90354753 81195210 "
    "78077248 59128983 63025520 48129895 51304566 155270560 59373566 16569",
    "GRCh38": "248956422 242193529 198295559 190214555 181538259 170805979 159345973 145138636 "
    "138394717 133797422 135086622 133275309 114364328 107043718 101991189 90338345 83257441 "
    "80373285 58617616 64444167 46709983 50818468 156040895 57227415 16569",
}


QUERY_PATHS = {
    "demo-legacy": "/beacon/query",
    "demo-v1": "/query",
    "demo-v11": "/query",
    "demo-records": "/g_variants",
    "demo-counts": "/g_variants",
}
Answer = tuple[int, Json]


class Demo:
    """The running network and a client that speaks to it."""

    def __init__(self, network: DemoNetwork, client: aiohttp.ClientSession) -> None:
        self.network = network
        self.client = client

    def url(self, beacon: str, path: str = "") -> str:
        return self.network.beacons[beacon].url + path

    async def query(self, beacon: str, params: Json = None, *, body: Json = None) -> Answer:
        return await self.ask(beacon, QUERY_PATHS[beacon], params, body=body)

    async def ask(
        self, beacon: str, path: str, params: Json = None, *, body: Json = None
    ) -> Answer:
        """GET, or POST where there is a body; the content type is not looked at."""
        method = "GET" if body is None else "POST"
        url = self.url(beacon, path)
        async with self.client.request(method, url, params=params, json=body) as response:
            return response.status, json.loads(await response.text())


@pytest.fixture
async def demo() -> AsyncIterator[Demo]:
    async with DemoNetwork() as network, aiohttp.ClientSession() as client:
        yield Demo(network, client)


@pytest.fixture(scope="session")
def recorded() -> Path:
    """Recorded answers of the real servers, kept beside the checkout."""
    shared = os.environ.get("BEACON_SHARED") or Path(__file__).parents[3] / "shared"
    folder = Path(shared) / "vectors"
    if not folder.is_dir():
        pytest.skip("no recorded answers: point BEACON_SHARED at them")
    return folder


def vcf(text: str) -> Any:
    chromosome, position, reference, alternate = text.split("-")
    return chromosome, int(position), reference, alternate


def trim(position: int, reference: str, alternate: str) -> tuple[int, str, str]:
    while reference and alternate and reference[-1] == alternate[-1]:
        reference, alternate = reference[:-1], alternate[:-1]
    while reference and alternate and reference[0] == alternate[0]:
        position, reference, alternate = position + 1, reference[1:], alternate[1:]
    return position, reference, alternate


def allele(name: str, assembly: str = "GRCh38") -> dict[str, Any]:
    """The v1 and flat v2 parameters of a variant, anchored."""
    chromosome, position, reference, alternate = vcf(BY_NAME[name][assembly.lower()])
    return {
        "referenceName": chromosome,
        "start": position - 1,
        "referenceBases": reference,
        "alternateBases": alternate,
        "assemblyId": assembly,
    }


def trimmed(name: str) -> dict[str, Any]:
    """The nested v2 parameters of a variant, trimmed."""
    chromosome, *anchored = vcf(BY_NAME[name]["grch38"])
    position, reference, alternate = trim(*anchored)
    return {
        "referenceName": chromosome,
        "start": [position - 1],
        "referenceBases": reference,
        "alternateBases": alternate,
        "assemblyId": "GRCh38",
    }


def nested(parameters: Mapping[str, Any], **query: Any) -> Json:
    return {
        "meta": {"apiVersion": "v2.0.0"},
        "query": {"requestParameters": {"g_variant": parameters}, **query},
    }


async def legacy(demo: Demo, **changes: Any) -> Json:
    params = {"ref": "hg19", "chrom": "chr7", "pos": 140453136, "allele": "T"}
    params |= {"referenceAllele": "A", **changes}
    params = {name: value for name, value in params.items() if value is not None}
    status, answer = await demo.query("demo-legacy", params)
    assert status == 200
    assert answer.keys() == {"beacon", "response"}
    return answer["response"]


async def exists(demo: Demo, beacon: str, name: str) -> bool:
    """Ask a beacon for a variant in its own words."""
    if beacon == "demo-counts":
        _, answer = await demo.query(beacon, body=nested(trimmed(name)))
        return bool(answer["responseSummary"]["exists"])
    if beacon == "demo-records":
        _, answer = await demo.query(beacon, allele(name))
        return bool(answer["responseSummary"]["exists"])
    if beacon != "demo-legacy":
        assembly = "GRCh37" if beacon == "demo-v1" else "GRCh38"
        _, answer = await demo.query(beacon, allele(name, assembly))
        return bool(answer["exists"])
    chromosome, position, reference, alternate = vcf(BY_NAME[name]["grch37"])
    changes = {"pos": position, "allele": alternate, "referenceAllele": reference}
    return bool((await legacy(demo, chrom=f"chr{chromosome}", **changes))["exist"])


def shape(document: Json) -> Json:
    """The keys of a document, all the way down; of lists those of the first item."""
    if isinstance(document, dict):
        return {name: shape(value) for name, value in document.items()}
    return [shape(one) for one in document[:1]] if isinstance(document, list) else None


def ega(recorded: Path, path: str) -> Json:
    """The recorded answer to the first GET whose path starts so."""
    exchanges = json.loads((recorded / "ega-pi-api-v2.2.json").read_text("utf-8"))
    return next(
        one["response"]
        for one in exchanges
        if one["method"] == "GET" and one["path"].startswith(path)
    )


def held(row: Mapping[str, str], beacon: str) -> list[str]:
    return [cell for column, cell in row.items() if cell and column.startswith(f"{beacon}:")]


def test_the_demo_shares_no_code_with_what_it_tests() -> None:
    for file in (Path(__file__).parents[2] / "demo").glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.level:
                continue
            if isinstance(node, ast.Import | ast.ImportFrom):
                first = getattr(node, "module", None) or node.names[0].name
                top = first.partition(".")[0]
                assert top == "aiohttp" or top in sys.stdlib_module_names, (file.name, first)


@pytest.mark.parametrize("assembly", ["GRCh37", "GRCh38"])
def test_coordinates_lie_inside_their_chromosome_and_on_the_reference(assembly: str) -> None:
    lengths = dict(zip(CHROMOSOMES, map(int, LENGTHS[assembly].split()), strict=True))
    fasta = DemoNetwork().reference[assembly].read_text("utf-8").split(">")[1:]
    windows = dict(window.split("\n", 1) for window in fasta)
    starts = {name.split("-")[0]: bases.replace("\n", "") for name, bases in windows.items()}
    for name, bases in windows.items():
        first, last = name.partition(":")[2].split("-")
        assert len(bases.replace("\n", "")) == int(last) - int(first) + 1, name
    for row in ROWS:
        if not row[assembly.lower()]:
            assert (row["name"], starts["1:169519049"]) == ("F5 Leiden", "T")
            continue
        chromosome, position, reference, alternate = vcf(row[assembly.lower()])
        assert position + len(reference) <= lengths[chromosome], row["name"]
        assert starts[f"{chromosome}:{position}"].startswith(reference), row["name"]
        assert reference[0] == alternate[0] or len(reference) == len(alternate) == 1
    assert starts["7:117559590" if assembly == "GRCh38" else "7:117199644"] == "ATCTTTGGT"


def test_both_assemblies_describe_the_same_change() -> None:
    assert len(ROWS) == 39
    for row in ROWS:
        chromosome, position, reference, alternate = vcf(row["grch38"])
        if row["grch37"]:
            other, _, *bases = vcf(row["grch37"])
            assert (other, *bases) == (chromosome, reference, alternate), row["name"]
        if len(reference) == len(alternate):
            assert row["hgvs"].endswith(f".{position}{reference}>{alternate}"), row["name"]
        else:
            assert row["hgvs"].endswith(("del", "dup")), row["name"]


@pytest.mark.parametrize("beacon", BEACON_IDS)
async def test_every_beacon_finds_exactly_what_it_holds(demo: Demo, beacon: str) -> None:
    for row in ROWS:
        if beacon in ("demo-legacy", "demo-v1") and not row["grch37"]:
            assert not held(row, beacon)
            continue
        expected = bool(held(row, beacon))
        if beacon == "demo-counts":
            expected = any(int(cell) > 2 for cell in held(row, beacon))
        assert await exists(demo, beacon, row["name"]) is expected, row["name"]


def test_searches_show_a_mix() -> None:
    where = {
        row["name"]: {beacon.removeprefix("demo-") for beacon in BEACON_IDS if held(row, beacon)}
        for row in ROWS
    }
    grch38 = {"v11", "records", "counts"}
    assert where["BRAF V600E"] == {"legacy", "v1", "v11", "records"}
    assert where["CFTR F508del"] == {"legacy", "v1", *grch38}
    assert where["F5 Leiden"] == {"v11", "counts"}
    assert where["MT-TL1 m.3243A>G"] == {"v1", "v11"}
    assert where["MT-RNR1 m.1555A>G"] == {"v1"}
    assert where["MT-ND4 m.11778G>A"] == {"v11"}
    assert where["MT-TK m.8344A>G"] == {"records"}
    assert any(not holders & grch38 for holders in where.values())
    assert sum(holders >= grch38 for holders in where.values()) >= 1
    assert sum(len(held(row, "demo-v1")) == 2 for row in ROWS) >= 3
    assert any("2" in held(row, "demo-counts") for row in ROWS)


async def test_legacy_answers_json_labelled_html(demo: Demo) -> None:
    query = "ref=hg19&chrom=chr7&pos=140453136&allele=T&referenceAllele=A&whatever=1"
    async with demo.client.get(demo.url("demo-legacy", f"/beacon/query?{query}")) as response:
        assert response.content_type == "text/html"
        answer = json.loads(await response.text())
    assert answer == {"beacon": "demo-legacy", "response": {"exist": True, "err": None}}
    for path in ("/info", "/"):
        async with demo.client.get(demo.url("demo-legacy", path)) as response:
            assert response.status == 404


@pytest.mark.parametrize(
    ("changes", "exist"),
    [
        ({"pos": 140453135}, False),  # 0-based
        ({"chrom": "7"}, False),
        ({"allele": "t"}, False),
        ({"chrom": "chrM", "pos": 3243}, None),
        ({"chrom": "chrMT"}, None),
        ({"ref": "GRCh38"}, None),
        ({"pos": "x"}, None),
        ({"allele": None}, None),
        ({"referenceAllele": None}, None),
        ({"pos": 117199644, "referenceAllele": "ATCT", "allele": "A"}, True),
        ({"pos": 117199645, "referenceAllele": "TCTT", "allele": "T"}, False),
    ],
)
async def test_legacy_dialect(demo: Demo, changes: Json, exist: bool | None) -> None:
    response = await legacy(demo, **changes)
    assert response["exist"] is exist
    assert (response["err"] is None) == (exist is not None)


async def test_v1_tells_of_its_datasets_and_has_no_service_info(demo: Demo) -> None:
    _, root = await demo.ask("demo-v1", "")
    status, info = await demo.ask("demo-v1", "/info")
    assert (status, root) == (200, info)
    assert {one["id"]: one["assemblyId"] for one in info["datasets"]} == {
        "clinical": "GRCh37",
        "population": "GRCh37",
    }
    assert [one.keys() for one in info["info"]] == [{"key", "value"}]
    for sample in info["sampleAlleleRequests"]:
        assert (await demo.query("demo-v1", body=sample))[1]["exists"] is True
    async with demo.client.get(demo.url("demo-v1", "/service-info")) as response:
        assert (response.status, response.content_type) == (404, "text/html")


async def test_v1_rows_come_on_request(demo: Demo) -> None:
    _, silent = await demo.query("demo-v1", allele("BRAF V600E", "GRCh37"))
    assert (silent["exists"], silent["datasetAlleleResponses"]) == (True, [])
    for name in (row["name"] for row in ROWS if row["grch37"]):
        query = {**allele(name, "GRCh37"), "includeDatasetResponses": "ALL"}
        _, answer = await demo.query("demo-v1", query)
        assert (await demo.query("demo-v1", body=query))[1] == answer
        rows = answer["datasetAlleleResponses"]
        assert [row["datasetId"] for row in rows] == ["clinical", "population"]
        assert answer["exists"] == any(row["exists"] for row in rows)
        for row in rows:
            cell = BY_NAME[name][f"demo-v1:{row['datasetId']}"]
            calls, _, samples = cell.split("/") if cell else ("0", "", "0")
            assert (row["callCount"], row["sampleCount"]) == (int(calls), int(samples))
            assert (row["variantCount"], row["exists"]) == (int(bool(cell)), bool(cell))
            assert row["info"] == [{"key": "accessType", "value": "PUBLIC"}]


async def test_v1_answers_have_the_recorded_keys(demo: Demo, recorded: Path) -> None:
    real = json.loads((recorded / "cgbeacon2-v1.0.1.json").read_text("utf-8"))
    _, info = await demo.ask("demo-v1", "/info")
    assert real[0]["response"].keys() - info.keys() <= {"logoUrl"}
    assert real[0]["response"]["datasets"][0].keys() <= info["datasets"][0].keys()
    answered, refused = real[3]["response"], real[8]["response"]
    [real_row] = answered["datasetAlleleResponses"]
    for name in (row["name"] for row in ROWS if row["grch37"]):
        query = {**allele(name, "GRCh37"), "includeDatasetResponses": "ALL"}
        _, answer = await demo.query("demo-v1", query)
        assert answer.keys() == answered.keys()
        assert all(row.keys() == real_row.keys() for row in answer["datasetAlleleResponses"])
        _, answer = await demo.query("demo-v1", {**query, "datasetIds": "nosuch"})
        assert answer == {**refused, "beaconId": answer["beaconId"]}


@pytest.mark.parametrize(
    ("changes", "status", "exists"),
    [
        ({"referenceName": "chr7"}, 200, False),
        ({"assemblyId": "GRCh38"}, 200, False),
        ({"assemblyId": "hg19"}, 200, False),
        ({"start": 140453136}, 200, False),
        ({"alternateBases": "N"}, 200, True),
        ({"end": 140453136}, 200, True),
        ({"datasetIds": ["population"]}, 200, False),
        ({"datasetIds": ["population", "nosuch", "clinical"]}, 200, True),
        ({"datasetIds": ["nosuch"]}, 400, None),
        ({"datasetIds": ["clinical"], "assemblyId": "GRCh38"}, 400, None),
        ({"referenceBases": ""}, 400, None),
        ({"alternateBases": ""}, 400, None),
        ({"start": "abc"}, 400, None),
        ({"start": ""}, 400, None),
    ],
)
async def test_v1_dialect(demo: Demo, changes: Json, status: int, exists: bool | None) -> None:
    asked = {**allele("BRAF V600E", "GRCh37"), **changes}
    for how in ({"params": asked}, {"body": asked}):
        got, answer = await demo.query("demo-v1", **how)
        assert (got, answer["exists"]) == (status, exists), answer
        assert (got == 400) == (answer.get("error", {}).get("errorCode") == 400)


async def test_v1_drops_a_posted_zero_and_knows_windows(demo: Demo) -> None:
    status, _ = await demo.query("demo-v1", body={**allele("BRAF V600E", "GRCh37"), "start": 0})
    assert status == 400
    window: Json = {"referenceName": "7", "referenceBases": "N", "assemblyId": "GRCh37"}
    window |= {"variantType": "DEL", "startMin": 117199643, "startMax": 117199643}
    _, answer = await demo.query("demo-v1", {**window, "endMin": 117199647, "endMax": 117199647})
    assert answer["exists"] is True


async def test_v11_tells_of_its_datasets(demo: Demo) -> None:
    _, info = await demo.ask("demo-v11", "/")
    assert {one["assemblyId"] for one in info["datasets"]} == {"GRCh38"}
    assert info["apiVersion"] == "1.1.0"
    for sample in info["sampleAlleleRequests"]:
        assert (await demo.query("demo-v11", body=sample))[1]["exists"] is True


async def test_v11_tells_allele_observations_and_fills_misses_with_zeros(demo: Demo) -> None:
    empty = {"referenceBases", "alternateBases", "variantType"}
    zero = {"start", "end", "frequency", "variantCount", "callCount", "sampleCount"}
    for name, row in BY_NAME.items():
        query = {**allele(name), "includeDatasetResponses": "ALL"}
        _, answer = await demo.query("demo-v11", query)
        assert (await demo.query("demo-v11", body=query))[1] == answer
        assert len(answer["datasetAlleleResponses"]) == 2
        for found in answer["datasetAlleleResponses"]:
            cell = row[f"demo-v11:{found['datasetId']}"]
            assert found["exists"] is bool(cell)
            if cell:
                observed, number = map(int, cell.split("/"))
                assert (found["variantCount"], found["callCount"]) == (observed, number)
                assert found["frequency"] == pytest.approx(observed / number, abs=1e-9)
            else:
                assert {found[key] for key in empty} == {""}
                assert {found[key] for key in zero} == {0}


async def test_v11_answers_have_the_recorded_keys(demo: Demo, recorded: Path) -> None:
    exchanges = json.loads((recorded / "beacon-python-v1.1.json").read_text("utf-8"))
    real = {one["name"]: one["response"] for one in exchanges}
    hit, miss = (real[name]["datasetAlleleResponses"][0] for name in ("all_hit", "all_miss"))
    for path, name in (("/", "test_1"), ("/service-info", "test_32")):
        assert shape((await demo.ask("demo-v11", path))[1]).keys() == real[name].keys()
    _, info = await demo.ask("demo-v11", "/")
    assert shape(info["datasets"]) == shape(real["test_1"]["datasets"])
    for name in BY_NAME:
        query = {**allele(name), "includeDatasetResponses": "ALL"}
        _, answer = await demo.query("demo-v11", query)
        assert answer.keys() == real["all_hit"].keys()
        for row in answer["datasetAlleleResponses"]:
            assert shape(row) == shape(hit if row["exists"] else miss)
    _, refused = await demo.query("demo-v11", {**allele("BRAF V600E"), "foo": "1"})
    assert shape(refused) == shape(real["unknown_param_400"])


@pytest.mark.parametrize(
    ("changes", "status", "exists"),
    [
        ({}, 200, True),
        ({"assemblyId": "hg38"}, 200, False),
        ({"assemblyId": "GRCh38.p13"}, 200, False),
        ({"assemblyId": "grch38"}, 400, None),
        ({"referenceName": "chr7"}, 400, None),
        ({"referenceName": "M"}, 400, None),
        ({"referenceName": "chrMT"}, 400, None),
        ({"alternateBases": "t"}, 400, None),
        ({"foo": "1"}, 400, None),
        ({"start": 140753336}, 200, False),
        ({"end": 140753334}, 400, None),
        ({"end": 140753336}, 200, True),
        ({"alternateBases": "N"}, 200, True),
        ({"referenceBases": "N", "alternateBases": "N"}, 200, True),
        ({"alternateBases": "NN"}, 200, False),
        ({"datasetIds": "nope"}, 200, False),
        ({"datasetIds": "nope,urn:demo:tumours"}, 200, True),
        ({"startMin": 1}, 400, None),
        ({"startMin": 2, "startMax": 1}, 400, None),
        ({"includeDatasetResponses": "SOME"}, 400, None),
    ],
)
async def test_v11_dialect(demo: Demo, changes: Json, status: int, exists: bool | None) -> None:
    got, answer = await demo.query("demo-v11", {**allele("BRAF V600E"), **changes})
    assert (got, answer["exists"]) == (status, exists), answer
    assert answer["datasetAlleleResponses"] == []
    assert ("error" in answer) == (status == 400)


async def test_v11_windows_wildcards_and_what_it_cannot_parse(demo: Demo) -> None:
    window: Json = {"referenceName": "17", "assemblyId": "GRCh38", "referenceBases": "N"}
    window |= {"variantType": "SNP", "includeDatasetResponses": "HIT", "startMin": 7673801}
    window |= {"startMax": 7675087, "endMin": 7673802, "endMax": 7675088}
    _, answer = await demo.query("demo-v11", window)
    rows = answer["datasetAlleleResponses"]
    assert [(row["datasetId"], row["start"]) for row in rows] == [
        ("urn:demo:tumours", 7675087),
        ("urn:demo:tumours", 7673801),
    ]
    _, answer = await demo.query("demo-v11", {**window, "startMax": 7675086})
    assert len(answer["datasetAlleleResponses"]) == 1
    _, answer = await demo.query("demo-v11", {**allele("CFTR F508del"), "referenceBases": "ANNT"})
    assert answer["exists"] is True
    status, answer = await demo.query("demo-v11", {**allele("BRAF V600E"), "start": "abc"})
    assert (status, answer.keys()) == (500, {"errorCode", "errorMessage"})


@pytest.mark.parametrize("granularity", ["boolean", "count", "record"])
async def test_records_name_only_datasets_with_a_hit(demo: Demo, granularity: str) -> None:
    for name, row in BY_NAME.items():
        option = {"requestedGranularity": granularity, "includeResultsetResponses": "ALL"}
        _, answer = await demo.query("demo-records", {**allele(name), **option})
        body = {"query": {"requestParameters": allele(name), **option}}
        assert (await demo.query("demo-records", body=body))[1] == answer
        sets = answer["response"]["resultSets"]
        columns = [f"demo-records:{one['id']}" for one in sets]
        assert columns == [column for column in row if row[column] and "records" in column]
        assert answer["responseSummary"].get("numTotalResults", 0) == (
            0 if granularity == "boolean" else len(sets)
        )
        assert all(("results" in one) == (granularity == "record") for one in sets)


async def test_records_answers_have_the_recorded_shape(demo: Demo, recorded: Path) -> None:
    place = "start=16050074&referenceName=22&assemblyId=GRCh38&referenceBases=A&alternateBases="
    for option in ({}, {"requestedGranularity": "boolean"}, {"requestedGranularity": "count"}):
        suffix = "".join(f"&{name}={value}" for name, value in option.items())
        real = shape(ega(recorded, f"/api/g_variants?{place}G{suffix}"))
        for row in ROWS:
            _, answer = await demo.query("demo-records", {**allele(row["name"]), **option})
            for one in answer["response"]["resultSets"]:
                for record in one.get("results", []):  # the recorded server knew fewer facts
                    record.pop("molecularAttributes", None)
                    record.pop("caseLevelData")
                    record["identifiers"] = {"genomicHGVSId": ""}
            if held(row, "demo-records"):
                assert shape(answer) == real, row["name"]
            else:
                assert shape(answer)["meta"] == real["meta"], row["name"]


async def test_records_tell_the_allele_its_names_and_its_frequency(demo: Demo) -> None:
    _, answer = await demo.query("demo-records", allele("CFTR F508del"))
    [result_set] = answer["response"]["resultSets"]
    assert (result_set["id"], result_set["resultsCount"]) == ("DEMO_COHORT", 1)
    [record] = result_set["results"]
    interval = record["variation"]["location"]["interval"]
    assert (interval["start"]["value"], interval["end"]["value"]) == (117559589, 117559593)
    assert record["variation"]["referenceBases"] == "ATCT"
    assert record["identifiers"]["genomicHGVSId"] == "NC_000007.14:g.117559592_117559594del"
    attributes = {"geneIds": ["CFTR"], "aminoacidChanges": ["F508del"]}
    assert record["molecularAttributes"] == attributes
    [frequency] = record["frequencyInPopulations"][0]["frequencies"]
    assert (frequency["alleleCount"], frequency["alleleNumber"]) == (44, 6008)
    _, one = await demo.ask("demo-records", f"/g_variants/{record['variantInternalId']}")
    assert one["response"]["resultSets"][0]["results"] == [record]


@pytest.mark.parametrize(
    ("params", "status", "count"),
    [
        ({**allele("BRAF V600E"), "referenceName": "chr7"}, 200, 1),
        ({**allele("BRAF V600E"), "referenceName": "NC_000007.14"}, 400, 0),
        ({**allele("BRAF V600E"), "assemblyId": "hg38"}, 200, 0),
        ({**allele("BRAF V600E"), "assemblyId": "GRCh37"}, 200, 0),
        ({**allele("BRAF V600E"), "alternateBases": "N"}, 200, 0),
        ({**allele("BRAF V600E"), "datasetIds": "DEMO_CANCER"}, 400, 0),
        ({**allele("BRAF V600E"), "datasets": "DEMO_CANCER"}, 200, 1),
        ({**allele("BRAF V600E"), "datasets": "DEMO_COHORT"}, 200, 0),
        ({**allele("BRAF V600E"), "testMode": "true"}, 200, 0),
        ({**allele("BRAF V600E"), "foo": "1"}, 400, 0),
        ({**allele("BRAF V600E"), "start": "abc"}, 500, 0),
        ({**trimmed("CFTR F508del"), "start": 117559590}, 200, 0),
        ({"geneId": "BRAF"}, 200, 1),
        ({"geneId": "BRAF", "aminoacidChange": "V600E"}, 200, 1),
        ({"geneId": "BRAF", "aminoacidChange": "V600K"}, 200, 0),
        ({"aminoacidChange": "V600E"}, 400, 0),
        ({"genomicAlleleShortForm": "NC_000007.14:g.140753336A>T"}, 200, 1),
        ({"genomicAlleleShortForm": "NM_007294.4:c.5266dup"}, 200, 1),
        ({"genomicAlleleShortForm": "NM_007294.4:c.5266dupC"}, 200, 0),
        ({"filters": "molecularAttributes.geneIds=BRCA1"}, 200, 2),
        ({"filters": "molecularAttributes.geneIds:=BRCA1"}, 400, 0),
        ({"filters": "HP:0000001"}, 400, 0),
        ({"requestedGranularity": "aggregated"}, 400, 0),
        ({"start": "43044294", "end": "43125483"}, 400, 0),
    ],
)
async def test_records_dialect(demo: Demo, params: Json, status: int, count: int) -> None:
    got, answer = await demo.query("demo-records", params)
    assert got == status, answer
    assert answer.get("responseSummary", {}).get("numTotalResults", 0) == count
    if status != 200:
        assert (answer["error"]["errorCode"], "meta" in answer) == (status, True)


@pytest.mark.parametrize(
    ("place", "count"),
    [
        ({"start": "43044294", "end": "43125483"}, 2),  # overlap
        ({"start": "43057062", "end": "43057063"}, 0),
        ({"start": "43124028", "end": "43124029"}, 1),  # inside the deletion
        ({"start": "43057061,43124026", "end": "43057062,43124029"}, 2),  # inclusive windows
        ({"start": "43057061,43124025", "end": "43057062,43124029"}, 1),
        ({"start": "43057061,43124026", "end": "43057062,43124029", "variantMinLength": 2}, 1),
    ],
)
async def test_records_ranges_overlap_and_brackets_include_their_bounds(
    demo: Demo, place: Json, count: int
) -> None:
    _, answer = await demo.query(
        "demo-records", {"referenceName": "17", "assemblyId": "GRCh38", **place}
    )
    assert answer["responseSummary"].get("numTotalResults", 0) == count


@pytest.mark.parametrize(
    "body",
    [
        {"query": {"requestParameters": {"g_variant": allele("BRAF V600E")}}},
        {"$schema": "x", "query": {"requestParameters": allele("BRAF V600E")}},
        {"query": {"requestParameters": {**allele("BRAF V600E"), "datasetIds": ["x"]}}},
        {"query": {"requestParameters": {**allele("BRAF V600E"), "start": "1"}}},
        {"query": {"pagination": {"limit": -1}}},
        {"query": {"pagination": 3}},
        {"query": {"page": 3}},
        {"query": []},
        {"query": {"filters": [{"id": "HP:0000001"}]}},
        [],
    ],
)
async def test_records_refuse_bodies_they_do_not_know(demo: Demo, body: Json) -> None:
    status, answer = await demo.query("demo-records", body=body)
    assert status == 400
    assert answer["error"]["errorCode"] == 400
    assert answer["meta"]["receivedRequestSummary"]["apiVersion"] == "Not provided"


async def test_records_pages_reach_every_record_once(demo: Demo) -> None:
    _, everything = await demo.query("demo-records", {"limit": 0})
    sets = {one["id"]: one for one in everything["response"]["resultSets"]}
    assert {name: one["resultsCount"] for name, one in sets.items()} == {
        name: len(one["results"]) for name, one in sets.items()
    }
    seen: dict[str, list[Json]] = {name: [] for name in sets}
    for skip in range(10):
        _, page = await demo.query("demo-records", {"skip": skip, "limit": 4})
        assert page["responseSummary"] == everything["responseSummary"]
        for one in page["response"]["resultSets"]:
            seen[one["id"]] += one["results"]
    assert seen == {name: one["results"] for name, one in sets.items()}


async def test_records_serve_datasets_and_what_is_in_them(demo: Demo) -> None:
    _, listed = await demo.ask("demo-records", "/datasets")
    ids = [one["id"] for one in listed["response"]["collections"]]
    assert ids == ["DEMO_COHORT", "DEMO_CANCER"]
    _, count = await demo.ask("demo-records", "/datasets", {"requestedGranularity": "count"})
    assert count["responseSummary"] == {"exists": True, "numTotalResults": 2}
    _, one = await demo.ask("demo-records", "/datasets/DEMO_CANCER")
    assert one["response"]["collections"] == listed["response"]["collections"][1:]
    path = "/datasets/{}/g_variants"
    for dataset, found in (("DEMO_CANCER", True), ("DEMO_COHORT", False), ("nosuch", False)):
        _, within = await demo.ask("demo-records", path.format(dataset), allele("TP53 R175H"))
        assert within["responseSummary"]["exists"] is found
    for path in ("/", "/nosuch", "/individuals/DC001/nosuch"):
        status, answer = await demo.ask("demo-records", path)
        assert (status, answer["error"]["errorCode"]) == (404, 404)


async def test_records_documents_have_the_recorded_shape(demo: Demo, recorded: Path) -> None:
    for path in ("", "/info", "/service-info", "/datasets", "/nosuch"):
        _, answer = await demo.ask("demo-records", path)
        assert shape(answer) == shape(ega(recorded, f"/api{path}")), path
    refused = "/g_variants?start=16050074&referenceName=NC_000022.11"
    _, answer = await demo.ask("demo-records", refused)
    assert shape(answer) == shape(ega(recorded, f"/api{refused}"))
    for path in ("/configuration", "/map", "/entry_types"):
        _, answer = await demo.ask("demo-records", path)
        [table] = {"entryTypes", "endpointSets"} & answer["response"].keys()
        real = ega(recorded, f"/api{path}")["response"]
        for name, one in answer["response"][table].items():
            assert one.keys() == real[table][name].keys()
    _, terms = await demo.ask("demo-records", "/filtering_terms")
    real = ega(recorded, "/api/filtering_terms")["response"]["filteringTerms"]
    assert terms["response"]["filteringTerms"][0] in real


async def test_counts_never_tell_more_than_a_count(demo: Demo) -> None:
    for name, row in BY_NAME.items():
        cells = held(row, "demo-counts")
        count = sum(int(cell) for cell in cells if int(cell) > 2)
        body = nested(trimmed(name), requestedGranularity="record")
        status, answer = await demo.query("demo-counts", body=body)
        assert status == 200
        assert answer["meta"]["returnedGranularity"] == "count"
        assert answer["meta"]["receivedRequestSummary"]["requestParameters"] == {
            "g_variant": trimmed(name)
        }
        assert answer["responseSummary"] == {"exists": count > 0, "numTotalResults": count}
        sets = answer["response"]["resultSets"]
        assert sets.keys() == {"cohort", "oncology"}
        assert sum(one["resultsCount"] for one in sets.values()) == count
        assert all("results" not in one for one in sets.values())
        assert ("info" in answer) == (count == 0)  # absent and censored look alike
        _, got = await demo.query(
            "demo-counts", {**trimmed(name), "start": trimmed(name)["start"][0]}
        )
        assert got["responseSummary"] == answer["responseSummary"]
        _, yes = await demo.query(
            "demo-counts", body=nested(trimmed(name), requestedGranularity="boolean")
        )
        assert yes["responseSummary"] == {"exists": count > 0}
        assert "response" not in yes


@pytest.mark.parametrize("name", ["CFTR F508del", "BRCA1 5382insC"])
async def test_counts_know_indels_trimmed_only_and_empty_bases_are_not_any(
    demo: Demo, name: str
) -> None:
    parameters = trimmed(name)
    assert "" in (parameters["referenceBases"], parameters["alternateBases"])
    for changes, found in (
        ({}, True),
        ({**allele(name), "start": [allele(name)["start"]]}, False),
        ({"referenceBases": "A", "alternateBases": ""}, False),
        ({"referenceBases": "", "alternateBases": "A"}, False),
    ):
        _, answer = await demo.query("demo-counts", body=nested({**parameters, **changes}))
        assert answer["responseSummary"]["exists"] is found


@pytest.mark.parametrize(
    ("changes", "status", "count"),
    [
        ({"referenceName": "chr17"}, 200, 29),
        ({"referenceName": "NC_000017.11"}, 200, 0),
        ({"assemblyId": "hg38"}, 200, 0),
        ({"unknown": 1}, 200, 29),
        ({"start": 7675087}, 400, 0),
        ({"start": [7675087, 7675088]}, 400, 0),
        ({"referenceName": None}, 400, 0),
        ({"referenceBases": None}, 400, 0),
        ({"alternateBases": None}, 400, 0),
        ({"aminoacidChange": "R175H"}, 501, 0),
        ({"geneId": "TP53"}, 400, 0),
    ],
)
async def test_counts_dialect(demo: Demo, changes: Json, status: int, count: int) -> None:
    asked = {**trimmed("TP53 R175H"), **changes}
    asked = {name: value for name, value in asked.items() if value is not None}
    got, answer = await demo.query("demo-counts", body=nested(asked))
    assert got == status, answer
    if status == 200:
        assert answer["responseSummary"]["numTotalResults"] == count
    else:
        assert (answer["error"]["errorCode"], answer["meta"]["returnedGranularity"]) == (
            status,
            None,
        )


@pytest.mark.parametrize(
    ("place", "count"),
    [
        ({"geneId": "TP53"}, 47),
        ({"geneId": "BRAF"}, 0),
        ({"start": [7673801], "end": [7675088]}, 47),
        ({"start": [7673802], "end": [7675087]}, 0),
        ({"start": [7673801, 7675088], "end": [7673802, 7675089]}, 47),
        ({"start": [7673801, 7675087], "end": [7673802, 7675089]}, 18),  # half-open
        ({"start": [7673801, 7675088], "end": [7673802, 7675088]}, 18),
        ({"start": [43057062], "end": [43057063]}, 5),  # an insertion spans no base
    ],
)
async def test_counts_ranges_overlap_and_brackets_are_half_open(
    demo: Demo, place: Json, count: int
) -> None:
    asked = place if "geneId" in place else {"referenceName": "17", "assemblyId": "GRCh38", **place}
    _, answer = await demo.query("demo-counts", body=nested(asked))
    assert answer["responseSummary"]["numTotalResults"] == count
    if "start" in place:
        params = {name: str(value).strip("[]").replace(" ", "") for name, value in asked.items()}
        _, got = await demo.query("demo-counts", params)
        assert got["responseSummary"] == answer["responseSummary"]


@pytest.mark.parametrize(
    "body",
    [
        {"meta": {"apiVersion": "2.0"}, "query": {"requestParameters": trimmed("TP53 R175H")}},
        {"query": {}},
        {"meta": {}, "query": {}},
        nested({}, filters=[{"id": "HP:0000001"}]),
        nested({}, requestedGranularity="aggregated"),
        [],
    ],
)
async def test_counts_refuse_what_the_request_schema_refuses(demo: Demo, body: Json) -> None:
    status, answer = await demo.query("demo-counts", body=body)
    assert (status, answer["error"]["errorCode"]) == (400, 400)


async def test_counts_other_documents(demo: Demo) -> None:
    for path in ("", "/", "/info", "/configuration", "/map", "/entry_types", "/filtering_terms"):
        status, answer = await demo.ask("demo-counts", path)
        assert (status, answer.keys()) == (200, {"meta", "response"})
    _, service = await demo.ask("demo-counts", "/service-info")
    assert service["type"]["artifact"] == "beacon"
    _, everything = await demo.query("demo-counts")
    assert "no query found" in everything["info"]["messages"][0]["description"]
    assert everything["responseSummary"]["exists"] is True
    _, single = await demo.ask("demo-counts", "/datasets/cohort")
    assert single["response"]["collections"]["id"] == "cohort"  # not a list
    _, listed = await demo.ask("demo-counts", "/datasets")
    assert [one["id"] for one in listed["response"]["collections"]] == ["cohort", "oncology"]
    status, _ = await demo.ask("demo-counts", "/datasets/nosuch")
    assert status == 404


@pytest.mark.parametrize(
    ("beacon", "status"),
    [("demo-v1", 400), ("demo-v11", 500), ("demo-records", 400), ("demo-counts", 400)],
)
@pytest.mark.parametrize("body", [b"not json", b"[1]"])
async def test_malformed_bodies_are_refused(
    demo: Demo, beacon: str, status: int, body: bytes
) -> None:
    url = demo.url(beacon, QUERY_PATHS[beacon])
    async with demo.client.post(url, data=body) as response:
        assert response.status == status
        assert (await response.json()).keys() >= {"error"} or status == 500


async def test_members_are_entries_a_registry_accepts(demo: Demo) -> None:
    members: Json = demo.network.members()
    assert [member["id"] for member in members] == list(BEACON_IDS)
    assert json.loads(json.dumps(members)) == members
    for member in members:
        entry = MemberEntry.model_validate(member)
        assert entry.url == demo.url(entry.id)
        assert ("grch37" in entry.groups) == (entry.id in ("demo-legacy", "demo-v1"))
        assert "demo" in entry.groups
    members[0]["dialect"].clear()
    assert demo.network.members()[0]["dialect"]


async def test_requests_are_logged_as_received_and_bounded(demo: Demo) -> None:
    requests = demo.network.beacons["demo-v1"].requests
    await demo.ask("demo-v1", "/info")
    assert requests == []
    url = demo.url("demo-v1", "/query?datasetIds=a&datasetIds=b&start=1")
    async with demo.client.get(url, headers={"X-Trace": "7"}) as response:
        assert response.status == 400
    body = allele("BRAF V600E", "GRCh37")
    await demo.query("demo-v1", body=body)
    first, second = requests
    assert (first.method, first.path, first.json) == ("GET", "/apiv1.0/query", None)
    assert first.query == {"datasetIds": ["a", "b"], "start": ["1"]}
    assert first.headers["x-trace"] == "7"
    assert (second.method, second.json) == ("POST", body)
    requests[:] = [first] * 1000
    await demo.query("demo-v1", body=body)
    assert (len(requests), requests[-1].method) == (1000, "POST")


@pytest.mark.parametrize("beacon_id", BEACON_IDS)
async def test_faults_are_switched_while_running(demo: Demo, beacon_id: str) -> None:
    beacon, client = demo.network.beacons[beacon_id], demo.client
    url = demo.url(beacon_id, QUERY_PATHS[beacon_id])
    beacon.fault = Fault(status=503)
    async with client.get(url) as response:
        assert (response.status, response.content_type) == (503, "text/html")
        assert "503" in await response.text()
    beacon.fault = Fault(body=b'{"half":')
    async with client.get(url) as response:
        assert (response.status, await response.read()) == (200, b'{"half":')
    beacon.fault = Fault(get_only=True)
    async with client.post(url, json={}) as response:
        assert response.status == 405
    beacon.fault = Fault(down=True)
    for address in (url, demo.url(beacon_id, "/info")):
        with pytest.raises(aiohttp.ServerDisconnectedError):
            await client.post(address, json={})
    assert len(beacon.requests) == 4
    beacon.fault = Fault(delay_s=0.05)
    before = time.monotonic()
    async with client.get(url):
        assert time.monotonic() - before >= 0.05
    beacon.fault = Fault()
    async with client.get(url) as response:
        assert response.status not in (405, 503)


async def test_closing_is_quick_and_leaves_nothing_behind() -> None:
    async with aiohttp.ClientSession() as client:
        async with DemoNetwork(faults={"demo-v11": Fault(delay_s=60)}) as network:
            beacon = network.beacons["demo-v11"]
            url = beacon.url + "/query"
            slow = asyncio.create_task(client.get(url))
            while not beacon.requests:
                await asyncio.sleep(0.001)
            before = time.monotonic()
        assert time.monotonic() - before < 30, "it did not wait for the answer"
        with pytest.raises(aiohttp.ClientError):
            await slow
        with pytest.raises(aiohttp.ClientConnectorError):
            await client.get(url)
        assert asyncio.all_tasks() == {asyncio.current_task()}
        await network.aclose()


async def test_a_beacon_restarts_on_its_port() -> None:
    ports = [free_port(), 0, 0, 0, 0]  # one that nobody is given in between
    async with DemoNetwork(ports=ports) as network, aiohttp.ClientSession() as client:
        beacon = network.beacons["demo-legacy"]
        url = beacon.url
        with pytest.raises(RuntimeError):
            await beacon.start()
        await beacon.aclose()
        await beacon.start()
        assert beacon.url == url
        assert (await legacy(Demo(network, client)))["exist"] is True


async def test_ports_are_given_for_all_or_none() -> None:
    with pytest.raises(ValueError, match="5 ports"):
        DemoNetwork(ports=[8001])
    with pytest.raises(ValueError, match="nosuch"):
        DemoNetwork(faults={"nosuch": Fault()})
    with pytest.raises(RuntimeError):
        DemoNetwork().members()
    ports: list[int] = []
    while len(ports) < 5:
        ports += {free_port()} - {*ports}
    async with DemoNetwork(ports=ports) as network:
        assert [urlsplit(beacon.url).port for beacon in network.beacons.values()] == ports
        second = DemoNetwork(ports=[0, 0, 0, 0, ports[0]])
        with pytest.raises(OSError, match=str(ports[0])):
            await second.start()
    async with DemoNetwork(ports=ports) as again:
        assert [urlsplit(beacon.url).port for beacon in again.beacons.values()] == ports
