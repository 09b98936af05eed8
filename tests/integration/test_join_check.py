"""The check before joining, at every demo beacon, at real server families, and with faults."""

import asyncio

import pytest

from aggregator.base.errors import BadQuery, Overloaded
from aggregator.upstream.limits import UpstreamLimits
from aggregator.watch.joining import Bounds, Verdict
from demo import DemoNetwork, Fault
from demo.beacon import DemoBeacon
from demo.csc_network import csc_network
from registry.models import Dialect, Protocol
from registry.registration import Registration
from tests import faulty
from tests.clocks import skip
from tests.faulty import FaultyMember, Wire, answer, json_answer
from tests.join_kit import beacon, by_rule, checker_of, rules
from tests.miniatures import PI, RI, BeaconPython, Bento, Bycon, CgBeacon2, Miniature, SBeacon
from tests.networks import V2_INFO, come_true, demo_running, questions, says

DOCUMENTS = {"service-info", "map", "configuration", "entry_types", "filtering_terms"}
LISTS = {f"question.{one}" for one in ("individual", "biosample", "run", "analysis", "cohort")}
VARIANTS = {f"question.{one}" for one in ("variant", "range", "bracket", "gene")}
WAY = {"address", "connection"}
OUTCOME = {"answers", "dialect", "latency"}
V1_PASSES = {*WAY, "info", "datasets", "question.variant", "question.bracket", *OUTCOME}
EVERYTHING = {
    *(*WAY, "tls", "info", "datasets", "question.filter", "cors"),
    *(*DOCUMENTS, *LISTS, *VARIANTS, *OUTCOME),
}


@pytest.mark.parametrize(
    ("beacon", "passes", "advised", "suggested", "protocol"),
    [
        ("demo-v1", V1_PASSES, {"cors"}, "demo-hospital-beacon", "v1"),
        ("demo-v11", V1_PASSES, {"cors"}, "org-example-demo-v11", "v1"),
        (
            "demo-records",
            EVERYTHING - {"tls", "service-info", "dialect", "cors"},
            # its service-info names group and artifact the wrong way round, as the recorded one;
            # its software is known to mix up requests
            {"service-info", "dialect", "cors"},
            "org-example-demo-records",
            "v2",
        ),
        (
            "demo-counts",
            EVERYTHING - {"tls", "question.run", "question.analysis", "question.cohort", "cors"},
            {"cors"},
            "org-example-demo-counts-beacon",
            "v2",
        ),
    ],
)
async def test_a_demo_beacon_passes_but_for_what_it_is_made_to_lack(
    beacon, passes, advised, suggested, protocol
):
    async with DemoNetwork() as demo, checker_of() as upstream:
        report = await upstream.check(demo.beacons[beacon].url)
    assert rules(report, Verdict.PASS) == passes
    assert rules(report, Verdict.ADVICE) == advised
    assert rules(report, Verdict.SKIPPED) == EVERYTHING - passes - advised
    assert rules(report, Verdict.FAIL) == set()
    assert report.may_join
    assert report.member is not None
    assert report.member.id == report.suggested["id"] == suggested
    assert report.suggested["protocol"] == protocol
    assert Registration(url=report.url, **report.suggested).entry().id == suggested


async def test_the_fault_of_the_archive_is_named():
    async with DemoNetwork() as demo, checker_of() as upstream:
        report = await upstream.check(demo.beacons["demo-records"].url)
    of_service = by_rule(report)["service-info"]
    assert "type.artifact is “org.ga4gh”" in of_service.message
    assert of_service.sent.startswith("curl -gsS http://")
    assert of_service.came.startswith("HTTP 200: {")


@pytest.mark.parametrize("protocol", ["auto", "v0"])
async def test_a_beacon_before_version_1_cannot_describe_itself(protocol):
    async with DemoNetwork() as demo, checker_of() as upstream:
        report = await upstream.check(demo.beacons["demo-legacy"].url, protocol=protocol)
    assert rules(report, Verdict.PASS) == WAY
    assert rules(report, Verdict.FAIL) == {"info"}
    assert report.member is None
    assert not report.may_join
    told = by_rule(report)["info"]
    assert "HTTP status 404" in told.message
    for declared in ("protocol: v0", "coordinates", "assemblies", "parameters"):
        assert declared in told.fix


@pytest.mark.parametrize(
    ("fault", "failed", "came"),
    [
        (Fault(down=True), "connection", "closed the connection without an answer"),
        (Fault(status=502), "info", "HTTP 502: <html>"),
        (Fault(status=401), "info", "HTTP 401: <html>"),
        (Fault(body=b"not json"), "info", "HTTP 200: not json"),
        (Fault(body=b""), "info", "HTTP 200, without a body"),
        (Fault(body=b"<html>Welcome</html>"), "info", "HTTP 200: <html>Welcome</html>"),
        (Fault(delay_s=30.0), "connection", "no answer within 0.2 s"),
    ],
)
@pytest.mark.parametrize("beacon", ["demo-legacy", "demo-v1", "demo-v11", "demo-records"])
async def test_exactly_the_planted_fault_is_named(fault, failed, came, beacon):
    # who answers has the time it needs
    limits = UpstreamLimits(member_timeout_s=0.2 if fault.delay_s else 8, retries=0)
    async with (
        DemoNetwork(faults={beacon: fault}) as demo,
        checker_of(limits=limits) as upstream,
    ):
        report = await upstream.check(demo.beacons[beacon].url)
    assert rules(report, Verdict.FAIL) == {failed}
    told = by_rule(report)[failed]
    assert came in told.came
    assert told.fix
    assert ("closed again without an answer: look at the proxy" in told.fix) is fault.down
    assert told.sent.startswith("curl ")
    assert not report.may_join


async def test_a_version_1_beacon_that_takes_no_post_is_learned_and_passes():
    async with (
        DemoNetwork(faults={"demo-v1": Fault(get_only=True)}) as demo,
        checker_of() as upstream,
    ):
        report = await upstream.check(demo.beacons["demo-v1"].url)
    assert rules(report, Verdict.PASS) >= V1_PASSES
    assert report.may_join


async def test_a_network_of_version_1_is_asked_about_variants_only():
    async with DemoNetwork() as demo, checker_of() as upstream:
        network = DemoBeacon("csc", csc_network([demo.beacons["demo-v1"].url]))
        await network.start()
        report = await upstream.check(network.url)
        await network.aclose()
    assert rules(report, Verdict.PASS) == V1_PASSES - {"datasets"}
    assert rules(report, Verdict.SKIPPED) >= {*DOCUMENTS, *LISTS, "datasets", "question.gene"}
    assert report.member is not None
    assert report.member.protocol is Protocol.CSC


VERSION_1_LACKS = {"question.range", "question.gene", "question.filter", *LISTS}


@pytest.mark.parametrize(
    ("server", "tells", "unasked"),
    [
        *((one, "everything", set()) for one in (PI, RI, Bento, Bycon)),
        *((one, "little", {"question.gene", "question.filter"}) for one in (PI, RI, Bento, Bycon)),
        (SBeacon, "everything", {"question.gene"}),
        (BeaconPython, "everything", VERSION_1_LACKS),
        (CgBeacon2, "everything", VERSION_1_LACKS),
    ],
)
async def test_every_question_is_answered_by_every_family_of_servers(
    server: type[Miniature], tells, unasked
):
    async with server() as miniature, checker_of() as upstream:
        miniature.tells = tells
        report = await upstream.check(miniature.url)
        asked = {*VARIANTS, "question.individual", "question.filter"} - unasked
        if tells == "little":
            asked.discard("question.bracket")  # for some software it takes what is not known
        assert rules(report, Verdict.FAIL) == set()
        assert rules(report, Verdict.PASS) >= asked
        assert report.may_join
        assert len(miniature.seen) <= 30


async def test_what_was_learned_is_in_the_member():
    async with RI() as miniature, checker_of() as upstream:
        miniature.tells = "little"
        report = await upstream.check(miniature.url)
    assert report.member is not None
    assert report.member.learned == Dialect(method="POST", parameters="flat", start="scalar")
    assert "Method: POST (learned)" in by_rule(report)["dialect"].message
    assert report.member.probes


@pytest.mark.parametrize(
    ("questions", "failed", "said"),
    [
        (json_answer(says(None)), {"question.variant"}, "neither yes nor no"),
        (answer(b"", 401), {"question.variant"}, "HTTP 401"),
        (answer(b"oops", 500), {"question.variant"}, "HTTP 500"),
        (faulty.html(), {"question.variant"}, "a web page, not JSON"),
        (faulty.redirect("/elsewhere"), {"question.variant"}, "redirects"),
        (faulty.gzip_bomb(), {"question.variant"}, "larger than 1 MiB"),
        (faulty.hang(), {"question.variant", "latency"}, "o answer within 1.5 s"),
    ],
)
async def test_a_beacon_that_answers_no_question_cannot_join(questions, failed, said):
    is_silent = "latency" in failed  # and answers what is asked of itself, in less than this
    limits = UpstreamLimits(member_timeout_s=1.5 if is_silent else 8)
    async with FaultyMember(beacon(questions)) as member, checker_of(limits=limits) as upstream:
        report = await upstream.check(member.url)
    assert rules(report, Verdict.FAIL) == failed
    told = by_rule(report)["question.variant"]
    assert said in told.message
    assert told.fix
    assert "/g_variants" in told.sent
    assert report.member is not None
    assert not report.may_join


async def test_another_version_than_was_declared_is_named():
    async with DemoNetwork() as demo, checker_of() as upstream:
        report = await upstream.check(demo.beacons["demo-records"].url, protocol="v1")
        same = await upstream.check(demo.beacons["demo-records"].url, protocol="v2")
    told = by_rule(report)["info"]
    assert told.verdict is Verdict.FAIL
    assert "not v1, as was declared" in told.message
    assert same.may_join
    assert same.suggested["protocol"] == "v2"


async def test_a_name_of_several_lines_is_suggested_in_one():
    info = {**V2_INFO, "response": {**V2_INFO["response"], "name": "One\nTwo\u202e " + "x" * 300}}
    async with FaultyMember(json_answer(info)) as member, checker_of() as upstream:
        report = await upstream.check(member.url)
    assert report.suggested["name"].startswith("One Two x")
    assert len(report.suggested["name"]) == 200
    assert Registration(url=report.url, **report.suggested).entry()


async def test_large_documents_are_judged_as_small_ones():
    many = {
        f"name {number}": {"entryType": "genomicVariant", "rootUrl": "/g_variants", "x": "y" * 9000}
        for number in range(40)
    }
    document = {"meta": V2_INFO["meta"], "response": {"$schema": "s", "endpointSets": many}}
    async with FaultyMember(beacon(map=document)) as member, checker_of() as upstream:
        report = await upstream.check(member.url)
    assert by_rule(report)["map"].verdict is Verdict.PASS
    assert report.may_join


async def test_what_an_answer_lacks_is_named():
    async with FaultyMember(beacon()) as member, checker_of() as upstream:
        report = await upstream.check(member.url)
    told = by_rule(report)["answers"]
    assert told.verdict is Verdict.ADVICE
    assert "meta.returnedGranularity, meta.receivedRequestSummary are missing" in told.message
    assert report.may_join


@pytest.mark.parametrize("origin", ["*", "https://example.org"])
async def test_pages_of_other_sites_may_read_where_the_beacon_says_so(origin):
    allowed = json_answer(V2_INFO, headers=[("Access-Control-Allow-Origin", origin)])
    async with FaultyMember(allowed) as member, checker_of() as upstream:
        report = await upstream.check(member.url)
        assert member.requests[0].headers["origin"] == "https://example.org"
    assert by_rule(report)["cors"].verdict is Verdict.PASS


async def test_a_slow_beacon_is_told_so():
    slow = json_answer(says())

    async def late(wire: Wire) -> None:
        await asyncio.sleep(0.05)
        await slow(wire)

    bounds = Bounds(slow_s=0.04)
    async with FaultyMember(beacon(late)) as member, checker_of(bounds=bounds) as upstream:
        report = await upstream.check(member.url)
    told = by_rule(report)["latency"]
    assert told.verdict is Verdict.ADVICE
    assert "median" in told.message
    assert report.may_join


async def test_the_check_ends_in_time_and_says_what_it_did_not_see():
    limits = UpstreamLimits(member_timeout_s=100)
    bounds = Bounds(check_s=30, request_s=100)
    async with (
        FaultyMember(beacon(faulty.hang())) as member,
        checker_of(limits=limits, bounds=bounds) as upstream,
    ):
        checking = asyncio.create_task(upstream.check(member.url))
        await come_true(lambda: bool(questions(member)))
        skip(30)
        report = await checking
        await come_true(lambda: member.is_left_alone)
    assert rules(report, Verdict.FAIL) == {"latency"}
    assert rules(report, Verdict.PASS) >= {*WAY, "info"}
    assert "30 s" in by_rule(report)["question.gene"].message
    assert not report.may_join
    assert report.elapsed_s < limits.member_timeout_s


async def test_a_beacon_is_asked_politely():
    async with FaultyMember(beacon()) as member, checker_of() as upstream:
        await upstream.check(member.url)
        assert member.most_at_once == 1
        assert len(member.requests) <= 30


async def test_no_more_is_sent_than_the_bound():
    bounds = Bounds(requests=3)
    async with FaultyMember(beacon()) as member, checker_of(bounds=bounds) as upstream:
        report = await upstream.check(member.url)
        assert len(member.requests) == 3
    assert "3 requests at most" in by_rule(report)["question.variant"].message
    assert not report.may_join


async def test_nobody_is_told_of_strangers():
    async with FaultyMember(beacon()) as member, checker_of() as upstream:
        await upstream.check(member.url)
        assert member.requests
        assert upstream.reported == []


async def test_a_beacon_that_falls_silent_is_left_alone_and_cannot_join():
    async def behave(wire: Wire) -> None:
        assert wire.request is not None
        await (json_answer(V2_INFO) if wire.request.target == "/info" else faulty.hang())(wire)

    limits = UpstreamLimits(member_timeout_s=1)
    async with FaultyMember(behave) as member, checker_of(limits=limits) as upstream:
        report = await upstream.check(member.url)
        assert len(member.requests) == 4
    assert rules(report, Verdict.FAIL) == {"question.variant"}
    assert "3 requests before it" in by_rule(report)["question.variant"].message


async def test_an_unknown_form_is_said_with_the_question_and_the_answer():
    """Its software takes no form that is tried, and does not tell what it is."""
    async with SBeacon() as miniature, checker_of() as upstream:
        miniature.tells = "little"
        report = await upstream.check(miniature.url)
    assert rules(report, Verdict.FAIL) == {"question.variant"}
    told = by_rule(report)["question.variant"]
    assert '"start":[140753335]' in told.sent
    assert told.came == 'HTTP 400: {"error": "BadRequest", "message": "search range exceeds ' + (
        '10000 bases"}'
    )
    assert "operator of the network" in told.fix


async def test_a_client_that_leaves_ends_the_check():
    async with FaultyMember(faulty.hang()) as member, checker_of() as upstream:
        checking = asyncio.create_task(upstream.check(member.url))
        await member.until(lambda one: bool(one.requests))
        checking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await checking
        await come_true(lambda: member.open_connections == 0)
        assert upstream.is_at_rest
        assert len(upstream.checker._free) == 4


async def test_only_four_are_checked_at_once():
    async with FaultyMember(faulty.hang()) as member, checker_of() as upstream:
        running = [asyncio.create_task(upstream.check(member.url)) for _ in range(4)]
        await member.until(lambda one: len(one.requests) == 4)
        with pytest.raises(Overloaded) as refused:
            await upstream.check(member.url)
        assert refused.value.retry_after_s > 0
        for one in running:
            one.cancel()
        await asyncio.wait(running)
        assert len(upstream.checker._free) == 4


async def test_a_network_of_this_kind_passes_everything():
    async with demo_running() as net, checker_of() as upstream:
        report = await upstream.check(f"{net.url}/api")
    assert rules(report, Verdict.PASS) == EVERYTHING - {"tls"}


async def test_an_address_beside_the_questions_is_told_so():
    async with demo_running() as net, checker_of() as upstream:
        report = await upstream.check(net.url)
    assert rules(report, Verdict.FAIL) == {"question.variant"}
    assert "address below which its questions" in by_rule(report)["question.variant"].fix


@pytest.mark.parametrize("protocol", ["v3", "", "AUTO"])
async def test_a_protocol_there_is_not_is_named(protocol):
    async with checker_of() as upstream:
        with pytest.raises(BadQuery, match="protocol"):
            await upstream.check("https://beacon.example.org", protocol=protocol)
