"""Reads answers of Beacon v2: boolean, count, result-set and collection responses (v2.1.1).

One pass over the body: what is small becomes values, records stay the member's own bytes.

Known deviations, each with a test: result sets as an object keyed by data set or as null,
`results: null`, no `setType`, an empty id, counts as text, one handover instead of a list,
`resultsHandover`, verdicts missing beside telling counts, a granularity echoed that is not
present, a wrong echo (`v2_echo`), errors beside a success status, beacons of a network that failed
listed as `exists: false` with `info.error`, a "no" that may be a censored small number, a "no"
that is one of the page and not of all, and records of another page than the one asked for.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import msgspec

from aggregator.model.answer import Answer, Exists, Leaf, ResultSet
from aggregator.model.query import GENOMIC_VARIANT, Granularity, Query
from aggregator.protocol.bodies import decode, invalid_body, text_bytes
from aggregator.protocol.data_sets import only_asked, sole_data_set
from aggregator.protocol.failures import (
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
from aggregator.protocol.v2_absence import no_such_record
from aggregator.protocol.v2_collections import (
    NOTHING,
    collection_objects,
    count_listed,
    placed,
)
from aggregator.protocol.v2_echo import contradiction, shows_variant
from aggregator.protocol.v2_filters import left_out, unlisted
from aggregator.protocol.v2_forms import is_beyond_pages
from aggregator.protocol.v2_networks import (
    incomplete_no,
    is_partial,
    is_sum_inexact,
    leaves_of,
    unit_of,
    verdict_of,
    with_leaves,
)
from aggregator.protocol.v2_records import recheck
from aggregator.protocol.v2_sets import AnySet, contradicts_itself, result_sets_of, settled
from aggregator.protocol.v2_single_record import only_record
from aggregator.protocol.v2_teaching import lesson
from aggregator.protocol.v2_warnings import texts_of, uncut_texts
from aggregator.protocol.wire import Failure, Part, Reply
from registry.snapshot import RegisteredMember

CENSORED: Final = "not found, or in fewer people than it may tell"
SETS_DISAGREE: Final = "it says yes, but none of the data sets it lists does"
ROUNDED: Final = "it rounds its counts"
ZERO_TOLD: Final = "it says yes and counts 0; the count was left out"
EMPTY_PAGE: Final = "nothing on this page; an earlier page may hold something"


class _Response(msgspec.Struct, rename="camel"):
    result_sets: dict[str, AnySet] | list[AnySet] | str | int | float | bool | None = None
    collections: msgspec.Raw = NOTHING


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
        if (absent := no_such_record(reply, query, member)) is not None:
            return absent
        learned = lesson(reply, part.request, member)
        return replace(with_leaves(failure, reply), learned=learned)
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
    if (failure := _untrusted(document, query, member, part)) is not None:
        return failure
    answer = _answer(document, query, member)
    if not isinstance(answer, Failure):
        answer = _of_what_was_asked(answer, document, query, member, part)
    return answer if isinstance(answer, Failure) else _proven(answer, document, query, member)


def _of_what_was_asked(
    answer: Answer, document: _Document, query: Query, member: RegisteredMember, part: Part
) -> Answer | Failure:
    """Leave out data sets and records of other questions; a yes of these alone is none."""
    sole = sole_data_set(member)
    kept = only_asked(answer, query.dataset_ids, member.id, sole=sole)
    if not isinstance(kept, Failure):
        kept = only_record(kept, query, member)
    if not isinstance(kept, Failure):
        kept = recheck(kept, query, member, part, _told_total(document))
    return kept


def _proven(
    answer: Answer, document: _Document, query: Query, member: RegisteredMember
) -> Answer | Failure:
    """Say why a yes or a no does not prove what it says, if it does not."""
    if answer.exists is Exists.YES:
        ignored = left_out(query, uncut_texts(_warnings_of(document))) if query.filters else None
        if ignored is not None:
            return no_verdict(f"it says yes, but warns of {ignored}")
        return _without_records(answer) if is_beyond_pages(query, member.dialect) else answer
    if _is_of_a_page(query, member):
        return replace(no_verdict(EMPTY_PAGE), leaves=answer.leaves)
    return _unproven_no(query, member) or answer


def _warnings_of(document: _Document) -> list[Any]:
    """Give whatever a member says beside its answer."""
    meta = document.meta if isinstance(document.meta, dict) else {}
    info = info_of(document.info)
    return [meta.get("warnings"), info.get("messages"), info.get("message")]


def _is_of_a_page(query: Query, member: RegisteredMember) -> bool:
    """Whether a no may be one of a further page alone, as several servers have it."""
    is_further = query.granularity is Granularity.RECORD and query.pagination.skip > 0
    return is_further and not is_beyond_pages(query, member.dialect)


def _without_records(answer: Answer) -> Answer:
    """Drop records of a member without pages: they are those of the first one."""
    if answer.granularity is not Granularity.RECORD:
        return answer
    return msgspec.structs.replace(
        answer,
        granularity=Granularity.BOOLEAN if answer.count is None else Granularity.COUNT,
        result_sets=tuple(msgspec.structs.replace(one, results=()) for one in answer.result_sets),
        collections=(),
    )


def _untrusted(
    document: _Document, query: Query, member: RegisteredMember, part: Part
) -> Failure | None:
    """Say why an answer is not, or may not be, the one to the question that was sent."""
    expected = [one for one in (query.entry_type, query.within) if one is not None]
    dialect = member.dialect
    wrong = contradiction(document.meta, part.request, dialect, expected)
    if wrong is not None:
        return inconsistent(wrong)
    asks_of_others = query.variant is not None and query.entry_type != GENOMIC_VARIANT
    if asks_of_others and not shows_variant(document.meta, part.request, dialect):
        return no_verdict("it did not show that it used the variant of the question")
    return None


def _unproven_no(query: Query, member: RegisteredMember) -> Failure | None:
    """Say why a no to a question with filters proves nothing, at servers that ignore what a
    filter means to others.
    """
    if not query.filters or member.dialect.unknown_filters != "empty":
        return None
    if (missing := unlisted(query, member)) is None:
        return None
    return no_verdict(
        f"it answers unknown filters with an empty result, and it does not list {missing}"
    )


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
    response = document.response if isinstance(document.response, _Response) else _Response()
    summary = document.response_summary
    summary = summary if isinstance(summary, dict) else {}
    total = _told_total(document)
    exists = exists_of(summary.get("exists"))
    is_all_no = exists is Exists.NO and not total
    sets = result_sets_of(response.result_sets, member, beacon_id, is_all_no=is_all_no)
    if isinstance(sets, Failure):
        return sets
    objects = collection_objects(response.collections)
    if isinstance(objects, Failure):
        return objects
    sets, collections = placed(objects, sets, query, member, beacon_id)
    if exists is Exists.UNKNOWN:
        exists = Exists.YES if collections else _derived(total, sets)
    exists = verdict_of(exists, sets)
    leaves = leaves_of(sets, document.info, beacon_id)
    if exists is Exists.NO and collections:
        return inconsistent("it says no, but lists what was asked for")
    if (failure := _unusable(exists, total, sets, leaves, document)) is not None:
        return failure
    sets = settled(sets)
    warnings = _warnings(exists, total, sets, document, meta)
    count, granularity = _count_and_granularity(
        exists, total, sets, meta, query, is_censored=CENSORED in warnings
    )
    if collections:
        count = count or count_listed(collections, query, member.dialect)
        granularity = Granularity.RECORD
    is_rounded = count is not None and _rounds(summary, sets)
    is_short = count is not None and is_sum_inexact(document.info)
    return Answer(
        exists=exists,
        count=count,
        is_count_exact=not (is_rounded or is_short),
        unit=None if count is None else _unit(document, query, member),
        granularity=granularity,
        result_sets=sets,
        collections=collections,
        handovers=handovers_of(
            document.beacon_handovers, document.beacon_handover, document.results_handovers
        ),
        warnings=(*warnings, ROUNDED) if is_rounded else warnings,
        beacon_id=beacon_id,
        api_version=text_of(meta.get("apiVersion")),
        leaves=leaves,
        is_partial=exists is Exists.YES and is_partial(leaves, document.info),
    )


def _told_total(document: _Document) -> int | None:
    summary = document.response_summary
    return count_of(summary.get("numTotalResults")) if isinstance(summary, dict) else None


def _unit(document: _Document, query: Query, member: RegisteredMember) -> str:
    told = member.capabilities.count_unit if query.entry_type == GENOMIC_VARIANT else None
    return told or unit_of(document.info) or f"{query.entry_type} records"


def _derived(total: int | None, sets: Sequence[ResultSet]) -> Exists:
    """Derive the verdict where the summary has none: from the total, else from the data sets."""
    if total is not None:
        return Exists.of(total > 0)
    said = {one.exists for one in sets}
    if Exists.YES in said:
        return Exists.YES
    return Exists.NO if said == {Exists.NO} else Exists.UNKNOWN


def _unusable(
    exists: Exists,
    total: int | None,
    sets: Sequence[ResultSet],
    leaves: Sequence[Leaf],
    document: _Document,
) -> Failure | None:
    """Say why a verdict cannot be used: there is none, or the answer contradicts its own no."""
    if exists is not Exists.YES and any(contradicts_itself(one) for one in sets):
        return inconsistent("one of its data sets says no, but lists or counts what it found")
    if exists is Exists.UNKNOWN:
        return without_verdict({"message": document.message, "msg": document.msg})
    if exists is Exists.YES:
        return None
    if total or any(one.exists is Exists.YES for one in sets):
        return inconsistent("it says no, but its counts or data sets say yes")
    if (incomplete := incomplete_no(leaves, document.info)) is not None:
        return incomplete
    if any(one.exists is Exists.UNKNOWN for one in sets):
        return no_verdict("it says no, but some of its data sets say neither yes nor no")
    return None


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


def _rounds(summary: Mapping[str, Any], sets: Sequence[ResultSet]) -> bool:
    """Whether counts are said to be rounded or imprecise (`countPrecision`, Beacon 2.2)."""
    told = (summary.get("countPrecision"), *(one.info.get("countPrecision") for one in sets))
    return any(text not in (None, "", "exact") for text in told)


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
    messages = texts_of(info.get("messages")) or texts_of(info.get("message"))
    if exists is Exists.NO and messages:
        found.append(CENSORED)
    found += [f"it says: {text}" for text in messages]
    found += [f"it warns: {text}" for text in texts_of(meta.get("warnings"))]
    return tuple(dict.fromkeys(found))
