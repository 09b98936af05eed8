"""The sentences that say what an answer means, for pages, exports and the command line.

A "no" is only called one when nobody who could have known is missing.
"""

from collections import Counter
from collections.abc import Iterable

from aggregator.model.answer import Exists, Match
from aggregator.model.merged import NetworkAnswer, Verdict
from aggregator.model.outcome import (
    CHOSEN_NOT_ASKED,
    Ending,
    MemberOutcome,
    NotAskedCode,
    Source,
)

FOOTER = "For research and case finding. Confirm with the data holder before any clinical decision."

_REASONS = {
    NotAskedCode.ASSEMBLY: "another assembly",
    NotAskedCode.REFERENCE_ALLELE: "it is the reference allele there",
    NotAskedCode.LIFTOVER: "not convertible to its assembly",
    NotAskedCode.ENTRY_TYPE: "does not offer this entry type",
    NotAskedCode.QUERY_KIND: "does not take this kind of question",
    NotAskedCode.PARAMETER: "cannot be asked in its words",
    NotAskedCode.FILTER: "does not know the filter",
    NotAskedCode.DATASET: "does not hold the data set",
    NotAskedCode.GRANULARITY: "does not tell this much",
    NotAskedCode.PAGINATION: "has no pages",
    NotAskedCode.NOT_SELECTED: "not selected",
    NotAskedCode.NEEDS_TOKEN: "needs a token",
    NotAskedCode.PAUSED: "paused",
    NotAskedCode.SUSPENDED: "suspended after failures",
    NotAskedCode.LOOP: "asks this network itself",
    NotAskedCode.DISABLED: "switched off",
}


def verdict_sentence(answer: NetworkAnswer) -> str:
    """Say what the network's answer means."""
    found = answer.ended(Ending.FOUND)
    said_no = answer.ended(Ending.NOT_FOUND)
    silent = answer.ended(Ending.NO_ANSWER)
    unasked = _could_not_be_asked(answer.outcomes)
    answered = len(found) + len(said_no)
    if answer.verdict is Verdict.FOUND:
        return _found(answer, found, answered, len(silent), unasked)
    if not answered:
        if silent:
            return "We do not know: no beacon answered."
        if not answer.outcomes:
            return "We do not know: no beacon is registered in this network."
        reasons = reasons_of(answer.ended(Ending.NOT_ASKED))
        return f"No beacon could be asked this ({reasons})."
    if answer.verdict is Verdict.UNKNOWN:
        missing = f"{len(silent)} did not answer" if silent else ""
        held_back = [o for o in unasked if o.is_missing]
        if held_back:
            could = f"{len(held_back)} could not be asked ({reasons_of(held_back)})"
            missing = f"{missing} and {could}" if missing else could
        return (
            f"No complete answer: {_beacons(len(said_no))} said no, but {missing}. "
            "Do not read this as a no."
        )
    sentence = (
        f"None of the {answered} beacons reports this allele in the data they let you search. "
        "This does not show that it is absent from their populations, or that it is harmless."
    )
    if unasked:
        sentence += f" {len(unasked)} could not be asked ({reasons_of(unasked)})."
    return sentence


def searched_sentence(answer: NetworkAnswer, *, is_anonymous: bool) -> str:
    """Say what was searched: data sets, for whom they are open, and the assembly."""
    sets = sum(
        max(1, len(outcome.answer.result_sets)) for outcome in answer.outcomes if outcome.answer
    )
    whom = "anonymous users" if is_anonymous else "you"
    variant = answer.query.variant
    assembly = (variant.assembly or variant.typed_assembly) if variant else None
    where = f", {assembly}" if assembly else ""
    return f"Searched: {sets} data sets open to {whom}{where}."


def row_sentence(outcome: MemberOutcome) -> str:
    """Say what one member's ending means."""
    ending = outcome.ending
    if ending is Ending.FOUND:
        sentence = (
            "Reports this allele at least once; does not say in whom, how often or how it was "
            "called."
        )
        count = count_sentence(outcome)
        parts = (sentence, count, match_sentence(outcome), _staleness(outcome))
        return " ".join(filter(None, parts))
    if ending is Ending.NOT_FOUND:
        sets = outcome.answer.result_sets if outcome.answer else ()
        names = [one.name or one.id for one in sets if one.exists is not Exists.UNKNOWN]
        searched = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
        sentence = (
            f"Not in the data sets searched{f' ({searched})' if searched else ''}; "
            "sites it could not read are not excluded."
        )
        return " ".join(filter(None, (sentence, _staleness(outcome))))
    reason = outcome.reason.message.rstrip(".") if outcome.reason else "no reason known"
    if ending is Ending.NO_ANSWER:
        return f"Did not answer ({reason}). It may or may not have the allele."
    if ending is Ending.ASKING:
        return "Still being asked."
    return f"Not asked: {reason}. It may or may not have the allele."


def count_sentence(outcome: MemberOutcome) -> str:
    """Say how many of what a member told."""
    answer = outcome.answer
    if answer is None or answer.count is None:
        return ""
    return f"It tells {answer.count:,} {answer.unit or 'results'}."


def match_sentence(outcome: MemberOutcome) -> str:
    """Say what a hit proves, where it is not the very allele asked for."""
    if outcome.match is Match.EQUIVALENT:
        return f"Found in an equivalent spelling, {outcome.matched_as}."
    if outcome.match is Match.BROADER:
        asked = f" ({outcome.matched_as})" if outcome.matched_as else ""
        return f"Found by a broader question{asked}: not proof of this exact event."
    if outcome.match is Match.TEXT:
        return "Found by comparing the name as text."
    if outcome.match is Match.LIFTED:
        return f"Found in another assembly as {outcome.matched_as}, converted from your question."
    return ""


def reasons_of(outcomes: Iterable[MemberOutcome]) -> str:
    """List the reasons of members that were not asked, the most frequent first."""
    codes = Counter(
        outcome.reason.code
        for outcome in outcomes
        if outcome.reason is not None and isinstance(outcome.reason.code, NotAskedCode)
    )
    return ", ".join(
        f"{_REASONS[code]}" + (f" ×{times}" if times > 1 else "")
        for code, times in codes.most_common()
    )


def _found(
    answer: NetworkAnswer,
    found: tuple[MemberOutcome, ...],
    answered: int,
    silent: int,
    unasked: list[MemberOutcome],
) -> str:
    exact = [o for o in found if o.match in {Match.EXACT, Match.EQUIVALENT}]
    said_no = answered - len(found)
    if not exact:
        sentence = (
            f"{len(found)} of {answered} beacons found something by a broader or a text "
            f"question, which is no proof of this exact allele; {said_no} answered no."
        )
    else:
        sentence = (
            f"{len(exact)} of {answered} beacons report this exact allele; {said_no} answered no."
        )
        if len(exact) < len(found):
            sentence += f" {len(found) - len(exact)} found it by a broader or a text question."
    if not answer.is_complete:
        sentence += (
            f" {silent} did not answer and {len(unasked)} could not be asked, so there may be more."
        )
    elif unasked:
        sentence += f" {len(unasked)} could not be asked ({reasons_of(unasked)})."
    return sentence


def _could_not_be_asked(outcomes: Iterable[MemberOutcome]) -> list[MemberOutcome]:
    """Give the members not asked for another reason than that somebody chose so."""
    return [
        outcome
        for outcome in outcomes
        if outcome.ending is Ending.NOT_ASKED
        and outcome.reason is not None
        and outcome.reason.code not in CHOSEN_NOT_ASKED
    ]


def _staleness(outcome: MemberOutcome) -> str:
    if outcome.source is not Source.STALE:
        return ""
    said = next((w for w in outcome.warnings if w.startswith("answer of ")), "an older answer")
    said = said[0].upper() + said[1:]
    silent = any("silent now" in warning for warning in outcome.warnings)
    return f"{said}; the beacon is silent now." if silent else f"{said}."


def _beacons(number: int) -> str:
    return f"{number} beacon" if number == 1 else f"{number} beacons"
