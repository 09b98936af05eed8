"""Every alert of docs/prometheus-rules.yml goes off where it should, and just short of it not."""

import math
from collections.abc import Mapping
from typing import Final

import pytest

from tests.contract.promql import Sample, Series, Value, Vector, evaluate
from tests.contract.test_grafana import rules

NOW: Final = 1_790_000_000.0
DAY: Final = 86_400.0
RECORDED: Final = {each["record"]: each["expr"] for each in rules() if "record" in each}
ALERTS: Final = {each["alert"]: each["expr"] for each in rules() if "alert" in each}


def is_now(value: float | None) -> Sample:
    return lambda at: value


def grows(a_second: float, since: float = 0.0) -> Sample:
    """A counter, and when it began to grow."""
    return lambda at: a_second * max(0.0, at - since)


def of(sample: Sample, **labels: str) -> tuple[Mapping[str, str], Sample]:
    return {"member": "m", **labels}, sample


UP: Final = {"beacon_member_up": [of(is_now(1))]}


def checks(failed: float, since: float = 0.0, **more: float) -> Series:
    """A check every minute, of which a share fails; it is up, or nothing is known of it."""
    up = {} if more.get("is_gone") else UP
    return {
        **up,
        "beacon_member_probe_total": [
            of(grows((1 - failed) / 60), result="up", phase=""),
            of(grows(failed / 60, since), result="down", phase="slow"),
            of(grows(9.0), result="unknown", phase="ours"),
        ],
    }


def failing(*phases: tuple[float, float, float]) -> Series:
    """Checks of which a share fails from so many seconds ago until so many: (from, to, share)."""

    def down(at: float) -> float:
        ago = NOW - at
        return sum(share / 60 * max(0.0, begin - max(end, ago)) for begin, end, share in phases)

    up: Sample = lambda at: at / 60 - down(at)  # noqa: E731
    return {
        **UP,
        "beacon_member_probe_total": [
            of(up, result="up", phase=""),
            of(down, result="down", phase="slow"),
        ],
    }


def certificate(days_left: float, lasts_days: float | None = 90) -> Series:
    told = {"beacon_member_cert_not_after_seconds": [of(is_now(NOW + days_left * DAY))]}
    if lasts_days is not None:
        told["beacon_member_cert_lifetime_seconds"] = [of(is_now(lasts_days * DAY))]
    return told


def calls(in_time: float, late: float, cut_off: float) -> Series:
    speeds = {"in_time": in_time, "late": late, "cut_off": cut_off}
    made = [of(grows(a), speed=speed) for speed, a in speeds.items() if a]
    return {"beacon_member_speed_total": made}


def questions(timed_out: float, *, up: float | None = 1) -> Series:
    return {
        "beacon_member_up": [of(is_now(up))],
        "beacon_member_requests_total": [
            of(grows(timed_out), answer="no_answer", reason="timeout"),
            of(grows(1 - timed_out), answer="found", reason=""),
            of(grows(5.0), answer="not_asked", reason="suspended"),
        ],
    }


def many(up: int, down: int) -> Series:
    states = [1.0] * up + [0.0] * down
    told = [({"member": str(at)}, is_now(state)) for at, state in enumerate(states)]
    return {"beacon_member_up": told}


def broken_rules(before: float, after: float) -> Series:
    change: Sample = lambda at: after if at > NOW - DAY / 2 else before  # noqa: E731
    return {"beacon_member_conformance_failed": [of(change)]}


def members(active: float, up: float | None) -> Series:
    return {"beacon_members": [({"state": "active"}, is_now(active))],
            "beacon_member_up": [of(is_now(up))]}  # fmt: skip


def answers(unknown: float) -> Series:
    verdicts = {"unknown": unknown, "found": 1 - unknown}
    return {"beacon_queries_total": [({"verdict": v}, grows(a)) for v, a in verdicts.items()]}


def responses(status: str) -> Series:
    return {"beacon_http_requests_total": [({"status": status}, grows(0.01))]}


def waits(share_above: float) -> Series:
    """How many calls wait for longer than half a second."""
    counts = {"0.5": 1 - share_above, "1.0": 1.0, "+Inf": 1.0}
    told = [({"le": le}, grows(count)) for le, count in counts.items()]
    return {"beacon_fanout_gate_wait_seconds_bucket": told}


def deliveries(failed_an_hour: float) -> Series:
    results = {"failed": failed_an_hour / 3600, "delivered": 1.0}
    told = [({"kind": "email", "result": name}, grows(a)) for name, a in results.items()]
    return {"beacon_alert_deliveries_total": told}


def control(failed: float | None) -> Series:
    return {"beacon_member_control_failed": [of(is_now(failed))]}


LONG_AGO: Final = NOW - 2 * DAY
NEVER_DOWN: Final[Series] = {
    **UP,
    "beacon_member_probe_total": [of(grows(1 / 60), result="up", phase="")],
}
"""What did not happen yet has no series."""
CASES: Final[list[tuple[str, Series, bool]]] = [
    ("BeaconMemberDown", many(0, 1), True),
    ("BeaconMemberDown", many(1, 0), False),
    ("BeaconMemberDown", {}, False),
    ("BeaconManyMembersDown", many(1, 2), True),
    ("BeaconManyMembersDown", many(2, 2), False),
    ("BeaconManyMembersDown", many(2, 0), False),
    # 14.4 times the budget for an hour, or six times for six hours
    ("BeaconErrorBudgetBurnsFast", checks(0.08, NOW - 3600), True),
    ("BeaconErrorBudgetBurnsFast", checks(0.06, NOW - 3600), False),
    ("BeaconErrorBudgetBurnsFast", checks(0.08, NOW - 600), False),
    ("BeaconErrorBudgetBurnsFast", checks(0.035), True),
    ("BeaconErrorBudgetBurnsFast", checks(0.025), False),
    ("BeaconErrorBudgetBurnsFast", checks(0.5, is_gone=True), False),
    ("BeaconErrorBudgetBurnsFast", failing((3600, 1800, 0.2), (300, 0, 0.05)), False),  # is over
    ("BeaconErrorBudgetBurnsFast", failing((3600, 300, 0.05), (300, 0, 0.2)), False),  # began now
    ("BeaconErrorBudgetBurnsFast", failing((21_600, 1800, 0.05), (1800, 0, 0.02)), False),
    ("BeaconErrorBudgetBurnsFast", NEVER_DOWN, False),
    ("BeaconErrorBudgetBurns", checks(0.006), True),
    ("BeaconErrorBudgetBurns", checks(0.004), False),
    ("BeaconErrorBudgetBurns", checks(0.0), False),
    ("BeaconErrorBudgetBurns", checks(0.006, is_gone=True), False),
    ("BeaconErrorBudgetBurns", failing((3 * DAY, DAY, 0.02), (DAY, 0, 0.004)), False),  # is over
    ("BeaconErrorBudgetBurns", failing((3 * DAY, DAY / 4, 0.002), (DAY / 4, 0, 0.02)), False),
    ("BeaconErrorBudgetBurns", NEVER_DOWN, False),
    ("BeaconErrorBudgetSpent", checks(0.0051), True),
    ("BeaconErrorBudgetSpent", checks(0.0049), False),
    ("BeaconErrorBudgetSpent", checks(0.05, LONG_AGO), False),
    ("BeaconErrorBudgetSpent", checks(0.5, is_gone=True), False),
    ("BeaconErrorBudgetSpent", NEVER_DOWN, False),
    ("BeaconMemberSlow", calls(0.99, 0.01, 0.0), True),
    ("BeaconMemberSlow", calls(0.996, 0.004, 0.0), False),
    # what was given up before 30 s is not late, and not in time either
    ("BeaconMemberSlow", calls(0.1, 0.0, 0.9), False),
    ("BeaconMemberSlow", calls(0.0, 0.0, 1.0), False),
    ("BeaconMemberSlow", calls(0.0, 0.01, 0.99), True),
    ("BeaconMemberSilent", questions(0.6), True),
    ("BeaconMemberSilent", questions(0.4), False),
    ("BeaconMemberSilent", questions(0.9, up=0), False),
    ("BeaconMemberSilent", questions(0.9, up=None), False),
    ("BeaconControlFailed", control(1), True),
    ("BeaconControlFailed", control(0), False),
    ("BeaconControlFailed", control(None), False),
    ("BeaconConformanceDrift", broken_rules(2, 3), True),
    ("BeaconConformanceDrift", broken_rules(3, 3), False),
    ("BeaconConformanceDrift", broken_rules(3, 2), False),
    ("BeaconCertificateEnded", certificate(0), True),
    ("BeaconCertificateEnded", certificate(-3, lasts_days=6), True),
    ("BeaconCertificateEnded", certificate(0.1), False),
    *[
        (f"BeaconCertificateEndsIn{days}Days", certificate(left, lasts), is_told)
        for days, before in ((7, 0), (14, 7), (21, 14))
        for left, lasts, is_told in (
            (days, 90, True),
            (before + 0.1, 90, True),
            (days + 0.1, 90, False),
            (before, 90, False),
            (days, None, True),  # how long it lasts is not known
            (days, 3 * days, True),
            (days, 3 * days - 1, False),
            (days - 1, days + 1, False),
        )
    ],
    ("BeaconNothingIsChecked", members(3, None), True),
    ("BeaconNothingIsChecked", members(1, None), True),
    ("BeaconNothingIsChecked", members(3, 0), False),
    ("BeaconNothingIsChecked", members(0, None), False),
    ("BeaconAnswersIncomplete", answers(0.26), True),
    ("BeaconAnswersIncomplete", answers(0.24), False),
    ("BeaconNetworkErrors", responses("500"), True),
    ("BeaconNetworkErrors", responses("502"), False),
    ("BeaconNetworkBusy", waits(0.11), True),
    ("BeaconNetworkBusy", waits(0.09), False),
    ("BeaconAlertsNotDelivered", deliveries(5.1), True),
    ("BeaconAlertsNotDelivered", deliveries(4.9), False),
]


def went_off(alert: str, series: Series) -> Vector:
    found = evaluate(ALERTS[alert], series, RECORDED, NOW)
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize(("alert", "series", "is_told"), CASES)
def test_an_alert_goes_off_where_it_should(alert: str, series: Series, is_told: bool) -> None:
    assert bool(went_off(alert, series)) is is_told


def test_every_alert_was_seen_to_go_off_and_not_to() -> None:
    assert {(alert, told) for alert, _, told in CASES} == {
        (alert, told) for alert in ALERTS for told in (True, False)
    }


@pytest.mark.parametrize(
    ("alert", "series", "value"),
    [
        ("BeaconManyMembersDown", many(1, 3), 0.75),
        ("BeaconErrorBudgetBurns", checks(0.02), 0.02),
        ("BeaconMemberSlow", calls(0.5, 0.25, 0.25), 0.25),
        ("BeaconMemberSilent", questions(0.75), 0.75),
        ("BeaconConformanceDrift", broken_rules(1, 5), 5.0),
        ("BeaconCertificateEndsIn7Days", certificate(3), 3 * DAY),
    ],
)
def test_an_alert_says_how_much(alert: str, series: Series, value: float) -> None:
    (found,) = went_off(alert, series).values()
    assert math.isclose(found, value, rel_tol=1e-9)


@pytest.mark.parametrize("name", [each for each in RECORDED if "probe_errors" in each])
def test_who_never_failed_has_failed_nothing(name: str) -> None:
    assert evaluate(RECORDED[name], NEVER_DOWN, RECORDED, NOW) == {frozenset({("member", "m")}): 0}
    assert evaluate(RECORDED[name], UP, RECORDED, NOW) == {}


def test_what_is_left_of_the_budget() -> None:
    (left,) = RECORDED.keys() & {"beacon:member_error_budget:left30d"}
    for told, expected in (
        (checks(0.0), 1.0),
        (checks(0.0025), 0.5),
        (checks(0.01), -1.0),
        (NEVER_DOWN, 1.0),
    ):
        found: Value = evaluate(RECORDED[left], told, RECORDED, NOW)
        assert isinstance(found, dict)
        assert math.isclose(next(iter(found.values())), expected, abs_tol=1e-6)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("1 + 2 * 3", 7.0),
        ("a - b", {"m": -1.0}),
        ("2 < b <= 2", None),
        ("1 < b <= 2", {"m": 2.0}),
        ("a or b", {"m": 1.0}),
        ("b or a unless b", {"m": 2.0}),
        ("(b or a) unless b", None),
        ("a and on () b > 1", {"m": 1.0}),
        ('a{member!~"x|m"}', None),
        ("max_over_time(b[5m] offset 1h) - 1", {"m": 1.0}),
    ],
)
def test_expressions_mean_what_they_do_to_prometheus(
    expression: str, expected: float | dict[str, float] | None
) -> None:
    series: Series = {"a": [of(is_now(1))], "b": [of(is_now(2))]}
    found = evaluate(expression, series, {}, NOW)
    if isinstance(found, dict):
        assert {dict(one)["member"]: value for one, value in found.items()} == (expected or {})
    else:
        assert found == expected
