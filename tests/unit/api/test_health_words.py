"""Sentences about health: numbers that add up, none rounded up, nobody called what is unknown."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from aggregator.api import health_words as words
from aggregator.api.health_drawings import Slot
from aggregator.api.health_facts import Certificate, MemberHealth, Now, certificate_of
from aggregator.watch.join_rules import FIXES
from registry.health import Check, Phase, Result
from registry.health_store import Fact
from registry.history import Figures, Uptime
from registry.incidents import Incident, Topic
from registry.models import Pause

NOW = datetime(2026, 11, 20, 13, 57, tzinfo=UTC)
SINCE = NOW - timedelta(minutes=52)


def one(now: Now, name: str = "Beacon", **rest: Any) -> MemberHealth:
    blank = dict.fromkeys(
        ("since", "checked_at", "cause", "last", "pause", "certificate", "conformance", "controls")
    )
    fields: dict[str, Any] = {**blank, "traits": (), "groups": (), "notes": (), **rest}
    return MemberHealth(id=name.lower(), name=name, now=now, **fields)


def certificate(days: int | None, problem: str = "") -> Certificate:
    left = timedelta(days=days) if days else timedelta(hours=1)
    until = None if days is None else (NOW + left).isoformat()
    read = certificate_of(Fact(NOW, {"validUntil": until, "problem": problem}), NOW)
    assert read is not None
    return read


def summary(*board: MemberHealth) -> str:
    told = words.joined(words.summary_of(board, NOW))
    return told.translate(words.NO_ISOLATES)


class TestSummary:
    def test_it_counts_only_those_of_whom_it_is_known(self) -> None:
        told = summary(
            one(Now.UP),
            one(Now.SLOW),
            one(Now.DOWN, "Delta Biobank", since=SINCE),
            one(Now.PAUSED),
            one(Now.UNKNOWN),
            one(Now.UNTOLD),
        )
        assert told == (
            "2 of 3 beacons answer. Delta Biobank is down since 13:05 UTC (52 min). 1 is slow. "
            "Not counted: 1 paused, 1 not known, 1 not told."
        )

    def test_one_beacon_is_one(self) -> None:
        assert summary(one(Now.UP)) == "1 of 1 beacon answers."

    def test_of_nobody_known_nothing_is_claimed(self) -> None:
        told = summary(one(Now.UNCHECKED), one(Now.UNCHECKED))
        assert told == ("Of no beacon is known whether it answers. Not counted: 2 not checked yet.")
        assert summary() == "This network has no members yet."

    def test_many_that_are_down_are_a_number(self) -> None:
        told = summary(*[one(Now.DOWN, since=SINCE)] * 4, one(Now.UP))
        assert told == "1 of 5 beacons answer. 4 are down."

    def test_an_outage_of_another_day_has_its_date(self) -> None:
        began = NOW - timedelta(days=3)
        assert "since 2026-11-17 13:57 UTC (3 d)" in summary(one(Now.DOWN, since=began))


@pytest.mark.parametrize(
    ("days", "problem", "told"),
    [
        (61, "", ("✓", "61 days")),
        (22, "", ("✓", "22 days")),
        (21, "", ("!", "21 days")),
        (14, "", ("!", "14 days")),
        (1, "", ("!", "1 day")),
        (0, "", ("!", "0 days")),
        (-1, "", ("✕", "expired")),
        (-1, "untrusted", ("✕", "expired")),
        (61, "host", ("✕", "for another name")),
        (61, "incomplete", ("✕", "chain incomplete")),
        (61, "never heard of", ("✕", "not trusted")),
        (None, "", ("?", "not known")),
    ],
)
def test_a_certificate_is_told_with_more_weight_as_it_ends(
    days: int | None, problem: str, told: tuple[str, str]
) -> None:
    assert words.certificate_words(certificate(days, problem)) == told


@pytest.mark.parametrize(
    ("days", "level"),
    [(22, "good"), (21, "soon"), (15, "soon"), (14, "near"), (8, "near"), (7, "urgent")],
)
def test_the_bounds_are_21_14_and_7_days(days: int, level: str) -> None:
    assert certificate(days).level == level


@pytest.mark.parametrize(
    ("uptime", "told"),
    [
        (Uptime(up=1440), "100 %"),
        (Uptime(up=99_999, down=1), "99.99 %"),  # never rounded up to all
        (Uptime(up=1439, down=1), "99.93 %"),
        (Uptime(down=3), "0 %"),
        (Uptime(unknown=9, paused=9), ""),
    ],
)
def test_a_share_is_rounded_down_and_nothing_is_no_share(uptime: Uptime, told: str) -> None:
    assert words.share_words(uptime) == told


def test_checks_that_do_not_count_say_why() -> None:
    assert words.checks_words(Uptime(up=28, down=2), 3) == "28 of 30, 3 slow"
    assert words.checks_words(Uptime()) == "no checks"
    assert words.checks_words(Uptime(unknown=2)) == "our connection was away"
    assert words.checks_words(Uptime(paused=2, unknown=1)) == "paused"
    assert words.uncounted_words(Uptime(up=1, paused=2, unknown=3)) == "2 paused, 3 on our side"
    assert words.uncounted_words(Uptime(up=1)) == ""


def test_bars_are_summed_up_in_words() -> None:
    half_hour = timedelta(minutes=30)
    slots = [
        Slot(NOW, NOW + half_hour, uptime) for uptime in (Uptime(up=1), Uptime(up=1), Uptime(0, 1))
    ]
    assert words.bars_words(slots, "24 h") == "24 h: 2 up, 1 down"
    assert words.slot_words(slots[2]) == "13:57–14:27 0 of 1"
    assert words.day_words(slots[2]) == "2026-11-20 0 of 1"


def test_checks_and_questions_stand_side_by_side() -> None:
    checks = Figures(uptime=Uptime(up=1438, down=2))
    asked = Figures(uptime=Uptime(up=12, down=28), timed_out=25)
    assert words.both_words(checks, asked) == (
        "In the last 24 hours it answered 1,438 of 1,440 checks and 12 of 40 real questions. "
        "25 questions had no answer in time."
    )
    assert words.both_words(checks, Figures()) == (
        "In the last 24 hours it answered 1,438 of 1,440 checks."
    )
    assert "neither checked nor asked" in words.both_words(Figures(), Figures())


@pytest.mark.parametrize("phase", [phase for phase in Phase if phase is not Phase.OURS])
def test_every_phase_has_advice_that_joining_gives_too(phase: Phase) -> None:
    for status in (None, 301, 400, 401, 403, 404, 429, 500, 503):
        advice = words.advice_of(Check(NOW, Result.DOWN, phase, status))
        assert advice in FIXES.values()


@pytest.mark.parametrize(
    "message",
    [
        "closed the connection without an answer",
        "closed the connection before it was secure",
        "broke the connection before it answered: connection reset by peer",
    ],
)
def test_who_accepts_a_connection_and_closes_it_is_not_sent_to_its_firewall(message: str) -> None:
    advice = words.advice_of(Check(NOW, Result.DOWN, Phase.CONNECT, message=message))
    assert advice == (
        "The connection is accepted and closed again without an answer: look at the proxy in "
        "front of the server, and into its log."
    )
    refused = Check(NOW, Result.DOWN, Phase.CONNECT, message="cannot be reached: refused")
    assert "firewall" in words.advice_of(refused)


def test_what_fails_on_our_side_needs_no_advice() -> None:
    assert words.advice_of(Check(NOW, Result.UNKNOWN, Phase.OURS)) == ""
    assert words.advice_of(Check(NOW, Result.UP)) == ""


def test_why_a_member_is_as_it_is() -> None:
    cause = Check(SINCE, Result.DOWN, Phase.TLS, message="the certificate\nis expired\u202e")
    assert words.because(one(Now.DOWN, cause=cause)) == "the certificate is expired"
    assert words.because(one(Now.DOWN, cause=Check(SINCE, Result.DOWN, Phase.DNS))) == "name"
    pause = Pause.model_validate({"until": "2026-11-22", "note": "moving servers"})
    told = words.because(one(Now.PAUSED, pause=pause))
    assert told == "by its operator · until 2026-11-22 · “moving servers”"
    assert words.because(one(Now.UP)) == ""


def test_an_incident_says_from_when_to_when() -> None:
    told = Incident(1, "a", Topic.OUTAGE, SINCE, None, None, "")
    assert words.incident_words(told, NOW) == "2026-11-20 13:05 UTC – now (52 min)"
    told = Incident(1, "a", Topic.OUTAGE, SINCE, NOW, None, "")
    assert words.incident_words(told, NOW) == "2026-11-20 13:05 UTC – 13:57 UTC (52 min)"


def test_how_often_is_never_nothing() -> None:
    assert words.span_words(60) == "every 60 s"
    assert words.span_words(300) == "every 5 min"
    assert words.span_words(0.5) == "every 0.50 s"


def test_every_word_there_can_be_is_there() -> None:
    assert set(words.STATES) == set(words.MEANINGS) == set(Now)
    assert set(words.TOPICS) == set(Topic)
    assert set(words.PHASES) == set(Phase)
    assert set(words.RESULTS) == set(Result)
