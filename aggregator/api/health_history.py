"""Reads the history that pages of health show: each page once, and only of whom it shows."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from aggregator.api.health_drawings import Slot
from aggregator.base.errors import BadQuery
from registry.health import Check
from registry.health_store import HealthStore
from registry.history import Bucket, Figures, Histogram, Kind, Tier, Uptime, Window
from registry.incidents import Incident, IncidentKey, Topic
from registry.objective_reads import objectives_of
from registry.objectives import Objective

NETWORK: Final = ""
"""Whose incidents those of the network itself are."""
INCIDENTS: Final = 20
"""How many incidents a page shows."""
_MOST_BANDS: Final = 200
_GONE: Final = "below: no such incident is told of here now. Leave it out to begin with the newest."


@dataclass(frozen=True, slots=True)
class Grid:
    """How a span of time is cut into slots."""

    tier: Tier
    step: timedelta
    number: int

    def begin(self, now: datetime) -> datetime:
        """Give when the first slot begins; the last one ends with the bucket that holds `now`."""
        end = datetime.fromtimestamp(self.tier.start_of(now), UTC) + self.tier.length
        return end - self.number * self.step


HALF_HOURS: Final = Grid(Tier.HALF_HOUR, timedelta(minutes=30), 48)
DAYS: Final = Grid(Tier.DAY, timedelta(days=1), 30)
CHARTS: Final = {
    Window.DAY: HALF_HOURS,
    Window.WEEK: Grid(Tier.HALF_HOUR, timedelta(hours=2), 84),
    Window.MONTH: Grid(Tier.HOUR, timedelta(hours=6), 120),
    Window.YEAR: Grid(Tier.DAY, timedelta(days=5), 73),
}
LISTED: Final = (Window.DAY, Window.WEEK, Window.MONTH)
"""The windows that the list of all members tells of."""


@dataclass(frozen=True, slots=True)
class Incidents:
    """Some incidents, newest first."""

    shown: tuple[Incident, ...] = ()
    older: str = ""
    """The id of the last of them, where there are older ones."""


@dataclass(frozen=True, slots=True)
class NetworkHistory:
    """What the list of all members tells."""

    figures: Mapping[Window, Mapping[str, Figures]]
    bars: Mapping[str, tuple[Slot, ...]]
    incidents: Incidents
    cut: Incident | None
    """This network's own connection is away."""

    def of(self, member_id: str, window: Window) -> Figures:
        """Give the figures of a member."""
        return self.figures[window].get(member_id, Figures())


@dataclass(frozen=True, slots=True)
class MemberHistory:
    """What the page of one member tells."""

    checks: tuple[Check, ...] = ()
    figures: Mapping[Window, Figures] = field(default_factory=dict)
    questions: Mapping[Window, Figures] = field(default_factory=dict)
    half_hours: tuple[Slot, ...] = ()
    days: tuple[Slot, ...] = ()
    chart: tuple[Slot, ...] = ()
    outages: tuple[Incident, ...] = ()
    """Those that the chart shows."""
    incidents: Incidents = field(default_factory=Incidents)
    objectives: tuple[Objective, ...] = ()


async def figures_of_all(
    health: HealthStore, windows: Iterable[Window] = LISTED
) -> dict[Window, Mapping[str, Figures]]:
    """Read everybody's figures; raises `RegistryUnavailable`, as all that is read here."""
    return {window: await health.figures(window) for window in windows}


async def read_network(
    health: HealthStore,
    *,
    figures: Mapping[Window, Mapping[str, Figures]],
    drawn: Collection[str],
    known: Collection[str],
    below: str,
    now: datetime,
) -> NetworkHistory:
    """Read what the list tells beside figures: bars of those `drawn`, incidents of all `known`."""
    cut = await health.incidents([NETWORK], is_open=True, limit=1)
    begin = HALF_HOURS.begin(now)
    # everybody's, which the store keeps for a moment
    buckets = await health.buckets(HALF_HOURS.tier, begin) if drawn else {}
    return NetworkHistory(
        figures,
        {one: slots_of(buckets.get(one, ()), HALF_HOURS, now) for one in drawn},
        await read_incidents(health, [*known, NETWORK], below=below),
        next(iter(cut), None),
    )


async def read_member(
    health: HealthStore,
    member_id: str,
    *,
    window: Window,
    below: str,
    every_s: float,
    now: datetime,
) -> MemberHistory:
    """Read what the page of a member tells; the chart is of `window`."""
    whom = [member_id]

    async def figures(kind: Kind) -> dict[Window, Figures]:
        return {
            one: (await health.figures(one, kind=kind, member_ids=whom)).get(member_id, Figures())
            for one in Window
        }

    async def slots(grid: Grid, *, with_times: bool = False) -> tuple[Slot, ...]:
        found = await health.buckets(grid.tier, grid.begin(now), member_ids=whom)
        return slots_of(found.get(member_id, ()), grid, now, with_times=with_times)

    grid = CHARTS[window]
    chart = await slots(grid, with_times=True)
    outages = await health.incidents(whom, since=grid.begin(now), limit=_MOST_BANDS)
    return MemberHistory(
        checks=await health.checks(member_id),
        figures=await figures(Kind.CHECK),
        questions=await figures(Kind.QUESTION),
        half_hours=chart if window is Window.DAY else await slots(HALF_HOURS),
        days=await slots(DAYS),
        chart=chart,
        outages=tuple(one for one in outages if one.topic is Topic.OUTAGE),
        incidents=await read_incidents(health, whom, below=below),
        objectives=(await objectives_of(health, whom, every_s=every_s, now=now))[member_id],
    )


async def read_incidents(
    health: HealthStore, member_ids: Collection[str], *, below: str
) -> Incidents:
    """Read one page of incidents, those before the one of an id; raises `BadQuery`."""
    number = None
    if below:
        key = IncidentKey.read(below)
        # of others, also of hidden members, nobody learns whether there is one
        is_shown = key is not None and key.member_id in member_ids
        number = await health.incident_number(key) if key is not None and is_shown else None
        if number is None:
            raise BadQuery([_GONE])
    found = await health.incidents(member_ids, below=number, limit=INCIDENTS + 1)
    shown = found[:INCIDENTS]
    return Incidents(shown, shown[-1].id if len(found) > INCIDENTS else "")


def slots_of(
    buckets: Sequence[Bucket], grid: Grid, now: datetime, *, with_times: bool = False
) -> tuple[Slot, ...]:
    """Put buckets into the slots of a grid that ends now; a slot without any is empty."""
    begin = grid.begin(now)
    step_s = grid.step.total_seconds()
    held: list[list[Bucket]] = [[] for _ in range(grid.number)]
    for bucket in buckets:
        at = int((bucket.start - begin.timestamp()) // step_s)
        if 0 <= at < grid.number:
            held[at].append(bucket)
    return tuple(
        _slot(begin + at * grid.step, grid.step, parts, with_times=with_times)
        for at, parts in enumerate(held)
    )


def _slot(start: datetime, step: timedelta, parts: Sequence[Bucket], *, with_times: bool) -> Slot:
    times = Histogram.joined(part.times for part in parts) if with_times else Histogram()
    return Slot(
        start,
        start + step,
        sum((part.uptime for part in parts), Uptime()),
        sum(part.slow for part in parts),
        times.quantile(0.5),
        times.quantile(0.95),
    )
