"""What is sent to a member, and which answers are replies."""

import pytest

from aggregator.protocol.wire import Request
from aggregator.upstream.limits import MIB
from tests import faulty
from tests.faults.upstream.kit import PATIENT_S, QUERY, SECRET, only, registered, replied
from tests.faulty import FaultyMember, SeenRequest


async def test_a_get_is_sent_exactly_as_planned(upstream):
    async with FaultyMember(faulty.json_answer({"ok": True})) as member:
        reply = replied(await upstream.ask(member.url))
        assert (reply.status, reply.body) == (200, b'{"ok": true}')
        assert reply.headers["content-type"] == "application/json"
        seen = only(member)
    assert seen.line == f"GET /g_variants?{QUERY} HTTP/1.1"
    assert seen.body == b""
    assert seen.headers == {
        "host": f"127.0.0.1:{member_port(seen)}",
        "accept": "application/json",
        "accept-encoding": "gzip, deflate",
        "user-agent": "beacon-aggregator/1.2.3 (+https://network.example)",
        "via": "1.1 org.example.network",
    }


def member_port(seen: SeenRequest) -> str:
    return seen.headers["host"].rpartition(":")[2]


async def test_the_address_is_not_rewritten(upstream):
    odd = "/a%2Fb/%7Bx%7D?q=%3A%2c+%20'~&r=a,b"
    async with FaultyMember() as member:
        request = Request("GET", member.url + odd)
        await upstream.client.call(
            registered(member.url), request, timeout_s=PATIENT_S, max_body_bytes=MIB
        )
        assert only(member).target == odd


async def test_a_post_carries_json_and_the_credential(upstream):
    async with FaultyMember() as member:
        await upstream.ask(member.url, method="POST", authorization=SECRET)
        seen = only(member)
    assert (seen.method, seen.body) == ("POST", b'{"query": {}}')
    assert seen.headers["content-type"] == "application/json"
    assert seen.headers["authorization"] == SECRET


async def test_cookies_of_members_are_not_kept(upstream):
    async with FaultyMember(faulty.answer(headers=[("Set-Cookie", "session=1")])) as member:
        await upstream.ask(member.url)
        await upstream.ask(member.url)
        assert all("cookie" not in seen.headers for seen in member.requests)


async def test_connections_are_kept_and_used_again(upstream):
    async with FaultyMember() as member:
        for _ in range(3):
            replied(await upstream.ask(member.url, method="POST"))
        assert (member.connections, upstream.pooled) == (1, 1)


@pytest.mark.parametrize("status", [200, 204, 400, 401, 404, 429, 500, 501, 508])
async def test_every_status_but_redirects_is_a_reply(upstream, status):
    body = b"" if status == 204 else b'{"error": {}}'
    async with FaultyMember(faulty.answer(body, status)) as member:
        result = await upstream.ask(member.url)
        assert (replied(result).status, result.attempts) == (status, 1)


@pytest.mark.parametrize(
    "behaviour",
    [faulty.html(), faulty.invalid_json(), faulty.invalid_utf8(), faulty.nested()],
    ids=["html", "invalid_json", "invalid_utf8", "nested"],
)
async def test_what_a_body_says_is_not_judged_here(upstream, behaviour):
    async with FaultyMember(behaviour) as member:
        assert replied(await upstream.ask(member.url)).status == 200
        assert upstream.pooled == 1


async def test_a_compressed_answer_is_decompressed(upstream):
    async with FaultyMember(faulty.gzip_bomb(100_000)) as member:
        assert replied(await upstream.ask(member.url)).body == b"0" * 100_000


async def test_repeated_headers_are_joined(upstream):
    headers = [("Via", "1.1 a"), ("Via", "1.1 b")]
    async with FaultyMember(faulty.answer(headers=headers)) as member:
        assert replied(await upstream.ask(member.url)).headers["via"] == "1.1 a, 1.1 b"
