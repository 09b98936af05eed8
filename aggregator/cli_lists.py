"""The commands `members import`, `follow` and their kin: members of other lists and registries."""

import sys

import click

from aggregator.base.settings import Settings
from aggregator.cli_options import groups_option, json_option, private_option, with_settings
from aggregator.commands import lists
from aggregator.commands.loop import run
from aggregator.protocol import member_lists

_FORMS = click.Choice([member_lists.AUTO, *member_lists.FORMS])
_form_option = click.option(
    "--form",
    type=_FORMS,
    default=member_lists.AUTO,
    show_default=True,
    help="What the list is: a GA4GH service registry, the ELIXIR array, EGA's registry.yml, a "
    "table, or a members file.",
)
_trusted_option = click.option(
    "--trusted", "is_trusted", is_flag=True, help="New members are members at once, unapproved."
)


@click.command("import", short_help="Add the members of a list that are not here yet.")
@click.argument("place", metavar="FILE|URL")
@_form_option
@groups_option
@click.option("--pending", "waits", is_flag=True, help="They wait for approval.")
@click.option("--follow", "source_id", metavar="ID", help="Follow the address from now on, by ID.")
@_trusted_option
@private_option
@with_settings
def import_list(
    *,
    settings: Settings,
    place: str,
    form: str,
    groups: tuple[str, ...],
    waits: bool,
    source_id: str | None,
    is_trusted: bool,
) -> None:
    """Add the members of a file or of an address that are not here yet.

    Of a members file of your own everything is taken, of every other list what a beacon may say of
    itself.
    """
    source = lists.Source(place, form, groups, waits=waits)
    if source_id is None:
        if is_trusted:
            raise click.UsageError("--trusted goes with --follow.")
        sys.exit(run(lists.take_in(settings, source)))
    if waits and is_trusted:
        raise click.UsageError("--pending and --trusted exclude each other.")
    run(lists.follow(settings, source_id, source, is_trusted=is_trusted))


@click.command(short_help="Take in a registry's members now and whenever they change.")
@click.argument("source_id", metavar="ID")
@click.argument("url")
@_form_option
@groups_option
@_trusted_option
@private_option
@with_settings
def follow(
    *,
    settings: Settings,
    source_id: str,
    url: str,
    form: str,
    groups: tuple[str, ...],
    is_trusted: bool,
) -> None:
    """Take in the members of the registry or list at URL now, and whenever they change.

    ID is what it is called here. Its new members wait for approval unless it is trusted.
    """
    source = lists.Source(url, form, groups)
    run(lists.follow(settings, source_id, source, is_trusted=is_trusted))


@click.command()
@click.argument("source_id", metavar="ID")
@with_settings
def unfollow(*, settings: Settings, source_id: str) -> None:
    """Follow a registry no more; its members stay."""
    run(lists.unfollow(settings, source_id))


@click.command()
@with_settings
@json_option
def followed(*, settings: Settings, as_json: bool) -> None:
    """List the registries that are followed, and what their last looks showed."""
    run(lists.list_followed(settings, as_json=as_json))


@click.command()
@click.argument("source_id", metavar="ID")
@private_option
@with_settings
def look(*, settings: Settings, source_id: str) -> None:
    """Look at a followed registry now."""
    run(lists.look(settings, source_id))


COMMANDS = (import_list, follow, unfollow, followed, look)
"""Commands of the group `members`."""
