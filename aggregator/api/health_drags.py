"""Who drags the network down: how real questions to each member went, the worst first.

A member that keeps failing is not asked for a while, and such questions are counted nowhere: how
much of the time it was down is what checks say of it.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import urlencode

from multidict import MultiMapping

from aggregator.api.health_facts import MemberHealth
from aggregator.api.health_forms import WINDOWS, below_of, choice
from aggregator.base.errors import BadQuery
from aggregator.base.i18n import N_
from registry.health import Trait
from registry.history import Figures, Window

SORTS: Final = {
    "cost": N_("cost for answers"),
    "p95": N_("p95"),
    "timeouts": N_("timed out"),
    "failed": N_("without an answer"),
    "name": N_("name"),
}
SPANS: Final = {name: word for name, word in WINDOWS.items() if name in {Window.DAY, Window.WEEK}}


@dataclass(frozen=True, slots=True)
class DragForm:
    """How the table was asked for."""

    sort: str = "cost"
    window: Window = Window.DAY
    below: str = ""
    """The id of an incident, of the list on the same page: those before it."""

    @classmethod
    def of(cls, query: MultiMapping[str]) -> "DragForm":
        """Read an address; raises `BadQuery` with everything that is wrong."""
        problems: list[str] = []
        sort = choice(query, "sort", SORTS, problems)
        window = choice(query, "window", SPANS, problems)
        below = below_of(query, problems)
        if problems:
            raise BadQuery(problems)
        return cls(sort, Window(window), below)

    def address(self, *, sort: str = "", window: str = "") -> str:
        """Give the address of this table, or of one that differs."""
        told = replace(self, sort=sort or self.sort, window=Window(window or self.window))
        return f"/admin/health?{urlencode({'sort': told.sort, 'window': told.window.value})}#drags"


@dataclass(frozen=True, slots=True)
class Drag:
    """How real questions to one member went, and how much of the time it was down."""

    id: str
    name: str
    asked: int
    failed: int
    """How many had no usable answer, in time or at all: each leaves an answer incomplete."""
    timed_out: int
    p95_ms: float | None
    share: float | None
    """Of all calls of the network that had no usable answer, those to this member."""
    down: float | None
    """Of the checks of it, those that failed: while it is down most questions are not put to it."""
    cost: float | None
    """About what part of the answers of the network it left incomplete."""


def drags_of(
    board: Iterable[MemberHealth],
    questions: Mapping[str, Figures],
    checks: Mapping[str, Figures],
    sort: str,
) -> list[Drag]:
    """Give a row for each member, the worst first; of which nothing is known comes last."""
    found = [(one, questions.get(one.id, Figures())) for one in board]
    failures = sum(figures.uptime.down for _, figures in found)
    most = max((figures.uptime.checks for _, figures in found), default=0)
    drags = [
        Drag(
            one.id,
            one.name,
            figures.uptime.checks,
            figures.uptime.down,
            figures.timed_out,
            figures.p95_ms,
            figures.uptime.down / failures if failures else None,
            down := _down(checks.get(one.id, Figures())),
            _cost(one, figures, down, most),
        )
        for one, figures in found
    ]
    keys: dict[str, Callable[[Drag], tuple[float, ...] | str]] = {
        "cost": lambda one: (-_known(one.cost), -one.failed, -_known(one.p95_ms)),
        "p95": lambda one: (0, 0) if one.p95_ms is None else (-1, -one.p95_ms),
        "timeouts": lambda one: (-one.timed_out, -one.failed, -one.asked),
        "failed": lambda one: (-one.failed, -one.timed_out, -one.asked),
        "name": lambda one: one.name.casefold(),
    }
    return sorted(drags, key=keys[sort])


def _down(checks: Figures) -> float | None:
    uptime = checks.uptime
    return uptime.down / uptime.checks if uptime.checks else None


def _cost(one: MemberHealth, asked: Figures, down: float | None, most: int) -> float | None:
    """`most`: so many questions were put to the member that was asked most."""
    failed, checks = asked.uptime.down, asked.uptime.checks
    parts = [] if down is None else [down]
    if checks:
        # one that is silent is not asked either, and no check shows it
        parts.append(failed / (checks if Trait.SILENT in one.traits else most))
    return max(parts, default=None)


def _known(value: float | None) -> float:
    return -1 if value is None else value
