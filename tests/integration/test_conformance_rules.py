"""Every rule of conformance: a beacon that keeps all, and one that breaks each and no other."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from aggregator.calling import calling
from aggregator.upstream.client import MemberClient
from aggregator.watch.conformance.report import ConformanceReport, Finding, Unfinished, Verdict
from aggregator.watch.conformance.rules import RULES
from aggregator.watch.conformance.runner import ConformanceChecker
from aggregator.watch.discovery import discover
from demo import DemoNetwork
from registry.models import Protocol
from registry.seed import read_entries
from registry.snapshot import RegisteredMember
from tests.conforming import ConformingV2
from tests.conforming_v1 import ConformingV1
from tests.faulty import FaultyMember
from tests.networks import NETWORK_ID, demo_running, network_of, settings_of

OFFERED = {"v2": ConformingV2, "v1": ConformingV1}
VARIETIES = (
    *("v2.echo/parameter", "v2.echo/page", "v2.granularity.boolean/more", "v2.page.skip/empty"),
    *("v2.include.hit/less", "v2.include.miss/less", "v2.ids/collections"),
    *("v1.ids/listed", "v1.include.hit/less", "v1.include.miss/less"),
)
"""Other ways to break a rule."""
EVERY = (*RULES[Protocol.V2], *RULES[Protocol.V1], *VARIETIES)


@pytest.fixture
async def client() -> AsyncIterator[MemberClient]:
    async with calling(settings_of()) as made:
        yield made


async def known(client: MemberClient, entry: dict[str, Any]) -> RegisteredMember:
    """Give a member with what its documents say."""
    member = RegisteredMember(read_entries([entry], "test")[0])
    found = await discover(member, client, via="1.1 test", now=datetime.now(UTC))
    return replace(member, capabilities=found.capabilities or member.capabilities)


async def judged(
    client: MemberClient, member: RegisteredMember, **environ: str
) -> ConformanceReport:
    checker = ConformanceChecker(
        client, network_id="org.example.outer", allow_private=True, environ=environ
    )
    report = await checker.run(member)
    assert isinstance(report, ConformanceReport), report
    return report


async def report_of(client: MemberClient, broken: str, protocol: str) -> ConformanceReport:
    async with FaultyMember(OFFERED[protocol](broken).behave) as server:
        entry = {"id": "one", "url": server.url, "protocol": protocol, "assemblies": ["GRCh38"]}
        if broken == "v1.form.post":
            entry["dialect"] = {"method": "GET"}
        return await judged(client, await known(client, entry))


def found(report: ConformanceReport, rule: str) -> Finding:
    return next(one for one in report.findings if one.rule == rule)


@pytest.mark.parametrize("protocol", OFFERED)
async def test_a_beacon_that_does_all_as_it_should_keeps_every_rule(
    client: MemberClient, protocol: str
) -> None:
    report = await report_of(client, "", protocol)

    assert report.those(Verdict.PASS) == tuple(RULES[Protocol(protocol)])
    assert report.score == f"{len(report.findings)} of {len(report.findings)}"
    assert all(one.request.startswith("curl ") for one in report.findings)


@pytest.mark.parametrize("broken", EVERY)
async def test_what_breaks_one_rule_fails_that_rule_and_no_other(
    client: MemberClient, broken: str
) -> None:
    report = await report_of(client, broken, broken.partition(".")[0])

    rule = broken.partition("/")[0]
    assert report.failed == (rule,)
    finding = found(report, rule)
    assert finding.message
    assert finding.request.startswith("curl ")
    assert finding.expected or finding.deviations
    document = finding.document()
    assert document["fix"]
    assert document["specification"].startswith("https://")


async def test_what_a_beacon_does_not_offer_counts_neither_way(client: MemberClient) -> None:
    async with DemoNetwork() as demo:
        entry = next(one for one in demo.members() if one["id"] == "demo-counts")
        report = await judged(client, await known(client, entry))

    for kind in ("run", "analysis", "cohort"):
        finding = found(report, f"v2.answer.{kind}")
        assert finding.verdict is Verdict.SKIPPED
        assert "does not offer" in finding.message
        assert not finding.request
    assert report.total == len(report.findings) - len(report.those(Verdict.SKIPPED))


DEMO = {
    # it answers pages of other sites without leave, as all demo beacons do
    "demo-v1": {"v1.cors"},
    # the echo of a question without a chromosome has referenceName: null
    "demo-v11": {"v1.cors", "v1.error.document"},
    "demo-records": {
        "v2.cors",
        # the parameters it repeats stand flat, where the schema has objects by entry type
        "v2.answer.boolean",
        "v2.answer.count",
        "v2.answer.record",
        # nested parameters are refused, as EGA's server does
        "v2.form.post",
        # what it cannot convert it fails on with 500
        "v2.error.invalid",
    },
    "demo-counts": {
        "v2.cors",
        # the filters it repeats are objects, where the schema has texts
        "v2.answer.filter",
        # it does not look at includeResultsetResponses: all data sets are always listed
        "v2.include.hit",
        "v2.include.none",
        # returnedGranularity: null and an empty echo in errors
        "v2.error.document",
    },
}


async def test_the_demo_beacons_break_the_rules_their_models_break(client: MemberClient) -> None:
    failed = {}
    async with DemoNetwork() as demo:
        for entry in demo.members():
            if entry["id"] != "demo-legacy":
                report = await judged(client, await known(client, entry))
                failed[entry["id"]] = set(report.failed)

    assert failed == DEMO


async def test_this_network_keeps_every_rule_of_version_2_itself() -> None:
    async with demo_running() as inner:
        entry = {"id": "inner", "url": f"{inner.url}/api", "protocol": "v2"}
        async with network_of([entry]) as outer:
            await outer.known("inner")
            report = await judged(outer.network.client, outer.member("inner"))

    assert report.failed == ()
    assert report.passed == len(report.findings)


async def test_neither_a_credential_is_shown_nor_what_came_to_it(client: MemberClient) -> None:
    async with FaultyMember(ConformingV2("v2.include.hit").behave) as server:
        token = "env:BEACON_MEMBER_TOKEN_ONE"
        entry = {"id": "one", "url": server.url, "protocol": "v2", "token": token}
        member = await known(client, entry)
        report = await judged(client, member, BEACON_MEMBER_TOKEN_ONE="sesame-open")
        sent = [one.headers.get("authorization") for one in server.requests]

    assert "Bearer sesame-open" in sent
    assert "sesame" not in str(report.document())
    finding = found(report, "v2.include.hit")
    assert finding.verdict is Verdict.FAIL
    assert "$TOKEN" in finding.request
    assert finding.got == "not shown: it came to a credential"
    for known_by_it in ("genomes", "tumours", "one-0", "variantInternalId"):
        assert known_by_it not in str(report.document())


async def test_a_member_whose_token_is_not_set_is_not_judged(client: MemberClient) -> None:
    entry = {
        "id": "one",
        "url": "http://127.0.0.1:9",
        "protocol": "v2",
        "token": "env:BEACON_MEMBER_TOKEN_TWO",
    }
    checker = ConformanceChecker(client, network_id=NETWORK_ID, allow_private=True, environ={})

    outcome = await checker.run(RegisteredMember(read_entries([entry], "test")[0]))

    assert isinstance(outcome, Unfinished)
    assert "BEACON_MEMBER_TOKEN_TWO" in outcome.why


async def test_one_request_comes_after_the_other(client: MemberClient) -> None:
    async with FaultyMember(ConformingV2().behave) as server:
        entry = {"id": "one", "url": server.url, "protocol": "v2"}
        member = await known(client, entry)
        server.most_at_once = 0
        before = len(server.requests)
        await judged(client, member)
        assert server.most_at_once == 1
        assert len(server.requests) - before <= 60
