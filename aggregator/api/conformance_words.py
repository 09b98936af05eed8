"""The sentences of the page of conformance, in the reader's language."""

from dataclasses import dataclass
from typing import Final

from babel.dates import format_date

from aggregator.api.conformance_documents import Known
from aggregator.base import i18n
from aggregator.base.i18n import N_
from aggregator.base.i18n import gettext as _
from aggregator.watch.conformance.history import Drift, read_moment

SIGNS: Final = {
    "pass": ("✓", N_("holds")),
    "fail": ("✗", N_("fails")),
    "skipped": ("–", N_("not judged")),
}


@dataclass(frozen=True, slots=True)
class Words:
    """What the page says before its rules."""

    summary: str
    drift: str = ""
    tried: str = ""
    next: str = ""


def words_of(known: Known) -> Words:
    """Say what is known of a member."""
    if known.is_group:
        return Words(
            _(
                "Its beacons are asked together and answer as one. How each of them keeps to the "
                "specification is not told."
            )
        )
    if not known.has_rules:
        return Words(
            _("There are rules for versions 1 and 2 of the Beacon API. This speaks another.")
        )
    return Words(_summary(known), _drift(known.drift), _tried(known), _next(known))


def _summary(known: Known) -> str:
    score, at = known.score, known.at
    if score is None or at is None:
        return _("It has not been judged yet.")
    passed, total = (i18n.number(one) for one in score)
    when = i18n.moment(at)
    if score[0] == score[1]:
        told = _("All of the {total} rules that could be judged hold, as of {when}.")
    else:
        told = _("{passed} of the {total} rules that could be judged hold, as of {when}.")
    return told.format(passed=passed, total=total, when=when)


def _drift(drift: Drift | None) -> str:
    if drift is None:
        return ""
    passed, total = (i18n.number(one) for one in drift.was)
    if not drift.was_released:
        told = _("It was {passed} of {total} until {when}.")
    elif drift.then.service and drift.then.service != drift.before.service:
        told = _("It was {passed} of {total} until the release of {when}, version {version}.")
    elif drift.then.api and drift.then.api != drift.before.api:
        told = _("It was {passed} of {total} until the release of {when}, API {version}.")
    else:
        told = _("It was {passed} of {total} until its update of {when}.")
    version = drift.then.service if drift.then.service != drift.before.service else drift.then.api
    when = format_date(drift.since, "d MMMM y", locale=i18n.language().locale)
    return told.format(passed=passed, total=total, when=when, version=(version or "")[:80])


def _tried(known: Known) -> str:
    tried = known.tried
    at = read_moment(tried.get("at")) if tried is not None else None
    if tried is None or at is None:
        return ""
    why = str(tried.get("why", ""))[:500]
    if known.at is None:
        told = _("A look at {when} could not be completed: {why}.")
    else:
        told = _(
            "A look at {when} could not be completed: {why}. What is below was found before that."
        )
    return told.format(when=i18n.moment(at), why=why)


def _next(known: Known) -> str:
    if known.is_looked_at:
        return _("It is being looked at now.")
    if known.next_at is None and known.member.protocol is None:
        return _("No look is planned: it is not known yet which protocol it speaks.")
    if known.next_at is None:
        return _("No further look is planned.")
    return _("The next look is at about {when}.").format(when=i18n.moment(known.next_at))
