"""How one member is doing: everything that is known, for people and programs."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from aggregator.base.errors import RegistryUnavailable
from registry.health import Phase, State, Trait
from registry.health_store import Batch, IncidentChange
from registry.history import Kind, Tier, Uptime, Window
from registry.incidents import Topic
from tests.health_world import (
    CAUSE,
    CURL,
    bucket,
    certificate,
    everywhere,
    fact,
    failure,
    health_network,
    store_of,
    success,
    told,
    write_health,
)
from tests.networks import Running
from tests.pages import look


@pytest.fixture
async def net(nothing_left: None) -> AsyncIterator[Running]:
    members = [
        told("alpha", name="Alpha"),
        told("beta", name="Beta"),
        told("paused", paused={"note": "moving servers", "by": "member"}),
        told("off", disabled=True),
    ]
    async with health_network(members) as net:
        yield net


async def of(net: Running, member_id: str, **query: str) -> Any:
    reply = await net.ask(query, path=f"/health/{member_id}.json")
    assert reply.status == 200, reply.text
    return reply.json


async def test_who_is_down_reads_since_when_why_and_what_to_do(net: Running) -> None:
    began = await write_health(net, "beta", State.DOWN)
    page = await look(net, "/health/beta")

    assert page.root.one("h1").text == "Health of Beta"
    assert "✕ down 52 min" in page.text
    assert f"Since {began:%Y-%m-%d %H:%M} UTC, which is 52 min." in page.text
    assert CAUSE in page.text
    assert "What to do: Renew or replace the certificate" in page.text
    (incident,) = page.root.all("li", class_="incident")
    assert f"{began:%Y-%m-%d %H:%M} UTC – now (52 min)" in incident.text
    assert "down · certificate · 3 failed checks" in incident.text
    assert incident.one("code").text == CURL
    document = await of(net, "beta")
    assert document["state"] == "down"
    assert document["cause"]["phase"] == "tls"
    assert document["cause"]["request"] == CURL


async def test_the_last_checks_are_shown_newest_first(net: Running) -> None:
    now = datetime.now(UTC)
    checks = [
        ("alpha", success(now - timedelta(minutes=3), 210.0)),
        ("alpha", failure(now - timedelta(minutes=2), "status 503", Phase.STATUS, status=503)),
        ("alpha", failure(now - timedelta(minutes=1), "=cmd|x", Phase.DNS)),
    ]
    await store_of(net).write(Batch(checks=checks))
    page = await look(net, "/health/alpha")
    (table,) = page.root.all("table", class_="checks")
    rows = [[cell.text for cell in row.all("td")] for row in table.all("tr")[1:]]
    assert rows == [
        ["failed", "name", "", "", "=cmd|x", "r-1"],
        ["failed", "HTTP status", "503", "", "status 503", "r-1"],
        ["answered", "", "200", "210", "", "r-2"],
    ]
    reply = await net.ask(path="/health/alpha.csv")
    lines = reply.text.splitlines()
    assert lines[0] == "at,result,phase,status,ms,message,request_id"
    assert lines[1].endswith(",down,dns,,,'=cmd|x,r-1")  # no formula for a spreadsheet
    assert lines[3].endswith(",up,,200,210,,r-2")
    assert [check["result"] for check in (await of(net, "alpha"))["checks"]] == [
        *("down", "down", "up")
    ]


async def test_checks_and_real_questions_are_different_facts(net: Running) -> None:
    await write_health(net, "alpha", traits=[Trait.SILENT])
    now = datetime.now(UTC)
    asked = everywhere(
        "alpha", now, Uptime(up=12, down=28), kind=Kind.QUESTION, elapsed_ms=900.0, timed_out=25
    )
    await store_of(net).write(Batch(buckets=asked))
    page = await look(net, "/health/alpha")
    assert (
        "In the last 24 hours it answered 233 of 233 checks and 12 of 40 real questions. "
        "25 questions had no answer in time." in page.text
    )
    assert "It answers the light test question and leaves real ones without an answer" in page.text
    document = await of(net, "alpha")
    assert document["uptime"]["24h"]["up"] == 233
    assert (
        document["questions"]["24h"] | {"answered": 12, "failed": 28, "timedOut": 25}
        == (document["questions"]["24h"])
    )
    assert set(document["uptime"]) == {"24h", "7d", "30d", "1y"}


async def test_what_does_not_count_is_told_apart(net: Running) -> None:
    now = datetime.now(UTC)
    parts = everywhere("alpha", now, Uptime(up=9, down=1, unknown=4, paused=5))
    await store_of(net).write(Batch(buckets=parts))
    page = await look(net, "/health/alpha")
    assert "90 % of 10 checks" in page.text
    assert "5 paused, 4 on our side" in page.text


@pytest.mark.parametrize(
    ("window", "slots"),
    [(Window.DAY, 48), (Window.WEEK, 84), (Window.MONTH, 120), (Window.YEAR, 73)],
)
async def test_the_chart_covers_the_window_that_is_asked_for(
    net: Running, window: Window, slots: int
) -> None:
    now = datetime.now(UTC)
    tier = {Window.DAY: Tier.HALF_HOUR, Window.WEEK: Tier.HALF_HOUR, Window.MONTH: Tier.HOUR}.get(
        window, Tier.DAY
    )
    old = now - window.length + timedelta(days=window is Window.YEAR, hours=1)
    parts = [bucket("alpha", tier, at, Uptime(up=2)) for at in {now, old}]
    outage = IncidentChange("alpha", Topic.OUTAGE, now - timedelta(hours=2), now, CAUSE, "tls")
    slow = IncidentChange("alpha", Topic.SLOW, now - timedelta(hours=2), now)
    await store_of(net).write(Batch(buckets=parts, incidents=[outage, slow]))
    document = await of(net, "alpha", window=window.value)
    assert len(document["chart"]) == slots
    assert sum(slot["up"] for slot in document["chart"]) == 4
    assert document["chart"][-1]["up"] == 2
    assert document["window"] == window.value
    page = await look(net, "/health/alpha", window=window.value)
    (chart,) = page.root.all("svg", class_="sparkline")
    assert len(chart.all("rect", class_="band")) == 1
    assert "1 outage." in chart.attributes["aria-label"]
    (twin,) = [one for one in page.root.all("details") if "The same as a table" in one.text]
    assert len(twin.all("tr")) == slots + 1
    assert len(document["halfHours"]) == 48
    assert len(document["days"]) == 30


@pytest.mark.parametrize(
    "window", ["2h", "1000000000y", "9" * 400, "30D", "-1d", "24h'", "<b>", "𝟟d"]
)
async def test_other_windows_are_refused_with_the_choices(net: Running, window: str) -> None:
    reply = await net.ask({"window": window}, path="/health/alpha.json")
    assert reply.status == 400
    assert reply.json["problems"] == [f"window: “{window[:40]}” is none of 24h, 7d, 30d, 1y."]
    page = await look(net, "/health/alpha", status=400, window=window)
    assert "is none of 24h, 7d, 30d, 1y." in page.text


def control(*, failures: int) -> dict[str, Any]:
    """How a control stands that was answered wrongly so often."""
    at = "2026-11-01T12:00:00+00:00"
    told = {"kind": "impossible", "source": "no_sequence", "variant": "1-5000-A-C"}
    verdict = "fail" if failures > 1 else "not_answered"
    told |= {"dataset": None, "assembly": "GRCh38", "verdict": verdict, "at": at, "since": at}
    return {
        **told,
        "failures": failures,
        "request": "curl https://a.example",
        "got": "exists: true",
    }


async def test_certificate_controls_and_conformance_have_their_blocks(net: Running) -> None:
    await write_health(net, "alpha", traits=[Trait.UNTRUSTED])
    await certificate(net, "alpha", days=12)
    await fact(net, "alpha", "conformance", {"score": {"passed": 40, "total": 42}})
    controls = {"message": "give sampleAlleleRequests", "controls": [control(failures=2)]}
    await fact(net, "alpha", "controls", controls)
    page = await look(net, "/health/alpha")

    assert "! 12 days" in page.text
    assert "CN=Test Authority" in page.text
    assert "Renew it in good time" in page.text
    assert page.root.links["It keeps 40 of 42 rules of the specification"] == (
        "/health/alpha/conformance"
    )
    assert "1-5000-A-C GRCh38 no ✕ failed exists: true" in page.text
    assert "give sampleAlleleRequests" in page.text
    assert "Send the request yourself and compare" in page.text
    document = await of(net, "alpha")
    assert document["certificate"]["daysLeft"] == 12
    assert document["conformance"]["passed"] == 40
    failed = document["controls"]["controls"][-1]
    assert failed["verdict"] == "fail"
    assert failed["at"] == failed["since"] == "2026-11-01T12:00:00Z"


@pytest.mark.parametrize(
    ("controls_s", "more", "is_said"),
    [
        (10_000_000, {}, True),
        (10_000_000, {"paused": {"note": "moving"}}, False),
        (10_000_000, {"disabled": True}, False),
        (0, {}, False),
    ],
)
async def test_a_wrong_answer_is_said_to_be_asked_again_where_it_is(
    nothing_left: None, controls_s: int, more: Any, is_said: bool
) -> None:
    async with health_network([told("one", **more)], health={"controls_s": controls_s}) as net:
        await fact(net, "one", "controls", {"controls": [control(failures=1)]})
        page = await look(net, "/health/one")
        assert "1-5000-A-C GRCh38" in page.text
        assert ("it is asked again at about" in page.text) is is_said


@pytest.mark.parametrize(
    "document", [{}, {"score": None}, {"score": {"passed": "x"}}, {"validUntil": 7, "names": 3}]
)
async def test_a_fact_that_cannot_be_read_is_not_known(net: Running, document: Any) -> None:
    for name in ("certificate", "conformance", "controls", "notes"):
        await fact(net, "alpha", name, document)
    for path in ("/health", "/health/alpha"):
        await look(net, path)
    told = await of(net, "alpha")
    assert told["conformance"] is None
    assert told["notes"] == []


async def test_the_targets_of_the_month_are_told(net: Running) -> None:
    await write_health(net, "alpha")
    page = await look(net, "/health/alpha")
    assert "Targets of a calendar month" in page.text
    assert "99.5 %" in page.text
    names = [one["name"] for one in (await of(net, "alpha"))["objectives"]]
    assert names == ["available", "quick"]


async def test_badges_feed_and_alerts_are_a_step_away(net: Running) -> None:
    page = await look(net, "/health/alpha")
    assert page.root.links["Set up alerts, with the service key"] == "/manage/alpha/alerts"
    assert page.root.links["What changes, as a feed"] == "/members/alpha/feed.atom"
    (badge,) = page.root.all("code", id="badge-uptime-30d")
    link = f"{net.url}/members/alpha/badge/uptime-30d.svg"
    assert badge.text == f"[![uptime-30d]({link})]({net.url}/health/alpha)"
    for picture in page.root.all("img"):
        assert (await net.ask(path=picture.attributes["src"])).status == 200


async def test_a_paused_member_says_by_whom_and_why(net: Running) -> None:
    page = await look(net, "/health/paused")
    assert "It is neither checked nor asked." in page.text
    assert "It is not checked now." in page.text
    assert "it is checked every" not in page.text
    assert "by itself · “moving servers”" in page.text
    assert (await of(net, "paused"))["paused"] == {
        "until": None,
        "note": "moving servers",
        "by": "member",
    }


async def test_what_is_left_alone_is_said_to_be_checked_no_more(net: Running) -> None:
    page = await look(net, "/health/off")
    assert "It is not checked now." in page.text
    assert "it is checked every" not in page.text
    await write_health(net, "paused")
    page = await look(net, "/health/paused")
    assert "; it is not checked now." in page.text
    assert "it is checked every" not in page.text


async def test_a_member_that_moved_begins_anew(net: Running) -> None:
    await write_health(net, "alpha", State.DOWN)
    steward = net.network.registry.steward
    await steward.edit("alpha", {"url": "http://127.0.0.1:9/elsewhere"}, by="operator")
    assert (await of(net, "alpha"))["state"] == "unchecked"
    assert (await of(net, "alpha"))["cause"] is None


async def test_nobody_of_this_id_is_not_found_in_words(net: Running) -> None:
    page = await look(net, "/health/nobody", status=404)
    assert page.reply.headers["Cache-Control"] == "no-cache"
    assert "No member of this network has the id nobody." in page.text
    nobody = "No member of this network has this id. /health lists them."
    for path in ("/health/nobody.json", "/health/nobody.csv"):
        reply = await net.ask(path=path)
        assert reply.status == 404
        assert nobody in reply.text
    assert (await net.ask(path="/health/a%2Fb")).status == 404
    assert (await net.ask(path="/health/" + "x" * 3000)).status == 404


async def test_the_registry_away_is_told_as_such(
    net: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object, **__: object) -> object:
        raise RegistryUnavailable("The registry cannot be read now.", retry_after_s=5)

    monkeypatch.setattr(store_of(net), "figures", away)
    for path in ("/health", "/health/alpha"):
        page = await look(net, path, status=503)
        assert "The registry cannot be read now." in page.text
        assert page.reply.headers["Retry-After"] == "5"
