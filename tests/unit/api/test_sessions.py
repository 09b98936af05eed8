"""What is signed is read back, for its purpose, for its time, and by nobody else's secret."""

import itsdangerous
import pytest

from aggregator.api.sessions import Signer

HOUR = 3600


@pytest.fixture
def signer():
    return Signer("a secret")


@pytest.mark.parametrize("subject", ["", "member", "ünïcode ~ |", "x" * 500])
def test_what_was_signed_is_read(signer, subject):
    assert signer.read("form", signer.sign("form", subject), within_s=HOUR) == subject


def test_no_two_signatures_are_equal(signer):
    assert signer.sign("form", "one") != signer.sign("form", "one")


def test_another_process_with_the_secret_reads_it():
    assert Signer("s").read("form", Signer("s").sign("form", "one"), within_s=HOUR) == "one"


def test_another_purpose_or_secret_reads_nothing(signer):
    signed = signer.sign("form", "one")
    assert signer.read("session", signed, within_s=HOUR) is None
    assert Signer("another").read("form", signed, within_s=HOUR) is None


@pytest.mark.parametrize("given", ["", "x", "a.b.c", "é" * 10, "x" * 100_000])
def test_what_was_never_signed_is_nothing(signer, given):
    assert signer.read("form", given, within_s=HOUR) is None


def test_a_changed_letter_is_seen(signer):
    signed = signer.sign("form", "one")
    for place in range(len(signed) - 1):  # the last letter holds bits that mean nothing
        other = "A" if signed[place] != "A" else "B"
        changed = signed[:place] + other + signed[place + 1 :]
        assert signer.read("form", changed, within_s=HOUR) is None


def test_it_ends_with_its_time(signer, monkeypatch):
    signed = signer.sign("form", "one")
    now = itsdangerous.TimestampSigner.get_timestamp
    for later_s, seen in ((HOUR - 5, "one"), (HOUR + 5, None)):
        monkeypatch.setattr(
            itsdangerous.TimestampSigner,
            "get_timestamp",
            lambda self, later_s=later_s: now(self) + later_s,
        )
        assert signer.read("form", signed, within_s=HOUR) == seen
