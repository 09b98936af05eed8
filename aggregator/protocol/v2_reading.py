"""Reads answers of Beacon v2: boolean, count and result-set responses of the framework v2.1.1.

One pass over the body: what is small becomes values, records stay the member's own bytes.

Known deviations, each with a test: result sets as an object keyed by data set or as null,
`results: null`, no `setType`, an empty id, counts as text, one handover instead of a list,
`resultsHandover`, verdicts missing beside telling counts, a granularity echoed that is not
present, a wrong echo (`v2_echo`), errors beside a success status, beacons of a network that failed
listed as `exists: false` with `info.error`, and a "no" that may be a censored small number.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from aggregator.model.answer import Answer, Exists, ResultSet
from aggregator.model.query import GENOMIC_VARIANT, Granularity, Query
from aggregator.protocol.bodies import decode, invalid_body, text_bytes
from aggregator.protocol.data_sets import only_asked
from aggregator.protocol.failures import (
    error_text,
    failure_of,
    inconsistent,
    no_verdict,
    rejected,
    stated_error,
    without_verdict,
)
from aggregator.protocol.tolerant import (
    count_of,
    exists_of,
    handovers_of,
    id_of,
    info_of,
    text_of,
)
from aggregator.protocol.v2_echo import contradiction
from aggregator.protocol.wire import Failure, Part, Reply
from registry.models import Dialect
from registry.snapshot import RegisteredMember

UNIT: Final = f"{GENOMIC_VARIANT} records"
CENSORED: Final = "not found, or in fewer people than it may tell"
SETS_DISAGREE: Final = "it says yes, but none of the data sets it lists does"
ZERO_TOLD: Final = "it says yes and counts 0; the count was left out"
EMPTY_PAGE: Final = "nothing on this page; an earlier page may hold something"
MAX_WARNINGS: Final = 5

_BRACE: Final = ord("{")


class _Set(msgspec.Struct, rename="camel"):
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


_AnySet = _Set | list[msgspec.Raw] | str | int | float | bool | None


class _Response(msgspec.Struct, rename="camel"):
    result_sets: dict[str, _AnySet] | list[_AnySet] | str | int | float | bool | None = None


class _Document(msgspec.Struct, rename="camel"):
    meta: Any = None
    response_summary: Any = None
    response: _Response | list[msgspec.Raw] | str | int | float | bool | None = None
    beacon_handovers: Any = None
    beacon_handover: Any = None
    results_handovers: Any = None
    info: Any = None
    error: Any = None
    err: Any = None
    error_code: Any = None
    error_message: Any = None
    message: Any = None
    msg: Any = None


_DECODER: Final = msgspec.json.Decoder(
    _Document | list[msgspec.Raw] | str | int | float | bool | None
)


def read(reply: Reply, query: Query, member: RegisteredMember, part: Part) -> Answer | Failure:
    """Read an answer of a v2 member."""
    if (failure := failure_of(reply)) is not None:
        return _teach(failure, member, part)
    body = text_bytes(reply)
    if isinstance(body, Failure):
        return body
    document = decode(body, _DECODER)
    if isinstance(document, Failure):
        return document
    if not isinstance(document, _Document):
        return invalid_body("the answer is JSON but no Beacon answer")
    if (error := stated_error(_error_part(document))) is not None:
        return rejected(error)
    if (wrong := contradiction(document.meta, part.request, member.dialect)) is not None:
        return inconsistent(wrong)
    answer = _answer(document, query, member)
    if isinstance(answer, Failure):
        return answer
    return only_asked(answer, query.dataset_ids, member.id)


def _teach(failure: Failure, member: RegisteredMember, part: Part) -> Failure:
    if failure.status != 405 or member.entry.dialect.method is not None:
        return failure
    other = "GET" if part.request.method == "POST" else "POST"
    learned = Dialect(method="GET") if other == "GET" else Dialect(method="POST")
    return Failure(failure.code, failure.message, learned=learned, status=failure.status)


def _error_part(document: _Document) -> dict[str, Any]:
    told = {
        "error": document.error,
        "err": document.err,
        "errorCode": document.error_code,
        "errorMessage": document.error_message,
    }
    return {key: value for key, value in told.items() if value is not None}


def _answer(document: _Document, query: Query, member: RegisteredMember) -> Answer | Failure:
    meta = document.meta if isinstance(document.meta, dict) else {}
    beacon_id = id_of(meta.get("beaconId"))
    sets = _result_sets(document.response, member, beacon_id)
    if isinstance(sets, Failure):
        return sets
    summary = document.response_summary
    summary = summary if isinstance(summary, dict) else {}
    total = count_of(summary.get("numTotalResults"))
    exists = exists_of(summary.get("exists"))
    if exists is Exists.UNKNOWN:
        exists = _derived(total, sets)
    if (failure := _unusable(exists, total, sets, document)) is not None:
        return failure
    warnings = _warnings(exists, total, sets, document, meta)
    if exists is Exists.NO and query.pagination.skip and query.granularity is Granularity.RECORD:
        warnings += (EMPTY_PAGE,)
    count, granularity = _count_and_granularity(
        exists, total, sets, meta, query, is_censored=CENSORED in warnings
    )
    return Answer(
        exists=exists,
        count=count,
        unit=None if count is None else member.capabilities.count_unit or UNIT,
        granularity=granularity,
        result_sets=sets,
        handovers=handovers_of(
            document.beacon_handovers, document.beacon_handover, document.results_handovers
        ),
        warnings=warnings,
        beacon_id=beacon_id,
        api_version=text_of(meta.get("apiVersion")),
    )


def _derived(total: int | None, sets: Sequence[ResultSet]) -> Exists:
    """Derive the verdict where the summary has none: from the total, else from the data sets."""
    if total is not None:
        return Exists.of(total > 0)
    said = {one.exists for one in sets}
    if Exists.YES in said:
        return Exists.YES
    return Exists.NO if said == {Exists.NO} else Exists.UNKNOWN


def _unusable(
    exists: Exists, total: int | None, sets: Sequence[ResultSet], document: _Document
) -> Failure | None:
    """Say why a verdict cannot be used: there is none, or the answer contradicts its own no."""
    if exists is Exists.UNKNOWN:
        return without_verdict({"message": document.message, "msg": document.msg})
    if exists is Exists.YES:
        return None
    if total or any(one.exists is Exists.YES for one in sets):
        return inconsistent("it says no, but its counts or data sets say yes")
    silent = sum("error" in one.info for one in sets)
    if silent:
        noun = "beacon" if silent == 1 else "beacons"
        return no_verdict(f"it says no, but {silent} {noun} of this network did not answer")
    if any(one.exists is Exists.UNKNOWN for one in sets):
        return no_verdict("it says no, but some of its data sets say neither yes nor no")
    if _network_verdict(document.info) == "unknown":
        return no_verdict("it is a network itself, and not all of its beacons answered")
    return None


def _network_verdict(info: Any) -> Any:
    network = info_of(info).get("network")
    return network.get("verdict") if isinstance(network, dict) else None


def _count_and_granularity(
    exists: Exists,
    total: int | None,
    sets: Sequence[ResultSet],
    meta: Mapping[str, Any],
    query: Query,
    *,
    is_censored: bool,
) -> tuple[int | None, Granularity]:
    """Give the count that was told and the granularity that is really present.

    A no at a granularity of counts tells 0, but for one that may hide a small number.
    """
    if exists is Exists.NO:
        told = _granularity(meta.get("returnedGranularity"))
        if total is not None:
            told = max(told, Granularity.COUNT, key=lambda one: one.rank)
        granularity = min(told, query.granularity, key=lambda one: one.rank)
        if is_censored:
            return None, Granularity.BOOLEAN
        return (None if granularity is Granularity.BOOLEAN else 0), granularity
    count = total if total is not None else _sum(sets)
    if not count:
        count = None
    if any(one.results for one in sets):
        return count, Granularity.RECORD
    return count, Granularity.BOOLEAN if count is None else Granularity.COUNT


def _sum(sets: Sequence[ResultSet]) -> int | None:
    counts = [one.count for one in sets if one.exists is Exists.YES]
    told = [count for count in counts if count is not None]
    return sum(told) if told and len(told) == len(counts) else None


def _granularity(value: Any) -> Granularity:
    try:
        return Granularity(str(value).lower())
    except ValueError:
        return Granularity.BOOLEAN


def _result_sets(
    response: Any, member: RegisteredMember, beacon_id: str | None
) -> tuple[ResultSet, ...] | Failure:
    told = response.result_sets if isinstance(response, _Response) else None
    named: list[tuple[str | None, Any]] = []
    if isinstance(told, dict):
        named = list(told.items())
    elif isinstance(told, list):
        named = [(None, one) for one in told]
    names = {one.id: one.name for one in member.capabilities.data_sets}
    sets = []
    for key, one in named:
        if not isinstance(one, _Set):
            continue
        records = _records(one.results)
        if isinstance(records, Failure):
            return records
        identifier = id_of(one.id) or id_of(key) or member.id
        leaf = id_of(one.beacon_id)
        info = _set_info(one)
        count = count_of(one.results_count)
        exists = _set_exists(one, records, count, info)
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


def _records(results: Any) -> tuple[msgspec.Raw, ...] | Failure:
    """Check that each record is a JSON object; the bytes themselves stay as they are."""
    if results is None:
        return ()
    if not isinstance(results, list) or any(memoryview(one)[0] != _BRACE for one in results):
        return invalid_body("its records are not a list of objects")
    return tuple(results)


def _set_exists(
    one: _Set, records: Sequence[msgspec.Raw], count: int | None, info: Mapping[str, Any]
) -> Exists:
    """Read the verdict of a data set; the habit of networks to list failures as no is undone."""
    told = exists_of(one.exists)
    if told is not Exists.YES and "error" in info:
        return Exists.UNKNOWN
    if told is Exists.UNKNOWN and (count is not None or records):
        return Exists.of(bool(count or records))
    return told


def _agreeing(count: int | None, exists: Exists) -> int | None:
    """Give the count of a data set, if it agrees with the verdict."""
    return count if count is not None and exists is Exists.of(count > 0) else None


def _set_info(one: _Set) -> dict[str, Any]:
    facts = info_of(one.info)
    if not facts.get("error"):
        facts.pop("error", None)
    told = {
        "countAdjustedTo": one.count_adjusted_to,
        "countPrecision": one.count_precision,
        "error": one.error,
    }
    return facts | {key: value for key, value in told.items() if value}


def _warnings(
    exists: Exists,
    total: int | None,
    sets: Sequence[ResultSet],
    document: _Document,
    meta: Mapping[str, Any],
) -> tuple[str, ...]:
    found: list[str] = []
    said = {one.exists for one in sets}
    if exists is Exists.YES and said == {Exists.NO}:
        found.append(SETS_DISAGREE)
    if exists is Exists.YES and total == 0:
        found.append(ZERO_TOLD)
    info = info_of(document.info)
    messages = _texts(info.get("messages")) or _texts(info.get("message"))
    if exists is Exists.NO and messages:
        found.append(CENSORED)
    found += [f"it says: {text}" for text in messages]
    found += [f"it warns: {text}" for text in _texts(meta.get("warnings"))]
    return tuple(dict.fromkeys(found))


def _texts(value: Any) -> list[str]:
    """Read messages: a text, an object with a description, or a list of either."""
    items = value if isinstance(value, list) else [value]
    return [text for item in items[:MAX_WARNINGS] if item and (text := error_text(item))]
