"""Every word of the pages can be translated: a made-up language marks each text it knows."""

import io
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from aggregator.api import pages, routes
from aggregator.base import i18n
from aggregator.base.resources import folder
from demo import Fault
from tests.networks import DemoRunning, demo_running
from tests.pages import HTML, Node, Page, read

CHECKOUT = Path(__file__).parents[2]
LANGUAGE = "fi"
"""Stands for any language; its numbers differ from English ones."""
OPEN, CLOSE = "⟦", "⟧"
FOUND = "7-140753336-A-T"
NOBODY_HAS = "7-140753336-A-G"


def extracted() -> dict[str, tuple[str, ...]]:
    """Read the texts the sources mark, plural forms together."""
    mapping = (folder("web") / "locale" / "babel.cfg").read_text("utf-8")
    methods, options = parse_mapping_cfg(io.StringIO(mapping))
    found = {}
    for _name, _line, message, _comments, _context in extract_from_dir(
        CHECKOUT,
        methods,
        options,
        comment_tags=("TRANSLATORS:",),
        directory_filter=lambda path: Path(path).name not in {".venv", ".git", "tests"},
    ):
        forms = message if isinstance(message, tuple) else (message,)
        found[forms[0]] = forms
    return found


def marked(text: str) -> str:
    return f"{OPEN}{text}{CLOSE}"


@pytest.fixture
def made_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    catalogue = Catalog(locale=LANGUAGE)
    for first, forms in extracted().items():
        if len(forms) == 1:
            catalogue.add(first, marked(first))
        else:
            catalogue.add(forms, tuple(marked(form) for form in forms))
    target = tmp_path / LANGUAGE / "LC_MESSAGES"
    target.mkdir(parents=True)
    with (target / "messages.mo").open("wb") as file:
        write_mo(file, catalogue)
    own = i18n.Catalogues.found(tmp_path)
    monkeypatch.setattr(routes.Catalogues, "found", lambda: own)


@pytest.fixture
async def net(nothing_left: None, made_up: None) -> AsyncIterator[DemoRunning]:
    async with demo_running(query={"retries": 0}) as running:
        yield running


async def translated(net: DemoRunning, path: str, status: int = 200, **query: str) -> Page:
    reply = await net.ask(query, path=path, headers=HTML | {"Accept-Language": LANGUAGE})
    assert reply.status == status, reply.text
    return Page(reply, read(reply.text))


def untranslated(page: Page) -> list[str]:
    """Give the words of a page outside every mark: not ours to translate, or forgotten."""
    pieces: list[str] = []

    def walk(node: Node, depth: int) -> int:
        own = node.attributes
        if node.tag in {"code", "kbd", "script", "style"} or own.get("lang") == "en":
            return depth
        for part in node.parts:
            if not isinstance(part, str):
                depth = walk(part, depth)
                continue
            for piece in re.split(f"([{OPEN}{CLOSE}])", part):
                depth += (piece == OPEN) - (piece == CLOSE)
                if depth == 0 and re.search(r"[A-Za-z]{2}", piece) and piece != CLOSE:
                    pieces.append(" ".join(piece.split()))
        for name in ("aria-label", "title", "placeholder", "alt", "data-label", "data-said"):
            value = own.get(name, "")
            if re.search(r"[A-Za-z]{2}", value) and OPEN not in value:
                pieces.append(value)
        return depth

    assert walk(page.root, 0) == 0
    return pieces


def forgotten(net: DemoRunning, page: Page) -> list[str]:
    """Leave out names, ids and what the demo's members say themselves."""
    names = {"JSON", "CSV", "SPDI", "— Test Network", FOUND, NOBODY_HAS, "text/csv"}
    for member in net.network.holder.current.members:
        organization = member.entry.organization or member.capabilities.organization
        names |= {member.name, organization.name if organization else ""}
        names |= {one.name for one in member.capabilities.data_sets}
    known = {node.text for node in page.root.all("bdi")} | names
    options = {node.text for node in page.root.all("option")}
    examples = {node.text for node in page.root.all("a") if "/search?" in node.attributes["href"]}
    return [
        piece
        for piece in untranslated(page)
        if not any(piece in text or text == piece for text in known | options | examples)
    ]


@pytest.mark.parametrize("path", ["/", "/help", "/help/syntax"])
async def test_pages_are_translated(net: DemoRunning, path: str) -> None:
    page = await translated(net, path)

    assert page.root.one("html").attributes["lang"] == LANGUAGE
    assert page.reply.headers["Content-Language"] == LANGUAGE
    assert forgotten(net, page) == []


@pytest.mark.parametrize(
    ("text", "fault", "more"),
    [
        (FOUND, None, {}),
        (FOUND, Fault(down=True), {"sort": "name", "show": "found"}),
        (NOBODY_HAS, None, {"ask": "demo-v11,demo-counts"}),
        (NOBODY_HAS, Fault(status=500), {}),
        ("7:140753000-140754000", None, {}),
        ("7-117559591-TCTT-T", None, {}),
        ("NM_004333.6:c.1799T>A", None, {}),
    ],
)
async def test_answers_are_translated(
    net: DemoRunning, text: str, fault: Fault | None, more: dict[str, str]
) -> None:
    if fault is not None:
        net.beacons["demo-counts"].fault = fault
    page = await translated(net, "/search", q=text, wait="all", **more)
    page_again = await translated(net, "/search", q=text, wait="all", **more)

    assert OPEN in page.title
    assert page.root.one(id="sum").one("strong").text.startswith(OPEN)
    assert forgotten(net, page) == []
    assert forgotten(net, page_again) == []


async def test_running_and_wrong_pages_are_translated(
    net: DemoRunning, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "GRACE_S", 0.05)
    net.beacons["demo-counts"].fault = Fault(delay_s=1)

    for page in (
        await translated(net, "/search", q=FOUND),
        await translated(net, "/search", 400, q="17:5-1"),
        await translated(net, "/search", 400, q=FOUND, wait="soon"),
        await translated(net, "/nothing", 404),
    ):
        assert forgotten(net, page) == []


async def test_files_are_translated_and_columns_are_not(net: DemoRunning) -> None:
    asking = {"headers": {"Accept-Language": LANGUAGE}}
    text = (await net.ask({"q": FOUND}, path="/search.txt", **asking)).text
    table = (await net.ask({"q": FOUND}, path="/search.csv", **asking)).text

    assert all(word.startswith(OPEN) for word in text.splitlines()[0].split())
    assert OPEN not in table
    assert ",not_asked,assembly," in table


async def test_the_stream_speaks_the_language_of_the_page(net: DemoRunning) -> None:
    reply = await net.ask(
        {"q": FOUND}, path="/search/events", headers={"Accept-Language": LANGUAGE}
    )

    assert f"{OPEN}Found{CLOSE}" in reply.text
    assert "0,04" in reply.text


async def test_numbers_follow_the_words(net: DemoRunning) -> None:
    page = await translated(net, "/search", q=FOUND, wait="all")
    english = await net.ask({"q": FOUND}, path="/search", headers=HTML)

    assert "97 ⟦" not in page.text
    assert "2\xa0400" in page.reply.text
    assert "2,400" in english.text


def test_the_template_of_the_catalogues_holds_every_text() -> None:
    with (folder("web") / "locale" / "messages.pot").open("rb") as file:
        template = read_po(file)

    listed = {
        message.id if isinstance(message.id, str) else message.id[0]
        for message in template
        if message.id
    }
    assert listed == set(extracted()), "make messages.pot anew, as CONTRIBUTING.md says"
