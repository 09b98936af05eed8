"""What would be sent, without sending it; and how a text of the search box is read."""

import json
from typing import Any

import pytest
from yarl import URL

from tests.networks import BRAF, DemoRunning, network_of

QUESTIONS: dict[str, dict[str, str]] = {
    "BRAF": BRAF,
    "BRAF counted": BRAF | {"requestedGranularity": "count"},
    "records": BRAF | {"requestedGranularity": "record", "limit": "3", "skip": "2"},
    "old assembly": BRAF | {"assemblyId": "GRCh37", "start": "140453135"},
    "deletion": BRAF | {"start": "117559590", "referenceBases": "TCT", "alternateBases": ""},
    "mitochondrion": {
        "referenceName": "NC_012920.1",
        "start": "3242",
        "referenceBases": "A",
        "alternateBases": "G",
    },
    "gene": {"geneId": "BRAF"},
    "amino acid": {"geneId": "BRAF", "aminoacidChange": "V600E"},
    "range": {"assemblyId": "GRCh38", "referenceName": "7", "start": "10", "end": "20"},
    "windows": {
        "assemblyId": "GRCh38",
        "referenceName": "7",
        "start": "117559580,117559600",
        "end": "117559580,117559600",
        "variantType": "DEL",
    },
    "one member": BRAF | {"ask": "demo-records"},
    "reference allele": {
        "assemblyId": "GRCh37",
        "referenceName": "1",
        "start": "169519048",
        "referenceBases": "C",
        "alternateBases": "T",
    },
}


@pytest.mark.parametrize("name", QUESTIONS)
async def test_it_sends_nothing_and_says_what_is_then_sent(net: DemoRunning, name: str) -> None:
    explained = await net.explain(QUESTIONS[name])
    assert net.is_untouched

    reply = await net.ask(QUESTIONS[name])
    for member, told in explained.items():
        reason = reply.members[member]["reason"]
        assert told["reason"] == reason
        assert (told["answer"] == "not_asked") is (reason is not None)
        sent = [_as_sent(net, member, one) for one in net.asked(member)]
        assert [_as_told(one) for one in told["requests"]] == sent


def _as_told(request: Any) -> tuple[str, str, Any]:
    body = json.loads(request["body"]) if request["body"] is not None else None
    return request["method"], request["url"], body


def _as_sent(net: DemoRunning, member: str, received: Any) -> tuple[str, str, Any]:
    url = URL(net.beacons[member].url).origin().with_path(received.path)
    pairs = [(name, value) for name, values in received.query.items() for value in values]
    return received.method, str(url.with_query(pairs)) if pairs else str(url), received.json


async def test_it_names_every_member_with_its_dialect(net: DemoRunning) -> None:
    explained = await net.explain(BRAF)

    assert list(explained) == list(net.beacons)
    assert explained["demo-counts"]["dialect"]["parameters"] == "nested"
    assert explained["demo-counts"]["protocol"] == "v2"
    for told in explained.values():
        assert told["dialectSource"].keys() == told["dialect"].keys()
    assert explained["demo-legacy"]["dialectSource"]["coordinates"] == "operator"
    assert explained["demo-legacy"]["answer"] == "not_asked"
    assert explained["demo-legacy"]["requests"] == []


async def test_a_posted_question_is_explained_like_any_other(net: DemoRunning) -> None:
    variant = BRAF | {"start": [140753335]}
    body = {"query": {"requestParameters": {"g_variant": variant}}}
    posted = await net.ask(path="/network/explain/g_variants", body=body)
    asked = await net.ask(BRAF, path="/network/explain/g_variants")
    with_prefix = await net.ask(BRAF, path="/network/explain/api/g_variants")

    assert posted.json["members"] == asked.json["members"] == with_prefix.json["members"]
    assert posted.json["query"]["requestParameters"]["g_variant"]["start"] == [140753335]
    assert net.is_untouched


async def test_the_command_can_be_pasted_and_holds_no_secret(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("BEACON_MEMBER_TOKEN_ONE", "operators-secret")
    entries = [
        {"id": "with-token", "url": "http://127.0.0.1:9/api", "protocol": "v2"}
        | {"token": "env:BEACON_MEMBER_TOKEN_ONE", "dialect": {"method": "POST"}},
        {"id": "passed-on", "url": "http://127.0.0.1:9/a b", "protocol": "v2"}
        | {"token": "passthrough"},
        {"id": "without", "url": "http://127.0.0.1:9/api", "protocol": "v2"},
        {"id": "unset", "url": "http://127.0.0.1:9", "protocol": "v2"}
        | {"token": "env:BEACON_MEMBER_TOKEN_NOT_SET"},
    ]
    async with network_of(entries) as net:
        headers = {"Authorization": "Bearer users-secret"}
        reply = await net.ask(BRAF, path="/network/explain/g_variants", headers=headers)

    assert "secret" not in reply.text
    told = {one["id"]: one for one in reply.json["members"]}
    assert told["unset"]["reason"]["code"] == "needs_token"
    commands = {name: [one["curl"] for one in told[name]["requests"]] for name in told}
    assert '"Authorization: Bearer $TOKEN"' in commands["with-token"][0]
    assert commands["with-token"][0].startswith("curl -gsS -X POST http://127.0.0.1:9/api/")
    assert "--data" in commands["with-token"][0]
    assert '"Authorization: Bearer $TOKEN"' in commands["passed-on"][0]
    assert "Authorization" not in commands["without"][0]


@pytest.mark.parametrize(
    "path",
    [
        *("frogs", "", "../admin", "individuals/1/frogs", "individuals/1/biosamples/2"),
        *("filtering_terms", "individuals/filtering_terms", "map", "g_variants/"),
    ],
)
async def test_what_cannot_be_asked_cannot_be_explained(net: DemoRunning, path: str) -> None:
    reply = await net.ask(path=f"/network/explain/{path}")

    assert reply.status == 404


async def test_a_bad_question_is_refused_as_where_it_is_asked(net: DemoRunning) -> None:
    bad = BRAF | {"referenceName": "99", "start": "-1"}
    explained = await net.ask(bad, path="/network/explain/g_variants")
    asked = await net.ask(bad)

    assert explained.status == asked.status == 400
    assert explained.problem == asked.problem


@pytest.mark.parametrize(
    ("text", "assembly", "kind", "parameters"),
    [
        ("7-140753336-A-T", "GRCh38", "sequence", {**BRAF, "start": [140753335]}),
        ("chr7:g.140753336A>T", "GRCh38", None, {**BRAF, "start": [140753335]}),
        ("BRAF p.Val600Glu", "", None, {"geneId": "BRAF", "aminoacidChange": "V600E"}),
        ("m.3243A>G", "GRCh37", None, {"assemblyId": "GRCh37", "referenceName": "MT"}),
        ("BRCA1", "", "gene", {"geneId": "BRCA1"}),
    ],
)
async def test_a_text_is_read_as_parameters(
    net: DemoRunning, text: str, assembly: str, kind: str | None, parameters: dict[str, Any]
) -> None:
    reply = await net.ask({"q": text, "assembly": assembly}, path="/search/parse")

    assert reply.status == 200
    assert reply.json["input"] == text
    assert kind is None or reply.json["kind"] == kind
    assert parameters.items() <= reply.json["parameters"].items()
    assert net.is_untouched


@pytest.mark.parametrize("text", ["", "7-140753336", "99-1-A-T", "BRAF; EGFR", "x" * 2000])
async def test_a_text_that_is_no_question_says_why(net: DemoRunning, text: str) -> None:
    reply = await net.ask({"q": text}, path="/search/parse")

    assert reply.status == 200
    assert reply.json["error"] or "kind" in reply.json
