"""Takes in what the check before joining saw, so that a new member's first question is asked right.

A form to join comes some time after its check, so what was seen is kept for a while in this
process. It may be missing, as in another process: then the beacon is looked at as every member is.
"""

import contextlib
from collections import OrderedDict
from typing import TYPE_CHECKING, Final

from aggregator.base.errors import RegistryUnavailable
from aggregator.watch.joining import CheckReport
from registry.models import MemberEntry
from registry.places import place_of
from registry.records import MemberRecord, MemberState
from registry.snapshot import RegisteredMember

if TYPE_CHECKING:
    from aggregator.api.context import Api

MAX_KEPT: Final = 32
"""Reports of beacons that may join, of which most are a few kilobytes."""


class PassedChecks:
    """What the last checks saw of beacons that may join, by address and protocol."""

    def __init__(self) -> None:
        self._reports: OrderedDict[str, CheckReport] = OrderedDict()

    def keep(self, report: CheckReport) -> None:
        """Keep the report of a beacon that may join; the oldest gives way."""
        if not report.may_join:
            return
        place = f"{report.url} {report.suggested.get('protocol')}"
        self._reports[place] = report
        self._reports.move_to_end(place)
        while len(self._reports) > MAX_KEPT:
            self._reports.popitem(last=False)

    def take(self, record: MemberRecord) -> CheckReport | None:
        """Give the report of the place an entry names, once."""
        return self._reports.pop(place_of(record.entry), None)


async def take_in(api: "Api", record: MemberRecord, report: CheckReport | None) -> None:
    """Know from now on what the check saw of a beacon, if it is a member where it was seen.

    The change is kept already: a registry that fails now only makes the beacon be looked at later.
    """
    seen = None if report is None else report.member
    if seen is None or record.state is not MemberState.ACTIVE or not _is_of(record.entry, seen):
        return
    store, place = api.registry.store, place_of(record.entry)
    with contextlib.suppress(RegistryUnavailable):
        await store.learn_capabilities(record.id, seen.capabilities, place=place)
        await store.learn_dialect(record.id, seen.learned, seen.probes, place=place)
        await api.registry.force()


def _is_of(entry: MemberEntry, seen: RegisteredMember) -> bool:
    """Whether an entry is asked where, and in the protocol, that the check found."""
    return entry.url == seen.entry.url and entry.protocol in {seen.entry.protocol, seen.protocol}
