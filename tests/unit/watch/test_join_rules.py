"""What the rules of the check before joining make of what they see."""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from aggregator.model.outcome import NoAnswerCode
from aggregator.protocol.wire import Failure, Reply, Request
from aggregator.upstream.peer import Certificate, Peer
from aggregator.watch.join_recorder import Bounds, Sent, came_of
from aggregator.watch.join_report import RULES, Verdict
from aggregator.watch.join_rules import FIXES, Findings, judge_dialect, judge_latency, judge_tls
from aggregator.watch.join_rules_forms import (
    lacking_in_answer,
    lacking_in_document,
    lacking_in_info,
)
from aggregator.watch.joining import _id_of
from aggregator.watch.strangers import NOT_PUBLIC, plainly
from registry.capabilities import Document
from registry.models import MEMBER_ID, Dialect, Protocol
from tests.builders import member

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
DOCS = Path(__file__).parents[3] / "docs" / "joining.md"


def found(findings: Findings, rule: str):
    return {one.rule: one for one in findings.all("not looked at")}[rule]


def test_the_documentation_has_a_row_for_every_rule_in_their_order():
    section = DOCS.read_text(encoding="utf-8").partition("## What the check looks at")[2]
    section = section.partition("\n## ")[0]
    rows = re.findall(r"^\| `([a-z_.-]+)` \|", section, re.MULTILINE)
    assert rows == list(RULES)


def test_every_rule_has_a_finding_and_the_first_word_counts():
    findings = Findings()
    findings.passed("info", "it is one")
    findings.skipped("info", "too late")
    told = findings.all("nobody looked")
    assert [one.rule for one in told] == list(RULES)
    assert {one.message for one in told} == {"It is one.", "Nobody looked."}
    assert all(one.title == RULES[one.rule] for one in told)


@pytest.mark.parametrize("code", NoAnswerCode)
def test_every_failure_of_the_other_side_says_what_to_change(code):
    ours = {NoAnswerCode.OVERLOADED, NoAnswerCode.INTERNAL, NoAnswerCode.CANCELLED}
    assert (code in FIXES) is (code not in ours | {NoAnswerCode.CONTROL_FAILED})


def peer(days: float) -> Peer:
    return Peer(is_public=True, certificate=Certificate(NOW + timedelta(days=days), "Good CA"))


@pytest.mark.parametrize(
    ("url", "seen", "verdict", "said"),
    [
        ("https://one.example", peer(30.1), Verdict.PASS, "(30 days), issued by Good CA"),
        ("https://one.example", peer(29.9), Verdict.ADVICE, "2026-12-20 (29 days)"),
        ("https://one.example", Peer(is_public=True), Verdict.PASS, "trusted"),
        ("https://one.example", None, Verdict.PASS, "trusted"),
        ("http://one.example", Peer(is_public=True), Verdict.ADVICE, "plain http"),
        ("http://one.example", None, Verdict.ADVICE, "plain http"),
        ("http://one.example", Peer(is_public=False), Verdict.SKIPPED, "private address"),
    ],
)
def test_certificates(url, seen, verdict, said):
    findings = Findings()
    judge_tls(findings, url, seen, NOW, 30)
    assert found(findings, "tls").verdict is verdict
    assert said in found(findings, "tls").message


def sent(elapsed_s: float, failure: Failure | None = None) -> Sent:
    return Sent(Request("GET", "https://one.example/g_variants"), 200, "", failure, elapsed_s)


@pytest.mark.parametrize(
    ("asked", "verdict"),
    [
        ([], Verdict.SKIPPED),
        ([sent(1.0), sent(5.0), sent(60.0)], Verdict.PASS),
        ([sent(1.0), sent(5.1), sent(60.0)], Verdict.ADVICE),
        ([sent(1.0), sent(8.0, Failure(NoAnswerCode.TIMEOUT, "no answer"))], Verdict.FAIL),
    ],
)
def test_latency_is_the_median_of_the_questions(asked, verdict):
    findings = Findings()
    judge_latency(findings, asked, Bounds())
    assert found(findings, "latency").verdict is verdict


def test_every_key_of_the_dialect_is_told_with_its_source():
    asked = member(
        dialect={"chromosome": "chr"},
        learned=Dialect(method="POST", rename={"start": "pos"}, drop=("testMode",)),
    )
    findings = Findings()
    judge_dialect(findings, asked)
    told = found(findings, "dialect")
    assert told.verdict is Verdict.PASS
    for one in ("(operator)", "pos (learned)", "testMode (learned)"):
        assert one in told.message


def test_a_server_that_mixes_up_requests_is_told_so():
    findings = Findings()
    judge_dialect(findings, member(learned=Dialect(concurrent=False)))
    assert found(findings, "dialect").verdict is Verdict.ADVICE


META = {"beaconId": "b", "apiVersion": "v2.0.0", "returnedSchemas": []}
INFO = {
    "meta": META,
    "response": {
        "id": "org.b",
        "name": "B",
        "apiVersion": "v2.0.0",
        "environment": "prod",
        "organization": {"id": "o", "name": "O"},
    },
}


def without(document: dict, path: str) -> dict:
    """A copy of a document without the place at a path."""
    copy = json.loads(json.dumps(document))
    *above, last = path.split(".")
    inner = copy
    for key in above:
        inner = inner[key]
    del inner[last]
    return copy


@pytest.mark.parametrize(
    "path",
    [
        *("meta.beaconId", "meta.returnedSchemas", "response.environment", "response.id"),
        *("response.organization", "response.organization.name"),
    ],
)
def test_what_a_description_lacks_is_named(path):
    assert lacking_in_info(INFO, Protocol.V2) == ""
    told = lacking_in_info(without(INFO, path), Protocol.V2)
    assert path in told
    assert "missing" in told


def test_an_environment_there_is_not_is_named():
    wrong = {**INFO, "response": {**INFO["response"], "environment": "production"}}
    assert "none of prod, test, dev, staging" in lacking_in_info(wrong, Protocol.V2)


@pytest.mark.parametrize("protocol", [Protocol.CSC, Protocol.BEACON_NETWORK, None])
def test_descriptions_that_no_specification_is_about_lack_nothing(protocol):
    assert lacking_in_info({}, protocol) == ""


def test_what_a_version_1_description_lacks_is_named():
    assert lacking_in_info({"id": "b", "name": "B", "datasets": []}, Protocol.V1) == (
        "apiVersion, organization.id, organization.name are missing"
    )


@pytest.mark.parametrize(
    ("name", "document", "said"),
    [
        (Document.CONFIGURATION, {"response": {"$schema": "s", "entryTypes": {}}}, "productionSt"),
        (Document.MAP, {"response": {"endpointSets": {}}}, "response.$schema is missing"),
        (Document.MAP, {"endpointSets": {}, "$schema": "s"}, "response.endpointSets are missing"),
        (Document.ENTRY_TYPES, {"response": []}, "response.entryTypes is missing"),
    ],
)
def test_what_a_document_lacks_is_named(name, document, said):
    assert said in lacking_in_document(document, name)


def test_the_kind_of_a_service_is_beacon():
    service = {
        "id": "b",
        "name": "B",
        "version": "1",
        "type": {"group": "beacon", "artifact": "org.ga4gh", "version": "1"},
        "organization": {"name": "O", "url": "https://o.example"},
    }
    assert "“org.ga4gh”" in lacking_in_document(service, Document.SERVICE_INFO)
    service["type"] = {"group": "org.ga4gh", "artifact": "beacon", "version": "1"}
    assert lacking_in_document(service, Document.SERVICE_INFO) == ""


@pytest.mark.parametrize(
    ("protocol", "document", "said"),
    [
        (Protocol.V1, {"beaconId": "b", "exists": False}, ""),
        (Protocol.V1, {"exists": False}, "beaconId is missing"),
        (Protocol.V1, {"beaconId": "b", "exists": None}, "exists is missing"),
        (Protocol.V2, {"meta": META}, "responseSummary.exists are missing"),
        (Protocol.V0, {}, ""),
        (None, {}, ""),
    ],
)
def test_what_an_answer_lacks_is_named(protocol, document, said):
    told = lacking_in_answer(Reply(200, json.dumps(document).encode()), protocol)
    assert told.endswith(said)
    assert bool(told) is bool(said)


@pytest.mark.parametrize("body", [b"", b"<html>", b"[1, 2]", b"\xff\xfe"])
def test_what_is_no_document_lacks_nothing(body):
    assert lacking_in_answer(Reply(200, body), Protocol.V2) == ""


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("org.example.Beacon", "org-example-beacon"),
        ("SciLifeLab-beacon", "scilifelab-beacon"),
        ("--a__b..", "a-b"),
        ("beacon.example.org", "beacon-example-org"),
        ("<script>alert(1)</script>", "script-alert-1-script"),
        ("豆", "beacon"),
        ("", "beacon"),
        ("x" * 62 + ".y", "x" * 62),
        ("x" * 200, "x" * 63),
    ],
)
def test_an_id_is_suggested_that_can_be_one(name, made):
    assert _id_of(name) == made
    assert MEMBER_ID.fullmatch(made)


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (b"", "HTTP 200, without a body"),
        (b" \n ", "HTTP 200, without a body"),
        (b"one\r\ntwo\x1b[31m\x00", "HTTP 200: one two[31m"),
        ("turned \u202e around".encode(), "HTTP 200: turned around"),
        (b"\xff\xfe", "HTTP 200: \ufffd\ufffd"),
        (b"a" * 5000, "HTTP 200: " + "a" * 299 + "…"),
    ],
)
def test_what_came_is_shown_short_and_clean(body, shown):
    assert came_of(Reply(200, body), None) == shown


@pytest.mark.parametrize("code", [NoAnswerCode.ADDRESS, NoAnswerCode.DNS])
def test_strangers_are_told_the_same_of_every_address(code):
    assert plainly(Failure(code, "its name db.internal cannot be resolved")).message == NOT_PUBLIC


def test_strangers_are_told_of_other_failures_as_they_are():
    failure = Failure(NoAnswerCode.TLS, "its certificate has expired")
    assert plainly(failure) is failure
