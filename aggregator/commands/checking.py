"""`check`: what a beacon is, how it wants to be asked, and one question put to it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlsplit

import click
from pydantic import ValidationError

from aggregator.api import row_sentences
from aggregator.app import Network, running
from aggregator.base.errors import BadQuery
from aggregator.base.settings import Settings
from aggregator.commands.exits import FOUND, UNKNOWN, UNUSABLE
from aggregator.engine.asking import DialectLearned
from aggregator.engine.planner import Selection
from aggregator.engine.service import QueryOptions
from aggregator.model.genome import Assembly, GenomeError, parse_assembly
from aggregator.model.outcome import Ending
from aggregator.protocol.curl import curl
from aggregator.protocol.requests import read_v2
from aggregator.protocol.wire import Ask
from aggregator.text.variant_text import Misread, Understood, understand
from aggregator.watch.discovery import discover
from aggregator.watch.looking import Discovery
from aggregator.watch.probing import probe
from registry.models import MemberEntry, Protocol, describe_problems
from registry.snapshot import RegisteredMember

TEST_QUESTIONS: Final = {
    Assembly.GRCH38: "7-140753336-A-T",
    Assembly.GRCH37: "7-140453136-A-T",
}
"""BRAF V600E, which many beacons know, by assembly."""
_REFUSED = "this network does not call"


async def check(
    url: str, protocol: str, text: str | None, assembly: str | None, settings: Settings
) -> int:
    """Look at a beacon and ask it once; gives the exit code. Nothing is stored.

    Without a text it is asked for BRAF V600E, without an assembly in one that it holds.
    """
    entry = _entry(url, protocol)
    _question(text, assembly, ())  # what cannot be read is said before anything is sent
    async with running(settings) as network:  # without it: nothing else is to look at it as well
        member = RegisteredMember(entry)
        click.echo(f"Looking at {entry.url}")
        found = await discover(
            member,
            network.client,
            via=f"1.1 {network.identity.beacon_id}",
            now=datetime.now(UTC),
        )
        _tell_looks(found)
        if found.capabilities is None:
            _tell_unusable(found)
            return UNUSABLE
        member = RegisteredMember(entry, found.capabilities)
        _tell_member(member)
        if settings.registry.probe:
            member = await _probe(network, member)
        _tell_dialect(member)
        network.holder.publish([member])
        question = _question(text, assembly, member.assemblies)
        return await _ask(network, member, dict(question.parameters))


async def _probe(network: Network, member: RegisteredMember) -> RegisteredMember:
    """Ask the test questions of a probing; gives the member with what they taught."""
    via = f"1.1 {network.identity.beacon_id}"
    found = await probe(member, network.client, via=via)
    for one in found.probes:
        click.echo(f"  test: {one}")
    if found.data_sets is not None:
        known = member.capabilities.model_copy(update={"data_sets": found.data_sets})
        member = replace(member, capabilities=known)
        _tell_data_sets(member)
    return replace(member, learned=found.learned)


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
                click.echo(f"  sent: {curl(part.request, has_token=False)}")
    answer = await network.service.ask(read.query, options)
    for event in learned:
        dialect = event.dialect.model_dump(exclude_defaults=True, mode="json")
        click.echo(f"  learned its dialect: {dialect} ({event.because})")
    outcome = answer.outcomes[0]
    works = outcome.ending in {Ending.FOUND, Ending.NOT_FOUND}
    sign = "✓" if works else "✕" if outcome.ending is Ending.NO_ANSWER else "○"
    code = f" [{outcome.reason.code.value}]" if outcome.reason else ""
    click.echo(f"{sign} {row_sentences.row_sentence(outcome)}{code}")
    if outcome.attempts:
        click.echo(f"  took {outcome.elapsed_s:.2f} s in {outcome.attempts} request(s)")
    for warning in outcome.warnings:
        click.echo(f"  ! {warning}")
    return FOUND if works else UNKNOWN


def _question(text: str | None, assembly: str | None, held: Sequence[Assembly]) -> Understood:
    """Read what to ask; raises `BadQuery`."""
    try:
        chosen = parse_assembly(assembly).assembly if assembly else None
    except GenomeError as error:
        raise BadQuery([error.message, error.hint]) from None
    if chosen is None:
        chosen = next((one for one in TEST_QUESTIONS if one in held), Assembly.GRCH38)
    if text is None and chosen not in TEST_QUESTIONS:
        raise BadQuery([f"There is no test question in {chosen}: give one with --text."])
    read = understand(TEST_QUESTIONS[chosen] if text is None else text, assembly or chosen.value)
    if isinstance(read, Misread):
        raise BadQuery([read.error, *([read.hint] if read.hint else [])])
    return read


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


def _tell_unusable(found: Discovery) -> None:
    click.echo("✕ This is no beacon that can be asked: see what came above.")
    if any(_REFUSED in look.result for look in found.looks):
        click.echo("  Add --private if the address is meant to be one of your own network.")
    else:
        click.echo("  Give the address whose /info (v2) or / (v1) describes the beacon.")
        click.echo(
            "  A beacon older than v1 describes itself nowhere: declare it (docs/dialects.md)."
        )


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
        _tell_data_sets(member)
    if told.software is not None:
        click.echo(f"  software, as guessed: {told.software}")
    if told.entry_types:
        click.echo(f"  entry types: {', '.join(told.entry_types)}")
    _tell_endpoints(told.endpoints or {})
    if told.filtering_terms is not None:
        click.echo(f"  filtering terms: {len(told.filtering_terms)}")
    if told.leaves:
        click.echo(f"  beacons inside: {', '.join(told.leaves[:10])}")


def _tell_endpoints(endpoints: Mapping[str, str]) -> None:
    lists = {key: template for key, template in endpoints.items() if "/" not in key}
    for key, template in lists.items():
        click.echo(f"  {key}: {template}")
    if len(endpoints) > len(lists):
        click.echo(f"  and {len(endpoints) - len(lists)} endpoints of single records")


def _tell_data_sets(member: RegisteredMember) -> None:
    names = ", ".join(data_set.id for data_set in member.capabilities.data_sets[:10])
    click.echo(f"  data sets: {names}")


def _tell_dialect(member: RegisteredMember) -> None:
    """Tell every key of the dialect that applies, and where it comes from."""
    stated = member.dialect.model_dump(exclude_defaults=True, mode="json")
    sources = member.dialect_sources
    told = ", ".join(f"{key} {value} ({sources[key]})" for key, value in stated.items())
    click.echo(f"  dialect: {told or 'the default form'}")
