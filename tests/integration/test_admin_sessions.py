"""Sessions of operators end when they sign out, and forms come from pages of this network alone."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from aggregator.api.auth import SESSION_S
from registry.spent_forms import FORM_KEPT_S
from tests.faulty import FaultyMember
from tests.integration.operators import (
    AS_OPERATOR,
    SECURED,
    TOKEN,
    Visitor,
    call,
    problem_of,
)
from tests.networks import Running, entry, network_of, nothing_left, scripted
from tests.pages import HTML

__all__ = ["nothing_left"]

PUBLIC = "https://beacons.example.org"
NOT_OURS = "was not made by this page. Nothing was changed."


@pytest.fixture
async def net(nothing_left: None) -> AsyncIterator[Running]:
    async with (
        FaultyMember(scripted()) as member,
        network_of([entry(member, "one")], security=SECURED, network={"public_url": PUBLIC}) as net,
    ):
        yield net


async def is_in(visitor: Visitor, path: str = "/admin") -> bool:
    return (await visitor.ask("GET", path)).status == 200


async def signed_out(visitor: Visitor) -> None:
    await visitor.send(await visitor.get("/admin"), "out")
    assert not visitor.cookies


async def test_after_signing_out_the_old_cookie_opens_nothing(net: Running) -> None:
    visitor, other = await Visitor(net).sign_in(), await Visitor(net).sign_in()
    kept = dict(visitor.cookies)
    page = await visitor.get("/admin/groups")
    await signed_out(visitor)
    thief = Visitor(net, dict(kept))
    assert not await is_in(thief)
    assert (await thief.ask("GET", "/admin/api/members")).status == 401
    reply = await thief.send(page, "describe", id="asia", name="Asia")
    assert reply.headers["Location"].startswith("/admin/login?")
    assert (await call(net, "GET", "groups")).json["groups"] == []
    assert await is_in(other), "the sessions of other browsers go on"
    assert await is_in(await visitor.sign_in()), "and so does who signs in again"
    assert not await is_in(Visitor(net, kept))


def test_a_session_that_ended_is_remembered_for_longer_than_it_could_last() -> None:
    assert FORM_KEPT_S > SESSION_S


async def test_a_cookie_written_in_another_way_is_the_same_session(net: Running) -> None:
    """The last sign of a signature has bits that mean nothing."""
    visitor = await Visitor(net).sign_in()
    ((name, kept),) = visitor.cookies.items()
    signs = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    spellings = [Visitor(net, {name: kept[:-1] + sign}) for sign in signs]
    assert sum([await is_in(one) for one in spellings]) > 1
    await signed_out(visitor)
    assert not any([await is_in(one) for one in spellings])


async def test_signing_out_of_one_process_is_known_to_all(
    nothing_left: None, tmp_path: Path
) -> None:
    shared = {"security": SECURED, "registry": {"url": f"sqlite:///{tmp_path}/registry.sqlite"}}
    async with network_of(**shared) as one, network_of(**shared) as other:
        visitor = await Visitor(one).sign_in()
        kept = dict(visitor.cookies)
        assert await is_in(Visitor(other, dict(kept)))
        await signed_out(visitor)
        assert not await is_in(Visitor(other, dict(kept)))


async def test_pages_take_no_bearer_token(net: Running) -> None:
    for path in ("/admin", "/admin/keys"):
        for headers in (AS_OPERATOR, {"Authorization": "Bearer a guess"}):
            reply = await net.ask(path=path, headers=headers)
            assert reply.status == 401
            assert "/admin/api" in problem_of(reply)
            reply = await net.ask(path=path, headers={**headers, **HTML})
            assert reply.status == 303


async def test_no_page_tells_right_tokens_from_wrong_ones(nothing_left: None) -> None:
    """Beyond the limit no path looks at a token, however it is sent."""
    async with network_of(security={**SECURED, "join_rate_limit": 3}) as net:
        for number in range(3):
            await call(net, "GET", "members", token=f"guess {number}", status=401)
        answers = set()
        for token in (TOKEN, "another guess"):
            headers = {"Authorization": f"Bearer {token}"}
            for path in ("/admin", "/admin/log", "/admin/members/one"):
                answers.add((await net.ask(path=path, headers=headers)).status)
        assert answers == {401}
        await call(net, "GET", "members", status=429)


async def test_guesses_at_the_same_moment_are_counted_too(nothing_left: None) -> None:
    async with network_of(security={**SECURED, "join_rate_limit": 3}) as net:
        guesses = [
            net.ask(path="/admin/api/members", headers={"Authorization": f"Bearer guess {number}"})
            for number in range(30)
        ]
        told = Counter(reply.status for reply in await asyncio.gather(*guesses))
        assert told == {401: 3, 429: 27}


ELSEWHERE = [
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "cross-site", "Origin": "null"},
    {"Origin": "https://evil.example"},
    {"Origin": "http://beacons.example.org.evil.example"},
    {"Origin": "https://[evil"},
]
HERE = [
    {},
    {"Sec-Fetch-Site": "same-origin"},
    {"Sec-Fetch-Site": "same-origin", "Origin": "null"},
    {"Sec-Fetch-Site": "same-origin", "Origin": "https://behind.a.proxy"},
    {"Sec-Fetch-Site": "none"},
    {"Origin": "null"},
    {"Origin": PUBLIC},
    {"Origin": "http://127.0.0.1"},
]


@pytest.mark.parametrize("headers", ELSEWHERE)
async def test_a_form_sent_from_another_site_is_refused(
    net: Running, headers: dict[str, str]
) -> None:
    visitor = Visitor(net, headers=headers)
    page = await visitor.get("/admin/login")
    reply = await visitor.send(page, "", status=403, token=TOKEN)
    assert NOT_OURS in reply.text
    assert not visitor.cookies
    one = await Visitor(net).sign_in()
    one.headers = headers
    page = await one.get("/admin/members/one")
    for button in ("pause", "out"):
        assert NOT_OURS in (await one.send(page, button, status=403)).text
    assert await is_in(one)
    manage = await one.get("/manage/one")
    assert NOT_OURS in (await one.send(manage, "", status=403, key="x")).text


@pytest.mark.parametrize("headers", HERE)
async def test_a_form_of_this_network_is_taken(net: Running, headers: dict[str, str]) -> None:
    visitor = await Visitor(net, headers=headers).sign_in()
    await visitor.press("/admin/members/one", "pause")
    await signed_out(visitor)
