"""The page of answers without script: every case in words, and every way on as a link."""

import asyncio
import re
from collections.abc import AsyncIterator
from urllib.parse import parse_qs, urlsplit

import pytest

from aggregator.api import pages
from demo import BEACON_IDS, Fault
from tests.faulty import FaultyMember, answer, hang, json_answer
from tests.networks import DemoRunning, demo_running, entry, network_of, says, scripted
from tests.pages import look, search, tells, when

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


class TestSentences:
    """Every sentence of an answer, each produced by members that behave so."""

    async def test_found_and_complete(self, net: DemoRunning) -> None:
        page = await search(net, FOUND)

        assert page.verdict.startswith(
            "2 of 3 beacons report this exact allele; 1 answered no. "
            "2 could not be asked (another assembly ×2)."
        )
        assert "Searched: 5 data sets open to anonymous users, GRCh38." in page.verdict
        assert FOOTER in page.text
        assert page.title == f"{FOUND} · 2 of 3 found — Test Network"

    async def test_found_and_incomplete(self, net: DemoRunning) -> None:
        net.beacons["demo-records"].fault = Fault(down=True)
        page = await search(net, FOUND)

        assert (
            "1 of 2 beacons report this exact allele; 1 answered no. "
            "1 did not answer and 2 could not be asked, so there may be more." in page.verdict
        )

    async def test_none_and_complete(self, net: DemoRunning) -> None:
        page = await search(net, NOBODY_HAS)

        assert (
            "None of the 3 beacons reports this allele in the data they let you search. This does "
            "not show that it is absent from their populations, or that it is harmless. "
            "2 could not be asked (another assembly ×2)." in page.verdict
        )
        assert page.title.startswith(f"{NOBODY_HAS} · 0 of 3 found")

    async def test_none_and_incomplete(self, net: DemoRunning) -> None:
        net.beacons["demo-v11"].fault = Fault(status=500)
        page = await search(net, NOBODY_HAS)

        assert (
            "No complete answer: 2 beacons said no, but 1 did not answer. "
            "Do not read this as a no." in page.verdict
        )
        assert page.title.startswith(f"{NOBODY_HAS} · no complete answer")

    async def test_nobody_answered(self, net: DemoRunning) -> None:
        for beacon in net.beacons.values():
            beacon.fault = Fault(down=True)
        page = await search(net, FOUND)

        assert page.verdict.startswith("We do not know: no beacon answered.")
        assert "Searched:" not in page.verdict

    async def test_nobody_could_be_asked(self, net: DemoRunning) -> None:
        page = await search(net, "1-169519049-C-T", assembly="GRCh37")

        assert page.verdict.startswith("No beacon could be asked this (")
        assert set(page.states.values()) == {"not_asked"}
        assert net.is_untouched

    async def test_no_member_at_all(self, nothing_left: None) -> None:
        async with network_of() as net:
            page = await search(net, FOUND)

        assert "no beacon is registered" in page.verdict

    async def test_a_region_is_no_allele(self, net: DemoRunning) -> None:
        page = await search(net, "7:140753000-140754000")

        assert "report a variant that fits this question" in page.verdict
        assert "allele" not in page.verdict

    async def test_equivalent_broader_and_text(self, net: DemoRunning) -> None:
        equivalent = await search(net, "7-117559591-TCTT-T")
        text = await search(net, "NM_004333.6:c.1799T>A")

        assert "Found in an equivalent spelling, 7-117559590-ATCT-A." in equivalent.text
        assert "Found by comparing the name as text." in text.text
        assert "no proof of this exact allele" in text.verdict

    async def test_a_broader_question_that_found_something_proves_nothing(
        self, net: DemoRunning
    ) -> None:
        page = await search(net, "7:55174770-55174773--55174770-55174800:EFO:0030069")

        assert (
            "2 of 3 beacons found something by a broader or a text question, which is no proof"
            in page.verdict
        )
        assert "Found by a broader question (variant type DEL)" in page.text

    async def test_the_rows(self, net: DemoRunning) -> None:
        net.beacons["demo-v11"].fault = Fault(status=503)
        page = await search(net, FOUND)

        rows = {name: row.text for name, row in page.rows.items()}
        assert (
            "✓ Found Reports this allele at least once; does not say in whom, how often or how it "
            "was called." in rows["demo-records"]
        )
        assert (
            "– Not found Not found, or in fewer people than it may tell. Not in the data sets "
            "searched (cohort, oncology); sites it could not read are not excluded."
            in rows["demo-counts"]
        )
        assert "It says: censorship threshold: 2" in rows["demo-counts"]
        assert "! Did not answer Did not answer (" in rows["demo-v11"]
        assert "It may or may not have the allele." in rows["demo-v11"]
        assert (
            "○ Not asked Not asked: holds only GRCh37, the question is in GRCh38. It may or may "
            "not have the allele." in rows["demo-v1"]
        )

    async def test_only_approved_users(self, nothing_left: None) -> None:
        async with FaultyMember(scripted(json_answer({}, 403))) as member:
            async with network_of([entry(member)]) as net:
                page = await search(net, FOUND)

        assert "Answers only signed-in or approved users." in page.rows["scripted"].text

    async def test_an_older_answer_says_so(self, nothing_left: None) -> None:
        cache = {"ttl_s": 0, "stale_while_revalidate_s": 0, "stale_if_error_s": 600}
        turns = scripted(json_answer(says(count=3)), answer(b"", 500))
        async with FaultyMember(turns) as member:
            async with network_of([entry(member)], cache=cache, query={"retries": 0}) as net:
                await search(net, FOUND)
                page = await search(net, FOUND)

        row = page.rows["scripted"].text
        assert "; the beacon is silent now." in row
        assert "an older answer," in row
        assert page.states["scripted"] == "found"

    async def test_a_kept_answer_says_how_old_it_is(self, net: DemoRunning) -> None:
        await search(net, FOUND)
        page = await search(net, FOUND)

        assert re.search(r"from the cache, [0-9] s old", page.rows["demo-v11"].text)


class TestWhatIsTold:
    async def test_counts_and_frequencies_in_their_units(self, net: DemoRunning) -> None:
        page = await search(net, FOUND)

        v11, records = page.rows["demo-v11"], page.rows["demo-records"]
        assert "214 observations" in v11.text
        assert "97 of 2,400 alleles" in records.text
        assert "0.04" in records.text
        assert "allele frequency 0.04 (97 of 2,400 alleles)" in records.one("details").text
        assert "1 variant record" in records.text

    async def test_who_they_are(self, net: DemoRunning) -> None:
        page = await search(net, FOUND)

        assert "Research Centre · Beacon 1.1.0" in page.rows["demo-v11"].text
        assert [row.one("th").one("bdi", class_="name").text for row in page.rows.values()] == [
            member.name for member in net.network.holder.current.members
        ]

    async def test_every_data_set_with_its_own_answer(self, net: DemoRunning) -> None:
        page = await search(net, FOUND)

        sets = page.rows["demo-v11"].one("details")
        assert sets.one("summary").text == "2 data sets"
        assert "✓ Found Demo tumours" in sets.text
        assert "– Not found Demo genomes" in sets.text

    async def test_handovers_name_their_host(self, net: DemoRunning) -> None:
        page = await search(net, FOUND)

        links = page.rows["demo-v11"].all("a", class_="handover")
        assert links
        for link in links:
            assert link.attributes["rel"] == "noopener noreferrer"
            assert urlsplit(link.attributes["href"]).hostname in link.text

    async def test_the_question_as_it_was_asked(self, net: DemoRunning) -> None:
        page = await search(net, "chr7:140,753,336 a>t", ask="demo-v11")

        asked = page.root.one("div", class_="asked")
        assert [code.text for code in asked.one("p").all("code")] == [
            "assemblyId=GRCh38",
            "referenceName=7",
            "start=140753335",
            "referenceBases=A",
            "alternateBases=T",
        ]
        assert "0-based" in asked.text
        command = page.root.one(id="curl").text
        assert command.startswith(f"curl -sS '{net.url}/api/g_variants?assemblyId=GRCh38&")
        reply = await net.ask(path=command.split("'")[1].removeprefix(net.url))
        assert reply.found == ["demo-v11"]

    async def test_notes_say_what_was_assumed(self, net: DemoRunning) -> None:
        page = await search(net, "GRCh37 7-140453136-A-T")

        assert "assembly taken from the query: GRCh37" in page.text
        assert page.states["demo-v1"] == "found"

    async def test_the_sum_of_counts_has_one_unit(self, net: DemoRunning) -> None:
        page = await search(net, "7-117587806-G-A")

        assert "2 beacons tell 8 variant records in all;" in page.verdict
        assert "the same person may be counted by several beacons." in page.verdict


class TestWaysOn:
    async def test_twins_and_the_address(self, net: DemoRunning) -> None:
        page = await search(net, FOUND, show="found", sort="name", ask="demo-v11,demo-counts")

        query = {
            "q": [FOUND],
            "assembly": ["GRCh38"],
            "ask": ["demo-v11,demo-counts"],
            "wait": ["all"],
        }
        for name, path in (("JSON", "json"), ("CSV", "csv"), ("text", "txt")):
            address = page.links[name]
            assert urlsplit(address).path == f"/search.{path}"
            assert query_of(address) == query
            assert page.root.all("link", rel="alternate", href=address)
            assert (await net.ask(path=address)).status == 200
        shared = page.links["link to this search"]
        assert query_of(shared) == query | {"show": ["found"], "sort": ["name"]}
        assert query_of(page.links["ask again"]) == query

    async def test_the_silent_ones_can_be_asked_again(self, net: DemoRunning) -> None:
        net.beacons["demo-counts"].fault = Fault(down=True)
        net.beacons["demo-records"].fault = Fault(down=True)
        page = await search(net, FOUND)
        again = page.links["Ask the 2 that did not answer again"]
        for name in ("demo-counts", "demo-records"):
            net.beacons[name].fault = Fault()
        before = net.times_asked

        page = await look(net, again)

        assert page.states["demo-counts"] == "not_found"
        assert page.states["demo-records"] == "found"
        assert "did not answer again" not in page.text
        after = net.times_asked
        assert after["demo-v11"] == before["demo-v11"]
        assert after["demo-counts"] == before["demo-counts"] + 1

    async def test_sorting_asks_nobody_again(self, net: DemoRunning) -> None:
        net.beacons["demo-records"].fault = Fault(status=500)
        first = await search(net, "7-117587806-G-A")
        before = net.times_asked
        assert "aria-current" in first.reply.text

        orders = {}
        for name in ("as listed", "name", "answer", "count", "frequency", "time"):
            address = first.links.get(name) or first.links["ask again"] + "&sort=listed"
            orders[name] = list((await look(net, address)).rows)

        assert net.times_asked == before
        assert orders["as listed"] == list(BEACON_IDS)
        assert orders["name"] == [
            "demo-v1",
            "demo-counts",
            "demo-records",
            "demo-legacy",
            "demo-v11",
        ]
        assert orders["answer"] == [
            "demo-counts",
            "demo-v11",
            "demo-records",
            "demo-legacy",
            "demo-v1",
        ]
        assert orders["count"][0] == "demo-counts"
        assert orders["time"][-2:] == ["demo-legacy", "demo-v1"]

    async def test_show_is_chosen_in_the_address(self, net: DemoRunning) -> None:
        page = await search(net, FOUND, show="no_answer")

        (chosen,) = [
            node.attributes["value"]
            for node in page.root.all("input", type="radio")
            if "checked" in node.attributes
        ]
        assert chosen == "no_answer"
        assert page.root.one(id="answers").attributes["data-show"] == "no_answer"
        assert len(page.rows) == 5

    async def test_numbers_beside_the_filter_are_those_of_the_rows(self, net: DemoRunning) -> None:
        page = await search(net, FOUND)

        counts = {
            node.attributes["data-count"]: int(node.text)
            for node in page.root.all("span", class_="count")
        }
        states = list(page.states.values())
        assert counts.pop("all") == 5
        assert counts == {state: states.count(state) for state in counts}

    async def test_a_selection_is_kept_in_the_form(self, net: DemoRunning) -> None:
        page = await search(net, FOUND, ask="demo-v11,demo-counts", wait="3")

        ticked = [
            n.attributes["value"]
            for n in page.root.all("input", name="ask")
            if "checked" in n.attributes
        ]
        assert ticked == ["demo-v11", "demo-counts"]
        assert "open" in page.root.one("details", class_="more").attributes
        assert page.root.one(id="wait").attributes["value"] == "3"
        assert page.states["demo-records"] == "not_asked"

    async def test_groups_can_be_chosen(self, nothing_left: None) -> None:
        async with FaultyMember(scripted()) as one, FaultyMember(scripted()) as two:
            members = [entry(one, "one", groups=["north"]), entry(two, "two", groups=["south"])]
            async with network_of(members) as net:
                page = await search(net, FOUND, group="south")

        assert page.states == {"one": "not_asked", "two": "found"}
        assert [o.text for o in page.root.one(id="group").all("option")] == [
            "all groups",
            "north",
            "south",
        ]

    async def test_results_are_for_the_person_who_asked(self, net: DemoRunning) -> None:
        page = await search(net, FOUND)

        assert page.reply.headers["X-Robots-Tag"] == "noindex"
        assert page.reply.headers["Cache-Control"] == "no-store"
        assert "Accept-Language" in page.reply.headers["Vary"]


class TestRunning:
    @pytest.fixture(autouse=True)
    def short_grace(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(pages, "GRACE_S", 0.1)

    async def test_what_is_not_in_yet_is_being_asked(self, nothing_left: None) -> None:
        opened = asyncio.Event()
        quick = scripted(tells([{"id": "x", "exists": True, "resultsCount": 1}]))
        async with (
            FaultyMember(quick) as one,
            FaultyMember(scripted(when(opened, json_answer(says(False))))) as two,
        ):
            async with network_of([entry(one, "one"), entry(two, "two")]) as net:
                page = await search(net, FOUND, wait="")
                while page.states["one"] == "asking":  # a slow machine; it is the same question
                    page = await search(net, FOUND, wait="")
                assert page.states == {"one": "found", "two": "asking"}
                assert (
                    "Still asking 1 of 2. 1 found so far; do not conclude before the end."
                    in page.verdict
                )
                assert "… Asking" in page.rows["two"].text
                assert page.root.one("progress").attributes["value"] == "1"
                assert page.title.startswith(f"{FOUND} · 1 of 2 asked, 1 found so far")
                assert not page.root.all("meta", http_equiv="refresh")
                more = page.links["Show what has come in since"]
                everything = page.links["Wait for all (10 s at most)"]

                waiting = asyncio.create_task(look(net, everything))
                opened.set()
                whole = await waiting
                since = await look(net, more)

            assert whole.states == since.states == {"one": "found", "two": "not_found"}
            for seen in (whole, since):
                assert "1 of 2 beacons report this exact allele; 1 answered no." in seen.verdict
            assert len([r for r in one.requests if "g_variants" in r.target]) == 1
            assert len([r for r in two.requests if "g_variants" in r.target]) == 1

    async def test_the_question_ends_at_its_deadline_whoever_looks(
        self, nothing_left: None
    ) -> None:
        async with FaultyMember(scripted(hang())) as member:
            # so long that the page is there before it
            async with network_of([entry(member)], query={"deadline_s": 3}) as net:
                running = await search(net, FOUND, wait="")
                assert running.states == {"scripted": "asking"}
                ended = await look(net, running.links["Wait for all (3 s at most)"])

        assert ended.states == {"scripted": "no_answer"}
        assert "We do not know: no beacon answered." in ended.verdict
