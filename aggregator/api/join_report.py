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
from registry.places import may_be_one, place_of_url
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
    """Empty for whom the network does not list: hidden members, who waits, was turned away."""


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
    api = api_of(request)
    report = await api.checker.check(entry.url, protocol=protocol)
    api.passed.keep(report)
    return report


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
    """Find the beacon of this address in the registry; only who is listed for all is named."""
    api = api_of(request)
    place, protocol = place_of_url(report.url), Protocol(protocol_of(report))
    there = [
        record
        for record in api.registry.store.records.values()
        if place_of_url(record.entry.url) == place
        and may_be_one(record.entry.protocol, protocol)
        and not _may_come_back(record)
    ]
    listed = api.holder.current.by_id
    named = [one.id for one in there if one.state is MemberState.ACTIVE and one.id in listed]
    return Known(next(iter(named), "")) if there else None


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


def _may_come_back(record: MemberRecord) -> bool:
    """Whether a beacon has left by itself and may register again."""
    has_left = record.state is MemberState.REMOVED and record.left_by == f"member:{record.id}"
    return has_left and record.declared is None


def is_listed(request: web.Request, record: MemberRecord) -> bool:
    """Whether a member has a page of its own; those inside an opaque group have none."""
    groups = api_of(request).registry.store.groups
    is_hidden = any(groups[name].opaque for name in record.entry.groups if name in groups)
    return record.state is MemberState.ACTIVE and not is_hidden
