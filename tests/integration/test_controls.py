"""Questions whose answer is known: which mistake of a beacon each finds, and what follows."""

import asyncio
import csv
import io
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest

from aggregator.commands.querying import Asked, ask_running
from aggregator.watch import control_plan, trials
from demo import DemoNetwork
from registry.controls import ControlKind, ControlSource, ControlVerdict
from registry.health import Trait
from registry.incidents import Topic
from tests.networks import DemoRunning, Running, come_true, demo_running, network_of, settings_of

CHECKING = {"controls_s": 3600}
"""Controls run at once for new members, and then when a test says so."""
BRAF_37 = {
    "assemblyId": "GRCh37",
    "referenceName": "7",
    "start": "140453135",
    "referenceBases": "A",
    "alternateBases": "T",
}
NOBODY_HAS_37 = {**BRAF_37, "start": "140453140", "referenceBases": "G", "alternateBases": "C"}
NOBODY_HAS_38 = {**NOBODY_HAS_37, "assemblyId": "GRCh38", "start": "140753345"}


@pytest.fixture(autouse=True)
def no_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a wrong answer be asked again at once."""
    monkeypatch.setattr(control_plan, "APART", timedelta(0))


@pytest.fixture
async def net() -> AsyncIterator[DemoRunning]:
    async with demo_running(health=CHECKING) as net:
        await tried(net, "demo-v1", "demo-v11")
        yield net


async def tried(net: Running, *member_ids: str, again: bool = True) -> None:
    """Have these members asked their controls, and what came of it brought into force."""
    watch = net.network.watch
    controls = watch.trials.controls
    await come_true(lambda: all(one in watch.health.facts("controls") for one in member_ids))
    if running := await controls.step():
        await asyncio.wait(running)  # what began before does not count
    for _ in range(2):  # one wrong answer fails nothing
        if again:
            for member_id in member_ids:
                controls.timetable.hurry(member_id)
        if looks := await controls.step():
            await asyncio.wait(looks)
    await net.network.keeper.refresh()


@contextmanager
def mistaken(net: DemoRunning, beacon_id: str, mistake: str) -> Iterator[None]:
    """Let a beacon make a mistake for a while."""
    fault = net.beacons[beacon_id].fault
    setattr(fault, mistake, True)
    try:
        yield
    finally:
        setattr(fault, mistake, False)


def failed(net: Running, member_id: str) -> set[tuple[str, str]]:
    """Kind and source of the controls a member fails."""
    report = net.network.watch.trials.in_force.report(member_id)
    assert report is not None
    return {
        (one.control.kind.value, one.control.source.value)
        for one in report.results
        if one.verdict is ControlVerdict.FAIL
    }


KNOWN = (ControlKind.KNOWN_YES.value, ControlSource.MEMBER.value)
OPERATORS = (ControlKind.KNOWN_YES.value, ControlSource.OPERATOR.value)
NOWHERE = (ControlKind.IMPOSSIBLE.value, ControlSource.NO_SEQUENCE.value)
MADE_UP = (ControlKind.IMPOSSIBLE.value, ControlSource.MADE_UP.value)


async def test_beacons_in_order_fail_nothing(net: DemoRunning) -> None:
    for member_id in ("demo-v1", "demo-v11"):
        assert failed(net, member_id) == set()
        report = net.network.watch.trials.in_force.report(member_id)
        assert report is not None
        assert {one.verdict for one in report.results} == {ControlVerdict.PASS}
        kinds = {(one.control.kind.value, one.control.source.value) for one in report.results}
        assert kinds == {KNOWN, NOWHERE, MADE_UP}
    reply = await net.ask(NOBODY_HAS_37)
    assert reply.endings["demo-v1"] == "not_found"


@pytest.mark.parametrize(
    ("mistake", "fails"),
    [
        ("off_by_one", {KNOWN}),
        ("wrong_build", {KNOWN}),
        ("ignores_alternate", {MADE_UP}),
        ("always_yes", {NOWHERE, MADE_UP}),
    ],
)
@pytest.mark.parametrize("member_id", ["demo-v1", "demo-v11"])
async def test_each_mistake_is_found_by_its_control(
    net: DemoRunning, member_id: str, mistake: str, fails: set[tuple[str, str]]
) -> None:
    with mistaken(net, member_id, mistake):
        await tried(net, member_id)
        assert failed(net, member_id) == fails
    await tried(net, member_id)
    assert failed(net, member_id) == set()


async def test_a_no_of_a_beacon_that_misses_what_it_holds_is_no_answer(net: DemoRunning) -> None:
    with mistaken(net, "demo-v1", "off_by_one"):
        await tried(net, "demo-v1")
        reply = await net.ask(NOBODY_HAS_37)
        assert reply.endings["demo-v1"] == "no_answer/control_failed"
        told = reply.members["demo-v1"]
        assert "7-140453136-A-T" in told["reason"]["message"]
        assert "data set" in told["reason"]["message"]
        assert "it counts again" not in told["reason"]["message"]
        assert "counts again when it does" in told["reason"]["message"]
        assert reply.info["complete"] is False
        assert reply.info["verdict"] == "unknown"
        other = await net.ask(NOBODY_HAS_38)
        assert other.endings["demo-v11"] == "not_found"  # another member, another assembly
    await tried(net, "demo-v1")
    assert (await net.ask(NOBODY_HAS_37)).endings["demo-v1"] == "not_found"


async def test_data_sets_that_pass_have_said_no_all_the_same(net: DemoRunning) -> None:
    watch = net.network.watch
    with mistaken(net, "demo-v1", "off_by_one"):
        await tried(net, "demo-v1")
        report = watch.trials.in_force.report("demo-v1")
        assert report is not None
        missed = {one.control.dataset for one in report.controls.known}
        reply = await net.ask(NOBODY_HAS_37)
        told = {one["id"]: one["exists"] for one in reply.members["demo-v1"]["datasets"]}
        assert set(told) == {"clinical", "population"}
        assert told == {name: None if name in missed else False for name in told}
        assert missed
        assert missed < set(told)
        only = {**NOBODY_HAS_37, "datasets": next(iter(set(told) - missed))}
        assert (await net.ask(only)).endings["demo-v1"] == "not_found"


async def test_pages_and_tables_say_why_a_no_is_not_passed_on(net: DemoRunning) -> None:
    with mistaken(net, "demo-v1", "off_by_one"):
        await tried(net, "demo-v1")
        search = {"q": "7-140453141-G-C", "assembly": "GRCh37", "ask": "demo-v1"}
        page = await net.ask(search, path="/search", headers={"Accept": "text/html"})
        assert "Its answer is not passed on: it said no, but since" in page.text
        assert "It may or may not have the allele." in page.text
        assert "None of the" not in page.text
        assert ">?</span> No, not passed on" in page.text
        assert "Did not answer" not in page.text
        assert "did not answer" not in page.text  # neither in the verdict nor on a button
        assert "We do not know: the “no” of 1 beacon is not passed on" in page.text
        assert '<a href="/health/demo-v1#controls">' in page.text
        plain = await net.ask(search, path="/search.txt")
        assert "? No, not passed on" in plain.text
        assert "did not answer" not in plain.text.lower()
        document = await net.ask(search, path="/search.json")
        assert document.info["warnings"] == [
            "the 'no' of 1 member is not passed on: it does not find what it is known to hold"
        ]
        assert "no beacon answered" not in document.problem
        table = await net.ask(search, path="/search.csv")
        rows = list(csv.DictReader(io.StringIO(table.text)))
        told = [
            (row["dataset_id"], row["answer"], row["reason"])
            for row in rows
            if row["beacon_id"] == "demo-v1"
        ]
        assert told == [
            ("", "no_answer", "control_failed"),
            ("clinical", "no_answer", "control_failed"),
            ("population", "not_found", ""),
        ]


async def test_the_command_says_that_a_no_is_not_passed_on(
    net: DemoRunning, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = Asked("7-140453141-G-C", "GRCh37", "boolean", None, ask="demo-v1")
    with mistaken(net, "demo-v1", "off_by_one"):
        await tried(net, "demo-v1")
        capsys.readouterr()
        assert await ask_running(asked, net.url, settings_of()) == 3
    told = capsys.readouterr().out
    rows = [line.split("\t") for line in told.splitlines() if "\t" in line]
    (row,) = [row for row in rows if row[1] != "○ not asked"]
    assert row[1] == "? no, not passed on"
    assert row[4].startswith("control_failed: it said no, but since")
    assert "We do not know: the “no” of 1 beacon is not passed on" in told
    assert "! the 'no' of 1 member is not passed on" in told
    assert "did not answer" not in told
    assert "no answer" not in told


async def test_a_cached_no_is_not_believed_either(net: DemoRunning) -> None:
    assert (await net.ask(NOBODY_HAS_37)).endings["demo-v1"] == "not_found"
    with mistaken(net, "demo-v1", "wrong_build"):
        await tried(net, "demo-v1")
        reply = await net.ask(NOBODY_HAS_37)
        assert reply.members["demo-v1"]["source"] == "cache"
        assert reply.endings["demo-v1"] == "no_answer/control_failed"
    await tried(net, "demo-v1")
    assert (await net.ask(NOBODY_HAS_37)).endings["demo-v1"] == "not_found"


async def test_a_yes_of_a_beacon_that_reports_anything_is_marked(net: DemoRunning) -> None:
    with mistaken(net, "demo-v1", "always_yes"):
        await tried(net, "demo-v1")
        reply = await net.ask(NOBODY_HAS_37)
        told = reply.members["demo-v1"]
        assert (told["answer"], told["untrusted"]) == ("found", True)
        assert any("cannot exist" in one for one in told["warnings"])
        assert reply.summary["exists"] is True
        assert any("cannot exist" in one for one in reply.info["warnings"])
        records = await net.ask({**NOBODY_HAS_37, "requestedGranularity": "record"})
        assert {one["info"].get("untrusted") for one in records.sets if one["exists"]} == {True}
        await shown_as_untrusted(net)
    await tried(net, "demo-v1")
    assert "untrusted" not in (await net.ask(BRAF_37)).members["demo-v1"]


@pytest.mark.parametrize("form", [None, "json", "csv"])
async def test_the_command_does_not_call_it_found_where_no_yes_can_be_relied_on(
    net: DemoRunning, capsys: pytest.CaptureFixture[str], form: str | None
) -> None:
    nobody_has = Asked("7-140453141-G-C", "GRCh37", "boolean", form, ask="demo-v1")
    with mistaken(net, "demo-v1", "always_yes"):
        await tried(net, "demo-v1")
        capsys.readouterr()
        assert await ask_running(nobody_has, net.url, settings_of()) == 3
        told = capsys.readouterr().out
        assert {None: "do not rely on this yes", "json": '"untrusted": true'}.get(
            form, "found,untrusted"
        ) in told
    await tried(net, "demo-v1")
    held = Asked("7-140453136-A-T", "GRCh37", "boolean", form, ask="demo-v1")
    assert await ask_running(held, net.url, settings_of()) == 0


async def shown_as_untrusted(net: DemoRunning) -> None:
    every = "Every beacon that reports it also reports an allele that cannot exist"
    search = {"q": "7-140453141-G-C", "assembly": "GRCh37"}
    page = await net.ask(search, path="/search", headers={"Accept": "text/html"})
    assert every in page.text
    assert "<strong>It also reports an allele that cannot exist" in page.text
    text = await net.ask(search, path="/search.txt")
    assert every in text.text
    table = await net.ask(search, path="/search.csv")
    assert "found,untrusted" in table.text
    first = await net.ask({**NOBODY_HAS_37, "includeDatasetResponses": "HIT"}, path="/v1/query")
    rows = [one for one in first.json["datasetAlleleResponses"] if one["exists"]]
    assert rows
    assert all(one["info"]["untrusted"] for one in rows)
    stream = await net.ask(NOBODY_HAS_37, headers={"Accept": "text/event-stream"})
    assert '"untrusted":true' in stream.text.replace(" ", "")


async def test_one_bad_answer_is_shown_with_when_it_is_asked_again_and_counts_then(
    net: DemoRunning,
) -> None:
    async def page() -> str:
        return (await net.ask(path="/health/demo-v1", headers={"Accept": "text/html"})).text

    watch, controls = net.network.watch, net.network.watch.trials.controls
    assert "asked again at about" not in await page()
    with mistaken(net, "demo-v1", "off_by_one"):
        controls.timetable.hurry("demo-v1")
        await asyncio.wait(await controls.step())
        await net.network.keeper.refresh()
        assert (await net.ask(NOBODY_HAS_37)).endings["demo-v1"] == "not_found"
        assert Trait.UNTRUSTED not in watch.book.standing("demo-v1").traits
        assert "One wrong answer proves nothing yet: it is asked again at about" in await page()
        told = (await net.ask(path="/health/demo-v1.json")).json["controls"]["controls"]
        again = {one["againAt"] is not None for one in told if one["got"] == "no"}
        assert again == {True, False}
        await tried(net, "demo-v1")
        assert (await net.ask(NOBODY_HAS_37)).endings["demo-v1"] == "no_answer/control_failed"
        assert Trait.UNTRUSTED in watch.book.standing("demo-v1").traits
        shown = await page()
        assert "It is asked again at about" in shown
        assert "One wrong answer" not in shown


async def test_what_fails_is_asked_again_every_few_minutes_by_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(trials, "AGAIN", timedelta(seconds=0.2))
    async with demo_running(health=CHECKING) as net:
        await tried(net, "demo-v1")
        with mistaken(net, "demo-v1", "off_by_one"):
            net.network.watch.trials.controls.timetable.hurry("demo-v1")
            await come_true(lambda: KNOWN in failed(net, "demo-v1"))
        await come_true(lambda: failed(net, "demo-v1") == set())


async def test_silence_fails_nothing_and_mends_nothing(net: DemoRunning) -> None:
    fault = net.beacons["demo-v1"].fault
    fault.down = True
    await tried(net, "demo-v1")
    assert failed(net, "demo-v1") == set()
    fault.down = False
    with mistaken(net, "demo-v1", "off_by_one"):
        await tried(net, "demo-v1")
        fault.down = True
        await tried(net, "demo-v1")
        assert failed(net, "demo-v1") == {KNOWN}
        fault.down = False


async def test_an_incident_begins_and_ends_with_the_failure(net: DemoRunning) -> None:
    watch = net.network.watch
    with mistaken(net, "demo-v1", "wrong_build"):
        await tried(net, "demo-v1")
        await watch.checks.flush()
        (incident,) = await watch.health.incidents(["demo-v1"])
        assert (incident.topic, incident.ended) == (Topic.CONTROL, None)
        assert "7-140453136-A-T" in incident.message
        assert incident.request.startswith("curl ")
        await tried(net, "demo-v1")
    await tried(net, "demo-v1")
    await watch.checks.flush()
    events = [(one.topic, one.what) for one in await watch.health.events(["demo-v1"])]
    assert events == [(Topic.CONTROL, "began"), (Topic.CONTROL, "ended")]
    assert Trait.UNTRUSTED not in watch.book.standing("demo-v1").traits


async def test_a_member_without_any_known_variant_is_told_what_to_do(net: DemoRunning) -> None:
    await tried(net, "demo-counts", again=False)
    document: Mapping[str, Any] = net.network.watch.health.facts("controls")["demo-counts"].document
    assert "sampleAlleleRequests" in document["message"]
    (none, *others) = document["controls"]
    assert (none["kind"], none["verdict"], none["expected"]) == ("known_yes", "none", "yes")
    assert {one["kind"] for one in others} == {"impossible"}


@pytest.mark.parametrize(
    ("member_id", "held"),
    [
        ("demo-legacy", "7-140453136-A-T GRCh37"),
        ("demo-records", "7-140753336-A-T GRCh38"),
        ("demo-counts", "11-5227002-T-A GRCh38"),
    ],
)
async def test_operators_name_variants_of_other_protocols(member_id: str, held: str) -> None:
    async with DemoNetwork() as demo:
        entries = [{**one, "controls": [held]} for one in demo.members() if one["id"] == member_id]
        async with network_of(entries, health=CHECKING) as net:
            await tried(net, member_id, again=False)
            assert failed(net, member_id) == set()
            for mistake, fails in (
                ("off_by_one", OPERATORS),
                ("wrong_build", OPERATORS),
                ("ignores_alternate", MADE_UP),
                ("always_yes", NOWHERE),
            ):
                setattr(demo.beacons[member_id].fault, mistake, True)
                await tried(net, member_id)
                assert fails in failed(net, member_id), mistake
                setattr(demo.beacons[member_id].fault, mistake, False)
            await tried(net, member_id)
            assert failed(net, member_id) == set()
