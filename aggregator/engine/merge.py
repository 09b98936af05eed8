"""Merges outcomes into the network's answer. Pure; the order of arrival does not matter."""

from collections.abc import Sequence

from aggregator.engine.duplicates import counted_twice, find_duplicates, marked
from aggregator.model.answer import Exists
from aggregator.model.merged import MergedCount, NetworkAnswer, Verdict
from aggregator.model.outcome import Ending, MemberOutcome, Source
from aggregator.model.query import Granularity, Query

COUNT_NOTE = "the same person may be counted by several beacons"
ONCE_NOTE = "data sets that were reached twice are counted once"
TWICE_NOTE = "what was reached twice is not told apart, and some of it may be counted twice"


def merge(
    query: Query,
    outcomes: Sequence[MemberOutcome],
    *,
    elapsed_s: float,
    warnings: Sequence[str] = (),
) -> NetworkAnswer:
    """Merge the outcomes of every registered member, given in registry order."""
    is_complete = not any(outcome.is_missing for outcome in outcomes)
    count = _count(query, outcomes)
    return NetworkAnswer(
        query=query,
        verdict=_verdict(outcomes, is_complete=is_complete),
        is_complete=is_complete,
        outcomes=marked(outcomes, find_duplicates(outcomes)),
        count=count,
        granularity=_granularity(query, outcomes, count),
        elapsed_s=elapsed_s,
        warnings=(*warnings, *_warnings(outcomes)),
    )


def _verdict(outcomes: Sequence[MemberOutcome], *, is_complete: bool) -> Verdict:
    endings = {outcome.ending for outcome in outcomes}
    if Ending.FOUND in endings:
        return Verdict.FOUND
    if Ending.NOT_FOUND in endings and is_complete:
        return Verdict.NOT_FOUND
    return Verdict.UNKNOWN


def _count(query: Query, outcomes: Sequence[MemberOutcome]) -> MergedCount | None:
    """Sum told counts within one unit: the unit most members told, the asked records first.

    What cannot be relied on is not added: a false yes comes with a false number.
    """
    if query.granularity is Granularity.BOOLEAN:
        return None
    by_unit: dict[str, list[MemberOutcome]] = {}
    for outcome in outcomes:
        unit = _unit_of(outcome)
        if unit is not None and not outcome.is_untrusted:
            by_unit.setdefault(unit, []).append(outcome)
    if not by_unit:
        return None
    records = f"{query.entry_type} records"
    hits = {unit: any(o.ending is Ending.FOUND for o in told) for unit, told in by_unit.items()}
    unit = max(by_unit, key=lambda u: (hits[u], u == records, len(by_unit[u]), u))
    told = by_unit[unit]
    left_out = sorted(other for other in by_unit if other != unit and hits[other])
    note = COUNT_NOTE
    if left_out:
        note += f"; counts in other units ({', '.join(left_out)}) are not added"
    if doubtful := sum(o.is_untrusted and _unit_of(o) == unit for o in outcomes):
        note += f"; {_not_added(doubtful)}"
    repeated, is_exact = counted_twice(told, duplicates := find_duplicates(told))
    if duplicates:
        note += f"; {ONCE_NOTE if is_exact else TWICE_NOTE}"
    total = sum(outcome.answer.count or 0 for outcome in told if outcome.answer)
    return MergedCount(
        value=max(0, total - repeated),
        unit=unit,
        members_counted=len(told),
        is_exact=is_exact
        and not any(outcome.is_partial for outcome in told)
        and all(outcome.answer.is_count_exact for outcome in told if outcome.answer)
        and len(told) == sum(1 for o in outcomes if o.answer is not None),
        note=note,
    )


def _unit_of(outcome: MemberOutcome) -> str | None:
    """Say what a member counted; None: it told no count, or not of what."""
    answer = outcome.answer
    return None if answer is None or answer.count is None else answer.unit


def _not_added(doubtful: int) -> str:
    counts, reports = ("counts", "reports") if doubtful == 1 else ("count", "report")
    return (
        f"what {_members(doubtful)} {counts} that also {reports} an allele that cannot exist is "
        "not added"
    )


def _granularity(
    query: Query, outcomes: Sequence[MemberOutcome], count: MergedCount | None
) -> Granularity:
    present = [outcome.answer.granularity for outcome in outcomes if outcome.answer is not None]
    highest = max(present, key=lambda g: g.rank, default=Granularity.BOOLEAN)
    returned = min(highest, query.granularity, key=lambda g: g.rank)
    if returned is Granularity.COUNT and count is None:
        return Granularity.BOOLEAN
    return returned


def _warnings(outcomes: Sequence[MemberOutcome]) -> list[str]:
    warnings: list[str] = []
    doubted = sum(1 for o in outcomes if o.is_doubted)
    silent = sum(1 for o in outcomes if o.ending is Ending.NO_ANSWER) - doubted
    halves = sum(1 for o in outcomes if o.lacks_part)
    partial = sum(1 for o in outcomes if o.is_partial) - halves
    missing = sum(1 for o in outcomes if o.is_missing) - silent - doubted
    missing -= partial + halves
    if silent:
        warnings.append(
            f"{_members(silent)} did not answer: a 'no' from {_them(silent)} is missing"
        )
    if doubted:
        warnings.append(
            f"the 'no' of {_members(doubted)} is not passed on: {_they(doubted)} "
            f"{'does' if doubted == 1 else 'do'} not find what {_they(doubted)} "
            f"{'is' if doubted == 1 else 'are'} known to hold"
        )
    if missing:
        warnings.append(
            f"{_members(missing)} could not be asked though {_they(missing)} may know: "
            f"a 'no' from {_them(missing)} is missing"
        )
    if partial:
        warnings.append(
            f"the answers of {_members(partial)} lack beacons inside {_them(partial)}: there may "
            "be more"
        )
    if halves:
        warnings.append(
            f"{_members(halves)} did not answer a part of the question: there may be more"
        )
    stale = sum(1 for o in outcomes if o.source is Source.STALE)
    if stale:
        warnings.append(f"the answers of {_members(stale)} are older than this network keeps fresh")
    if untrusted := sum(1 for o in outcomes if o.is_untrusted):
        warnings.append(
            f"{_members(untrusted)} that {'reports' if untrusted == 1 else 'report'} it also "
            f"{'reports' if untrusted == 1 else 'report'} an allele that cannot exist: do not "
            f"rely on {'its' if untrusted == 1 else 'their'} yes"
        )
    unsure = [o for o in outcomes if o.answer is not None and o.answer.exists is Exists.UNKNOWN]
    if unsure:  # read() never lets one through; if it did, silence would be a lie
        warnings.append(f"the answers of {_members(len(unsure))} are not clear")
    return warnings


def _members(number: int) -> str:
    return f"{number} member" if number == 1 else f"{number} members"


def _they(number: int) -> str:
    return "it" if number == 1 else "they"


def _them(number: int) -> str:
    return "it" if number == 1 else "them"
