"""`alerts`: who is told when something changes, from the command line."""

from collections.abc import Mapping
from typing import Any

import click

from aggregator.api.alert_documents import target_document
from aggregator.base.settings import Settings
from aggregator.commands.office import actor, office
from aggregator.commands.registry_shown import print_json, print_rows
from registry.alert_book import AlertBook
from registry.alert_deliveries import AlertDeliveries


async def list_alerts(settings: Settings, owner: str | None, *, as_json: bool) -> None:
    """List who is told, the oldest first; of webhooks no path, which may be a secret."""
    async with office(settings, is_reading=True) as registry:
        targets = await AlertBook(registry.database).targets(owner)
        failing = await AlertDeliveries(registry.database).failing(targets)
    documents = [target_document(one, failing.get(one.id), is_owners=False) for one in targets]
    if as_json:
        print_json(documents)
        return
    print_rows(
        ("Id", "For", "Kind", "Address", "Is told"),
        [
            (
                told["id"],
                told["owner"],
                told["kind"],
                told["address"],
                _is_told(told),
            )
            for told in documents
        ],
    )
    if not documents:
        click.echo("Nobody is told.", err=True)


def _is_told(told: Mapping[str, Any]) -> str:
    if not told["on"]:
        return "no"
    failing = told["failing"]
    words = f"not delivered since {failing['since']}: {failing['result']}" if failing else "yes"
    if told["confirmed"]:
        return words
    return f"when confirmed; {words}" if failing else "when confirmed"


async def remove_alert(settings: Settings, target_id: str) -> None:
    """Tell an address nothing more, and forget what was sent there."""
    async with office(settings) as registry:
        await AlertBook(registry.database).remove(target_id, None, by=actor())
    click.echo(f"{target_id} is told nothing any more.")
