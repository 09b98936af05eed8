"""Members, questions, answers and outcomes in few words, for tests of what is done with them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from aggregator.engine.merge import merge
from aggregator.model.answer import Answer, Exists, Match
from aggregator.model.fields import VariantFields
from aggregator.model.merged import NetworkAnswer
from aggregator.model.outcome import (
    Ending,
    Member,
    MemberOutcome,
    NoAnswerCode,
    NotAskedCode,
    Reason,
)
from aggregator.model.query import Granularity, Include, Query, VariantQuestion
from aggregator.model.question import ReferenceSequence, check
from aggregator.protocol.identity import Identity, OrganizationIdentity
from aggregator.protocol.wire import Reply
from registry.capabilities import Capabilities, DataSet
from registry.models import Dialect, MemberEntry
from registry.snapshot import RegisteredMember, Snapshot

US = Identity(
    beacon_id="org.example.network",
    name="Network",
    description="All of them.",
    organization=OrganizationIdentity("example", "Example Org"),
    environment="test",
    version="0.1.0",
)

SNV: Mapping[str, Any] = {
    "assembly": "GRCh38",
    "chromosome": "17",
    "start": (43045703,),
    "reference": "G",
    "alternate": "A",
}
"""BRCA1 Pro1856Ser, 17-43045704-G-A."""

F508DEL: Mapping[str, Any] = {
    "assembly": "GRCh38",
    "chromosome": "7",
    "start": (117559589,),
    "reference": "ATCT",
    "alternate": "A",
}
"""CFTR F508del in its VCF spelling, 7-117559590-ATCT-A."""


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def pass_s(self, seconds: float) -> None:
        self.now += seconds


def member(
    member_id: str = "one",
    *,
    data_sets: Mapping[str, str | None] | None = None,
    capabilities: Mapping[str, Any] | None = None,
    learned: Dialect | None = None,
    **entry: Any,
) -> RegisteredMember:
    """Make a member as a registry has it; `entry` as an operator declares it."""
    declared = {"url": f"https://{member_id}.example.org", "protocol": "v2", **entry}
    sets = tuple(DataSet(id=key, assembly=name) for key, name in (data_sets or {}).items())
    return RegisteredMember(
        MemberEntry.model_validate({"id": member_id, **declared}),
        Capabilities(data_sets=sets, **(capabilities or {})),
        learned or Dialect(),
    )


def snapshot(*members: RegisteredMember | str) -> Snapshot:
    """Make a registry's snapshot; a text stands for a member of that id."""
    return Snapshot(1, tuple(member(m) if isinstance(m, str) else m for m in members))


def variant(
    fields: Mapping[str, Any] = SNV, reference: ReferenceSequence | None = None, **changes: Any
) -> VariantQuestion:
    """Make a checked variant question."""
    checked = check(VariantFields(**{**fields, **changes}), reference)
    assert not checked.problems, checked.problems
    assert checked.question is not None
    return checked.question


def query(
    fields: Mapping[str, Any] = SNV,
    *,
    granularity: str = "boolean",
    include: str = "HIT",
    **options: Any,
) -> Query:
    """Make a question to the network."""
    return Query(
        variant=variant(fields),
        granularity=Granularity(granularity),
        include=Include(include),
        **options,
    )


def answer(
    exists: bool | None = True,
    count: int | None = None,
    unit: str | None = "variants",
    granularity: str | None = None,
    **more: Any,
) -> Answer:
    """Make a member's answer; with a count it is one of counts, unless told otherwise."""
    told = "boolean" if count is None else "count"
    return Answer(
        exists=Exists.of(exists),
        count=count,
        unit=None if count is None else unit,
        granularity=Granularity(granularity or told),
        **more,
    )


def outcome(
    member_id: str = "one", how: str = "found", told: Answer | None = None, **changes: Any
) -> MemberOutcome:
    """Make an outcome; `how` is `found`, `not_found` or the code of a reason."""
    who = Member(member_id, member_id.title(), "v2")
    if how in {"found", "not_found"}:
        found = how == "found"
        made = MemberOutcome(
            who,
            Ending(how),
            match=Match.EXACT if found else None,
            answer=told if told is not None else answer(found),
        )
    elif how in set(NotAskedCode):
        made = MemberOutcome(who, Ending.NOT_ASKED, reason=Reason(NotAskedCode(how), f"is {how}"))
    else:
        reason = Reason(NoAnswerCode(how), f"had {how}")
        made = MemberOutcome(who, Ending.NO_ANSWER, reason=reason)
    return replace(made, **changes)


def outcomes(*hows: str) -> list[MemberOutcome]:
    """Make outcomes of members a, b, c …"""
    return [outcome(chr(ord("a") + number), how) for number, how in enumerate(hows)]


def network_answer(
    given: Sequence[MemberOutcome | str], asked: Query | None = None
) -> NetworkAnswer:
    """Merge outcomes; a text is the end of member a, b, c …"""
    made = [
        outcome(chr(ord("a") + number), one) if isinstance(one, str) else one
        for number, one in enumerate(given)
    ]
    return merge(asked or query(), made, elapsed_s=0.5)


def v2_reply(exists: bool | None = True, count: int | None = None, **headers: str) -> Reply:
    """Make a member's Beacon v2 answer."""
    summary: dict[str, Any] = {"exists": exists}
    granularity = "boolean"
    if count is not None:
        summary["numTotalResults"] = count
        granularity = "count"
    document = {
        "meta": {"beaconId": "x", "apiVersion": "v2.0", "returnedGranularity": granularity},
        "responseSummary": summary,
    }
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(200, json.dumps(document).encode(), named)
