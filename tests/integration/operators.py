"""What operators' tests share: a token, calls of the API, and a browser without script."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aiohttp import FormData

from tests.networks import Reply, Running
from tests.pages import HTML, Node, Page, read

TOKEN = "a-token-of-many-characters"
SECURED: dict[str, Any] = {"admin_token": TOKEN, "allow_private_members": True}
AS_OPERATOR = {"Authorization": f"Bearer {TOKEN}"}

Json = Any


async def call(
    net: Running,
    method: str,
    path: str,
    body: Json = None,
    *,
    status: int = 200,
    token: str | None = TOKEN,
    headers: Mapping[str, str] | None = None,
    **query: str,
) -> Reply:
    """Call the API of operators and check how that ended."""
    sent = dict(headers or {}) | ({"Authorization": f"Bearer {token}"} if token else {})
    reply = await net.ask(query, path=f"/admin/api/{path}", body=body, method=method, headers=sent)
    assert reply.status == status, reply.text
    return reply


async def newest(net: Running) -> Json:
    """The last line of the log of changes."""
    return (await call(net, "GET", "log", limit="1")).json["lines"][0]


def problem_of(reply: Reply) -> str:
    """What an error of the registry's paths says."""
    assert reply.json["status"] == reply.status
    return str(reply.json["detail"])


@dataclass
class Visitor:
    """A browser without script: keeps cookies, and sends the forms that pages hold."""

    net: Running
    cookies: dict[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    """What this browser tells besides."""

    async def get(self, path: str, *, status: int = 200) -> Page:
        """Get a page."""
        reply = await self.ask("GET", path)
        assert reply.status == status, reply.text
        return Page(reply, read(reply.text))

    async def send(
        self,
        page: Page,
        button: str,
        *,
        status: int = 303,
        about: str = "",
        **typed: str | Sequence[str],
    ) -> Reply:
        """Press a button (its `do`); `about` is a hidden value that tells two forms apart."""
        form, fields = form_with(page, button, about)
        for name, value in typed.items():
            fields[name] = [value] if isinstance(value, str) else list(value)
        reply = await self.ask("POST", form.attributes["action"], fields)
        assert reply.status == status, reply.text
        return reply

    async def press(self, path: str, button: str, *, about: str = "", **typed: Any) -> Page:
        """Get a page, press a button, and go where that leads."""
        reply = await self.send(await self.get(path), button, about=about, **typed)
        return await self.get(reply.headers["Location"])

    async def sign_in(self, token: str = TOKEN) -> "Visitor":
        """Sign in as an operator."""
        page = await self.get("/admin/login")
        await self.send(page, "", token=token)
        return self

    async def ask(
        self, method: str, path: str, fields: Mapping[str, Sequence[str]] | None = None
    ) -> Reply:
        """Send anything, with the cookies there are."""
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        sent = {**HTML, **self.headers, "Cookie": cookies}
        pairs = [(name, value) for name, values in (fields or {}).items() for value in values]
        async with self.net.client.request(
            method,
            self.net.url + path,
            data=FormData(pairs) if method == "POST" else None,
            headers=sent,
            allow_redirects=False,
        ) as response:
            for cookie in response.cookies.values():
                self.cookies[cookie.key] = cookie.value
                if cookie["max-age"] == "0":
                    del self.cookies[cookie.key]
            return Reply(response.status, response.headers, await response.read())


def form_with(page: Page, button: str, about: str = "") -> tuple[Node, dict[str, list[str]]]:
    """Find the form that does something, with what it sends as it stands."""
    for form in page.root.all("form", method="post"):
        if form.attributes["action"] == "/admin/logout" and button != "out":
            continue
        fields = _fields(form)
        pressed = [one.attributes["value"] for one in form.all("button", name="do")]
        does = button in {*fields.get("do", ()), *pressed} or (
            button in {"", "out"} and not pressed
        )
        if does and (not about or any(about in values for values in fields.values())):
            if button in pressed:
                fields["do"] = [button]
            return form, fields
    raise AssertionError(f"no form does {button!r}")


def _fields(form: Node) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for node in form.all():
        name, told = node.attributes.get("name"), node.attributes
        if node.tag == "input" and name:
            if told.get("type") != "checkbox" or "checked" in told:
                found.setdefault(name, []).append(told.get("value", ""))
        elif node.tag == "textarea" and name:
            text = "".join(part for part in node.parts if isinstance(part, str))
            found[name] = [text.removeprefix("\n")]
        elif node.tag == "select" and name:
            options = node.all("option")
            chosen = [one for one in options if "selected" in one.attributes] or options[:1]
            found[name] = [chosen[0].attributes.get("value", chosen[0].text)]
    return found
