"""The check before joining over https: certificates, and maps that lead away from it."""

import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme

from aggregator.watch.joining import Verdict
from tests import faulty
from tests.faulty import FaultyMember
from tests.join_kit import beacon, by_rule, checker_of, rules
from tests.networks import V2_INFO

WAY = {"address", "connection"}


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def ca_file(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    path: Path = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return str(path)


def lasting(authority: trustme.CA, days: float) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    now = datetime.now(UTC)
    issued = authority.issue_cert(
        "127.0.0.1", not_before=now - timedelta(days=90), not_after=now + timedelta(days=days)
    )
    issued.configure_cert(context)
    return context


@pytest.mark.parametrize(
    ("days", "verdict"), [(60.5, Verdict.PASS), (30.5, Verdict.PASS), (12.5, Verdict.ADVICE)]
)
async def test_the_days_of_a_certificate_are_counted(authority, ca_file, days, verdict):
    async with (
        FaultyMember(beacon(), tls=lasting(authority, days)) as member,
        checker_of(ca_file=ca_file) as upstream,
    ):
        report = await upstream.check(member.url)
    told = by_rule(report)["tls"]
    assert told.verdict is verdict
    assert f"({int(days)} days), issued by trustme" in told.message
    assert report.may_join


def leaf_only(authority: trustme.CA, folder: Path) -> ssl.SSLContext:
    """A server that forgets the certificate between its own and the authority's."""
    issued = authority.create_child_ca().issue_cert("127.0.0.1")
    path = folder / "leaf.pem"
    issued.private_key_pem.write_to_path(str(path))
    issued.cert_chain_pems[0].write_to_path(str(path), append=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("expired", "Its certificate has expired"),
        ("other host", "for another host than 127.0.0.1"),
        ("stranger", "authority we do not trust"),
        ("leaf only", "does not send the certificates in between"),
    ],
)
async def test_a_certificate_that_cannot_be_trusted_is_named(
    authority, ca_file, tmp_path, kind, said
):
    tls = {
        "expired": lambda: faulty.server_tls(authority, expired=True),
        "other host": lambda: faulty.server_tls(authority, "other.example"),
        "stranger": lambda: faulty.server_tls(trustme.CA()),
        "leaf only": lambda: leaf_only(authority, tmp_path),
    }[kind]()
    async with FaultyMember(beacon(), tls=tls) as member, checker_of(ca_file=ca_file) as upstream:
        report = await upstream.check(member.url)
    assert rules(report, Verdict.FAIL) == {"tls"}
    assert rules(report, Verdict.PASS) == WAY
    assert said in by_rule(report)["tls"].message
    assert by_rule(report)["tls"].fix


async def test_a_map_that_leads_from_https_to_http_has_to_be_changed(authority, ca_file):
    place = {"entryType": "genomicVariant", "rootUrl": "http://127.0.0.1/g_variants"}
    document = {"meta": V2_INFO["meta"], "response": {"endpointSets": {"genomicVariant": place}}}
    async with (
        FaultyMember(beacon(map=document), tls=faulty.server_tls(authority)) as member,
        checker_of(ca_file=ca_file) as upstream,
    ):
        report = await upstream.check(member.url)
    assert rules(report, Verdict.FAIL) == {"map"}
    told = by_rule(report)["map"]
    assert "EndpointSets.genomicVariant.rootUrl is a plain http:// address" in told.message
    assert "https://" in told.fix
