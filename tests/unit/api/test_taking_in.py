"""What checks saw is kept for the forms that come later: few reports, of who may join alone."""

from aggregator.api.taking_in import MAX_KEPT, PassedChecks
from aggregator.watch.join_report import CheckReport, Finding, Verdict
from registry.models import MemberEntry
from registry.records import MemberRecord, MemberState
from registry.snapshot import RegisteredMember


def entry(number: int, protocol: str = "v2") -> MemberEntry:
    url = f"https://beacon-{number}.example.org/api"
    return MemberEntry.model_validate({"id": "one", "url": url, "protocol": protocol})


def report(number: int, verdict: Verdict = Verdict.PASS) -> CheckReport:
    checked = entry(number, "auto")
    finding = Finding("info", "Description", verdict, "It was read.")
    member = RegisteredMember(checked)
    return CheckReport(checked.url, (finding,), member, suggested={"protocol": "v2"})


def record(number: int, protocol: str = "v2") -> MemberRecord:
    return MemberRecord(
        member=RegisteredMember(entry(number, protocol)),
        state=MemberState.ACTIVE,
        origin="registration",
        position=0,
        created_at="2026-01-01T00:00:00Z",
        updated_at="2026-01-01T00:00:00Z",
    )


def test_a_report_is_found_by_address_and_protocol_once():
    kept, told = PassedChecks(), report(1)
    kept.keep(told)

    assert kept.take(record(2)) is None
    assert kept.take(record(1, "v1")) is None
    assert kept.take(record(1)) is told
    assert kept.take(record(1)) is None


def test_who_may_not_join_is_not_kept():
    kept = PassedChecks()
    kept.keep(report(1, Verdict.FAIL))

    assert kept.take(record(1)) is None


def test_the_oldest_gives_way():
    kept = PassedChecks()
    for number in range(MAX_KEPT):
        kept.keep(report(number))
    kept.keep(report(0))
    kept.keep(report(MAX_KEPT))

    assert kept.take(record(1)) is None
    assert kept.take(record(0)) is not None
    assert kept.take(record(MAX_KEPT)) is not None
