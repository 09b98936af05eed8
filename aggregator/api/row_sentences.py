"""The sentences that say what the ending of one member means, for pages, exports and commands.

All of them pass through the catalogue of the reader's language.
"""

from aggregator.api.doubts import untrusted_sentence
from aggregator.base.i18n import gettext as _
from aggregator.base.i18n import ngettext, number
from aggregator.model.answer import Exists, Match
from aggregator.model.outcome import Ending, MemberOutcome, NoAnswerCode, NotAskedCode, Source
from aggregator.protocol.v2_reading import CENSORED

NEEDS_ACCESS = frozenset({NotAskedCode.NEEDS_TOKEN, NoAnswerCode.FORBIDDEN})


def row_sentence(outcome: MemberOutcome, *, allele: bool = True) -> str:
    """Say what one member's ending means; `allele`: the question was about one allele."""
    ending = outcome.ending
    if ending is Ending.FOUND:
        parts = (
            found_sentence(outcome, allele=allele),
            count_sentence(outcome),
            match_sentence(outcome),
            stale_sentence(outcome),
            untrusted_sentence(outcome),
        )
        return " ".join(filter(None, parts))
    if ending is Ending.NOT_FOUND:
        return " ".join(filter(None, (_not_found(outcome), stale_sentence(outcome))))
    if ending is Ending.ASKING:
        return _("Still being asked.")
    reason = outcome.reason.message.rstrip(".") if outcome.reason else _("no reason known")
    if outcome.reason is not None and outcome.reason.code is NoAnswerCode.CONTROL_FAILED:
        sentence = _("Its answer is not passed on: %(reason)s.") % {"reason": reason}
    elif ending is Ending.NO_ANSWER:
        sentence = _("Did not answer (%(reason)s).") % {"reason": reason}
    else:
        sentence = _("Not asked: %(reason)s.") % {"reason": reason}
    return " ".join(filter(None, (sentence, unknown_sentence(allele), access_sentence(outcome))))


def unknown_sentence(allele: bool) -> str:
    """Say what the silence of a member means."""
    if allele:
        return _("It may or may not have the allele.")
    return _("It may or may not have such a variant.")


def found_sentence(outcome: MemberOutcome, *, allele: bool = True) -> str:
    """Say what a hit says, and what it does not."""
    if outcome.match in {Match.BROADER, Match.TEXT}:
        return _("Reports something that fits the question it was asked.")
    if not allele:
        return _(
            "Reports at least one variant that fits; does not say in whom, how often or how it "
            "was called."
        )
    return _(
        "Reports this allele at least once; does not say in whom, how often or how it was called."
    )


def count_sentence(outcome: MemberOutcome) -> str:
    """Say how many of what a member told."""
    answer = outcome.answer
    if answer is None or answer.count is None:
        return ""
    told = {"count": number(answer.count), "unit": unit_word(answer.unit, answer.count)}
    return _("It tells %(count)s %(unit)s.") % told


def unit_word(unit: str | None, count: int) -> str:
    """Name what is counted; a unit nobody here knows stays as the member's operator wrote it."""
    match unit:
        case None:
            return ngettext("result", "results", count)
        case "genomicVariant records":
            return ngettext("variant record", "variant records", count)
        case "individual records":
            return ngettext("individual", "individuals", count)
        case "biosample records":
            return ngettext("biosample", "biosamples", count)
        case "run records":
            return ngettext("sequencing run", "sequencing runs", count)
        case "analysis records":
            return ngettext("analysis", "analyses", count)
        case "dataset records":
            return ngettext("data set", "data sets", count)
        case "cohort records":
            return ngettext("cohort", "cohorts", count)
        case "variants":
            return ngettext("variant", "variants", count)
        case "observations":
            return ngettext("observation", "observations", count)
        case "alleles":
            return ngettext("allele", "alleles", count)
    return unit


def match_sentence(outcome: MemberOutcome) -> str:
    """Say what a hit proves, where it is not the very allele asked for."""
    spelled = {"spelling": outcome.matched_as or ""}
    if outcome.match is Match.EQUIVALENT:
        return _("Found in an equivalent spelling, %(spelling)s.") % spelled
    if outcome.match is Match.BROADER and outcome.matched_as:
        return (
            _("Found by a broader question (%(spelling)s): not proof of this exact event.")
            % spelled
        )
    if outcome.match is Match.BROADER:
        return _("Found by a broader question: not proof of this exact event.")
    if outcome.match is Match.TEXT:
        return _("Found by comparing the name as text.")
    if outcome.match is Match.LIFTED:
        return (
            _("Found in another assembly as %(spelling)s, converted from your question.") % spelled
        )
    return ""


def access_sentence(outcome: MemberOutcome) -> str:
    """Say that a member keeps its answers for people it knows."""
    if outcome.reason is not None and outcome.reason.code in NEEDS_ACCESS:
        return _("Answers only signed-in or approved users.")
    return ""


def stale_sentence(outcome: MemberOutcome) -> str:
    """Say that an answer is an old one, and why it has to do."""
    if outcome.source is not Source.STALE:
        return ""
    said = next((w for w in outcome.warnings if w.startswith("answer of ")), "")
    when = said.removeprefix("answer of ") or _("an earlier time")
    if any("silent now" in warning for warning in outcome.warnings):
        return _("Answer of %(time)s; the beacon is silent now.") % {"time": when}
    return _("Answer of %(time)s.") % {"time": when}


def _not_found(outcome: MemberOutcome) -> str:
    sets = outcome.answer.result_sets if outcome.answer else ()
    names = [one.name or one.id for one in sets if one.exists is not Exists.UNKNOWN]
    searched = ", ".join(names[:5])
    if len(names) > 5:
        searched = _("%(names)s and %(more)s more") % {
            "names": searched,
            "more": number(len(names) - 5),
        }
    if searched:
        sentence = _(
            "Not in the data sets searched (%(names)s); sites it could not read are not excluded."
        ) % {"names": searched}
    else:
        sentence = _("Not in the data sets searched; sites it could not read are not excluded.")
    if CENSORED in outcome.warnings:
        return _("Not found, or in fewer people than it may tell.") + " " + sentence
    return sentence
