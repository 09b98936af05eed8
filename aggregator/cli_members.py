"""The commands `members …`: the members of the registry, from its file or database directly.

A network that runs on the registry takes every change over by itself, within two seconds.
"""

import sys
from pathlib import Path
from typing import Any, NoReturn

import click

from aggregator.base.errors import ConfigError
from aggregator.base.settings import Settings
from aggregator.cli_options import (
    IN_MEMORY,
    Overrides,
    config_option,
    groups_option,
    json_option,
    note_option,
    private_option,
    seed_option,
    set_option,
    settings_of,
    with_settings,
)
from aggregator.commands import querying, stewardship
from aggregator.commands.entry_fields import Field, FieldValue
from aggregator.commands.loop import run
from registry import exporting
from registry.models import Protocol
from registry.records import MemberState
from registry.seed import read_seed

_PROTOCOLS = click.Choice([one.value for one in Protocol])


@click.group()
def members() -> None:
    """The members of the network, as its registry has them."""


@members.command("list")
@config_option
@seed_option
@set_option
@click.option("--declared", is_flag=True, help="What the file of members declares (registry.seed).")
@click.option(
    "--state",
    type=click.Choice([*(one.value for one in MemberState), "all"]),
    help="Those of this state.  [default: active and pending]",
)
@click.option("--json", "as_json", is_flag=True, help="The entries as JSON.")
def list_members(
    *,
    config_file: Path | None,
    seed: Path | None,
    overrides: Overrides,
    declared: bool,
    state: str | None,
    as_json: bool,
) -> None:
    """List the members of the registry, or check and list those a file declares."""
    settings = settings_of(config_file, overrides, ("registry", "seed", seed))
    if seed is None and not declared:
        run(stewardship.list_members(settings, state, as_json=as_json))
        return
    if settings.registry.seed is None:
        _fail("There is no file of members: name one with --seed or registry.seed.")
    querying.print_members(read_seed(settings.registry.seed).members, as_json=as_json)


@members.command()
@click.argument("member_id", metavar="ID")
@with_settings
@json_option
def show(*, settings: Settings, member_id: str, as_json: bool) -> None:
    """Show what is declared, set and found out of a member."""
    run(stewardship.show(settings, member_id, as_json=as_json))


@members.command(short_help="Check a beacon and add it as a member.")
@click.argument("url")
@click.argument("fields", metavar="[FIELD=VALUE]...", type=FieldValue(), nargs=-1)
@click.option("--id", "member_id", help="Its id.  [default: made of its address]")
@click.option("--name", help="Its name.  [default: what it calls itself]")
@click.option("--protocol", type=_PROTOCOLS, help="Its protocol.  [default: auto]")
@groups_option
@click.option("--unchecked", is_flag=True, help="Add it without asking it anything.")
@private_option
@with_settings
def add(
    *,
    settings: Settings,
    url: str,
    fields: tuple[Field, ...],
    member_id: str | None,
    name: str | None,
    protocol: str | None,
    groups: tuple[str, ...],
    unchecked: bool,
) -> None:
    """Check the beacon at URL and add it as a member, at once.

    Other fields of its entry follow the address, as for `members edit`: timeout_s=20
    dialect.start=scalar. Exit code 3: the check found something to fix, and nothing was added.
    """
    told: dict[str, Any] = {"id": member_id, "name": name, "protocol": protocol}
    named: list[Field] = [((key,), value) for key, value in told.items() if value is not None]
    if groups:
        named.append((("groups",), list(groups)))
    asked = stewardship.Addition(url, (*named, *fields), is_checked=not unchecked)
    sys.exit(run(stewardship.add(settings, asked)))


@members.command(short_help="Check a beacon as before joining, rule by rule.")
@click.argument("url")
@click.option(
    "--protocol", type=_PROTOCOLS, default="auto", show_default=True, help="Its protocol."
)
@private_option
@config_option
@set_option
@json_option
def check(
    *,
    url: str,
    protocol: str,
    is_private: bool,
    config_file: Path | None,
    overrides: Overrides,
    as_json: bool,
) -> None:
    """Check the beacon at URL as before joining, rule by rule. Nothing is stored.

    Exit code 0: it may join; 3: something has to be fixed first.
    """
    allow = ("security", "allow_private_members", True if is_private else None)
    settings = settings_of(config_file, overrides, allow, *IN_MEMORY)
    sys.exit(run(stewardship.check(settings, url, protocol, as_json=as_json)))


@members.command()
@click.argument("member_id", metavar="ID")
@with_settings
def approve(*, settings: Settings, member_id: str) -> None:
    """Let a member in that waits, or a change of its own that waits."""
    run(
        stewardship.do(
            settings,
            member_id,
            lambda steward, by: steward.approve(member_id, by=by),
            "is approved",
        )
    )


@members.command()
@click.argument("member_id", metavar="ID")
@note_option
@with_settings
def reject(*, settings: Settings, member_id: str, note: str) -> None:
    """Turn a member away that waits, or a change of its own that waits."""
    run(
        stewardship.do(
            settings,
            member_id,
            lambda steward, by: steward.reject(member_id, by=by, note=note),
            "is turned away",
        )
    )


@members.command()
@click.argument("member_id", metavar="ID")
@click.option("--until", metavar="DATE", help="The day it is asked again, e.g. 2030-12-31.")
@note_option
@with_settings
def pause(*, settings: Settings, member_id: str, until: str | None, note: str) -> None:
    """Stop asking a member for a while; answers are incomplete meanwhile."""
    run(
        stewardship.do(
            settings,
            member_id,
            lambda steward, by: steward.pause(member_id, by=by, until=until, note=note),
            f"is paused until {until}" if until else "is paused",
        )
    )


@members.command()
@click.argument("member_id", metavar="ID")
@with_settings
def resume(*, settings: Settings, member_id: str) -> None:
    """Ask a paused member again."""
    run(
        stewardship.do(
            settings,
            member_id,
            lambda steward, by: steward.resume(member_id, by=by),
            "is asked again",
            already="was not paused",
        )
    )


@members.command(short_help="Change fields of a member.")
@click.argument("member_id", metavar="ID")
@click.argument("fields", metavar="FIELD=VALUE...", type=FieldValue(), nargs=-1, required=True)
@with_settings
def edit(*, settings: Settings, member_id: str, fields: tuple[Field, ...]) -> None:
    """Change fields of a member: name="New name" timeout_s=20 dialect.start=scalar groups=a,b.

    FIELD= with nothing behind it puts a field back to its default. What is changed here stays when
    the file of members says otherwise.
    """
    run(stewardship.edit(settings, member_id, fields))


@members.command()
@click.argument("member_id", metavar="ID")
@with_settings
def disable(*, settings: Settings, member_id: str) -> None:
    """Switch a member off: named in every answer, never asked, answers stay complete."""
    run(stewardship.switch(settings, member_id, is_off=True))


@members.command()
@click.argument("member_id", metavar="ID")
@with_settings
def enable(*, settings: Settings, member_id: str) -> None:
    """Switch a member on again."""
    run(stewardship.switch(settings, member_id, is_off=False))


@members.command()
@click.argument("ids", metavar="ID...", nargs=-1, required=True)
@with_settings
def order(*, settings: Settings, ids: tuple[str, ...]) -> None:
    """Put these members first, in this order, and print the whole order."""
    run(stewardship.order(settings, ids))


@members.command()
@click.argument("member_id", metavar="ID")
@note_option
@with_settings
def remove(*, settings: Settings, member_id: str, note: str) -> None:
    """Take a member out of the network; it can be restored."""
    run(
        stewardship.do(
            settings,
            member_id,
            lambda steward, by: steward.remove(member_id, by=by, note=note),
            "is removed",
        )
    )


@members.command()
@click.argument("member_id", metavar="ID")
@with_settings
def restore(*, settings: Settings, member_id: str) -> None:
    """Bring back a member that was removed."""
    run(
        stewardship.do(
            settings,
            member_id,
            lambda steward, by: steward.restore(member_id, by=by),
            "is a member again",
        )
    )


@members.command(short_help="Write the members for others to read.")
@click.option(
    "--form",
    type=click.Choice(exporting.FORMS),
    default="yaml",
    show_default=True,
    help="A members file as YAML or JSON, or the ELIXIR array of addresses.",
)
@click.option("--all", "with_others", is_flag=True, help="Also who waits, was rejected or removed.")
@with_settings
def export(*, settings: Settings, form: str, with_others: bool) -> None:
    """Write the members of the network, and its groups; a seed reads it back.

    No secrets are in it: of a token the name of its variable, of keys nothing.
    """
    run(stewardship.write_list(settings, form, with_others=with_others))


@members.command()
@click.argument("member_id", metavar="[ID]", required=False)
@click.option(
    "--limit",
    type=click.IntRange(1, 100_000),
    default=50,
    show_default=True,
    help="How many lines.",
)
@with_settings
@json_option
def log(*, settings: Settings, member_id: str | None, limit: int, as_json: bool) -> None:
    """Show the log of changes, the newest first; of a member, group:ID or registry:ID."""
    run(stewardship.show_log(settings, member_id, limit, as_json=as_json))


@members.command()
@click.argument("member_id", metavar="ID")
@with_settings
def key(*, settings: Settings, member_id: str) -> None:
    """Give a member a new service key, shown once; the ones before it end."""
    run(stewardship.new_key(settings, member_id))


def _fail(*problems: str) -> NoReturn:
    raise ConfigError(problems)
