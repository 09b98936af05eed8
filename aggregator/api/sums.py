"""The sentence that adds up what members count."""

from aggregator.api import row_sentences
from aggregator.api.texts import clean
from aggregator.base.i18n import ngettext, number
from aggregator.model.merged import NetworkAnswer, Verdict
from aggregator.model.outcome import Ending, MemberOutcome


def sum_sentence(answer: NetworkAnswer) -> str:
    """Say how much those count in all that report it; empty where there is no sum to tell.

    A beacon that said no counts nothing; what a beacon counts that is not to be relied on is in
    no sum, and said to be left out.
    """
    count = answer.count
    if count is None or answer.verdict is not Verdict.FOUND or not count.value:
        return ""
    told = [one for one in answer.ended(Ending.FOUND) if _unit_of(one) is not None]
    added = sum(_unit_of(one) == count.unit and not one.is_untrusted for one in told)
    sentence = ngettext(
        "%(members)s beacon tells %(count)s %(unit)s in all; "
        "the same person may be counted by several beacons.",
        "%(members)s beacons tell %(count)s %(unit)s in all; "
        "the same person may be counted by several beacons.",
        added,
    ) % {
        "members": number(added),
        "count": number(count.value),
        "unit": clean(row_sentences.unit_word(count.unit, count.value), 60),
    }
    left_out = sum(one.is_untrusted for one in told)
    return " ".join((sentence, *_left_out(left_out)))


def _left_out(doubtful: int) -> list[str]:
    if not doubtful:
        return []
    sentence = ngettext(
        "Left out: what %(doubtful)s beacon counts that also reports an allele that cannot exist.",
        "Left out: what %(doubtful)s beacons count that also report an allele that cannot exist.",
        doubtful,
    )
    return [sentence % {"doubtful": number(doubtful)}]


def _unit_of(outcome: MemberOutcome) -> str | None:
    told = outcome.answer
    return None if told is None or told.count is None else told.unit
