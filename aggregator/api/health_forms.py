"""What is asked of the pages of health by their addresses, checked; and the order of the list."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Final
from urllib.parse import urlencode

from multidict import MultiMapping

from aggregator.api.health_facts import MemberHealth
from aggregator.api.health_words import STATES
from aggregator.base.errors import BadQuery
from aggregator.base.i18n import N_
from registry.history import Figures, Window
from registry.incidents import IncidentKey

SORTS: Final = {
    "state": N_("state"),
    "name": N_("name"),
    "uptime": N_("uptime"),
    "p95": N_("p95"),
    "certificate": N_("certificate"),
}
SHOWN: Final = {"all": N_("all"), "failing": N_("not well")}
WINDOWS: Final[Mapping[str, str]] = {
    Window.DAY: N_("24 hours"),
    Window.WEEK: N_("7 days"),
    Window.MONTH: N_("30 days"),
    Window.YEAR: N_("1 year"),
}
_MOST_GROUPS: Final = 20
"""So many are named to whoever asks for one that is not there."""
_MAX_NUMBER: Final = 2**31 - 1
"""No list has more pages."""
_ORDER: Final = {state: index for index, state in enumerate(STATES)}


@dataclass(frozen=True, slots=True)
class HealthForm:
    """What was asked of the list."""

    sort: str = "state"
    show: str = "all"
    group: str = ""
    page: int = 1
    below: str = ""
    """The id of an incident: those before it."""

    @classmethod
    def of(cls, query: MultiMapping[str], groups: Collection[str]) -> "HealthForm":
        """Read an address; `groups` are all there are. Raises `BadQuery` with all that is wrong."""
        problems: list[str] = []
        sort = choice(query, "sort", SORTS, problems)
        show = choice(query, "show", SHOWN, problems)
        group = " ".join(query.get("group", "").split())
        if group and group not in groups:
            problems.append(_no_group(group, sorted(groups)))
        page = _number(query, "page", problems)
        below = _incident(query, "below", problems)
        if problems:
            raise BadQuery(problems)
        return cls(sort, show, group, page or 1, below)

    def address(self, path: str = "/health", **changes: str | int | None) -> str:
        """Give the address of this list, or of one that differs in some fields."""
        told = {one.name: getattr(self, one.name) for one in fields(self)}
        told |= {"page": 1, "below": ""} | changes
        usual = {one.name: one.default for one in fields(self)}
        kept = {name: value for name, value in told.items() if value != usual[name]}
        return f"{path}?{urlencode(kept)}" if kept else path


@dataclass(frozen=True, slots=True)
class MemberForm:
    """What was asked of the page of one member."""

    window: Window = Window.DAY
    below: str = ""

    @classmethod
    def of(cls, query: MultiMapping[str]) -> "MemberForm":
        """Read an address; raises `BadQuery` with everything that is wrong."""
        problems: list[str] = []
        window = choice(query, "window", WINDOWS, problems)
        below = _incident(query, "below", problems)
        if problems:
            raise BadQuery(problems)
        return cls(Window(window), below)


def _no_group(wanted: str, groups: Sequence[str]) -> str:
    more = f" and {len(groups) - _MOST_GROUPS:,} more" if len(groups) > _MOST_GROUPS else ""
    if not groups:
        return "group: this network has none, leave it out."
    return f"group: “{wanted[:40]}” is none of {', '.join(groups[:_MOST_GROUPS])}{more}."


def no_page(pages: int, wanted: int) -> str:
    """Say that a list has no such page."""
    has = "1 page" if pages == 1 else f"{pages:,} pages"
    return f"The list has {has}; there is no page {wanted:,}."


def below_of(query: MultiMapping[str], problems: list[str]) -> str:
    """Read before which incident others are wanted; says what is wrong otherwise."""
    return _incident(query, "below", problems)


def in_order(
    board: list[MemberHealth],
    sort: str,
    figures: Mapping[Window, Mapping[str, Figures]],
) -> list[MemberHealth]:
    """Sort, the worst first; what is not known comes last, and equals stay as they are."""

    def uptime(one: MemberHealth) -> tuple[float, float]:
        share = figures[Window.MONTH].get(one.id, Figures()).uptime.share
        return (1, 0) if share is None else (0, share)

    def p95(one: MemberHealth) -> tuple[float, float]:
        told = figures[Window.DAY].get(one.id, Figures()).p95_ms
        return (1, 0) if told is None else (0, -told)

    keys: dict[str, Callable[[MemberHealth], tuple[float, float] | tuple[str, ...]]] = {
        "state": lambda one: (_ORDER[one.now], -len(one.traits)),
        "name": lambda one: (one.name.casefold(), one.id),
        "uptime": uptime,
        "p95": p95,
        "certificate": _certificate,
    }
    return sorted(board, key=keys[sort])


def _certificate(one: MemberHealth) -> tuple[float, float]:
    told = one.certificate
    if told is None or (told.days is None and not told.problem):
        return 1, 0
    rank = {"bad": -1.0, "good": 0.5}  # what is renewed every few days is no worse than others
    return rank.get(told.level, 0.0), told.days or 0


def choice(
    query: MultiMapping[str], name: str, known: Mapping[str, str], problems: list[str]
) -> str:
    """Read one of several words, the first where there is none; says what is wrong otherwise."""
    told = query.get(name, "")
    if not told:
        return str(next(iter(known)))
    if told not in known:
        problems.append(f"{name}: “{told[:40]}” is none of {', '.join(known)}.")
    return told


def _incident(query: MultiMapping[str], name: str, problems: list[str]) -> str:
    told = query.get(name, "")
    if told and IncidentKey.read(told) is None:
        problems.append(f"{name}: the id of an incident, as these pages give it.")
    return told


def _number(query: MultiMapping[str], name: str, problems: list[str]) -> int | None:
    told = query.get(name, "")
    if not told:
        return None
    if not (
        told.isascii() and told.isdecimal() and len(told) <= 10 and 0 < int(told) <= _MAX_NUMBER
    ):
        problems.append(f"{name}: a whole number from 1 to {_MAX_NUMBER:,}.")
        return None
    return int(told)
