"""One row of the list of answers: a member, how it ended, and everything it told, as text."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from aggregator.api import row_sentences
from aggregator.api.doubts import untrusted_sentence
from aggregator.api.heard import Frequency, Heard
from aggregator.api.search_runs import Place
from aggregator.api.texts import MAX_SENTENCE, clean, link_host
from aggregator.base import i18n
from aggregator.base.i18n import N_, ngettext
from aggregator.base.i18n import gettext as _
from aggregator.engine.believing import REPORTS_ANYTHING
from aggregator.model.answer import Exists, Handover, LeafEnding, ResultSet
from aggregator.model.outcome import Ending, MemberOutcome, NoAnswerCode, Source
from aggregator.protocol.v2_reading import CENSORED

SIGNS: Final = {
    Ending.FOUND: ("✓", N_("Found")),
    Ending.NOT_FOUND: ("–", N_("Not found")),
    Ending.NO_ANSWER: ("!", N_("Did not answer")),
    Ending.NOT_ASKED: ("○", N_("Not asked")),
    Ending.ASKING: ("…", N_("Asking")),
}
DOUBTED: Final = ("?", N_("No, not passed on"))
"""Of a member, or something of it, whose "no" proves nothing while it fails a control."""
_SET_ENDINGS: Final = {
    Exists.YES: Ending.FOUND,
    Exists.NO: Ending.NOT_FOUND,
    Exists.UNKNOWN: Ending.NO_ANSWER,
}
_SILENT: Final = frozenset({LeafEnding.NO_ANSWER, LeafEnding.NOT_ASKED})
MAX_SETS: Final = 200
"""How many data sets of one member a page lists; the rest are in JSON and CSV."""
MAX_LINKS: Final = 10


@dataclass(frozen=True, slots=True)
class Link:
    """A handover: what it is, and whose page it opens."""

    url: str
    label: str
    host: str
    note: str


@dataclass(frozen=True, slots=True)
class SetShown:
    """One data set of a member."""

    name: str
    id: str
    beacon: str
    state: str
    sign: str
    word: str
    count: str
    unit: str
    frequencies: tuple[str, ...]
    note: str
    links: tuple[Link, ...]


@dataclass(frozen=True, slots=True)
class LeafShown:
    """One beacon inside a member that is a network itself."""

    name: str
    id: str
    state: str
    sign: str
    word: str
    note: str


@dataclass(frozen=True, slots=True)
class Row:
    """One member in the list of answers."""

    id: str
    name: str
    organization: str
    speaks: str
    state: str
    sign: str
    word: str
    sentence: str
    count: str
    unit: str
    frequency: str
    alleles: str
    took: str
    source: str
    warnings: tuple[str, ...]
    controls: str
    """Where it is told which controls it fails, if that is why its "no" is not passed on."""
    untrusted: str
    """What is said of a yes that is not to be relied on; empty of others."""
    sets: tuple[SetShown, ...]
    more_sets: int
    links: tuple[Link, ...]
    opens: str
    """What the closed list of data sets is called."""
    leaves: tuple[LeafShown, ...]
    """The beacons inside, those that did not answer first."""
    more_leaves: int
    opens_leaves: str
    """What the closed list of beacons inside is called."""


def row_of(place: Place, *, allele: bool) -> Row:
    """Write the row of a member; `allele`: the question was about one allele."""
    heard = place.heard
    outcome = heard.outcome if heard else None
    ending = outcome.ending if outcome else Ending.ASKING
    sign, word = sign_of(outcome) if outcome else SIGNS[ending]
    organization, speaks = _who(place)
    name = place.member.name if place.member else outcome.member.name if outcome else ""
    sets = _sets(heard) if heard else ()
    count, unit = _count(outcome)
    frequency, alleles = _frequency(heard)
    answer = outcome.answer if outcome else None
    more = max(0, len(outcome.data_sets) - MAX_SETS) if outcome else 0
    return Row(
        id=place.member_id,
        name=clean(name) or place.member_id,
        organization=organization,
        speaks=speaks,
        state=ending.value,
        sign=sign,
        word=_(word),
        sentence=clean(_sentence(outcome, allele=allele), MAX_SENTENCE),
        count=count,
        unit=unit,
        frequency=frequency,
        alleles=alleles,
        took=_took(outcome),
        source=_source(outcome),
        warnings=_warnings(outcome),
        controls=_controls(place),
        untrusted=untrusted_sentence(outcome) if outcome else "",
        sets=sets,
        more_sets=more,
        links=_links(answer.handovers) if answer else (),
        opens=ngettext("%(sets)s data set", "%(sets)s data sets", len(sets) + more)
        % {"sets": i18n.number(len(sets) + more)},
        leaves=_leaves(outcome),
        more_leaves=max(0, len(outcome.leaves) - MAX_SETS) if outcome else 0,
        opens_leaves=_opens_leaves(outcome),
    )


def sign_of(outcome: MemberOutcome) -> tuple[str, str]:
    """Give the sign and the word of how a member ended; the word is to be translated."""
    return DOUBTED if outcome.is_doubted else SIGNS[outcome.ending]


def frequency_text(one: Frequency) -> str:
    """Write a frequency with its alleles and population, where they are told."""
    text = i18n.frequency(one.value)
    if alleles := alleles_text(one):
        text = f"{text} ({alleles})"
    return text if one.is_whole else f"{clean(one.population, 80)}: {text}"


def alleles_text(one: Frequency) -> str:
    """Write the allele count and number."""
    if one.allele_count is None or one.allele_number is None:
        return ""
    return _("%(count)s of %(number)s alleles") % {
        "count": i18n.number(one.allele_count),
        "number": i18n.number(one.allele_number),
    }


def frequencies_told(heard: Heard) -> list[Frequency]:
    """Give the frequencies that stand for a member: of everybody, where it tells those."""
    told = [one for _set, each in heard.sets for one in each]
    return [one for one in told if one.is_whole] or told


def _who(place: Place) -> tuple[str, str]:
    member = place.member
    if member is None:
        return "", ""
    organization = member.entry.organization or member.capabilities.organization
    version = clean((member.capabilities.api_version or "").lstrip("vV"), 20)
    spoken = version or (member.protocol.value if member.protocol else "")
    return (
        clean(organization.name) if organization else "",
        _("Beacon %(version)s") % {"version": spoken} if spoken else "",
    )


def _controls(place: Place) -> str:
    """Give the address of its controls; the ending of an opaque group is never of these."""
    member = place.member
    if member is None or place.heard is None:
        return ""
    return f"/health/{member.id}#controls" if place.heard.outcome.is_doubted else ""


def _sentence(outcome: MemberOutcome | None, *, allele: bool) -> str:
    if outcome is None:
        return ""
    if outcome.ending is not Ending.FOUND:
        return row_sentences.row_sentence(outcome, allele=allele)
    parts = (
        row_sentences.found_sentence(outcome, allele=allele),
        row_sentences.match_sentence(outcome),
        row_sentences.stale_sentence(outcome),
    )
    return " ".join(filter(None, parts))


def _count(outcome: MemberOutcome | None) -> tuple[str, str]:
    answer = outcome.answer if outcome else None
    if outcome is None or answer is None or answer.count is None or CENSORED in outcome.warnings:
        return "", ""
    return i18n.number(answer.count), clean(row_sentences.unit_word(answer.unit, answer.count), 60)


def _frequency(heard: Heard | None) -> tuple[str, str]:
    told = frequencies_told(heard) if heard else []
    if not told:
        return "", ""
    lowest, highest = (choose(told, key=lambda one: one.value) for choose in (min, max))
    low, high = i18n.frequency(lowest.value), i18n.frequency(highest.value)
    if len(told) == 1:
        return low, alleles_text(lowest)
    return (low if low == high else f"{low} – {high}"), ""


def _took(outcome: MemberOutcome | None) -> str:
    if outcome is None or not outcome.attempts:
        return ""
    return i18n.seconds(outcome.elapsed_s)


def _source(outcome: MemberOutcome | None) -> str:
    if outcome is None or outcome.source is Source.LIVE:
        return ""
    told = {"age": i18n.age(outcome.age_s)}
    if outcome.source is Source.CACHE:
        return _("from the cache, %(age)s old") % told
    return _("an older answer, %(age)s old") % told


def _warnings(outcome: MemberOutcome | None) -> tuple[str, ...]:
    """Give the warnings that no sentence of the row says already."""
    if outcome is None:
        return ()
    said = ("answer of ", "the beacon is silent now", CENSORED, REPORTS_ANYTHING)
    told = (warning for warning in outcome.warnings if not warning.startswith(said))
    return tuple(clean(warning[:1].upper() + warning[1:], 300) for warning in told)


def _sets(heard: Heard) -> tuple[SetShown, ...]:
    answer = heard.outcome.answer
    unit = answer.unit if answer else None
    is_censored = CENSORED in heard.outcome.warnings
    shown = list(heard.sets)[:MAX_SETS]
    return tuple(_set(one, told, None if is_censored else one.count, unit) for one, told in shown)


def _set(
    one: ResultSet, frequencies: Sequence[Frequency], count: int | None, unit: str | None
) -> SetShown:
    ending = _SET_ENDINGS[one.exists]
    sign, word = DOUBTED if one.is_doubted else SIGNS[ending]
    name = clean(one.name or one.id)
    error = one.info.get("error")
    return SetShown(
        name=name,
        id="" if name == clean(one.id) else clean(one.id),
        beacon=clean(one.beacon_id),
        state=ending.value,
        sign=sign,
        word=_(word),
        count="" if count is None else i18n.number(count),
        unit="" if count is None else clean(row_sentences.unit_word(unit, count), 60),
        frequencies=tuple(frequency_text(told) for told in frequencies),
        note=clean(error, 200) if isinstance(error, str) else "",
        links=_links(one.handovers),
    )


def _leaves(outcome: MemberOutcome | None) -> tuple[LeafShown, ...]:
    """Show the beacons inside a network; who is missing must not be overlooked."""
    if outcome is None:
        return ()
    ordered = sorted(outcome.leaves, key=lambda leaf: leaf.ending not in _SILENT)
    shown = []
    for leaf in ordered[:MAX_SETS]:
        ending = Ending(leaf.ending)
        is_doubted = leaf.code == NoAnswerCode.CONTROL_FAILED.value
        sign, word = DOUBTED if is_doubted else SIGNS[ending]
        name = clean(leaf.name or leaf.beacon_id)
        shown.append(
            LeafShown(
                name=name,
                id="" if name == clean(leaf.beacon_id) else clean(leaf.beacon_id),
                state=ending.value,
                sign=sign,
                word=_(word),
                note=clean(leaf.reason, 200),
            )
        )
    return tuple(shown)


def _opens_leaves(outcome: MemberOutcome | None) -> str:
    leaves = outcome.leaves if outcome else ()
    silent = sum(leaf.ending in _SILENT for leaf in leaves)
    told = {"beacons": i18n.number(len(leaves)), "silent": i18n.number(silent)}
    if silent:
        return (
            ngettext(
                "%(beacons)s beacon inside, %(silent)s without an answer",
                "%(beacons)s beacons inside, %(silent)s without an answer",
                len(leaves),
            )
            % told
        )
    return ngettext("%(beacons)s beacon inside", "%(beacons)s beacons inside", len(leaves)) % told


def _links(handovers: Sequence[Handover]) -> tuple[Link, ...]:
    found = []
    for handover in handovers[:MAX_LINKS]:
        if host := link_host(handover.url):
            label = clean(handover.label, 80) or _("More")
            found.append(Link(handover.url, label, host, clean(handover.note, 200)))
    return tuple(found)
