"""Whether what went wrong still does: nobody is reminded of what was not looked at lately.

An incident stays open while nobody checks: between an end and the next start, and where checks are
switched off. What members were like before says nothing of now.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final

from registry.health import Standing, State, Trait
from registry.incidents import Incident, Topic

CHECKS: Final = 3
"""So many intervals of checks old a finding may be at most."""


class Lasting:
    """Says of open incidents whether the last checks found them."""

    def __init__(
        self,
        standings: Callable[[], Mapping[str, Standing]],
        *,
        every_s: float,
        now: Callable[[], datetime],
    ) -> None:
        self._standings = standings
        self._every_s = every_s
        self._now = now

    @property
    def settles(self) -> timedelta:
        """How long it takes until all members were looked at often enough to judge them."""
        return timedelta(seconds=CHECKS * self._every_s)

    def __call__(self, incident: Incident) -> bool:
        """Whether it lasts; False if that is not known."""
        if self._every_s <= 0:
            return False
        standing = self._standings().get(incident.member_id)
        if standing is None or not self._is_fresh(standing):
            return False
        if incident.topic is Topic.SILENT:
            return Trait.SILENT in standing.traits
        return standing.state is State.DOWN

    def _is_fresh(self, standing: Standing) -> bool:
        seen = standing.counted_at or standing.checked_at
        return seen is not None and abs(self._now() - seen) <= self.settles
