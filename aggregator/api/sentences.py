"""The sentences that say what an answer means, for pages, exports and the command line.

A "no" is only called one when nobody who could have known is missing. All of them pass through
the catalogue of the reader's language.
"""

from collections import Counter
from collections.abc import Iterable

from aggregator.api.doubts import (
    doubted_clause,
    doubted_part,
    untrusted_parts,
)
from aggregator.base.i18n import N_, ngettext, number
from aggregator.base.i18n import gettext as _
from aggregator.model.answer import Answer, Exists, Match
from aggregator.model.merged import NetworkAnswer, Verdict
from aggregator.model.outcome import (
    CHOSEN_NOT_ASKED,
    Ending,
    MemberOutcome,
    NotAskedCode,
)
from aggregator.model.query import GENOMIC_VARIANT, Query, QuestionKind

FOOTER = N_(
    "For research and case finding. Confirm with the data holder before any clinical decision."
)

_REASONS = {
    NotAskedCode.ASSEMBLY: N_("another assembly"),
    NotAskedCode.REFERENCE_ALLELE: N_("it is the reference allele there"),
    NotAskedCode.LIFTOVER: N_("not convertible to its assembly"),
    NotAskedCode.ENTRY_TYPE: N_("does not offer this entry type"),
    NotAskedCode.QUERY_KIND: N_("does not take this kind of question"),
    NotAskedCode.PARAMETER: N_("cannot be asked in its words"),
    NotAskedCode.FILTER: N_("does not know the filter"),
    NotAskedCode.DATASET: N_("does not hold the data set"),
    NotAskedCode.HOLDER: N_("holds the data set, but cannot be asked about it"),
    NotAskedCode.OPAQUE: N_("would tell which beacon of the group answers"),
    NotAskedCode.GRANULARITY: N_("does not tell this much"),
    NotAskedCode.PAGINATION: N_("has no pages"),
    NotAskedCode.NOT_SELECTED: N_("not selected"),
    NotAskedCode.NEEDS_TOKEN: N_("needs a token"),
    NotAskedCode.PAUSED: N_("paused"),
    NotAskedCode.SUSPENDED: N_("suspended after failures"),
    NotAskedCode.LOOP: N_("asks this network itself"),
    NotAskedCode.DISABLED: N_("switched off"),
}


def verdict_sentence(answer: NetworkAnswer) -> str:
    """Say what the network's answer means."""
    return " ".join(verdict_parts(answer))


def verdict_parts(answer: NetworkAnswer) -> tuple[str, ...]:
    """Say what the network's answer means, sentence by sentence; the first is the gist."""
    said_no = answer.ended(Ending.NOT_FOUND)
    doubted = sum(outcome.is_doubted for outcome in answer.outcomes)
    silent = len(answer.ended(Ending.NO_ANSWER)) - doubted
    unasked = _could_not_be_asked(answer.outcomes)
    answered = len(answer.ended(Ending.FOUND)) + len(said_no)
    if answer.verdict is Verdict.FOUND:
        return _found(answer, silent, doubted, unasked)
    if not answered:
        return (_nobody(answer, silent, doubted, unasked),)
    if answer.verdict is Verdict.UNKNOWN:
        return (
            _("No complete answer: %(beacons)s said no, but %(missing)s.")
            % {"beacons": _beacons(len(said_no)), "missing": _missing(silent, doubted, unasked)},
            _("Do not read this as a no."),
        )
    return (*_none(answer, answered), *_unasked_sentence(unasked))


def asks_allele(query: Query) -> bool:
    """Whether a question is about one allele, so that a hit is "this allele"."""
    variant = query.variant
    if variant is None or query.filters or query.record_id or query.entry_type != GENOMIC_VARIANT:
        return False
    return variant.allele is not None or variant.kind is QuestionKind.SHORT_FORM


def asked_for(query: Query) -> str:
    """Name in the plural what a question lists."""
    match query.entry_type:
        case "individual":
            return _("individuals")
        case "biosample":
            return _("biosamples")
        case "run":
            return _("sequencing runs")
        case "analysis":
            return _("analyses")
        case "dataset":
            return _("data sets")
        case "cohort":
            return _("cohorts")
    return _("variants")


def running_sentence(asking: int, asked: int, found: int) -> str:
    """Say how far a question has come whose answer is not complete yet."""
    return _(
        "Still asking %(asking)s of %(asked)s. %(found)s found so far; "
        "do not conclude before the end."
    ) % {"asking": number(asking), "asked": number(asked), "found": number(found)}


def searched_sentence(answer: NetworkAnswer, *, is_anonymous: bool) -> str:
    """Say what was searched: data sets, for whom they are open, and the assembly."""
    sets = sum(_searched(outcome.answer) for outcome in answer.outcomes if outcome.answer)
    whom = _("anonymous users") if is_anonymous else _("you")
    variant = answer.query.variant
    assembly = (variant.assembly or variant.typed_assembly) if variant else None
    where = f", {assembly}" if assembly else ""
    return ngettext(
        "Searched: %(sets)s data set open to %(whom)s%(where)s.",
        "Searched: %(sets)s data sets open to %(whom)s%(where)s.",
        sets,
    ) % {"sets": number(sets), "whom": whom, "where": where}


def footer_sentence() -> str:
    """Say what an answer is good for."""
    return _(FOOTER)


def reasons_of(outcomes: Iterable[MemberOutcome]) -> str:
    """List the reasons of members that were not asked, the most frequent first."""
    codes = Counter(
        outcome.reason.code
        for outcome in outcomes
        if outcome.reason is not None and isinstance(outcome.reason.code, NotAskedCode)
    )
    return ", ".join(
        _(_REASONS[code]) + (f" ×{number(times)}" if times > 1 else "")
        for code, times in codes.most_common()
    )


def _found(
    answer: NetworkAnswer, silent: int, doubted: int, unasked: list[MemberOutcome]
) -> tuple[str, ...]:
    found = answer.ended(Ending.FOUND)
    answered = len(found) + len(answer.ended(Ending.NOT_FOUND))
    exact = sum(1 for o in found if o.match in {Match.EXACT, Match.EQUIVALENT})
    parts = [
        _gist(answer, exact)
        % {
            "found": number(exact or len(found)),
            "answered": number(answered),
            "no": number(answered - len(found)),
            "things": asked_for(answer.query),
        }
    ]
    parts += untrusted_parts(found)
    if exact and exact < len(found):
        others = {"others": number(len(found) - exact)}
        parts.append(_("%(others)s found it by a broader or a text question.") % others)
    halves = sum(1 for outcome in found if outcome.lacks_part)
    partial = sum(1 for outcome in found if outcome.is_partial) - halves
    if halves:
        parts.append(
            ngettext(
                "%(halves)s answered only a part of the question, so there may be more.",
                "%(halves)s answered only parts of the question, so there may be more.",
                halves,
            )
            % {"halves": number(halves)}
        )
    if partial:
        parts.append(
            ngettext(
                "%(partial)s is a network that did not hear from all of its beacons.",
                "%(partial)s are networks that did not hear from all of their beacons.",
                partial,
            )
            % {"partial": number(partial)}
        )
    if doubted:
        parts.append(doubted_part(doubted))
    if len(answer.missing) > partial + halves + doubted:
        parts.append(
            _("%(silent)s did not answer and %(unasked)s could not be asked, so there may be more.")
            % {"silent": number(silent), "unasked": number(len(unasked))}
        )
    else:
        parts += _unasked_sentence(unasked)
    return tuple(parts)


def _did_not_answer(silent: int) -> str:
    return _("%(silent)s did not answer") % {"silent": number(silent)} if silent else ""


def _gist(answer: NetworkAnswer, exact: int) -> str:
    if not exact:
        return _(
            "%(found)s of %(answered)s beacons found something by a broader or a text question, "
            "which is no proof of this exact allele; %(no)s answered no."
        )
    if asks_allele(answer.query):
        return _("%(found)s of %(answered)s beacons report this exact allele; %(no)s answered no.")
    if answer.query.variant is None:
        return _(
            "%(found)s of %(answered)s beacons have %(things)s that fit this question; "
            "%(no)s answered no."
        )
    return _(
        "%(found)s of %(answered)s beacons report a variant that fits this question; "
        "%(no)s answered no."
    )


def _none(answer: NetworkAnswer, answered: int) -> tuple[str, str]:
    if asks_allele(answer.query):
        gist = _(
            "None of the %(answered)s beacons reports this allele in the data they let you search."
        )
        limits = _(
            "This does not show that it is absent from their populations, or that it is harmless."
        )
    elif answer.query.variant is None:
        gist = _(
            "None of the %(answered)s beacons has %(things)s that fit this question in the data "
            "they let you search."
        )
        limits = _("This does not show that there are none.")
    else:
        gist = _(
            "None of the %(answered)s beacons reports a variant that fits this question in the "
            "data they let you search."
        )
        limits = _("This does not show that there is none in their populations.")
    return gist % {"answered": number(answered), "things": asked_for(answer.query)}, limits


def _nobody(answer: NetworkAnswer, silent: int, doubted: int, unasked: list[MemberOutcome]) -> str:
    if doubted:
        missing = _missing(silent, doubted, unasked)
        return _("We do not know: %(missing)s.") % {"missing": missing}
    if silent:
        return _("We do not know: no beacon answered.")
    if not answer.outcomes:
        return _("We do not know: no beacon is registered in this network.")
    reasons = reasons_of(answer.ended(Ending.NOT_ASKED))
    return _("No beacon could be asked this (%(reasons)s).") % {"reasons": reasons}


def _missing(silent: int, doubted: int, unasked: list[MemberOutcome]) -> str:
    held_back = [outcome for outcome in unasked if outcome.is_missing]
    clauses = (
        _did_not_answer(silent),
        _could_not(held_back) if held_back else "",
        doubted_clause(doubted) if doubted else "",
    )
    return _all(*clauses)


def _all(*clauses: str) -> str:
    """Say one clause and another; empty ones are left out."""
    told, *others = [*filter(None, clauses)] or [""]
    for other in others:
        told = _("%(silent)s and %(unasked)s") % {"silent": told, "unasked": other}
    return told


def _unasked_sentence(unasked: list[MemberOutcome]) -> list[str]:
    return [_("%(clause)s.") % {"clause": _could_not(unasked)}] if unasked else []


def _could_not(unasked: list[MemberOutcome]) -> str:
    return _("%(unasked)s could not be asked (%(reasons)s)") % {
        "unasked": number(len(unasked)),
        "reasons": reasons_of(unasked),
    }


def _could_not_be_asked(outcomes: Iterable[MemberOutcome]) -> list[MemberOutcome]:
    """Give the members not asked for another reason than that somebody chose so."""
    return [
        outcome
        for outcome in outcomes
        if outcome.ending is Ending.NOT_ASKED
        and outcome.reason is not None
        and outcome.reason.code not in CHOSEN_NOT_ASKED
    ]


def _beacons(count: int) -> str:
    return ngettext("%(number)s beacon", "%(number)s beacons", count) % {"number": number(count)}


def _searched(answer: Answer) -> int:
    """Count the data sets that said yes or no; a member that lists none is one."""
    if not answer.result_sets:
        return 1
    return sum(one.exists is not Exists.UNKNOWN for one in answer.result_sets)
