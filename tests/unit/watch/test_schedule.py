"""When members are looked at, and when at everything."""

import pytest

from aggregator.watch.schedule import LookSchedule, after_glance
from registry.models import Capabilities, FilteringTerm, Protocol
from tests.builders import member

DESCRIBED = {"protocol": Protocol.V2, "beacon_id": "org.v2", "fetched_at": "2026-01-01T00:00:00Z"}


def known(**more):
    return member(capabilities={**DESCRIBED, **more})


@pytest.fixture
def schedule():
    return LookSchedule(info_s=300, refresh_s=3600, retry_s=60)


def whole(schedule, asked, now):
    schedule.begin(asked, now)
    schedule.saw_all(asked, now)


def test_a_member_never_seen_is_due(schedule):
    assert schedule.is_due(known(), 0)


def test_a_description_is_glanced_at_on_the_shorter_period(schedule):
    whole(schedule, known(), 0)
    assert not schedule.is_due(known(), 299)
    assert schedule.is_due(known(), 300)


def test_a_glance_that_shows_nothing_new_is_enough(schedule):
    whole(schedule, known(), 0)
    schedule.begin(known(), 300)
    assert not schedule.needs_all(known(), Capabilities(**DESCRIBED), 300)


@pytest.mark.parametrize(
    "new", [{"updated_at": "2026-02-01"}, {"api_version": "v2.1"}, {"beacon_id": "org.other"}]
)
def test_a_change_in_the_description_is_a_reason_to_look_at_everything(schedule, new):
    whole(schedule, known(), 0)
    assert schedule.needs_all(known(), Capabilities(**{**DESCRIBED, **new}), 300)


def test_everything_is_looked_at_when_its_time_is_over(schedule):
    whole(schedule, known(), 0)
    assert not schedule.needs_all(known(), Capabilities(**DESCRIBED), 3599)
    assert schedule.needs_all(known(), Capabilities(**DESCRIBED), 3600)


def test_a_look_that_was_not_whole_is_repeated_at_the_next_glance(schedule):
    schedule.begin(known(), 0)
    assert schedule.needs_all(known(), Capabilities(**DESCRIBED), 300)


def test_a_member_that_left_and_came_back_is_new(schedule):
    whole(schedule, known(), 0)
    schedule.keep({"other": None})
    assert schedule.is_due(known(), 1)


def test_a_glance_keeps_what_the_other_documents_told():
    before = known(filtering_terms=[{"id": "HP:1"}], name="Old").capabilities
    found = Capabilities(**{**DESCRIBED, "name": "New", "updated_at": "2026-02-01"})
    after = after_glance(before, found)
    assert after.filtering_terms == (FilteringTerm(id="HP:1"),)
    assert (after.name, after.updated_at) == ("New", "2026-02-01")


def test_a_glance_at_version_1_tells_everything():
    found = Capabilities(protocol=Protocol.V1, name="One")
    assert after_glance(known().capabilities, found) is found
