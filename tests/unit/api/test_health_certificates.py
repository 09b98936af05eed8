"""Certificates on pages, lists and badges: told with the weight that alerts give them, no other."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from aggregator.api.badge_drawing import Tone
from aggregator.api.badge_facts import certificate_badge
from aggregator.api.health_documents import health_document
from aggregator.api.health_facts import Certificate, MemberHealth, Now, certificate_of
from aggregator.api.health_words import certificate_words
from registry.certificates import conditions
from registry.health_store import Fact

NOW = datetime(2026, 11, 20, 13, 57, tzinfo=UTC)


def fact(left: float, *, lasts: float | None = None, problem: str = "none", **more: Any) -> Fact:
    """A certificate that ends in so many days."""
    until = NOW + timedelta(days=left)
    since = None if lasts is None else (until - timedelta(days=lasts)).isoformat()
    told = {"isSeen": True, "problem": problem, "endsFirst": 0, "chain": []}
    return Fact(NOW, {**told, "validFrom": since, "validUntil": until.isoformat(), **more})


def of(seen: Fact) -> Certificate:
    read = certificate_of(seen, NOW)
    assert read is not None
    return read


def member(certificate: Certificate) -> MemberHealth:
    blank = dict.fromkeys(
        ("since", "checked_at", "cause", "last", "pause", "conformance", "controls")
    )
    fields: dict[str, Any] = {**blank, "traits": (), "groups": (), "notes": ()}
    return MemberHealth(id="a", name="A", now=Now.UP, certificate=certificate, **fields)


@pytest.mark.parametrize(
    ("left", "lasts", "level"),
    [
        (4, 6, "good"),  # renewed every few days: it never lasts a week
        (0.5, 6, "good"),
        (17, 47, "good"),
        (14, 47, "near"),
        (7, 47, "urgent"),
        (22, 90, "good"),
        (21, 90, "soon"),
        (14.5, 90, "soon"),
        (14, 90, "near"),
        (7, 90, "urgent"),
        (7, None, "urgent"),
        (0, 6, "bad"),
        (-0.1, 90, "bad"),
    ],
)
def test_the_weight_on_pages_and_badges_is_that_of_alerts(
    left: float, lasts: float | None, level: str
) -> None:
    seen = fact(left, lasts=lasts)
    read, badge = of(seen), certificate_badge(seen, now=NOW)
    assert read.level == level
    is_well = not conditions(seen.document, NOW)
    assert is_well is (level == "good")
    assert member(read).is_well is is_well
    tones = {"good": Tone.GOOD, "bad": Tone.BAD}
    assert badge.tone is tones.get(level, Tone.DOUBTFUL)


@pytest.mark.parametrize("problem", ["expired", "not_yet", "host", "untrusted", "incomplete"])
def test_what_is_wrong_is_bad_however_long_it_lasts(problem: str) -> None:
    read = of(fact(4, lasts=6, problem=problem))
    assert (read.level, member(read).is_well) == ("bad", False)


def test_what_ends_now_has_ended() -> None:
    assert certificate_words(of(fact(0, lasts=90))) == ("✕", "expired")
    assert certificate_words(of(fact(0.1, lasts=90))) == ("!", "0 days")


def test_documents_say_what_was_seen_and_what_ends_first() -> None:
    chain = [{"subject": "CN=own"}, {"subject": "CN=above"}]
    told = health_document(member(of(fact(61, endsFirst=1, chain=chain))))["certificate"]
    assert (told["isSeen"], told["endsFirst"], told["problem"]) == (True, 1, "none")


def test_behind_a_proxy_nothing_is_claimed_of_a_certificate() -> None:
    unseen = {"isSeen": False, "problem": "none", "message": "a proxy", "validUntil": None}
    read = of(Fact(NOW, {**unseen, "endsFirst": None, "chain": []}))
    told = health_document(member(read))["certificate"]
    assert (told["isSeen"], told["endsFirst"], told["problem"]) == (False, None, None)
    assert (told["message"], told["validUntil"], told["daysLeft"]) == ("a proxy", None, None)
    assert (read.level, member(read).is_well) == ("unknown", True)


@pytest.mark.parametrize("wrong", [-1, 2, "1", True, 0.5, None])
def test_a_place_that_is_not_in_the_chain_is_not_told(wrong: object) -> None:
    chain = [{"subject": "CN=own"}, {"subject": "CN=above"}]
    assert of(fact(61, endsFirst=wrong, chain=chain)).ends_first is None
