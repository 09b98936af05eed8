"""Bad input on the page, the twins of the page, and the pages around it."""

import asyncio
import csv
import io
import json
from collections.abc import AsyncIterator
from urllib.parse import parse_qs, urlsplit

import pytest

from aggregator.api import pages
from demo import BEACON_IDS, Fault
from tests.faulty import FaultyMember, json_answer
from tests.networks import DemoRunning, demo_running, entry, network_of, says, scripted
from tests.pages import look, when

FOUND = "7-140753336-A-T"
NOBODY_HAS = "7-140753336-A-G"
FOOTER = "For research and case finding. Confirm with the data holder before any clinical decision."


@pytest.fixture
async def net(nothing_left: None) -> AsyncIterator[DemoRunning]:
    """The demo network without second attempts, so that a fault is one."""
    async with demo_running(query={"retries": 0}) as running:
        yield running


def query_of(address: str) -> dict[str, list[str]]:
    return parse_qs(urlsplit(address).query)


class TestBadInput:
    async def test_swapped_ends_are_one_click_away(self, net: DemoRunning) -> None:
        page = await look(net, "/search", status=400, q="17:43125483-43044295", assembly="GRCh38")

        box = page.root.one(id="q")
        problem = page.root.one(id="problem-q")
        assert box.attributes["value"] == "17:43125483-43044295"
        assert box.attributes["aria-invalid"] == "true"
        assert "problem-q" in box.attributes["aria-describedby"].split()
        assert problem.attributes["role"] == "alert"
        assert "The end of the region is before its start." in problem.text
        way_out = problem.links["17:43044295-43125483"]
        assert query_of(way_out) == {"q": ["17:43044295-43125483"], "assembly": ["GRCh38"]}
        await look(net, way_out)

    @pytest.mark.parametrize(
        ("field", "query", "says"),
        [
            ("q", {"q": ""}, "Type a variant, a region or a gene."),
            ("q", {"q": "rs113488022"}, "is a dbSNP id"),
            ("q", {"q": "A" * 1001}, "longer than 1,000 characters"),
            ("q", {"q": "7-999999999-A-T"}, "beyond"),
            ("assembly", {"q": FOUND, "assembly": "mm10"}, "mm10"),
            ("wait", {"q": FOUND, "wait": "soon"}, "A number of seconds above 0"),
            ("ask", {"q": FOUND, "ask": "demo-v11,nobody"}, "is called nobody"),
            ("group", {"q": FOUND, "group": "nowhere"}, "nowhere"),
        ],
    )
    async def test_the_message_stands_at_the_field(
        self, net: DemoRunning, field: str, query: dict[str, str], says: str
    ) -> None:
        page = await look(net, "/search", status=400, **query)

        assert says in page.root.one(id=f"problem-{field}").text
        invalid = [node for node in page.root.nodes if "aria-invalid" in node.attributes]
        assert len(invalid) == 1
        if field == "ask":
            assert invalid[0].tag == "fieldset"
        else:
            assert invalid[0].attributes["id"] == field
        assert f"problem-{field}" in invalid[0].attributes["aria-describedby"].split()
        assert net.is_untouched

    async def test_every_problem_is_named_at_once(self, net: DemoRunning) -> None:
        page = await look(
            net, "/search", status=400, q="17:5-1", wait="soon", ask="nobody", group="nowhere"
        )

        named = {n.attributes["id"] for n in page.root.all("p", class_="problem")}
        assert named == {"problem-q", "problem-wait", "problem-ask", "problem-group"}
        assert "open" in page.root.one("details", class_="more").attributes

    async def test_what_was_typed_is_kept(self, net: DemoRunning) -> None:
        page = await look(
            net, "/search", status=400, q="hello world!", assembly="GRCh37", ask="demo-v1"
        )

        assert page.root.one(id="q").attributes["value"] == "hello world!"
        assert [
            o.text for o in page.root.one(id="assembly").all("option") if "selected" in o.attributes
        ] == ["GRCh37"]
        assert "checked" in page.root.one("input", value="demo-v1").attributes

    async def test_a_busy_network_says_so_on_the_page(
        self, net: DemoRunning, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        over = asyncio.Event()
        async with FaultyMember(scripted(when(over, json_answer(says())))) as member:
            busy = {"max_queries": 1, "deadline_s": 60, "member_timeout_s": 60}
            async with network_of([entry(member)], query=busy) as crowded:
                first = asyncio.create_task(
                    crowded.ask({"geneId": "BRCA1"}, path="/api/g_variants")
                )
                await member.until(lambda one: any("BRCA1" in r.line for r in one.requests))
                page = await look(crowded, "/search", status=503, q=FOUND, wait="0.4")
                over.set()
                await first

        assert "too many questions" in page.root.one(id="problem-q").text
        assert int(page.reply.headers["Retry-After"]) > 0
        assert page.root.one(id="q").attributes["value"] == FOUND

    @pytest.mark.parametrize("twin", ["json", "csv", "txt", "/events"])
    async def test_twins_refuse_with_the_same_words(self, net: DemoRunning, twin: str) -> None:
        path = "/search/events" if twin == "/events" else f"/search.{twin}"
        reply = await net.ask({"q": "17:43125483-43044295"}, path=path)

        assert reply.status == 400
        assert "The end of the region is before its start." in reply.text
        assert "17:43044295-43125483" in reply.text


class TestTwins:
    async def test_csv_holds_everybody(self, net: DemoRunning) -> None:
        net.beacons["demo-counts"].fault = Fault(down=True)
        reply = await net.ask({"q": FOUND}, path="/search.csv")
        rows = list(csv.DictReader(io.StringIO(reply.text, newline="")))

        assert reply.headers["Content-Type"] == "text/csv; charset=utf-8"
        assert reply.headers["Content-Disposition"] == (
            'attachment; filename="beacon-7-140753336-A-T.csv"'
        )
        assert reply.headers["X-Robots-Tag"] == "noindex"
        assert list(dict.fromkeys(row["beacon_id"] for row in rows)) == list(BEACON_IDS)
        told = {(row["beacon_id"], row["dataset_id"]): row for row in rows}
        assert told["demo-counts", ""]["answer"] == "no_answer"
        assert told["demo-v1", ""]["reason"] == "assembly"
        assert told["demo-v11", "urn:demo:tumours"]["allele_number"] == "5204"
        assert told["demo-records", "DEMO_CANCER"]["allele_count"] == "97"

    async def test_text_is_for_terminals(self, net: DemoRunning) -> None:
        reply = await net.ask({"q": FOUND}, path="/search.txt")

        assert reply.headers["Content-Type"] == "text/plain; charset=utf-8"
        lines = reply.text.splitlines()
        assert lines[0].startswith("BEACON")
        assert len(lines) == 1 + 5 + 4
        assert "2 of 3 beacons report this exact allele; 1 answered no." in reply.text
        assert FOOTER in reply.text

    async def test_twins_wait_for_the_whole_answer(self, net: DemoRunning) -> None:
        net.beacons["demo-counts"].fault = Fault(delay_s=pages.GRACE_S + 0.3)
        reply = await net.ask({"q": FOUND}, path="/search.json")

        assert reply.endings["demo-counts"] == "not_found"


class TestAround:
    async def test_home_names_the_members_and_the_states(self, net: DemoRunning) -> None:
        page = await look(net, "/")

        for member in net.network.holder.current.members:
            assert member.name in page.text
        for word in ("Found", "Not found", "Did not answer", "Not asked", "Asking"):
            assert word in page.text
        assert "X-Robots-Tag" not in page.reply.headers
        assert net.is_untouched

    async def test_every_example_of_the_syntax_page_is_a_question(self, net: DemoRunning) -> None:
        page = await look(net, "/help/syntax")

        rows = page.root.one("table").one("tbody").all("tr")
        assert len(rows) > 10
        for row in rows:
            assert row.all("code"), row.text
            (link,) = row.all("a")
            parsed = await net.ask(
                path=link.attributes["href"].replace("/search?", "/search/parse?")
            )
            assert "error" not in parsed.json

    async def test_every_link_of_our_own_leads_somewhere(self, net: DemoRunning) -> None:
        seen: set[str] = set()
        for start in ("/", "/help", "/help/syntax", "/nothing-here"):
            page = await look(net, start, status=404 if "nothing" in start else 200)
            assert len(page.root.all("h1")) == 1
            assert page.root.one("html").attributes["lang"] == "en"
            for node in page.root.nodes:
                address = node.attributes.get("href") or node.attributes.get("src") or ""
                if address.startswith("/") and not address.startswith("/search"):
                    seen.add(address.partition("#")[0])
        for address in seen:
            assert (await net.ask(path=address)).status == 200, address

    async def test_files_browsers_fetch(self, net: DemoRunning) -> None:
        opensearch = await net.ask(path="/opensearch.xml")
        robots = await net.ask(path="/robots.txt")
        icon = await net.ask(path="/favicon.ico")

        assert f"{net.url}/search?q={{searchTerms}}" in opensearch.text
        assert "Disallow: /search" in robots.text
        assert icon.headers["Content-Type"] == "image/svg+xml"

    async def test_info_for_programs_stays(self, net: DemoRunning) -> None:
        reply = await net.ask(path="/", headers={"Accept": "*/*"})

        assert json.loads(reply.body)["meta"]["beaconId"]
