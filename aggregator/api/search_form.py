"""The search form: what was typed, as a question, or what is wrong with it and where."""

from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import urlencode

from aiohttp import web

from aggregator.api.context import api_of
from aggregator.api.controls import Controls
from aggregator.api.hints import Piece, linked
from aggregator.api.http import controls_of, options_of
from aggregator.api.texts import MAX_QUERY, clean
from aggregator.base.errors import BadQuery, BeaconError, Overloaded, RateLimited
from aggregator.engine.service import QueryOptions
from aggregator.model.genome import GenomeError, parse_assembly
from aggregator.model.query import Query
from aggregator.protocol.requests import read_v2
from aggregator.text.variant_text import Misread, Understood, understand
from registry.snapshot import Snapshot

ASSEMBLIES: Final = ("GRCh38", "GRCh37")
SHOWN: Final = ("found", "not_found", "no_answer", "not_asked")
SORTED: Final = ("listed", "name", "answer", "count", "frequency", "time")
_FIELDS: Final = ("wait", "ask", "group")


@dataclass(frozen=True, slots=True)
class SearchForm:
    """The fields of the form as they came."""

    text: str = ""
    assembly: str = ASSEMBLIES[0]
    ask: tuple[str, ...] = ()
    group: str = ""
    wait: str = ""
    show: str = ""
    sort: str = ""

    @classmethod
    def of(cls, request: web.Request) -> "SearchForm":
        """Read the address."""
        query = request.query
        names = [name.strip() for value in query.getall("ask", []) for name in value.split(",")]
        show, sort = query.get("show", ""), query.get("sort", "")
        return cls(
            text=query.get("q", "")[: MAX_QUERY + 1],
            assembly=clean(query.get("assembly"), 40) or ASSEMBLIES[0],
            ask=tuple(dict.fromkeys(filter(None, names))),
            group=query.get("group", "").strip()[:100],
            wait=query.get("wait", "").strip()[:20],
            show=show if show in SHOWN else "",
            sort=sort if sort in SORTED else "",
        )

    def address(
        self,
        path: str = "/search",
        *,
        show: str | None = None,
        sort: str | None = None,
        wait: str | None = None,
    ) -> str:
        """Give the address of this search, shown or waited for otherwise, or of its twin."""
        fields = {
            "q": self.text,
            "assembly": self.assembly,
            "ask": ",".join(self.ask),
            "group": self.group,
            "wait": self.wait if wait is None else wait,
            "show": self.show if show is None else show,
            "sort": self.sort if sort is None else sort,
        }
        return f"{path}?{urlencode({name: value for name, value in fields.items() if value})}"

    def asking(self, text: str, assembly: str | None = None) -> str:
        """Give the address of another question to the same members."""
        return replace(self, text=text, assembly=assembly or self.assembly).address(
            show="", sort="", wait=""
        )

    @property
    def is_detailed(self) -> bool:
        """Whether anything under "More" is filled in."""
        return bool(self.ask or self.group or self.wait)


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong, with which field, and the way out."""

    error: str
    hint: tuple[Piece, ...] = ()
    where: str = "q"
    status: int = 400
    retry_after_s: int | None = None

    @classmethod
    def of(cls, error: BeaconError) -> "Problem":
        """Show an error of ours beside the form."""
        wait_s = error.retry_after_s if isinstance(error, Overloaded | RateLimited) else None
        return cls(error.message, status=error.status, retry_after_s=wait_s)


@dataclass(frozen=True, slots=True)
class Question:
    """A search that can be asked."""

    form: SearchForm
    query: Query
    options: QueryOptions
    controls: Controls
    notes: tuple[str, ...] = ()


def read_search(request: web.Request, form: SearchForm) -> Question | tuple[Problem, ...]:
    """Read the question of a search, or name everything that is wrong with it."""
    try:
        return _read(request, form)
    except BeaconError as error:
        return (Problem.of(error),)


def question_of(request: web.Request) -> Question:
    """Read the question for a twin of the page; raises `BadQuery`."""
    read = read_search(request, SearchForm.of(request))
    if isinstance(read, Question):
        return read
    told = [(problem.error, "".join(piece.text for piece in problem.hint)) for problem in read]
    raise BadQuery([text for pair in told for text in pair if text])


def _read(request: web.Request, form: SearchForm) -> Question | tuple[Problem, ...]:
    api = api_of(request)
    controls = controls_of(request)
    problems = _problems_of_options(controls, api.holder.current)
    understood = _understand(form)
    if isinstance(understood, Problem) or problems:
        first = (understood,) if isinstance(understood, Problem) else ()
        return (*first, *problems)
    read = read_v2({**understood.parameters, **_AS_A_PAGE}, reference=api.reference)
    if read.problems:
        return (Problem(" ".join(_sentence(problem) for problem in read.problems)),)
    return Question(
        form=form,
        query=read.query,
        options=replace(options_of(request, controls), warnings=()),
        controls=controls,
        notes=(*understood.notes, *controls.warnings, *read.warnings),
    )


def _understand(form: SearchForm) -> Understood | Problem:
    try:
        parse_assembly(form.assembly)
    except GenomeError as error:
        return Problem(error.message, linked(error.hint, form.assembly), "assembly")
    if len(form.text) > MAX_QUERY:
        return Problem(f"That is longer than {MAX_QUERY:,} characters.")
    understood = understand(form.text, form.assembly)
    if isinstance(understood, Misread):
        return Problem(understood.error, linked(understood.hint, form.assembly))
    return understood


def _problems_of_options(controls: Controls, snapshot: Snapshot) -> list[Problem]:
    """Name what is wrong under "More", once for each field."""
    found: dict[str, list[str]] = {}
    for problem in (*controls.problems, *controls.selection.problems(snapshot)):
        name, _, message = problem.partition(": ")
        where = name if name in _FIELDS else "q"
        found.setdefault(where, []).append(_sentence(message if where == name else problem))
    return [Problem(" ".join(messages), where=where) for where, messages in found.items()]


_AS_A_PAGE: Final[dict[str, Any]] = {
    "requestedGranularity": "record",
    "includeResultsetResponses": "ALL",
    "limit": 10,
}
"""A page asks for records, ten of them, of every data set."""


def _sentence(problem: str) -> str:
    text = problem[:1].upper() + problem[1:]
    return text if text.endswith((".", "?", "!")) else f"{text}."
