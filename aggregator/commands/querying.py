"""`query`: one question from a terminal, live as members answer, plain in a pipe."""

import json
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

import click
from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from aggregator.api import sentences
from aggregator.api.controls import read_controls
from aggregator.api.exports import assembly_of, csv_text, lines_of_documents
from aggregator.api.naming import told_apart
from aggregator.api.refusal import refusal_of
from aggregator.app import Network, running
from aggregator.base.errors import BadQuery
from aggregator.base.settings import Settings
from aggregator.commands import remote
from aggregator.commands.exits import code_of, code_of_document
from aggregator.commands.looking import looking
from aggregator.engine.service import QueryOptions
from aggregator.model.merged import NetworkAnswer
from aggregator.model.outcome import MemberOutcome, NoAnswerCode
from aggregator.model.question import ReferenceSequence
from aggregator.protocol import documents
from aggregator.protocol.network_info import member_info, network_info
from aggregator.protocol.parameters import ReadQuery
from aggregator.protocol.requests import read_v2
from aggregator.protocol.surface import EVERY_NESTED, Target, target_of
from aggregator.text.variant_text import Misread, Understood, understand
from registry.models import MemberEntry

VARIANTS = "g_variants"
WORDS = {
    "found": "✓ found",
    "not_found": "– not found",
    "no_answer": "! no answer",
    "not_asked": "○ not asked",
    "asking": "… asking",
}
DOUBTED = "? no, not passed on"
STYLES = {
    "found": "bold blue",
    "not_found": "",
    "no_answer": "bold yellow",
    "not_asked": "dim",
    "asking": "dim",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """The question and how its answer is to be shown."""

    text: str | None
    """The variant; None for a question about something else."""
    assembly: str
    granularity: str
    form: str | None
    path: str = VARIANTS
    """Where it is put, below the root of the Beacon API."""
    filters: tuple[str, ...] = ()
    wait_s: float | None = None
    ask: str | None = None
    group: str | None = None


async def ask_members(asked: Asked, settings: Settings) -> int:
    """Ask the members of the registry from this process; gives the exit code."""
    question = understood(asked)
    registry = settings.registry.model_copy(update={"probe": False})  # for one question: no
    async with running(settings.model_copy(update={"registry": registry})) as network:
        read = _read(asked, question, reference=network.reference)
        controls = read_controls(_controls(asked), "", settings.query)
        problems = (*read.problems, *controls.problems)
        problems += tuple(controls.selection.problems(network.holder.current))
        if problems:
            raise BadQuery(problems)
        options = QueryOptions(
            deadline_s=controls.deadline_s,
            selection=controls.selection,
            warnings=(*controls.warnings, *question.notes, *read.warnings),
        )
        progress = _Progress(network, asked)
        with progress:
            async with looking(network):
                answer = await network.service.ask(read.query, options, progress.ended)
        document = _document(network, answer) if asked.form == "json" else None
    _show(asked, answer, document)
    return code_of(answer)


async def ask_running(asked: Asked, url: str, settings: Settings) -> int:
    """Ask a running network; gives the exit code."""
    question = understood(asked)
    parameters = {
        name: ",".join(str(one) for one in value) if isinstance(value, list) else str(value)
        for name, value in _parameters(asked, question).items()
    }
    for name, values in _controls(asked).items():
        parameters[name] = values[0]
    patience_s = (asked.wait_s or settings.query.max_deadline_s) + 10
    with _waiting(asked, url):
        document = await remote.fetch(url, parameters, patience_s, path=asked.path)
    if asked.form == "json":
        _show(asked, None, json.dumps(document, indent=2))
        return code_of_document(document)
    answer = remote.read_answer(document, _read(asked, question).query)
    _show(asked, answer, None)
    return code_of(answer)


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
    now = datetime.now(UTC)
    for entry in entries:
        is_paused = entry.paused is not None and not entry.paused.is_over(now)
        state = "disabled" if entry.disabled else "paused" if is_paused else ""
        line = f"{entry.id:{wide}}  {entry.protocol.value:4}  {entry.url}  {entry.name}"
        click.echo(f"{line}  {state}".rstrip())


class _Progress:
    """A live table in a terminal, nothing in a pipe."""

    def __init__(self, network: Network, asked: Asked) -> None:
        self._rows: dict[str, dict[str, Any]] = {
            member.id: {
                "id": member.id,
                "name": member.name,
                "answer": "asking",
                "reason": None,
                "count": None,
            }
            for member in network.holder.current.members
        }
        console = Console(stderr=True)
        shown = console.is_terminal and sys.stdout.isatty() and asked.form is None
        self._live = Live(console=console, transient=True) if shown else None

    def __enter__(self) -> None:
        if self._live is not None:
            self._live.update(_table(self._rows.values()))
            self._live.start(refresh=True)

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
    target_at(asked.path)
    if not all(one.strip(" ,") for one in asked.filters):
        raise BadQuery(["--filter: an empty one asks nothing, write e.g. HP:0001250 or age:>P70Y."])
    if asked.text is None:
        if asked.path == VARIANTS and not asked.filters:
            raise BadQuery(
                [
                    "What is the question? Give a variant, e.g. 7-140753336-A-T, or --filter, or "
                    "--path individuals."
                ]
            )
        return Understood("filters", {})
    read = understand(asked.text, asked.assembly)
    if isinstance(read, Misread):
        raise BadQuery([read.error, *([read.hint] if read.hint else [])])
    return read


def target_at(path: str) -> Target:
    """Read a path of the Beacon API; raises `BadQuery` for one that is none."""
    segments = [unquote(part) for part in path.strip("/").removeprefix("api/").split("/")]
    target = target_of(segments, EVERY_NESTED)
    if isinstance(target, str) or target.is_filtering_terms:
        said = target if isinstance(target, str) else "Filtering terms are no question."
        raise BadQuery([f"--path {path}: {said}"])
    return target


def _read(
    asked: Asked, question: Understood, reference: ReferenceSequence | None = None
) -> ReadQuery:
    parameters = _parameters(asked, question)
    return read_v2(parameters, reference=reference, target=target_at(asked.path))


def _parameters(asked: Asked, question: Understood) -> dict[str, Any]:
    filters = {"filters": list(asked.filters)} if asked.filters else {}
    return {
        **question.parameters,
        **filters,
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


def _document(network: Network, answer: NetworkAnswer) -> str:
    """Write what the API would send: an incomplete "no" is an error document here too."""
    as_answer = network.settings.query.incomplete_negative == "answer"
    refusal = refusal_of(answer, None, answers_incomplete_no=as_answer)
    if refusal is None:
        return documents.encode(documents.answer_document(network.identity, answer)).decode()
    return documents.encode(
        documents.error_document(network.identity, refusal.status, refusal.message, answer=answer)
    ).decode()


def _waiting(asked: Asked, url: str) -> AbstractContextManager[object]:
    """Say in a terminal that an answer is awaited."""
    console = Console(stderr=True)
    if not (console.is_terminal and sys.stdout.isatty() and asked.form is None):
        return nullcontext()
    return console.status(f"Asking {escape(url)} …")


def _show(asked: Asked, answer: NetworkAnswer | None, document: str | None) -> None:
    if answer is None or document is not None:
        click.echo(document)
        return
    info = network_info(answer)
    if asked.form == "csv":
        _print_csv(info["members"], asked, assembly_of(answer.query))
        return
    sentence = sentences.verdict_sentence(answer)
    searched = sentences.searched_sentence(answer, is_anonymous=True)
    _print_table(info, f"{sentence} {searched}")


def _print_table(info: dict[str, Any], verdict: str) -> None:
    console = Console()
    if console.is_terminal:
        console.print(_table(info["members"]))
    else:
        for cells in _rows(info["members"]):
            click.echo("\t".join(cells))
    click.echo(verdict)
    for warning in info["warnings"]:
        click.echo(f"! {warning}")
    click.echo(sentences.footer_sentence())


def _table(members: Any) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in ("Beacon", "Answer", "Count", "Took", "Why"):
        table.add_column(heading, overflow="fold")
    told = list(members)
    for member, cells in zip(told, _rows(told), strict=True):
        # Text, because a name may hold brackets, which would be read as markup
        table.add_row(*map(Text, cells), style=STYLES[member["answer"]])
    return table


def _rows(members: Sequence[dict[str, Any]]) -> list[tuple[str, ...]]:
    names = told_apart((member["id"], member["name"]) for member in members)
    return [(names[member["id"]], *_cells(member)) for member in members]


def _cells(member: dict[str, Any]) -> tuple[str, ...]:
    reason = member.get("reason")
    is_doubted = reason is not None and reason["code"] == NoAnswerCode.CONTROL_FAILED.value
    count = member.get("count")
    why = f"{reason['code']}: {reason['message']}" if reason else ""
    if member.get("match") not in (None, "exact"):
        why = f"{member['match']}: {member.get('matchedAs') or ''}".rstrip(": ")
    if member.get("untrusted") is True:
        why = "; ".join(
            filter(None, (why, "untrusted: it also reports an allele that cannot exist"))
        )
    took = f"{member['elapsedMs'] / 1000:.2f} s" if member.get("attempts") else ""
    if member.get("source", "live") != "live":
        took = f"{member['source']}, {member['ageS']} s old"
    return (
        DOUBTED if is_doubted else WORDS[member["answer"]],
        f"{count:,}" if count is not None else "",
        took,
        why,
    )


def _print_csv(members: Sequence[dict[str, Any]], asked: Asked, assembly: str) -> None:
    asked_at = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    text = asked.text or " ".join((asked.path, *asked.filters))
    lines = lines_of_documents(members, text=text, assembly=assembly, asked_at=asked_at)
    click.echo(csv_text(lines), nl=False)
