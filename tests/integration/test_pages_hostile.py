"""Members' words on pages, in streams and in files: they are shown, and do nothing."""

import csv
import io
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.faulty import FaultyMember, json_answer
from tests.networks import V2_INFO, Running, entry, network_of, scripted
from tests.pages import Page, events, look, read, search, tells, without_tags

FOUND = "7-140753336-A-T"
MARKUP = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'&"
TURNED = "safe\u202egnp.exe\u2066\u200f"
HUGE = "x" * 100_000
FORMULA = '=HYPERLINK("http://evil.example/","a")'
ESCAPES = "\x1b]0;owned\x07\x1b[2Jname\r\nevent: done\ndata: {}\n\n"
HANDOVERS = [
    {"handoverType": {"id": "X", "label": label}, "url": url, "note": MARKUP}
    for label, url in (
        ("script", "javascript:alert(1)"),
        ("upper", "JaVaScRiPt:alert(1)"),
        ("data", "data:text/html,<script>alert(1)</script>"),
        ("relative", "//evil.example/"),
        ("quoted", 'https://evil.example/"onmouseover="alert(1)'),
        ("user", "https://ega-archive.org@evil.example/"),
        (MARKUP, "https://good.example/request?id=1&x=<b>"),
        ("plain", "https://good.example/request?id=1&x=2"),
    )
]


def hostile(word: str) -> Any:
    result_set = {
        "id": word,
        "datasetName": word,
        "beaconId": word,
        "exists": True,
        "resultsCount": 1,
        "resultsHandovers": HANDOVERS,
        "info": {"error": word},
    }
    return tells(
        [result_set, {"id": f"{word} two", "exists": False, "resultsCount": 0}],
        info={"messages": [{"description": word}]},
        beaconHandovers=HANDOVERS,
    )


@pytest.fixture(
    params=[MARKUP, TURNED, HUGE, FORMULA, ESCAPES],
    ids=["markup", "bidi", "huge", "formula", "escapes"],
)
async def net(request: pytest.FixtureRequest, nothing_left: None) -> AsyncIterator[Running]:
    word = request.param
    words = {
        "name": word,
        "description": word,
        "organization": {"id": word, "name": word, "welcomeUrl": "javascript:alert(1)"},
    }
    info = json_answer({**V2_INFO, "response": {**V2_INFO["response"], **words}})
    async with FaultyMember(scripted(hostile(word), info=info)) as member:
        async with network_of([entry(member)]) as running:
            yield running


def check(page: Page, *known: str) -> None:
    for node in page.root.nodes:
        assert not [name for name in node.attributes if name.startswith("on")], node
        if node.tag == "img":
            assert re.fullmatch(r"/logo/[a-z0-9-]+", node.attributes["src"])
        if node.tag == "script":
            assert node.attributes["src"].startswith("/static/")
            assert not node.text
        for name in ("href", "src", "action"):
            address = node.attributes.get(name)
            is_safe = address is None or re.match(r"https://|/(?!/)|#", address)
            assert is_safe or address in known, address
    check_text(page.reply.text)


def check_text(text: str) -> None:
    assert not re.search("[\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c]", text)
    assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", text)


async def test_on_pages_they_are_text(net: Running) -> None:
    home = await look(net, "/")
    page = await search(net, FOUND)

    for one in (home, page):
        check(one)
        assert len(one.reply.text) < 60_000
    assert page.states == {"scripted": "found"}
    links = {node.attributes["href"] for node in page.root.all("a", class_="handover")}
    assert "https://good.example/request?id=1&x=2" in links
    assert all(re.match(r"https?://(good|evil)\.example/|https://ega", link) for link in links)
    for node in page.root.all("a", class_="handover"):
        if "@evil.example" in node.attributes["href"]:
            assert "evil.example" in node.text
            assert "ega-archive" not in node.text


async def test_on_pages_of_members_they_are_text(net: Running) -> None:
    await net.known("scripted")
    url = net.member("scripted").entry.url
    for path in ("/members", "/members/scripted", "/members?by=organization", "/members?q=%3C"):
        page = await look(net, path)
        check(page, url)
        assert len(page.reply.text) < 60_000
    text = (await net.ask(path="/members.csv")).text
    check_text(text.replace("\r\n", ""))
    (row,) = csv.DictReader(io.StringIO(text, newline=""))
    assert not [cell for cell in row.values() if cell.startswith(("=", "+", "-", "@"))]
    assert max(map(len, row.values())) <= 1_001


async def test_in_the_stream_they_end_no_event(net: Running) -> None:
    names = []
    async for event in events(net, FOUND):
        names.append(event.name)
        check_text(event.data)
        if event.name == "row":
            read(event.data)

    assert set(names) == {"row", "sum", "done"}
    assert names.count("done") == 1


async def test_in_files_they_are_cells(net: Running) -> None:
    text = (await net.ask({"q": FOUND}, path="/search.csv")).text
    rows = list(csv.DictReader(io.StringIO(text, newline="")))

    check_text(text.replace("\r\n", ""))
    assert len(rows) == 2
    assert text.count("\r\n") == 3
    assert {row["beacon_id"] for row in rows} == {"scripted"}
    for row in rows:
        assert None not in row
        for value in row.values():
            assert not value.startswith(("=", "+", "-", "@"))
            assert len(value) <= 1_001


async def test_in_a_terminal_they_are_words(net: Running) -> None:
    text = (await net.ask({"q": FOUND}, path="/search.txt")).text

    check_text(text.replace("\n", ""))
    assert len(text.splitlines()) == 6
    assert max(map(len, text.splitlines())) < 1_000


async def test_what_was_typed_is_text_in_every_place(nothing_left: None) -> None:
    async with network_of() as net:
        for typed in (MARKUP, TURNED, ESCAPES, "{{ 7 * 7 }}", "\u2028'\"><svg onload=alert(1)>"):
            page = await look(net, "/search", status=400, q=typed, assembly=typed, ask=typed)
            visible = without_tags(page.reply.text)
            for node in page.root.nodes:
                assert not [name for name in node.attributes if name.startswith("on")], node
            assert "49" not in visible
