"""What the check before joining found, for people and programs; and running it for somebody."""

from dataclasses import dataclass
from typing import Any, Final

from aiohttp import web
from pydantic import ValidationError

from aggregator.api.context import api_of
from aggregator.api.join_forms import NOT_V0
from aggregator.api.ratelimit import charge_join
from aggregator.api.texts import clean
from aggregator.base.errors import BadQuery
from aggregator.base.i18n import N_
from aggregator.watch.joining import CheckReport, Finding, Verdict
from registry.models import MemberEntry, Protocol, describe_problems
from registry.records import MemberRecord, MemberState

MAX_TITLE: Final = 200
"""The longest name of a beacon or organization."""
MAX_DESCRIPTION: Final = 10_000
SIGNS: Final = {
    Verdict.PASS: ("✓", N_("passed")),
    Verdict.FAIL: ("✕", N_("to fix")),
    Verdict.ADVICE: ("!", N_("advice")),
    Verdict.SKIPPED: ("○", N_("not looked at")),
}
"""Sign and word of each ending of a rule."""


@dataclass(frozen=True, slots=True)
class Known:
    """A beacon at the address that was checked which the network has already."""

    id: str
    is_member: bool
    """False for one that waits for approval."""
    is_listed: bool
    """Whether it has a page of its own: members of a group that is one have none."""


async def checked_report(request: web.Request, url: str, protocol: str) -> CheckReport:
    """Check a beacon for this client, which is charged for it; raises `BeaconError`."""
    url, protocol = url.strip(), protocol.strip() or Protocol.AUTO.value
    if not url:
        raise BadQuery(["url: give the address of your beacon, as https://beacon.example.org/api"])
    if protocol == Protocol.V0:
        raise BadQuery([NOT_V0])
    try:
        entry = MemberEntry.model_validate({"id": "stranger", "url": url, "protocol": protocol})
    except ValidationError as error:
        raise BadQuery(describe_problems("", error.errors())) from None
    await charge_join(request)
    return await api_of(request).checker.check(entry.url, protocol=protocol)


def protocol_of(report: CheckReport) -> str:
    """Give the protocol a beacon joins with: the one that was found."""
    return report.suggested.get("protocol") or Protocol.AUTO.value


def suggestions(report: CheckReport) -> dict[str, str]:
    """Give what the beacon says of itself as values an entry can have."""
    told = dict(report.suggested)
    told["name"] = clean(told.get("name"), MAX_TITLE)
    told["description"] = told.get("description", "")[:MAX_DESCRIPTION]
    return {**told, "url": report.url, "protocol": protocol_of(report)}


def failures(report: CheckReport) -> list[str]:
    """Say in a sentence each what has to be fixed, beginning with the name of the rule."""
    found = [
        " ".join(filter(None, (f"{one.rule}: {one.message}", one.fix)))
        for one in report.findings
        if one.verdict is Verdict.FAIL
    ]
    if not found and not report.may_join:
        found = ["url: no beacon was recognised at this address"]
    return found


def counts(report: CheckReport) -> dict[str, int]:
    """Count the rules by how they ended."""
    return {one.value: report.count(one) for one in Verdict}


def known_at(request: web.Request, report: CheckReport) -> Known | None:
    """Find the beacon of this address among those of the network and those that wait."""
    store, protocol = api_of(request).registry.store, protocol_of(report)
    for record in store.records.values():
        is_here = record.state in {MemberState.ACTIVE, MemberState.PENDING}
        if is_here and record.entry.url == report.url and record.entry.protocol == protocol:
            return Known(record.id, record.state is MemberState.ACTIVE, is_listed(request, record))
    return None


def report_document(report: CheckReport) -> dict[str, Any]:
    """Write the report for programs."""
    return {
        "url": report.url,
        "mayJoin": report.may_join,
        "elapsedS": round(report.elapsed_s, 3),
        "counts": counts(report),
        "findings": [_finding(one) for one in report.findings],
        "suggested": suggestions(report),
    }


def _finding(one: Finding) -> dict[str, str]:
    return {
        "rule": one.rule,
        "title": one.title,
        "verdict": one.verdict.value,
        "message": one.message,
        "fix": one.fix,
        "sent": one.sent,
        "came": one.came,
    }


def is_listed(request: web.Request, record: MemberRecord) -> bool:
    """Whether a member has a page of its own; those inside an opaque group have none."""
    groups = api_of(request).registry.store.groups
    is_hidden = any(groups[name].opaque for name in record.entry.groups if name in groups)
    return record.state is MemberState.ACTIVE and not is_hidden
