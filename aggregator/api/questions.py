"""Reads a question of Beacon v2 from a request: its path, its parameters, and the controls."""

from collections.abc import Iterable
from typing import Any

from aiohttp import web

from aggregator.api.context import api_of
from aggregator.api.controls import Controls
from aggregator.api.http import controls_of, read_body, url_parameters
from aggregator.api.targets import question_at
from aggregator.base.errors import BadQuery
from aggregator.protocol.parameters import ReadQuery
from aggregator.protocol.requests import read_v2
from aggregator.protocol.requests_body import BodyError, join_parameters, spread_body


async def read_question(request: web.Request) -> tuple[ReadQuery, Controls]:
    """Read question and controls; raises `BadQuery` with every problem of both, and `NotFound`."""
    api = api_of(request)
    target = question_at(request)
    parameters, problems = await parameters_of(request)
    controls = controls_of(request)
    read = read_v2(
        parameters,
        reference=api.reference,
        max_limit=api.settings.query.max_limit,
        target=target,
    )
    problems = (*problems, *read.problems, *controls.problems)
    problems += tuple(controls.selection.problems(api.holder.current))
    if problems:
        raise BadQuery(sentences(problems))
    return read, controls


async def parameters_of(request: web.Request) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Give the parameters of address and body as flat ones, and the problems of the body.

    The body wins where both say something. A body that cannot be read at all is one problem
    beside those of the address.
    """
    parameters = url_parameters(request)
    if request.method != "POST":
        return parameters, ()
    try:
        body = spread_body(await read_body(request))
    except BadQuery as error:
        return parameters, error.problems
    except BodyError as error:
        return join_parameters(parameters, error.parameters), error.problems
    return join_parameters(parameters, body), ()


def sentences(problems: Iterable[str]) -> list[str]:
    """End each problem as a sentence, and name it once."""
    return [
        problem if problem.endswith((".", "?", "!")) else f"{problem}."
        for problem in dict.fromkeys(problems)
    ]
