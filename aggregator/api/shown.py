"""What the page shows of a search: rows and the summary above them, always of one moment."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from aggregator.api import sentences
from aggregator.api.heard import Heard
from aggregator.api.rows import SIGNS, Row, frequencies_told, row_of
from aggregator.api.search_runs import Place, SearchRun
from aggregator.api.sums import sum_sentence
from aggregator.api.texts import clean
from aggregator.base import i18n
from aggregator.base.i18n import gettext as _
from aggregator.engine.merge import merge
from aggregator.engine.outcomes import identify
from aggregator.model.merged import NetworkAnswer, Verdict
from aggregator.model.outcome import Ending, MemberOutcome, NoAnswerCode, Reason

_ORDER: Final = {ending: index for index, ending in enumerate(SIGNS)}


@dataclass(frozen=True, slots=True)
class Summary:
    """The verdict, or how far it has come; true for exactly the rows it was made with."""

    state: str
    parts: tuple[str, ...]
    searched: str
    total: str
    answered: int
    asked: int
    progress: str
    silent: int
    """How many did not answer, and may when they are asked again."""
    counts: dict[str, int]
    done: bool
    title: str

    @property
    def spoken(self) -> str:
        """What a screen reader says."""
        return " ".join(self.parts)


@dataclass(frozen=True, slots=True)
class Moment:
    """A search as it stands."""

    rows: tuple[Row, ...]
    summary: Summary


def moment_of(run: SearchRun, text: str, *, sort: str = "", is_anonymous: bool = True) -> Moment:
    """Show a search as it stands now; sorted only when nothing moves any more."""
    places = run.places
    answer = run.answer
    if run.failure is not None:
        places = [_failed(place, run.failure.message) for place in places]
        outcomes = [place.heard.outcome for place in places if place.heard]
        answer = merge(run.query, outcomes, elapsed_s=0)
    if sort and answer is not None:
        places = _sorted(places, sort)
    allele = sentences.asks_allele(run.query)
    rows = tuple(row_of(place, allele=allele) for place in places)
    counts = Counter(row.state for row in rows)
    if answer is None:
        return Moment(rows, _running(counts, text))
    return Moment(rows, _ended(answer, counts, text, is_anonymous=is_anonymous))


def _failed(place: Place, message: str) -> Place:
    """Say of a member that this network had no room for the question."""
    if place.heard is not None or place.member is None:
        return place
    reason = Reason(NoAnswerCode.OVERLOADED, message.rstrip("."))
    outcome = MemberOutcome(identify(place.member), Ending.NO_ANSWER, reason=reason)
    return Place(place.member, Heard(outcome), place.member_id)


def _sorted(places: Sequence[Place], sort: str) -> list[Place]:
    """Sort; what a member did not tell comes last, and equals stay in registry order."""

    def key(place: Place) -> tuple[bool, float | str]:
        heard = place.heard
        if heard is None:
            return True, 0.0
        outcome = heard.outcome
        answer = outcome.answer
        if sort == "name":
            return False, (place.member.name if place.member else outcome.member.name).casefold()
        if sort == "answer":
            return False, float(_ORDER[outcome.ending])
        if sort == "count":
            count = answer.count if answer else None
            return count is None, -float(count or 0)
        if sort == "frequency":
            told = [one.value for one in frequencies_told(heard)]
            return not told, -max(told, default=0.0)
        return not outcome.attempts, outcome.elapsed_s

    return list(places) if sort == "listed" else sorted(places, key=key)


def _numbers(counts: Counter[str]) -> tuple[int, int, int]:
    """Give how many were asked, are still being asked, and have found something."""
    asking = counts[Ending.ASKING.value]
    asked = sum(counts.values()) - counts[Ending.NOT_ASKED.value]
    return asked, asking, counts[Ending.FOUND.value]


def _running(counts: Counter[str], text: str) -> Summary:
    asked, asking, found = _numbers(counts)
    title = _("%(query)s · %(done)s of %(asked)s asked, %(found)s found so far") % {
        "query": clean(text, 80),
        "done": i18n.number(asked - asking),
        "asked": i18n.number(asked),
        "found": i18n.number(found),
    }
    return Summary(
        state="asking",
        parts=(sentences.running_sentence(asking, asked, found),),
        searched="",
        total="",
        answered=asked - asking,
        asked=asked,
        progress=_progress(asked - asking, asked),
        silent=0,
        counts=dict(counts),
        done=False,
        title=title,
    )


def _ended(
    answer: NetworkAnswer, counts: Counter[str], text: str, *, is_anonymous: bool
) -> Summary:
    asked, _asking, _found = _numbers(counts)
    said = any(outcome.answer for outcome in answer.outcomes)
    return Summary(
        state=answer.verdict.value,
        parts=sentences.verdict_parts(answer),
        searched=sentences.searched_sentence(answer, is_anonymous=is_anonymous) if said else "",
        total=sum_sentence(answer),
        answered=asked,
        asked=asked,
        progress=_progress(asked, asked),
        silent=sum(not one.is_doubted for one in answer.ended(Ending.NO_ANSWER)),
        counts=dict(counts),
        done=True,
        title=_title(answer, clean(text, 80)),
    )


def _progress(done: int, asked: int) -> str:
    return _("%(done)s of %(asked)s beacons asked have ended") % {
        "done": i18n.number(done),
        "asked": i18n.number(asked),
    }


def _title(answer: NetworkAnswer, query: str) -> str:
    found = len(answer.ended(Ending.FOUND))
    answered = found + len(answer.ended(Ending.NOT_FOUND))
    if answer.verdict is Verdict.UNKNOWN:
        return _("%(query)s · no complete answer") % {"query": query}
    return _("%(query)s · %(found)s of %(answered)s found") % {
        "query": query,
        "found": i18n.number(found),
        "answered": i18n.number(answered),
    }
