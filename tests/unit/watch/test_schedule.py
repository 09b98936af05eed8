"""When members are looked at, and when at everything."""

import pytest

from aggregator.watch.looking import Discovery
from aggregator.watch.schedule import Extent, LookSchedule, after_glance
from registry.capabilities import Capabilities, Document, FilteringTerm
from registry.models import Protocol
from tests.builders import member

DESCRIBED = {"protocol": Protocol.V2, "beacon_id": "org.v2", "fetched_at": "2026-01-01T00:00:00Z"}


def known(**more):
    return member(capabilities={**DESCRIBED, **more})


@pytest.fixture
def schedule():
    return LookSchedule(info_s=300, refresh_s=3600, retry_s=60)


def described(**more):
    return Capabilities(**{**DESCRIBED, **more})


def looked(schedule, asked, now, extent=Extent.ALL, unfinished=()):
    schedule.begin(asked, now)
    found = Discovery(asked.capabilities, (), unfinished=frozenset(unfinished))
    schedule.saw(asked, extent, found, now)


def whole(schedule, asked, now):
    looked(schedule, asked, now)


def test_a_member_never_seen_is_due(schedule):
    assert schedule.is_due(known(), 0)


def test_a_description_is_glanced_at_on_the_shorter_period(schedule):
    whole(schedule, known(), 0)
    assert not schedule.is_due(known(), 299)
    assert schedule.is_due(known(), 300)


def test_a_glance_that_shows_nothing_new_is_enough(schedule):
    whole(schedule, known(), 0)
    schedule.begin(known(), 300)
    assert schedule.extent(known(), described(), 300) is Extent.GLANCE


@pytest.mark.parametrize("new", [{"api_version": "v2.1"}, {"beacon_id": "org.other"}])
def test_a_change_in_the_description_is_a_reason_to_look_at_everything(schedule, new):
    whole(schedule, known(), 0)
    assert schedule.extent(known(), described(**new), 300) is Extent.ALL


def test_a_new_date_of_change_alone_is_a_reason_once_an_hour():
    schedule = LookSchedule(info_s=300, refresh_s=86400, retry_s=60)
    whole(schedule, known(updated_at="00:00"), 0)
    again = known(updated_at="00:00")
    assert schedule.extent(again, described(updated_at="00:00"), 300) is Extent.GLANCE
    assert schedule.extent(again, described(updated_at="00:10"), 600) is Extent.UPDATED
    looked(schedule, known(updated_at="00:10"), 600, Extent.UPDATED)
    assert schedule.extent(again, described(updated_at="01:09"), 4199) is Extent.GLANCE
    assert schedule.extent(again, described(updated_at="00:10"), 4200) is Extent.GLANCE
    assert schedule.extent(again, described(updated_at="01:10"), 4200) is Extent.UPDATED


def test_a_date_of_change_that_is_the_clock_does_not_put_off_the_refresh():
    schedule = LookSchedule(info_s=300, refresh_s=7200, retry_s=60)
    whole(schedule, known(updated_at="00:00"), 0)
    looked(schedule, known(updated_at="01:00"), 3600, Extent.UPDATED)
    assert schedule.extent(known(), described(updated_at="02:00"), 7200) is Extent.ALL


def test_everything_is_looked_at_when_its_time_is_over(schedule):
    whole(schedule, known(), 0)
    assert schedule.extent(known(), described(), 3599) is Extent.GLANCE
    assert schedule.extent(known(), described(), 3600) is Extent.ALL


def test_a_look_that_came_to_no_end_is_repeated_at_the_next_glance(schedule):
    schedule.begin(known(), 0)
    assert schedule.extent(known(), described(), 300) is Extent.ALL


def test_documents_that_did_not_come_are_asked_for_again_ever_less_often():
    schedule = LookSchedule(info_s=300, refresh_s=1000, retry_s=60)
    broken = {Document.MAP}
    looked(schedule, known(), 0, unfinished=broken)
    assert schedule.unfinished(known()) == broken
    assert schedule.extent(known(), described(), 299) is Extent.GLANCE
    assert schedule.extent(known(), described(), 300) is Extent.MISSING
    looked(schedule, known(), 300, Extent.MISSING, broken)
    assert schedule.extent(known(), described(), 899) is Extent.GLANCE
    assert schedule.extent(known(), described(), 900) is Extent.MISSING
    looked(schedule, known(), 900, Extent.MISSING)
    assert schedule.extent(known(), described(), 999) is Extent.GLANCE


def test_the_wait_for_a_document_grows_no_further_than_the_refresh():
    schedule = LookSchedule(info_s=300, refresh_s=1000, retry_s=60)
    looked(schedule, known(), 0, unfinished={Document.MAP})
    for now in (300, 900, 950):
        looked(schedule, known(), now, Extent.MISSING, {Document.MAP})
    assert schedule._seen["one"].retry - 950 == 1000


def test_test_questions_follow_once_in_a_refresh(schedule):
    whole(schedule, known(), 0)
    assert schedule.may_probe(known(), 0)
    schedule.probed(known(), 0)
    assert not schedule.may_probe(known(), 3599)
    assert schedule.may_probe(known(), 3600)


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
