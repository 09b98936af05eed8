"""The network's own parameters of a question: how long, whom, and what to do with a partial answer.

They stand in the address of every question, also of a POST.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from aggregator.base.sections import QuerySettings
from aggregator.engine.planner import Selection

_PREFER_WAIT = re.compile(r"(?:^|[,;])\s*wait\s*=\s*\"?(\d+(?:\.\d+)?)\"?", re.I)

Partial = Literal["allow", "deny"]


@dataclass(frozen=True, slots=True)
class Controls:
    """The controls of one question."""

    deadline_s: float
    partial: Partial | None = None
    """None: an incomplete yes is given, an incomplete no is not."""
    selection: Selection = field(default_factory=Selection)
    warnings: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


def read_controls(
    parameters: Mapping[str, Sequence[str]], prefer: str, settings: QuerySettings
) -> Controls:
    """Read `wait`, `partial`, `ask` and `group`; `prefer` is the Prefer header (RFC 7240)."""
    problems: list[str] = []
    warnings: list[str] = []
    deadline_s = _deadline(_last(parameters, "wait"), prefer, settings, problems, warnings)
    partial = _last(parameters, "partial").lower()
    if partial not in {"", "allow", "deny"}:
        problems.append("partial: allow or deny")
    asked = [
        name.strip()
        for value in parameters.get("ask", ())
        for name in value.split(",")
        if name.strip()
    ]
    group = _last(parameters, "group")
    return Controls(
        deadline_s=deadline_s,
        partial="allow" if partial == "allow" else "deny" if partial == "deny" else None,
        selection=Selection(
            members=frozenset(asked) if asked else None,
            group=group or None,
        ),
        warnings=tuple(warnings),
        problems=tuple(problems),
    )


def _deadline(
    wait: str,
    prefer: str,
    settings: QuerySettings,
    problems: list[str],
    warnings: list[str],
) -> float:
    if wait.lower() == "all":
        return settings.max_deadline_s
    if not wait:
        preferred = _PREFER_WAIT.search(prefer)
        if preferred is None:
            return settings.deadline_s
        wait = preferred[1]
    try:
        seconds = float(wait)
    except ValueError:
        seconds = -1.0
    if not 0 < seconds < float("inf"):
        problems.append("wait: a number of seconds above 0, or all")
        return settings.deadline_s
    if seconds > settings.max_deadline_s:
        warnings.append(f"wait: at most {settings.max_deadline_s:g} s")
    return min(seconds, settings.max_deadline_s)


def _last(parameters: Mapping[str, Sequence[str]], name: str) -> str:
    values = parameters.get(name) or [""]
    return values[-1].strip()
