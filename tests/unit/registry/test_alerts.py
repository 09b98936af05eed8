"""The rules of alerts: quiet hours in every time zone, waits, signatures, links."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from registry.alerts import (
    GIVEN_UP,
    MOST_ATTEMPTS,
    OVER,
    OWN_CUT,
    RETRIES_S,
    Delivery,
    Held,
    Kind,
    Moment,
    State,
    Target,
    Wishes,
    is_given_up,
    link_token,
    place,
    release,
    signature,
    wait_s,
)
from registry.incidents import Event, Topic
from registry.quiet_hours import QuietHours

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
DOCS = Path(__file__).resolve().parents[3] / "docs" / "alerts.md"


def quiet(begins: str, ends: str, zone: str = "UTC") -> QuietHours:
    return QuietHours.model_validate({"zone": zone, "from": begins, "to": ends})


def target(**wishes: object) -> Target:
    return Target(
        *("t", "one", Kind.EMAIL, "ann@example.org", ""),
        wishes=Wishes.model_validate(wishes),
        created_at=NOON,
        after_event=0,
        asked_at=NOON,
    )


@pytest.mark.parametrize(
    ("hours", "at", "end"),
    [
        (quiet("22:00", "07:00"), "2026-03-02T21:59", None),
        (quiet("22:00", "07:00"), "2026-03-02T22:00", "2026-03-03T07:00"),
        (quiet("22:00", "07:00"), "2026-03-03T06:59", "2026-03-03T07:00"),
        (quiet("22:00", "07:00"), "2026-03-03T07:00", None),
        (quiet("09:00", "17:00"), "2026-03-02T12:00", "2026-03-02T17:00"),
        (quiet("09:00", "17:00"), "2026-03-02T08:00", None),
        (quiet("22:00", "07:00", "Asia/Tokyo"), "2026-03-02T13:00", "2026-03-02T22:00"),
        (quiet("22:00", "07:00", "America/Los_Angeles"), "2026-03-02T14:00", "2026-03-02T15:00"),
        # the clocks go forward in this night: it is an hour shorter
        (quiet("22:00", "07:00", "Europe/Helsinki"), "2026-03-28T20:00", "2026-03-29T04:00"),
        (quiet("22:00", "07:00", "Europe/Helsinki"), "2026-03-28T19:59", None),
    ],
)
def test_quiet_hours_are_those_of_their_place(hours: QuietHours, at: str, end: str | None) -> None:
    told = hours.end_after(datetime.fromisoformat(at).replace(tzinfo=UTC))
    assert told == (None if end is None else datetime.fromisoformat(end).replace(tzinfo=UTC))


@pytest.mark.parametrize(
    "wrong",
    [
        {"quiet": {"from": "7:00", "to": "08:00"}},
        {"quiet": {"from": "24:00", "to": "08:00"}},
        {"quiet": {"from": "07:00", "to": "07:00"}},
        {"quiet": {"from": "07:00", "to": "08:00", "zone": "localtime/../x"}},
        {"quiet": {"from": "07:00"}},
        {"quiet": {"from": "07:00", "to": "08:00", "more": 1}},
        {"topics": []},
        {"topics": ["weather"]},
        {"after_minutes": -1},
        {"after_minutes": 1441},
        {"remind_hours": 0.5},
        {"remind_hours": 169},
        {"remind_hours": True},
    ],
)
def test_wishes_that_make_no_sense_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Wishes.model_validate(wrong)


def test_wishes_come_back_as_they_were_kept() -> None:
    told = {"topics": ["slow", "outage", "slow"], "quiet": {"from": "22:00", "to": "07:00"}}
    wishes = Wishes.model_validate(told)
    assert wishes.topics == (Topic.OUTAGE, Topic.SLOW)
    assert Wishes.model_validate_json(wishes.model_dump_json(by_alias=True)) == wishes


def test_waits_grow_and_are_spread_and_end_within_a_day() -> None:
    waits = [wait_s(attempt, 0.5) for attempt in range(1, 20)]
    assert waits[: len(RETRIES_S)] == pytest.approx(RETRIES_S)
    assert waits == sorted(waits)
    assert wait_s(1, 0.0) == pytest.approx(9.0)
    assert wait_s(1, 1.0) == pytest.approx(11.0)
    assert timedelta(seconds=sum(waits)) > GIVEN_UP


def test_the_signature_is_the_one_the_documentation_tells() -> None:
    told = signature("bas_example", "1767225600", b'{"text":"example"}')
    assert told in DOCS.read_text(encoding="utf-8")


def test_links_differ_by_purpose_target_and_question() -> None:
    one = target()
    later = Target(
        *("t", "one", Kind.EMAIL, "ann@example.org", ""),
        wishes=Wishes(),
        created_at=NOON,
        after_event=0,
        asked_at=NOON + timedelta(hours=1),
    )
    tokens = {
        link_token("s", "confirm", one),
        link_token("s", "stop", one),
        link_token("other", "confirm", one),
        link_token("s", "confirm", later),
    }
    assert len(tokens) == 4


def test_what_is_of_members_waits_while_the_own_connection_is_away() -> None:
    now = Moment(NOON, is_cut=True)
    outage = Event("k", "one", Topic.OUTAGE, "began", NOON, "down")
    for moment in (now, Moment(NOON, was_cut=True)):
        lost = place(target(), outage, None, moment)
        assert (lost.state, lost.held_for) == (State.HELD, Held.CUT)
    certificate = Event("k", "one", Topic.CERTIFICATE, "7", NOON, "7 days")
    waits = place(target(), certificate, None, now)
    assert (waits.state, waits.held_for) == (State.HELD, Held.CUT)
    over = Event("k", "one", Topic.OUTAGE, "ended", NOON, "up")
    assert place(target(), over, None, now).held_for is Held.CUT
    network = Event("k", "", Topic.NETWORK, "began", NOON, "cut")
    assert place(target(), network, None, now).state is State.DUE


def waiting(held_for: Held, event: Event, next_at: datetime) -> Delivery:
    document = {"topic": event.topic, "what": event.what, "at": event.at.isoformat()}
    return Delivery(
        *(1, "t", event.key, "one:outage", State.HELD, held_for, document, 0, NOON, next_at),
        *(None, None, ""),
    )


@pytest.mark.parametrize(
    ("held_for", "minutes", "result"),
    [
        (Held.THRESHOLD, 14, OVER),
        (Held.THRESHOLD, 15, ""),
        (Held.QUIET, 600, OVER),
        (Held.CUT, 600, OWN_CUT),
        (Held.GATHER, 1, ""),
        (Held.SHARE, 1, ""),
    ],
)
def test_an_end_makes_a_beginning_needless_that_waits_for_what_has_not_come(
    held_for: Held, minutes: int, result: str
) -> None:
    began = Event("b", "one", Topic.OUTAGE, "began", NOON, "down")
    waits = waiting(held_for, began, NOON + timedelta(minutes=15))
    over = Event("e", "one", Topic.OUTAGE, "ended", NOON + timedelta(minutes=minutes), "up")
    moment = Moment(NOON + timedelta(hours=12), before=waits)
    placed = place(target(after_minutes=15), over, waits, moment)
    assert (placed.result, placed.drops) == (result, 1 if result else None)
    if not result:  # it is told after its beginning
        assert (placed.held_for, placed.next_at) == (held_for, waits.next_at)


@pytest.mark.parametrize(
    ("waits_for", "minutes", "held_for", "until"),
    [
        (Held.GATHER, 1, Held.THRESHOLD, 15),
        (Held.THRESHOLD, 1, Held.THRESHOLD, 15),
        (Held.QUIET, 30, Held.QUIET, 30),
    ],
)
def test_a_beginning_waits_as_long_as_is_wished_whatever_waits_before_it(
    waits_for: Held, minutes: int, held_for: Held, until: int
) -> None:
    over = Event("e", "one", Topic.OUTAGE, "ended", NOON, "up")
    before = waiting(waits_for, over, NOON + timedelta(minutes=minutes))
    began = Event("b", "one", Topic.OUTAGE, "began", NOON, "down again")
    placed = place(target(after_minutes=15), began, None, Moment(NOON, before=before))
    assert (placed.held_for, placed.next_at) == (held_for, NOON + timedelta(minutes=until))


def test_an_outage_that_outlasts_a_cut_is_told_when_members_were_looked_at_again() -> None:
    began = Event("b", "one", Topic.OUTAGE, "began", NOON, "down")
    waits = waiting(Held.CUT, began, NOON + timedelta(minutes=1))
    later = NOON + timedelta(minutes=2)

    def became(moment: Moment, **wishes: object) -> object:
        let_go = release(target(**wishes), [waits], moment, lately=[])
        return let_go.singles or [held for _, held, _ in let_go.waits]

    assert became(Moment(later, is_cut=True)) == [Held.CUT]
    assert became(Moment(later, is_settling=True)) == [Held.CUT]
    assert became(Moment(later)) == (waits,)
    assert became(Moment(later), after_minutes=5) == [Held.THRESHOLD]
    assert became(Moment(later), quiet={"from": "12:00", "to": "13:00"}) == [Held.QUIET]


def test_messages_are_given_up_after_a_day_also_by_a_clock_that_went_back() -> None:
    event = Event("b", "one", Topic.OUTAGE, "began", NOON, "down")
    tried = replace(waiting(Held.NOTHING, event, NOON), state=State.DUE, ready_at=NOON)
    assert not is_given_up(tried, NOON, NOON + GIVEN_UP)
    assert is_given_up(tried, NOON, NOON + GIVEN_UP + timedelta(seconds=1))
    before = NOON - timedelta(days=300)
    assert not is_given_up(replace(tried, attempts=3), before, before)
    assert is_given_up(replace(tried, attempts=MOST_ATTEMPTS), before, before)
