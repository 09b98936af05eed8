"""What members say to a credential of this network, which nobody else is told."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from aggregator.calling import calling
from aggregator.watch.conformance.findings import UNTOLD
from aggregator.watch.conformance.report import ConformanceReport, Unfinished, Verdict
from aggregator.watch.conformance.runner import ConformanceChecker
from aggregator.watch.discovery import discover
from registry.health import Check, Phase, Result
from registry.seed import read_entries
from registry.snapshot import RegisteredMember
from tests.checked import BY_HAND, Checked
from tests.conforming import Conforming, ConformingV2
from tests.conforming_v1 import ConformingV1
from tests.faulty import Behaviour, FaultyMember, Wire, answer, json_answer
from tests.networks import Running, entry, network_of, scripted, settings_of

TOKEN = "s3cr3t-token"
ENVIRON = {"BEACON_MEMBER_TOKEN_ONE": TOKEN}
WORDS = "PATIENT-42"
SAID = f'cohort ”{WORDS}” "x": Bearer {TOKEN} may not ask this “{WORDS}'
OF_CONFORMANCE = ("/health/one/conformance.json", "/health/one/conformance")
PLACES = (
    *OF_CONFORMANCE,
    *("/health/one.json", "/health.json", "/health.txt", "/health/one.csv", "/health/one"),
)
_KEPT = {"apiVersion", "version", "updateDateTime"}
"""What a member says of its release is told to everybody, without our credential."""


def refusal(status: int) -> Behaviour:
    return json_answer({"error": {"errorCode": status, "errorMessage": SAID}}, status)


async def watched(net: Running) -> Any:
    """Look at a member's conformance and controls; gives what is known of the controls."""
    watch = net.network.watch
    await watch.conformance.look(net.member("one"))
    controls = watch.trials.controls
    for _ in range(2):  # it is known to the timetable from the first on
        if looks := await controls.step():
            await asyncio.wait(looks)
        controls.timetable.hurry("one")
    return watch.health.facts("controls")["one"].document


@pytest.mark.parametrize("status", [200, 302, 400, 429])
async def test_a_credential_and_what_came_to_it_are_not_published(
    status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BEACON_MEMBER_TOKEN_ONE", TOKEN)
    async with (
        FaultyMember(scripted(refusal(status))) as server,
        network_of([entry(server, "one", token="env:BEACON_MEMBER_TOKEN_ONE")]) as net,
    ):
        await net.known("one")
        controls = await watched(net)
        told = {}
        for path in PLACES:
            headers = {} if "." in path else {"Accept": "text/html"}
            told[path] = (await net.ask(path=path, headers=headers)).text

    assert len(controls["controls"]) > 1
    assert WORDS not in str(controls)
    for path, text in told.items():
        assert TOKEN not in text, path
        assert WORDS not in text or path not in OF_CONFORMANCE, path


@pytest.mark.parametrize(
    ("status", "told"),
    [(status, f"it refused, or failed (HTTP {status})") for status in (400, 403, 500)]
    + [(200, "what it sent is not what the protocol says (HTTP 200)")],
)
async def test_why_one_was_never_recognised_is_told_without_its_words(
    status: int, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BEACON_MEMBER_TOKEN_ONE", TOKEN)
    async with FaultyMember(refusal(status)) as server:
        one = {"id": "one", "url": server.url, "protocol": "auto"}
        async with network_of([one | {"token": "env:BEACON_MEMBER_TOKEN_ONE"}], **BY_HAND) as net:
            checked = Checked(net)
            await checked.rounds(1)
            await checked.watch.conformance.look(net.member("one"))
            pages = [(await net.ask(path=path)).text for path in OF_CONFORMANCE]
            monkeypatch.delenv("BEACON_MEMBER_TOKEN_ONE")
            await checked.watch.conformance.look(net.member("one"))
            unset = (await net.ask(path=OF_CONFORMANCE[0])).json["tried"]["why"]

    why = f"it was never recognised: {told}; it is judged once it answers"
    assert json.loads(pages[0])["tried"]["why"] == why
    assert "has not set BEACON_MEMBER_TOKEN_ONE" in unset
    for text in pages:
        assert TOKEN not in text
        assert WORDS not in text


@pytest.mark.parametrize("phase", Phase)
async def test_every_way_a_check_fails_has_words_of_our_own(phase: Phase) -> None:
    told = {"id": "one", "url": "https://member.example", "protocol": "auto"}
    entries = [told | {"token": token} for token in ("env:BEACON_MEMBER_TOKEN_ONE", "none")]
    check = Check(datetime.now(UTC), Result.DOWN, phase, 500, message=SAID)
    async with calling(settings_of()) as client:
        checker = ConformanceChecker(
            client, network_id="org.example.outer", allow_private=True, environ=ENVIRON
        )
        guarded, public = [
            await checker.run(RegisteredMember(read_entries([one], "test")[0]), last_check=check)
            for one in entries
        ]

    assert isinstance(guarded, Unfinished)
    assert WORDS not in guarded.why
    assert "(HTTP 500); it is judged once it answers" in guarded.why
    assert isinstance(public, Unfinished)
    assert SAID in public.why


async def test_what_ends_a_run_is_told_without_it() -> None:
    head = [("Location", f"http://{TOKEN}.{WORDS}.example/{TOKEN}")]

    told = await judged(ConformingV2(), json_answer({}, 302, head))

    assert isinstance(told, Unfinished)
    assert told.why
    assert TOKEN not in told.why
    assert WORDS not in told.why


async def test_where_a_question_is_sent_elsewhere_is_not_told() -> None:
    elsewhere = answer(b"", 302, [("Location", f"http://{WORDS}.example/")])
    beacon = ConformingV2()

    async def behave(wire: Wire) -> None:
        assert wire.request is not None
        is_question = wire.request.target.startswith("/g_variants")
        await (elsewhere if is_question else beacon.behave)(wire)

    report = await judged(beacon, behave)

    assert isinstance(report, ConformanceReport), report
    (told,) = [one.message for one in report.findings if one.rule == "v2.answer.boolean"]
    assert "redirects elsewhere" in told
    assert WORDS.lower() not in json.dumps(report.document()).lower()


class Talkative:
    """A beacon of our own whose answers are full of words, in the wrong places."""

    def __init__(self, beacon: Conforming) -> None:
        self._beacon = beacon
        self._reply = beacon.reply
        beacon.reply = self.reply  # type: ignore[method-assign]  # it behaves as before

    def reply(self, path: str, parameters: dict[str, str], body: Any) -> tuple[int, Any]:
        status, document = self._reply(path, parameters, body)
        if path == "/" and isinstance(self._beacon, ConformingV1):
            samples = [{**one, "note": SAID} for one in document["sampleAlleleRequests"]]
            return status, {**document, "sampleAlleleRequests": samples}
        return status, talked(document)


def talked(document: Any, name: str = "") -> Any:
    """Put words into every text and number, and unknown names into objects, of a document."""
    if isinstance(document, Mapping):
        told = {name: talked(value, name) for name, value in document.items()}
        return {**told, f"{WORDS} {TOKEN}": {"id": SAID}}
    if isinstance(document, list):
        return [talked(one) for one in document]
    if isinstance(document, str):
        return f"{document} {TOKEN}" if name in _KEPT else f"{document}{SAID}"
    return document


async def judged(beacon: Conforming, behaviour: Behaviour | None = None) -> Any:
    """Judge a beacon that is known; it behaves otherwise from then on."""
    protocol = "v1" if isinstance(beacon, ConformingV1) else "v2"
    turn: list[Behaviour] = [beacon.behave]

    async def behave(wire: Wire) -> None:
        await turn[0](wire)

    async with (
        FaultyMember(behave) as server,
        calling(settings_of()) as client,
    ):
        told = {"id": "one", "url": server.url, "protocol": protocol, "assemblies": ["GRCh38"]}
        told["token"] = "env:BEACON_MEMBER_TOKEN_ONE"
        member = RegisteredMember(read_entries([told], "test")[0])
        found = await discover(member, client, via="1.1 test", now=datetime.now(UTC))
        member = replace(member, capabilities=found.capabilities or member.capabilities)
        if behaviour is None:
            Talkative(beacon)
        else:
            turn[0] = behaviour
        checker = ConformanceChecker(
            client, network_id="org.example.outer", allow_private=True, environ=ENVIRON
        )
        return await checker.run(member)


@pytest.mark.parametrize("beacon", [ConformingV2, ConformingV1])
@pytest.mark.parametrize("broken", ["", "v2.include.none", "v1.error.invalid"])
async def test_findings_hold_no_word_of_answers_to_a_credential(
    beacon: type[Conforming], broken: str
) -> None:
    report = await judged(beacon(broken))

    assert isinstance(report, ConformanceReport), report
    document = report.document()
    told = [one for one in report.findings if one.verdict is Verdict.FAIL]
    assert len(told) >= 3
    assert all(one.message for one in told)
    assert TOKEN not in json.dumps(document, ensure_ascii=False)
    assert WORDS not in json.dumps(document, ensure_ascii=False)


async def samples_asked(broken: str) -> Any:
    """Judge a version 1 beacon whose sample holds words, and whose answer to it breaks a rule."""
    beacon = ConformingV1(broken)

    async def behave(wire: Wire) -> None:
        assert wire.request is not None
        parts = urlsplit(wire.request.target)
        asked = dict(parse_qsl(parts.query))
        status, document = beacon.reply(parts.path, asked, json.loads(wire.request.body or "null"))
        if parts.path == "/":
            (sample,) = document["sampleAlleleRequests"]
            told = sample | {"alternateBases": WORDS, "datasetIds": [WORDS]}
            document |= {"sampleAlleleRequests": [told]}
        media_type = "application/json"
        if asked.get("start") == "99" and status == 200:
            document |= _WRONG.get(broken, {})
            media_type = "text/plain" if broken == "v1.content_type/sample" else media_type
        await answer(json.dumps(document).encode(), status, content_type=media_type)(wire)

    return await judged(beacon, behave)


_WRONG: dict[str, dict[str, Any]] = {
    "v1.echo/sample": {"alleleRequest": {"alternateBases": "G"}},
    "v1.exists/sample": {"exists": None},
    "v1.beacon_id/sample": {"beaconId": "another"},
    "v1.api_version/sample": {"apiVersion": "1.0.1"},
    "v1.ids/sample": {"datasetAlleleResponses": [{"datasetId": "another", "exists": True}]},
}


@pytest.mark.parametrize("broken", [*_WRONG, "v1.content_type/sample", "v1.samples"])
async def test_samples_of_one_that_is_asked_with_a_credential_are_not_told(broken: str) -> None:
    report = await samples_asked(broken)

    assert isinstance(report, ConformanceReport), report
    (told,) = [one for one in report.findings if one.rule == broken.partition("/")[0]]
    assert told.verdict is Verdict.FAIL
    assert told.request.startswith("curl ")
    assert "/query" in told.request
    assert "?" not in told.request
    assert told.expected == UNTOLD
    assert WORDS not in json.dumps(report.document(), ensure_ascii=False)


async def test_a_search_does_not_pass_our_credential_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BEACON_MEMBER_TOKEN_ONE", TOKEN)
    asked = {"assemblyId": "GRCh38", "referenceName": "7", "start": 140753335}
    async with (
        FaultyMember(scripted(refusal(400))) as server,
        network_of([entry(server, "one", token="env:BEACON_MEMBER_TOKEN_ONE")]) as net,
    ):
        await net.known("one")
        reply = await net.ask(asked | {"referenceBases": "A", "alternateBases": "T"})
        sent = [one.headers.get("authorization") for one in server.requests]

    assert f"Bearer {TOKEN}" in sent
    assert "refused the question (HTTP 400)" in reply.text
    assert TOKEN not in reply.text
