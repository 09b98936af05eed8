"""`groups` and `keys`: what operators describe and give out, from the command line."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import click
from pydantic import ValidationError

from aggregator.api.admin_shown import group_documents
from aggregator.base.errors import BadQuery
from aggregator.base.settings import Settings
from aggregator.commands.office import actor, office
from aggregator.commands.registry_shown import print_json, print_keys, print_rows
from registry.keys import KeyKind
from registry.models import Group, describe_problems


async def list_groups(settings: Settings, *, as_json: bool) -> None:
    """List the groups that are described or that somebody belongs to."""
    async with office(settings, is_reading=True) as registry:
        documents = group_documents(registry.store)
    if as_json:
        print_json(documents)
        return
    print_rows(
        ("Id", "Name", "Asked as", "Members"),
        [
            (
                told["id"],
                told["name"] or "",
                "one member" if told["opaque"] else "its members",
                ", ".join(told["members"]),
            )
            for told in documents
        ],
    )
    if not documents:
        click.echo("No groups.", err=True)


async def describe_group(
    settings: Settings, group_id: str, told: Mapping[str, Any], organization: str | None
) -> None:
    """Describe a group, or change what is told of it; None leaves a field as it is."""
    async with office(settings) as registry:
        known = registry.store.groups.get(group_id)
        document: dict[str, Any] = {"id": group_id}
        if known is not None:
            document = known.model_dump(exclude_defaults=True)
        document |= {name: value for name, value in told.items() if value is not None}
        if organization is not None:
            held = document.get("organization") or {}
            document["organization"] = {**held, "name": organization} if organization else None
        try:
            group = Group.model_validate(document)
        except ValidationError as error:
            raise BadQuery(describe_problems("", error.errors())) from None
        await registry.groups.describe(group, by=actor())
    opaque = " It is asked and shown as one member." if group.opaque else ""
    click.echo(f"{group.id} is described as “{group.name or group.id}”.{opaque}")


async def drop_group(settings: Settings, group_id: str) -> None:
    """Forget the description of a group."""
    async with office(settings) as registry:
        await registry.groups.drop(group_id, by=actor())
    click.echo(f"{group_id} is not described any more; its members stay in it, each for itself.")


async def invite(settings: Settings, *, note: str, days: int | None, uses: int | None) -> None:
    """Make an invitation; the key alone goes to standard output."""
    async with office(settings) as registry:
        key, kept = await registry.keyring.invite(by=actor(), note=note, days=days, uses=uses)
    number = (
        "any number of beacons"
        if uses is None
        else "one beacon"
        if uses == 1
        else f"{uses:,} beacons"
    )
    until = f" until {kept.expires_at}" if kept.expires_at else ""
    click.echo(key)
    click.echo(
        f"With this invitation {number} can join at once{until}. It is shown only now; "
        f"`keys revoke {kept.id}` ends it.",
        err=True,
    )


async def appoint(settings: Settings, name: str) -> None:
    """Make an operator's token; it alone goes to standard output."""
    async with office(settings) as registry:
        key, kept = await registry.keyring.appoint(name, by=actor())
    click.echo(key)
    click.echo(
        f"This is the token of the operator {name}: it opens the pages and the API of operators. "
        f"It is shown only now; `keys revoke {kept.id}` ends it.",
        err=True,
    )


async def list_keys(settings: Settings, kind: str | None, *, as_json: bool) -> None:
    """List keys, the newest first; the keys themselves are not kept."""
    async with office(settings, is_reading=True) as registry:
        keys = await registry.keyring.keys(None if kind is None else KeyKind(kind))
    if as_json:
        print_json([key.document() for key in keys])
        return
    print_keys(keys, datetime.now(UTC))
    if not keys:
        click.echo("No keys.", err=True)


async def revoke(settings: Settings, key_id: str) -> None:
    """Make a key open nothing any more."""
    async with office(settings) as registry:
        await registry.keyring.revoke(key_id, by=actor())
    click.echo(f"{key_id} opens nothing any more.")
