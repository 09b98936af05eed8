"""What a member's answer is worth when it fails questions whose answer is known. Pure.

While a member does not find a variant it is known to hold, its "no" is not one, and neither is
that of one of its data sets beside the "yes" of another; while it reports an allele that cannot
exist, its "yes" is marked. Both hold for whatever the answer is made of: a
call, the cache, an older answer that stands in.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

import msgspec

from aggregator.model.answer import Exists, Leaf, LeafEnding, ResultSet
from aggregator.model.outcome import Ending, MemberOutcome, NoAnswerCode, Reason
from aggregator.model.query import Query
from registry.controls import Controls, Failed

REPORTS_ANYTHING: Final = "it also reports an allele that cannot exist: do not rely on this yes"
MISSES_SOME: Final = (
    "it does not find a variant that it is known to hold: there may be more than it tells"
)
_COUNTS: Final = frozenset({"callCount", "sampleCount"})
"""What the facts of a data set say of an allele that it does not find."""


def believed(outcome: MemberOutcome, query: Query, controls: Controls) -> MemberOutcome:
    """Give the outcome of a member that fails these controls; others are about other questions.

    Only questions about variants are doubted: alleles are all that controls try.
    """
    if not controls or query.variant is None or outcome.answer is None:
        return outcome
    if outcome.ending is Ending.NOT_FOUND:
        failed = _concerning(query, controls.known)
        return _doubted(outcome, failed) if failed else outcome
    if outcome.ending is not Ending.FOUND:
        return outcome
    warnings = outcome.warnings
    is_untrusted = bool(_concerning(query, controls.impossible))
    if is_untrusted:
        warnings = (*warnings, REPORTS_ANYTHING)
    missed = _concerning(query, controls.known)
    if not missed:
        return replace(outcome, warnings=warnings, is_untrusted=is_untrusted)
    answer = msgspec.structs.replace(
        outcome.answer,
        result_sets=_without_no(outcome.answer.result_sets, missed),
        leaves=tuple(map(_silent, outcome.answer.leaves)),
    )
    warnings = (*warnings, MISSES_SOME)
    return replace(outcome, warnings=warnings, is_untrusted=is_untrusted, answer=answer)


def _concerning(query: Query, failed: tuple[Failed, ...]) -> list[Failed]:
    assembly = query.variant.assembly if query.variant is not None else None
    return [one for one in failed if one.concerns(assembly, query.dataset_ids)]


def _doubted(outcome: MemberOutcome, failed: list[Failed]) -> MemberOutcome:
    """Take the "no" back: data sets that pass have said no all the same."""
    return replace(
        outcome,
        ending=Ending.NO_ANSWER,
        reason=Reason(NoAnswerCode.CONTROL_FAILED, _why(failed[0], len(failed))),
        answer=None,
        silent_leaves=tuple(map(_silent, outcome.leaves)),
        told_sets=_without_no(outcome.data_sets, failed),
    )


def _without_no(sets: Iterable[ResultSet], failed: Iterable[Failed]) -> tuple[ResultSet, ...]:
    """Take the "no" of the data sets back that these controls are about."""
    names = {one.control.dataset for one in failed}
    return tuple(_open(one) if None in names or one.id in names else one for one in sets)


def _open(one: ResultSet) -> ResultSet:
    if one.exists is not Exists.NO:
        return one
    info = {key: value for key, value in one.info.items() if key not in _COUNTS}
    return msgspec.structs.replace(
        one, exists=Exists.UNKNOWN, count=None, frequency=None, info=info, is_doubted=True
    )


def _silent(one: Leaf) -> Leaf:
    if one.ending is not LeafEnding.NOT_FOUND:
        return one
    return msgspec.structs.replace(
        one,
        ending=LeafEnding.NO_ANSWER,
        reason="the “no” of its network is not passed on",
        code=NoAnswerCode.CONTROL_FAILED.value,
    )


def _why(failed: Failed, number: int) -> str:
    control = failed.control
    where = (
        f"{control.assembly}, data set {control.dataset}"
        if control.dataset
        else (f"{control.assembly}")
    )
    others = f" and {number - 1} more" if number > 1 else ""
    return (
        f"it said no, but since {failed.since:%Y-%m-%d %H:%M} UTC it does not find "
        f"{control.variant} ({where}){others}, which it is known to hold; its “no” counts again "
        "when it does"
    )
