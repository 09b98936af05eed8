"""`alerts`: who is told when something changes, from the command line."""

import click

from aggregator.api.alert_documents import target_document
from aggregator.base.settings import Settings
from aggregator.commands.office import actor, office
from aggregator.commands.registry_shown import print_json, print_rows
from registry.alert_book import AlertBook


async def list_alerts(settings: Settings, owner: str | None, *, as_json: bool) -> None:
    """List who is told, the oldest first; of webhooks no path, which may be a secret."""
    async with office(settings, is_reading=True) as registry:
        targets = await AlertBook(registry.database).targets(owner)
    documents = [target_document(one, is_owners=False) for one in targets]
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
                "when confirmed" if not told["confirmed"] else "yes" if told["on"] else "no",
            )
            for told in documents
        ],
    )
    if not documents:
        click.echo("Nobody is told.", err=True)


async def remove_alert(settings: Settings, target_id: str) -> None:
    """Tell an address nothing more, and forget what was sent there."""
    async with office(settings) as registry:
        await AlertBook(registry.database).remove(target_id, None, by=actor())
    click.echo(f"{target_id} is told nothing any more.")
