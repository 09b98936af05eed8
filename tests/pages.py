"""What a page shows, read from its HTML as a browser without script has it."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import quote

from tests.faulty import Behaviour, Wire, json_answer
from tests.networks import Reply, Running

HTML = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
VOID = {"area", "br", "circle", "col", "hr", "img", "input", "link", "meta", "path"}


@dataclass
class Node:
    """An element with what is in it."""

    tag: str
    attributes: dict[str, str] = field(default_factory=dict)
    parts: list["Node | str"] = field(default_factory=list)

    @property
    def nodes(self) -> list["Node"]:
        """Every element below this one, in the order of the page."""
        own = [part for part in self.parts if isinstance(part, Node)]
        return [each for node in own for each in (node, *node.nodes)]

    @property
    def text(self) -> str:
        """The words, one space between them."""
        return " ".join(self._raw.split())

    @property
    def _raw(self) -> str:
        inner = "".join(part if isinstance(part, str) else part._raw for part in self.parts)
        spaced = self.tag in {"td", "th", "tr", "p", "li", "div", "dt", "dd", "h1", "h2", "summary"}
        return f" {inner} " if spaced else inner

    def all(self, tag: str = "", **attributes: str) -> list["Node"]:
        """Find elements by tag and attributes; `class_` is one of the classes."""
        wanted = {name.replace("_", "-").rstrip("-"): value for name, value in attributes.items()}
        return [
            node
            for node in self.nodes
            if tag in {"", node.tag}
            and all(
                value in node.attributes.get(name, "").split()
                if name == "class"
                else node.attributes.get(name) == value
                for name, value in wanted.items()
            )
        ]

    def one(self, tag: str = "", **attributes: str) -> "Node":
        """Find the only element of a kind."""
        (found,) = self.all(tag, **attributes)
        return found

    @property
    def links(self) -> dict[str, str]:
        """Where the links lead, by their words."""
        return {node.text: node.attributes.get("href", "") for node in self.all("a")}


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.root = Node("")
        self._open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        node = Node(tag, {name: value or "" for name, value in attrs})
        self._open[-1].parts.append(node)
        if tag not in VOID:
            self._open.append(node)

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        assert self._open[-1].tag == tag, f"</{tag}> closes <{self._open[-1].tag}>"
        self._open.pop()

    def handle_data(self, data: str) -> None:
        self._open[-1].parts.append(data)


def read(html: str) -> Node:
    """Read HTML; AssertionError where elements are not nested properly."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    assert len(reader._open) == 1, f"<{reader._open[-1].tag}> is not closed"
    return reader.root


@dataclass
class Page:
    """A page and its response."""

    reply: Reply
    root: Node

    @property
    def text(self) -> str:
        return self.root.one("body").text

    @property
    def rows(self) -> dict[str, Node]:
        return {
            node.attributes["data-member"]: node
            for node in self.root.all("tr")
            if "data-member" in node.attributes
        }

    @property
    def states(self) -> dict[str, str]:
        return {name: row.attributes["data-state"] for name, row in self.rows.items()}

    @property
    def verdict(self) -> str:
        return self.root.one(id="sum").text

    @property
    def title(self) -> str:
        return self.root.one("title").text

    @property
    def links(self) -> dict[str, str]:
        return self.root.links


async def look(
    net: Running,
    path: str,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    **query: str,
) -> Page:
    """Get a page."""
    reply = await net.ask(query, path=path, headers=HTML | dict(headers or {}))
    assert reply.status == status, reply.text
    assert reply.headers["Content-Type"].startswith("text/html")
    return Page(reply, read(reply.text))


async def search(net: Running, text: str, **query: str) -> Page:
    """Get the page of a search, complete; `wait=""` takes what is there."""
    wait = query.pop("wait", "all")
    told = {"q": text, **({"wait": wait} if wait else {}), **query}
    return await look(net, "/search", **told)


@dataclass(frozen=True)
class Event:
    """One server-sent event."""

    name: str
    data: str

    @property
    def json(self) -> Any:
        return json.loads(self.data)


async def events(net: Running, text: str, *, query: str = "") -> AsyncIterator[Event]:
    """Hear the events of a search until the server ends the stream."""
    path = f"/search/events?q={quote(text)}{query}"
    async with net.client.get(net.url + path) as response:
        assert response.status == 200, await response.text()
        assert response.headers["Content-Type"].startswith("text/event-stream")
        name, data = "", []
        async for raw in response.content:
            line = raw.decode().rstrip("\n")
            assert "\r" not in line
            if line.startswith("event: "):
                name = line.removeprefix("event: ")
            elif line.startswith("data: "):
                data.append(line.removeprefix("data: "))
            elif not line and name:
                yield Event(name, "\n".join(data))
                name, data = "", []


def when(opened: asyncio.Event, behaviour: Behaviour) -> Behaviour:
    """Behave so as soon as a gate is open."""

    async def behave(wire: Wire) -> None:
        await opened.wait()
        await behaviour(wire)

    return behave


def tells(sets: Sequence[Mapping[str, Any]], **more: Any) -> Behaviour:
    """A version 2 answer of these result sets."""
    exists = any(one.get("exists") for one in sets)
    document = {
        "meta": {"beaconId": "org.example.scripted", "apiVersion": "v2.0.0", "returnedSchemas": []},
        "responseSummary": {"exists": exists},
        "response": {"resultSets": [{"setType": "dataset", "results": [], **one} for one in sets]},
        **more,
    }
    return json_answer(document)


def without_tags(html: str) -> str:
    return re.sub(r"<[^>]*>", " ", html)
