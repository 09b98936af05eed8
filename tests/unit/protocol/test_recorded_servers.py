"""Every recorded answer of three real servers ends as it should.

The recordings (request and answer of CSC's beacon-python 1.1, SciLifeLab's cgbeacon2 1.0.1 and
EGA's Production Implementation 2.2) are large and stay outside the repository; `BEACON_SHARED`
names their folder. What they taught is also in `test_v1` and `test_v2`, which need no recordings.
"""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from aggregator.model.answer import Exists
from aggregator.model.query import Granularity, Query
from aggregator.protocol.translators import translator_for
from aggregator.protocol.wire import Failure, Part, Reply, Request
from registry.models import Protocol
from tests.unit.protocol.building import member

ROOT = Path(__file__).parents[3]
VECTORS = Path(os.environ.get("BEACON_SHARED", ROOT.parent / "shared")) / "vectors"

pytestmark = pytest.mark.skipif(
    not VECTORS.is_dir(), reason=f"no recordings of real servers in {VECTORS}; set BEACON_SHARED"
)

KG = "urn:hg:1000genome"
REGISTERED, CONTROLLED = f"{KG}:registered", f"{KG}:controlled"
ONE_HIT = ("yes", 3, {KG: ("yes", 3)})
ONE_MISS = ("no", 0, {KG: ("no", 0)})
UNCOUNTED = ("yes", None, {KG: ("yes", None)})
BARE_YES, BARE_NO = ("yes", None, {}), ("no", None, {})

BEACON_PYTHON: dict[str, str | tuple[str, int | None, dict[str, tuple[str, int | None]]]] = {
    "test_2": ONE_HIT,
    "test_3": ONE_HIT,
    "test_4": "rejected",
    "test_5": ("yes", 120, {KG: ("yes", 120)}),
    "test_6": ONE_HIT,
    "test_7": ONE_HIT,
    "test_8": "rejected",
    "test_9": BARE_NO,
    "test_10": "forbidden",
    "test_11": "forbidden",
    "test_12": ONE_HIT,
    "test_13": ("yes", 6, {KG: ("yes", 3), REGISTERED: ("yes", 3)}),
    "test_14": ("yes", 6, {REGISTERED: ("yes", 3), CONTROLLED: ("yes", 3)}),
    "test_15": "forbidden",
    "test_16": "forbidden",
    "test_17": ("yes", 6, {CONTROLLED: ("yes", 3), f"{CONTROLLED}1": ("yes", 3)}),
    "test_18": "rejected",
    "test_19": "rejected",
    "test_20": "rejected",
    "test_21": ("no", 0, {KG: ("no", 0), CONTROLLED: ("no", 0)}),
    "test_22": ("no", 0, {CONTROLLED: ("no", 0)}),
    "test_23": BARE_NO,
    "test_24": ONE_HIT,
    "test_25": ("no", 0, {KG: ("no", 0), CONTROLLED: ("no", 0), REGISTERED: ("no", 0)}),
    "test_26": ("no", 0, {KG: ("no", 0), CONTROLLED: ("no", 0), REGISTERED: ("no", 0)}),
    "test_27": BARE_YES,
    "test_28": UNCOUNTED,
    "test_29": UNCOUNTED,
    "test_30": "rejected",
    "test_31": UNCOUNTED,
    "assembly_hg38_silently_false": BARE_NO,
    "assembly_lowercase_400": "rejected",
    "assembly_patch_silently_false": BARE_NO,
    "chr_prefix_400": "rejected",
    "chr_M_400": "rejected",
    "lowercase_bases_400": "rejected",
    "one_based_false": BARE_NO,
    "unknown_param_400": "rejected",
    "start_not_int_500_bare_error": "server_error",
    "N_wildcards_true": BARE_YES,
    "unknown_dataset_false": BARE_NO,
    "dataset_comma_true": BARE_YES,
    "default_none_true": BARE_YES,
    "all_hit": ONE_HIT,
    "all_miss": ONE_MISS,
    "miss_only": ONE_MISS,
    "range_many_rows_one_dataset": ("yes", 2556, {KG: ("yes", 2556)}),
}
"""By name of the recording: a reason, or verdict, count and (verdict, count) of each data set."""

PUBLIC = "test_public"
CGBEACON2 = {
    3: ("yes", 1, {PUBLIC: ("yes", 1)}),
    4: BARE_YES,
    5: ("no", 0, {PUBLIC: ("no", 0)}),
    6: ("no", 0, {PUBLIC: ("no", 0)}),
    7: ("no", 0, {PUBLIC: ("no", 0)}),
    8: "rejected",
    9: "rejected",
    10: "rejected",
    11: ("no", 0, {PUBLIC: ("no", 0)}),
    12: ("yes", 1, {PUBLIC: ("yes", 1)}),
    13: "rejected",
}

UK1 = "CINECA_synthetic_cohort_EUROPE_UK1"
EGA = {
    7: "inconsistent",  # a list of data sets is no answer about variants
    8: "inconsistent",
    9: ("yes", 1, {UK1: ("yes", 1)}, "record", 1),
    10: ("yes", None, {UK1: ("yes", None)}, "boolean", 0),
    11: ("yes", 1, {UK1: ("yes", 1)}, "count", 0),
    12: ("no", 0, {}, "count", 0),
    13: ("no", 0, {}, "record", 0),
    14: ("yes", 360, {UK1: ("yes", 360)}, "record", 2),
    15: ("yes", 1, {UK1: ("yes", 1)}, "record", 1),
    16: "rejected",
    17: ("yes", 1, {UK1: ("yes", 1)}, "record", 1),
    18: "rejected",
    19: "server_error",
    20: "inconsistent",
    21: "inconsistent",
    22: "inconsistent",
    23: "inconsistent",
    24: ("no", 0, {}, "record", 0),
    25: "rejected",
    26: ("yes", 1, {UK1: ("yes", 1)}, "count", 0),
    27: "rejected",
}
"""By position: a reason, or verdict, count, data sets, real granularity, number of records."""


def recordings(name: str) -> list[dict[str, Any]]:
    return json.loads((VECTORS / name).read_text())


def read(recording: dict[str, Any], protocol: str):
    of = member(protocol)
    document, text = recording["response"], recording.get("text")
    body = (text or "").encode() if document is None else json.dumps(document).encode()
    posted = None if recording["json"] is None else json.dumps(recording["json"]).encode()
    sent = Part(Request(recording["method"], f"https://e.org{recording['path']}", posted))
    header = {"content-type": recording["contentType"]}
    query = Query(granularity=Granularity.RECORD)
    reply = Reply(recording["status"], body, header)
    return translator_for(Protocol(protocol)).read(reply, query, of, sent)


def outcome(result):
    if isinstance(result, Failure):
        return result.code.value
    sets = {one.id: (one.exists.value, one.count) for one in result.result_sets}
    return result.exists.value, result.count, sets


def is_question(recording: dict[str, Any]) -> bool:
    return recording["path"].partition("?")[0].endswith("/query")


def test_beacon_python():
    found = {one["name"]: one for one in recordings("beacon-python-v1.1.json")}
    documents = {name for name, one in found.items() if not is_question(one)}
    assert documents == {"test_1", "test_32"}, "info and service-info are no answers to questions"
    assert found.keys() - documents == BEACON_PYTHON.keys()
    for name, expected in BEACON_PYTHON.items():
        result = read(found[name], "v1")
        assert outcome(result) == expected, name
        if not isinstance(result, Failure):
            assert result.unit == (None if result.count is None else "observations"), name
            assert result.api_version == "1.1.0"


def test_beacon_pythons_rows():
    found = {one["name"]: one for one in recordings("beacon-python-v1.1.json")}
    (many,) = read(found["range_many_rows_one_dataset"], "v1").result_sets
    assert len(many.info["rows"]) == 30
    assert many.frequency is None
    (hit,) = read(found["test_2"], "v1").result_sets
    assert hit.frequency == pytest.approx(0.00059195)
    assert (hit.info["callCount"], hit.info["accessType"]) == (5068, "PUBLIC")
    assert [one.label for one in hit.handovers] == ["Variants", "Region", "Data"]
    (miss,) = read(found["all_miss"], "v1").result_sets
    assert miss.info == {"accessType": "PUBLIC", "referenceName": "MT"}
    assert miss.handovers == ()


def test_cgbeacon2():
    found = recordings("cgbeacon2-v1.0.1.json")
    documents = {at for at, one in enumerate(found) if not is_question(one)}
    assert documents == {0, 1, 2}, "the info documents are no answers to questions"
    assert set(range(len(found))) - documents == CGBEACON2.keys()
    for at, expected in CGBEACON2.items():
        result = read(found[at], "v1")
        assert outcome(result) == expected, found[at]["path"]
        if not isinstance(result, Failure):
            assert result.unit == (None if result.count is None else "variants")
            assert result.beacon_id == "SciLifeLab-beacon"


def test_egas_servers():
    found = recordings("ega-pi-api-v2.2.json")
    documents = {at for at, one in enumerate(found) if one["path"].partition("?")[0] in {
        *("/api", "/api/info", "/api/service-info", "/api/configuration", "/api/map"),
        *("/api/entry_types", "/api/filtering_terms"),
    }}  # fmt: skip
    assert len(documents) == 7, "informational documents are no answers to questions"
    assert set(range(len(found))) - documents == EGA.keys()
    for at, expected in EGA.items():
        result = read(found[at], "v2")
        if isinstance(expected, str):
            assert outcome(result) == expected, found[at]["path"]
            continue
        assert outcome(result) == expected[:3], found[at]["path"]
        records = sum(len(one.results) for one in result.result_sets)
        assert (result.granularity.value, records) == expected[3:], found[at]["path"]


@pytest.mark.parametrize(
    ("name", "protocol"),
    [
        ("beacon-python-v1.1.json", "v1"),
        ("cgbeacon2-v1.0.1.json", "v1"),
        ("ega-pi-api-v2.2.json", "v2"),
    ],
)
def test_an_info_document_is_never_taken_for_a_verdict(name, protocol):
    for recording in recordings(name):
        document = recording["response"]
        if isinstance(document, dict) and not {"exists", "responseSummary"} & document.keys():
            assert isinstance(read(recording, protocol), Failure), recording["path"]


def test_an_answer_to_another_question_is_noticed():
    first = recordings("ega-pi-api-v2.2.json")[9]
    mixed_up = {**first, "path": first["path"].replace("start=16050074", "start=16050075")}
    assert outcome(read(mixed_up, "v2")) == "inconsistent"
    assert read(first, "v2").exists is Exists.YES
