"""What was heard of one member, kept small: the outcome without its records.

A page shows counts, frequencies and links. Records may be megabytes and a search is held until
nobody looks at it any more, so that what a page needs of them is taken out as they arrive.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Final

import msgspec

from aggregator.model.answer import Exists, ResultSet
from aggregator.model.outcome import MemberOutcome
from aggregator.protocol.tolerant import count_of, frequency_of, text_of

MAX_RECORD_BYTES: Final = 262_144
"""A record beyond this is not looked into for frequencies."""
MAX_POPULATIONS: Final = 30
WHOLE: Final = frozenset({"", "all", "global", "overall", "total", "world"})
"""What servers call the population that is everybody."""
_ROUNDING: Final = 0.02
"""How far a told frequency may be from its own allele count and number."""


@dataclass(frozen=True, slots=True)
class Frequency:
    """How often an allele is seen in one population of one data set."""

    value: float
    population: str = ""
    allele_count: int | None = None
    allele_number: int | None = None

    @property
    def is_whole(self) -> bool:
        """Whether it is about everybody in the data set."""
        return self.population.lower() in WHOLE


@dataclass(frozen=True, slots=True)
class Heard:
    """How a member ended, and the frequencies of each of its result sets, in their order."""

    outcome: MemberOutcome
    frequencies: tuple[tuple[Frequency, ...], ...] = ()

    @property
    def sets(self) -> Iterable[tuple[ResultSet, tuple[Frequency, ...]]]:
        """Give the result sets with their frequencies."""
        return zip(self.outcome.data_sets, self.frequencies, strict=True)


def hear(outcome: MemberOutcome) -> Heard:
    """Keep what a page needs of an outcome."""
    answer = outcome.answer
    if answer is None:
        return Heard(outcome, ((),) * len(outcome.told_sets))
    frequencies = tuple(frequencies_of(one) for one in answer.result_sets)
    bare = tuple(msgspec.structs.replace(one, results=()) for one in answer.result_sets)
    kept = msgspec.structs.replace(answer, result_sets=bare)
    return Heard(replace(outcome, answer=kept), frequencies)


def frequencies_of(one: ResultSet) -> tuple[Frequency, ...]:
    """Read the frequencies a data set tells of the one allele it reports.

    Several records may be several alleles: their frequencies are not one answer.
    """
    if one.exists is not Exists.YES:
        return ()
    if one.frequency is not None:
        return (_of_row(one, one.frequency),)
    if len(one.results) != 1 or len(one.results[0]) > MAX_RECORD_BYTES:
        return ()
    try:
        record = _RECORDS.decode(one.results[0])
    except (msgspec.DecodeError, RecursionError):
        return ()
    told = [
        frequency
        for source in _list(record.frequency_in_populations)
        for frequency in _list(source.get("frequencies"))
    ]
    return tuple(filter(None, map(_of_population, told[:MAX_POPULATIONS])))


class _Record(msgspec.Struct, rename="camel"):
    frequency_in_populations: Any = None


_RECORDS: Final = msgspec.json.Decoder(_Record)


def _of_row(one: ResultSet, value: float) -> Frequency:
    """Read a v1 row: its counts are alleles only where they give the frequency it tells."""
    count, number = one.count, count_of(one.info.get("callCount"))
    if not _agree(value, count, number):
        count = number = None
    return Frequency(value, "", count, number)


def _of_population(told: dict[str, Any]) -> Frequency | None:
    count, number = count_of(told.get("alleleCount")), count_of(told.get("alleleNumber"))
    value = frequency_of(told.get("alleleFrequency"))
    if value is None and count and number and count <= number:
        value = count / number
    if value is None:
        return None
    if not _agree(value, count, number):
        count = number = None
    return Frequency(value, text_of(told.get("population"), 80) or "", count, number)


def _agree(value: float, count: int | None, number: int | None) -> bool:
    if not count or not number or count > number:
        return False
    return abs(count / number - value) <= _ROUNDING * value + 1e-12


def _list(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
