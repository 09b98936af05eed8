"""The sentences that say which answers are not to be relied on."""

from collections.abc import Sequence

from aggregator.base.i18n import gettext as _
from aggregator.base.i18n import ngettext, number
from aggregator.model.outcome import MemberOutcome


def untrusted_sentence(outcome: MemberOutcome) -> str:
    """Say that a hit is not to be relied on."""
    if outcome.is_untrusted:
        return _("It also reports an allele that cannot exist: do not rely on this yes.")
    return ""


def untrusted_parts(found: Sequence[MemberOutcome]) -> list[str]:
    """Say how many of those that found something are not to be relied on."""
    untrusted = sum(outcome.is_untrusted for outcome in found)
    if not untrusted:
        return []
    if untrusted == len(found):
        return [
            _(
                "Every beacon that reports it also reports an allele that cannot exist: do not "
                "rely on this yes."
            )
        ]
    sentence = ngettext(
        "%(untrusted)s of them also reports an allele that cannot exist: do not rely on its yes.",
        "%(untrusted)s of them also report an allele that cannot exist: do not rely on their yes.",
        untrusted,
    )
    return [sentence % {"untrusted": number(untrusted)}]


def doubted_clause(doubted: int) -> str:
    """Say of how many a "no" proves nothing, as part of a sentence."""
    return ngettext(
        "the “no” of %(doubted)s beacon is not passed on, as it fails a control",
        "the “no” of %(doubted)s beacons is not passed on, as they fail a control",
        doubted,
    ) % {"doubted": number(doubted)}


def doubted_part(doubted: int) -> str:
    """Say beside a hit of how many a "no" proves nothing."""
    return ngettext(
        "The “no” of %(doubted)s beacon is not passed on, as it fails a control, so there may be "
        "more.",
        "The “no” of %(doubted)s beacons is not passed on, as they fail a control, so there may "
        "be more.",
        doubted,
    ) % {"doubted": number(doubted)}
