"""Who gets in as an operator: by token or session, never by a guess or another site's form."""

import asyncio
import re
import string
from collections.abc import AsyncIterator

import pytest

from aggregator.api import auth
from aggregator.api.sessions import Signer
from aggregator.app import web_application
from tests.faulty import FaultyMember
from tests.integration.operators import SECURED, TOKEN, Visitor, call, form_with, problem_of
from tests.networks import Running, entry, network_of, nothing_left, scripted
from tests.pages import look

__all__ = ["nothing_left"]

PAGES = ("/admin", "/admin/add", "/admin/groups", "/admin/keys", "/admin/log", "/admin/import")
HOW = "set BEACON_SECURITY__ADMIN_TOKEN"


@pytest.fixture
async def net(nothing_left: None) -> AsyncIterator[Running]:
    async with (
        FaultyMember(scripted()) as member,
        network_of([entry(member, "one")], security=SECURED) as net,
    ):
        await net.known("one")  # nothing that is stored changes by itself after that
        yield net


async def everything(net: Running) -> object:
    return [(await call(net, "GET", path)).json for path in ("members", "keys", "log")]


NAMED = {"id": "one", "number": "1", "target": "one"}
"""What stands for the names in paths."""


async def test_every_path_of_the_api_needs_a_token(net: Running) -> None:
    before = await everything(net)
    routes = [
        (route.method, re.sub(r"\{(\w+)\}", lambda name: NAMED[name[1]], route.resource.canonical))
        for route in web_application(net.network).router.routes()
        if route.resource and str(route.resource.canonical).startswith("/admin/api")
    ]
    assert len(routes) > 25
    for method, path in routes:
        if method != "HEAD":
            reply = await net.ask(path=path, method=method, body={} if method != "GET" else None)
            assert reply.status == 401, (method, path)
            assert reply.headers["WWW-Authenticate"] == "Bearer"
            assert "Authorization: Bearer TOKEN" in problem_of(reply)
    assert await everything(net) == before


@pytest.mark.parametrize("wrong", ["wrong", TOKEN[:-1], f"{TOKEN}x", "bok_" + "x" * 43, "é" * 20])
async def test_a_wrong_token_opens_nothing(net: Running, wrong: str) -> None:
    reply = await net.ask(path="/admin/api/members", headers={"Authorization": f"Bearer {wrong}"})
    assert reply.status == 401
    assert problem_of(reply).startswith("This token is no operator's")
    assert wrong not in reply.text


async def test_members_keys_and_invitations_open_nothing(net: Running) -> None:
    keyring = net.network.registry.keyring
    invitation, _ = await keyring.invite(by="operator")
    for key in (await keyring.rotate("one", by="operator"), invitation):
        await call(net, "GET", "members", token=key, status=401)


async def test_without_any_operator_the_message_says_how_to_get_one(nothing_left: None) -> None:
    async with network_of() as net:
        for headers in ({}, {"Authorization": "Bearer something"}):
            reply = await net.ask(path="/admin/api/members", headers=headers)
            assert reply.status == 401
            assert HOW in problem_of(reply)
            assert "keys appoint" in problem_of(reply)
        assert HOW in (await look(net, "/admin/login")).text
        token, _ = await net.network.registry.keyring.appoint("ann", by="command line:root")
        assert HOW not in (await look(net, "/admin/login")).text
        await call(net, "GET", "members", token=token)


async def test_guessing_is_limited_and_then_even_the_right_token_waits(nothing_left: None) -> None:
    limited = {**SECURED, "join_rate_limit": 3}
    async with network_of(security=limited) as net:
        for _ in range(20):
            await call(net, "GET", "members")
        for number in range(3):
            await call(net, "GET", "members", token=f"guess number {number}", status=401)
        visitor = Visitor(net)
        page = await visitor.get("/admin/login")
        refused = await visitor.send(page, "", status=429, token=TOKEN)
        assert int(refused.headers["Retry-After"]) > 0
        assert "Too many wrong tokens" in refused.text
        assert not visitor.cookies
        reply = await call(net, "GET", "members", status=429)
        assert 0 < int(reply.headers["Retry-After"]) <= 61


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_asks_to_sign_in_and_comes_back(net: Running, path: str) -> None:
    visitor = Visitor(net)
    reply = await visitor.ask("GET", path)
    assert reply.status == 303
    assert reply.headers["Location"] == f"/admin/login?next={path}"
    reply = await visitor.send(await visitor.get(reply.headers["Location"]), "", token=TOKEN)
    assert reply.headers["Location"] == path
    page = await visitor.get(path)
    assert page.reply.headers["Cache-Control"] == "no-store"
    assert page.reply.headers["X-Robots-Tag"] == "noindex"
    assert page.root.all("meta", name="robots", content="noindex")
    program = await net.ask(path=path)
    assert program.status == 401
    assert "sign in at /admin/login" in problem_of(program)


@pytest.mark.parametrize(
    "elsewhere",
    [
        *("https://evil.example", "//evil.example", "/admin//evil.example", "/\\evil.example"),
        *("/search", "/administration", "/admin/login", "/admin/api/members", "/admin/../search"),
        "/admin\r\nSet-Cookie: x=y",
    ],
)
async def test_signing_in_leads_only_to_pages_of_ours(net: Running, elsewhere: str) -> None:
    visitor = Visitor(net)
    page = await visitor.get("/admin/login")
    reply = await visitor.send(page, "", token=TOKEN, next=elsewhere)
    assert reply.headers["Location"] == "/admin"


async def test_the_cookie_is_for_these_pages_alone(net: Running) -> None:
    visitor = Visitor(net)
    reply = await visitor.send(await visitor.get("/admin/login"), "", token=TOKEN)
    cookie = reply.headers["Set-Cookie"]
    for part in ("HttpOnly", "SameSite=Strict", "Path=/admin"):
        assert part in cookie
    assert TOKEN not in cookie


async def test_a_wrong_token_at_the_page_is_said_at_its_field(net: Running) -> None:
    visitor = Visitor(net)
    page = await visitor.get("/admin/login?next=/admin/log")
    reply = await visitor.send(page, "", status=401, token="not this one")
    assert "This token is no operator" in reply.text
    assert "not this one" not in reply.text
    assert 'value="/admin/log"' in reply.text
    reply = await visitor.send(page, "", status=400, token="")
    assert "type or paste your token" in reply.text
    assert not visitor.cookies


async def test_signing_out_ends_the_session_of_this_browser(net: Running) -> None:
    visitor = await Visitor(net).sign_in()
    page = await visitor.get("/admin")
    reply = await visitor.send(page, "out")
    assert "You are signed out." in (await visitor.get(reply.headers["Location"])).text
    assert (await visitor.ask("GET", "/admin")).status == 303


async def test_a_session_ends_with_its_token_and_with_its_time(
    net: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    keyring = net.network.registry.keyring
    token, kept = await keyring.appoint("ann", by="operator")
    ann = await Visitor(net).sign_in(token)
    bob = await Visitor(net).sign_in()
    page = await ann.get("/admin/groups")
    assert "Signed in as operator:ann" in page.text
    await keyring.revoke(kept.id, by="operator")
    before = await everything(net)
    reply = await ann.send(page, "describe", id="asia", name="Asia")
    assert reply.headers["Location"].startswith("/admin/login?next=/admin/groups&done=")
    ended = await ann.get(reply.headers["Location"])
    assert "Your session has ended, and nothing was changed." in ended.text
    assert (await bob.ask("GET", "/admin")).status == 200
    monkeypatch.setattr(auth, "SESSION_S", -1)
    assert (await bob.ask("GET", "/admin")).status == 303
    assert await everything(net) == before


async def test_a_session_reads_the_api_and_changes_nothing_through_it(net: Running) -> None:
    visitor = await Visitor(net).sign_in()
    assert (await visitor.ask("GET", "/admin/api/members")).status == 200
    before = await everything(net)
    reply = await visitor.ask("POST", "/admin/api/members/one/pause", {"note": ["x"]})
    assert reply.status == 401
    assert "need the token itself" in reply.text
    assert await everything(net) == before


async def test_forms_that_are_not_ours_change_nothing(net: Running) -> None:
    """No token, one of another page, another browser, another network, or made up."""
    visitor, other = await Visitor(net).sign_in(), await Visitor(net).sign_in()
    _, fields = form_with(await visitor.get("/admin/members/one"), "pause")
    elsewhere = form_with(await visitor.get("/admin/groups"), "describe")[1]["form_token"]
    theirs = form_with(await other.get("/admin/members/one"), "pause")[1]["form_token"]
    forged = Signer("another secret").sign("form /admin/members/one", "anything")
    cut = fields["form_token"][0][:-2]
    before = await everything(net)
    for token in ([], [""], elsewhere, theirs, [forged], [cut], ["x" * 9_000]):
        reply = await visitor.ask(
            "POST", "/admin/members/one", {**fields, "form_token": list(token)}
        )
        assert reply.status == 403, token
        assert "was not made by this page. Nothing was changed." in reply.text
    assert await everything(net) == before
    assert (await visitor.ask("POST", "/admin/members/one", fields)).status == 303
    assert await everything(net) != before


async def test_a_form_that_is_sent_twice_is_done_once(net: Running) -> None:
    visitor = await Visitor(net).sign_in()
    _, fields = form_with(await visitor.get("/admin/keys"), "invite")
    replies = await asyncio.gather(*(visitor.ask("POST", "/admin/keys", fields) for _ in range(4)))
    assert sorted(reply.status for reply in replies) == [200, 409, 409, 409]
    assert all("was sent before" in one.text for one in replies if one.status == 409)
    assert len((await call(net, "GET", "keys")).json["keys"]) == 1


async def test_a_form_whose_signature_is_spelt_otherwise_is_the_same(net: Running) -> None:
    visitor = await Visitor(net).sign_in()
    _, fields = form_with(await visitor.get("/admin/keys"), "invite")
    assert (await visitor.ask("POST", "/admin/keys", fields)).status == 200
    (token,) = fields["form_token"]
    # two bits of its last letter count for nothing
    letters = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"
    spelt = token[:-1] + letters[letters.index(token[-1]) ^ 1]
    again = await visitor.ask("POST", "/admin/keys", {**fields, "form_token": [spelt]})
    assert again.status == 409
    assert len((await call(net, "GET", "keys")).json["keys"]) == 1


async def test_what_was_done_is_said_in_words_of_ours_alone(net: Running) -> None:
    visitor = await Visitor(net).sign_in()
    for address in (
        "/admin?done=remove",
        "/admin?done=%3Cb%3EYou+won",
        "/admin?done=" + "x" * 5000,
    ):
        page = await visitor.get(address)
        assert not page.root.all(role="status")
    reply = await visitor.send(await visitor.get("/admin/members/one"), "pause")
    assert re.fullmatch(r"/admin/members/one\?done=[\w.-]{20,120}", reply.headers["Location"])
    assert "Paused." in (await visitor.get(reply.headers["Location"])).text


async def test_crawlers_are_kept_out(net: Running) -> None:
    robots = (await net.ask(path="/robots.txt")).text.splitlines()
    assert "Disallow: /admin" in robots
