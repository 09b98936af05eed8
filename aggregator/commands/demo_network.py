"""`demo`: five invented beacons on loopback and the network in front of them."""

import asyncio
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from aggregator.app import running, serving, until_stopped
from aggregator.base import logs
from aggregator.base.errors import BadQuery
from aggregator.base.resources import demo_package, folder
from aggregator.base.settings import Settings, load
from aggregator.commands.addresses import cannot_listen
from aggregator.commands.looking import looking
from registry.seed import read_entries

EXAMPLE = (
    "/api/g_variants?assemblyId=GRCh38&referenceName=7&start=140753335"
    "&referenceBases=A&alternateBases=T"
)


def read_faults(slow: tuple[str, ...], down: tuple[str, ...]) -> dict[str, Any]:
    """Read --slow and --down; raises `BadQuery` naming every beacon that does not exist."""
    demo = demo_package()
    problems: list[str] = []
    faults: dict[str, Any] = {}
    for text in slow:
        beacon_id, _, seconds = text.partition("=")
        try:
            delay_s = float(seconds)
        except ValueError:
            problems.append(f"--slow {text}: expected ID=SECONDS")
            continue
        faults.setdefault(beacon_id, demo.Fault()).delay_s = delay_s
    for beacon_id in down:
        faults.setdefault(beacon_id, demo.Fault()).down = True
    unknown = sorted(set(faults) - set(demo.BEACON_IDS))
    if unknown:
        problems.append(
            f"No demo beacon is called {', '.join(unknown)}: there are "
            f"{', '.join(demo.BEACON_IDS)}."
        )
    if problems:
        raise BadQuery(problems)
    return faults


def demo_settings(reference: Mapping[str, Any], verbose: bool) -> Settings:
    """Give the settings of the demo network; whoever starts it is its operator."""
    fasta = {name: Path(str(path)) for name, path in reference.items()}
    told: dict[str, dict[str, Any]] = {
        "reference": {"fasta": fasta},
        "log": {"level": "info" if verbose else "error"},
    }
    settings = load(folder("config") / "demo.yaml", told)
    if settings.security.admin_token is not None:
        return settings
    told["security"] = {"admin_token": secrets.token_hex(16)}
    return load(folder("config") / "demo.yaml", told)


async def run(*, host: str, port: int, faults: Mapping[str, Any], verbose: bool) -> None:
    """Run until SIGINT or SIGTERM; raises `ConfigError` if the port is taken."""
    demo = demo_package()
    stopped = asyncio.create_task(until_stopped(), name="wait for a signal")
    try:
        async with demo.DemoNetwork(faults=faults) as beacons:
            settings = demo_settings(beacons.reference, verbose)
            logs.configure(settings.log)
            entries = read_entries(beacons.members(), "demo")
            async with (
                running(settings, entries) as network,
                looking(network),
                serving(network, host=host, port=port) as address,
            ):
                _tell(address, beacons, faults)
                _tell_operator(address, settings)
                await stopped
                click.echo("\nStopping.")
    except OSError as error:
        raise (
            cannot_listen(host, port, error, "Choose another port with --port N.") or error
        ) from None
    finally:
        stopped.cancel()
        await asyncio.wait({stopped})


def _tell(address: str, beacons: Any, faults: Mapping[str, Any]) -> None:
    click.echo("Five beacons, invented but true to their kind:")
    for member in beacons.members():
        fault = faults.get(member["id"])
        state = ""
        if fault is not None and fault.down:
            state = "   (down)"
        elif fault is not None:
            state = f"   (answers after {fault.delay_s:g} s)"
        click.echo(f"  {member['id']:13} {member['url']}{state}")
    click.echo(f"\nThe network is at {address} (stop it with Ctrl-C). Try:")
    click.echo(f"  in a browser   {address}/search?assembly=GRCh38&q=7-140753336-A-T")
    click.echo(f"  as Beacon v2   curl '{address}{EXAMPLE}'")
    click.echo(
        f"  as Beacon v1   curl '{address}/v1/query?assemblyId=GRCh38&referenceName=7"
        "&start=140753335&referenceBases=A&alternateBases=T&includeDatasetResponses=ALL'"
    )
    click.echo(f"  in a terminal  beacon-aggregator query 7-140753336-A-T --url {address}")
    click.echo(f"  what was sent  curl '{address}/network/explain{EXAMPLE.removeprefix('/api')}'")


def _tell_operator(address: str, settings: Settings) -> None:
    token = settings.security.admin_token
    if token is not None:
        click.echo(f"  as a maintainer {address}/join")
        click.echo(f"  as its operator {address}/admin   (token: {token.get_secret_value()})")
