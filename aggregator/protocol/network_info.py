"""Writes `info.network`: the verdict, and every member with how it ended.

The specification's own fields cannot say "unknown"; this object stands where its schemas allow
anything, in answers and errors alike.
"""

from typing import Any

from aggregator.model.answer import DUPLICATE_OF, Exists, Leaf, ResultSet
from aggregator.model.merged import MergedCount, NetworkAnswer, Verdict
from aggregator.model.outcome import Ending, MemberOutcome

_EXISTS = {Exists.YES: True, Exists.NO: False, Exists.UNKNOWN: None}


def network_info(answer: NetworkAnswer) -> dict[str, Any]:
    """Write the whole object."""
    count = told_count(answer)
    return {
        "verdict": answer.verdict.value,
        "complete": answer.is_complete,
        "elapsedMs": _milliseconds(answer.elapsed_s),
        "summary": {
            "members": len(answer.outcomes),
            "found": len(answer.ended(Ending.FOUND)),
            "notFound": len(answer.ended(Ending.NOT_FOUND)),
            "noAnswer": len(answer.ended(Ending.NO_ANSWER)),
            "notAsked": len(answer.ended(Ending.NOT_ASKED)),
        },
        "count": None
        if count is None
        else {
            "value": count.value,
            "unit": count.unit,
            "membersCounted": count.members_counted,
            "exact": count.is_exact,
            "note": count.note,
        },
        "members": [member_info(outcome) for outcome in answer.outcomes],
        "warnings": list(answer.warnings),
    }


def told_count(answer: NetworkAnswer) -> MergedCount | None:
    """Give the count that may stand beside the verdict.

    Where those that found it told no count, the sum is the zero of the others: it counts nothing
    of what was found.
    """
    count = answer.count
    if count is not None and not count.value and answer.verdict is Verdict.FOUND:
        return None
    return count


def member_info(outcome: MemberOutcome) -> dict[str, Any]:
    """Write one element of `members`."""
    answer, member = outcome.answer, outcome.member
    written: dict[str, Any] = {
        "id": member.id,
        "beaconId": member.beacon_id,
        "name": member.name,
        "protocol": member.protocol,
        "apiVersion": member.api_version,
        "answer": outcome.ending.value,
        "match": outcome.match.value if outcome.match else None,
        "matchedAs": outcome.matched_as,
        "reason": None
        if outcome.reason is None
        else {"code": outcome.reason.code.value, "message": outcome.reason.message},
        "count": answer.count if answer else None,
        "countUnit": answer.unit if answer and answer.count is not None else None,
        "granularity": answer.granularity.value if answer else None,
        "elapsedMs": _milliseconds(outcome.elapsed_s),
        "attempts": outcome.attempts,
        "source": outcome.source.value,
        "ageS": round(outcome.age_s),
        "warnings": list(outcome.warnings),
        "datasets": [_data_set(one) for one in outcome.data_sets],
    }
    if outcome.is_untrusted:
        written["untrusted"] = True
    if outcome.leaves:
        written["beacons"] = [_leaf(one) for one in outcome.leaves]
    return written


def _leaf(one: Leaf) -> dict[str, Any]:
    """Write a beacon inside a network; the code is one of ours where that network told it."""
    return {
        "id": one.beacon_id,
        "name": one.name or one.beacon_id,
        "answer": one.ending.value,
        "reason": None if one.reason is None else {"code": one.code, "message": one.reason},
    }


def _data_set(one: ResultSet) -> dict[str, Any]:
    written: dict[str, Any] = {
        "id": one.id,
        "name": one.name or one.id,
        "exists": _EXISTS[one.exists],
        "count": one.count,
        "frequency": one.frequency,
    }
    if isinstance(original := one.info.get(DUPLICATE_OF), str):
        written[DUPLICATE_OF] = original
    return written


def _milliseconds(seconds: float) -> int:
    return round(seconds * 1000)
