"""Whether a version 1 member does what a question asks: rows, yes or no, echo, refusals. Pure.

Specification v1.0.1 and branch develop (1.1.0), beacon.yaml.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec

from aggregator.protocol.member_document import named_items, text
from aggregator.watch.conformance.asking import Exchange
from aggregator.watch.conformance.forms import parameters_of
from aggregator.watch.conformance.judging import breaks, holds, repeated, skipped, unjudged
from aggregator.watch.conformance.report import Judgement

_MOST_ROWS: Final = 1_000
_NO_ROWS: Final = "It lists no rows of data sets to choose from"
_ECHOED: Final = (
    *("referenceName", "start", "end", "startMin", "startMax", "endMin", "endMax"),
    *("referenceBases", "alternateBases", "variantType", "assemblyId", "includeDatasetResponses"),
)


def rows_of(exchange: Exchange) -> list[Mapping[str, Any]]:
    """Give the rows of data sets of an answer."""
    told = exchange.content.get("datasetAlleleResponses")
    return [one for _, one in named_items(told, _MOST_ROWS)] if isinstance(told, list) else []


def judge_no_rows(every: Exchange, none: Exchange) -> Judgement:
    """Judge an answer that should hold no rows."""
    if (other := _unreadable(none)) is not None:
        return other
    if rows := rows_of(none):
        return breaks(f"It lists {_named(rows)}", "no datasetAlleleResponses", none.came)
    return holds("It lists no rows") if rows_of(every) else skipped(_NO_ROWS)


def judge_rows(every: Exchange, chosen: Exchange, *, is_hit: bool) -> Judgement:
    """Judge an answer that should hold rows with a match alone, or those without."""
    if (other := _unreadable(chosen)) is not None:
        return other
    word = "with" if is_hit else "without"
    rows = rows_of(chosen)
    wrong = [one for one in rows if one.get("exists") is not is_hit]
    if wrong:
        expected = f"rows {word} a match alone (exists: {str(is_hit).lower()})"
        return breaks(f"It lists {_named(wrong)} as well", expected, chosen.came)
    listed = {text(one.get("datasetId")) for one in rows}
    left_out = [
        one
        for one in rows_of(every)
        if one.get("exists") is is_hit and text(one.get("datasetId")) not in listed
    ]
    if left_out:
        message = f"It leaves out {_named(left_out)}, which it lists when asked for all"
        return breaks(message, f"every row {word} a match", chosen.came)
    if not rows and not rows_of(every):
        return skipped(_NO_ROWS)
    return holds(f"It lists {_named(rows)}" if rows else f"None is {word} a match")


def judge_all_rows(every: Exchange, data_sets: Sequence[str]) -> Judgement:
    """Judge an answer that should hold a row for every data set that holds the assembly asked."""
    if (other := _unreadable(every)) is not None:
        return other
    listed = {text(one.get("datasetId")) for one in rows_of(every)}
    if left_out := [one for one in data_sets if one not in listed]:
        named = ", ".join(f"“{one[:80]}”" for one in left_out[:5])
        return breaks(f"It leaves out {named}", "a row for every data set", every.came)
    return holds("It lists every data set") if listed else skipped(_NO_ROWS)


def judge_exists(
    answers: Iterable[Exchange], refusals: Iterable[Exchange]
) -> tuple[Judgement, Exchange | None]:
    """Judge whether answers say yes or no, and refusals neither."""
    seen = None
    for one in answers:
        if not one.is_answer:
            continue
        seen = seen or one
        if one.content.get("error") is None and not isinstance(one.content.get("exists"), bool):
            said = _json(one.content.get("exists"))
            return breaks(
                "It says neither yes nor no", "exists: true or false", f"exists: {said}"
            ), one
    for one in (*answers, *refusals):
        if one.content.get("error") is not None and one.content.get("exists") is not None:
            message = "It says yes or no beside an error"
            said = f"exists: {_json(one.content.get('exists'))}"
            return breaks(message, "exists: null beside an error", said), one
    return (
        (holds("It says yes or no in every answer"), seen)
        if seen
        else (skipped("No answer came"), None)
    )


def judge_allele_echo(asked: Iterable[Exchange]) -> tuple[Judgement, Exchange | None]:
    """Judge what answers repeat of the question."""
    seen = None
    for exchange in asked:
        told = exchange.content.get("alleleRequest")
        if not exchange.is_answer or not isinstance(told, Mapping):
            continue
        seen = seen or exchange
        sent = parameters_of(exchange.request)
        for name in _ECHOED:
            if told.get(name) is None or name not in sent:
                continue
            if str(told[name]) != str(sent[name]):
                message = f"It repeats {name} as “{str(told[name])[:40]}”"
                return breaks(message, f"{name}: {sent[name]}", _json(told)), exchange
    if seen is None:
        return skipped("No answer repeats the question, which version 1 leaves open"), None
    return holds("It repeats what it was asked"), seen


def judge_samples(answers: Sequence[Exchange]) -> tuple[Judgement, Exchange | None]:
    """Judge the answers to the questions that a member gives as samples."""
    for one in answers:
        if (other := _unreadable(one)) is not None:
            return other, one
        if not isinstance(one.content.get("exists"), bool):
            message = "One of its samples gets neither yes nor no"
            return breaks(message, "exists: true or false", one.came), one
    if not answers:
        return skipped("It gives no sampleAlleleRequests"), None
    samples = "its sample" if len(answers) == 1 else f"{len(answers)} samples"
    return holds(f"It answers {samples}"), answers[0]


def judge_data_set_ids(
    description: Exchange, answers: Iterable[Exchange]
) -> tuple[Judgement, Exchange | None]:
    """Judge the ids of data sets: each once in the description, and no other in answers."""
    told = description.content.get("datasets")
    listed = [one.get("id") for _, one in named_items(told, _MOST_ROWS)]
    if not listed:
        return skipped("It lists no data sets"), None
    if twice := repeated(listed):
        named = ", ".join(f"“{one}”" for one in twice)
        return breaks(f"Several data sets have the id {named}", "an id each", named), description
    for exchange in answers:
        for row in rows_of(exchange):
            name = text(row.get("datasetId"))
            if name is not None and name not in listed:
                message = f"It answers for “{name[:80]}”, which its description does not list"
                return breaks(message, "an id of its data sets", exchange.came), exchange
    return holds("Every id is of one data set that it lists"), description


def _unreadable(exchange: Exchange) -> Judgement | None:
    if (unknown := unjudged(exchange)) is not None:
        return unknown
    if exchange.is_answer:
        return None
    return breaks(f"It gives no answer: {exchange.trouble}", "an answer", exchange.came)


def _json(value: object) -> str:
    return msgspec.json.encode(value, order="sorted").decode("utf-8", "replace")


def _named(rows: Sequence[Mapping[str, Any]]) -> str:
    names = list(dict.fromkeys(f"“{(text(one.get('datasetId')) or '?')[:80]}”" for one in rows))
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return ", ".join(names[:5]) + more
