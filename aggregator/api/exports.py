"""The answer as a table for other programs and people: CSV and plain text.

One row per member and data set. Members that failed or were not asked are rows too: a file that
leaves them out says "no" in their name.
"""

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, fields
from datetime import UTC, datetime
from typing import Any, Final

from aggregator.api import row_sentences, sentences
from aggregator.api.heard import Frequency, Heard, hear
from aggregator.api.rows import frequencies_told, sign_of
from aggregator.api.texts import MAX_SENTENCE, clean
from aggregator.base import i18n
from aggregator.base.i18n import gettext as _
from aggregator.model.answer import Exists, Match, ResultSet
from aggregator.model.merged import NetworkAnswer
from aggregator.model.outcome import Ending, MemberOutcome, Source
from aggregator.model.query import Query
from aggregator.protocol.tolerant import count_of
from registry.snapshot import RegisteredMember

MAX_CELL: Final = 1_000
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
_SET_ANSWERS: Final = {
    Exists.YES: Ending.FOUND.value,
    Exists.NO: Ending.NOT_FOUND.value,
    Exists.UNKNOWN: Ending.NO_ANSWER.value,
}


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the file; the fields are its columns, in order. None is an empty cell."""

    query: str
    assembly: str
    beacon_id: str
    beacon: str
    organization: str = ""
    environment: str = ""
    answer: str = ""
    reason: str = ""
    dataset_id: str = ""
    dataset: str = ""
    count: int | None = None
    sample_count: int | None = None
    allele_count: int | None = None
    allele_number: int | None = None
    allele_frequency: float | None = None
    seconds: float | None = None
    asked_at: str = ""


CSV_HEADER: Final = ",".join(field.name for field in fields(Line))


def csv_text(lines: Iterable[Line]) -> str:
    """Write rows as CSV (RFC 4180), the header first."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(CSV_HEADER.split(","))
    for line in lines:
        writer.writerow([safe_cell(value) for value in astuple(line)])
    return out.getvalue()


def assembly_of(query: Query) -> str:
    """Name the assembly of a question's coordinates; empty for one without any."""
    variant = query.variant
    assembly = (variant.assembly or variant.typed_assembly) if variant else None
    return assembly.value if assembly else ""


def lines_of(
    answer: NetworkAnswer,
    members: Mapping[str, RegisteredMember],
    *,
    text: str,
    asked_at: datetime,
) -> list[Line]:
    """Make the rows of an answer of this process."""
    lines: list[Line] = []
    when = asked_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    for outcome in answer.outcomes:
        heard = hear(outcome)
        member = members.get(outcome.member.id)
        organization = (
            member.entry.organization or member.capabilities.organization if member else None
        )
        whole = Line(
            query=text,
            assembly=assembly_of(answer.query),
            beacon_id=outcome.member.id,
            beacon=outcome.member.name,
            organization=organization.name if organization else "",
            answer=outcome.ending.value,
            reason=_reason(outcome),
            seconds=outcome.elapsed_s if outcome.attempts else None,
            asked_at=when,
        )
        lines += _member_lines(whole, heard)
    return lines


def lines_of_documents(
    members: Sequence[Mapping[str, Any]], *, text: str, assembly: str, asked_at: str = ""
) -> list[Line]:
    """Make the rows of an answer as `info.network.members` has it, of any network."""
    lines: list[Line] = []
    for member in members:
        reason = member.get("reason") or {}
        whole = Line(
            query=text,
            assembly=assembly,
            beacon_id=str(member["id"]),
            beacon=str(member["name"]),
            answer=str(member["answer"]),
            reason=_joined(
                reason.get("code"),
                member.get("match"),
                member.get("source"),
                is_untrusted=member.get("untrusted") is True,
            ),
            count=member.get("count"),
            seconds=member["elapsedMs"] / 1000 if member.get("attempts") else None,
            asked_at=asked_at,
        )
        sets = member.get("datasets") or []
        is_whole = member["answer"] == "no_answer" or (
            member["answer"] == "found" and not any(one.get("exists") for one in sets)
        )
        lines += [whole] if is_whole or not sets else []
        lines += [_document_line(whole, one) for one in sets]
    return lines


def text_table(heard: Sequence[Heard], answer: NetworkAnswer, *, is_anonymous: bool) -> str:
    """Write an answer for a terminal: a table, the verdict, what was searched."""
    allele = sentences.asks_allele(answer.query)
    table: list[tuple[str, ...]] = [
        (_("BEACON"), _("ANSWER"), _("COUNT"), _("FREQUENCY"), _("TOOK"), _("MEANING"))
    ]
    table += [_text_row(one, allele=allele) for one in heard]
    widths = [max(_columns(row[i]) for row in table) for i in range(len(table[0]) - 1)]
    lines = []
    for row in table:
        cells = [
            cell + " " * (wide - _columns(cell)) for cell, wide in zip(row, widths, strict=False)
        ]
        lines.append("  ".join((*cells, row[-1])).rstrip())
    verdict = sentences.verdict_sentence(answer)
    searched = sentences.searched_sentence(answer, is_anonymous=is_anonymous)
    return "\n".join((*lines, "", verdict, searched, sentences.footer_sentence(), ""))


def file_name(text: str, ending: str) -> str:
    """Make a file name of a query: plain letters, digits and hyphens."""
    plain = re.sub(r"[^A-Za-z0-9]+", "-", text).strip("-")[:60]
    return f"beacon-{plain or 'search'}.{ending}"


def _member_lines(whole: Line, heard: Heard) -> list[Line]:
    answer = heard.outcome.answer
    if not heard.outcome.data_sets:
        return [_with(whole, count=answer.count if answer else None)]
    lines = [_set_line(whole, one, told) for one, told in heard.sets]
    is_found = heard.outcome.ending is Ending.FOUND
    if is_found and all(one.exists is not Exists.YES for one, _told in heard.sets):
        # it says yes as a whole and names no data set that does
        lines.insert(0, _with(whole, count=answer.count if answer else None))
    if answer is None:
        # its "no" is not believed as a whole, whatever each data set said
        lines.insert(0, whole)
    return lines


def _set_line(whole: Line, one: ResultSet, told: Sequence[Frequency]) -> Line:
    whole_population = [each for each in told if each.is_whole] or list(told)
    frequency = whole_population[0] if len(whole_population) == 1 else None
    return _with(
        whole,
        answer=_SET_ANSWERS[one.exists],
        reason=_set_reason(whole, one.exists),
        dataset_id=one.id,
        dataset=one.name or one.id,
        count=one.count,
        sample_count=count_of(one.info.get("sampleCount")),
        allele_count=frequency.allele_count if frequency else None,
        allele_number=frequency.allele_number if frequency else None,
        allele_frequency=frequency.value if frequency else None,
    )


def _document_line(whole: Line, one: Mapping[str, Any]) -> Line:
    exists = Exists.of(one.get("exists"))
    return _with(
        whole,
        answer=_SET_ANSWERS[exists],
        reason=_set_reason(whole, exists),
        dataset_id=str(one.get("id") or ""),
        dataset=str(one.get("name") or one.get("id") or ""),
        count=one.get("count"),
        allele_frequency=one.get("frequency"),
    )


def _with(line: Line, **changes: Any) -> Line:
    known = {field.name: getattr(line, field.name) for field in fields(Line)}
    return Line(**{**known, **changes})


def _reason(outcome: MemberOutcome) -> str:
    code = outcome.reason.code.value if outcome.reason else None
    match = outcome.match.value if outcome.match else None
    return _joined(code, match, outcome.source.value, is_untrusted=outcome.is_untrusted)


def _set_reason(whole: Line, exists: Exists) -> str:
    """Say why a data set has no answer; what its member as a whole lacks is not said of a "no"."""
    if whole.answer == Ending.NO_ANSWER.value:
        return whole.reason if exists is Exists.UNKNOWN else ""
    return whole.reason if exists is not Exists.UNKNOWN else "no_verdict"


def _joined(
    code: str | None, match: str | None, source: str | None, *, is_untrusted: bool = False
) -> str:
    """Say in one cell why there is no answer, or what keeps a hit from being a plain one."""
    told = (
        code,
        match if match != Match.EXACT.value else None,
        Source.STALE.value if source == Source.STALE.value else None,
        "untrusted" if is_untrusted else None,
    )
    return " ".join(filter(None, told))


def safe_cell(value: object) -> str:
    """Write a cell in one line that no spreadsheet takes for a formula."""
    if isinstance(value, float):
        return f"{value:.6g}"
    text = "" if value is None else str(value)
    text = clean(text, MAX_CELL)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _text_row(heard: Heard, *, allele: bool) -> tuple[str, ...]:
    outcome = heard.outcome
    sign, word = sign_of(outcome)
    answer = outcome.answer
    told = sorted({one.value for one in frequencies_told(heard)})
    frequency = " – ".join(i18n.frequency(one) for one in dict.fromkeys(told[:1] + told[-1:]))
    return (
        clean(outcome.member.name, 40),
        f"{sign} {_(word)}",
        i18n.number(answer.count) if answer and answer.count is not None else "",
        frequency,
        i18n.seconds(outcome.elapsed_s) if outcome.attempts else "",
        clean(row_sentences.row_sentence(outcome, allele=allele), MAX_SENTENCE),
    )


def _columns(text: str) -> int:
    """Count the columns a terminal gives to a text."""
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
    )
