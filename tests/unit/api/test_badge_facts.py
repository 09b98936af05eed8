"""What badges say: never more than is known, and what is not known is neither good nor bad."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from aggregator.api.badge_drawing import Badge, Tone
from aggregator.api.badge_facts import (
    CERTIFICATE_KNOWN,
    LABELS,
    NAMES,
    Doing,
    certificate_badge,
    conformance_badge,
    document_of,
    doing,
    duration,
    health_badge,
    named,
    network_badge,
    percent,
    windowed_badge,
)
from registry.health import Standing, State, Trait
from registry.health_store import Fact
from registry.history import Figures, Uptime
from registry.models import MemberEntry
from registry.places import place_of
from registry.snapshot import RegisteredMember

NOW = datetime(2026, 5, 3, 12, tzinfo=UTC)
UP = Doing(State.UP, Standing(State.UP))
DOWN = Doing(State.DOWN, Standing(State.DOWN))
UNKNOWN, PAUSED = Doing(State.UNKNOWN), Doing(State.PAUSED)


def member(**fields: Any) -> RegisteredMember:
    entry = {"id": "m", "url": "https://m.example/api", **fields}
    return RegisteredMember(MemberEntry.model_validate(entry))


def known(standing: Standing | None, one: RegisteredMember | None = None, **changes: Any) -> Doing:
    one = one or member()
    given: dict[str, Any] = {"place": place_of(one.entry), "now": NOW, "every_s": 60.0} | changes
    return doing(one, standing, given.pop("place"), **given)


def checked(state: State, ago: timedelta = timedelta(), **rest: Any) -> Standing:
    return Standing(state, checked_at=NOW - ago, **rest)


@pytest.mark.parametrize("state", [State.UP, State.DOWN, State.UNKNOWN])
def test_what_was_found_out_lately_counts(state: State) -> None:
    assert known(checked(state)).state is state


def test_what_was_not_found_out_lately_and_here_is_not_known() -> None:
    down = checked(State.DOWN)
    assert known(None).state is State.UNKNOWN
    assert known(Standing(State.DOWN)).state is State.UNKNOWN
    assert known(checked(State.DOWN, timedelta(minutes=6))).state is State.UNKNOWN
    assert known(checked(State.DOWN, timedelta(minutes=4))).state is State.DOWN
    assert known(down, every_s=0.0).state is State.UNKNOWN
    assert known(down, place="https://elsewhere.example auto").state is State.UNKNOWN
    assert known(down, place=None).state is State.UNKNOWN
    group = RegisteredMember(member().entry, inside=(member(), member()))
    assert known(down, group).state is State.UNKNOWN
    # its pause is over, and it was not checked since
    assert known(checked(State.PAUSED)).state is State.UNKNOWN


def test_a_pause_counts_at_once_and_as_long_as_it_lasts() -> None:
    up = checked(State.UP)
    over = NOW - timedelta(hours=1)
    assert known(up, member(paused={"note": "moving"})) == PAUSED
    assert known(up, member(paused={"note": "moved", "until": over})).state is State.UP
    assert known(up, member(disabled=True)) == Doing(State.PAUSED, is_off=True)


@pytest.mark.parametrize(
    ("told", "message", "tone"),
    [
        (UP, "up", Tone.GOOD),
        (DOWN, "down", Tone.BAD),
        (UNKNOWN, "no data", Tone.NEUTRAL),
        (PAUSED, "paused", Tone.NEUTRAL),
        (Doing(State.PAUSED, is_off=True), "switched off", Tone.NEUTRAL),
    ],
)
def test_health(told: Doing, message: str, tone: Tone) -> None:
    assert health_badge(told) == Badge("health", message, tone)


def test_of_a_member_that_is_up_the_worst_is_said() -> None:
    messages = []
    traits = {Trait.UNTRUSTED, Trait.SILENT, Trait.FLAPPING, Trait.SLOW}
    for gone in (None, Trait.UNTRUSTED, Trait.SILENT, Trait.FLAPPING):
        traits -= {gone}
        badge = health_badge(Doing(State.UP, Standing(State.UP, traits=frozenset(traits))))
        assert badge.tone is Tone.DOUBTFUL
        messages.append(badge.message)
    assert messages == ["fails a control", "times out on questions", "flapping", "slow"]


@pytest.mark.parametrize(
    ("up", "down", "message", "tone"),
    [
        (1000, 0, "100 %", Tone.GOOD),
        (99_999, 1, "99.99 %", Tone.GOOD),
        (995, 5, "99.5 %", Tone.GOOD),
        (9949, 51, "99.49 %", Tone.DOUBTFUL),
        (95, 5, "95 %", Tone.DOUBTFUL),
        (949, 51, "94.9 %", Tone.BAD),
        (0, 10, "0 %", Tone.BAD),
    ],
)
def test_uptime(up: int, down: int, message: str, tone: Tone) -> None:
    figures = Figures(uptime=Uptime(up, down, unknown=7, paused=9))
    badge = windowed_badge("uptime-30d", figures, UP, slow_s=5)
    told = f"uptime 30 d: {message} of {up + down:,} checks"
    assert badge == Badge("uptime 30 d", message, tone, told)


@pytest.mark.parametrize(
    ("p95_ms", "message", "tone"),
    [
        (0.7, "1 ms", Tone.GOOD),
        (420.2, "421 ms", Tone.GOOD),
        (4999.0, "5.0 s", Tone.GOOD),
        (5000.0, "5.0 s", Tone.DOUBTFUL),
        (30_001.0, "30.0 s", Tone.BAD),
    ],
)
def test_p95(p95_ms: float, message: str, tone: Tone) -> None:
    badge = windowed_badge("p95-24h", Figures(p95_ms=p95_ms), UP, slow_s=5)
    assert (badge.label, badge.message, badge.tone) == ("p95 24 h", message, tone)


@pytest.mark.parametrize("name", ["uptime-24h", "p95-1y"])
@pytest.mark.parametrize("figures", [None, Figures(), Figures(uptime=Uptime(unknown=3, paused=4))])
def test_windows_in_which_nothing_was_found_out(name: str, figures: Figures | None) -> None:
    for told, message in ((UP, "no data"), (DOWN, "no data"), (PAUSED, "paused")):
        badge = windowed_badge(name, figures, told, slow_s=5)
        assert (badge.message, badge.tone) == (message, Tone.NEUTRAL)


def certificate(
    left: timedelta | None, problem: object = None, ago: timedelta = timedelta()
) -> Fact:
    until = None if left is None else (NOW + left).isoformat()
    return Fact(NOW - ago, {"validUntil": until, "problem": problem})


@pytest.mark.parametrize(
    ("left", "problem", "message", "tone"),
    [
        (timedelta(days=62, hours=5), None, "62 days", Tone.GOOD),
        (timedelta(days=62), "none", "62 days", Tone.GOOD),
        (timedelta(days=21), "", "21 days", Tone.DOUBTFUL),
        (timedelta(days=1), None, "1 day", Tone.DOUBTFUL),
        (timedelta(hours=1), None, "0 days", Tone.DOUBTFUL),
        (timedelta(0), None, "expired", Tone.BAD),
        (timedelta(days=-3), "untrusted", "expired", Tone.BAD),
        (timedelta(days=3), "expired", "expired", Tone.BAD),
        (timedelta(days=62), "host", "for another host", Tone.BAD),
        (timedelta(days=62), "not_yet", "not valid yet", Tone.BAD),
        (timedelta(days=62), "untrusted", "not trusted", Tone.BAD),
        (timedelta(days=62), "incomplete", "chain incomplete", Tone.DOUBTFUL),
        (timedelta(days=62), "news to us", "62 days", Tone.DOUBTFUL),
        (None, None, "no data", Tone.NEUTRAL),
    ],
)
def test_certificates(left: timedelta | None, problem: object, message: str, tone: Tone) -> None:
    badge = certificate_badge(certificate(left, problem), now=NOW)
    assert (badge.label, badge.message, badge.tone) == ("certificate", message, tone)


def test_a_certificate_that_was_not_seen_lately_is_not_known() -> None:
    lately = certificate(timedelta(days=-1), ago=CERTIFICATE_KNOWN)
    before = certificate(timedelta(days=-1), ago=CERTIFICATE_KNOWN + timedelta(seconds=1))
    assert certificate_badge(lately, now=NOW).message == "expired"
    for fact in (before, None):
        badge = certificate_badge(fact, now=NOW)
        assert (badge.message, badge.tone) == ("no data", Tone.NEUTRAL)


@pytest.mark.parametrize("told", [{}, {"validUntil": 7}, {"validUntil": "soon"},
                                  {"validUntil": "2027-01-01T00:00:00"}])  # fmt: skip
def test_a_fact_of_another_form_is_not_known(told: dict[str, Any]) -> None:
    assert certificate_badge(Fact(NOW, told), now=NOW).message == "no data"


@pytest.mark.parametrize(
    ("score", "message", "tone"),
    [
        ({"passed": 42, "total": 42}, "42 of 42", Tone.GOOD),
        ({"passed": 40, "total": 42}, "40 of 42", Tone.DOUBTFUL),
        ({"passed": 10, "total": 42}, "10 of 42", Tone.BAD),
        ({"passed": 0, "total": 0}, "no data", Tone.NEUTRAL),
        ({"passed": 5, "total": 4}, "no data", Tone.NEUTRAL),
        ({"passed": "5", "total": 4}, "no data", Tone.NEUTRAL),
        ({}, "no data", Tone.NEUTRAL),
        (None, "no data", Tone.NEUTRAL),
    ],
)
def test_conformance(score: object, message: str, tone: Tone) -> None:
    badge = conformance_badge(Fact(NOW, {"score": score}))
    assert (badge.label, badge.message, badge.tone) == ("conformance", message, tone)
    assert conformance_badge(None).message == "no data"


@pytest.mark.parametrize(
    ("states", "message", "tone"),
    [
        ({State.UP: 38}, "38 of 38 answering", Tone.GOOD),
        ({State.UP: 33, State.DOWN: 5}, "33 of 38 answering", Tone.DOUBTFUL),
        ({State.DOWN: 2, State.PAUSED: 1}, "0 of 2 answering", Tone.BAD),
        ({State.PAUSED: 1, State.UNKNOWN: 9}, "no data", Tone.NEUTRAL),
        ({}, "no data", Tone.NEUTRAL),
    ],
)
def test_the_network(states: dict[State, int], message: str, tone: Tone) -> None:
    badge = network_badge(states)
    assert (badge.message, badge.tone) == (message, tone)


def test_the_network_names_those_that_do_not_count() -> None:
    states = {State.UP: 3, State.PAUSED: 2, State.UNKNOWN: 1}
    assert network_badge(states).about == "beacons: 3 of 3 answering, 2 paused, 1 not known"


def test_a_badge_says_whose_it_is_and_takes_another_label() -> None:
    badge = named(health_badge(UP), "Ours", "our beacon")
    assert badge == Badge("our beacon", "up", Tone.GOOD, "Ours – health: up")
    assert named(health_badge(UP), "Ours").label == "health"


def test_for_shields_only_what_is_bad_cannot_be_recoloured() -> None:
    for told in (UP, DOWN, UNKNOWN, PAUSED):
        badge = health_badge(told)
        document = document_of(badge, kept_s=300)
        assert document["isError"] is (told is DOWN)
        assert document["color"] == badge.tone.fill
        assert (document["schemaVersion"], document["cacheSeconds"]) == (1, 300)


def test_every_badge_has_a_label() -> None:
    assert set(LABELS) == set(NAMES)
    assert [LABELS[f"uptime-{each}"] for each in ("24h", "7d", "30d", "1y")] == [
        "uptime 24 h", "uptime 7 d", "uptime 30 d", "uptime 1 y",
    ]  # fmt: skip


def test_numbers() -> None:
    assert [percent(2, 3), percent(1, 1), percent(0, 9)] == ["66.66 %", "100 %", "0 %"]
    assert [duration(999.0), duration(1000.0), duration(61_000)] == ["999 ms", "1.0 s", "61.0 s"]
