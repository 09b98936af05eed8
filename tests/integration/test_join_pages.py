"""Joining by the pages: check, agree, done; whatever is wrong is said at its field and not kept."""

from typing import Any
from urllib.parse import unquote, urlencode

import pytest

from aggregator.api import join_forms
from demo import DemoNetwork, Fault
from demo.records_model import HOME
from registry.records import MemberState
from tests.faulty import FaultyMember, answer
from tests.integration.joinable import demo, net
from tests.join_visits import (
    AGREED,
    FORM,
    Kept,
    Visitor,
    address,
    agreeing,
    form_of,
    joined,
    kept,
    key_on,
    lines_of,
    problems_of,
)
from tests.networks import Running, network_of, scripted
from tests.pages import HTML

__all__ = ["demo", "net"]


def joining(mode: str) -> Any:
    return network_of(security={"join_rate_limit": 0}, registry={"joining": mode})


class TestStarting:
    @pytest.mark.parametrize(
        ("mode", "says"),
        [
            ("approval", "An operator of this network then lets it in"),
            ("open", "is a member at once"),
            ("invitation", "joins with an invitation key"),
        ],
    )
    async def test_it_says_how_a_beacon_joins_here(self, mode: str, says: str) -> None:
        async with joining(mode) as net:
            page = await Visitor(net).get("/join")

        assert says in page.text
        assert "may take a minute" in page.text
        assert page.root.one("form").attributes["method"] == "get"

    async def test_a_closed_network_says_so_and_checks_nobody(self, demo: DemoNetwork) -> None:
        async with joining("closed") as net:
            page = await Visitor(net).get("/join")
            tried = await Visitor(net).get("/join/check", status=403, url=address(demo))
            sent = await Visitor(net).post("/join", {"url": address(demo)}, status=403)
            as_json = await net.ask({"url": address(demo)}, path="/join/check.json")
            by_program = await net.ask(path="/join", body={"url": address(demo), "agree": True})
            nothing = await kept(net)

        for one in (page, tried, sent):
            assert "This network takes no new beacons." in one.text
            assert one.root.all("form") == []
        assert (as_json.status, by_program.status) == (403, 403)
        assert all(beacon.requests == [] for beacon in demo.beacons.values())
        assert nothing == Kept((), (), 0)

    @pytest.mark.parametrize(
        ("query", "field", "says"),
        [
            ({"url": ""}, "url", "give the address of your beacon"),
            ({"url": "ftp://beacon.example.org"}, "url", "https://"),
            ({"url": "beacon.example.org"}, "url", "https://"),
            ({"url": "https://me:secret@beacon.example.org"}, "url", "no user name or password"),
            ({"url": "https://beacon.example.org/?a=b"}, "url", "without ? and #"),
            ({"url": "https://beacon.example.org/" + "a" * 2000}, "url", "at most 2,000"),
            ({"url": "https://beacon.example.org", "protocol": "v9"}, "protocol", "v1"),
            (
                {"url": "https://beacon.example.org", "protocol": "v0"},
                "protocol",
                "by the operator",
            ),
        ],
    )
    async def test_what_is_no_address_is_said_at_the_field(
        self, net: Running, query: dict[str, str], field: str, says: str
    ) -> None:
        page = await Visitor(net).get("/join/check", status=400, **query)

        told = problems_of(page)
        assert set(told) == {field}
        assert says.lower() in told[field].lower()
        assert "secret" not in told[field]
        assert page.root.one(id="problems").attributes["role"] == "alert"
        assert page.root.one(id="url").attributes["value"] == query["url"]

    async def test_checks_of_one_client_are_counted(self, demo: DemoNetwork) -> None:
        async with network_of(security={"join_rate_limit": 1}) as net:
            await agreeing(net, demo)
            page = await Visitor(net).get("/join/check", status=429, url=address(demo, "demo-v1"))

        assert "Too many checks" in page.text
        assert int(page.reply.headers["Retry-After"]) > 0
        assert page.root.one(id="url").attributes["value"] == address(demo, "demo-v1")
        assert demo.beacons["demo-v1"].requests == []


class TestChecking:
    async def test_every_rule_is_told_in_a_sign_and_a_word(
        self, net: Running, demo: DemoNetwork
    ) -> None:
        page = await agreeing(net, demo)
        twin = await net.ask({"url": address(demo)}, path="/join/check.json")

        shown = {
            node.attributes["data-rule"]: node for node in page.root.all("li", class_="finding")
        }
        words = {
            "pass": "✓ passed",
            "fail": "✕ to fix",
            "advice": "! advice",
            "skipped": "○ not looked at",
        }
        assert twin.status == 200
        assert twin.json["mayJoin"] is True
        assert {one["rule"] for one in twin.json["findings"]} == set(shown)
        for one in twin.json["findings"]:
            row = shown[one["rule"]]
            assert row.one("span", class_="sign").text == words[one["verdict"]], one["rule"]
            assert len(row.all("details")) == bool(one["sent"]) + bool(one["came"])
        assert f"{twin.json['counts']['pass']} passed" in page.text
        assert "curl -gsS" in shown["info"].all("details")[0].text
        assert twin.headers["Cache-Control"] == "no-store"

    async def test_the_page_shows_the_card_and_fills_the_form_in(
        self, net: Running, demo: DemoNetwork
    ) -> None:
        page = await agreeing(net, demo)

        card = page.root.one("article", class_="member")
        typed = form_of(page)
        assert "Demo: Genome Archive Beacon" in card.text
        assert typed["id"] == "org-example-demo-records"
        assert typed["name"] == "Demo: Genome Archive Beacon"
        assert typed["organization_name"] == "Genome Archive"
        assert typed["url"] == address(demo)
        for sentence in net.network.settings.registry.requirements:
            assert sentence in page.text

    async def test_what_a_beacon_tells_of_its_organization_is_filled_in_and_kept(
        self, net: Running, demo: DemoNetwork
    ) -> None:
        page = await agreeing(net, demo)
        told = {
            "name": "Genome Archive",
            "url": HOME,
            "contact_url": "mailto:beacon@genome-archive.example.org",
            "logo_url": f"{HOME}/logo.png",
            "description": "An archive that does not exist",
        }
        card = page.root.one("article", class_="member")
        typed = form_of(page)

        assert card.one("svg").text == "DG"
        assert card.all("img") == []
        assert "which is fetched after joining" in page.text
        assert {name: typed[f"organization_{name}"] for name in told} == told
        await Visitor(net).send(page, "/join", {**AGREED, "id": "archive"}, status=201)
        kept_as = (await net.network.registry.steward.record("archive")).entry.organization
        assert kept_as is not None
        assert kept_as.model_dump() == {"id": None, **told}

    async def test_the_link_to_share_is_the_check_itself(
        self, net: Running, demo: DemoNetwork
    ) -> None:
        page = await agreeing(net, demo)
        seen = len(demo.beacons["demo-records"].requests)
        again = await Visitor(net).get(page.links["Check again"])

        assert again.root.one("h1").text == f"Result for {address(demo)}"
        assert len(demo.beacons["demo-records"].requests) > seen

    async def test_a_check_that_fails_says_what_to_fix_and_lets_nobody_join(
        self, net: Running, demo: DemoNetwork
    ) -> None:
        demo.beacons["demo-records"].fault = Fault(status=500)
        page = await agreeing(net, demo)

        failed = page.root.all("li", class_="fail")
        assert failed
        assert "✕ to fix" in failed[0].text
        assert "Fix what is marked “to fix” and check again." in page.text
        (again,) = page.root.all("form")
        assert again.attributes["action"] == "/join/check"
        assert form_of(page, "/join/check") == {"url": address(demo), "protocol": "auto"}
        demo.beacons["demo-records"].fault = Fault()
        passed = await Visitor(net).get("/join/check", **form_of(page, "/join/check"))
        assert form_of(passed)["url"] == address(demo)

    async def test_a_check_stores_nothing(self, net: Running, demo: DemoNetwork) -> None:
        before = await kept(net)
        await agreeing(net, demo)
        await net.ask({"url": address(demo)}, path="/join/check.json")

        assert await kept(net) == before == Kept((), (), 0)
        assert net.network.holder.current.members == ()

    async def test_words_of_a_beacon_are_words(self, net: Running) -> None:
        async with FaultyMember(
            scripted(info=answer(b"<script>alert(1)</script>\xe2\x80\xae", 200))
        ) as member:
            page = await Visitor(net).get("/join/check", url=member.url)

        assert page.root.all("script", src="") == []
        assert "<script>alert(1)" in page.text
        assert "\u202e" not in page.reply.text

    async def test_a_beacon_that_is_here_already_is_named(
        self, net: Running, demo: DemoNetwork
    ) -> None:
        told = await joined(net, address(demo))
        waiting = await agreeing(net, demo)
        await net.network.registry.steward.approve(told["id"], by="operator")
        member = await agreeing(net, demo)

        assert "is registered here already" in waiting.text
        assert "is a member already" in member.text
        assert member.links[told["id"]] == f"/members/{told['id']}"
        assert member.links["manage it"] == f"/manage/{told['id']}"
        for page in (waiting, member):
            assert page.root.all("form") == []


class TestJoining:
    async def test_asking_to_join(self, net: Running, demo: DemoNetwork) -> None:
        page = await agreeing(net, demo)
        typed = {**AGREED, "id": "archive", "name": "The Archive", "assemblies": ["GRCh38"]}
        done = await Visitor(net).send(page, "/join", typed, status=201)

        record = await net.network.registry.steward.record("archive")
        assert "Asked to join as archive" in done.text
        assert "It waits for an operator of this network" in done.text
        assert record.state is MemberState.PENDING
        assert record.entry.name == "The Archive"
        assert record.entry.url == address(demo)
        assert record.entry.organization is not None
        assert record.entry.organization.name == "Genome Archive"
        assert [one.value for one in record.entry.assemblies] == ["GRCh38"]
        assert record.contact == "ops@example.org"
        assert net.network.holder.current.members == ()
        lines = lines_of(await net.network.registry.journal.read())
        assert lines == [("stranger", "ask to join", "archive")]

    async def test_the_key_is_shown_once_and_opens_the_entry(
        self, net: Running, demo: DemoNetwork
    ) -> None:
        done = await Visitor(net).send(await agreeing(net, demo), "/join", AGREED, status=201)
        key = key_on(done)
        opened = await net.ask(
            path="/manage/org-example-demo-records.json", headers={"Beacon-Service-Key": key}
        )

        assert opened.json["state"] == "pending"
        assert done.root.one("code", id="service-key").text == key
        saved = unquote(done.links["Download"])
        assert saved.startswith("data:text/plain;charset=utf-8,")
        assert f"{net.url}/manage/org-example-demo-records\n{key}\n" in saved
        assert done.links["Manage the entry"] == "/manage/org-example-demo-records"
        assert f'curl -H "Beacon-Service-Key: $KEY" {net.url}/manage/' in done.text
        assert done.reply.text.count(key) == 2  # to be read, and to be downloaded

    async def test_an_open_network_takes_it_at_once(self, demo: DemoNetwork) -> None:
        async with joining("open") as net:
            page = await agreeing(net, demo)
            done = await Visitor(net).send(page, "/join", AGREED, status=201)
            members = [one.id for one in net.network.holder.current.members]

        assert "Joined as org-example-demo-records" in done.text
        assert members == ["org-example-demo-records"]
        assert "invitation" not in form_of(page)

    async def test_an_invitation_need_not_wait(self, net: Running, demo: DemoNetwork) -> None:
        key, _ = await net.network.registry.keyring.invite(by="operator")
        page = await agreeing(net, demo)
        done = await Visitor(net).send(page, "/join", {**AGREED, "invitation": key}, status=201)
        page = await agreeing(net, demo, "demo-v1")
        before = await kept(net)
        used = await Visitor(net).send(page, "/join", {**AGREED, "invitation": key}, status=403)

        assert "It is a member now" in done.text
        assert "has been used up" in problems_of(used)["invitation"]
        assert await kept(net) == before

    async def test_where_keys_are_needed_none_joins_without(self, demo: DemoNetwork) -> None:
        async with joining("invitation") as net:
            page = await agreeing(net, demo)
            without = await Visitor(net).send(page, "/join", AGREED, status=400)
            wrong = await Visitor(net).send(
                page, "/join", {**AGREED, "invitation": "bik_made-up"}, status=403
            )
            by_program = await net.ask(
                path="/join", body={"url": address(demo), "agree": True, "contact": "a@b.org"}
            )
            nothing = await kept(net)

        assert "a key that its operator gives" in problems_of(without)["invitation"]
        assert "has not given it out" in problems_of(wrong)["invitation"]
        assert "wait for approval" not in wrong.text
        assert by_program.status == 403
        assert nothing == Kept((), (), 0)

    async def test_a_second_click_changes_nothing(self, net: Running, demo: DemoNetwork) -> None:
        page = await agreeing(net, demo)
        first = await Visitor(net).send(page, "/join", AGREED, status=201)
        before = await kept(net)
        second = await Visitor(net).send(page, "/join", AGREED, status=409)

        assert "This form was sent before" in second.text
        assert key_on(first) not in second.reply.text
        assert "bsk_" not in second.reply.text
        assert await kept(net) == before

    async def test_the_same_token_in_another_spelling_is_the_same_form(
        self, net: Running, demo: DemoNetwork
    ) -> None:
        page = await agreeing(net, demo)
        await Visitor(net).send(page, "/join", AGREED, status=201)
        before = await kept(net)
        token = form_of(page)["form"]
        statuses = set()
        for other in (f"{token}=", f"{token}!", f"{token}A"):
            sent = {**form_of(page), **AGREED, "id": "another", "form": other}
            reply = await net.ask(
                path="/join", raw=urlencode(sent).encode(), headers={**HTML, **FORM}
            )
            statuses.add(reply.status)

        assert 409 in statuses <= {403, 409}
        assert await kept(net) == before

    @pytest.mark.parametrize("what", ["forged", "of another beacon", "none", "too old"])
    async def test_a_token_that_proves_nothing_is_not_taken(
        self, net: Running, demo: DemoNetwork, monkeypatch: pytest.MonkeyPatch, what: str
    ) -> None:
        page = await agreeing(net, demo)
        other = form_of(await agreeing(net, demo, "demo-v1"))["form"]
        tokens = {"forged": "x.y.z", "of another beacon": other, "none": None}
        typed = {**AGREED, "name": "Typed by hand", "form": tokens.get(what, form_of(page)["form"])}
        with monkeypatch.context() as later:
            if what == "too old":
                later.setattr(join_forms, "FORM_S", -1)
            refused = await Visitor(net).send(page, "/join", typed, status=403)

        assert "This form was too old, or was not made by this page" in refused.text
        assert await kept(net) == Kept((), (), 0)
        assert form_of(refused)["name"] == "Typed by hand"
        assert form_of(refused)["contact"] == "ops@example.org"
        await Visitor(net).send(refused, "/join", status=201)

    async def test_without_a_check_that_was_passed_none_joins(
        self, net: Running, demo: DemoNetwork
    ) -> None:
        page = await agreeing(net, demo)
        demo.beacons["demo-v1"].fault = Fault(status=500)
        typed = {**AGREED, "url": address(demo, "demo-v1")}
        refused = await Visitor(net).send(page, "/join", typed, status=403)

        assert refused.root.all("li", class_="fail")
        assert [one.attributes["action"] for one in refused.root.all("form")] == ["/join/check"]
        assert await kept(net) == Kept((), (), 0)

    async def test_the_check_is_not_run_twice(self, net: Running, demo: DemoNetwork) -> None:
        page = await agreeing(net, demo)
        demo.beacons["demo-records"].fault = Fault(down=True)
        await Visitor(net).send(page, "/join", AGREED, status=201)
