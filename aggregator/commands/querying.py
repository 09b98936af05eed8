"""`query`: one question from a terminal, live as members answer, plain in a pipe."""

import csv
import io
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import aiohttp
import click
from rich.console import Console
from rich.live import Live
from rich.table import Table
from yarl import URL

from aggregator.api import sentences
from aggregator.api.controls import read_controls
from aggregator.app import Network, running
from aggregator.base.errors import BadQuery, ConfigError
from aggregator.base.settings import Settings
from aggregator.commands.exits import BY_VERDICT
from aggregator.engine.planner import Selection
from aggregator.engine.service import QueryOptions
from aggregator.model.merged import NetworkAnswer, Verdict
from aggregator.model.outcome import MemberOutcome
from aggregator.protocol import documents
from aggregator.protocol.network_info import member_info, network_info
from aggregator.protocol.requests import read_v2
from aggregator.text.variant_text import Misread, Understood, understand
from registry.models import MemberEntry

WORDS = {
    "found": "✓ found",
    "not_found": "– not found",
    "no_answer": "! no answer",
    "not_asked": "○ not asked",
    "asking": "… asking",
}
STYLES = {
    "found": "bold blue",
    "not_found": "",
    "no_answer": "bold yellow",
    "not_asked": "dim",
    "asking": "dim",
}
CSV_HEADER = (
    "query,assembly,beacon_id,beacon,organization,environment,answer,reason,dataset_id,dataset,"
    "count,sample_count,allele_count,allele_number,allele_frequency,seconds,asked_at"
)


@dataclass(frozen=True, slots=True)
class Asked:
    """The question and how its answer is to be shown."""

    text: str
    assembly: str
    granularity: str
    form: str | None
    wait_s: float | None = None
    ask: str | None = None
    group: str | None = None

    @property
    def selection(self) -> Selection:
        """Whom to ask."""
        names = [name.strip() for name in (self.ask or "").split(",") if name.strip()]
        return Selection(frozenset(names) if names else None, self.group)


async def ask_members(asked: Asked, settings: Settings) -> int:
    """Ask the members of the seed from this process; gives the exit code."""
    question = understood(asked)
    async with running(settings) as network:
        await network.keeper.look_at_all()
        read = read_v2(_parameters(asked, question), reference=network.reference)
        if read.problems:
            raise BadQuery(read.problems)
        controls = read_controls(_controls(asked), "", settings.query)
        if controls.problems:
            raise BadQuery(controls.problems)
        options = QueryOptions(
            deadline_s=controls.deadline_s,
            selection=asked.selection,
            warnings=(*controls.warnings, *question.notes, *read.warnings),
        )
        progress = _Progress(network, asked)
        with progress:
            answer = await network.service.ask(read.query, options, progress.ended)
        _show(answer, asked, network)
    return BY_VERDICT[answer.verdict]


async def ask_running(asked: Asked, url: str, settings: Settings) -> int:
    """Ask a running network; gives the exit code."""
    question = understood(asked)
    target = _api_url(url) / "g_variants"
    parameters = {
        name: ",".join(str(one) for one in value) if isinstance(value, list) else str(value)
        for name, value in _parameters(asked, question).items()
    }
    for name, values in _controls(asked).items():
        parameters[name] = values[0]
    document = await _fetch(target.with_query(parameters), asked, settings)
    info = (document.get("info") or {}).get("network")
    if not isinstance(info, dict):
        error = document.get("error") or {}
        message = error.get("errorMessage") or "the answer holds no info.network"
        if error.get("errorCode") in {400, 404, 405, 413}:
            raise BadQuery([str(message)])
        raise ConfigError([f"{url}: {message}"])
    if asked.form == "json":
        click.echo(json.dumps(document, indent=2))
    elif asked.form == "csv":
        _print_csv(info["members"], asked)
    else:
        verdict = (document.get("error") or {}).get("errorMessage")
        _print_table(info, verdict or _remote_verdict(info))
    return BY_VERDICT[Verdict(info["verdict"])]


def print_members(entries: Sequence[MemberEntry], *, as_json: bool) -> None:
    """List declared members."""
    if as_json:
        click.echo(
            json.dumps([entry.model_dump(mode="json", exclude_defaults=True) for entry in entries])
        )
        return
    if not entries:
        click.echo("No members.")
        return
    wide = max(len(entry.id) for entry in entries)
    for entry in entries:
        state = "disabled" if entry.disabled else "paused" if entry.paused else ""
        line = f"{entry.id:{wide}}  {entry.protocol.value:4}  {entry.url}  {entry.name}"
        click.echo(f"{line}  {state}".rstrip())


class _Progress:
    """A live table in a terminal, nothing in a pipe."""

    def __init__(self, network: Network, asked: Asked) -> None:
        self._rows: dict[str, dict[str, Any]] = {
            member.id: {"name": member.name, "answer": "asking", "reason": None, "count": None}
            for member in network.holder.current.members
        }
        console = Console(stderr=True)
        shown = console.is_terminal and sys.stdout.isatty() and asked.form is None
        self._live = Live(console=console, transient=True) if shown else None

    def __enter__(self) -> None:
        if self._live is not None:
            self._live.start()
            self._live.update(_table(self._rows.values()))

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            self._live.stop()

    def ended(self, outcome: MemberOutcome) -> None:
        """Take in a member that has ended."""
        self._rows[outcome.member.id] = member_info(outcome)
        if self._live is not None:
            self._live.update(_table(self._rows.values()))


def understood(asked: Asked) -> Understood:
    """Read the text; raises `BadQuery` with what is wrong and the way out."""
    read = understand(asked.text, asked.assembly)
    if isinstance(read, Misread):
        raise BadQuery([read.error, *([read.hint] if read.hint else [])])
    return read


def _parameters(asked: Asked, question: Understood) -> dict[str, Any]:
    return {
        **question.parameters,
        "requestedGranularity": asked.granularity,
        "includeResultsetResponses": "ALL",
        "limit": 10,
    }


def _controls(asked: Asked) -> dict[str, list[str]]:
    told = {
        "wait": f"{asked.wait_s:g}" if asked.wait_s is not None else None,
        "ask": asked.ask,
        "group": asked.group,
    }
    return {name: [value] for name, value in told.items() if value}


def _show(answer: NetworkAnswer, asked: Asked, network: Network) -> None:
    if asked.form == "json":
        document = documents.answer_document(network.identity, answer)
        click.echo(documents.encode(document).decode())
        return
    info = network_info(answer)
    if asked.form == "csv":
        _print_csv(info["members"], asked)
        return
    sentence = sentences.verdict_sentence(answer)
    searched = sentences.searched_sentence(answer, is_anonymous=True)
    _print_table(info, f"{sentence} {searched}")


def _print_table(info: dict[str, Any], verdict: str) -> None:
    console = Console()
    if console.is_terminal:
        console.print(_table(info["members"]))
    else:
        for member in info["members"]:
            click.echo("\t".join(_cells(member)))
    click.echo(verdict)
    for warning in info["warnings"]:
        click.echo(f"! {warning}")
    click.echo(sentences.FOOTER)


def _table(members: Any) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in ("Beacon", "Answer", "Count", "Took", "Why"):
        table.add_column(heading, overflow="fold")
    for member in members:
        table.add_row(*_cells(member), style=STYLES[member["answer"]])
    return table


def _cells(member: dict[str, Any]) -> tuple[str, ...]:
    reason = member.get("reason")
    count = member.get("count")
    why = f"{reason['code']}: {reason['message']}" if reason else ""
    if member.get("match") not in (None, "exact"):
        why = f"{member['match']}: {member.get('matchedAs') or ''}".rstrip(": ")
    took = f"{member['elapsedMs'] / 1000:.2f} s" if member.get("attempts") else ""
    if member.get("source", "live") != "live":
        took = f"{member['source']}, {member['ageS']} s old"
    return (
        member["name"],
        WORDS[member["answer"]],
        f"{count:,}" if count is not None else "",
        took,
        why,
    )


def _print_csv(members: Sequence[dict[str, Any]], asked: Asked) -> None:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(CSV_HEADER.split(","))
    for member in members:
        reason = member["reason"]
        for one in member["datasets"] or [{}]:
            told = one.get("exists")
            answer = member["answer"] if told is None else ("found" if told else "not_found")
            row = [
                *(asked.text, asked.assembly, member["id"], member["name"], "", "", answer),
                *(reason["code"] if reason else "", one.get("id", ""), one.get("name", "")),
                *(one.get("count", member["count"]), "", "", "", one.get("frequency")),
                *(f"{member['elapsedMs'] / 1000:.3f}", ""),
            ]
            writer.writerow([_cell(value) for value in row])
    click.echo(out.getvalue(), nl=False)


def _cell(value: object) -> str:
    """Write a cell in one line that no spreadsheet takes for a formula."""
    text = "" if value is None else " ".join(str(value).splitlines())
    return f"'{text}" if text[:1] in {"=", "+", "-", "@", "\t", "\r"} else text


def _api_url(url: str) -> URL:
    try:
        parsed = URL(url)
    except ValueError:
        parsed = URL()
    if parsed.scheme not in {"http", "https"} or not parsed.host:
        raise BadQuery([f"--url {url}: an address starts with https:// (or http://)."])
    base = parsed.with_query(None).with_fragment(None)
    path = base.path.rstrip("/")
    return base.with_path(path if path.endswith("/api") else f"{path}/api")


async def _fetch(target: URL, asked: Asked, settings: Settings) -> dict[str, Any]:
    total = (asked.wait_s or settings.query.max_deadline_s) + 10
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=total)) as session,
            session.get(target, headers={"Accept": "application/json"}) as response,
        ):
            document = await response.json(content_type=None)
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        reason = str(error) or type(error).__name__
        raise ConfigError([f"{target.origin()} cannot be asked: {reason}"]) from None
    if not isinstance(document, dict):
        raise ConfigError([f"{target.origin()} does not answer like a Beacon network."])
    return document


def _remote_verdict(info: dict[str, Any]) -> str:
    summary = info["summary"]
    return (
        f"{summary['found']} found, {summary['notFound']} not found, "
        f"{summary['noAnswer']} did not answer, {summary['notAsked']} not asked."
    )
