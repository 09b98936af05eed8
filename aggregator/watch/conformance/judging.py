"""Judgements that both versions share: schemas, media type, CORS, ids, refusals. Pure."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Final

from aggregator.protocol.member_document import text
from aggregator.watch.conformance.asking import Exchange
from aggregator.watch.conformance.documents import Deviation, Kind, deviations
from aggregator.watch.conformance.report import MOST_DEVIATIONS, Judgement, Verdict, shown
from aggregator.watch.join_recorder import ORIGIN

_ALLOWED: Final = "access-control-allow-origin"
_NAMED: Final = 5
_NO_SUCH_METHOD: Final = 405
NOTHING_READ: Final = "Nothing came that could be looked at"


def holds(message: str, came: str = "") -> Judgement:
    """Say that a rule holds; of what came the status alone is kept."""
    return Judgement(Verdict.PASS, message, got=shown(came.partition(":")[0]))


def breaks(message: str, expected: str, got: str) -> Judgement:
    """Say that a rule does not hold."""
    return Judgement(Verdict.FAIL, message, expected, shown(got))


def skipped(why: str) -> Judgement:
    """Say why a rule is not judged."""
    return Judgement(Verdict.SKIPPED, why)


def unjudged(exchange: Exchange) -> Judgement | None:
    """Say why nothing can be said of an exchange; None where something can."""
    if exchange.silence:
        return skipped(f"Not judged: {exchange.silence}")
    if exchange.needs_permission:
        return skipped(f"It answers only those it knows (HTTP status {exchange.status})")
    return None


def schema(
    exchange: Exchange,
    kind: Kind,
    *,
    entry_type: str | None = None,
    version: str | None = None,
    leave_out: str | None = None,
) -> Judgement:
    """Judge a document or an answer by its schema; `leave_out` is a place that is not judged."""
    if (unknown := unjudged(exchange)) is not None:
        return unknown
    wanted = "a JSON document under status 200, as the schema has it"
    if exchange.status != 200 or exchange.document is None:
        return breaks(f"It cannot be read: {exchange.trouble}", wanted, exchange.came)
    found = deviations(
        kind, exchange.document, entry_type=entry_type, version=version, most=MOST_DEVIATIONS + 2
    )
    found = tuple(one for one in found if one.path != leave_out)
    if not found:
        return holds("It is as the schema requires", exchange.came)
    more = "at least " if len(found) > MOST_DEVIATIONS else ""
    found = found[:MOST_DEVIATIONS]
    places = "place" if len(found) == 1 else "places"
    return Judgement(
        Verdict.FAIL,
        f"It departs from the schema in {more}{len(found)} {places}: {_told(found[0])}",
        found[0].expected,
        shown(exchange.came),
        found,
    )


def said(exchange: Exchange, exists: object) -> Judgement:
    """Judge whether a question was taken: whether its answer says yes or no."""
    if (unknown := unjudged(exchange)) is not None:
        return unknown
    if exchange.is_answer and isinstance(exists, bool):
        return holds(f"It answers {'yes' if exists else 'no'}", exchange.came)
    trouble = exchange.trouble or "neither yes nor no"
    return breaks(f"It does not take it: {trouble}", "an answer of yes or no", exchange.came)


def content_type(exchanges: Iterable[Exchange]) -> tuple[Judgement, Exchange | None]:
    """Judge the media type of everything that is JSON."""
    read = [one for one in exchanges if one.status == 200 and one.document is not None]
    for one in read:
        told = one.headers.get("content-type", "").partition(";")[0].strip().lower()
        if told != "application/json" and not told.endswith("+json"):
            message = f"It sends JSON as {f'“{told[:80]}”' if told else 'of no type'}"
            return breaks(message, "Content-Type: application/json", told or "none"), one
    if not read:
        return skipped(NOTHING_READ), None
    return holds("Everything it sends is called application/json"), read[0]


def cors(documents: Iterable[Exchange]) -> tuple[Judgement, Exchange | None]:
    """Judge whether pages of other sites may read the documents."""
    read = [one for one in documents if one.status == 200 and one.document is not None]
    for one in read:
        told = one.headers.get(_ALLOWED, "").strip()
        if told not in {"*", ORIGIN}:
            message = "A page of another site cannot read it"
            expected = f"Access-Control-Allow-Origin: * (asked with Origin: {ORIGIN})"
            return breaks(message, expected, told or "no such header"), one
    if not read:
        return skipped(NOTHING_READ), None
    return holds("Pages of other sites may read its documents"), read[0]


def said_alike(
    told: Sequence[tuple[Exchange, object]], known: object, what: str, fits: Callable[[str], bool]
) -> tuple[Judgement, Exchange | None]:
    """Judge whether documents and answers all state one value, the one of the description."""
    expected = text(known) or ""
    for exchange, value in told:
        stated = text(value) or ""
        if not expected:
            expected = stated
        if not stated or stated != expected or not fits(stated):
            message = f"It states {what} “{stated[:80]}”" if stated else f"It states no {what}"
            is_known = bool(expected) and fits(expected)
            other = f"“{expected[:200]}”" if is_known else f"one {what} everywhere"
            return breaks(message, other, stated or "nothing"), exchange
    if not told:
        return skipped(NOTHING_READ), None
    return holds(f"It states {what} “{expected[:80]}” everywhere"), told[0][0]


def refused(exchange: Exchange, wanted: Callable[[int], bool], expected: str) -> Judgement:
    """Judge the status of what should have been refused."""
    if (unknown := unjudged(exchange)) is not None:
        return unknown
    if exchange.status is not None and wanted(exchange.status):
        return holds(f"It refuses with HTTP status {exchange.status}", exchange.came)
    status = f"HTTP status {exchange.status}" if exchange.status else exchange.trouble
    return (
        breaks(f"It answers {status}, as if nothing were wrong", expected, exchange.came)
        if (exchange.status == 200)
        else breaks(f"It answers {status}", expected, exchange.came)
    )


def error_documents(
    answers: Iterable[Exchange], by_schema: Callable[[Exchange], Judgement], expected: str
) -> tuple[Judgement, Exchange | None]:
    """Judge what comes beside the refusals of questions that cannot be answered.

    `by_schema` judges the document of one, given as if it had come under status 200.
    """
    refusals = [one for one in answers if _refuses_the_question(one)]
    for one in refusals:
        if one.document is None:
            message = f"It refuses without an error document: {one.trouble}"
            return breaks(message, expected, one.came), one
        judged = by_schema(replace(one, status=200))
        if judged.verdict is Verdict.FAIL:
            return judged, one
    if not refusals:
        return skipped("It refused nothing, so there is no error document"), None
    return holds("It refuses with an error document", refusals[0].came), refusals[0]


def _refuses_the_question(exchange: Exchange) -> bool:
    """Whether a question was refused, and not who asks it, or the way it was asked."""
    if unjudged(exchange) is not None or exchange.status is None:
        return False
    return 400 <= exchange.status < 500 and exchange.status != _NO_SUCH_METHOD


def repeated(values: Iterable[object]) -> list[str]:
    """Give the texts that occur more than once, the first few."""
    seen: set[str] = set()
    twice: dict[str, None] = {}
    for value in values:
        if isinstance(value, str):
            if value in seen:
                twice[value[:80]] = None
            seen.add(value)
    return list(twice)[:_NAMED]


def _told(one: Deviation) -> str:
    return f"{one.path or 'the document'} {one.message}"
