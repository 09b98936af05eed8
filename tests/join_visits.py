"""A visitor of the pages to join and manage: sends forms as a browser without script does."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlencode

from demo import DemoNetwork
from registry.records import AuditEntry
from tests.networks import Reply, Running
from tests.pages import HTML, Node, Page, read

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
AGREED = {"contact": "ops@example.org", "agree": "yes"}
"""What a person types beside what the check suggests."""

Fields = Mapping[str, str | list[str] | None]


@dataclass
class Visitor:
    """Keeps cookies, by the paths they are for, and follows the way back after a form."""

    net: Running
    cookies: dict[str, tuple[str, str]] = field(default_factory=dict)
    """By name and path: the value."""

    async def get(self, path: str, *, status: int = 200, **query: str) -> Page:
        """Look at a page."""
        reply = await self.net.ask(query, path=path, headers={**HTML, **self._cookie(path)})
        return self._page(reply, path, status)

    async def open(self, member_id: str = "one", key: str | None = None) -> Page:
        """Open the entry of a member with its key, a new one if none is given."""
        here = f"/manage/{member_id}"
        key = key or str(await self.net.network.registry.keyring.rotate(member_id, by="operator"))
        return await self.send(await self.get(here), f"{here}/open", {"key": key})

    async def send(
        self, page: Page, action: str, typed: Fields | None = None, *, status: int = 303
    ) -> Page:
        """Send the form of a page that goes to `action`; None leaves a field out."""
        (form,) = [one for one in page.root.all("form") if one.attributes["action"] == action]
        fields = fields_of(form) | dict(typed or {})
        return await self.post(action, fields, status=status)

    async def post(self, path: str, fields: Fields, *, status: int) -> Page:
        """Send fields; a way back is followed."""
        pairs = [
            (name, value)
            for name, values in fields.items()
            for value in ([values] if isinstance(values, str) else values or [])
        ]
        headers = {**HTML, **FORM, **self._cookie(path)}
        reply = await self.net.ask(
            path=path, raw=urlencode(pairs).encode(), headers=headers, within_s=60
        )
        if reply.status == 303:
            assert status == 303
            self._keep(reply)
            return await self.get(reply.headers["Location"])
        return self._page(reply, path, status)

    def _page(self, reply: Reply, path: str, status: int) -> Page:
        assert reply.status == status, reply.text[:2000]
        assert reply.headers["Content-Type"].startswith("text/html"), path
        assert reply.headers["Cache-Control"] == "no-store", path
        assert "noindex" in reply.headers["X-Robots-Tag"], path
        self._keep(reply)
        return Page(reply, read(reply.text))

    def _keep(self, reply: Reply) -> None:
        if "Set-Cookie" not in reply.headers:
            return
        for name, told in SimpleCookie(reply.headers["Set-Cookie"]).items():
            self.cookies[name] = (told["path"], told.value)

    def _cookie(self, path: str) -> dict[str, str]:
        sent = [
            f"{name}={value}"
            for name, (below, value) in self.cookies.items()
            if path == below or path.startswith((f"{below}/", f"{below}?"))
        ]
        return {"Cookie": "; ".join(sent)} if sent else {}


def fields_of(form: Node) -> dict[str, str | list[str] | None]:
    """What a browser sends of a form in which nothing was touched."""
    found: dict[str, Any] = {}
    for node in form.all():
        name = node.attributes.get("name")
        if not name:
            continue
        if node.tag == "textarea":
            found[name] = node.text
        elif node.tag == "select":
            options = node.all("option")
            chosen = [one for one in options if "selected" in one.attributes] or options[:1]
            found[name] = chosen[0].attributes.get("value", chosen[0].text)
        elif node.attributes.get("type") == "checkbox":
            if "checked" in node.attributes:
                found.setdefault(name, []).append(node.attributes["value"])
        else:
            found[name] = node.attributes.get("value", "")
    return found


def problems_of(page: Page) -> dict[str, str]:
    """What is said to be wrong, by the field it is said at, which says so to assistive tools."""
    told = {}
    for node in page.root.all("ul", class_="trouble"):
        name = node.attributes["id"].removeprefix("problem-")
        at = [
            one
            for one in page.root.nodes
            if f"problem-{name}" in one.attributes.get("aria-describedby", "").split()
        ]
        assert [one.attributes["aria-invalid"] for one in at] == ["true"], name
        told[name] = node.text
    return told


@dataclass(frozen=True)
class Kept:
    """What the registry keeps, to see that nothing was stored; not what was learned meanwhile."""

    records: tuple[dict[str, Any], ...]
    lines: tuple[AuditEntry, ...]
    keys: int


async def kept(net: Running) -> Kept:
    """Read all that a registration could have changed."""
    registry = net.network.registry
    keys = await registry.keyring.keys()
    records = tuple(one.document() for one in await registry.steward.records())
    return Kept(records, await registry.journal.read(), len(keys))


async def joined(net: Running, url: str, **told: Any) -> dict[str, Any]:
    """Let a beacon join as a program does; gives the answer."""
    body = {"url": url, "contact": "ops@example.org", "agree": True, **told}
    reply = await net.ask(path="/join", body=body, within_s=60)
    assert reply.status == 201, reply.text
    return dict(reply.json)


def lines_of(entries: Iterable[AuditEntry]) -> list[tuple[str, str, str]]:
    """Who did what to whom, the oldest first."""
    return [(one.actor, one.action, one.subject) for one in reversed([*entries])]


def address(demo: DemoNetwork, beacon_id: str = "demo-records") -> str:
    return next(one["url"] for one in demo.members() if one["id"] == beacon_id)


async def agreeing(net: Running, demo: DemoNetwork, beacon_id: str = "demo-records") -> Page:
    """The page of a check that was passed, with the form to join."""
    return await Visitor(net).get("/join/check", url=address(demo, beacon_id))


def form_of(page: Page, action: str = "/join") -> dict[str, Any]:
    (form,) = [one for one in page.root.all("form") if one.attributes["action"] == action]
    return fields_of(form)


def key_on(page: Page) -> str:
    return page.root.one("code", id="service-key").text


@dataclass
class Owner:
    """Who has the service key of a member."""

    net: Running
    demo: DemoNetwork
    id: str
    key: str

    async def ask(
        self, method: str = "GET", below: str = ".json", *, key: str | None = None, **rest: Any
    ) -> Reply:
        """Send a request with a service key; by default the one this owner has."""
        headers = {"Beacon-Service-Key": self.key if key is None else key}
        path = f"/manage/{self.id}{below}"
        return await self.net.ask(path=path, method=method, headers=headers, within_s=60, **rest)

    async def edit(self, **changes: Any) -> Reply:
        return await self.ask("PATCH", "", body=changes)

    @property
    async def entry(self) -> Any:
        return (await self.net.network.registry.steward.record(self.id)).entry
