"""Checks the variant records a member sends back against the question that was asked.

Some servers match N and other wildcards unanchored, treat an empty or unknown parameter as "any",
or answer another question: their records show it. Read are, of the default model's
genomicVariations, `variation` as a LegacyVariation or a VRS Allele (also of VRS 2), and what old
servers write at the top of the record or as `position`. Positions are 0-based, as the model says;
what cannot be read changes nothing.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import islice
from typing import Any, Final

import msgspec

from aggregator.model.allele import BASES, canonical_allele, has_wildcards
from aggregator.model.answer import Answer, Exists, Match, ResultSet
from aggregator.model.genome import GenomeError, parse_assembly
from aggregator.model.query import (
    GENOMIC_VARIANT,
    Granularity,
    Query,
    QuestionKind,
    VariantQuestion,
)
from aggregator.protocol.failures import inconsistent, no_verdict
from aggregator.protocol.planning import ANY_BASE
from aggregator.protocol.wire import Failure, Part
from registry.snapshot import RegisteredMember

MAX_RECORDS: Final = 200
"""How many records of one answer are looked into."""
MAX_BYTES: Final = 2**18
"""How much of the records is looked into, in bytes."""
NEAR: Final = 1_000
"""How far, in bases, another spelling of one indel may lie: a record beyond is another variant."""
SLIP: Final = 1
"""How far, in bases, a server may miscount: a single base beyond is another variant."""

OTHER_VARIANTS: Final = "it says yes, but its records are about other variants"
NONE_MATCHES: Final = "it says yes, but none of its records matches the wildcards asked for"
SOME_DROPPED: Final = "records that do not match the wildcards asked for were left out"

_IUPAC: Final = {
    **{base: base for base in "ACGT"},
    **{"R": "AG", "Y": "CT", "S": "CG", "W": "AT", "K": "GT", "M": "AC"},
    **{"B": "CGT", "D": "AGT", "H": "ACT", "V": "ACG", "N": "ACGT", "U": "T"},
}


class _Record(
    msgspec.Struct,
    rename={
        "old_position": "_position",
        "reference_bases": "referenceBases",
        "alternate_bases": "alternateBases",
        "variant_type": "variantType",
        "assembly_id": "assemblyId",
    },
):
    variation: Any = None
    position: Any = None
    old_position: Any = None
    start: Any = None
    reference_bases: Any = None
    alternate_bases: Any = None
    variant_type: Any = None
    assembly_id: Any = None


_DECODER: Final = msgspec.json.Decoder(_Record)


class _Verdict(Enum):
    AGREES = "agrees"
    CONTRADICTS = "contradicts"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True)
class RecordedAllele:
    """What a record says of its variant; None for what it does not say, or not readably."""

    start0: int | None = None
    end0: int | None = None
    """Exclusive, as the place of a VRS Allele tells it."""
    reference: str | None = None
    alternate: str | None = None
    variant_type: str | None = None
    assembly: str | None = None

    @property
    def is_single_base(self) -> bool:
        """Whether this is known to be one base for another."""
        if self.alternate is None or len(self.alternate) != 1:
            return False
        if self.reference is not None:
            return len(self.reference) == 1
        return self.start0 is not None and self.end0 == self.start0 + 1


def recheck(
    answer: Answer, query: Query, member: RegisteredMember, part: Part, total: int | None
) -> Answer | Failure:
    """Compare the records of a yes with the question; answers without records stay as they are.

    `total` is the number of records the answer says there are; None if it does not say.
    """
    variant = query.variant
    if answer.exists is not Exists.YES or variant is None or query.entry_type != GENOMIC_VARIANT:
        return answer
    if not any(one.results for one in answer.result_sets):
        return answer
    if part.match is Match.BROADER:
        return _with_finer_type(answer, variant)
    reference = None if variant.reference == ANY_BASE else variant.reference
    if has_wildcards((reference or "") + (variant.alternate or "")):
        return _matching_only(answer, query, variant, member, total)
    if variant.kind is QuestionKind.SEQUENCE:
        verdicts = (_same_place(one, variant) for one in _alleles(answer.result_sets))
        # one record that may be the allele is enough, so most answers cost the reading of one
        first = next(verdicts, _Verdict.UNCLEAR)
        if first is _Verdict.CONTRADICTS and all(one is first for one in verdicts):
            return inconsistent(OTHER_VARIANTS)
    return answer


def read_allele(record: msgspec.Raw) -> RecordedAllele:
    """Read what a record says of its variant; never raises."""
    try:
        read = _DECODER.decode(record)
    except (ValueError, RecursionError):
        return RecordedAllele()
    variation = read.variation if isinstance(read.variation, dict) else {}
    places = [variation.get("location"), read.position, read.old_position, {"start": read.start}]
    state = variation.get("state")
    sequence = state.get("sequence") if isinstance(state, dict) else None
    return RecordedAllele(
        end0=_position(variation.get("location"), "end"),
        start0=next((at for one in places if (at := _position(one, "start")) is not None), None),
        reference=_bases(variation.get("referenceBases"), read.reference_bases),
        alternate=_bases(variation.get("alternateBases"), read.alternate_bases, sequence),
        variant_type=_type_of(variation.get("variantType")) or _type_of(read.variant_type),
        assembly=_assembly_of(read.assembly_id, read.position, read.old_position),
    )


def _alleles(sets: Sequence[ResultSet]) -> Iterator[RecordedAllele]:
    """Read the alleles of the first records one by one, as far as the bounds allow."""
    left = MAX_BYTES
    for record in islice((record for one in sets for record in one.results), MAX_RECORDS):
        left -= len(memoryview(record))
        if left < 0:
            return
        yield read_allele(record)


def _with_finer_type(answer: Answer, variant: VariantQuestion) -> Answer:
    """Say that a broader question found the finer type, where a record states it."""
    asked = (variant.variant_type or "").casefold()
    if any((one.variant_type or "").casefold() == asked for one in _alleles(answer.result_sets)):
        return msgspec.structs.replace(answer, match=Match.EXACT)
    return answer


def _matching_only(
    answer: Answer,
    query: Query,
    variant: VariantQuestion,
    member: RegisteredMember,
    told_total: int | None,
) -> Answer | Failure:
    """Leave out the records that do not match the wildcards; without any left there is no yes."""
    total = sum(len(one.results) for one in answer.result_sets)
    read = list(_alleles(answer.result_sets))
    verdicts = [_matches(one, variant) for one in read]
    wrong = {index for index, one in enumerate(verdicts) if one is _Verdict.CONTRADICTS}
    if not wrong:
        return answer
    is_all_read = len(read) == total == told_total and _is_one_page(total, query, member)
    if len(wrong) == total:
        if not is_all_read:
            return no_verdict(
                "its records do not match the wildcards, and it may have more of them"
            )
        if variant.kind is QuestionKind.SEQUENCE and all(
            _same_place(one, variant) is _Verdict.CONTRADICTS for one in read
        ):
            return inconsistent(OTHER_VARIANTS)
        granularity = min(Granularity.COUNT, query.granularity, key=lambda one: one.rank)
        count = None if granularity is Granularity.BOOLEAN else 0
        return msgspec.structs.replace(
            answer,
            exists=Exists.NO,
            count=count,
            unit=None if count is None else answer.unit,
            granularity=granularity,
            result_sets=tuple(_without(one) for one in answer.result_sets),
            warnings=(*answer.warnings, NONE_MATCHES),
        )
    is_known = is_all_read and _Verdict.UNCLEAR not in verdicts
    left = total - len(wrong)
    return msgspec.structs.replace(
        answer,
        count=left if is_known else None,
        unit=answer.unit if is_known else None,
        result_sets=_kept(answer.result_sets, wrong, is_known=is_known),
        warnings=(*answer.warnings, SOME_DROPPED),
    )


def _is_one_page(total: int, query: Query, member: RegisteredMember) -> bool:
    """Whether a page that says it is all there is can be believed.

    Some servers give the size of the page, or the limit, for the total: a full page proves
    nothing, nor does one of a size that was never told to the member.
    """
    if query.pagination.skip:
        return False
    if member.dialect.paging == "none":
        return True
    is_told = not {"limit", "pagination"} & set(member.dialect.drop)
    limit = query.pagination.limit
    return is_told and (limit == 0 or total < limit)


def _kept(sets: Sequence[ResultSet], wrong: set[int], *, is_known: bool) -> tuple[ResultSet, ...]:
    made = []
    first = 0
    for one in sets:
        records = tuple(
            record for index, record in enumerate(one.results, first) if index not in wrong
        )
        first += len(one.results)
        if len(records) == len(one.results):
            made.append(one)
        elif records:
            count = len(records) if is_known else None
            made.append(msgspec.structs.replace(one, results=records, count=count))
        elif is_known:
            made.append(_without(one))
        else:
            made.append(msgspec.structs.replace(one, exists=Exists.UNKNOWN, count=None, results=()))
    return tuple(made)


def _without(one: ResultSet) -> ResultSet:
    if one.exists is not Exists.YES:
        return one
    return msgspec.structs.replace(one, exists=Exists.NO, count=0, frequency=None, results=())


def _matches(one: RecordedAllele, variant: VariantQuestion) -> _Verdict:
    """Compare a record with wildcards, in its own spelling and in the trimmed one."""
    if variant.kind is QuestionKind.SEQUENCE:
        place = _same_place(one, variant)
        if place is _Verdict.CONTRADICTS:
            return place
    asked = None if variant.reference == ANY_BASE else variant.reference
    if one.alternate is None or (asked is not None and one.reference is None):
        return _Verdict.UNCLEAR
    spellings = [(one.reference, one.alternate, one.start0)]
    if one.reference is not None and one.start0 is not None and one.reference != one.alternate:
        short = canonical_allele(one.start0, one.reference, one.alternate)
        spellings.append((short.reference, short.alternate, short.start0))
    asked_at = variant.start0[0] if variant.kind is QuestionKind.SEQUENCE else None
    for reference, alternate, start0 in spellings:
        is_there = asked_at is None or start0 is None or start0 == asked_at
        if is_there and _fits(reference, asked) and _fits(alternate, variant.alternate):
            return _Verdict.AGREES
    # the same change may be spelled at a place nearby, which the bases alone cannot tell
    is_clear = asked_at is None or one.start0 == asked_at
    return _Verdict.CONTRADICTS if is_clear else _Verdict.UNCLEAR


def _same_place(one: RecordedAllele, variant: VariantQuestion) -> _Verdict:
    """Compare the place, and at exactly that place the single base, with a sequence question."""
    if one.start0 is None or _is_elsewhere(one.assembly, variant):
        return _Verdict.UNCLEAR
    allele = variant.allele
    asked_at = variant.start0[0]
    is_single = _is_single_base(variant)
    extent = len(variant.reference or "") + len(one.reference or "")
    reach = SLIP if is_single and one.is_single_base else NEAR + extent
    if abs(one.start0 - asked_at) > reach:
        return _Verdict.CONTRADICTS
    if allele is None or not is_single or one.start0 != asked_at:
        return _Verdict.UNCLEAR
    if one.reference != allele.reference or one.alternate is None or len(one.alternate) != 1:
        return _Verdict.UNCLEAR
    return _Verdict.AGREES if one.alternate == allele.alternate else _Verdict.CONTRADICTS


def _is_single_base(variant: VariantQuestion) -> bool:
    """Whether a question is about one base for another, which has no other spelling."""
    if variant.allele is not None:
        return len(variant.allele.reference) == len(variant.allele.alternate) == 1
    lengths = [len(one) for one in (variant.reference, variant.alternate) if one is not None]
    return variant.alternate is not None and set(lengths) == {1}


def _is_elsewhere(assembly: str | None, variant: VariantQuestion) -> bool:
    """Whether a record counts in another assembly than the question."""
    if assembly is None or variant.assembly is None:
        return False
    try:
        return parse_assembly(assembly).assembly is not variant.assembly
    except GenomeError:
        return True


def _fits(bases: str | None, pattern: str | None) -> bool:
    if pattern is None:
        return True
    if bases is None or len(bases) != len(pattern):
        return False
    return all(base in _IUPAC.get(code, "") for base, code in zip(bases, pattern, strict=True))


def _position(place: Any, side: str) -> int | None:
    """Find a 0-based start or end, as `interval.start.value`, `interval.start` or `start[0]`."""
    for _ in range(4):
        if isinstance(place, dict):
            place = place.get("interval") or place.get(side, place.get("value"))
        elif isinstance(place, list) and place:
            place = place[0]
        else:
            break
    is_position = isinstance(place, int) and not isinstance(place, bool) and place >= 0
    return place if is_position else None


def _bases(*told: Any) -> str | None:
    for value in told:
        if isinstance(value, str) and BASES.fullmatch(value.upper()):
            return value.upper()
    return None


def _type_of(value: Any) -> str | None:
    named = value.get("id") if isinstance(value, dict) else value
    return named.strip().strip("<>") if isinstance(named, str) else None


def _assembly_of(told: Any, *places: Any) -> str | None:
    named = [told, *(place.get("assemblyId") for place in places if isinstance(place, dict))]
    return next((one for one in named if isinstance(one, str) and one), None)
