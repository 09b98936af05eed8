"""The pages: what people see of an answer, and that nothing of a member's words is markup."""

import re
from html import unescape
from html.parser import HTMLParser
from typing import Any

import pytest

from demo import BEACON_IDS, Fault
from tests.faulty import FaultyMember, json_answer
from tests.networks import (
    BRAF,
    DemoRunning,
    Reply,
    Running,
    demo_running,
    entry,
    network_of,
    says,
    scripted,
)
from tests.official import official

HTML = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
SEARCH = {"q": "7-140753336-A-T", "assembly": "GRCh38", "wait": "all"}


class Page(HTMLParser):
    """The parts of a page that tests look at."""

    def __init__(self, reply: Reply) -> None:
        super().__init__()
        self.inline = 0
        """Scripts written into the page."""
        self.handlers: list[str] = []
        self.loaded: list[str] = []
        """Addresses the browser goes to by itself, or with what was typed."""
        self.links: list[str] = []
        self.states: dict[str, str] = {}
        self.feed(reply.text)
        self.text = " ".join(unescape(re.sub(r"<[^>]+>", " ", reply.text)).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        self.inline += tag == "script" and not told.get("src")
        self.handlers += [name for name in told if name.startswith("on")]
        own = self.links if tag in {"a", "area"} else self.loaded
        own += [told[name] for name in ("href", "src", "action", "formaction") if name in told]
        if "data-member" in told and "data-state" in told:
            self.states[told["data-member"]] = told["data-state"]


async def page(net: Running, path: str, parameters: Any = None, status: int = 200) -> Page:
    reply = await net.ask(parameters, path=path, headers=HTML)
    assert reply.status == status
    assert reply.headers["Content-Type"].startswith("text/html")
    assert "default-src 'none'" in reply.headers["Content-Security-Policy"]
    assert "unsafe" not in reply.headers["Content-Security-Policy"]
    assert reply.headers["Referrer-Policy"] == "no-referrer"
    found = Page(reply)
    assert not found.handlers
    assert not found.inline
    assert all(re.match(r"/(?!/)", address) for address in found.loaded), found.loaded
    assert all(re.match(r"/(?!/)|#|\?|https?://", address) for address in found.links)
    return found


class TestHome:
    async def test_people_get_a_search_form(self, net: DemoRunning) -> None:
        found = await page(net, "/")

        assert "5 beacons" in found.text
        assert "/search" in found.loaded
        assert net.is_untouched

    @pytest.mark.parametrize("accept", ["*/*", "application/json", ""])
    async def test_programs_get_the_info_document(self, net: DemoRunning, accept: str) -> None:
        reply = await net.ask(path="/", headers={"Accept": accept} if accept else {})

        assert reply.status == 200
        assert reply.headers["Content-Type"].startswith("application/json")
        official.validate_v2(reply.json, "info")

    @pytest.mark.parametrize("accept", ["text/html", "*/*"])
    async def test_caches_are_told_that_both_are_there(self, net: DemoRunning, accept: str) -> None:
        reply = await net.ask(path="/", headers={"Accept": accept})

        assert "Accept" in reply.headers["Vary"]


class TestSearch:
    async def test_every_member_is_a_row_with_its_state(self, net: DemoRunning) -> None:
        found = await page(net, "/search", SEARCH)

        assert found.states == {
            "demo-legacy": "not_asked",
            "demo-v1": "not_asked",
            "demo-v11": "found",
            "demo-records": "found",
            "demo-counts": "not_found",
        }
        for member in net.network.holder.current.members:
            assert member.name in found.text

    async def test_the_verdict_is_a_sentence(self, net: DemoRunning) -> None:
        found = await page(net, "/search", SEARCH)

        assert "2 of 3 beacons report this exact allele; 1 answered no." in found.text
        assert "data sets open to anonymous users, GRCh38." in found.text
        assert "Confirm with the data holder before any clinical decision." in found.text
        assert "Not asked: holds only GRCh37, the question is in GRCh38." in found.text

    async def test_a_complete_no_says_what_it_does_not_show(self, net: DemoRunning) -> None:
        found = await page(net, "/search", SEARCH | {"q": "7-140753336-A-G"})

        assert "None of the 3 beacons reports this allele" in found.text
        assert "This does not show that it is absent from their populations" in found.text

    async def test_an_incomplete_no_is_not_to_be_read_as_one(self) -> None:
        async with demo_running(query={"retries": 0}) as net:
            net.beacons["demo-counts"].fault = Fault(down=True)
            found = await page(net, "/search", SEARCH | {"q": "7-140753336-A-G"})

            assert "No complete answer: 2 beacons said no, but 1 did not answer." in found.text
            assert "Do not read this as a no." in found.text
            assert found.states["demo-counts"] == "no_answer"

    async def test_nobody_answered(self) -> None:
        async with demo_running(query={"retries": 0}) as net:
            for beacon in net.beacons.values():
                beacon.fault = Fault(down=True)
            found = await page(net, "/search", SEARCH)

            assert "We do not know: no beacon answered." in found.text

    async def test_an_equivalent_spelling_is_named(self, net: DemoRunning) -> None:
        found = await page(net, "/search", SEARCH | {"q": "7-117559591-TCTT-T"})

        assert "Found in an equivalent spelling, 7-117559590-ATCT-A." in found.text

    async def test_its_own_twin_is_the_beacon_document(self, net: DemoRunning) -> None:
        found = await page(net, "/search", SEARCH)
        (twin,) = {one for one in found.links if one.startswith("/search.json")}
        reply = await net.ask(path=twin)

        assert reply.status == 200
        assert official.validate_v2_answer(reply.json) == "record"
        assert reply.endings == (await net.ask(BRAF)).endings

    @pytest.mark.parametrize("text", ["99-1-A-T", "7-140753336", "chr7:g.140753336A>A", ""])
    async def test_a_text_that_is_no_question_says_why(self, net: DemoRunning, text: str) -> None:
        found = await page(net, "/search", SEARCH | {"q": text}, status=400)

        assert "✕" in found.text
        assert net.is_untouched

    async def test_unknown_members_are_refused_on_the_page(self, net: DemoRunning) -> None:
        found = await page(net, "/search", SEARCH | {"ask": "nobody"}, status=400)

        assert "nobody" in found.text
        assert net.is_untouched

    async def test_a_deadline_of_the_address_holds_here_as_well(self) -> None:
        async with demo_running() as net:
            net.beacons["demo-counts"].fault = Fault(delay_s=30)
            found = await page(net, "/search", SEARCH | {"wait": "0.3"})

            assert found.states["demo-counts"] == "no_answer"

    async def test_only_a_selection_of_members(self, net: DemoRunning) -> None:
        found = await page(net, "/search", SEARCH | {"ask": "demo-v11"})

        assert list(found.states) == list(BEACON_IDS)
        assert found.states["demo-records"] == "not_asked"


HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'&"


class TestHostileWords:
    async def test_what_a_member_says_is_text(self) -> None:
        result_set = {"id": HOSTILE, "setType": "dataset", "exists": True, "resultsCount": 1}
        answer = says(count=1) | {
            "response": {"resultSets": [result_set | {"results": []}]},
            "info": {"messages": [{"description": HOSTILE}]},
        }
        async with FaultyMember(scripted(json_answer(answer))) as member:
            async with network_of([entry(member, name=HOSTILE, description=HOSTILE)]) as net:
                found = await page(net, "/search", SEARCH)
                again = await page(net, "/search", SEARCH | {"q": HOSTILE}, status=400)

        assert found.states == {"scripted": "found"}
        assert HOSTILE in found.text
        assert "alert(1)" in again.text

    async def test_what_a_member_refuses_with_is_text(self) -> None:
        error = {"error": {"errorCode": 400, "errorMessage": HOSTILE}}
        async with FaultyMember(scripted(json_answer(error, 400))) as member:
            async with network_of([entry(member)]) as net:
                found = await page(net, "/search", SEARCH)

        assert found.text
        assert found.states == {"scripted": "no_answer"}

    async def test_an_address_that_does_not_exist_is_text(self, net: DemoRunning) -> None:
        found = await page(net, "/<script>alert(1)</script>", status=404)

        assert found.text

    @pytest.mark.parametrize("text", [HOSTILE, "'\"><svg onload=alert(1)>", "{{ 7*7 }}"])
    async def test_what_was_typed_is_text(self, net: DemoRunning, text: str) -> None:
        found = await page(net, "/search", {"q": text, "assembly": text}, status=400)

        assert found.text
        assert "49" not in found.text
