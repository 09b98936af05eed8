"""The command line: serve, demo, query, check, members, groups, keys, alerts, config.

Exit codes: 0 found (or done), 10 not found and complete, 3 unknown, 2 wrong usage,
4 configuration or connection, 130 interrupted, 141 the reader of a pipe left; 1 is only ever a
crash.
"""

import os
import sys
from pathlib import Path
from typing import Any, NoReturn

import click
import yaml
from yarl import URL

from aggregator import __version__, cli_lists
from aggregator.app import serve as serve_network
from aggregator.base import logs
from aggregator.base.errors import (
    BadQuery,
    BeaconError,
    ConfigError,
    Conflict,
    NotFound,
    RegistryUnavailable,
)
from aggregator.cli_alerts import alerts
from aggregator.cli_members import members
from aggregator.cli_offices import groups, keys
from aggregator.cli_options import (
    IN_MEMORY,
    Overrides,
    config_option,
    seed_option,
    set_option,
    settings_of,
)
from aggregator.commands import checking, demo_network, querying, workers
from aggregator.commands.addresses import cannot_listen
from aggregator.commands.exits import INTERRUPTED, PIPE_CLOSED, UNKNOWN, UNUSABLE, USAGE
from aggregator.commands.loop import run as _run
from aggregator.commands.office import has_registry


class Commands(click.Group):
    """The commands; a reader of a pipe that leaves is no crash, as click would have it."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            # what is still buffered has nowhere to go
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(PIPE_CLOSED)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="beacon-aggregator")
def cli() -> None:
    """Ask every beacon of a GA4GH Beacon network at once, and get one honest answer."""


@cli.command()
@config_option
@seed_option
@set_option
@click.option("--host", help="The address to listen on (server.host).")
@click.option("--port", type=click.IntRange(0, 65535), help="The port (server.port).")
def serve(
    config_file: Path | None,
    seed: Path | None,
    overrides: Overrides,
    host: str | None,
    port: int | None,
) -> None:
    """Run the network until it is stopped."""
    settings = settings_of(
        config_file,
        overrides,
        ("registry", "seed", seed),
        ("server", "host", host),
        ("server", "port", port),
    )
    logs.configure(settings.log)
    try:
        if settings.server.workers > 1:
            sys.exit(workers.supervise(settings))
        _run(serve_network(settings))
    except OSError as error:
        server = settings.server
        advice = "Choose another address with --host and --port."
        raise cannot_listen(server.host, server.port, error, advice) or error from None


@cli.command()
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8080,
    show_default=True,
    help="The port; 0 takes a free one.",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--slow", multiple=True, metavar="ID=SECONDS", help="Make a beacon answer late.")
@click.option("--down", multiple=True, metavar="ID", help="Make a beacon break every connection.")
@click.option("--verbose", is_flag=True, help="Show the log.")
def demo(port: int, host: str, slow: tuple[str, ...], down: tuple[str, ...], verbose: bool) -> None:
    """Run five invented beacons and the network in front of them."""
    faults = demo_network.read_faults(slow, down)
    _run(demo_network.run(host=host, port=port, faults=faults, verbose=verbose))


@cli.command(short_help="Ask the network about a variant, or by filters.")
@click.argument("text", required=False)
@click.option(
    "--path",
    default=querying.VARIANTS,
    show_default=True,
    help="What to ask for, as below /api: individuals, biosamples/ID/runs, datasets …",
)
@click.option(
    "--filter",
    "filters",
    multiple=True,
    metavar="FILTER",
    help="A term (HP:0001250) or a comparison (age:>P70Y); all must hold.",
)
@click.option("--assembly", default="GRCh38", show_default=True, help="Of the positions in TEXT.")
@click.option(
    "--granularity",
    type=click.Choice(["boolean", "count", "record"]),
    default="record",
    show_default=True,
    help="How much to ask for; each beacon tells what it may.",
)
@click.option("--json", "form", flag_value="json", help="The Beacon v2 document.")
@click.option("--csv", "form", flag_value="csv", help="One row per member and data set.")
@click.option("--url", help="Ask a running network at this address instead of the members.")
@click.option("--wait", type=float, help="Seconds to wait (query.deadline_s).")
@click.option("--ask", help="Ask these members only: id,id")
@click.option("--group", help="Ask the members of this group only.")
@config_option
@seed_option
@set_option
def query(
    *,
    text: str | None,
    path: str,
    filters: tuple[str, ...],
    assembly: str,
    granularity: str,
    form: str | None,
    url: str | None,
    wait: float | None,
    ask: str | None,
    group: str | None,
    config_file: Path | None,
    seed: Path | None,
    overrides: Overrides,
) -> None:
    """Ask the network about a variant, e.g. 7-140753336-A-T or "BRAF V600E", or by filters.

    Positions count from 1. `query --path individuals --filter HP:0001250` asks for people. The
    exit code says what came of it: 0 found, 10 not found and complete, 3 unknown (somebody who
    could have known is missing, or each that reports it also reports what cannot exist).
    """
    options = (("registry", "seed", seed),)
    settings = settings_of(config_file, overrides, *options)
    asked = querying.Asked(
        text=text,
        assembly=assembly,
        granularity=granularity,
        form=form,
        path=path,
        filters=filters,
        wait_s=wait,
        ask=ask,
        group=group,
    )
    querying.understood(asked)  # a text that cannot be read is said before anything else
    if url is not None:
        sys.exit(_run(querying.ask_running(asked, url, settings)))
    # a file that is named is asked as it is; else the registry knows what operators changed
    if seed is not None or not has_registry(settings):
        settings = settings_of(config_file, overrides, *options, *IN_MEMORY)
        if settings.registry.seed is None:
            _fail(
                "Which members? There is no registry yet. Name a running network with --url, a "
                "file of members with --seed, or the settings of a network with --config."
            )
    logs.configure(settings.log.model_copy(update={"level": "error"}))
    sys.exit(_run(querying.ask_members(asked, settings)))


@cli.command(short_help="Say what a beacon is and ask it one question.")
@click.argument("url")
@click.option(
    "--protocol",
    type=click.Choice(["auto", "v1", "v2"]),
    default="auto",
    show_default=True,
    help="Take it for this version instead of finding out.",
)
@click.option("--text", help="What to ask.  [default: BRAF V600E]")
@click.option("--assembly", help="Of the text.  [default: one that the beacon holds, else GRCh38]")
@click.option("--private", is_flag=True, help="Allow an address on a private network.")
@config_option
@set_option
def check(
    *,
    url: str,
    protocol: str,
    text: str | None,
    assembly: str | None,
    private: bool,
    config_file: Path | None,
    overrides: Overrides,
) -> None:
    """Say what the beacon at URL is, how it wants to be asked, and ask it one question."""
    allow = ("security", "allow_private_members", True if private else None)
    settings = settings_of(config_file, overrides, allow, *IN_MEMORY)
    logs.configure(settings.log.model_copy(update={"level": "error"}))
    sys.exit(_run(checking.check(url, protocol, text, assembly, settings)))


cli.add_command(members)
for command in cli_lists.COMMANDS:
    members.add_command(command)
cli.add_command(groups)
cli.add_command(keys)
cli.add_command(alerts)


@cli.group()
def config() -> None:
    """The settings."""


@config.command("show")
@config_option
@set_option
def show_config(config_file: Path | None, overrides: Overrides) -> None:
    """Show every setting as it applies, secrets hidden."""
    settings = settings_of(config_file, overrides)
    shown = settings.model_dump(mode="json")
    if settings.outbound.proxy:
        shown["outbound"]["proxy"] = _without_password(settings.outbound.proxy)
    click.echo(yaml.safe_dump(shown, sort_keys=False, allow_unicode=True), nl=False)


def main() -> None:
    """Run the command line."""
    try:
        cli.main(standalone_mode=False)
    except click.exceptions.Exit as error:
        sys.exit(error.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(USAGE)
    except (click.Abort, KeyboardInterrupt):
        click.echo("Stopped.", err=True)
        sys.exit(INTERRUPTED)
    except BadQuery as error:
        for problem in error.problems:
            click.echo(problem, err=True)
        sys.exit(USAGE)
    except ConfigError as error:
        for problem in error.problems:
            click.echo(problem, err=True)
        sys.exit(UNUSABLE)
    except BeaconError as error:
        for problem in getattr(error, "problems", ()) or (error.message,):
            click.echo(problem, err=True)
        sys.exit(_code_of(error))


def _code_of(error: BeaconError) -> int:
    if isinstance(error, RegistryUnavailable):
        return UNUSABLE
    return USAGE if isinstance(error, (NotFound, Conflict)) else UNKNOWN


def _without_password(address: str) -> str:
    url = URL(address)
    return str(url.with_password("*" * 10)) if url.password else address


def _fail(*problems: str) -> NoReturn:
    raise ConfigError(problems)
