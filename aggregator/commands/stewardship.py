"""`members`: what operators do with the members of the registry, from the command line."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import click

from aggregator.api.admin_bodies import checked_contact
from aggregator.api.admin_shown import log_documents, whole_member_document
from aggregator.api.join_report import report_document
from aggregator.base.errors import BadQuery
from aggregator.base.settings import Settings
from aggregator.commands.entry_fields import CONTACT, Field, changes_of, document_of
from aggregator.commands.exits import FOUND, UNKNOWN
from aggregator.commands.office import actor, checker_of, office
from aggregator.commands.registry_shown import (
    print_json,
    print_log,
    print_record,
    print_records,
    print_report,
)
from aggregator.protocol.member_list_items import id_of_url
from aggregator.registrar import Registry, registry_open
from aggregator.watch.joining import CheckReport, Verdict
from registry.exporting import export
from registry.places import free_id
from registry.records import MemberRecord, MemberState, as_document
from registry.registration import checked_entry
from registry.steward import Steward

OUT: Final = frozenset({MemberState.REJECTED, MemberState.REMOVED})
"""States of those who are in the registry and neither members nor waiting."""
_TOLD: Final = frozenset({Verdict.FAIL})


async def list_members(settings: Settings, state: str | None, *, as_json: bool) -> None:
    """List members of a state, of `all`, or (None) whoever is one or waits to be."""
    async with office(settings, is_reading=True) as registry:
        held = tuple(registry.store.records.values())
    if state is None:
        shown = [record for record in held if record.state not in OUT]
    else:
        shown = [record for record in held if state in {"all", record.state.value}]
    if as_json:
        print_json([{"id": record.id, **record.document()} for record in shown])
        return
    print_records(shown, len(held) - len(shown) if state is None else 0)


async def show(settings: Settings, member_id: str, *, as_json: bool) -> None:
    """Show a member of whatever state."""
    async with office(settings, is_reading=True) as registry:
        record = await registry.steward.record(member_id)
    if as_json:
        print_json(whole_member_document(record))
    else:
        print_record(record)


@dataclass(frozen=True, slots=True)
class Addition:
    """A member to add, as far as it is told."""

    url: str
    fields: tuple[Field, ...]
    """Fields of its entry, its id among them if it is told."""
    is_checked: bool = True


async def add(settings: Settings, asked: Addition) -> int:
    """Add a member at once, after a check; gives the exit code."""
    told = document_of((*asked.fields, (("url",), asked.url)))
    contact = checked_contact(told.pop(CONTACT, ""))
    entry = checked_entry(
        {"id": "unnamed", **told}
    )  # what is wrong is said before anybody is asked
    async with office(settings) as registry:
        document = {"id": _id_of(registry, entry.url), **told}
        if asked.is_checked:
            async with checker_of(settings, registry) as checker:
                report = await checker.check(entry.url, protocol=entry.protocol.value)
            if not report.may_join:
                _tell_refusal(report)
                return UNKNOWN
        record = await registry.steward.add(document, by=actor(), contact=contact)
    click.echo(f"{record.id} has been added: {record.entry.url}")
    return FOUND


async def check(settings: Settings, url: str, protocol: str, *, as_json: bool) -> int:
    """Check a beacon rule by rule, as before joining; gives the exit code."""
    async with registry_open(settings) as registry, checker_of(settings, registry) as checker:
        report = await checker.check(url, protocol=protocol)
    if as_json:
        print_json(report_document(report))
    else:
        print_report(report)
        counts = f"{report.count(Verdict.FAIL)} to fix, {report.count(Verdict.ADVICE)} to consider"
        verdict = "may join" if report.may_join else "cannot join yet"
        click.echo(f"{report.url} {verdict}: {counts} ({report.elapsed_s:.1f} s)")
    return FOUND if report.may_join else UNKNOWN


async def do(
    settings: Settings,
    member_id: str,
    work: Callable[[Steward, str], Awaitable[MemberRecord]],
    done: str,
    *,
    already: str = "",
) -> None:
    """Change one member and say what it is now: `done` follows its id, or `already`."""
    async with office(settings) as registry:
        before = await registry.steward.record(member_id)
        after = await work(registry.steward, actor())
    if after == before:
        click.echo(f"{member_id} {already or f'{done} already; nothing was changed'}.")
    else:
        click.echo(f"{member_id} {done}.")


async def edit(settings: Settings, member_id: str, fields: Iterable[Field]) -> None:
    """Change fields of a member."""
    told = tuple(fields)
    async with office(settings) as registry:
        before = await registry.steward.record(member_id)
        changes = changes_of(as_document(before.entry), told)
        contact = None
        if CONTACT in changes:
            contact = checked_contact(changes.pop(CONTACT) or "")
        after = await registry.steward.edit(
            member_id, changes, by=actor(), contact=contact, as_of=before.updated_at
        )
    if after == before:
        click.echo(f"{member_id} is so already; nothing was changed.")
        return
    names = ", ".join(dict.fromkeys(".".join(path) for path, _ in told))
    click.echo(f"{member_id} has been changed: {names}.")


async def switch(settings: Settings, member_id: str, *, is_off: bool) -> None:
    """Switch a member off or on."""

    def alter(record: MemberRecord) -> MemberRecord:
        entry = record.entry.model_copy(update={"disabled": is_off})
        return replace(record, member=record.member.with_facts(entry=entry))

    action = "disable" if is_off else "enable"
    await do(
        settings,
        member_id,
        lambda steward, by: steward.amend(member_id, alter, by=by, action=action),
        "is disabled" if is_off else "is enabled",
    )


async def order(settings: Settings, ids: Sequence[str]) -> None:
    """Put members first, in this order."""
    async with office(settings) as registry:
        for member_id in await registry.steward.order(ids, by=actor()):
            click.echo(member_id)


async def write_list(settings: Settings, form: str, *, with_others: bool) -> None:
    """Write the members for others to read."""
    if form == "elixir" and with_others:
        raise BadQuery(
            ["--all: the ELIXIR array is addresses alone and cannot tell who is a member"]
        )
    async with office(settings, is_reading=True) as registry:
        records = tuple(registry.store.records.values())
        groups = tuple(registry.store.groups.values())
    written = export(records, groups, form=form, with_others=with_others)
    click.echo(written.text, nl=False)
    if written.left_out:
        left_out = ", ".join(written.left_out)
        click.echo(f"Left out, for they do not speak version 2: {left_out}.", err=True)


async def show_log(settings: Settings, member_id: str | None, limit: int, *, as_json: bool) -> None:
    """Show the log of changes, the newest first."""
    async with office(settings, is_reading=True) as registry:
        lines = await registry.journal.read(subject=member_id, limit=limit)
    if as_json:
        print_json(log_documents(lines))
    elif lines:
        print_log(lines)
    else:
        about = f" of {member_id}" if member_id else ""
        click.echo(f"The log has no changes{about}.", err=True)


async def new_key(settings: Settings, member_id: str) -> None:
    """Give a member a new service key; it alone goes to standard output."""
    async with office(settings) as registry:
        key = await registry.keyring.rotate(member_id, by=actor())
    click.echo(key)
    click.echo(
        f"This is the new service key of {member_id}. It is shown only now; the ones before it "
        "open nothing any more.",
        err=True,
    )


def _id_of(registry: Registry, url: str) -> str:
    """Make an id for an address that is nobody's yet."""
    made = id_of_url(url)
    held = registry.store.records
    return free_id(made, held) if made in held else made


def _tell_refusal(report: CheckReport) -> None:
    print_report(report, _TOLD)
    click.echo(
        f"{report.url} cannot join yet, and nothing was added. `members check` shows every rule; "
        "--unchecked adds it as it is.",
        err=True,
    )
