"""Sentences about the objectives of a member, in the reader's language."""

from math import floor
from typing import Final

from babel.numbers import format_decimal

from aggregator.base.i18n import N_, language, ngettext, number
from aggregator.base.i18n import gettext as _
from registry.objectives import WITHIN_S, Objective, ObjectiveName

_TITLES: Final = {
    ObjectiveName.AVAILABLE: N_("Answers %(target)s of checks in a calendar month"),
    ObjectiveName.QUICK: N_("Answers %(target)s of questions within %(seconds)s s"),
}
_NOTHING: Final = {
    ObjectiveName.AVAILABLE: N_("Nothing was checked this month."),
    ObjectiveName.QUICK: N_("It was asked nothing this month."),
}
_REACHED: Final = {
    ObjectiveName.AVAILABLE: N_("%(share)s of %(counted)s checks were answered this month."),
    ObjectiveName.QUICK: N_("%(share)s of %(counted)s questions were answered in time this month."),
}


def title_of(objective: Objective) -> str:
    """Name a target."""
    return _(_TITLES[objective.name]) % {
        "target": percent(objective.target),
        "seconds": number(int(WITHIN_S)),
    }


def sentence_of(objective: Objective) -> str:
    """Say how the month has gone so far, and what may still go wrong."""
    reached, told = objective.reached, []
    if reached is not None:
        share = {"share": percent(reached), "counted": number(objective.counted)}
        told.append(_(_REACHED[objective.name]) % share)
    elif not objective.cut_off:
        told.append(_(_NOTHING[objective.name]))
    return " ".join(filter(None, [*told, cut_off_of(objective), budget_of(objective)]))


def cut_off_of(objective: Objective) -> str:
    """Say how many questions were given up too early to be counted; empty where none was."""
    cut_off, counted = objective.cut_off, objective.counted
    if not cut_off:
        return ""
    if counted:
        told = ngettext(
            "%(number)s more was given up before %(seconds)s s: whether its answer would have come "
            "in time is not known.",
            "%(number)s more were given up before %(seconds)s s: whether their answers would have "
            "come in time is not known.",
            cut_off,
        )
    else:
        told = ngettext(
            "The %(number)s question of this month was given up before %(seconds)s s: whether its "
            "answer would have come in time is not known.",
            "All %(number)s questions of this month were given up before %(seconds)s s: whether "
            "their answers would have come in time is not known.",
            cut_off,
        )
    return told % {"number": number(cut_off), "seconds": number(int(WITHIN_S))}


def budget_of(objective: Objective) -> str:
    """Say what is left of the error budget; empty where it is not known."""
    left, minutes = objective.budget_left, objective.minutes_left
    if left is None:
        return ""
    if left <= 0:
        if minutes is None:
            return _("The error budget is spent.")
        return _("The error budget is spent: %(minutes)s minutes of outage too many.") % {
            "minutes": number(round(-minutes))
        }
    if minutes is None:
        return _("%(share)s of the error budget is left.") % {"share": percent(left)}
    return _(
        "%(share)s of the error budget is left: %(minutes)s minutes of outage of %(allowed)s."
    ) % {
        "share": percent(left),
        "minutes": number(floor(minutes)),
        "allowed": number(round(objective.minutes_allowed or 0)),
    }


def percent(share: float) -> str:
    """Write a share with at most two decimals, rounded down: 100 % is said of all alone."""
    shown = floor(share * 10_000 + 1e-6) / 100
    return _("%(number)s %%") % {
        "number": format_decimal(shown, "#,##0.##", locale=language().locale)
    }
