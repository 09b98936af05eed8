"""Questions that cannot be asked: refused at once, every problem named, nothing sent to members."""

import json
from typing import Any

import pytest

from tests.networks import BRAF, DemoRunning, Reply, demo_running
from tests.official import official

PATHS = ("/api/g_variants", "/v1/query")
WITHOUT_ASSEMBLY = {name: value for name, value in BRAF.items() if name != "assemblyId"}

BAD: dict[str, tuple[dict[str, str], list[str]]] = {
    "unknown chromosome": ({"referenceName": "99"}, ["referenceName", "99"]),
    "no chromosome at all": ({"referenceName": ""}, ["referenceName is missing"]),
    "a contig": ({"referenceName": "chrUn_KI270302v1"}, ["referenceName"]),
    "a suffix that looks like one": ({"referenceName": "scaffold17"}, ["referenceName"]),
    "negative start": ({"start": "-1"}, ["-1 is negative"]),
    "start that is no number": ({"start": "ten"}, ["ten", "not a whole number"]),
    "start with a fraction": ({"start": "1.5"}, ["not a whole number"]),
    "huge start": ({"start": "9" * 30}, ["not a whole number"]),
    "no start": ({"start": ""}, ["start is missing"]),
    "end before start": (
        {"start": "100", "end": "50", "alternateBases": "", "referenceBases": "A"},
        ["50", "100"],
    ),
    "start beyond the chromosome": ({"start": "159345973"}, ["159,345,973"]),
    "bad bases": ({"referenceBases": "AXZ"}, ["referenceBases", "AXZ"]),
    "bad alternate": ({"alternateBases": "<DEL>"}, ["alternateBases"]),
    "digits for bases": ({"alternateBases": "1"}, ["alternateBases"]),
    "not ASCII": ({"alternateBases": "ß"}, ["alternateBases"]),
    "nothing changes": ({"alternateBases": "a"}, ["the same"]),
    "bases against the type": ({"variantType": "DEL"}, ["contradict"]),
    "unknown assembly": ({"assemblyId": "GRCh39"}, ["assemblyId", "GRCh39"]),
    "the mouse": ({"assemblyId": "mm10"}, ["assemblyId", "mm10"]),
    "chromosome of another assembly": (
        {"referenceName": "NC_000007.13"},
        ["NC_000007.13", "GRCh37", "GRCh38"],
    ),
    "UCSC's other mitochondrion": (
        {"assemblyId": "hg19", "referenceName": "chrM", "start": "3242"},
        ["NC_001807"],
    ),
    "mate that is no chromosome": ({"mateName": "99"}, ["mateName"]),
}


def refused(reply: Reply, status: int = 400) -> str:
    """The message of a valid error document with that status."""
    assert reply.status == status, reply.text
    assert reply.headers["Content-Type"].startswith("application/json")
    if "meta" in reply.json:
        assert official.validate_v2_answer(reply.json) == "error"
    else:
        official.validate_v1(reply.json, "response")
    assert reply.json["error"]["errorCode"] == status
    return reply.problem


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("name", BAD)
async def test_a_bad_question_is_refused_and_sent_to_nobody(
    net: DemoRunning, name: str, path: str
) -> None:
    changes, words = BAD[name]
    message = refused(await net.ask(BRAF | changes, path=path))

    for word in words:
        assert word in message, message
    assert net.is_untouched


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (
            {"requestParameters": {"g_variant": [{"geneId": "TTN"}]}, "filters": ["HP:0001250"]},
            "query.requestParameters.g_variant: expected an object",
        ),
        ({"requestParameters": []}, "query.requestParameters: expected an object"),
        ({"filters": [None]}, "query.filters: element 0 is empty"),
        ({"filters": [""]}, "query.filters: element 0 is empty"),
        ({"filters": ["filter"]}, "no question: filters=filter is no filter"),
        ({f"p{number}": 1 for number in range(2_000)}, "more than 1000 parameters"),
    ],
)
async def test_a_body_that_lost_its_question_is_not_one_for_everybody(
    net: DemoRunning, asked: dict[str, Any], words: str
) -> None:
    for path in ("/api/individuals", "/network/explain/individuals"):
        reply = await net.ask(path=path, body={"query": asked})
        assert words in refused(reply)
    assert net.is_untouched


async def test_the_word_of_a_page_for_no_filter_is_no_question(net: DemoRunning) -> None:
    reply = await net.ask({"filters": "filter"}, path="/api/individuals")

    assert "no question: filters=filter is no filter" in refused(reply)
    assert net.is_untouched


@pytest.mark.parametrize("name", ["geneId", "aminoacidChange", "genomicAlleleShortForm"])
async def test_version_1_does_not_answer_a_broader_question(net: DemoRunning, name: str) -> None:
    message = refused(await net.ask(BRAF | {name: "TTN"}, path="/v1/query"))

    assert f"{name}: version 1 has no {name} questions" in message
    assert net.is_untouched


@pytest.mark.parametrize("name", BAD)
async def test_a_posted_one_is_refused_in_the_same_words(net: DemoRunning, name: str) -> None:
    changes, _ = BAD[name]
    asked = await net.ask(BRAF | changes)
    body = {"query": {"requestParameters": {"g_variant": BRAF | changes}}}
    posted = await net.ask(body=body)

    assert refused(posted) == refused(asked)
    assert net.is_untouched


@pytest.mark.parametrize("path", PATHS)
async def test_a_position_without_assembly_means_nothing(net: DemoRunning, path: str) -> None:
    message = refused(await net.ask(WITHOUT_ASSEMBLY, path=path))

    assert "assemblyId is missing" in message
    assert net.is_untouched


async def test_a_position_of_the_other_assembly_says_so(net: DemoRunning) -> None:
    """Chromosome 17 ends at 83,257,441 in GRCh38 and at 81,195,210 in GRCh37."""
    beyond = BRAF | {"assemblyId": "GRCh37", "referenceName": "17", "start": "82000000"}
    message = refused(await net.ask(beyond))

    assert "81,195,210" in message
    assert "GRCh38" in message


@pytest.mark.parametrize("path", PATHS)
async def test_every_problem_is_named_at_once(net: DemoRunning, path: str) -> None:
    worst = {
        "assemblyId": "GRCh99",
        "referenceName": "99",
        "start": "-5",
        "referenceBases": "XYZ",
        "alternateBases": "7",
        "wait": "soon",
        "partial": "maybe",
        "ask": "nobody",
        "group": "nowhere",
    }
    message = refused(await net.ask(worst, path=path))

    for word in ("GRCh99", "“99”", "-5", "XYZ", "“7”", "wait", "partial", "nobody", "nowhere"):
        assert word in message, (word, message)
    assert net.is_untouched


@pytest.mark.parametrize(
    ("parameters", "word"),
    [
        ({"requestedGranularity": "everything"}, "requestedGranularity"),
        ({"includeResultsetResponses": "SOME"}, "includeResultsetResponses"),
        ({"limit": "many"}, "limit"),
        ({"limit": "-1"}, "limit"),
        ({"skip": "-1"}, "skip"),
        ({"testMode": "perhaps"}, "testMode"),
        ({"variantMinLength": "9", "variantMaxLength": "3"}, "variantMinLength 9 is above"),
        ({"variantMinLength": "-3"}, "variantMinLength"),
        ({"geneId": "BRAF"}, "two questions"),
        ({"genomicAlleleShortForm": "NM_004333.6:c.1799T>A"}, "by itself"),
        ({"start": "1,2,3"}, "start"),
        ({"start": "20,10", "end": "30,40", "alternateBases": ""}, "20,10"),
        ({"start": "20,30", "end": "5,10", "alternateBases": ""}, "lies before"),
        ({"start": "20,30", "alternateBases": ""}, "bracket"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_options_and_combinations(
    net: DemoRunning, parameters: dict[str, str], word: str
) -> None:
    message = refused(await net.ask(BRAF | parameters))

    assert word in message
    assert net.is_untouched


@pytest.mark.parametrize("question", [{"aminoacidChange": "V600E", **BRAF}, {"end": "5"} | BRAF])
async def test_contradictions(net: DemoRunning, question: dict[str, str]) -> None:
    refused(await net.ask(question))
    assert net.is_untouched


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("body", "word"),
    [
        (b"{", "not JSON"),
        (b'{"a": NaN}', "not JSON"),
        (b"[1, 2]", "not an object"),
        (b'"text"', "not an object"),
        (b"<xml/>", "not JSON"),
        (b"\xff\xfe{}", "not JSON"),
        (b"[" * 100_000, "too deeply"),
        (b'{"a":' * 50_000 + b"1" + b"}" * 50_000, "too deeply"),
    ],
    ids=["open", "NaN", "list", "text", "XML", "not UTF-8", "open lists", "deep objects"],
)
async def test_a_body_that_is_no_json_object(
    net: DemoRunning, path: str, body: bytes, word: str
) -> None:
    message = refused(await net.ask(path=path, raw=body))

    assert word in message
    assert net.is_untouched


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ({"query": []}, "query: expected an object"),
        ({"query": {"requestParameters": "BRAF"}}, "requestParameters: expected an object"),
        ({"query": {"pagination": 3}}, "pagination: expected an object"),
        ({"query": {"requestParameters": {"g_variant": {"start": {"a": 1}}}}}, "start"),
        ({"query": {"requestParameters": {"g_variant": {"referenceName": ["1", "2"]}}}}, "once"),
        ({"query": {"requestParameters": {"g_variant": {"geneId": {"a": 1}}}}}, "expected text"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_a_body_whose_parts_have_the_wrong_shape(
    net: DemoRunning, body: Any, word: str
) -> None:
    message = refused(await net.ask(body=body))

    assert word in message
    assert net.is_untouched


@pytest.mark.parametrize("path", PATHS)
async def test_a_body_that_is_too_large(path: str) -> None:
    async with demo_running(server={"max_request_bytes": 2048}, knows=()) as net:
        body = json.dumps({"x": "y" * 4096}).encode()
        message = refused(await net.ask(path=path, raw=body), 413)

        assert "2,048 bytes" in message
        assert net.is_untouched


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
@pytest.mark.parametrize("path", PATHS)
async def test_another_method_says_which_there_are(
    net: DemoRunning, path: str, method: str
) -> None:
    reply = await net.ask(BRAF, path=path, method=method)

    message = refused(reply, 405)
    assert method in message
    assert set(reply.headers["Allow"].replace(" ", "").split(",")) >= {"GET", "POST"}
    assert net.is_untouched


@pytest.mark.parametrize("path", ["/api/info", "/api/individuals/1", "/api/nothing/at/all"])
async def test_documents_about_the_network_are_not_put(net: DemoRunning, path: str) -> None:
    reply = await net.ask(path=path, method="PUT")

    refused(reply, 405)
    assert {"GET", "POST"} <= set(reply.headers["Allow"].replace(" ", "").split(","))


@pytest.mark.parametrize("path", ["/api/nothing", "/v1/nothing", "/nothing", "/api/g_variants/"])
async def test_what_does_not_exist(net: DemoRunning, path: str) -> None:
    refused(await net.ask(BRAF, path=path), 404)
    assert net.is_untouched


class TestTolerance:
    """What means something is taken, however it is written."""

    @pytest.mark.parametrize(
        "body",
        [
            {"query": {"requestParameters": {"g_variant": BRAF}}},
            {"query": {"requestParameters": BRAF}},
            {"requestParameters": {"g_variant": BRAF}},
            {"query": {"requestParameters": BRAF | {"start": 140753335}}},
            {"query": {"requestParameters": BRAF | {"start": [140753335]}}},
            {"query": {"requestParameters": BRAF | {"start": ["140753335"]}}},
            {"query": {"requestParameters": BRAF, "pagination": {"limit": 0, "skip": 0}}},
            {"meta": {"apiVersion": "2.0"}, "query": {"requestParameters": BRAF}, "x": None},
            BRAF,
        ],
        ids=["nested", "flat", "outside", "number", "list", "texts", "no limit", "meta", "bare"],
    )
    async def test_forms_of_a_body(self, net: DemoRunning, body: Any) -> None:
        reply = await net.ask(body=body)

        assert reply.found == ["demo-v11", "demo-records"]

    @pytest.mark.parametrize(
        "content_type", ["text/plain", "application/x-www-form-urlencoded", "image/png", "*/*"]
    )
    async def test_json_whatever_its_label(self, net: DemoRunning, content_type: str) -> None:
        body = {"query": {"requestParameters": {"g_variant": BRAF}}}
        reply = await net.ask(body=body, headers={"Content-Type": content_type})

        assert reply.found == ["demo-v11", "demo-records"]

    async def test_an_empty_body_is_the_address_alone(self, net: DemoRunning) -> None:
        reply = await net.ask(BRAF, raw=b" ")

        assert reply.found == ["demo-v11", "demo-records"]

    async def test_unknown_parameters_are_ignored_and_named(self, net: DemoRunning) -> None:
        reply = await net.ask(BRAF | {"referncBases": "T", "_": "1"})

        assert reply.status == 200
        warning = "unknown parameters were ignored: _, referncBases"
        assert warning in reply.info["warnings"]
        assert "referncBases" not in str(net.asked("demo-records")[0].query)

    async def test_fields_of_a_form_that_were_left_empty(self, net: DemoRunning) -> None:
        empty = dict.fromkeys(("end", "variantType", "geneId", "filters", "mateName"), "")
        reply = await net.ask(BRAF | empty)

        assert reply.found == ["demo-v11", "demo-records"]
