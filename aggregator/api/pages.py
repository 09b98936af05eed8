"""The search page: a form, the answers, and what they mean; complete without script."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from aggregator.api import sentences, v2
from aggregator.api.context import Api, api_of
from aggregator.api.http import controls_of, options_of
from aggregator.api.middleware import wants_html
from aggregator.base.errors import BadQuery, BeaconError
from aggregator.base.resources import folder
from aggregator.model.answer import ResultSet
from aggregator.model.merged import NetworkAnswer
from aggregator.model.outcome import Ending, MemberOutcome
from aggregator.protocol.parameters import NETWORK_CONTROLS, ReadQuery
from aggregator.protocol.requests import read_v2, variant_parameters
from aggregator.text.variant_text import Misread, Understood, understand

ASSEMBLIES = ("GRCh38", "GRCh37")
SIGNS = {
    Ending.FOUND: ("✓", "Found"),
    Ending.NOT_FOUND: ("–", "Not found"),
    Ending.NO_ANSWER: ("!", "Did not answer"),
    Ending.NOT_ASKED: ("○", "Not asked"),
}


@dataclass(frozen=True, slots=True)
class Row:
    """One member in the list of answers."""

    outcome: MemberOutcome
    sign: str
    word: str
    sentence: str
    data_sets: tuple[ResultSet, ...]


def environment() -> Environment:
    """Make the template environment; what a template misses is an error, what it shows is text."""
    return Environment(
        loader=FileSystemLoader(folder("web") / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


async def home(request: web.Request) -> web.Response:
    """Give people the search page and programs the Beacon info document."""
    if not wants_html(request):
        response = await v2.info(request)
        response.headers["Vary"] = "Accept"
        return response
    return _page(request, "search.html", text="", assembly=ASSEMBLIES[0])


async def search(request: web.Request) -> web.Response:
    """Ask the network what was typed and show who said what."""
    text = request.query.get("q", "")
    assembly = request.query.get("assembly") or ASSEMBLIES[0]
    understood = understand(text, assembly)
    if isinstance(understood, Misread):
        problem = {"error": understood.error, "hint": understood.hint}
        return _page(
            request, "search.html", status=400, text=text, assembly=assembly, problem=problem
        )
    try:
        answer = await _ask(request, understood)
    except BeaconError as error:
        problem = {"error": error.message, "hint": ""}
        return _page(
            request,
            "search.html",
            status=error.status,
            text=text,
            assembly=assembly,
            problem=problem,
        )
    return _page(
        request,
        "search.html",
        text=text,
        assembly=assembly,
        understood=understood,
        answer=_shown(request, understood, answer, text),
    )


async def search_json(request: web.Request) -> web.Response:
    """Give the same answer as a Beacon v2 document."""
    text = request.query.get("q", "")
    understood = understand(text, request.query.get("assembly") or ASSEMBLIES[0])
    if isinstance(understood, Misread):
        raise BadQuery([understood.error, *([understood.hint] if understood.hint else [])])
    answer = await _ask(request, understood)
    return v2.answer_response(request, answer, controls_of(request))


async def _ask(request: web.Request, understood: Understood) -> NetworkAnswer:
    api = api_of(request)
    read = _read(api, understood)
    controls = controls_of(request)
    if problems := (*read.problems, *controls.problems):
        raise BadQuery([f"{problem.rstrip('.')}." for problem in problems])
    return await api.service.ask(read.query, options_of(request, controls, read.warnings))


def _read(api: Api, understood: Understood) -> ReadQuery:
    """Read the parameters as the API does; a page asks for records, ten of them, of everybody."""
    parameters = {
        **understood.parameters,
        "requestedGranularity": "record",
        "includeResultsetResponses": "ALL",
        "limit": 10,
    }
    return read_v2(parameters, reference=api.reference)


def _shown(
    request: web.Request, understood: Understood, answer: NetworkAnswer, text: str
) -> dict[str, Any]:
    variant = answer.query.variant
    controls = {name: request.query[name] for name in NETWORK_CONTROLS if name in request.query}
    asked = {"q": text, "assembly": request.query.get("assembly") or ASSEMBLIES[0], **controls}
    return {
        "verdict": sentences.verdict_sentence(answer),
        "searched": sentences.searched_sentence(
            answer, is_anonymous="Authorization" not in request.headers
        ),
        "footer": sentences.FOOTER,
        "asked_as": variant_parameters(variant) if variant else {},
        "notes": [*understood.notes, *answer.warnings],
        "rows": [_row(outcome) for outcome in answer.outcomes],
        "json_url": f"/search.json?{urlencode(asked)}",
        "is_complete": answer.is_complete,
    }


def _row(outcome: MemberOutcome) -> Row:
    sign, word = SIGNS[outcome.ending]
    return Row(
        outcome=outcome,
        sign=sign,
        word=word,
        sentence=sentences.row_sentence(outcome),
        data_sets=outcome.answer.result_sets if outcome.answer else (),
    )


def _page(request: web.Request, template: str, *, status: int = 200, **values: Any) -> web.Response:
    api = api_of(request)
    shown = {"problem": None, "answer": None, "understood": None, **values}
    html = api.pages.get_template(template).render(
        network=api.identity,
        members=len(api.holder.current.members),
        examples=api.settings.web.examples,
        assemblies=ASSEMBLIES,
        **shown,
    )
    return web.Response(
        text=html,
        status=status,
        content_type="text/html",
        headers={"Vary": "Accept", "Cache-Control": "no-store"},
    )
