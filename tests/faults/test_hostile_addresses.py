"""Addresses that strangers could give to look into our own network: refused, all with one message.

What counts is a socket that listens on every address of this machine: nobody may come to it.
"""

import asyncio
import re
from dataclasses import replace

import pytest
import trustme

from aggregator.base.errors import BadQuery
from aggregator.model.outcome import NoAnswerCode
from aggregator.upstream.limits import UpstreamLimits
from aggregator.watch.joining import Bounds, CheckReport, Verdict
from aggregator.watch.strangers import NOT_PUBLIC, Strangers
from registry.models import MemberEntry
from registry.snapshot import RegisteredMember
from tests import faulty
from tests.faulty import FaultyMember, Wire
from tests.join_kit import Names, Trap, by_rule, checker_of, public_at, rules
from tests.networks import V2_INFO, json_answer, network_of, says
from tests.ports import free_port

LITERALS = (
    *("127.0.0.1", "127.0.0.53", "127.255.255.254", "127.1", "127.0.1", "2130706433"),
    *("017700000001", "0x7f000001", "0x7f.0.0.1", "0x7f.1", "0177.0.0.1", "00000177.1"),
    *("127.000.000.001", "127.0.0.1.", "127.1.", "2130706433.", "0", "0x0", "0.0.0.0", "0.0.0.0."),
    *("[::1]", "[0:0:0:0:0:0:0:1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]"),
    *("[::127.0.0.1]", "[::ffff:0:127.0.0.1]", "[64:ff9b::127.0.0.1]", "[64:ff9b:1::7f00:1]"),
    *("[2002:7f00:1::]", "[2002:7f00:1::1]", "[2001:0:7f00:1::]", "[::1%25lo]", "[fe80::1%25lo]"),
    *("10.0.0.1", "10.255.255.255", "0xa.1", "167772161", "172.16.0.1", "172.31.255.255"),
    *("192.168.0.1", "192.168.257", "169.254.169.254", "2852039166", "0xa9fea9fe"),
    *("[::ffff:169.254.169.254]", "[64:ff9b::a9fe:a9fe]", "[fd00:ec2::254]", "[fc00::1]"),
    *("[fe80::1]", "[fec0::1]", "100.64.0.1", "192.0.0.192", "192.0.2.1", "198.18.0.1"),
    *("224.0.0.1", "239.255.255.250", "[ff02::1]", "240.0.0.1", "255.255.255.255", "[2001:db8::1]"),
)
"""Spellings of addresses that are not public."""

NAMES = (
    *("localhost", "LOCALHOST", "LocalHost.", "ip6-localhost", "printer.localhost"),
    *(
        "１２７.０.０.１",
        "①②⑦.⓪.⓪.①",
        "127。0。0。1",
        "١٢٧.٠.٠.١",
        "ｌｏｃａｌｈｏｓｔ",
        "ⓛⓞⓒⓐⓛhost",
    ),
    *("loc%61lhost", "%31%32%37.0.0.1", "127.0.0.1%00.example.org", "127.0.0.1%2f.example.org"),
    *("127.0.0.1%23.example.org", "a..b", "-"),
    *("256.0.0.1", "4294967296", "metadata.google.internal", "no-such-name.example"),
)
"""Names and what looks like one."""

INSIDE = {
    "inside.example": [["10.0.0.8"]],
    "loop.example": [["127.0.0.1"]],
    "six.example": [["::1"]],
    "mapped.example": [["::ffff:127.0.0.1"]],
    "nat.example": [["64:ff9b::7f00:1"]],
    "both.example": [["192.168.1.1", "::1"]],
    "cloud.example": [["169.254.169.254"]],
    "carrier.example": [["100.64.1.1"]],
    "nothing.example": [["0.0.0.0"]],
    "xn--bcher-kva.example": [["127.0.0.1"]],
}
"""Names of a public DNS that lead inside."""

HOSTILE = (*LITERALS, *NAMES)
SECRETS = re.compile(
    r"errno|traceback|/work|/etc|\.py\b|aiohttp|getaddrinfo|servfail|corp\.internal|10\.1\.2\.3"
    r"|loopback|private|link-local|multicast|reserved|object at",
    re.IGNORECASE,
)
"""What a stranger is not told: how we failed, who resolves names for us, and what is where."""


def refusals(report: CheckReport) -> set[tuple[str, str, str, str]]:
    """What the report says, without the request as it was typed."""
    return {
        (one.rule, one.verdict.value, one.message, one.came)
        for one in report.findings
        if one.verdict is not Verdict.SKIPPED
    }


REFUSED = {
    (
        "address",
        "fail",
        f"This address, or one it redirects to, {NOT_PUBLIC}.",
        NOT_PUBLIC,
    )
}


def test_there_are_enough_of_them():
    assert len({*HOSTILE, *INSIDE}) == len(HOSTILE) + len(INSIDE)
    assert len(HOSTILE) + len(INSIDE) >= 40


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_every_hostile_address_is_refused_alike_and_never_called(scheme):
    with Trap() as trap:
        async with checker_of(allow_private=False) as upstream:
            for host in HOSTILE:
                report = await upstream.check(f"{scheme}://{host}:{trap.port}/api")
                assert refusals(report) == REFUSED, host
                assert (report.member, report.may_join) == (None, False)
            assert trap.visitors == 0


async def test_names_that_lead_inside_are_refused_as_those_that_lead_nowhere():
    with Trap() as trap:
        async with checker_of(allow_private=False, resolver=Names(INSIDE)) as upstream:
            for name in (*INSIDE, "nowhere.example", "bücher.example"):
                report = await upstream.check(f"http://{name}:{trap.port}")
                assert refusals(report) == REFUSED, name
            assert trap.visitors == 0


@pytest.mark.parametrize("port", [None, 0, 1, 22, 25, 6379, 65535])
async def test_odd_ports_make_no_difference(port):
    async with checker_of(allow_private=False) as upstream:
        place = "127.0.0.1" if port is None else f"127.0.0.1:{port}"
        assert refusals(await upstream.check(f"http://{place}")) == REFUSED


async def test_nothing_tells_whether_somebody_listens_there():
    with Trap() as trap:
        async with checker_of(allow_private=False) as upstream:
            told = []
            for port in (trap.port, free_port()):
                report = await upstream.check(f"http://127.0.0.1:{port}")
                told.append(
                    [replace(one, sent=one.sent.replace(f":{port}", "")) for one in report.findings]
                )
            assert told[0] == told[1]
            assert trap.visitors == 0


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "inside.example", "nowhere.example"])
async def test_nothing_internal_is_told(host):
    async with checker_of(allow_private=False, resolver=Names(INSIDE)) as upstream:
        report = await upstream.check(f"http://{host}")
        told = [
            text
            for one in report.findings
            for text in (one.message, one.fix, one.came, one.sent.replace(host, ""))
        ]
        assert not [text for text in told if SECRETS.search(text)]


@pytest.mark.parametrize(
    "url",
    [
        *("http://93.184.215.14@127.0.0.1:PORT", "http://user:word@127.0.0.1:PORT"),
        *("http://example.org\\@127.0.0.1:PORT", "http://127.0.0.1:PORT@example.org"),
        *("http://example.org %20@127.0.0.1:PORT", "http://127.0.0.1:PORT#@example.org"),
        *("http://127.0.0.1:PORT?@example.org", "http://127.0.0.1:PORT:80", "http://[::1"),
        *(
            "http://127.0.0.1\\.example.org:PORT",
            "http://xn--a.org:PORT",
            "http://xn--localhost-:PORT",
        ),
        *("http://127.0.0.1:65536", "http://127.0.0.1:-1", "http://[127.0.0.1]:PORT"),
        *("http://local\u00adhost:PORT", "http://127.0.0.1\u200b:PORT", "http://127.0.0.1\t:PORT"),
        *("file:///etc/passwd", "gopher://127.0.0.1:PORT", "ftp://127.0.0.1", "//127.0.0.1:PORT"),
        *("unix:///run/docker.sock", "127.0.0.1:PORT", "http://", "http:///x", "", "javascript:x"),
    ],
)
async def test_what_is_no_address_of_a_beacon_is_not_looked_at(url):
    with Trap() as trap:
        async with checker_of(allow_private=False) as upstream:
            with pytest.raises(BadQuery) as refused:
                await upstream.check(url.replace("PORT", str(trap.port)))
            assert refused.value.message.startswith("url: ")
            assert not SECRETS.search(refused.value.message)
            assert trap.visitors == 0


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_redirect_to_any_of_them_is_refused_alike(status):
    with Trap() as trap:
        for host in HOSTILE:
            target = f"http://{host}:{trap.port}/info"
            async with FaultyMember(faulty.redirect(_sendable(target), status)) as public:
                guard = public_at(lambda _, port, public=public: port == public.port)
                async with checker_of(allow_private=False, guard=guard) as upstream:
                    report = await upstream.check(public.url)
                assert public.requests
            told = refusals(report)
            assert told == REFUSED or (host in NAMES and _is_no_redirect(report)), host
            assert report.member is None
            assert not [one for one in report.findings if SECRETS.search(one.came)]
        assert trap.visitors == 0


def _sendable(target: str) -> str:
    """A Location header holds bytes; what is no ASCII goes as UTF-8."""
    return target.encode().decode("latin-1")


def _is_no_redirect(report: CheckReport) -> bool:
    """Whether the target was not even an address."""
    return all("HTTP 30" in one.came or not one.came for one in report.findings)


async def test_a_chain_of_redirects_that_ends_inside_is_refused():
    with Trap() as trap:
        inside = faulty.redirect(f"http://127.0.0.1:{trap.port}/")
        async with FaultyMember(inside) as second:
            async with FaultyMember(
                faulty.redirect(f"http://second.example:{second.port}/")
            ) as one:
                names = Names({"one.example": [["127.0.0.1"]], "second.example": [["127.0.0.1"]]})
                ports = {one.port, second.port}
                guard = public_at(lambda _, port: port in ports)
                async with checker_of(allow_private=False, resolver=names, guard=guard) as upstream:
                    report = await upstream.check(f"http://one.example:{one.port}")
                assert one.requests
                assert second.requests
        assert refusals(report) == REFUSED
        assert trap.visitors == 0


async def test_a_name_that_moves_inside_between_two_looks_is_refused():
    """DNS rebinding: what counts is the address of each connection."""
    port = free_port("127.0.0.1", "127.0.0.2")
    async with FaultyMember(json_answer(V2_INFO), host="127.0.0.2", port=port) as public:
        with Trap("127.0.0.1", port=port) as trap:
            names = Names({"moving.example": [["127.0.0.2"], ["127.0.0.1"]]})
            guard = public_at(lambda host, _: host == "127.0.0.2")
            async with checker_of(allow_private=False, resolver=names, guard=guard) as upstream:
                url = f"http://moving.example:{public.port}"
                first = await upstream.check(url)
                assert by_rule(first)["address"].verdict is Verdict.PASS
                seen = len(public.requests)
                _forget_connections(upstream)
                second = await upstream.check(url)
            assert refusals(second) == REFUSED
            assert len(public.requests) == seen
            assert trap.visitors == 0


async def test_a_name_that_moves_inside_within_a_check_is_not_followed_for_its_certificate(
    tmp_path,
):
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    tls = faulty.server_tls(authority, "moving.example")
    port = free_port("127.0.0.1", "127.0.0.2")
    async with FaultyMember(json_answer(V2_INFO), host="127.0.0.2", port=port, tls=tls) as public:
        with Trap("127.0.0.1", port=port) as trap:
            names = Names({"moving.example": [["127.0.0.2"], ["127.0.0.1"]]})
            guard = public_at(lambda host, _: host == "127.0.0.2")
            async with checker_of(
                allow_private=False,
                resolver=names,
                guard=guard,
                ca_file=str(tmp_path / "ca.pem"),
            ) as upstream:
                report = await upstream.check(f"https://moving.example:{public.port}")
            assert len(names.asked) == 2
            assert trap.visitors == 0
    assert "days" not in by_rule(report)["tls"].message


def _forget_connections(upstream) -> None:
    """Do what time does: names are looked up again, and idle connections closed."""
    connector = upstream.session._session.connector
    connector.clear_dns_cache()
    for key in list(connector._conns):
        for protocol, _ in connector._conns.pop(key):
            protocol.close()


async def test_a_name_with_an_outside_and_an_inside_address_never_leads_inside():
    gone = free_port("127.0.0.1", "127.0.0.2")
    with Trap("127.0.0.1", port=gone) as trap:
        names = Names({"half.example": [["127.0.0.2", "127.0.0.1"]]})
        guard = public_at(lambda host, _: host == "127.0.0.2")
        async with checker_of(allow_private=False, resolver=names, guard=guard) as upstream:
            for scheme in ("http", "https"):
                report = await upstream.check(f"{scheme}://half.example:{gone}")
                assert not report.may_join
                assert not [one for one in report.findings if SECRETS.search(one.message)]
        assert trap.visitors == 0


async def test_a_map_that_leads_inside_is_not_followed():
    with Trap() as trap:
        inside = f"http://127.0.0.1:{trap.port}"
        places = {
            "genomicVariant": {"entryType": "genomicVariant", "rootUrl": f"{inside}/g_variants"},
            "individual": {"entryType": "individual", "rootUrl": f"{inside}/individuals"},
        }
        documents = {
            "/info": V2_INFO,
            "/map": {"meta": V2_INFO["meta"], "response": {"endpointSets": places}},
            "/g_variants": says(),
            "/individuals": says(),
        }

        async def behave(wire: Wire) -> None:
            path = wire.request.target.partition("?")[0]
            document = documents.get(path)
            await json_answer(document or {}, 200 if document else 404)(wire)

        async with FaultyMember(behave) as public:
            guard = public_at(lambda _, port: port == public.port)
            names = Names({"public.example": [["127.0.0.1"]]})
            async with checker_of(allow_private=False, resolver=names, guard=guard) as upstream:
                report = await upstream.check(f"http://public.example:{public.port}")
            asked = {one.target.partition("?")[0] for one in public.requests}
        assert asked >= {"/g_variants", "/individuals"}
        assert by_rule(report)["map"].verdict is Verdict.ADVICE
        assert trap.visitors == 0


async def test_behind_a_proxy_it_hears_of_none_of_them():
    async with FaultyMember() as proxy:
        async with checker_of(
            allow_private=False, proxy=proxy.url, resolver=Names(INSIDE)
        ) as upstream:
            # a name only the proxy could resolve is passed on: the proxy refuses what is inside
            outside = {"256.0.0.1", "no-such-name.example", "١٢٧.٠.٠.١", "a..b"}
            for host in (*LITERALS, *NAMES, *INSIDE):
                if host not in outside:
                    report = await upstream.check(f"http://{host}")
                    assert refusals(report) == REFUSED, host
        assert proxy.connections == 0


@pytest.mark.parametrize("host", ["bücher.example", "xn--bcher-kva.example", "8.8.8.8"])
async def test_behind_a_proxy_names_are_looked_up_as_the_proxy_reads_them(host):
    async with FaultyMember(json_answer(V2_INFO)) as proxy:
        names = Names({"xn--bcher-kva.example": [["93.184.215.14"]]})
        async with checker_of(allow_private=False, proxy=proxy.url, resolver=names) as upstream:
            report = await upstream.check(f"http://{host}")
        assert by_rule(report)["info"].verdict is Verdict.PASS
        assert {*names.asked} <= {"xn--bcher-kva.example"}
        assert proxy.requests


async def test_looks_at_documents_are_refused_alike():
    with Trap() as trap:
        async with checker_of(allow_private=False) as upstream:
            strangers = Strangers(upstream.client, network_id="org.example.network")
            for host in HOSTILE:
                found = await strangers.look(f"http://{host}:{trap.port}")
                assert {one.result for one in found.looks} == {NOT_PUBLIC}, host
            assert trap.visitors == 0


async def test_lists_and_logos_are_fetched_through_the_same_guard():
    with Trap() as trap:
        async with checker_of(allow_private=False) as upstream:
            for host in HOSTILE:
                url = f"http://{host}:{trap.port}/list.json"
                someone = MemberEntry.model_construct(id="source", url=url)
                followed = await upstream.client.get_following(
                    RegisteredMember(someone), url, timeout_s=5.0, max_body_bytes=1000
                )
                failure = followed.result.failure
                assert failure is not None, host
                assert failure.code in {NoAnswerCode.ADDRESS, NoAnswerCode.DNS}, host
            assert trap.visitors == 0


async def test_a_name_server_that_hangs_ends_with_the_check():
    class Hanging(Names):
        async def resolve(self, host, port=0, family=0):
            await asyncio.Event().wait()

    limits = UpstreamLimits(member_timeout_s=60)
    bounds = Bounds(check_s=0.2)
    async with checker_of(
        allow_private=False, resolver=Hanging({}), limits=limits, bounds=bounds
    ) as upstream:
        report = await upstream.check("http://slow.example")
    assert rules(report, Verdict.FAIL) == {"latency"}
    assert "0.2 s" in by_rule(report)["latency"].message


async def test_the_pages_and_the_api_refuse_them_alike():
    chosen = ("127.1", "0x7f000001", "[::ffff:7f00:1]", "localhost.", "①②⑦.⓪.⓪.①", "no.example")
    with Trap() as trap:
        async with network_of(
            security={"allow_private_members": False, "join_rate_limit": 100}
        ) as net:
            told = set()
            for host in chosen:
                asked = {"url": f"http://{host}:{trap.port}"}
                report = await net.ask(asked, path="/join/check.json")
                (failed,) = [one for one in report.json["findings"] if one["verdict"] == "fail"]
                told.add((failed["rule"], failed["message"], failed["came"]))
                page = await net.ask(asked, path="/join/check", headers={"Accept": "text/html"})
                assert NOT_PUBLIC in page.text
                looked = await net.ask({"endpoint": asked["url"]}, path="/validate")
                assert all(NOT_PUBLIC in one["message"] for one in looked.json)
            assert len(told) == 1
        assert trap.visitors == 0
