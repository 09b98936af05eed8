"""Drawings of health as SVG in a page: bars of checks, and the line of times. Pure.

Every bar differs by height and by colour and says its facts in a title; colours come from
`health.css` by class. Nothing of a member's own words is drawn.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from markupsafe import Markup, escape

from registry.history import Uptime

_HEIGHT: Final = 24
_STEP: Final = 5
_GAP: Final = 1
_WIDTH: Final = 600
_TALL: Final = 120
_STEPS: Final = (1, 2, 5)


class Bar(StrEnum):
    """What a span of time was like."""

    UP = "up"
    SLOW = "slow"
    PARTLY = "partly"
    """Some checks failed; fewer than half."""
    DOWN = "down"
    """Half of the checks failed, or more."""
    NONE = "none"
    """Nothing is known of it: not checked, paused, or our own connection was away."""


_HEIGHTS: Final = {Bar.UP: 24, Bar.SLOW: 16, Bar.PARTLY: 12, Bar.DOWN: 8, Bar.NONE: 2}


@dataclass(frozen=True, slots=True)
class Slot:
    """A span of time: what its checks said, and how long their answers took."""

    start: datetime
    end: datetime
    uptime: Uptime = field(default_factory=Uptime)
    slow: int = 0
    p50_ms: float | None = None
    p95_ms: float | None = None

    @property
    def bar(self) -> Bar:
        """What it was like: one lost packet makes no outage, and nothing known is nothing."""
        checks, down = self.uptime.checks, self.uptime.down
        if not checks:
            return Bar.NONE
        if 2 * down >= checks:
            return Bar.DOWN
        if 10 * down >= checks:
            return Bar.PARTLY
        return Bar.SLOW if 2 * self.slow >= self.uptime.up else Bar.UP


@dataclass(frozen=True, slots=True)
class Band:
    """An outage in a drawing."""

    begin: datetime
    end: datetime
    title: str


def counted(slots: Iterable[Slot]) -> dict[Bar, int]:
    """Count the bars of each kind, those that there are none of as well."""
    found = dict.fromkeys(Bar, 0)
    for slot in slots:
        found[slot.bar] += 1
    return found


def bars(slots: Sequence[Slot], *, summary: str, title: Callable[[Slot], str]) -> Markup:
    """Draw one bar for each slot; `summary` is what who cannot see it is told."""
    drawn = [
        f'<rect class="{slot.bar}" x="{at * _STEP}" y="{_HEIGHT - _HEIGHTS[slot.bar]}" '
        f'width="{_STEP - _GAP}" height="{_HEIGHTS[slot.bar]}">'
        f"<title>{escape(title(slot))}</title></rect>"
        for at, slot in enumerate(slots)
    ]
    width = max(1, len(slots) * _STEP - _GAP)
    return Markup(  # noqa: S704 - words in it are escaped, the rest is ours
        f'<svg class="bars" role="img" aria-label="{escape(summary)}" '
        f'viewBox="0 0 {width} {_HEIGHT}" preserveAspectRatio="none" focusable="false">'
        f"{''.join(drawn)}</svg>"
    )


def sparkline(slots: Sequence[Slot], bands: Sequence[Band], *, summary: str) -> Markup:
    """Draw the medians and the 95th percentiles of slots, with a band for each outage."""
    if not slots:
        return Markup("")
    top = top_ms(slots)
    begin, end = slots[0].start, slots[-1].end
    drawn = [_band(band, begin, end) for band in bands if band.end > begin and band.begin < end]
    for kind, values in (
        ("p95", [slot.p95_ms for slot in slots]),
        ("p50", [slot.p50_ms for slot in slots]),
    ):
        drawn += _line(kind, values, top)
    return Markup(  # noqa: S704 - words in it are escaped, the rest is ours
        f'<svg class="sparkline" role="img" aria-label="{escape(summary)}" '
        f'viewBox="0 0 {_WIDTH} {_TALL}" preserveAspectRatio="none" focusable="false">'
        f"{''.join(drawn)}</svg>"
    )


def top_ms(slots: Iterable[Slot]) -> float:
    """Give the time at the upper edge of the drawing in milliseconds: 1, 2 or 5 of a decade."""
    highest = max((slot.p95_ms or slot.p50_ms or 0.0 for slot in slots), default=0.0)
    decade = 1.0
    while decade * 10 <= highest:
        decade *= 10
    return next((decade * one for one in _STEPS if decade * one >= highest), decade * 10)


def _band(band: Band, begin: datetime, end: datetime) -> str:
    whole = (end - begin).total_seconds()
    left = max(0.0, (band.begin - begin).total_seconds() / whole) * _WIDTH
    right = min(1.0, (band.end - begin).total_seconds() / whole) * _WIDTH
    return (
        f'<rect class="band" x="{_number(left)}" y="0" width="{_number(max(1.0, right - left))}" '
        f'height="{_TALL}"><title>{escape(band.title)}</title></rect>'
    )


def _line(kind: str, values: Sequence[float | None], top: float) -> list[str]:
    """Draw a line through what is known; it is broken where nothing is."""
    drawn, run = [], []
    for at, value in enumerate([*values, None]):
        if value is not None:
            run.append((_WIDTH * (at + 0.5) / len(values), _TALL * (1 - min(1.0, value / top))))
            continue
        if len(run) == 1:  # a point alone is a short stroke, as no line goes through it
            ((x, y),) = run
            run = [(x - 1.5, y), (x + 1.5, y)]
        if run:
            points = " ".join(f"{_number(x)},{_number(y)}" for x, y in run)
            drawn.append(f'<polyline class="{kind}" points="{points}"></polyline>')
        run = []
    return drawn


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
