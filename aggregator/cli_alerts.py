"""The commands `alerts …`: who is told when something changes."""

import click

from aggregator.base.settings import Settings
from aggregator.cli_options import json_option, with_settings
from aggregator.commands import alerts as office
from aggregator.commands.loop import run


@click.group()
def alerts() -> None:
    """Who is told when something changes; set up at /manage/ID/alerts and /admin/alerts."""


@alerts.command("list")
@click.option("--owner", help="Those of this member; ~operator: those of operators.")
@with_settings
@json_option
def list_alerts(*, settings: Settings, owner: str | None, as_json: bool) -> None:
    """List the addresses that are told."""
    run(office.list_alerts(settings, owner, as_json=as_json))


@alerts.command()
@click.argument("target_id", metavar="ID")
@with_settings
def remove(*, settings: Settings, target_id: str) -> None:
    """Tell an address nothing more, and forget what was sent there."""
    run(office.remove_alert(settings, target_id))
