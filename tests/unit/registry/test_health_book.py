"""The book: what checks and questions are counted as, which incidents and events they make."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.health import Check, Phase, QuestionFacts, Result, Standing, State, Trait
from registry.health_pending import PendingBuckets
from registry.health_tables import KEPT_CHECKS
from registry.history import Bucket, Histogram, Kind, Tier, Uptime
from registry.incidents import Event, Incident, Topic
from tests.unit.registry.book_life import NOON, PLACE, Life


def test_an_outage_is_one_incident_and_two_events():
    life = Life().live("UUDDD?DDUU")
    assert life.told() == [
        ("outage", "began", "has not answered since 12:03 UTC: the certificate is expired"),
        ("outage", "ended", "answers again after 6 min"),
    ]
    (incident,) = life.incidents.values()
    assert incident.began == NOON + timedelta(minutes=3)
    assert incident.ended == NOON + timedelta(minutes=9)
    assert (incident.phase, incident.checks) == ("tls", 5)
    assert incident.message == "the certificate is expired"
    assert incident.request == "curl https://a.example.org/api/info"


def test_a_batch_holds_the_state_as_it_is_and_nothing_twice():
    life = Life().live("UDDDD")
    batch = life.book.drain()
    assert batch.standings["a"][0] == PLACE
    assert batch.standings["a"][1].state is State.DOWN
    assert [check.result.value for _, check in batch.checks] == ["up", *["down"] * 4]
    assert [one.checks for one in batch.incidents] == [4]
    assert not life.book.drain()


def test_the_same_outage_has_the_same_keys_after_a_crash():
    first = Life().live("UDDD").written()
    again = Life().live("UDDD").written()
    assert [one.key for one in first.events] == [one.key for one in again.events]
    assert len({one.key for one in first.live("UUDDDUU").written().events}) == 4


def test_what_was_taken_up_goes_on():
    before = Life().live("UUDDD").written()
    standing = before.book.standing("a")
    life = Life()
    life.at = before.at
    (change,) = before.incidents.values()
    incident = Incident(
        1, "a", Topic.OUTAGE, change.began, None, Phase.TLS, change.message, change.checks
    )
    life.book.take_up({"a": standing}, {"a": PLACE}, [incident])
    life.live("DUU")
    assert life.told() == [("outage", "ended", "answers again after 4 min")]
    (ended,) = life.incidents.values()
    assert (ended.began, ended.checks) == (change.began, 4)


def test_a_member_at_a_new_place_begins_anew_and_nobody_is_told():
    life = Life().live("UDDD").written()
    life.events.clear()
    life.live("D", place="https://b.example.org/api beacon-v2")
    assert life.told() == []
    assert life.book.standing("a").state is State.UNKNOWN
    assert life.book.standing("a").failures == 1
    (incident,) = life.incidents.values()
    assert incident.ended == life.at


def test_a_pause_ends_the_outage_without_saying_that_it_answers():
    life = Life().live("UDDDPPP").written()
    assert [one.what for one in life.events] == ["began"]
    (incident,) = life.incidents.values()
    assert incident.ended == NOON + timedelta(minutes=5)
    assert life.live("U").told() == life.told()
    life.live("DDD")
    assert [one[1] for one in life.told()] == ["began", "began"]


def test_of_a_long_pause_one_check_is_kept():
    life = Life().live("UPPPPPUP")
    kept = [check.result.value for _, check in life.book.drain().checks]
    assert kept == ["up", "paused", "up", "paused"]


def test_members_that_are_gone_end_without_an_event_and_stand_nowhere():
    life = Life().live("UDDD").live("UDDD", member_id="b").written()
    life.events.clear()
    life.book.keep(["b"])
    batch = life.book.drain()
    assert [(one.member_id, one.ended) for one in batch.incidents] == [("a", life.at)]
    assert batch.events == []
    assert batch.standings["a"][1].state is State.UNKNOWN
    life.book.keep(["b"])
    assert not life.book.drain()
    assert life.book.standing("b").state is State.DOWN


@given(st.text("UD?P", max_size=80))
@settings(max_examples=50)
def test_every_check_is_counted_once_in_each_length(row):
    life = Life().live(row).written()
    for tier in Tier:
        uptimes = [one.uptime for one in life.buckets if one.tier is tier]
        total = sum(uptimes, Uptime())
        assert total == Uptime(row.count("U"), row.count("D"), row.count("?"), row.count("P"))
        times = Histogram.joined(one.times for one in life.buckets if one.tier is tier)
        assert times.total == row.count("U"), "only answers have a time"


@given(st.text("UD?P", max_size=80))
@settings(max_examples=50)
def test_what_ends_had_begun_and_what_is_told_is_told_once(row):
    life = Life().live(row).written()
    keys = [one.key for one in life.events]
    assert len(keys) == len(set(keys))
    began = {(one.topic, one.details["began"]) for one in life.events if one.what == "began"}
    assert {
        (one.topic, one.details["began"]) for one in life.events if one.what == "ended"
    } <= began
    is_down = life.book.standing("a").state is State.DOWN
    assert life.is_open(Topic.OUTAGE) is is_down


def test_slow_and_flapping_are_incidents_too():
    life = Life().live("UUU", ms=6_000.0).live("U" * 10, ms=100.0)
    assert life.told() == [
        ("slow", "began", "is slow: half of its last answers took 6.0 s or longer"),
        ("slow", "ended", "is not slow any more"),
    ]
    life = Life().live("UUU" + "DU" * 3 + "U" * 20)
    assert [one[:2] for one in life.told()] == [("flapping", "began"), ("flapping", "ended")]


def test_slow_checks_are_answers_and_counted_as_slow():
    life = Life().live("UUD", ms=6_000.0).written()
    assert [one.slow for one in life.buckets if one.tier is Tier.DAY] == [2]


def test_questions_are_other_facts_than_checks():
    life = Life().live("UU").ask("AATF").written()
    of_questions = [one for one in life.buckets if one.kind is Kind.QUESTION]
    assert [(one.uptime, one.timed_out) for one in of_questions] == [(Uptime(2, 2, 1), 1)] * 4
    assert sum(one.uptime.up for one in life.buckets if one.kind is Kind.CHECK) == 8


@pytest.mark.parametrize("row", ["UUU", "UUUDDDP"])
def test_an_outage_left_open_by_one_that_wrote_late_ends_when_it_is_taken_up(row):
    standing = Life().live(row).book.standing("a")
    life = Life()
    life.at += timedelta(hours=1)
    late = Incident(1, "a", Topic.OUTAGE, NOON - timedelta(hours=2), None, None, "refused")
    life.book.take_up({"a": standing}, {"a": PLACE}, [late])
    assert not life.is_open(Topic.OUTAGE)
    is_up = standing.state is State.UP
    assert [one[1] for one in life.told()] == (["ended"] if is_up else [])
    (ended,) = life.incidents.values()
    assert (ended.began, ended.ended) == (late.began, standing.since)
    life.events.clear()
    life.live("UDDD")
    assert [one[:2] for one in life.told()] == [("outage", "began")]


def test_questions_of_other_processes_count_and_own_ones_once():
    life = Life().live("U").ask("ATT")
    start = Tier.MINUTE.start_of(life.at)

    def minute(begin, up, down, late):
        uptime = Uptime(up, down)
        return Bucket("a", Kind.QUESTION, Tier.MINUTE, begin, uptime, late, 0, Histogram())

    life.book.take_questions({"a": [minute(start, 1, 2, 2), minute(start - 60, 4, 1, 0)]})
    assert life.book.question_facts("a", life.at) == QuestionFacts(5, 3, 2)
    life.ask("A")
    assert life.book.question_facts("a", life.at) == QuestionFacts(6, 3, 2)


def test_incidents_made_elsewhere_are_opened_once_and_kept_current():
    life = Life()
    begun = {"at": NOON, "message": "7 days left", "text": "has 7 days left"}
    assert life.book.begin_incident("a", Topic.CERTIFICATE, **begun)
    again = begun | {"at": NOON + timedelta(hours=1), "message": "6 days left"}
    assert not life.book.begin_incident("a", Topic.CERTIFICATE, **again)
    assert life.told() == [("certificate", "began", "has 7 days left")]
    (incident,) = life.incidents.values()
    assert (incident.began, incident.message) == (NOON, "6 days left")
    assert life.book.end_incident("a", Topic.CERTIFICATE, at=life.at, text="is renewed")
    assert not life.book.end_incident("a", Topic.CERTIFICATE, at=life.at, text="is renewed")
    assert life.told()[1:] == [("certificate", "ended", "is renewed")]


def test_what_is_called_elsewhere_stays_over_checks_and_pauses():
    life = Life().live("U")
    (change,) = life.book.call("a", PLACE, Trait.UNTRUSTED, is_on=True, at=life.at)
    assert change.trait is Trait.UNTRUSTED
    assert life.book.call("a", PLACE, Trait.UNTRUSTED, is_on=True, at=life.at) == ()
    assert life.book.call("a", "elsewhere", Trait.UNTRUSTED, is_on=False, at=life.at) == ()
    assert life.live("DDDPU").book.standing("a").traits == {Trait.UNTRUSTED}


def test_our_own_cut_is_told_once_and_of_nobody():
    life = Life()
    assert life.book.cut(NOON)
    assert not life.book.cut(NOON + timedelta(minutes=1))
    assert life.book.back(NOON + timedelta(minutes=12))
    assert not life.book.back(NOON + timedelta(minutes=13))
    assert [(one.member_id, one.what) for one in life.written().events] == [
        ("", "began"),
        ("", "ended"),
    ]
    assert life.events[1].text == "This network is connected again after 12 min"


def test_a_batch_that_was_given_back_comes_again_as_it_was():
    life = Life().live("UDDD")
    batch = life.book.drain()
    life.book.give_back(batch)
    life.live("UU")
    again = life.book.drain()
    assert again is batch
    following = life.book.drain()
    assert (again.writer, following.writer) == ("w", "w")
    assert again.number < following.number
    assert [one.what for one in following.events] == ["ended"]


def test_what_waits_is_bounded_and_no_check_is_lost():
    life = Life()
    life.book._buckets = PendingBuckets(most=100)
    life.live("U" * 5_000)
    assert len(life.book._buckets) < 400
    batch = life.book.drain()
    assert len(batch.checks) == KEPT_CHECKS
    for tier, least in ((Tier.DAY, 5_000), (Tier.MINUTE, 50)):
        assert sum(one.uptime.up for one in batch.buckets if one.tier is tier) >= least


def test_events_of_others_are_written_as_they_are():
    life = Life()
    event = Event("a:certificate:14:x", "a", Topic.CERTIFICATE, "14", NOON, "14 days are left")
    life.book.tell(event)
    assert life.book.drain().events == [event]


@pytest.mark.parametrize(
    ("phase", "words"),
    [(Phase.SCHEMA, "has not answered as it should"), (Phase.SLOW, "has not answered since")],
)
def test_a_wrong_answer_is_not_told_as_none(phase, words):
    life = Life()
    for minute in range(3):
        at = NOON + timedelta(minutes=minute)
        life.book.checked("a", PLACE, Check(at, Result.DOWN, phase, message="no JSON"))
    ((_, _, text),) = life.told()
    assert text.startswith(words)
    assert text.endswith("12:00 UTC: no JSON")


@pytest.mark.parametrize(("ended", "since"), [(4, 10), (10, 10), (12, 12)])
def test_who_is_down_without_an_outage_is_so_since_the_last_that_is_told_to_be_over(ended, since):
    life = Life()
    at = [NOON + timedelta(minutes=minute) for minute in range(30)]
    down = Standing(State.DOWN, at[10], at[12], counted_at=at[12])
    over = Incident(1, "a", Topic.OUTAGE, at[1], at[ended], None, "")
    life.book.take_up({"a": down}, {"a": PLACE}, [over])
    life.at = at[14]
    life.live("D")
    known = life.book.open_incident("a", Topic.OUTAGE)
    assert (known.began, life.book.standing("a").since) == (at[since], at[since])
