"""`check`: what a beacon is, how it wants to be asked, and one question put to it."""

from datetime import UTC, datetime
from urllib.parse import urlsplit

import click
from pydantic import ValidationError

from aggregator.api import sentences
from aggregator.api.network import curl
from aggregator.app import Network, running
from aggregator.base.errors import BadQuery
from aggregator.base.settings import Settings
from aggregator.commands.exits import FOUND, UNKNOWN, UNUSABLE
from aggregator.engine.asking import DialectLearned
from aggregator.engine.planner import Selection
from aggregator.engine.service import QueryOptions
from aggregator.model.outcome import Ending
from aggregator.protocol.requests import read_v2
from aggregator.protocol.wire import Ask
from aggregator.text.variant_text import Misread, understand
from aggregator.watch.discovery import Discovery, discover
from registry.models import MemberEntry, Protocol, describe_problems
from registry.snapshot import RegisteredMember

TEST_QUESTION = "7-140753336-A-T"


async def check(url: str, protocol: str, text: str, assembly: str, settings: Settings) -> int:
    """Look at a beacon and ask it once; gives the exit code. Nothing is stored."""
    entry = _entry(url, protocol)
    understood = understand(text, assembly)
    if isinstance(understood, Misread):
        raise BadQuery([understood.error, *([understood.hint] if understood.hint else [])])
    async with running(settings, [entry]) as network:
        member = network.holder.current.by_id[entry.id]
        click.echo(f"Looking at {entry.url}")
        found = await discover(
            member,
            network.client,
            via=f"1.1 {network.identity.beacon_id}",
            now=datetime.now(UTC),
        )
        _tell_looks(found)
        if found.capabilities is None:
            click.echo("✕ This is no beacon that can be asked: see what came above.")
            click.echo("  Give the address whose /info (v2) or / (v1) describes the beacon.")
            return UNUSABLE
        member = RegisteredMember(entry, found.capabilities)
        _tell_member(member)
        network.holder.publish([member])
        return await _ask(network, member, dict(understood.parameters))


async def _ask(network: Network, member: RegisteredMember, parameters: dict[str, object]) -> int:
    read = read_v2({**parameters, "requestedGranularity": "count"}, reference=network.reference)
    if read.problems:
        raise BadQuery(read.problems)
    options = QueryOptions(
        deadline_s=network.settings.query.deadline_s, selection=Selection(frozenset({member.id}))
    )
    learned: list[DialectLearned] = []
    network.asker.emit = learned.append
    for explained in network.service.explain(read.query, options):
        decision = explained.plan.decision
        if isinstance(decision, Ask):
            for part in decision.parts:
                click.echo(f"  sent: {curl(part, has_token=False)}")
    answer = await network.service.ask(read.query, options)
    for event in learned:
        dialect = event.dialect.model_dump(exclude_defaults=True, mode="json")
        click.echo(f"  learned its dialect: {dialect} ({event.because})")
    outcome = answer.outcomes[0]
    works = outcome.ending in {Ending.FOUND, Ending.NOT_FOUND}
    sign = "✓" if works else "✕" if outcome.ending is Ending.NO_ANSWER else "○"
    code = f" [{outcome.reason.code.value}]" if outcome.reason else ""
    click.echo(f"{sign} {sentences.row_sentence(outcome)}{code}")
    if outcome.attempts:
        click.echo(f"  took {outcome.elapsed_s:.2f} s in {outcome.attempts} request(s)")
    for warning in outcome.warnings:
        click.echo(f"  ! {warning}")
    return FOUND if works else UNKNOWN


def _entry(url: str, protocol: str) -> MemberEntry:
    host = urlsplit(url).hostname or ""
    name = "".join(c if c.isalnum() and c.isascii() else "-" for c in host.lower()).strip("-")
    try:
        return MemberEntry(id=name[:63] or "beacon", url=url, protocol=Protocol(protocol))
    except ValidationError as error:
        raise BadQuery(describe_problems("", error.errors())) from None


def _tell_looks(found: Discovery) -> None:
    for look in found.looks:
        click.echo(f"  {look.url}: {look.result} ({look.elapsed_s:.2f} s)")
    for problem in found.capabilities.problems if found.capabilities else ():
        click.echo(f"  ! {problem}")


def _tell_member(member: RegisteredMember) -> None:
    told = member.capabilities
    protocol = member.protocol.value if member.protocol else "unknown"
    click.echo(f"✓ {member.name}: Beacon {protocol}, version {told.api_version or 'not told'}")
    click.echo(f"  beaconId: {told.beacon_id or 'not told'}")
    if told.organization is not None:
        click.echo(f"  organization: {told.organization.name}")
    assemblies = ", ".join(member.assemblies) or "not told (asked for all)"
    click.echo(f"  assemblies: {assemblies}")
    if told.data_sets:
        names = ", ".join(data_set.id for data_set in told.data_sets[:10])
        click.echo(f"  data sets: {names}")
