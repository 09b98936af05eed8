"""The pages people see: the search, its answers, and the help; complete without script."""

import hashlib
import shlex
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final
from urllib.parse import urlencode

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from aggregator.api import sentences, v2
from aggregator.api.context import api_of
from aggregator.api.exports import csv_text, file_name, lines_of, text_table
from aggregator.api.heard import hear
from aggregator.api.http import base_url, controls_of
from aggregator.api.middleware import wants_html
from aggregator.api.rows import SIGNS
from aggregator.api.search_form import (
    ASSEMBLIES,
    SHOWN,
    SORTED,
    Problem,
    Question,
    SearchForm,
    question_of,
    read_search,
)
from aggregator.api.search_runs import RUNS, SearchRun
from aggregator.api.shown import moment_of
from aggregator.api.texts import clean
from aggregator.base import i18n
from aggregator.base.errors import BeaconError, Overloaded
from aggregator.base.i18n import N_
from aggregator.base.resources import folder
from aggregator.model.merged import NetworkAnswer
from aggregator.model.outcome import Ending
from aggregator.protocol.requests import variant_parameters

GRACE_S: Final = 0.7
"""How long the first page waits for answers that come quickly."""
MARGIN_S: Final = 5.0
"""How much longer than a question's deadline a page waits for its end."""
SORT_WORDS: Final = {
    "listed": N_("as listed"),
    "name": N_("name"),
    "answer": N_("answer"),
    "count": N_("count"),
    "frequency": N_("frequency"),
    "time": N_("time"),
}
_PRIVATE: Final = {"Cache-Control": "no-store", "X-Robots-Tag": "noindex"}


def environment() -> Environment:
    """Make the template environment; what a template misses is an error, what it shows is text."""
    pages = Environment(
        loader=FileSystemLoader(folder("web") / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    pages.install_gettext_callables(i18n.gettext, i18n.ngettext, newstyle=True)  # type: ignore[attr-defined]  # of the extension
    pages.filters["clean"] = clean
    pages.filters["number"] = i18n.number
    pages.filters["moment"] = i18n.moment
    pages.globals |= {
        "language": i18n.language,
        "static": static_address,
        "endings": [(one.value, *SIGNS[one]) for one in Ending],
        "shown": SHOWN,
        "sorts": [(name, SORT_WORDS[name]) for name in SORTED],
        "footer_sentence": sentences.footer_sentence,
    }
    return pages


@cache
def static_address(name: str) -> str:
    """Give the address of a static file; it changes with the file."""
    content = (folder("web") / "static" / name).read_bytes()
    return f"/static/{name}?v={hashlib.blake2b(content, digest_size=6).hexdigest()}"


async def home(request: web.Request) -> web.Response:
    """Give people the search page and programs the Beacon info document."""
    if not wants_html(request):
        response = await v2.info(request)
        response.headers["Vary"] = "Accept"
        return response
    return _search_page(request, SearchForm.of(request))


async def search(request: web.Request) -> web.Response:
    """Ask the network what was typed and show who said what, so far."""
    form = SearchForm.of(request)
    question = read_search(request, form)
    if not isinstance(question, Question):
        return _search_page(request, form, problems=question)
    try:
        run = await _run(request, question)
    except BeaconError as error:
        return _search_page(request, form, problems=(Problem.of(error),))
    moment = moment_of(run, form.text, sort=form.sort, is_anonymous=_is_anonymous(request))
    run.is_seen = run.is_seen or moment.summary.done
    return _search_page(request, form, moment=moment, run=run, question=question)


async def search_json(request: web.Request) -> web.Response:
    """Give the same answer as a Beacon v2 document."""
    question = question_of(request)
    response = v2.answer_response(request, await _answer(request, question), controls_of(request))
    response.headers["X-Robots-Tag"] = "noindex"
    return response


async def search_csv(request: web.Request) -> web.Response:
    """Give the same answer as a table: a row per member and data set."""
    question = question_of(request)
    asked_at = datetime.now(UTC)
    answer = await _answer(request, question)
    form = question.form
    lines = lines_of(
        answer,
        api_of(request).holder.current.by_id,
        text=form.text,
        asked_at=asked_at,
    )
    name = file_name(form.text, "csv")
    headers = {**_PRIVATE, "Content-Disposition": f'attachment; filename="{name}"'}
    return web.Response(
        text=csv_text(lines), content_type="text/csv", charset="utf-8", headers=headers
    )


async def search_txt(request: web.Request) -> web.Response:
    """Give the same answer as plain text for a terminal."""
    answer = await _answer(request, question_of(request))
    heard = [hear(outcome) for outcome in answer.outcomes]
    text = text_table(heard, answer, is_anonymous=_is_anonymous(request))
    return web.Response(text=text, content_type="text/plain", charset="utf-8", headers=_PRIVATE)


async def _answer(request: web.Request, question: Question) -> NetworkAnswer:
    """Ask for a twin of the page, which waits for the whole answer."""
    return await api_of(request).service.ask(question.query, question.options)


async def _run(request: web.Request, question: Question) -> SearchRun:
    """Join the question or start it, and give it some time; raises what it was refused with."""
    form = question.form
    wait_s = question.controls.deadline_s + MARGIN_S if form.wait else GRACE_S
    for _attempt in range(2):
        run = request.app[RUNS].join(
            question.query, question.options, only_look=bool(form.show or form.sort)
        )
        await run.ended(wait_s)
        if run.failure is None or run.options is question.options:
            break  # another client's refusal is not this one's
    if run.failure is not None:
        raise run.failure
    if run.is_stopped:
        raise Overloaded("This network is restarting. Ask again in a moment.", retry_after_s=2)
    return run


def _search_page(
    request: web.Request,
    form: SearchForm,
    *,
    problems: tuple[Problem, ...] = (),
    question: Question | None = None,
    **shown: Any,
) -> web.Response:
    api = api_of(request)
    snapshot = api.holder.current
    headers = dict(_PRIVATE) if request.path != "/" else {"Cache-Control": "no-store"}
    for problem in problems:
        if problem.retry_after_s is not None:
            headers["Retry-After"] = str(problem.retry_after_s)
    values = {
        "form": form,
        "problems": {problem.where: problem for problem in problems},
        "question": question,
        "moment": None,
        "run": None,
        "members": snapshot.members,
        "groups": {group: snapshot.name_of(group) for group in sorted(snapshot.groups)},
        "examples": api.settings.web.examples,
        "assemblies": list(dict.fromkeys((*ASSEMBLIES, form.assembly))),
        "deadline_s": api.settings.query.deadline_s,
        "max_deadline_s": api.settings.query.max_deadline_s,
        "asked_as": _asked_as(question),
        "curl": _curl(request, question),
        **shown,
    }
    return page(
        request,
        "search.html",
        values,
        status=problems[0].status if problems else 200,
        headers=headers,
    )


def page(
    request: web.Request,
    template: str,
    values: Mapping[str, Any],
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> web.Response:
    """Write a page in the language of the request."""
    api = api_of(request)
    html = api.pages.get_template(template).render(
        network=api.identity, here=request.path, **values
    )
    return web.Response(
        text=html,
        status=status,
        content_type="text/html",
        charset="utf-8",
        headers={
            "Vary": "Accept, Accept-Language",
            "Content-Language": i18n.language().tag,
            **(headers or {}),
        },
    )


def _asked_as(question: Question | None) -> list[tuple[str, str]]:
    """Give the question as Beacon parameters, for reading."""
    if question is None or question.query.variant is None:
        return []
    return [
        (name, ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value))
        for name, value in variant_parameters(question.query.variant).items()
    ]


def _curl(request: web.Request, question: Question | None) -> str:
    """Write the question to our own API as a command to paste."""
    if question is None:
        return ""
    form = question.form
    told = {
        **dict(_asked_as(question)),
        "requestedGranularity": "record",
        "includeResultsetResponses": "ALL",
        "ask": ",".join(form.ask),
        "group": form.group,
        "wait": form.wait,
    }
    parameters = {name: value for name, value in told.items() if value or name.endswith("Bases")}
    url = f"{base_url(request)}/api/g_variants?{urlencode(parameters, safe=',:')}"
    return f"curl -sS {shlex.quote(url)}"


def _is_anonymous(request: web.Request) -> bool:
    return "Authorization" not in request.headers
