"""`/search/events`: the rows of the page as they change, with a summary true for exactly them."""

from aiohttp import web

from aggregator.api.context import api_of
from aggregator.api.search_form import question_of
from aggregator.api.search_runs import RUNS
from aggregator.api.shown import Moment, moment_of
from aggregator.protocol.documents import encode

LOOK_AGAIN_S = 60.0
"""How often a stream without news looks whether it missed any."""


async def search_events(request: web.Request) -> web.StreamResponse:
    """Stream `row` events, each batch closed by its `sum`, and `done` at the end.

    The first batch holds every row, so that a page that came back after a break is right again.
    """
    question = question_of(request)
    api = api_of(request)
    form, deadline_s = question.form, api.settings.query.deadline_s
    with api.streams.place():
        run = request.app[RUNS].join(question.query, question.options)
        async with api.streams.writing(request) as writer:
            sent: dict[str, str] = {}
            while not run.is_stopped:  # stopped, the page asks elsewhere
                version = run.version
                is_anonymous = "Authorization" not in request.headers
                moment = moment_of(run, form.text, sort=form.sort, is_anonymous=is_anonymous)
                macros = api.pages.get_template("answers.html").module
                for row in moment.rows:
                    html = str(macros.row(row))  # type: ignore[attr-defined]  # jinja's macros
                    if sent.get(row.id) != html:
                        await writer.send("row", html)
                        sent[row.id] = html
                html = str(macros.summary(moment.summary, form, deadline_s))  # type: ignore[attr-defined]
                await writer.send("sum", _sum(moment, html, is_sorted=bool(form.sort)))
                if moment.summary.done:
                    await writer.send("done", "{}")
                    run.is_seen = True
                    break
                while not await run.newer_than(version, LOOK_AGAIN_S):
                    pass
        return writer.response


def _sum(moment: Moment, html: str, *, is_sorted: bool) -> bytes:
    summary = moment.summary
    return encode(
        {
            "html": html,
            "status": summary.spoken,
            "answered": summary.answered,
            "counts": summary.counts,
            "order": [row.id for row in moment.rows] if summary.done and is_sorted else [],
            "title": summary.title,
            "done": summary.done,
        }
    )
