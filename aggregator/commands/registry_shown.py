"""What the command line shows of the registry: tables in a terminal, lines with tabs in a pipe."""

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import click
import yaml
from rich.console import Console
from rich.table import Table
from rich.text import Text

from aggregator.api.admin_shown import FieldChange, changed_fields, differences_of
from aggregator.api.join_report import SIGNS
from aggregator.api.texts import clean
from aggregator.watch.following import Followed
from aggregator.watch.joining import CheckReport, Finding, Verdict
from registry.keys import AccessKey
from registry.records import AuditEntry, MemberRecord, MemberState, as_document

_LONGEST: Final = 60
_LONGEST_LINE: Final = 4_000
"""How much of a value is shown in a line."""


def print_rows(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table, or in a pipe its rows with tabs between the cells."""
    shown = [[_line(cell) for cell in row] for row in rows]
    console = Console()
    if not console.is_terminal:
        for row in shown:
            click.echo("\t".join(row))
        return
    if not shown:
        return
    table = Table(box=None, pad_edge=False)
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for row in shown:
        # Text, because a name may hold brackets, which would be read as markup
        table.add_row(*map(Text, row))
    console.print(table)


def print_json(document: Any) -> None:
    """Print a document."""
    click.echo(json.dumps(document, ensure_ascii=False, indent=2))


def print_records(records: Sequence[MemberRecord], hidden: int) -> None:
    """List members with where they stand; `hidden` is how many are not shown."""
    print_rows(
        ("Id", "State", "Protocol", "Address", "Name", "Differs from the seed"),
        [
            (
                record.id,
                standing(record),
                record.member.protocol.value if record.member.protocol else "auto",
                record.entry.url,
                record.member.name,
                ", ".join(record.differences),
            )
            for record in records
        ],
    )
    if hidden:
        click.echo(f"{hidden:,} turned away or removed: --state removed, --state all.", err=True)
    elif not records:
        click.echo("No members.", err=True)


def standing(record: MemberRecord) -> str:
    """Say in a word or two how a member stands now."""
    if record.state is not MemberState.ACTIVE:
        return record.state.value
    pause = record.entry.paused
    words = []
    if record.entry.disabled:
        words.append("disabled")
    elif pause is not None and not pause.is_over(datetime.now(UTC)):
        words.append("paused" if pause.until is None else f"paused until {pause.until}")
    else:
        words.append("active")
    if record.proposed is not None:
        words.append("a change waits")
    return ", ".join(words)


def print_record(record: MemberRecord) -> None:
    """Show everything people need to know of a member."""
    told: dict[str, Any] = {
        "state": standing(record),
        "came from": record.origin,
        "contact": record.contact or None,
        "note": record.note or None,
        "removed by": record.left_by or None,
        "since": record.created_at,
        "changed": record.updated_at,
        "entry": as_document(record.entry),
        "waits for approval": _proposal(record),
        "differs from what is declared": {
            one.name: {"here": one.after, "declared": one.before} for one in differences_of(record)
        },
        "found out": _found_out(record),
    }
    shown = {name: value for name, value in told.items() if value}
    text = yaml.safe_dump(shown, sort_keys=False, allow_unicode=True, width=100)
    click.echo(text, nl=False)


def print_report(report: CheckReport, only: frozenset[Verdict] = frozenset(Verdict)) -> None:
    """Show what a check found, rule by rule."""
    for one in report.findings:
        if one.verdict in only:
            _print_finding(one)


def print_log(lines: Sequence[AuditEntry]) -> None:
    """Show lines of the log of changes with what they changed."""
    print_rows(
        ("No.", "When", "Who", "What", "Of", "Changes"),
        [
            (str(one.number), one.at, one.actor, one.action, one.subject, _changes(one))
            for one in lines
        ],
    )


def print_followed(followed: Sequence[Followed]) -> None:
    """List the registries that are followed, with what their last looks showed."""
    for one in followed:
        how = "new members at once" if one.is_trusted else "new members wait for approval"
        groups = f", in {', '.join(one.groups)}" if one.groups else ""
        click.echo(f"{one.id}\t{one.url}\t{one.form}, {how}{groups}")
        click.echo(f"  {one.looked_at or 'not looked at yet'}\t{_line(one.result)}")
    if not followed:
        click.echo("No registry is followed.", err=True)


def print_keys(keys: Sequence[AccessKey], now: datetime) -> None:
    """List keys; none of them can be shown again."""
    print_rows(
        ("Id", "Opens", "Whose", "Made", "Until", "Uses left", "State", "Note"),
        [
            (
                key.id,
                key.kind.value,
                key.owner,
                key.created_at,
                key.expires_at or "",
                "" if key.uses_left is None else str(key.uses_left),
                (key.refusal(now) or "good")
                .removeprefix("the key has been ")
                .removeprefix("the key has "),
                key.note,
            )
            for key in keys
        ],
    )


def _print_finding(one: Finding) -> None:
    sign, _ = SIGNS[one.verdict]
    click.echo(f"{sign} {_line(one.title)}: {_line(one.message)}")
    if one.verdict in {Verdict.PASS, Verdict.SKIPPED}:
        return
    for what, text in (("change", one.fix), ("sent", one.sent), ("came", one.came)):
        if text:
            click.echo(f"    {what}: {_line(text)}")


def _changes(line: AuditEntry) -> str:
    if line.before is None and line.after is not None:
        told = [f"{name}: {_value(value)}" for name, value in _first(line.after)]
    else:
        told = [_change(one) for one in changed_fields(line.before, line.after)]
    return "; ".join([*told, *([f"“{line.note}”"] if line.note else [])])


def _first(document: dict[str, Any]) -> list[tuple[str, Any]]:
    """Give what matters of what was made."""
    entry = document.get("entry")
    if isinstance(entry, dict):
        return [(name, entry[name]) for name in ("url", "name") if entry.get(name)]
    return [(name, value) for name, value in document.items() if value not in (None, "", [], False)]


def _change(one: FieldChange) -> str:
    if one.before is None:
        return f"{one.name}: {_value(one.after)}"
    return f"{one.name}: {_value(one.before)} → {_value(one.after)}"


def _value(value: Any) -> str:
    if value is None:
        return "(none)"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _proposal(record: MemberRecord) -> dict[str, Any] | None:
    if record.proposed is None:
        return None
    changed = changed_fields(as_document(record.entry), as_document(record.proposed))
    return {one.name: one.after for one in changed}


def _found_out(record: MemberRecord) -> dict[str, Any]:
    member = record.member
    told = member.capabilities
    found = {
        "name": told.name,
        "beaconId": told.beacon_id,
        "protocol": told.protocol.value if told.protocol else None,
        "version": told.api_version,
        "software": told.software,
        "assemblies": [one.value for one in member.assemblies],
        "data sets": [one.id for one in told.data_sets],
        "entry types": list(told.entry_types or ()),
        "dialect": member.learned.model_dump(mode="json", exclude_defaults=True),
        "problems": list(told.problems),
        "looked at": None if told.fetched_at is None else told.fetched_at.isoformat(),
    }
    return {name: value for name, value in found.items() if value}


def _line(text: str) -> str:
    """Give a text as one line that does nothing to a terminal."""
    return clean(text, _LONGEST_LINE)
