"""Whole stories of what the rarer looks find: certificates, conformance, and wrong answers."""

import ssl
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest
import trustme

from aggregator.watch import control_plan
from demo import Fault, records_documents
from tests.faulty import FaultyMember, json_answer
from tests.health_stories import Told, a_demo_story
from tests.networks import V2_INFO, says, scripted

ROOT = trustme.CA()
BETWEEN = ROOT.create_child_ca()
GOOD_DAYS = 60


def good():
    return sealed_by(BETWEEN, not_after=datetime.now(UTC) + timedelta(days=GOOD_DAYS, hours=12))


def sealed_by(authority, name="localhost", **life):
    """A context that serves a certificate of this authority, and what is between."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name, **life).configure_cert(context)
    return context


class Door:
    """What is served at the door of a sealed member, which changes while it runs."""

    def __init__(self):
        self.seal = good()
        self.context = sealed_by(BETWEEN)
        self.context.sni_callback = self._choose

    def _choose(self, inner, *_):
        inner.context = self.seal


@asynccontextmanager
async def a_sealed_story(patch, tmp_path):
    """A story with a member behind TLS; gives the story and the door."""
    ca_file = tmp_path / "ca.pem"
    ROOT.cert_pem.write_to_path(str(ca_file))
    door, close = Door(), [("Connection", "close")]
    info = json_answer(V2_INFO, headers=close)
    behave = scripted(json_answer(says(), headers=close), info=info)

    async def behaves(wire):
        await behave(wire)
        await wire.end("close")  # every request is a new handshake

    async with FaultyMember(behaves, tls=door.context) as member:
        entry = {
            "id": "sealed",
            "url": f"https://localhost:{member.port}",
            "protocol": "v2",
            "ca_file": str(ca_file),
        }
        async with a_demo_story(patch, entry) as it:
            yield it, door


EXPIRED = {
    "not_before": datetime.now(UTC) - timedelta(days=90),
    "not_after": datetime.now(UTC) - timedelta(hours=2),
}


@pytest.mark.parametrize(
    ("seal", "badge", "what", "words"),
    [
        (lambda: sealed_by(BETWEEN, **EXPIRED), "expired", "expired", "that ended on"),
        (
            lambda: sealed_by(BETWEEN, "other.example"),
            "for another host",
            "began",
            "not for localhost",
        ),
    ],
)
async def test_a_certificate_goes_bad_and_is_renewed(
    monkeypatch, tmp_path, seal, badge, what, words
):
    async with a_sealed_story(monkeypatch, tmp_path) as (it, door):
        await it.minutes(2)
        await it.looks_at_certificates()
        well = Told(cert=f"{GOOD_DAYS} days")
        assert await it.everything() == it.well(members={"sealed": well})
        door.seal = seal()
        await it.looks_at_certificates()
        await it.looks_at_certificates()
        await it.minutes(4)
        told = [f"sealed certificate {what} 2", "sealed outage began 5"]
        down = Told("down since 3 (tls)", "down", "33.33 %", badge)
        assert await it.everything() == it.well(
            members={"sealed": down},
            incidents=["sealed certificate 2- (tls)", "sealed outage 3- (tls)"],
            events=told,
            operator=told,
        )
        assert words in it.operator.receiver.documents[0]["text"]
        door.seal = good()
        await it.looks_at_certificates()
        await it.minutes(3)
        told += ["sealed certificate ended 6", "sealed outage ended 8"]
        assert await it.everything() == it.well(
            members={"sealed": Told("up since 7", "up", "55.55 %", f"{GOOD_DAYS} days")},
            incidents=["sealed certificate 2-6 (tls)", "sealed outage 3-7 (tls)"],
            events=told,
            operator=told,
        )


async def test_a_document_of_a_beacon_drifts_from_the_specification(monkeypatch):
    whole = records_documents.service_info

    def without_name():
        return {key: one for key, one in whole().items() if key != "name"}

    async with a_demo_story(monkeypatch) as it:
        await it.minutes(1)
        await it.judges("demo-records")
        report = it.watch.health.facts("conformance")["demo-records"].document["score"]
        passed, total = report["passed"], report["total"]
        kept = Told(conformance=f"{passed} of {total}")
        assert await it.everything() == it.well(members={"demo-records": kept})
        with monkeypatch.context() as drifting:
            drifting.setattr(records_documents, "service_info", without_name)
            await it.minutes(1)
            await it.judges("demo-records")
            await it.minutes(1)
            await it.judges("demo-records")
        told = ["demo-records conformance began 2"]
        assert await it.everything() == it.well(
            members={"demo-records": Told(conformance=f"{passed - 1} of {total}")},
            incidents=["demo-records conformance 2-"],
            events=told,
            operator=told,
        )
        text = it.operator.receiver.documents[0]["text"]
        assert f"was {passed} of {total} until" in text
        assert "v2.service_info.schema" in text
        await it.minutes(1)
        await it.judges("demo-records")
        told += ["demo-records conformance ended 4"]
        assert await it.everything() == it.well(
            members={"demo-records": kept},
            incidents=["demo-records conformance 2-4"],
            events=told,
            operator=told,
        )


NO_CACHE = {"ttl_s": 0, "stale_while_revalidate_s": 0, "stale_if_error_s": 0}
ABSENT = {
    "assemblyId": "GRCh37",
    "referenceName": "7",
    "start": "140453140",
    "referenceBases": "G",
    "alternateBases": "C",
}
"""An allele that no demo beacon holds."""
SEARCH = {"q": "7-140453141-G-C", "assembly": "GRCh37"}
NOT_TRUSTED = "It also reports an allele that cannot exist"


async def page_row(it):
    page = await it.net.ask(SEARCH, path="/search", headers={"Accept": "text/html"})
    assert page.status == 200
    return page.text


@pytest.mark.parametrize(
    ("mistake", "words"),
    [
        ("off_by_one", "does not find"),
        ("wrong_build", "does not find"),
        ("ignores_alternate", "cannot exist"),
        ("always_yes", "cannot exist"),
    ],
)
async def test_a_beacon_answers_wrongly(monkeypatch, mistake, words):
    monkeypatch.setattr(control_plan, "APART", timedelta(0))  # asked again when this test says so
    async with a_demo_story(monkeypatch, health={"controls_s": 300_000_000}, cache=NO_CACHE) as it:
        await it.minutes(1)
        await it.asks_controls("demo-v1")
        assert (await it.net.ask(ABSENT)).endings["demo-v1"] == "not_found"
        assert await it.everything() == it.well()
        it.beacons["demo-v1"].fault = Fault(**{mistake: True})
        await it.minutes(1)
        await it.asks_controls("demo-v1")
        assert await it.everything() == it.well()  # one wrong answer proves nothing
        await it.asks_controls("demo-v1")
        await it.minutes(1)
        began = "demo-v1 control began 2"
        assert await it.everything() == it.well(
            members={"demo-v1": Told("up since 1, untrusted", "fails a control")},
            incidents=["demo-v1 control 2-"],
            events=[began],
            operator=[began],
            owner=[began],
        )
        assert words in it.owner.receiver.documents[0]["text"]
        await answers_wrongly(it, mistake)
        it.beacons["demo-v1"].fault = Fault()
        await it.minutes(1)
        await it.asks_controls("demo-v1")
        both = [began, "demo-v1 control ended 4"]
        assert await it.everything() == it.well(
            incidents=["demo-v1 control 2-4"], events=both, operator=both, owner=both
        )
        fresh = await it.net.ask(ABSENT)
        assert fresh.endings["demo-v1"] == "not_found"
        assert "untrusted" not in fresh.members["demo-v1"]
        assert NOT_TRUSTED not in await page_row(it)


async def answers_wrongly(it, mistake):
    """Check what is made of an answer that cannot be relied on."""
    reply = await it.net.ask(ABSENT)
    told = reply.members["demo-v1"]
    others = {name: one for name, one in reply.endings.items() if name != "demo-v1"}
    assert "no_answer/control_failed" not in others.values()
    if mistake in {"off_by_one", "wrong_build"}:
        assert reply.endings["demo-v1"] == "no_answer/control_failed"
        assert reply.info["complete"] is False
        assert told["reason"]["message"][:40] in await page_row(it)
    elif mistake == "always_yes":
        assert (told["answer"], told.get("untrusted")) == ("found", True), told
        assert NOT_TRUSTED in await page_row(it)
    else:  # nothing at this place has the reference base: its "no" is as good as any
        assert told["answer"] == "not_found"
