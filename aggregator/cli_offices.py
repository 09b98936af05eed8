"""The commands `groups …` and `keys …`: what is described and given out beside members."""

import click

from aggregator.base.settings import Settings
from aggregator.cli_options import json_option, with_settings
from aggregator.commands import offices
from aggregator.commands.loop import run
from registry.keys import KeyKind


@click.group()
def groups() -> None:
    """The groups of members; who belongs to one is a field of each member."""


@groups.command("list")
@with_settings
@json_option
def list_groups(*, settings: Settings, as_json: bool) -> None:
    """List the groups that are described or that somebody belongs to."""
    run(offices.list_groups(settings, as_json=as_json))


@groups.command("set", short_help="Describe a group, or change its description.")
@click.argument("group_id", metavar="ID")
@click.option("--name", help="Its name.")
@click.option("--description", help="What it is.")
@click.option("--organization", help="The name of the organization behind it; empty for none.")
@click.option(
    "--opaque/--open",
    "is_opaque",
    default=None,
    help="Asked and shown as one member, or as its members.",
)
@with_settings
def set_group(
    *,
    settings: Settings,
    group_id: str,
    name: str | None,
    description: str | None,
    organization: str | None,
    is_opaque: bool | None,
) -> None:
    """Describe a group, or change what is told of it; what is not given stays."""
    told = {"name": name, "description": description, "opaque": is_opaque}
    run(offices.describe_group(settings, group_id, told, organization))


@groups.command()
@click.argument("group_id", metavar="ID")
@with_settings
def drop(*, settings: Settings, group_id: str) -> None:
    """Forget the description of a group; its members stay in it, and an opaque one opens."""
    run(offices.drop_group(settings, group_id))


@click.group()
def keys() -> None:
    """Invitations to join and tokens of operators; members' keys are given by `members key`."""


@keys.command()
@click.option("--note", default="", help="Whom it is for.")
@click.option("--days", type=int, help="How many days it is good for.  [default: no end]")
@click.option("--uses", type=int, default=1, show_default=True, help="For how many beacons.")
@click.option("--unlimited", is_flag=True, help="For any number of beacons.")
@with_settings
def invite(*, settings: Settings, note: str, days: int | None, uses: int, unlimited: bool) -> None:
    """Make an invitation with which a beacon joins at once; the key is shown once."""
    run(offices.invite(settings, note=note, days=days, uses=None if unlimited else uses))


@keys.command()
@click.argument("name")
@with_settings
def appoint(*, settings: Settings, name: str) -> None:
    """Make a token for the operator NAME, shown once; NAME stands in the log of changes."""
    run(offices.appoint(settings, name))


@keys.command("list")
@click.option("--kind", type=click.Choice([one.value for one in KeyKind]), help="Those of a kind.")
@with_settings
@json_option
def list_keys(*, settings: Settings, kind: str | None, as_json: bool) -> None:
    """List the keys there are, without the keys themselves."""
    run(offices.list_keys(settings, kind, as_json=as_json))


@keys.command()
@click.argument("key_id", metavar="ID")
@with_settings
def revoke(*, settings: Settings, key_id: str) -> None:
    """Make a key open nothing any more; ID is the one `keys list` shows."""
    run(offices.revoke(settings, key_id))
