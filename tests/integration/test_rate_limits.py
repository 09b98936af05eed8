"""Clients that ask too much: told so in the shape of the path, and nothing reaches a member."""

import asyncio
from collections.abc import AsyncIterator
from html.parser import HTMLParser

import pytest

from demo import Fault
from tests.networks import BRAF, DemoRunning, Reply, demo_running, network_of
from tests.official import official

HTML = {"Accept": "text/html"}
LIMIT = 4
"""Enough for BRAF once, which is put to three members of the demo network, and not twice."""
QUERIES = [
    ("/api/g_variants", {}),
    ("/v1/query", {}),
    ("/search.json", {"q": "7-140753336-A-T", "assembly": "GRCh38"}),
    ("/search.csv", {"q": "7-140753336-A-T", "assembly": "GRCh38"}),
    ("/search.txt", {"q": "7-140753336-A-T", "assembly": "GRCh38"}),
    ("/search", {"q": "7-140753336-A-T", "assembly": "GRCh38"}),
]


@pytest.fixture
async def limited(nothing_left: None) -> AsyncIterator[DemoRunning]:
    """The demo network; a client may put one question to all members in a minute."""
    security = {"allow_private_members": True, "rate_limit": LIMIT}
    async with demo_running(security=security) as running:
        yield running


def cost(before: Reply, after: Reply) -> int:
    remaining = [int(reply.headers["RateLimit-Remaining"]) for reply in (before, after)]
    return remaining[0] - remaining[1]


def asked(reply: Reply) -> int:
    return sum(not ending.startswith("not_asked") for ending in reply.endings.values())


async def test_without_a_limit_nothing_is_counted(net: DemoRunning) -> None:
    reply = await net.ask(BRAF)
    assert not any(name.startswith("RateLimit") for name in reply.headers)


async def test_a_question_costs_as_many_as_are_asked(nothing_left: None) -> None:
    security = {"allow_private_members": True, "rate_limit": 1000}
    async with demo_running(security=security) as net:
        first = await net.ask(BRAF)
        assert int(first.headers["RateLimit-Remaining"]) == 1000 - asked(first)
        assert asked(first) == 3

        again = await net.ask(BRAF)  # from the cache
        assert cost(first, again) == asked(again)
        one = await net.ask(BRAF | {"ask": "demo-records"})
        assert cost(again, one) == asked(one) == 1
        v1 = await net.ask(BRAF, path="/v1/query")
        assert cost(one, v1) == asked(v1)
        explained = await net.ask(BRAF, path="/network/explain/g_variants")
        assert cost(v1, explained) == 1
        terms = await net.ask(path="/api/filtering_terms")
        assert cost(explained, terms) == 1


async def test_what_asks_no_member_is_free(limited: DemoRunning) -> None:
    await limited.ask(BRAF)
    assert (await limited.ask(BRAF)).status == 429
    for path in ("/", "/api", "/api/info", "/v1/", "/api/map", "/livez", "/readyz"):
        reply = await limited.ask(path=path, headers=HTML)
        assert reply.status == 200, path
        assert "RateLimit-Limit" not in reply.headers
    bad = await limited.ask(BRAF | {"start": "here"})
    assert bad.status == 400
    assert (await limited.ask(BRAF | {"ask": "nobody"})).status == 400


async def test_a_question_no_member_can_be_asked_is_free(nothing_left: None) -> None:
    security = {"allow_private_members": True, "rate_limit": 1}
    async with network_of([], security=security) as net:
        for _ in range(3):
            reply = await net.ask(BRAF)
            assert reply.status == 503  # nobody is registered
            assert "RateLimit-Limit" not in reply.headers


@pytest.mark.parametrize(("path", "parameters"), QUERIES)
async def test_beyond_the_limit_nothing_is_sent(
    limited: DemoRunning, path: str, parameters: dict[str, str]
) -> None:
    await limited.ask(BRAF)
    before = limited.times_asked
    headers = HTML if path == "/search" else {}
    reply = await limited.ask(parameters or BRAF, path=path, headers=headers)
    assert reply.status == 429
    assert limited.times_asked == before

    assert 1 <= int(reply.headers["Retry-After"]) <= 121
    assert reply.headers["RateLimit-Limit"] == str(LIMIT)
    assert "no-store" in reply.headers["Cache-Control"]
    assert "RateLimit-Remaining" in reply.headers["Access-Control-Expose-Headers"]
    assert "Retry-After" in reply.headers["Access-Control-Expose-Headers"]
    assert reply.headers["Access-Control-Allow-Origin"] == "*"


async def test_the_refusal_is_a_valid_document_of_its_version(limited: DemoRunning) -> None:
    await limited.ask(BRAF)
    v2 = await limited.ask(BRAF)
    official.validate_v2(v2.json, "error")
    assert v2.json["error"]["errorCode"] == 429
    assert "Nothing was asked" in v2.problem
    assert f"again in {v2.headers['Retry-After']} s" in v2.problem

    v1 = await limited.ask(BRAF, path="/v1/query")
    official.validate_v1(v1.json, "response")
    assert v1.json["error"]["errorCode"] == 429
    assert "exists" not in v1.json


class Words(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.typed: str | None = None

    def handle_data(self, data: str) -> None:
        self.words += data.split()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        if tag == "input" and named.get("name") == "q":
            self.typed = named.get("value")


async def test_the_page_keeps_what_was_typed_and_says_when_to_come_back(
    limited: DemoRunning,
) -> None:
    asked = {"q": "7-140753336-A-T", "assembly": "GRCh38"}
    await limited.ask(asked, path="/search", headers=HTML)
    reply = await limited.ask(asked, path="/search", headers=HTML)
    assert reply.status == 429
    page = Words()
    page.feed(reply.text)
    assert page.typed == "7-140753336-A-T"
    assert f"again in {reply.headers['Retry-After']} s" in " ".join(page.words)


async def test_an_export_is_refused_in_words(limited: DemoRunning) -> None:
    asked = {"q": "7-140753336-A-T", "assembly": "GRCh38"}
    await limited.ask(asked, path="/search.txt")
    for path in ("/search.csv", "/search.txt"):
        reply = await limited.ask(asked, path=path)
        assert reply.status == 429
        assert reply.headers["Content-Type"].startswith("text/plain")
        assert reply.text.startswith("Too many questions: ")


async def test_the_stream_of_a_running_search_is_free(limited: DemoRunning) -> None:
    asked = {"q": "7-140753336-A-T", "assembly": "GRCh38"}
    limited.beacons["demo-counts"].fault = Fault(delay_s=1)  # it runs until both are there
    page, events = await asyncio.gather(
        limited.ask(asked, path="/search", headers=HTML),
        limited.ask(asked, path="/search/events", headers={"Accept": "text/event-stream"}),
    )
    assert (page.status, events.status) == (200, 200)
    # one of the two began the search and was charged
    charged = [reply for reply in (page, events) if "RateLimit-Limit" in reply.headers]
    assert len(charged) == 1


async def test_a_stream_is_refused_by_a_plain_status(limited: DemoRunning) -> None:
    accept = {"Accept": "text/event-stream"}
    first = await limited.ask(BRAF, headers=accept)
    assert first.status == 200
    assert first.headers["RateLimit-Limit"] == str(LIMIT)
    refused = await limited.ask(BRAF, headers=accept)
    assert refused.status == 429
    official.validate_v2(refused.json, "error")
    assert "Retry-After" in refused.headers


async def test_a_client_cannot_name_another_address(limited: DemoRunning) -> None:
    await limited.ask(BRAF, headers={"X-Forwarded-For": "198.51.100.1"})
    reply = await limited.ask(BRAF, headers={"X-Forwarded-For": "198.51.100.2"})
    assert reply.status == 429


async def test_a_client_cannot_make_up_tokens(limited: DemoRunning) -> None:
    await limited.ask(BRAF, headers={"Authorization": "Bearer one"})
    reply = await limited.ask(BRAF, headers={"Authorization": "Bearer two"})
    assert reply.status == 429


async def test_behind_a_trusted_proxy_each_client_has_its_own(nothing_left: None) -> None:
    security = {"allow_private_members": True, "rate_limit": LIMIT}
    server = {"trusted_proxies": ["127.0.0.0/8"]}
    async with demo_running(security=security, server=server) as net:
        statuses = [
            (await net.ask(BRAF, headers={"X-Forwarded-For": client})).status
            for client in ("198.51.100.1", "198.51.100.2", "6.6.6.6, 198.51.100.1")
        ]
    assert statuses == [200, 200, 429]
