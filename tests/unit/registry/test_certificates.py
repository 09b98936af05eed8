"""What is told of a member's certificate: each threshold once, and the nearest only."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.certificates import (
    CertificateChange,
    beginnings,
    certificate_changes,
    conditions,
    days_left,
)

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def seen(left_days, *, problem="none", fingerprint="aa", at=NOW, lasts=90, is_seen=True):
    """A document as a look gives it, of a chain that ends so many days after `NOW`."""
    until = NOW + timedelta(days=left_days)
    return {
        "checkedAt": at.isoformat(),
        "isSeen": is_seen,
        "problem": problem,
        "message": "It is not for this host." if problem == "host" else "",
        "validFrom": (until - timedelta(days=lasts)).isoformat(),
        "validUntil": until.isoformat(),
        "endsFirst": 0,
        "fingerprint": fingerprint,
        "chain": [{"subject": "host.example"}],
    }


def whats(changes: tuple[CertificateChange, ...]) -> list[str]:
    return [one.what for one in changes]


@pytest.mark.parametrize(
    ("left_days", "what"),
    [
        (60, []),
        (21.1, []),
        (21, ["21"]),
        (14.5, ["21"]),
        (14, ["14"]),
        (7, ["7"]),
        (0.5, ["7"]),
        (0, ["expired"]),
        (-30, ["expired"]),
    ],
)
def test_the_first_look_tells_the_nearest_threshold(left_days, what):
    assert whats(certificate_changes(None, seen(left_days), NOW)) == what


def test_what_was_told_is_not_told_again():
    known = seen(13, at=NOW - timedelta(days=1))
    assert certificate_changes(known, seen(13), NOW) == ()


def test_a_threshold_is_told_when_it_is_crossed():
    known = seen(13.9, at=NOW - timedelta(days=1))  # 14.9 days before the end
    (change,) = certificate_changes(known, seen(13.9), NOW)
    assert change.what == "14"
    assert change.text == "serves a certificate that ends in 13 days, on 2026-12-05"


def test_thresholds_that_were_skipped_are_not_told():
    known = seen(5, at=NOW - timedelta(days=40))
    assert whats(certificate_changes(known, seen(5), NOW)) == ["7"]


@pytest.mark.parametrize(
    ("lasts", "left_days", "what"),
    [(47, 20, []), (47, 13, ["14"]), (6, 3, []), (6, -1, ["expired"]), (21, 6, ["7"])],
)
def test_certificates_that_never_last_long_have_fewer_thresholds(lasts, left_days, what):
    assert list(conditions(seen(left_days, lasts=lasts), NOW)) == what


def test_renewal_ends_it():
    (change,) = certificate_changes(seen(3), seen(80, fingerprint="bb"), NOW)
    assert (change.what, change.condition, change.certificate) == ("ended", "7", "aa")
    assert "good until 2027-02-09" in change.text


def test_another_certificate_that_ends_soon_is_told_of_anew():
    (change,) = certificate_changes(seen(3), seen(5, fingerprint="bb"), NOW)
    assert change.what == "7"
    assert change.key("one") != certificate_changes(None, seen(3), NOW)[0].key("one")


def test_other_problems_begin_and_end():
    (began,) = certificate_changes(seen(60), seen(60, problem="host"), NOW)
    assert (began.what, began.condition) == ("began", "host")
    assert "not for this host" in began.text
    assert whats(certificate_changes(seen(60, problem="host"), seen(60), NOW)) == ["ended"]


@pytest.mark.parametrize(("problem", "left_days"), [("incomplete", 60), ("expired", -1)])
def test_the_same_problem_of_the_same_certificate_is_told_of_each_time_it_begins(
    problem, left_days
):
    keys, known = [], None
    for days, is_wrong in enumerate((True, True, False, True, True)):
        now = NOW + timedelta(days=days)
        wrong = seen(left_days, problem=problem, at=now)
        found = wrong if is_wrong else seen(60, at=now)
        found |= {"since": beginnings(known, found, now)}
        changes = certificate_changes(known, found, now)
        keys.append([one.key("one") for one in changes if one.what != "ended"])
        # a process that does not know what was told tells it by the same key
        again = certificate_changes(None, found, now)
        assert set(keys[-1]) <= {one.key("one") for one in again}
        known = found
        if is_wrong and not keys[-1]:
            assert {one.key("one") for one in again} == set(keys[-2])
    assert [len(one) for one in keys] == [1, 0, 0, 1, 0]
    assert keys[0] != keys[3]


def told_of(looks):
    """The keys of what each of these looks, an hour apart, tells that was not told before."""
    new, known, told = [], None, set()
    for hour, look in enumerate(looks):
        now = NOW + timedelta(hours=hour)
        found = seen(at=now, **look)
        found |= {"since": beginnings(known, found, now)}
        keys = {one.key("one") for one in certificate_changes(known, found, now)}
        # nor is it by a process that begins with this look
        keys |= {one.key("one") for one in certificate_changes(None, found, now)}
        new.append(len(keys - told))
        told |= keys
        known = found
    return new


A = {"left_days": 60, "problem": "untrusted", "fingerprint": "a" * 64}
B = {"left_days": 60, "problem": "untrusted", "fingerprint": "b" * 64}
OTHERWISE = {"left_days": -3, "problem": "expired", "fingerprint": "c" * 64}
IN_ORDER = {"left_days": 60, "problem": "none", "fingerprint": "d" * 64}


@pytest.mark.parametrize(
    ("looks", "new"),
    [
        ((A, B) * 6, [1, 1] + [0] * 10),
        ((A, OTHERWISE) * 6, [1, 1] + [0] * 10),
        ((A, A, B, B, OTHERWISE, A, B, OTHERWISE, A, A), [1, 0, 1, 0, 1, 0, 0, 0, 0, 0]),
        # what was mended and comes back is told of again
        ((A, B, A | {"problem": "none"}, A, B), [1, 1, 1, 1, 1]),
        ((A, IN_ORDER, A), [1, 1, 1]),
        ((A, OTHERWISE, A | {"problem": "host"}, A, OTHERWISE), [1, 1, 1, 1, 0]),
    ],
)
def test_several_bad_certificates_behind_one_name_are_told_of_once_each(looks, new):
    assert told_of(looks) == new


def test_a_bad_certificate_that_is_made_anew_for_everybody_fills_nothing():
    known = None
    for hour in range(100):
        now = NOW + timedelta(hours=hour)
        found = seen(60, problem="untrusted", fingerprint=f"{hour:02}" * 32, at=now)
        found |= {"since": beginnings(known, found, now)}
        known = found
    assert len(known["since"]) <= 20
    assert now.isoformat() in known["since"].values()


@pytest.mark.parametrize("kept", [{}, {"since": {"host": NOW.isoformat()}}, {"since": "x"}])
def test_what_was_kept_before_moments_were_kept_for_each_certificate_is_not_told_again(kept):
    known = seen(60, problem="host") | kept
    later = NOW + timedelta(hours=1)
    found = seen(60, problem="host", at=later)
    found |= {"since": beginnings(known, found, later)}
    assert certificate_changes(known, found, later) == ()
    (change,) = certificate_changes(None, found, later)
    assert change.since == (NOW.isoformat() if isinstance(kept.get("since"), dict) else "")


def test_a_threshold_is_told_once_for_a_certificate_whatever_is_served_in_between():
    first = certificate_changes(seen(60, fingerprint="bb"), seen(5), NOW)
    later = NOW + timedelta(hours=1)
    again = certificate_changes(seen(60, fingerprint="bb"), seen(5), later)
    assert [one.key("one") for one in first] == [one.key("one") for one in again]


def test_a_problem_does_not_hide_that_the_end_is_near():
    changes = certificate_changes(None, seen(5, problem="host"), NOW)
    assert whats(changes) == ["began", "7"]


def test_what_cannot_be_seen_ends_nothing():
    unseen = {"checkedAt": NOW.isoformat(), "isSeen": False, "problem": "none", "chain": []}
    assert certificate_changes(seen(3), unseen, NOW) == ()


def test_the_certificate_of_a_chain_that_ends_first_is_named():
    document = seen(5) | {"endsFirst": 1, "chain": [{"subject": "host"}, {"subject": "Between"}]}
    (change,) = certificate_changes(None, document, NOW)
    assert "with a certificate (“Between”) that ends in 5 days" in change.text


@pytest.mark.parametrize("told", [None, "", "yesterday", 7])
def test_days_left_of_what_cannot_be_read_are_not_known(told):
    assert days_left({"validUntil": told}, NOW) is None
    assert conditions({"validUntil": told}, NOW) == ()


@given(
    st.integers(30, 400),
    st.lists(st.floats(0.01, 20), min_size=1, max_size=60),
)
def test_whenever_it_is_looked_at_each_threshold_is_told_once_and_in_order(lasts, gaps):
    began, at, known, told = NOW, NOW, None, []
    until = began + timedelta(days=lasts)
    for gap in gaps:
        at += timedelta(days=gap)
        found = {
            "checkedAt": at.isoformat(),
            "isSeen": True,
            "problem": "none",
            "validFrom": began.isoformat(),
            "validUntil": until.isoformat(),
            "fingerprint": "aa",
        }
        told += whats(certificate_changes(known, found, at))
        known = found
    order = ["21", "14", "7", "expired"]
    assert told == [one for one in order if one in told]
    last = [one for one in order if one in conditions(found, at)]
    assert told[-1:] == last
