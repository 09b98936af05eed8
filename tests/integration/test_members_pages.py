"""The list of members and the page of one, for people and programs."""

import csv
import io
from collections.abc import AsyncIterator
from typing import Any

import pytest

from aggregator.api import member_lists
from aggregator.upstream.breaker import FAILURES_IN_A_ROW
from registry.records import OPERATOR
from tests.faulty import FaultyMember, answer, json_answer
from tests.networks import V2_INFO, DemoRunning, Running, entry, network_of, scripted
from tests.pages import Node, Page, look

EVIL = '<script>alert("x")</script>'


def cards(page: Page) -> dict[str, Node]:
    """The cards of a list by name, in its order."""
    found = [(card.one("h3").text, card) for card in page.root.all("article")]
    assert len(found) == len(dict(found))
    return dict(found)


def ids(document: Any) -> list[str]:
    return [member["id"] for member in document["members"]]


@pytest.fixture
async def several(nothing_left: None) -> AsyncIterator[Running]:
    """Five members that differ in everything the list is narrowed by; none answers anything."""
    plain: dict[str, Any] = {"url": "http://127.0.0.1:9"}
    members = [
        {
            **plain,
            "id": "alpha",
            "name": "Zebra Beacon",
            "groups": ["north", "rare"],
            "assemblies": ["GRCh38"],
            "organization": {
                "name": "Alpha Centre",
                "url": "https://alpha.example.org",
                "contact_url": "mailto:help@alpha.example.org?cc=someone@example.org",
            },
            "token": "env:BEACON_MEMBER_TOKEN_ALPHA",
        },
        {
            **plain,
            "id": "beta",
            "name": "Apple Beacon",
            "groups": ["north"],
            "assemblies": ["GRCh37"],
            "organization": {"name": "Beta Institute", "contact_url": "https://beta.example.org"},
            "paused": {"until": "2999-01-01", "note": f"moving servers {EVIL}"},
        },
        {**plain, "id": "gamma", "name": "=HYPERLINK(1)", "disabled": True},
        {**plain, "id": "delta", "name": "Delta", "protocol": "v1", "assemblies": ["GRCh38"]},
        {**plain, "id": "eps", "description": EVIL, "protocol": "v2"},
    ]
    for number, one in enumerate(members):
        one["url"] = f"http://127.0.0.1:9/{number}"
    async with network_of(members) as net:
        yield net


class TestList:
    async def test_a_card_shows_what_is_known_and_nothing_that_is_not(
        self, net: DemoRunning
    ) -> None:
        page = await look(net, "/members")
        card = cards(page)["Demo: Genome Archive Beacon"]

        assert page.title == "Members — Test Network"
        assert card.one("span", class_="state").text == "● answering"
        for told in ("Genome Archive", "test", "Beacon 2.2.0", "GRCh38", "public"):
            assert told in card.text
        assert "individuals" in card.text
        assert "data set" not in card.text.replace("answers data sets", "")
        picture = card.one("img")
        assert picture.attributes["src"] == "/logo/demo-records"
        assert picture.attributes["alt"] == "Demo: Genome Archive Beacon"
        links = {text.partition(" ·")[0]: to for text, to in card.links.items()}
        assert links["Website"] == "https://genome-archive.example.org"
        assert links["API"] == net.member("demo-records").entry.url
        assert links["Details"] == "/members/demo-records"
        assert links["Ask it alone"] == "/?ask=demo-records"
        old = cards(page)["Demo: Old University Beacon"]
        assert "◆ asked as declared" in old.text
        assert "beacons of version 0 do not say what they are" in old.text

    async def test_every_state_has_its_word_and_reason(self, several: Running) -> None:
        page = await look(several, "/members")
        states = {name: card.one("span", class_="state").text for name, card in cards(page).items()}

        assert states == {
            "Zebra Beacon": "? not recognised yet",
            "Apple Beacon": "‖ paused",
            "=HYPERLINK(1)": "○ switched off",
            "Delta": "? not recognised yet",
            "eps": "? not recognised yet",
        }
        assert "until 2999-01-01 · “moving servers <script>" in cards(page)["Apple Beacon"].text
        standings = page.root.one("ul", class_="standings")
        assert standings.links == {
            "? 3 not recognised yet": "/members?state=unrecognised",
            "‖ 1 paused": "/members?state=paused",
            "○ 1 switched off": "/members?state=disabled",
        }
        assert page.root.all("script", src=None) == []
        assert EVIL not in page.reply.text

    @pytest.mark.usefixtures("long_pauses")
    async def test_a_member_that_keeps_failing_is_suspended(self) -> None:
        async with FaultyMember(scripted(answer(b"", 500))) as beacon:
            async with network_of([entry(beacon, "one")], query={"retries": 0}) as net:
                await net.known("one")
                assert "answering" in (await look(net, "/members")).text
                for position in range(FAILURES_IN_A_ROW):
                    await net.ask({"geneId": f"GENE{position}"})
                page = await look(net, "/members")
                assert "✕ suspended after failures" in page.text
                told = await net.ask(path="/members", headers={"Accept": "application/json"})
                assert told.json["members"][0]["state"] == "suspended"

    async def test_a_contact_is_a_mailbox_or_a_page_and_nothing_else(
        self, several: Running
    ) -> None:
        page = await look(several, "/members")
        found = {
            name: [to for text, to in card.links.items() if text.startswith("Contact")]
            for name, card in cards(page).items()
        }
        assert found["Zebra Beacon"] == ["mailto:help@alpha.example.org"]
        assert found["Apple Beacon"] == ["https://beta.example.org"]
        assert found["Delta"] == []

    async def test_what_a_member_says_of_itself_is_no_link_unless_it_is_one(self) -> None:
        organization = {
            "id": "a",
            "name": EVIL,
            "welcomeUrl": "javascript:alert(1)",
            "contactUrl": "mailto:a@b.org\"onclick='alert(1)'",
        }
        response = V2_INFO["response"] | {"organization": organization, "description": EVIL}
        info = json_answer({**V2_INFO, "response": response})
        async with FaultyMember(scripted(info=info)) as beacon:
            async with network_of([entry(beacon, "one")]) as net:
                await net.known("one")
                for path in ("/members", "/members/one", "/"):
                    page = await look(net, path)
                    assert EVIL in page.text  # as text
                    assert EVIL not in page.reply.text
                    for node in page.root.all("a"):
                        assert not node.attributes["href"].startswith(("javascript", "mailto"))

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ({}, ["alpha", "beta", "gamma", "delta", "eps"]),
            ({"q": "beacon"}, ["alpha", "beta"]),
            ({"q": "  ZEBRA   alpha "}, ["alpha"]),
            ({"q": "institute"}, ["beta"]),
            ({"q": "eps"}, ["eps"]),
            ({"q": "nobody"}, []),
            ({"state": "paused"}, ["beta"]),
            ({"group": "north"}, ["alpha", "beta"]),
            ({"group": "rare", "q": "zebra"}, ["alpha"]),
            ({"group": "nowhere"}, []),
            ({"assembly": "hg38"}, ["alpha", "delta"]),
            ({"assembly": "GRCh38", "unsaid": "1"}, ["alpha", "gamma", "delta", "eps"]),
            ({"type": "genomicVariant"}, ["delta"]),
            ({"sort": "name"}, ["gamma", "beta", "delta", "eps", "alpha"]),
            ({"sort": "organization"}, ["alpha", "beta", "gamma", "delta", "eps"]),
            ({"sort": "state"}, ["alpha", "delta", "eps", "beta", "gamma"]),
        ],
    )
    async def test_the_list_and_its_twins_are_narrowed_alike(
        self, several: Running, query: dict[str, str], expected: list[str]
    ) -> None:
        page = await look(several, "/members", **query)
        document = (await several.ask(query, path="/members.json")).json
        table = (await several.ask(query, path="/members.csv")).text

        shown = [
            card.one("h3").links.popitem()[1].rpartition("/")[2] for card in cards(page).values()
        ]
        assert shown == ids(document) == expected
        assert [row["id"] for row in csv.DictReader(io.StringIO(table))] == expected
        assert document["total"] == 5
        assert document["shown"] == len(expected)

    async def test_data_sets_are_found_and_sorted_by(self, net: DemoRunning) -> None:
        found = await net.ask({"q": "urn:demo:tumours"}, path="/members.json")
        assert ids(found.json) == ["demo-v11"]
        assert {one["id"] for one in found.json["members"][0]["dataSets"]} >= {"urn:demo:tumours"}
        ordered = await net.ask({"sort": "datasets"}, path="/members.json")
        numbers = [len(one["dataSets"] or ()) for one in ordered.json["members"]]
        assert numbers == sorted(numbers, reverse=True)
        assert numbers[0] > 0
        environment = await net.ask({"environment": "test"}, path="/members.json")
        assert ids(environment.json) == ["demo-records"]
        assert environment.json["notTold"] == 3  # what they run as is not known

    async def test_who_does_not_say_is_counted_and_one_click_away(self, several: Running) -> None:
        page = await look(several, "/members", assembly="GRCh38")

        assert "2 of 5 members fit." in page.text
        assert "2 more do not say, so they may fit as well." in page.text
        more = page.links["Show them too"]
        assert more == "/members?assembly=GRCh38&unsaid=1"
        assert len(cards(await look(several, more))) == 4
        assert len(cards(await look(several, page.links["Show all"]))) == 5

    async def test_the_form_keeps_what_was_chosen(self, several: Running) -> None:
        query = {"q": "beacon", "group": "north", "assembly": "GRCh37", "sort": "name"}
        page = await look(several, "/members", **query, by="group", state="paused")

        assert page.root.one("input", id="q").attributes["value"] == "beacon"
        chosen = {
            select.attributes["id"]: option.attributes["value"]
            for select in page.root.all("select")
            for option in select.all("option")
            if "selected" in option.attributes and option.attributes["value"]
        }
        assert chosen == {
            "state": "paused",
            "group": "north",
            "assembly": "GRCh37",
            "by": "group",
            "sort": "name",
        }
        assert page.links["JSON"].startswith("/members.json?q=beacon&state=paused&group=north")

    @pytest.mark.parametrize(
        ("by", "headings"),
        [
            ("group", ["north", "rare", "In no group"]),
            ("organization", ["Alpha Centre", "Beta Institute", "No organization told"]),
            ("none", ["The members"]),
        ],
    )
    async def test_members_stand_under_their_headings(
        self, several: Running, by: str, headings: list[str]
    ) -> None:
        page = await look(several, "/members", by=by)
        sections = page.root.all("section", class_="section")

        assert [section.one("h2").text for section in sections] == headings
        first = [title.text for title in sections[0].all("h3")]
        if by == "group":
            assert first == ["Zebra Beacon", "Apple Beacon"]
            assert page.links["Ask only the group north"] == "/?group=north"
            assert "All 5 members." in page.text

    async def test_a_group_or_member_is_asked_alone_by_its_link(self, several: Running) -> None:
        page = await look(several, "/", ask="alpha")
        ticked = [box for box in page.root.all("input", name="ask") if "checked" in box.attributes]
        assert [box.attributes["value"] for box in ticked] == ["alpha"]
        page = await look(several, "/", group="north")
        (chosen,) = [
            one for one in page.root.one(id="group").all("option") if "selected" in one.attributes
        ]
        assert chosen.text == "north"

    @pytest.mark.parametrize(
        ("query", "says"),
        [
            ({"state": "asleep"}, "“asleep” is none of answering, declared, unrecognised"),
            ({"sort": "colour"}, "sort: “colour” is none of"),
            ({"by": "colour"}, "by: “colour” is none of"),
            ({"assembly": "mm10"}, "mm10"),
            ({"page": "0"}, "page: expected a number"),
            ({"page": "²"}, "page: expected a number"),
            ({"page": "9" * 30}, "page: expected a number"),
        ],
    )
    async def test_what_cannot_be_meant_is_said(
        self, several: Running, query: dict[str, str], says: str
    ) -> None:
        page = await look(several, "/members", status=400, **query)
        assert says in page.text
        assert (await several.ask(query, path="/members.json")).status == 400
        both = await several.ask({"sort": "x", "by": "y"}, path="/members.csv")
        assert both.status == 400
        assert both.text.count("is none of") == 2

    async def test_a_long_list_has_pages(
        self, several: Running, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(member_lists, "PAGE", 2)
        page = await look(several, "/members", sort="name")
        assert "Page 1 of 3." in page.text
        names: list[str] = [*cards(page)]
        while "On →" in page.links:
            page = await look(several, page.links["On →"])
            names += cards(page)
        assert names == ["=HYPERLINK(1)", "Apple Beacon", "Delta", "eps", "Zebra Beacon"]
        assert page.links["← Back"] == "/members?sort=name&page=2"
        beyond = await look(several, "/members", status=404, page="4")
        assert "3 pages" in beyond.text

    async def test_nobody_and_nothing_found_say_so(self, several: Running) -> None:
        page = await look(several, "/members", q="nobody")
        assert "0 of 5 members fit." in page.text
        async with network_of([]) as empty:
            page = await look(empty, "/members")
            assert "no members yet" in page.text
            assert page.links["Join with a beacon"] == "/join"
            assert (await empty.ask(path="/members.json")).json["members"] == []


class TestTwins:
    async def test_programs_get_json_where_browsers_get_a_page(self, net: DemoRunning) -> None:
        for path in ("/members", "/members/demo-v1"):
            asked = await net.ask(path=path)
            told = await net.ask(path=f"{path}.json")
            assert asked.headers["Content-Type"] == "application/json; charset=utf-8"
            assert asked.headers["Vary"] == "Accept"
            assert asked.json == told.json
            page = await look(net, path)
            assert "Accept" in page.reply.headers["Vary"].split(", ")

    async def test_the_names_are_those_of_answers(self, net: DemoRunning) -> None:
        answered = (await net.ask({"geneId": "BRAF"})).info["members"]
        listed = (await net.ask(path="/members.json")).json["members"]

        for name in ("id", "beaconId", "name", "protocol", "apiVersion"):
            assert [one[name] for one in listed] == [one[name] for one in answered], name
        one = listed[1]
        assert one["organization"]["name"] == "City Hospital"
        assert one["entryTypes"] == ["genomicVariant"]
        assert one["assemblies"] == ["GRCh37"]
        assert one["state"] == "answering"
        assert one["paused"] is None
        assert one["groups"] == ["demo", "grch37"]
        assert one["logo"] == f"{net.url}/logo/demo-v1"
        assert one["since"].endswith("Z")
        assert listed[0]["dataSets"] is None  # not known is not none

    async def test_nothing_of_operators_is_told(self, several: Running) -> None:
        registry = several.network.registry

        async def amended(member_id: str) -> None:
            await registry.steward.edit(member_id, {"timeout_s": 7.25}, by=OPERATOR)

        await amended("alpha")
        for path in ("/members", "/members.json", "/members.csv", "/members/alpha.json"):
            told = (await several.ask(path=path)).text
            assert "BEACON_MEMBER_TOKEN" not in told
            assert "7.25" not in told
            assert "operator" not in told.lower()
        page = await look(several, "/members/alpha")
        assert "BEACON_MEMBER_TOKEN" not in page.reply.text
        paused = (await several.ask(path="/members/beta.json")).json["paused"]
        assert paused == {"until": "2999-01-01", "note": f"moving servers {EVIL}"}

    async def test_no_cell_is_a_formula(self, several: Running) -> None:
        reply = await several.ask(path="/members.csv")
        rows = list(csv.reader(io.StringIO(reply.text)))

        assert reply.headers["Content-Type"] == "text/csv; charset=utf-8"
        assert "beacon-members.csv" in reply.headers["Content-Disposition"]
        assert len({len(row) for row in rows}) == 1
        assert rows[3][2] == "'=HYPERLINK(1)"
        assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@"))]


async def test_the_search_page_shows_members_with_their_logos(net: DemoRunning) -> None:
    page = await look(net, "/")
    wall = page.root.one("section", class_="members")

    assert [one.attributes["alt"] for one in wall.all("img")] == [
        one.name for one in net.network.holder.current.members
    ]
    assert all(one.attributes["src"].startswith("/logo/") for one in wall.all("img"))
    assert wall.links["All 5 members →"] == "/members"
    assert wall.links["Demo: City Hospital Beacon"] == "/members/demo-v1"
