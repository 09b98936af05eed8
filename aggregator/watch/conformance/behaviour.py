"""Whether a version 2 member does what it is asked: granularity, result sets, pages, echo. Pure.

Framework v2.1.1, requests/beaconRequestBody.json and responses/sections. A member may always tell
less than it is asked for, never more; what cannot be seen in its answers is not judged.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec

from aggregator.model.query import Granularity
from aggregator.protocol.member_document import named_items, text
from aggregator.protocol.v2_echo import contradiction
from aggregator.watch.conformance.asking import Exchange
from aggregator.watch.conformance.forms import Options
from aggregator.watch.conformance.judging import breaks, holds, repeated, skipped, unjudged
from aggregator.watch.conformance.report import Judgement
from registry.models import Dialect

_MOST_SETS: Final = 1_000
_MOST_RECORDS: Final = 1_000
_COUNTS: Final = ("numTotalResults", "resultsCount")
_NO_SETS: Final = "It lists no result sets to choose from"

Sets = Mapping[str, Mapping[str, Any]]


def returned(exchange: Exchange) -> Granularity | None:
    """Read how much an answer says it tells."""
    meta = exchange.content.get("meta")
    told = meta.get("returnedGranularity") if isinstance(meta, Mapping) else None
    return Granularity(told) if isinstance(told, str) and told in list(Granularity) else None


def sets_of(exchange: Exchange) -> Sets:
    """Give the result sets of an answer by id, where it is a list of them or a mapping."""
    response = exchange.content.get("response")
    told = response.get("resultSets") if isinstance(response, Mapping) else None
    found = enumerate(named_items(told, _MOST_SETS))
    return {text(one.get("id")) or name or str(n): one for n, (name, one) in found}


def records_of(exchange: Exchange) -> list[object]:
    """Give the records of an answer, of all its result sets."""
    found: list[object] = []
    for one in sets_of(exchange).values():
        found += _records(one)
    return found[:_MOST_RECORDS]


def _records(one: Mapping[str, Any]) -> list[object]:
    results = one.get("results")
    return results[:_MOST_RECORDS] if isinstance(results, list) else []


def judge_boolean(exchange: Exchange) -> Judgement:
    """Judge an answer to a question for yes or no."""
    if (other := _unreadable(exchange)) is not None:
        return other
    expected = "returnedGranularity boolean, no count, no records"
    told = returned(exchange)
    if told not in {None, Granularity.BOOLEAN}:
        return breaks(f"It returns granularity {told}", expected, exchange.came)
    if (counted := _count_in(exchange)) is not None:
        return breaks(f"It tells {counted} beside yes or no", expected, exchange.came)
    if records_of(exchange):
        return breaks("It sends records beside yes or no", expected, exchange.came)
    return holds("It tells yes or no, and no more", exchange.came)


def judge_count(exchange: Exchange) -> Judgement:
    """Judge an answer to a question for a count."""
    if (other := _unreadable(exchange)) is not None:
        return other
    expected = "returnedGranularity count or boolean, no records"
    if returned(exchange) is Granularity.RECORD:
        return breaks("It returns granularity record", expected, exchange.came)
    if records_of(exchange):
        return breaks("It sends records beside the count", expected, exchange.came)
    return holds("It sends no records", exchange.came)


def judge_told(exchange: Exchange) -> Judgement:
    """Judge whether an answer holds what it says it tells."""
    if (other := _unreadable(exchange)) is not None:
        return other
    told = returned(exchange)
    if told is None:
        expected = "meta.returnedGranularity: boolean, count or record"
        return breaks("It does not say how much it tells", expected, exchange.came)
    if told is not Granularity.RECORD and records_of(exchange):
        return breaks(f"It says it tells a {told}, and sends records", "record", exchange.came)
    if told is Granularity.BOOLEAN and (counted := _count_in(exchange)) is not None:
        return breaks(f"It says it tells yes or no, and tells {counted}", "count", exchange.came)
    return holds(f"It says {told}, and that is what it tells", exchange.came)


def judge_none(every: Exchange, none: Exchange) -> Judgement:
    """Judge an answer that should list no result sets."""
    if (other := _unreadable(none)) is not None:
        return other
    if listed := sets_of(none):
        message = f"It lists {_named(listed)}"
        return breaks(message, "no result sets", none.came)
    return holds("It lists no result sets") if sets_of(every) else skipped(_NO_SETS)


def judge_chosen(every: Exchange, chosen: Exchange, *, is_hit: bool) -> Judgement:
    """Judge an answer that should list the result sets with a match alone, or those without."""
    if (other := _unreadable(chosen)) is not None:
        return other
    word = "with" if is_hit else "without"
    listed, known = sets_of(chosen), sets_of(every)
    wrong = {name: one for name, one in listed.items() if one.get("exists") is not is_hit}
    if wrong:
        expected = f"result sets {word} a match alone (exists: {str(is_hit).lower()})"
        return breaks(f"It lists {_named(wrong)} as well", expected, chosen.came)
    left_out = {
        name: one
        for name, one in known.items()
        if one.get("exists") is is_hit and name not in listed
    }
    if left_out:
        return breaks(
            f"It leaves out {_named(left_out)}, which it lists when asked for all",
            f"every result set {word} a match",
            chosen.came,
        )
    if not listed and not known:
        return skipped(_NO_SETS)
    return holds(f"It lists {_named(listed)}" if listed else f"None is {word} a match")


def judge_all(every: Exchange, hit: Exchange, miss: Exchange) -> Judgement:
    """Judge an answer that should list all result sets, by what the others list."""
    if (other := _unreadable(every)) is not None:
        return other
    known = sets_of(every)
    left_out = {
        name: one
        for exchange in (hit, miss)
        if exchange.is_answer
        for name, one in sets_of(exchange).items()
        if name not in known
    }
    if left_out:
        message = f"It leaves out {_named(left_out)}, which it lists otherwise"
        return breaks(message, "every result set", every.came)
    return holds(f"It lists {_named(known)}") if known else skipped(_NO_SETS)


def judge_limit(pages: Iterable[Exchange]) -> tuple[Judgement, Exchange | None]:
    """Judge first pages of one record."""
    seen = None
    for page in pages:
        for name, one in sets_of(page).items():
            results = one.get("results")
            if isinstance(results, list) and len(results) > 1:
                message = f"A page of 1 record holds {len(results)} in the result set “{name[:80]}”"
                return breaks(message, "1 record or none in each result set", page.came), page
        seen = seen or (page if records_of(page) else None)
    if seen is None:
        return skipped("No answer holds a record"), None
    return holds("A page of 1 record holds 1"), seen


def judge_skip(turns: Iterable[tuple[Exchange, Exchange]]) -> tuple[Judgement, Exchange | None]:
    """Judge second pages of one record by the first ones."""
    seen = None
    for first, second in turns:
        begun, going_on = _written(first), _written(second)
        # where a page holds more than was asked for, the next one cannot be told from it
        is_longer = any(len(written) > 1 for written in begun.values())
        if not any(begun.values()) or is_longer or unjudged(second) is not None:
            continue
        expected = "the record after the one of the first page"
        if not second.is_answer:
            message = f"The second page cannot be read: {second.trouble}"
            return breaks(message, expected, second.came), second
        # another data set may well hold the same record
        if any(written & begun.get(name, set()) for name, written in going_on.items()):
            return breaks("The second page repeats the first", expected, second.came), second
        if not any(going_on.values()) and _holds_more(first):
            return breaks(
                "The second page is empty, though there are more", expected, second.came
            ), second
        seen = seen or (second if any(going_on.values()) else None)
    if seen is None:
        return skipped("No answer holds more than one record"), None
    return holds("The second page goes on where the first ends"), seen


def judge_echo(
    asked: Sequence[tuple[Exchange, Options, str]], dialect: Dialect
) -> tuple[Judgement, Exchange | None]:
    """Judge what answers repeat of the question: each with the options and the entry type asked."""
    seen = None
    for exchange, options, entry_type in asked:
        meta = exchange.content.get("meta")
        summary = meta.get("receivedRequestSummary") if isinstance(meta, Mapping) else None
        if not exchange.is_answer or not isinstance(summary, Mapping):
            continue
        seen = seen or exchange
        if (told := contradiction(meta, exchange.request, dialect, (entry_type,))) is not None:
            return breaks(_capital(told), "the parameters of the request", _json(summary)), exchange
        wanted = {
            "requestedGranularity": options.granularity.value,
            "includeResultsetResponses": options.include.value,
        }
        for name, value in wanted.items():
            if summary.get(name, value) != value:
                message = f"It repeats {name} as “{str(summary[name])[:40]}”"
                return breaks(message, f"{name}: {value}", _json(summary)), exchange
        page = summary.get("pagination")
        for name, number in (("skip", options.skip), ("limit", options.limit)):
            if isinstance(page, Mapping) and page.get(name, number) != number:
                message = f"It repeats pagination.{name} as “{str(page[name])[:40]}”"
                return breaks(message, f"{name}: {number}", _json(summary)), exchange
    if seen is None:
        return skipped("No answer repeats the question"), None
    return holds("It repeats what it was asked"), seen


def judge_ids(
    answers: Iterable[Exchange], collections: Iterable[Exchange]
) -> tuple[Judgement, Exchange | None]:
    """Judge the ids of result sets, of their records, and of data sets and cohorts."""
    seen = None
    for exchange in answers:
        response = exchange.content.get("response")
        told = response.get("resultSets") if isinstance(response, Mapping) else None
        sets = [one for _, one in named_items(told, _MOST_SETS)]
        seen = seen or (exchange if sets else None)
        if twice := repeated(one.get("id") for one in sets):
            return _twice("result sets", twice, exchange)
        for one in sets:
            results = one.get("results")
            if twice := repeated(
                _ids(results[:_MOST_RECORDS] if isinstance(results, list) else ())
            ):
                return _twice("records", twice, exchange)
    for exchange in collections:
        response = exchange.content.get("response")
        told = response.get("collections") if isinstance(response, Mapping) else None
        listed = [one for _, one in named_items(told, _MOST_RECORDS)]
        seen = seen or (exchange if listed else None)
        if twice := repeated(one.get("id") for one in listed):
            return _twice("collections", twice, exchange)
    return (holds("No id occurs twice"), seen) if seen else (skipped("It lists nothing"), None)


def _twice(what: str, ids: list[str], exchange: Exchange) -> tuple[Judgement, Exchange]:
    named = ", ".join(f"“{one}”" for one in ids)
    return breaks(f"Several {what} of one list have the id {named}", "an id each", named), exchange


def _ids(records: Iterable[object]) -> Iterable[object]:
    for one in records:
        if isinstance(one, Mapping):
            yield one.get("id") or one.get("variantInternalId")


def _unreadable(exchange: Exchange) -> Judgement | None:
    if (unknown := unjudged(exchange)) is not None:
        return unknown
    if exchange.is_answer:
        return None
    return breaks(f"It gives no answer: {exchange.trouble}", "an answer", exchange.came)


def _count_in(exchange: Exchange) -> str | None:
    """Name the count an answer holds."""
    summary = exchange.content.get("responseSummary")
    places: list[Mapping[str, Any]] = [summary] if isinstance(summary, Mapping) else []
    for place in (*places, *sets_of(exchange).values()):
        for name in _COUNTS:
            if isinstance(place.get(name), int):
                return name
    return None


def _holds_more(first: Exchange) -> bool:
    """Whether a first page of one record says that there are more."""
    summary = first.content.get("responseSummary")
    total = summary.get("numTotalResults") if isinstance(summary, Mapping) else None
    counts = [one.get("resultsCount") for one in sets_of(first).values()]
    # a total may be of things other than records, so that a result set has to say it as well
    return _is_several(total) and any(map(_is_several, counts))


def _is_several(value: object) -> bool:
    return isinstance(value, int) and value > 1


def _written(exchange: Exchange) -> dict[str, set[str]]:
    """Give the records of a page as texts to compare, by result set."""
    return {
        name: {_json(record) for record in _records(one)} for name, one in sets_of(exchange).items()
    }


def _json(value: object) -> str:
    return msgspec.json.encode(value, order="sorted").decode("utf-8", "replace")


def _named(sets: Sets) -> str:
    names = [f"“{name[:80]}”" for name in list(sets)[:5]]
    more = f" and {len(sets) - 5} more" if len(sets) > 5 else ""
    return ", ".join(names) + more


def _capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]
