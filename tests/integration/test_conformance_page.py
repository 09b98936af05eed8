"""The page of conformance and its documents: what everybody, holders and operators read."""

import re
import string
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from registry.health import Check, Phase, Result, Standing, State
from registry.health_store import Batch
from registry.places import place_of
from tests.conforming import ConformingV2
from tests.faulty import FaultyMember, Wire, answer
from tests.hiding import leaks, three_hidden
from tests.integration.operators import AS_OPERATOR, SECURED, form_with
from tests.integration.operators import Visitor as Operator
from tests.join_visits import FORM, Visitor
from tests.networks import Running, network_of
from tests.pages import HTML, Page, look, read

HERE = "/health/one/conformance"
OWN = "/manage/one/conformance"
DESK = "/admin/health/one/conformance"
BASE64 = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"


class Stage:
    """A beacon whose behaviour can be changed."""

    def __init__(self) -> None:
        self.beacon = ConformingV2()

    async def behave(self, wire: Wire) -> None:
        await self.beacon.behave(wire)


@pytest.fixture
async def stage(nothing_left: None) -> Stage:
    return Stage()


@pytest.fixture
async def net(stage: Stage) -> AsyncIterator[Running]:
    async with FaultyMember(stage.behave) as server:
        entries: list[dict[str, Any]] = [
            {"id": "one", "url": server.url, "protocol": "v2", "name": "One <b>Beacon</b>"},
            {"id": "mute", "url": f"{server.url}/nothing-here", "protocol": "auto"},
            {
                "id": "old",
                "url": f"{server.url}/old",
                "protocol": "v0",
                "assemblies": ["GRCh37"],
                "dialect": {"coordinates": 0, "paths": {"query": "/query"}},
            },
        ]
        async with network_of(entries, security=SECURED | {"join_rate_limit": 5}) as net:
            await net.known("one")
            yield net


async def judged(net: Running, stage: Stage, broken: str = "", version: str = "1.0") -> None:
    stage.beacon = ConformingV2(broken)
    stage.beacon.service_version = version
    await net.network.watch.conformance.look(net.member("one"))


async def page_of(net: Running, path: str = HERE, status: int = 200) -> Page:
    return await look(net, path, status=status)


async def document_of(net: Running, member_id: str = "one") -> Any:
    reply = await net.ask(path=f"/health/{member_id}/conformance.json")
    assert reply.status == 200, reply.text
    return reply.json


async def key_of(net: Running) -> str:
    return str(await net.network.registry.keyring.rotate("one", by="operator"))


async def test_before_the_first_look_the_page_says_that_nothing_is_known(net: Running) -> None:
    page = await page_of(net)

    assert "It has not been judged yet." in page.text
    assert "No further look is planned." in page.text
    document = await document_of(net)
    assert document["score"] is None
    assert document["rules"] == document["runs"] == []


async def test_the_document_has_a_tag_that_saves_reading_it_again(
    net: Running, stage: Stage
) -> None:
    path = "/health/one/conformance.json"
    first = await net.ask(path=path)
    assert first.headers["Cache-Control"] == "max-age=15"
    assert first.headers["Vary"] == "Accept"
    assert first.headers["Content-Type"] == "application/json; charset=utf-8"
    known = {"If-None-Match": first.headers["ETag"]}
    again = await net.ask(path=path, headers=known)
    assert (again.status, again.body) == (304, b"")
    await judged(net, stage)
    assert (await net.ask(path=path, headers=known)).status == 200


async def test_every_rule_is_told_with_its_verdict_and_what_it_rests_on(
    net: Running, stage: Stage
) -> None:
    await judged(net, stage, "v2.include.hit")
    page = await page_of(net)

    assert "36 of the 37 rules that could be judged hold" in page.text
    assert "One <b>Beacon</b>" in page.root.one("h1").text
    rule = page.root.one("li", id="v2.include.hit")
    assert "✗ fails" in rule.text
    assert "HIT: only result sets with a match" in rule.text
    assert "Choose the result sets by includeResultsetResponses before you answer." in rule.text
    assert "It lists “genomes” as well." in rule.text
    told = rule.one("details").text
    assert "curl -gsS" in told
    assert "includeResultsetResponses=HIT" in told
    assert "result sets with a match alone (exists: true)" in told
    assert "HTTP 200" in told
    assert any("beaconRequestBody.json" in link for link in rule.links.values())
    assert "✓ holds" in page.root.one("li", id="v2.info.schema").text


async def test_deviations_of_a_document_are_listed_with_their_places(
    net: Running, stage: Stage
) -> None:
    await judged(net, stage, "v2.answer.individual")
    rule = (await page_of(net)).root.one("li", id="v2.answer.individual")
    (found,) = [
        one for one in (await document_of(net))["rules"] if one["rule"] == "v2.answer.individual"
    ]

    assert "/response/resultSets/0/results/0/id is missing" in rule.text
    assert found["deviations"][0]["path"] == "/response/resultSets/0/results/0/id"
    assert found["deviations"][0]["specification"].startswith("https://github.com/")


async def test_drift_says_how_it_was_and_since_which_release(net: Running, stage: Stage) -> None:
    await judged(net, stage)
    await judged(net, stage, "v2.echo", version="1.1")
    page = await page_of(net)
    document = await document_of(net)

    drift = page.root.one("p", class_="drift").text
    assert re.search(r"It was 37 of 37 until the release of \d+ [A-Z][a-z]+ 20\d\d, version", drift)
    assert "version 1.1." in drift
    assert "Repeats truly what it was asked" in drift
    assert "newly fails" in page.text
    assert document["drift"]["was"] == {"passed": 37, "total": 37}
    assert document["drift"]["sentence"].endswith("version 1.1")
    assert document["changed"]["newlyFailing"] == ["v2.echo"]
    assert [one["score"]["passed"] for one in document["runs"]] == [36, 37]
    rows = page.root.one("table", class_="runs").all("tr")
    assert ["36 of 37" in rows[1].text, "37 of 37" in rows[2].text] == [True, True]

    await judged(net, stage)
    assert not (await page_of(net)).root.all("p", class_="drift")
    assert (await document_of(net))["changed"]["newlyFailing"] == []


async def test_a_look_that_could_not_be_completed_is_said(net: Running, stage: Stage) -> None:
    await judged(net, stage)

    async def away(wire: Wire) -> None:
        await answer(b"", 503)(wire)

    stage.beacon.behave = away  # type: ignore[method-assign]
    await net.network.watch.conformance.look(net.member("one"))
    page = await page_of(net)

    assert "All of the 37 rules that could be judged hold" in page.text
    assert "could not be completed: HTTP status 503, 3 times in a row." in page.text
    assert "What is below was found before that." in page.text
    assert (await document_of(net))["tried"]["why"] == "HTTP status 503, 3 times in a row"


async def test_what_speaks_another_protocol_has_no_rules(net: Running) -> None:
    page = await page_of(net, "/health/old/conformance")

    assert "There are rules for versions 1 and 2 of the Beacon API." in page.text
    assert (await document_of(net, "old"))["hasRules"] is False


async def test_what_was_never_recognised_is_judged_later(net: Running) -> None:
    watch = net.network.watch
    await watch.conformance.look(net.member("mute"))
    document = await document_of(net, "mute")
    assert document["hasRules"] is True
    assert document["tried"]["why"] == "it was never recognised; it is judged once it answers"

    check = Check(datetime.now(UTC), Result.DOWN, Phase.DNS, message="its name is not known")
    place = place_of(net.member("mute").entry)
    known = Standing(State.DOWN, check.at, check.at, check, cause=check)
    await watch.health.write(Batch(standings={"mute": (place, known)}))
    await watch.conformance.look(net.member("mute"))
    why = (await document_of(net, "mute"))["tried"]["why"]
    assert why == "it was never recognised: its name is not known; it is judged once it answers"
    assert why in (await page_of(net, "/health/mute/conformance")).text


async def test_nobody_of_this_id_is_said_in_words(net: Running) -> None:
    page = await page_of(net, "/health/nobody/conformance", status=404)
    reply = await net.ask(path="/health/nobody/conformance.json")

    assert "No member of this network has the id nobody." in page.text
    assert reply.status == 404
    assert "No member of this network has this id" in reply.text
    assert (await net.ask(path=HERE)).json["id"] == "one"


@pytest.mark.parametrize("name", ["../x", "%3Cscript%3E", "x" * 500, "%00", "~"])
async def test_odd_names_are_nobodys(net: Running, name: str) -> None:
    for below in ("conformance", "conformance.json"):
        reply = await net.ask(path=f"/health/{name}/{below}")
        assert reply.status in {400, 404}
        assert "<script>" not in reply.text


class TestLookingAgain:
    async def test_the_holder_of_the_key_has_it_looked_at_at_once(
        self, net: Running, stage: Stage
    ) -> None:
        await judged(net, stage, "v2.cors")
        stage.beacon = ConformingV2()
        headers = {"Beacon-Service-Key": await key_of(net)}
        before = await net.ask(path=OWN, headers=headers)
        reply = await net.ask(path=OWN, method="POST", headers=headers)

        assert before.json["failed"] == ["v2.cors"]
        assert reply.status == 200, reply.text
        assert reply.json["failed"] == []
        assert reply.headers["Cache-Control"] == "no-store"
        assert (await document_of(net))["failed"] == []

    async def test_by_the_button_of_the_page(self, net: Running, stage: Stage) -> None:
        visitor = Visitor(net)
        await visitor.open()
        page = await visitor.send(await visitor.get(OWN), OWN)

        assert "All of the 37 rules that could be judged hold" in page.text

    async def test_a_form_counts_once(self, net: Running, stage: Stage) -> None:
        visitor = Visitor(net)
        await visitor.open()
        page = await visitor.get(OWN)
        await visitor.send(page, OWN)
        ((_, session),) = visitor.cookies.values()
        (name,) = visitor.cookies
        token = page.root.one("input", name="form").attributes["value"]
        headers = {**HTML, **FORM, "Cookie": f"{name}={session}"}
        # two bits of its last letter count for nothing
        spelt = token[:-1] + BASE64[BASE64.index(token[-1]) ^ 1]
        for one in (token, spelt):
            again = await net.ask(path=OWN, raw=f"form={quote(one)}".encode(), headers=headers)
            assert again.status == 409
            assert "This form was sent before" in again.text

    async def test_operators_do_the_same(self, net: Running, stage: Stage) -> None:
        operator = await Operator(net).sign_in()
        page = await operator.get(DESK)
        form, fields = form_with(page, "")
        reply = await operator.ask("POST", form.attributes.get("action", DESK), fields)
        again = await operator.ask("POST", DESK, fields)
        told = await net.ask(
            path="/admin/api/members/one/conformance", method="POST", headers=AS_OPERATOR
        )

        assert reply.status == 303
        assert again.status == 409
        assert told.json["score"] == {"passed": 37, "total": 37}

    @pytest.mark.parametrize(
        ("path", "method", "status"),
        [
            (OWN, "GET", 401),
            (OWN, "POST", 401),
            ("/admin/api/members/one/conformance", "GET", 401),
            ("/admin/api/members/one/conformance", "POST", 401),
            (DESK, "POST", 401),
        ],
    )
    async def test_nobody_else_does(
        self, net: Running, path: str, method: str, status: int
    ) -> None:
        for headers in ({}, {"Beacon-Service-Key": "bsk_opens-nothing"}):
            reply = await net.ask(path=path, method=method, headers=headers)
            assert reply.status == status, reply.text
        assert "one" not in net.network.watch.conformance.facts

    async def test_who_was_let_in_too_long_ago_is_asked_for_the_key_again(
        self, net: Running
    ) -> None:
        reply = await net.ask(path=OWN, raw=b"form=old", headers={**HTML, **FORM})

        assert reply.status == 401
        page = Page(reply, read(reply.text))
        assert "this page was open for too long" in page.text
        assert page.root.one("input", name="next").attributes["value"] == OWN
        assert "one" not in net.network.watch.conformance.facts

    async def test_a_form_of_another_site_does_nothing(self, net: Running) -> None:
        visitor = Visitor(net)
        await visitor.open()
        ((_, session),) = visitor.cookies.values()
        (name,) = visitor.cookies
        headers = {**HTML, **FORM, "Cookie": f"{name}={session}"}
        reply = await net.ask(path=OWN, raw=b"form=made-up", headers=headers)

        assert reply.status == 403
        assert "not made by this page" in reply.text
        assert "one" not in net.network.watch.conformance.facts

    async def test_it_is_counted_as_a_check(self, net: Running, stage: Stage) -> None:
        headers = {"Beacon-Service-Key": await key_of(net)}
        replies = [await net.ask(path=OWN, method="POST", headers=headers) for _ in range(6)]

        assert [one.status for one in replies] == [200] + [429] * 5
        assert "looked at on request a moment ago" in replies[1].text
        assert "looked at on request" not in replies[-1].text  # it counted, and is one too many
        assert all(int(one.headers["Retry-After"]) > 0 for one in replies[1:])

    async def test_of_nobody_there_is_nothing_to_look_at(self, net: Running) -> None:
        for method in ("GET", "POST"):
            reply = await net.ask(
                path="/admin/api/members/nobody/conformance", method=method, headers=AS_OPERATOR
            )
            assert reply.status == 404


class TestHiddenMembers:
    async def test_behind_an_opaque_group_nobody_is_told_of(self, tmp_path: Path) -> None:
        async with three_hidden(tmp_path, security=SECURED) as net:
            for one in net.network.holder.current.everyone:
                await net.network.watch.conformance.look(one)
            nobodys = await net.ask(path="/health/nobody-at-all/conformance.json")
            hidden = await net.ask(path="/health/quellwater/conformance.json")
            page = await net.ask(
                path="/health/quellwater/conformance", headers={"Accept": "text/html"}
            )
            group = await net.ask(path="/health/north/conformance", headers={"Accept": "text/html"})
            as_json = await net.ask(path="/health/north/conformance.json")
            told = await net.ask(
                path="/admin/api/members/quellwater/conformance", headers=AS_OPERATOR
            )

        assert hidden.status == nobodys.status == page.status == 404
        assert hidden.text == nobodys.text
        assert not leaks(page.text.replace("quellwater", ""))
        assert group.status == 200
        assert "is not told" in group.text
        assert not leaks(group.text)
        assert as_json.json["isToldOf"] is False
        assert not leaks(as_json.text)
        assert told.status == 200
        assert told.json["rules"]

    async def test_its_holder_is(self, tmp_path: Path) -> None:
        async with three_hidden(tmp_path, security=SECURED) as net:
            key = await net.network.registry.keyring.rotate("quellwater", by="operator")
            reply = await net.ask(
                path="/manage/quellwater/conformance", headers={"Beacon-Service-Key": str(key)}
            )

        assert reply.status == 200
        assert reply.json["id"] == "quellwater"
