"""Reads the result sets of Beacon v2 answers, one for each data set of a member.

Known deviations, each with a test: an object keyed by data set in place of a list, or null,
`results: null`, no `setType`, an empty id, counts as text, `resultsHandover` in the singular,
beacons of a network that failed listed as `exists: false` with `info.error`, and the limit of the
question as `resultsCount` of data sets without a hit.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from aggregator.model.answer import Exists, ResultSet
from aggregator.protocol.bodies import invalid_body
from aggregator.protocol.tolerant import count_of, exists_of, handovers_of, id_of, info_of, text_of
from aggregator.protocol.v2_networks import told_count
from aggregator.protocol.wire import Failure
from registry.snapshot import RegisteredMember

_BRACE: Final = ord("{")


class Set(msgspec.Struct, rename="camel"):
    """A result set as members write it."""

    id: Any = None
    set_type: Any = None
    exists: Any = None
    results_count: Any = None
    results: list[msgspec.Raw] | dict[str, msgspec.Raw] | str | int | float | bool | None = None
    results_handovers: Any = None
    results_handover: Any = None
    info: Any = None
    beacon_id: Any = None
    dataset_name: Any = None
    count_adjusted_to: Any = None
    count_precision: Any = None
    error: Any = None


AnySet = Set | list[msgspec.Raw] | str | int | float | bool | None


def result_sets_of(
    told: Any, member: RegisteredMember, beacon_id: str | None, *, is_all_no: bool = False
) -> tuple[ResultSet, ...] | Failure:
    """Read `response.resultSets`; `beacon_id` is the answering beacon's own.

    A no beside records, or beside a count above 0, is unknown, and keeps what it tells
    (`contradicts_itself`). Where the summary says no in so many words (`is_all_no`) a count alone
    does not shake it: it is the limit of the question at some servers.
    """
    named: list[tuple[str | None, Any]] = []
    if isinstance(told, dict):
        named = list(told.items())
    elif isinstance(told, list):
        named = [(None, one) for one in told]
    names = {one.id: one.name for one in member.capabilities.data_sets}
    sets = []
    for key, one in named:
        if not isinstance(one, Set):
            continue
        records = _records(one.results)
        if isinstance(records, Failure):
            return records
        identifier = id_of(one.id) or id_of(key) or member.id
        leaf = id_of(one.beacon_id)
        info = _set_info(one)
        count = count_of(one.results_count)
        exists = _set_exists(one, records, count, info, is_all_no=is_all_no)
        count = told_count(count, info)
        sets.append(
            ResultSet(
                id=identifier,
                set_type=text_of(one.set_type) or "dataset",
                exists=exists,
                count=_agreeing(count, exists),
                results=records,
                handovers=handovers_of(one.results_handovers, one.results_handover),
                info=info,
                beacon_id=leaf if leaf != beacon_id else None,
                name=text_of(one.dataset_name) or names.get(identifier) or None,
            )
        )
    return tuple(sets)


def contradicts_itself(one: ResultSet) -> bool:
    """Whether a data set says no beside what it found."""
    return one.exists is Exists.UNKNOWN and bool(one.count or one.results)


def settled(sets: Sequence[ResultSet]) -> tuple[ResultSet, ...]:
    """Drop what data sets tell that contradict themselves: it proves neither yes nor no."""
    return tuple(
        msgspec.structs.replace(one, count=None, results=()) if contradicts_itself(one) else one
        for one in sets
    )


def _records(results: Any) -> tuple[msgspec.Raw, ...] | Failure:
    """Check that each record is a JSON object; the bytes themselves stay as they are."""
    if results is None:
        return ()
    if not isinstance(results, list) or any(memoryview(one)[0] != _BRACE for one in results):
        return invalid_body("its records are not a list of objects")
    return tuple(results)


def _set_exists(
    one: Set,
    records: Sequence[msgspec.Raw],
    count: int | None,
    info: Mapping[str, Any],
    *,
    is_all_no: bool,
) -> Exists:
    """Read the verdict of a data set; the habit of networks to list failures as no is undone."""
    told = exists_of(one.exists)
    if told is not Exists.YES and "error" in info:
        return Exists.UNKNOWN
    if told is Exists.NO and (records or (count and not is_all_no)):
        return Exists.UNKNOWN
    if told is Exists.UNKNOWN and (count is not None or records):
        return Exists.of(bool(count or records))
    return told


def _agreeing(count: int | None, exists: Exists) -> int | None:
    """Give the count of a data set, if it agrees with the verdict; see `contradicts_itself`."""
    if exists is Exists.UNKNOWN:
        return count or None
    return count if count is not None and exists is Exists.of(count > 0) else None


def _set_info(one: Set) -> dict[str, Any]:
    facts = info_of(one.info)
    if not facts.get("error"):
        facts.pop("error", None)
    told = {
        "countAdjustedTo": one.count_adjusted_to,
        "countPrecision": one.count_precision,
        "error": one.error,
    }
    return facts | {key: value for key, value in told.items() if value}
