"""Which questions with a known answer a member is asked. Pure.

For each data set and assembly one variant that it is known to hold, and for each assembly alleles
that nobody can hold: one where the reference has no sequence, which finds members that say yes to
everything, and one made of bases that were thought up, where the member holds another allele,
which finds members that do not look at the alternate bases. All but those the operator names are
single bases: other alleles have several spellings.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

from aggregator.model.genome import Assembly
from aggregator.model.query import VariantQuestion
from registry.controls import (
    Control,
    ControlKind,
    ControlReport,
    ControlResult,
    ControlSource,
    ControlVerdict,
)
from registry.known_variants import MAX_KNOWN, KnownVariant, SampleAllele
from registry.models import Protocol
from registry.snapshot import RegisteredMember

AT_ONCE: Final = 8
"""So many controls of one member are asked in one round, those that fail first."""
APART: Final = timedelta(minutes=2)
"""So far apart two wrong answers are at least that fail a control: one mishap fails none."""
WITHOUT_SEQUENCE: Final = (Assembly.GRCH38, Assembly.GRCH37)
"""The assemblies of which the first 10,000 bases of chromosome 1 were never read."""
NOWHERE: Final = "1-5000-A-C"
_CORE: Final = "ATGTTGACACCGATCTGAGTTC"
"""Bases that were thought up: the chance that anybody has them just there is none."""
NO_KNOWN_YES: Final = (
    "No variant is known that this beacon holds, so that its “no” cannot be tried. Give "
    "sampleAlleleRequests in the description of the beacon (version 1), or tell the operator of "
    "this network a variant that it holds: the bases, the position, the assembly and the data set."
)
NOT_RECOGNISED: Final = (
    "No variant is known that this beacon holds, so that its “no” cannot be tried: when it was "
    "asked last it was not recognised yet: {why}. What it says of itself is read once it answers."
)
NETWORK: Final = (
    "It is a network itself: which of its beacons can be believed is for it to say, and no "
    "impossible question is asked."
)


def plan_controls(member: RegisteredMember) -> tuple[Control, ...]:
    """Give every control of a member; those of the operator replace the member's own."""
    known: dict[tuple[str | None, Assembly], Control] = {}
    for one in member.entry.controls:
        control = _known(ControlSource.OPERATOR, str(one.variant), one.assembly, one.dataset)
        known.setdefault((control.dataset, control.assembly), control)
    for sample in member.capabilities.samples:
        for control in _of_sample(sample):
            known.setdefault((control.dataset, control.assembly), control)
    controls = tuple(known.values())[:MAX_KNOWN]
    return controls if is_network(member) else (*controls, *_impossible(member, controls))


def is_network(member: RegisteredMember) -> bool:
    """Whether a member answers for beacons of its own."""
    networks = {Protocol.CSC, Protocol.BEACON_NETWORK}
    return member.capabilities.is_network or member.protocol in networks


def question_of(control: Control) -> VariantQuestion:
    """Give the question of a control."""
    return KnownVariant(variant=control.variant, assembly=control.assembly).question


def turn_of(
    controls: Iterable[Control], report: ControlReport | None, now: datetime
) -> list[Control]:
    """Choose those to ask in this round: what goes wrong, then what was not asked for longest."""
    known = {one.control: one for one in kept(controls, report)}

    def rank(control: Control) -> tuple[bool, float]:
        one = known.get(control)
        is_right = one is None or one.again_at is None
        return is_right, 0.0 if one is None else one.at.timestamp()

    early = {one.control for one in known.values() if one.is_doubtful and now - one.at < APART}
    return sorted((one for one in controls if one not in early), key=rank)[:AT_ONCE]


def again_of(
    controls: Iterable[Control], report: ControlReport | None, now: datetime
) -> list[Control]:
    """Choose those to ask out of turn: what was answered wrongly, some minutes after that."""
    wrong = [one for one in kept(controls, report) if one.again_at is not None]
    due = sorted((one for one in wrong if now - one.at >= APART), key=lambda one: one.at)
    return [one.control for one in due][:AT_ONCE]


def kept(controls: Iterable[Control], report: ControlReport | None) -> list[ControlResult]:
    """Give the results that are about controls there are still, in their order."""
    if report is None:
        return []
    return [one for one in map(report.result_of, controls) if one is not None]


def message_of(
    member: RegisteredMember, controls: Iterable[Control], results: Sequence[ControlResult] = ()
) -> str:
    """Say what is missing, and what to do about it; `results` are those of its controls."""
    has_known = any(one.kind is ControlKind.KNOWN_YES for one in controls)
    missing = "" if has_known else _missing(member, results)
    return " ".join(filter(None, (NETWORK if is_network(member) else "", missing)))


def _missing(member: RegisteredMember, results: Sequence[ControlResult]) -> str:
    """Say why there is no known yes: one that was never reached may well give some."""
    silent = [
        one for one in results if one.verdict is ControlVerdict.NOT_ANSWERED and not one.is_doubtful
    ]
    has_answered = member.capabilities.fetched_at is not None or len(silent) < len(results)
    if has_answered or not silent:
        return NO_KNOWN_YES
    return NOT_RECOGNISED.format(why=max(silent, key=lambda one: one.at).got.rstrip(". "))


def _known(
    source: ControlSource, variant: str, assembly: Assembly, data_set: str | None
) -> Control:
    return Control(ControlKind.KNOWN_YES, source, variant, assembly, data_set)


def _of_sample(sample: SampleAllele) -> Iterable[Control]:
    question = sample.question
    if question is None or question.typed_assembly is None or question.allele is None:
        return
    spelled = question.allele.typed
    if len(spelled.reference) != 1 or len(spelled.alternate) != 1:
        return
    variant = f"{question.chromosome}-{spelled.start0 + 1}-{spelled.reference}-{spelled.alternate}"
    for data_set in sample.data_sets or (None,):
        yield _known(ControlSource.MEMBER, variant, question.typed_assembly, data_set)


def _impossible(member: RegisteredMember, known: Iterable[Control]) -> Iterable[Control]:
    held = member.assemblies or WITHOUT_SEQUENCE
    for assembly in WITHOUT_SEQUENCE:
        if assembly in held:
            yield Control(ControlKind.IMPOSSIBLE, ControlSource.NO_SEQUENCE, NOWHERE, assembly)
    made_up: dict[Assembly, Control] = {}
    for one in known:
        allele = question_of(one).allele
        if allele is None or len(allele.reference) != 1 or len(allele.alternate) != 1:
            continue
        chromosome, reference = question_of(one).chromosome, allele.reference
        flank = "G" if reference == "C" else "C"  # else it could be written shorter
        variant = f"{chromosome}-{allele.start0 + 1}-{reference}-{flank}{_CORE}{flank}"
        made_up.setdefault(
            one.assembly,
            Control(ControlKind.IMPOSSIBLE, ControlSource.MADE_UP, variant, one.assembly),
        )
    yield from made_up.values()
