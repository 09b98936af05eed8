"""`members import`, `follow` and their kin: members of other lists and registries."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

import click

from aggregator.base.errors import BadQuery
from aggregator.base.settings import Settings
from aggregator.commands.exits import FOUND, USAGE
from aggregator.commands.office import actor, follower_of, office
from aggregator.commands.registry_shown import print_followed, print_json
from aggregator.protocol.member_list_items import Listed
from aggregator.protocol.member_lists import read_list
from aggregator.watch.following import Imported


@dataclass(frozen=True, slots=True)
class Source:
    """A file or address with members, and what is to become of them."""

    place: str
    form: str = "auto"
    groups: tuple[str, ...] = ()
    waits: bool = False

    @property
    def is_address(self) -> bool:
        """Whether it is on the web."""
        return self.place.startswith(("https://", "http://"))


async def take_in(settings: Settings, source: Source) -> int:
    """Add what a file or an address lists and is not here yet; gives the exit code."""
    listed = None if source.is_address else await asyncio.to_thread(_of_file, source)
    async with office(settings) as registry, follower_of(settings, registry) as follower:
        if listed is None:
            listed = await follower.fetch(source.place, form=source.form)
        made = await follower.take_in(listed, by=actor(), groups=source.groups, waits=source.waits)
    _tell(made, waits=source.waits)
    return USAGE if made.problems and not (made.added or made.known) else FOUND


async def follow(settings: Settings, source_id: str, source: Source, *, is_trusted: bool) -> None:
    """Take in a registry's members now and whenever they change."""
    if not source.is_address:
        raise BadQuery([f"{source.place}: only what has an address (https://…) can be followed"])
    async with office(settings) as registry, follower_of(settings, registry) as follower:
        followed = await follower.follow(
            source_id,
            source.place,
            by=actor(),
            form=source.form,
            groups=source.groups,
            is_trusted=is_trusted,
        )
    print_followed([followed])


async def unfollow(settings: Settings, source_id: str) -> None:
    """Follow a registry no more."""
    async with office(settings) as registry, follower_of(settings, registry) as follower:
        await follower.unfollow(source_id, by=actor())
    click.echo(f"{source_id} is not followed any more. Its members stay and are yours to change.")


async def look(settings: Settings, source_id: str) -> None:
    """Look at a followed registry now."""
    async with office(settings) as registry, follower_of(settings, registry) as follower:
        followed = await follower.look(source_id, by=actor())
    print_followed([followed])


async def list_followed(settings: Settings, *, as_json: bool) -> None:
    """List the registries that are followed."""
    async with (
        office(settings, is_reading=True) as registry,
        follower_of(settings, registry) as follower,
    ):
        followed = await follower.followed()
    if as_json:
        print_json(
            [
                {
                    "id": one.id,
                    **one.document(),
                    "createdAt": one.created_at,
                    "lookedAt": one.looked_at,
                    "result": one.result,
                }
                for one in followed
            ]
        )
    else:
        print_followed(followed)


def _of_file(source: Source) -> Listed:
    """Read a list the operator has: of our own form everything in it is taken."""
    path = Path(source.place)
    try:
        body = path.read_bytes()
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise BadQuery([f"{path}: cannot be read: {why}. Addresses begin with https://"]) from None
    return read_list(body, form=source.form, origin=str(path), takes_all=True)


def _tell(made: Imported, *, waits: bool) -> None:
    for problem in made.problems:
        click.echo(problem, err=True)
    for member_id in made.added:
        click.echo(member_id)
    how = "waiting for approval" if waits else "added"
    told = [f"{len(made.added):,} {how}", f"{len(made.known):,} known already"]
    if made.problems:
        told.append(f"{len(made.problems):,} problems (above)")
    click.echo(f"{', '.join(told)}.", err=True)
